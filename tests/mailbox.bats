#!/usr/bin/env bats
# The exports out of a mailbox: a Dovecot holds it, mbsync fetches by samples/mbsyncrc, and an-sync takes it from there.

load helpers
load sandbox

setup() {
  common_setup
  type -P mbsync >/dev/null || skip 'no mbsync (scripts/install-deps --tests)'
  imap=/usr/lib/dovecot/imap
  [ -x $imap ] || skip 'no Dovecot (scripts/install-deps --tests)'
  PATH=$PATH:/usr/sbin # a user's lacks it
  mkdir -p "$HOME/exports"
  # Dovecot's IMAP server without its network: mbsync talks with it through pipes (a socket it
  # takes for inetd's). It serves nobody's mail as root.
  box=$(mktemp -d /tmp/an-sync-mailbox.XXXXXX)
  owner=$(id -un)
  [ "$owner" != root ] || owner=nobody
  mkdir "$box"/mail "$box"/mail/{new,cur,tmp}
  chmod 755 "$box"
  if [[ $(dovecot --version) == 2.3.* ]]; then
    echo "mail_location = maildir:$box/mail"
  else
    printf '%s\n' 'dovecot_config_version = 2.4.0' 'dovecot_storage_version = 2.4.0' 'mail_driver = maildir' \
      "mail_path = $box/mail" 'import_environment {' "  USER = $owner" "  HOME = $box" '}'
  fi >"$box/dovecot.conf"
  printf '%s\n' 'log_path = /dev/stderr' "base_dir = $box/run" 'protocols = imap' "mail_uid = $owner" \
    "mail_gid = $(id -gn "$owner")" >>"$box/dovecot.conf"
  give
  # What feeds it ends with it: mbsync waits for both.
  printf '%s\n' "cd $box" 'exec 4< <(exec cat)' 'feeder=$!' \
    "USER=$owner HOME=$box $imap -c $box/dovecot.conf <&4 2>/dev/null | cat" 'kill $feeder' >"$box/tunnel"
  sed -e '/^Host\|^User\|^PassCmd/d' -e "s#^SSLType.*#Tunnel \"exec bash $box/tunnel\"#" \
    "$SAMPLES/mbsyncrc" >mbsyncrc
  start_sandbox
  export AN_RATE=0
}

teardown() {
  stop_sandbox
  rm -rf -- "${box:-/tmp/an-sync-mailbox.none}"
}

# What root put into the box is its owner's.
give() { [ "$(id -u)" -ne 0 ] || chown -R "$owner:" "$box"; }

# arrives MAIL: delivered into the mailbox, as a mail server does.
arrives() {
  cp "$SAMPLES/$1" "$box/mail/tmp/$1"
  mv "$box/mail/tmp/$1" "$box/mail/new/$1"
  give
}

fetch() { timeout 20 mbsync -qq -c mbsyncrc exports; }

@test "mailbox: a mail that arrives is synced by the next run, once, and stays in the mailbox as it was" {
  arrives mail-2026-11-09.eml
  run -0 fetch
  run -0 an-sync "$HOME/exports/inbox"
  has "$output" '38 new'
  before=$(sandbox_requests '' /api/)
  run -0 fetch
  run -0 an-sync -q "$HOME/exports/inbox"
  [ -z "$output" ]
  [ "$(sandbox_requests '' /api/)" -eq "$before" ]
  [ "$(find "$box"/mail/{new,cur} -type f | wc -l)" -eq 1 ]
  [[ $(find "$box"/mail/{new,cur} -type f) != *:2,*S* ]]
}

@test "mailbox: next week's mail comes alone" {
  arrives mail-2026-11-09.eml
  fetch && an-sync -q "$HOME/exports/inbox"
  arrives mail-2026-11-16.eml
  run -0 fetch
  [ "$(find "$HOME/exports/inbox/new" -type f | wc -l)" -eq 1 ]
  run -0 an-sync "$HOME/exports/inbox"
  has "$output" '5 new' '3 lapsed'
}

@test "mailbox: the sample configuration is one that mbsync takes, and keeps no password" {
  # No password is read, and nobody is asked, before the file has been read.
  sed 's/^Host .*/Host 127.0.0.1\nPort 1/' "$SAMPLES/mbsyncrc" >sample
  run -1 timeout 20 mbsync -qq -c sample exports
  [[ $output != *sample:* ]] # where mbsync finds fault with a line
  run -1 grep -E '^ *Pass ' "$SAMPLES/mbsyncrc"
}

@test "mailbox: so are the lines that the sample has for Microsoft" {
  sed '/^Host\|^PassCmd/d; s/^#\(Host\|AuthMechs\|PassCmd\)/\1/' "$SAMPLES/mbsyncrc" >lines
  [ "$(grep -c '^Host\|^AuthMechs XOAUTH2\|^PassCmd' lines)" -eq 3 ]
  sed 's/^Host .*/Host 127.0.0.1\nPort 1/' lines >sample
  run -1 timeout 20 mbsync -qq -c sample exports
  [[ $output != *sample:* && $output == *'127.0.0.1:1'* ]]
}
