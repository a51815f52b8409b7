#!/usr/bin/env bats
# tests/run, which make check calls: what it says at the end.

load helpers

setup() {
  common_setup
  mkdir bin
}

# run_tests: tests/run as it is outside of bats, on the .bats files here.
run_tests() {
  env -i PATH="${PATH//"$BATS_LIBEXEC:"/}" HOME="$HOME" bash "$ROOT/tests/run" bin "$PWD"/*.bats
}

@test "run: each reason for skipping is said once, and the last line counts" {
  printf '@test "%s" { skip "no moto (install it)"; }\n' a b >one.bats
  printf '@test "%s" { %s; }\n' c 'skip "no moto (install it)"' d 'skip "no terraform"' e true >two.bats
  run -0 run_tests
  has "$output" $'\nskipped 1: no terraform\nskipped' $'\nskipped 3: no moto (install it)\n' ||
    has "$output" $'\nskipped 3: no moto (install it)\nskipped 1: no terraform\n'
  [ "${lines[-1]}" = '1 passed, 0 failed, 4 skipped' ]
}

@test "run: a test that fails is named at the end with its file, and so does the run" {
  printf '@test "%s" { %s; }\n' a true b false >one.bats
  printf '@test "%s" { %s; }\n' b true c false 'd, 2 | e' false >two.bats
  run -1 run_tests
  has "$output" $'\nfailed:\none.bats: b\ntwo.bats: c\ntwo.bats: d, 2 | e\n2 passed, 3 failed'
  [ "${lines[-1]}" = '2 passed, 3 failed' ]
}

@test "run: a file that could not even begin is named" {
  printf '%s\n' 'setup_file() { false; }' '@test "a" { true; }' '@test "b" { true; }' >one.bats
  run -1 run_tests
  has "$output" $'\none.bats: setup_file failed\none.bats: bats ended with 1 after 1 of 2 tests\n0 passed, 2 failed'
}

@test "run: nothing that was run is no success" {
  printf '@test "a" { skip "no moto"; }\n' >one.bats
  run -1 run_tests
  [ "${lines[-1]}" = '0 passed, 0 failed, 1 skipped' ]
}

@test "run: a test reads as UTF-8 and makes what nobody else can write in, wherever it is started" {
  printf '%s\n' "load '$BATS_TEST_DIRNAME/helpers'" "@test a { [ \$'\\u00e9' = é ]; }" '@test b { [ "$(umask)" = 0022 ]; }' >one.bats
  umask 002
  run -0 run_tests
}
