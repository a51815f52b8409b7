# One at a time, a place to work in, and what becomes of both when a signal comes or the end.
# Needs: dry_run; run and sent, of the run; export.bash; sending, of the pipe; AN_STATE, AN_ROSTER and AN_LOCK_OWNER;
# messages.bash.
# Sets: work, beginning, owner, lock (a descriptor, which the programs of the pipe inherit), caught; the traps.
# shellcheck shell=bash

clean_up() {
  stop_beside
  [ -z "$owner" ] || roster-commit --unlock "$owner" || true
  [ -z "$work" ] || rm -rf -- "$work"
}

die_of() {
  [ "$sent" = true ] || [ -z "$run" ] || rm -rf -- "$run"
  clean_up
  trap - EXIT "$1"
  kill -s "$1" "$$"
}

# Asks the programs that send to stop: they finish what is in flight, and roster-commit records it.
stop_pipe() {
  local file pid
  : >"$work/stop"
  for file in "$work"/pid.*; do
    if [ -e "$file" ] && read -r pid <"$file"; then
      kill -TERM "$pid" 2>/dev/null
    fi
  done
}

# While the pipe runs, it is asked to stop, and the run is recorded. Before and after, an-sync just ends.
on_signal() {
  caught=${caught:-$1}
  [ -n "$sending" ] || die_of "$1"
  stop_pipe
}

# Waits for a process of ours to end, whatever signals come meanwhile, and returns its status.
await() {
  local status
  until wait "$1"; status=$?; ! kill -0 "$1" 2>/dev/null; do :; done
  return "$status"
}

# Locks a file, and writes into it who has it. Nobody else can write in its directory; a link would lead out of it.
lock_file() {
  local file=$1 holder since status
  check_directory "${file%/*}"
  [ ! -L "$file" ] || die 78 "$file is a link, and no lock: remove it"
  exec {lock}<>"$file" || die 74 "$file cannot be written"
  flock -n "$lock"
  status=$?
  if ((status == 1)); then
    read -r holder since <"$file" || true
    [[ -z $holder || -d /proc/$holder ]] ||
      die 75 "what an an-sync has started that was killed (process $holder, since $since) is still at work; run again later"
    die 75 "another an-sync is at work${holder:+ (process $holder, since $since)}; run again later"
  fi
  ((status == 0)) || die 75 "$file could not be locked (flock ended with $status); run again later"
  : >"$file"
  timestamp since -1
  { printf '%s %s\n' "$$" "$since" >&"$lock"; } 2>/dev/null || die 74 "$file cannot be written: is the disk full?"
}

# One at a time, in a state directory and on a roster, which may lie elsewhere. The programs of the pipe
# inherit the locks on purpose: when an-sync is killed they go on to their end, and no other run may start
# before that.
take_locks() {
  local said file database=${AN_ROSTER:-sqlite:$AN_STATE/roster.sqlite}
  said=$(mkdir -p "$AN_STATE/runs" 2>&1) || die 74 "$AN_STATE cannot be made: ${said##*: }"
  lock_file "$AN_STATE/lock"
  [[ $database == sqlite:?* ]] || return 0
  file=$(readlink -m -- "${database#sqlite:}") || die 74 "${database#sqlite:}: where it is could not be found out"
  file=$file.lock
  said=$(mkdir -p -- "${file%/*}" 2>&1) || die 74 "${file%/*} cannot be made: ${said##*: }"
  [ "$file" -ef "$AN_STATE/lock" ] || lock_file "$file"
}

# A roster that machines share has a lock of its own, which expires when nobody prolongs it.
take_shared_lock() {
  [[ ${AN_ROSTER-} == ?*:* && $AN_ROSTER != sqlite:* ]] || return 0
  local name=${AN_LOCK_OWNER:-${HOSTNAME:-somewhere}-$$-$RANDOM$RANDOM}
  roster-commit --lock "$name" --expire 900 || finish $?
  owner=$name
}

# Prolongs it for as long as the pipe runs, also when an-sync itself was killed; without it, stops the pipe.
# It waits by a read that nobody answers: a sleep would outlive it. Asked to stop, it first lets a program
# of its own end, which would take the lock again after it was given back.
keep_shared_lock() {
  local job=$1 silence
  # shellcheck disable=SC2312 # nobody answers
  exec {silence}<> <(:)
  trap exit TERM
  while
    read -rt 200 -u "$silence"
    kill -0 "$job" 2>/dev/null
  do
    if ! roster-commit --lock "$owner" --expire 900; then
      stop_pipe
      return
    fi
  done
}

# Waits for a process that works under the locks, and prolongs the shared one meanwhile; returns its status.
await_locked() {
  local status keeper=''
  if [ -n "$owner" ]; then
    keep_shared_lock "$1" {lock}>&- &
    keeper=$!
  fi
  await "$1"
  status=$?
  if [ -n "$keeper" ]; then
    kill "$keeper" 2>/dev/null
    await "$keeper"
  fi
  return "$status"
}

# A directory to work in; a dry run leaves nothing, so it has one elsewhere.
make_room() {
  local signal
  if [ -n "$dry_run" ]; then
    work=$(mktemp -d) || exit 74
  else
    beginning=yes
    take_locks
    work=$AN_STATE/work
    rm -rf -- "$work" # of a run that was killed
    { mkdir "$work" && has_room; } 2>/dev/null || die 74 "$work cannot be made: is the disk full?"
  fi
  beginning=''
  trap clean_up EXIT
  for signal in INT TERM HUP; do
    # shellcheck disable=SC2064 # the name of now
    trap "on_signal $signal" "$signal"
  done
  [ -n "$dry_run" ] || { take_shared_lock && tell_of_broken_off; } || finish $?
}
