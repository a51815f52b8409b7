#!/usr/bin/env bats
# The AWS account, on moto: what Terraform describes is made, found unchanged, and taken down; the state machine in
# it runs the real buildspec with a stub for an-sync.

load helpers
load sandbox
load aws

machine=arn:aws:states:us-east-1:123456789012:stateMachine:an-sync-dev
bucket=an-sync-dev-123456789012

setup_file() {
  D=$BATS_FILE_TMPDIR
  export D
  ! missing=$(aws_missing terraform) || { export AWS_MISSING=$missing; return 0; }
  # A state machine's minutes are milliseconds here.
  aws_start "$D" --hurry 2000
  make_stub_dist "$D"
  cp "$D/dist.zip" "$D/prod.zip"
  terraform_start "$D"
  export TF_VAR_dist=$D/dist.zip TF_VAR_endpoint=$AWS_ENDPOINT_URL

  # Production takes a minute, in which nothing happens: the provider waits for lifecycle rules. So in the
  # background, and in another region, since a region has one active receipt rule set.
  aws s3 mb s3://example-terraform-state >/dev/null
  (
    cd "$D/terraform/prod" || exit
    cp backend.hcl.example backend.hcl
    sed '/field_map/d; s/^region .*/region = "us-west-2"/' terraform.tfvars.example >terraform.tfvars
    echo "dist = \"$D/prod.zip\"" >>terraform.tfvars
    terraform init -lockfile=readonly -backend-config=backend.hcl && terraform apply -auto-approve
    echo $? >"$D/prod.status"
  ) >"$D/prod.log" 2>&1 3>&- &

  cd "$D/terraform/dev" || return
  if ! { terraform init -lockfile=readonly && terraform apply -auto-approve; } >"$D/dev.log" 2>&1; then
    grep -A 12 '^Error' "$D/dev.log" >&2
    return 1
  fi
  put_secret '{"AN_API_KEY":"key-of-the-test","SLACK_WEBHOOK_URL":""}'
}

# put_secret JSON: the group's secret.
put_secret() {
  aws_call secretsmanager secretsmanager.PutSecretValue "$(jq -n --arg text "$1" '{SecretId: "an-sync-dev", SecretString: $text}')" >/dev/null
}

teardown_file() {
  local pid
  for pid in $(jobs -p); do kill "$pid" 2>/dev/null || true; done
  aws_stop
}

setup() {
  [ -z "${AWS_MISSING-}" ] || skip "$AWS_MISSING"
  local mirror_home=$HOME
  common_setup
  export HOME=$mirror_home
  cd "$D/terraform/dev" || return
  rm -f "$D"/{calls,statuses,setups,sleep,running,environment}
  # of a test that failed
  tell quota 20
  tell page 1000
}

# tell WHAT JSON: an order for the launcher.
tell() {
  curl -sSf --data "$2" --output "$BATS_TEST_TMPDIR/told" "$AWS_ENDPOINT_URL/sandbox/$1"
}

# deliver KEY: puts a mail into the bucket.
deliver() {
  echo "a mail" | aws s3 cp --only-show-errors - "s3://$bucket/$1"
}

# ended COUNT: waits until COUNT executions more than before the test have ended, and prints how each did and
# why, the oldest first.
ended() {
  local count=$1 tries arn
  for ((tries = 0; tries < 300; tries++)); do
    executions >"$BATS_TEST_TMPDIR/executions"
    [ "$(jq '[.executions[] | select(.status != "RUNNING")] | length' "$BATS_TEST_TMPDIR/executions")" -lt $((BEFORE + count)) ] || break
    sleep 0.2
  done
  for arn in $(jq -r --argjson count "$count" '.executions[:$count] | reverse | .[].executionArn' "$BATS_TEST_TMPDIR/executions"); do
    aws_call states AWSStepFunctions.DescribeExecution "{\"executionArn\":\"$arn\"}" | jq -r '[.status, .error // ""] | join(" ")'
  done
}

remember() {
  BEFORE=$(executions | jq '.executions | length')
}

@test "terraform: the files are formatted and valid" {
  terraform fmt -check -recursive "$ROOT/terraform"
  terraform validate
}

@test "terraform: the provider is locked for every platform, with the hashes of its registry" {
  cmp "$ROOT/terraform/dev/.terraform.lock.hcl" "$ROOT/terraform/prod/.terraform.lock.hcl"
  [ "$(grep -c '"zh:' "$ROOT/terraform/dev/.terraform.lock.hcl")" -ge 10 ]
  # and each platform's own: init changes the file on no machine
  [ "$(grep '"h1:' "$ROOT/terraform/dev/.terraform.lock.hcl" | sort -u | wc -l)" -ge 10 ]
  # init did not need to change it: the mirror holds what is locked
  cmp "$ROOT/terraform/dev/.terraform.lock.hcl" .terraform.lock.hcl
}

@test "terraform: a second plan finds no difference" {
  run -0 terraform plan -detailed-exitcode
}

@test "terraform: a new archive is deployed by the next apply, which changes nothing else" {
  echo "# changed" >>"$D/stub/Makefile"
  (cd "$D/stub" && zip -qr ../dist.zip .)
  run -0 terraform apply -auto-approve
  # the archive itself; and where its programs are kept, for the project and for the builds' role
  has "$output" '0 added, 3 changed, 0 destroyed'
  aws s3 cp --only-show-errors "s3://$bucket/code/an-sync.zip" "$BATS_TEST_TMPDIR/deployed.zip"
  cmp "$D/dist.zip" "$BATS_TEST_TMPDIR/deployed.zip"
}

@test "terraform: without an archive the plan says what to do" {
  run -1 terraform plan -refresh=false -target=module.group.aws_s3_object.dist -var "dist=$D/none.zip"
  has "$output" 'run make dist'
}

@test "terraform: a secret that was put into its place is nowhere in the state" {
  # the apply above has read everything again since the secret was put there
  has "$(cat terraform.tfstate)" aws_secretsmanager_secret
  run -1 grep -q 'key-of-the-test' terraform.tfstate
}

@test "mail: one that arrives is synced by one build, which gets bucket, key, settings and secrets" {
  remember
  deliver 'mail/odd +"key" é&.eml'
  run -0 ended 1
  [ "$output" = 'SUCCEEDED ' ]
  [ "$(cat "$D/calls")" = "s3://$bucket/mail/odd +\"key\" é&.eml" ]
  # moto cannot delete such a key together with others
  aws s3api delete-object --bucket "$bucket" --key 'mail/odd +"key" é&.eml' --version-id "$(aws s3api head-object \
    --bucket "$bucket" --key 'mail/odd +"key" é&.eml' --query VersionId --output text)" >/dev/null
  has "$(cat "$D/environment")" AN_API_KEY=key-of-the-test AN_ROSTER=dynamodb:an-sync-dev/members AN_DEADLINE=3000 \
    AN_ADOPT=yes 'AN_MAX_LAPSE=10%' "PROGRAMS_URL=s3://$bucket/code/programs-" BUILDS_BEFORE=0
}

@test "mail: records that failed are for Slack, not for another build" {
  remember
  echo 1 >"$D/statuses"
  deliver mail/some-failed.eml
  run -0 ended 1
  [ "$output" = 'SUCCEEDED ' ]
  [ "$(wc -l <"$D/calls")" -eq 1 ]
}

@test "mail: builds follow each other until nothing is left to send" {
  remember
  printf '%s\n' 75 75 0 >"$D/statuses"
  deliver mail/large.eml
  run -0 ended 1
  [ "$output" = 'SUCCEEDED ' ]
  [ "$(sort "$D/calls" | uniq -c | tr -s ' ')" = " 3 s3://$bucket/mail/large.eml" ]
}

@test "mail: a service that could not be reached is tried again" {
  remember
  printf '%s\n' 69 0 >"$D/statuses"
  deliver mail/unreachable.eml
  run -0 ended 1
  [ "$output" = 'SUCCEEDED ' ]
  [ "$(wc -l <"$D/calls")" -eq 2 ]
}

@test "mail: throttling, and an unexpected refusal to start a build, are waited out" {
  remember
  for error in ThrottlingException AccountLimitExceededException InvalidInputException; do
    tell refuse "{\"action\":\"StartBuild\",\"error\":\"$error\",\"times\":2}"
  done
  tell refuse '{"action":"ListExecutions","error":"ThrottlingException","times":1}'
  deliver mail/throttled.eml
  within 20 test -e "$D/calls"
  run -0 ended 1
  [ "$output" = 'SUCCEEDED ' ]
  [ "$(wc -l <"$D/calls")" -eq 1 ]
}

@test "mail: while other groups have all of the account's builds, one waits, and is then synced" {
  remember
  tell quota 0
  deliver mail/other-groups.eml
  sleep 2
  [ ! -e "$D/calls" ]
  [ "$(executions | jq -r '.executions[0].status')" = RUNNING ]
  tell quota 20
  run -0 ended 1
  [ "$output" = 'SUCCEEDED ' ]
  [ "$(wc -l <"$D/calls")" -eq 1 ]
}

@test "mail: a build that fails in its first commands ends with later, tells Slack once, and the next one syncs" {
  remember
  printf '%s\n' 100 1 0 >"$D/setups"
  start_sandbox
  put_secret "{\"AN_API_KEY\":\"key-of-the-test\",\"SLACK_WEBHOOK_URL\":\"$SANDBOX_URL/slack/x\"}"
  deliver mail/hiccup.eml
  run -0 ended 1
  put_secret '{"AN_API_KEY":"key-of-the-test","SLACK_WEBHOOK_URL":""}'
  [ "$(sandbox_get slack | jq length)" -eq 1 ]
  has "$(sandbox_get slack | jq -r '.[0].text')" 'A mail waits: an-sync could not be set up.'
  stop_sandbox
  [ "$output" = 'SUCCEEDED ' ]
  [ "$(cat "$D/calls")" = "s3://$bucket/mail/hiccup.eml" ]
  has "$(cat "$D/environment")" BUILDS_BEFORE=2
}

@test "mail: what breaks in CodeBuild itself is tried again, whichever phase it is" {
  remember
  tell break '{"phase":"PROVISIONING","status":"FAILED","times":1}'
  tell break '{"phase":"DOWNLOAD_SOURCE","status":"FAILED","times":1}'
  tell break '{"phase":"BUILD","status":"FAULT","times":1}'
  deliver mail/codebuild.eml
  run -0 ended 1
  [ "$output" = 'SUCCEEDED ' ]
  [ "$(cat "$D/calls")" = "s3://$bucket/mail/codebuild.eml" ]
  has "$(cat "$D/environment")" BUILDS_BEFORE=3
}

@test "mail: what never gets so far is given up after 24 builds, half an hour apart" {
  remember
  tell break '{"phase":"QUEUED","status":"FAILED","times":24}'
  deliver mail/never.eml
  run -0 ended 1
  [ "$output" = 'FAILED AnSync.NotSynced' ]
  [ ! -e "$D/calls" ]
  remember
  deliver mail/then.eml
  run -0 ended 1
  [ "$output" = 'SUCCEEDED ' ]
}

@test "mail: an export that is refused fails the build, and people are told by mail" {
  remember
  topic=arn:aws:sns:us-east-1:123456789012:an-sync-dev-alarms
  queue=$(aws_call sqs AmazonSQS.CreateQueue '{"QueueName":"people"}' | jq -r .QueueUrl)
  aws sns subscribe --topic-arn "$topic" --protocol sqs --notification-endpoint arn:aws:sqs:us-east-1:123456789012:people >/dev/null
  echo 65 >"$D/statuses"
  deliver mail/refused.eml
  run -0 ended 1
  [ "$output" = 'FAILED AnSync.NotSynced' ]
  [ "$(wc -l <"$D/calls")" -eq 1 ]
  message=$(aws_call sqs AmazonSQS.ReceiveMessage "{\"QueueUrl\":\"$queue\"}" | jq -r '.Messages[0].Body')
  has "$(jq -r .Subject <<<"$message")" 'an-sync-dev: a mail was not synced'
  build=$(aws_call codebuild CodeBuild_20161006.ListBuildsForProject '{"projectName":"an-sync-dev"}' | jq -r '.ids[0]')
  has "$(jq -r .Message <<<"$message")" "The mail s3://$bucket/mail/refused.eml was not synced." States.TaskFailed \
    "${machine/stateMachine/execution}:" '"BuildStatus": "FAILED"' "The log of its last build: https://us-east-1.console.aws.amazon.com/codesuite/codebuild/123456789012/projects/an-sync-dev/build/${build/:/%3A}/log?region=us-east-1"
}

@test "mail: without a secret no build begins, and the execution says so" {
  remember
  put_secret '{"AN_API_KEY":"key-of-the-test"}'
  deliver mail/no-secret.eml
  run -0 ended 1
  put_secret '{"AN_API_KEY":"key-of-the-test","SLACK_WEBHOOK_URL":""}'
  [ "$output" = 'FAILED AnSync.NotSynced' ]
  [ ! -e "$D/calls" ]
}

@test "mail: a later one waits until the earlier one has run to its end" {
  remember
  printf '%s\n' 75 75 0 0 0 >"$D/statuses"
  echo 0.5 >"$D/sleep"
  deliver mail/1.eml
  deliver mail/2.eml
  deliver mail/3.eml
  run -0 ended 3
  [ "$output" = $'SUCCEEDED \nSUCCEEDED \nSUCCEEDED ' ]
  [ "$(sed 's|.*/mail/||' "$D/calls" | tr '\n' ' ')" = '1.eml 1.eml 1.eml 2.eml 3.eml ' ]
}

@test "mail: the oldest goes first also when the list of executions has pages, with fewer entries than asked for" {
  remember
  tell page 2
  echo 0.5 >"$D/sleep"
  deliver mail/1.eml
  within 20 test -s "$D/running"
  for number in 2 3 4 5; do deliver mail/$number.eml; done
  within 60 eval '[ "$(wc -l <"$D/calls")" -eq 5 ]'
  tell page 1000
  run -0 ended 5
  [ "$output" = $'SUCCEEDED \nSUCCEEDED \nSUCCEEDED \nSUCCEEDED \nSUCCEEDED ' ]
  [ "$(sed 's|.*/mail/||' "$D/calls" | tr '\n' ' ')" = '1.eml 2.eml 3.eml 4.eml 5.eml ' ]
}

@test "mail: the note that SES leaves in the bucket is not synced, nor a folder, nor what is outside of mail/" {
  remember
  deliver mail/AMAZON_SES_SETUP_NOTIFICATION
  aws s3api put-object --bucket "$bucket" --key mail/folder/ >/dev/null
  deliver other/file.eml
  run -0 ended 2
  [ "$output" = $'SUCCEEDED \nSUCCEEDED ' ]
  [ ! -e "$D/calls" ]
  [ "$(executions | jq '.executions | length')" -eq $((BEFORE + 2)) ]
}

@test "terraform: destroy leaves nothing behind" {
  run -0 terraform destroy -auto-approve
  has "$output" 'Destroy complete'
  [ "$(aws dynamodb list-tables --query 'TableNames' --output json | jq -c 'map(select(test("-dev")))')" = '[]' ]
  [ "$(aws_call codebuild CodeBuild_20161006.ListProjects '{}' | jq -c .projects)" = '[]' ]
  [ "$(terraform state list | grep -vc '^data\|\.data\.')" -eq 0 ]
}

@test "terraform: a group can be made again at once after it was taken away" {
  # What would be in its way, and for how long: a deleted secret keeps its name for as long as it can be brought back.
  aws_call secretsmanager secretsmanager.CreateSecret '{"Name":"another"}' >/dev/null
  aws_call secretsmanager secretsmanager.DeleteSecret '{"SecretId":"another","RecoveryWindowInDays":7}' >/dev/null
  run -0 aws_call secretsmanager secretsmanager.CreateSecret '{"Name":"another"}'
  has "$output" 'a secret with this name is already scheduled for deletion'
  run -0 terraform apply -auto-approve
  run -0 terraform destroy -auto-approve
}

@test "terraform: an account without builds refuses the project, and when it has some the next apply goes on" {
  prod_applied
  cd "$D/terraform/dev"
  tell quota 0
  run -1 terraform apply -auto-approve
  tell quota 20
  has "$output" 'Project-level concurrent build limit cannot exceed the account-level concurrent build limit of 0'
  run -0 terraform apply -auto-approve
  run -0 terraform destroy -auto-approve
}

@test "terraform: what LocalStack has can be made without the rest" {
  cd "$D/terraform/dev"
  run -0 terraform apply -auto-approve -target=module.group.aws_s3_bucket_notification.mail -target=module.group.aws_ses_receipt_rule.mail \
    -target=module.group.aws_dynamodb_table.roster -target=module.group.aws_secretsmanager_secret.keys
  run -0 terraform state list
  has "$output" aws_s3_bucket_notification.mail aws_ses_receipt_rule.mail aws_dynamodb_table.roster aws_secretsmanager_secret.keys
  run ! grep -E 'codebuild|sfn|event|iam' <(terraform state list | grep -v '\.data\.')
  terraform destroy -auto-approve >/dev/null
}

# ---- production: two groups, a remote state, everything that dev leaves out ----

prod_applied() {
  local tries
  for ((tries = 0; tries < 600; tries++)); do
    [ ! -s "$D/prod.status" ] || break
    sleep 0.5
  done
  [ "$(cat "$D/prod.status")" -eq 0 ] || { grep -A 12 '^Error' "$D/prod.log" >&2; return 1; }
  cd "$D/terraform/prod" || return
}

@test "production: two groups are applied, and a second plan finds no difference" {
  prod_applied
  run -0 terraform plan -detailed-exitcode
  [ "$(terraform state list | grep -c aws_codebuild_project)" -eq 2 ]
  [ ! -s terraform.tfstate ]
  aws s3api head-object --bucket example-terraform-state --key an-sync/terraform.tfstate >/dev/null
}

@test "production: every bucket is private, encrypted and versioned, and mails are gone after 90 days" {
  prod_applied
  terraform show -json >"$BATS_TEST_TMPDIR/state.json"
  run -0 jq -r '[.. | objects | select(.type? and .values?) | {type, values}]
    | def of($type): map(select(.type == $type) | .values);
      (of("aws_s3_bucket_public_access_block") | all(.block_public_acls and .block_public_policy and .ignore_public_acls and .restrict_public_buckets)),
      (of("aws_s3_bucket_versioning") | all(.versioning_configuration[0].status == "Enabled")),
      (of("aws_s3_bucket_server_side_encryption_configuration") | all(.rule[0].apply_server_side_encryption_by_default[0].sse_algorithm == "AES256")),
      (of("aws_dynamodb_table") | all(.point_in_time_recovery[0].enabled and .server_side_encryption[0].enabled)),
      (of("aws_ses_receipt_rule") | all(.scan_enabled and .tls_policy == "Require")),
      (of("aws_cloudwatch_log_group") | all(.retention_in_days == 90)),
      (of("aws_codebuild_project") | all(.concurrent_build_limit == 1)),
      (of("aws_s3_bucket_lifecycle_configuration") | all(.rule | map(select(.id == "delete-mails"))[0]
        | .expiration[0].days + .noncurrent_version_expiration[0].noncurrent_days == 90)),
      (map(.type) | unique | length)' "$BATS_TEST_TMPDIR/state.json"
  [ "$(head -n -1 <<<"$output" | sort -u)" = true ]
  # all() of nothing is true: there is something of each
  [ "$(tail -n 1 <<<"$output")" -ge 20 ]
}

@test "production: no policy allows more than what is listed here" {
  prod_applied
  terraform show -json >"$BATS_TEST_TMPDIR/state.json"
  run -0 python3 "$BATS_TEST_DIRNAME/policies.py" "$BATS_TEST_TMPDIR/state.json"
  # two groups of three roles with trust and policy, a bucket, a topic, a queue
  [ "$output" = '18 policies' ]
}

@test "production: a quota of no builds, or of too few, is said before anything is made" {
  prod_applied
  tell quota 0
  run -1 terraform plan
  has "$output" 'is 0 in us-west-2' 'aws service-quotas request-service-quota-increase'
  run -0 terraform plan -var check_quota=false
  [[ $output != *Warning* ]]
  tell quota 1
  run -0 terraform plan
  has "$output" 'Check block assertion failed' 'is lower than the number'
  tell quota 2
  run -0 terraform plan
  [[ $output != *Warning* ]]
  tell quota 20
}

@test "production: more tags than an object can have are refused" {
  prod_applied
  run -1 terraform plan -var 'tags={a="1",b="1",c="1",d="1",e="1",f="1",g="1",h="1",i="1"}'
  has "$output" 'At most eight tags'
}

@test "production: another active rule set is not replaced" {
  prod_applied
  export AWS_DEFAULT_REGION=eu-west-1
  aws ses create-receipt-rule-set --rule-set-name others
  aws ses set-active-receipt-rule-set --rule-set-name others
  mkdir "$BATS_TEST_TMPDIR/terraform"
  cp -r ../modules "$BATS_TEST_TMPDIR/terraform/"
  cp -r . "$BATS_TEST_TMPDIR/terraform/prod"
  cd "$BATS_TEST_TMPDIR/terraform/prod"
  sed -i '/backend "s3"/,/^  }/d' main.tf
  rm -rf .terraform
  terraform init -lockfile=readonly >/dev/null
  run -1 terraform apply -auto-approve -var region=eu-west-1 -var 'domains=[]' -var 'groups={}'
  has "$output" 'This region has an active rule set: others.'
  [ "$(aws ses describe-active-receipt-rule-set --query Metadata.Name --output text)" = others ]
  run ! grep aws_ses <(terraform state list)
  run -0 terraform apply -auto-approve -var region=eu-west-1 -var 'domains=[]' -var 'groups={}' -var create_rule_set=false
}

@test "production: a protected group is not destroyed, not even in part, and not by taking it off the list" {
  prod_applied
  terraform state list | grep -v '^data\.\|\.data\.' | sort >before
  run -1 terraform destroy -auto-approve
  has "$output" 'The group boston is protected: apply deletion_protection = false first.'
  terraform state list | grep -v '^data\.\|\.data\.' | sort | diff before -
  sed '/^  nyc = {/,/^  }/d' terraform.tfvars >one.tfvars
  run -1 terraform apply -auto-approve -var-file=one.tfvars
  has "$output" 'The group nyc is protected'
  terraform state list | grep -v '^data\.\|\.data\.' | sort | diff before -
  run -0 terraform plan
  has "$output" 'without changing any real infrastructure'
}

@test "production: destroy leaves nothing behind, once the protection is taken away" {
  prod_applied
  sed -i 's/^    recipients .*/&\n    deletion_protection = false/' terraform.tfvars
  run -0 terraform apply -auto-approve
  echo "a mail" | AWS_DEFAULT_REGION=us-west-2 aws s3 cp --only-show-errors - s3://an-sync-boston-123456789012/mail/1
  run -0 terraform destroy -auto-approve
  has "$output" 'Destroy complete'
  # not even a secret that could be brought back, and would keep its name
  AWS_DEFAULT_REGION=us-west-2 run -0 aws secretsmanager list-secrets --include-planned-deletion --query 'SecretList[].Name' --output text
  [ -z "$output" ]
}
