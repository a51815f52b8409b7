#!/usr/bin/env bats
# an-sync: whom it trusts with its directories and locks, and what of others' it shows.

load helpers
load sandbox

setup() {
  common_setup
  start_sandbox
  export AN_RATE=0
  printf '%s\n' akid,email,first_name 1,a@example.org,A 2,b@example.org,B >week1.csv
}

@test "a state directory in which others can write, or of somebody else, is refused, and so is the roster's" {
  mkdir -p "$AN_STATE" others
  chmod 770 "$AN_STATE"
  run -78 --separate-stderr an-sync week1.csv
  has "$stderr" "$AN_STATE: others can write in it: chmod go-w $AN_STATE"
  [ -z "$(ls "$AN_STATE/lock" 2>/dev/null)" ]
  run an-sync check
  has "$output" 'FAILED  state directory' 'chmod go-w'
  chmod 700 "$AN_STATE"
  chmod 777 others
  AN_ROSTER=sqlite:$PWD/others/roster.sqlite run -78 --separate-stderr an-sync week1.csv
  has "$stderr" "$PWD/others: others can write in it"
  [ -z "$(ls others)" ]
  [ "$(sandbox_requests POST)" -eq 0 ]
  [ "$(id -u)" -eq 0 ] || skip 'only root can give a directory to somebody'
  chown 65534 "$AN_STATE"
  run -78 --separate-stderr an-sync week1.csv
  has "$stderr" "$AN_STATE belongs to somebody else (user 65534)"
}

@test "a lock that is a link is not followed" {
  an-sync week1.csv
  echo precious >precious
  rm "$AN_STATE/lock"
  ln -s "$PWD/precious" "$AN_STATE/lock"
  run -78 --separate-stderr an-sync week1.csv
  has "$stderr" "$AN_STATE/lock is a link"
  [ "$(cat precious)" = precious ]
}

@test "nothing of a file's name acts on a terminal: in messages, in status" {
  local name=$'week\e[31m\xc2\x9b1m\xe2\x80\xae\xff.csv'
  cp week1.csv "$name"
  touch -d '2026-01-01' "$name"
  cp week1.csv later.csv
  an-sync later.csv >/dev/null
  run -65 an-sync "$name"
  echo "$output"
  [[ $output == *'x1b'* && $output != *$'\e'* && $output != *$'\xc2\x9b'* && $output != *$'\xe2\x80\xae'* ]]
  name=$'week\e[31m\xc2\x9b1m\xe2\x80\xae.csv'
  cp week1.csv "$name"
  an-sync "$name" >/dev/null
  run -0 an-sync status
  has "$output" 'week\x1b[31m\x9b1m\u202e.csv' '2 members in the roster'
  [[ $output != *$'\e'* ]]
  mkdir $'in\e[box'
  run -0 an-sync $'in\e[box'
  has "$output" 'nothing new in in\x1b[box'
}

@test "whoever holds a secret leaves no core" {
  mkdir programs
  printf '#!/bin/sh\nulimit -c >"%s/core-limit"\nexec "%s" "$@"\n' "$PWD" "$(type -P mime-extract)" >programs/mime-extract
  chmod +x programs/mime-extract
  (ulimit -Sc 1000 2>/dev/null || true; PATH=$PWD/programs:$PATH an-sync -n week1.csv >/dev/null)
  [ "$(cat core-limit)" = 0 ]
}

@test "check says whether the programs can be confined, and goes on where they cannot" {
  run an-sync check
  has "$output" ' confinement: '
  [[ $output == *'FAILED '*confinement* ]] && return 1
  mkdir programs
  printf '#!/bin/sh\ncase $1 in --confined) echo "not by Landlock: so"; exit 1 ;; esac\nexec "%s" "$@"\n' \
    "$(type -P mime-extract)" >programs/mime-extract
  chmod +x programs/mime-extract
  PATH=$PWD/programs:$PATH run an-sync check
  has "$output" 'note    confinement: not by Landlock'
}
