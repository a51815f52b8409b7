#!/usr/bin/env bats
# an-upsert and an-lapse against a server that answers as no server should: tests/sandbox/hostile.py,
# where the kinds of answers are. An address says how the request that holds it is answered.

load helpers
load records

KINDS_ONCE=(bytewise continues duplicates short long negative lengths chunks html gzip nesting keys bom array
  nothing empty endless status old later cut)
KINDS_ALWAYS=(redirect latin echo huge other types bare line upgrade)

setup() {
  common_setup
  small_map
  local ready=$BATS_TEST_TMPDIR/hostile.ready
  mkfifo "$ready"
  python3 -B "$ROOT/tests/sandbox/hostile.py" log $$ </dev/null >"$ready" 3>&- &
  HOSTILE_PID=$!
  IFS= read -r -t 30 HOSTILE_URL <"$ready"
  export AN_API_URL=$HOSTILE_URL/api/v2 AN_API_KEY=key-that-must-not-leak
}

teardown() {
  kill "$HOSTILE_PID" 2>/dev/null || true
}

# records CHANGE KIND FROM TO [MORE]: records for KIND.N@example.org.
records() {
  jq -nc --arg change "$1" --arg kind "$2" --argjson from "$3" --argjson to "$4" --argjson more "${5-{\}}" '
    range($from; $to + 1) | "\($kind).\(.)@example.org" |
    {$change, key: ., row: {email: ., first_name: "Rosa", phone: "1"}} * $more'
}

# peak COMMAND...: runs it, leaves its peak memory in kilobytes in the file peak, and returns its status.
peak() {
  python3 -B -c '
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
open("peak", "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(status)' "$@"
}

# in_little_memory: 64 answers of a MiB are the most that there can be. A sanitizer has memory of its own.
in_little_memory() {
  [ "$(cat peak)" -lt 98304 ] || grep -q __asan_init "$(type -P an-upsert)"
}

# no_leak: the key went nowhere else, and is printed nowhere.
no_leak() {
  run -1 grep -h LEAK log
  run -1 grep -hF "$AN_API_KEY" out err
}

@test "ten thousand requests, answered in every wrong way: each record has its result, in little memory" {
  local kind
  for kind in "${KINDS_ONCE[@]}"; do records new "$kind" 1 200; done >ordered
  for kind in "${KINDS_ALWAYS[@]}"; do records new "$kind" 1 20; done >>ordered
  records new good 1 2000 >>ordered
  shuf --random-source=<(yes) ordered >in
  SECONDS=0
  peak timeout 120 an-upsert -r 0 -j 64 in >out 2>err || status=$?
  echo "$SECONDS s, $(wc -l <log) requests, $(cat peak) kB, status $status"
  [ "$status" -eq 1 ]
  [ "$(wc -l <log)" -ge 9500 ]
  [ "$(wc -l <out)" -eq "$(wc -l <in)" ]
  [ "$(jq -r 'select(.result.status == "failed").key | sub("\\..*"; "")' out | sort -u)" = \
    "$(printf "%s\n" "${KINDS_ALWAYS[@]}" | sort)" ]
  [ "$(statuses out)" = '{"failed":180,"ok":6200}' ]
  in_little_memory
  no_leak
}

@test "an-lapse, which looks people up: the same" {
  local kind
  for kind in "${KINDS_ONCE[@]}"; do records lapsed "$kind" 1 20; done >ordered
  for kind in "${KINDS_ALWAYS[@]}"; do records lapsed "$kind" 1 3; done >>ordered
  shuf --random-source=<(yes) ordered >in
  peak timeout 120 an-lapse -r 0 -j 64 in >out 2>err || status=$?
  [ "$status" -eq 1 ]
  [ "$(wc -l <out)" -eq "$(wc -l <in)" ]
  [ "$(jq -r 'select(.result.status == "failed").key | sub("\\..*"; "")' out | sort -u)" = \
    "$(printf "%s\n" "${KINDS_ALWAYS[@]}" | sort)" ]
  in_little_memory
  no_leak
}

@test "whoever is followed to another address is lapsed at the older one only after a sensible answer" {
  local kind id='{"row":{"action_network_id":"d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b"},"was":{"email":"older@example.org"}}'
  for kind in types bare huge echo latin redirect; do records updated "$kind" 1 1 "$id"; done >in
  run -1 --separate-stderr an-upsert -r 0 in
  [ "$(statuses)" = '{"failed":6}' ]
  [ "$(grep -c lapses log)" -eq 0 ]
  [ "$(grep -c PUT log)" -ge 6 ]
}

@test "a search whose answer says nothing finds nobody missing: no lapse is ok, nobody is created" {
  local kind without_id='{"was":{"email":"older@example.org"}}'
  for kind in types bare; do
    records lapsed "$kind" 1 1
    records updated "$kind" 2 2 "$without_id"
  done >in
  an-upsert -r 0 in >middle || [ $? -eq 1 ]
  run -1 --separate-stderr an-lapse -r 0 middle
  [ "$(statuses)" = '{"failed":4}' ]
  [ "$(grep -cE 'POST|PUT' log)" -eq 0 ]
}

@test "a server that asks to wait a century is left alone until the deadline" {
  records new century 1 3 >in
  records new good 1 3 >>in
  SECONDS=0
  run -75 --separate-stderr an-upsert -r 0 --deadline 1 in
  [ "$SECONDS" -lt 20 ]
  [ "$(statuses)" = '{"deferred":3,"ok":3}' ]
}

@test "what a server says in no encoding is shown as UTF-8, without control characters" {
  records new latin 1 1 >in
  run -1 --separate-stderr an-upsert -r 0 in
  [ "$(jq -r .result.error <<<"$output")" = "HTTP 404: D?fense d'entrer:  [31m" ]
}
