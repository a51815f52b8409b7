#!/usr/bin/env bats
# scripts/install-deps, with an apt of the test's own, for it must install nothing here. What it really installs, a
# fresh machine shows: scripts/machines.

load helpers

setup() {
  common_setup
  mkdir bin
  PATH=$PWD/bin:$PATH
  # dpkg-query lists what is in the file installed; apt-get notes how it was called, and is as talkative as ever.
  program dpkg-query 'cat installed'
  program apt-get 'echo "$*" >>apt.log; echo Reading package lists; echo "(Reading database ... 5%)" >&2; . ./apt'
  program sudo '"$@"'
  program sleep 'echo "sleep $1" >>apt.log'
  : >apt
  : >installed
}

# have PACKAGE[,PROVIDES...]: is installed.
have() {
  printf 'installed %s\n' "$@" >>installed
}

@test "install-deps: what it installs is said in one line, and apt keeps quiet" {
  have 'bash, ' 'curl, ' 'jq, '
  run -0 --separate-stderr "$ROOT/scripts/install-deps" --run
  [ -z "$output" ]
  [[ $stderr == 'install-deps: installing ca-certificates '* ]]
  [ "${#stderr_lines[@]}" -eq 1 ]
  has "$(tail -n 1 apt.log)" 'install -y' 'ca-certificates'
  [[ $(tail -n 1 apt.log) != *' jq '* ]]
}

@test "install-deps: nothing is asked of apt where everything is there, be it under a newer name" {
  local package
  for package in $(sed -n 's/^\(runtime\|libraries\)=(\(.*\))/\2/p' "$ROOT/scripts/install-deps"); do
    case $package in
      libcurl4 | libarchive13) have "${package}t64, $package (= 8.14.1-2)" ;;
      libgmime-3.0-0) have "${package}t64, other (= 1), $package (= 3.2.15)" ;;
      *) have "$package, " ;;
    esac
  done
  run -0 --separate-stderr "$ROOT/scripts/install-deps" --run
  [ -z "$output$stderr" ]
  [ ! -e apt.log ]
}

@test "install-deps: a package that was removed and left its settings is not there" {
  echo 'config-files jq, ' >installed
  run -0 --separate-stderr "$ROOT/scripts/install-deps" --run
  has "$stderr" ' jq '
}

@test "install-deps: somebody else's archive that can't be reached stops nothing" {
  echo '[ "$1" != update ] || exit 100' >apt
  run -0 --separate-stderr "$ROOT/scripts/install-deps" --run
  has "$(tail -n 1 apt.log)" 'install -y'
}

@test "install-deps: what apt said is shown when it could not install" {
  echo '[ "$1" != install ] || { echo "E: Unable to locate package jq"; exit 100; }' >apt
  run -1 --separate-stderr "$ROOT/scripts/install-deps" --run
  has "$stderr" 'E: Unable to locate package jq' 'install-deps: apt-get could not install them'
}

@test "install-deps: an archive that has a bad minute is asked again, after a pause" {
  echo '[ "$1" != install ] || [ "$(grep -c ^install apt.log)" -eq 3 ] || exit 100' >apt
  run -0 --separate-stderr "$ROOT/scripts/install-deps" --run
  [ "$(sed 's/ .*//' apt.log | tr '\n' ' ')" = 'sleep update install sleep update install sleep update install ' ]
  [ "$(grep sleep apt.log)" = $'sleep 0\nsleep 15\nsleep 60' ]
}
