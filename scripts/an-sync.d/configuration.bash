# The settings, from a file and from the environment, which counts instead of it.
# Needs: config, rate and deadline, of the command line; messages.bash.
# Sets: given; the settings, of which only those that every program may see are exported; config, rate and deadline
# where they were left open, default_config; engine, begin_options and report.
# shellcheck shell=bash

readonly SETTINGS=' AN_API_KEY AN_API_KEY_FILE AN_API_URL AN_ROSTER AN_FIELD_MAP AN_STATE AN_MAX_LAPSE
 AN_KEEP_RUNS AN_FOLLOW AN_MEMBERS AN_ALLOW_EMPTY AN_ADOPT AN_OVERRIDES AN_NAMES AN_RATE AN_DEADLINE AN_LOCK_OWNER
 AN_MAIL_FROM AN_MAIL_SUBJECT AN_MAIL_REQUIRE_AUTH AN_MAIL_ALLOW SLACK_WEBHOOK_URL SLACK_WEBHOOK_URL_FILE
 http_proxy https_proxy no_proxy CURL_CA_BUNDLE SSL_CERT_FILE
 AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION '
# Those that are paths, AN_ROSTER behind its "sqlite:".
readonly PATHS=' AN_API_KEY_FILE AN_FIELD_MAP AN_ROSTER AN_STATE SLACK_WEBHOOK_URL_FILE CURL_CA_BUNDLE SSL_CERT_FILE '

# Only the program that needs a secret sees it: they are not in the environment.
keep_secrets() { export -n AN_API_KEY AN_API_KEY_FILE SLACK_WEBHOOK_URL SLACK_WEBHOOK_URL_FILE; }

given=$'\n'$(compgen -e)$'\n' # what the environment sets
keep_secrets

# Whether a text holds the quotes that word processors make of plain ones.
is_curly() {
  local mark
  for mark in '“' '”' '„' "‘" "’" "‚" '«' '»'; do
    [[ $1 != *"$mark"* ]] || return 0
  done
  return 1
}

# These three say in `wrong` what is wrong with a line, and fail. It may hold a secret, and is not repeated.

refuse_line() {
  local -r exporting='^[[:space:]]*(export|set|setenv|declare)[[:space:]]'
  if [[ $1 == $'\xff\xfe'* || $1 == $'\xfe\xff'* ]]; then
    wrong='the file is UTF-16; save it as UTF-8'
  elif [[ $1 =~ $exporting ]]; then
    wrong="leave out \"${BASH_REMATCH[1]}\": a line is NAME=value, and never run"
  elif is_curly "${1%%=*}"; then
    wrong='its quotes are those of a word processor; write plain ones, or none'
  elif [[ ${1%%=*} == *$'\xc2\xa0'* ]]; then
    wrong='what looks like a blank in it is none (U+00A0); type it anew'
  else
    wrong='not a line of the form NAME=value'
  fi
  return 1
}

# Takes the value out of its quotes, or the comment off its end.
bare_value() {
  local -r quoted='^("([^"]*)"|'"'([^']*)'"')[[:space:]]*(#.*)?$' whole='^(["'\''])(.*)\1[[:space:]]*$'
  ! is_curly "${value%%[[:alnum:]/]*}" || refuse_line "$value" || return
  case $value in
    [\"\']*)
      if [[ $value =~ $quoted ]]; then
        value=${BASH_REMATCH[2]}${BASH_REMATCH[3]}
      elif [[ $value =~ $whole ]]; then
        value=${BASH_REMATCH[2]}
      else
        wrong='the quote at the beginning of the value has no end'
        return 1
      fi
      ;;
    *) value=${value%%[[:space:]]#*} value=${value%"${value##*[![:space:]]}"} ;;
  esac
}

# Puts the home directory in place of ~. Refuses what a shell would have expanded, too, and a path that is
# another one in each directory that an-sync is started in: two rosters would come of it.
whole_path() {
  local -r tilde='~'
  local scheme='' path=$value written=/the/whole/path
  if [[ $name == AN_ROSTER ]]; then
    [[ $value == sqlite:* ]] || return 0
    scheme=sqlite: path=${value#sqlite:}
  fi
  case $path in
    *\$*)
      path=${path/#"\${HOME}/"/$tilde/} path=${path/#"\$HOME/"/$tilde/}
      [[ $path == *\$* ]] || written=$path
      wrong="nothing but ~/ is expanded here; write $name=$scheme$written"
      ;;
    '' | /*) return ;;
    "$tilde" | "$tilde"/*) value=$scheme${HOME-}${path#"$tilde"} && return ;;
    "$tilde"*) wrong="only ~/ is expanded here; write $name=$scheme$written" ;;
    *) wrong="a relative path is another one in each directory; write $name=$scheme$PWD/${path#./}" ;;
  esac
  return 1
}

# Makes the paths of the environment whole, which may be relative: not all programs are started in this directory.
whole_paths() {
  local name path scheme
  for name in $PATHS; do
    path=${!name-} scheme=''
    [[ $name != AN_ROSTER || $path != sqlite:* ]] || scheme=sqlite:
    path=${path#"$scheme"}
    [[ -z $path || $path == /* || $name$scheme == AN_ROSTER ]] || printf -v "$name" %s "$scheme$PWD/$path"
  done
}

# Whether a setting that is yes or no says yes.
says_yes() {
  case ${!1-} in
    yes | 1) ;;
    '' | no | 0) return 1 ;;
    *) die 78 "$1 is yes or no, not \"${!1}\"" ;;
  esac
}

# Reads NAME=value lines. They are parsed and never run; what the environment has already wins.
load_config() {
  { local - && set +x; } 2>/dev/null # secrets stay out of a trace
  local file=$1 said owner mode line number=0 name value wrong=''
  local -r setting='^[[:space:]]*([A-Za-z_]+)[[:space:]]*=[[:space:]]*(.*)$'
  [ ! -d "$file" ] || die 78 "$file: this is a directory, and should be a file of settings"
  [ -r "$file" ] || die 78 "$file: cannot be read"
  said=$(stat -Lc '%u %a' -- "$file") || die 74 "$file: cannot be looked at"
  read -r owner mode <<<"$said"
  [[ $owner == "$EUID" || $owner == 0 ]] || die 78 "$file: belongs to somebody else"
  ((!(8#$mode & 8#077))) || die 78 "$file: others can read it, and it may hold a key: chmod 600 $file"
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    line=${line%$'\r'}
    ((number > 1)) || line=${line#$'\xef\xbb\xbf'} # a byte order mark, with which some editors begin a file
    [[ $line =~ ^[[:space:]]*(#|$) ]] && continue
    [[ $line =~ $setting ]] || refuse_line "$line" || die 78 "$file:$number: $wrong"
    name=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
    [[ $SETTINGS =~ [[:space:]]${name}[[:space:]] ]] ||
      die 78 "$file:$number: $name is not a setting that an-sync knows"
    bare_value || die 78 "$file:$number: $wrong"
    if [[ $PATHS == *" $name "* ]]; then
      whole_path || die 78 "$file:$number: $wrong"
    elif [[ $value == *"\$HOME"* || $value == *"\${HOME}"* ]]; then
      die 78 "$file:$number: nothing is expanded here; write out what \$HOME stands for"
    fi
    # A key in the environment is meant instead of a file that the configuration names, and vice versa.
    [[ $given == *$'\n'"${name%_FILE}"$'\n'* || $given == *$'\n'"${name%_FILE}_FILE"$'\n'* ]] && continue
    printf -v "$name" %s "$value"
    export "${name?}"
  done <"$file"
}

is_rate() { [[ $1 =~ ^[0-9]{1,4}(\.[0-9]+)?$ ]] && ((10#${1%.*} < 1000 || 10#${1/./} == 1000)); }
is_deadline() { [[ $1 =~ ^[0-9]{1,9}(\.[0-9]+)?$ && $1 == *[1-9]* ]]; }

configure() {
  default_config=${XDG_CONFIG_HOME:-${HOME-}/.config}/an-sync/config
  if [ -z "$config" ] && [ -e "$default_config" ]; then
    config=$default_config
  fi
  [ -z "$config" ] || load_config "$config"
  keep_secrets
  if [ -z "${AN_STATE-}" ]; then
    [ -n "${XDG_STATE_HOME-}${HOME-}" ] || die 78 'set AN_STATE: there is no home directory'
    AN_STATE=${XDG_STATE_HOME:-$HOME/.local/state}/an-sync
  fi
  whole_paths
  export AN_STATE
  : "${AN_MAX_LAPSE:=10%}" "${AN_KEEP_RUNS:=12}" "${rate:=${AN_RATE-}}"
  [[ $AN_MAX_LAPSE =~ ^([0-9]{1,9}|([0-9]{1,2}(\.[0-9]+)?|100(\.0+)?)%)$ ]] ||
    die 78 "AN_MAX_LAPSE is a number of people or a share such as 10%, not \"$AN_MAX_LAPSE\""
  [[ $AN_KEEP_RUNS =~ ^[0-9]{1,6}$ ]] || die 78 "AN_KEEP_RUNS is a number, not \"$AN_KEEP_RUNS\""
  [[ ${AN_MAIL_ALLOW-} =~ ^((forwards|automatic)(,(forwards|automatic))?)?$ ]] ||
    die 78 "AN_MAIL_ALLOW is forwards, automatic, or both with a comma between, not \"$AN_MAIL_ALLOW\""
  check_members
  [ -z "$rate" ] || is_rate "$rate" || die 78 "AN_RATE is a number of requests a second, 1000 at the most, not \"$rate\""
  [ -z "$rate" ] || engine+=(-r "$rate")
  : "${deadline:=${AN_DEADLINE-}}"
  [ -z "$deadline" ] || is_deadline "$deadline" || die 78 "AN_DEADLINE is a number of seconds above 0, not \"$deadline\""
  ! says_yes AN_OVERRIDES || engine+=(--overrides)
  ! says_yes AN_NAMES || report+=(--names)
  [ -z "$deadline" ] || engine+=(--deadline "$deadline") begin_options=(--deadline "$deadline")
}
