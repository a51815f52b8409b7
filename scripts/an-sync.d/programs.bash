# The programs that an-sync wires together: where they are, and who of them sees which secret.
# Needs: here, where an-sync lies; engine, of the configuration; work; dry_run.
# Sets: PATH.
# shellcheck shell=bash

readonly PROGRAMS=(mime-extract csv-diff an-diff an-upsert an-lapse roster-dump roster-commit slack-notify)

# The programs lie beside this one, on the PATH, or in the checkout's build directory.
find_programs() {
  local program missing=()
  PATH=$here:$PATH:$here/../build/bin
  for program in jq flock "${PROGRAMS[@]}"; do
    type -P "$program" >/dev/null || missing+=("$program")
  done
  [ ${#missing[@]} -eq 0 ] && return
  printf 'an-sync: not found: %s (jq and flock are packages; run make for the others)\n' "${missing[*]}" >&2
  return 78
}

version() {
  local version
  find_programs && version=$(csv-diff -V) || return
  echo "an-sync (an-sync) ${version##* }" || return 74
}

# Becomes a program that is to stop on a signal, in a subshell of the pipe. It leaves its process id,
# so that one can be handed on; a signal that came before that is seen by the file `stop`.
stage() {
  { echo "$BASHPID" >"$work/pid.$1"; } 2>/dev/null
  [ ! -e "$work/stop" ] || exit 143
  exec "$@"
}

# Likewise one that sends.
sender() {
  export AN_API_KEY AN_API_KEY_FILE
  stage "$@" "${engine[@]}"
}

notify() (
  export SLACK_WEBHOOK_URL SLACK_WEBHOOK_URL_FILE
  [ -z "$dry_run" ] || set -- -n "$@"
  exec slack-notify "$@"
)
