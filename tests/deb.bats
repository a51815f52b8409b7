#!/usr/bin/env bats
# make deb: what is in the package, what it depends on, and that what it installs works.

load helpers
load sandbox

setup_file() {
  export DEB='' SOURCE=$BATS_FILE_TMPDIR/source
  type -P dpkg-buildpackage dh >/dev/null || return 0
  mkdir "$SOURCE"
  tar -C "$BATS_TEST_DIRNAME/.." --exclude=./build --exclude=./.git -cf - . | tar -C "$SOURCE" -xf -
  (cd "$SOURCE" && env -u MAKEFLAGS -u MAKELEVEL make -s deb >"$BATS_FILE_TMPDIR/log" 2>&1) || { cat "$BATS_FILE_TMPDIR/log" >&2; return 1; }
  DEB=$(echo "$SOURCE"/build/an-sync_*.deb)
}

setup() {
  common_setup
  [ -n "$DEB" ] || skip 'no debhelper (scripts/install-deps --deb)'
}

@test "deb: it holds what make install installs, the units, and where Debian wants them the samples" {
  run -0 dpkg-deb -c "$DEB"
  for tool in an-diff an-lapse an-sync an-upsert csv-diff mime-extract roster-commit roster-dump roster-report slack-notify; do
    has "$output" " ./usr/bin/$tool"$'\n' " ./usr/share/man/man1/$tool.1.gz"$'\n'
    grep -q " ./usr/share/bash-completion/completions/$tool\b" <<<"$output"
    grep -q " ./usr/share/fish/vendor_completions.d/$tool\.fish\b" <<<"$output"
  done
  has "$output" ./usr/share/zsh/vendor-completions/_an-sync ./usr/share/doc/an-sync/examples/config ./usr/share/doc/an-sync/README.md
  has "$output" ./usr/share/man/man5/an-sync-records.5.gz ./usr/share/man/man7/an-sync-recipes.7.gz
  for kind in service timer path; do
    has "$output" "./usr/lib/systemd/system/an-sync@.$kind" "./usr/lib/systemd/user/an-sync@.$kind"
  done
  ! grep -v ' root/root ' <<<"$output"
}

@test "deb: its version is the programs', and it depends on each library that they are linked with" {
  [ "$(dpkg-deb -f "$DEB" Version)" = "$(csv-diff -V | sed 's/.* //')" ]
  run -0 dpkg-deb -f "$DEB" Depends
  for library in libarchive libcsv libcurl libgmime-3 libjansson libpsl libsqlite3 libxxhash libidn2 libunistring; do
    has ", $output" ", $library"
  done
  has "$output" ' jq' ' ca-certificates'
}

@test "deb: lintian has nothing to say" {
  type -P lintian >/dev/null || skip 'no lintian (scripts/install-deps --tests)'
  run -0 lintian --allow-root --fail-on error,warning,info,pedantic --pedantic "$DEB"
  [ -z "$output" ]
}

@test "deb: what it installs syncs a sample, found by nothing but its own place" {
  dpkg-deb -x "$DEB" root
  start_sandbox
  PATH=/usr/bin:/bin AN_RATE=0 run -0 root/usr/bin/an-sync root/usr/share/doc/an-sync/examples/mail-2026-11-09.eml
  has "$output" '38 new'
  # The units call it where the package puts it.
  grep -q '^ExecStart=/usr/bin/an-sync ' root/usr/lib/systemd/system/an-sync@.service
}

@test "deb: in a chroot it is installed, syncs as its unit does, is removed without a loss, and purged without a rest" {
  [ -n "${AN_TEST_CHROOT-}" ] || skip 'no fresh chroot of a Debian or Ubuntu (AN_TEST_CHROOT=DIRECTORY with its /proc, as root)'
  # What is there by then: the libraries stay.
  chroot "$AN_TEST_CHROOT" find / -xdev -path /proc -prune -o -name '*an-sync*' ! -path '/tmp/*' -print >before
  cp "$DEB" "$AN_TEST_CHROOT/tmp/an-sync.deb"
  inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive chroot "$AN_TEST_CHROOT" "$@"; }
  run -0 inside apt-get install -y -q --no-install-recommends /tmp/an-sync.deb
  run -0 inside id an-sync
  [ "$(inside stat -c '%a %U %G' /etc/an-sync)" = '750 root an-sync' ]
  start_sandbox
  inside install -d -m 750 -g an-sync /etc/an-sync/boston
  printf 'AN_API_URL=%s\nAN_RATE=0\n' "$AN_API_URL" >"$AN_TEST_CHROOT/etc/an-sync/boston/config"
  echo "$AN_API_KEY" >"$AN_TEST_CHROOT/etc/an-sync/boston/key"
  inside chown an-sync /etc/an-sync/boston/config /etc/an-sync/boston/key
  inside chmod 600 /etc/an-sync/boston/config /etc/an-sync/boston/key
  inside install -d -m 700 -o an-sync /var/lib/an-sync/boston /var/lib/an-sync/boston/inbox
  for mail in mail-2026-11-09.eml mail-2026-11-16.eml; do
    inside install -m 600 -o an-sync "/usr/share/doc/an-sync/examples/$mail" /var/lib/an-sync/boston/inbox
  done
  command=$(inside sed -n 's|%S|/var/lib|g; s/%i/boston/g; s/^ExecStart=//p' '/usr/lib/systemd/system/an-sync@.service')
  run -0 inside setpriv --reuid=an-sync --regid=an-sync --clear-groups env AN_STATE=/var/lib/an-sync/boston \
    AN_API_KEY_FILE=/etc/an-sync/boston/key sh -c "$command"
  [ "$(sandbox_get people | jq length)" -gt 30 ]
  [ "$(inside ls /var/lib/an-sync/boston/inbox/done)" = $'mail-2026-11-09.eml\nmail-2026-11-16.eml' ]
  # As systemd notes that a group's timer is on, and when it came last.
  mkdir -p "$AN_TEST_CHROOT"/etc/systemd/system/timers.target.wants "$AN_TEST_CHROOT/var/lib/systemd/timers"
  ln -s /usr/lib/systemd/system/an-sync@.timer "$AN_TEST_CHROOT/etc/systemd/system/timers.target.wants/an-sync@boston.timer"
  : >"$AN_TEST_CHROOT/var/lib/systemd/timers/stamp-an-sync@boston.timer"
  # A systemd that notes what it is asked for, where nothing forbids to ask it.
  mkdir -p "$AN_TEST_CHROOT/run/systemd/system"
  printf '#!/bin/sh\necho "$*" >>/tmp/systemctl.log\n' >"$AN_TEST_CHROOT/usr/bin/systemctl"
  chmod 755 "$AN_TEST_CHROOT/usr/bin/systemctl"
  rm -f "$AN_TEST_CHROOT/usr/sbin/policy-rc.d"
  run -0 inside apt-get remove -y -q an-sync
  [ "$(<"$AN_TEST_CHROOT/tmp/systemctl.log")" = 'stop an-sync@*.timer an-sync@*.path an-sync@*.service' ]
  run -127 inside an-sync --version
  [ -e "$AN_TEST_CHROOT/etc/an-sync/boston/key" ]
  [ -e "$AN_TEST_CHROOT/var/lib/an-sync/boston/roster.sqlite" ]
  run -0 inside apt-get purge -y -q an-sync
  rm "$AN_TEST_CHROOT/tmp/an-sync.deb"
  chroot "$AN_TEST_CHROOT" find / -xdev -path /proc -prune -o -name '*an-sync*' ! -path '/tmp/*' -print >after
  diff before after
  run -1 inside id an-sync
  run -2 inside getent group an-sync
}
