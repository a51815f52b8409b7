#!/usr/bin/env bats
# The flow in AWS, on moto: what make dist writes is deployed by Terraform, mails come into the bucket, builds compile
# and run the programs in a clean directory, and the people are right in the sandbox, the roster in DynamoDB. The tests
# build on each other, as the weeks do.

load helpers
load sandbox
load aws

bucket=an-sync-dev-123456789012
machine=arn:aws:states:us-east-1:123456789012:stateMachine:an-sync-dev

setup_file() {
  D=$BATS_FILE_TMPDIR ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
  export D
  if AWS_MISSING=$(aws_missing terraform); then
    export AWS_MISSING # for setup: bats 1.8 counts a skip here as a failure
    return 0
  fi
  if ! git -C "$ROOT" rev-parse HEAD >/dev/null 2>&1; then
    export AWS_MISSING='make dist needs a git checkout'
    return 0
  fi
  start_sandbox
  # The builds have a home of their own. They compile without optimizing, which is not what is tested here.
  mkdir "$D/home"
  HOME=$D/home CFLAGS=-O0 CPPFLAGS=-Wno-cpp aws_start "$D" --hurry 200
  TF_VAR_dist=$ROOT/$(make -s --no-print-directory -C "$ROOT" dist | tail -n 1)
  terraform_start "$D"
  export TF_VAR_dist TF_VAR_endpoint=$AWS_ENDPOINT_URL TF_VAR_action_network=$AN_API_URL
  cd "$D/terraform/dev" || return
  if ! { terraform init -lockfile=readonly && terraform apply -auto-approve; } >"$D/dev.log" 2>&1; then
    grep -A 12 '^Error' "$D/dev.log" >&2
    return 1
  fi
  jq -nc --arg slack "$SANDBOX_URL/slack/x" --arg key "$AN_API_KEY" \
    '{AN_API_KEY: $key, SLACK_WEBHOOK_URL: $slack}' >"$D/secret"
  aws secretsmanager put-secret-value --secret-id an-sync-dev --secret-string "file://$D/secret" >/dev/null
}

teardown_file() {
  aws_stop
  stop_sandbox
}

setup() {
  common_setup
  [ -z "${AWS_MISSING-}" ] || skip "$AWS_MISSING"
  unset AN_STATE
  export AN_ROSTER=dynamodb:an-sync-dev/members
  before=$(executions | jq '.executions | length')
}

# outcome: how one execution more than before the test has ended; fails as long as none has.
outcome() {
  executions | jq -er --argjson before "$before" \
    '.executions | if length > $before and .[0].status != "RUNNING" then .[0].status else empty end'
}

# ended: waits for that, and prints it.
ended() {
  within 180 outcome || { tail -n 30 "$D"/builds/*.log >&2; return 1; }
}

people_reach() { [ "$(sandbox_requests '' /people)" -ge "$1" ]; }

build_ended() {
  aws_call codebuild CodeBuild_20161006.BatchGetBuilds "{\"ids\":[\"$1\"]}" | jq -e '.builds[0].buildComplete' >/dev/null
}

# deliver MAIL: as SES puts one of the samples into the bucket.
deliver() {
  aws s3 cp --only-show-errors "$SAMPLES/$1" "s3://$bucket/mail/$1"
}

# again MAIL: starts what its event starts.
again() {
  aws_call states AWSStepFunctions.StartExecution "$(jq -nc --arg machine "$machine" --arg bucket "$bucket" \
    --arg key "mail/$1" '{stateMachineArn: $machine, input: ({$bucket, $key} | tojson)}')" >/dev/null
}

fate() {
  aws s3api get-object-tagging --bucket "$bucket" --key "mail/$1" --query 'TagSet[?Key==`an-sync`].Value' --output text
}

# in_step EXPORT: Action Network's members and the roster's are those of the export.
in_step() {
  csv-diff -p --exit-code -c email <(roster-dump) "$SAMPLES/$1"
  diff <(csv-diff /dev/null "$SAMPLES/$1" | jq -r 'select(.change == "new").key' | sort) \
    <(sandbox_get people | jq -r '.[] | select(.custom_fields.is_member == "True").email_addresses[0].address' | sort)
}

@test "cloud: the first mail fills the group and the roster, and is tagged" {
  deliver mail-2026-11-09.eml
  run -0 ended
  [ "$output" = SUCCEEDED ]
  in_step export-2026-11-09.csv
  [ "$(sandbox_requests POST)" -eq 39 ] # with Slack's message; the group's pages are read first
  has "$(sandbox_get slack | jq -r '.[-1].text')" '38 new'
  [ "$(fate mail-2026-11-09.eml)" = synced ]
}

@test "cloud: the event that comes a second time sends nothing" {
  requests=$(sandbox_requests)
  again mail-2026-11-09.eml
  run -0 ended
  [ "$output" = SUCCEEDED ]
  [ "$(sandbox_requests)" -eq "$requests" ]
}

@test "cloud: the first build compiles the programs and keeps them, and no other does" {
  kept=$(aws s3api list-objects-v2 --bucket "$bucket" --prefix code/programs- --query 'Contents[].Key' --output text)
  [ "$(grep -hE '^programs: (kept|those)' "$D"/builds/*.log | sort)" = "programs: kept as s3://$bucket/$kept
programs: those of s3://$bucket/$kept" ]
}

@test "cloud: a build that is stopped in the middle is told of, and started again goes on at once" {
  people=$(sandbox_requests '' /people)
  deliver mail-2026-11-16.eml
  within 120 people_reach $((people + 4))
  build=$(aws_call codebuild CodeBuild_20161006.ListBuildsForProject '{"projectName":"an-sync-dev"}' | jq -r '.ids[0]')
  aws_call codebuild CodeBuild_20161006.StopBuild "{\"id\":\"$build\"}" >/dev/null
  run -0 ended
  [ "$output" = FAILED ]
  [ -z "$(fate mail-2026-11-16.eml)" ]
  before=$((before + 1))
  again mail-2026-11-16.eml
  run -0 ended
  [ "$output" = SUCCEEDED ]
  in_step export-2026-11-16.csv
  has "$(sandbox_get slack | jq -r '.[-1].text')" '40 members'
  [ "$(fate mail-2026-11-16.eml)" = synced ]
  # 16 changes; what was in flight when the build was stopped came twice.
  [ "$(($(sandbox_requests '' /people) - people))" -lt $((16 + 10)) ]
}

@test "cloud: the history of both weeks is in the roster's table" {
  run -0 an-sync status
  has "$output" mail-2026-11-09.eml mail-2026-11-16.eml '40 members in the roster'
}

@test "cloud: an export that was refused is synced by a build for which it is allowed, once" {
  head -n 11 "$SAMPLES/export-2026-11-16.csv" >few.csv
  aws s3 cp --only-show-errors few.csv "s3://$bucket/mail/few.csv"
  run -0 ended
  [ "$output" = FAILED ]
  [ "$(fate few.csv)" = refused ]
  has "$(sandbox_get slack | jq -r '.[-1].text')" 'few.csv was not synced' 'would lapse'
  build=$(aws codebuild start-build --project-name an-sync-dev --query build.id --output text \
    --environment-variables-override name=MAIL_BUCKET,value="$bucket" name=MAIL_KEY,value=mail/few.csv \
    name=AN_MAX_LAPSE,value=100%)
  within 120 build_ended "$build"
  [ "$(fate few.csv)" = synced ]
  [ "$(sandbox_get people | jq 'map(select(.custom_fields.is_member == "True")) | length')" -eq 10 ]
}

@test "cloud: the builds may do what they did, and nothing else" {
  cd "$D/terraform/dev"
  # What CodeBuild does by itself, without the programs and so unseen here: it writes the log, and looks at its source.
  # And a right that is never used: by it S3 tells whether an object is there.
  unseen='["logs:CreateLogStream","logs:PutLogEvents","s3:GetBucketAcl","s3:GetBucketLocation","s3:GetObjectVersion","s3:ListBucket"]'
  granted=$(terraform show -json | jq -c --argjson unseen "$unseen" '[.. | objects
    | select(.type? == "aws_iam_role_policy" and .name? == "build").values.policy | fromjson.Statement[].Action]
    | flatten | unique - $unseen')
  [ "$(jq length <<<"$granted")" -gt 5 ]
  diff <(jq -r '.[]' <<<"$granted") <(curl -sS "$AWS_ENDPOINT_URL/sandbox/calls" | jq -r '.[]' | sort)
}
