#!/usr/bin/env bats
# The model test (tests/model/model.py), quickly; make soak is the long one.

load helpers

setup() {
  common_setup
  MODEL=$ROOT/tests/model/model.py
}

# instead PROGRAM: the program is, from here on, what standard input says (a shell script).
instead() {
  mkdir -p fake
  { echo '#!/bin/sh'; cat; } >"fake/$1"
  chmod +x "fake/$1"
  PATH=$PWD/fake:$PATH
}

@test "whatever happens on the way, Action Network and the roster end as the rules say" {
  run python3 -B "$MODEL" --seconds 15
  echo "$output"
  [ "$status" -eq 0 ]
  has "$output" 'all as it should be'
}

@test "the model finds a program that tells of lapses it has not sent" {
  instead an-lapse <<'END'
exec sed 's/^\({"change":"lapsed".*\)}$/\1,"result":{"status":"ok"}}/'
END
  run -1 python3 -B "$MODEL" 2 3 1
  has "$output" 'seed ' is_member 'again: '
}

@test "the model finds a roster that forgets" {
  local commit
  commit=$(type -P roster-commit)
  instead roster-commit <<END
[ "\$1" != --begin ] || exec $commit "\$@"
exec sed '/"change":"updated"/s/"status":"ok"/"status":"failed"/' | $commit | sed 's/"status":"failed"/"status":"ok"/'
END
  run -1 python3 -B "$MODEL" 7 4 2
  has "$output" 'seed ' 'again: '
}

@test "the model finds a pipe that notes nothing before it sends" {
  local commit
  commit=$(type -P roster-commit)
  instead roster-commit <<END
[ "\$1" != --begin ] || exec cat
exec $commit "\$@"
END
  # It hangs on the moment of a kill whether the first try meets it.
  run -1 python3 -B "$MODEL" 200 200 200 200 200 200 200 200 200 200 200 200
  has "$output" 'after exports that were given up' 'is_member is True' 'again: '
}

@test "the model finds a comparison that lapses whoever has no address in the export" {
  local diff
  diff=$(type -P csv-diff)
  instead csv-diff <<END
sed -i '/,"","[0-9.]*"[[:space:]]*\$/d' newer.csv
exec $diff "\$@"
END
  run -1 python3 -B "$MODEL" 5
  has "$output" 'seed 5: ' "'is_member': 'False'" "'is_member': 'True'" 'again: '
}
