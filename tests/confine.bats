#!/usr/bin/env bats
# What somebody can do who has broken into a program: tests/confine/hostile.c, which is preloaded into it, tries what is
# forbidden, and what it still may. And that a program runs on where it cannot be confined.

load helpers
load sandbox
load records
load roster

setup_file() {
  to_preload "$BATS_TEST_DIRNAME/confine/hostile.c" "$BATS_FILE_TMPDIR/hostile.so"
  ${CC:-cc} -O2 -o "$BATS_FILE_TMPDIR/forbid" "$BATS_TEST_DIRNAME/confine/forbid.c" -lseccomp
}

setup() {
  common_setup
  ! grep -qE '__asan_init|__gcov_init' "$(type -P csv-diff)" || skip 'the programs are built to be watched, and not confined'
  small_map
  use_roster
  mkdir rosters
  printf '%s\n' email,first_name old@example.org,Old gone@example.org,Gone >older.csv
  printf '%s\n' email,first_name old@example.org,Other new@example.org,New >newer.csv
  csv-diff older.csv newer.csv >changes
  echo secret >private
}

# broken_into ATTEMPTS COMMAND...: what came of each attempt, from within the command, which must do its work all the same.
broken_into() {
  local attempts=$1
  shift
  HOSTILE=$attempts HOSTILE_FILE=${FILE-$PWD/private} HOSTILE_SPARE=$PWD/spare LD_PRELOAD=$BATS_FILE_TMPDIR/hostile.so \
    "$@" >out 2>err || [ $? -eq "${EXPECTED-0}" ] || { cat err; return 1; }
  [ -s out ]
  cat err
}

# forbidden ATTEMPTS COMMAND...: none of them came to anything.
forbidden() {
  local attempt attempts=$1
  broken_into "$@"
  for attempt in $attempts; do
    grep -qx "$attempt: EACCES" err || { echo "$attempt is not forbidden"; return 1; }
  done
  [ "$(cat private)" = secret ]
  [ ! -s spare ]
}

# allowed ATTEMPTS COMMAND...: each of them was done.
allowed() {
  local attempt attempts=$1
  broken_into "$@"
  for attempt in $attempts; do
    grep -qx "$attempt: done" err || { echo "$attempt is forbidden"; return 1; }
  done
}

readonly COMPUTING='read ring write make remove mode date spare spare-at spare-shared socket neighbours type type-around
 execute replace map protect trace look kill signal spy'

@test "csv-diff opens, connects, executes, traces nothing, and writes to no other file" {
  forbidden "$COMPUTING" csv-diff older.csv newer.csv
  forbidden "$COMPUTING" csv-diff -p - newer.csv <older.csv
  # With threads, which are made behind it.
  seq -f 'p%.0f@example.org,x' 200000 | cat older.csv - >many.csv
  forbidden "$COMPUTING" csv-diff older.csv many.csv
}

@test "mime-extract likewise, from a mail of each kind" {
  local mail
  for mail in "$SAMPLES"/*.eml; do
    forbidden "$COMPUTING" mime-extract "$mail"
    forbidden "$COMPUTING" mime-extract -l "$mail"
  done
  forbidden "$COMPUTING" mime-extract --archive older.csv
}

@test "each charset of the list is read in a mail's header and text as it is where nothing is confined" {
  local charset
  for charset in ISO-8859-1 ISO-8859-2 ISO-8859-15 windows-1250 windows-1251 windows-1258 KOI8-R Macintosh IBM437 IBM850 \
    Shift_JIS EUC-JP GB2312 GB18030 Big5 EUC-KR UTF-16; do
    {
      printf 'From: a@example.org\nSubject: =?%s?Q?=C1=C2_=B0=A1?=\nMIME-Version: 1.0\n' "$charset"
      printf 'Content-Type: text/csv; charset=%s; name=export.csv\n\nemail\n\xc1\xc2@example.org\n' "$charset"
    } >mail
    for option in -l --max-size=1M; do
      mime-extract "$option" mail >confined 2>&1 || true
      "$BATS_FILE_TMPDIR/forbid" seccomp mime-extract "$option" mail >free 2>&1 || true
      cmp confined free
    done
    [[ $(mime-extract -l mail) != *'=?'* ]] || { mime-extract -l mail; false; }
  done
}

readonly STORING='read write make remove mode date ring socket neighbours type type-around execute replace trace look spy privileges'

@test "roster-dump and roster-commit reach nothing but the roster's directory" {
  jq -c 'select(.change) + {result: {status: "ok"}}' changes >in
  forbidden "${STORING/ privileges/}" roster-commit in
  forbidden "${STORING/ privileges/}" roster-dump
  FILE=$PWD/rosters/beside allowed 'write read remove make' roster-commit in
  ln -s rosters/roster.sqlite link.sqlite
  forbidden "${STORING/ privileges/}" roster-commit -s sqlite:link.sqlite in
}

readonly SENDING='write make remove mode date ring neighbours sniff type type-around execute replace trace look spy privileges'

@test "an-upsert and an-lapse connect, and neither execute nor write nor read what is somebody's" {
  start_sandbox
  seed gone@example.org
  forbidden "read $SENDING" an-upsert -r 0 changes
  forbidden "read $SENDING" an-lapse -r 0 changes
  EXPECTED=1 forbidden "read $SENDING" an-upsert --check
  FILE=/etc/passwd allowed 'read socket' an-upsert -r 0 changes
  # The schedule of turns is open, and is written.
  forbidden "read $SENDING" an-upsert -r 100 changes
}

@test "an-diff likewise" {
  start_sandbox
  seed gone@example.org
  forbidden "read $SENDING" an-diff -r 0 newer.csv
  forbidden "read $SENDING" an-diff -r 100 - <newer.csv
}

@test "slack-notify likewise" {
  start_sandbox
  export SLACK_WEBHOOK_URL_FILE=$PWD/webhook
  echo "$SANDBOX_URL/slack/test" >webhook
  EXPECTED=1 forbidden "read $SENDING" slack-notify changes
  forbidden "read $SENDING" slack-notify --error 'It went wrong.'
  FILE=/etc/passwd allowed 'read socket' slack-notify --error 'It went wrong.'
  [ "$(sandbox_get slack | jq length)" -ge 3 ]
}

@test "whoever breaks in signals nobody else, where the kernel can forbid it" {
  # Landlock's sixth version, of Linux 6.12.
  printf '%s\n' 6.12 "$(uname -r)" | sort -CV || skip 'this kernel cannot'
  broken_into 'kill signal' roster-commit --adopt changes
  [ "$(grep -c ': EPERM$' err)" -eq 2 ]
  broken_into 'kill signal' slack-notify --error 'It went wrong.'
  [ "$(grep -c ': EPERM$' err)" -eq 2 ]
}

@test "where the kernel or a container forbids to confine, the programs do their work" {
  local kind
  start_sandbox
  for kind in seccomp landlock seccomp,landlock; do
    "$BATS_FILE_TMPDIR/forbid" $kind csv-diff older.csv newer.csv >out
    cmp out changes
    "$BATS_FILE_TMPDIR/forbid" $kind mime-extract "$SAMPLES/mail-2026-11-09.eml" >out
    cmp out <(mime-extract "$SAMPLES/mail-2026-11-09.eml")
    "$BATS_FILE_TMPDIR/forbid" $kind an-upsert -r 0 changes >results
    "$BATS_FILE_TMPDIR/forbid" $kind roster-commit results >out
    cmp out results
    "$BATS_FILE_TMPDIR/forbid" $kind roster-dump >out
    grep -q new@example.org out
    "$BATS_FILE_TMPDIR/forbid" $kind slack-notify results >out
  done
}

@test "one of the two holds where the other is forbidden" {
  broken_into 'execute write' "$BATS_FILE_TMPDIR/forbid" landlock csv-diff older.csv newer.csv
  grep -qx 'write: EACCES' err
  roster-commit < <(result new a@example.org) >/dev/null
  broken_into 'write socket' "$BATS_FILE_TMPDIR/forbid" seccomp roster-dump
  grep -qx 'write: EACCES' err
  grep -qx 'socket: done' err
}

@test "--confined says what holds, and what does not" {
  run -0 mime-extract --confined
  [ "$output" = 'by seccomp and Landlock' ]
  run -1 "$BATS_FILE_TMPDIR/forbid" landlock mime-extract --confined
  has "$output" 'not by Landlock' 'all works'
  run -1 "$BATS_FILE_TMPDIR/forbid" seccomp mime-extract --confined
  has "$output" 'not by seccomp:'
  run -1 "$BATS_FILE_TMPDIR/forbid" seccomp,landlock mime-extract --confined
  has "$output" 'not by seccomp and Landlock'
}
