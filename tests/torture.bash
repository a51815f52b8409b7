# For .bats files that let calls of the programs fail: tests/torture/fail.c and torture.py.

setup_file() {
  to_preload "$BATS_TEST_DIRNAME/torture/fail.c" "$BATS_FILE_TMPDIR/fail.so"
}

torture_setup() {
  common_setup
  # A sanitizer replaces malloc itself.
  ! grep -q __asan_init "$(type -P csv-diff)" || skip 'the programs are built with sanitizers'
  small_map
  mkdir runs
  printf '%s\n' email,first_name,phone,akid old@example.org,Old,,1 same@example.org,Same,,2 gone@example.org,G,,3 >older.csv
  printf '%s\n' email,first_name,phone,akid new@example.org,New,,1 same@example.org,Sämé,,2 come@example.org,C,1,4 >newer.csv
  csv-diff -f akid older.csv newer.csv >changes
}

# torture [OPTION...] COMMAND...: see torture.py. What it tells is shown when a test fails.
torture() {
  (cd runs && python3 -B "$ROOT/tests/torture/torture.py" --library "$BATS_FILE_TMPDIR/fail.so" "$@")
}

# results: acknowledged changes.
results() {
  jq -c 'select(.change) + {result: {status: "ok", id: "d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b", map: "m"}}' changes
}
