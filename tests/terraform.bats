#!/usr/bin/env bats
# The AWS account, on moto: what Terraform describes is made, found unchanged, and taken down; the state machine in
# it runs the real buildspec with a stub for an-sync.

load helpers
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
  aws_call secretsmanager secretsmanager.PutSecretValue \
    '{"SecretId":"an-sync-dev","SecretString":"{\"AN_API_KEY\":\"key-of-the-test\",\"SLACK_WEBHOOK_URL\":\"\"}"}' >/dev/null
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
  rm -f "$D"/{calls,statuses,sleep,running,environment}
}

# deliver KEY: puts a mail into the bucket.
deliver() {
  echo "a mail" | aws s3 cp --only-show-errors - "s3://$bucket/$1"
}

executions() {
  aws_call states AWSStepFunctions.ListExecutions "{\"stateMachineArn\":\"$machine\"}"
}

# ended COUNT: waits until COUNT executions more than before the test have ended, and prints how each did and
# why, the oldest first.
ended() {
  local count=$1 tries arn
  for ((tries = 0; tries < 100; tries++)); do
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
  has "$output" '0 added, 1 changed, 0 destroyed'
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
    'AN_MAX_LAPSE=10%'
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

@test "mail: throttling and a full queue are waited out" {
  remember
  for error in ThrottlingException AccountLimitExceededException; do
    curl -sS --data "{\"action\":\"StartBuild\",\"error\":\"$error\",\"times\":2}" "$AWS_ENDPOINT_URL/sandbox/refuse"
  done
  curl -sS --data '{"action":"ListExecutions","error":"ThrottlingException","times":1}' "$AWS_ENDPOINT_URL/sandbox/refuse"
  deliver mail/throttled.eml
  sleep 2
  run -0 ended 1
  [ "$output" = 'SUCCEEDED ' ]
  [ "$(wc -l <"$D/calls")" -eq 1 ]
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
  has "$(jq -r .Message <<<"$message")" "The mail s3://$bucket/mail/refused.eml was not synced." States.TaskFailed \
    "${machine/stateMachine/execution}:" '"BuildStatus": "FAILED"'
}

@test "mail: without a secret no build begins, and the execution says so" {
  remember
  aws_call secretsmanager secretsmanager.PutSecretValue '{"SecretId":"an-sync-dev","SecretString":"{\"AN_API_KEY\":\"key-of-the-test\"}"}' >/dev/null
  deliver mail/no-secret.eml
  run -0 ended 1
  aws_call secretsmanager secretsmanager.PutSecretValue \
    '{"SecretId":"an-sync-dev","SecretString":"{\"AN_API_KEY\":\"key-of-the-test\",\"SLACK_WEBHOOK_URL\":\"\"}"}' >/dev/null
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

@test "mail: the note that SES leaves in the bucket is not synced, nor what is outside of mail/" {
  remember
  deliver mail/AMAZON_SES_SETUP_NOTIFICATION
  deliver other/file.eml
  run -0 ended 1
  [ "$output" = 'SUCCEEDED ' ]
  [ ! -e "$D/calls" ]
  [ "$(executions | jq '.executions | length')" -eq $((BEFORE + 1)) ]
}

@test "terraform: destroy leaves nothing behind" {
  run -0 terraform destroy -auto-approve
  has "$output" 'Destroy complete'
  [ "$(aws dynamodb list-tables --query 'TableNames' --output json | jq -c 'map(select(test("-dev")))')" = '[]' ]
  [ "$(terraform state list | grep -vc '^data\|\.data\.')" -eq 0 ]
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
      (of("aws_codebuild_project") | all(.concurrent_build_limit == 1 and .queued_timeout == 480)),
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

@test "production: a protected group is not destroyed, not even in part, and not by taking it off the list" {
  prod_applied
  terraform state list | grep -v '\.data\.' | sort >before
  run -1 terraform destroy -auto-approve
  has "$output" 'The group boston is protected: apply deletion_protection = false first.'
  terraform state list | grep -v '\.data\.' | sort | diff before -
  sed '/^  nyc = {/,/^  }/d' terraform.tfvars >one.tfvars
  run -1 terraform apply -auto-approve -var-file=one.tfvars
  has "$output" 'The group nyc is protected'
  terraform state list | grep -v '\.data\.' | sort | diff before -
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
}
