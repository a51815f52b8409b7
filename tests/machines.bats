#!/usr/bin/env bats
# scripts/machines, as far as it goes without a machine: what it really makes takes half an hour and a mirror.

load helpers

setup() {
  common_setup
  mkdir bin
  PATH=$PWD/bin:$PATH
  export AN_MACHINES=$PWD/machines
}

# checkout: a repository of the test's own with the script in it.
checkout() {
  [ -e /usr/share/debootstrap/scripts/bookworm ] && [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] ||
    skip 'debootstrap is not installed'
  mkdir checkout checkout/scripts
  cp "$ROOT/scripts/machines" checkout/scripts
  git -C checkout init -q
  git -C checkout add .
  git -C checkout -c user.name=x -c user.email=x@example.org commit -q -m x
}

@test "machines: a name that it does not know is wrong usage, and what it knows is shown" {
  run -64 --separate-stderr "$ROOT/scripts/machines" debian-13 debian-7
  [ -z "$output" ]
  has "$stderr" 'there is no machine "debian-7"' 'debian-12 debian-13 ubuntu-24.04'
  run -0 --separate-stderr "$ROOT/scripts/machines" --help
  has "$output" 'usage: machines [NAME[/ROW]...]' AN_MACHINES
  run -64 --separate-stderr "$ROOT/scripts/machines" debian-13/root debian-13-arm64/package
  has "$stderr" 'debian-13-arm64 has no row "package"'
  [ ! -e machines ]
}

@test "machines: who is not root is asked for it by sudo, with all that was said" {
  program id 'echo 1000'
  program sudo 'printf "%s\n" "$*"'
  run -0 --separate-stderr "$ROOT/scripts/machines" debian-12
  [ "$output" = "env AN_MACHINES=$AN_MACHINES $ROOT/scripts/machines debian-12" ]
}

@test "machines: one that cannot be made is a line in the table with the reason, and is no success" {
  checkout
  program id 'echo 0'
  program debootstrap 'echo "I: Retrieving InRelease"; echo "E: Failed getting release file"; exit 1'
  run -69 --separate-stderr checkout/scripts/machines debian-12
  has "$output" 'machine          row     seconds  passed  failed  skipped  why'
  [[ ${lines[-1]} =~ ^debian-12\ +-\ +-\ +-\ +-\ +-\ +'not made: Failed getting release file'$ ]]
}

# shellcheck disable=SC2016 # for the programs
@test "machines: the table has what tests/run counted, as root, as a user and of the package, and names what failed" {
  checkout
  program id 'echo 0'
  # A machine is an empty directory, and what is done there is told by whom.
  program debootstrap 'mkdir -p "${@: -1}"/{etc/sudoers.d,usr/sbin,srv,home/member,proc,dev}'
  program chroot ''
  program apt-get ''
  program unshare 'case "$*" in *" root cd "*) cat ok ;; *" member cd "*"make deb"*) cat deb ;; *) cat bad; exit 2 ;; esac'
  printf '%s\n' 'ok 1 a: b' 'skipped 1: no b' 'skipped 20: no aws' '700 passed, 0 failed, 21 skipped' >ok
  printf '%s\n' 'not ok 1 a: b' '' 'failed:' 'a.bats: b' 'c.bats: d' 'skipped 1: no b' '698 passed, 2 failed, 1 skipped' >bad
  printf '%s\n' 'ok 1 deb: c' '5 passed, 0 failed' >deb
  run -1 --separate-stderr checkout/scripts/machines debian-12
  [ "${lines[0]}" = "commit $(git -C checkout rev-parse --short HEAD)" ]
  [[ ${lines[2]} =~ ^debian-12\ +root\ +[0-9]+\ +700\ +0\ +21\ +'1 no b; 20 no aws'$ ]]
  [[ ${lines[3]} =~ ^debian-12\ +member\ +[0-9]+\ +698\ +2\ +1\ +'1 no b'$ ]]
  [[ ${lines[4]} =~ ^debian-12\ +package\ +[0-9]+\ +5\ +0\ +0 ]]
  has "$output" "debian-12, member (status 2; $AN_MACHINES/debian-12-member.log):"$'\n  a.bats: b\n  c.bats: d'
  # What is kept is the machine as it was, and the logs.
  [ "$(cd machines && echo *)" = \
    'debian-12 debian-12-member.log debian-12-package.log debian-12-root.log debian-12.debootstrap.log' ]
  # One row alone.
  run -0 --separate-stderr checkout/scripts/machines debian-12/root
  [ "${#lines[@]}" -eq 3 ]
}
