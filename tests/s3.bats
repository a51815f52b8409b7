#!/usr/bin/env bats
# an-sync s3://BUCKET/KEY, against moto: fetched once, tagged, and under the roster's own lock.

load helpers
load sandbox
load aws

setup_file() {
  if AWS_MISSING=$(aws_missing); then
    export AWS_MISSING # for setup: bats 1.8 counts a skip here as a failure
    return 0
  fi
  aws_start "$BATS_FILE_TMPDIR/aws"
  aws s3 mb s3://mails >/dev/null
  aws dynamodb create-table --table-name rosters --billing-mode PAY_PER_REQUEST \
    --attribute-definitions AttributeName=roster,AttributeType=S AttributeName=email,AttributeType=S \
    --key-schema AttributeName=roster,KeyType=HASH AttributeName=email,KeyType=RANGE >/dev/null
}

teardown_file() {
  aws_stop
}

setup() {
  common_setup
  [ -z "${AWS_MISSING-}" ] || skip "$AWS_MISSING"
  start_sandbox
  export SLACK_WEBHOOK_URL=$SANDBOX_URL/slack/x AN_RATE=0 AN_ROSTER=dynamodb:rosters/$BATS_TEST_NUMBER
  key="in box/week 1+é $BATS_TEST_NUMBER.eml"
  aws s3 cp --only-show-errors "$SAMPLES/mail-2026-11-09.eml" "s3://mails/$key"
}

tags() {
  aws s3api get-object-tagging --bucket mails --key "$key" | jq -c '.TagSet | map({(.Key): .Value}) | add // {}'
}

@test "an object is synced once, whatever is in its key, and its tag says so" {
  aws s3api put-object-tagging --bucket mails --key "$key" --tagging 'TagSet=[{Key=other,Value=kept}]'
  run -0 --separate-stderr an-sync "s3://mails/$key"
  has "$output" '38 new'
  same_json "$(tags)" '{"other":"kept","an-sync":"synced"}'
  requests=$(sandbox_requests POST /people)
  run -0 --separate-stderr an-sync "s3://mails/$key"
  has "$output" 'was synced before'
  run -0 --separate-stderr an-sync --force "s3://mails/$key"
  has "$output" 'no changes, 38 unchanged'
  [ "$(sandbox_requests POST /people)" -eq "$requests" ]
}

@test "a dry run leaves the object and the lock alone" {
  roster-commit --lock somebody
  run -0 --separate-stderr an-sync -n "s3://mails/$key"
  has "$output" '38 new'
  [ "$(tags)" = '{}' ]
  [ "$(sandbox_requests)" -eq 0 ]
}

@test "an export that is refused is tagged as refused, and tried again when it is asked for again" {
  run -65 --separate-stderr env AN_MAIL_FROM=nobody@example.org an-sync "s3://mails/$key"
  same_json "$(tags)" '{"an-sync":"refused"}'
  run -65 --separate-stderr env AN_MAIL_FROM=nobody@example.org an-sync "s3://mails/$key"
  [ "$(sandbox_requests POST /people)" -eq 0 ]
  run -0 --separate-stderr an-sync "s3://mails/$key"
  has "$output" '38 new'
  same_json "$(tags)" '{"an-sync":"synced"}'
}

@test "a mail of which a program dies is tagged as refused, so that nobody tries it for ever" {
  mkdir -p tree/scripts
  cp -r "$ROOT"/scripts/an-sync* tree/scripts
  printf '#!/bin/bash\nkill -s SEGV $$\n' >tree/scripts/mime-extract
  chmod +x tree/scripts/mime-extract
  run -65 --separate-stderr tree/scripts/an-sync "s3://mails/$key"
  has "$stderr" 'mime-extract was killed (signal SEGV)'
  same_json "$(tags)" '{"an-sync":"refused"}'
  has "$(sandbox_get slack)" 'mime-extract was killed'
}

@test "an object that is not there is refused, and Slack is told" {
  run -65 --separate-stderr an-sync s3://mails/nothing
  has "$stderr" 's3://mails/nothing' NoSuchKey
  has "$(sandbox_get slack)" 's3://mails/nothing could not be fetched: An error occurred (NoSuchKey)'
}

@test "what the aws command line says becomes a status, whatever is in the names" {
  local status text
  mkdir bin
  # shellcheck disable=SC2016 # for the stub's shell
  printf '#!/bin/sh\nprintf "\\n%%s\\n" "$SAYS" >&2\nexit 255\n' >bin/aws
  chmod +x bin/aws
  unset AN_ROSTER
  while read -r status text; do
    run -"$status" --separate-stderr env PATH="$PWD/bin:$PATH" SAYS="$text" an-sync 's3://my-region/profile credentials (404) Forbidden.eml'
    [ "$stderr" = "an-sync: s3://my-region/profile credentials (404) Forbidden.eml: $text" ]
  done <<'END'
65 An error occurred (NoSuchKey) when calling the GetObjectTagging operation: The specified key does not exist.
65 An error occurred (NoSuchBucket) when calling the GetObjectTagging operation: The specified bucket does not exist
65 fatal error: An error occurred (404) when calling the HeadObject operation: Key "profile credentials" does not exist
77 An error occurred (AccessDenied) when calling the GetObjectTagging operation: Access Denied
77 fatal error: An error occurred (403) when calling the HeadObject operation: Forbidden
77 An error occurred (InvalidAccessKeyId) when calling the GetObjectTagging operation: The AWS Access Key Id you provided does not exist in our records.
77 An error occurred (SignatureDoesNotMatch) when calling the GetObjectTagging operation: The request signature we calculated does not match the signature you provided.
77 An error occurred (ExpiredToken) when calling the GetObjectTagging operation: The provided token has expired.
77 An error occurred (InvalidToken) when calling the GetObjectTagging operation: The provided token is malformed or otherwise invalid.
77 Error when retrieving token from sso: Token has expired and refresh failed
77 The SSO session associated with this profile has expired or is otherwise invalid. To refresh this SSO session run aws sso login with the corresponding profile.
78 Unable to locate credentials. You can configure credentials by running "aws configure".
78 Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY
78 You must specify a region. You can also configure your region by running "aws configure".
78 The config profile (chapter) could not be found
78 Provided region_name 'us east' doesn't match a supported format.
78 Unable to parse config file: /home/me/.aws/config
69 Could not connect to the endpoint URL: "https://my-region.s3.us-east-1.amazonaws.com/profile%20credentials%20%28404%29%20Forbidden.eml?tagging"
69 An error occurred (SlowDown) when calling the GetObjectTagging operation (reached max retries: 4): Please reduce your request rate.
69 An error occurred (500) when calling the HeadObject operation (reached max retries: 4): Internal Server Error
69 Error when retrieving credentials from container-role: Error retrieving metadata: Received error when attempting to retrieve container metadata
END
}

@test "a roster that another machine has locked is left alone: status 75, and nothing is sent" {
  roster-commit --lock another-machine
  run -75 --separate-stderr an-sync "s3://mails/$key"
  has "$stderr" 'locked by another-machine'
  [ "$(sandbox_requests)" -eq 0 ]
  [ "$(tags)" = '{}' ]
  roster-commit --unlock another-machine
  an-sync "s3://mails/$key"
  roster-commit --lock next # an-sync has given it back
}

# keep_often: from here on, an-sync prolongs the lock every second.
keep_often() {
  mkdir bin
  cp -r "$ROOT/scripts/an-sync" "$ROOT/scripts/an-sync.d" bin
  sed -i 's/read -rt 200 /read -rt 1 /' bin/an-sync.d/locks.bash
  ! cmp -s bin/an-sync.d/locks.bash "$ROOT/scripts/an-sync.d/locks.bash"
  PATH=$PWD/bin:$PATH
}

# take_over: the lock is another machine's; who prolongs it may have it again before that.
take_over() { roster-commit --unlock mine && roster-commit --lock another-machine 2>/dev/null; }

@test "programs that go on without an-sync stop when they lose the lock" {
  keep_often
  AN_LOCK_OWNER=mine AN_RATE=4 an-sync "$SAMPLES/mail-2026-11-09.eml" >out 2>err 3>&- &
  job=$!
  within 10 posts_reach 2 /people
  kill -KILL "$job"
  wait "$job" || true
  within 10 take_over
  within 20 flock -n "$AN_STATE/lock" true
  [ "$(sandbox_requests POST /people)" -lt 30 ]
  [ "$(roster-dump | tail -n +2 | wc -l)" -eq "$(sandbox_requests POST /people)" ]
}

@test "a run that loses the lock stops: status 75" {
  keep_often
  AN_LOCK_OWNER=mine AN_RATE=4 an-sync "$SAMPLES/mail-2026-11-09.eml" >out 2>err 3>&- &
  job=$! status=0
  within 10 posts_reach 2 /people
  within 10 take_over
  wait "$job" || status=$?
  [ "$status" -eq 75 ]
  has "$(<err)" 'locked by another-machine' interrupted
  [[ $(<err) != *'was killed'* ]]
  [ "$(sandbox_requests POST /people)" -lt 30 ]
  [ "$(roster-dump | tail -n +2 | wc -l)" -eq "$(sandbox_requests POST /people)" ]
}

@test "the lock is given back for good, though it was being prolonged at that moment" {
  keep_often
  cat >bin/roster-commit <<END
#!/bin/bash
if [ "\$1" = --lock ]; then
  echo >>"$PWD/locked"
  [ "\$(wc -l <"$PWD/locked")" -eq 1 ] || sleep 2
fi
exec "$(command -v roster-commit)" "\$@"
END
  chmod +x bin/roster-commit
  AN_RATE=25 an-sync "$SAMPLES/mail-2026-11-09.eml"
  [ "$(wc -l <locked)" -eq 2 ]
  rm bin/roster-commit
  sleep 2.5
  roster-commit --lock next
}

@test "at the deadline the object stays untagged, and the next run goes on" {
  run -75 --separate-stderr env AN_RATE=10 AN_DEADLINE=1 an-sync "s3://mails/$key"
  [ "$(tags)" = '{}' ]
  an-sync "s3://mails/$key"
  [ "$(sandbox_people | wc -l)" -eq 38 ]
  [ "$(sandbox_requests POST /people)" -eq 38 ]
}
