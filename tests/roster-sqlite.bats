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
  [ "$(sql 'PRAGMA user_version')" = 1 ]
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
  sql 'PRAGMA user_version = 2'
  rm -f "$FILE"-*
  before=$(cksum "$FILE")
  run -78 --separate-stderr roster-dump
  has "$stderr" "$FILE" 'newer an-sync (schema 2)'
  run -78 --separate-stderr roster-commit < <(a_member b)
  has "$stderr" "$FILE" 'newer an-sync (schema 2)'
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
  INSERT INTO members SELECT i, '', '', '{"email":"x","note":"' || hex(zeroblob(200)) || '"}' FROM n;
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
  sql "UPDATE members SET row = 'x'"
  run -74 --separate-stderr roster-dump
  has "$stderr" "$FILE" damaged
  records 300 | roster-commit >/dev/null
  dd if=/dev/urandom of="$FILE" bs=4096 seek=1 count=6 conv=notrunc status=none
  run -74 --separate-stderr roster-dump
  has "$stderr" "$FILE"
}

@test "a trigger and a view in it never run" {
  a_member a | roster-commit >/dev/null
  sql 'CREATE VIEW everybody AS SELECT email FROM members' \
    'CREATE TRIGGER before_it BEFORE INSERT ON members BEGIN DELETE FROM members; END' \
    "CREATE TRIGGER behind_it AFTER INSERT ON columns BEGIN UPDATE members SET id = 'trapped'; END" \
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
  for change in 'DROP TABLE members; CREATE VIEW members AS SELECT char(97) AS email, char(98) AS id, char(99) AS map, char(123, 125) AS row' \
    'CREATE INDEX slow ON members (length(row))' \
    'DROP TABLE runs; CREATE TABLE runs (number INTEGER PRIMARY KEY, run TEXT NOT NULL CHECK (length(run) > 0))' \
    'ALTER TABLE columns ADD COLUMN big AS (upper(name))' 'ALTER TABLE members ADD COLUMN x'; do
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
  [ -z "$(ls open)" ]
  chmod 755 open
  [ "$(id -u)" -eq 0 ] || skip 'only root can give a directory to somebody'
  chown 65534 open
  AN_ROSTER=sqlite:open/roster.sqlite run -78 --separate-stderr roster-commit < <(a_member a)
  has "$stderr" 'open/' 'belongs to somebody else (user 65534)'
  [ -z "$(ls open)" ]
}
