#!/usr/bin/env bats
# A run that should not have been is taken back by syncing what the roster held before it.

load helpers
load sandbox

setup() {
  common_setup
  start_sandbox
  export AN_RATE=0 AN_MAX_LAPSE=50%
  {
    echo 'akid,email,first_name,mailing_city,memb_status_letter'
    for ((i = 1; i <= 12; i++)); do echo "$i,p$i@example.org,Person $i,Boston,M"; done
  } >week1.csv
  # Two leave, one moves to another city, one to another address, two join.
  sed '2,3d; /^4,/s/Boston/Quincy/; /^5,/s/p5@/p5.new@/' week1.csv >week2.csv
  printf '%s\n' '13,p13@example.org,Person 13,Boston,M' '14,p14@example.org,Person 14,Boston,M' >>week2.csv
  touch -d '2026-01-05 06:00' week1.csv
  touch -d '2026-01-12 06:00' week2.csv
}

# Who is a member in Action Network, with what.
people() { sandbox_people | jq -c 'select(.custom_fields.is_member == "True")'; }
members() { roster-dump | csv-diff /dev/null - | jq -c 'select(.row) | .row | del(.action_network_id, .action_network_map)' | sort; }

@test "undo: the older.csv of a run takes it back, in Action Network and in the roster" {
  an-sync week1.csv
  people >people.before
  members >members.before
  an-sync week2.csv
  run -1 diff -q people.before <(people)
  undone=$(find "$AN_STATE/runs" -mindepth 1 -maxdepth 1 -type d | sort | tail -n 1)
  run -0 --separate-stderr an-sync -n --force "$undone/older.csv"
  has "$output" '2 would be new' '2 would be updated' '2 would lapse'
  run -0 --separate-stderr an-sync --force "$undone/older.csv"
  has "$output" '2 new' '2 updated' '2 lapsed'
  diff people.before <(people)
  diff members.before <(members)
  # Who joined in the run that is taken back is there still, as no member.
  [ "$(sandbox_person p13@example.org | jq -r .custom_fields.is_member)" = False ]
}

@test "undo: it is asked for twice where it is an older export, or lets many lapse" {
  an-sync week1.csv
  an-sync week2.csv
  undone=$(find "$AN_STATE/runs" -mindepth 1 -maxdepth 1 -type d | sort | tail -n 1)
  touch -d '2026-01-05 06:00' "$undone/older.csv"
  run -65 an-sync "$undone/older.csv"
  has "$output" --force
  AN_MAX_LAPSE=1 run -65 an-sync --force "$undone/older.csv"
  has "$output" 'would lapse'
}

@test "undo: the next export goes on from there" {
  an-sync week1.csv
  an-sync week2.csv
  undone=$(find "$AN_STATE/runs" -mindepth 1 -maxdepth 1 -type d | sort | tail -n 1)
  an-sync --force "$undone/older.csv"
  touch -d '2026-01-19 06:00' week2.csv
  run -0 --separate-stderr an-sync --force week2.csv
  has "$output" '2 new' '2 updated' '2 lapsed'
}
