#!/usr/bin/env bats
# roster-dump: the members that Action Network has acknowledged, and the history of runs.

load helpers
load roster

# adopt CSV: takes an export's members as acknowledged.
adopt() {
  csv-diff /dev/null "$1" | roster-commit --adopt >/dev/null
}

@test "an empty roster is nothing at all" {
  roster-commit </dev/null
  run -0 --separate-stderr roster-dump
  [ -z "$output" ]
  [ -z "$stderr" ]
}

@test "a roster that nobody has made is empty, and reading it makes nothing" {
  run -0 --separate-stderr roster-dump
  [ -z "$output$stderr" ]
  run -0 --separate-stderr roster-dump --runs
  [ -z "$output$stderr" ]
  [ -z "$(find . -name '*roster*')" ]
  [ ! -e "$AN_STATE" ]
}

@test "members are written with the export's columns and, behind them, Action Network's" {
  printf 'AKID,Email,first_name\n7,Rosa@Example.org,Rosa\n8,karl@example.org,\n' >export.csv
  csv-diff /dev/null export.csv | jq -c '.result = {status: "ok", id: "id of \(.row.akid)", map: "0f1e"}' |
    roster-commit >/dev/null
  run -0 --separate-stderr roster-dump
  [ "$output" = 'akid,email,first_name,action_network_id,action_network_map
8,karl@example.org,,id of 8,0f1e
7,Rosa@Example.org,Rosa,id of 7,0f1e' ]
}

@test "members come in the byte order of their addresses" {
  for name in b é a-z a a_z; do
    result new $name@example.org
  done | roster-commit >/dev/null
  run -0 addresses
  [ "$output" = 'a-z@example.org
a@example.org
a_z@example.org
b@example.org
é@example.org' ]
}

@test "columns come in the order in which they came first, and stay when they are gone" {
  printf 'email,b,a\nx@example.org,1,2\n' >first.csv
  printf 'c,email,b\n3,y@example.org,4\n' >second.csv
  adopt first.csv
  adopt second.csv
  result lapsed x@example.org | roster-commit >/dev/null
  roster-dump | cut -d, -f 1-4,5 >dump
  [ "$(<dump)" = 'email,b,a,c,action_network_id
y@example.org,4,,3,' ]
}

@test "a roster that everybody has left is a header" {
  result new x@example.org | roster-commit >/dev/null
  result lapsed x@example.org | roster-commit >/dev/null
  run -0 roster-dump
  [ "$output" = 'email,action_network_id,action_network_map' ]
}

@test "only fields that need quotes have them, and lines end in LF" {
  jq -nc '{change: "new", key: "x@example.org", result: {status: "ok"}, row: {email: "x@example.org",
    comma: "a,b", quote: "say \"hi\"", newline: "a\nb", cr: "a\rb", leading: " a", trailing: "a\t",
    blank: " ", inner: "a b", apostrophe: "O'\''Hara", empty: ""}}' | roster-commit >/dev/null
  roster-dump >dump
  printf '%s\n' 'email,comma,quote,newline,cr,leading,trailing,blank,inner,apostrophe,empty,action_network_id,action_network_map' \
    $'x@example.org,"a,b","say ""hi""","a\nb","a\rb"," a","a\t"," ",a b,O\'Hara,,,' >expected
  cmp dump expected
}

@test "whatever an export holds comes back as it was" {
  {
    printf 'email,note,"odd, ""name""",last\r\n'
    printf 'a@example.org,"say ""hi""","one\ntwo\r\nthree\rfour",\r\n'
    printf 'b@example.org," both ends ","\t",","\r\n'
    printf 'c@example.org,"""","""""","\n"\r\n'
    printf 'd@example.org,Zoë Ångström,🌹🌹,"é"\r\n'
    printf 'e@example.org,,,\r\n'
    printf 'f+g@example.org,\xe2\x80\xa8,-,"  "\r\n'
  } >export.csv
  adopt export.csv
  roster-dump >dump
  run -0 --separate-stderr csv-diff --exit-code dump export.csv
  [ "$(jq .summary.unchanged <<<"$output")" = 6 ]
  run -0 --separate-stderr csv-diff --exit-code export.csv dump
  diff <(csv-diff /dev/null export.csv | jq -cS 'select(.row).row' | sort) \
    <(members | jq -cS 'del(.action_network_id, .action_network_map)' | sort)
}

@test "blanks at the ends of a value are neither kept nor a difference" {
  printf 'email,note\na@example.org," blanks "\n' >one.csv
  printf 'email,note\na@example.org,blanks\n' >other.csv
  adopt one.csv
  roster-dump >dump
  run -0 grep -F ',blanks,' dump
  run -0 --separate-stderr csv-diff --exit-code dump other.csv
}

@test "--store names another roster" {
  result new here@example.org | roster-commit >/dev/null
  here=$AN_ROSTER
  use_roster another
  result new there@example.org | roster-commit >/dev/null
  run -0 roster-dump -s "$here"
  has "$output" here@example.org
  run -0 roster-dump --store "$here"
  has "$output" here@example.org
  run -0 roster-dump
  has "$output" there@example.org
}

@test "the history is the last 20 runs, the oldest first" {
  for i in {1..25}; do
    echo "{\"run\":{\"number\":$i,\"source\":\"mail \\\"é\\\"\"}}"
  done | roster-commit >/dev/null
  roster-dump --runs >runs
  [ "$(jq -c .run.number runs | tr '\n' ' ')" = "$(seq -s ' ' 6 25) " ]
  [ "$(tail -n 1 runs)" = '{"run":{"number":25,"source":"mail \"é\""}}' ]
}

@test "--runs=N is the last N of them" {
  for i in {1..5}; do
    echo "{\"run\":{\"number\":$i}}"
  done | roster-commit >/dev/null
  run -0 roster-dump --runs=2
  [ "$output" = $'{"run":{"number":4}}\n{"run":{"number":5}}' ]
  run -0 roster-dump -r1
  [ "$output" = '{"run":{"number":5}}' ]
  run -0 roster-dump --runs=1000
  [ ${#lines[@]} -eq 5 ]
}

@test "runs are not members, and members are no runs" {
  echo '{"run":{"number":1}}' | roster-commit >/dev/null
  run -0 roster-dump
  [ -z "$output" ]
  use_roster another
  result new a@example.org | roster-commit >/dev/null
  run -0 roster-dump --runs
  [ -z "$output" ]
}

@test "what cannot be written is an error" {
  result new a@example.org | roster-commit >/dev/null
  echo '{"run":{}}' | roster-commit >/dev/null
  for option in '' --runs; do
    # shellcheck disable=SC2086 # nothing, or one word
    run -74 --separate-stderr bash -c 'roster-dump "$@" >/dev/full' _ $option
    [ "$stderr" = 'roster-dump: standard output: No space left on device' ]
  done
}

@test "a reader that has gone ends it without a message" {
  records 20000 | roster-commit >/dev/null
  # shellcheck disable=SC2016 # for the inner shell
  run -0 bash -c 'roster-dump 2>err | head -n 1; echo "${PIPESTATUS[0]}" >status'
  [ "$output" = 'email,action_network_id,action_network_map' ]
  [ "$(<status)" = 74 ]
  [ ! -s err ]
}

@test "a store that is none is bad configuration" {
  for store in '' nonsense roster.sqlite sqlite sqlite: floppy:disk; do
    run -78 --separate-stderr roster-dump -s "$store"
    has "$stderr" "roster-dump: \"$store\" names no roster; write sqlite:PATH"
    [ -z "$output" ]
  done
}

@test "a store that cannot be read is an error that names it" {
  run -74 --separate-stderr roster-dump -s "$(unusable_roster)"
  has "$stderr" /dev/null/roster.sqlite 'Not a directory'
}

@test "without any home there is no roster" {
  unset AN_ROSTER AN_STATE HOME
  run -78 --separate-stderr roster-dump
  has "$stderr" AN_ROSTER AN_STATE
}

@test "wrong usage is refused" {
  run -64 --separate-stderr roster-dump --nonsense
  has "$stderr" 'usage: roster-dump'
  [ -z "$output" ]
  run -64 --separate-stderr roster-dump extra
  has "$stderr" '"extra"'
  for number in 0 -1 x 1.5 '' 9999999999; do
    run -64 --separate-stderr roster-dump "--runs=$number"
    has "$stderr" "\"$number\"" 'usage: roster-dump'
  done
}

@test "--help and --version answer on standard output" {
  run -0 --separate-stderr roster-dump --help
  has "$output" 'usage: roster-dump' --store --runs
  [ -z "$stderr" ]
  run -0 --separate-stderr roster-dump -V
  [[ $output =~ ^'roster-dump (an-sync) '[0-9.]+$ ]]
  run -74 --separate-stderr bash -c 'roster-dump --help >/dev/full'
}

@test "--count writes how many members there are, with --begun those, too, whom a run began to add" {
  [ "$(roster-dump --count)" = 0 ]
  records 300 | roster-commit >/dev/null
  [ "$(roster-dump --count)" = 300 ]
  result new b@example.org '{"row":{"note":"two\n\"lines\""}}' | roster-commit >/dev/null
  [ "$(roster-dump -c)" = 301 ]
  roster-commit --begin >/dev/null <<<'{"change":"new","key":"c@example.org","row":{"email":"c@example.org"}}'
  [ "$(roster-dump -c) $(roster-dump -bc)" = '301 302' ]
  run -74 --separate-stderr bash -c 'roster-dump -c >/dev/full'
}

@test "--group writes the group that the last runs say, and a few members, those with an id first" {
  run -0 roster-dump --group
  [ "$output" = '{"members":[]}' ]
  for i in 1 2 3; do
    result new "without$i@example.org"
    result new "with$i@example.org" | jq -c --arg id "id$i" '.result.id = $id'
  done | roster-commit >/dev/null
  printf '%s\n' '{"run":{"group":{"url":"a","key":"b"}}}' '{"run":{"group":{"url":"c","key":"d"}}}' '{"run":{}}' |
    roster-commit >/dev/null
  run -0 roster-dump --group
  same_json "$output" '{"group":{"url":"c","key":"d"},"members":[{"id":"id1","email":"with1@example.org"},
    {"id":"id2","email":"with2@example.org"},{"id":"id3","email":"with3@example.org"}]}'
}

@test "--group and --runs together write the group first, and then the runs" {
  printf '%s\n' '{"run":{"group":{"url":"a","key":"b"}}}' '{"run":{"n":2}}' | roster-commit >/dev/null
  run -0 roster-dump --runs=1 --group
  [ "$output" = $'{"group":{"url":"a","key":"b"},"members":[]}\n{"run":{"n":2}}' ]
}

@test "--group looks at a thousand members at the most for one with an id" {
  for ((i = 1000; i < 2001; i++)); do echo "p$i@example.org"; done | sed '1i email' >export.csv
  csv-diff /dev/null export.csv | roster-commit --adopt >/dev/null
  result new p2000@example.org | jq -c '.result.id = "id"' | roster-commit >/dev/null
  run -0 roster-dump --group
  [ "$(jq -c '.members | map(.email[:5])' <<<"$output")" = '["p1000","p1001","p1002","p1003","p1004"]' ]
  result new p1999@example.org | jq -c '.result.id = "id"' | roster-commit >/dev/null
  [ "$(roster-dump --group | jq -c .members)" = '[{"id":"id","email":"p1999@example.org"}]' ]
}
