# An inbox: a directory in which exports wait.
# Needs: dry_run and quiet; sync, of one run; read_date; say; worse.
# Sets: nothing; the files move into done/ and failed/.
# shellcheck shell=bash

# The files of a directory, the oldest export first, each with a NUL behind it. What cannot be read has the
# date of its file, or none.
pending() {
  local file
  for file in "$1"/*; do
    [ -f "$file" ] || { [ -L "$file" ] && [ ! -e "$file" ]; } || continue
    read_date "$file" 2>/dev/null || export_date=''
    printf '%s\t%s\0' "$export_date" "$file"
  done | sort -z | cut -z -f 2-
}

# Moves a file into a directory, beside what has its name already.
put_away() {
  local file=$1 directory=$2 count=1 target
  target=$directory/${file##*/}
  while [ -e "$target" ]; do
    count=$((count + 1)) target=$directory/${file##*/}.$count
  done
  mv -n -- "$file" "$target" || return 74
}

# Syncs what waits in a directory (in a Maildir: in its new/). What was refused is put apart; where the
# cause is not the file, it stays, and so do those behind it; a file that cannot be read stays alone.
sync_inbox() {
  local inbox=$1 box=$1 files file outcome status=0
  if [ -d "$inbox/new" ] && [ -d "$inbox/cur" ]; then
    box=$inbox/new
  fi
  mapfile -d '' files < <(pending "$box")
  [ ${#files[@]} -gt 0 ] || [ -n "$quiet" ] || echo "nothing new in $inbox"
  [ -n "$dry_run" ] || mkdir -p "$inbox/done" "$inbox/failed" || return 74
  for file in "${files[@]}"; do
    if ! head -c 1 -- "$file" >/dev/null 2>&1; then
      say "$file: cannot be read, and is passed over"
      status=$(worse "$status" 74)
      continue
    fi
    sync "$file"
    outcome=$?
    status=$(worse "$status" "$outcome")
    [ -z "$dry_run" ] || continue
    case $outcome in
      0 | 1) put_away "$file" "$inbox/done" || return ;;
      65) put_away "$file" "$inbox/failed" || return ;;
      *) break ;;
    esac
  done
  return "$status"
}
