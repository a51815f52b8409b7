# Who is a member: what csv-diff is told of it, and people.
# Needs: AN_MEMBERS, AN_ALLOW_EMPTY and AN_FOLLOW, of which what is unset and what is empty differ; messages.bash.
# Sets: rules, the options for csv-diff.
# shellcheck shell=bash

# National's own verdict, in exports that have it.
readonly MEMBERS='memb_status_letter=M'
# By what a member is recognised whose address changed, or is missing.
readonly FOLLOW='akid,ak_id,actionkit_id'

# The address is where the field map has it: in one of these columns.
member_rules() {
  local follow=${AN_FOLLOW-$FOLLOW}
  rules=(--addresses --key "$1")
  if [ -z "${AN_MEMBERS+set}" ]; then
    rules+=(--where-possible "$MEMBERS")
  elif [[ $AN_MEMBERS =~ [^[:space:]] ]]; then
    rules+=(--where "$AN_MEMBERS")
  fi
  [ -z "$follow" ] || rules+=(--follow "$follow")
  [ -z "${AN_ALLOW_EMPTY-}" ] || rules+=(--empty "$AN_ALLOW_EMPTY")
}

# Whether the settings are such as csv-diff takes; it looks at them before it looks at files.
check_members() {
  local setting option
  for setting in AN_MEMBERS:--where AN_ALLOW_EMPTY:--empty AN_FOLLOW:--follow; do
    option=${setting#*:} setting=${setting%%:*}
    [[ ${!setting-} =~ [^[:space:]] ]] || continue
    csv-diff "$option" "${!setting}" /dev/null /dev/null >/dev/null 2>&1
    (($? != 64)) || die 78 "$setting: csv-diff's $option does not take \"${!setting}\""
  done
}

# The rule in words.
tell_members() {
  if [ -z "${AN_MEMBERS+set}" ]; then
    echo "rows with $MEMBERS where an export has that column, else every row"
  elif [[ $AN_MEMBERS =~ [^[:space:]] ]]; then
    echo "rows with $AN_MEMBERS"
  else
    echo 'every row'
  fi
}
