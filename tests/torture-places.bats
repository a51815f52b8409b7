#!/usr/bin/env bats
# Memory runs out at each place of a program that asks for it, once: wherever that is, also in a library that the program
# called, and with the options and inputs that lead there. torture.bats goes through all calls instead, of less.
# PLACES_STRIDE=1 tries every place also where that takes long, as make coverage and make soak do.

load helpers
load sandbox
load records
load roster
load torture

setup() {
  torture_setup
  stride=${PLACES_STRIDE:-3}
}

teardown() {
  stop_sandbox
  [ -z "${TABLE_PID-}" ] || kill "$TABLE_PID" 2>/dev/null || true
}

places() {
  torture --kind place "$@"
}

# few [OPTION...] COMMAND...: some of the places.
few() {
  places --stride "$stride" --least 2 "$@"
}

@test "csv-diff, with all that can be asked of it" {
  local options=(-k 'Email,address' -c 'first_name,Phone,akid' -f 'ak_id,akid' -E phone -u phone=1 -d phone=2 -m 99%)
  places --least 60 csv-diff "${options[@]}" -w phone!=7 -l newer.csv -A -a "$PWD/older.csv" "$PWD/newer.csv"
  places --least 40 csv-diff "${options[@]}" -W 'phone=,1;first_name!=X' -p "$PWD/older.csv" "$PWD/newer.csv"
  { cat newer.csv && printf '"quoted ""name""@example.org", Ü ,"1\n2",9\n,,,10\n'; } >quoted.csv
  places --least 40 --input "$PWD/quoted.csv" csv-diff -f akid "$PWD/older.csv" -
}

@test "an-diff, with all that can be asked of it" {
  start_sandbox
  jq -nc '[range(60) as $n | {email: "m\($n)@example.org", given_name: "N", custom_fields: {AK_ID: "\($n)",
    is_member: (if $n % 3 == 0 then "True" else "False" end), override_Phone: "1"}}]' | sandbox_post people @-
  seed old@example.org '{"given_name": "Old", "custom_fields": {"AK_ID": "100", "is_member": "True"}}'
  echo '{"email": "email", "given_name": "first_name", "custom_fields": {"AK_ID": "akid", "Phone": "phone",
    "is_member": {"value": "True"}}}' >map.json
  { echo email,first_name,phone,akid,action_network_id
    seq 1 40 | sed 's/.*/m&@example.org,Rosa,&,&,/'
    echo "moved@example.org,Old,,100,$id"
    echo 'followed@example.org,N,,0,'
    echo ',nobody,,,'
    echo 'nobody@example.org,New,,4711,'; } >export.csv
  few an-diff -r 0 -f akid "$PWD/export.csv"
  few an-diff -r 0 -f akid -pA --since 2020-01-01T00:00:00Z "$PWD/export.csv"
  few an-diff -r 0 --all --overrides -w 'phone!=7' --max-lapse 90% "$PWD/export.csv"
  few an-diff -r 0 --count
}

@test "an-upsert and an-lapse, sending" {
  start_sandbox
  seed gone@example.org '{"custom_fields": {"override_Phone": "1"}}'
  seed old@example.org
  local compare='jq -cS "del(.result.id, .result.attempts, .result.http, .result.unapplied, .result.note)" | sort'
  few --input "$PWD/changes" --compare "$compare" an-upsert -r 0 --overrides
  few --input "$PWD/changes" --compare "$compare" an-lapse -r 0 --overrides
  few an-upsert -r 0 --check
}

@test "roster-commit and roster-dump, in SQLite" {
  results >in
  export AN_ROSTER=sqlite:$PWD/roster.sqlite
  roster-commit in >/dev/null
  local fresh='mkdir state' known="mkdir state; cp $PWD/roster.sqlite state"
  few --input "$PWD/in" --setup "$fresh" roster-commit -s sqlite:state/roster.sqlite
  few --input "$PWD/changes" --setup "$known" roster-commit -s sqlite:state/roster.sqlite --adopt
  few --input "$PWD/changes" --setup "$known" roster-commit -s sqlite:state/roster.sqlite --begin
  for what in --begun --count --group --runs; do
    few roster-dump $what
  done
}

@test "roster-commit and roster-dump, in DynamoDB" {
  mkfifo ready
  python3 -B "$ROOT/tests/sandbox/dynamodb.py" $$ </dev/null >ready 3>&- &
  TABLE_PID=$!
  IFS= read -r -t 30 AWS_ENDPOINT_URL_DYNAMODB <ready
  export AN_ROSTER=dynamodb:rosters/members AWS_ENDPOINT_URL_DYNAMODB AWS_REGION=eu-west-9 \
    AWS_ACCESS_KEY_ID=AKIDEXAMPLE7 AWS_SECRET_ACCESS_KEY=s3cr3t
  results >in
  roster-commit in >/dev/null
  few --input "$PWD/in" roster-commit
  few --input "$PWD/changes" roster-commit --begin
  few roster-commit --lock me
  for what in --begun --count --runs; do
    few roster-dump $what
  done
}

@test "slack-notify, posting" {
  start_sandbox
  export SLACK_WEBHOOK_URL=$SANDBOX_URL/slack/test
  { results; echo '{"change":"updated","key":"x@example.org","row":{},"result":{"status":"failed","error":"no"}}'
    tail -n 1 changes; } >in
  few --input "$PWD/in" --compare 'grep -v "^Time taken: "' slack-notify --names -w '"a" warning'
  few --compare 'grep -v "^Time taken: "' slack-notify -u --error 'refused: "a" stranger'
}
