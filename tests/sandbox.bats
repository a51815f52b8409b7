# The sandbox Action Network itself: what the other tests stand on.

load helpers
load sandbox

# call METHOD PATH [BODY [CURL-OPTION...]]: sets $code, $body and the file headers.
call() {
  local method=$1 path=$2
  local options=(--silent --noproxy '*' --max-time 20 --request "$method" --dump-header headers
    --output body --write-out '%{http_code}' --header "OSDI-API-Token: $AN_API_KEY")
  [ $# -lt 3 ] || [ -z "$3" ] || options+=(--header 'Content-Type: application/json' --data-binary "$3")
  shift $(($# < 3 ? $# : 3))
  : >body
  code=$(curl "${options[@]}" "$@" "$AN_API_URL$path") && curl_status=0 || curl_status=$?
  body=$(cat body)
}

# sign_up EMAIL [PERSON-FIELDS]: posts a person; sets $id.
sign_up() {
  call POST /people "$(jq -nc --arg email "$1" --argjson more "${2-{\}}" \
    '{person: ({email_addresses: [{address: $email}]} + $more)}')"
  id=$(jq -r '.identifiers[0] | ltrimstr("action_network:")' <<<"$body" 2>/dev/null) || id=
}

# is FILTER VALUE: the answer holds this.
is() {
  [ "$(jq -rc "$1" <<<"$body")" = "$2" ] || { echo "$1 is not $2 in: $code $body" >&2; return 1; }
}

# ---- the person signup helper ----

@test "a new address makes a person: subscribed, with an id, created when it was modified" {
  start_sandbox
  sign_up Rosa@Example.org '{"given_name":"Rosa","custom_fields":{"is_member":"True"}}'
  [ "$code" = 200 ]
  is '.given_name' Rosa
  is '.email_addresses' '[{"primary":true,"address":"rosa@example.org","status":"subscribed"}]'
  is '.custom_fields.is_member' True
  is '.created_date == .modified_date' true
  is '.created_date | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$")' true
  [[ $id =~ ^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$ ]]
  grep -qi '^content-type: application/hal+json' headers
}

@test "a known address, however it is spelt, updates that person and keeps what was not sent" {
  start_sandbox
  sign_up rosa@example.org '{"given_name":"Rosa","custom_fields":{"a":"1","b":"2"}}'
  first=$id
  sign_up ROSA@example.org '{"family_name":"Luxemburg","custom_fields":{"b":"3"}}'
  [ "$id" = "$first" ]
  is '[.given_name, .family_name, .custom_fields.a, .custom_fields.b]' '["Rosa","Luxemburg","1","3"]'
  is '.created_date < .modified_date' true
  [ "$(sandbox_people | wc -l)" -eq 1 ]
}

@test "an existing person's subscription changes only when a status is sent" {
  start_sandbox
  sandbox_post people '[{"email":"rosa@example.org","status":"unsubscribed"}]'
  sign_up rosa@example.org
  is '.email_addresses[0].status' unsubscribed
  call POST /people '{"person":{"email_addresses":[{"address":"rosa@example.org","status":"subscribed"}]}}'
  is '.email_addresses[0].status' subscribed
  call POST /people '{"person":{"email_addresses":[{"address":"karl@example.org","status":"unsubscribed"}]}}'
  is '.email_addresses[0].status' unsubscribed
}

@test "tags that the group has are set and removed, others are ignored without a word" {
  start_sandbox --tag member --tag old
  call POST /people '{"person":{"email_addresses":[{"address":"a@example.org"}]},"add_tags":["member","old","no such tag"]}'
  [ "$code" = 200 ]
  call POST /people '{"person":{"email_addresses":[{"address":"a@example.org"}]},"remove_tags":["old"]}'
  [ "$(sandbox_person a@example.org | jq -c .tags)" = '["member"]' ]
  [ "$(jq -c 'select(.n == 1).ignored' "$SANDBOX_LOG")" = '["add_tags.no such tag"]' ]
}

@test "a custom field that the group has never seen is added, or dropped where so configured" {
  start_sandbox --custom-field known
  sign_up a@example.org '{"custom_fields":{"known":"1","new":"2"}}'
  is '.custom_fields' '{"known":"1","new":"2"}'
  call GET /metadata/custom_fields
  is '[.["action_network:custom_fields"][].name]' '["known","new"]'
  stop_sandbox
  start_sandbox --custom-field known --drop-unknown-fields
  sign_up a@example.org '{"custom_fields":{"known":"1","new":"2"}}'
  is '.custom_fields' '{"known":"1"}'
  call GET /metadata/custom_fields
  is '[.["action_network:custom_fields"][].name]' '["known"]'
}

@test "custom field values are stored as strings" {
  start_sandbox
  sign_up a@example.org '{"custom_fields":{"number":12,"truth":true,"text":"True"}}'
  is '.custom_fields' '{"number":"12","truth":"true","text":"True"}'
}

@test "country becomes US when any part of an address is sent without one" {
  start_sandbox
  sign_up a@example.org '{"postal_addresses":[{"postal_code":"02139"}]}'
  is '.postal_addresses[0] | [.postal_code, .country]' '["02139","US"]'
  sign_up b@example.org '{"postal_addresses":[{"locality":"Paris","country":"FR"}]}'
  is '.postal_addresses[0].country' FR
  sign_up c@example.org
  is '.postal_addresses[0].country' null
}

@test "told to normalize, it stores places by their letters, ZIP codes without +4, domains in ASCII, and fields by its own names" {
  start_sandbox --normalize --custom-field phone
  sign_up 'JÖRG@bücher.example' '{"postal_addresses":[{"region":"Massachusetts","postal_code":"02139-1234","country":"USA"}],"custom_fields":{"Phone":"1"}}'
  is '.email_addresses[0].address' 'jörg@xn--bcher-kva.example'
  is '.postal_addresses[0] | [.region, .postal_code, .country]' '["MA","02139","US"]'
  is .custom_fields '{"phone":"1"}'
  call GET "/people?filter=$(jq -rn '"email_address eq '"'Jörg@BÜCHER.example'"'" | @uri')"
  is '._embedded["osdi:people"] | length' 1
}

@test "two people with addresses cannot share a number: the older one loses it" {
  start_sandbox
  sign_up old@example.org '{"phone_numbers":[{"number":"(617) 555-0100"}]}'
  is '.phone_numbers[0].number' 16175550100
  sign_up new@example.org '{"phone_numbers":[{"number":"617-555-0100"}]}'
  is '.phone_numbers[0].number' 16175550100
  [ "$(sandbox_person old@example.org | jq -c .phone_numbers)" = '[]' ]
}

@test "a person of only a number is found by it, and becomes one with the address that shares it" {
  start_sandbox
  call POST /people '{"person":{"given_name":"Rosa","phone_numbers":[{"number":"6175550100"}]}}'
  is .email_addresses '[]'
  first=$(jq -r .identifiers[0] <<<"$body")
  sign_up rosa@example.org '{"phone_numbers":[{"number":"6175550100"}]}'
  is '[.identifiers[0], .given_name]' "[\"$first\",\"Rosa\"]"
  sign_up karl@example.org
  call POST /people '{"person":{"family_name":"X","phone_numbers":[{"number":"6175550199"}]}}'
  sign_up karl@example.org '{"phone_numbers":[{"number":"6175550199"}]}'
  is '.family_name' X
  [ "$(sandbox_people | wc -l)" -eq 2 ]
}

@test "what is no person is refused with 400 and an error, and changes nothing" {
  start_sandbox
  for sent in '{"person":{"email_addresses":[{"address":"no at sign"}]}}' \
    '{"person":{"email_addresses":[{"address":"a b@example.org"}]}}' \
    '{"person":{"email_addresses":[{"address":"a@b@example.org"}]}}' \
    '{"person":{"email_addresses":["a@example.org"]}}' \
    '{"person":{"given_name":{},"email_addresses":[{"address":"a@example.org"}]}}' \
    '{"person":{"custom_fields":[1],"email_addresses":[{"address":"a@example.org"}]}}' \
    '{"person":{"given_name":"Nobody"}}' '{"email_addresses":[{"address":"a@example.org"}]}' \
    '{"person":' '[]' '"text"'; do
    call POST /people "$sent"
    [ "$code" = 400 ]
    is '.error | type' string
  done
  call POST /people '' --header 'Content-Type: text/plain' --data-binary '{"person":{"email_addresses":[{"address":"a@example.org"}]}}'
  [ "$code" = 400 ]
  has "$body" Content-Type
  [ -z "$(sandbox_people)" ]
}

# ---- PUT and GET of one person ----

@test "PUT keeps what is not sent, removes what is null, and cannot remove the address" {
  start_sandbox
  sign_up a@example.org '{"given_name":"A","family_name":"B","custom_fields":{"x":"1","y":"2"},"postal_addresses":[{"locality":"Boston","region":"MA"}]}'
  call PUT "/people/$id" '{"family_name":null,"email_addresses":null,"custom_fields":{"x":null},"postal_addresses":[{"region":null}]}'
  [ "$code" = 200 ]
  is '[.given_name, has("family_name"), .email_addresses[0].address, .custom_fields]' '["A",false,"a@example.org",{"y":"2"}]'
  is '.postal_addresses[0]' '{"primary":true,"locality":"Boston","country":"US"}'
  call GET "/people/$id"
  is '[.given_name, .custom_fields.y]' '["A","2"]'
}

@test "PUT takes the bare person: one wrapped as for the signup helper changes nothing" {
  start_sandbox
  sign_up a@example.org
  call PUT "/people/$id" '{"person":{"given_name":"A"}}'
  [ "$code" = 200 ]
  is 'has("given_name")' false
  [ "$(jq -c 'select(.n == 2).ignored' "$SANDBOX_LOG")" = '["person"]' ]
}

@test "PUT changes the address when the new one is free, and drops just that when it is taken" {
  start_sandbox
  sign_up taken@example.org
  sign_up a@example.org
  call PUT "/people/$id" '{"email_addresses":[{"address":"free@example.org"}]}'
  is '.email_addresses[0].address' free@example.org
  call PUT "/people/$id" '{"given_name":"A","email_addresses":[{"address":"taken@example.org"}]}'
  [ "$code" = 200 ]
  is '[.given_name, .email_addresses[0].address]' '["A","free@example.org"]'
  before=$id
  sign_up a@example.org
  [ "$id" != "$before" ]
}

@test "told to refuse taken addresses, it answers PUT with 400 and changes nothing" {
  start_sandbox --refuse-taken
  sign_up fred@example.org
  sign_up rosa@example.org '{"given_name":"Rosa"}'
  call PUT "/people/$id" '{"email_addresses":[{"address":"fred@example.org"}],"given_name":"R"}'
  [ "$code" = 400 ]
  is .error 'Email address has already been taken'
  [ "$(sandbox_person rosa@example.org | jq -r .given_name)" = Rosa ]
}

@test "PUT of custom fields alone is an unexplained 500, unless it is told to be lenient" {
  start_sandbox
  sign_up a@example.org
  call PUT "/people/$id" '{"custom_fields":{"x":"1"}}'
  [ "$code" = 500 ]
  [ "$(sandbox_person a@example.org | jq -c .custom_fields)" = '{}' ]
  call PUT "/people/$id" '{"custom_fields":{"x":"1"},"email_addresses":[{"address":"a@example.org"}]}'
  is .custom_fields.x 1
  stop_sandbox
  start_sandbox --lenient-put
  sign_up a@example.org
  call PUT "/people/$id" '{"custom_fields":{"x":"1"}}'
  is .custom_fields.x 1
}

@test "an unknown person, path or method has an answer that is not JSON" {
  start_sandbox
  call PUT /people/00000000-0000-4000-8000-000000000000 '{"given_name":"A"}'
  [ "$code" = 404 ]
  [[ $body == '<!DOCTYPE'* ]]
  call GET /people/00000000-0000-4000-8000-000000000000
  [ "$code" = 404 ]
  call GET /nowhere
  [ "$code" = 404 ]
  call DELETE /people
  [ "$code" = 405 ]
}

# ---- GET /people ----

@test "the filter finds one address in whatever case, decoded as a form, apostrophes doubled" {
  start_sandbox
  for address in rosa+x@example.org o\'hara@example.org other@example.org; do sign_up "$address"; done
  found() { call GET "/people?filter=$1"; jq -rc '[._embedded["osdi:people"][].email_addresses[0].address]' <<<"$body"; }
  [ "$(found 'email_address%20eq%20%27Rosa%2Bx%40Example.org%27')" = '["rosa+x@example.org"]' ]
  [ "$(found 'email_address+eq+%27other@example.org%27')" = '["other@example.org"]' ]
  [ "$(found "email_address+eq+'o''hara@example.org'")" = "[\"o'hara@example.org\"]" ]
  [ "$(found "email_address+eq+'rosa+x@example.org'")" = '[]' ]
  [ "$(found "email_address+eq+'other'")" = '[]' ]
}

@test "a malformed filter is refused" {
  start_sandbox
  for filter in "email_address+eq+'o'hara@example.org'" "email_address+eq+a@example.org" \
    "email_address+ne+'a@example.org'" "email_address+eq+'a" ''; do
    call GET "/people?filter=$filter"
    [ "$code" = 400 ]
    is '.error | type' string
  done
}

@test "a page holds 25 people at most, and an empty one ends the collection" {
  start_sandbox
  jq -nc '[range(60) | {email: "p\(.)@example.org"}]' >people.json
  sandbox_post people @people.json
  seen=()
  for page in 1 2 3 4; do
    call GET "/people?page=$page"
    seen+=("$(jq '._embedded["osdi:people"] | length' <<<"$body")")
  done
  [ "${seen[*]}" = '25 25 10 0' ]
  call GET /people
  is '._links.next.href' "$AN_API_URL/people?page=2"
  is 'has("total_records")' false
  call GET '/people?page=2&per_page=7'
  is '[.per_page, (._embedded["osdi:people"] | length)]' '[7,7]'
  call GET '/people?per_page=1000'
  is '[.per_page, (._embedded["osdi:people"] | length)]' '[25,25]'
  call GET '/people?per_page=0'
  [ "$code" = 400 ]
}

# everybody: the addresses on all pages, in their order.
everybody() {
  local page=1
  while call GET "/people?page=$page" && is '.page' "$page" && [ "$(jq '._embedded["osdi:people"] | length' <<<"$body")" -gt 0 ]; do
    jq -r '._embedded["osdi:people"][].email_addresses[0].address' <<<"$body"
    page=$((page + 1))
  done
}

@test "the pages have an order that means nothing, and stays" {
  start_sandbox
  jq -nc '[range(60) | {email: "p\(.)@example.org"}]' >people.json
  sandbox_post people @people.json
  everybody >first
  everybody >second
  cmp first second
  jq -r '.[].email' people.json >seeded
  run ! cmp -s first seeded
  diff <(sort first) <(sort seeded)
}

@test "pages shift when somebody comes or goes in between" {
  start_sandbox
  jq -nc '[range(60) | {email: "p\(.)@example.org"}]' >people.json
  sandbox_post people @people.json
  everybody >before
  sandbox_post remove "$(head -n 1 before | jq -R '[.]')"
  run ! sandbox_person "$(head -n 1 before)"
  everybody >after
  cmp <(tail -n +2 before) after
  run sandbox_post remove '["nobody@example.org"]'
  [ "$status" -ne 0 ]
  sandbox_post settings '{"churn":1}'
  call GET /people
  sandbox_get people | jq -e 'map(select(.email_addresses[0].address | startswith("passer-"))) | length > 0'
}

@test "a filter by date finds who was created or changed before, then or after" {
  start_sandbox
  sandbox_post people '[{"email":"a@example.org","created_date":"2026-11-01T00:00:00Z","modified_date":"2026-11-02T00:00:00Z"},
    {"email":"b@example.org","created_date":"2026-11-03T00:00:00Z","modified_date":"2026-11-09T00:00:00Z"}]'
  found() { call GET "/people?filter=${1// /+}"; jq -rc '[._embedded["osdi:people"][].email_addresses[0].address] | sort' <<<"$body"; }
  [ "$(found "modified_date gt '2026-11-02T00:00:00Z'")" = '["b@example.org"]' ]
  [ "$(found "modified_date ge '2026-11-02T00:00:00Z'")" = '["a@example.org","b@example.org"]' ]
  [ "$(found "created_date lt '2026-11-03T00:00:00Z'")" = '["a@example.org"]' ]
  sign_up a@example.org
  [ "$(found "modified_date gt '2026-11-10T00:00:00Z'")" = '["a@example.org"]' ]
  call GET "/people?filter=modified_date+gt+'yesterday'"
  [ "$code" = 400 ]
}

# ---- the door ----

@test "the entry point names the signup helper" {
  start_sandbox
  call GET /
  is '._links["osdi:person_signup_helper"].href' "$AN_API_URL/people"
}

@test "a missing or refused key is 403 and comes back in the message, but never into the log" {
  start_sandbox
  run curl -s --noproxy '*' -w ' %{http_code}' "$AN_API_URL/people"
  has "$output" 'API Key invalid or not present' ' 403'
  AN_API_KEY=wrong-key-xyzzy sign_up a@example.org
  [ "$code" = 403 ]
  is .error 'API Key invalid or not present wrong-key-xyzzy'
  call GET /people
  [ "$(sandbox_get log | jq -c '[.[].key]')" = '["missing","wrong","right"]' ]
  run ! grep -e xyzzy -e "$AN_API_KEY" "$SANDBOX_LOG"
  [ -z "$(sandbox_people)" ]
}

@test "requests over the rate are refused, every second one with Retry-After, and nothing is applied" {
  start_sandbox --rate 3
  # One process and one connection, so that all come within a second on a busy machine too.
  curl --silent --noproxy '*' --dump-header headers --output answers --header "OSDI-API-Token: $AN_API_KEY" \
    --header 'Content-Type: application/json' --data '{"person":{"email_addresses":[{"address":"p@example.org"}]}}' \
    "$AN_API_URL/people?n=[1-7]"
  tr -d '\r' <headers | sed -n 's/^HTTP[^ ]* \([0-9]*\).*/\1/p; s/^[Rr]etry-[Aa]fter: /wait /p' >seen
  [ "$(paste -sd' ' seen)" = '200 200 200 429 429 wait 1 429 429 wait 1' ]
  [ "$(sandbox_get log | jq -c 'map(select(.status == 200)) | length')" -eq 3 ]
  [ "$(sandbox_people | wc -l)" -eq 1 ]
  sandbox_get stats | jq -e '.too_many == 4 and .most_in_a_second == 7'
  sleep 1
  sign_up later@example.org
  [ "$code" = 200 ]
}

@test "a client that keeps to the rate is never refused" {
  start_sandbox --rate 10
  curl --silent --noproxy '*' --rate 10/s --header "OSDI-API-Token: $AN_API_KEY" --output /dev/null \
    "$AN_API_URL/people?page=[1-15]"
  sandbox_get stats | jq -e '.statuses == {"200": 15} and .most_in_a_second == 10'
}

@test "slow requests are served side by side, and the most at a time is known" {
  start_sandbox --latency 0.5
  SECONDS=0
  curl --silent --noproxy '*' --parallel --parallel-immediate --parallel-max 8 --header "OSDI-API-Token: $AN_API_KEY" \
    --output /dev/null "$AN_API_URL/people?page=[1-8]"
  [ "$SECONDS" -le 2 ]
  [ "$(sandbox_get stats | jq .most_in_flight)" -eq 8 ]
}

# ---- faults ----

@test "a one-shot fault hits the next requests that fit, and no other" {
  start_sandbox
  sandbox_fault 500 2 rosa
  sign_up karl@example.org
  [ "$code" = 200 ]
  for expected in 500 500 200; do
    sign_up rosa@example.org
    [ "$code" = "$expected" ]
  done
  sandbox_post faults '{"next":[{"kind":"400","method":"PUT","skip":1}]}'
  codes=''
  for _ in 1 2 3; do
    call PUT "/people/$id" '{"given_name":"R"}'
    codes+="$code "
  done
  [ "$codes" = '200 400 200 ' ]
  [ "$(sandbox_get log | jq -c '[.[] | .fault // empty]')" = '["500","500","400"]' ]
}

@test "a fault before the request is carried out changes nothing, one after it does" {
  start_sandbox
  for kind in 500 503 429 400 cut-before garbage; do
    sandbox_fault $kind
    sign_up "before@example.org"
    [ -z "$(sandbox_people)" ]
  done
  for kind in 500-applied 503-applied cut-after garbage-applied truncated slow; do
    sandbox_post faults "{\"next\":[{\"kind\":\"$kind\",\"seconds\":0.1}]}"
    sign_up "$kind@example.org" || true
    sandbox_person "$kind@example.org"
  done
}

@test "each fault is answered as it should be" {
  start_sandbox
  expect() { # KIND CURL-STATUS CODE
    sandbox_fault "$1"
    call POST /people '{"person":{"email_addresses":[{"address":"a@example.org"}]}}'
    [ "$curl_status $code" = "$2 $3" ] || { echo "$1: $curl_status $code" >&2; return 1; }
  }
  expect cut-before 52 000
  expect cut-after 52 000
  expect truncated 18 200
  expect garbage 0 200
  [[ $body == '<!DOCTYPE'* ]]
  expect garbage-applied 0 200
  [[ $body == '<!DOCTYPE'* ]]
  expect 500 0 500
  expect 500-applied 0 500
  expect 503 0 503
  grep -qi '^retry-after: 1' headers
  expect 429 0 429
  expect 400 0 400
  expect 403 0 403
  has "$body" "$AN_API_KEY"
  sandbox_get stats | jq -e '.faults["cut-after"] == 1 and .statuses["0"] == 2'
}

@test "Retry-After is what the test says" {
  start_sandbox
  sandbox_post faults '{"next":[{"kind":"429","retry_after":7},{"kind":"503","retry_after":null}]}'
  call GET /
  grep -qi '^retry-after: 7' headers
  call GET /
  [ "$code" = 503 ]
  run ! grep -i '^retry-after' headers
}

@test "a slow answer comes when it was said, and is counted as in flight" {
  start_sandbox
  sandbox_post faults '{"next":[{"kind":"slow","seconds":30}]}'
  sign_up a@example.org '{}' & first=$!
  until [ "$(sandbox_get log | jq length)" = 1 ]; do sleep 0.02; done
  [ "$(sandbox_get stats | jq .in_flight)" = 1 ]
  SECONDS=0
  call GET /
  [ "$code" = 200 ]
  stop_sandbox
  [ "$SECONDS" -lt 5 ]
  wait $first || true
}

@test "faults by chance come at about their probability, and the same again with the same seed" {
  start_sandbox --fault 500=0.2 --fault 429=0.1 --seed 42
  many() {
    curl --silent --noproxy '*' --header "OSDI-API-Token: $AN_API_KEY" --output /dev/null "$AN_API_URL/people?page=[1-300]"
    sandbox_get log | jq -c 'map(.status)'
  }
  first=$(many)
  jq -e '(map(select(. == 500)) | length) as $n | $n > 35 and $n < 90' <<<"$first"
  jq -e '(map(select(. == 429)) | length) as $n | $n > 12 and $n < 55' <<<"$first"
  stop_sandbox
  start_sandbox --fault 500=0.2 --fault 429=0.1 --seed 42
  [ "$(many)" = "$first" ]
}

@test "a fault that does not exist is refused" {
  start_sandbox
  run ! sandbox_fault explode
  run ! sandbox_post faults '{"random":{"200":1}}'
  run -2 python3 -B "$SANDBOX_PROGRAM" --fault explode=1
}

# ---- Slack ----

@test "the webhook keeps messages and answers ok" {
  start_sandbox
  run curl -s --noproxy '*' -H 'Content-Type: application/json' -d '{"text":"Grüße","blocks":[]}' "$SANDBOX_URL/slack/T0/B0/x"
  [ "$output" = ok ]
  run curl -s --noproxy '*' -w ' %{http_code}' -d '{"blocks":[]}' "$SANDBOX_URL/slack/T0/B0/x"
  [ "$output" = 'no_text 400' ]
  run curl -s --noproxy '*' -w ' %{http_code}' -d 'not JSON' "$SANDBOX_URL/slack/T0/B0/x"
  [ "$output" = 'invalid_payload 400' ]
  [ "$(sandbox_get slack)" = '[{"text":"Grüße","blocks":[]}]' ]
}

@test "the webhook's faults are its own" {
  start_sandbox
  for kind in slack-429 slack-500 slack-404; do sandbox_fault $kind; done
  call GET /
  [ "$code" = 200 ]
  got=''
  for _ in 1 2 3 4; do
    got+="$(curl -s --noproxy '*' -D headers -w ' %{http_code}' -d '{"text":"x"}' "$SANDBOX_URL/slack/x"), "
    [[ $got != 'rate_limited 429, ' ]] || grep -qi '^retry-after: 1' headers
  done
  [ "$got" = 'rate_limited 429, server_error 500, no_service 404, ok 200, ' ]
  [ "$(sandbox_get slack | jq length)" = 1 ]
}

# ---- memory, and the program ----

@test "the log tells each request: when, what, how it was answered, whom it concerned" {
  start_sandbox
  sign_up a@example.org
  call GET "/people?filter=email_address+eq+'a@example.org'"
  sandbox_get log >log
  jq -e --arg id "$id" '.[0] | .n == 1 and .method == "POST" and .path == "/api/v2/people" and .status == 200
    and .fault == null and .id == $id and .did == "created" and (.time | startswith("20"))
    and .body.person.email_addresses[0].address == "a@example.org"' log
  jq -e --arg id "$id" '.[1] | .query.filter == "email_address eq '"'a@example.org'"'" and .id == $id' log
  same_json "$(jq -c '.[]' log)" "$(cat "$SANDBOX_LOG")"
  [ "$(sandbox_requests)" = 2 ]
  [ "$(sandbox_requests POST '/people$')" = 1 ]
  [ "$(sandbox_requests '' '/slack/')" = 0 ]
}

@test "a saved state is there again after a restart, also after SIGTERM" {
  start_sandbox --state state.json --tag member
  call POST /people '{"person":{"given_name":"A","email_addresses":[{"address":"a@example.org"}],"phone_numbers":[{"number":"6175550100"}],"custom_fields":{"x":"1"},"postal_addresses":[{"locality":"Boston"}]},"add_tags":["member"]}'
  curl -s --noproxy '*' -d '{"text":"hello"}' "$SANDBOX_URL/slack/x"
  before=$(sandbox_get people | jq 'del(.[]._links)')
  sandbox_post save
  jq -e '.people | length == 1' state.json
  stop_sandbox
  start_sandbox --state state.json
  same_json "$(sandbox_get people | jq 'del(.[]._links)')" "$before"
  [ "$(sandbox_get slack | jq -r '.[0].text')" = hello ]
}

@test "reset forgets people, requests, messages and faults" {
  start_sandbox
  sign_up a@example.org
  sandbox_fault 500
  sandbox_post reset
  [ -z "$(sandbox_people)" ]
  [ "$(sandbox_requests)" = 0 ]
  call GET /
  [ "$code" = 200 ]
}

@test "settings change while it runs" {
  start_sandbox
  sandbox_post settings '{"key":"another","tags":["t"]}'
  call GET /
  [ "$code" = 403 ]
  run ! sandbox_post settings '{"colour":"red"}'
}

@test "a connection is kept alive until the client asks to close it" {
  start_sandbox
  run curl -sv --noproxy '*' -H "OSDI-API-Token: $AN_API_KEY" -o /dev/null -o /dev/null "$AN_API_URL/" "$AN_API_URL/"
  has "$output" 'Re-using existing'
  run curl -sv --noproxy '*' -H 'Connection: close' -H "OSDI-API-Token: $AN_API_KEY" -o /dev/null -o /dev/null "$AN_API_URL/" "$AN_API_URL/"
  [[ $output != *'Re-using existing'* ]]
  has "$output" '< Connection: close'
}

@test "what is not HTTP, has no length or is too long is refused, and the server lives on" {
  start_sandbox
  port=${SANDBOX_URL##*:}
  # shellcheck disable=SC2059
  ask() { exec 9<>"/dev/tcp/127.0.0.1/$port"; printf "$1" >&9; head -n 1 <&9 | tr -d '\r'; exec 9>&-; }
  [ "$(ask 'nonsense\r\n')" = 'HTTP/1.1 400 Bad Request' ]
  [ "$(ask 'POST /api/v2/people HTTP/1.1\r\n\r\n')" = 'HTTP/1.1 411 Length Required' ]
  [[ $(ask 'POST /api/v2/people HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n') == 'HTTP/1.1 413 '* ]]
  [ "$(ask 'POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n')" = 'HTTP/1.1 501 Not Implemented' ]
  exec 9<>"/dev/tcp/127.0.0.1/$port"
  printf 'POST /api/v2/people HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc' >&9
  exec 9>&-
  call GET /
  [ "$code" = 200 ]
  [ "$(sandbox_requests)" = 1 ]
}

@test "it ends when the process that it belongs to has ended" {
  bash -c '. "$1"; start_sandbox && echo "$SANDBOX_PID"' _ "$BATS_TEST_DIRNAME/sandbox.bash" >pid
  pid=$(cat pid)
  within 5 gone "$pid" || { kill "$pid"; false; }
}

@test "the port file names the port that the kernel chose" {
  start_sandbox --port-file port
  [ "$SANDBOX_URL" = "http://127.0.0.1:$(cat port)" ]
}

@test "a wrong option is refused, and --help says what there is" {
  run -2 python3 -B "$SANDBOX_PROGRAM" --nonsense
  run -0 python3 -B "$SANDBOX_PROGRAM" --help
  has "$output" --rate --latency --fault --state
}
