#!/usr/bin/env bats
# scripts/programs, which a build gets its programs from: compiled once, and kept in an S3 that is a directory here.

load helpers

# The checkout, with what is compiled already and not yet linked.
setup_file() {
  export CHECKOUT=$BATS_FILE_TMPDIR/checkout
  mkdir "$CHECKOUT"
  tar -C "$BATS_TEST_DIRNAME/.." --exclude=./.git --exclude=./build/* -cf - . | tar -C "$CHECKOUT" -xf -
  mkdir -p "$CHECKOUT/build"
  cp -a "$BATS_TEST_DIRNAME"/../build/{lib,tools,flags,liban-sync.a} "$CHECKOUT/build" 2>/dev/null || true
}

setup() {
  common_setup
  mkdir bin
  PATH=$PWD/bin:$(sed "s|$ROOT/build/bin:||" <<<"$PATH")
  stub aws 'for last; do :; done
    while [ $# -gt 0 ]; do
      case $1 in
        get-object) mode=get ;;
        put-object) mode=put ;;
        --bucket | --key | --body | --if-none-match) printf -v "$(tr -d - <<<"$1")" %s "$2"; shift ;;
      esac
      shift
    done
    echo "$mode $bucket/$key $ifnonematch" >>calls
    [ ! -e down ] || { echo "Could not connect to the endpoint URL" >&2; exit 255; }
    if [ $mode = get ]; then
      cp kept.tar.gz "$last" 2>/dev/null || { echo "An error occurred (NoSuchKey)" >&2; exit 254; }
    else
      cp "$body" kept.tar.gz
    fi'
}

# stub NAME COMMAND: a program of that name, in front of the real one.
stub() {
  printf '#!/bin/bash\ncd "%s" || exit\n%s\n' "$PWD" "$2" >"bin/$1"
  chmod +x "bin/$1"
}

programs() {
  bash "$CHECKOUT/scripts/programs" "$@"
}

@test "programs: what no build has kept is compiled, and kept for the next one, which compiles nothing" {
  run -0 --separate-stderr programs "$PWD/one" s3://bucket/code/programs.tar.gz
  has "$stderr" 'none that run here are kept' NoSuchKey 'kept as s3://bucket/code/programs.tar.gz'
  [ "$(cat calls)" = $'get bucket/code/programs.tar.gz \nput bucket/code/programs.tar.gz *' ]
  one/bin/an-sync --version
  stub make 'exit 1'
  stub apt-get 'exit 1'
  run -0 --separate-stderr programs "$PWD/two" s3://bucket/code/programs.tar.gz
  [ "$stderr" = 'programs: those of s3://bucket/code/programs.tar.gz' ]
  two/bin/an-sync --version
  cmp one/bin/csv-diff two/bin/csv-diff
  [ "$(wc -l <calls)" -eq 3 ]
}

@test "programs: a library that came with a package is kept beside them, and the image's own is not" {
  # as on an image that did not have three of them before
  stub dpkg-query 'if [ "$1" = -W ] && [ $# -eq 3 ] && mkdir before 2>/dev/null; then
      /usr/bin/dpkg-query "$@" | grep -Evx "(libcsv3|libgmime-3.0-0|libgpgme11)(t64)?"
    else
      exec /usr/bin/dpkg-query "$@"
    fi'
  command -v /usr/bin/dpkg-query || skip 'this is not Debian'
  programs "$PWD/one" s3://bucket/key
  rm bin/dpkg-query
  programs "$PWD/two" s3://bucket/key
  [ "$(cd two/lib && echo lib*)" = 'libcsv.so.3 libgmime-3.0.so.0 libgpgme.so.11' ]
  ldd two/bin/csv-diff | grep -F "libcsv.so.3 => $PWD/two/bin/../lib/libcsv.so.3"
  # libgpgme is libgmime's, not the program's
  ldd two/bin/mime-extract | grep -F "libgpgme.so.11 => $PWD/two/bin/../lib/libgpgme.so.11"
  ldd two/bin/an-upsert | grep -F 'libcurl.so.4 => /'
}

@test "programs: what is kept and does not run here is compiled again" {
  mkdir -p broken/bin
  printf '#!/bin/sh\necho "error while loading shared libraries" >&2; exit 127\n' >broken/bin/csv-diff
  chmod +x broken/bin/csv-diff
  for kept in broken torn; do
    [ $kept = torn ] && head -c 100 kept.tar.gz >torn && mv torn kept.tar.gz || tar -czf kept.tar.gz -C broken .
    run -0 --separate-stderr programs "$PWD/$kept.out" s3://bucket/key
    has "$stderr" 'none that run here are kept'
    "$kept.out/bin/csv-diff" --version
  done
}

@test "programs: a bucket that can't be reached costs no build" {
  touch down
  run -0 --separate-stderr programs "$PWD/one" s3://bucket/key
  has "$stderr" 'could not be kept, so the next build compiles them again: Could not connect'
  one/bin/an-sync --version
  run -0 --separate-stderr programs "$PWD/two"
  [ -z "$stderr" ]
}

@test "programs: when they can't be compiled nothing is kept, and the compiler's words are shown" {
  stub make 'echo "csv.h: No such file" ; exit 2'
  run ! --separate-stderr programs "$PWD/one" s3://bucket/key
  has "$stderr" 'csv.h: No such file'
  [ ! -e kept.tar.gz ]
  [ ! -e one ]
}

@test "programs: where it can't be told which libraries they need nothing is kept" {
  stub ldd 'kill -KILL $$'
  run ! --separate-stderr programs "$PWD/one" s3://bucket/key
  [ ! -e kept.tar.gz ]
}

@test "programs: wrong usage is status 64" {
  run -64 programs
  run -64 programs one bucket/key
  run -64 programs one s3://bucket
  run -64 programs one s3://bucket/key two
}
