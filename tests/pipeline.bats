#!/usr/bin/env bats
# The whole pipe against the sandbox: what a group holds after a sync, what it costs in requests, and
# that neither accidents nor bad exports leave traces.

load helpers
load sandbox

setup() {
  common_setup
  start_sandbox
  export SLACK_WEBHOOK_URL=$SANDBOX_URL/slack/test AN_RATE=0
}

# mail CSV [NAME]: a mail that carries the file.
mail() {
  printf '%s\r\n' 'From: Exports <exports@national.example.org>' 'To: us@example.org' \
    'Subject: Membership export' "Date: $(date -R -r "$1")" "Message-ID: <$1@example.org>" 'MIME-Version: 1.0' \
    "Content-Type: application/octet-stream; name=\"${2-$1}\"" 'Content-Transfer-Encoding: base64' '' "$(base64 "$1")"
}

# write_export FILE ROW...: an export of these members.
HEADER='akid,first_name,last_name,mailing_address1,mailing_city,mailing_state,mailing_zip,best_phone,email,list_date'
write_export() {
  local file=$1
  shift
  printf '%s\n' "$HEADER" "$@" >"$file"
}

# Two weeks of a chapter that has everything an export can have.
two_weeks() {
  local i
  week1=(
    '1,Rosa,Luxemburg,1 Main St,Boston,MA,02111,"617-555-0101, 617-555-0102",Rosa.Luxemburg@Example.org,2026-01-05'
    '2,"Karl ""Charly""",Liebknecht,2 Main St,Boston,MA,2111,,karl+dues@example.org,2026-01-05'
    "3,Siobhán,O'Neill,,,,,,siobhan.o'neill@example.org,2026-01-05"
    '4,José,Martí,"5 Calle Ancha, Apt 2",Somerville,MA,2143,(617) 555 0104,jose@example.org,2026-01-05'
    '5,🌹,Müller-Łódź,6 Elm St,Lynn,MA,01901,,emoji@example.org,2026-01-05'
    '6,Ann,Household,7 Oak St,Salem,MA,01970,,house@example.org,2026-01-05'
    '7,Ben,Household,7 Oak St,Salem,MA,01970,,house@example.org,2026-01-05'
    '8,Mover,Follows,8 Ash St,Salem,MA,01970,,old.address@example.org,2026-01-05'
    '9,Leaver,Lapses,9 Ash St,Salem,MA,01970,,leaver@example.org,2026-01-05'
    '10,No,Address,10 Ash St,Salem,MA,01970,,,2026-01-05'
  )
  for ((i = 20; i < 60; i++)); do
    week1+=("$i,First $i,Last $i,$i High St,Boston,MA,02$i,,m$i@example.org,2026-01-05")
  done
  # Everybody's list_date moves; that must not count.
  week2=("${week1[@]/%2026-01-05/2026-01-12}")
  week2[1]=${week2[1]/Liebknecht/Liebknecht-Marx}
  week2[2]=${week2[2]/,,,,,,/,3 New St,Lowell,MA,01850,,}
  week2[3]=${week2[3]/(617) 555 0104/}
  week2[7]=${week2[7]/old.address/New.Address}
  unset 'week2[8]'
  week2+=('11,Clara,Zetkin,11 Pine St,Boston,MA,02111,,clara@example.org,2026-01-12')
  for ((i = 20; i < 30; i++)); do
    week2=("${week2[@]/,$i High St,/,$i Low St,}")
  done
  write_export week1.csv "${week1[@]}"
  write_export week2.csv "${week2[@]}"
  touch -d '2026-01-05 06:00' week1.csv
  touch -d '2026-01-12 06:00' week2.csv
  mail week1.csv >week1.eml
  mail week2.csv >week2.eml
}

# people: address, first and last name, city, is_member; by address.
people() {
  sandbox_get people | jq -r 'map([.email_addresses[0].address, .given_name, .family_name,
    .postal_addresses[0].locality, .custom_fields.is_member] | map(. // "") | join("|")) | sort | .[]'
}

# members_in CSV: the addresses in it, as Action Network writes them.
members_in() {
  csv-diff /dev/null "$1" | jq -r 'select(.change == "new").key' | sort
}

api_requests() { sandbox_requests "${1-}" /api/; }

# in_step CSV: the roster and the group's members are those of the file, no more and no fewer.
in_step() {
  diff <(members_in "$1") <(people | grep '|True$' | cut -d'|' -f1)
  diff <(members_in "$1") <(members_in <(roster-dump))
}

@test "two weekly mails: new members are created, changed ones updated, lapsed ones marked" {
  two_weeks
  run -0 --separate-stderr an-sync week1.eml
  has "$output" '48 new' '1 row was skipped: no email'
  in_step week1.csv
  [ "$(api_requests)" -eq 48 ]
  run -0 --separate-stderr an-sync week2.eml
  has "$output" '1 new, 14 updated, 1 lapsed' '1 row was skipped'
  in_step week2.csv
  [ "$(people | grep -v '|True$')" = 'leaver@example.org|Leaver|Lapses|Salem|False' ]
  # One request a change, and whoever lapses is read first; nothing else was asked.
  [ "$(api_requests)" -eq $((48 + 16 + 1)) ]
  [ "$(api_requests GET)" -eq 1 ]
}

@test "the same mail again sends nothing at all" {
  two_weeks
  an-sync week1.eml
  an-sync week2.eml
  before=$(api_requests)
  roster-dump >before.csv
  run -0 --separate-stderr an-sync week2.eml
  has "$output" 'no changes'
  [ "$(api_requests)" -eq "$before" ]
  roster-dump | cmp - before.csv
}

@test "addresses beyond ASCII are synced once, whatever Action Network makes of them, moved, and lapsed" {
  sandbox_post settings '{"normalize":true}'
  write_export week1.csv '1,Jörg,J,1 Main St,Boston,Massachusetts,02111-1234,,JÖRG@example.org,x' \
    '2,Bea,B,2 Main St,Boston,MA,02111,,p1@bücher.example,x' '3,Eva,E,3 Main St,Boston,MA,02111,,eva@BÜCHER.example,x'
  touch -d '2026-01-05 06:00' week1.csv
  run -0 an-sync week1.csv
  run -0 an-sync --force week1.csv
  has "$output" 'no changes, 3 unchanged; 3 members.'
  write_export week2.csv '1,Jörg,J,9 Main St,Boston,Massachusetts,02111-1234,,jörg@example.org,x' \
    '2,Bea,B,2 Main St,Boston,MA,02111,,bea@göteborg.example,x'
  run -0 an-sync week2.csv
  [ "$(people)" = 'bea@xn--gteborg-90a.example|Bea|B|Boston|True
eva@xn--bcher-kva.example|Eva|E|Boston|False
jörg@example.org|Jörg|J|Boston|True' ]
}

@test "the sample mails: two weeks of a chapter, with the sample configuration" {
  install -m 600 "$SAMPLES/config" config
  unset AN_API_KEY_FILE
  run -0 --separate-stderr an-sync -c config "$SAMPLES/mail-2026-11-09.eml"
  has "$output" '38 new' '1 row was skipped'
  in_step "$SAMPLES/export-2026-11-09.csv"
  run -0 --separate-stderr an-sync -c config "$SAMPLES/mail-2026-11-16.eml"
  has "$output" '5 new, 8 updated, 3 lapsed, 27 unchanged' '1 row was skipped'
  in_step "$SAMPLES/export-2026-11-16.csv"
  [ "$(api_requests)" -eq $((38 + 16 + 3)) ]
}

@test "names and addresses arrive as they are: quotes, accents, emoji, apostrophes, +, capitals" {
  two_weeks
  an-sync week1.eml
  run -0 people
  has "$output" 'rosa.luxemburg@example.org|Rosa|Luxemburg|Boston|True' \
    'karl+dues@example.org|Karl "Charly"|Liebknecht|Boston|True' \
    "siobhan.o'neill@example.org|Siobhán|O'Neill||True" 'jose@example.org|José|Martí|Somerville|True' \
    'emoji@example.org|🌹|Müller-Łódź|Lynn|True'
  run -0 jq -r '.postal_addresses[0].postal_code, .postal_addresses[0].address_lines[0]' <(sandbox_person jose@example.org)
  [ "$output" = $'02143\n5 Calle Ancha, Apt 2' ]
  # They are found again, too, where nobody knows their ids.
  write_export only.csv "${week1[0]}"
  csv-diff week1.csv only.csv | an-lapse -r 0 >/dev/null
  [ "$(people | grep -v '|False$')" = 'rosa.luxemburg@example.org|Rosa|Luxemburg|Boston|True' ]
}

@test "a household with one address is one person, and does not flap" {
  write_export ab.csv '6,Ann,House,7 Oak St,Salem,MA,01970,,house@example.org,1' '7,Ben,House,7 Oak St,Salem,MA,01970,,house@example.org,1'
  write_export ba.csv '7,Ben,House,7 Oak St,Salem,MA,01970,,house@example.org,1' '6,Ann,House,7 Oak St,Salem,MA,01970,,house@example.org,1'
  an-sync ab.csv
  an-sync ba.csv
  an-sync ab.csv
  [ "$(api_requests)" -eq 1 ]
}

@test "a member whose address changed stays the same person" {
  two_weeks
  an-sync week1.eml
  id=$(jq -r .id <(sandbox_person old.address@example.org))
  an-sync week2.eml
  [ "$(jq -r .id <(sandbox_person new.address@example.org))" = "$id" ]
  run ! sandbox_person old.address@example.org
}

@test "nobody who left the mailing list is put back on it" {
  two_weeks
  an-sync week1.eml
  sandbox_get people | jq 'map(.email_addresses[0].status = "unsubscribed")' >people.json
  sandbox_post reset
  sandbox_post people @people.json
  an-sync week2.eml
  run -0 jq -r 'map(select(.email_addresses[0].status == "subscribed").email_addresses[0].address)[]' <(sandbox_get people)
  [ "$output" = clara@example.org ]
}

@test "bulk mode: two files and one pipe, without a roster" {
  two_weeks
  csv-diff --follow akid -c "$(an-upsert --print-columns)" /dev/null week1.csv | an-upsert -r 0 | an-lapse -r 0 >week1.ndjson
  bulk() {
    set -o pipefail
    csv-diff --follow akid -c "$(an-upsert --print-columns)" week1.csv week2.csv | an-upsert -r 0 | an-lapse -r 0 |
      slack-notify
  }
  run -0 --separate-stderr bulk
  has "$output" '1 new, 14 updated, 1 lapsed'
  has "$(sandbox_get slack)" '1 new, 14 updated, 1 lapsed'
  diff <(members_in week2.csv) <(people | grep '|True$' | cut -d'|' -f1)
  [ ! -e "$AN_STATE" ]
}

@test "each stage alone, on saved files, does what the pipe does" {
  two_weeks
  an-sync week1.eml
  an-sync week2.eml
  sandbox_people >piped
  roster-dump | cut -d, -f1-9 >piped.csv
  sandbox_post reset
  export AN_STATE=$PWD/by-hand
  for week in week1 week2; do
    mime-extract $week.eml >$week.out
    cmp $week.out $week.csv
    roster-dump >older.csv
    csv-diff -c "$(an-upsert --print-columns)" --follow akid older.csv $week.out >changes
    an-upsert -r 0 changes >upserted
    an-lapse -r 0 upserted >lapsed
    roster-commit <lapsed >recorded
    cmp lapsed recorded
    slack-notify recorded
  done
  diff piped <(sandbox_people)
  diff piped.csv <(roster-dump | cut -d, -f1-9)
}

@test "the two programs of the pipe share one rate" {
  two_weeks
  an-sync week1.eml
  sleep 1.1 # until that does not count any more
  sandbox_post settings '{"rate": 10}'
  AN_RATE=10 run -0 --separate-stderr an-sync week2.eml
  [ "$(sandbox_get log | jq '[.[] | select(.status == 429)] | length')" -eq 0 ]
  in_step week2.csv
}

@test "a service that fails, stalls and breaks off now and then: all arrive, and the group is the same" {
  two_weeks
  an-sync week1.eml
  an-sync week2.eml
  sandbox_people >undisturbed
  sandbox_post reset
  rm -r "$AN_STATE"
  sandbox_post faults '{"seed": 7, "random": {"500": 0.05, "503-applied": 0.05, "cut-before": 0.05, "cut-after": 0.05, "garbage": 0.03}}'
  AN_RATE=100 run -0 --separate-stderr an-sync week1.eml
  AN_RATE=100 run -0 --separate-stderr an-sync week2.eml
  diff undisturbed <(sandbox_people)
  in_step week2.csv
}

# descendant PROCESS NAME: the process of that name below it.
descendant() {
  ps -e -o pid=,ppid=,comm= | awk -v root="$1" -v name="$2" '
    { parent[$1] = $2; if ($3 == name) found[$1] }
    END { for (p in found) for (a = p; a > 1; a = parent[a]) if (parent[a] == root) { print p; exit } }'
}

# requests_reach COUNT: whether so many requests came since the last reset.
requests_reach() { [ "$(api_requests)" -ge "$1" ]; }

# at_the_moment COUNT PROCESS NAME: whether so many requests came, and there is such a program; `pid` is it.
at_the_moment() { requests_reach "$1" && pid=$(descendant "$2" "$3") && [ -n "$pid" ]; }

# killed PROGRAM REQUESTS: a sync of week 2 in which the program is killed once so many requests came.
killed() {
  local program=$1 job pid
  an-sync -r 5 week2.eml >/dev/null 2>&1 3>&- &
  job=$!
  if [ "$program" = an-sync ]; then
    pid=$job
    within 10 requests_reach "$2"
  else
    within 10 at_the_moment "$2" $job "$program"
  fi
  kill -KILL "$pid"
  wait $job || true
  # When an-sync itself was killed, its programs go on to their end.
  flock -w 20 "$AN_STATE/lock" true
}

# differences FILE: what an-sync would send to bring the roster to an export.
differences() {
  roster-dump --begun |
    csv-diff -c "$(an-upsert --print-columns)" --current "action_network_map=$(an-upsert --print-digest)" \
      --doubtful action_network_map=begun-new --follow akid - "$1"
}

@test "kill -9 of any program at any moment: run again, and all is as if nothing had happened" {
  two_weeks
  an-sync week1.eml
  cp -a "$AN_STATE" week1.state
  sandbox_get people >week1.people
  an-sync week2.eml
  sandbox_people >undisturbed
  sandbox_post settings '{"latency": 0.05}'
  for program in an-upsert an-lapse roster-commit an-sync; do
    for moment in 1 $((RANDOM % 6 + 2)) $((RANDOM % 5 + 8)); do
      echo "$program after $moment requests"
      rm -rf "$AN_STATE"
      cp -a week1.state "$AN_STATE"
      sandbox_post reset
      sandbox_post people @week1.people
      killed $program $moment
      # What is acknowledged is not sent again: one request for each difference that is left, two for a lapse.
      left=$(differences week2.csv | jq -r 'select(.summary).summary | .new + .updated + 2 * .lapsed')
      if [ $program = an-sync ]; then [ "$left" -eq 0 ]; else [ "$left" -gt 0 ]; fi
      before=$(api_requests)
      run -0 --separate-stderr an-sync week2.eml
      [ $(($(api_requests) - before)) -eq "$left" ]
      diff undisturbed <(sandbox_people)
      in_step week2.csv
    done
  done
}

# What Action Network has of the members, where an empty field is none.
members_there() {
  sandbox_people | jq -c 'select(.custom_fields.is_member == "True") | .custom_fields |= del(.[] | nulls)'
}

# applied_only FILE: an export's changes are applied in whole, and nobody acknowledges them.
applied_only() {
  differences "$1" | roster-commit --begin | an-upsert | an-lapse >sent
  [ "$(jq -r '.result.status // empty' sent | sort -u)" = ok ]
  diff <(members_in "$1") <(people | grep '|True$' | cut -d'|' -f1)
}

@test "what was applied and never acknowledged is put right by an export that takes it back" {
  two_weeks
  for order in '1 2' '2 1'; do
    read -r first second <<<"$order"
    rm -rf "$AN_STATE"
    sandbox_post reset
    for week in $first $second $first; do an-sync week$week.csv --force; done
    members_there >undisturbed
    rm -rf "$AN_STATE"
    sandbox_post reset
    an-sync week$first.csv
    roster-dump >roster
    applied_only week$second.csv
    [ "$(members_in <(roster-dump))" = "$(members_in roster)" ]
    run -0 --separate-stderr an-sync week$first.csv
    has "$stderr" 'whether Action Network has a last change is not known'
    # Of whoever was moved, nobody has the other address any more.
    has "$output" '2 lapsed' 'no such person (1 person)'
    diff undisturbed <(members_there)
    in_step week$first.csv
    diff roster <(roster-dump)
    run -0 --separate-stderr an-sync week$first.csv
    has "$output" 'no changes, 48 unchanged'
  done
}

@test "who was begun and not acknowledged is new still, or lapses when the next export lacks them" {
  two_weeks
  applied_only week1.csv
  [ "$(roster-dump | wc -l)" -eq 1 ]
  run -0 --separate-stderr an-sync week1.csv
  has "$output" '48 new, 0 unchanged; 48 members'
  rm -rf "$AN_STATE"
  sandbox_post reset
  applied_only week2.csv
  run -0 --separate-stderr an-sync <(grep -v m30@ week2.csv)
  has "$output" '47 new' '1 lapsed'
  [ "$(people | grep '^m30@')" = 'm30@example.org|First 30|Last 30|Boston|False' ]
}

@test "a change to an address that is somebody else's, applied and never acknowledged, is taken back" {
  printf '%s\n' email,akid,first_name rosa@example.org,1,Rosa karl@example.org,2,Karl >before.csv
  printf '%s\n' email,akid,first_name sam@example.org,1,Rosa karl@example.org,2,Karl >moved.csv
  printf '%s\n' email,akid,first_name karl@example.org,2,Karl >without.csv
  printf '%s\n' email,akid,first_name rosa@example.org,3,Ann karl@example.org,2,Karl ida@example.org,1,Rosa >swapped.csv
  for next in before moved without swapped; do
    rm -rf "$AN_STATE"
    sandbox_post reset
    sandbox_post people '[{"email": "sam@example.org", "given_name": "Sam"}]'
    an-sync before.csv
    applied_only moved.csv
    run -0 --separate-stderr an-sync --force $next.csv
    echo "$next: $output"
    diff <(members_in $next.csv) <(people | grep '|True$' | cut -d'|' -f1)
    diff <(members_in $next.csv) <(members_in <(roster-dump --begun))
    run -0 --separate-stderr an-sync $next.csv
    has "$output" 'no changes'
  done
}

# refused FILE TEXT: the sync of the file is refused with these words; nothing is sent, nothing stored.
refused() {
  local before
  before=$(api_requests)
  run -65 --separate-stderr an-sync "$1"
  has "$stderr" "$2"
  has "$(sandbox_get slack | jq -r '.[-1].text')" "$1" 'was not synced'
  [ "$(api_requests)" -eq "$before" ]
  roster-dump | cmp - before.csv
  [ "$(find "$AN_STATE/runs" -type d | sort | tail -n 1 | xargs ls)" = log ]
}

@test "an export that is not whole, or none, is refused: nothing sent, nothing stored, Slack told" {
  two_weeks
  an-sync week1.eml
  roster-dump >before.csv

  head -c 3000 week2.csv | sed '$s/,[^,]*$//' >truncated.csv
  refused truncated.csv 'truncated.csv: row 40'
  : >empty.csv
  refused empty.csv empty
  sed '5s/,/,,/' week2.csv >ragged.csv
  refused ragged.csv 'ragged.csv: row 5'
  tail -n +2 week2.csv >headerless.csv
  refused headerless.csv email
  printf 'id,amount\n1,20\n2,30\n' >donations.csv
  refused donations.csv email
  sed '4s/O.Neill/"O'"'"'Neill/' week2.csv >quote.csv
  refused quote.csv quote
  head -n 20 week2.csv >partial.csv
  refused partial.csv lapse
  sed '1s/first_name/email/' week2.csv >twice.csv
  refused twice.csv email
  head -c 2000 week2.eml >truncated.eml
  refused truncated.eml 'mime-extract: '
  sed '/^Content-/d' week2.eml >bare.eml
  refused bare.eml 'mime-extract: '
}

@test "a mail from a stranger, with another subject, or without the verdicts is refused" {
  two_weeks
  AN_MAIL_FROM=exports@national.example.org AN_MAIL_SUBJECT=export an-sync week1.eml
  roster-dump >before.csv
  sed 's/^From: .*/From: exports@national.example.org.evil.example\r/' week2.eml >stranger.eml
  AN_MAIL_FROM=exports@national.example.org refused stranger.eml 'mime-extract: '
  AN_MAIL_SUBJECT=Donations refused week2.eml 'mime-extract: '
  AN_MAIL_REQUIRE_AUTH=1 refused week2.eml 'mime-extract: '
}

@test "a ZIP bomb is refused, in a mail and as a file" {
  two_weeks
  an-sync week1.eml
  roster-dump >before.csv
  # 300 MB of the header's repetition in a ZIP of 300 kB.
  { echo "$HEADER"; yes 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' | head -c 300000000; } |
    zip -q bomb.zip -
  printf '@ -\n@=bomb.csv\n' | zipnote -w bomb.zip
  refused bomb.zip 'mime-extract: '
  mail bomb.zip >bomb.eml
  refused bomb.eml 'mime-extract: '
}
