#!/usr/bin/env bats
# The units in scripts/systemd: systemd takes them, and their command line syncs what waits in an inbox.

load helpers
load sandbox

# units KIND: those of the system or of a user as units of the group boston, with the programs of this checkout.
units() {
  local kind
  mkdir -p units
  for kind in service timer path; do
    sed "s|^ExecStart=/usr/bin/an-sync|ExecStart=$ROOT/scripts/an-sync|" "$ROOT/scripts/systemd/$1/an-sync@.$kind" \
      >"units/an-sync@boston.$kind"
  done
}

@test "systemd: it takes the units, of the system and of a user" {
  type -P systemd-analyze >/dev/null || skip 'no systemd-analyze'
  export XDG_RUNTIME_DIR=$PWD
  for kind in system user; do
    units "$kind"
    run -0 systemd-analyze "--$kind" verify --man=no units/an-sync@boston.{service,timer,path}
    [ "$(grep -v 'Failed to open journal\|User an-sync' <<<"$output")" = '' ]
  done
}

@test "systemd: the service is exposed less than 2.0" {
  type -P systemd-analyze >/dev/null || skip 'no systemd-analyze'
  units system
  run -0 systemd-analyze security --offline=true --threshold=20 units/an-sync@boston.service
}

@test "systemd: the units of the two kinds say the same of when and what" {
  for kind in timer path; do
    diff <(grep -v '^WantedBy' "$ROOT/scripts/systemd/system/an-sync@.$kind") \
      <(grep -v '^WantedBy' "$ROOT/scripts/systemd/user/an-sync@.$kind")
  done
  # What a user's manager can't do is left out there, and nothing is added.
  [ -z "$(comm -13 <(sed 's|/etc/|%E/|g' "$ROOT/scripts/systemd/system/an-sync@.service" | sort) \
    <(grep -v '^#' "$ROOT/scripts/systemd/user/an-sync@.service" | sort))" ]
}

@test "systemd: the service's command line and environment sync the inbox of its group" {
  start_sandbox
  unset AN_STATE
  umask 077
  mkdir -p etc/an-sync/boston var/an-sync/boston/inbox credentials
  printf 'AN_API_URL=%s\nAN_RATE=0\n' "$AN_API_URL" >etc/an-sync/boston/config
  echo "$AN_API_KEY" >credentials/key
  unset AN_API_KEY AN_API_URL
  units user
  expand() { sed -n "s|^$1=||p" units/an-sync@boston.service | sed "s|%E|$PWD/etc|g; s|%S|$PWD/var|g; s|%d|$PWD/credentials|g; s|%i|boston|g"; }
  mapfile -t environment < <(expand Environment)
  [ ${#environment[@]} -eq 2 ]
  read -ra command < <(expand ExecStart)
  cp "$SAMPLES/mail-2026-11-09.eml" var/an-sync/boston/inbox
  run -0 env "${environment[@]}" "${command[@]}"
  [ -z "$output" ]
  [ "$(sandbox_get people | jq length)" -gt 30 ]
  [ -e var/an-sync/boston/inbox/done/mail-2026-11-09.eml ]
  [ -e var/an-sync/boston/roster.sqlite ]
}

@test "systemd: a command by hand that needs the key, as the page has it, is the group's user's, and shows no key" {
  type -P runuser >/dev/null && runuser -u nobody true 2>/dev/null || skip 'only root can become another user'
  runuser -u nobody -- test -x "$ROOT/scripts/an-sync" || skip 'the programs are out of reach for others'
  local there
  there=$(mktemp -d /tmp/an-sync.XXXXXX)
  start_sandbox
  mkdir -p "$there"/{etc,var}/boston
  echo "$AN_API_KEY" >"$there/etc/boston/key"
  printf 'AN_API_URL=%s\nAN_RATE=0\n' "$AN_API_URL" >"$there/etc/boston/config"
  cp "$SAMPLES/mail-2026-11-09.eml" "$there/var/boston"
  chmod 600 "$there/etc/boston"/*
  chown -R nobody "$there/etc/boston/config" "$there/var/boston"
  chmod 755 "$there"
  unset AN_API_KEY AN_API_URL AN_STATE
  sed -n "/^sudo sh -c 'AN_API_KEY/,/^\.Ed/p" "$ROOT/scripts/an-sync.1" |
    sed "/^\.Ed/d; s/\\\\e\$/\\\\/; s/^sudo //; s/-u an-sync/-u nobody/
      s|/etc/an-sync|$there/etc|g; s|/var/lib/an-sync|$there/var|g" >by-hand
  sed "s|audit|$there/var/boston/mail-2026-11-09.eml|" by-hand >sync-by-hand
  run -0 --separate-stderr sh sync-by-hand
  has "$output" '38 new'
  run -0 --separate-stderr sh by-hand
  has "$output" '38 as they should be'
  [ "$(find "$there/var" ! -user nobody -path '*/boston/*')" = '' ]
  rm -rf "$there"
}
