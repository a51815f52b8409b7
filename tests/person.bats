# The field map and the persons made by it: lib/people/person.h, through tests/unit/person.c.
load helpers

# body [ROW] [WAS] [MAP]: the person that the map makes of the row.
body() {
  local record
  record=$(jq -cn --argjson row "$1" --argjson was "${2:-null}" '{row: $row} + if $was then {was: $was} else {} end')
  test-person body ${3:+"$3"} <<<"$record"
}

# person ROW [WAS] [MAP]: only what is inside "person".
person() {
  body "$@" | jq -c .person
}

# map JQ: writes map.json, a small map changed by the jq program.
map() {
  jq -n '{email: "email", custom_fields: {is_member: {value: "True"}}}' | jq "$1" >map.json
}

# refuses JQ PART...: the map is refused with status 78 and a message that has every part.
refuses() {
  map "$1"
  shift
  run -78 --separate-stderr test-person map map.json </dev/null
  [ "$output" = "" ]
  has "$stderr" "test-person: map.json: " "$@"
  [ "${#stderr_lines[@]}" -eq 1 ]
}

full_row() {
  cat <<'JSON'
{"akid":"81","first_name":"Rosa","middle_name":"M","last_name":"Luxemburg","suffix":"Jr",
 "mailing_address1":"1 Main St","mailing_address2":"Apt 2","mailing_city":"Boston","mailing_state":"MA",
 "mailing_zip":"2139","mobile_phone":"617-555-0101","home_phone":"","work_phone":"",
 "best_phone":"(617) 555-0100, 617-555-0199","email":"Rosa@Example.org","mailing_preference":"Yes",
 "do_not_call":"No","p2ptext_optout":"0","join_date":"2019-03-08","xdate":"2026-03-08",
 "membership_type":"annual","monthly_dues_status":"never","annual_recurring_dues_status":"active",
 "membership_status":"Member in Good Standing","memb_status_letter":"M","union_member":"Yes",
 "union_name":"UAW","union_local":"5118","student_yes_no":"No","student_school_name":"",
 "ydsa_chapter":"","dsa_chapter":"Boston","accommodations":"ramp","race":"x",
 "new_member_past_month":"1","list_date":"2026-01-02"}
JSON
}

@test "the built-in map turns a row of a recent export into a person" {
  run -0 --separate-stderr body "$(full_row)"
  [ "$stderr" = "" ]
  same_json "$output" '{"person":{"email_addresses":[{"address":"Rosa@Example.org"}],
    "given_name":"Rosa","family_name":"Luxemburg",
    "postal_addresses":[{"address_lines":["1 Main St","Apt 2"],"locality":"Boston","region":"MA",
      "postal_code":"02139","country":"US"}],
    "custom_fields":{"Phone":"6175550100","Middle Name":"M","Suffix":"Jr","Mailing Preference":"Yes",
      "Do Not Call":"No","P2P Text Opt Out":"0","Join Date":"2019-03-08","Membership Type":"annual",
      "Monthly Dues Status":"never","Annual Recurring Dues Status":"active",
      "Membership Status":"Member in Good Standing","Union Member":"Yes","Union Name":"UAW",
      "Union Local":"5118","Student":"No","DSA Chapter":"Boston","Accommodations":"ramp",
      "AK_ID":"81","is_member":"True"}}}'
}

@test "every column of a recent export is mapped, but those that are private or move by themselves" {
  run -0 --separate-stderr test-person map <<<'{}'
  left_out=$(jq -rn --argjson row "$(full_row)" --argjson map "$output" \
    '($row | keys) - $map.columns | join(" ")')
  [ "$left_out" = "list_date memb_status_letter new_member_past_month race xdate" ]
  # A chapter's own export, in other spellings.
  header='["first_name","middle_name","last_name","email","do_not_call","p2ptext_optout","best_phone","mobile_phone","home_phone",
    "work_phone","join_date","xdate","membership_type","monthly_dues_status","yearly_dues_status","membership_status",
    "memb_status_letter","union_member","union_name","union_local","accomodations","race","student_yes_no","student_school_name",
    "mailing_pref","address1","address2","city","state","zip","country","actionkit_id","dsa_chapter","ydsa_chapter",
    "new_member_past_month","list_date"]'
  left_out=$(jq -rn --argjson header "$header" --argjson map "$output" '($header | sort) - $map.columns | join(" ")')
  [ "$left_out" = "list_date memb_status_letter new_member_past_month race xdate" ]
}

@test "no status, no identifier and no phone number is ever sent" {
  run -0 --separate-stderr person "$(full_row | jq -c '. + {status: "x", identifiers: "y", phone_numbers: "z"}')"
  [ "$(jq -c 'keys' <<<"$output")" = \
    '["custom_fields","email_addresses","family_name","given_name","postal_addresses"]' ]
}

@test "fields are always written in the same order" {
  run -0 --separate-stderr person "$(full_row)"
  [ "$(jq -c keys_unsorted <<<"$output")" = \
    '["email_addresses","given_name","family_name","postal_addresses","custom_fields"]' ]
  [ "$(jq -c '.postal_addresses[0] | keys_unsorted' <<<"$output")" = \
    '["address_lines","locality","region","postal_code","country"]' ]
}

@test "the columns' older spellings serve" {
  for spelling in akid ak_id actionkit_id AK_ID ' AkId '; do
    run -0 --separate-stderr person "{\"email\":\"a@b.c\",\"$spelling\":\"81\"}"
    [ "$(jq -r .custom_fields.AK_ID <<<"$output")" = 81 ]
  done
  for spelling in mailing_zip Billing_Zip zip; do
    run -0 --separate-stderr person "{\"Email\":\"a@b.c\",\"$spelling\":\"02139\"}"
    [ "$(jq -r '.postal_addresses[0].postal_code' <<<"$output")" = 02139 ]
  done
  while IFS='|' read -r spelling field; do
    run -0 --separate-stderr person "{\"email\":\"a@b.c\",\"$spelling\":\"active\"}"
    [ "$(jq -r --arg field "$field" '.custom_fields[$field]' <<<"$output")" = active ] || { echo "$spelling: $output"; false; }
  done <<'SPELLINGS'
annual_recurring_dues_status|Annual Recurring Dues Status
yearly_dues_status|Annual Recurring Dues Status
monthly_dues_status|Monthly Dues Status
monthly_status|Monthly Dues Status
mailing_pref|Mailing Preference
mailing_preference|Mailing Preference
accomodations|Accommodations
union_name_local|Union Name
SPELLINGS
  for spelling in email email_address E-mail 'Email Address'; do
    run -0 --separate-stderr person "{\"$spelling\":\"a@b.c\"}"
    [ "$(jq -r '.email_addresses[0].address' <<<"$output")" = a@b.c ]
  done
}

@test "the first column that is not empty is taken" {
  run -0 --separate-stderr person '{"email":"a@b.c","best_phone":" \t","home_phone":"617 555 0102","work_phone":"5"}'
  [ "$(jq -r .custom_fields.Phone <<<"$output")" = 6175550102 ]
}

@test "values are sent trimmed, accents and apostrophes as they are, empty ones not at all" {
  run -0 --separate-stderr person '{"email":" O'\''Brien+x@Example.org ","first_name":" Zoë  Ann\r\n","last_name":"  "}'
  same_json "$output" '{"email_addresses":[{"address":"O'\''Brien+x@Example.org"}],
    "given_name":"Zoë  Ann","custom_fields":{"is_member":"True"}}'
}

@test "ZIP codes get back what a spreadsheet took, and nothing else is touched" {
  while read -r from to; do
    run -0 --separate-stderr person "$(jq -nc --arg zip "$from" '{email: "a@b.c", $zip}')"
    [ "$(jq -r '.postal_addresses[0].postal_code' <<<"$output")" = "$to" ] || { echo "$from: $output"; false; }
  done <<'ZIPS'
2139 02139
02139 02139
501 00501
7 00007
2139-1234 02139-1234
02139-1234 02139-1234
2139.0 02139
2139.00 02139
02139.0 02139
10115.0 10115
="02139" 02139
="2139" 02139
'02139 02139
'2139' 02139
021391234 021391234
2139-12 2139-12
2139-123x 2139-123x
2139-12345 2139-12345
2139.5 2139.5
2139. 2139.
K1A0B1 K1A0B1
'K1A0B1 K1A0B1
-1234 -1234
2,139 02139
02,139 02139
2,139.00 02139
02139- 02139
2139- 02139
,139 ,139
21,39 21,39
2,139-1234 2,139-1234
102,139 102,139
02139-- 02139--
- -
21x 21x
="02139"x" ="02139"x"
="02139 ="02139
ZIPS
}

@test "a postal code of another country gets no zeros, whoever says which country it is" {
  while IFS='|' read -r country from to; do
    run -0 --separate-stderr person "$(jq -nc --arg zip "$from" --arg country "$country" '{email: "a@b.c", $zip, $country}')"
    [ "$(jq -r '.postal_addresses[0].postal_code' <<<"$output")" = "$to" ] || { echo "$country $from: $output"; false; }
  done <<'ZIPS'
|2139|02139
NULL|2139|02139
US|2139|02139
united states|2139|02139
U.S.A.|2139|02139
Puerto Rico|601|00601
Australia|2000|2000
AU|2000.0|2000
AU|2,000|2,000
Brazil|01310-|01310-
Denmark|'0800|0800
Germany|1067|1067
somewhere|2000|2000
ZIPS
  map '.postal_code = {from: "zip", as: "zip"} | .country = {value: "Norway"}'
  run -0 --separate-stderr person '{"email":"a@b.c","zip":"0150"}' null map.json
  [ "$(jq -r '.postal_addresses[0].postal_code' <<<"$output")" = 0150 ]
  run -0 --separate-stderr person '{"email":"a@b.c","zip":"150"}' null map.json
  [ "$(jq -r '.postal_addresses[0].postal_code' <<<"$output")" = 150 ]
}

@test "a phone is the first of its list, without what people and programs write around its digits" {
  while IFS='|' read -r from to; do
    run -0 --separate-stderr person "$(jq -nc --arg phone "$(printf %b "$from")" '{email: "a@b.c", best_phone: $phone}')"
    [ "$(jq -r '.custom_fields.Phone // "none"' <<<"$output")" = "$to" ] || { echo "$from: $output"; false; }
  done <<'PHONES'
617-555-0100|6175550100
(617) 555.0100|6175550100
[617] 555 0100;617-555-0199|6175550100
 , 617-555-0100, 617-555-0199|6175550100
617-555-0100/617-555-0101|6175550100
617-555-0100 / 617-555-0101|6175550100
617/555-0100|6175550100
617-555-0100\n617-555-0101|6175550100
617-555-0100\r\n617-555-0101|6175550100
+44 20 7946-0958|+442079460958
617\u00a0555\u20110100|6175550100
6175550100.0|6175550100
6175550100.00|6175550100
+16175550100.0|+16175550100
617.555.0100 x12|6175550100
617-555-0100 ext. 12|6175550100
617-555-0100 Extension 12|6175550100
617-555-0100 #12|6175550100
6175550100x12, 617-555-0199|6175550100
tel:+1-617-555-0100|+16175550100
TEL: 617-555-0100|6175550100
tel:+1-617-555-0100;ext=12|+16175550100
="6175550100"|6175550100
="617-555-0100, 617-555-0101"|6175550100
'6175550100|6175550100
'+1 617 555 0100|+16175550100
6.175550123E+09|6175550123
6.175550123e9|6175550123
 - , () |none
PHONES
}

@test "what is no phone number for certain is sent as it stands" {
  while IFS='|' read -r phone; do
    run -0 --separate-stderr person "$(jq -nc --arg phone "$phone" '{email: "a@b.c", best_phone: $phone}')"
    [ "$(jq -r '.custom_fields.Phone' <<<"$output")" = "$phone" ] || { echo "$phone: $output"; false; }
  done <<'PHONES'
6.1755501E+09
6.18E+09
617-555-0100 (cell)
home 617-555-0100, 617-555-0199
617-555-0100 617-555-0101
617-555-01OO
1-800-FLOWERS
617-555-0100 x
911
555-01
n/a, 617-555-0100
1+617-555-0100
PHONES
}

@test "a country is sent by its two letters, from the export, else the constant; what names none as it stands" {
  while IFS='|' read -r country to; do
    run -0 --separate-stderr person "$(jq -nc --arg country "$country" '{email: "a@b.c", city: "X", $country}')"
    [ "$(jq -r '.postal_addresses[0].country' <<<"$output")" = "$to" ] || { echo "$country: $output"; false; }
  done <<'COUNTRIES'
|US
N/A|US
Canada|CA
United States|US
united states of america|US
USA|US
DEU|DE
de|DE
Côte d'Ivoire|CI
Atlantis|Atlantis
COUNTRIES
  run -0 --separate-stderr person '{"email":"a@b.c","city":"X"}'
  [ "$(jq -r '.postal_addresses[0].country' <<<"$output")" = US ]
}

@test "a column, else a constant: also when the column was emptied, and for any field" {
  map '.custom_fields.Chapter = {from: ["chapter", "branch"], value: "Boston"} | .custom_fields.Phone = {from: "phone", as: "phone", value: "none"}
    | .given_name = {from: "name", value: "Friend"}'
  run -0 --separate-stderr person '{"email":"a@b.c","chapter":"","branch":"","phone":"617-555-0100","name":"Rosa"}' '{"chapter":"Salem"}' map.json
  same_json "$output" '{"email_addresses":[{"address":"a@b.c"}],"given_name":"Rosa","custom_fields":{"Chapter":"Boston","Phone":"6175550100","is_member":"True"}}'
  run -0 --separate-stderr person '{"email":"a@b.c","branch":"Lynn"}' null map.json
  same_json "$output" '{"email_addresses":[{"address":"a@b.c"}],"given_name":"Friend","custom_fields":{"Chapter":"Lynn","Phone":"none","is_member":"True"}}'
}

@test "a country that was emptied is the constant beside other parts of the address, and null alone" {
  run -0 --separate-stderr person '{"email":"a@b.c","city":"Boston","country":""}' '{"country":"Canada"}'
  [ "$(jq -c .postal_addresses <<<"$output")" = '[{"locality":"Boston","country":"US"}]' ]
  run -0 --separate-stderr person '{"email":"a@b.c","city":"","country":""}' '{"city":"Boston","country":"Canada"}'
  [ "$(jq -c .postal_addresses <<<"$output")" = '[{"locality":null,"country":null}]' ]
}

@test "what a database writes for nothing is nothing, and a name is none of it" {
  for nothing in NULL null None N/A n/a '#N/A' NaN nan '(null)' '[NULL]' '<NA>' '\N' '#REF!' '#DIV/0!' '#ERROR!' undefined \
    ' NULL ' '="NULL"'; do
    run -0 --separate-stderr person "$(jq -nc --arg x "$nothing" '{email: "a@b.c", first_name: $x, best_phone: $x, home_phone: "617-555-0100", suffix: $x, city: $x}')"
    same_json "$output" '{"email_addresses":[{"address":"a@b.c"}],"custom_fields":{"Phone":"6175550100","is_member":"True"}}'
  done
  run -0 --separate-stderr person '{"email":"a@b.c","first_name":"Nan","last_name":"Null"}'
  [ "$(jq -r '.given_name + " " + .family_name' <<<"$output")" = 'Nan Null' ]
  run -0 --separate-stderr person '{"email":"a@b.c","last_name":"NULL","suffix":"None"}' '{"last_name":"Luxemburg","suffix":""}'
  [ "$(jq -c '[has("family_name"), .family_name, (.custom_fields | has("Suffix"))]' <<<"$output")" = '[true,null,false]' ]
}

@test "the map says which texts are empty, and is may ask for one of them" {
  map '.empty = ["-", "unknown"] | .given_name = "name" | .custom_fields.None = {from: "union", is: "None"}'
  run -0 --separate-stderr person '{"email":"a@b.c","name":" unknown ","union":"None"}' null map.json
  same_json "$output" '{"email_addresses":[{"address":"a@b.c"}],"custom_fields":{"None":"True","is_member":"True"}}'
  run -0 --separate-stderr person '{"email":"a@b.c","name":"NULL"}' null map.json
  [ "$(jq -r .given_name <<<"$output")" = NULL ]
  map '.empty = [] | .given_name = "name"'
  run -0 --separate-stderr person '{"email":"a@b.c","name":"None"}' null map.json
  [ "$(jq -r .given_name <<<"$output")" = None ]
  map '.custom_fields.None = {from: ["union", "local"], is: "none"}'
  run -0 --separate-stderr person '{"email":"a@b.c","union":"NULL","local":"None"}' null map.json
  [ "$(jq -r .custom_fields.None <<<"$output")" = True ]
}

@test "a country alone is no address" {
  run -0 --separate-stderr person '{"email":"a@b.c","mailing_city":" "}'
  [ "$(jq 'has("postal_addresses")' <<<"$output")" = false ]
  map '.country = "country"'
  run -0 --separate-stderr person '{"email":"a@b.c","country":"DE"}' null map.json
  [ "$(jq -c .postal_addresses <<<"$output")" = '[{"country":"DE"}]' ]
}

@test "a field that an update emptied is sent as null, one that was empty before is not" {
  run -0 --separate-stderr person '{"email":"a@b.c","first_name":"Rosa","last_name":"","middle_name":"","mailing_city":"Boston","mailing_state":" ","best_phone":"-"}' \
    '{"last_name":"L","mailing_state":"MA","suffix":" ","Best_Phone":"1"}'
  same_json "$output" '{"email_addresses":[{"address":"a@b.c"}],"given_name":"Rosa","family_name":null,
    "postal_addresses":[{"locality":"Boston","region":null,"country":"US"}],
    "custom_fields":{"Phone":null,"is_member":"True"}}'
}

@test "an emptied column is no null while another column has the field's value" {
  run -0 --separate-stderr person '{"email":"a@b.c","best_phone":"","home_phone":"2"}' '{"best_phone":"1"}'
  [ "$(jq -r .custom_fields.Phone <<<"$output")" = 2 ]
}

@test "an address that an update emptied is sent as nulls, without a country" {
  run -0 --separate-stderr person '{"email":"a@b.c","mailing_address1":"","mailing_address2":"","mailing_city":"","mailing_zip":""}' \
    '{"mailing_address1":"1 Main St","mailing_city":"Boston","mailing_zip":"02139"}'
  same_json "$(jq -c .postal_addresses <<<"$output")" '[{"address_lines":null,"locality":null,"postal_code":null}]'
}

@test "a line that went leaves the other lines of the address" {
  run -0 --separate-stderr person '{"email":"a@b.c","mailing_address1":"","mailing_address2":"Apt 2"}' \
    '{"mailing_address1":"1 Main St"}'
  same_json "$(jq -c .postal_addresses <<<"$output")" '[{"address_lines":["Apt 2"],"country":"US"}]'
}

@test "nothing is null without was, or with an empty one" {
  run -0 --separate-stderr body '{"email":"a@b.c","first_name":""}' '{}'
  [[ $output != *null* ]]
  run -0 --separate-stderr body '{"email":"a@b.c","first_name":""}'
  [[ $output != *null* ]]
}

@test "is_member is never sent as null" {
  map '.custom_fields = {is_member: "member", other: "member"}'
  run -0 --separate-stderr person '{"email":"a@b.c","member":""}' '{"member":"True"}' map.json
  same_json "$(jq -c .custom_fields <<<"$output")" '{"other":null}'
}

@test "is compares: trimmed, in any case, with one value or several" {
  map '.custom_fields = {is_member: {from: ["letter", "memb_status_letter"], is: ["M", "Member"]},
                         Lapsed: {from: "memb_status_letter", is: "l"}}'
  while IFS='|' read -r letter member lapsed; do
    run -0 --separate-stderr person "{\"email\":\"a@b.c\",\"memb_status_letter\":\"$letter\"}" null map.json
    same_json "$(jq -c .custom_fields <<<"$output")" "{\"is_member\":\"$member\",\"Lapsed\":\"$lapsed\"}"
  done <<'LETTERS'
M|True|False
 m |True|False
member|True|False
Members|False|False
L|False|True
|False|False
LETTERS
  run -0 --separate-stderr person '{"email":"a@b.c"}' null map.json
  same_json "$output" '{"email_addresses":[{"address":"a@b.c"}]}'
}

@test "tags are sent when the map has any" {
  map '.add_tags = ["member", "2026"] | .remove_tags = ["lapsed"]'
  run -0 --separate-stderr body '{"email":"a@b.c"}' null map.json
  same_json "$output" '{"person":{"email_addresses":[{"address":"a@b.c"}],"custom_fields":{"is_member":"True"}},
    "add_tags":["member","2026"],"remove_tags":["lapsed"]}'
  map '.add_tags = []'
  run -0 --separate-stderr body '{"email":"a@b.c"}' null map.json
  [ "$(jq -c keys <<<"$output")" = '["person"]' ]
}

@test "a number in a row stands for its text, true for True, null for nothing" {
  run -0 --separate-stderr person '{"email":"a@b.c","zip":2139,"akid":81,"do_not_call":true,"union_member":false,"suffix":null}'
  same_json "$output" '{"email_addresses":[{"address":"a@b.c"}],
    "postal_addresses":[{"postal_code":"02139","country":"US"}],
    "custom_fields":{"Do Not Call":"True","Union Member":"False","AK_ID":"81","is_member":"True"}}'
}

@test "a row without an address, or that is none, is refused as bad data" {
  while IFS='|' read -r record message; do
    run -65 --separate-stderr test-person body <<<"$record"
    [ "$output" = "" ]
    [ "$stderr" = "test-person: $message" ]
  done <<'ROWS'
{"row":{"email":" "}}|the row has no email address
{"row":{"first_name":"Rosa"}}|the row has no email address
{"row":{"email":"a\u0000b"}}|the row's email address holds a NUL
{"row":{"email":["a@b.c"]}}|the row's column "email" is not a string
{"row":{"email":"a@b.c"},"was":{"email":{}}}|the row's column "email" is not a string
{"row":["a@b.c"]}|the record has no row
{}|the record has no row
ROWS
}

@test "a map from a file, from AN_FIELD_MAP, and the built-in one when that is empty" {
  map '.given_name = "nick"'
  run -0 --separate-stderr person '{"email":"a@b.c","nick":"R"}' null map.json
  [ "$(jq -r .given_name <<<"$output")" = R ]
  AN_FIELD_MAP=map.json run -0 --separate-stderr person '{"email":"a@b.c","nick":"R"}'
  [ "$(jq -r .given_name <<<"$output")" = R ]
  AN_FIELD_MAP='' run -0 --separate-stderr person '{"email":"a@b.c","first_name":"Rosa"}'
  [ "$(jq -r .given_name <<<"$output")" = Rosa ]
}

@test "a map that begins with a byte order mark is read" {
  { printf '\xef\xbb\xbf'; echo '{"email":"email","custom_fields":{"is_member":"m"}}'; } >map.json
  run -0 --separate-stderr test-person body map.json <<<'{"row":{"email":"a@b.c","m":"x"}}'
  same_json "$output" '{"person":{"email_addresses":[{"address":"a@b.c"}],"custom_fields":{"is_member":"x"}}}'
}

@test "bad JSON is refused with file, line and column" {
  printf '{\n  "email": "email"\n  "x": 1\n}\n' >map.json
  run -78 --separate-stderr test-person map map.json </dev/null
  has "$stderr" 'test-person: map.json:3:5: '
  : >map.json
  run -78 --separate-stderr test-person map map.json </dev/null
  has "$stderr" 'test-person: map.json:1:0: '
  printf '{"email":"a","email":"b","custom_fields":{"is_member":"m"}}' >map.json
  run -78 --separate-stderr test-person map map.json </dev/null
  has "$stderr" 'test-person: map.json:1:' duplicate
}

@test "a map that cannot be read, is too long or is no object is refused" {
  run -78 --separate-stderr test-person map nowhere.json </dev/null
  [ "$stderr" = "test-person: nowhere.json: No such file or directory" ]
  run -78 --separate-stderr test-person map . </dev/null
  [ "$stderr" = "test-person: .: Is a directory" ]
  run -78 --separate-stderr test-person map /dev/zero </dev/null
  has "$stderr" "/dev/zero: longer than a field map may be"
  echo '[]' >map.json
  run -78 --separate-stderr test-person map map.json </dev/null
  [ "$stderr" = "test-person: map.json: not a JSON object" ]
}

@test "a malformed map is refused with the place" {
  refuses 'del(.email)' 'email: missing'
  refuses 'del(.custom_fields)' 'custom_fields.is_member: missing'
  refuses '.custom_fields = {x: "y"}' 'custom_fields.is_member: missing'
  refuses '.custom_fields = []' 'custom_fields.is_member: missing'
  refuses '.custom_fields.Phone = {from: "p", as: "fone"}' 'custom_fields.Phone.as: ' 'unknown conversion "fone"'
  refuses '.custom_fields.Phone = {from: "p", as: 1}' 'custom_fields.Phone.as: '
  refuses '.custom_fields.Phone = {form: "p"}' 'custom_fields.Phone: ' 'unknown key "form"'
  refuses '.custom_fields.Phone = {}' 'custom_fields.Phone.from: '
  refuses '.custom_fields.Phone = 1' 'custom_fields.Phone: must be a column'
  refuses '.custom_fields.Phone = ""' 'custom_fields.Phone.from: '
  refuses '.custom_fields.Phone = {from: []}' 'custom_fields.Phone.from: '
  refuses '.custom_fields.Phone = {from: ["a", " "]}' 'custom_fields.Phone.from: '
  refuses '.custom_fields.Phone = {from: "p", as: "phone", is: "x"}' 'custom_fields.Phone: "as" and "is"'
  refuses '.custom_fields.Phone = {from: "p", is: []}' 'custom_fields.Phone.is: '
  refuses '.custom_fields.Phone = {value: "x", as: "phone"}' 'custom_fields.Phone.value: '
  refuses '.custom_fields.Phone = {value: "x", from: "p", is: "y"}' 'custom_fields.Phone: "is" and "value"'
  refuses '.email = {from: "email", value: "a@b.c"}' 'email: '
  refuses '.address_lines = [{from: "a", value: "x"}]' 'address_lines.0: '
  refuses '.empty = "NULL"' 'empty: must be a list'
  refuses '.empty = ["NULL", ""]' 'empty: must be a list'
  refuses '.custom_fields.Phone = {value: true}' 'custom_fields.Phone.value: must be a string'
  refuses '.custom_fields.Phone = {value: ""}' 'custom_fields.Phone.value: '
  refuses '.custom_fields[""] = "x"' 'custom_fields: '
  refuses '.custom_fields["x" * 256] = "x"' 'custom_fields: '
  refuses '.custom_fields["a\nb"] = 1' 'custom_fields.a b: '
  refuses '.email = {value: "a@b.c"}' 'email: the address is taken from a column'
  refuses '.email = {from: "email", is: "x"}' 'email: '
  refuses '.address_lines = "street"' 'address_lines: must be a list'
  refuses '.address_lines = ["a", 1]' 'address_lines.1: '
  refuses '.address_lines = [{value: "x"}]' 'address_lines.0: '
  refuses '.add_tags = "member"' 'add_tags: must be a list'
  refuses '.remove_tags = ["a", ""]' 'remove_tags: must be a list'
  refuses '.phone_numbers = "p"' 'phone_numbers: not supported' 'use a custom field'
  refuses '.honorific_prefix = "p"' 'honorific_prefix: unknown field' 'known: email, given_name'
  refuses '.status = {value: "subscribed"}' 'status: unknown field'
  refuses '.identifiers = "akid"' 'identifiers: unknown field'
}

@test "a custom field's name may have 255 bytes" {
  map '.custom_fields["x" * 255] = "x"'
  run -0 --separate-stderr test-person map map.json <<<'{}'
}

@test "the digest is that of the meaning: neither order nor white space count" {
  map '.given_name = "a"'
  run -0 --separate-stderr test-person map map.json <<<'{}'
  one=$(jq -r .digest <<<"$output")
  [[ $one =~ ^[0-9a-f]{32}$ ]]
  printf '{"given_name":"a","custom_fields":{"is_member":{"value":"True"}},"email":"email"}' >map.json
  run -0 --separate-stderr test-person map map.json <<<'{}'
  [ "$(jq -r .digest <<<"$output")" = "$one" ]
  map '.given_name = "b"'
  run -0 --separate-stderr test-person map map.json <<<'{}'
  [ "$(jq -r .digest <<<"$output")" != "$one" ]
}

@test "the digest is XXH3's 128 bits of the sorted, compact JSON" {
  # XXH3_128bits of {"custom_fields":{"is_member":{"value":"True"}},"email":"email"}: a digest that
  # changed between two versions would send every member once more.
  map .
  run -0 --separate-stderr test-person map map.json <<<'{}'
  [ "$(jq -r .digest <<<"$output")" = e2b393707db27ee71861e7f7c58901bb ]
}

@test "the columns are named once each, normalized, in the order of the fields" {
  map '{custom_fields: {is_member: "M ", A: {from: [" X", "y"]}, B: "x"}, given_name: "Nick Name", email: "E"}'
  run -0 --separate-stderr test-person map map.json <<<'{}'
  [ "$(jq -c .columns <<<"$output")" = '["e","nick name","m","x","y"]' ]
}

@test "the fields for which a row has no column are named with their first column" {
  map '.given_name = "Nick" | .custom_fields.A = {from: ["x", "y"]} | .custom_fields.B = {from: ["p", "q"]} | .address_lines = ["street"]'
  run -0 --separate-stderr test-person missing map.json <<<'{"row":{" EMAIL ":"","q":"","nickname":""}}'
  [ "$output" = '["given_name (nick)","address_lines.0 (street)","custom_fields.A (x)"]' ]
}

@test "a column is the same in any case, beyond ASCII, too" {
  map '.given_name = "Prénom" | .family_name = "ÉTAT"'
  run -0 --separate-stderr person '{"email":"a@b.c","PRÉNOM":"Rosa","état\u00a0":"L"}' null map.json
  same_json "$output" '{"email_addresses":[{"address":"a@b.c"}],"given_name":"Rosa","family_name":"L","custom_fields":{"is_member":"True"}}'
  run -0 --separate-stderr test-person missing map.json <<<'{"row":{"email":"","PRÉNOM":"","\u200bétat":""}}'
  [ "$output" = '[]' ]
}

@test "lapsing says that the address is no member" {
  run -0 --separate-stderr test-person lapsed <<<'{"email":"a@b.c"}'
  same_json "$output" '{"person":{"email_addresses":[{"address":"a@b.c"}],"custom_fields":{"is_member":"False"}}}'
}

@test "the address of a body is its first one, inside person or not" {
  run -0 --separate-stderr test-person address <<'BODIES'
{"body":{"person":{"email_addresses":[{"address":"a@b.c"}]}}}
{"body":{"email_addresses":[{"address":"a@b.c"}]}}
{"body":{"email_addresses":[{"address":""}]}}
{"body":{"person":{"email_addresses":"a@b.c"}}}
{"body":{}}
BODIES
  [ "$output" = $'["a@b.c"]\n["a@b.c"]\n[null]\n[null]\n[null]' ]
}

sent='{"person":{"email_addresses":[{"address":"Rosa@Example.org"}],"given_name":"Rosa","family_name":null,
  "postal_addresses":[{"address_lines":["1 Main St","Apt 2"],"locality":"Boston","region":null,"country":"US"}],
  "custom_fields":{"YDSA Chapter":"X","Phone":null,"is_member":"True"}}}'

# differences ANSWER [BODY [OVERRIDES]]
differences() {
  jq -cn --argjson body "${2:-$sent}" --argjson answer "$1" --argjson overrides "${3:-false}" '{$body, $answer, $overrides}' |
    test-person differences
}

# differing ANSWER [BODY [OVERRIDES]]: only the names
differing() {
  differences "$@" | jq -c keys_unsorted
}

@test "an answer that has everything leaves no difference" {
  run -0 --separate-stderr differences '{"email_addresses":[{"address":"old@b.c"},{"primary":true,"address":"rosa@example.ORG"}],
    "given_name":"Rosa","family_name":"","languages_spoken":["en"],
    "postal_addresses":[{"locality":"Elsewhere"},{"primary":true,"address_lines":["1 MAIN ST","","apt 2"],"locality":"BOSTON","country":"us","region":""}],
    "custom_fields":{"YDSA Chapter":"X","is_member":true,"more":"y"}}'
  [ "$output" = '{}' ]
}

@test "what differs is named in the order of a person, with what is and what should be" {
  run -0 --separate-stderr differences '{"email_addresses":[{"address":"other@example.org"},{"primary":true,"address":"old@example.org"}],
    "given_name":"rosa","family_name":"L",
    "postal_addresses":[{"address_lines":["1 Main St"],"locality":"Boston","region":"MA","country":"US"}],
    "custom_fields":{"YDSA Chapter":"x","Phone":6175550100}}'
  [ "$output" = '{"email_addresses":{"is":"old@example.org","should":"Rosa@Example.org"},"given_name":{"is":"rosa","should":"Rosa"},"family_name":{"is":"L","should":null},"postal_addresses.address_lines":{"is":["1 Main St"],"should":["1 Main St","Apt 2"]},"postal_addresses.region":{"is":"MA","should":null},"custom_fields.YDSA Chapter":{"is":"x","should":"X"},"custom_fields.Phone":{"is":6175550100,"should":null},"custom_fields.is_member":{"is":null,"should":"True"}}' ]
}

@test "what Action Network writes in its own way is no difference, and nothing else is taken for it" {
  while IFS='|' read -r part should is names; do
    run -0 --separate-stderr differing "{\"postal_addresses\":[{\"$part\":\"$is\"}]}" "{\"postal_addresses\":[{\"$part\":\"$should\"}]}"
    [ "$output" = "[${names:+\"postal_addresses.$part\"}]" ] || { echo "$part $should $is: $output"; false; }
  done <<'PARTS'
postal_code|02139|02139-1234
postal_code|02139-1234|02139
postal_code|021391234|02139-1234
postal_code|02139-1234|02139-4321|differs
postal_code|02139|02138-1234|differs
postal_code|2139|02139|differs
postal_code|0213|02139|differs
postal_code|02139|0213912|differs
postal_code|h2x 1y4|H2X 1Y4
region|Massachusetts|MA
region|ma|massachusetts
region|N. Carolina|NC|differs
region|North Carolina|NC
region|Québec|QC
region|DC|District of Columbia
region|MA|ME|differs
region|MA|Maine|differs
region|Bayern|BY|differs
country|United States|US
country|USA|US
country|U.S.A.|united states of america
country|Canada|CA
country|Côte d'Ivoire|CI
country|Cote d'Ivoire|CIV
country|US|CA|differs
country|Canada|US|differs
country|Atlantis|US|differs
locality|MONTRÉAL|Montréal
locality|Montréal|Montreal|differs
PARTS
}

@test "an e-mail address is the same in any case, composed in any way, and with its domain in ASCII" {
  while IFS='|' read -r should is names; do
    run -0 --separate-stderr differing "{\"email_addresses\":[{\"address\":\"$is\"}]}" "{\"email_addresses\":[{\"address\":\"$should\"}]}"
    [ "$output" = "[${names:+\"email_addresses\"}]" ] || { echo "$should $is: $output"; false; }
  done <<'ADDRESSES'
JÖRG@example.org|jörg@example.org
jo\u0308rg@example.org|jörg@example.org
p1@bücher.example|p1@xn--bcher-kva.example
P1@XN--BCHER-KVA.EXAMPLE|p1@BÜCHER.example
ΣΟΦΊΑ@example.org|σοφία@example.org
jörg@example.org|jorg@example.org|differs
p1@bücher.example|p2@bücher.example|differs
p1@bücher.example|p1@bucher.example|differs
p1@bücher.example|p1bücher.example|differs
rosa@a..b|rosa@a.b|differs
ADDRESSES
}

@test "a custom field is found in any case, and by its very name first" {
  run -0 --separate-stderr differences '{"custom_fields":{"phone":"1","STADTTEIL Ü":"x"}}' '{"custom_fields":{"Phone":"1","Stadtteil ü":"x"}}'
  [ "$output" = '{}' ]
  run -0 --separate-stderr differences '{"custom_fields":{"phone":"1","Phone":"2"}}' '{"custom_fields":{"Phone":"1","PHONE":"1"}}'
  [ "$output" = '{"custom_fields.Phone":{"is":"2","should":"1"}}' ]
  run -0 --separate-stderr differences '{"custom_fields":{"Phone":"a"}}' '{"custom_fields":{"Phone":"A"}}'
  [ "$output" = '{"custom_fields.Phone":{"is":"a","should":"A"}}' ]
}

@test "with overrides, what the person overrides is no difference, and the body stays as it is" {
  run -0 --separate-stderr differing '{"given_name":"R","custom_fields":{"override_given_name":"yes","Override_Phone":"x","override_postal_addresses":"1","Phone":"2","YDSA Chapter":"Y"}}' "$sent" true
  [ "$output" = '["email_addresses","custom_fields.YDSA Chapter","custom_fields.is_member"]' ]
  run -0 --separate-stderr differing '{"given_name":"R","custom_fields":{"override_given_name":"yes"}}' '{"given_name":"Rosa"}' false
  [ "$output" = '["given_name"]' ]
}

@test "an answer of any shape is compared without harm" {
  everything='["email_addresses","given_name","postal_addresses.address_lines","postal_addresses.locality","postal_addresses.country","custom_fields.YDSA Chapter","custom_fields.is_member"]'
  for answer in null '[]' '"x"' 1 '{}' \
    '{"email_addresses":{},"given_name":1,"postal_addresses":[1],"custom_fields":[]}' \
    '{"email_addresses":[1,{"address":1},{"address":null}],"given_name":{},"postal_addresses":[{"address_lines":{"a":1},"locality":[],"country":[1]}],"custom_fields":"x"}' \
    '{"email_addresses":[[]],"given_name":false,"postal_addresses":{"0":1},"custom_fields":{"YDSA Chapter":{"X":1},"is_member":["True"]}}'; do
    run -0 --separate-stderr differing "$answer"
    [ "$output" = "$everything" ] || { echo "$answer: $output"; false; }
    run -0 --separate-stderr differences "$answer" "$sent" true
  done
}

@test "a body of any shape is compared without harm" {
  for body in null '[]' '{}' '{"person":1}' '{"person":{"email_addresses":1,"postal_addresses":{},"custom_fields":[]}}'; do
    run -0 --separate-stderr differences '{"given_name":"x"}' "$body"
    [ "$output" = '{}' ]
  done
  run -0 --separate-stderr differing '{"custom_fields":{"a":"1","b":"TRUE","c":"1","d":"{\"X\":1}"}}' \
    '{"custom_fields":{"a":1,"b":true,"c":2,"d":{"x":1}}}'
  [ "$output" = '["custom_fields.c"]' ]
}

# overrides CUSTOM-FIELDS [BODY]: what is taken out, and what is left
overrides() {
  jq -cn --argjson body "${2:-$sent}" --argjson custom "$1" '{body: $body, existing: {custom_fields: $custom}}' |
    test-person overrides
}

@test "fields that are overridden are taken out, in any case" {
  run -0 --separate-stderr overrides '{"override_given_name":"yes","Override_YDSA chapter":"x","OVERRIDE_LOCALITY":"1",
    "override_family_name":"","override_phone":null,"override_nothing":"x","override_email_addresses":"x"}'
  same_json "$output" '{"taken":["postal_addresses.locality","custom_fields.YDSA Chapter","given_name"],
    "body":{"person":{"email_addresses":[{"address":"Rosa@Example.org"}],"family_name":null,
    "postal_addresses":[{"address_lines":["1 Main St","Apt 2"],"region":null,"country":"US"}],
    "custom_fields":{"Phone":null,"is_member":"True"}}}}'
}

@test "an overridden address goes whole, part by part or by its name" {
  rest='{"person":{"email_addresses":[{"address":"Rosa@Example.org"}],"given_name":"Rosa","family_name":null,
    "custom_fields":{"YDSA Chapter":"X","Phone":null,"is_member":"True"}}}'
  run -0 --separate-stderr overrides '{"override_address_lines":"x","override_locality":"x","override_region":"x"}'
  same_json "$output" "{\"taken\":[\"postal_addresses.address_lines\",\"postal_addresses.locality\",\"postal_addresses.region\",\"postal_addresses.country\"],\"body\":$rest}"
  run -0 --separate-stderr overrides '{"override_postal_addresses":"x"}'
  same_json "$output" "{\"taken\":[\"postal_addresses\"],\"body\":$rest}"
}

@test "when every custom field is overridden the object goes, but never as a whole by its name" {
  run -0 --separate-stderr overrides '{"override_a":"x","override_b":true}' \
    '{"email_addresses":[{"address":"a@b.c"}],"custom_fields":{"A":"1","B":"2"}}'
  same_json "$output" '{"taken":["custom_fields.A","custom_fields.B"],"body":{"email_addresses":[{"address":"a@b.c"}]}}'
  run -0 --separate-stderr overrides '{"override_custom_fields":"x"}'
  same_json "$output" "{\"taken\":[],\"body\":$sent}"
}

@test "an existing person of any shape overrides nothing" {
  for custom in null '[]' '"override_given_name"' '{}' '{"given_name":"x","override_":"x"}'; do
    run -0 --separate-stderr overrides "$custom"
    same_json "$output" "{\"taken\":[],\"body\":$sent}"
  done
}

@test "the id is found among the identifiers, else in the self link, and only in the form of a UUID" {
  id=d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b
  run -0 --separate-stderr test-person id <<RESOURCES
{"resource":{"identifiers":["other:1","action_network:$id"]}}
{"resource":{"identifiers":[1,null,"action_network:../x"],"_links":{"self":{"href":"https://x/api/v2/people/$id"}}}}
{"resource":{"_links":{"self":{"href":"https://x/api/v2/people/$id?x"}}}}
{"resource":{"_links":{"self":{"href":"$id"}}}}
{"resource":{"identifiers":["action_network:${id}0"]}}
{"resource":{"identifiers":["action_network:${id/-/0}"]}}
{"resource":{"identifiers":["action_network:g${id:1}"]}}
{"resource":{"identifiers":"action_network:$id"}}
{"resource":{"_links":[]}}
{"resource":7}
{}
RESOURCES
  [ "$output" = "$(printf '"%s"\n' $id $id; printf 'null\n%.0s' 1 2 3 4 5 6 7 8 9)" ]
}

@test "whichever allocation fails, it is said, and nothing is left behind" {
  map '. + {given_name: "first_name", address_lines: ["a1", {from: ["a2", "a3"]}], locality: "city", postal_code: {from: "zip", as: "zip"},
    country: {value: "US"}, add_tags: ["member"], remove_tags: ["lapsed"]}
    | .custom_fields += {Phone: {from: "phone", as: "phone"}, M: {from: "letter", is: ["M", "m"]}}'
  record=$(jq -cn '{row: {email: "a@b.c", First_Name: "", a1: "1 Main St", city: "", zip: 2139, phone: "1-2", letter: "M"},
    was: {first_name: "Rosa", city: "Boston"},
    answer: {identifiers: ["action_network:d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b"], given_name: 1,
      custom_fields: {override_phone: "x", M: true, is_member: true}, postal_addresses: [{locality: "x", address_lines: [1]}]}}')
  run -0 --separate-stderr test-person torture map.json <<<"$record"
  [ "$(jq .allocations <<<"$output")" -gt 150 ]
  run -0 --separate-stderr test-person torture <<<"$record"
  [ "$(jq .allocations <<<"$output")" -gt 500 ]
}

@test "every example of the manual is a map that loads" {
  # Displays of the page that begin with a brace.
  awk '/^\.Bd -literal/ { on = 1; text = ""; next } /^\.Ed/ { if (on && text ~ /^\{/) { n++; print text >("map" n ".json") } on = 0 } on { text = text $0 "\n" }' \
    "$ROOT/tools/an-sync-fields.5"
  [ -s map1.json ]
  for file in map*.json; do
    sed -i 's/\\e/\\/g; s/\\&//g' "$file"
    run -0 --separate-stderr test-person map "$file" <<<'{}'
  done
}

@test "the sample map is one that loads" {
  [ -f "$SAMPLES/field-map.json" ] || skip "no sample yet"
  run -0 --separate-stderr test-person map "$SAMPLES/field-map.json" <<<'{}'
  [ "$stderr" = "" ]
}
