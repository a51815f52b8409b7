#!/usr/bin/env bats
# The pipes of an-sync-recipes(7) do what it says, with the files that it names.

load helpers
load sandbox

setup() {
  common_setup
  start_sandbox
  export AN_RATE=0
  {
    echo 'akid,email,first_name,mailing_city'
    printf '%s,p%s@example.org,Person,Boston\n' {1..20}{,}
  } >older.csv
  # One has moved to another address, one city changed, one row has no address, one is new, one left.
  sed -e 's/^3,p3@/3,new3@/' -e '/^4,/s/Boston/Quincy/' -e 's/^5,p5@example.org/5,none/' -e '/^6,/d' older.csv >newer.csv
  echo '21,p21@example.org,Person,Boston' >>newer.csv
}

# recipes HEADING: the shell commands under a heading of the page; of all of it without one.
recipes() {
  awk -v heading="${1-}" '/^\.S[sh] / { within = heading == "" || $0 == ".Ss " heading }
    /^\.Ed/ { code = 0 } code; /^\.Bd/ { code = within }' "$ROOT/scripts/an-sync-recipes.7" | sed 's/\\e/\\/g'
}

@test "two files and nothing else: as careful as an-sync, and an-sync goes on from there" {
  csv-diff /dev/null older.csv | an-upsert -r 0 >/dev/null
  recipes 'Two CSV files and nothing else' >commands
  grep -q -e --follow commands
  run -0 --separate-stderr bash commands
  has "$output" '1 new' '2 updated' '1 lapsed'
  [ "$(sandbox_person new3@example.org | jq -r .custom_fields.is_member)" = True ]
  run ! sandbox_person p3@example.org
  [ "$(sandbox_person p5@example.org | jq -r .custom_fields.is_member)" = True ]
  [ "$(sandbox_person p6@example.org | jq -r .custom_fields.is_member)" = False ]
  run -0 --separate-stderr an-sync newer.csv
  has "$output" 'no changes'
}

@test "two files and nothing else: too many that lapse are refused, before anything is sent or adopted" {
  head -n 12 older.csv >newer.csv
  recipes 'Two CSV files and nothing else' >commands
  run -65 --separate-stderr bash commands
  has "$stderr" 'would lapse'
  [ "$(sandbox_requests)" -eq 0 ]
  [ -z "$(roster-dump)" ]
}

@test "two files and nothing else: what failed is not taken for done" {
  sandbox_fault 400 1 p21@
  csv-diff /dev/null older.csv | an-upsert -r 0 >/dev/null
  recipes 'Two CSV files and nothing else' >commands
  run ! bash commands
  [ -z "$(roster-dump)" ]
  an-upsert results.ndjson | an-lapse >again.ndjson
  [ "$(jq -r 'select(.result.status == "ok").key' again.ndjson | wc -l)" -eq 4 ]
}

@test "the recipes run, each of them, with every file that they name" {
  cp "$SAMPLES"/mail-2026-11-16.eml export.eml
  csv-diff /dev/null older.csv | an-upsert -r 0 | roster-commit >/dev/null
  sed -i 's/^5,none/5,p5@example.org/' newer.csv # nobody fails
  echo '{"run":{"finished":"2026-11-16T06:00:12Z","status":0}}' | roster-commit >/dev/null
  recipes | sed 's/^mime-extract export.eml > newer.csv/mime-extract export.eml > extracted.csv/' >commands
  [ "$(wc -l <commands)" -gt 40 ]
  # Of each line that an error would end the script; a comparison that finds something is none.
  { echo 'set -e -o pipefail' && cat commands; } >script
  # Not every machine has less; without a terminal it is cat.
  mkdir bin
  printf '#!/bin/sh\nexec cat\n' >bin/less
  chmod +x bin/less
  PATH=$PWD/bin:$PATH run -0 --separate-stderr bash script </dev/null
  has "$output" p21@example.org '"new": 2' '"lapsed": 2' $'p4@example.org\tBoston' '2026-11-16T06:00:12Z 0'
  [ -s new.ndjson ] && [ -s results2.ndjson ] && [ -s boston.json ] && [ -s extracted.csv ] && [ -s report.html ]
}
