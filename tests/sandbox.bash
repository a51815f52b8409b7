# The sandbox Action Network for .bats files (and for the demo): start it, ask it what it saw.
# A test file loads this and calls start_sandbox in its setup or its tests; the teardown below ends it.

SANDBOX_PROGRAM=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/sandbox/actionnetwork.py

# start_sandbox [OPTION...]: starts it on a port that the kernel chooses (OPTIONs: actionnetwork.py
# --help), waits until it listens, and sets and exports AN_API_URL, AN_API_KEY, SANDBOX_URL and
# SANDBOX_LOG (a line of JSON for each request). Call it in the test's own shell, not through run.
# It ends with the shell that started it, so that no test leaves a server behind.
start_sandbox() {
  local directory=${BATS_TEST_TMPDIR:-${BATS_FILE_TMPDIR:-${TMPDIR:-/tmp}}} ready
  export AN_API_KEY=sandbox-key-that-opens-nothing
  export SANDBOX_LOG=$directory/sandbox.ndjson
  SANDBOX_ERRORS=$directory/sandbox.err
  ready=$directory/sandbox.ready.$RANDOM
  mkfifo "$ready" || return
  # Descriptor 3 is bats': whoever keeps it open keeps bats waiting.
  python3 -B "$SANDBOX_PROGRAM" --key "$AN_API_KEY" --log "$SANDBOX_LOG" --with-parent $$ "$@" \
    </dev/null >"$ready" 2>"$SANDBOX_ERRORS" 3>&- &
  SANDBOX_PID=$!
  IFS= read -r -t 30 SANDBOX_URL <"$ready" || {
    cat "$SANDBOX_ERRORS" >&2
    return 1
  }
  rm -f "$ready"
  export SANDBOX_URL AN_API_URL=$SANDBOX_URL/api/v2
}

# stop_sandbox: ends it and waits for that. Fails, and shows why, when it had an error of its own.
stop_sandbox() {
  [ -n "${SANDBOX_PID-}" ] || return 0
  kill "$SANDBOX_PID" 2>/dev/null || true
  wait "$SANDBOX_PID" 2>/dev/null || true
  unset SANDBOX_PID
  [ ! -s "$SANDBOX_ERRORS" ] || { cat "$SANDBOX_ERRORS" >&2; return 1; }
}

teardown() {
  stop_sandbox
}

# sandbox_get WHAT: people, log, stats, slack, faults, as JSON.
sandbox_get() {
  curl --silent --show-error --fail --noproxy '*' --max-time 30 "$SANDBOX_URL/sandbox/$1"
}

# sandbox_post WHAT [JSON]: people, settings, faults, save, reset. JSON may be @FILE.
sandbox_post() {
  curl --silent --show-error --fail-with-body --noproxy '*' --max-time 30 --output /dev/null \
    --data-binary "${2-}" "$SANDBOX_URL/sandbox/$1"
}

# sandbox_fault KIND [COUNT [CONTAINS]]: the next COUNT requests (1; null: all) whose URL or body
# contains CONTAINS go wrong. For more (a method, seconds, Retry-After): sandbox_post faults JSON.
sandbox_fault() {
  sandbox_post faults "$(jq -nc --arg kind "$1" --argjson count "${2-1}" --arg contains "${3-}" \
    '{next: [{$kind, $count, $contains}]}')"
}

# sandbox_people: everybody, one canonical line each, by address, without ids, dates and links: equal
# for groups that hold the same.
sandbox_people() {
  sandbox_get people |
    jq -cS 'map(del(.id, .identifiers, .created_date, .modified_date, ._links)) |
            sort_by(.email_addresses[0].address, .phone_numbers[0].number) | .[]'
}

# sandbox_person EMAIL: all of this person as canonical JSON; fails when there is none.
sandbox_person() {
  sandbox_get people | jq -ceS --arg email "$1" \
    'map(select(.email_addresses[0].address == ($email | ascii_downcase))) | first // empty'
}

# sandbox_requests [METHOD [PATH-REGEX]]: how many came. METHOD may be "" for any.
sandbox_requests() {
  sandbox_get log | jq --arg method "${1-}" --arg path "${2-}" \
    'map(select(($method == "" or .method == $method) and (.path | test($path)))) | length'
}

# posts_reach COUNT [PATH-REGEX]: whether so many POSTs came.
posts_reach() {
  [ "$(sandbox_requests POST "${2-}")" -ge "$1" ]
}

# sandbox_edit EMAIL PERSON: changes somebody, as an organizer does it.
sandbox_edit() {
  curl --silent --fail --noproxy '*' --output /dev/null --header "OSDI-API-Token: $AN_API_KEY" --request PUT \
    --header 'Content-Type: application/json' --data "$2" "$AN_API_URL/people/$(sandbox_person "$1" | jq -r .id)"
}

# slack_texts: what Slack was told.
slack_texts() {
  sandbox_get slack | jq -r '.[].text'
}
