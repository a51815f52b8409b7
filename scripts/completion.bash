# Bash completion for an-sync and its programs, which are asked for their --help. Install it as
# /usr/share/bash-completion/completions/an-sync and link the programs' names to it, or source it.

# shellcheck shell=bash

# The program's options, a line each: name, short twin, name of its argument, with a "-" where it has none.
_an_sync_options() {
  local line
  local -r option='^ +(-(.), )?(--[a-z-]+)( ([A-Z][^ ]*))?(\[.*\])?(  .*)?$'
  while IFS= read -r line; do
    [[ ! $line =~ $option ]] || echo "${BASH_REMATCH[3]} -${BASH_REMATCH[2]} ${BASH_REMATCH[5]:--}"
  done < <("$1" --help 2>/dev/null)
}

# What may follow on the option before the cursor: files, or something to be typed (status 0), or
# anything, since it was no option with an argument (status 1).
_an_sync_argument() {
  local name letter argument
  [[ $2 == -?* ]] || return
  while read -r name letter argument; do
    [[ $2 == "$name" || $2 == "$letter" ]] || continue
    case $argument in
      -) return 1 ;;
      MAP | CONFIG | FILE) mapfile -t COMPREPLY < <(compgen -f -- "$3") ;;
      STORE)
        mapfile -t COMPREPLY < <(compgen -W 'sqlite:' -- "$3")
        compopt -o nospace
        ;;
    esac
    return 0
  done < <(_an_sync_options "$1")
  return 1
}

_an_sync() {
  local program=$1 word=$2 previous=$3
  COMPREPLY=()
  _an_sync_argument "$program" "$previous" "$word" && return
  compopt -o filenames
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_an_sync_options "$program" | cut -d ' ' -f 1)" -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
    if [[ ${program##*/} == an-sync ]]; then
      mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W 'adopt audit check help report setup status' -- "$word")
    fi
  fi
}

complete -F _an_sync an-sync an-diff an-upsert an-lapse csv-diff mime-extract roster-dump roster-commit roster-report slack-notify
