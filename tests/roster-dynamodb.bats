#!/usr/bin/env bats
# The roster in DynamoDB: the run lock, and what else only that backend has. dynamodb.bats has the calls.

load helpers
load roster

# lock OWNER [OPTION...]: takes the run lock.
lock() {
  roster-commit --lock "$@"
}

# age_lock: makes the lock one that expired a second ago.
age_lock() {
  aws_call dynamodb DynamoDB_20120810.UpdateItem "$(jq -nc --arg name "${AN_ROSTER#dynamodb:rosters/}#meta" \
    --arg expires "$(($(date +%s) - 1))" '{TableName: "rosters", Key: {roster: {S: $name}, email: {S: "lock"}},
      UpdateExpression: "SET #e = :expires", ExpressionAttributeNames: {"#e": "expires"},
      ExpressionAttributeValues: {":expires": {N: $expires}}}')" >/dev/null
}

@test "the run lock is one owner's until it is given back" {
  run -0 --separate-stderr lock 'build 1'
  [ -z "$output$stderr" ]
  run -75 --separate-stderr lock 'build 2'
  [ -z "$output" ]
  [[ $stderr =~ ^'roster-commit: the roster '.*' is locked by build 1 since '[0-9TZ:-]{20}', until '[0-9TZ:-]{20}' '.*'; run again later'$ ]]
  run -0 --separate-stderr roster-commit --unlock 'build 1'
  [ -z "$output$stderr" ]
  lock 'build 2'
  run -75 lock 'build 1'
}

@test "only its owner gives the lock back, and who does not hold it does no harm" {
  roster-commit -u me
  lock me
  roster-commit -u you
  run -75 lock you
  has "$output" 'locked by me'
}

@test "an owner prolongs the lock, which is as old as before" {
  lock me -e 100
  run -75 lock you
  [[ $output =~ since\ ([^,]+),\ until\ ([^ ]+) ]]
  since=${BASH_REMATCH[1]} until=${BASH_REMATCH[2]}
  sleep 1
  lock me --expire 1000
  run -75 lock you
  [[ $output =~ since\ ([^,]+),\ until\ ([^ ]+) ]]
  [ "${BASH_REMATCH[1]}" = "$since" ]
  [ $(($(date -d "${BASH_REMATCH[2]}" +%s) - $(date -d "$until" +%s))) -ge 900 ]
}

@test "a lock that expired is anybody's, and the owner before knows that it is gone" {
  lock me
  run -75 lock you
  age_lock
  lock you
  run -75 lock me
  has "$output" 'locked by you'
  roster-commit --unlock me
  run -75 lock me
}

@test "of many at once one gets the lock" {
  for i in {1..8}; do
    lock "build $i" 2>/dev/null 3>&- && echo "$i" >>got &
  done
  wait
  [ "$(wc -l <got)" = 1 ]
  run -75 lock another
  has "$output" "locked by build $(<got) "
}

@test "each roster has its own lock, and the lock is no member" {
  lock me
  AN_ROSTER=$AN_ROSTER-2 lock you
  records 1 | roster-commit >/dev/null
  [ "$(addresses)" = 1@example.org ]
  [ -z "$(roster-dump --runs)" ]
}

@test "a roster on one machine has no run lock" {
  for option in --lock --unlock; do
    run -78 --separate-stderr roster-commit -s sqlite:here.sqlite $option me
    has "$stderr" 'no run lock' flock
  done
}

@test "the lock's options are not mixed with others" {
  wrong() {
    run -64 --separate-stderr roster-commit "$@"
    has "$stderr" 'usage: roster-commit'
  }
  wrong --lock me file
  wrong --lock me --unlock me
  wrong --lock me --adopt
  wrong --unlock me --expire 5
  wrong --lock ''
  wrong --lock $'\xff'
  wrong --expire 5
  for seconds in 0 -1 x 1.5 '' 99999999; do
    wrong --lock me --expire "$seconds"
  done
}

@test "a table that does not exist is bad configuration" {
  for program in roster-dump roster-commit; do
    run -78 --separate-stderr $program -s dynamodb:missing/members </dev/null
    has "$stderr" 'table missing in us-east-1' 'does the table exist?'
  done
}

@test "a table with other keys is bad configuration" {
  aws_call dynamodb DynamoDB_20120810.CreateTable '{"TableName": "other", "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}' >/dev/null
  for program in roster-dump roster-commit; do
    run -78 --separate-stderr $program -s dynamodb:other/members </dev/null
    has "$stderr" 'table other in us-east-1' 'are its keys the texts roster (partition) and email (sort)?'
  done
}

@test "throttling is waited out" {
  ! in_dynalite || skip 'dynalite throttles nobody'
  for action in UpdateItem BatchWriteItem GetItem Query; do
    curl -sSf -d "{\"action\": \"$action\", \"error\": \"ThrottlingException\", \"times\": 3}" "$AWS_ENDPOINT_URL/sandbox/refuse"
  done
  records 30 | roster-commit >/dev/null
  [ "$(addresses | wc -l)" = 30 ]
}

@test "pages of a megabyte are read to the end" {
  records 40 1 "$(printf %0100000d 0)" >input
  roster-commit input >/dev/null
  [ "$(addresses)" = "$(seq 40 | sed 's/$/@example.org/' | LC_ALL=C sort)" ]
  [ "$(roster-dump | wc -c)" -gt 4000000 ]
}

@test "addresses that look like the roster's own items are members like others" {
  for key in roster lock members 2026-01-01T00:00:00.000000000Z#00000000 "o'hara+x=%20&é@example.org" '"' '\x'; do
    result new "$key"
  done >input
  roster-commit input >/dev/null
  [ "$(addresses | LC_ALL=C sort)" = "$(jq -r .key input | LC_ALL=C sort)" ]
  lock me
  echo '{"run":{"n":1}}' | roster-commit >/dev/null
  jq -c '.change = "lapsed"' input | roster-commit >/dev/null
  [ -z "$(addresses)" ]
  run -75 lock you
  [ "$(roster-dump --runs)" = '{"run":{"n":1}}' ]
}

@test "the roster and its history can be moved between the two stores" {
  printf 'email,note\na@example.org," ""quoted"" "\nb@example.org,é\n' >export.csv
  csv-diff /dev/null export.csv | roster-commit --adopt >/dev/null
  printf 'email,note\na@example.org,moved\nc@example.org,\n' >next.csv
  roster-dump | csv-diff --follow note - next.csv | roster-commit --begin >/dev/null
  roster-dump --begun >here.csv
  [ "$(grep -c ',begun-' here.csv)" -eq 3 ]
  csv-diff /dev/null here.csv | jq -c 'if .row then .result = {status: "ok", map: .row.action_network_map} else . end' |
    roster-commit -s sqlite:there.sqlite >/dev/null
  cmp here.csv <(roster-dump --begun -s sqlite:there.sqlite)
  cmp <(roster-dump) <(roster-dump -s sqlite:there.sqlite)
}

@test "whoever breaks in writes no file, but where the aws CLI keeps what it was given" {
  ! grep -qE '__asan_init|__gcov_init' "$(type -P roster-dump)" || skip 'built to be watched, and not confined'
  to_preload "$ROOT/tests/confine/hostile.c" hostile.so
  echo secret >private
  mkdir -p "$HOME/.aws"
  HOSTILE_FILE=$PWD/private HOSTILE='write make remove ring trace look' LD_PRELOAD=$PWD/hostile.so \
    roster-commit >/dev/null 2>err < <(result new a@example.org)
  [ "$(cat err)" = $'write: EACCES\nmake: EACCES\nremove: EACCES\nring: EACCES\ntrace: EACCES\nlook: EACCES' ]
  HOSTILE_FILE=$HOME/.aws/cache HOSTILE='write remove socket execute' LD_PRELOAD=$PWD/hostile.so roster-dump >/dev/null 2>err
  [ "$(cat err)" = $'write: done\nremove: done\nsocket: done\nexecute: done' ]
}

@test "a member of an export with 36 columns is one unit to write: at most 1 KB with all that DynamoDB counts" {
  export=$ROOT/samples/export-2026-11-09.csv
  [ "$(head -n 1 "$export" | tr , '\n' | wc -l)" -eq 36 ]
  csv-diff --addresses /dev/null "$export" |
    jq -c 'select(.row).result = {status: "ok", http: 200, attempts: 1, id: "d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b",
      map: "0123456789abcdef0123456789abcdef"}' | roster-commit >/dev/null
  aws_call dynamodb DynamoDB_20120810.Query "$(jq -nc --arg name "${AN_ROSTER#dynamodb:rosters/}" '{TableName: "rosters",
    KeyConditionExpression: "roster = :r", ExpressionAttributeValues: {":r": {S: $name}}}')" >items
  [ "$(jq '.Items | length' items)" -eq "$(roster-dump --count)" ]
  # Of each attribute its name counts, and its value; a number no more than its digits.
  jq -e '[.Items[] | to_entries | map((.key | utf8bytelength) + (.value[] | utf8bytelength)) | add] | max |
    . > 300 and . <= 1024' items
}
