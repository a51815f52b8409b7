# Whether the roster is the one that is meant, before anything is sent: there, whole, of the key's group. And what
# became of a run that could not say so itself.
# Needs: work and dry_run; engine; AN_API_KEY or AN_API_KEY_FILE, AN_ROSTER and AN_STATE; messages.bash,
# programs.bash, history.bash.
# Sets: group, as the history keeps it; '' as long as it is not known. And what learn_history finds.
# shellcheck shell=bash

group='' learned=''

# Says how the roster comes back from what the last run has left, and from Action Network.
say_how_to_restore() {
  local directory run=''
  for directory in "$AN_STATE"/runs/$RUN_NAME; do
    [ ! -e "$directory/older.csv" ] || [ ! -e "$directory/results.ndjson" ] || run=${directory@Q}
  done
  if [ -n "$run" ]; then
    say 'to get it back as the last run left it, move what is there away and run:'
    messages <<END
    csv-diff /dev/null $run/older.csv |
      jq -c 'select(.row) | .result = {status: "ok", id: .row.action_network_id, map: .row.action_network_map}' |
      roster-commit >/dev/null && roster-commit <$run/results.ndjson >/dev/null
END
  fi
  say 'to get it back from Action Network itself: an-sync adopt EXPORT'
}

# Runs a program that reads the roster. Of a damaged one it is said how it comes back.
reading() {
  local status
  saying "$@"
  status=$?
  if ((status == 74 || status == 78)) && grep -qE 'damaged|malformed|not a roster|changed them' "$work/said"; then
    say_how_to_restore
  fi
  return "$status"
}

# Reads the roster's group and its history, and sets what runs want to know of them: how many lines the history has; of
# how many members Action Network could be asked about the group; the newest export from which something may have been
# sent, or that changed nothing; whether an adoption was not finished; when the last audit began that came to its end;
# and of a last run that sent something and has not said how it ended, what record() says.
learn_history() {
  local now facts
  [ -z "$learned" ] || return 0
  reading roster-dump --group --runs=1000 >"$work/group" || return
  timestamp now -1
  facts=$(jq -rn --arg now "$now" '
    input.members as $members | [inputs.run] as $lines |
    (reduce $lines[] as $run ({}; .["\($run.id) \($run.started) \($run.source)"] += [$run]) | map(.)) as $runs |
    [($lines | length), ($members | length),
     ([$runs[][-1] | select(.sent or .status <= 1).export_date // "" | select(. <= $now)] | max // ""),
     ([$lines[] | select(.sent)][-1] | .adopted and .status > 1),
     ([$lines[] | select((.source | . == "audit" or . == "repair") and .export_date == null and .since == null and .status <= 1)][-1].started // ""),
     ([$runs[] | select(any(.[]; .sent))] | last | select(length == 1 and .[0].status == 75 and .[0].id)[0] |
      .id, .source, (.started | fromdate), .export_date // "", .message_id // "", .map // "", .group // "")] |
    map(tostring) | @sh' "$work/group") || { say 'the history could not be read: jq failed; run again'; return 75; }
  eval "facts=($facts)"
  history_length=${facts[0]} members_known=${facts[1]} newest_date=${facts[2]} adopting=${facts[3]} last_audit=${facts[4]}
  broken_off=("${facts[@]:5}") learned=yes
}

# Refuses to begin with nobody where runs are kept: everybody would be sent once more, and whoever left meanwhile
# would stay a member.
guard_roster() {
  local directory
  [[ $history_length == 0 && $members_known == 0 ]] || return 0
  for directory in "$AN_STATE"/runs/$RUN_NAME; do
    [ -e "$directory/results.ndjson" ] || continue
    say_why "the roster is gone or empty, but there are runs in $AN_STATE/runs: nothing was sent"
    say_how_to_restore
    say "to begin anew, move $AN_STATE/runs away"
    return 78
  done
}

# Only who asks Action Network something sees the key.
ask() (
  export AN_API_KEY AN_API_KEY_FILE
  exec "$@"
)

# Refuses a roster of another group than the key's. A roster that does not know its group learns it.
guard_group() {
  if [ -z "${AN_API_KEY:+set}${AN_API_KEY_FILE:+set}" ]; then
    [ -z "$dry_run" ] || return 0
    say_why "there is no key: set AN_API_KEY or AN_API_KEY_FILE in ${config:-$default_config}"
    return 78
  fi
  group=$(saying ask an-upsert --group "${engine[@]}" "$work/group")
}

# Tells of a run that ended without a word (kill -9, a power cut): its first line in the history, which says that
# something may have been sent, has no second one.
tell_of_broken_off() {
  local run name started export_date message_id digest group since='' sent=true results said began
  learn_history || return
  [ ${#broken_off[@]} -gt 0 ] || return 0
  run=$AN_STATE/runs/${broken_off[0]} name=${broken_off[1]} started=${broken_off[2]} export_date=${broken_off[3]}
  message_id=${broken_off[4]} digest=${broken_off[5]} group=${broken_off[6]}
  learned=
  record 75 || return
  results=0
  [ ! -e "$run/results.ndjson" ] ||
    results=$(jq -cnR '[inputs | fromjson? | select(.change and .result.status == "ok")] | length' "$run/results.ndjson") || {
      say "$run/results.ndjson could not be counted: jq failed; run again"
      return 75
    }
  timestamp began "$started"
  said="the run of $name that began at $began was broken off (killed, or the machine"
  said+=" went down) after $results acknowledged changes; the next run goes on from there"
  say "$said"
  saying notify --title 'Member sync' --error "$said" >/dev/null || say 'Slack was not told of it'
}
