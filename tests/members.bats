#!/usr/bin/env bats
# Who is a member for an-sync: whose rows count, by what they are known, and that no broken cell lapses anybody.
# shellcheck disable=SC2046 # the rows that `people` prints are words on purpose

load helpers
load sandbox

setup() {
  common_setup
  unset AN_MEMBERS AN_ALLOW_EMPTY AN_FOLLOW
  export AN_RATE=0
}

# export_of LINE...: an export with these rows behind its header.
export_of() {
  printf '%s\r\n' "${header:-akid,first_name,last_name,mailing_city,mailing_zip,email,membership_status}" "$@"
}

# people FROM TO: their rows.
people() {
  local n
  for ((n = $1; n <= $2; n++)); do
    echo "$((100 + n)),Nam$n,Last$n,Boston,02139,p$n@example.org,Member"
  done
}

# newer NAME ROW...: an export that comes after all others so far.
newer() {
  local name=$1
  shift
  export_of "$@" >"$name"
  clock=$((${clock:-1700000000} + 86400))
  touch -d "@$clock" "$name"
}

# hasnt TEXT PART: the contrary of has.
hasnt() {
  [[ $1 != *"$2"* ]] || { printf 'there: %s\nin: %s\n' "$2" "$1" >&2; return 1; }
}

# flagged VALUE: the addresses of those who have it as is_member.
flagged() {
  sandbox_get people | jq -r --arg value "$1" \
    '[.[] | select(.custom_fields.is_member == $value).email_addresses[0].address] | sort | join(" ")'
}

@test "with letters, who has an M is a member, month after month, and nobody else" {
  start_sandbox
  header='akid,first_name,email,memb_status_letter'
  newer october.csv '1,Rosa,rosa@example.org,M' '2,Karl,karl@example.org,L' '3,Fred,fred@example.org,E' \
    '4,Clara,clara@example.org, m ' '5,Ann,ann@example.org,M' '6,Bob,bob@example.org,M' '7,Eve,eve@example.org,L'
  run -0 --separate-stderr an-sync october.csv
  has "$output" 'Members are the rows with memb_status_letter=M; 3 other rows were left out.' '4 new'
  [ "$(flagged True)" = 'ann@example.org bob@example.org clara@example.org rosa@example.org' ]
  [ "$(flagged False)" = '' ]
  newer november.csv '1,Rosa,rosa@example.org,L' '2,Karl,karl@example.org,M' '3,Fred,fred@example.org,E' \
    '4,Clara,clara@example.org,M' '5,Ann,ann@example.org,E' '6,Bob,bob@example.org,M' '7,Eve,eve@example.org,L'
  run -0 --separate-stderr an-sync -n november.csv
  has "$output" '- rosa@example.org' '- ann@example.org' "4 rows are no members'" 'members are rows with memb_status_letter=M'
  run -0 --separate-stderr an-sync november.csv
  [ "$(flagged True)" = 'bob@example.org clara@example.org karl@example.org' ]
  [ "$(flagged False)" = 'ann@example.org rosa@example.org' ]
  # Somebody who is none was never made a person.
  [ "$(sandbox_get people | jq 'length')" = 5 ]
}

@test "AN_MEMBERS says whose rows count, and empty takes all of them" {
  start_sandbox
  header='akid,first_name,email,memb_status_letter,zip'
  rows=('1,Rosa,rosa@example.org,M,02130' '2,Karl,karl@example.org,L,02131' '3,Ann,ann@example.org,M,02139')
  newer week1.csv "${rows[@]}"
  AN_MEMBERS='memb_status_letter=M;zip=02130,02131' run -0 --separate-stderr an-sync week1.csv
  [ "$(flagged True)" = rosa@example.org ]
  newer week2.csv "${rows[@]}"
  AN_MEMBERS='' run -0 --separate-stderr an-sync week2.csv
  [ "$(flagged True)" = 'ann@example.org karl@example.org rosa@example.org' ]
  hasnt "$output" 'Members are'
  newer week3.csv "${rows[@]}"
  AN_MEMBERS='zip!=02131' run -0 --separate-stderr an-sync week3.csv
  [ "$(flagged True)" = 'ann@example.org rosa@example.org' ]
  newer week4.csv "${rows[@]}"
  AN_MEMBERS='status=M' run -65 --separate-stderr an-sync week4.csv
  has "$stderr" 'week4.csv: there is no column "status"'
  [ "$(flagged True)" = 'ann@example.org rosa@example.org' ]
}

@test "an export that has lost its letters makes no member of who has left" {
  start_sandbox
  header='akid,first_name,email,memb_status_letter'
  newer week1.csv '1,Rosa,rosa@example.org,M' '2,Karl,karl@example.org,L' '3,Ann,ann@example.org,M'
  run -0 --separate-stderr an-sync week1.csv
  header='akid,first_name,email,membership_status_letter'
  newer week2.csv '1,Rosa,rosa@example.org,M' '2,Karl,karl@example.org,L' '3,Ann,ann@example.org,M'
  run -65 --separate-stderr an-sync week2.csv
  has "$stderr" 'week2.csv: it does not say any more who is a member (memb_status_letter=M)' 'set AN_MEMBERS to nothing (AN_MEMBERS=)'
  [ "$(flagged True)" = 'ann@example.org rosa@example.org' ]
  AN_MEMBERS='membership_status_letter=M' run -0 --separate-stderr an-sync week2.csv
  has "$output" 'no changes'
  AN_MEMBERS='' run -0 --separate-stderr an-sync week2.csv
  [ "$(flagged True)" = 'ann@example.org karl@example.org rosa@example.org' ]
}

@test "check says whose rows count, and a rule that is none is status 78" {
  run ! an-sync check
  has "$output" 'ok      members: rows with memb_status_letter=M where an export has that column, else every row'
  AN_MEMBERS='zip=02130' run ! an-sync check
  has "$output" 'ok      members: rows with zip=02130'
  AN_MEMBERS='' run ! an-sync check
  has "$output" 'ok      members: every row'
  newer week.csv "$(people 1 2)"
  AN_MEMBERS='zip' run -78 --separate-stderr an-sync week.csv
  has "$stderr" 'AN_MEMBERS' '"zip"'
  AN_ALLOW_EMPTY='"phone' run -78 --separate-stderr an-sync week.csv
  has "$stderr" AN_ALLOW_EMPTY
}

@test "the address is known by whatever name the field map has for it" {
  start_sandbox
  jq '.email = {from: ["email", "Email Address"]}' "$ROOT/lib/people/field_map_builtin.json" >map.json
  export AN_FIELD_MAP=$PWD/map.json
  newer week1.csv $(people 1 12)
  an-sync week1.csv >/dev/null
  header='akid,first_name,last_name,mailing_city,mailing_zip,Email Address,membership_status'
  newer week2.csv $(people 1 12)
  run -0 --separate-stderr an-sync week2.csv
  has "$output" 'no changes, 12 unchanged'
  # Who moves meanwhile, and what was begun and not done, are found by it, too.
  newer week3.csv $(people 1 11) 112,Nam12,Last12,Boston,02139,new@example.org,Member
  an-sync week3.csv >/dev/null
  [ "$(sandbox_get people | jq length)" = 12 ]
  has "$(flagged True)" new@example.org
  hasnt "$(flagged True)" p12@example.org
  unset header
  newer week4.csv $(people 1 11) 112,Nam12,Last12,Boston,02139,new@example.org,Member
  run -0 --separate-stderr an-sync week4.csv
  has "$output" 'no changes, 12 unchanged'
}

@test "no blank or broken address lapses anybody who can be recognised, whatever is in the cell" {
  start_sandbox
  newer base.csv $(people 0 5)
  an-sync base.csv >/dev/null
  before=$(sandbox_get people | jq -S .)
  requests=$(sandbox_get stats | jq .requests)
  for cell in '' ' ' '""' 'NULL' 'None' 'N/A' '-' 'Nam One <p1@example.org>' 'mailto:p1@example.org' '<p1@example.org>' \
    'p1@example.org.' 'p1@example.org;' $'p1@example.org\u00a0' $'\u200bp1@example.org\u200b' 'P1@EXAMPLE.ORG' \
    '"p1@example.org "' '"p1@example.org, p1b@example.org"' 'p1' 'p1@example' 'p1 @example.org' $'p1\u200b@example.org'; do
    newer week.csv "$(people 0 0)" "101,Nam1,Last1,Boston,02139,$cell,Member" $(people 2 5)
    run -0 --separate-stderr an-sync week.csv
    has "$output" 'no changes, 6 unchanged; 6 members'
  done
  [ "$(sandbox_get people | jq -S .)" = "$before" ]
  [ "$(sandbox_get stats | jq .requests)" = "$requests" ]
  # Without an id, what is the same address all the same is no change.
  for cell in $'p1@example.org\u00a0' $'\u200bp1@example.org\u200b' 'P1@EXAMPLE.ORG' '"p1@example.org "'; do
    newer week.csv "$(people 0 0)" ",Nam1,Last1,Boston,02139,$cell,Member" $(people 2 5)
    AN_MAX_LAPSE=0 an-sync week.csv >/dev/null
    hasnt "$(flagged False)" p1
  done
}

@test "the report says who stays for want of an address, and quotes no cell of the export" {
  start_sandbox
  newer week1.csv $(people 1 12)
  an-sync week1.csv >/dev/null
  newer week2.csv $(people 1 9) '110,Nam10,Last10,Boston,02139,,Member' \
    '111,Nam11,Last11,Boston,02139,Nam Eleven <p11@example.org>,Member' '112,Nam12,Last12,Boston,02139,NULL,Member'
  run -0 --separate-stderr an-sync week2.csv
  has "$output" 'no changes, 12 unchanged; 12 members' '3 members have no address in the export, and stay as they were.' \
    $'3 rows were skipped:\n  2: what should be an address is none\n  1: no email'
  hasnt "$output" Eleven
}

@test "an id is known under its other names, and as a spreadsheet writes it" {
  start_sandbox
  newer week1.csv $(people 1 12)
  an-sync week1.csv >/dev/null
  header='actionkit_id,first_name,last_name,mailing_city,mailing_zip,email,membership_status'
  newer week2.csv $(people 1 11) '112.0,Nam12,Last12,Boston,02139,new@example.org,Member'
  AN_MAX_LAPSE=0 run -0 --separate-stderr an-sync week2.csv
  [ "$(sandbox_get people | jq length)" = 12 ]
  has "$(flagged True)" new@example.org
  [ "$(flagged False)" = '' ]
}

@test "a column that lost all its values is refused, and AN_ALLOW_EMPTY lets it" {
  start_sandbox
  newer week1.csv $(people 1 25)
  an-sync week1.csv >/dev/null
  newer week2.csv $(people 1 25 | sed s/Boston//)
  run -65 --separate-stderr an-sync week2.csv
  has "$stderr" 'week2.csv: no row has a value in the column mailing_city any more' AN_ALLOW_EMPTY
  AN_ALLOW_EMPTY=mailing_city run -0 --separate-stderr an-sync week2.csv
  has "$output" '25 updated'
}

@test "what is wrong with an export is said of the file that people have, and of its row" {
  start_sandbox
  newer week.csv "$(people 1 1)" '102,Nam2,Last2,Boston, MA,02139,p2@example.org,Member'
  gzip -k week.csv
  run -65 --separate-stderr an-sync week.csv.gz
  has "$stderr" 'week.csv.gz: row 3: this row has 8 fields, the header has 7'
  sed -i 's/,/;/g' week.csv
  run -65 --separate-stderr an-sync week.csv
  has "$stderr" 'week.csv: row 1: its columns are separated by semicolons; export it as CSV with commas'
}
