#!/usr/bin/env bats
# An export against the people whom Action Network really has.

load helpers
load sandbox
load records

setup() {
  common_setup
  export AN_FIELD_MAP=$BATS_TEST_TMPDIR/map.json
  cat >"$AN_FIELD_MAP" <<'MAP'
{"email": "email", "given_name": "first_name", "region": "state", "postal_code": {"from": "zip", "as": "zip"},
 "custom_fields": {"AK_ID": {"from": ["akid", "ak_id"]}, "Phone": "phone", "is_member": {"value": "True"}}}
MAP
}

# members FIRST LAST: the rows of an export for memberN@example.org, with its header.
members() {
  echo email,first_name,phone,akid
  seq "$1" "$2" | awk '{ printf "member%d@example.org,Name %d,%d,%d\n", $1, $1, $1, 1000 + $1 }'
}

# group FIRST LAST [FILTER]: the same people in Action Network. FILTER is jq's, applied to each, with $n at hand.
group() {
  jq -nc --argjson first "$1" --argjson last "$2" '[range($first; $last + 1) as $n |
    {email: "member\($n)@example.org", given_name: "Name \($n)",
     custom_fields: {Phone: "\($n)", AK_ID: "\(1000 + $n)", is_member: "True"}} | '"${3-.}"']' >group.json
  sandbox_post people @group.json
}

# found [FILTER]: of the records in $output, "change key", or what FILTER makes of them.
found() {
  local filter='select(.change) | "\(.change) \(.key)"'
  jq -rc "${1-$filter}" <<<"$output"
}

# ---- what is found ----

@test "who is missing, who differs in what, and who is a member there alone, on however many pages" {
  start_sandbox
  group 1 130
  members 3 132 >export.csv
  sandbox_edit member7@example.org '{"custom_fields":{"Phone":"617"},"given_name":"Rosa"}'
  sandbox_edit member130@example.org '{"email_addresses":[{"address":"member130@example.org"}],"custom_fields":{"is_member":"False"}}'
  id=$(sandbox_person member7@example.org | jq -r .id)
  run -0 --separate-stderr an-diff -r 0 export.csv
  [ -z "$stderr" ]
  [ "$(found)" = 'updated member7@example.org
updated member130@example.org
new member131@example.org
new member132@example.org
lapsed member1@example.org
lapsed member2@example.org' ]
  same_json "$(found 'select(.key == "member7@example.org")')" \
    '{"change":"updated","key":"member7@example.org","row":{"email":"member7@example.org","first_name":"Name 7","phone":"7",
      "akid":"1007","action_network_id":"'"$id"'"},"was":{},"drift":{"given_name":{"is":"Rosa","should":"Name 7"},
      "custom_fields.Phone":{"is":"617","should":"7"}}}'
  same_json "$(found 'select(.change == "new") | select(.key == "member131@example.org")')" \
    '{"change":"new","key":"member131@example.org","row":{"email":"member131@example.org","first_name":"Name 131","phone":"131","akid":"1131"}}'
  same_json "$(found 'select(.key == "member1@example.org")')" '{"change":"lapsed","key":"member1@example.org",
    "row":{"email":"member1@example.org","action_network_id":"'"$(sandbox_person member1@example.org | jq -r .id)"'"}}'
  same_json "$(tail -n 1 <<<"$output")" '{"summary":{"people":130,"older":130,"newer":130,"unchanged":126,"new":2,
    "updated":2,"lapsed":2,"skipped":0}}'
  [ "$(jq -r .method "$SANDBOX_LOG" | sort | uniq -c | awk '{ print $2 }' | xargs)" = 'GET PUT' ]
  [ "$(sandbox_requests PUT)" -eq 2 ]
}

@test "the order is the export's, whatever order the pages come in" {
  start_sandbox --latency 0.01
  group 1 300
  { members 1 0; members 5 400 | tail -n +2 | sort -R; } >export.csv
  run -0 an-diff -r 0 -j 50 export.csv
  cp export.csv again.csv
  first=$output
  run -0 an-diff -r 0 -j 1 export.csv
  [ "$output" = "$first" ]
  [ "$(found 'select(.change == "new").key')" = "$(grep -oE '^member(30[1-9]|3[1-9]|4)[0-9]*@[^,]*' export.csv | grep -E 'member[34][0-9]{2}@' |
    grep -v '^member300@')" ]
}

@test "of what Action Network writes in its own way, nothing is a difference" {
  start_sandbox
  sandbox_post people '[{"email":"rosa@example.org","given_name":"Rosa","postal_addresses":[{"region":"Massachusetts",
    "postal_code":"02139-1234"}],"custom_fields":{"ak_id":"1","PHONE":"617","is_member":"True"}}]'
  printf 'email,first_name,state,zip,phone,akid\nRosa@Example.ORG,Rosa,ma,2139,617,1\n' >export.csv
  run -0 --separate-stderr an-diff -r 0 -e export.csv
  [ "$(jq -c .summary.unchanged <<<"$output")" = 1 ]
}

@test "an empty field asks for nothing" {
  start_sandbox
  group 1 1
  printf 'email,first_name,phone\nmember1@example.org,,\n' >export.csv
  run -0 an-diff -r 0 -e export.csv
}

@test "of an address that stands in several rows, one must agree; else the first one counts" {
  start_sandbox
  group 1 2
  printf 'email,phone\nmember1@example.org,7\nMember1@example.org,1\nmember2@example.org,8\nmember2@example.org,9\nnew@example.org,1\nNEW@example.org,2\n' >export.csv
  run -0 --separate-stderr an-diff -r 0 export.csv
  [ "$(found 'select(.change) | [.key, .row.phone]')" = '["member2@example.org","8"]
["new@example.org","1"]' ]
  [ "$(found 'select(.summary).summary | [.newer, .unchanged]')" = '[3,1]' ]
}

@test "people who are no members are nobody's business" {
  start_sandbox
  group 1 60 'if $n > 1 then .custom_fields.is_member = (if $n % 2 == 0 then "False" else "" end) else . end'
  members 1 1 >export.csv
  run -0 an-diff -r 0 -e export.csv
  [ "$(found 'select(.summary).summary | [.people, .older]')" = '[60,1]' ]
}

@test "an empty group misses everybody" {
  start_sandbox
  members 1 3 | an-diff -r 0 >out
  [ "$(jq -r .change out | xargs)" = 'new new new null' ]
}

@test "a row without an address is skipped with its line" {
  start_sandbox
  group 1 1
  printf 'email,first_name\nmember1@example.org,\n,Nobody\n' >export.csv
  run -0 an-diff -r 0 export.csv
  [ "$(found 'select(.change) | [.change, .line, .row.first_name]')" = '["skipped",3,"Nobody"]' ]
}

@test "who agrees is written with --all as acknowledged, and the roster takes note of it" {
  start_sandbox
  group 1 30
  members 1 31 >export.csv
  sandbox_edit member9@example.org '{"custom_fields":{"Phone":"617"},"email_addresses":[{"address":"member9@example.org"}]}'
  an-diff -r 0 --all export.csv >changes
  jq -c 'select(.key == "member1@example.org") | [.change, .was, .result.status, .result.id, .result.map]' changes >agrees
  [ "$(sandbox_get log | jq 'map(select(.query.filter)) | length')" -eq 0 ] # what is sent finds who has the address
  [ "$(cat agrees)" = "[\"updated\",{},\"ok\",\"$(sandbox_person member1@example.org | jq -r .id)\",\"$(an-upsert --print-digest)\"]" ]
  before=$(sandbox_requests)
  an-upsert -r 0 changes | an-lapse -r 0 | roster-commit >results
  [ "$(($(sandbox_requests) - before))" -eq 2 ]
  [ "$(roster-dump | wc -l)" -eq 32 ]
  run -0 --separate-stderr csv-diff -e -f akid <(roster-dump) export.csv
  roster-dump | an-diff -r 0 -e >/dev/null
}

@test "the person of the roster's id who has another address is recognised, and comes back by it" {
  start_sandbox
  group 1 3
  members 1 3 | an-diff -r 0 --all | roster-commit >/dev/null
  sandbox_edit member2@example.org '{"email_addresses":[{"address":"other@example.org"}]}'
  run -0 --separate-stderr an-diff -r 0 <(roster-dump)
  [ "$(found 'select(.change) | [.change, .key, .was.email, .drift]')" = '["updated","member2@example.org","other@example.org",{"email_addresses":{"is":"other@example.org","should":"member2@example.org"}}]' ]
  an-upsert -r 0 <<<"$output" | an-lapse -r 0 | roster-commit >/dev/null
  [ "$(sandbox_people | jq -r '.email_addresses[0].address')" = "$(printf 'member%d@example.org\n' 1 2 3)" ]
  roster-dump | an-diff -r 0 -e >/dev/null
}

@test "where somebody else has taken the address over, that one is judged, and the other one is too many" {
  start_sandbox
  group 1 3
  members 1 3 | an-diff -r 0 --all | roster-commit >/dev/null
  sandbox_edit member2@example.org '{"email_addresses":[{"address":"other@example.org"}]}'
  sandbox_post people '[{"email":"member2@example.org","given_name":"Somebody"}]'
  run -0 --separate-stderr an-diff -r 0 <(roster-dump)
  [ "$(found)" = $'updated member2@example.org\nlapsed other@example.org' ]
  an-upsert -r 0 <<<"$output" | an-lapse -r 0 | roster-commit >/dev/null
  roster-dump | an-diff -r 0 -e >/dev/null
}

@test "an address that changed is followed by what the map keeps of the column" {
  start_sandbox
  group 1 3
  { members 1 2; echo moved@example.org,Name 3,3,1003.0; echo ,Name 2,,1002; } | sed '/^member2/d' >export.csv
  run -0 --separate-stderr an-diff -r 0 -f ak_id,akid export.csv
  [ -z "$stderr" ]
  [ "$(found 'select(.change) | [.change, .key, .was.email]')" = '["updated","moved@example.org","member3@example.org"]
["skipped",null,null]' ]
  # member2 is held: whose row lost its address is still there.
  [ "$(found 'select(.summary).summary | [.unchanged, .lapsed]')" = '[2,0]' ]
  run -0 --separate-stderr an-diff -r 0 export.csv
  [ "$(found 'select(.change == "lapsed").key' | xargs)" = 'member2@example.org member3@example.org' ]
  run -0 --separate-stderr an-diff -r 0 -f number export.csv
  has "$stderr" 'there is no column "number": nobody is followed'
}

@test "who is held, whose row lost its address, is acknowledged with --all at the address that is there" {
  start_sandbox
  group 1 2
  { echo email,first_name,phone,akid; echo ',Name 1,1,1001'; echo 'member2@example.org,Name 2,2,1002'; } >export.csv
  id=$(sandbox_person member1@example.org | jq -r .id)
  run -0 --separate-stderr an-diff -r 0 --all -f akid export.csv
  same_json "$(found 'select(.key == "member1@example.org") | del(.result.map)')" '{"change": "updated", "key": "member1@example.org",
    "row": {"email": "member1@example.org", "akid": "1001", "action_network_id": "'"$id"'"}, "was": {},
    "result": {"status": "ok", "id": "'"$id"'"}}'
  [ "$(found 'select(.change == "skipped").held')" = member1@example.org ]
  export AN_ROSTER=sqlite:$BATS_TEST_TMPDIR/roster.sqlite
  printf '%s\n' "$output" | roster-commit >/dev/null
  [ "$(roster-dump | cut -d, -f1 | sort | xargs)" = 'email member1@example.org member2@example.org' ]
  # So it is in the next week, too.
  [ "$(roster-dump | csv-diff -f akid - export.csv | jq -r 'select(.summary).summary | "\(.held) \(.lapsed)"')" = '1 0' ]
}

@test "with --since only those are judged whom somebody changed, and nobody is missing" {
  start_sandbox
  group 1 60 '. + {created_date: "2026-11-01T00:00:00Z", modified_date: "2026-11-02T00:00:00Z"}'
  members 2 70 >export.csv
  sandbox_edit member5@example.org '{"custom_fields":{"Phone":"617"},"email_addresses":[{"address":"member5@example.org"}]}'
  sandbox_edit member6@example.org '{"given_name":"Name 6"}'
  run -0 --separate-stderr an-diff -r 0 --since 2026-11-16 export.csv
  [ "$(found)" = 'updated member5@example.org' ]
  same_json "$(tail -n 1 <<<"$output")" '{"summary":{"people":2,"older":2,"newer":2,"unchanged":1,"new":0,"updated":1,"lapsed":0,"skipped":0}}'
  [ "$(sandbox_get log | jq -r 'map(select(.method == "GET").query.filter) | unique[]')" = "modified_date gt '2026-11-16T00:00:00Z'" ]
  run -0 --separate-stderr an-diff -r 0 --since 2026-11-01T12:30:00Z export.csv
  [ "$(found)" = $'updated member5@example.org\nlapsed member1@example.org' ]
}

@test "with --overrides, what organizers protect is neither compared nor too many" {
  start_sandbox
  group 1 3 '.custom_fields += {override_phone: "yes", override_is_member: "yes", Phone: "617"}'
  members 1 2 >export.csv
  run -0 an-diff -r 0 -e --overrides export.csv
  run -1 --separate-stderr an-diff -r 0 -e export.csv
  [ "$(found 'select(.change).change' | xargs)" = 'updated updated lapsed' ]
}

@test "more members too many than --max-lapse allows are refused, and nothing is written" {
  start_sandbox
  group 1 60
  members 1 50 >export.csv
  run -65 --separate-stderr an-diff -r 0 --max-lapse 9 export.csv
  [ -z "$output" ]
  [ "$stderr" = 'an-diff: export.csv: it does not name 10 of the 60 members in Action Network, and no more than 9 may lapse (--max-lapse); is it the whole export? If it is, run again with --max-lapse 10' ]
  run -0 an-diff -r 0 --max-lapse 10 export.csv
  run -65 an-diff -r 0 --max-lapse 16% export.csv
  run -0 an-diff -r 0 --max-lapse 17% export.csv
  members 1 55 >export.csv
  run -0 an-diff -r 0 --max-lapse 1% export.csv
}

@test "-p is for people" {
  start_sandbox
  group 1 4
  members 2 5 >export.csv
  sandbox_edit member2@example.org '{"custom_fields":{"Phone":null,"is_member":"False"},"email_addresses":[{"address":"member2@example.org"}]}'
  echo ',Nobody,,' >>export.csv
  run -1 --separate-stderr an-diff -r 0 -pe export.csv
  [ "$output" = '~ member2@example.org  Name 2
    custom_fields.Phone: (empty) -> 2
    custom_fields.is_member: False -> True
+ member5@example.org  Name 5
? export.csv:6: no email  Nobody
- member1@example.org
1 missing, 1 different, 1 members too many, 2 as they should be, 1 skipped: 4 people in the group' ]
}

@test "--count tells how many people there are without reading them all" {
  start_sandbox
  run -0 an-diff --count
  [ "$output" = '0 people; to read them all takes 1 seconds' ]
  group 1 1
  run -0 an-diff -r 0 --count
  [ "$output" = '1 people' ]
  for last in 25 26 637; do
    group "$((last == 25 ? 2 : last == 26 ? 26 : 27))" "$last"
    run -0 an-diff -r 0 --count
    [ "$output" = "$last people" ]
  done
  [ "$(sandbox_requests)" -lt 45 ]
}

# ---- pages that shift ----

@test "while people come and go, nobody is wrongly missing, too many, or counted twice" {
  start_sandbox --churn 0.7 --seed "$RANDOM"
  group 1 200
  members 1 200 >export.csv
  sandbox_edit member7@example.org '{"given_name":"Rosa"}'
  for _ in 1 2 3; do
    run -0 --separate-stderr an-diff -r 0 -j 3 export.csv
    [ "$(found)" = 'updated member7@example.org' ]
    [ "$(found 'select(.summary).summary | [.older, .newer, .unchanged]')" = '[200,200,199]' ]
  done
}

@test "in random groups whose pages shift, everybody is said to be what is true" {
  run -0 --separate-stderr python3 -B "$ROOT/tests/model/shifting.py" --runs 25
  [ "$output" = '25 runs: nobody wrongly said to be anything' ]
}

# ---- trouble ----

@test "429 and broken answers are tried again, at the rate that is shared" {
  start_sandbox --rate 20 --fault 500=0.1 --fault cut-after=0.1 --fault truncated=0.05
  group 1 200
  members 1 201 >export.csv
  run -0 --separate-stderr an-diff -r 18 export.csv
  [ "$(found)" = 'new member201@example.org' ]
  [ "$(sandbox_get stats | jq .most_in_a_second)" -le 19 ]
}

@test "an outage is status 69, and nothing is written as if it were complete" {
  start_sandbox
  group 1 900
  members 1 900 >export.csv
  sandbox_post faults '{"next":[{"kind":"500","count":null,"skip":20}]}'
  run -69 --separate-stderr an-diff -r 0 export.csv
  [ -z "$output" ]
  has "$stderr" 'Action Network does not'
}

@test "what a refused key said is shown without the key, status 77" {
  start_sandbox
  members 1 1 >export.csv
  AN_API_KEY=wrong-key-0123456789 run -77 --separate-stderr an-diff -r 0 export.csv
  [ -z "$output" ]
  has "$stderr" 'refused the key'
  [[ $stderr != *wrong-key* ]]
  unset AN_API_KEY
  run -78 an-diff -r 0 export.csv
}

@test "the deadline is status 75, and nothing is written" {
  start_sandbox --latency 0.2
  group 1 200
  members 1 200 >export.csv
  run -75 --separate-stderr an-diff -r 0 -j 1 --deadline 0.5 export.csv
  [ -z "$output" ]
  [ "$stderr" = 'an-diff: not finished before the deadline; run again' ]
}

@test "a signal ends it at once, and nothing is written" {
  start_sandbox --latency 0.2
  group 1 200
  members 1 200 >export.csv
  an-diff -r 0 -j 1 export.csv >out 2>err 3>&- &
  asked() { [ "$(sandbox_requests)" -gt 2 ]; }
  within 10 asked
  kill -TERM $!
  wait $! && status=0 || status=$?
  [ "$status" -eq 143 ]
  [ ! -s out ]
}

@test "what is no page of people is refused, not taken for the end" {
  start_sandbox
  members 1 1 >export.csv
  number=0
  for body in '{"page":1}' '{"page":7,"_embedded":{"osdi:people":[]}}' '{"_embedded":{"osdi:people":[{"given_name":"x"}]}}'; do
    number=$((number + 1))
    answer "odd$number" 200 "$body"
    start_canned "odd$number"
    AN_API_URL=$canned/api/v2 run -65 --separate-stderr an-diff -r 0 export.csv
    [ -z "$output" ]
    has "$stderr" "Action Network's answer"
  done
}

@test "an address that cannot be looked up is skipped, and never called missing" {
  start_sandbox
  group 1 2
  members 1 3 >export.csv
  sandbox_post faults '{"next":[{"kind":"400","count":null,"contains":"member3@"}]}'
  run -0 --separate-stderr an-diff -r 0 export.csv
  [ "$(found 'select(.change) | [.change, .line]')" = '["skipped",4]' ]
}

@test "who is a member, and by which column, is told with the options of csv-diff" {
  start_sandbox
  jq '.email = {from: ["email", "mail"]}' "$AN_FIELD_MAP" >other.json
  AN_FIELD_MAP=$PWD/other.json
  group 1 3
  printf '%s\n' 'mail,first_name,phone,akid,letter' 'MEMBER1@example.org,Name 1,1,1001,M' \
    'member2@example.org,Name 2,2,1002,L' 'member3@example.org.,Name 3,3,1003,M' >export.csv
  run -0 --separate-stderr an-diff -r 0 -k email,mail -A -w letter=M export.csv
  [ "$(found 'select(.change == "lapsed").key')" = $'member2@example.org\nmember3@example.org' ]
  [ "$(found 'select(.change == "skipped") | "\(.reason) \(.line)"')" = '"member3@example.org." is no address 4' ]
  [ "$(found 'select(.summary).summary | "\(.unchanged) \(.lapsed) \(.skipped) \(.others) \(.members)"')" = '1 2 1 1 letter=M' ]
  sed -i s/letter/other/ export.csv
  run -0 --separate-stderr an-diff -r 0 -k email,mail -W letter=M export.csv
  [ "$(found 'select(.summary).summary | "\(.unchanged) \(.others)"')" = '2 null' ]
}

@test "an export that is none is refused, with the place" {
  start_sandbox
  : >empty.csv
  run -65 --separate-stderr an-diff -r 0 empty.csv
  has "$stderr" 'empty.csv: it is empty'
  members 1 0 >header.csv
  run -65 --separate-stderr an-diff -r 0 header.csv
  has "$stderr" 'header.csv: there is nobody in it'
  { members 1 2; echo 'x,y'; members 3 4 | tail -n +2; } >ragged.csv
  run -65 --separate-stderr an-diff -r 0 ragged.csv
  has "$stderr" 'ragged.csv:4:'
  run -74 --separate-stderr an-diff -r 0 missing.csv
  [ "$(sandbox_requests)" -eq 0 ]
}

@test "a service whose pages are all the same has no end, and is not read on and on" {
  mkfifo ready
  timeout 60 python3 -B -c '
import http.server, json, sys
people = [{"identifiers": ["action_network:d32fcdd6-7366-466d-a3b8-%012d" % n],
           "email_addresses": [{"address": "p%d@example.org" % n}]} for n in range(25)]
class Same(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"_embedded": {"osdi:people": people}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *ignored):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Same)
print(server.server_port, flush=True)
server.serve_forever()' </dev/null >ready 3>&- &
  local server=$! port
  read -r -t 30 port <ready
  members 1 2 >export.csv
  export AN_API_URL=http://127.0.0.1:$port/api/v2 AN_API_KEY=key
  run -65 --separate-stderr timeout 20 an-diff -r 0 export.csv
  has "$stderr" 'is the same as another one'
  run -65 --separate-stderr timeout 20 an-diff -r 0 --count
  has "$stderr" 'page 4 of the people is the same as another one'
  kill "$server"
}

@test "a full disk is status 74, and a reader that has gone is no message" {
  start_sandbox
  group 1 60
  members 2 200 >export.csv
  run -74 --separate-stderr bash -c 'an-diff -r 0 export.csv >/dev/full'
  has "$stderr" 'an-diff: standard output: No space left on device'
  run -74 --separate-stderr bash -c 'an-diff -r 0 export.csv | :; exit "${PIPESTATUS[0]}"'
  [ -z "$stderr" ]
  run -74 bash -c 'an-diff --help >/dev/full'
  run -74 bash -c 'an-diff --count >/dev/full'
}

@test "wrong options are status 64, and --help and --version say what there is" {
  for wrong in '--since yesterday' '--since 2026-1-1' '--max-lapse many' '-r -1' '-j 0' '--nonsense' 'one two'; do
    # shellcheck disable=SC2086 # words
    run -64 --separate-stderr an-diff $wrong
    [ -z "$output" ]
    has "$stderr" 'usage: an-diff'
  done
  run -0 an-diff --help
  has "$output" 'usage: an-diff' '--since DATE'
  run -0 an-diff -V
  [[ $output == 'an-diff (an-sync) '* ]]
}
