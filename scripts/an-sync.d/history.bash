# What is kept of a run, and who is told: its line in the history, Slack, its files.
# Needs: run, source, name, unvouched, started, export_date, message_id and digest, of the run; since, of an audit; work;
# dry_run; report; AN_STATE, AN_ROSTER and AN_KEEP_RUNS; messages.bash, programs.bash.
# Sets: what is known of a run at its beginning, sent, log; in the run's directory report.
# shellcheck shell=bash

readonly RUN_NAME='[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]Z*'

# Begins a run: its directory, its log.
begin_run() {
  local stamp count=1
  name=$1 export_date='' message_id='' unvouched='' digest='' sent=false adopted=null
  printf -v started '%(%s)T' -1
  : >"$work/said"
  run=$work/run
  if [ -z "$dry_run" ]; then
    timestamp stamp "$started" %FT%H%M%SZ
    stamp=$AN_STATE/runs/$stamp
    run=$stamp
    while [ -e "$run" ]; do
      count=$((count + 1)) run=$stamp.$count
    done
  fi
  rm -rf -- "$work/run"
  mkdir "$run" && : >"$run/log" || return 74
  log=$run/log
}

# Appends the run to the history, with the status, whatever signal comes: the next run wants to know of
# this one. One whose results are complete has sent something when a request was not refused for its key.
record() (
  trap '' INT TERM HUP
  local status=$1 results=$run/results.ndjson last=null began finished
  timestamp began "$started"
  timestamp finished -1
  if [ -e "$results" ]; then
    last=$(tail -n 1 "$run/changes.ndjson") || exit 75
  else
    results=/dev/null
  fi
  # A line that a killed program left unfinished does not count.
  jq -cnR --arg id "${run##*/}" --arg started "$began" --arg finished "$finished" --arg source "$name" --arg export_date "$export_date" \
    --arg message_id "$message_id" --arg map "$digest" --argjson last "$last" --argjson status "$status" \
    --argjson sent "$sent" --argjson adopted "$adopted" --argjson group "${group:-null}" --arg since "${since#last}" '
    {run: ({$id, $started, $finished, $source, $since, $export_date, $message_id, $status, $sent, $adopted, summary: $last.summary, $map,
      $group} +
      reduce (inputs | fromjson? | select((.change and .result) or .summary)) as $record
        ({acknowledged: {new: 0, updated: 0, lapsed: 0}, failed: 0, deferred: 0};
          if $record.summary then .ended = true
          elif $record.result.status == "ok" and ($record.result.attempts | not) then . # nothing was sent: an-diff --all
          elif $record.result.status == "ok" then .acknowledged[$record.change] += 1
          elif $record.result.status == "failed" then .failed += 1
          elif $record.result.status == "deferred" then .deferred += 1
          else . end |
          .tried = (.tried or ($record.result | .attempts and .http != 401 and .http != 403) // false)) |
      if .ended and ($adopted | not) then .sent = (.tried // false) else . end | del(.ended, .tried) | with_entries(select(.value != null and .value != "")))}' \
    "$results" | saying roster-commit >/dev/null
)

# Appends it before anything is sent, as one that was not finished: that is what it is when it gets killed.
# When it ends, it gets a second line.
announce() {
  local status
  sent=true
  record 75 && return
  status=$? sent=false
  return "$status"
}

# Leaves in `remarks` the options of slack-notify for what the run took for granted, and for words of strangers.
note_remarks() {
  local said warning
  remarks=()
  [ -z "$unvouched" ] || remarks+=(--unvouched)
  said=$(warnings) || return
  [ -n "$said" ] || return 0
  while IFS= read -r warning; do
    warning=${warning#"$source: "}
    remarks+=(--warning "${warning#"$name: "}")
  done <<<"$said"
}

# Tells people how it went, after all that matters is done.
tell() {
  local remarks
  note_remarks || say 'the log could not be read: the report lacks its warnings'
  saying notify "${report[@]}" "${remarks[@]}" "$@" >"$run/report" ||
    say 'warning: Slack was not told; that changes nothing of the sync itself'
}

# A run that never got to sending: only its log is kept.
give_up() {
  local status=$1 reason
  reason=$(tail -n 1 "$work/said")
  reason=${reason#*: } reason=${reason#"$source: "} reason=${reason#"$name: "}
  [ -n "$reason" ] || say "$name: a program ended before it had answered; run again"
  if [ -n "$dry_run" ]; then
    :
  elif [ "$what" = 'Member sync' ]; then
    tell --error "$name was not synced: ${reason:-${MEANING[$status]-}}"
  else
    tell --title "$what" --error "${reason:-${MEANING[$status]-}}"
  fi
  rm -f "$run"/{export.csv,older.csv,roster.csv,changes.ndjson,report}
  [ -z "$dry_run" ] || return
  ! roster_exists || record "$status"
}

roster_exists() {
  local store=${AN_ROSTER:-sqlite:$AN_STATE/roster.sqlite}
  [[ $store != sqlite:* || -e ${store#sqlite:} ]]
}

# Deletes the oldest runs' files: they hold what is private. This run is the newest, whatever a clock said before.
forget_runs() {
  local directory runs=() i
  for directory in "$AN_STATE"/runs/$RUN_NAME; do
    [ ! -d "$directory" ] || [ "$directory" = "$run" ] || runs+=("$directory")
  done
  [ ! -d "$run" ] || runs+=("$run")
  for ((i = 0; i < ${#runs[@]} - 10#$AN_KEEP_RUNS; i++)); do
    rm -rf -- "${runs[i]}"
  done
}
