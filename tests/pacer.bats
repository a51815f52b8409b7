#!/usr/bin/env bats
# The schedule that all who use one key share: what becomes of it when a process is killed, when the service
# says 429, and when the file holds what cannot be true.

load helpers
load sandbox
load records

setup() {
  common_setup
  small_map
  start_sandbox
  # This sandbox's port makes the identity, and so the schedule, the test's own. Which file it is, a pause tells that
  # nobody else was asked to make; the programs' open files are not for others to see.
  local pause=$((RANDOM % 500 + 300))
  sandbox_post faults "{\"next\":[{\"kind\":\"429\",\"count\":1,\"retry_after\":$pause}]}"
  changes new 1 1 >in
  run -75 an-upsert -r 50 --deadline 1 in
  SCHEDULE=$(schedule_that_pauses "$pause")
  schedule 0 0 1
  sandbox_post reset
}

teardown() {
  stop_sandbox
  [ -z "${SCHEDULE-}" ] || rm -f "$SCHEDULE"
}

# schedule_that_pauses SECONDS: the newest schedule of this user whose next turn is so far away.
schedule_that_pauses() {
  python3 - "$@" <<'END'
import glob, os, struct, sys, time
for path in sorted(glob.glob(f"/tmp/an-sync-{os.geteuid()}/pace-*"), key=os.path.getmtime, reverse=True):
    with open(path, "rb") as file:
        content = file.read(32)
    ahead = struct.unpack("<IIqqd", content)[2] / 1e9 - time.clock_gettime(time.CLOCK_MONOTONIC) if len(content) == 32 else 0
    if int(sys.argv[1]) - 30 < ahead <= int(sys.argv[1]):
        sys.exit(print(path))
sys.exit("there is no such schedule")
END
}

# slowness: how many times slower than the rate the schedule is at present.
slowness() {
  python3 -c 'import struct, sys; print(struct.unpack("<IIqqd", open(sys.argv[1], "rb").read(32))[4])' "$SCHEDULE"
}

# schedule NEXT SLOWED SLOWNESS [BOOT]: writes one; times in seconds from now; BOOT is added to the boot's number.
schedule() {
  python3 - "$SCHEDULE" "$@" <<'END'
import struct, sys, time
path, ahead, slowed, slowness = sys.argv[1], *map(float, sys.argv[2:5])
magic, boot, _, _, _ = struct.unpack("<IIqqd", open(path, "rb").read(32))
now = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
boot = (boot + int(sys.argv[5] if len(sys.argv) > 5 else 0)) % 2 ** 32
with open(path, "wb") as file:
    file.write(struct.pack("<IIqqd", magic, boot, now + int(ahead * 1e9), now + int(slowed * 1e9), slowness))
END
}

# sends_at_once: three records at 50 a second are no matter of seconds.
sends_at_once() {
  changes new 1 3 >in
  timeout 5 an-upsert -r 50 in >out
  [ "$(statuses out)" = '{"ok":3}' ]
}

@test "a schedule that holds garbage, half of one or nothing begins anew" {
  local content
  for content in 'head -c 32 /dev/urandom' 'head -c 31 /dev/zero' 'head -c 5 /dev/urandom' 'head -c 9999 /dev/urandom' true; do
    $content >"$SCHEDULE"
    sends_at_once
    [ "$(slowness)" = 1.0 ]
  done
}

@test "a schedule of the far future, of another boot, or of a slowness that cannot be, is dropped" {
  schedule 1000000 0 1
  sends_at_once
  schedule 600 0 1 1
  sends_at_once
  schedule 0 100 1
  sends_at_once
  for slowness in nan inf -5 0 1e300; do
    schedule 0 0 "$slowness"
    sends_at_once
  done
}

@test "a pause that the service asked for is kept, however long, by whoever comes" {
  for pause in 3 900 1700; do
    schedule "$pause" 0 1
    changes new 1 1 >in
    run -75 --separate-stderr an-upsert -r 50 --deadline 0.5 in
    [ "$(statuses)" = '{"deferred":1}' ]
  done
  [ "$(sandbox_requests)" -eq 0 ]
}

@test "a rate of less than one in a quarter of an hour is a rate" {
  changes new 1 3 >in
  rm "$SCHEDULE"
  run -75 --separate-stderr an-upsert -r 0.001 --deadline 1 in
  [ "$(statuses)" = '{"deferred":2,"ok":1}' ]
  run -75 --separate-stderr an-upsert -r 0.001 --deadline 1 in
  [ "$(statuses)" = '{"deferred":3}' ]
}

@test "a process that is killed with turns in its hands delays the others by no more than those" {
  changes new 1 500 >many
  for _ in 1 2 3 4 5; do
    an-upsert -r 10 many >/dev/null 2>&1 3>&- &
    local program=$!
    sleep "0.$((RANDOM % 5 + 1))"
    kill -KILL "$program"
    wait "$program" || true
  done
  # Five turns of a tenth of a second at the most; then three of its own.
  local before after
  before=$(date +%s%N)
  changes new 501 503 | an-upsert -r 10 >out
  after=$(date +%s%N)
  [ "$(statuses out)" = '{"ok":3}' ]
  echo "$(((after - before) / 1000000)) ms"
  [ $((after - before)) -lt 3000000000 ]
}

@test "a process that is stopped in the midst of its work holds nobody up" {
  changes new 1 500 >many
  an-upsert -r 50 many >/dev/null 2>&1 3>&- &
  local program=$!
  sleep 0.3
  kill -STOP "$program"
  sends_at_once
  kill -KILL "$program"
  wait "$program" || true
}

@test "a 429 slows down whoever shares the key, and the rate recovers by itself" {
  changes new 1 40 >many
  sandbox_post faults '{"next":[{"kind":"429","count":1,"skip":3,"retry_after":1}]}'
  an-upsert -r 50 many >first 3>&- &
  local program=$!
  changes new 41 80 | an-upsert -r 50 >second
  wait "$program"
  [ "$(statuses first)$(statuses second)" = '{"ok":40}{"ok":40}' ]
  # Nobody sent anything for about a second behind it, but for what had left already.
  # shellcheck disable=SC2016 # jq's variable
  run -0 jq '(map(select(.status == 429))[0].at) as $t | map(select(.at > $t + 0.2 and .at < $t + 0.8)) | length' \
    <(sandbox_get log)
  [ "$output" -eq 0 ]
  [ "$(slowness)" = 1.0 ]
}

@test "a process that was stopped for a while catches nothing up: requests keep their distance" {
  changes new 1 12 >many
  an-upsert -r 5 many >out 3>&- &
  local program=$!
  sleep 0.7
  kill -STOP "$program"
  sleep 1
  kill -CONT "$program"
  wait "$program"
  [ "$(statuses out)" = '{"ok":12}' ]
  # shellcheck disable=SC2016 # jq's variable
  run -0 jq '[.[].at] | sort | . as $at | [range(1; length) | $at[.] - $at[. - 1]] | min > 0.15' <(sandbox_get log)
  [ "$output" = true ]
}

@test "a schedule's directory that somebody else has made is refused, and is said with what to do" {
  [ "$(id -u)" -eq 0 ] && type -P setpriv >/dev/null || skip 'only root can be two users'
  local user=64917 said
  setpriv --reuid $user --clear-groups test -x "$(type -P an-upsert)" || skip 'the programs are out of reach for others'
  mkdir "/tmp/an-sync-$user"
  unset AN_FIELD_MAP # in a directory that only this user may enter
  changes new 1 1 >one
  run -78 --separate-stderr setpriv --reuid $user --clear-groups an-upsert <one
  said=$stderr
  chown $user "/tmp/an-sync-$user"
  chmod 777 "/tmp/an-sync-$user"
  run -78 --separate-stderr setpriv --reuid $user --clear-groups an-upsert <one
  rm -r "/tmp/an-sync-$user"
  has "$said" "/tmp/an-sync-$user was made by somebody else (user 0)" "rm -r /tmp/an-sync-$user"
  has "$stderr" "chmod go-w /tmp/an-sync-$user"
}
