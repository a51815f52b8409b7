#!/usr/bin/env bats
# Every allocation, read, write, fsync and step of SQLite fails in turn (tests/torture/fail.c and torture.py): the programs may
# fail then, with a status of theirs and a message, and must neither crash nor claim a success that was none.
# TORTURE_STRIDE=1 tries every call also where that takes long.

load helpers
load sandbox
load records
load roster
load torture

setup() {
  torture_setup
}

# shellcheck disable=SC2016 # torture.py gives it to a shell
# What must be true of a roster after whatever became of roster-commit: it is whole, and holds what was passed on.
in_roster='export AN_ROSTER=sqlite:$PWD/state/roster.sqlite
  roster-dump >dump.csv || echo "the roster cannot be read"
  if [ -e state/roster.sqlite ]; then
    [ "$(sqlite3 state/roster.sqlite "PRAGMA integrity_check")" = ok ] || echo "the roster is damaged"
  fi
  jq -rR "fromjson? | select(.change != \"lapsed\" and .result).key" out >keys
  while read -r key; do
    grep -q "^\"*$key" dump.csv || echo "status $STATUS, passed on and not in the roster: $key"
  done <keys'

@test "csv-diff: every allocation and every write" {
  torture --least 30 csv-diff "$PWD/older.csv" "$PWD/newer.csv"
  torture --least 30 csv-diff -p -f akid "$PWD/older.csv" "$PWD/newer.csv"
  torture --kind write csv-diff "$PWD/older.csv" "$PWD/newer.csv"
  # Memory that runs out while the options are read is no wrong usage.
  run -0 torture --least 40 csv-diff -k Email -c $'First_Name,phone\nakid' -f akid -u phone=1 -d phone=2 -m 99% \
    "$PWD/older.csv" "$PWD/newer.csv"
  has "$output" 'times status 74'
  [[ $output != *'status 64'* ]]
}

@test "an-upsert and an-lapse, dry: every allocation, write and read" {
  torture --least 400 --input "$PWD/changes" an-upsert -n
  torture --least 80 --stride 3 --input "$PWD/changes" an-lapse -n
  torture --least 4 --kind write --input "$PWD/changes" an-upsert -n
  torture --kind read --input "$PWD/changes" an-upsert -n
  torture --least 4 --kind write --all --input "$PWD/changes" an-lapse -n
}

@test "the field map printed: every allocation" {
  torture --stride 5 an-upsert --print-map
  torture --stride 5 an-upsert --print-columns
}

@test "an-upsert and an-lapse, sending: allocations and writes" {
  start_sandbox
  seed gone@example.org
  local compare='jq -cS "del(.result.id, .result.attempts)" | sort' stride=${TORTURE_STRIDE:-83}
  grep -v '"was":{"email"' changes >plain
  torture --least 20 --stride "$stride" --input "$PWD/plain" --compare "$compare" an-upsert -r 0
  torture --least 20 --stride "$stride" --input "$PWD/plain" --compare "$compare" an-lapse -r 0
  torture --kind write --input "$PWD/plain" --compare "$compare" an-upsert -r 0
}

@test "roster-commit: no write and no fsync that fails loses what was passed on" {
  results >in
  local mode setup='mkdir state'
  for mode in --stride=1 --all; do
    torture --least 20 --kind write $mode --input "$PWD/in" --setup "$setup" --check "$in_roster" \
      roster-commit -s sqlite:state/roster.sqlite
    torture --least 5 --kind sync $mode --input "$PWD/in" --setup "$setup" --check "$in_roster" \
      roster-commit -s sqlite:state/roster.sqlite
  done
}

@test "roster-commit into a roster that exists: the same" {
  results >in
  AN_ROSTER=sqlite:$PWD/roster.sqlite roster-commit >/dev/null <<<"$(result new someone@example.org)"
  local kind setup="mkdir state; cp $PWD/roster.sqlite state"
  for kind in write sync; do
    torture --kind $kind --input "$PWD/in" --setup "$setup" --check "$in_roster" \
      roster-commit -s sqlite:state/roster.sqlite
  done
}

@test "roster-commit, into a new roster and one that exists: every read, and every step of SQLite" {
  results >in
  AN_ROSTER=sqlite:$PWD/roster.sqlite roster-commit >/dev/null <<<"$(result new someone@example.org)"
  local kind mode setup
  for setup in 'mkdir state' "mkdir state; cp $PWD/roster.sqlite state"; do
    for kind in read sqlite; do
      for mode in --stride=1 --all; do
        torture --kind $kind $mode --input "$PWD/in" --setup "$setup" --check "$in_roster" \
          roster-commit -s sqlite:state/roster.sqlite
      done
    done
  done
}

@test "roster-commit: allocations" {
  results >in
  torture --least 100 --stride "${TORTURE_STRIDE:-7}" --input "$PWD/in" --setup 'mkdir state' \
    --check "$in_roster" roster-commit -s sqlite:state/roster.sqlite
}

@test "roster-dump: allocations, writes, reads, and every step of SQLite" {
  export AN_ROSTER=sqlite:$PWD/roster.sqlite
  results | roster-commit >/dev/null
  local kind
  for kind in write read sqlite; do
    torture --kind $kind --fatal roster-dump
  done
  torture --least 60 --stride "${TORTURE_STRIDE:-3}" roster-dump # 270 allocations with SQLite 3.46, 440 with 3.40
}

@test "slack-notify: every allocation" {
  { results; echo '{"change":"updated","key":"x@example.org","row":{},"result":{"status":"failed","error":"no"}}'
    tail -n 1 changes; } >in
  # How long it took is as the machine's other work lets it.
  torture --least 100 --input "$PWD/in" --compare 'grep -v "^Time taken: "' slack-notify -n --names
}

@test "mime-extract: reads, writes and allocations, with the libraries' own" {
  local mail=$SAMPLES/mail-2026-11-09.eml kind
  for kind in read write; do
    torture --kind $kind mime-extract "$mail"
    torture --kind $kind --least 2 mime-extract -l "$mail"
  done
  torture --least 50 --stride "${TORTURE_STRIDE:-11}" mime-extract "$mail"
  torture --least 50 --stride "${TORTURE_STRIDE:-11}" mime-extract -l "$mail"
}

@test "the torture finds a program that claims success" {
  cat >liar.c <<'END'
#include <stdlib.h>
#include <unistd.h>
int main(void) { return write(1, "output\n", 7) == 0; }
END
  ${CC:-cc} -o liar liar.c
  run -1 torture --kind write "$PWD/liar"
  has "$output" 'claimed success, with another output'
}
