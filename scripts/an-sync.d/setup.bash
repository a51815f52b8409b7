# setup: asks for what a first sync needs, tries it, and writes the configuration. What the environment answers is not
# asked, and without a terminal nothing is.
# Needs: config and here; AN_API_KEY, AN_API_KEY_FILE, AN_API_URL, SLACK_WEBHOOK_URL, AN_MAIL_FROM, AN_MEMBERS,
# AN_SETUP_EXPORT and AN_SETUP_OVERWRITE, of the environment; members.bash, messages.bash, programs.bash.
# Sets: config, work; the answers.
# shellcheck shell=bash

written='' # a file that is not whole yet

explain() { printf '%s\n' "$@" >&2; }

at_terminal() { [ -t 0 ] && [ -t 2 ]; }

# Leaves in `answer` what is typed, or the default.
question() {
  answer=$2
  at_terminal || return 0
  printf '%s%s ' "$1" "${2:+ [$2]}" >&2
  IFS= read -r answer || die 75 'setup: nothing was written'
  answer=${answer#"${answer%%[![:space:]]*}"} answer=${answer%"${answer##*[![:space:]]}"}
  answer=${answer:-$2}
}

# A value that the configuration can hold as it is.
is_plain() { [[ $1 != *[[:cntrl:]\"]* ]]; }

# ---- what is asked ----

choose_file() {
  [ -n "${XDG_CONFIG_HOME-}${HOME-}" ] || [ -n "$config" ] || die 78 'setup: there is no home directory; name a file with --config'
  : "${config:=${XDG_CONFIG_HOME:-${HOME-}/.config}/an-sync/config}"
  [ -e "$config" ] || [ -L "$config" ] || return 0
  [ "${AN_SETUP_OVERWRITE-}" != yes ] || return 0
  at_terminal || die 78 "$config is there already, and stays as it is; AN_SETUP_OVERWRITE=yes writes it anew"
  question "$config is there already. Write it anew (y/n)?" n
  [[ $answer == [yY]* ]] || die 78 "$config stays as it is"
  AN_SETUP_OVERWRITE=yes
}

# Asks Action Network whether it takes the key. What it says of the group is kept.
try_answer() (
  export AN_API_KEY AN_API_KEY_FILE
  exec an-upsert "${engine[@]}" --check >"$work/group" 2>"$work/said"
)

choose_key() {
  { local - && set +x; } 2>/dev/null # secrets stay out of a trace
  local given=${AN_API_KEY-}${AN_API_KEY_FILE-} status
  [ -n "$given" ] || at_terminal || die 78 'setup: set AN_API_KEY (or AN_API_KEY_FILE): there is no terminal to ask at'
  [ -n "$given" ] || explain "The group's API key: in Action Network under Details, API & Sync. It is not shown while you paste it."
  while true; do
    if [ -z "$given" ]; then
      printf 'API key: ' >&2
      IFS= read -rs AN_API_KEY || die 75 'setup: nothing was written'
      explain ''
      AN_API_KEY=${AN_API_KEY//[[:space:]]/}
      [ -n "$AN_API_KEY" ] || continue
    fi
    explain 'Trying it ...'
    try_answer
    status=$?
    ((status > 1)) || break
    sed 's/^an-upsert: //' "$work/said" >&2
    ((status == 77)) && [ -z "$given" ] || die "$status" 'setup: nothing was written'
    explain 'Paste it once more, or end with Ctrl-C.'
  done
  is_plain "${AN_API_KEY-}" || die 78 'setup: the key holds what no key does'
  explain 'Action Network takes the key.'
}

choose_webhook() {
  { local - && set +x; } 2>/dev/null
  [ -z "${SLACK_WEBHOOK_URL+set}" ] || return 0
  while true; do
    question 'Slack webhook for the reports (https://...; empty: none):' ''
    SLACK_WEBHOOK_URL=$answer
    [[ $answer =~ ^(https://[^[:space:]\"]+)?$ ]] && break
    explain 'A webhook begins with https://.'
  done
}

choose_sender() {
  [ -z "${AN_MAIL_FROM+set}" ] || return 0
  while true; do
    question "Who mails the exports (addresses or @domains, commas between; empty: anybody, or no mail):" ''
    AN_MAIL_FROM=$answer
    [[ $answer =~ ^([^[:space:]@,\"]*@[^[:space:]@,\"]+(,[^[:space:]@,\"]*@[^[:space:]@,\"]+)*)?$ ]] && break
    explain 'That is no address, such as exports@example.org or @example.org.'
  done
}

# Says what an export holds: its columns, which of them the field map takes, and the letters of national's verdict.
look_at_export() {
  local keys options=(--archive)
  [[ ${1,,} == *.csv || ${1,,} == *.zip || ${1,,} == *.gz ]] || options=()
  mime-extract "${options[@]}" -- "$1" >"$work/export.csv" && keys=$(an-upsert --print-keys) &&
    csv-diff --addresses --key "$keys" -- /dev/null "$work/export.csv" >"$work/changes" &&
    an-upsert --print-columns >"$work/columns" || return
  jq -rn --rawfile columns "$work/columns" '($columns | split("\n")) as $known |
    reduce (inputs | .row // empty) as $row ({rows: 0, columns: []};
      .rows += 1 | if .rows == 1 then .columns = ($row | keys_unsorted) else . end) |
    "\(.rows) rows.", "Goes to Action Network: \([.columns[] | select(IN($known[]))] | join(", ")).",
    ([.columns[] | select(IN($known[]) | not)] | select(length > 0) | "Does not: \(join(", ")).")' "$work/changes" >&2
  jq -rn '[inputs.row.memb_status_letter // empty | select(. != "")] | select(length > 0) | group_by(.) |
    "memb_status_letter: \(map("\(.[0]) \(length) times") | join(", "))."' "$work/changes" >&2
}

choose_members() {
  local rule
  answer=${AN_SETUP_EXPORT-}
  [ -n "${AN_SETUP_EXPORT+set}" ] || question 'An export to look at (a file; empty: none):' ''
  answer=${answer/#\~\//${HOME-}/}
  while [ -n "$answer" ]; do
    if [ -f "$answer" ] && look_at_export "$answer"; then
      AN_SETUP_EXPORT=$answer
      break
    fi
    [ -z "${AN_SETUP_EXPORT-}" ] && at_terminal || die 65 "setup: $answer is no export; nothing was written"
    question "$answer is no export. Another one (empty: none):" ''
  done
  [ -z "${AN_MEMBERS+set}" ] || return 0
  rule=$(tell_members)
  while true; do
    question "Who is a member (COLUMN=VALUE,...; empty: $rule):" ''
    [ -n "$answer" ] || break
    is_plain "$answer" && csv-diff --where "$answer" /dev/null /dev/null >/dev/null 2>&1
    (($? == 64)) || { AN_MEMBERS=$answer && break; }
    explain 'That is no rule, such as memb_status_letter=M or mailing_zip=02130,02131.'
  done
}

# ---- what is written ----

# A line for each answer that is no default.
lines() {
  { local - && set +x; } 2>/dev/null
  local name
  echo '# Written by an-sync setup; an-sync(1) has every setting.' || return
  for name in AN_API_KEY AN_API_KEY_FILE AN_API_URL SLACK_WEBHOOK_URL AN_MAIL_FROM AN_MEMBERS; do
    [ -z "${!name-}" ] || printf '%s="%s"\n' "$name" "${!name}" || return
  done
  [ -z "${AN_MEMBERS+set}" ] || [ -n "$AN_MEMBERS" ] || echo 'AN_MEMBERS='
}

# All of it or nothing, under its name at once, readable by this user alone.
write_config() {
  local name directory=${config%/*}
  for name in AN_API_KEY_FILE AN_API_URL SLACK_WEBHOOK_URL AN_MAIL_FROM AN_MEMBERS; do
    is_plain "${!name-}" || die 78 "setup: $name holds a quote or a control character"
  done
  [[ $config == */* ]] || directory=.
  mkdir -p -- "$directory" && written=$(mktemp -- "$directory/.config.XXXXXX") && lines >"$written" || die 74 "$config could not be written"
  if [ "${AN_SETUP_OVERWRITE-}" = yes ]; then
    mv -fT -- "$written" "$config"
  else
    ln -T -- "$written" "$config" && rm -f -- "$written"
  fi || die 74 "$config could not be written"
  written=''
  explain "Wrote $config, which only you can read:"
  sed -E 's/^((AN_API_KEY|SLACK_WEBHOOK_URL)=).*/\1.../; s/^/  /' "$config" >&2
}

tell_missing() {
  local missing
  missing=$(sed -n 's/^the group has no custom field "\(.*\)"$/\1/p' "$work/group") || return
  [ -n "$missing" ] || return 0
  explain '' 'Create these custom fields in Action Network; what is sent for one that is missing is lost:' "$missing"
}

setup() {
  work=$(mktemp -d) || return 74
  trap 'rm -rf -- "$work" ${written:+"$written"}' EXIT
  choose_file
  choose_key
  choose_webhook
  choose_sender
  choose_members
  write_config
  tell_missing || explain '' 'Which custom fields are missing could not be told.'
  explain '' 'What an-sync check says of it:'
  (export SLACK_WEBHOOK_URL_FILE && exec "$here/an-sync" --config "$config" check) # the others are in the file now
  local status=$? other=''
  [ "$config" = "${XDG_CONFIG_HOME:-${HOME-}/.config}/an-sync/config" ] || printf -v other ' -c %q' "$config"
  printf -v answer %q "${AN_SETUP_EXPORT:-export.eml}"
  explain '' 'Next, see what a sync would do. It changes nothing:' "  an-sync$other -n $answer"
  return "$status"
}
