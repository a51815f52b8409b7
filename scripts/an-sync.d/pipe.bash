# The pipe: notes the changes, sends them, records what Action Network acknowledged; or shows what it would send.
# Needs: changes.ndjson in run; work, owner and lock, of locks.bash; engine and begin_options; quiet and
# report; messages.bash, programs.bash.
# Sets: sending; in the run's directory results.ndjson.
# shellcheck shell=bash

readonly STAGES=(roster-commit an-upsert an-lapse roster-commit)

# Hands the changes on, once the roster has noted that they are begun. Those of a repair are not: they change
# nothing of what the roster has, and the next audit finds what was left.
begin_changes() {
  if [ -n "$repair" ]; then
    exec cat "$run/changes.ndjson"
  fi
  stage roster-commit --begin "${begin_options[@]}" "$run/changes.ndjson"
}

# In a process of its own, which the shell can wait for while it listens for signals. The statuses go
# into a file. bash's own remarks about killed programs are not for people.
send() {
  local errors
  trap : TERM HUP # not ignored, which the programs would inherit
  exec {errors}>&2 2>/dev/null
  begin_changes 2>&"$errors" |
    sender an-upsert 2>&"$errors" |
    sender an-lapse 2>&"$errors" |
    (trap '' TERM HUP && exec roster-commit) >"$run/results.ndjson" 2>&"$errors"
  printf '%s\n' "${PIPESTATUS[*]}" >"$work/statuses"
}

# Passes on what the programs say, in place of the progress on a terminal. Two that meet the same obstacle say the
# same: once is enough.
pass_on_once() {
  local line key
  local -A said=()
  while IFS= read -r line || [ -n "$line" ]; do
    key=" ${line#*: }"
    [ -z "${said["$key"]-}" ] || continue
    said["$key"]=yes
    [ ! -t 2 ] || [ -n "$quiet" ] || printf '\r\033[K' >&2
    messages <<<"$line"
  done
}

send_logged() {
  trap : TERM HUP
  send 2>&1 | (trap '' TERM HUP && pass_on_once)
}

# Shows on a terminal how far the whole pipe is, as long as a process of ours runs.
show_progress() {
  local job=$1 silence total count rate text left seconds=$SECONDS
  # shellcheck disable=SC2312 # nobody answers
  exec {silence}<> <(:)
  trap 'printf "\r\033[K" >&2; exit' TERM
  total=$(grep -c '^{"change":"\(new\|updated\|lapsed\)"' "$run/changes.ndjson")
  while
    read -rt 1 -u "$silence"
    kill -0 "$job" 2>/dev/null
  do
    count=$(grep -c '"result":{' "$run/results.ndjson")
    ((count > 0 && SECONDS > seconds)) || continue
    rate=$((count * 10 / (SECONDS - seconds))) left=$(((total - count) * (SECONDS - seconds) / count))
    printf -v text '%d of %d, %d.%d/s, %d:%02d left' "$count" "$total" "$((rate / 10))" "$((rate % 10))" \
      "$((left / 60))" "$((left % 60))"
    printf '\r\033[Kan-sync: %s' "$text" >&2
  done
  printf '\r\033[K' >&2
}

pass_through() {
  cp -- "$run/changes.ndjson" "$run/results.ndjson" || return 74
}

# Runs the pipe and returns its worst status; what changes nothing needs none.
apply() {
  local job statuses status=0 i shown='' signal_name
  if nothing_changed; then
    pass_through
    return
  fi
  rm -f "$work"/pid.* "$work"/stop "$work"/statuses || return 74
  sending=yes
  send_logged &
  job=$!
  if [ -t 2 ] && [ -z "$quiet" ]; then
    show_progress "$job" {lock}>&- &
    shown=$!
  fi
  await_locked "$job"
  if [ -n "$shown" ]; then
    kill "$shown" 2>/dev/null
    await "$shown"
  fi
  rm -f "$work"/pid.*
  if ! read -ra statuses 2>/dev/null <"$work/statuses"; then
    statuses=(137)
    # Nobody was killed when there was no room to write it down.
    { echo >"$work/statuses"; } 2>/dev/null || { say "$work cannot be written: is the disk full?" && statuses=(74); }
  fi
  for ((i = ${#statuses[@]} - 1; i >= 0; i--)); do
    ((statuses[i] < 128)) || [ -e "$work/stop" ] || {
      name_signal "${statuses[i]}"
      say "${STAGES[i]} was killed (signal $signal_name); run again"
    }
    # Writing fails when the next one has ended, which says why itself.
    ((statuses[i] == 74 && status != 0)) || status=$(worse "$status" "${statuses[i]}")
  done
  [ ! -e "$work/stop" ] || say 'interrupted: what was sent is recorded; run again for the rest'
  # Without the summary, which comes last, something is missing, whatever the statuses say.
  tail -n 1 "$run/results.ndjson" | jq -e .summary >/dev/null 2>&1 || status=$(worse "$status" 75)
  return "$status"
}

# What would be sent, for -n.
rehearse() {
  local status remarks
  note_remarks
  if nothing_changed; then
    pass_through
  else
    an-upsert -n "${engine[@]}" "$run/changes.ndjson" | an-lapse -n "${engine[@]}" >"$run/results.ndjson"
  fi 2>"$work/said"
  status=$?
  messages <"$work/said"
  notify "${report[@]}" "${remarks[@]}" "$run/results.ndjson" >"$run/report" || status=$(worse "$status" $?)
  if [ -z "$quiet" ] || ((status != 0)); then
    cat "$run/report" || status=$(worse "$status" 74)
  fi
  return "$status"
}
