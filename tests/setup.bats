#!/usr/bin/env bats
# an-sync setup: what it asks, on a pseudo-terminal and without one, and that it writes all or nothing.

load helpers
load sandbox

setup() {
  common_setup
  start_sandbox
  key=$AN_API_KEY
  unset AN_API_KEY
  CONFIG=$HOME/.config/an-sync/config
}

# talk SCRIPT [COMMAND...]: an-sync setup, or COMMAND, on a terminal.
talk() {
  local script=$1
  shift
  [ $# -gt 0 ] || set -- an-sync setup
  python3 -B "$ROOT/tests/setup.py" "$script" "$@"
}

# What may be there when nothing was written.
nothing_written() {
  [ -z "$(find "$HOME" -type f)" ]
}

answers() {
  jq -nc --arg key "$key" --arg export "$SAMPLES/export-2026-11-09.csv" '[["API key", $key], ["webhook", ""],
    ["Who mails", "exports@national.example.org"], ["export to look at", $export], ["Who is a member", ""]]'
}

@test "setup: a volunteer's answers become a config of their own, and the next command is said" {
  run talk "$(answers)"
  [[ $status -le 1 ]] # custom fields are missing
  has "$output" 'Action Network takes the key' 'Goes to Action Network: ' 'akid' 'Does not: ' "Wrote $CONFIG" \
    'an-sync -n ' export-2026-11-09.csv 'What an-sync check says'
  [[ $output != *"$key"* && $output != *'never came'* ]]
  [ "$(stat -c %a "$CONFIG")" = 600 ]
  [ "$(grep -v '^#' "$CONFIG")" = "$(printf '%s="%s"\n' AN_API_KEY "$key" AN_API_URL "$AN_API_URL" AN_MAIL_FROM exports@national.example.org)" ]
  unset AN_API_URL
  run -0 an-sync -n "$SAMPLES/export-2026-11-09.csv"
}

@test "setup: the custom fields that the group lacks are listed, each on a line of its own" {
  AN_API_KEY=$key SLACK_WEBHOOK_URL='' AN_MAIL_FROM='' run an-sync setup </dev/null
  [ "$status" -eq 1 ]
  grep -qx 'Middle Name' <<<"$output"
  grep -qx 'is_member' <<<"$output"
}

@test "setup: a wrong key is said at once and asked for again, and never shown" {
  run talk "$(answers | jq -c '[["API key", "a-wrong-key"]] + .')"
  has "$output" 'refused the key' 'once more' 'takes the key'
  [[ $output != *"$key"* && $output != *a-wrong-key* ]]
  grep -q "^AN_API_KEY=\"$key\"" "$CONFIG"
}

@test "setup: without a network it says so, status 69, and nothing is written" {
  AN_API_URL=http://127.0.0.1:1/api/v2 AN_DEADLINE=2 run -69 talk '[["API key", "some-key"]]'
  has "$output" 'nothing was written'
  nothing_written
}

@test "setup: Ctrl-C at any question writes nothing, and leaves nothing behind" {
  export TMPDIR=$PWD/tmp
  mkdir tmp
  for ((i = 0; i < 5; i++)); do
    run talk "$(answers | jq -c --argjson i $i '.[:$i] + [[.[$i][0], "^C"]]')"
    [ "$status" -ge 128 ]
    [[ $output != *'never came'* ]]
    nothing_written
    [ -z "$(ls tmp)" ]
  done
}

@test "setup: a terminal that goes away writes nothing" {
  run -75 talk '[["API key", "\u0004"]]'
  nothing_written
}

@test "setup: each answer may come from the environment, and without a terminal nothing is asked" {
  AN_API_KEY=$key SLACK_WEBHOOK_URL=$SANDBOX_URL/slack/test AN_MAIL_FROM=@national.example.org AN_MEMBERS='mailing_city=Boston' \
    AN_SETUP_EXPORT=$SAMPLES/export-2026-11-09.csv run an-sync -c mine setup </dev/null
  [[ $status -le 1 ]]
  [[ $output != *"$key"* && $output != *"$SANDBOX_URL/slack/test"* ]]
  has "$(cat mine)" "AN_API_KEY=\"$key\"" "SLACK_WEBHOOK_URL=\"$SANDBOX_URL/slack/test\"" 'AN_MAIL_FROM="@national.example.org"' \
    'AN_MEMBERS="mailing_city=Boston"'
  has "$output" 'an-sync -c mine -n '
  nothing_written
}

@test "setup: without a terminal and without a key it is status 78" {
  run -78 an-sync setup </dev/null
  has "$output" 'set AN_API_KEY'
  AN_API_KEY=wrong run -77 an-sync setup </dev/null
  nothing_written
}

@test "setup: a config that is there is not overwritten unasked" {
  mkdir -p "${CONFIG%/*}"
  echo '# mine' >"$CONFIG"
  AN_API_KEY=$key run -78 an-sync setup </dev/null
  has "$output" 'is there already'
  run -78 talk '[["Write it anew", "n"]]'
  [ "$(cat "$CONFIG")" = '# mine' ]
  run talk "$(answers | jq -c '[["Write it anew", "y"]] + .')"
  grep -q "$key" "$CONFIG"
  AN_API_KEY=$key AN_SETUP_OVERWRITE=yes AN_MAIL_FROM=other@example.org run an-sync setup </dev/null
  grep -q other@example.org "$CONFIG"
  [ "$(ls -A "${CONFIG%/*}")" = config ]
}

@test "setup: without room the config that was there stays as it was" {
  echo 'AN_MEMBERS=x=1' >mine
  # Room for what is found out before, and not for the whole of a long rule.
  AN_API_KEY=$key AN_SETUP_OVERWRITE=yes AN_MEMBERS="mailing_zip=$(seq -s, 10000 10400)" \
    run -74 bash -c 'trap "" XFSZ; ulimit -f 1; exec an-sync -c mine setup </dev/null'
  has "$output" 'mine could not be written'
  [ "$(cat mine)" = 'AN_MEMBERS=x=1' ]
  [ -z "$(find . -name '.config.*')" ]
}

@test "setup: only who asks Action Network sees the key" {
  mkdir programs
  printf '#!/bin/bash\nenv >>%q\nexec %q "$@"\n' "$PWD/seen" "$(type -P mime-extract)" >programs/mime-extract
  chmod +x programs/mime-extract
  AN_API_KEY=$key SLACK_WEBHOOK_URL=$SANDBOX_URL/slack/test AN_SETUP_EXPORT=$SAMPLES/export-2026-11-09.csv \
    PATH=$PWD/programs:$PATH run an-sync -c mine setup </dev/null
  [[ $status -le 1 ]]
  [ -s seen ]
  run -1 grep -F -e "$key" -e "$SANDBOX_URL/slack/test" seen
}

@test "setup: the key may be in a file, of which the config tells" {
  echo "$key" >key && chmod 600 key
  AN_API_KEY_FILE=$PWD/key run an-sync -c mine setup </dev/null
  [[ $status -le 1 ]]
  grep -qx "AN_API_KEY_FILE=\"$PWD/key\"" mine
  run -1 grep -q '^AN_API_KEY=' mine
}

@test "setup: what is no answer is asked for again, or refused where nobody can be asked" {
  run talk "$(answers | jq -c '.[:1] + [["webhook", "hooks"]] + .[1:2] + [["Who mails", "national"]] + .[2:3] +
    [["export to look at", "/nowhere"], ["Another one", ""], ["Who is a member", "members"], ["Who is a member", "x=y"]]')"
  has "$output" 'begins with https://' 'no address' 'is no export' 'no rule'
  grep -qx 'AN_MEMBERS="x=y"' "$CONFIG"
  rm "$CONFIG"
  AN_API_KEY=$key AN_SETUP_EXPORT=/nowhere run -65 an-sync setup </dev/null
  AN_API_KEY=$key AN_MAIL_FROM='a"b@c' run -78 an-sync setup </dev/null
  nothing_written
}

@test "setup: it says which letters national gives, and who is a member by them" {
  printf '%s\n' email,memb_status_letter a@example.org,M b@example.org,M c@example.org,L >letters.csv
  AN_API_KEY=$key AN_SETUP_EXPORT=letters.csv run an-sync setup </dev/null
  has "$output" '3 rows' 'L 1 times, M 2 times'
}

@test "setup: after Ctrl-C while the key is typed, the terminal shows again what is typed" {
  run talk '[["API key", "^C"]]' bash -c 'trap : INT; an-sync setup; stty -a'
  [[ $output =~ [[:space:]]echo[[:space:]] ]]
}

@test "setup: Ctrl-C while the key is tried writes nothing, and leaves nothing behind" {
  sandbox_post settings '{"latency":5}'
  export TMPDIR=$PWD/tmp
  mkdir tmp
  run talk "$(answers | jq -c '.[:1] + [["Trying it", "^C"]]')"
  [ "$status" -ge 128 ]
  [[ $output != *"$key"* && $output != *'never came'* ]]
  nothing_written
  [ -z "$(ls tmp)" ]
}
