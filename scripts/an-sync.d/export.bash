# The export: out of its mail, dated, not older than the last one, and compared with the roster.
# Needs: source, name and run, of the run; work; force and dry_run; AN_MAIL_* and AN_MAX_LAPSE; members.bash,
# messages.bash.
# Sets: export_date and date_from, message_id, unvouched, digest; in the run's directory export.csv, older.csv and changes.ndjson.
# shellcheck shell=bash

# The newest list_date in a CSV file or an archive, as the day that it says: of what zone its time is nobody
# knows. Nothing where there is none, or in no form that is one everywhere.
list_date() {
  local statuses status
  { mime-extract --archive "$1" | csv-diff -k list_date -c list_date /dev/null - | jq -rn '
    [inputs | select(.change).row.list_date |
      (capture("^(?<y>\\d{4})-(?<m>\\d\\d)-(?<d>\\d\\d)(?!\\d)") //
       capture("^(?<m>\\d{1,2})/(?<d>\\d{1,2})/(?<y>\\d{4})(?!\\d)")?) |
      select((.m | tonumber) <= 12 and (.d | tonumber) <= 31) |
      "\(.y)-\("0\(.m)"[-2:])-\("0\(.d)"[-2:])"] | max // empty'; } 2>/dev/null
  statuses=("${PIPESTATUS[@]}")
  ((statuses[2] == 0)) || return 75
  # Refused, or not written because it was refused; a program that was killed has not answered.
  for status in "${statuses[@]:0:2}"; do
    [[ $status =~ ^(0|65|74|141)$ ]] || too_much "$status" || return 75
  done
}

# The date of a mail as mime-extract knows it, which is also where its id comes from; of anything else its list_date,
# or when the file was last written. Never in the future: one wrong clock would block what follows. Of a mail that
# is refused or too much for mime-extract, the date does not matter: it will be so again.
read_date() {
  local file=$1 now kind facts='' status=0 seconds
  timestamp now -1
  message_id='' export_date='' date_from="the mail's date"
  kind=$(kind_of "$file") || return 74
  if [ "$kind" = mail ]; then
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
  fi
  if [ -z "$export_date" ]; then
    export_date=$(list_date "$file") || return
    date_from='its newest list_date'
  fi
  if [ -z "$export_date" ]; then
    date_from='when the file was written'
    seconds=$(stat -Lc %Y -- "$file") && [[ $seconds =~ ^-?[0-9]+$ ]] || return 74
    timestamp export_date "$seconds"
  fi
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
  judging mime-extract "${options[@]}" "$source" >"$run/export.csv"
  status=$?
  # The header alone says whether somebody vouches for the mail, also for one that is refused for what it holds.
  if [[ " ${options[*]}" == *' --require-auth'* ]] && mime-extract --date "${options[@]}" "$source"; then
    unvouched=
  fi >"$work/vouched" 2>&1
  return "$status"
}

# Refuses an export that is older than one from which something may have been sent, or that changed nothing. What is dated in the future
# some wrong clock has dated, and a date without a time stands for its whole day.
guard_order() {
  local newest now escaped
  timestamp now -1
  newest=$(saying roster-dump --runs=1000) || return
  newest=$(jq -rn --arg now "$now" '
    reduce inputs.run as $run ({}; .["\($run.id) \($run.started) \($run.source)"] = $run) |
    [.[] | select(.sent or .status <= 1).export_date // "" | select(. <= $now)] | max // ""' <<<"$newest") || return 75
  [[ -z $force && $export_date < ${newest:0:${#export_date}} ]] || return 0
  escape "$name"
  printf 'an-sync: %s is of %s (%s), and a newer export, of %s, was synced already; --force takes it all the same\n' \
    "$escaped" "$export_date" "$date_from" "$newest" >"$work/said"
  messages <"$work/said"
  return 65
}

# Of whom a change of address was begun comes first: whoever takes one of the two addresses over then
# waits until it is known which of them that person has.
moved_first() {
  local moved='"action_network_map":"begun-moved-'
  LC_ALL=C grep -F "$moved" "$run/changes.ndjson" >"$work/moved-first" || (($? == 1)) || return
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

# Writes the changes that bring the roster to the export.
find_changes() {
  local columns rules=() options resent
  digest=$(saying an-upsert --print-digest) && columns=$(saying an-upsert --print-columns) || return
  reading roster-dump --begun >"$run/older.csv" || return
  member_rules || return
  options=("${rules[@]}" -c "$columns" --current "action_network_map=$digest" --doubtful action_network_map=begun-new
    --max-lapse "$AN_MAX_LAPSE" --label "$name")
  # From within the directory, so that messages name the files and not where they lie.
  (cd "$run" && judging csv-diff "${options[@]}" older.csv export.csv >changes.ndjson) || return
  grep -q ',begun-moved-[^,]*$' "$run/older.csv"
  case $? in
    0) moved_first || return 74 ;;
    1) ;;
    *) return 74 ;;
  esac
  resent=$(jq -rn --arg digest "$digest" '
    reduce (inputs | select(.change == "updated" and .was == {})) as $record ({};
      .[if $record.row.action_network_map // "" | sub("^begun-(moved-)?"; "") == $digest then "begun"
        else "map" end] += 1) |
    "\(.map // 0) \(.begun // 0)"' "$run/changes.ndjson") || return 74
  say_resent "${resent% *}" 'the field map has changed'
  say_resent "${resent#* }" 'whether Action Network has a last change is not known'
  [[ -z $dry_run || -n $quiet ]] || saying show_changes "${options[@]}" || {
    [ -s "$work/said" ] || die_of PIPE # the reader has gone, which is no error
    return 74
  }
}

# For -n: what changed, and who was taken for a member.
show_changes() (
  cd "$run" && csv-diff -p "$@" older.csv export.csv || return
  tail -n 1 changes.ndjson | jq -r '"members are " + (.summary.members // null |
    if . then "rows with \(.)" else "all rows that have an address" end)'
)
