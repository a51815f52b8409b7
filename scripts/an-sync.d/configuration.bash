# The settings, from a file and from the environment, which counts instead of it.
# Needs: config, rate and deadline, of the command line; messages.bash.
# Sets: the settings, of which only those that every program may see are exported; config, rate and deadline
# where they were left open; engine and begin_options.
# shellcheck shell=bash

readonly SETTINGS=' AN_API_KEY AN_API_KEY_FILE AN_API_URL AN_ROSTER AN_FIELD_MAP AN_STATE AN_MAX_LAPSE
 AN_KEEP_RUNS AN_FOLLOW AN_RATE AN_DEADLINE AN_LOCK_OWNER AN_MAIL_FROM AN_MAIL_SUBJECT AN_MAIL_REQUIRE_AUTH
 SLACK_WEBHOOK_URL SLACK_WEBHOOK_URL_FILE http_proxy https_proxy no_proxy CURL_CA_BUNDLE SSL_CERT_FILE
 AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION '

# Reads NAME=value lines. They are parsed and never run; what the environment has already wins.
load_config() {
  { local - && set +x; } 2>/dev/null # secrets stay out of a trace
  local file=$1 owner mode line number=0 name value given
  local -r setting='^[[:space:]]*([A-Za-z_]+)[[:space:]]*=[[:space:]]*(.*)$'
  [ -r "$file" ] || die 78 "$file: cannot be read"
  read -r owner mode < <(stat -Lc '%u %a' -- "$file")
  [[ $owner == "$EUID" || $owner == 0 ]] || die 78 "$file: belongs to somebody else"
  ((!(8#$mode & 8#077))) || die 78 "$file: others can read it, and it may hold a key: chmod 600 $file"
  given=" $(compgen -e | tr '\n' ' ') "
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    line=${line%$'\r'}
    [[ $line =~ ^[[:space:]]*(#|$) ]] && continue
    [[ $line =~ $setting && $SETTINGS =~ [[:space:]]${BASH_REMATCH[1]}[[:space:]] ]] ||
      die 78 "$file:$number: not a setting that an-sync knows"
    [[ $line =~ $setting ]]
    name=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
    case $value in
      \"*\" | \'*\') value=${value:1:-1} ;;
      *) value=${value%%[[:space:]]#*} value=${value%"${value##*[![:space:]]}"} ;;
    esac
    # A key in the environment is meant instead of a file that the configuration names, and vice versa.
    [[ $given == *" ${name%_FILE} "* || $given == *" ${name%_FILE}_FILE "* ]] && continue
    # What a shell would have expanded, also in sqlite:~/...
    [[ ! $value =~ ^([a-z]+:)?'~/'(.*)$ ]] || value=${BASH_REMATCH[1]}$HOME/${BASH_REMATCH[2]}
    printf -v "$name" %s "$value"
    export "${name?}"
  done <"$file"
}

configure() {
  local default=${XDG_CONFIG_HOME:-${HOME-}/.config}/an-sync/config
  if [ -z "$config" ] && [ -e "$default" ]; then
    config=$default
  fi
  [ -z "$config" ] || load_config "$config"
  # Only the program that needs a secret sees it; from here on they are not in the environment.
  export -n AN_API_KEY AN_API_KEY_FILE SLACK_WEBHOOK_URL SLACK_WEBHOOK_URL_FILE
  if [ -z "${AN_STATE-}" ]; then
    [ -n "${XDG_STATE_HOME-}${HOME-}" ] || die 78 'set AN_STATE: there is no home directory'
    AN_STATE=${XDG_STATE_HOME:-$HOME/.local/state}/an-sync
  fi
  [[ $AN_STATE == /* ]] || AN_STATE=$PWD/$AN_STATE
  export AN_STATE
  : "${AN_MAX_LAPSE:=10%}" "${AN_KEEP_RUNS:=12}" "${rate:=${AN_RATE-}}"
  [[ $AN_MAX_LAPSE =~ ^[0-9]+(\.[0-9]+)?%?$ ]] ||
    die 78 "AN_MAX_LAPSE is a number of people or a share such as 10%, not \"$AN_MAX_LAPSE\""
  [[ $AN_KEEP_RUNS =~ ^[0-9]{1,6}$ ]] || die 78 "AN_KEEP_RUNS is a number, not \"$AN_KEEP_RUNS\""
  [[ $rate =~ ^([0-9]+(\.[0-9]+)?)?$ ]] || die 78 "the rate is a number, not \"$rate\""
  [ -z "$rate" ] || engine+=(-r "$rate")
  [[ ${deadline:=${AN_DEADLINE-}} =~ ^([0-9]+(\.[0-9]+)?)?$ ]] ||
    die 78 "AN_DEADLINE is a number of seconds, not \"$deadline\""
  [ -z "$deadline" ] || engine+=(--deadline "$deadline") begin_options=(--deadline "$deadline")
}
