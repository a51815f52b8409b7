# Records to send and results to look at, for the tests of an-upsert and an-lapse.

# A field map that every row below fills, so that nothing is said about columns that are missing.
small_map() {
  export AN_FIELD_MAP=$BATS_TEST_TMPDIR/map.json
  cat >"$AN_FIELD_MAP" <<'MAP'
{"email": "email", "given_name": "first_name",
 "custom_fields": {"Phone": "phone", "is_member": {"value": "True"}}}
MAP
}

setup() {
  common_setup
  small_map
}

teardown() {
  stop_sandbox
  stop_canned
}

# change KIND KEY [ROW [MORE]]: a record. The row's columns are those of small_map, unless ROW says
# otherwise; MORE is added to the record.
change() {
  jq -nc --arg change "$1" --arg key "$2" --argjson row "${3-{\}}" --argjson more "${4-{\}}" '
    {$change, $key, row: ({email: $key, first_name: "Rosa", phone: "6175550100"} + $row)} + $more'
}

# changes KIND FIRST LAST [ROW-FILTER]: records for memberN@example.org. ROW-FILTER is jq's, applied to
# each row with $n at hand.
changes() {
  jq -nc --arg kind "$1" --argjson first "$2" --argjson last "$3" '
    range($first; $last + 1) as $n | "member\($n)@example.org" as $email |
    {change: $kind, key: $email, row: ({email: $email, first_name: "Name \($n)", phone: "\($n)"} | '"${4-.}"')}'
}

# result KEY [FILTER]: of the results in $output; each line that has this key, by default its result.
result() {
  jq -c --arg key "$1" "select(.key == \$key) | ${2-.result}" <<<"$output"
}

# statuses [FILE]: how many results of each status, such as {"ok":3}, in a file or in $output.
statuses() {
  if [ $# -gt 0 ]; then cat "$1"; else printf '%s\n' "$output"; fi |
    jq -cs '[.[] | select(.result).result.status] | group_by(.) | map({(.[0]): length}) | add // {}'
}

# sent [FILTER]: what the sandbox was sent, a line for each request: "METHOD PATH BODY", or FILTER of its log.
sent() {
  sandbox_get log | jq -rc ".[] | ${1-"[.method, .path, (.body | tojson)] | join(\" \")"}"
}

# seed EMAIL [PERSON]: somebody whom the group has already; sets $id.
seed() {
  sandbox_post people "$(jq -nc --arg email "$1" --argjson more "${2-{\}}" '[{$email} + $more]')"
  id=$(sandbox_person "$1" | jq -r .id)
}

# start_canned NAME: a server that answers everything with the file NAME.answer; sets $canned to its URL, and
# keeps what it was asked in NAME.log. It ends with the test's shell.
start_canned() {
  local ready=$BATS_TEST_TMPDIR/$1.ready
  mkfifo "$ready"
  : >"$1.log"
  python3 -B "$ROOT/tests/sandbox/canned.py" "$1.answer" "$1.log" $$ </dev/null >"$ready" 3>&- &
  CANNED_PIDS+=" $!"
  IFS= read -r -t 30 canned <"$ready"
}

stop_canned() {
  # shellcheck disable=SC2086 # the ids are words
  [ -z "${CANNED_PIDS-}" ] || kill $CANNED_PIDS
}

# answer NAME STATUS BODY [HEADER]: what the server NAME says from now on.
answer() {
  printf 'HTTP/1.1 %s Whatever\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n%s\r\n%s' \
    "$2" "$(printf %s "$3" | wc -c)" "${4+$4$'\r\n'}" "$3" >"$1.answer"
}
