#!/usr/bin/env bats
# The roster in DynamoDB as a client: what it sends, to whom, with which keys, and what it makes of what comes back.
# Against a fake table with moods, tests/sandbox/dynamodb.py; roster-dynamodb.bats has moto.

load helpers
load roster

KEY_ID=AKIDEXAMPLE7
SECRET=s3cr3t/with+signs=and+more
TOKEN=t0ken/of/a+session==

setup() {
  common_setup
  use_table
}

teardown() {
  [ -z "${TABLE_PID-}" ] || kill "$TABLE_PID" 2>/dev/null || true
}

# use_table: starts the fake, and names it, keys and a roster in the environment.
use_table() {
  local name
  for name in $(compgen -e AWS_); do
    unset "$name"
  done
  mkfifo ready
  python3 -B "$ROOT/tests/sandbox/dynamodb.py" $$ </dev/null >ready 3>&- &
  TABLE_PID=$!
  IFS= read -r -t 30 TABLE_URL <ready
  export AN_ROSTER=dynamodb:rosters/members AWS_ENDPOINT_URL_DYNAMODB=$TABLE_URL AWS_REGION=eu-west-9 \
    AWS_ACCESS_KEY_ID=$KEY_ID AWS_SECRET_ACCESS_KEY=$SECRET
}

# order JSON: what the table is to do; the first lines of its description say what can be ordered.
order() {
  curl -sSf -d "$1" "$TABLE_URL/order" >/dev/null
}

# refuse ACTION TYPE [TIMES [MESSAGE]]: answers as DynamoDB does when it refuses.
refuse() {
  order "$(jq -nc --arg action "$1" --arg type "$2" --argjson times "${3:-1}" --arg message "${4-no}" '
    {$action, $times, status: 400, body: {__type: "com.amazon.coral.service#\($type)", $message}}')"
}

# came [ACTION]: how often it was called.
came() {
  curl -sSf "$TABLE_URL/log" | jq --arg action "${1-}" '[.[] | select($action == "" or .action == $action)] | length'
}

# log_of FILTER: jq's, for each request.
log_of() {
  curl -sSf "$TABLE_URL/log" | jq -r ".[] | $1"
}

# stored: the addresses in the table, behind the programs' back.
stored() {
  curl -sSf "$TABLE_URL/items" | jq -r '.members // {} | keys_unsorted[]' | LC_ALL=C sort
}

# an_error STATUS PROGRAM PART...: the program ends with the status, one line that has every part, and no key in it.
an_error() {
  local expected=$1 program=$2
  shift 2
  run -"$expected" --separate-stderr "$program" < <(records 1)
  [ "${#stderr_lines[@]}" -eq 1 ]
  [ -z "$output" ]
  has "$stderr" "$program: " "$@"
  [[ $stderr != *"$KEY_ID"* && $stderr != *"$SECRET"* && $stderr != *"$TOKEN"* ]]
}

# ---- batches and pages ----

@test "members go by 25, each address once however often it came" {
  { records 60; records 30 40 again; for i in 1 2 3; do result lapsed $i@example.org; done; } >input
  roster-commit <input >out
  cmp input out
  [ "$(stored)" = "$(seq 4 69 | sed 's/$/@example.org/' | LC_ALL=C sort)" ]
  [ "$(log_of 'select(.action == "BatchWriteItem").body | fromjson.RequestItems.rosters | length' | tr '\n' ' ')" = '25 25 19 ' ]
  [ "$(members | jq -r 'select(.email == "40@example.org").note')" = again ]
}

@test "what a batch leaves unprocessed is sent again, and nothing else is" {
  order '{"action": "BatchWriteItem", "unprocessed": 20}'
  order '{"action": "BatchWriteItem", "unprocessed": 20}'
  order '{"action": "BatchWriteItem", "unprocessed": 3}'
  { records 40; result lapsed 40@example.org; } >input
  roster-commit <input >out
  cmp input out
  [ "$(stored | wc -l)" = 39 ]
  [ "$(log_of 'select(.action == "BatchWriteItem").body | fromjson.RequestItems.rosters | length' | tr '\n' ' ')" = '25 20 20 3 15 ' ]
}

@test "a batch is cut where it gets large" {
  records 12 1 "$(printf %0100000d 0)" >input
  roster-commit input >/dev/null
  [ "$(stored | wc -l)" = 12 ]
  [ "$(log_of 'select(.action == "BatchWriteItem").body | length' | sort -n | tail -n 1)" -lt 1000000 ]
  [ "$(came BatchWriteItem)" = 2 ]
}

@test "a roster of many pages is read whole, in order, and consistently" {
  records 25 | roster-commit >/dev/null
  for size in 1 7 24 25 26; do
    curl -sSf -d $size "$TABLE_URL/page" >/dev/null
    [ "$(addresses)" = "$(seq 25 | sed 's/$/@example.org/' | LC_ALL=C sort)" ]
  done
  [ "$(log_of 'select(.action == "Query" or .action == "GetItem").body | fromjson.ConsistentRead' | sort -u)" = true ]
}

@test "the last runs are found across pages" {
  for i in {1..9}; do echo "{\"run\":{\"n\":$i}}"; done | roster-commit >/dev/null
  curl -sSf -d 2 "$TABLE_URL/page" >/dev/null
  [ "$(roster-dump -r5 | jq .run.n | tr '\n' ' ')" = '5 6 7 8 9 ' ]
  [ "$(roster-dump -r100 | jq .run.n | tr '\n' ' ')" = '1 2 3 4 5 6 7 8 9 ' ]
}

@test "a page that leads to itself ends in an error, not in a circle" {
  order '{"action": "Query", "times": 9, "status": 200, "body": {"Items": [], "LastEvaluatedKey": {"email": {"S": "x"}}}}'
  an_error 69 roster-dump 'no page of the roster'
  order '{"action": "Query", "times": 9, "status": 200, "body": {"Count": 0}}'
  an_error 69 roster-dump 'no page of the roster'
}

@test "headers are stored once, before the members that have them" {
  records 1 | roster-commit >/dev/null
  records 2 1 x | roster-commit >/dev/null
  records 2 1 y | roster-commit >/dev/null
  [ "$(log_of 'select(.body | contains(":more")).body | fromjson.ExpressionAttributeValues[":more"].L[].S')" = $'email\nemail,note' ]
  [ "$(log_of .action | head -n 3 | tr '\n' ' ')" = 'UpdateItem UpdateItem BatchWriteItem ' ]
}

@test "headers that two writers added at the same time are one" {
  records 1 | roster-commit >/dev/null
  curl -sSf "$TABLE_URL/items" | jq '."members#meta".roster.headers.L += [{S: "email"}, {S: "note,email"}, {S: "email"}]' |
    curl -sSf -d @- "$TABLE_URL/items" >/dev/null
  run -0 roster-dump
  [ "${lines[0]}" = email,note,action_network_id,action_network_map ]
}

# ---- limits ----

@test "a row that DynamoDB has no room for is an error that names its line; what was before it is recorded" {
  { records 30; printf '{"change":"new","key":"x@example.org","row":{"n":"%0410000d"},"result":{"status":"ok"}}\n' 0; records 1 32; } >input
  run -65 --separate-stderr roster-commit input
  [ "$stderr" = 'roster-commit: input:31: the row takes 401 KiB, and DynamoDB holds 400' ]
  [ "$output" = "$(records 30)" ]
  [ "$(stored | wc -l)" = 30 ]
}

@test "so is a key that is too long; that nobody has it, is no error" {
  long=$(printf %01020d 0)
  { records 1; result new "$long@example.org"; } >input
  run -65 --separate-stderr roster-commit input
  [ "$stderr" = 'roster-commit: input:2: the key is longer than the 1024 bytes DynamoDB allows' ]
  [ "$(stored)" = 1@example.org ]
  result lapsed "$long@example.org" >input
  run -0 --separate-stderr roster-commit input
  [ "$output" = "$(<input)" ]
}

# ---- what passes ----

@test "throttling, errors of the server, broken connections and answers that are none are waited out" {
  for type in ProvisionedThroughputExceededException ThrottlingException RequestLimitExceeded InternalServerError; do
    refuse '*' $type
  done
  order '{"action": "*", "status": 500, "body": {"__type": "InternalServerError"}}'
  order '{"action": "*", "status": 503, "body": "<html>busy</html>"}'
  order '{"action": "*", "status": 200, "body": "<html>hello</html>"}'
  order '{"action": "BatchWriteItem", "close": true, "times": 2}'
  order '{"action": "Query", "close": true}'
  refuse Query ThrottlingException 2
  records 30 >input
  roster-commit <input >out
  cmp input out
  [ "$(addresses | wc -l)" = 30 ]
  [ "$(came UpdateItem)" = 9 ]
  [ "$(came BatchWriteItem)" = 4 ]
  [ "$(came Query)" = 4 ]
}

@test "each wait is longer than the one before, but for the jitter" {
  refuse UpdateItem ThrottlingException 6
  start=$(date +%s%N)
  roster-commit </dev/null
  took=$((($(date +%s%N) - start) / 1000000))
  [ "$took" -ge 1900 ] # of 62.5 * (1 + 2 + 4 + 8 + 16 + 32) ms at the least a half
  [ "$took" -le 7000 ]
  [ "$(came UpdateItem)" = 7 ]
}

@test "a table that cannot be reached is known after ten seconds" {
  kill "$TABLE_PID"
  SECONDS=0
  an_error 69 roster-commit 'table rosters in eu-west-9' connect
  [ "$SECONDS" -le 20 ]
}

@test "a commit that fails in the middle writes nothing on that is not stored" {
  {
    cat <<<"$(records 30)"
    within 20 stored_are 30
    refuse BatchWriteItem AccessDeniedException
    records 10 31
  } | { roster-commit 2>err || echo $? >status; } >out
  [ "$(<status)" = 77 ]
  [ "$(<out)" = "$(records 30)" ]
  [ "$(stored | wc -l)" = 30 ]
}

# ---- what does not pass ----

@test "a refusal is final, and says why" {
  for program in roster-dump roster-commit; do
    refuse '*' AccessDeniedException 1 'User: x is not authorized to perform: dynamodb:Query'
    an_error 77 $program 'table rosters in eu-west-9: AccessDeniedException: User: x is not authorized'
    for type in UnrecognizedClientException InvalidSignatureException ExpiredTokenException MissingAuthenticationToken; do
      refuse '*' $type
      an_error 77 $program "$type: no"
    done
    order '{"action": "*", "status": 403, "body": "<html>go away</html>"}'
    an_error 77 $program 'HTTP 403'
    refuse '*' ResourceNotFoundException 1 'Requested resource not found'
    an_error 78 $program 'Requested resource not found; does the table exist?'
    refuse '*' ValidationException 1 'The provided key element does not match the schema'
    an_error 78 $program 'does not match the schema; are its keys the texts roster (partition) and email (sort)?'
    order '{"action": "*", "status": 302, "body": "<html>over there</html>"}'
    an_error 69 $program 'HTTP 302'
  done
  [ "$(came)" = 18 ]
}

@test "an answer that does not say what was processed is no success" {
  order '{"action": "BatchWriteItem", "status": 200, "body": {}}'
  an_error 69 roster-commit 'does not say what was processed'
  order '{"action": "BatchWriteItem", "status": 200, "body": {"UnprocessedItems": {"rosters": {}}}}'
  an_error 69 roster-commit 'does not say what was processed'
}

@test "a key that the service repeats is not told on" {
  export AWS_SESSION_TOKEN=$TOKEN
  refuse '*' InvalidSignatureException 1 "The canonical string was $KEY_ID $SECRET x-amz-security-token:$TOKEN"
  an_error 77 roster-dump '***'
  refuse '*' InvalidSignatureException 1 "$(printf %0480d 0)$SECRET$TOKEN"
  run -77 --separate-stderr roster-dump
  [[ $stderr != *"${SECRET:0:8}"* ]]
}

@test "a roster of a newer schema is refused and left alone" {
  records 1 | roster-commit >/dev/null
  curl -sSf "$TABLE_URL/items" | jq '."members#meta".roster.version.N = "3"' | curl -sSf -d @- "$TABLE_URL/items" >/dev/null
  before=$(curl -sSf "$TABLE_URL/items")
  for program in roster-dump roster-commit; do
    an_error 78 $program 'newer an-sync (schema 3)'
  done
  [ "$(curl -sSf "$TABLE_URL/items")" = "$before" ]
}

@test "a roster of schema 1 is read, and what changes in it is kept as it is now" {
  records 3 1 x | roster-commit >/dev/null
  curl -sSf "$TABLE_URL/items" | jq '."members#meta".roster |= (.version.N = "1" | del(.headers) | .columns.L = [{S: "email"}, {S: "gone"}, {S: "note"}])
    | .members |= map_values(del(.header) | .row.S = ({email: .email.S, note: "a \"b\", c"} | tojson))' >older
  curl -sSf -d @older "$TABLE_URL/items" >/dev/null
  run -0 --separate-stderr roster-dump
  dumped=$output
  [ "${lines[0]}" = email,gone,note,action_network_id,action_network_map ]
  [ "${lines[3]}" = '3@example.org,,"a ""b"", c",,' ]
  curl -sSf "$TABLE_URL/items" | cmp - <(jq . older | curl -sSf "$TABLE_URL/items")
  records 1 2 y | roster-commit >/dev/null
  [ "$(roster-dump)" = "${dumped/2@example.org,,\"a \"\"b\"\", c\"/2@example.org,,y}" ]
  [ "$(curl -sSf "$TABLE_URL/items" | jq -c '."members#meta".roster.version.N, (.members | map(has("header")))')" = $'"2"\n[false,true,false]' ]
}

@test "a damaged roster is an error that names it" {
  records 2 | roster-commit >/dev/null
  curl -sSf "$TABLE_URL/items" >items
  damaged() {
    jq "$1" items | curl -sSf -d @- "$TABLE_URL/items" >/dev/null
    run -74 --separate-stderr roster-dump
    has "$stderr" 'roster-dump: the roster ' 'is damaged'
  }
  damaged '.members["1@example.org"].row.S = "x,y"'
  damaged '.members["1@example.org"].header.S = "x"'
  damaged 'del(.members["1@example.org"].header) | .members["1@example.org"].row.S = "{"'
  damaged 'del(.members["1@example.org"].header) | .members["1@example.org"].row.S = "[]"'
  damaged 'del(.members["1@example.org"].row)'
  damaged 'del(.["members#meta"].roster.version)'
  damaged '.["members#meta"].roster.headers.L[0] = {N: "1"}'
  damaged '.["members#meta"].roster.columns.L[0] = {N: "1"}'
}

# ---- where, and who ----

@test "a store that is no table and name is bad configuration" {
  for name in table table/ /name t/x 'ta ble/name' 'table/a#b' table/$'\xff' "table/$(printf %0256d 0)"; do
    run -78 --separate-stderr roster-dump -s "dynamodb:$name"
    [ -z "$output" ]
  done
  run -78 --separate-stderr roster-dump -s dynamodb:table
  [ "$stderr" = 'roster-dump: "dynamodb:table" names no roster; write dynamodb:TABLE/NAME' ]
  run -78 --separate-stderr roster-dump -s dynamodb:
  has "$stderr" 'write sqlite:PATH or dynamodb:TABLE/NAME'
  [ "$(came)" = 0 ]
}

@test "rosters of one table do not see each other" {
  records 2 | roster-commit >/dev/null
  for name in other members/more Members; do
    [ -z "$(AN_ROSTER=dynamodb:rosters/$name roster-dump)" ]
  done
}

@test "the region is AWS_REGION, else AWS_DEFAULT_REGION" {
  AWS_DEFAULT_REGION=ap-south-9 roster-dump
  (unset AWS_REGION && AWS_DEFAULT_REGION=ap-south-9 roster-dump)
  [ "$(log_of '.headers[] | select(.[0] == "Authorization")[1] | split("/")[2]' | tr '\n' ' ')" = 'eu-west-9 eu-west-9 ap-south-9 ap-south-9 ' ]
  unset AWS_REGION
  an_error 78 roster-dump AWS_REGION AWS_DEFAULT_REGION
  AWS_REGION=evil.example.org/ an_error 78 roster-dump 'not an AWS region'
}

@test "the endpoint is DynamoDB's own, else the one for all; http is for loopback only" {
  AWS_ENDPOINT_URL=http://127.0.0.1:1 roster-dump
  AWS_ENDPOINT_URL=$TABLE_URL/ AWS_ENDPOINT_URL_DYNAMODB='' roster-dump
  [ "$(came)" = 4 ]
  AWS_ENDPOINT_URL_DYNAMODB=http://example.org an_error 78 roster-dump AWS_ENDPOINT_URL_DYNAMODB https
  AWS_ENDPOINT_URL_DYNAMODB='' AWS_ENDPOINT_URL=http://169.254.170.2 an_error 78 roster-dump AWS_ENDPOINT_URL: https
}

@test "a proxy of the environment does not see what goes to loopback" {
  http_proxy=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1 all_proxy=http://127.0.0.1:1 roster-dump
  [ "$(came)" = 2 ]
}

@test "without credentials, or with half of them, nothing is sent" {
  (unset AWS_SECRET_ACCESS_KEY && an_error 78 roster-dump 'only one is set')
  AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=$'a\nb' an_error 78 roster-dump AWS_SECRET_ACCESS_KEY
  [ "$(came)" = 0 ]
}

@test "every signature is botocore's, that of a session and of any bytes, too" {
  python3 -c 'import botocore.auth' 2>/dev/null || skip 'botocore is not installed (pip install botocore)'
  { records 30; result new 'é+&=%20@example.org' '{"row":{"name":"Żółć \"\\\\ \u0001 🌹"}}'; } >input
  AWS_SESSION_TOKEN=$TOKEN roster-commit input >/dev/null
  AWS_SESSION_TOKEN=$TOKEN roster-dump >/dev/null
  curl -sSf "$TABLE_URL/log" >log
  run -0 --separate-stderr python3 "$ROOT/tests/sandbox/resign.py" "$SECRET" eu-west-9 <log
  [ "$(sort -u <<<"$output")" = 'content-type host x-amz-date x-amz-security-token x-amz-target' ]
  [ "${#lines[@]}" -eq 6 ]
  # The check can fail.
  run -1 --separate-stderr python3 "$ROOT/tests/sandbox/resign.py" "${SECRET}x" eu-west-9 <log
  run -1 --separate-stderr python3 "$ROOT/tests/sandbox/resign.py" "$SECRET" eu-west-9 < <(jq '.[0].body += " "' log)
}

@test "a libcurl that does not sign every header is refused before anything is sent" {
  ! grep -q __asan_init "$(type -P roster-dump)" || skip 'the programs are built with sanitizers'
  printf '%s\n' '#include <curl/curl.h>' 'curl_version_info_data *curl_version_info(CURLversion age)' '{' \
    '  static curl_version_info_data old = {.version = "7.85.0", .version_num = 0x075500};' \
    '  return age == CURLVERSION_NOW ? &old : NULL;' '}' >old.c
  to_preload old.c old.so
  for program in roster-dump roster-commit; do
    LD_PRELOAD=$PWD/old.so an_error 78 $program 'libcurl 7.85.0 is too old' '7.86.0 or newer'
  done
  [ "$(came)" = 0 ]
}

# container [SECONDS]: credentials of a container's endpoint, which expire in so many seconds.
container() {
  unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
  export "AWS_CONTAINER_CREDENTIALS_FULL_URI=$TABLE_URL/credentials?x=y"
  curl -sSf -d "$(jq -nc --arg id "$KEY_ID" --arg secret "$SECRET" --arg token "$TOKEN" \
    --arg expires "$(date -u -d "${1:-3600} seconds" +%FT%TZ)" \
    '{AccessKeyId: $id, SecretAccessKey: $secret, Token: $token, Expiration: $expires}')" "$TABLE_URL/keys" >/dev/null
}

@test "a container's endpoint gives the keys, once, to who shows the token" {
  container
  echo 'Basic bearer' | tr -d ' ' >token
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=token roster-commit < <(records 30) >/dev/null
  [ "$(log_of 'select(.action == "Credentials").headers[] | select(.[0] == "Authorization")[1]')" = Basicbearer ]
  AWS_CONTAINER_AUTHORIZATION_TOKEN=other roster-dump >/dev/null
  [ "$(log_of 'select(.action == "Credentials").headers[] | select(.[0] == "Authorization")[1]' | tail -n 1)" = other ]
  [ "$(came Credentials)" = 2 ]
  [ "$(log_of '.headers[] | select(.[0] == "X-Amz-Security-Token")[1]' | sort -u)" = "$TOKEN" ]
}

@test "keys are renewed five minutes before they expire" {
  container 302
  mkfifo in
  roster-commit <in >out 2>err 3>&- &
  committer=$!
  exec 7>in
  records 1 >&7
  within 20 stored_are 1
  [ "$(came Credentials)" = 1 ]
  container 3600
  sleep 2.5
  records 1 2 >&7
  within 20 stored_are 2
  [ "$(came Credentials)" = 2 ]
  # What can't be renewed yet is good for as long as it lasts.
  exec 7>&-
  wait $committer
}

@test "keys that can't be renewed are used for as long as they last" {
  container 200
  records 1 | roster-commit >/dev/null
  mkfifo in
  roster-commit <in >out 2>err 3>&- &
  committer=$!
  exec 7>in
  within 20 opened_are 3
  order '{"action": "Credentials", "times": 100, "status": 404, "body": ""}'
  records 5 >&7
  exec 7>&-
  wait $committer
  [ "$(<out)" = "$(records 5)" ]
}

@test "keys that the service takes for expired are renewed once" {
  container
  refuse BatchWriteItem ExpiredTokenException
  records 1 | roster-commit >/dev/null
  [ "$(came Credentials)" = 2 ]
  [ "$(stored)" = 1@example.org ]
  refuse Query ExpiredTokenException 2
  an_error 77 roster-dump ExpiredTokenException
  [ "$(came Credentials)" = 4 ]
}

@test "what a container's endpoint refuses or garbles is an error without what it said" {
  container
  order '{"action": "Credentials", "status": 403, "body": {"SecretAccessKey": "s3cr3t/with+signs=and+more"}}'
  an_error 77 roster-dump "container's AWS credentials: HTTP 403"
  order '{"action": "Credentials", "status": 500, "body": "", "times": 2}'
  roster-dump
  for uri in http://example.org/ http://169.254.169.254/latest ftp://127.0.0.1/ nonsense; do
    AWS_CONTAINER_CREDENTIALS_FULL_URI=$uri an_error 78 roster-dump AWS_CONTAINER_CREDENTIALS_FULL_URI https://
  done
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=x an_error 78 roster-dump AWS_CONTAINER_CREDENTIALS_RELATIVE_URI
}

# stub_cli TEXT [STATUS]: an aws CLI that writes the text on standard output, or with a status other than 0 on the other.
stub_cli() {
  mkdir -p bin
  # shellcheck disable=SC2016 # for the stub's shell
  printf '#!/bin/sh\necho "$@ ($AWS_PROFILE)" >>%q\n[ "$2" != get ] || { echo sa-east-9; exit; }\ncat <<"END" >&%d\n%s\nEND\nexit %d\n' \
    "$PWD/calls" $((${2:-0} == 0 ? 1 : 2)) "$1" "${2:-0}" >bin/aws
  chmod +x bin/aws
  unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION
  export AWS_PROFILE='the chapter' PATH=$PWD/bin:$PATH
}

@test "a profile's keys and region come through the aws CLI" {
  stub_cli "$(jq -n --arg id "$KEY_ID" --arg secret "$SECRET" --arg token "$TOKEN" \
    '{Version: 1, AccessKeyId: $id, SecretAccessKey: $secret, SessionToken: $token, Expiration: "2099-01-01T00:00:00+00:00"}')"
  roster-commit < <(records 30) >/dev/null
  [ "$(<calls)" = 'configure get region (the chapter)
configure export-credentials --format process (the chapter)' ]
  [ "$(log_of '.headers[] | select(.[0] == "X-Amz-Security-Token")[1]' | sort -u)" = "$TOKEN" ]
  [ "$(log_of '.headers[] | select(.[0] == "Authorization")[1] | split("/")[2]' | sort -u)" = sa-east-9 ]
}

@test "without a profile the keys and the region are those that the aws CLI was configured with" {
  stub_cli "$(jq -n --arg id "$KEY_ID" --arg secret "$SECRET" '{Version: 1, AccessKeyId: $id, SecretAccessKey: $secret}')"
  unset AWS_PROFILE
  roster-commit < <(records 1) >/dev/null
  [ "$(<calls)" = $'configure get region ()\nconfigure export-credentials --format process ()' ]
  [ "$(log_of '.headers[] | select(.[0] == "Authorization")[1]' | grep -c "Credential=$KEY_ID/.*/sa-east-9/dynamodb/")" = "$(came)" ]
  stub_cli 'Unable to retrieve credentials: no credentials found' 253
  unset AWS_PROFILE
  an_error 78 roster-dump 'no AWS credentials' AWS_ACCESS_KEY_ID AWS_PROFILE 'the aws CLI: Unable to retrieve credentials'
  stub_cli 'usage: aws [options]' 2
  unset AWS_PROFILE
  an_error 78 roster-dump 'no AWS credentials' 'the aws CLI is too old: its version 2 is needed'
  run -78 --separate-stderr env "PATH=$(dirname "$(type -P roster-dump)")" AWS_REGION=x roster-dump
  has "$stderr" 'no AWS credentials' 'the aws CLI cannot be run: No such file'
}

@test "what the aws CLI has to say is passed on, and what is no answer is refused" {
  stub_cli $'\nsome\nThe SSO session has expired; run aws sso login\n' 255
  an_error 78 roster-dump 'the aws CLI: The SSO session has expired; run aws sso login'
  for text in '' nonsense '{}' '{"AccessKeyId":"a","SecretAccessKey":"b c"}' '{"AccessKeyId":"a","SecretAccessKey":"b","Expiration":"soon"}'; do
    stub_cli "$text"
    an_error 78 roster-dump 'the aws CLI: its answer holds no credentials'
  done
  stub_cli 'usage: aws [options]' 252
  an_error 78 roster-dump 'the aws CLI is too old'
  run -78 --separate-stderr env "PATH=$(dirname "$(type -P roster-dump)")" AWS_REGION=x roster-dump
  has "$stderr" 'the aws CLI cannot be run: No such file'
}

@test "the real aws CLI exports a profile's keys" {
  [[ $(aws --version 2>/dev/null) == aws-cli/[2-9]* ]] || skip "the aws CLI's version 2 is not installed"
  unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION
  mkdir -p "$HOME/.aws"
  printf '[default]\n[chapter]\naws_access_key_id = %s\naws_secret_access_key = %s\n' "$KEY_ID" "$SECRET" >"$HOME/.aws/credentials"
  printf '[profile chapter]\nregion = af-south-9\n' >"$HOME/.aws/config"
  AWS_PROFILE=chapter roster-dump
  [ "$(log_of '.headers[] | select(.[0] == "Authorization")[1]' | grep -c "Credential=$KEY_ID/.*/af-south-9/dynamodb/")" = 2 ]
  AWS_PROFILE=nobody AWS_REGION=x an_error 78 roster-dump 'the aws CLI: ' nobody
}

# opened_are COUNT: so many times it was opened for writing, or given new columns.
opened_are() {
  [ "$(came UpdateItem)" -ge "$1" ]
}

stored_are() {
  [ "$(stored | wc -l)" = "$1" ]
}
