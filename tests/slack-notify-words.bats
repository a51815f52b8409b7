#!/usr/bin/env bats
# slack-notify: what others wrote neither acts in a chat nor gets there where nobody vouched for it.

load helpers
load sandbox

setup() {
  common_setup
  start_sandbox
  export SLACK_WEBHOOK_URL=$SANDBOX_URL/slack/services/T0000/B0000/secretsecretsecret
}

# posted TEXT: what is posted when TEXT is a title, an error of the command line and one of a result; all
# of what any service shows, a string a line.
posted() {
  local before
  before=$(sandbox_get slack | jq length)
  slack-notify -N -t "$1" -e "$1" >/dev/null
  slack-notify -N -w "$1" <<<'{"summary":{}}' >/dev/null
  jq -nc --arg error "$1" '{change: "new", key: "x", row: {}, result: {status: "failed", $error}},
    {summary: {older: 1, newer: 1, unchanged: 0, new: 1, updated: 0, lapsed: 0, skipped: 0}}' | slack-notify -N >/dev/null || true
  sandbox_get slack | jq -r --argjson before "$before" '.[$before:][] | .. | strings'
}

@test "nobody is paged on Slack, Mattermost, Rocket.Chat or Discord" {
  local text
  for text in '@everyone' '@here' '@channel' '@all' 'hi @Everyone!' 'x@everyone' 'x@here y' '(@all)' '"@channel"' '@rosa' ':@rosa' \
    '@"Rosa L"' '<!here>' '<@U123>' '<!subteam^S1>' '@@here' '@everyone@here'; do
    run -0 posted "$text"
    # An @ is left only where it names nobody: within an address, or before nothing.
    run -1 grep -iE '@(everyone|here|channel|all|team|rosa|"|U123)|<' <<<"$output"
  done
}

@test "there is nothing to click on, and nothing that loads" {
  local text
  for text in 'https://evil.example/x.y' 'see HTTP://evil.example' 'x:https://evil.example' 'www.evil.example' '(www.evil.example)' \
    'WWW.Evil.example/a.b' '[x](evil.example)' '![x](//evil.example)' 'slack://open' '<https://evil.example|Slack>'; do
    run -0 posted "$text"
    run -1 grep -iE ':\/\/|www\.|\]\(|evil\.example[^)]*$' <(grep -vF '[x] (evil.example)' <<<"$output" | grep -vF '[x] (//evil.example)')
  done
}

@test "what turns the direction of writing, and what a terminal obeys, is escaped" {
  local text
  for text in $'a\u202eb' $'a\u2066b' $'a\u200fb' $'a\u0085b'; do
    run -0 posted "$text"
    run -1 grep -P '[\x{202a}-\x{202e}\x{2066}-\x{2069}\x{200e}\x{200f}\x{80}-\x{9f}\x{1b}]' <<<"$output"
  done
}

@test "addresses, file names, numbers and times stay as they are" {
  for text in 'rosa.l@mail.example.org' 'export.csv: row 3 has 1.5 of 2.0' 'at 12:30: done' 'a/b//c' 's3://mails/week.1.eml: gone' "Rosa's [list] (2)" 'x.@' '…@…' 'www' 'awww.'; do
    slack-notify -N -e "$text" >/dev/null
    [ "$(sandbox_get slack | jq -r '.[-1].blocks[1].text.text')" = "$text" ]
  done
}

@test "a warning is told, after everything else, and turns the message into one to look at" {
  echo '{"summary":{"older":1,"newer":1,"unchanged":1,"new":0,"updated":0,"lapsed":0,"skipped":0}}' >results
  run -0 --separate-stderr slack-notify -t T -w 'read as windows-1252' --warning $'two\nlines of rosa@example.org' results
  [ "${lines[0]}" = 'T: no changes, 1 unchanged; 1 member.' ]
  [ "${lines[1]}" = 'Warning: read as windows-1252' ]
  [ "${lines[2]}" = 'Warning: two lines of …@…' ]
  [ "$(sandbox_get slack | jq -r '.[0].blocks[0].text.text')" = '⚠️ T' ]
  has "$(sandbox_get slack | jq -r '.[0].text')" 'Warning: read as windows-1252'
  run -0 slack-notify -w one -e 'no'
  [ "$output" = $'Member sync failed: no\nWarning: one' ]
  run -64 slack-notify -w ''
}

@test "--unvouched leaves out what a stranger wrote" {
  run -0 slack-notify -u -e 'it is from "eve@example.org", and its subject is "click @here", without '"'x'" -w '"a" and "b'
  [ "${lines[0]}" = 'Member sync failed: it is from "…", and its subject is "…", without '"'x'" ]
  [ "${lines[1]}" = 'Warning: "…" and "…"' ]
  run -0 slack-notify -u -N -e '""'
  [ "$output" = 'Member sync failed: "…"' ]
  run -0 slack-notify -N -e 'it is "x"'
  [ "$output" = 'Member sync failed: it is "x"' ]
}
