# The history as a page with pictures, by roster-report.
# Needs: report, of the command line; the settings; messages.bash, programs.bash.
# Sets: nothing.
# shellcheck shell=bash

page() {
  local runs
  [[ $1 =~ ^[1-9][0-9]{0,7}$ ]] || die 64 "report takes how many runs to show, not \"$1\""
  runs=$(roster-dump --runs=$((2 * $1))) || return # two lines a run
  roster-report --last "$1" "${report[@]}" <<<"$runs"
}
