# Loaded by every .bats file: a private place to work in, and an environment that names nothing outside it.

bats_require_minimum_version 1.5.0
# Here, too: bash reads $'\u00a0' when it reads the test.
export LC_ALL=C.UTF-8
# Where each user has a group of his own, what he makes is often the group's to write in, too.
umask 022

common_setup() {
  cd "$BATS_TEST_TMPDIR" || return
  export HOME=$BATS_TEST_TMPDIR/home AN_STATE=$BATS_TEST_TMPDIR/state LC_ALL=C.UTF-8 TZ=UTC
  mkdir -p "$HOME"
  unset AN_API_KEY AN_API_KEY_FILE AN_API_URL AN_ROSTER AN_FIELD_MAP AN_MAX_LAPSE AN_KEEP_RUNS \
    AN_MAIL_FROM AN_MAIL_SUBJECT AN_MAIL_REQUIRE_AUTH AN_MAIL_ALLOW SLACK_WEBHOOK_URL SLACK_WEBHOOK_URL_FILE \
    XDG_STATE_HOME XDG_CONFIG_HOME http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
  ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
  SAMPLES=$ROOT/samples
  export ROOT SAMPLES
}

# What every test begins with. A helper that is loaded later adds what its tests need, and a file of tests that needs
# more has one of its own; so with teardown.
setup() {
  common_setup
}

# same_json A B: the two NDJSON texts hold the same values, whatever the order of keys.
same_json() {
  diff <(jq -cS . <<<"$1") <(jq -cS . <<<"$2")
}

# has TEXT PART...: TEXT contains every PART.
has() {
  local text=$1 part
  shift
  for part in "$@"; do
    [[ $text == *"$part"* ]] || { printf 'missing: %s\nin: %s\n' "$part" "$text" >&2; return 1; }
  done
}

# to_preload SOURCE LIBRARY [FLAG...]: builds the C file as a library for LD_PRELOAD.
to_preload() {
  ${CC:-cc} -O2 -shared -fPIC "${@:3}" -o "$2" "$1" -ldl
}

# program NAME COMMANDS: a program of that name in bin/, which is first on the PATH.
program() {
  printf '#!/bin/bash\n%s\n' "$2" >"bin/$1"
  chmod +x "bin/$1"
}

# gone PROCESS: that it, or of -GROUP each one, has ended. What nobody waited for is still in the table, as in a
# container whose first process does not take it away.
gone() {
  ! ps -e -o pid= -o pgid= -o stat= |
    awk -v of="$1" '($1 == of || -$2 == of) && $3 !~ /^Z/ { found = 1 } END { exit !found }'
}

# within SECONDS COMMAND...: waits until the command succeeds; fails after SECONDS. It looks often at first, later five
# times a second.
within() {
  local end=$((SECONDS + $1)) soon=$((SECONDS + 5)) pause=0.02
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    ((SECONDS < soon)) || pause=0.2
    sleep "$pause"
  done
}
