#!/usr/bin/env bats
# an-sync after what nobody planned: a kill -9, a roster that is gone or damaged, a full disk.

load helpers
load sandbox

setup() {
  common_setup
  start_sandbox
  export SLACK_WEBHOOK_URL=$SANDBOX_URL/slack/test AN_RATE=0
  { echo 'akid,email,first_name' && printf '%s,p%s@example.org,Person\n' {1..20}{,}; } >week1.csv
  { echo 'akid,email,first_name' && printf '%s,p%s@example.org,Person\n' {2..21}{,}; } >week2.csv
  touch -d '2026-01-05 06:00' week1.csv
  touch -d '2026-01-12 06:00' week2.csv
}

unlocked() { flock -n "$AN_STATE/lock" true; }

# kill_it: a sync of week 1 is killed after its third request, and what it started has ended.
kill_it() {
  an-sync -r "${1-20}" week1.csv >out 2>err 3>&- &
  within 30 posts_reach 3
  kill -9 $!
  wait $! || true
}

@test "after kill -9 history and Slack learn by the next run what became of it, once" {
  kill_it
  within 30 unlocked
  run -0 --separate-stderr an-sync week2.csv
  has "$stderr" 'the run of week1.csv that began at' 'was broken off' 'acknowledged changes'
  has "$(slack_texts)" 'the run of week1.csv' 'was broken off'
  [ "$(roster-dump --runs | jq -s 'map(.run | select(.source == "week1.csv")) | length')" -eq 2 ]
  acknowledged=$(roster-dump --runs | jq -s 'map(.run | select(.source == "week1.csv"))[-1].acknowledged.new')
  [ "$acknowledged" -ge 3 ]
  has "$stderr" "after $acknowledged acknowledged"
  run -0 --separate-stderr an-sync week2.csv
  run ! grep -F 'broken off' <<<"$stderr"
  [ "$(slack_texts | grep -c 'broken off')" -eq 1 ]
}

@test "another an-sync is at work only as long as it lives; then it is what it has started" {
  kill_it 4
  run -75 --separate-stderr an-sync week2.csv
  has "$stderr" 'what an an-sync has started that was killed (process '
  run ! grep -F 'another an-sync' <<<"$stderr"
  within 60 unlocked
}

@test "a roster that is gone although runs are kept stops the run, which says how it comes back, and so it does" {
  an-sync week1.csv
  an-sync week2.csv
  roster-dump >before.csv
  rm "$AN_STATE"/roster.sqlite*
  for option in '' -n; do
    run -78 --separate-stderr an-sync $option week2.csv
    has "$stderr" 'the roster is gone or empty' 'an-sync adopt EXPORT' "move $AN_STATE/runs away"
  done
  has "$(slack_texts)" 'the roster is gone or empty'
  bash -c "$(sed -n '/^    csv-diff/,/null$/p' <<<"$stderr")"
  diff <(roster-dump) before.csv
  run -0 --separate-stderr an-sync week2.csv
  has "$output" 'no changes'
}

@test "a damaged roster stops the run, which says how it comes back" {
  an-sync week1.csv
  rm -f "$AN_STATE"/roster.sqlite-*
  printf 'no database' | dd of="$AN_STATE/roster.sqlite" conv=notrunc status=none
  run ! an-sync week2.csv
  has "$output" 'this file is not a roster' 'csv-diff /dev/null' 'an-sync adopt EXPORT'
}

@test "who moves the runs away begins anew" {
  an-sync week1.csv
  rm -r "$AN_STATE"/roster.sqlite* "$AN_STATE/runs"
  run -0 --separate-stderr an-sync week1.csv
  has "$output" '20 new'
}

@test "wherever the room on the disk ends, it is 74 and said in words; nobody was killed, and with room all is well" {
  local room status
  for room in 0 1 8 28 40 60 100; do
    rm -rf "$AN_STATE"
    # Through a pipe: the limit is not for messages.
    { status=0; (trap '' XFSZ && ulimit -f "$room" && exec an-sync week1.csv) || status=$?; echo "$status"; } 2>&1 | cat >said
    if [ "$(tail -n 1 said)" -ne 0 ]; then
      [ "$(tail -n 1 said)" -eq 74 ]
      grep -qE 'disk|too large' said
    fi
    run ! grep -E 'was killed|line [0-9]+:' said
  done
  run -0 an-sync week1.csv
}

@test "however little room is left on the disk, somebody hears of it, with -q too: on standard error, and in Slack" {
  mkdir "$AN_STATE"
  unshare -rm mount -t tmpfs none "$AN_STATE" 2>/dev/null || skip 'needs mounts of its own'
  cat >inside <<'END'
told() { curl -s --noproxy '*' "$SANDBOX_URL/sandbox/slack" | jq length; }
mount -t tmpfs -o size=2m,mode=700 none "$AN_STATE" && an-sync -q week1.csv || exit
for pages in {0..40}; do
  head -c $((pages * 4096)) /dev/zero >"$AN_STATE/spare"
  cat /dev/zero >"$AN_STATE/fill" 2>/dev/null
  rm "$AN_STATE/spare"
  before=$(told) status=0
  an-sync -q week2.csv >out 2>err || status=$?
  rm "$AN_STATE/fill"
  [ "$status" -ne 0 ] || break
  [ "$status" -eq 74 ] && grep -qE 'disk|No space left' err && [ "$(told)" -gt "$before" ] || { echo "$pages pages: $status" && cat err; }
done
echo "$status in the end, after $((pages > 3)) such runs"
END
  run -0 unshare -rm bash inside
  [ "$output" = '0 in the end, after 1 such runs' ] || { echo "$output"; return 1; }
}
