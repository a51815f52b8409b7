#!/usr/bin/env bats
# make demo's script: what it shows, and that it leaves nothing behind.

load helpers

setup() {
  common_setup
  export TMPDIR=$BATS_TEST_TMPDIR/tmp
  mkdir "$TMPDIR"
}

@test "the demo syncs two weeks, needs no configuration, and leaves nothing behind" {
  AN_API_KEY=a-real-key AN_API_URL=https://example.invalid run -0 --separate-stderr "$ROOT/scripts/demo"
  has "$output" '38 new' '5 new, 8 updated, 3 lapsed' '19 requests' '0 requests' \
    'hannah.goldberg@example.org' 'Winter 🌹 Delgado' '40 members in the roster'
  [ "$stderr" = '' ]
  [[ $output != *$'\e'* ]]
  [ "$(find "$TMPDIR" "$HOME" -mindepth 1)" = '' ]
  [ ! -e "$AN_STATE" ]
}
