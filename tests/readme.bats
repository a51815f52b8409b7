#!/usr/bin/env bats
# The README's commands do what it says, what it quotes is what the programs say, and it is of a readable size.

load helpers
load sandbox

setup() {
  common_setup
  unset AN_STATE # as for whoever reads it
  start_sandbox
  export AN_RATE=0
  README=$ROOT/README.md
}

# section HEADING: what stands under a heading of the README.
section() {
  awk -v heading="$1" '/^```/ { code = !code } /^#/ && !code { within = $0 ~ heading } within' "$README"
}

# blocks HEADING: the shell commands there.
blocks() {
  section "$1" | awk '/^```/ { code = /^```sh/; next } code'
}

# last_run: the directory of the last run.
last_run() {
  find "$HOME/.local/state/an-sync/runs" -mindepth 1 -maxdepth 1 -type d | sort | tail -n 1
}

@test "README: it is read in an evening, on any screen" {
  [ "$(wc -l <"$README")" -le 200 ]
  [ "$(wc -L <"$README")" -le 120 ]
}

@test "README: whatever it names is there: targets of make, pages, settings, files" {
  while read -r target; do
    grep -Eq "^([a-z-]+ )*$target( [a-z-]+)*:" "$ROOT/Makefile"
  done < <(grep -oE '(`|^|sudo )make [a-z-]+' "$README" | sed 's/.*make //')
  while read -r page; do
    [ -n "$(find "$ROOT"/{tools,scripts} -name "$page.[157]")" ]
  done < <(grep -oE '`man [a-z-]+' "$README" | sed 's/.* //')
  while read -r setting; do
    grep -Eq "^\.It Ev .*\b$setting\b" "$ROOT/scripts/an-sync.1"
  done < <(grep -oE '\bAN_[A-Z_]+' "$README" | sort -u)
  while read -r file; do
    [ -e "$ROOT/$file" ]
  done < <(grep -oE '\]\([^)]*\)' "$README" | tr -d '()]' | grep -v '^http')
}

@test "README: the first sync, as it stands there" {
  cp "$SAMPLES/mail-2026-11-09.eml" export.eml
  export AN_MAIL_FROM=@example.org
  blocks '^## The first sync' >commands
  [ "$(wc -l <commands)" -eq 5 ]
  while read -r command; do
    run bash -c "$command" </dev/null
    [ "$status" -eq 0 ] || { [ "$status" -eq 1 ] && has "$output" 'the group has no custom field'; }
    case $command in
      *setup*) unset AN_API_KEY AN_API_URL AN_MAIL_FROM ;;
      *-n*) has "$output" '38 would be new' ;;
      *adopt*) has "$output" '38 new' ;;
    esac
  done <commands
  has "$output" 'no changes' '38 unchanged'
}

@test "README: what cron does each week" {
  an-sync "$SAMPLES/mail-2026-11-09.eml"
  mkdir exports
  cp "$SAMPLES/mail-2026-11-16.eml" exports
  section '^## Every week' | sed -n "/^[*0-9].* \/usr\/bin\/an-sync/s|.*/usr/bin/\(.*\)|\1|p" |
    sed "s|/home/me/exports|exports|" >commands
  [ "$(wc -l <commands)" -eq 3 ]
  while read -r command; do
    run -0 bash -c "$command"
    [ -z "$output" ]
  done <commands
  [ -e exports/done/mail-2026-11-16.eml ]
}

@test "README: a run is taken back" {
  an-sync "$SAMPLES/mail-2026-11-09.eml"
  roster-dump | cut -d , -f 1-6 >before
  an-sync "$SAMPLES/mail-2026-11-16.eml"
  blocks '^## Taking a run back' | sed "s|~/.*/older.csv|$(last_run)/older.csv|" >commands
  run -0 env AN_MAX_LAPSE=50% bash -e commands
  has "$output" '3 would be new' '5 lapsed'
  diff before <(roster-dump | cut -d , -f 1-6)
}

@test "README: a backup is made beside a run, readable by its owner alone, and restored" {
  mkdir -p "$HOME/.config/an-sync"
  (umask 077 && printf 'AN_API_KEY=%s\nAN_API_URL=%s\n' "$AN_API_KEY" "$AN_API_URL" >"$HOME/.config/an-sync/config")
  an-sync "$SAMPLES/mail-2026-11-16.eml"
  unset AN_API_KEY AN_API_URL
  before=$(roster-dump)
  blocks '^## Backup' >commands
  run -0 bash -c "$(sed -n 1p commands)"
  [ "$(stat -c %a backup.tar.gz)" = 600 ]
  rm -r "${HOME:?}"/{.config,.local}
  run -0 bash -c "$(sed -n 2p commands)"
  [ "$(roster-dump)" = "$before" ]
  run -0 an-sync "$SAMPLES/mail-2026-11-16.eml"
  has "$output" 'no changes'
}

@test "README: another organization's export, by a field map of one's own" {
  stop_sandbox
  start_sandbox --custom-field is_member
  (umask 077 && mkdir -p "$HOME/.config/an-sync" && echo 'AN_FOLLOW="member id"' >"$HOME/.config/an-sync/config")
  printf '%s\n' 'Member ID,E-mail,First,Town,ZIP,Status' '7,rosa@example.org,Rosa,Boston,2139,Active' \
    '8,karl@example.org,Karl,Quincy,2169,Active' >export.csv
  mkdir bin
  # What somebody does in an editor.
  cat >bin/nano <<'EDITOR'
#!/bin/sh
jq '.email = "e-mail" | .given_name = "first" | .locality = "town" | .postal_code.from = "zip" | .custom_fields |= {is_member}' "$1" >edited &&
  mv edited "$1"
EDITOR
  printf '#!/bin/sh\nexec cat\n' >bin/less
  chmod +x bin/*
  blocks '^## The export of another' >commands
  PATH=$PWD/bin:$PATH run --separate-stderr bash -e commands
  [ "$status" -eq 0 ]
  [[ $output != *null* ]]
  has "$output" $'\ntown\n' '"locality": "Boston"' '"postal_code": "02139"' 'field map: ' '+ rosa@example.org' '2 would be new'
  grep -qx "AN_FIELD_MAP=$HOME/.config/an-sync/field-map.json" "$HOME/.config/an-sync/config"
}

# says COMMAND...: into the file "said" goes what it says.
says() {
  "$@" >>said 2>&1 </dev/null || true
}

# Provokes what the README quotes.
provoke() {
  local was=$SAMPLES/mail-2026-11-09.eml is=$SAMPLES/mail-2026-11-16.eml state=$HOME/.local/state/an-sync
  says an-sync "$was"
  says an-sync "$is"
  mime-extract "$is" >export.csv
  head -n 5 export.csv >few.csv
  python3 - <<'END'
import csv
rows = list(csv.reader(open("export.csv", newline="")))
email, phone = rows[0].index("email"), rows[0].index("best_phone")
def write(name, change):
    with open(name, "w", newline="") as file:
        csv.writer(file).writerows([rows[0]] + [change(list(row)) for row in rows[1:]])
def without(column, row):
    row[column] = ""
    return row
write("no-phone.csv", lambda row: without(phone, row))
write("no-rosa.csv", lambda row: without(email, row) if "rosa" in row[email].lower() else row)
for city in "Quincy", "Malden":
    write(f"{city}.csv", lambda row: [field.replace("Boston", city) for field in row])
END
  sed '1s/memb_status_letter/status/' export.csv >no-letter.csv
  tr , ';' <export.csv >semicolons.csv
  head -c 3000 export.csv >cut.csv
  iconv -f UTF-8 -t ISO-8859-1//TRANSLIT export.csv >latin1.csv
  { cat export.csv && printf '9,Zo\xeb\n'; } >damaged.csv
  for file in few no-letter no-phone no-rosa semicolons cut latin1 damaged; do
    says an-sync --force "$file.csv"
  done
  says an-sync "$was"
  says env AN_MAIL_FROM=other@example.org an-sync "$was"
  { printf '%s\r\n' 'X-SES-Spam-Verdict: PASS' 'X-SES-Virus-Verdict: PASS' \
    'Authentication-Results: amazonses.com; dmarc=pass header.from=example.org' &&
    "$ROOT/tests/make-mail" --forward 'text/plain;text=Hello.' 'text/csv;name=export.csv;file=export.csv'; } >forwarded.eml
  says env AN_MAIL_REQUIRE_AUTH=1 an-sync forwarded.eml
  SLACK_WEBHOOK_URL=$SANDBOX_URL/slack/readme AN_MAIL_SUBJECT='no such' says an-sync --force "$is"
  sandbox_get slack | jq -r '.[].text' >>said
  sandbox_fault 400
  says an-sync --force Quincy.csv
  an-sync --rate 2 --deadline 3 --force Malden.csv >later 2>&1 &
  within 10 grep -q "^$! " "$state/lock"
  says an-sync export.csv
  wait $! || cat later >>said
  AN_API_KEY=wrong says an-sync --force export.csv
  sandbox_post reset
  sandbox_post settings '{"key":"of-another-group"}'
  AN_API_KEY=of-another-group says an-sync --force export.csv
  mv "$state/roster.sqlite" elsewhere
  says an-sync --force export.csv
  stop_sandbox
  mapfile -t fields < <(an-upsert --print-map | jq -r '.custom_fields | keys[] | select(. != "Phone") | "--custom-field", .')
  start_sandbox --drop-unknown-fields "${fields[@]}"
  AN_STATE=$PWD/state says an-sync export.csv
}

@test "README: each sentence that it quotes is one that a program says" {
  provoke
  section '^## What it says' | sed 's/`[^`]*`//g' | tr '\n' ' ' | sed 's/  */ /g' | grep -oE '"[^"]+"' | tr -d '"' >quoted
  [ "$(wc -l <quoted)" -ge 18 ]
  sed -i 's/^\(Member sync of\) [0-9]* [A-Z][a-z]* [0-9]*:/\1 16 Nov 2026:/' said
  while read -r sentence; do
    grep -qF -e "$sentence" said || { echo "nobody says: $sentence" >>unsaid; }
  done <quoted
  [ ! -e unsaid ] || { cat said unsaid >&2 && false; }
}
