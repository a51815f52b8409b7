# A roster for .bats files, whatever keeps it. Only this file, roster-sqlite.bats and roster-dynamodb.bats know what
# that is: a DynamoDB table in files whose name says so, where roster-commit-dynamodb.bats is roster-commit.bats by
# another name; a SQLite database in all others. The table is moto's, or dynalite's, again as the name says.

load aws

in_dynamodb() {
  [[ ${BATS_TEST_FILENAME##*/} == *-dynamodb.bats ]] || in_dynalite
}

in_dynalite() {
  [[ ${BATS_TEST_FILENAME##*/} == *-dynalite.bats ]]
}

setup_file() {
  local server=aws
  in_dynamodb || return 0
  ! in_dynalite || server=dynalite
  if AWS_MISSING=$("${server}_missing"); then
    export AWS_MISSING # for use_roster: bats 1.8 counts a skip here as a failure
    return 0
  fi
  "${server}_start" "$BATS_FILE_TMPDIR/aws" && make_table
}

# make_table: makes a table for any number of rosters.
make_table() {
  local key='{"AttributeName":"roster","KeyType":"HASH"},{"AttributeName":"email","KeyType":"RANGE"}'
  aws_call dynamodb DynamoDB_20120810.CreateTable "{\"TableName\":\"rosters\",\"BillingMode\":\"PAY_PER_REQUEST\",
    \"KeySchema\":[$key],\"AttributeDefinitions\":[{\"AttributeName\":\"roster\",\"AttributeType\":\"S\"},
    {\"AttributeName\":\"email\",\"AttributeType\":\"S\"}]}" >/dev/null
}

teardown_file() {
  aws_stop
}

# use_roster [NAME]: names, in the exported AN_ROSTER, a roster of the test's own that nobody has made yet.
use_roster() {
  [ -z "${AWS_MISSING-}" ] || skip "$AWS_MISSING"
  export AN_ROSTER=sqlite:$BATS_TEST_TMPDIR/rosters/${1:-roster}.sqlite
  ! in_dynamodb || AN_ROSTER=dynamodb:rosters/$BATS_TEST_NUMBER/${1:-roster}
}

setup() {
  common_setup
  use_roster roster
}

# unusable_roster: prints the name of a roster that can't be written, whoever tries.
unusable_roster() {
  echo sqlite:/dev/null/roster.sqlite
}

# check_roster: fails when the store is damaged. None at all is not.
check_roster() {
  case $AN_ROSTER in
    sqlite:*) [ ! -e "${AN_ROSTER#sqlite:}" ] || [ "$(sqlite3 "${AN_ROSTER#sqlite:}" 'PRAGMA integrity_check')" = ok ] ;;
    *) roster-dump >/dev/null ;;
  esac
}

# members: the roster's members as JSON objects, one a line, with the two columns that are not the row's.
members() {
  roster-dump >members.csv || return
  csv-diff /dev/null members.csv | jq -cS 'select(.row).row'
}

# addresses: the members' addresses, one a line.
addresses() {
  members | jq -r .email
}

# result CHANGE KEY [MORE]: a record that Action Network has acknowledged; MORE is a JSON object.
result() {
  jq -nc --arg change "$1" --arg key "$2" --argjson more "${3:-null}" \
    '{$change, $key, row: {email: $key}, result: {status: "ok", http: 200}} * ($more // {})'
}

# records COUNT [FROM [NOTE]]: acknowledged new members, quickly made, each with the note (plain ASCII).
records() {
  local from=${2:-1} note=${3+,\"note\":\"$3\"}
  seq "$from" $((from + $1 - 1)) |
    sed "s/.*/{\"change\":\"new\",\"key\":\"&@example.org\",\"row\":{\"email\":\"&@example.org\"$note},\"result\":{\"status\":\"ok\"}}/"
}

# make_silence: makes ./silent, to be read from, where nothing ever comes and no end either.
make_silence() {
  mkfifo silent
  exec 9<>silent
}
