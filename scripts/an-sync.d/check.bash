# The commands that change nothing: check and status.
# Needs: config, engine and post, of the command line; the settings; messages.bash, configuration.bash, programs.bash.
# Sets: nothing but what those two set.
# shellcheck shell=bash

# One line of the check: whether a command succeeds, and what it says.
probe() {
  local what=$1 said status verdict
  shift
  said=$("$@" 2>&1)
  status=$?
  case $status in
    0) verdict=ok ;;
    1 | 75) verdict=note ;;
    *) verdict=FAILED ;;
  esac
  printf '%-7s %s%s\n' "$verdict" "$what" "${said:+: ${said//$'\n'/$'\n          '}}"
  checked=$(worse "$checked" "$status")
  return "$status"
}

try_programs() {
  local version
  find_programs && version=$(csv-diff -V) && echo "version ${version##* }"
}
try_configuration() { configure && echo "${config:-no file, the environment alone}"; }
# Files that hold a secret: there, and nobody else's to read.
try_secrets() {
  local variable file mode status=0
  for variable in AN_API_KEY_FILE SLACK_WEBHOOK_URL_FILE; do
    file=${!variable-}
    [ -n "$file" ] || continue
    if [ ! -f "$file" ] || [ ! -r "$file" ]; then
      echo "$variable: $file is not there, no file, or cannot be read" && return 78
    fi
    mode=$(stat -Lc %a -- "$file") || return 74
    ((8#$mode & 8#077)) || continue
    echo "$variable: others can read $file: chmod 600 $file"
    status=1
  done
  return "$status"
}

try_field_map() { an-upsert --print-digest >/dev/null && echo "${AN_FIELD_MAP:-the built-in one}"; }
try_key() { ask an-upsert "${engine[@]}" --check; }
try_people() { ask an-diff "${engine[@]}" --count; }
# A roster that is not there has no group yet.
try_group() {
  local dry_run='' work
  work=$(mktemp -d) || return 74
  trap 'rm -rf -- "$work"' RETURN
  learn_history && guard_group && jq -r .url <<<"$group"
}

try_roster() {
  local count
  count=$(roster-dump --count) && echo "$count members"
}
try_confinement() { mime-extract --confined; }

try_state() {
  local directory=$AN_STATE
  while [ ! -e "$directory" ]; do
    directory=$(dirname "$directory")
  done
  if [ ! -d "$directory" ] || [ ! -w "$directory" ]; then
    echo "$directory cannot be written" && return 74
  fi
  (check_directory "$directory") || return
  [ "$directory" = "$AN_STATE" ] || printf 'yet to be made: '
  echo "$AN_STATE"
}

try_webhook() {
  { local - && set +x; } 2>/dev/null
  local url=${SLACK_WEBHOOK_URL-}
  if [ -z "$url" ] && [ -n "${SLACK_WEBHOOK_URL_FILE-}" ]; then
    url=$(<"$SLACK_WEBHOOK_URL_FILE") || return 78
  fi
  if [ -z "$url" ]; then
    echo 'none; only standard output is told'
  elif [[ ! $url =~ ^(https://[^/[:space:]]|http://(127\.|localhost|\[::1\])) ]]; then
    echo 'SLACK_WEBHOOK_URL is not an https address' && return 78
  elif [ -n "$post" ]; then
    notify --title 'Member sync, a test' --message 'an-sync check --post sent this, and nothing is wrong.' >/dev/null &&
      echo 'a test message was posted'
  else
    echo 'an address is set; --post tries it'
  fi
}

check() {
  local checked=0
  probe programs try_programs && find_programs || return
  # All works without it, too: what a kernel or a container forbids is said, and is no failure.
  probe confinement try_confinement || [ $? -ne 1 ] || checked=0
  probe configuration try_configuration && configure || return
  [ -z "${AN_API_KEY_FILE-}${SLACK_WEBHOOK_URL_FILE-}" ] || probe 'secret files' try_secrets
  probe 'state directory' try_state
  probe roster try_roster
  probe 'field map' try_field_map
  probe members tell_members
  probe 'Action Network' try_key
  (($? > 1)) || { probe group try_group; probe people try_people; }
  probe Slack try_webhook
  return "$checked"
}

# A run has two lines in the history, of which the last one counts: it comes after one that says 75. A name may
# come again in the same second, when no run's files are kept.
status() {
  local runs count escaped outcome
  [[ $1 =~ ^[1-9][0-9]{0,7}$ ]] || die 64 "status takes how many runs to show, not \"$1\""
  runs=$(roster-dump --runs=$((2 * $1))) || return
  printf '%-17s %7s %7s %7s %7s  %-27s %s\n' FINISHED NEW UPDATED LAPSED FAILED STATUS SOURCE
  jq -nr --argjson count "$1" '
    reduce inputs.run as $run ({}; .["\($run.id) \($run.started) \($run.source)"] |=
      if .[-1].status == 75 then .[:-1] + [$run] else . + [$run] end) | [.[][]][-$count:][] |
    [(.finished[:16] | sub("T"; " ")) + "Z", (.acknowledged | .new, .updated, .lapsed), .failed, .status, .source] |
    map(. // 0) | @tsv' <<<"$runs" |
    while IFS=$'\t' read -r finished new updated lapsed failed status source; do
      escape "$source"
      outcome=${MEANING[$status]-status $status}
      [[ $source != audit || $status != 1 ]] || outcome='differences'
      printf '%-17s %7s %7s %7s %7s  %-27s %s\n' "$finished" "$new" "$updated" "$lapsed" "$failed" "$outcome" "$escaped"
    done || return 74
  group=$(roster-dump --group | jq -r '.group.url // empty') || return
  count=$(roster-dump --count) || return
  printf '%s members in the roster%s\n' "$count" "${group:+, of the group at $group}" || return 74
}
