#!/usr/bin/env bats
# What make promises beyond building: to whom packages it, who builds it elsewhere, and who changes his mind.

load helpers

setup() {
  common_setup
  # The flags of whoever runs the tests are none of these tests'.
  unset MAKEFLAGS MFLAGS CFLAGS CPPFLAGS LDFLAGS
}

# sources DIRECTORY: a copy of all that is built from.
sources() {
  mkdir -p "$1"
  cp -r "$ROOT"/{Makefile,lib,tools,scripts} "$1"
}

# compile DIRECTORY [OPTION...]: makes a program's object there, a library's, and those whose sources are made.
compile() {
  make -s -C "$1" "${@:2}" build/tools/slack-notify.o build/lib/csv/text.o build/lib/people/field_map_builtin.o \
    build/lib/base/confine_filters.o
}

@test "build: nothing is compiled twice, and everything anew with other flags" {
  sources here
  compile here CFLAGS=-O0
  touch -d 2020-01-01 here/Makefile
  find here/build -name '*.o' -exec touch -d 2021-01-01 {} +
  touch -d 2020-01-01 here/build/{commands,flags,confine-filters}
  find here/lib here/tools -type f -exec touch -d 2020-01-01 {} +
  compile here CFLAGS=-O0
  [ "$(find here/build -name '*.o' -newermt 2022-01-01 | wc -l)" -eq 0 ]
  compile here CFLAGS=-O1
  [ "$(find here/build -name '*.o' -newermt 2022-01-01 | wc -l)" -eq 4 ]
  find here/build -name '*.o' -exec touch -d 2021-01-01 {} +
  compile here CFLAGS=-O1 CPPFLAGS=-DX
  [ "$(find here/build -name '*.o' -newermt 2022-01-01 | wc -l)" -eq 4 ]
}

@test "build: the same sources give the same bytes, wherever they lie" {
  sources one
  sources 'another place/two'
  compile one CFLAGS='-O1 -g'
  compile 'another place/two' CFLAGS='-O1 -g'
  run -0 diff -r --exclude='*.d' --exclude=confine-filters one/build 'another place/two/build'
}

@test "build: _FORTIFY_SOURCE is the builder's to set, in whichever variable" {
  run -0 make -n -C "$ROOT" BUILD=build/none build/none/tools/csv-diff.o CFLAGS=-O2
  has "$output" ' -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 '
  for variable in CFLAGS CPPFLAGS; do
    run -0 make -n -C "$ROOT" BUILD=build/none build/none/tools/csv-diff.o "$variable=-O2 -D_FORTIFY_SOURCE=1"
    has "$output" ' -D_FORTIFY_SOURCE=1 '
    [[ $output != *-U_FORTIFY_SOURCE* && $output != *-D_FORTIFY_SOURCE=3* ]]
  done
}

# clone: a repository with a commit, whose Makefile is ours.
clone() {
  mkdir clone # bats has files of its own beside it
  cd clone || return
  git init -q .
  echo /build/ >.gitignore
  mkdir scripts
  cp "$ROOT/Makefile" .
  commit
  VERSION=$(sed -n 's/^VERSION := //p' Makefile)
}

commit() {
  git add . && git -c user.name=x -c user.email=x@example.org commit -q -m x
}

@test "build: make dist packs a commit for people, below a directory, and for CodeBuild, below none" {
  clone
  run -0 --separate-stderr make -s dist
  [ -z "$stderr" ]
  [ "$output" = "build/an-sync-$VERSION.tar.gz"$'\n'"build/an-sync-$VERSION.zip" ]
  [ "$(tar -tzf "build/an-sync-$VERSION.tar.gz" | cut -d/ -f1 | sort -u)" = "an-sync-$VERSION" ]
  tar -xzOf "build/an-sync-$VERSION.tar.gz" "an-sync-$VERSION/Makefile" | cmp - Makefile
  python3 -c 'import sys, zipfile; print(*sorted(zipfile.ZipFile(sys.argv[1]).namelist()))' \
    "build/an-sync-$VERSION.zip" >names
  has "$(cat names)" '.gitignore Makefile'
}

@test "build: make dist says that what is not committed is left out" {
  clone
  echo more >>Makefile.more
  run -0 --separate-stderr make -s dist
  has "$stderr" 'not committed'
  commit
  run -0 --separate-stderr make -s dist
  [ -z "$stderr" ]
}

@test "build: make dist says what it needs, without git, without a commit, and in somebody else's repository" {
  mkdir plain plain/scripts
  cp "$ROOT/Makefile" plain
  needs='make dist: it packs a commit, so it needs git and a clone of the repository'
  cd plain
  run -2 --separate-stderr make -s dist GIT_DIR=/nowhere
  has "$stderr" "$needs"
  git init -q .
  run -2 --separate-stderr make -s dist
  has "$stderr" "$needs"
  rm -r .git
  (cd .. && git init -q . && commit)
  run -2 --separate-stderr make -s dist
  has "$stderr" "$needs"
  [ ! -e build ]
  # A program called git that is not there.
  mkdir bin
  for program in make sh mkdir sed awk; do ln -s "$(type -P $program)" bin; done
  run -2 --separate-stderr env PATH="$PWD/bin" make -s dist
  has "$stderr" "$needs"
}
