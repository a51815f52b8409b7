#!/usr/bin/env bats
# Allocations that never return NULL: lib/memory/never_null.c, through tests/unit/memory.c.

load helpers

setup() {
  common_setup
  # A sanitizer replaces malloc itself.
  ! test-memory sanitized 2>/dev/null || skip 'not under sanitizers'
}

@test "memory: what there is, is given in every way" {
  run -0 --separate-stderr test-memory enough
  [ "$output" = enough ]
  [ -z "$stderr" ]
}

@test "memory: a request for more than there is ends the program, with a message and status 74" {
  for way in malloc calloc product realloc; do
    run -74 --separate-stderr test-memory "$way"
    [ -z "$output" ]
    [ "$stderr" = 'test-memory: out of memory' ]
  done
}

@test "memory: only the program that asks for it has it" {
  run -0 bash -c 'nm --defined-only "$(type -P mime-extract)" | grep -c " T malloc$"'
  [ "$output" = 1 ]
  for program in csv-diff an-diff an-upsert an-lapse slack-notify roster-dump roster-commit; do
    run -0 bash -c 'nm --defined-only "$(type -P "$1")" | grep -c " T malloc$" || true' _ "$program"
    [ "$output" = 0 ]
  done
}
