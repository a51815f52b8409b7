# The export: out of its mail, dated, not older than the last one, and compared with the roster.
# Needs: source, name and run, of the run; newest_date, of roster.bash; work; force and dry_run; AN_MAIL_* and
# AN_MAX_LAPSE; members.bash, messages.bash.
# Sets: source, where it was copied; export_date and date_from, message_id, unvouched; digest, keys and columns, of the
# field map; comparison, the options of csv-diff; beside, which of its programs run beside it; in the run's directory
# export.csv, older.csv and changes.ndjson.
# shellcheck shell=bash

declare -A beside=()

# Keeps what can be read but once: standard input, or what is no file. Not by a name like /dev/stdin: what somebody
# else has opened may be read, and perhaps not opened again.
keep_source() {
  local said
  [ "$source" = - ] || [ ! -f "$source" ] || return 0
  said=$(cat -- "$source" 2>&1 >"$work/source") || {
    say_why "$name could not be copied into $work: ${said##*: }"
    return 74
  }
  source=$work/source
}

# The newest list_date in a CSV file, as the day that it says: of what zone its time is nobody knows. Nothing where
# there is none, or in no form that is one everywhere.
list_date() {
  local statuses key='^\{"change":"new","key":"'
  { csv-diff -k list_date -c list_date /dev/null "$1" | LC_ALL=C sed -nE "
    s#$key([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[^0-9].*#\1-\2-\3#
    t found
    s#$key(0?[1-9]|1[0-2])/(0?[1-9]|[12][0-9]|3[01])/([0-9]{4})[^0-9].*#\3-0\1-0\2#
    T
    s/-0([0-9]{2})/-\1/g
    :found
    p" | LC_ALL=C sort | tail -n 1; } 2>/dev/null
  statuses=("${PIPESTATUS[@]}")
  # csv-diff has refused it, or not written because that was refused; a program that was killed has not answered.
  ((statuses[1] == 0 && statuses[2] == 0 && statuses[3] == 0)) || return 75
  [[ ${statuses[0]} =~ ^(0|65|74|141)$ ]] || too_much "${statuses[0]}" || return 75
}

# The date of a mail as mime-extract knows it, which is also where its id comes from; of anything else none yet. Of a
# mail that is refused or too much for mime-extract, the date does not matter: it will be so again.
read_date() {
  local file=$1 kind facts='' status=0
  message_id='' export_date='' date_from="the mail's date"
  kind=$(kind_of "$file") || return 74
  [ "$kind" = mail ] || return 0
  facts=$({ mime-extract --date "$file" 2>"$work/said"; } 2>/dev/null)
  status=$?
  case $status in
    0) export_date=${facts%%$'\n'*} message_id=${facts#"$export_date"} message_id=${message_id#$'\n'} ;;
    65) ;;
    *)
      if ! too_much "$status"; then
        say "the date of $file could not be found out (mime-extract ended with $status); run again"
        return 75
      fi
      ;;
  esac
}

# Of what has no date, the newest list_date of the export that is in it, or when the file was last written. Never in
# the future: one wrong clock would block what follows.
infer_date() {
  local file=$1 export=$2 now seconds
  if [ -z "$export_date" ]; then
    export_date=$(list_date "$export") || return
    date_from='its newest list_date'
  fi
  if [ -z "$export_date" ]; then
    date_from='when the file was written'
    seconds=$(stat -Lc %Y -- "$file") && [[ $seconds =~ ^-?[0-9]+$ ]] || return 74
    timestamp export_date "$seconds"
  fi
  timestamp now -1
  [[ ! $export_date > $now ]] || export_date=$now date_from='now; its own date is yet to come'
}

# Whether only a mail will do, because only a mail can say from whom it is.
wants_mail() {
  [[ -n ${AN_MAIL_FROM-}${AN_MAIL_SUBJECT-} || ! ${AN_MAIL_REQUIRE_AUTH-} =~ ^(0|no)?$ ]]
}

# "mail", or "archive" for a ZIP, gzip or CSV file: by the name that a person gave it, else by how it begins,
# which is a stranger's choice, and so none where a mail is wanted.
kind_of() {
  local beginning maildir=
  [[ ! $1 =~ ^(.*/)?new/[^/]+$ || ! -d ${BASH_REMATCH[1]:-./}cur ]] || maildir=yes
  case ${1,,} in
    *.eml) echo mail && return ;;
    *.csv | *.zip | *.gz) [ -n "$maildir" ] && wants_mail || { echo archive && return; } ;;
  esac
  if wants_mail; then
    echo mail
    return
  fi
  [ -r "$1" ] || return
  LC_ALL=C IFS= read -rn 998 beginning <"$1"
  if [[ ${beginning//$'\r'/} =~ ^([A-Za-z][A-Za-z0-9-]*:|From\ ) ]]; then
    echo mail
  else
    echo archive
  fi
}

extract() {
  local options=(--archive) kind status
  kind=$(kind_of "$source") || return 74
  if [ "$kind" = mail ]; then
    options=() unvouched=yes
    [ -z "${AN_MAIL_FROM-}" ] || options+=(-f "$AN_MAIL_FROM")
    [ -z "${AN_MAIL_SUBJECT-}" ] || options+=(-s "$AN_MAIL_SUBJECT")
    case ${AN_MAIL_REQUIRE_AUTH-} in
      '' | 0 | no) ;;
      1 | yes) options+=(--require-auth) ;;
      *) options+=(--require-auth="$AN_MAIL_REQUIRE_AUTH") ;;
    esac
    [ -z "${AN_MAIL_ALLOW-}" ] || options+=(--allow "$AN_MAIL_ALLOW")
  fi
  if [ "$name" = 'standard input' ]; then # not what it was copied to: messages name it as people know it
    judging mime-extract "${options[@]}" <"$source"
  else
    judging mime-extract "${options[@]}" "$source"
  fi >"$run/export.csv"
  status=$?
  # The header alone says whether somebody vouches for the mail, also for one that is refused for what it holds.
  if [[ " ${options[*]}" == *' --require-auth'* ]] && mime-extract --date "${options[@]}" "$source"; then
    unvouched=
  fi >"$work/vouched" 2>&1
  return "$status"
}

# Refuses an export that is older than one from which something may have been sent, or that changed nothing. What is
# dated in the future some wrong clock has dated, and a date without a time stands for its whole day.
guard_order() {
  [[ -z $force && $export_date < ${newest_date:0:${#export_date}} ]] || return 0
  say_why "$name is of $export_date ($date_from), and a newer export, of $newest_date, was synced already;" \
    '--force takes it all the same'
  return 65
}

# The date of a file that nothing was taken out of yet.
find_date() {
  local status
  read_date "$1" || return
  if [ -z "$export_date" ]; then
    { mime-extract --archive "$1" >"$work/dated"; } 2>/dev/null
    status=$?
    [[ $status =~ ^(0|65)$ ]] || too_much "$status" || return 75
  fi
  infer_date "$1" "$work/dated"
}

# Dates the export, and refuses it where it is an older one, or the roster another group's.
guard_export() {
  infer_date "$source" "$run/export.csv" && guard_order && guard_group
}

# Begins to run a program beside what else there is to do, in the run's directory; OUTPUT becomes what it writes.
# usage: begin_beside OUTPUT PROGRAM...
begin_beside() {
  local output=$1
  shift
  (cd "$run" && exec "$@") >"$output" 2>"$work/said.$1" &
  beside[$1]=$!
}

# Waits for it, and passes on what it said.
end_beside() {
  local status
  { await "${beside[$1]}"; } 2>/dev/null # of one that was killed bash has words of its own
  status=$?
  unset "beside[$1]"
  cat -- "$work/said.$1" >&2 || return 74
  return "$status"
}

# What was begun, and that nobody will wait for.
stop_beside() {
  local pid
  for pid in "${beside[@]}"; do
    kill "$pid" 2>/dev/null
    await "$pid"
  done
  beside=()
}

# Of whom a change of address was begun comes first: whoever takes one of the two addresses over then
# waits until it is known which of them that person has.
moved_first() {
  local moved='"action_network_map":"begun-moved-'
  LC_ALL=C grep -F "$moved" "$run/changes.ndjson" >"$work/moved-first"
  case $? in
    0) ;;
    1) return 0 ;;
    *) return 74 ;;
  esac
  LC_ALL=C grep -vF "$moved" "$run/changes.ndjson" >>"$work/moved-first" || (($? == 1)) || return
  mv "$work/moved-first" "$run/changes.ndjson"
}

say_resent() {
  case $1 in
    0) ;;
    1) say "$2: 1 member is sent once more" ;;
    *) say "$2: $1 members are sent once more" ;;
  esac
}

# Says of how many members the row is the same, and why they are sent nevertheless.
tell_resent() {
  local resent
  resent=$(jq -rn --arg digest "$digest" '
    reduce (inputs | select(.change == "updated" and .was == {})) as $record ({};
      .[if $record.row.action_network_map // "" | sub("^begun-(moved-)?"; "") == $digest then "begun"
        else "map" end] += 1) |
    "\(.map // 0) \(.begun // 0)"' "$run/changes.ndjson") || return 74
  say_resent "${resent% *}" 'the field map has changed'
  say_resent "${resent#* }" 'whether Action Network has a last change is not known'
}

# Whether the changes are none.
nothing_changed() {
  LC_ALL=C grep -q '^{"change":"\(new\|updated\|lapsed\)"' "$run/changes.ndjson"
  (($? == 1))
}

# Asks for what a comparison wants to know of the field map.
begin_map() {
  begin_beside "$work/map" an-upsert --print-digest --print-keys --print-columns
}

end_map() {
  local said
  saying end_beside an-upsert || return
  said=$(<"$work/map") || return 74
  digest=${said%%$'\n\n'*} said=${said#*$'\n\n'}
  keys=${said%%$'\n\n'*} columns=${said#*$'\n\n'}
}

# Begins to compare the roster with the export.
begin_comparing() {
  local rules=()
  end_map && member_rules "$keys" || return
  comparison=("${rules[@]}" -c "$columns" --current "action_network_map=$digest" --doubtful action_network_map=begun-new
    --max-lapse "$AN_MAX_LAPSE" --label "$name")
  # In the run's directory, so that messages name the files and not where they lie.
  begin_beside "$run/changes.ndjson" csv-diff "${comparison[@]}" older.csv export.csv
}

# Finds the changes that bring the roster to the export.
find_changes() {
  judging end_beside csv-diff || return
  nothing_changed || { moved_first && tell_resent; } || return 74
  [[ -z $dry_run || -n $quiet ]] || saying show_changes "${comparison[@]}" || {
    [ -s "$work/said" ] || die_of PIPE # the reader has gone, which is no error
    return 74
  }
}

# For -n: what changed, and who was taken for a member.
show_changes() (
  cd "$run" && csv-diff -p "$@" older.csv export.csv || return
  tail -n 1 changes.ndjson | jq -r '"members are " + (.summary.members // null |
    if . then "rows with \(.)" else "all rows that have an address" end)' || return 74
)
