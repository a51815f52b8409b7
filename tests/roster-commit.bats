#!/usr/bin/env bats
# roster-commit: records what Action Network has acknowledged, and passes every record on.

load helpers
load roster

ID=d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b

# commit_to_fifo: starts roster-commit with a fifo as its input, open in the test as descriptor 7, and
# its output in ./out; its process is $COMMITTER.
commit_to_fifo() {
  mkfifo in
  roster-commit <in >out 2>err 3>&- &
  COMMITTER=$!
  exec 7>in
}

has_lines() {
  [ "$(wc -l <"$1")" -ge "$2" ]
}

@test "an acknowledged member is in the roster, and the record goes on" {
  result new rosa@example.org "{\"row\":{\"email\":\"Rosa@Example.org\",\"first_name\":\"Rosa\"},
    \"result\":{\"id\":\"$ID\",\"map\":\"0f1e\"}}" >results
  run -0 --separate-stderr roster-commit results
  [ "$output" = "$(<results)" ]
  [ -z "$stderr" ]
  same_json "$(members)" "{\"email\":\"Rosa@Example.org\",\"first_name\":\"Rosa\",
    \"action_network_id\":\"$ID\",\"action_network_map\":\"0f1e\"}"
}

@test "an update takes the earlier row's place, whole" {
  result new rosa@example.org '{"row":{"first_name":"Rosa","city":"Berlin"},"result":{"id":"one","map":"a"}}' |
    roster-commit >/dev/null
  result updated rosa@example.org '{"row":{"first_name":"Róża"},"was":{"first_name":"Rosa"},"result":{"id":"two"}}' |
    roster-commit >/dev/null
  same_json "$(members)" '{"email":"rosa@example.org","first_name":"Róża","city":"","action_network_id":"two",
    "action_network_map":""}'
}

@test "the id is the result's, else the row's" {
  {
    result new a@example.org '{"row":{"action_network_id":"row"},"result":{"id":"result"}}'
    result new b@example.org '{"row":{"action_network_id":"row"}}'
    result new c@example.org '{"row":{"action_network_id":"row"},"result":{"id":""}}'
    result new d@example.org
  } | roster-commit >/dev/null
  [ "$(members | jq -r .action_network_id | tr '\n' ' ')" = 'result row row  ' ]
}

@test "the two columns that roster-dump adds are not kept as the row's" {
  result new a@example.org '{"row":{"action_network_id":"x","action_network_map":"y"},"result":{"map":"z"}}' |
    roster-commit >/dev/null
  run -0 roster-dump
  [ "$output" = $'email,action_network_id,action_network_map\na@example.org,x,z' ]
}

@test "a member who lapsed is gone, and so is one whom nobody knew" {
  records 3 | roster-commit >/dev/null
  result lapsed 2@example.org >results
  result lapsed nobody@example.org '{"result":{"note":"no such person"}}' >>results
  run -0 --separate-stderr roster-commit results
  [ "$output" = "$(<results)" ]
  [ "$(addresses)" = $'1@example.org\n3@example.org' ]
}

@test "a followed change of address leaves nobody under the older one" {
  result new old@example.org | roster-commit >/dev/null
  result updated new@example.org '{"was":{"email":" Old@Example.org"}}' | roster-commit >/dev/null
  [ "$(addresses)" = new@example.org ]
}

@test "an address that only changed its spelling stays" {
  result updated rosa@example.org '{"row":{"email":"Rosa@example.org"},"was":{"email":" ROSA@example.org "}}' |
    roster-commit >/dev/null
  [ "$(addresses)" = Rosa@example.org ]
}

@test "a later record of the same member wins" {
  {
    result new a@example.org '{"row":{"n":"1"}}'
    result lapsed a@example.org
    result new a@example.org '{"row":{"n":"2"}}'
    result updated a@example.org '{"row":{"n":"3"}}'
  } | roster-commit >/dev/null
  [ "$(members | jq -r .n)" = 3 ]
}

@test "what is not acknowledged changes nothing" {
  records 1 | roster-commit >/dev/null
  {
    for change in new updated lapsed; do
      for status in failed deferred dry-run new-kind; do
        result $change 1@example.org "{\"row\":{\"other\":\"x\"},\"result\":{\"status\":\"$status\"}}"
        result $change 2@example.org "{\"result\":{\"status\":\"$status\"}}"
      done
      jq -nc "{change: \"$change\", key: \"1@example.org\", row: {other: \"x\"}}"
    done
    result skipped 2@example.org
    result revived 2@example.org
  } >results
  before=$(roster-dump)
  run -0 --separate-stderr roster-commit results
  [ "$output" = "$(<results)" ]
  [ "$(roster-dump)" = "$before" ]
}

@test "--begin notes what is about to be sent: whoever is new is no member yet" {
  result updated b@example.org '{"row":{"first_name":"Bo","city":"Rome"},"result":{"id":"b","map":"0f1e"}}' |
    roster-commit >/dev/null
  before=$(roster-dump)
  jq -nc '{change: "new", key: "a@example.org", row: {email: "a@example.org", city: "Ulm"}}' >changes
  run -0 --separate-stderr roster-commit --begin changes
  [ "$output" = "$(<changes)" ]
  [ "$(roster-dump)" = "$before" ]
  run -0 roster-dump --begun
  has "$output" 'a@example.org,,Ulm,,begun-new'
  result new a@example.org '{"row":{"city":"Ulm"},"result":{"map":"1"}}' | roster-commit >/dev/null
  has "$(roster-dump)" 'a@example.org,,Ulm,,1'
}

@test "--begin keeps of a member what Action Network may have: now, or where that is empty, before" {
  jq -nc '{change: "updated", key: "a@example.org",
      row: {email: "a@example.org", city: "Ulm", phone: "", action_network_id: "x", action_network_map: "0f1e"},
      was: {city: "Rome", phone: "123"}},
    {change: "updated", key: "new@example.org", row: {email: "new@example.org", city: "Bonn", phone: ""},
      was: {email: " Old@example.org"}},
    {change: "lapsed", key: "c@example.org", row: {email: "c@example.org", city: "Kiel", action_network_map: "begun-1"}},
    {change: "lapsed", key: "d@example.org"},
    {change: "updated", key: "e@example.org", row: {}, result: {status: "ok"}}' |
    roster-commit --begin >/dev/null
  diff - <(roster-dump) <<'END'
email,city,phone,action_network_id,action_network_map
a@example.org,Ulm,123,x,begun-0f1e
c@example.org,Kiel,,,begun-1
d@example.org,,,,begun-
" Old@example.org",Bonn,,,begun-moved-
END
  # At the newer address nobody is a member yet.
  has "$(roster-dump --begun)" 'new@example.org,Bonn,,,begun-new'
}

@test "--begin asked to stop writes the rest on, and dies of the signal" {
  local signal status
  mkfifo in
  for signal in TERM HUP; do
    # Under nohup SIGHUP is ignored, which the program would respect.
    env --default-signal=HUP roster-commit --begin <in >out 3>&- &
    COMMITTER=$!
    exec 7>in
    echo '{"change":"new","key":"a@example.org","row":{"email":"a@example.org"}}' | tee -a all >&7
    within 10 has_lines out 1
    kill -s $signal "$COMMITTER"
    # A second of grace follows, from the next record on.
    echo '{}' | tee -a all >&7
    within 10 has_lines out 2
    sleep 1.2
    echo '{"change":"new","key":"b@example.org","row":{"email":"b@example.org"}}' | tee -a all >&7
    exec 7>&-
    status=0
    wait "$COMMITTER" || status=$?
    [ "$status" -eq $((128 + $(kill -l $signal))) ]
    cmp out all
    rm all
  done
  [ "$(roster-dump --begun | cut -d, -f1 | tail -n +2)" = a@example.org ]
}

@test "--begin notes nothing after its deadline, and writes on all the same" {
  mkfifo in
  roster-commit --begin --deadline 0.1 <in >out 3>&- &
  exec 7>in
  jq -nc '{change: "new", key: "first@example.org", row: {email: "first@example.org"}}' >&7
  within 10 has_lines out 1
  has "$(roster-dump --begun)" first@example.org
  # A second of grace follows.
  later_is_not_noted() {
    count=$((${count-1} + 1))
    jq -nc --arg email $count@example.org '{change: "new", key: $email, row: {$email}}' >&7
    within 10 has_lines out $count
    [[ $(roster-dump --begun) != *$count@example.org* ]]
  }
  within 10 later_is_not_noted
  exec 7>&-
  wait $!
}

@test "every line goes on byte for byte and in order" {
  cat >input <<'END'
 { "key" : "a@example.org" , "change":"new", "row":{ "email":"a@example.org" }, "result":{"status":"ok","http":2e2} } 
{"summary":{"older":1,"newer":1,"unchanged":1.0}}
{"anything":"\u00e9 é","else":[1,2.50,{}]}
{"change":"skipped","reason":"no email","file":"newer.csv","line":17,"row":{}}
{"change":"lapsed","key":"b@example.org","row":{},"result":{"status":"ok"},"unknown":null}
{}
{"run":"not an object"}
END
  roster-commit <input >out
  cmp input out
}

@test "a last line without its newline counts" {
  printf '%s' "$(records 1)" | roster-commit >out
  [ "$(<out)" = "$(records 1)" ]
  [ "$(addresses)" = 1@example.org ]
}

@test "empty input makes an empty roster" {
  run -0 --separate-stderr roster-commit </dev/null
  [ -z "$output$stderr" ]
  run -0 roster-dump
  [ -z "$output" ]
}

@test "a run is added to the history and goes on" {
  echo '{"run":{"status":0,"source":"export.eml","failed":0}}' >runs
  run -0 --separate-stderr roster-commit runs
  [ "$output" = "$(<runs)" ]
  [ "$(roster-dump --runs)" = "$(<runs)" ]
}

@test "a person without a row is known by the address" {
  jq -nc '{change: "new", key: "a@example.org", person: {given_name: "A"}, result: {status: "ok", id: "i"}}' |
    roster-commit >/dev/null
  run -0 roster-dump
  [ "$output" = $'email,action_network_id,action_network_map\na@example.org,i,' ]
}

@test "keys and columns are normalized, and values become text" {
  jq -nc '{change: "new", key: " Rosa@Example.ORG", result: {status: "ok"},
    row: {" Email ": "Rosa@Example.org", Zip: 2139, Active: true, Gone: false, None: null}}' |
    roster-commit >/dev/null
  run -0 roster-dump
  [ "$output" = 'email,zip,active,gone,none,action_network_id,action_network_map
Rosa@Example.org,2139,True,False,,,' ]
  result lapsed rosa@example.org | roster-commit >/dev/null
  [ -z "$(addresses)" ]
}

@test "--adopt takes changes without a result as acknowledged" {
  records 2 | roster-commit >/dev/null
  {
    jq -nc '{change: "lapsed", key: "1@example.org", row: {}}'
    jq -nc '{change: "updated", key: "2@example.org", row: {email: "2@example.org", n: "x"}, was: {n: ""}}'
    jq -nc '{change: "new", key: "3@example.org", row: {email: "3@example.org"}, result: null}'
    jq -nc '{change: "skipped", reason: "no email", row: {}}'
    result new 4@example.org '{"result":{"map":"own"}}'
    result new 5@example.org
  } >changes
  run -0 --separate-stderr roster-commit --adopt changes
  [ "$output" = "$(<changes)" ]
  digest=$(an-upsert --print-digest)
  [ "$(members | jq -r '[.email, .n, .action_network_map] | @csv')" = "\"2@example.org\",\"x\",\"$digest\"
\"3@example.org\",\"\",\"$digest\"
\"4@example.org\",\"\",\"own\"
\"5@example.org\",\"\",\"\"" ]
}

@test "--adopt takes nothing that failed, was deferred or rehearsed" {
  for status in failed deferred dry-run; do
    result new $status@example.org "{\"result\":{\"status\":\"$status\"}}"
  done >results
  result new strange@example.org '{"result":{"status":null}}' >>results
  run -0 roster-commit --adopt results
  [ "$output" = "$(<results)" ]
  run -0 roster-dump
  [ -z "$output" ]
}

@test "an export that was adopted is no change any more, until the map or a row changes" {
  printf 'email,first_name\na@example.org,A\nb@example.org,B\n' >export.csv
  csv-diff /dev/null export.csv | roster-commit -a >/dev/null
  roster-dump >older.csv
  run -0 csv-diff --exit-code --current "action_network_map=$(an-upsert --print-digest)" older.csv export.csv
  run -1 csv-diff --exit-code --current action_network_map=another older.csv export.csv
  sed 's/B/Bee/' export.csv >newer.csv
  run -1 csv-diff --exit-code --current "action_network_map=$(an-upsert --print-digest)" older.csv newer.csv
  same_json "$(grep -v summary <<<"$output" | jq -c .was)" '{"first_name":"B"}'
}

@test "--adopt records the digest of the map that is named" {
  echo '{"email":"email","custom_fields":{"is_member":{"value":"True"}}}' >map.json
  digest=$(an-upsert -m map.json --print-digest)
  jq -nc '{change: "new", key: "a@example.org", row: {email: "a@example.org"}}' >change
  roster-commit --adopt --map map.json change >/dev/null
  [ "$(members | jq -r .action_network_map)" = "$digest" ]
  use_roster another
  AN_FIELD_MAP=map.json roster-commit -a change >/dev/null
  [ "$(members | jq -r .action_network_map)" = "$digest" ]
}

@test "a bad map is refused before anything is read or made" {
  echo '{' >map.json
  make_silence
  run -78 --separate-stderr timeout 20 roster-commit --adopt -m map.json <silent
  has "$stderr" 'roster-commit: map.json'
  run -0 roster-dump
  [ -z "$(find . -name '*.sqlite')" ]
}

@test "before a line that is not JSON, all is recorded and written" {
  { records 2; echo '{"change":'; records 1 3; } >input
  run -65 --separate-stderr roster-commit input
  [ "$output" = "$(records 2)" ]
  has "$stderr" 'roster-commit: input:3: not a JSON object'
  [ "$(addresses)" = $'1@example.org\n2@example.org' ]
  run -65 --separate-stderr roster-commit <<<'[]'
  has "$stderr" 'standard input:1: not a JSON object'
}

@test "an acknowledgement that the roster cannot keep is an error that names the line" {
  bad() {
    { records 1; echo "$1"; records 1 9; } >input
    run -65 --separate-stderr roster-commit input
    [ "$output" = "$(records 1)" ]
    has "$stderr" 'roster-commit: input:2: ' "$2"
    [ "$(addresses)" = 1@example.org ]
  }
  bad '{"change":"new","row":{"email":"a"},"result":{"status":"ok"}}' 'has no key'
  bad '{"change":"lapsed","key":" ","result":{"status":"ok"}}' 'has no key'
  bad '{"change":"lapsed","key":7,"result":{"status":"ok"}}' 'key is not a string'
  bad '{"change":"new","key":"a\u0000b","row":{},"result":{"status":"ok"}}' 'key holds a NUL'
  bad '{"change":"new","key":"a","result":{"status":"ok"}}' 'row is missing'
  bad '{"change":"updated","key":"a","row":[],"result":{"status":"ok"}}' 'row is not an object'
  bad '{"change":"new","key":"a","row":{"n":["x"]},"result":{"status":"ok"}}' 'row.n is not a string'
  bad '{"change":"new","key":"a","row":{"n":"\u0000"},"result":{"status":"ok"}}' 'row.n holds a NUL'
  bad '{"change":"new","key":"a","row":{},"result":{"status":"ok","id":7}}' 'result.id is not a string'
  bad '{"change":"new","key":"a","row":{},"result":{"status":"ok","map":{}}}' 'result.map is not a string'
  bad '{"change":"updated","key":"a","row":{},"was":{"email":7},"result":{"status":"ok"}}' 'was.email is not a string'
}

@test "a record of somebody else's with the same faults goes on" {
  echo '{"change":"new","row":7,"key":[],"result":{"status":"failed"}}' >input
  echo '{"change":7,"result":{"status":"ok"}}' >>input
  echo '{"result":{"status":"ok"}}' >>input
  run -0 --separate-stderr roster-commit input
  [ "$output" = "$(<input)" ]
}

@test "at a low rate each record is durable and passed on at once" {
  commit_to_fifo
  for i in 1 2 3; do
    records 1 "$i" >&7
    within 10 has_lines out "$i"
    [ "$(addresses | wc -l)" = "$i" ]
  done
  exec 7>&-
  wait "$COMMITTER"
  [ "$(<out)" = "$(records 3)" ]
}

@test "half a line waits for its other half, and what was before it does not" {
  commit_to_fifo
  { records 1; records 1 2 | head -c 30; } >&7
  within 10 has_lines out 1
  [ "$(addresses)" = 1@example.org ]
  records 1 2 | tail -c +31 >&7
  within 10 has_lines out 2
  [ "$(addresses | wc -l)" = 2 ]
  exec 7>&-
  wait "$COMMITTER"
}

@test "thousands at once are all recorded and passed on in order" {
  records 2500 >input
  echo '{"summary":{"new":2500}}' >>input
  roster-commit <input >out
  cmp input out
  [ "$(addresses | wc -l)" = 2500 ]
}

@test "a large record is kept" {
  note=$(head -c 300000 /dev/zero | tr '\0' x)
  { records 1; printf '{"change":"new","key":"2@example.org","row":{"email":"2@example.org","note":"%s"},"result":{"status":"ok"}}\n' "$note"
    records 1 3; } >input
  roster-commit <input >out
  cmp input out
  [ "$(roster-dump | wc -c)" -gt 300000 ]
  [ "$(roster-dump | wc -l)" = 4 ]
}

@test "it outlives signals and drains its input" {
  commit_to_fifo
  records 1 >&7
  within 10 has_lines out 1
  for signal in INT TERM HUP; do
    kill -s "$signal" "$COMMITTER"
  done
  records 2 2 >&7
  exec 7>&-
  wait "$COMMITTER"
  [ "$(<out)" = "$(records 3)" ]
  [ "$(addresses | wc -l)" = 3 ]
}

@test "when the reader has gone, all is recorded all the same" {
  records 3000 | { roster-commit 2>err || echo $? >status; } | true
  within 10 test -s status
  [ "$(<status)" = 74 ]
  [ "$(<err)" = 'roster-commit: standard output: Broken pipe; all was recorded, not all written' ]
  [ "$(addresses | wc -l)" = 3000 ]
}

@test "when nothing can be written on, all is recorded all the same" {
  records 3000 >input
  run -74 --separate-stderr bash -c 'roster-commit input >/dev/full'
  [ "$stderr" = 'roster-commit: standard output: No space left on device; all was recorded, not all written' ]
  [ "$(addresses | wc -l)" = 3000 ]
}

@test "a roster that cannot be written is refused before anything is read" {
  make_silence
  run -74 --separate-stderr timeout 20 roster-commit -s "$(unusable_roster)" <silent
  has "$stderr" /dev/null/roster.sqlite
  run -78 --separate-stderr timeout 20 roster-commit -s nonsense <silent
  has "$stderr" '"nonsense" names no roster'
}

@test "a file that cannot be read makes no roster" {
  run -74 --separate-stderr roster-commit missing
  has "$stderr" 'roster-commit: missing: No such file'
  [ -z "$(find . -name '*.sqlite')" ]
  run -74 --separate-stderr roster-commit .
  has "$stderr" 'Is a directory'
}

@test "several at once do not lose each other's members" {
  for i in 1 2 3 4; do
    records 300 $((i * 1000)) | roster-commit >/dev/null 2>"err.$i" 3>&- &
    jobs[i]=$!
  done
  for i in 1 2 3 4; do
    wait "${jobs[i]}"
  done
  cat err.* && [ "$(addresses | wc -l)" = 1200 ]
  check_roster
}

@test "killed at any moment, the roster is whole and holds every line that came out" {
  for i in {1..12}; do
    rm -f out
    while :; do records 40 "$i$((RANDOM % 9))000"; done 2>/dev/null |
      bash -c 'echo $$ >pid; exec roster-commit' >out 3>&- &
    within 10 test -s pid
    sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
    kill -KILL "$(<pid)"
    wait $! || true
    rm pid
    run -0 addresses
    echo "$output" | sort >have
    head -n "$(wc -l <out)" out | jq -r .key | sort -u >came
    [ -z "$(comm -13 have came)" ]
    check_roster
  done
  [ -s have ]
}

@test "the roster is \$AN_ROSTER, else in the state directory" {
  records 1 >input
  AN_ROSTER='' roster-commit input >/dev/null
  [ "$(roster-dump)" = '' ]
  unset AN_ROSTER
  [ "$(addresses)" = 1@example.org ]
  AN_STATE='' roster-commit </dev/null
  [ "$(find "$HOME" -name 'roster.sqlite')" = "$HOME/.local/state/an-sync/roster.sqlite" ]
}

@test "wrong usage is refused, and nothing is made" {
  run -64 --separate-stderr roster-commit --nonsense
  has "$stderr" 'usage: roster-commit'
  [ -z "$output" ]
  run -64 --separate-stderr roster-commit one two
  has "$stderr" '"two"' 'usage: roster-commit'
  run -64 --separate-stderr roster-commit -m map.json
  has "$stderr" --adopt 'usage: roster-commit'
  run -64 --separate-stderr roster-commit --begin --adopt
  has "$stderr" --begin 'usage: roster-commit'
  run -64 --separate-stderr roster-commit --deadline 3
  has "$stderr" --begin 'usage: roster-commit'
  run -64 --separate-stderr roster-commit --begin --deadline soon
  has "$stderr" '"soon"' 'usage: roster-commit'
  [ -z "$(find . -name '*.sqlite')" ]
}

@test "--help and --version answer on standard output" {
  run -0 --separate-stderr roster-commit -h
  has "$output" 'usage: roster-commit' --store --adopt --map
  [ -z "$stderr" ]
  run -0 --separate-stderr roster-commit --version
  [[ $output =~ ^'roster-commit (an-sync) '[0-9.]+$ ]]
}
