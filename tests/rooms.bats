#!/usr/bin/env bats
# The order of the rooms in lib/, and the check that keeps it: scripts/rooms.

load helpers

setup() {
  common_setup
  mkdir -p "$BATS_TEST_TMPDIR/tree/tools"
  cd "$BATS_TEST_TMPDIR/tree" || return
  cp -r "$ROOT/lib" .
}

@test "every include keeps the order of the rooms" {
  run "$ROOT/scripts/rooms"
  [ "$status" -eq 0 ]
  [ -z "$output" ]
}

@test "an include of a room above or beside is said with file and line" {
  printf '#include <stdio.h>\n#include "diff/diff.h"\n' >lib/csv/wrong.c
  printf '  #  include "mail/mail.h"\n' >lib/http/wrong.h
  run "$ROOT/scripts/rooms" .
  [ "$status" -eq 1 ]
  [[ "$output" == *'lib/csv/wrong.c:2: csv may not include "diff/diff.h": diff is not below it'* ]]
  [[ "$output" == *'lib/http/wrong.h:1: http may not include "mail/mail.h": mail is not below it'* ]]
  [ "${#lines[@]}" -eq 2 ]
}

@test "a room below, however far, and one's own may be included; programs include all" {
  printf '#include "base/text.h"\n#include "http/http.h"\n#include "send/sender.h"\n' >lib/send/right.c
  printf '#include "diff/diff.h"\n#include "roster/roster.h"\n' >tools/right.c
  run "$ROOT/scripts/rooms" .
  [ "$status" -eq 0 ]
  [ -z "$output" ]
}

@test "a header without its room, a file outside of them and a room without a place are said" {
  printf '#include "text.h"\n' >tools/wrong.c
  touch lib/stray.c
  mkdir lib/attic
  run "$ROOT/scripts/rooms" .
  [ "$status" -eq 1 ]
  [[ "$output" == *'tools/wrong.c:1: "text.h" is included without its room'* ]]
  [[ "$output" == *'lib/stray.c: belongs into one of the rooms'* ]]
  [[ "$output" == *'lib/attic: has no place in the order in lib/README.md'* ]]
  [ "${#lines[@]}" -eq 3 ]
}

@test "without an order, or with nothing to check, the check does not pass" {
  grep -v ' < ' lib/README.md >README && mv README lib/README.md
  run "$ROOT/scripts/rooms" .
  [ "$status" -eq 74 ]
  cp "$ROOT/lib/README.md" lib/README.md
  find lib -name '*.[ch]' -delete
  run "$ROOT/scripts/rooms" .
  [ "$status" -eq 74 ]
}
