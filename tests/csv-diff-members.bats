#!/usr/bin/env bats
# Who is a member for csv-diff: what its keys are, which rows count, who is held.

load helpers

setup() {
  common_setup
  csv older.csv 'akid,first_name,email' '101,Ann,ann@example.org' '102,Bob,bob@example.org' '103,Cem,cem@example.org'
}

# csv NAME LINE...: a file of these lines, in which \x.. is a byte.
csv() {
  local name=$1
  shift
  printf '%b\n' "$@" >"$name"
}

# changes [OPTION...]: what csv-diff writes for older.csv and newer.csv, in short, as $seen.
changes() {
  run -0 --separate-stderr csv-diff "$@" older.csv newer.csv
  seen=$(jq -c 'if .summary then .summary | [.unchanged, .new, .updated, .lapsed, .skipped, .held, .others]
    else [.change, .key // .reason, .held // .was // null] end' <<<"$output")
}

# are CHANGE... : what `changes` is to say.
are() {
  diff <(printf '%s\n' "$@") <(echo "$seen")
}

# ---- values, keys and names ----

@test "blanks at a value's ends are no part of it, in quotes or not" {
  csv older.csv 'email,city,note' 'a@x,"Boston ",x' 'b@x,Lynn\t,"\t"' 'c@x," Salem ",'
  csv newer.csv 'email,city,note' 'a@x,Boston,"x  "' 'b@x,"Lynn",' 'c@x,Salem  ," "'
  changes
  are '[3,0,0,0,0,null,null]'
  csv newer.csv 'email,city,note' 'a@x," Bonn","x  "' 'b@x,"Lynn",' 'c@x,Salem  ," "'
  run -0 --separate-stderr csv-diff older.csv newer.csv
  [ "${lines[0]}" = '{"change":"updated","key":"a@x","row":{"email":"a@x","city":"Bonn","note":"x"},"was":{"city":"Boston"}}' ]
}

@test "what nobody sees at the ends of a key, or of a column's name, is no part of it" {
  for unseen in '\xc2\xa0' '\xe2\x80\x8b' '\xe2\x80\x8f' '\xe2\x80\xaf' '\xe2\x81\xa0' '\xe3\x80\x80' \
    '\xef\xbb\xbf' '\xc2\xad' '\xc2\x85' '\xc2\xa0\xe2\x80\x8b \xc2\xa0' '\x0b' \
    '\xe2\x81\xa6' '\xe2\x81\xa9' '\xd8\x9c' '\xcd\x8f' '\xe1\xa0\x8e' '\xe3\x85\xa4' '\xef\xb8\x8f' '\xef\xbf\xbc' \
    '\xf3\xa0\x80\x81'; do
    csv newer.csv "akid,first_name,${unseen}Email$unseen" "101,Ann,${unseen}Ann@example.org" \
      "102,Bob,bob@example.org$unseen" "103,Cem,\"$unseen cem@example.org $unseen\""
    changes -A
    are '[3,0,0,0,0,null,null]'
  done
  csv newer.csv 'akid,first_name,email' '101,Ann,\xc2\xa0\xe2\x80\x8b' '102,Bob,bob@example.org' '103,Cem,cem@example.org'
  changes -f akid
  are '["skipped","no email","ann@example.org"]' '[3,0,0,0,1,1,null]'
}

@test "inside of a key, nothing is passed over" {
  csv newer.csv 'akid,first_name,email' '101,Ann,an\xc2\xadn@example.org' '102,Bob,bob@example.org' '103,Cem,cem@example.org'
  changes
  are '["new","an­n@example.org",null]' '["lapsed","ann@example.org",null]' '[2,1,0,1,0,null,null]'
}

@test "the case of a key's letters does not count, in any script" {
  csv older.csv 'email,n' 'JÖRG@x,1' 'ŽOFIA@x,1' 'Νίκος@x,1' 'İpek@x,1' 'ⱥ@x,1' 'ann@x,1'
  csv newer.csv 'EMAIL,N' 'jörg@x,2' 'žofia@x,1' 'ΝΊΚΟς@x,1' 'ipek@x,1' 'Ⱥ@x,1' 'ann@X,1'
  changes
  are '["updated","jörg@x",{"n":"1"}]' '[5,0,1,0,0,null,null]'
}

@test "any number of byte order marks, a line sep=, and a last byte 0x1A are passed over" {
  for beginning in '\xef\xbb\xbf' '\xef\xbb\xbf\xef\xbb\xbf\xef\xbb\xbf' 'sep=,\n' '\xef\xbb\xbfsep=,\r\n' '"SEP=,"\n\n'; do
    printf "${beginning}akid,first_name,email\n101,Ann,ann@example.org\n102,Bob,bob@example.org\n,Cem,\"cem@example.org\"\x1a" >newer.csv
    changes -c first_name
    are '[3,0,0,0,0,null,null]'
  done
  printf 'sep=,\nemail,n\na@x,1,\n' >newer.csv
  run -65 --separate-stderr csv-diff older.csv newer.csv
  has "$stderr" 'newer.csv:3: this row has 3 fields'
}

@test "columns without a name are left out where they are empty throughout, however many" {
  csv newer.csv 'akid,first_name,email,,," "' '101,Ann,ann@example.org,,,' '102,Bob,bob@example.org,," ",' '103,Eva,cem@example.org,,,'
  run -0 --separate-stderr csv-diff older.csv newer.csv
  [ "${lines[0]}" = '{"change":"updated","key":"cem@example.org","row":{"akid":"103","first_name":"Eva","email":"cem@example.org"},"was":{"first_name":"Cem"}}' ]
  csv newer.csv 'akid,first_name,email,,,' '101,Ann,ann@example.org,,,' '102,Bob,bob@example.org,,x,' '103,Cem,cem@example.org,,,'
  run -0 --separate-stderr csv-diff -a older.csv newer.csv
  [ "$(jq -c 'select(.key == "bob@example.org").row' <<<"$output")" = '{"akid":"102","first_name":"Bob","email":"bob@example.org","":"x"}' ]
  csv newer.csv 'akid,first_name,email,,,' '101,Ann,ann@example.org,,y,' '102,Bob,bob@example.org,,x,' '103,Cem,cem@example.org,z,,'
  run -65 --separate-stderr csv-diff older.csv newer.csv
  has "$stderr" 'newer.csv:1: two columns have no name'
}

@test "three hundred thousand columns without a name take no longer than as many with one" {
  local commas
  commas=$(printf ',%.0s' {1..300000})
  printf '%s\n' "email$commas" "ann@example.org$commas" "bob@example.org$commas" >older.csv
  printf '%s\n' "email$commas" "ann@example.org$commas" >newer.csv
  timeout 10 csv-diff older.csv newer.csv >out
  jq -se '.[-1].summary | .unchanged == 1 and .lapsed == 1' out
  printf '%s\n' "email$commas" "ann@example.org${commas}x" >newer.csv
  timeout 10 csv-diff older.csv newer.csv >out
  jq -se '.[0].change == "lapsed" and .[-1].summary.newer == 1' out
}

# ---- what is no CSV with commas ----

@test "what separates the columns instead of commas is named" {
  while IFS=$'\t' read -r name line row; do
    printf "$line\n$row\n" >newer.csv
    run -65 --separate-stderr csv-diff older.csv newer.csv
    [ "$stderr" = "csv-diff: newer.csv:1: its columns are separated by $name; export it as CSV with commas" ]
    [ -z "$output" ]
  done <<'END'
semicolons	akid;first_name;email	1;Ann;a@x
semicolons	"akid";"name, first";"email"	"1";"Ann, B.";"a@x"
tabs	akid\tfirst_name\temail	1\tAnn\ta@x
vertical bars	akid|first_name|email	1|"Ann"|a@x
semicolons	sep=;	akid;email
END
  # What is quoted, or is commas', is no separator.
  csv newer.csv '"akid;first;name;email",n' '1,2'
  run -65 --separate-stderr csv-diff older.csv newer.csv
  has "$stderr" 'there is no column "email"'
}

@test "a title above the header is called one" {
  for title in 'Membership export 2026-11-16' 'Membership export 2026-11-16,,' '"Membership export 2026-11-16"\n\n,,'; do
    csv newer.csv "$title" 'akid,first_name,email' '101,Ann,ann@example.org'
    run -65 --separate-stderr csv-diff older.csv newer.csv
    has "$stderr" 'newer.csv:1: this is a title ("membership export 2026-11-16")' 'the header stands below it (newer.csv:'
  done
}

@test "--label names the file as people know it, and its rows as a spreadsheet counts them" {
  printf 'akid,first_name,email\r\n1,"Ann\r\nB.",a@x\r\n2,Bob\r\n' >newer.csv
  run -65 --separate-stderr csv-diff --label export.eml older.csv newer.csv
  has "$stderr" 'csv-diff: export.eml: row 3: this row has 2 fields, the header has 3'
  run -65 --separate-stderr csv-diff older.csv newer.csv
  has "$stderr" 'csv-diff: newer.csv:4: this row has 2 fields'
  printf 'akid,first_name,email\r\n1,"Ann\r\nB.",a@x\r\n2,Bob,\r\n' >newer.csv
  run -0 --separate-stderr csv-diff -l export.eml older.csv newer.csv
  [ "$(jq -c 'select(.change == "skipped") | [.file, .line]' <<<"$output")" = '["export.eml",4]' ]
  run -0 --separate-stderr csv-diff -p -l export.eml older.csv newer.csv
  has "$output" '? export.eml: row 3: no email  Bob'
}

# ---- several names ----

@test "-k takes the first of several names that a file has" {
  csv newer.csv 'akid,first_name,Email_Address' '101,Ann,ANN@example.org' '102,Bob,bob@example.org' '104,Dora,dora@example.org'
  changes -k email,email_address -f akid
  are '["new","dora@example.org",null]' '["lapsed","cem@example.org",null]' '[2,1,0,1,0,null,null]'
  run -65 --separate-stderr csv-diff -k e-mail -k mail,email older.csv newer.csv
  has "$stderr" 'newer.csv:1: there is no column "e-mail" or "mail" or "email", only: "akid", "first_name", "email_address"'
}

@test "-k: in a row, the first of several that has a value" {
  csv older.csv 'email,email_address,n' 'a@x,,1' ',b@x,1' 'c@x,other@x,1'
  csv newer.csv 'email_address,email,n' 'b@x,,2' 'a@x,,2' 'whatever@x,c@x,1' ',,3'
  changes -k email,email_address -c n
  are '["updated","b@x",{"n":"1"}]' '["updated","a@x",{"n":"1"}]' '["skipped","no email",null]' '[1,0,2,0,1,null,null]'
}

@test "an older spelling of the key, or of what is followed, is not carried into the row" {
  csv older.csv 'akid,email,id' '1,old@x.org,u1' '2,b@x.org,u2'
  csv newer.csv 'actionkit_id,email_address,n' '1,new@x.org,3' '2,b@x.org,4'
  run -0 --separate-stderr csv-diff -A -k email,email_address -f akid,ak_id,actionkit_id older.csv newer.csv
  [ "${lines[0]}" = '{"change":"updated","key":"new@x.org","row":{"actionkit_id":"1","email_address":"new@x.org","n":"3","id":"u1"},"was":{"email":"old@x.org"}}' ]
}

@test "--follow takes the first of several names, and 101.0 for 101" {
  csv newer.csv 'AK_ID,first_name,email' '101.0,Ann,new@example.org' '102.5,Bob,bill@example.org' '"103.0 ",Cem,c@example.org'
  changes -f akid,ak_id -c first_name
  are '["updated","new@example.org",{"email":"ann@example.org"}]' '["new","bill@example.org",null]' \
    '["updated","c@example.org",{"email":"cem@example.org"}]' '["lapsed","bob@example.org",null]' '[0,1,2,1,0,null,null]'
  run -0 --separate-stderr csv-diff -f id,akid older.csv newer.csv
  has "$stderr" 'newer.csv: there is no column "id" or the like: nobody is followed'
  run -0 --separate-stderr csv-diff -f id,member older.csv newer.csv
  [ -z "$stderr" ]
}

@test "--follow sees through what spreadsheets make of a number" {
  csv older.csv 'akid,email' '1234501,ann@example.org' 'B-7,bob@example.org'
  for id in 1234501 1234501.0 1234501.00 1,234,501 '1,234,501.00' 001234501 "'1234501" "'1234501'" '=""1234501""' \
    1.234501E+06 1.234501e+6 '\xe2\x80\x8b1234501'; do
    csv newer.csv 'akid,email' "\"$id\",new@example.org" "'B-7,bill@example.org"
    changes -A -f akid -c email
    are '["updated","new@example.org",{"email":"ann@example.org"}]' '["updated","bill@example.org",{"email":"bob@example.org"}]' \
      '[0,0,2,0,0,null,null]'
  done
  for id in 1,234501 12,34501 1234501.5 1.234501E+05 12.34501E+05 =1234501 1234501-; do
    csv newer.csv 'akid,email' "\"$id\",new@example.org" 'B-7,bob@example.org'
    changes -A -f akid -c email
    are '["new","new@example.org",null]' '["lapsed","ann@example.org",null]' '[1,1,0,1,0,null,null]'
  done
}

@test "--follow takes nobody for somebody else by what is no id, or has lost digits" {
  for id in NULL null None nan '#N/A' '#REF!' 0 0.0 000 1.23E+06 1E+05; do
    csv older.csv 'akid,ak_id,email' "$id,1,ann@example.org" "$id,,bob@example.org" '3,,cem@example.org'
    csv newer.csv 'akid,ak_id,email' "$id,,eve@example.org" "$id,1,new@example.org" "$id,,"
    changes -A -f akid,ak_id -c akid
    are '["new","eve@example.org",null]' '["updated","new@example.org",{"email":"ann@example.org"}]' \
      '["skipped","no email",null]' '["lapsed","bob@example.org",null]' '["lapsed","cem@example.org",null]' \
      '[0,1,1,2,1,null,null]'
  done
}

@test "rows without any value are no rows, however many a spreadsheet has put below the last one" {
  { printf '%s\r\n' 'akid,first_name,email' '101,Ann,ann@example.org' ',,' '102,Bob,bob@example.org' '"",,""' $' ,\t, ' \
    '103,Cem,cem@example.org' '104,Eve,' && yes ',,' | head -n 1000; } >newer.csv
  for rule in '' -Wletter=M '-wakid=101,102,103,104'; do
    run -0 --separate-stderr csv-diff ${rule:+"$rule"} -A -f akid older.csv newer.csv
    [ "$(jq -c 'select(.summary).summary | [.unchanged, .new, .updated, .lapsed, .skipped, .others // 0]' <<<"$output")" = '[3,0,0,0,1,0]' ]
    [ "$(jq -c 'select(.change) | [.reason, .line]' <<<"$output")" = '["no email",8]' ]
  done
  csv newer.csv 'akid,first_name,email' '101,Ann,ann@example.org' ',,' '102,Bob,bob@example.org,' '103,Cem,cem@example.org'
  run -65 --separate-stderr csv-diff older.csv newer.csv
  has "$stderr" 'newer.csv:4: this row has 4 fields'
  csv newer.csv 'akid,first_name,email' ',,' ',,'
  run -65 --separate-stderr csv-diff older.csv newer.csv
  has "$stderr" 'no row has a value in the column "email"'
}

# ---- conditions ----

@test "--where: other rows are as if they were not there, and counted" {
  csv newer.csv 'akid,first_name,email,letter' '101,Ann,ann@example.org,M' '102,Bob,bob@example.org,L' \
    '103,Eva,cem@example.org, m ' '104,Dora,dora@example.org,L' '105,Eve,eve@example.org,M' '106,No,,E'
  changes -w Letter=M
  are '["updated","cem@example.org",{"first_name":"Cem"}]' '["new","eve@example.org",null]' \
    '["lapsed","bob@example.org",null]' '[1,1,1,1,0,null,3]'
  [ "$(jq -c 'select(.summary).summary | [.newer, .others, .members]' <<<"$output")" = '[3,3,"letter=M"]' ]
  run -0 --separate-stderr csv-diff -p -w letter=M older.csv newer.csv
  [ "${lines[-1]}" = "3 rows are no members': letter=M does not hold" ]
}

@test "--where: several values, several conditions, and the contrary" {
  csv newer.csv 'email,letter,zip,"a,b"' 'a@x,M,02130,1' 'b@x,L,02131,"x;y"' 'c@x,E,02130,"x;y"' 'd@x,M,02139,' \
    'e@x,,02130,"x""y"' 'f@x,"\xc2\xa0M",02130,"say ""x"""'
  csv older.csv 'email'
  members() {
    run -0 --separate-stderr csv-diff "$@" older.csv newer.csv
    members=$(jq -r 'select(.key).key[:1]' <<<"$output" | tr -d '\n')
  }
  members -w letter=M
  [ "$members" = adf ]
  members -w 'letter=m,l'
  [ "$members" = abdf ]
  members -w 'letter!=M,E'
  [ "$members" = be ]
  members -w letter=
  [ "$members" = e ]
  members -w 'letter!='
  [ "$members" = abcdf ]
  members -w letter=M -w zip=02130
  [ "$members" = af ]
  members -w 'letter=M; ZIP = 02130,02131 ;'
  [ "$members" = af ]
  members -w '"a,b"="x;y"'
  [ "$members" = bc ]
  members -w '"a,b"="x""y","say ""x""",1'
  [ "$members" = aef ]
  [ "$(jq -r 'select(.summary).summary.members' <<<"$output")" = '"a,b"="x""y","say ""x""",1' ]
  for wrong in letter '=M' 'letter!M' '' ';' 'letter="M' 'letter="M"x' '"letter"x=M'; do
    run -64 --separate-stderr csv-diff -w "$wrong" older.csv newer.csv
    has "$stderr" '--where takes COLUMN=VALUE'
  done
}

@test "--where: a file without the column, or without a member, is refused" {
  csv newer.csv 'email,letter' 'a@x,L' 'b@x,L'
  run -65 --separate-stderr csv-diff -w status=M older.csv newer.csv
  has "$stderr" 'newer.csv: there is no column "status"' '-w'
  run -65 --separate-stderr csv-diff -w letter=M older.csv newer.csv
  has "$stderr" "newer.csv: no row is a member's (letter=M)"
}

@test "--where-possible counts where the file has the column, and no other rule is given" {
  csv newer.csv 'akid,first_name,email,letter' '101,Ann,ann@example.org,M' '102,Bob,bob@example.org,L' '103,Cem,cem@example.org,M'
  changes -W letter=M
  are '["lapsed","bob@example.org",null]' '[2,0,0,1,0,null,1]'
  changes -W letter=M -w letter=L,M
  are '[3,0,0,0,0,null,0]'
  sed -i 's/letter/other/' newer.csv
  changes -W letter=M
  are '[3,0,0,0,0,null,null]'
}

@test "--where-possible: a file that does not say any more who is a member is refused" {
  csv older.csv 'akid,first_name,email,letter,id' '101,Ann,ann@example.org,M,u1' '102,Bob,bob@example.org,M,u2'
  csv newer.csv 'akid,first_name,email,status_letter' '101,Ann,ann@example.org,M' '103,Cem,cem@example.org,L'
  run -65 --separate-stderr csv-diff -W letter=M older.csv newer.csv
  [ -z "$output" ]
  has "$stderr" 'newer.csv: it does not say any more who is a member (letter=M), as it did before' 'leave out --where-possible'
  changes -w status_letter=M
  are '["lapsed","bob@example.org",null]' '[1,0,0,1,0,null,1]'
  changes
  are '["new","cem@example.org",null]' '["lapsed","bob@example.org",null]' '[1,1,0,1,0,null,null]'
  # Nobody was told before.
  csv older.csv 'akid,first_name,email,letter'
  changes -W letter=M
  are '["new","ann@example.org",null]' '["new","cem@example.org",null]' '[0,2,0,0,0,null,null]'
}

# ---- addresses, and who is held ----

@test "--addresses: a key that is no address is skipped, quoted, and never guessed at" {
  for broken in 'Ann <ann@example.org>' 'mailto:ann@example.org' '<ann@example.org>' 'ann@example.org.' \
    'ann@example.org;' 'ann@example.org,b@example.org' 'NULL' 'None' 'N/A' 'Total: 3' 'email' 'ann' 'ann@example' \
    'a nn@example.org' 'ann@@example.org' '@example.org' 'ann@.org' 'ann@example..org' 'a\xe2\x80\x8bnn@example.org' \
    'a\xc2\xa0nn@example.org' 'a\x7fnn@example.org' "'ann@example.org" "'ann@example.org'" \
    'ann@example.org/' 'ann@example.org?' 'ann@exa(mple).org' 'ann@[127.0.0.1]' 'ann\xef\xbf\xbd@example.org' 'ann＠example.org'; do
    csv newer.csv 'akid,first_name,email' "101,Ann,\"$broken\"" '102,Bob,bob@example.org' '103,Cem,cem@example.org'
    run -0 --separate-stderr csv-diff -A -f akid older.csv newer.csv
    [ "$(jq -r 'select(.change).reason' <<<"$output")" = "\"$(printf "$broken")\" is no address" ]
    [ "$(jq -c 'select(.change) | [.change, .key, .held, .file, .line, .row.akid]' <<<"$output")" = \
      '["skipped",null,"ann@example.org","newer.csv",2,"101"]' ]
    [ "$(jq -c 'select(.summary).summary' <<<"$output")" = \
      '{"older":3,"newer":3,"unchanged":3,"new":0,"updated":0,"lapsed":0,"skipped":1,"held":1}' ]
  done
  run -0 --separate-stderr csv-diff -p -A -f akid older.csv newer.csv
  diff - <(echo "$output") <<'END'
? newer.csv:2: "ann＠example.org" is no address; ann@example.org stays a member  Ann
0 new, 0 updated, 0 lapsed, 3 unchanged, 1 skipped: 3 members, before 3
1 of the unchanged are held: their rows are among the skipped
END
}

@test "--addresses: one that a spreadsheet or a program left in quotes is none, and holds the member" {
  csv newer.csv 'akid,first_name,email' '101,Ann,"=""ann@example.org"""' '102,Bob,"""bob@example.org"""' \
    '103,Cem,cem@example.org?' '104,Eve,eve@example.org'
  changes -A -f akid
  [ "$(jq -rc 'select(.reason) | [.change, .held]' <<<"$output" | tr -d '\n')" = \
    '["skipped","ann@example.org"]["skipped","bob@example.org"]["skipped","cem@example.org"]' ]
}

@test "--addresses: what can be an address is one" {
  csv newer.csv 'akid,first_name,email' "101,Ann,o'neill+dues/2=x@sub-1.example_2.org" '102,Bob,bob@bücher.example' '103,Cem,"""c""@example.org"'
  changes -A -f akid
  [ "$(jq -r 'select(.change).change' <<<"$output" | sort -u)" = updated ]
}

@test "a member whose row has no address is neither lapsed nor changed" {
  csv newer.csv 'akid,first_name,email' '101.0,Anna,' '102,Bob,NULL' '103,Cem,cem@example.org'
  changes -A -f akid -m 0
  are '["skipped","no email","ann@example.org"]' '["skipped","\"NULL\" is no address","bob@example.org"]' '[3,0,0,0,2,2,null]'
  # Without something to be recognised by, or without a row, they have lapsed.
  csv newer.csv 'akid,first_name,email' ',Anna,' '103,Cem,cem@example.org'
  changes -A -f akid
  are '["skipped","no email",null]' '["lapsed","ann@example.org",null]' '["lapsed","bob@example.org",null]' '[1,0,0,2,1,null,null]'
}

@test "who has another address elsewhere in the file is followed, not held" {
  csv newer.csv 'akid,first_name,email' '101,Ann,' '101,Ann,new@example.org' '102,Bob,bob@example.org' '103,Cem,'
  changes -A -f akid
  are '["skipped","no email",null]' '["updated","new@example.org",{"email":"ann@example.org"}]' \
    '["skipped","no email","cem@example.org"]' '[2,0,1,0,2,1,null]'
}

@test "an address that several share is held by any of them, and counts once" {
  csv older.csv 'akid,first_name,email' '1,Ann,home@example.org' '2,Bob,home@example.org' '3,Cem,cem@example.org'
  csv newer.csv 'akid,first_name,email' '2,Bob,' '3,Cem,cem@example.org'
  changes -f akid
  are '["skipped","no email","home@example.org"]' '[2,0,0,0,1,1,null]'
  csv newer.csv 'akid,first_name,email' '2,Bob,' '1,Ann,' '3,Cem,cem@example.org'
  changes -f akid
  are '["skipped","no email","home@example.org"]' '["skipped","no email","home@example.org"]' '[2,0,0,0,2,1,null]'
  csv newer.csv 'akid,first_name,email' '2,Bob,' '1,Ann,home@example.org' '3,Cem,cem@example.org'
  changes -f akid
  are '["skipped","no email",null]' '[2,0,0,0,1,null,null]'
}

@test "a row that is no member's holds nobody" {
  csv newer.csv 'akid,first_name,email,letter' '101,Ann,,L' '102,Bob,bob@example.org,M' '103,Cem,,M'
  changes -f akid -w letter=M
  are '["skipped","no email","cem@example.org"]' '["lapsed","ann@example.org",null]' '[2,0,0,1,1,1,1]'
}

@test "whoever may not be there is held, too, and is then no more than unchanged" {
  csv older.csv 'akid,email,map' '101,ann@example.org,begun' '102,bob@example.org,now'
  csv newer.csv 'akid,email' '101,' '102,bob@example.org'
  changes -f akid -d map=begun
  are '["skipped","no email","ann@example.org"]' '[2,0,0,0,1,1,null]'
}

# ---- columns that lost everything ----

# people COUNT VALUES FILLED: an OLDER of so many, of whom some have a phone, and a NEWER of whom some have.
people() {
  awk -v n="$1" -v have="$2" 'BEGIN { print "email,phone,city"; for (i = 1; i <= n; i++) print i "@x," (i <= have ? 617 : "") ",Bonn" }' >older.csv
  awk -v n="$1" -v have="$3" 'BEGIN { print "email,phone,city"; for (i = 1; i <= n; i++) print i "@x,\"" (i <= have ? 617 : " ") "\",Bonn" }' >newer.csv
}

@test "a column that lost all its values is refused by name, and allowed by name" {
  people 30 20 0
  run -65 --separate-stderr csv-diff older.csv newer.csv
  [ -z "$output" ]
  has "$stderr" 'csv-diff: newer.csv: no row has a value in the column phone any more, and 20 of 30 had one before' '--empty phone'
  run -0 --separate-stderr csv-diff --empty Phone older.csv newer.csv
  [ "$(jq 'select(.summary).summary.updated' <<<"$output")" = 20 ]
  run -65 --separate-stderr csv-diff -E city older.csv newer.csv
  run -0 --separate-stderr csv-diff -c city older.csv newer.csv
  sed -i 's/Bonn//' newer.csv
  run -65 --separate-stderr csv-diff older.csv newer.csv
  has "$stderr" 'the columns phone,city any more' '--empty phone,city'
}

@test "a column of which nothing is left but NULL, dashes or a spreadsheet's errors has lost its values" {
  { echo email,phone; seq -f 'm%g@x,617' 30; } >older.csv
  for nothing in NULL '#N/A' '#REF!' nan - -- '########' '"()"'; do
    { echo email,phone; seq -f "m%g@x,$nothing" 30; } >newer.csv
    run -65 --separate-stderr csv-diff older.csv newer.csv
    has "$stderr" 'no row has a value in the column phone any more, and 30 of 30 had one before'
  done
  for something in 0 é None-Such '#1' Null; do
    { echo email,phone; seq -f "m%g@x,$something" 30; } >newer.csv
    run -0 --separate-stderr csv-diff older.csv newer.csv
  done
}

@test "a column that few had, or that somebody still has, may be emptied" {
  people 30 19 0
  run -0 --separate-stderr csv-diff older.csv newer.csv
  people 300 29 0
  run -0 --separate-stderr csv-diff older.csv newer.csv
  people 300 30 0
  run -65 --separate-stderr csv-diff older.csv newer.csv
  people 300 200 1
  run -0 --separate-stderr csv-diff older.csv newer.csv
  [ "$(jq 'select(.summary).summary.updated' <<<"$output")" = 199 ]
}

@test "of a column that lost all its values, the rows that are no members' do not count" {
  people 30 25 0
  sed -i 's/$/,M/; 1s/M$/letter/' newer.csv
  echo '31@x,617,Bonn,L' >>newer.csv
  run -0 --separate-stderr csv-diff older.csv newer.csv
  run -65 --separate-stderr csv-diff -w letter=M older.csv newer.csv
  has "$stderr" 'the column phone any more'
}
