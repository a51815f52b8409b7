#!/usr/bin/env bats
# A roster belongs to a group: with another key, that is another key of the same group, or the roster is none of its
# business.

load helpers
load sandbox
load roster

setup() {
  common_setup
  use_roster
  start_sandbox
  export AN_RATE=0
  members 1 6 >export.csv
  members 2 7 >next.csv
  touch -d '2026-01-05 06:00' export.csv
  touch -d '2026-01-12 06:00' next.csv
}

# members FIRST LAST: an export.
members() {
  local i
  echo 'email,first_name'
  for ((i = $1; i <= $2; i++)); do
    echo "p$i@example.org,Person $i"
  done
}

# change_key: the same group gets another key.
change_key() {
  AN_API_KEY=${1-another-key-that-opens-nothing}
  sandbox_post settings "{\"key\":\"$AN_API_KEY\"}"
}

# change_group: the key is another group's from here on, where nobody is.
change_group() {
  sandbox_post reset
  change_key a-key-of-another-group
}

sent() { sandbox_requests '(POST|PUT)' /people; }
group() { roster-dump --group | jq -r ".group.$1 // \"none\""; }

@test "a run keeps the group's address and a fingerprint of its key, which tells nothing of the key" {
  an-sync export.csv
  [ "$(group url)" = "$AN_API_URL" ]
  [[ $(group key) == '$y$'* ]]
  run ! grep -rF "$AN_API_KEY" "$AN_STATE" rosters
}

@test "with another group's key nothing is sent, and the refusal says how to have two rosters" {
  an-sync export.csv
  change_group
  before=$(roster-dump)
  run -78 --separate-stderr an-sync next.csv
  has "$stderr" 'the roster is of another group' AN_STATE 'an-sync -c CONFIG'
  [ "$(sent)" -eq 0 ]
  [ "$(roster-dump)" = "$before" ]
  use_roster second
  AN_STATE=$PWD/second run -0 --separate-stderr an-sync next.csv
  has "$output" '6 new'
}

@test "the same address at another service is another group, too" {
  an-sync export.csv
  stop_sandbox
  start_sandbox
  run -78 --separate-stderr an-sync next.csv
  has "$stderr" 'the roster is of another group'
  [ "$(sent)" -eq 0 ]
}

@test "-n and check see it, too, and change nothing" {
  an-sync export.csv
  change_group
  run -78 --separate-stderr an-sync -n next.csv
  has "$stderr" 'the roster is of another group'
  run -78 an-sync check
  has "$output" 'FAILED  group' 'the roster is of another group'
}

@test "a key that was changed is the same group's when its members are there: said once, and kept" {
  an-sync export.csv
  change_key
  old=$(group key)
  run -0 --separate-stderr an-sync next.csv
  has "$stderr" 'another key than before, and the same group'
  has "$output" '1 new' '1 lapsed'
  [ "$(group key)" != "$old" ]
  run -0 --separate-stderr an-sync next.csv
  run ! grep -F 'another key' <<<"$stderr"
}

@test "as long as the key is the same, nobody is asked for" {
  an-sync export.csv
  before=$(sandbox_requests '' /api/)
  an-sync export.csv
  [ "$(sandbox_requests '' /api/)" -eq "$before" ]
}

@test "members who are not found one by one do not make another group of it; most of them do" {
  an-sync export.csv
  change_key
  sandbox_post remove '["p1@example.org","p2@example.org"]'
  an-sync next.csv
  change_key third-key
  sandbox_post remove '["p3@example.org","p4@example.org","p5@example.org"]'
  run -78 --separate-stderr an-sync next.csv
  has "$stderr" "of 5 members of the roster, the key's group has 1"
}

@test "people who are there and no members do not count" {
  an-sync export.csv
  sandbox_get people | jq -c 'map(.custom_fields.is_member = "False")' >people.json
  change_key
  sandbox_post reset
  change_key
  sandbox_post people @people.json
  run -78 --separate-stderr an-sync next.csv
  [ "$(sent)" -eq 0 ]
}

@test "a roster from before learns its group at the first run, when its members are there" {
  an-sync export.csv
  roster-dump >older.csv
  rm -r "$AN_STATE"
  use_roster from-before
  csv-diff /dev/null older.csv | roster-commit --adopt >/dev/null
  [ "$(group url)" = none ]
  run -0 --separate-stderr an-sync next.csv
  [ "$(group url)" = "$AN_API_URL" ]
  run ! grep -F 'another key' <<<"$stderr"
}

@test "a roster from before that is another group's is refused; without ids its members are asked for by address" {
  csv-diff /dev/null export.csv | roster-commit --adopt >/dev/null
  run -78 --separate-stderr an-sync next.csv
  has "$stderr" "of 5 members of the roster, the key's group has 0"
  jq -nc '[range(1; 7) | {email_addresses: [{address: "p\(.)@example.org"}], custom_fields: {is_member: "True"}}]' >people.json
  sandbox_post people @people.json
  run -0 --separate-stderr an-sync next.csv
}

@test "status says of which group the roster is" {
  an-sync export.csv
  run -0 --separate-stderr an-sync status
  has "$output" "6 members in the roster, of the group at $AN_API_URL"
}

@test "a key that is refused when members are asked for is that: a refused key" {
  an-sync export.csv
  AN_API_KEY=wrong run -77 --separate-stderr an-sync next.csv
  has "$stderr" 'refused the key'
}

@test "an-upsert --group refuses what is not roster-dump --group's" {
  run -65 --separate-stderr an-upsert --group /dev/null
  has "$stderr" 'an-upsert: /dev/null: empty'
  echo '[]' >bad
  run -65 --separate-stderr an-upsert --group bad
  has "$stderr" 'bad'
  echo '{}' >good
  run -74 bash -c 'an-upsert --group good >/dev/full'
}

@test "of a program that is killed while it asks for the group, the name is said" {
  mkdir bin
  printf '#!/bin/sh\ncase "$*" in *--group*) kill -KILL $$ ;; esac\nexec "%s" "$@"\n' "$(type -P an-upsert)" >bin/an-upsert
  chmod +x bin/an-upsert
  PATH=$PWD/bin:$PATH run -75 --separate-stderr an-sync export.csv
  has "$stderr" 'an-sync: an-upsert was killed (signal KILL)'
}
