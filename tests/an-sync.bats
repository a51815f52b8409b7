#!/usr/bin/env bats
# an-sync: the command line, the configuration, what is kept, what is refused, and how it ends. What
# the pipe does to the group is pipeline.bats' subject.

load helpers
load sandbox

setup() {
  common_setup
  start_sandbox
  export SLACK_WEBHOOK_URL=$SANDBOX_URL/slack/test AN_RATE=0
  export_of 1 20 >week1.csv
  export_of 3 21 | sed 's/,Boston$/,Quincy/;3,$s/,Quincy$/,Boston/' >week2.csv
  touch -d '2026-01-05 06:00' week1.csv
  touch -d '2026-01-12 06:00' week2.csv
}

teardown() {
  # What a failed test left running must not outlive it.
  [ ! -e held ] || kill "$(cat held)" 2>/dev/null || true
  stop_sandbox
}

# export_of FIRST LAST: an export of members by their number.
export_of() {
  local i
  echo 'akid,email,first_name,mailing_city'
  for ((i = $1; i <= $2; i++)); do
    echo "$i,p$i@example.org,Person $i,Boston"
  done
}

# mail DATE CSV [FROM]: a mail that carries the CSV file.
mail() {
  printf '%s\r\n' "From: ${3-exports@example.org}" 'To: us@example.org' 'Subject: Membership export' \
    "Date: $1" "Message-ID: <$2@example.org>" 'MIME-Version: 1.0' \
    'Content-Type: multipart/mixed; boundary=xx' '' '--xx' 'Content-Type: text/plain' '' 'The export.' '--xx' \
    "Content-Type: text/csv; name=\"$2\"" "Content-Disposition: attachment; filename=\"$2\"" \
    'Content-Transfer-Encoding: base64' '' "$(base64 "$2")" '--xx--'
}

members() { roster-dump | tail -n +2 | wc -l; }
runs() { find "$AN_STATE/runs" -mindepth 1 -maxdepth 1 -type d | sort; }
last_run() { runs | tail -n 1; }
history() { roster-dump --runs; }
# The last line of each run: what was sent has one from before, too.
ends() { history | jq -cs '[.[].run] | group_by(.started + .source) | map(last)[]'; }

# start_slowly RATE: a sync of week 1 in the background; its process id is in $job.
start_slowly() {
  an-sync -r "$1" week1.csv >out 2>err 3>&- &
  job=$!
}

# ended: waits for it and leaves its status in $status.
ended() {
  status=0
  wait "$job" || status=$?
}

@test "the first sync sends everybody, prints a summary and tells Slack the same" {
  run -0 --separate-stderr an-sync week1.csv
  has "$output" '20 new' '20 members'
  [ "$(sandbox_requests POST /people)" -eq 20 ]
  [ "$(members)" -eq 20 ]
  has "$(slack_texts)" '20 new'
}

@test "the same export again sends nothing at all" {
  an-sync week1.csv
  before=$(sandbox_requests '' /api/)
  run -0 --separate-stderr an-sync week1.csv
  has "$output" 'no changes'
  [ "$(sandbox_requests '' /api/)" -eq "$before" ]
}

@test "a later export costs one request a change, and one more to read who lapses" {
  an-sync week1.csv
  before=$(sandbox_requests '' /api/)
  run -0 --separate-stderr an-sync week2.csv
  has "$output" '1 new, 1 updated, 2 lapsed' '19 members'
  [ "$(sandbox_requests '' /api/)" -eq $((before + 4 + 2)) ]
  [ "$(members)" -eq 19 ]
}

@test "-n needs no key and changes nothing: no state, no request, no word to Slack" {
  unset AN_API_KEY
  run -0 --separate-stderr an-sync -n week1.csv
  has "$output" 'p1@example.org' '20 would be new'
  [ ! -e "$AN_STATE" ]
  [ "$(sandbox_requests)" -eq 0 ]
}

@test "-n shows what a later export would change, and leaves roster and history as they are" {
  an-sync week1.csv
  export TMPDIR=$PWD/tmp
  mkdir "$TMPDIR"
  roster-dump >before.csv
  requests=$(sandbox_requests)
  run -0 --separate-stderr an-sync -n week2.csv
  has "$output" p21@example.org Quincy '1 would be new, 1 would be updated, 2 would lapse'
  roster-dump | cmp - before.csv
  [ "$(history | wc -l)" -eq 2 ]
  [ "$(sandbox_requests)" -eq "$requests" ]
  [ "$(ls -A "$TMPDIR")" = '' ]
}

@test "where nothing changed no sender is started, whoever is held or skipped" {
  printf '%s\n' akid,email 1,a@example.org 2, >export.csv
  an-sync export.csv
  mkdir bin
  printf '#!/bin/sh\ntouch "%s/started"\nexec "%s" "$@"\n' "$PWD" "$(type -P an-lapse)" >bin/an-lapse
  chmod +x bin/an-lapse
  PATH=$PWD/bin:$PATH run -0 an-sync export.csv
  has "$output" 'no changes' '1 row was skipped'
  [ ! -e started ]
  [ "$(history | jq -s -c '.[-1].run | [.status, .sent, .summary.skipped, .acknowledged.new]')" = '[0,false,1,0]' ]
  echo 3,c@example.org >>export.csv
  PATH=$PWD/bin:$PATH run -0 an-sync export.csv
  [ -e started ]
}

@test "a mail, on standard input too, is dated by its header and remembered by its id" {
  mail 'Mon, 05 Jan 2026 07:00:00 +0100' week1.csv >week1.eml
  run -0 --separate-stderr an-sync - <week1.eml
  [ "$(members)" -eq 20 ]
  run -0 jq -r '.source, .export_date, .message_id' <(ends)
  [ "$output" = $'standard input\n2026-01-05T06:00:00Z\nweek1.csv@example.org' ]
}

@test "standard input need not be a file that may be opened: in a container it is somebody else's" {
  mail 'Mon, 05 Jan 2026 07:00:00 +0100' week1.csv >week1.eml
  local as_any=()
  if [ "$(id -u)" -eq 0 ]; then # may open all
    type -P setpriv >/dev/null || skip 'needs setpriv'
    local none=-dac_override,-dac_read_search
    as_any=(setpriv "--bounding-set=$none" "--inh-caps=$none")
  fi
  exec 9<week1.eml
  chmod 000 week1.eml
  run -0 --separate-stderr "${as_any[@]}" an-sync - <&9
  exec 9<&-
  [ "$(members)" -eq 20 ]
}

@test "standard input is called so where it is refused, whatever it is, and Slack hears of it" {
  an-sync week1.csv
  run -74 --separate-stderr an-sync - < /
  [ "$stderr" = "an-sync: standard input could not be copied into $AN_STATE/work: Is a directory" ]
  has "$(slack_texts | tail -n 1)" 'standard input was not synced: standard input could not be copied'
  run -74 --separate-stderr timeout 20 bash -c 'an-sync - <&-'
  has "$stderr" 'an-sync: standard input could not be copied into ' 'Bad file descriptor'
  run -65 --separate-stderr an-sync - </dev/null
  [ "$stderr" = 'mime-extract: standard input: it is empty' ]
  [ "$(slack_texts | tail -n 1)" = 'Member sync failed: standard input was not synced: it is empty' ]
  run -65 --separate-stderr an-sync - <<<$'email;akid\nrosa@example.org;1'
  [ "$(slack_texts | tail -n 1)" = 'Member sync failed: standard input was not synced: row 1: its columns are separated by semicolons; export it as CSV with commas' ]
  run -0 --separate-stderr an-sync status 4
  [ "$(grep -c ' standard input$' <<<"$output")" -eq 4 ]
}

@test "a ZIP, a gzipped and a plain CSV are the same export, by name or by content" {
  an-sync week1.csv
  gzip -k week1.csv
  zip -q week1.zip week1.csv
  cp week1.zip nameless
  touch -r week1.csv nameless week1.zip week1.csv.gz
  for file in week1.csv.gz week1.zip nameless; do
    run -0 --separate-stderr an-sync "$file"
    has "$output" 'no changes, 20 unchanged'
  done
  run -0 --separate-stderr an-sync - <week1.zip
  has "$output" 'no changes, 20 unchanged'
}

@test "an export older than the last one is refused, unless --force" {
  an-sync week2.csv
  before=$(sandbox_requests '' /api/)
  run -65 --separate-stderr an-sync week1.csv
  has "$stderr" 'week1.csv is of 2026-01-05T06:00:00Z' 2026-01-12T06:00:00Z --force
  has "$(slack_texts)" 'week1.csv is of'
  [ "$(sandbox_requests '' /api/)" -eq "$before" ]
  run -0 --separate-stderr env AN_MAX_LAPSE=100% an-sync --force week1.csv
  [ "$(members)" -eq 20 ]
}

@test "an export dated in the future does not block those that follow" {
  touch -d '2099-01-01' week1.csv
  an-sync week1.csv
  touch week2.csv
  an-sync week2.csv
  [ "$(members)" -eq 19 ]
}

@test "more lapses than AN_MAX_LAPSE are refused as a whole; AN_MAX_LAPSE allows them" {
  an-sync week1.csv
  before=$(sandbox_requests '' /api/)
  export_of 1 10 >half.csv
  run -65 --separate-stderr an-sync half.csv
  has "$stderr" lapse
  has "$(slack_texts)" 'half.csv was not synced' lapse
  [ "$(sandbox_requests '' /api/)" -eq "$before" ]
  [ "$(members)" -eq 20 ]
  run -0 --separate-stderr env AN_MAX_LAPSE=100% an-sync half.csv
  [ "$(members)" -eq 10 ]
}

@test "of a refused run only the log is kept, and a line in the history" {
  an-sync week1.csv
  sed 's/,Boston$/,Boston,stray/' week2.csv >bad.csv
  run -65 --separate-stderr an-sync bad.csv
  [ "$(ls "$(last_run)")" = log ]
  has "$(cat "$(last_run)/log")" 'bad.csv: row 3: '
  run -0 jq -c '.run | [.source, .status, .sent]' <(history | tail -n 1)
  [ "$output" = '["bad.csv",65,false]' ]
}

@test "a refused first run creates no roster" {
  echo 'no header at all' >bad.csv
  run -65 --separate-stderr an-sync bad.csv
  [ ! -e "$AN_STATE/roster.sqlite" ]
  [ "$(sandbox_requests '' /api/)" -eq 0 ]
}

@test "a run keeps its files for nobody else to read, and no work files" {
  an-sync week1.csv
  run -0 ls "$(last_run)"
  [ "$output" = $'changes.ndjson\nexport.csv\nlog\nolder.csv\nreport\nresults.ndjson' ]
  [ "$(find "$AN_STATE" -perm /077)" = '' ]
  [ ! -e "$AN_STATE/work" ]
}

@test "AN_KEEP_RUNS is how many runs are kept, and nothing else is deleted" {
  mkdir -p "$AN_STATE/runs/mine"
  for _ in 1 2 3 4; do
    AN_KEEP_RUNS=2 an-sync week1.csv >/dev/null
  done
  [ "$(runs | grep -vc mine)" -eq 2 ]
  [ -d "$AN_STATE/runs/mine" ]
  AN_KEEP_RUNS=0 an-sync week1.csv >/dev/null
  [ "$(runs)" = "$AN_STATE/runs/mine" ]
  # A clock that was ahead does not take the last run's files, which take it back.
  mkdir "$AN_STATE"/runs/2099-01-0{1,2}T000000Z
  AN_KEEP_RUNS=2 an-sync week2.csv
  [ "$(runs | grep -vc mine)" -eq 2 ]
  [ -e "$(runs | head -n 1)/older.csv" ]
}

@test "one run at a time: a second one says who is at work, status 75" {
  start_slowly 20
  within 10 posts_reach 1
  run -75 --separate-stderr an-sync week1.csv
  has "$stderr" "process $job" since
  ended
  [ "$status" -eq 0 ]
  [ "$(sandbox_requests POST /people)" -eq 20 ]
}

@test "one run at a time on a roster, whatever the state directory and the name by which it is known" {
  AN_ROSTER=sqlite:$PWD/kept/members.sqlite start_slowly 4
  within 10 posts_reach 1
  ln -s kept also
  for roster in "$PWD/kept/members.sqlite" also/members.sqlite; do
    AN_STATE=$PWD/other AN_ROSTER=sqlite:$roster run -75 --separate-stderr an-sync week1.csv
    has "$stderr" "process $job" since
  done
  AN_STATE=$PWD/other run -0 --separate-stderr an-sync week1.csv
  AN_ROSTER=sqlite:$PWD/other/roster.sqlite run -75 --separate-stderr an-sync week1.csv # the first is at work
  ended
  [ "$status" -eq 0 ]
  [ "$(stat -c %a kept/members.sqlite.lock)" = 600 ]
}

@test "a state directory that another one's roster lies in is locked with it" {
  start_slowly 20
  within 10 posts_reach 1
  AN_STATE=$PWD/other AN_ROSTER=sqlite:$PWD/state/roster.sqlite run -75 --separate-stderr an-sync week1.csv
  has "$stderr" "process $job" since
  ended
  [ "$status" -eq 0 ]
  ln -s lock "$AN_STATE/roster.sqlite.lock.new"
  mv "$AN_STATE/roster.sqlite.lock.new" "$AN_STATE/roster.sqlite.lock"
  run -0 --separate-stderr an-sync week1.csv
}

@test "on SIGTERM what was sent is recorded, the run too, and it dies of the signal" {
  start_slowly 10
  within 10 posts_reach 3
  kill -TERM "$job"
  ended
  [ "$status" -eq 143 ]
  sent=$(sandbox_requests POST /people)
  [ "$sent" -lt 20 ]
  [ "$(members)" -eq "$sent" ]
  has "$(cat err)" interrupted
  has "$(slack_texts)" 'not finished'
  run -0 jq -c '[.status, .sent, .acknowledged.new]' <(ends)
  [ "$output" = "[75,true,$sent]" ]
  run -0 --separate-stderr an-sync week1.csv
  [ "$(sandbox_requests POST /people)" -eq 20 ]
}

@test "Ctrl-C on a terminal does the same" {
  status=0
  # Tests that run in the background have SIGINT ignored; somebody at a terminal has not.
  cat >listening.py <<'END'
import os, signal
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp("an-sync", ["an-sync", "-r", "10", "week1.csv"])
END
  { within 10 posts_reach 3; printf '\003'; sleep 5; } 3>&- |
    script -qec 'python3 listening.py' typescript >/dev/null 3>&- || status=$?
  [ "$status" -eq 130 ]
  [ "$(members)" -eq "$(sandbox_requests POST /people)" ]
  [ "$(members)" -lt 20 ]
  has "$(cat typescript)" 'an-upsert: ' interrupted
}

@test "killed by SIGKILL, its programs finish, no other run starts before, and nothing is sent twice" {
  start_slowly 10
  within 10 posts_reach 3
  kill -KILL "$job"
  ended
  run -75 --separate-stderr an-sync week1.csv
  has "$stderr" 'what an an-sync has started that was killed'
  within 20 flock -n "$AN_STATE/lock" true
  [ "$(members)" -eq 20 ]
  run -0 --separate-stderr an-sync week1.csv
  has "$output" 'no changes'
  [ "$(sandbox_requests POST /people)" -eq 20 ]
}

@test "killed by SIGKILL while it sends, an export counts as sent from: an older one is refused" {
  an-sync -r 10 week2.csv >out 2>err 3>&- &
  job=$!
  within 10 posts_reach 3
  kill -KILL "$job"
  ended
  within 20 flock -n "$AN_STATE/lock" true
  run -65 --separate-stderr an-sync week1.csv
  has "$stderr" 'week1.csv is of 2026-01-05T06:00:00Z' 2026-01-12T06:00:00Z --force
  run -0 --separate-stderr an-sync status
  [ "${#lines[@]}" -eq 4 ]
  has "${lines[1]}" 'not finished' week2.csv
  has "${lines[2]}" refused week1.csv
  run -0 --separate-stderr an-sync week2.csv
  [ "$(sandbox_requests POST /people)" -eq 19 ]
}

@test "when the run cannot be noted before anything is sent, nothing is sent" {
  an-sync week1.csv
  mkdir stubs
  printf '#!/bin/bash\n[ $# -gt 0 ] || exit 69\nexec %s "$@"\n' "$(command -v roster-commit)" >stubs/roster-commit
  chmod +x stubs/roster-commit
  before=$(sandbox_requests '' /api/)
  PATH=$PWD/stubs:$PATH run -69 --separate-stderr an-sync week2.csv
  [ "$(sandbox_requests '' /api/)" -eq "$before" ]
  has "$(slack_texts)" 'week2.csv was not synced'
}

@test "a deadline leaves the rest to the next run, status 75" {
  run -75 --separate-stderr an-sync -r 10 --deadline 0.5 week1.csv
  [ "$(members)" -lt 20 ]
  run -0 --separate-stderr an-sync week1.csv
  [ "$(members)" -eq 20 ]
  [ "$(sandbox_requests POST /people)" -eq 20 ]
}

@test "some that fail: status 1, the others are done, and the next run tries only those" {
  sandbox_fault 400 1 p7@
  run -1 --separate-stderr an-sync week1.csv
  has "$output" '19 new' '1 failed'
  [ "$(members)" -eq 19 ]
  run -0 --separate-stderr an-sync week1.csv
  has "$output" '1 new'
  [ "$(sandbox_requests POST /people)" -eq 21 ]
}

@test "what the programs end with whose reader has gone is not counted, nor said: why it has gone is" {
  mkdir stubs
  cat >stubs/roster-commit <<END
#!/bin/bash
# The first without options notes the run, the second is the pipe's.
[ \$# -gt 0 ] || echo >>"$PWD/calls"
[ \$# -eq 0 ] && [ "\$(wc -l <"$PWD/calls")" -eq 2 ] || exec "$(command -v roster-commit)" "\$@"
head -c 1 >/dev/null
echo 'roster-commit: DynamoDB does not answer' >&2
exit \$(<"$PWD/ending")
END
  chmod +x stubs/roster-commit
  for ending in 69 75; do
    rm -f calls
    echo $ending >ending
    PATH=$PWD/stubs:$PATH run -$ending --separate-stderr an-sync week1.csv
    has "$stderr" 'DynamoDB does not answer'
    [[ $stderr != *'Broken pipe'* ]]
    run -0 jq .run.status <(history | tail -n 1)
    [ "$output" = $ending ]
  done
}

@test "a refused key: status 77, and Slack hears of it" {
  AN_API_KEY=wrong-key run -77 --separate-stderr an-sync week1.csv
  has "$(slack_texts)" 'key refused'
  [[ $stderr$(cat "$(last_run)"/*) != *wrong-key* ]]
  run -0 roster-dump
  [[ $output != *p1@* ]]
}

@test "Slack out of reach is a warning: the sync counts" {
  sandbox_fault slack-404 null
  run -0 --separate-stderr an-sync week1.csv
  has "$stderr" slack-notify 'Slack was not told'
  [ "$(members)" -eq 20 ]
  # From cron somebody hears of it all the same.
  run -0 --separate-stderr an-sync -q week2.csv
  [ "$output" = '' ]
  has "$stderr" 'slack-notify: the Slack webhook' 'an-sync: warning: Slack was not told'
}

@test "-q says nothing when all is well, and all when not" {
  run -0 an-sync -q week1.csv
  [ "$output" = '' ]
  export_of 1 5 >half.csv
  run -65 --separate-stderr an-sync -q half.csv
  has "$stderr" lapse
  sandbox_fault 400 1 p21@
  run -1 --separate-stderr an-sync -q week2.csv
  has "$output" '1 failed'
}

@test "a changed field map resends everybody once, says so, and goes on where it broke off" {
  an-sync week1.csv
  an-upsert --print-map | jq '.custom_fields.Town = "mailing_city"' >map.json
  export AN_FIELD_MAP=$PWD/map.json
  run -75 --separate-stderr an-sync -r 10 --deadline 0.5 week1.csv
  has "$stderr" 'the field map has changed: 20 members are sent once more'
  done_already=$(($(sandbox_requests POST /people) - 20))
  run -0 --separate-stderr an-sync week1.csv
  has "$stderr" "the field map has changed: $((20 - done_already)) members"
  [ "$(sandbox_requests POST /people)" -eq 40 ]
  run -0 --separate-stderr an-sync week1.csv
  [[ $stderr != *'field map has changed'* ]]
  [ "$(sandbox_requests POST /people)" -eq 40 ]
}

@test "a member with a new address is followed by akid; AN_FOLLOW= switches that off" {
  an-sync week1.csv
  sed 's/p7@example.org/seven@example.org/' week1.csv >moved.csv
  run -0 --separate-stderr an-sync moved.csv
  has "$output" '1 updated'
  [ "$(sandbox_requests PUT /people/)" -eq 1 ]
  [ "$(sandbox_get people | jq length)" -eq 20 ]
  sed 's/seven@example.org/sept@example.org/' moved.csv >again.csv
  run -0 --separate-stderr env AN_FOLLOW= an-sync again.csv
  has "$output" '1 new, 1 lapsed'
}

@test "the column to follow is found whatever its case, quotes and byte order mark" {
  sed '1s/.*/\xef\xbb\xbf"AK_ID", "Email","first_name","mailing_city"/' week1.csv >odd.csv
  an-sync odd.csv
  sed 's/p7@example.org/seven@example.org/' odd.csv >moved.csv
  run -0 --separate-stderr an-sync moved.csv
  has "$output" '1 updated'
}

@test "an inbox: oldest export first, done/ for what was synced, failed/ for what was refused" {
  mkdir inbox
  # The names are in the wrong order on purpose.
  mail 'Mon, 12 Jan 2026 06:00:00 +0000' week2.csv >inbox/a.eml
  mail 'Mon, 05 Jan 2026 06:00:00 +0000' week1.csv >inbox/b.eml
  mail 'Wed, 07 Jan 2026 06:00:00 +0000' week1.csv | sed '/csv/d' >inbox/c.eml
  touch inbox/.half-written
  run -65 --separate-stderr an-sync inbox
  [ "$(ls -A inbox inbox/done inbox/failed)" = $'inbox:\n.half-written\ndone\nfailed\n\ninbox/done:\na.eml\nb.eml\n\ninbox/failed:\nc.eml' ]
  run -0 jq -r '.run | "\(.source) \(.status)"' <(history)
  [ "$output" = $'b.eml 75\nb.eml 0\nc.eml 65\na.eml 75\na.eml 0' ]
  [ "$(members)" -eq 19 ]
  run -0 --separate-stderr an-sync inbox
  has "$output" 'nothing new'
}

@test "an inbox keeps what failed through no fault of its own, and what is behind it" {
  mkdir inbox
  cp -p week1.csv week2.csv inbox
  AN_API_KEY=wrong-key run -77 --separate-stderr an-sync inbox
  [ "$(cd inbox && echo *.csv)" = 'week1.csv week2.csv' ]
  [ "$(ends | jq -r .source)" = week1.csv ]
  run -0 --separate-stderr an-sync inbox
  [ "$(ls inbox/done)" = $'week1.csv\nweek2.csv' ]
}

@test "in an inbox nothing is overwritten, and -n moves nothing" {
  mkdir -p inbox/done
  echo precious >inbox/done/week1.csv
  cp -p week1.csv inbox
  run -0 --separate-stderr an-sync -n inbox
  [ -e inbox/week1.csv ]
  run -0 --separate-stderr an-sync inbox
  [ "$(cat inbox/done/week1.csv)" = precious ]
  cmp inbox/done/week1.csv.2 week1.csv
}

@test "a Maildir: the mails in new/" {
  mkdir -p box/{new,cur,tmp}
  mail 'Mon, 05 Jan 2026 06:00:00 +0000' week1.csv >box/new/1736056800.M1P2.host
  touch box/tmp/unfinished
  run -0 --separate-stderr an-sync box
  [ "$(members)" -eq 20 ]
  [ -e box/done/1736056800.M1P2.host ]
  [ -e box/tmp/unfinished ]
}

@test "a file of an inbox that cannot be read is named and passed over, and stays; the others go on" {
  mkdir box
  cp week1.csv box/b.csv
  ln -s /proc/self/mem box/a.csv # reading it is an error, whoever reads it
  ln -s nowhere box/gone.eml
  touch -d '2026-01-05 06:00' box/b.csv
  run -74 --separate-stderr an-sync box
  has "$stderr" 'box/a.csv: cannot be read, and is passed over' 'box/gone.eml: cannot be read'
  has "$(slack_texts)" 'Member sync failed: a.csv waits in the inbox, and cannot be read'
  [ -e box/done/b.csv ]
  [ -L box/a.csv ]
  [ "$(members)" -eq 20 ]
}

@test "a source may begin with a dash, behind --" {
  cp week1.csv ./-x.csv
  run -0 --separate-stderr an-sync -- -x.csv
  [ "$(members)" -eq 20 ]
  [ "$(an-sync status | awk 'NR == 2 { print $NF }')" = -x.csv ]
  mkdir ./-box && mv ./-x.csv ./-box/-y.csv
  run -0 --separate-stderr an-sync --force -- -box
  [ -e ./-box/done/-y.csv ]
}

@test "the configuration file: quotes, comments, ~; the environment counts instead of it" {
  mkdir -p "$HOME/.config/an-sync"
  cat >"$HOME/.config/an-sync/config" <<END
# the key
AN_API_KEY = "$AN_API_KEY"
AN_API_URL='http://127.0.0.1:1/api'
  AN_STATE=~/kept   # here
AN_ROSTER=sqlite:~/kept/members
AN_MAIL_SUBJECT=\$(touch owned)\`touch owned\`
END
  chmod 600 "$HOME/.config/an-sync/config"
  unset AN_API_KEY AN_STATE
  run -0 --separate-stderr an-sync week1.csv
  [ -e "$HOME/kept/members" ]
  [ ! -e owned ]
}

@test "a configuration that is wrong is status 78 and says where" {
  printf 'AN_RATE=0\nAN_STAET=/x\n' >config
  chmod 600 config
  run -78 --separate-stderr an-sync -c config week1.csv
  has "$stderr" 'config:2'
  printf 'AN_RATE=0\nexport PATH=/x\n' >config
  run -78 --separate-stderr an-sync -c config week1.csv
  has "$stderr" 'config:2'
  chmod 640 config
  run -78 --separate-stderr an-sync -c config week1.csv
  has "$stderr" 'chmod 600'
  run -78 --separate-stderr an-sync -c missing week1.csv
  has "$stderr" missing
  for setting in AN_MAX_LAPSE=many AN_MAX_LAPSE=-1 AN_KEEP_RUNS=x AN_RATE=fast AN_FIELD_MAP=/missing.json; do
    run -78 --separate-stderr env "$setting" an-sync week1.csv
    has "$stderr" "${setting#*=}"
  done
  [ "$(sandbox_requests '' /api/)" -eq 0 ]
}

# config_says LINE PART...: a configuration with this line, its second, is refused with a message that has every part.
config_says() {
  printf 'AN_RATE=0\n%s\n' "$1" >config
  shift
  run -78 --separate-stderr an-sync -c config week1.csv
  [ "${#stderr_lines[@]}" -eq 1 ]
  has "$stderr" 'an-sync: config:2: ' "$@"
}

@test "a line of the configuration that is none is refused with what is wrong with it, and never repeated" {
  touch config && chmod 600 config
  config_says 'export AN_API_KEY=hidden' 'leave out "export"'
  config_says 'set AN_API_KEY=hidden' 'leave out "set"'
  config_says 'AN_API_KEY=“hidden”' 'word processor'
  config_says "AN_API_KEY=‘hidden’" 'word processor'
  config_says '“AN_API_KEY=hidden”' 'word processor'
  config_says $'AN_API_KEY\u00a0=hidden' 'U+00A0'
  config_says 'AN_API_KEY: hidden' 'NAME=value'
  config_says 'AN_API_KEY="hidden' 'no end'
  config_says 'AN_API_KYE=hidden' 'AN_API_KYE is not a setting'
  [[ $stderr != *hidden* ]]
  printf 'AN_RATE=0\n' | iconv -t UTF-16 >config
  run -78 --separate-stderr an-sync -c config week1.csv
  has "$stderr" 'config:1: ' UTF-16
}

@test "a configuration may begin with a byte order mark, and a comment may follow quotes" {
  printf '\xef\xbb\xbfAN_RATE="0" # none\r\nAN_STATE='\''%s/kept'\'' # here\r\n' "$PWD" >config
  chmod 600 config
  env -u AN_STATE -u AN_RATE an-sync -q -c config week1.csv
  [ -e kept/roster.sqlite ]
}

@test "what is not expanded in the configuration, and a relative path, are refused with what to write" {
  touch config && chmod 600 config
  unset AN_STATE
  config_says 'AN_STATE=$HOME/an-sync' 'write AN_STATE=~/an-sync'
  config_says 'AN_STATE="${HOME}/an-sync"' 'write AN_STATE=~/an-sync'
  config_says 'AN_ROSTER=sqlite:$HOME/members' 'write AN_ROSTER=sqlite:~/members'
  config_says 'AN_STATE=/home/$USER/x' 'write AN_STATE=/the/whole/path'
  config_says 'AN_STATE=~rosa/x' 'write AN_STATE=/the/whole/path'
  config_says 'AN_STATE=state' "write AN_STATE=$PWD/state"
  config_says 'AN_ROSTER=sqlite:./members' "write AN_ROSTER=sqlite:$PWD/members"
  config_says 'AN_FIELD_MAP=map.json' "write AN_FIELD_MAP=$PWD/map.json"
  config_says 'AN_MAIL_SUBJECT=export of $HOME' 'HOME stands for'
  [ ! -e state ]
  # The environment is of one directory only.
  AN_STATE=state AN_ROSTER=sqlite:members run -0 --separate-stderr an-sync week1.csv
  [ -e members ]
}

@test "paths of the environment may be relative: roster, field map, key and webhook are those of this directory" {
  printf %s "$AN_API_KEY" >key
  printf %s "$SLACK_WEBHOOK_URL" >webhook
  unset AN_API_KEY SLACK_WEBHOOK_URL
  an-upsert --print-map | jq '.custom_fields.Chapter = {value: "Boston"}' >map.json
  export AN_STATE=state AN_ROSTER=sqlite:rosters/here.sqlite AN_FIELD_MAP=map.json AN_API_KEY_FILE=key SLACK_WEBHOOK_URL_FILE=webhook
  run -0 --separate-stderr an-sync week1.csv
  has "$output" '20 new'
  run -0 --separate-stderr an-sync week2.csv
  has "$(slack_texts)" '1 new, 1 updated, 2 lapsed, 17 unchanged'
  [ "$(sandbox_person p3@example.org | jq -r .custom_fields.Chapter)" = Boston ]
  run -0 --separate-stderr an-sync -n week2.csv
  has "$output" 'no changes, 19 unchanged'
  run -0 --separate-stderr an-sync audit
  has "$output" '19 as they should be'
  run -0 --separate-stderr an-sync adopt week2.csv
  [ "$(find . -name '*.sqlite')" = ./rosters/here.sqlite ]
}

@test "a configuration file that belongs to somebody else is refused" {
  [ "$(id -u)" -eq 0 ] || skip 'needs root to make such a file'
  echo AN_RATE=0 >config
  chmod 600 config
  chown 12345 config
  run -78 --separate-stderr an-sync -c config week1.csv
  has "$stderr" 'somebody else'
}

@test "each program sees only the secrets that it needs, and a trace shows none" {
  secret=$AN_API_KEY
  mkdir spies
  for program in mime-extract csv-diff an-diff an-upsert an-lapse roster-dump roster-commit slack-notify jq date; do
    cat >"spies/$program" <<END
#!/bin/bash
tr '\0' '\n' </proc/\$\$/environ | grep -oE '^(AN_API_KEY|SLACK_WEBHOOK_URL)=' | sed 's/^/$program /' >>"$PWD/seen"
tr '\0' ' ' </proc/\$\$/cmdline >>"$PWD/arguments"
exec "$(command -v "$program")" "\$@"
END
  done
  chmod +x spies/*
  printf 'AN_API_KEY=%s\nSLACK_WEBHOOK_URL=%s\n' "$secret" "$SLACK_WEBHOOK_URL" >config
  chmod 600 config
  url=$SLACK_WEBHOOK_URL
  unset AN_API_KEY SLACK_WEBHOOK_URL
  PATH=$PWD/spies:$PATH run -0 --separate-stderr bash -x "$(command -v an-sync)" -c config week1.csv
  [ "$(sort -u seen)" = $'an-lapse AN_API_KEY=\nan-upsert AN_API_KEY=\nslack-notify SLACK_WEBHOOK_URL=' ]
  PATH=$PWD/spies:$PATH run --separate-stderr bash -x "$(command -v an-sync)" -c config check
  [[ $stderr$output$(tr '\0' ' ' <arguments) != *"$secret"* ]]
  [[ $stderr$output$(tr '\0' ' ' <arguments) != *"$url"* ]]
  # Likewise where they come from the environment.
  rm seen
  export AN_API_KEY=$secret SLACK_WEBHOOK_URL=$url
  for command in week2.csv check -V; do
    PATH=$PWD/spies:$PATH run --separate-stderr an-sync "$command"
    [ "$status" -le 1 ]
  done
  [ "$(sort -u seen)" = $'an-diff AN_API_KEY=\nan-lapse AN_API_KEY=\nan-upsert AN_API_KEY=\nslack-notify SLACK_WEBHOOK_URL=' ]
}

@test "check says what is usable, in one line each, and changes nothing" {
  an-upsert --print-map | jq '.custom_fields |= {is_member}' >map.json
  export AN_FIELD_MAP=$PWD/map.json
  sandbox_post people '[{"email":"x@example.org","custom_fields":{"is_member":"True"}}]'
  run -0 --separate-stderr an-sync check
  [ "$(grep -v ' confinement: ' <<<"$output" | cut -d' ' -f1 | sort -u)" = ok ]
  has "$output" 'Action Network' 'field map' roster Slack 'state directory'
  [ ! -e "$AN_STATE" ]
  [ "$(sandbox_get slack)" = '[]' ]
  run -0 --separate-stderr an-sync check --post
  has "$(slack_texts)" test
}

@test "check names custom fields that the group lacks, status 1" {
  run -1 --separate-stderr an-sync check
  has "$output" 'note    Action Network' 'YDSA Chapter'
}

@test "check fails for a refused key, a webhook that is none, and a wrong setting" {
  AN_API_KEY=wrong-key run -77 --separate-stderr an-sync check
  has "$output" 'FAILED  Action Network'
  [[ $output$stderr != *wrong-key* ]]
  SLACK_WEBHOOK_URL=hooks.example.org run -78 --separate-stderr an-sync check
  has "$output" 'FAILED  Slack'
  AN_KEEP_RUNS=x run -78 --separate-stderr an-sync check
  has "$output" 'FAILED  configuration'
}

@test "status needs no key, and shows the last runs and the roster's size" {
  an-sync week1.csv
  an-sync week2.csv
  run ! an-sync half.csv
  unset AN_API_KEY
  run -0 --separate-stderr an-sync status
  [ "${#lines[@]}" -eq 4 ]
  [[ ${lines[1]} =~ ^20[0-9-]+\ [0-9:]+Z\ +20\ +0\ +0\ +0\ +ok\ +week1.csv$ ]]
  [[ ${lines[2]} =~ ^20[0-9-]+\ [0-9:]+Z\ +1\ +1\ +2\ +0\ +ok\ +week2.csv$ ]]
  [ "${lines[3]}" = "19 members in the roster, of the group at $AN_API_URL" ]
  run -0 --separate-stderr an-sync status 1
  has "${lines[1]}" week2.csv
}

# at_one_moment: from here on, every run begins in the same second.
at_one_moment() {
  mkdir stubs
  printf '#!/bin/bash\n[ "$*" != +%%s ] || exec echo 1767600000\nexec %s "$@"\n' "$(command -v date)" >stubs/date
  chmod +x stubs/date
  PATH=$PWD/stubs:$PATH
}

@test "status has a line for each run, also of one source in one second, also when no files are kept" {
  at_one_moment
  AN_KEEP_RUNS=0 an-sync week1.csv
  AN_KEEP_RUNS=0 an-sync week1.csv
  mkdir few
  head -n 3 week1.csv >few/week1.csv
  run -65 an-sync few/week1.csv
  run -65 an-sync few/week1.csv
  run -0 --separate-stderr an-sync status
  [ "${#lines[@]}" -eq 6 ]
  has "${lines[1]}" ' 20 ' ' ok '
  has "${lines[2]}" ' 0 ' ' ok '
  has "${lines[3]}" refused
  has "${lines[4]}" refused
  run -0 --separate-stderr an-sync status 3
  [ "${#lines[@]}" -eq 5 ]
}

@test "the history names the directory of each run" {
  at_one_moment
  an-sync week1.csv
  an-sync week1.csv
  [ "$(history | jq -r .run.id | uniq)" = "$(runs | xargs -n 1 basename)" ]
  [ "$(history | jq -r .run.id | uniq | wc -l)" -eq 2 ]
}

@test "status shows a history without the runs' names as it did, and goes on with it" {
  for run in '"finished":"2026-01-05T06:00:01Z","status":75' '"finished":"2026-01-05T06:00:09Z","status":0'; do
    echo "{\"run\":{\"started\":\"2026-01-05T06:00:00Z\",$run,\"source\":\"old.csv\",\"acknowledged\":{\"new\":3}}}"
  done | roster-commit >/dev/null
  an-sync week1.csv
  run -0 --separate-stderr an-sync status
  [ "${#lines[@]}" -eq 4 ]
  [[ ${lines[1]} =~ ^2026-01-05\ 06:00Z\ +3\ +0\ +0\ +0\ +ok\ +old.csv$ ]]
  has "${lines[2]}" ' 20 ' week1.csv
}

@test "status of nothing is an empty table, and creates nothing" {
  run -0 --separate-stderr an-sync status
  [ "${lines[1]}" = '0 members in the roster' ]
  [ ! -e "$AN_STATE" ]
}

@test "a source that cannot be read is status 74, and leaves no trace" {
  run -74 --separate-stderr an-sync missing.csv
  has "$stderr" missing.csv
  [ ! -e "$AN_STATE" ]
}

@test "a state directory that cannot be made is status 74, and Slack hears of it" {
  touch file
  AN_STATE=$PWD/file/state run -74 --separate-stderr an-sync week1.csv
  has "$stderr" file/state
  [ "$(slack_texts)" = "Member sync failed: $PWD/file/state cannot be made: Not a directory" ]
  [ "$(sandbox_requests '' /api/)" -eq 0 ]
}

@test "a report that cannot be written is status 74; the sync counts" {
  run -74 --separate-stderr bash -c 'an-sync week1.csv >/dev/full'
  [ "$(members)" -eq 20 ]
}

@test "no room on the disk: status 74, and nothing is sent" {
  export_of 1 1000 >large.csv
  run -74 --separate-stderr bash -c "trap '' XFSZ; ulimit -f 8; an-sync large.csv"
  has "$stderr" 'File too large'
  [ "$(sandbox_requests '' /api/)" -eq 0 ]
}

@test "a source may be a pipe with a name" {
  run -0 --separate-stderr an-sync <(cat week1.csv)
  [ "$(members)" -eq 20 ]
}

@test "the completion knows every option that the programs' help names, and no other" {
  # shellcheck disable=SC1091
  . "$ROOT/scripts/completion.bash"
  for program in an-sync an-diff an-upsert an-lapse csv-diff mime-extract roster-dump roster-commit slack-notify; do
    echo "$program"
    diff <(_an_sync_options "$program" | grep -oE -- '--[a-z-]+' | sort -u) \
      <("$program" --help | grep -oE -- '(^|[ ,[])--[a-z-]+' | grep -oE -- '--[a-z-]+' | { cat; printf '%s\n' --help --version; } | sort -u)
  done
}

@test "programs that are missing are named" {
  mkdir bin
  cp -r "$ROOT/scripts/an-sync" "$ROOT/scripts/an-sync.d" bin
  for program in bash cat readlink dirname flock getopt; do
    ! type -P "$program" >/dev/null || ln -s "$(type -P "$program")" bin
  done
  run -78 --separate-stderr env PATH="$PWD/bin" an-sync week1.csv
  has "$stderr" 'not found' jq csv-diff an-upsert
}

@test "a part of an-sync that is missing or damaged is named, status 78, and nothing is done" {
  for damage in 'rm bin/an-sync.d/s3.bash' 'echo if >>bin/an-sync.d/s3.bash' 'rm -r bin/an-sync.d'; do
    rm -rf bin
    mkdir bin
    cp -r "$ROOT/scripts/an-sync" "$ROOT/scripts/an-sync.d" bin
    bash -c "$damage"
    run -78 --separate-stderr bin/an-sync week1.csv
    has "$stderr" 'an-sync: a part of it is missing or damaged' "$PWD/" install .bash
    [ "$output" = '' ]
  done
  [ "$(sandbox_requests)" -eq 0 ]
  [ ! -e "$AN_STATE" ]
}

@test "an-sync is a table of contents: under 250 lines, and each of its parts is in it" {
  [ "$(wc -l <"$ROOT/scripts/an-sync")" -lt 250 ]
  diff <(sed -n 's|^  \. "$parts/\(.*\)".*|\1|p' "$ROOT/scripts/an-sync" | sort) <(cd "$ROOT/scripts/an-sync.d" && ls -- *.bash)
}

@test "wrong usage is status 64, with usage on stderr" {
  for arguments in '' '--nonsense' 'a b' 's3://bucket' 'ftp://host/file' '--deadline soon x' '-r fast x' 'check x' 'status 1 2' 'status x'; do
    # shellcheck disable=SC2086 # words on purpose
    run -64 --separate-stderr an-sync $arguments
    [ "$output" = '' ]
    has "$stderr" 'an-sync: '
  done
  # A variable that is not set; the default configuration may be another group's.
  run -64 --separate-stderr an-sync -c '' week1.csv
  has "$stderr" 'an-sync: -c takes a file, not nothing'
  run -64 --separate-stderr an-sync adopt ''
  has "$stderr" 'an-sync: adopt takes one source'
}

@test "--help and --version answer on stdout" {
  run -0 --separate-stderr an-sync --help
  has "$output" 'usage: an-sync' --force
  [ "$stderr" = '' ]
  run -0 --separate-stderr an-sync -V
  [[ $output =~ ^an-sync\ \(an-sync\)\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
  run -74 bash -c 'an-sync --help >/dev/full'
}

# dated DATE: an export of that list_date.
dated() {
  echo 'akid,email,first_name,list_date'
  printf '%s,p%s@example.org,Person,%s\n' 1 1 "$1" 2 2 "$1"
}

@test "what never sent anything blocks nothing: after a missing or a refused key an older export is taken" {
  AN_API_KEY='' run -78 an-sync week2.csv
  run -0 --separate-stderr an-sync week1.csv
  rm -r "$AN_STATE"
  AN_API_KEY=wrong run -77 an-sync week2.csv
  [ "$(ends | jq -s 'last.sent')" = false ]
  run -0 --separate-stderr an-sync week1.csv
  has "$output" '20 new'
}

@test "an export that changed nothing was synced all the same: an older one is refused" {
  an-sync week2.csv
  cp week2.csv week3.csv
  touch -d '2026-01-19 06:00' week3.csv
  an-sync week3.csv
  touch -d '2026-01-15 06:00' week1.csv
  run -65 --separate-stderr an-sync week1.csv
  has "$stderr" 'a newer export, of 2026-01-19T06:00:00Z, was synced already'
}

@test "a clock that was ahead does not block what is dated rightly" {
  an-sync week1.csv
  jq -nc '{run: {id: "x", started: "2099-01-01T00:00:00Z", finished: "2099-01-01T00:00:00Z", source: "x.csv",
    export_date: "2099-01-01T00:00:00Z", status: 0, sent: true}}' | roster-commit >/dev/null
  run -0 --separate-stderr an-sync week2.csv
}

@test "a CSV's date is the newest of its list_date, whenever it was written, and the report says so" {
  dated '2026-01-12 04:00:05.541' >new.csv
  dated 1/5/2026 >old.csv
  touch -d '2025-06-01' new.csv
  run -0 --separate-stderr an-sync new.csv
  has "$output" 'The export is of 2026-01-12 (its newest list_date).'
  has "$(slack_texts)" 'The export is of 2026-01-12'
  zip -q old.zip old.csv
  for old in old.csv old.zip; do
    run -65 --separate-stderr an-sync "$old"
    has "$stderr" "$old is of 2026-01-05 (its newest list_date), and a newer export, of 2026-01-12, was synced already"
  done
}

@test "a date without a time stands for its whole day" {
  touch -d '2026-01-12 06:00' week2.csv
  an-sync week2.csv
  dated 2026-01-12 >same-day.csv
  AN_MAX_LAPSE=100% run -0 an-sync same-day.csv
  run -65 --separate-stderr an-sync week1.csv
  has "$stderr" 'week1.csv is of 2026-01-05T06:00:00Z (when the file was written)'
}

@test "a list_date in no form that is one everywhere does not count" {
  dated 13/12/2026 >odd.csv
  touch -d '2026-01-12 06:00' odd.csv
  run -0 --separate-stderr an-sync odd.csv
  has "$output" 'The export is of 2026-01-12T06:00:00Z (when the file was written).'
}

@test "a missing key is said with the configuration's name, and nothing of running again" {
  AN_API_KEY='' run -78 --separate-stderr an-sync week1.csv
  [ "$stderr" = "an-sync: there is no key: set AN_API_KEY or AN_API_KEY_FILE in $HOME/.config/an-sync/config" ]
  echo AN_MAX_LAPSE=5% >config
  chmod 600 config
  AN_API_KEY='' run -78 --separate-stderr an-sync -c config week1.csv
  has "$stderr" 'AN_API_KEY_FILE in config'
  run ! grep -F 'run again' <<<"$stderr$(slack_texts)"
}

@test "a refusal's advice works where it is given, word for word" {
  an-sync week1.csv
  export_of 8 20 >few.csv
  touch -d '2026-01-06' few.csv
  run -65 --separate-stderr an-sync few.csv
  has "$stderr" 'allow it for one run with AN_MAX_LAPSE=7'
  run ! grep -e '--max-lapse' <<<"$stderr$(slack_texts)"
  run -0 env "$(grep -o 'AN_MAX_LAPSE=[0-9]*' <<<"$stderr")" an-sync few.csv
  touch -d '2026-01-04' few.csv
  run -65 --separate-stderr an-sync few.csv
  run -0 env AN_MAX_LAPSE=100% an-sync "$(grep -o -e '--force' <<<"$stderr")" few.csv
}

@test "AN_OVERRIDES and AN_NAMES do what the options do, so that nobody forgets them by hand" {
  printf '%s\n' AN_OVERRIDES=yes AN_NAMES=yes "AN_API_KEY=$AN_API_KEY" >config
  chmod 600 config
  an-sync -c config week1.csv
  sandbox_get people | jq -c 'map(if .email_addresses[0].address == "p5@example.org" then
    .custom_fields["override_locality"] = "yes" else . end)' >people.json
  sandbox_post reset
  sandbox_post people @people.json
  run -0 --separate-stderr an-sync -c config week2.csv
  has "$output" 'New: Person 21'
  sed -i 's/Person 5,Boston/Person 5,Elsewhere/' week2.csv
  an-sync -c config week2.csv
  [ "$(sandbox_person p5@example.org | jq -r '.postal_addresses[0].locality')" = Boston ]
  AN_OVERRIDES=perhaps run -78 --separate-stderr an-sync week2.csv
  [ "$stderr" = 'an-sync: AN_OVERRIDES is yes or no, not "perhaps"' ]
}

@test "what is no rate and no deadline is an-sync's own wrong usage" {
  for option in '-r 1001' '-r 1000.1' '--rate x' '--deadline 0' '--deadline 0.0' '--deadline -1'; do
    # shellcheck disable=SC2086 # two words
    run -64 --separate-stderr an-sync $option week1.csv
    has "$stderr" 'an-sync: ' 'takes a number of'
  done
  [ "$(sandbox_requests)" -eq 0 ]
  for setting in AN_RATE=5000 AN_DEADLINE=0 AN_MAX_LAPSE=101% AN_MAX_LAPSE=; do
    [ "$setting" = AN_MAX_LAPSE= ] || run -78 --separate-stderr env "$setting" an-sync week1.csv
    run ! grep -F usage: <<<"$stderr"
  done
  run -0 an-sync -r 1000 --deadline 600.5 week1.csv
}

@test "-q -n is quiet, an-sync help is --help, and a reader that leaves is no error" {
  run -0 --separate-stderr an-sync -q -n week1.csv
  [ -z "$output$stderr" ]
  an-sync --help >help
  an-sync help | cmp - help
  an-sync week1.csv
  for command in status check help '-n week2.csv'; do
    # shellcheck disable=SC2086 # two words
    { an-sync $command 2>err; echo "${PIPESTATUS[0]}" >status; } | true
    [ ! -s err ] || { cat err; false; }
  done
  # One that leaves behind the changes, before it is said who was taken for a member.
  an-sync -n week2.csv >shown
  { an-sync -n week2.csv 2>err; } | head -n "$(($(sed -n '/^members are/=' shown) - 1))" >/dev/null
  [ ! -s err ] || { cat err; false; }
}

@test "two programs that meet the same obstacle say it once" {
  an-sync week1.csv
  sandbox_post settings '{"key":"other"}'
  run -77 --separate-stderr an-sync week2.csv
  [ "$(grep -c 'refused the key' <<<"$stderr")" -eq 1 ]
}

@test "on a terminal the progress is that of the whole pipe: done, total, rate, time left" {
  python3 -c 'import pty, sys; pty.spawn(sys.argv[1:])' an-sync -r 5 week1.csv >screen </dev/null
  grep -qE $'\r\033\\[Kan-sync: [0-9]+ of 20, [0-9.]+/s, [0-9]+:[0-9]{2} left' screen
  run ! grep -E 'an-(upsert|lapse): [0-9]' screen
  # And the log has what was said, without it.
  grep -q 'no column for' "$(last_run)/log"
  run ! grep -F left "$(last_run)/log"
}

@test "check finds key and webhook files that are not there, or that others can read" {
  unset AN_API_KEY SLACK_WEBHOOK_URL
  export AN_API_KEY_FILE=$PWD/key SLACK_WEBHOOK_URL_FILE=$PWD/webhook
  echo sandbox-key-that-opens-nothing >key
  chmod 600 key
  run -78 an-sync check
  has "$output" "FAILED  secret files: SLACK_WEBHOOK_URL_FILE: $PWD/webhook is not there"
  echo "$SANDBOX_URL/slack/test" >webhook
  chmod 644 webhook
  run -1 an-sync check
  has "$output" "note    secret files: SLACK_WEBHOOK_URL_FILE: others can read $PWD/webhook: chmod 600"
  chmod 600 webhook
  run an-sync check
  has "$output" 'ok      secret files'
}

@test "check finds a configuration that is a directory, or has a quote without an end" {
  mkdir config
  run -78 an-sync -c config check
  has "$output" 'config: this is a directory'
  rmdir config
  echo 'AN_MAIL_SUBJECT="export' >config
  chmod 600 config
  run -78 an-sync -c config check
  has "$output" 'config:1:' 'quote' 'no end'
}

@test "check finds that an earlier -r has slowed down the rate, and says until when" {
  export AN_RATE=4
  timeout 5 an-sync -r 0.001 week1.csv || true
  run -75 an-sync check
  [[ $output =~ 'Action Network: '.*'nothing can be asked before '[0-9]{2}:[0-9]{2}:[0-9]{2}': an earlier run with a lower rate (-r)' ]]
}

@test "check --post posts a message that reads as a test" {
  run an-sync check --post
  has "$output" 'a test message was posted'
  has "$(slack_texts)" 'Member sync, a test: an-sync check --post sent this, and nothing is wrong.'
  run ! grep -i fail <<<"$(slack_texts)"
}

@test "what cannot be written is 74, whatever it is" {
  an-sync week1.csv
  for command in help --help --version check status '-n week2.csv' week2.csv; do
    # shellcheck disable=SC2086 # two words
    run -74 bash -c "an-sync $command >/dev/full"
    run ! grep -E 'line [0-9]+:' <<<"$output"
  done
}
