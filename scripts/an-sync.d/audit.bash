# Action Network itself: audit, which compares the roster with it, and adopt, which begins with whom it has already.
# Needs: the same as export.bash; repair, since, engine, deadline; AN_API_KEY, AN_ADOPT and AN_MAX_LAPSE;
# programs.bash, locks.bash, history.bash.
# Sets: the same as export.bash; adopted.
# shellcheck shell=bash

# Runs an-diff in the run's directory, which takes as long as the group is large: a signal stops it, and the shared
# lock is prolonged. What it finds becomes changes.ndjson.
read_people() {
  local status
  say 'reading the group in Action Network, 25 people a request'
  rm -f "$work"/pid.* "$work"/stop
  sending=yes
  (cd "$run" && sender an-diff "$@") >"$run/changes.ndjson" 2>"$work/said" &
  await_locked $!
  status=$?
  sending=''
  rm -f "$work"/pid.*
  messages <"$work/said"
  ((status < 128)) || status=75
  return "$status"
}

# What is left of the deadline when the reading has taken its time.
shorten_deadline() {
  local i left now
  [ -n "$deadline" ] || return 0
  printf -v now '%(%s)T' -1
  left=$((10#${deadline%.*} - (now - started)))
  ((left > 0)) || left=1
  begin_options=(--deadline "$left")
  for ((i = 1; i < ${#engine[@]}; i++)); do
    [ "${engine[i - 1]}" != --deadline ] || engine[i]=$left
  done
}

# ---- adopt ----

# Whether a sync is to begin with whom Action Network has: nothing is in the roster, or an adoption was not finished.
wants_adoption() {
  case ${AN_ADOPT-} in
    1 | yes | true) [[ ! -s $run/older.csv || $adopting == true ]] ;;
    *) return 1 ;;
  esac
}

# Writes the changes that bring Action Network to the export, and those who agree, for the roster.
find_adoption() {
  local rules=()
  adopted=true
  end_map && AN_ALLOW_EMPTY='' member_rules "$keys" || return
  read_people "${rules[@]}" --all --max-lapse "$AN_MAX_LAPSE" export.csv && shorten_deadline
}

prepare_adoption() {
  begin "$1" && learn_history && begin_map && extract && guard_export && find_adoption
}

adopt() {
  local source=$1
  [[ $source != -?* ]] || source=./$source # which no program takes for an option
  [[ $source != s3://* && ! -d $source ]] || wrong "adopt takes a file or -; for $source there is AN_ADOPT=yes an-sync $source"
  check_readable "$source"
  make_room
  carry send_changes prepare_adoption "$source"
}

# ---- audit ----

# Since when: the date that was asked for, or ten minutes before the last audit began that came to its end, because
# clocks differ.
audit_since() {
  local date
  if [ "$since" != last ]; then
    echo "$since"
    return
  fi
  date=$last_audit
  [ -z "$date" ] || date=$(jq -rn --arg date "$date" '$date | fromdateiso8601 - 600 | todateiso8601') || return 74
  [ -n "$date" ] || say 'there was no audit yet: everybody is read'
  echo "$date"
}

# Finds what is not in Action Network as the roster has it. Without repair there is nothing to guard.
prepare_audit() {
  local date kind=audit options=()
  [ -z "$repair" ] || kind=repair
  what="Member $kind"
  begin_run "$kind" && learn_history || return
  digest=$(saying an-upsert --print-digest) && reading roster-dump --begun >"$run/roster.csv" || return
  if [ ! -s "$run/roster.csv" ]; then
    say_why 'nobody is in the roster; an-sync adopt SOURCE begins with an export'
    return 65
  fi
  guard_group || return
  date=$since
  [ -z "$since" ] || date=$(audit_since) || return
  [ -z "$date" ] || options+=(--since "$date")
  [ -z "$repair" ] || options+=(--max-lapse "$AN_MAX_LAPSE")
  read_people "${options[@]}" roster.csv && shorten_deadline
}

# An audit that changes nothing: records and reports what was found, with status 1 when that is anything.
report_audit() {
  local status=0
  tail -n 1 "$run/changes.ndjson" | jq -e '.summary | .new + .updated + .lapsed == 0' >/dev/null || status=$?
  ((status <= 1)) || status=75
  if [ -n "$dry_run" ]; then
    notify --title "$what" "${report[@]}" "$run/changes.ndjson" || status=$(worse "$status" $?)
    return "$status"
  fi
  cp -- "$run/changes.ndjson" "$run/results.ndjson" && record "$status" || status=$(worse "$status" 74)
  tell --title "$what" --started "$started" "$run/changes.ndjson"
  if [ -z "$quiet" ] || ((status != 0)); then
    cat "$run/report" || status=$(worse "$status" 74)
  fi
  return "$status"
}

audit() {
  local act=report_audit
  [[ $since =~ ^(|last|[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?)$ ]] ||
    wrong "--since takes a date such as 2026-11-16, or last, not \"$since\""
  make_room
  [ -z "$repair" ] || act=send_changes
  carry "$act" prepare_audit
}
