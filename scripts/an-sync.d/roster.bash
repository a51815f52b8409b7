# Whether the roster is the one that is meant, before anything is sent: there, whole, of the key's group. And what
# became of a run that could not say so itself.
# Needs: work and dry_run; engine; AN_API_KEY or AN_API_KEY_FILE, AN_ROSTER and AN_STATE; messages.bash,
# programs.bash, history.bash.
# Sets: group, as the history keeps it; '' as long as it is not known.
# shellcheck shell=bash

group=''

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

# Refuses to begin with nobody where runs are kept: everybody would be sent once more, and whoever left meanwhile
# would stay a member.
guard_roster() {
  local last members directory
  last=$(reading roster-dump --runs=1) && members=$(reading roster-dump --count) || return
  [[ -z $last && $members == 0 ]] || return 0
  for directory in "$AN_STATE"/runs/$RUN_NAME; do
    [ -e "$directory/results.ndjson" ] || continue
    printf 'an-sync: the roster is gone or empty, but there are runs in %s: nothing was sent\n' "$AN_STATE/runs" >"$work/said"
    messages <"$work/said"
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
  reading roster-dump --group >"$work/group" || return
  group=$(jq -c '.group // empty' "$work/group") || return 74
  if [ -z "${AN_API_KEY:+set}${AN_API_KEY_FILE:+set}" ]; then
    [ -z "$dry_run" ] || return 0
    printf 'an-sync: there is no key: set AN_API_KEY or AN_API_KEY_FILE in %s\n' "${config:-$default_config}" >"$work/said"
    messages <"$work/said"
    return 78
  fi
  saying ask an-upsert --group "${engine[@]}" "$work/group" >"$work/group.now" || return
  group=$(jq -c .group "$work/group.now") || return 74
}

# Tells of a run that ended without a word (kill -9, a power cut): its first line in the history, which says that
# something may have been sent, has no second one.
tell_of_broken_off() {
  local text last run name started export_date message_id digest group sent=true results said began
  last=$(reading roster-dump --runs=1000) || return
  last=$(jq -rn '
    reduce inputs.run as $run ({}; .["\($run.id) \($run.started) \($run.source)"] += [$run]) |
    [.[] | select(any(.[]; .sent))] | last | select(length == 1 and .[0].status == 75 and .[0].id)[0] |
    [.id, .source, (.started | fromdate), .export_date // "", .message_id // "", .map // "", .group // {}] |
    map(tostring) | @sh' <<<"$last") || return 75
  [ -n "$last" ] || return 0
  eval "text=($last)"
  run=$AN_STATE/runs/${text[0]} name=${text[1]} started=${text[2]} export_date=${text[3]} message_id=${text[4]}
  digest=${text[5]} group=${text[6]}
  [ "$group" != '{}' ] || group=
  record 75 || return
  results=0
  [ ! -e "$run/results.ndjson" ] ||
    results=$(jq -cnR '[inputs | fromjson? | select(.change and .result.status == "ok")] | length' "$run/results.ndjson") ||
      return 75
  timestamp began "$started"
  said="the run of $name that began at $began was broken off (killed, or the machine"
  said+=" went down) after $results acknowledged changes; the next run goes on from there"
  say "$said"
  saying notify --title 'Member sync' --error "$said" >/dev/null || say 'Slack was not told of it'
}
