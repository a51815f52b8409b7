#!/usr/bin/env bats
# What an-upsert makes of new and updated members. How it sends is tested in sending.bats.

load helpers
load sandbox
load records

# ---- people ----

@test "a new member is created by the built-in map, with one request, and the result follows the record" {
  start_sandbox --tag member
  unset AN_FIELD_MAP
  local record='{"change":"new","key":"rosa@example.org","row":{"akid":"12","email":" Rosa@Example.org ","first_name":"Rosa","last_name":"Luxemburg","mailing_address1":"1 Main St","mailing_address2":"","mailing_city":"Boston","mailing_state":"MA","mailing_zip":"2139","best_phone":"(617) 555-0100, 617-555-0199","list_date":"2026-11-16"}}'
  run -0 --separate-stderr an-upsert -r 0 <<<"$record"
  [ "${#lines[@]}" -eq 1 ]
  [[ $output == "${record%\}}"',"result":{'*'}}' ]]
  [ "$(result rosa@example.org '.result | keys_unsorted | sort | join(" ")')" = '"attempts http id map status"' ]
  [ "$(result rosa@example.org '.result | [.status, .http, .attempts]')" = '["ok",200,1]' ]
  [ "$(result rosa@example.org .result.id)" = "$(sandbox_person rosa@example.org | jq .id)" ]
  [ "$(result rosa@example.org .result.map)" = "\"$(an-upsert --print-digest)\"" ]
  [ "$(sent '[.method, .path] | join(" ")')" = 'POST /api/v2/people' ]
  same_json "$(sent .body)" '{"person":{"email_addresses":[{"address":"Rosa@Example.org"}],
    "given_name":"Rosa","family_name":"Luxemburg","postal_addresses":[{"address_lines":["1 Main St"],
    "locality":"Boston","region":"MA","postal_code":"02139","country":"US"}],
    "custom_fields":{"Phone":"6175550100","AK_ID":"12","is_member":"True"}}}'
}

# members CSV COUNT FILTER: what arrives of an export by the built-in map, FILTER of each person, by address.
members() {
  echo email >nobody.csv
  env -u AN_FIELD_MAP bash -c 'csv-diff nobody.csv "$1" | an-upsert -r 0 >out' - "$1"
  [ "$(statuses out)" = "{\"ok\":$2}" ]
  sandbox_people | jq -c "[.email_addresses[0].address] + $3"
}

@test "an export of another chapter arrives whole, with the country of each member" {
  start_sandbox
  cat >chapter.csv <<'CSV'
first_name,middle_name,last_name,email,do_not_call,p2ptext_optout,best_phone,mobile_phone,home_phone,work_phone,join_date,xdate,membership_type,monthly_dues_status,yearly_dues_status,membership_status,memb_status_letter,union_member,union_name,union_local,accomodations,race,student_yes_no,student_school_name,mailing_pref,address1,address2,city,state,zip,country,actionkit_id,dsa_chapter,ydsa_chapter,new_member_past_month,list_date
Ana,,Current,ana@example.org,,,6175550100,,,,2020-01-01,2027-01-01,monthly,active,never,Member in Good Standing,M,,,,ramp,,,,Membership card only,1 Main St,,Boston,MA,02111,United States,11,Boston,,,2026-11-16
Bo,,Abroad,bo@example.org,,,,,,,2020-01-01,2027-01-01,yearly,,active,Member,M,,,,,,,,No,1 rue X,,Montréal,QC,H2X 1Y4,Canada,12,Boston,,,2026-11-16
CSV
  run -0 --separate-stderr members chapter.csv 2 '[.postal_addresses[0] | .locality, .region, .postal_code, .country]'
  [ "$output" = '["ana@example.org","Boston","MA","02111","US"]'$'\n''["bo@example.org","Montréal","QC","H2X 1Y4","CA"]' ]
  [ "$stderr" = "an-upsert: the export has no column for: custom_fields.Suffix (suffix)" ]
  [ "$(sandbox_person ana@example.org | jq -c '.custom_fields | [.Accommodations, .["Mailing Preference"], .["Annual Recurring Dues Status"], .AK_ID]')" = \
    '["ramp","Membership card only","never","11"]' ]
}

@test "what spreadsheets made of ZIP codes and phones is undone, and lists of phones are not glued together" {
  start_sandbox
  printf '%s\r\n' akid,email,mailing_zip,best_phone \
    '1,a@example.org,2139.0,6175550100.0' '2,b@example.org,"=""02139""",6.1755501E+09' \
    "3,c@example.org,'02139,617-555-0100/617-555-0101" '4,d@example.org,2139,617.555.0100 x12' \
    '5,e@example.org,02139,"=""6175550100"""' "6,f@example.org,NULL,'6175550100" >phones.csv
  printf '7,g@example.org,N/A,"617-555-0100\n617-555-0101"\r\n8,h@example.org,,tel:+1-617-555-0100\r\n' >>phones.csv
  run -0 members phones.csv 8 '[.postal_addresses[0].postal_code, .custom_fields.Phone]'
  [ "$(grep -v '^an-upsert: ' <<<"$output")" = '["a@example.org","02139","6175550100"]
["b@example.org","02139","6.1755501E+09"]
["c@example.org","02139","6175550100"]
["d@example.org","02139","6175550100"]
["e@example.org","02139","6175550100"]
["f@example.org",null,"6175550100"]
["g@example.org",null,"6175550100"]
["h@example.org",null,"+16175550100"]' ]
}

@test "columns that the export lacks are named once on standard error, whatever the number of records" {
  start_sandbox
  { change new a@example.org '{}'; change new b@example.org '{}'; } | jq -c 'del(.row.phone)' >in
  run -0 --separate-stderr an-upsert -r 0 in
  [ "${#stderr_lines[@]}" -eq 1 ]
  has "$stderr" 'an-upsert: ' 'custom_fields.Phone' 'phone'
}

@test "an update keeps what it does not mention, and whoever left the mailing list stays off it" {
  start_sandbox
  seed karl@example.org '{"given_name":"Karl","family_name":"Liebknecht","status":"unsubscribed","tags":["old"],
    "custom_fields":{"Phone":"1","Shirt":"XL","is_member":"False"}}'
  run -0 --separate-stderr an-upsert -r 0 <<<"$(change updated karl@example.org '{"phone":"2"}' '{"was":{"phone":"1"}}')"
  [ -z "$stderr" ]
  [ "$(result karl@example.org .result.id)" = "\"$id\"" ]
  same_json "$(sandbox_person karl@example.org |
    jq '[.given_name, .family_name, .custom_fields, .tags, .email_addresses[0].status]')" \
    '["Rosa","Liebknecht",{"Phone":"2","Shirt":"XL","is_member":"True"},["old"],"unsubscribed"]'
  [ "$(sent '.body | tojson | contains("\"status\"")')" = false ]
}

@test "a value that an update emptied is sent as null and removed; one that was empty before is not sent" {
  start_sandbox
  seed rosa@example.org '{"given_name":"Rosa","custom_fields":{"Phone":"1"}}'
  seed karl@example.org '{"given_name":"Karl","custom_fields":{"Phone":"1"}}'
  { change updated rosa@example.org '{"phone":""}' '{"was":{"phone":"1"}}'
    change updated karl@example.org '{"phone":"","first_name":"Carl"}' '{"was":{"first_name":"Karl"}}'; } >in
  run -0 --separate-stderr an-upsert -r 0 in
  [ "$(statuses)" = '{"ok":2}' ]
  [ "$(sent 'select(.body | tojson | contains("rosa@")).body.person.custom_fields' | jq -cS .)" = '{"Phone":null,"is_member":"True"}' ]
  [ "$(sent 'select(.body | tojson | contains("karl@")).body.person.custom_fields' | jq -cS .)" = '{"is_member":"True"}' ]
  [ "$(sandbox_person rosa@example.org | jq -c '.custom_fields')" = '{"is_member":"True"}' ]
  [ "$(sandbox_person karl@example.org | jq -c '.custom_fields.Phone')" = '"1"' ]
}

@test "capitals, plus, apostrophe, accents, quotes, control characters and emoji arrive as they are" {
  start_sandbox
  local address="Rosa+Test.O'Brien&co=1%25@Example.ORG" name=$'José "Pepe" \\ O\'Brien\t\u1f339 🌹'
  jq -nc --arg address "$address" --arg name "$name" \
    '{change: "new", key: ($address | ascii_downcase), row: {email: $address, first_name: $name, phone: "1"}}' >in
  jq -nc '{change: "new", key: "josé@exämple.org", row: {email: "josé@exämple.org", first_name: "\u0001\u2028é", phone: "1"}}' >>in
  run -0 --separate-stderr an-upsert -r 0 in
  [ "$(statuses)" = '{"ok":2}' ]
  [ "$(sandbox_person "$address" | jq -r .given_name)" = "$name" ]
  [ "$(sandbox_person 'josé@exämple.org' | jq .given_name)" = "$(jq -n '"\u0001\u2028é"')" ]
  [ "$(jq -c 'del(.result)' <<<"$output" | sort)" = "$(sort in)" ]
}

@test "a person given ready-made is sent as it is, beside a row or without one" {
  start_sandbox
  local person='{"email_addresses":[{"address":"rosa@example.org"}],"given_name":"Röschen","custom_fields":{"Own":"x","is_member":"True"}}'
  echo '{"change":"new","key":"rosa@example.org","person":'"$person"'}' >in
  change updated karl@example.org '{}' '{"person":{"email_addresses":[{"address":"karl@example.org"}],"custom_fields":{"Other":"y"}}}' >>in
  run -0 --separate-stderr an-upsert -r 0 in
  [ -z "$stderr" ]
  same_json "$(sent 'select(.body | tojson | contains("rosa@")).body.person')" "$person"
  same_json "$(sent 'select(.body | tojson | contains("karl@")).body.person')" \
    '{"email_addresses":[{"address":"karl@example.org"}],"custom_fields":{"Other":"y"}}'
}

@test "the map's tags are added and removed" {
  start_sandbox --tag member
  seed rosa@example.org '{"tags":["lapsed"]}'
  jq '. + {add_tags: ["member"], remove_tags: ["lapsed"]}' map.json >tags.json
  run -0 --separate-stderr an-upsert -r 0 -m tags.json <<<"$(change new rosa@example.org)"
  [ "$(sandbox_person rosa@example.org | jq -c .tags)" = '["member"]' ]
  [ "$(result rosa@example.org .result.map)" = "\"$(an-upsert -m tags.json --print-digest)\"" ]
}

@test "a record that no person can be made of fails, and the others do not" {
  start_sandbox
  { change new nobody '{"email":""}'
    echo '{"change":"new","key":"norow@example.org"}'
    echo '{"change":"updated","key":"text@example.org","row":"text"}'
    change new rosa@example.org; } >in
  run -1 --separate-stderr an-upsert -r 0 in
  [ "$(statuses)" = '{"failed":3,"ok":1}' ]
  [ "$(jq -r 'select(.result.status == "failed").result | (.error | length > 5), has("http")' <<<"$output" | sort -u)" = $'false\ntrue' ]
  [ "$(sandbox_requests)" -eq 1 ]
}

# ---- what came back ----

@test "custom fields that the group does not take are named in unapplied, and the rest is ok" {
  start_sandbox --drop-unknown-fields --custom-field is_member
  run -0 --separate-stderr an-upsert -r 0 <<<"$(change new rosa@example.org)"
  [ "$(result rosa@example.org '[.result.status, .result.unapplied]')" = '["ok",["custom_fields.Phone"]]' ]
}

@test "an answer in which is_member is not as sent is a failure" {
  start_sandbox --drop-unknown-fields --custom-field Phone
  run -1 --separate-stderr an-upsert -r 0 <<<"$(change new rosa@example.org)"
  [ "$(result rosa@example.org '[.result.status, .result.http]')" = '["failed",200]' ]
  has "$(result rosa@example.org .result.error)" is_member
}

@test "an answer about somebody else is a failure" {
  answer liar 200 '{"identifiers":["action_network:d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b"],"given_name":"Rosa",
    "email_addresses":[{"address":"karl@example.org","primary":true}],"custom_fields":{"Phone":"6175550100","is_member":"True"}}'
  start_canned liar
  AN_API_KEY=key AN_API_URL=$canned run -1 --separate-stderr an-upsert -r 0 <<<"$(change new rosa@example.org)"
  [ "$(result rosa@example.org .result.status)" = '"failed"' ]
  [ "$(result rosa@example.org '.result | has("id")')" = false ]
}

@test "an answer about the right person, spelt otherwise, is ok" {
  answer right 200 '{"identifiers":["own:1","action_network:d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b"],"given_name":"Rosa",
    "email_addresses":[{"address":"ROSA@example.org","primary":true}],"custom_fields":{"Phone":"6175550100","is_member":"True"}}'
  start_canned right
  AN_API_KEY=key AN_API_URL=$canned run -0 --separate-stderr an-upsert -r 0 <<<"$(change new rosa@example.org)"
  [ "$(result rosa@example.org .result.id)" = '"d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b"' ]
}

@test "what Action Network writes in its own way was taken" {
  start_sandbox --normalize --custom-field phone
  jq '. + {region: "state", postal_code: "zip", country: "land"}' map.json >postal.json
  { change new 'JÖRG@example.org' '{"state":"Massachusetts","zip":"02139-1234","land":"United States"}'
    change new 'p1@bücher.example' '{"state":"Québec","zip":"H2X 1Y4","land":"Canada"}'; } >in
  run -0 --separate-stderr an-upsert -r 0 -m postal.json in
  [ "$(statuses)" = '{"ok":2}' ]
  [ "$(jq -c '.result | has("unapplied")' <<<"$output" | sort -u)" = false ]
  [ "$(sandbox_person 'jörg@example.org' | jq -c '[.custom_fields.phone, (.postal_addresses[0] | .region, .postal_code, .country)]')" = \
    '["6175550100","MA","02139","US"]' ]
  [ "$(sandbox_person 'p1@xn--bcher-kva.example' | jq -c '.postal_addresses[0] | [.region, .country]')" = '["QC","CA"]' ]
  # Again, found by the address; and as a followed change of address.
  run -0 --separate-stderr an-upsert -r 0 -m postal.json --overrides in
  [ "$(statuses)" = '{"ok":2}' ]
  [ "$(sandbox_people | wc -l)" -eq 2 ]
  run -0 --separate-stderr an-upsert -r 0 <<<"$(change updated 'p1@BÜCHER.example' '{}' '{"was":{"email":"p0@bücher.example"}}')"
  [ "$(statuses)" = '{"ok":1}' ]
}

@test "what the server refuses fails with its words, once, and the other records go on" {
  start_sandbox
  { change new rosa@example.org; change new karl@example.org '{"email":"no address"}'; change new fred@example.org; } >in
  run -1 --separate-stderr an-upsert -r 0 in
  [ "$(result karl@example.org '.result | [.status, .http, .attempts, .error]')" = \
    "[\"failed\",400,1,\"Email address 'no address' is invalid\"]" ]
  [ "$(statuses)" = '{"failed":1,"ok":2}' ]
}

# ---- another address ----

# moved [ID]: rosa's change of address, with the id that the roster knows.
moved() {
  change updated new@example.org "$(jq -nc --arg id "${1-}" \
    '{email: "New@example.org", action_network_id: $id}')" '{"was":{"email":"Old@example.org"}}'
}

@test "a followed change of address changes the person with the roster's id" {
  start_sandbox
  seed old@example.org '{"given_name":"R"}'
  run -0 --separate-stderr an-upsert -r 0 <<<"$(moved "$id")"
  [ "$(result new@example.org '[.result.status, .result.id, .result.attempts]')" = "[\"ok\",\"$id\",1]" ]
  [ "$(sent '[.method, .path] | join(" ")')" = "PUT /api/v2/people/$id" ]
  # The person itself, not wrapped, and the address with it.
  [ "$(sent '.body.email_addresses[0].address')" = New@example.org ]
  [ "$(sandbox_people | jq -c '[.email_addresses[0].address, .given_name, .custom_fields.is_member]')" = '["new@example.org","Rosa","True"]' ]
}

@test "a followed change of address without an id looks up the older address" {
  start_sandbox
  seed old@example.org
  run -0 --separate-stderr an-upsert -r 0 <<<"$(moved)"
  [ "$(result new@example.org '[.result.status, .result.id]')" = "[\"ok\",\"$id\"]" ]
  [ "$(sandbox_people | jq -r '.email_addresses[0].address')" = new@example.org ]
}

@test "a followed change to an address that somebody has updates them, and lapses the older one" {
  start_sandbox
  seed old@example.org '{"given_name":"R","custom_fields":{"is_member":"True","Phone":"1"}}'
  local old_id=$id
  seed new@example.org '{"given_name":"N"}'
  run -0 --separate-stderr an-upsert -r 0 <<<"$(moved "$old_id")"
  [ "$(result new@example.org '[.result.status, .result.id]')" = "[\"ok\",\"$id\"]" ]
  [ "$(sandbox_people | wc -l)" -eq 2 ]
  [ "$(sandbox_person new@example.org | jq -c '[.given_name, .custom_fields.is_member]')" = '["Rosa","True"]' ]
  [ "$(sandbox_person old@example.org | jq -c '.custom_fields.is_member')" = '"False"' ]
}

@test "a followed change that is refused because somebody has the address updates them, and lapses the older one" {
  start_sandbox --refuse-taken
  seed new@example.org '{"given_name":"N","custom_fields":{"is_member":"False"}}'
  local new_id=$id
  seed old@example.org '{"given_name":"R","custom_fields":{"is_member":"True","Phone":"1"}}'
  for known in "$id" ''; do # by the roster's id, and by the older address
    run -0 --separate-stderr an-upsert -r 0 <<<"$(moved "$known")"
    [ "$(result new@example.org '.result | [.status, .http, .id]')" = "[\"ok\",200,\"$new_id\"]" ]
    has "$output" "the person with the older one is lapsed"
    [ "$(sandbox_person new@example.org | jq -c '[.given_name, .custom_fields.is_member]')" = '["Rosa","True"]' ]
    [ "$(sandbox_person old@example.org | jq -c '[.given_name, .custom_fields]')" = '["R",{"Phone":"1","is_member":"False"}]' ]
  done
  [ "$(sandbox_people | wc -l)" -eq 2 ]
}

@test "a followed change that is refused though nobody has the address fails with the server's words, and nobody is created" {
  start_sandbox
  seed old@example.org '{"custom_fields":{"is_member":"True"}}'
  sandbox_post faults '{"next":[{"kind":"422","method":"PUT"}]}'
  run -1 --separate-stderr an-upsert -r 0 <<<"$(moved "$id")"
  [ "$(result new@example.org '.result | [.status, .http, .error]')" = '["failed",422,"Sandbox fault"]' ]
  [ "$(sandbox_requests POST)" -eq 0 ]
  [ "$(sandbox_person old@example.org | jq -r .custom_fields.is_member)" = True ]
  # It is no more than that run: the next one changes the address.
  run -0 --separate-stderr an-upsert -r 0 <<<"$output"
  [ "$(sandbox_people | jq -r '.email_addresses[0].address')" = new@example.org ]
}

@test "the person with the older address keeps the one that somebody gave them by hand" {
  start_sandbox
  seed byhand@example.org '{"custom_fields":{"is_member":"True"}}'
  local old_id=$id
  seed new@example.org
  run -0 --separate-stderr an-upsert -r 0 <<<"$(moved "$old_id")"
  [ "$(result new@example.org .result.status)" = '"ok"' ]
  [ "$(sandbox_person byhand@example.org | jq -c '[.id, .custom_fields.is_member]')" = "[\"$old_id\",\"False\"]" ]
}

@test "an older address whose letters have shorter forms is found by them" {
  start_sandbox
  seed kim@example.org
  run -0 --separate-stderr an-upsert -r 0 <<<"$(change updated new@example.org '{}' '{"was":{"email":"\u212Aim@example.org"}}')"
  [ "$(result new@example.org .result.id)" = "\"$id\"" ]
  [ "$(sandbox_people | jq -r '.email_addresses[0].address')" = new@example.org ]
}

@test "a followed change is seen in whatever column the map takes the address from" {
  start_sandbox
  jq '.email = {from: ["email", "e-mail"]}' map.json >mail.json
  seed old@example.org
  change updated new@example.org '{"E-mail":"new@example.org"}' '{"was":{"e-mail":"old@example.org"}}' | jq -c 'del(.row.email)' >in
  run -0 --separate-stderr an-upsert -r 0 -m mail.json in
  [ "$(result new@example.org .result.id)" = "\"$id\"" ]
  [ "$(sandbox_people | jq -r '.email_addresses[0].address')" = new@example.org ]
}

@test "a followed change for an id that is gone finds the person by the older address, else creates one" {
  start_sandbox
  seed old@example.org
  run -0 --separate-stderr an-upsert -r 0 <<<"$(moved d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b)"
  [ "$(result new@example.org '[.result.status, .result.id]')" = "[\"ok\",\"$id\"]" ]
  [ "$(sandbox_people | jq -r '.email_addresses[0].address')" = new@example.org ]
  sandbox_post reset
  run -0 --separate-stderr an-upsert -r 0 <<<"$(moved d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b)"
  [ "$(result new@example.org .result.id)" = "$(sandbox_person new@example.org | jq .id)" ]
  [ "$(sandbox_people | wc -l)" -eq 1 ]
}

@test "somebody who was just found is not taken for gone: the record fails, and nobody is created" {
  start_sandbox
  seed old@example.org
  sandbox_post faults '{"next":[{"kind":"404","method":"PUT","count":2}]}'
  run -1 --separate-stderr an-upsert -r 0 <<<"$(moved "$id")"
  [ "$(statuses)" = '{"failed":1}' ]
  [ "$(sandbox_requests POST)" -eq 0 ]
  run -0 --separate-stderr an-upsert -r 0 <<<"$output"
  [ "$(sandbox_people | jq -r '.email_addresses[0].address')" = new@example.org ]
}

@test "an id in the row that is none is never put into a URL" {
  start_sandbox
  seed old@example.org
  run -0 --separate-stderr an-upsert -r 0 <<<"$(moved '../metadata/custom_fields?x=')"
  [ "$(result new@example.org .result.id)" = "\"$id\"" ]
  [ "$(sent .path | grep -cv '^/api/v2/people')" -eq 0 ]
}

@test "an address that changed in its capitals only is no change of person" {
  start_sandbox
  seed rosa@example.org
  run -0 --separate-stderr an-upsert -r 0 \
    <<<"$(change updated rosa@example.org '{"email":"Rosa@example.org"}' '{"was":{"email":"rosa@example.org"}}')"
  [ "$(result rosa@example.org '[.result.status, .result.id]')" = "[\"ok\",\"$id\"]" ]
  [ "$(sandbox_people | jq -c '[.email_addresses[0].address, .custom_fields.is_member]')" = '["rosa@example.org","True"]' ]
}

# ---- --overrides ----

@test "with --overrides a field that has an override is left alone and named; without, nothing is read first" {
  start_sandbox
  seed rosa@example.org '{"given_name":"R","custom_fields":{"override_phone":"yes","Phone":"kept","override_given_name":""}}'
  run -0 --separate-stderr an-upsert -r 0 --overrides <<<"$(change updated rosa@example.org)"
  [ "$(result rosa@example.org '[.result.status, .result.overridden]')" = '["ok",["custom_fields.Phone"]]' ]
  [ "$(sandbox_person rosa@example.org | jq -c '[.given_name, .custom_fields.Phone, .custom_fields.is_member]')" = '["Rosa","kept","True"]' ]
  [ "$(sandbox_requests GET)" -eq 1 ]
  run -0 --separate-stderr an-upsert -r 0 <<<"$(change updated rosa@example.org)"
  [ "$(sandbox_person rosa@example.org | jq -c .custom_fields.Phone)" = '"6175550100"' ]
  [ "$(sandbox_requests GET)" -eq 1 ]
}

@test "with --overrides somebody whom Action Network does not have is created" {
  start_sandbox
  run -0 --separate-stderr an-upsert -r 0 --overrides <<<"$(change new "o'rosa+1@example.org")"
  [ "$(sandbox_person "o'rosa+1@example.org" | jq -c .custom_fields.Phone)" = '"6175550100"' ]
}

@test "with --overrides a followed change to somebody's address respects theirs, not those of the older one" {
  start_sandbox
  seed old@example.org '{"given_name":"R","custom_fields":{"is_member":"True","override_given_name":"yes"}}'
  local old_id=$id
  seed new@example.org '{"given_name":"N","custom_fields":{"override_phone":"yes","Phone":"kept"}}'
  run -0 --separate-stderr an-upsert -r 0 --overrides <<<"$(moved "$old_id")"
  [ "$(result new@example.org '[.result.status, .result.id, .result.overridden]')" = "[\"ok\",\"$id\",[\"custom_fields.Phone\"]]" ]
  [ "$(sandbox_person new@example.org | jq -c '[.given_name, .custom_fields.Phone, .custom_fields.is_member]')" = '["Rosa","kept","True"]' ]
  [ "$(sandbox_person old@example.org | jq -c '[.given_name, .custom_fields.is_member]')" = '["R","False"]' ]
}

@test "with --overrides a followed change to somebody's address leaves an older one with override_is_member a member" {
  start_sandbox
  seed old@example.org '{"custom_fields":{"is_member":"True","override_is_member":"yes"}}'
  local old_id=$id
  seed new@example.org '{}'
  run -0 --separate-stderr an-upsert -r 0 --overrides <<<"$(moved "$old_id")"
  [ "$(result new@example.org .result.status)" = '"ok"' ]
  has "$output" 'is left alone'
  [ "$(sandbox_person new@example.org | jq -c .custom_fields.is_member)" = '"True"' ]
  [ "$(sandbox_person old@example.org | jq -c .custom_fields.is_member)" = '"True"' ]
}

# ---- records that are not its business ----

@test "everything that is not new or updated goes through byte for byte, and nothing is sent" {
  start_sandbox
  cat >in <<'END'
{"change":"lapsed","key":"a@example.org","row":{"email":"a@example.org"}}
 { "change" : "skipped" , "reason":"no email", "line": 1.10, "e": 1E+2, "long": 1.000000000000000000000000000001 }
{"unknown":"\u00e9\/\u0000 é","twice":1,"twice":2, "n":-0.0}
{"change":"renamed","key":"x"}	
{"change":7,"key":"x"}
{"change":"new","key":"b@example.org","row":{"email":"b@example.org"},"result":{"status":"ok","http":200}}
{}
{"run":{"status":0}}
{"summary":{"new":1.0}}
END
  run -0 an-upsert -r 0 in
  an-upsert -r 0 <in >out
  cmp in out
  [ "$(sandbox_requests)" -eq 0 ]
}

@test "numbers beyond what C can hold go through as they are" {
  start_sandbox
  echo '{"big":123456789012345678901234567890,"huge":1E400}' >in
  change new rosa@example.org '{}' '{"mine":"BIG"}' | sed 's/"BIG"/123456789012345678901234567890/' >>in
  run -0 --separate-stderr an-upsert -r 0 in
  [ "${lines[0]}" = '{"big":123456789012345678901234567890,"huge":1E400}' ]
  has "${lines[1]}" '"mine":123456789012345678901234567890,' '"status":"ok"'
}

@test "the fields of a record keep their bytes when its result is added" {
  start_sandbox
  cat >in <<'END'
{ "change" : "new", "key":"rosa@example.org",  "mine": [1.10, 1E+2, -0.0], "row":{"email":"rosa@example.org","first_name":"R\u00f6s\/chen","phone":""} }
END
  run -0 --separate-stderr an-upsert -r 0 in
  [[ $output == '{ "change" : "new", "key":"rosa@example.org",  "mine": [1.10, 1E+2, -0.0], "row":{"email":"rosa@example.org","first_name":"R\u00f6s\/chen","phone":""}'*',"result":{"status":"ok",'* ]]
  jq -e '.result.status == "ok"' <<<"$output"
  [ "$(sandbox_person rosa@example.org | jq -r .given_name)" = 'Rös/chen' ]
}

@test "a result that failed, was deferred or was a dry run is tried again and replaced; any other field stays" {
  start_sandbox
  for status in failed deferred dry-run; do
    echo '{"change":"new","result":{"status":"'$status'","error":"old"},"key":"'$status'@example.org","mine":1.10,"row":{"email":"'$status'@example.org","first_name":"R","phone":"1"}}'
  done >in
  run -0 --separate-stderr an-upsert -r 0 in
  [ "$(statuses)" = '{"ok":3}' ]
  [ "$(grep -o '"result"' <<<"$output" | wc -l)" -eq 3 ]
  [[ $output != *'"old"'* ]]
  [ "$(jq -c '[.mine + 0, (.row | keys | length), (keys_unsorted | last)]' <<<"$output" | sort -u)" = '[1.1,3,"result"]' ]
}

@test "a saved file of results can be piped in again until all is done, and nothing is sent twice" {
  start_sandbox
  { changes new 1 20; echo '{"summary":{"new":20}}'; } >in
  sandbox_post faults '{"next":[{"kind":"400","contains":"member7@"},{"kind":"400","contains":"member13@"}]}'
  run -1 --separate-stderr an-upsert -r 0 in
  echo "$output" >first
  [ "$(statuses first)" = '{"failed":2,"ok":18}' ]
  run -0 --separate-stderr an-upsert -r 0 first
  [ "$(statuses)" = '{"ok":20}' ]
  [ "$(sandbox_requests)" -eq 22 ]
  echo "$output" >second
  an-upsert -r 0 second >third
  cmp second third
  [ "$(sandbox_requests)" -eq 22 ]
}

# ---- order ----

@test "the summary leaves after every result, wherever the slow ones are" {
  start_sandbox
  sandbox_post faults '{"next":[{"kind":"slow","seconds":0.7,"contains":"member2@"}]}'
  { changes new 1 5; echo '{"summary":{"new":5}}'; } >in
  run -0 --separate-stderr an-upsert -r 0 in
  [ "${#lines[@]}" -eq 6 ]
  [ "${lines[5]}" = '{"summary":{"new":5}}' ]
  has "${lines[4]}" member2@
}

@test "changes of one address are made one after the other, and records of other programs keep their place" {
  start_sandbox
  sandbox_post faults '{"next":[{"kind":"500","contains":"First"},{"kind":"slow","seconds":0.5,"contains":"First"}]}'
  { change new rosa@example.org '{"first_name":"First"}' '{"n":1}'
    change lapsed rosa@example.org '{}' '{"n":2}'
    change new karl@example.org '{}' '{"n":3}'
    change new rosa@example.org '{"first_name":"Last"}' '{"n":4}'
    echo '{"change":"skipped","key":"rosa@example.org","n":5}'; } >in
  run -0 --separate-stderr an-upsert -r 0 in
  [ "$(jq -c 'select(.key == "rosa@example.org").n' <<<"$output" | tr '\n' ' ')" = '1 2 4 5 ' ]
  [ "$(sandbox_person rosa@example.org | jq -r .given_name)" = Last ]
}

@test "each result is written as it arrives, while the input is still open" {
  start_sandbox
  mkfifo in out
  an-upsert -r 0 <in >out 3>&- &
  local program=$! line
  exec 7>in 8<out
  change new rosa@example.org >&7
  IFS= read -r -t 10 line <&8
  has "$line" '"status":"ok"'
  echo '{"other":1}' >&7
  IFS= read -r -t 10 line <&8
  [ "$line" = '{"other":1}' ]
  exec 7>&-
  wait $program
  exec 8<&-
}

# ---- bad input and output ----

@test "an empty input is done at once, and blank lines mean nothing" {
  start_sandbox
  run -0 --separate-stderr an-upsert -r 0 </dev/null
  [ -z "$output$stderr" ]
  { echo; change new rosa@example.org; printf '\n  \n\r\n'; printf '%s' '{"last":"without a newline"}'; } >in
  run -0 --separate-stderr an-upsert -r 0 in
  [ "$(grep -c . <<<"$output")" -eq 2 ]
  has "$output" '{"last":"without a newline"}' '"status":"ok"'
}

@test "a line that is not a JSON object is named; what was before it is finished and written, the rest is not sent" {
  start_sandbox
  sandbox_post settings '{"latency":0.3}'
  for bad in 'nonsense' '[1]' '"text"' '{"change":"new"' '{"a":1}{"b":2}' $'{"a":"\xff"}'; do
    { change new "a@example.org"; echo; change new b@example.org; echo "$bad"; change new c@example.org; } >in
    run -65 --separate-stderr an-upsert -r 0 in
    [ "$(statuses)" = '{"ok":2}' ]
    [ "${#lines[@]}" -eq 2 ]
    [[ $stderr == 'an-upsert: in:4: '* ]]
  done
  run sandbox_person c@example.org
  [ "$status" -ne 0 ]
  run -65 --separate-stderr an-upsert -r 0 <<<nonsense
  has "$stderr" 'standard input' ':1:'
}

@test "a full disk is status 74" {
  start_sandbox
  change new rosa@example.org >in
  run -74 --separate-stderr bash -c 'an-upsert -r 0 in >/dev/full'
  has "$stderr" 'an-upsert: ' 'No space left'
  run -74 --separate-stderr bash -c 'echo "{}" | an-upsert -r 0 >/dev/full'
  run -74 --separate-stderr bash -c 'an-upsert --print-map >/dev/full'
  run -74 --separate-stderr bash -c 'an-upsert --help >/dev/full'
}

@test "an input that cannot be read is status 74" {
  start_sandbox
  run -74 --separate-stderr an-upsert -r 0 absent.ndjson
  has "$stderr" absent.ndjson 'No such file'
  run -74 --separate-stderr an-upsert -r 0 .
}

@test "standard input or output that is closed is status 74" {
  start_sandbox
  change new rosa@example.org >in
  run -74 --separate-stderr timeout 5 bash -c 'an-upsert -r 0 in >&-'
  run -74 --separate-stderr timeout 5 bash -c 'an-upsert -r 0 <&-'
}

@test "wrong usage is status 64, with the usage on standard error and nothing on standard output" {
  for wrong in --nope -x '-r x' '-r -1' '-r 1e999' '-r nan' '-j 0' '-j x' '-r 0x10' '--deadline 0' '--deadline x' 'one two' '-m' '--print-map=x'; do
    # shellcheck disable=SC2086 # the options are words
    run -64 --separate-stderr an-upsert $wrong </dev/null
    [ -z "$output" ]
    has "$stderr" 'an-upsert: ' 'usage: an-upsert'
  done
}

@test "a fraction of a job is wrong usage" {
  AN_API_KEY=key run -64 --separate-stderr an-upsert -j 1.5 </dev/null
}

@test "help and version go to standard output" {
  run -0 --separate-stderr an-upsert --help
  [ -z "$stderr" ]
  has "$output" 'usage: an-upsert' --dry-run --map --rate --jobs --overrides --deadline --verbose --print-map --print-columns
  run -0 --separate-stderr an-upsert -V
  [[ $output =~ ^an-upsert\ .*[0-9]+\.[0-9]+ ]]
}

# ---- without sending ----

@test "a dry run shows the requests, needs no key and sends nothing" {
  start_sandbox
  unset AN_API_KEY
  { change new rosa@example.org; change updated karl@example.org '{"phone":""}' '{"was":{"phone":"1"}}'
    moved; moved d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b | jq -c '.key = "new2"'; echo '{"summary":{}}'; } >in
  run -0 --separate-stderr an-upsert -n in
  [ -z "$stderr" ]
  [ "$(statuses)" = '{"dry-run":4}' ]
  [ "$(sandbox_requests)" -eq 0 ]
  same_json "$(result rosa@example.org)" '{"status":"dry-run","request":{"method":"POST","url":"'"$AN_API_URL"'/people",
    "body":{"person":{"email_addresses":[{"address":"rosa@example.org"}],"given_name":"Rosa",
      "custom_fields":{"Phone":"6175550100","is_member":"True"}}}}}'
  [ "$(result karl@example.org '.result.request.body.person.custom_fields.Phone')" = null ]
  [ "$(result new@example.org '.result.request | [.method, .url]')" = "[\"PUT\",\"$AN_API_URL/people/{id}\"]" ]
  [ "$(result new2 '.result.request | [.method, .url]')" = "[\"PUT\",\"$AN_API_URL/people/d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b\"]" ]
  [ "${lines[4]}" = '{"summary":{}}' ]
  # What is shown is what is sent.
  shown=$(result rosa@example.org .result.request.body)
  export AN_API_KEY=sandbox-key-that-opens-nothing
  run -0 --separate-stderr an-upsert -r 0 <<<"$output"
  [ "$(statuses)" = '{"ok":4}' ]
  same_json "$(sent 'select(.body.person.email_addresses[0].address == "rosa@example.org").body')" "$shown"
}

@test "a dry run goes to Action Network by default" {
  run -0 --separate-stderr an-upsert -n <<<"$(change new rosa@example.org)"
  [ "$(result rosa@example.org .result.request.url)" = '"https://actionnetwork.org/api/v2/people"' ]
}

@test "the map in effect, its columns and its digest can be printed, without a key" {
  unset AN_FIELD_MAP
  run -0 --separate-stderr an-upsert --print-map
  same_json "$output" "$(cat "$ROOT/lib/people/field_map_builtin.json")"
  echo "$output" >mine.json
  run -0 --separate-stderr an-upsert --print-columns
  [ "$(head -n 1 <<<"$output")" = email ]
  has "$output" $'\nfirst_name\n' $'\nmailing_zip\n' $'\nakid'
  [ -z "$(sort <<<"$output" | uniq -d)" ]
  run -0 --separate-stderr an-upsert --print-digest
  [[ $output =~ ^[0-9a-f]{32}$ ]]
  [ "$(an-upsert -m mine.json --print-digest)" = "$output" ]
  jq -S . mine.json >sorted.json
  [ "$(an-upsert -m sorted.json --print-digest)" = "$output" ]
  [ "$(an-upsert -m map.json --print-digest)" != "$output" ]
  AN_FIELD_MAP=map.json run -0 --separate-stderr an-upsert --print-columns
  [ "$output" = $'email\nfirst_name\nphone' ]
  [ "$(AN_FIELD_MAP=map.json an-upsert --print-keys)" = email ]
  jq '.email = {from: ["E-Mail", "Mail, private", "email"]}' map.json >mails.json
  [ "$(an-upsert -m mails.json --print-keys)" = $'e-mail\n"mail, private"\nemail' ]
}

@test "what is printed of the map can be asked for at once: digest, keys, columns, map, with an empty line between" {
  [ "$(an-upsert --print-map --print-columns --print-digest --print-keys)" = "$(an-upsert --print-digest)

$(an-upsert --print-keys)

$(an-upsert --print-columns)

$(an-upsert --print-map)" ]
}

@test "a map that is missing or malformed is status 78, before anything is read or sent" {
  start_sandbox
  echo '{"email":"email","custom_fields":{"is_member":{"value":"True"},"Phone":{"from":"p","as":"fone"}}}' >bad.json
  run -78 --separate-stderr an-upsert -m bad.json <<<"$(change new rosa@example.org)"
  [ -z "$output" ]
  has "$stderr" bad.json custom_fields.Phone.as
  printf '{"email":\n"email" x}' >bad.json
  AN_FIELD_MAP=bad.json run -78 --separate-stderr an-upsert -n </dev/null
  has "$stderr" bad.json:2
  run -78 --separate-stderr an-upsert -m absent.json </dev/null
  [ "$(sandbox_requests)" -eq 0 ]
}

@test "--check tells that the key is accepted, and which custom fields the group lacks" {
  start_sandbox --custom-field is_member --custom-field Phone
  run -0 --separate-stderr an-upsert --check
  has "$output" accepted
  [[ $output$stderr != *Phone* ]]
  unset AN_FIELD_MAP
  run --separate-stderr an-upsert --check
  has "$output" '"Union Local"' '"AK_ID"'
  [[ $output$stderr != *'"Phone"'* ]]
  [ "$(sandbox_requests POST)$(sandbox_requests PUT)" = 00 ]
  AN_API_KEY=not-the-key-at-all run -77 --separate-stderr an-upsert --check
  [[ $output$stderr != *not-the-key* ]]
  unset AN_API_KEY
  run -78 --separate-stderr an-upsert --check
}

@test "--verbose tells of every request, and never the key" {
  start_sandbox
  { change new rosa@example.org; moved; } >in
  run -0 --separate-stderr an-upsert -r 0 -v in
  [ "$(grep -c '^an-upsert: ' <<<"$stderr")" -eq 3 ]
  has "$stderr" "POST $AN_API_URL/people" "GET $AN_API_URL/people?filter=" 200
  [[ $stderr != *"$AN_API_KEY"* ]]
}
