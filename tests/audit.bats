#!/usr/bin/env bats
# an-sync audit and adopt: the roster, or an export, against Action Network itself.

load helpers
load sandbox

setup() {
  common_setup
  start_sandbox
  export SLACK_WEBHOOK_URL=$SANDBOX_URL/slack/test AN_RATE=0
}

# export_of FIRST LAST: an export of members by their number.
export_of() {
  echo 'akid,email,first_name,last_name,best_phone,mailing_city,mailing_state,mailing_zip'
  seq "$1" "$2" | awk '{ printf "%d,p%d@example.org,Person %d,Smith,617555%04d,Boston,MA,2139\n", $1, $1, $1, $1 }'
}

# group FIRST LAST: the same people in Action Network, as an-sync would have made them.
group() {
  jq -nc --argjson first "$1" --argjson last "$2" '[range($first; $last + 1) as $n |
    {email: "p\($n)@example.org", given_name: "Person \($n)", family_name: "Smith",
     postal_addresses: [{locality: "Boston", region: "MA", postal_code: "02139", country: "US"}],
     custom_fields: {AK_ID: "\($n)", Phone: ("617555" + ("000\($n)" | .[-4:])), is_member: "True"}}]' >group.json
  sandbox_post people @group.json
}

# asked [METHOD]: how many requests Action Network got.
asked() { sandbox_requests "${1-}" '^/api/'; }
fields() { sandbox_person "$1" | jq -c '.custom_fields | [.Phone, .is_member]'; }
# of KEY [FILTER]: what the last run found about somebody.
of() { jq -c --arg key "$1" "select(.key == \$key) | ${2-[.change, .drift]}" "$(find "$AN_STATE/runs" -mindepth 1 -maxdepth 1 | sort | tail -n 1)/changes.ndjson"; }

# ---- adopt ----

@test "adopt begins a group that is filled already with a request for 25 people and one for each difference" {
  group 1 500
  export_of 1 500 | sed '5s/Person 4/Rosa/;7s/Boston/Quincy/' >export.csv
  sandbox_edit p9@example.org '{"email_addresses":[{"address":"p9@example.org"}],"custom_fields":{"is_member":"False"}}'
  before=$(asked)
  run -0 --separate-stderr an-sync -r 50 adopt export.csv
  has "$output" '3 updated, 497 unchanged; 500 members.' 'Different in Action Network:' 'is_member (1 person)'
  [ "$(($(asked) - before))" -le $((500 / 25 + 3 + 5)) ]
  [ "$(sandbox_get people | jq 'map(select(.custom_fields.is_member == "True")) | length')" -eq 500 ]
  [ "$(sandbox_person p4@example.org | jq -r .given_name)" = Rosa ]
  [ "$(roster-dump | wc -l)" -eq 501 ]
  before=$(asked POST)
  run -0 an-sync export.csv
  run -0 an-sync audit
  [ "$(asked POST)" -eq "$before" ]
  [ "$(roster-dump --runs=100 | jq -c '[inputs.run] | .[-1].adopted' | tail -n 1)" = null ]
  [ "$(roster-dump --runs=100 | jq -c '.run | select(.adopted) | [.acknowledged.updated, .status]' | tail -n 1)" = '[3,0]' ]
}

@test "adopt lapses members whom the export does not name, within the guard" {
  group 1 60
  export_of 1 20 >export.csv
  run -65 --separate-stderr an-sync adopt export.csv
  has "$stderr" 'it does not name 40 of the 60 members in Action Network'
  has "$(slack_texts)" 'it does not name 40 of the 60'
  [ "$(asked PUT)" -eq 0 ]
  AN_MAX_LAPSE=40 run -0 an-sync adopt export.csv
  [ "$(sandbox_get people | jq 'map(select(.custom_fields.is_member == "True")) | length')" -eq 20 ]
}

@test "adopt takes a file; of an object and an inbox it says how they are adopted" {
  mkdir inbox
  for source in s3://bucket/key inbox; do
    run -64 --separate-stderr an-sync adopt "$source"
    has "$stderr" "an-sync: adopt takes a file or -; for $source there is AN_ADOPT=yes an-sync $source"
  done
  run -74 --separate-stderr an-sync adopt nothing.csv
  [ "$stderr" = 'an-sync: nothing.csv: there is no such file' ]
  export_of 1 60 >inbox/export.csv
  AN_ADOPT=yes run -0 --separate-stderr an-sync inbox
  has "$stderr" 'reading the group in Action Network'
}

@test "with AN_ADOPT the first sync adopts, and every later one is as ever" {
  export AN_ADOPT=true
  group 1 100
  export_of 1 101 >week1.csv
  touch -d '2026-01-05' week1.csv
  run -0 --separate-stderr an-sync week1.csv
  has "$output" '1 new, 100 unchanged'
  export_of 2 101 | sed '2s/617/857/' >week2.csv
  before=$(asked)
  run -0 an-sync week2.csv
  has "$output" '1 updated, 1 lapsed'
  [ "$(($(asked) - before))" -eq 3 ]
}

@test "adopt -n changes nothing, and says what would be sent" {
  group 1 30
  export_of 1 31 >export.csv
  run -0 --separate-stderr an-sync -n adopt export.csv
  has "$output" 'a dry run, nothing was sent; 1 would be new, 30 unchanged'
  [ ! -e "$AN_STATE" ]
  [ "$(asked POST) $(slack_texts)" = '0 ' ]
}

@test "an adoption that was killed at any moment is finished by running it again" {
  group 1 150
  export_of 1 150 | sed 's/Boston/Quincy/' >export.csv
  for moment in 0.05 0.2 0.4 0.6 0.8 1; do
    an-sync -r 100 adopt export.csv >/dev/null 2>&1 3>&- &
    job=$!
    sleep "$moment"
    kill -KILL "$job" 2>/dev/null || true
    wait "$job" || true
    # The programs of its pipe go on to their end, and hold the lock until then.
    free() { flock -n "$AN_STATE/lock" true; }
    [ ! -e "$AN_STATE/lock" ] || within 20 free
  done
  run -0 an-sync adopt export.csv
  run -0 an-sync audit
  has "$output" '150 as they should be'
  [ "$(roster-dump | tail -n +2 | grep -c Quincy)" -eq 150 ]
  [ "$(sandbox_get people | jq 'map(select(.postal_addresses[0].locality == "Quincy")) | length')" -eq 150 ]
}

# ---- audit ----

@test "audit names what people did by hand, repair heals each, and the next audit is clean and sends nothing" {
  group 1 60
  export_of 1 60 >export.csv
  run -0 an-sync adopt export.csv
  # Edited, is_member lost, a field renamed, deleted, merged into another address, a double, an address taken over.
  sandbox_edit p1@example.org '{"email_addresses":[{"address":"p1@example.org"}],"custom_fields":{"Phone":"999"}}'
  sandbox_edit p2@example.org '{"email_addresses":[{"address":"p2@example.org"}],"custom_fields":{"is_member":"False"}}'
  sandbox_edit p3@example.org '{"email_addresses":[{"address":"p3@example.org"}],"custom_fields":{"Phone":null,"Telephone":"6175550003"}}'
  sandbox_post remove '["p4@example.org"]'
  sandbox_edit p5@example.org '{"email_addresses":[{"address":"moved@example.org"}]}'
  sandbox_post people '[{"email":"p6-double@example.org","custom_fields":{"is_member":"True"}}]'
  sandbox_edit p7@example.org '{"email_addresses":[{"address":"p7-new@example.org"}]}'
  sandbox_post people '[{"email":"p7@example.org","given_name":"Stranger"}]'
  run -1 --separate-stderr an-sync audit
  [ "$output" = "Member audit: 54 as they should be, 1 missing, 5 different, 2 too many; 60 members, 61 in Action Network.
$(grep '^Different' <<<"$output")
$(grep '^Time' <<<"$output")" ]
  has "$output" 'Phone (3 people)' 'is_member (2 people)' 'email_addresses (1 person)'
  has "$(slack_texts)" '1 missing, 5 different, 2 too many'
  [ "$(of p1@example.org)" = '["updated",{"custom_fields.Phone":{"is":"999","should":"6175550001"}}]' ]
  [ "$(of p2@example.org)" = '["updated",{"custom_fields.is_member":{"is":"False","should":"True"}}]' ]
  [ "$(of p3@example.org)" = '["updated",{"custom_fields.Phone":{"is":null,"should":"6175550003"}}]' ]
  [ "$(of p4@example.org)" = '["new",null]' ]
  [ "$(of p5@example.org)" = '["updated",{"email_addresses":{"is":"moved@example.org","should":"p5@example.org"}}]' ]
  [ "$(of p6-double@example.org)" = '["lapsed",null]' ]
  [ "$(of p7@example.org '.drift.given_name.is')" = '"Stranger"' ]
  [ "$(of p7-new@example.org)" = '["lapsed",null]' ]
  [ "$(asked PUT)" -eq 5 ]
  run -0 --separate-stderr an-sync audit --repair
  has "$output" 'Member repair: 1 new, 5 updated, 2 lapsed, 54 unchanged; 60 members.'
  for n in 1 2 3 4 5 7; do
    [ "$(fields "p$n@example.org")" = "[\"617555000$n\",\"True\"]" ]
  done
  for address in p6-double p7-new; do
    [ "$(fields "$address@example.org" | jq -r '.[1]')" = False ]
  done
  run ! sandbox_person moved@example.org
  sent=$(($(asked PUT) + $(asked POST)))
  run -0 an-sync audit --repair
  run -0 an-sync audit
  run -0 an-sync -n export.csv
  has "$output" 'no changes'
  [ "$(($(asked PUT) + $(asked POST)))" -eq "$sent" ]
  # No subscription status is ever sent, and the key is nowhere but in its header.
  jq -es 'map(select(.path | startswith("/api/")).body // {} | .. | objects | has("status")) | any | not' "$SANDBOX_LOG"
  run ! grep -rq "$AN_API_KEY" "$AN_STATE" "$SANDBOX_LOG"
  run -0 an-sync status
  has "$output" 'differences                 audit' 'ok                          repair'
}

@test "a repair that was killed at any moment is finished by running it again" {
  group 1 120
  export_of 1 120 >export.csv
  run -0 an-sync adopt export.csv
  sandbox_post remove "$(jq -nc '[range(1; 40) | "p\(.)@example.org"]')"
  for n in $(seq 41 80); do
    sandbox_edit "p$n@example.org" '{"given_name":"Somebody"}'
  done
  for moment in 0.3 0.5 0.7 0.9; do
    an-sync -r 100 audit --repair >/dev/null 2>&1 3>&- &
    job=$!
    sleep "$moment"
    kill -KILL "$job" 2>/dev/null || true
    wait "$job" || true
    free() { flock -n "$AN_STATE/lock" true; }
    within 20 free
  done
  run -0 an-sync audit --repair
  run -0 an-sync audit
  [ "$(sandbox_get people | jq 'map(select(.custom_fields.is_member == "True")) | length')" -eq 120 ]
  diff <(roster-dump | tail -n +2 | sed 's/.*\([0-9a-f-]\{36\}\).*/\1/' | sort) <(sandbox_get people | jq -r '.[].id' | sort)
}

@test "repair sends no more lapses than the guard allows" {
  group 1 60
  export_of 1 40 >export.csv
  AN_MAX_LAPSE=100% run -0 an-sync adopt export.csv
  jq -nc '[range(30) | {email: "stray\(.)@example.org", custom_fields: {is_member: "True"}}]' >strays.json
  sandbox_post people @strays.json
  run -1 an-sync audit
  has "$output" '30 too many'
  before=$(asked PUT)
  run -65 --separate-stderr an-sync audit --repair
  has "$stderr" 'no more than 7 may lapse'
  [ "$(asked PUT)" -eq "$before" ]
  AN_MAX_LAPSE=30 run -0 an-sync audit --repair
  [ "$(sandbox_get people | jq 'map(select(.custom_fields.is_member == "True")) | length')" -eq 40 ]
}

@test "what organizers protect stays, with --overrides" {
  group 1 30
  export_of 1 30 >export.csv
  run -0 an-sync adopt export.csv
  sandbox_edit p1@example.org '{"email_addresses":[{"address":"p1@example.org"}],"custom_fields":{"Phone":"999","override_phone":"yes"}}'
  run -0 an-sync --overrides audit --repair
  run -1 an-sync audit
  run -0 an-sync --overrides audit
  [ "$(fields p1@example.org)" = '["999","True"]' ]
}

@test "audit --since judges only whom somebody changed, and last is since the last audit" {
  group 1 60
  export_of 1 60 >export.csv
  run -0 an-sync adopt export.csv
  sandbox_edit p1@example.org '{"given_name":"Somebody"}'
  run -0 --separate-stderr an-sync audit --since 2999-01-01
  has "$output" '0 as they should be, 0 missing, 0 different'
  # That judged a part, and leaves a gap before it: it is none to go on from.
  run -1 --separate-stderr an-sync audit --since last
  has "$stderr" 'there was no audit yet'
  has "$output" '59 as they should be, 0 missing, 1 different'
  run -1 --separate-stderr an-sync audit --since last
  [[ $(sandbox_get log | jq -r 'map(.query.filter // empty)[-1]') == "modified_date gt '"*T*"Z'" ]]
  has "$output" '1 different'
  rm -r "$AN_STATE"
  run -0 an-sync adopt export.csv
  run -0 --separate-stderr an-sync audit --since last
  has "$stderr" 'there was no audit yet'
  has "$output" '60 as they should be'
}

@test "members whose last change is in doubt are not judged before the next sync" {
  group 1 30
  export_of 1 30 >export.csv
  run -0 an-sync adopt export.csv
  sandbox_edit p1@example.org '{"given_name":"Somebody"}'
  roster-dump | csv-diff - <(export_of 1 31 | sed '2s/Person/Other/') | roster-commit --begin >/dev/null
  run -0 --separate-stderr an-sync audit --repair
  has "$stderr" 'of 2 members a change was begun'
  [ "$(sandbox_person p1@example.org | jq -r .given_name)" = Somebody ]
}

@test "an audit without a roster, of a refused key, or beside another run, says so" {
  run -65 --separate-stderr an-sync audit
  has "$stderr" 'nobody is in the roster'
  group 1 30
  export_of 1 30 >export.csv
  run -0 an-sync adopt export.csv
  AN_API_KEY=another-key-0123456789 run -77 --separate-stderr an-sync audit
  [[ $stderr != *another-key* ]]
  has "$(slack_texts)" 'Member audit failed' 'refused the key'
  exec {lock}>"$AN_STATE/lock"
  flock "$lock"
  run -75 --separate-stderr an-sync audit {lock}>&-
  exec {lock}>&-
  run -64 an-sync --repair export.csv
  run -64 an-sync audit export.csv
  run -64 an-sync audit --since yesterday
  run -64 an-sync adopt
}

@test "a deadline may begin with zeros" {
  group 1 3
  export_of 1 3 >export.csv
  run -0 --separate-stderr an-sync --deadline 0090 adopt export.csv
  has "$output" '3 as they should be'
  run -0 --separate-stderr env AN_DEADLINE=090.5 an-sync audit
  [[ $stderr != *base* ]]
}

@test "a signal stops an audit while it reads, and nothing is left half done" {
  group 1 200
  export_of 1 200 >export.csv
  run -0 an-sync adopt export.csv
  sandbox_post settings '{"latency":0.3}'
  before=$(asked)
  an-sync audit --repair >out 2>err 3>&- &
  job=$!
  is_reading() { [ "$(asked)" -gt $((before + 1)) ]; }
  within 20 is_reading
  kill -TERM "$job"
  wait "$job" && status=0 || status=$?
  [ "$status" -eq 143 ]
  [ ! -e "$AN_STATE/work" ]
  sandbox_post settings '{"latency":0}'
  run -0 an-sync audit
}

@test "check tells how many people the group has" {
  group 1 60
  AN_RATE=4 run -1 an-sync check
  has "$output" 'people: 60 people; to read them all takes'
}
