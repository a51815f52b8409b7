# Bash completion for an-sync and its programs. Install it as
# /usr/share/bash-completion/completions/an-sync and link the programs' names to it, or source it.

# shellcheck shell=bash

_an_sync_options() {
  local common='--help --version'
  case $1 in
    an-sync) echo "--dry-run --quiet --config --rate --force --deadline --names --overrides --post $common" ;;
    an-upsert) echo "--dry-run --map --rate --jobs --overrides --deadline --verbose --print-map
      --print-columns --print-digest --check $common" ;;
    an-lapse) echo "--dry-run --map --rate --jobs --overrides --deadline --verbose $common" ;;
    csv-diff) echo "--key --columns --follow --current --doubtful --max-lapse --all --exit-code --people $common" ;;
    mime-extract) echo "--list --from --subject --require-auth --max-size --archive $common" ;;
    roster-dump) echo "--store --begun --runs $common" ;;
    roster-commit) echo "--store --adopt --map --begin --deadline --lock --expire --unlock $common" ;;
    slack-notify) echo "--dry-run --names --error --started --title $common" ;;
  esac
}

# What may follow on the option before the cursor: files, or something to be typed (status 0), or
# anything, since it was no option with an argument (status 1).
_an_sync_argument() {
  case $1:$2 in
    an-sync:-c | an-sync:--config | an-upsert:-m | an-upsert:--map | an-lapse:-m | an-lapse:--map | roster-commit:-m | \
      roster-commit:--map)
      mapfile -t COMPREPLY < <(compgen -f -- "$3")
      ;;
    roster-*:-s | roster-*:--store)
      mapfile -t COMPREPLY < <(compgen -W 'sqlite:' -- "$3")
      compopt -o nospace
      ;;
    *:--deadline | *:-r | *:--rate | *:-j | *:--jobs | csv-diff:-[kcfmud] | csv-diff:--key | csv-diff:--columns | \
      csv-diff:--follow | csv-diff:--current | csv-diff:--doubtful | csv-diff:--max-lapse | mime-extract:-[fs] | \
      mime-extract:--from | mime-extract:--subject | mime-extract:--max-size | slack-notify:-[est] | slack-notify:--error | \
      slack-notify:--started | slack-notify:--title) ;;
    *) return 1 ;;
  esac
}

_an_sync() {
  local program=${1##*/} word=$2 previous=$3
  COMPREPLY=()
  _an_sync_argument "$program" "$previous" "$word" && return
  compopt -o filenames
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_an_sync_options "$program")" -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
    if [[ $program == an-sync ]]; then
      mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W 'check status' -- "$word")
    fi
  fi
}

complete -F _an_sync an-sync an-upsert an-lapse csv-diff mime-extract roster-dump roster-commit slack-notify
