#!/usr/bin/env bats
# A roster in a SQLite database that an an-sync of the schema before this one made.

load helpers
load roster

setup() {
  common_setup
  use_roster
  FILE=${AN_ROSTER#sqlite:}
  mkdir rosters
}

ID=d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b

# make_older [COUNT]: a roster of schema 1: three members, somebody in each begun state, COUNT more in any, two runs.
make_older() {
  sqlite3 "$FILE" >/dev/null <<END
PRAGMA journal_mode = WAL;
BEGIN IMMEDIATE;
CREATE TABLE members (email TEXT NOT NULL PRIMARY KEY, id TEXT NOT NULL,  map TEXT NOT NULL, row TEXT NOT NULL);
CREATE TABLE columns (position INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE runs (number INTEGER PRIMARY KEY, run TEXT NOT NULL);
PRAGMA application_id = 1097749107;
PRAGMA user_version = 1;
INSERT INTO columns (name) VALUES ('email'), ('a,b'), ('gone'), ('city');
INSERT INTO members VALUES ('rosa@example.org', '$ID', 'abc', '{"email":"Rosa@Example.org","a,b":"\\"x\\", y","city":" Boston"}');
INSERT INTO members VALUES ('karl@example.org', '', '', '{"email":"karl@example.org"}');
INSERT INTO members VALUES ('zoë@example.org', 'no-uuid', 'abc', '{"city":"line one\\nline two","email":"zoë@example.org"}');
INSERT INTO members VALUES ('begun@example.org', '$ID', 'begun-abc', '{"email":"begun@example.org","city":""}');
INSERT INTO members VALUES ('moved@example.org', '$ID', 'begun-moved-abc', '{"email":"moved@example.org"}');
INSERT INTO members VALUES ('new@example.org', '', 'begun-new', '{"email":"new@example.org"}');
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${1:-1})
  INSERT INTO members SELECT 'm' || i || '@example.org', '',
    CASE i % 6 WHEN 2 THEN 'begun-new' WHEN 3 THEN 'begun-abc' WHEN 4 THEN 'begun-moved-abc' ELSE 'abc' END,
    '{"email":"m' || i || '@example.org","city":"Salem"}' FROM n;
INSERT INTO runs (run) VALUES ('{"started":"1"}'), ('{"started":"2"}');
COMMIT;
END
}

# schema: the roster's.
schema() {
  sqlite3 "$FILE" 'PRAGMA user_version'
}

# content: all that a roster says.
content() {
  roster-dump --begun && roster-dump && roster-dump --runs
}

@test "an older roster is read as it is, and reading does not change it" {
  make_older
  run -0 --separate-stderr roster-dump --begun
  [ "$stderr" = '' ]
  diff <(echo "$output") - <<END
email,"a,b",gone,city,action_network_id,action_network_map
begun@example.org,,,,$ID,begun-abc
karl@example.org,,,,,
m1@example.org,,,Salem,,abc
moved@example.org,,,,$ID,begun-moved-abc
new@example.org,,,,,begun-new
Rosa@Example.org,"""x"", y",," Boston",$ID,abc
zoë@example.org,,,"line one
line two",no-uuid,abc
END
  run -0 roster-dump
  [[ $output != *new@example.org* ]]
  [ "$(roster-dump --runs)" = $'{"run":{"started":"1"}}\n{"run":{"started":"2"}}' ]
  [ "$(schema)" = 1 ]
}

@test "whoever writes rewrites it once, and it says the same" {
  make_older 500
  before=$(content)
  roster-commit </dev/null
  [ "$(schema)" = 2 ]
  [ "$(content)" = "$before" ]
  [ "$(sqlite3 "$FILE" "SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name)")" = \
    'digests headers journal members runs' ]
  check_roster
  result updated rosa@example.org '{"row":{"city":"Lynn"}}' | roster-commit >/dev/null
  [ "$(roster-dump | grep -c Lynn)" = 1 ]
  diff <(roster-dump) <(roster-dump --begun | grep -v begun-new)
}

@test "two that write at once rewrite it once" {
  make_older 2000
  before=$(content)
  roster-commit </dev/null 3>&- &
  roster-commit </dev/null
  wait $!
  [ "$(schema)" = 2 ]
  [ "$(content)" = "$before" ]
}

# same_as CKSUM: it is undamaged, and says what it said.
same_as() {
  [ "$(content | cksum)" = "$1" ] && check_roster
}

@test "a hundred thousand members: killed at any moment, it is of one schema or the other, and says the same" {
  make_older 100000
  local before started took part schemas=''
  before=$(content | cksum)
  cp "$FILE" older.sqlite
  started=${EPOCHREALTIME/./}
  roster-commit </dev/null
  took=$((${EPOCHREALTIME/./} - started))
  [ "$(schema)" = 2 ]
  same_as "$before"
  for part in 5 20 40 60 75 85 90 95; do
    rm -f "$FILE"*
    cp older.sqlite "$FILE"
    timeout -s KILL "$(printf '0.%06d' $((took * part / 100)))" roster-commit </dev/null || true
    schemas+=$(schema)
    same_as "$before"
  done
  [[ $schemas == 1*([12]) ]]
  # What was left in the middle is no obstacle to the next who writes.
  rm -f "$FILE"*
  cp older.sqlite "$FILE"
  timeout -s KILL "$(printf '0.%06d' $((took / 3)))" roster-commit </dev/null || true
  result lapsed m3@example.org | roster-commit >/dev/null
  [ "$(schema)" = 2 ]
  check_roster
  diff <(roster-dump --begun | grep -c '^m[0-9]') <(echo 99999)
}

@test "a hundred thousand members: a disk that is full at any moment leaves it as it was" {
  make_older 100000
  local before room size code codes=''
  before=$(content | cksum)
  cp "$FILE" older.sqlite
  size=$(($(stat -c %s "$FILE") / 1024))
  for room in 8 $((size / 4)) $((size * 3 / 4)) $((size * 5 / 4)) $((size * 4)); do
    rm -f "$FILE"*
    cp older.sqlite "$FILE"
    code=0
    (trap '' XFSZ && ulimit -f "$room" && exec roster-commit </dev/null) 2>err || code=$?
    case $code in
      74) has "$(cat err)" "$FILE" && [ "$(schema)" = 1 ] ;;
      0) [ "$(schema)" = 2 ] ;;
      *) false ;;
    esac
    same_as "$before"
    codes+=" $code"
  done
  [[ $codes == ' 74 '*' 0' ]]
}

@test "one that is damaged is refused, and left as it was" {
  make_older
  sqlite3 "$FILE" "UPDATE members SET row = 'x' WHERE email = 'karl@example.org'"
  run -74 --separate-stderr roster-dump
  has "$stderr" "$FILE" damaged JSON
  run -74 --separate-stderr roster-commit </dev/null
  has "$stderr" "$FILE" damaged JSON
  [ "$(schema)" = 1 ]
}
