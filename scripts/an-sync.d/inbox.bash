# An inbox: a directory in which exports wait.
# Needs: dry_run, quiet and work; sync, of one run; find_date; messages.bash, programs.bash.
# Sets: nothing; the files move into done/ and failed/.
# shellcheck shell=bash

# bash says what is wrong with reading; an empty file is nothing wrong.
can_be_read() {
  local said
  said=$({ IFS= read -rn 1 _ <"$1"; } 2>&1)
  [ -z "$said" ]
}

# The files of a directory, the oldest export first, each with its date and a tab before it and a NUL behind it. What
# cannot be read has no date. Without that of another one the order is not known, and nothing may be synced.
pending() {
  local file
  for file in "$1"/*; do
    [ -f "$file" ] || { [ -L "$file" ] && [ ! -e "$file" ]; } || continue
    export_date=''
    ! can_be_read "$file" || find_date "$file" || return
    printf '%s\t%s\0' "$export_date" "$file"
  done >"$work/pending"
  LC_ALL=C sort -z -- "$work/pending" >"$work/sorted"
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
  pending "$box" || { status=$? && say "$inbox: what waits there could not be put in order" && return "$status"; }
  mapfile -d '' files <"$work/sorted"
  escape "$inbox"
  [ ${#files[@]} -gt 0 ] || [ -n "$quiet" ] || echo "nothing new in $escaped"
  [ -n "$dry_run" ] || mkdir -p "$inbox/done" "$inbox/failed" || return 74
  for file in "${files[@]#*$'\t'}"; do
    if ! can_be_read "$file"; then
      say "$file: cannot be read, and is passed over"
      [ -n "$dry_run" ] || notify --title 'Member sync' --error "${file##*/} waits in the inbox, and cannot be read" >/dev/null
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
