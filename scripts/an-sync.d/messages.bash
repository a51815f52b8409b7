# What an-sync says, and with which status it ends.
# Needs: log and quiet, of the run and of the command line; work, for saying.
# Sets: SEVERITY and MEANING.
# shellcheck shell=bash

# What the statuses mean, the worst first.
readonly SEVERITY=(77 78 64 74 69 75 65 1 0)
declare -rA MEANING=([0]='ok' [1]='some failed' [64]='wrong usage' [65]='refused'
  [69]='Action Network not reached' [74]='a file failed' [75]='not finished' [77]='key refused'
  [78]='bad configuration')

# Passes messages on: to the run's log, and to stderr, unless --quiet waits for something to be wrong.
messages() {
  if [ -z "$log" ]; then
    cat >&2
  elif [ -n "$quiet" ]; then
    cat >>"$log"
  else
    tee -a "$log" >&2
  fi
}

say() {
  printf 'an-sync: %s\n' "$*" | messages
}

# Ends before anything was begun.
die() {
  local status=$1
  shift
  printf 'an-sync: %s\n' "$*" >&2
  exit "$status"
}

# Runs a program and keeps what it said in $work/said, beside passing it on. bash's own remark about one that
# was killed is not for people.
saying() {
  local status
  { "$@" 2>"$work/said"; } 2>/dev/null
  status=$?
  ((status <= 128)) ||
    printf 'an-sync: %s was killed (signal %s)\n' "$1" "$(kill -l "$status")" >>"$work/said"
  messages <"$work/said"
  return "$status"
}

# Likewise a program that reads what strangers wrote. With one of these signals it ends itself: the file was
# too much for it, and would be the next time, so that refuses the file.
judging() {
  local status
  saying "$@"
  status=$?
  if ((status > 128)); then
    case $(kill -l "$status") in
      ILL | TRAP | ABRT | BUS | FPE | SEGV | SYS | XCPU) status=65 ;;
    esac
  fi
  return "$status"
}

# What the stages of the run took for granted, a line each.
warnings() {
  sed -n 's/^[a-z-]*: warning: //p' -- "$log"
}

# The worse of two statuses. One that no program ends with says that it was killed: run again.
worse() {
  local one=$1 other=$2 status
  [ -n "${MEANING[$one]-}" ] || one=75
  [ -n "${MEANING[$other]-}" ] || other=75
  for status in "${SEVERITY[@]}"; do
    if ((status == one || status == other)); then
      echo "$status" && return
    fi
  done
}
