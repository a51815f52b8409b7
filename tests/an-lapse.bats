#!/usr/bin/env bats
# What an-lapse does to members who have lapsed. How it sends is tested in sending.bats.

load helpers
load sandbox
load records

# ---- people ----

@test "by the roster's id, the person is read and is_member set to False, and nothing else" {
  start_sandbox --tag member
  seed fred@example.org '{"given_name":"Fred","family_name":"Engels","tags":["member"],"status":"unsubscribed",
    "postal_addresses":[{"locality":"Barmen","country":"DE"}],"custom_fields":{"is_member":"True","Phone":"1"}}'
  local before record
  before=$(sandbox_person fred@example.org)
  record=$(change lapsed fred@example.org '{"action_network_id":"'"$id"'","first_name":"Other","phone":"2"}')
  run -0 --separate-stderr an-lapse -r 0 <<<"$record"
  [ -z "$stderr" ]
  [[ $output == "${record%\}}"',"result":{'*'}}' ]]
  [ "$(result fred@example.org '.result | [.status, .http, .id, .attempts]')" = "[\"ok\",200,\"$id\",2]" ]
  [ "$(result fred@example.org .result.map)" = "\"$(an-upsert --print-digest)\"" ]
  [ "$(sent '[.method, .path] | join(" ")')" = "GET /api/v2/people/$id"$'\n'"PUT /api/v2/people/$id" ]
  # Custom fields alone would be answered by a 500: the address goes with them.
  same_json "$(sent 'select(.method == "PUT").body')" '{"email_addresses":[{"address":"fred@example.org"}],"custom_fields":{"is_member":"False"}}'
  same_json "$(sandbox_person fred@example.org | jq 'del(.modified_date)')" \
    "$(jq 'del(.modified_date) | .custom_fields.is_member = "False"' <<<"$before")"
}

@test "without an id the person is looked up by address, whatever is in it" {
  start_sandbox
  for address in "fred+x.o'brien&a=b%20@example.org" 'josé@exämple.org' "''@example.org"; do
    seed "$address" '{"custom_fields":{"is_member":"True"}}'
    change lapsed "$address" "$(jq -nc --arg email "${address^}" '{$email, action_network_id: ""}')"
  done >in
  seed fred@example.org '{"custom_fields":{"is_member":"True"}}'
  run -0 --separate-stderr an-lapse -r 0 in
  [ "$(statuses)" = '{"ok":3}' ]
  [ "$(sandbox_people | jq -r 'select(.custom_fields.is_member == "False").email_addresses[0].address' | wc -l)" -eq 3 ]
  [ "$(sandbox_person fred@example.org | jq -r .custom_fields.is_member)" = True ]
  [ "$(sandbox_requests GET) $(sandbox_requests PUT) $(sandbox_requests POST)" = '3 3 0' ]
}

@test "an address that Action Network does not have is ok, and nobody is created" {
  start_sandbox
  run -0 --separate-stderr an-lapse -r 0 <<<"$(change lapsed fred@example.org)"
  [ "$(result fred@example.org '.result | [.status, .note, has("id")]')" = '["ok","no such person",false]' ]
  [ "$(sandbox_requests POST) $(sandbox_people)" = '0 ' ]
}

@test "an id that Action Network does not know any more falls back to the address" {
  start_sandbox
  local gone=d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b
  seed fred@example.org '{"custom_fields":{"is_member":"True"}}'
  { change lapsed fred@example.org '{"action_network_id":"'$gone'"}'
    change lapsed karl@example.org '{"action_network_id":"'$gone'"}'
    change lapsed none@example.org '{"action_network_id":"../people"}'; } >in
  run -0 --separate-stderr an-lapse -r 0 in
  [ "$(result fred@example.org '.result | [.status, .id]')" = "[\"ok\",\"$id\"]" ]
  [ "$(sandbox_person fred@example.org | jq -r .custom_fields.is_member)" = False ]
  [ "$(result karl@example.org '.result | [.status, .note]')" = '["ok","no such person"]' ]
  [ "$(result none@example.org '.result | [.status, .note]')" = '["ok","no such person"]' ]
}

@test "a lookup that answers with somebody else lapses nobody" {
  answer liar 200 '{"_embedded":{"osdi:people":[{"identifiers":["action_network:d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b"],
    "email_addresses":[{"address":"karl@example.org"}],"custom_fields":{"is_member":"True"}}]}}'
  start_canned liar
  AN_API_KEY=key AN_API_URL=$canned run --separate-stderr an-lapse -r 0 <<<"$(change lapsed fred@example.org)"
  [ "$status" -le 1 ]
  [ "$(jq -r .method liar.log | sort -u)" = GET ]
  [ "$(result fred@example.org '.result | has("id")')" = false ]
}

@test "a lookup that is refused or missing is a failure, not an unknown address" {
  start_sandbox
  seed fred@example.org '{"custom_fields":{"is_member":"True"}}'
  for kind in 400 404 405; do
    sandbox_fault $kind
    run -1 --separate-stderr an-lapse -r 0 <<<"$(change lapsed fred@example.org)"
    [ "$(result fred@example.org '.result | [.status, .http]')" = "[\"failed\",$kind]" ]
  done
}

@test "a person who was found and then cannot be changed is a failure, not an unknown address" {
  start_sandbox
  seed fred@example.org '{"custom_fields":{"is_member":"True"}}'
  sandbox_post faults '{"next":[{"kind":"404","method":"PUT"}]}'
  run -1 --separate-stderr an-lapse -r 0 <<<"$(change lapsed fred@example.org)"
  [ "$(result fred@example.org '.result | [.status, .http]')" = '["failed",404]' ]
}

@test "the key alone is enough to lapse somebody by hand" {
  start_sandbox
  seed fred@example.org '{"custom_fields":{"is_member":"True"}}'
  # As the man page has it.
  run -0 --separate-stderr bash -c $'echo \'{"change":"lapsed","key":"fred@example.org"}\' | an-lapse'
  [ "$(result fred@example.org .result.status)" = '"ok"' ]
  [ "$(sandbox_person fred@example.org | jq -r .custom_fields.is_member)" = False ]
}

@test "an answer in which is_member is not as sent is a failure" {
  start_sandbox --drop-unknown-fields
  seed fred@example.org '{"given_name":"Fred"}'
  run -1 --separate-stderr an-lapse -r 0 <<<"$(change lapsed fred@example.org '{"action_network_id":"'"$id"'"}')"
  [ "$(result fred@example.org '.result | [.status, .http]')" = '["failed",200]' ]
  has "$(result fred@example.org .result.error)" is_member
}

@test "somebody who has another address in Action Network by now keeps it, and the result says so" {
  start_sandbox
  seed fred@new.example.org '{"custom_fields":{"is_member":"True"}}'
  seed fred@taken.example.org
  local taken=$id
  seed fred@other.example.org '{"custom_fields":{"is_member":"True"}}'
  { change lapsed fred@example.org "{\"action_network_id\":\"$(sandbox_person fred@new.example.org | jq -r .id)\"}"
    change lapsed fred@taken.example.org "{\"action_network_id\":\"$id\"}"; } >in
  run -0 --separate-stderr an-lapse -r 0 in
  has "$(result fred@example.org .result.note)" 'another one in Action Network'
  for address in fred@new.example.org fred@other.example.org; do
    [ "$(sandbox_person $address | jq -r .custom_fields.is_member)" = False ]
  done
  # Whoever has the roster's address now is somebody else.
  [ "$(sandbox_person fred@taken.example.org | jq -c '[.id, .custom_fields.is_member]')" = "[\"$taken\",null]" ]
}

@test "an answer about another person than the roster's id lapses nobody" {
  answer liar 200 '{"identifiers":["action_network:0e5f1a57-7366-466d-a3b8-7e0d87c3cd8b"],
    "email_addresses":[{"address":"fred@example.org"}],"custom_fields":{"is_member":"False"}}'
  start_canned liar
  AN_API_KEY=key AN_API_URL=$canned run -1 --separate-stderr an-lapse -r 0 \
    <<<"$(change lapsed fred@example.org '{"action_network_id":"d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b"}')"
  has "$(result fred@example.org .result.error)" 'another person'
  [ "$(wc -l <liar.log)" -eq 1 ]
}

@test "with --overrides a person who has override_is_member stays a member" {
  start_sandbox
  seed karl@example.org '{"custom_fields":{"is_member":"True","override_is_member":""}}'
  seed fred@example.org '{"custom_fields":{"is_member":"True","override_is_member":"honorary"}}'
  { change lapsed fred@example.org '{"action_network_id":"'"$id"'"}'; change lapsed karl@example.org; } >in
  run -0 --separate-stderr an-lapse -r 0 --overrides in
  [ "$(result fred@example.org .result.status)" = '"ok"' ]
  [ "$(sandbox_person fred@example.org | jq -r .custom_fields.is_member)" = True ]
  [ "$(sandbox_person karl@example.org | jq -r .custom_fields.is_member)" = False ]
  run -0 --separate-stderr an-lapse -r 0 in
  [ "$(sandbox_person fred@example.org | jq -r .custom_fields.is_member)" = False ]
}

@test "what --overrides left alone is named in the result" {
  start_sandbox
  seed fred@example.org '{"custom_fields":{"is_member":"True","override_is_member":"honorary"}}'
  run -0 --separate-stderr an-lapse -r 0 --overrides <<<"$(change lapsed fred@example.org)"
  [ "$(result fred@example.org .result.overridden)" = '["custom_fields.is_member"]' ]
}

# ---- records ----

@test "everything that is not lapsed goes through byte for byte, and nothing is sent" {
  start_sandbox
  cat >in <<'END'
{"change":"new","key":"a@example.org","row":{"email":"a@example.org"}}
{"change":"updated","key":"a@example.org","row":{"email":"a@example.org"},"was":{},"result":{"status":"failed"}}
 { "change" : "skipped" , "reason":"no email", "line": 1.10, "e": 1E+2 }
{"unknown":"\u00e9\/ é","twice":1,"twice":2, "n":-0.0}	
{"change":"lapsed","key":"b@example.org","row":{"email":"b@example.org"},"result":{"http":200, "status":"ok"}}
{"summary":{"lapsed":1.0}}
END
  run -0 --separate-stderr an-lapse -r 0 in
  an-lapse -r 0 <in >out
  cmp in out
  [ "$(sandbox_requests)" -eq 0 ]
}

@test "upsert and lapse in one pipe: new, updated and lapsed end right, and the summary comes last" {
  start_sandbox
  for n in {11..20}; do seed "member$n@example.org" '{"custom_fields":{"is_member":"True"}}'; done
  { changes lapsed 11 15; changes new 1 10; changes updated 16 20; echo '{"summary":{}}'; } >in
  an-upsert -r 0 in | an-lapse -r 0 >out
  [ "$(statuses out)" = '{"ok":20}' ]
  [ "$(tail -n 1 out)" = '{"summary":{}}' ]
  [ "$(jq -c 'del(.result)' out | sort)" = "$(sort in)" ]
  [ "$(sandbox_people | jq -r 'select(.custom_fields.is_member == "True").email_addresses[0].address' | sort -V)" = \
    "$(printf 'member%d@example.org\n' {1..10} {16..20})" ]
}

@test "a result that failed or was deferred is tried again and replaced" {
  start_sandbox
  seed fred@example.org '{"custom_fields":{"is_member":"True"}}'
  sandbox_fault 400
  run -1 --separate-stderr an-lapse -r 0 <<<"$(change lapsed fred@example.org)"
  run -0 --separate-stderr an-lapse -r 0 <<<"$output"
  [ "$(grep -o '"result"' <<<"$output" | wc -l)" -eq 1 ]
  [ "$(result fred@example.org .result.status)" = '"ok"' ]
  run -0 --separate-stderr an-lapse -r 0 <<<"${output/'"status":"ok"'/'"status":"deferred"'}"
  [ "$(sandbox_requests PUT)" -eq 2 ]
}

@test "a line that is not a JSON object is named, after what was before it is finished" {
  start_sandbox
  { change lapsed a@example.org; echo '{'; change lapsed b@example.org; } >in
  run -65 --separate-stderr an-lapse -r 0 in
  [ "$(statuses)" = '{"ok":1}' ]
  [[ $stderr == 'an-lapse: in:2: '* ]]
  [ "$(sandbox_requests)" -eq 1 ]
}

@test "a lapse without an address fails, and the others do not" {
  start_sandbox
  { echo '{"change":"lapsed"}'; change lapsed fred@example.org; } >in
  run -1 --separate-stderr an-lapse -r 0 in
  [ "$(statuses)" = '{"failed":1,"ok":1}' ]
}

@test "an empty input is done at once" {
  AN_API_KEY=key run -0 --separate-stderr an-lapse </dev/null
  [ -z "$output$stderr" ]
}

@test "a dry run shows the requests, with {id} for an id that would be looked up, and sends nothing" {
  start_sandbox
  unset AN_API_KEY
  local known=d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b
  { change lapsed fred@example.org; change lapsed karl@example.org '{"action_network_id":"'$known'"}'; } >in
  run -0 --separate-stderr an-lapse -n in
  [ -z "$stderr" ]
  same_json "$(result fred@example.org)" '{"status":"dry-run","request":{"method":"PUT","url":"'"$AN_API_URL"'/people/{id}",
    "body":{"email_addresses":[{"address":"fred@example.org"}],"custom_fields":{"is_member":"False"}}}}'
  [ "$(result karl@example.org .result.request.url)" = "\"$AN_API_URL/people/$known\"" ]
  [ "$(sandbox_requests)" -eq 0 ]
}

@test "options that are an-upsert's alone are wrong usage, and named" {
  for option in --print-map --print-columns --print-digest --check; do
    run -64 --separate-stderr an-lapse $option </dev/null
    has "$stderr" 'an-lapse: ' "$option" 'usage: an-lapse'
  done
}

@test "a full disk, a missing key and wrong usage have their statuses" {
  start_sandbox
  change lapsed fred@example.org >in
  run -74 --separate-stderr bash -c 'an-lapse -r 0 in >/dev/full'
  has "$stderr" 'an-lapse: ' 'No space left'
  for wrong in --nope -x '-r x' '-r -1' '-j 0' '--deadline 0' 'one two' '-m'; do
    # shellcheck disable=SC2086 # the options are words
    run -64 --separate-stderr an-lapse $wrong </dev/null
    [ -z "$output" ]
    has "$stderr" 'an-lapse: ' 'usage: an-lapse'
  done
  unset AN_API_KEY
  run -78 --separate-stderr an-lapse -r 0 in
  [ -z "$output" ]
  has "$stderr" 'an-lapse: ' AN_API_KEY
  run -0 --separate-stderr an-lapse --help
  has "$output" 'usage: an-lapse' --overrides
  run -0 --separate-stderr an-lapse --version
  [[ $output =~ ^an-lapse\ .*[0-9]+\.[0-9]+ ]]
}
