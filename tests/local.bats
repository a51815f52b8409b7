#!/usr/bin/env bats
# scripts/local, which make local-up, local-sync and local-down call.

load helpers
load aws

setup_file() {
  if AWS_MISSING=$(aws_missing terraform); then
    export AWS_MISSING # for setup: bats 1.8 counts a skip here as a failure
    return 0
  fi
  # Of its own, so that one that is up stays so.
  mkdir "$BATS_FILE_TMPDIR/checkout"
  tar -C "$aws_root" --exclude=./build -cf - . | tar -C "$BATS_FILE_TMPDIR/checkout" -xf -
  AN_LOCAL_AWS_PORT=$(free_port) AN_LOCAL_PORT=$(free_port)
  export AN_LOCAL_AWS_PORT AN_LOCAL_PORT
}

# free_port: one that nobody listens on now.
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

setup() {
  common_setup
  local=$BATS_FILE_TMPDIR/checkout/scripts/local
}

teardown_file() {
  [ ! -x "$BATS_FILE_TMPDIR/checkout/scripts/local" ] || "$BATS_FILE_TMPDIR/checkout/scripts/local" down
}

needs_aws() {
  [ -z "${AWS_MISSING-}" ] || skip "$AWS_MISSING"
}

listens() {
  (exec 9<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

@test "local: wrong usage is status 64, --help is on standard output" {
  run -64 "$ROOT/scripts/local"
  run -64 "$ROOT/scripts/local" upp
  run -64 "$ROOT/scripts/local" up twice
  run -64 "$ROOT/scripts/local" sync one two
  run -0 --separate-stderr "$ROOT/scripts/local" --help
  has "$output" 'usage: local' AN_LOCAL_PORT
}

@test "local: make passes a mail on from its command line only, whatever its name" {
  mkdir scripts
  # shellcheck disable=SC2016 # for the stub's shell
  printf '#!/bin/sh\nprintf "<%%s>" "$@"\n' >scripts/local
  chmod +x scripts/local
  export MAIL=/var/mail/somebody
  for verb in up sync down; do
    run -0 make -s -f "$ROOT/Makefile" "local-$verb"
    [ "$output" = "<$verb>" ]
  done
  run -0 make -s -f "$ROOT/Makefile" local-sync "MAIL=it's a mail.eml"
  [ "$output" = "<sync><it's a mail.eml>" ]
  run -0 make -s -f "$ROOT/Makefile" local-up MAIL=mail.eml
  [ "$output" = '<up>' ]
}

@test "local: sync and down before up say so" {
  needs_aws
  run -69 --separate-stderr "$local" sync
  has "$stderr" 'make local-up'
  run -0 "$local" down
  has "$output" 'not up'
}

@test "local: a port that is taken is an error, and nothing is left running" {
  needs_aws
  python3 -c 'import socket, sys, time
s = socket.socket(); s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen(); print(flush=True); time.sleep(60)' \
    "$AN_LOCAL_PORT" >taken 3>&- &
  holder=$!
  until [ -s taken ]; do kill -0 $holder; done
  run -69 --separate-stderr "$local" up
  kill $holder
  has "$stderr" "$AN_LOCAL_PORT"
  run ! listens "$AN_LOCAL_AWS_PORT"
}

@test "local: up, a mail, down; each verb twice does no harm" {
  needs_aws
  run -0 --separate-stderr "$local" up
  has "$output" "$AN_LOCAL_AWS_PORT" "$AN_LOCAL_PORT" 'Up.'
  run -0 "$local" up
  has "$output" 'up already'
  run -74 --separate-stderr "$local" sync nothing.eml
  has "$stderr" nothing.eml
  run -0 --separate-stderr "$local" sync
  has "$output" '38 new' SUCCEEDED '38 members, 0 lapsed'
  printf 'From: somebody@example.org\n\nnothing\n' >other.eml
  run -1 --separate-stderr "$local" sync other.eml
  has "$output" FAILED 'other.eml'
  run -0 "$local" down
  [ "$output" = 'Down.' ]
  run ! listens "$AN_LOCAL_AWS_PORT"
  run ! listens "$AN_LOCAL_PORT"
  run -0 "$local" down
}
