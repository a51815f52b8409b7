#!/usr/bin/env bats
# The roster in a SQLite database: what only that backend has to keep to.
# shellcheck disable=SC2016 # what stands in single quotes is for another shell

load helpers
load roster

setup() {
  common_setup
  use_roster
  FILE=${AN_ROSTER#sqlite:}
  mkdir rosters
}

# sql TEXT...: what sqlite3 says.
sql() {
  sqlite3 "$FILE" "$@"
}

# a_member NAME: one acknowledged member.
a_member() {
  result new "$1@example.org"
}

# not_root: runs a command as somebody whom permissions keep out.
not_root() {
  if [ "$(id -u)" -eq 0 ]; then
    setpriv --reuid 65534 --clear-groups "$@"
  else
    "$@"
  fi
}

# snapshot: the names of the files, and the content of all but the -shm, which is no content.
snapshot() {
  (cd "$(dirname "$FILE")" && ls && cksum roster.sqlite roster.sqlite-[!s]* 2>/dev/null) || true
}

@test "nobody else can read it, nor what was made for it, whatever the umask" {
  rmdir rosters
  (umask 0 && AN_ROSTER=sqlite:deep/er/roster.sqlite roster-commit < <(a_member a) >/dev/null)
  [ "$(stat -c %a deep deep/er | tr '\n' ' ')" = '700 700 ' ]
  for file in deep/er/*; do
    [ "$(stat -c %a "$file")" = 600 ]
  done
  [ "$(ls deep/er)" = $'roster.sqlite\nroster.sqlite-shm\nroster.sqlite-wal' ]
}

@test "it says what it is, and commits are durable" {
  a_member a | roster-commit >/dev/null
  [ "$(sql 'PRAGMA application_id')" = 1097749107 ]
  [ "$(sql 'PRAGMA user_version')" = 2 ]
  [ "$(sql 'PRAGMA journal_mode')" = wal ]
  [ "$(sql 'PRAGMA integrity_check')" = ok ]
}

@test "after the end all is in the one file" {
  a_member a | roster-commit >/dev/null
  [ ! -s "$FILE-wal" ]
  cp "$FILE" copy.sqlite
  [ "$(roster-dump -s sqlite:copy.sqlite)" = "$(roster-dump)" ]
}

@test "reading changes nothing and makes no file" {
  a_member a | roster-commit >/dev/null
  before=$(snapshot)
  roster-dump >/dev/null
  roster-dump --runs >/dev/null
  [ "$(snapshot)" = "$before" ]
}

@test "a roster of a newer schema is refused and left alone" {
  a_member a | roster-commit >/dev/null
  sql 'PRAGMA user_version = 3'
  rm -f "$FILE"-*
  before=$(cksum "$FILE")
  run -78 --separate-stderr roster-dump
  has "$stderr" "$FILE" 'newer an-sync (schema 3)'
  run -78 --separate-stderr roster-commit < <(a_member b)
  has "$stderr" "$FILE" 'newer an-sync (schema 3)'
  [ -z "$output" ]
  [ "$(cksum "$FILE")" = "$before" ]
}

@test "another program's database is refused and left alone" {
  sql 'CREATE TABLE bookmarks (url); INSERT INTO bookmarks VALUES (1)'
  before=$(snapshot)
  for program in roster-dump roster-commit; do
    run -78 --separate-stderr "$program" </dev/null
    has "$stderr" "$FILE" 'a SQLite database of something else'
  done
  [ "$(snapshot)" = "$before" ]
}

@test "a file that is no database is refused and left alone" {
  for content in hello "$(seq 5000)" 'SQLite format 3'; do
    printf '%s' "$content" >"$FILE"
    before=$(snapshot)
    for program in roster-dump roster-commit; do
      run -78 --separate-stderr "$program" </dev/null
      has "$stderr" "$FILE" 'not a roster'
    done
    [ "$(snapshot)" = "$before" ]
  done
}

@test "what is not a file is refused" {
  mkdir "$FILE"
  for program in roster-dump roster-commit; do
    run -78 --separate-stderr "$program" </dev/null
    has "$stderr" "$FILE" 'not a file'
  done
}

@test "an empty file is an empty roster" {
  : >"$FILE"
  run -0 --separate-stderr roster-dump
  [ -z "$output$stderr" ]
  [ ! -s "$FILE" ]
  a_member a | roster-commit >/dev/null
  [ "$(addresses)" = a@example.org ]
}

@test "names that SQLite would take for something special are files" {
  for name in :memory: 'file:x?mode=memory' ' ' x.sqlite; do
    AN_ROSTER=sqlite:$name roster-commit < <(a_member a) >/dev/null
    [ -s "./$name" ]
    [ "$(AN_ROSTER=sqlite:$name addresses)" = a@example.org ]
  done
}

@test "a record of megabytes is kept" {
  note=$(head -c 6000000 /dev/zero | tr '\0' x)
  { records 1; printf '{"change":"new","key":"2@example.org","row":{"email":"2@example.org","note":"%s"},"result":{"status":"ok"}}\n' "$note"
    records 1 3; } >input
  roster-commit <input >out
  cmp input out
  [ "$(roster-dump | wc -c)" -gt 6000000 ]
  [ "$(roster-dump | wc -l)" = 4 ]
}

@test "a full disk is an error: nothing of the batch is recorded or written" {
  a_member a | roster-commit >/dev/null
  records 500 1 "$(printf %0999d 0)" >input
  run -74 --separate-stderr bash -c 'trap "" XFSZ; ulimit -f 200; roster-commit input | cat; exit "${PIPESTATUS[0]}"'
  has "$stderr" "roster-commit: $FILE: " disk
  [ "${#stderr_lines[@]}" -eq 1 ]
  [ -z "$output" ]
  [ "$(addresses)" = a@example.org ]
  check_roster
  roster-commit input >/dev/null
  [ "$(addresses | wc -l)" = 501 ]
}

@test "a disk that is full in the middle keeps what was written on, and no more" {
  records 5000 1 "$(printf %0999d 0)" >input
  run -74 --separate-stderr bash -c 'trap "" XFSZ; ulimit -f 3000; roster-commit input | cat; exit "${PIPESTATUS[0]}"'
  has "$stderr" "roster-commit: $FILE: "
  [ "${#lines[@]}" -ge 1000 ]
  [ "${#lines[@]}" -lt 5000 ]
  [ "$(addresses | sort)" = "$(jq -r .key <<<"$output" | sort)" ]
  check_roster
}

@test "a disk that is full at the start is known before anything is read" {
  make_silence
  run -74 --separate-stderr bash -c '(trap "" XFSZ; ulimit -f 0; timeout 20 roster-commit 2>&1 <silent) |
    cat >&2; exit "${PIPESTATUS[0]}"'
  has "$stderr" "roster-commit: $FILE: "
}

@test "a reader sees what is committed, while somebody writes, and does not hold him up" {
  a_member a | roster-commit >/dev/null
  { echo 'PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE; DELETE FROM members;'; echo '.shell : >ready'
    echo '.shell while [ ! -e go ]; do sleep 0.05; done'; echo 'ROLLBACK;'; } >script
  sqlite3 "$FILE" <script >/dev/null 3>&- &
  until [ -e ready ]; do sleep 0.02; done
  [ "$(addresses)" = a@example.org ]
  a_member b | roster-commit >out 3>&- &
  committer=$!
  sleep 0.3
  [ ! -s out ]
  : >go
  wait "$committer"
  [ "$(addresses)" = $'a@example.org\nb@example.org' ]
}

@test "a writer does not wait for a reader, who sees one moment" {
  records 3000 1 "$(printf %0200d 0)" | roster-commit >/dev/null
  mkfifo slow
  roster-dump >slow 3>&- &
  exec 8<slow
  IFS= read -r header <&8
  result lapsed 999@example.org | roster-commit >/dev/null
  result new 9999@example.org '{"row":{"more":"x"}}' | roster-commit >/dev/null
  [ "$(wc -l <&8)" = 3000 ]
  [ "$header" = email,note,action_network_id,action_network_map ]
  exec 8<&-
  [ "$(roster-dump | wc -l)" = 3001 ]
}

@test "what a killed writer left behind is read, also where it had not been in WAL mode" {
  a_member a | roster-commit >/dev/null
  cp "$FILE" killed.sqlite
  sqlite3 killed.sqlite 'PRAGMA journal_mode = DELETE' >/dev/null
  sqlite3 killed.sqlite >/dev/null <<'END'
PRAGMA cache_size = 1;
BEGIN;
DELETE FROM members;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
  INSERT INTO members SELECT i, '', 1, 1, hex(zeroblob(200)) FROM n;
.shell cp killed.sqlite hot.sqlite; cp killed.sqlite-journal hot.sqlite-journal
ROLLBACK;
END
  [ -s hot.sqlite-journal ]
  AN_ROSTER=sqlite:hot.sqlite
  [ "$(addresses)" = a@example.org ]
  a_member b | roster-commit >/dev/null
  [ "$(addresses)" = $'a@example.org\nb@example.org' ]
}

@test "somebody who may only read it can" {
  type -P setpriv >/dev/null || [ "$(id -u)" -ne 0 ] || skip 'needs setpriv'
  a_member a | roster-commit >/dev/null
  not_root test -x "$(type -P roster-dump)" || skip 'the programs are out of reach for others'
  directory=$(mktemp -d)
  cp rosters/* "$directory"
  chmod 444 "$directory"/*
  chmod 555 "$directory"
  AN_ROSTER=sqlite:$directory/roster.sqlite
  run -0 --separate-stderr not_root roster-dump
  dumped=$output
  run -74 --separate-stderr not_root roster-commit </dev/null
  denied=$stderr
  chmod 755 "$directory"
  rm -r "$directory"
  has "$denied" "$directory/roster.sqlite" 'Permission denied'
  has "$dumped" a@example.org
}

@test "a damaged roster is an error that names it" {
  a_member a | roster-commit >/dev/null
  for damage in "UPDATE members SET row = 'x,y'" 'UPDATE members SET header = 7' 'UPDATE members SET digest = 7' \
    "UPDATE headers SET text = '\"x'"; do
    cp "$FILE" whole.sqlite
    sql "$damage"
    run -74 --separate-stderr roster-dump
    has "$stderr" damaged
    cp whole.sqlite "$FILE"
  done
  records 300 | roster-commit >/dev/null
  dd if=/dev/urandom of="$FILE" bs=4096 seek=1 count=6 conv=notrunc status=none
  run -74 --separate-stderr roster-dump
  has "$stderr" "$FILE"
}

@test "a trigger and a view in it never run" {
  a_member a | roster-commit >/dev/null
  sql 'CREATE VIEW everybody AS SELECT email FROM members' \
    'CREATE TRIGGER before_it BEFORE INSERT ON members BEGIN DELETE FROM members; END' \
    "CREATE TRIGGER behind_it AFTER INSERT ON headers BEGIN UPDATE members SET id = 'trapped'; END" \
    'CREATE TRIGGER with_it AFTER INSERT ON journal BEGIN DELETE FROM journal; END' \
    'CREATE TRIGGER at_the_end AFTER INSERT ON runs BEGIN DELETE FROM members; END'
  before=$(roster-dump)
  result new b@example.org '{"row":{"another":"column"}}' >in
  echo '{"run":{"status":0}}' >>in
  run -0 --separate-stderr roster-commit <in
  [ "$(addresses)" = $'a@example.org\nb@example.org' ]
  run -1 grep trapped <(roster-dump)
  run -0 sql 'SELECT name FROM everybody, (SELECT 1 AS name)'
}

@test "tables that could run something are refused, for reading and for writing" {
  local change
  for change in 'DROP TABLE members; CREATE VIEW members AS SELECT char(97) AS email, char(98) AS id, 1 AS digest, 1 AS header, char(97) AS row' \
    'CREATE INDEX slow ON members (length(row))' \
    'DROP TABLE runs; CREATE TABLE runs (number INTEGER PRIMARY KEY, run TEXT NOT NULL CHECK (length(run) > 0))' \
    'ALTER TABLE headers ADD COLUMN big AS (upper(text))' 'ALTER TABLE members ADD COLUMN x'; do
    rm -f "$FILE"*
    a_member a | roster-commit >/dev/null
    sql "$change"
    run -78 --separate-stderr roster-dump
    has "$stderr" "$FILE" 'its tables are not as an-sync makes them'
    run -78 --separate-stderr roster-commit < <(a_member b)
    has "$stderr" "$FILE" 'its tables are not as an-sync makes them'
  done
}

@test "what sqlite3 itself leaves in it is no reason to refuse it" {
  a_member a | roster-commit >/dev/null
  sql 'ANALYZE; VACUUM'
  a_member b | roster-commit >/dev/null
  [ "$(addresses)" = $'a@example.org\nb@example.org' ]
}

@test "it is written in no directory in which others can meddle with it" {
  mkdir open
  chmod 777 open
  AN_ROSTER=sqlite:open/roster.sqlite run -78 --separate-stderr roster-commit < <(a_member a)
  has "$stderr" 'open/' 'others can write in it' 'chmod go-w'
  # Nor behind a link, whether it leads to a file or not.
  mkdir -p own
  ln -s "$PWD/open/roster.sqlite" own/link.sqlite
  run -78 --separate-stderr roster-commit -s sqlite:own/link.sqlite </dev/null
  has "$stderr" 'open/: others can write in it'
  [ -z "$(ls open)" ]
  : >open/roster.sqlite
  run -78 --separate-stderr roster-commit -s sqlite:own/link.sqlite </dev/null
  has "$stderr" 'open/: others can write in it'
  rm -r open/roster.sqlite own
  [ -z "$(ls open)" ]
  chmod 755 open
  [ "$(id -u)" -eq 0 ] || skip 'only root can give a directory to somebody'
  chown 65534 open
  AN_ROSTER=sqlite:open/roster.sqlite run -78 --separate-stderr roster-commit < <(a_member a)
  has "$stderr" 'open/' 'belongs to somebody else (user 65534)'
  [ -z "$(ls open)" ]
}

# killed_with_changes: leaves a roster whose writer was killed with changes in the journal.
killed_with_changes() {
  records 3 | roster-commit >/dev/null
  mkfifo pipe
  roster-commit <pipe >out 3>&- &
  exec 7>pipe
  { records 2 3 later && result lapsed 1@example.org && result new 0@example.org; } >&7
  within 20 bash -c '[ "$(wc -l <out)" = 4 ]'
  kill -KILL $!
  wait $! || true
  exec 7>&-
  [ "$(sql 'SELECT count(*) FROM journal')" = 4 ]
}

@test "what waits in the journal counts for every reader, and is worked in by the next writer" {
  killed_with_changes
  expected=$(printf '%s\n' 0@example.org, 2@example.org, 3@example.org,later 4@example.org,later)
  dumped=$(roster-dump)
  [ "$(cut -d , -f 1,2 <<<"$dumped" | tail -n +2)" = "$expected" ]
  roster-commit </dev/null
  [ "$(sql 'SELECT count(*) FROM journal')" = 0 ]
  [ "$(roster-dump)" = "$dumped" ]
  check_roster
}

@test "a writer that cannot work the journal in leaves it to the next" {
  killed_with_changes
  dumped=$(roster-dump)
  sqlite3 "$FILE" 'BEGIN; SELECT 1 FROM runs;' '.shell timeout -s KILL 0.2 roster-commit </dev/null' >/dev/null 2>&1 || true
  [ "$(roster-dump)" = "$dumped" ]
  (trap '' XFSZ && ulimit -f 1 && roster-commit </dev/null >/dev/null 2>&1) || true
  [ "$(roster-dump)" = "$dumped" ]
  roster-commit </dev/null
  [ "$(roster-dump)" = "$dumped" ]
}

@test "a roster is not much larger than what it holds" {
  jq -nc 'range(4000) | "member\(. * 7919 % 4000)@example.org" as $email | {change: "new", key: $email,
    row: ({$email} + ([range(30) | {"column_\(.)": "value \(.)"}] | add)),
    result: {status: "ok", id: "d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b", map: "67bfb868d29f3700573977d561fed323"}}' >in
  roster-commit <in >/dev/null
  rows=$(roster-dump | cut -d , -f 1-31 | wc -c)
  size=$(stat -c %s "$FILE")
  echo "$rows bytes of rows, a file of $size"
  [ $((size * 10)) -le $((rows * 14)) ]
}

@test "a record that is written in another way is recorded the same" {
  records 50 1 note | jq -c '.row.note = "a \"note\", é" | .result.id = "D32F"' >plain
  { head -n 1 plain && jq -c '{row, change, result, key}' plain && tail -n 1 plain; } >other
  sed 's/":/" : /; s/é/\\u00e9/' plain >spaced
  for input in plain other spaced; do
    AN_ROSTER=sqlite:$input.sqlite roster-commit <$input >/dev/null
    AN_ROSTER=sqlite:$input.sqlite roster-dump >$input.csv
  done
  [ "$(wc -l <plain.csv)" = 51 ]
  cmp plain.csv other.csv
  cmp plain.csv spaced.csv
}
