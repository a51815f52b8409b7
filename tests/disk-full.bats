#!/usr/bin/env bats
# shellcheck disable=SC2154 # run sets stderr
# No room left: on the disk of the roster, behind a redirected output, where the schedule is. The statuses
# and messages are right, and nothing is lost: what was acknowledged and could not be recorded is sent again.

load helpers
load sandbox
load records
load roster

setup() {
  common_setup
  small_map
  use_roster
  mkdir rosters
  changes new 1 400 >in
  echo '{"summary":{"older":0,"newer":400,"unchanged":0,"new":400,"updated":0,"lapsed":0,"skipped":0}}' >>in
}

# with_room KILOBYTES COMMAND...: no file may grow beyond that.
with_room() {
  local room=$1
  shift
  (trap '' XFSZ && ulimit -f "$room" && exec "$@")
}

@test "a roster without room: status 74, and what is passed on is in it" {
  jq -c 'if .change then . + {result: {status: "ok"}} else . end' in >results
  local room seen=0
  for room in 0 1 8 20 40 60 100; do
    rm -rf rosters/*
    # Through pipes: the limit is not for output and messages.
    { { code=0; with_room "$room" roster-commit <results 2>&4 || code=$?; echo "$code" >code; } 4>&1 >&5 |
      cat >err; } 5>&1 | cat >out
    if [ "$(cat code)" -ne 0 ]; then
      seen=$((seen + 1))
      [ "$(cat code)" -eq 74 ]
      has "$(cat err)" 'roster-commit: ' roster.sqlite
    fi
    [ ! -e rosters/roster.sqlite ] || [ ! -s rosters/roster.sqlite ] || check_roster
    diff <(jq -r 'select(.change).key' out | sort) <(addresses | sort | join - <(jq -r 'select(.change).key' out | sort))
  done
  [ "$seen" -ge 3 ]
  # With room again, all is as if nothing had been.
  roster-commit <results >out
  [ "$(addresses | wc -l)" -eq 400 ]
}

@test "the pipe, with a roster that fills up in its midst: what was sent and not recorded is sent again" {
  # Slow enough that not everything is in the pipe already when the roster is full.
  start_sandbox --latency 0.01
  { code=0; an-upsert -r 0 -j 4 in 2>err.upsert || code=$?; echo "$code" >upsert; } |
    { code=0; with_room 40 roster-commit 2>err || code=$?; echo "$code" >commit; } | cat >out
  [ "$(cat commit)" -eq 74 ]
  # Whoever writes into a pipe that nobody reads any more ends, too, and not well; why is said already.
  [ "$(cat upsert)" -eq 74 ]
  [ ! -s err.upsert ]
  local recorded
  recorded=$(addresses | wc -l)
  [ "$recorded" -lt 400 ]
  [ "$(jq -r 'select(.result.status == "ok").key' out | wc -l)" -le "$recorded" ]
  csv-diff <(roster-dump) <(echo email,first_name,phone; seq 1 400 | sed 's/.*/member&@example.org,Name &,&/') |
    an-upsert -r 0 | roster-commit >out
  [ "$(addresses | wc -l)" -eq 400 ]
  [ "$(sandbox_people | wc -l)" -eq 400 ]
}

@test "an output without room is status 74 and a message, whichever program it is" {
  jq -c 'if .change then . + {result: {status: "ok"}} else . end' in >results
  printf 'email,first_name,phone\n' >older.csv
  printf 'email,first_name,phone\na@example.org,A,1\n' >newer.csv
  roster-commit <results >/dev/null
  for command in 'csv-diff older.csv newer.csv' 'an-upsert -n in' 'an-lapse -n in' 'roster-dump' \
    'roster-commit results' 'slack-notify -n results' "mime-extract $SAMPLES/mail-2026-11-09.eml" \
    'an-upsert --print-map' 'csv-diff --help' 'roster-dump --version'; do
    echo "$command"
    run -74 --separate-stderr bash -c "$command >/dev/full"
    has "$stderr" "${command%% *}: " 'standard output: '
  done
}

@test "an output without room does not keep roster-commit from recording" {
  jq -c 'if .change then . + {result: {status: "ok"}} else . end' in >results
  run -74 --separate-stderr bash -c 'roster-commit results >/dev/full'
  [ "$(addresses | wc -l)" -eq 400 ]
}

@test "no room for the schedule that processes share: status 74, and nothing is sent" {
  ! grep -q __asan_init "$(type -P an-upsert)" || skip 'the programs are built with sanitizers'
  start_sandbox
  to_preload "$ROOT/tests/torture/fail.c" fail.so
  run -74 --separate-stderr env FAIL_KIND=write FAIL_AT=1 LD_PRELOAD="$PWD/fail.so" an-upsert -r 50 in
  has "$stderr" 'an-upsert: ' schedule 'No space left'
  [ "$(sandbox_requests)" -eq 0 ]
}
