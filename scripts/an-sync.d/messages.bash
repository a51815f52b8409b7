# What an-sync says, and with which status it ends.
# Needs: log and quiet, of the run and of the command line; work, for saying; beginning, of locks.bash; programs.bash.
# Sets: SEVERITY and MEANING; escaped, of escape.
# shellcheck shell=bash

# What the statuses mean, the worst first.
readonly SEVERITY=(77 78 64 74 69 75 65 1 0)
declare -rA MEANING=([0]='ok' [1]='some failed' [64]='wrong usage' [65]='refused'
  [69]='Action Network not reached' [74]='a file failed' [75]='not finished' [77]='key refused'
  [78]='bad configuration')

# Passes messages on: to the run's log, and to stderr, unless --quiet waits for something to be wrong.
messages() {
  local text
  if [ -z "$log" ]; then
    cat >&2
  elif [ -n "$quiet" ]; then
    text=$(cat)
    # What the disk has no room for is not lost.
    { printf '%s\n' "$text" >>"$log"; } 2>/dev/null || printf '%s\n' "$text" >&2
  else
    tee -a "$log" >&2
  fi
}

# One character of UTF-8, of bytes (RFC 3629).
readonly UTF8=$'[\x01-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|'\
$'\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}'

# Leaves in `escaped` a text as it may be shown on a terminal, as csv-diff -p does it: a file may have any name.
escape() {
  local LC_ALL=C code from to
  escaped=$1
  [[ $escaped == *[!\ -~]* ]] || return 0
  [[ $escaped =~ ^($UTF8)*$ ]] || escaped=${escaped//[$'\x80'-$'\xff']/'?'}
  escaped=${escaped//$'\n'/'\n'} escaped=${escaped//$'\r'/'\r'} escaped=${escaped//$'\t'/'\t'}
  # Control characters, and what turns the direction of writing.
  for code in {1..31} {127..159} 1564 8206 8207 {8232..8238} {8294..8297}; do
    if ((code < 128)); then
      printf -v from '\\x%02x' "$code"
    elif ((code < 2048)); then
      printf -v from '\\x%02x\\x%02x' $((0xC0 | code >> 6)) $((0x80 | code & 63))
    else
      printf -v from '\\x%02x\\x%02x\\x%02x' $((0xE0 | code >> 12)) $((0x80 | code >> 6 & 63)) $((0x80 | code & 63))
    fi
    printf -v from %b "$from"
    printf -v to '\\u%04x' "$code"
    ((code > 255)) || printf -v to '\\x%02x' "$code"
    escaped=${escaped//"$from"/"$to"}
  done
}

say() {
  local escaped
  escape "$*"
  printf 'an-sync: %s\n' "$escaped" | messages
}

# Likewise why a run is given up: where the report looks for that, too.
say_why() {
  local escaped
  escape "$*"
  printf 'an-sync: %s\n' "$escaped" >"$work/said"
  messages <"$work/said"
}

# Ends with a status that is one of the table's: that of a program that was killed says to run again.
finish() {
  [ -n "${MEANING[$1]-}" ] || exit 75
  exit "$1"
}

# Ends before anything was begun. Of a run that could not begin Slack hears, too, unless it is not its turn.
die() {
  local status=$1
  shift
  escape "$*"
  printf 'an-sync: %s\n' "$escaped" >&2
  [ -z "$beginning" ] || ((status == 75)) || notify --title 'Member sync' --error "$escaped" >/dev/null
  exit "$status"
}

# Ends where a source cannot be read.
check_readable() {
  [[ $1 == - || -r $1 ]] && return
  [[ -e $1 || -L $1 ]] || die 74 "$1: there is no such file"
  die 74 "$1: cannot be read"
}

# Whether the directory to work in has room.
has_room() {
  { echo >"$work/room"; } 2>/dev/null && rm -f -- "$work/room"
}

# Runs a command whose output is all that it is for: whether it could be written is known at the end. A reader that
# has gone is told nothing.
printing() {
  local ends
  "$@" | cat 2>/dev/null
  ends=("${PIPESTATUS[@]}")
  ((ends[1] == 0)) && return "${ends[0]}"
  ((ends[1] > 128)) || die 74 'standard output cannot be written'
  return 74
}

# A program's advice in terms that work here: our settings instead of its options, and not its usage.
readonly OWN_TERMS='/^usage: /,$d
s/\(--max-lapse\)/(AN_MAX_LAPSE)/
s/leave out --where-possible/set AN_MEMBERS to nothing (AN_MEMBERS=)/
s/run again with --max-lapse ([0-9]+)/allow it for one run with AN_MAX_LAPSE=\1/
s/run again with --empty (.*) \(AN_ALLOW_EMPTY\)/allow it for one run with AN_ALLOW_EMPTY=\1/
s/--allow (forwards|automatic) (does|takes such mails)/AN_MAIL_ALLOW=\1 \2/'

# The signal that a status stands for, into $signal_name: its number, where bash knows no name.
name_signal() {
  signal_name=$(kill -l "$1" 2>/dev/null) || signal_name=$(($1 - 128))
}

# Runs a program, itself or by a function, and keeps what it said in $work/said, beside passing it on. bash's own remark
# about one that was killed is not for people.
saying() {
  local status signal_name word program=$1
  for word; do
    [[ " ${PROGRAMS[*]} " != *" $word "* ]] || { program=$word && break; }
  done
  { "$@" 2>"$work/said"; } 2>/dev/null
  status=$?
  ((status <= 128)) || {
    name_signal "$status"
    printf 'an-sync: %s was killed (signal %s)\n' "$program" "$signal_name" >>"$work/said"
  }
  [ -s "$work/said" ] || ((status == 0)) || has_room || {
    say "$work cannot be written: is the disk full?"
    return 74
  }
  [ -s "$work/said" ] || return "$status"
  { sed -Ei "$OWN_TERMS" -- "$work/said"; } 2>/dev/null
  messages <"$work/said"
  return "$status"
}

# Whether a program ended itself, by one of these signals: what it read was too much for it, and would be the next time.
too_much() {
  local signal_name
  (($1 > 128)) || return
  name_signal "$1"
  [[ $signal_name =~ ^(ILL|TRAP|ABRT|BUS|FPE|SEGV|SYS|XCPU)$ ]]
}

# Likewise a program that reads what strangers wrote: a file that is too much for it is refused.
judging() {
  local status
  saying "$@"
  status=$?
  ! too_much "$status" || status=65
  return "$status"
}

# What the stages of the run took for granted, a line each.
warnings() {
  sed -n 's/^[a-z-]*: warning: //p' -- "$log"
}

# The time, in seconds since 1970 (-1: now), in UTC, into a variable: as RFC 3339, or in another format.
timestamp() {
  TZ=UTC0 printf -v "$1" "%(${3-%FT%TZ})T" "$2"
}

# Refuses a directory that somebody else could have filled, or could meddle with.
check_directory() {
  local said owner mode
  said=$(stat -Lc '%u %a' -- "$1") || die 74 "$1 cannot be looked at"
  read -r owner mode <<<"$said"
  [[ $owner == "$EUID" || $owner == 0 ]] || die 78 "$1 belongs to somebody else (user $owner); use another directory"
  ((!(8#$mode & 8#022))) || die 78 "$1: others can write in it: chmod go-w $1, or use another directory"
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
