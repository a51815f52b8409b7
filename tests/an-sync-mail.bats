#!/usr/bin/env bats
# an-sync and the mails of strangers: what is a mail, what refuses one, and who hears of what.

load helpers
load sandbox
load mail

setup() {
  mail_setup
  start_sandbox
  export SLACK_WEBHOOK_URL=$SANDBOX_URL/slack/test AN_RATE=0
  part='text/csv;name=export.csv;file=export.csv'
}

members() { roster-dump | tail -n +2 | wc -l; }
slack_last() { sandbox_get slack | jq -r '.[-1].text'; }

# dying PROGRAM SIGNAL FILE: a PROGRAM first on the PATH that dies by SIGNAL when it is given FILE.
dying() {
  mkdir -p dying
  printf '#!/bin/bash\n[[ "$*" != *%q* ]] || kill -s %s $$\nexec %q "$@"\n' "$3" "$2" "$(type -P "$1")" >"dying/$1"
  chmod +x "dying/$1"
}

# an_sync ARGUMENT...: an-sync with the programs in dying/ in place of its own.
an_sync() {
  mkdir -p tree/bin tree/scripts
  cp -r "$ROOT"/scripts/an-sync* tree/scripts
  cp -s dying/* tree/scripts/ 2>/dev/null || cp dying/* tree/scripts/
  tree/scripts/an-sync "$@"
}

@test "a file on which mime-extract or csv-diff dies is refused, said, and the next one is synced" {
  local program signal
  for program in mime-extract csv-diff; do
    for signal in SEGV ABRT BUS; do
      rm -rf dying tree inbox "$AN_STATE"
      mkdir inbox
      mail --date 'Mon, 16 Nov 2026 04:00:00 -0500' "$part" >inbox/1-bad.eml
      mail --date 'Mon, 23 Nov 2026 04:00:00 -0500' "$part" >inbox/2-good.eml
      dying mime-extract "$signal" 1-bad.eml
      if [ "$program" = csv-diff ]; then
        # csv-diff is not told which mail: it dies of the first one that it is given.
        rm dying/mime-extract
        printf '#!/bin/bash\n[ -e %q ] || { : >%q; kill -s %s $$; }\nexec %q "$@"\n' "$PWD/tree/died" "$PWD/tree/died" \
          "$signal" "$(type -P csv-diff)" >dying/csv-diff
        chmod +x dying/csv-diff
      fi
      run -65 --separate-stderr an_sync inbox
      has "$stderr" "an-sync: $program was killed (signal $signal)"
      [[ $stderr != *'line '* ]]
      [ -e inbox/failed/1-bad.eml ]
      [ -e inbox/done/2-good.eml ]
      [ "$(members)" -eq 2 ]
      has "$(sandbox_get slack | jq -r '.[-2:][].text')" '1-bad.eml was not synced' "$program was killed (signal $signal)"
    done
  done
}

@test "a program that was killed from outside refuses nothing: the file stays" {
  mkdir inbox
  mail "$part" >inbox/1.eml
  for signal in KILL TERM; do
    rm -rf dying tree
    dying mime-extract "$signal" 1.eml
    run -75 --separate-stderr an_sync inbox
    [ -e inbox/1.eml ]
  done
  run -0 an-sync inbox
  [ -e inbox/done/1.eml ]
}

@test "a mail with groups without end does not block an inbox" {
  mkdir inbox
  mail --date 'Mon, 16 Nov 2026 04:00:00 -0500' --top "To: $(printf 'x:%.0s' {1..40000})" "$text" >inbox/bad.eml
  mail --date 'Mon, 23 Nov 2026 04:00:00 -0500' "$part" >inbox/good.eml
  run -65 --separate-stderr an-sync inbox
  [ -e inbox/failed/bad.eml ]
  [ -e inbox/done/good.eml ]
}

# ---- what is a mail ----

@test "where a sender or authentication is wanted, standard input and a Maildir hold mails, whatever their first line" {
  mkdir -p box/{new,cur,tmp}
  local setting
  for setting in AN_MAIL_FROM=@example.org AN_MAIL_REQUIRE_AUTH=1 AN_MAIL_REQUIRE_AUTH=mx.example.org AN_MAIL_SUBJECT=export; do
    for file in export.csv export.zip export.csv.gz; do
      run -65 --separate-stderr env "$setting" an-sync - <"$file"
      has "$stderr" 'not a mail'
      cp "$file" "box/new/1700000000.1.host"
      run -65 --separate-stderr env "$setting" an-sync box
      cp "$file" "box/new/1700000000.2.$file"
      run -65 --separate-stderr env "$setting" an-sync box
      # What a person names is what it is named.
      cp "$file" "named.$file"
      run -0 --separate-stderr env "$setting" an-sync -n "named.$file"
    done
  done
  for setting in AN_MAIL_REQUIRE_AUTH=no AN_MAIL_REQUIRE_AUTH=0 AN_MAIL_FROM=; do
    run -0 env "$setting" an-sync -n - <export.zip
  done
}

@test "AN_MAIL_ALLOW opens mails in the mail, and takes nothing else" {
  mail --forward "$text" "$part" >inner
  { printf '%s\r\n' 'X-SES-Spam-Verdict: PASS' 'X-SES-Virus-Verdict: PASS' "$passed" && cat inner; } >mail.eml
  export AN_MAIL_REQUIRE_AUTH=1
  run -65 --separate-stderr an-sync mail.eml
  has "$stderr" 'AN_MAIL_ALLOW=forwards'
  AN_MAIL_ALLOW=forwards run -0 an-sync mail.eml
  [ "$(members)" -eq 2 ]
  for value in forward forwards,,automatic yes; do
    AN_MAIL_ALLOW=$value run -78 --separate-stderr an-sync mail.eml
    has "$stderr" AN_MAIL_ALLOW
  done
}

# ---- who hears of what ----

@test "what a stranger wrote is in the log and not in Slack" {
  mail --subject 'Click @here now' "$text" 'application/zip;name=evil.example.zip;file=export.csv' >mail.eml
  AN_MAIL_SUBJECT='export' run -65 --separate-stderr an-sync mail.eml
  has "$stderr" 'its subject is "Click @here now"'
  grep -q 'Click @here now' "$AN_STATE"/runs/*/log
  has "$(slack_last)" 'mail.eml was not synced: refused: its subject is "…", without '
  [[ $(sandbox_get slack) != *Click* ]]
  run -65 --separate-stderr an-sync mail.eml
  has "$stderr" evil.example
  [[ $(sandbox_get slack) != *evil* ]]
  # The names of columns are a stranger's, too.
  local header
  for header in 'Click,evil.example' '"x"" Click ""y","x"" Click ""y",email' '"x"" Click ""y"'$'\nemail,first_name'; do
    printf '%s\na@example.org,b\n' "$header" >export.csv
    mail "$part" >mail.eml
    run -65 --separate-stderr an-sync mail.eml
    has "$stderr" click
    has "$(slack_last)" 'mail.eml was not synced: '
    [[ $(slack_last) != *click* && $(slack_last) != *evil* ]]
  done
}

@test "what a mail says that somebody vouched for is told, and so is what a person named" {
  zip -q two.zip export.csv && cp export.csv other.csv && zip -q two.zip other.csv
  run -65 --separate-stderr an-sync two.zip
  has "$(slack_last)" 'two.zip was not synced: it holds two CSV files, "export.csv" and "other.csv"'
  for results in "$passed" 'Authentication-Results: amazonses.com; dmarc=fail'; do
    mail "${ses[@]}" --top "$results" 'application/zip;name=two.zip;file=two.zip' >two.eml
    AN_MAIL_REQUIRE_AUTH=1 run -65 --separate-stderr an-sync two.eml
    slack_last
  done >told
  has "$(cat told)" 'two.eml was not synced: "two.zip": it holds two CSV files, "export.csv" and "other.csv"'
  has "$(cat told)" 'two.eml was not synced: refused: its authentication says dmarc="…"'
}

@test "warnings of every stage reach the report, Slack, and under -q standard error" {
  printf 'email,first_name\nrosa@example.org,Ros\xe9\n' >old.csv
  run -0 --separate-stderr an-sync -q old.csv
  [ -z "$output" ]
  has "$stderr" 'mime-extract: warning: ' 'read as windows-1252'
  has "$(slack_last)" 'Warning: the CSV is not UTF-8 and does not say what it is; read as windows-1252'
  has "$(sandbox_get slack | jq -r '.[-1].blocks[0].text.text')" '⚠️'
  printf 'email,first_name\nrosa@example.org,Ros\xe9e\n' >old.csv
  run -0 --separate-stderr an-sync old.csv
  has "$output" 'Warning: the CSV is not UTF-8'
  run -0 --separate-stderr an-sync -n old.csv
  has "$output" 'Warning: the CSV is not UTF-8'
  mail 'text/csv;name=old.csv;file=old.csv' >old.eml
  run -0 --separate-stderr an-sync -q --force old.eml
  has "$(slack_last)" 'Warning: the CSV is not UTF-8'
}
