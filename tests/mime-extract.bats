#!/usr/bin/env bats
# mime-extract: the export out of the mail, all of it or nothing.
# shellcheck disable=SC2016,SC2094,SC2154 # "mail" is a function and a file; bats sets stderr_lines

load helpers
load mail

setup() {
  mail_setup
}

# ---- what an export looks like ----

@test "the sample mails give the sample exports byte for byte" {
  for week in 2026-11-09 2026-11-16; do
    mime-extract -f membership-data@example.org -s 'membership export' --require-auth \
      "$SAMPLES/mail-$week.eml" >got.csv
    cmp got.csv "$SAMPLES/export-$week.csv"
  done
}

@test "the sample mails can be made again from the sample exports" {
  cp "$SAMPLES"/export-*.csv .
  "$ROOT/tests/make-samples" .
  mime-extract mail-2026-11-16.eml | cmp - "$SAMPLES/export-2026-11-16.csv"
  diff <(sed -n '/^Content-Disposition/q;p' mail-2026-11-16.eml) \
    <(sed -n '/^Content-Disposition/q;p' "$SAMPLES/mail-2026-11-16.eml")
}

@test "a ZIP, a gzip file and a bare CSV are found, whatever type they are declared as" {
  for type in application/zip application/x-zip-compressed application/octet-stream image/png; do
    mail "$text" "$logo" "$type;name=export;file=export.zip" >mail
    gives_export mail
    mail "$text" "$type;name=export.csv.gz;file=export.csv.gz" >mail
    gives_export mail
    mail "$text" "$type;name=Export.CSV;file=export.csv" >mail
    gives_export mail
  done
  mail 'text/csv;file=export.csv;charset=utf-8' "$text" >mail
  gives_export mail
}

@test "standard input is read without a file and for -" {
  mail "$text" 'application/zip;name=export.zip;file=export.zip' >mail
  mime-extract <mail | cmp - export.csv
  mime-extract - <mail | cmp - export.csv
}

@test "nested multiparts and forwarded mails are searched" {
  local part='application/zip;name=export.zip;file=export.zip'
  mail "$text" '{' '{' "$text" '{' "$part" '}' '}' "$logo" '}' >mail
  gives_export mail
  mail --forward "$text" "$part" >mail
  gives_export mail
  mail --forward-base64 "$text" "$part" >mail
  gives_export mail
}

@test "a mail that is nothing but the CSV is taken" {
  mail --bare 'text/csv;name=export.csv;file=export.csv' >mail
  gives_export mail
}

@test "the line of an mbox and the line ends of Unix are no hindrance" {
  { echo 'From rosa@example.org Mon Nov 16 09:00:00 2026' && mail --lf "$text" 'application/zip;file=export.zip'; } >mail
  gives_export mail
}

@test "quoted-printable and 8bit are decoded" {
  printf 'email,first_name\nrosa@example.org,"Ros\xc3\xa9 = long long long long long long long long long long long line"\n' >export.csv
  mail --lf 'text/csv;name=export.csv;charset=utf-8;encoding=quoted-printable;file=export.csv' >mail
  mime-extract mail | cmp - export.csv
  mail --lf 'text/csv;name=export.csv;charset=utf-8;encoding=8bit;file=export.csv' >mail
  mime-extract mail | cmp - <(head -c -1 export.csv && echo)
}

@test "file names of RFC 2231 and RFC 2047 are understood" {
  for form in 'name*' 'name?'; do
    mail "$text" "application/octet-stream;$form=Mitglieder März 2026.csv;file=export.csv" >mail
    gives_export mail
    run -0 --separate-stderr mime-extract -l mail
    [ "$(jq -r 'select(.part.export).part.name' <<<"$output")" = 'Mitglieder März 2026.csv' ]
  done
}

@test "in a ZIP, files beside the CSV, directories and what macOS adds do not count" {
  mkdir -p data __MACOSX/data
  cp export.csv data/Export.CSV
  echo x | tee __MACOSX/data/._Export.csv data/.hidden.csv readme.txt >/dev/null
  mkdir folder.csv
  zip -qr all.zip data __MACOSX readme.txt folder.csv
  mail "$text" 'application/zip;name=all.zip;file=all.zip' >mail
  gives_export mail
}

@test "gzip in several members, as cat makes it, is one file" {
  { head -n 1 export.csv | gzip -n && tail -n +2 export.csv | gzip -n; } >export.csv.gz
  mail "$text" 'application/gzip;name=export.csv.gz;file=export.csv.gz' >mail
  gives_export mail
}

@test "office documents, pictures and texts are not taken for exports" {
  cp export.zip report.xlsx
  mail "$text" "$logo" 'application/octet-stream;name=report.xlsx;file=report.xlsx' 'application/zip;file=export.zip' >mail
  gives_export mail
}

# ---- what is refused ----

@test "a mail without an export is refused and its parts named" {
  mail "$text" "$logo" >mail
  refused mail -- 'no export is attached' '"part 1 (text/plain)"' '"logo.png"'
}

@test "two candidates are refused, both named" {
  mail 'text/csv;name=one.csv;file=export.csv' "$text" 'application/zip;name=two.zip;file=export.zip' >mail
  refused mail -- '"one.csv" and "two.zip"'
}

@test "a ZIP with two CSVs or with none is refused" {
  cp export.csv other.csv
  zip -q two.zip export.csv other.csv
  mail 'application/zip;name=two.zip;file=two.zip' >mail
  refused mail -- '"two.zip": it holds two CSV files, "export.csv" and "other.csv"'
  zip -q none.zip two.zip
  mail 'application/zip;name=none.zip;file=none.zip' >mail
  refused mail -- '"none.zip": it holds no CSV file, but "two.zip"'
}

@test "an encrypted ZIP is refused with what to do" {
  zip -q -P secret locked.zip export.csv
  mail 'application/zip;name=locked.zip;file=locked.zip' >mail
  refused mail -- '"locked.zip": ' 'encrypted' 'without a password'
}

@test "what is named .zip and is none is refused" {
  mail 'application/zip;name=export.zip;text=hello' >mail
  refused mail -- '"export.zip": ' 'truncated or damaged'
}

@test "a bomb is stopped at the limit, which --max-size sets" {
  { echo email && head -c 3000000 /dev/zero | tr '\0' 'x'; } >bomb.csv
  zip -q bomb.zip bomb.csv
  gzip -nk bomb.csv
  for part in 'application/zip;name=bomb;file=bomb.zip' 'application/gzip;name=bomb;file=bomb.csv.gz'; do
    mail "$part" >mail
    refused mail --max-size 2M -- '"bomb": it unpacks to more than the limit of 2097152 bytes'
    mime-extract --max-size 3M mail | cmp - bomb.csv
  done
  mail 'text/csv;name=bomb.csv;file=bomb.csv' >mail
  refused mail --max-size 2M -- '"bomb.csv": larger than the limit'
}

@test "the limit is exact" {
  mail 'application/zip;name=export.zip;file=export.zip' >mail
  local size
  size=$(stat -c %s export.csv)
  gives_export mail --max-size "$size"
  refused mail --max-size $((size - 1)) -- 'more than the limit'
}

@test "a mail that is itself far too large is refused while it is read" {
  { mail "$text" && head -c 2000000 /dev/zero; } >mail
  refused mail --max-size 1K -- 'too large'
}

@test "a mail that was cut short is refused, wherever it was cut" {
  mail "$text" 'application/zip;name=export.zip;file=export.zip' "$logo" >whole
  local size at
  size=$(stat -c %s whole)
  # Beyond its closing boundary's two dashes nothing is missing.
  for ((at = 1; at < size - 4; at += 11)); do
    head -c "$at" whole >mail
    run -65 --separate-stderr mime-extract mail
    [ -z "$output" ]
  done
  gives_export whole
}

@test "a part without its multipart's end is refused as truncated" {
  mail --open "$text" 'text/csv;name=export.csv;encoding=8bit;file=export.csv' >mail
  refused mail -- '"export.csv": it is truncated'
}

@test "base64 that ends too soon or holds something else is refused" {
  printf 'email\nrosa@example.org\n' >export.csv
  for cut in 1 2 3; do
    mail "text/csv;name=export.csv;file=export.csv;cut=$cut" >mail
    refused mail -- '"export.csv": it is truncated: its base64 ends too soon'
  done
  mail 'text/csv;name=export.csv;file=export.csv' | sed 's/^ZW1h/ZW1*/' >mail
  refused mail -- '"export.csv": its base64 is damaged'
}

@test "archives that were cut short are refused" {
  head -c -30 export.zip >cut.zip
  head -c -5 export.csv.gz >cut.csv.gz
  head -c 30 export.csv.gz >short.csv.gz
  for file in cut.zip cut.csv.gz short.csv.gz; do
    mail "application/octet-stream;name=$file;file=$file" >mail
    refused mail -- "\"$file\": it is truncated"
  done
}

@test "archives whose checksum is wrong are refused" {
  zip -q0 stored.zip export.csv
  sed -i 's/Karl/Kurt/' stored.zip
  python3 -c "
import sys
data = bytearray(open('export.csv.gz', 'rb').read())
data[-6] ^= 1
open('wrong.csv.gz', 'wb').write(data)"
  for file in stored.zip wrong.csv.gz; do
    mail "application/octet-stream;name=$file;file=$file" >mail
    refused mail -- "\"$file\": " damaged
  done
}

@test "what is packed twice is refused" {
  gzip -n <export.csv.gz >twice.gz
  mail 'application/gzip;name=twice.gz;file=twice.gz' >mail
  refused mail -- 'packed twice'
  cp export.zip inner.csv
  zip -q outer.zip inner.csv
  mail 'application/zip;name=outer.zip;file=outer.zip' >mail
  refused mail -- 'packed twice'
}

@test "an empty CSV and one that is no text are refused" {
  mail 'text/csv;name=export.csv;text=\xef\xbb\xbf\r\n\r\n' >mail
  refused mail -- '"export.csv": it is empty'
  mail 'text/csv;name=export.csv;encoding=8bit;text=' >mail
  refused mail -- '"export.csv": it is empty'
  mail 'text/csv;name=export.csv;text=email\x00\n' >mail
  refused mail -- 'it is no text: byte 6 is NUL, in line 1'
}

@test "what is no mail is refused" {
  refused /dev/null -- 'not a mail: it is empty'
  refused export.csv -- 'not a mail'
  refused export.zip -- 'not a mail'
  printf 'From: rosa@example.org\0 <x@example.net>\n\nhello\n' >mail
  refused mail -- 'NUL byte in its header'
}

@test "a mail that nests its parts without end is refused" {
  python3 -c "
print('From: a@example.org\nContent-Type: multipart/mixed; boundary=b0\n')
for i in range(5000):
    print('--b%d\nContent-Type: multipart/mixed; boundary=b%d\n' % (i, i + 1))" >mail
  run -65 --separate-stderr mime-extract mail
  [ -z "$output" ]
  python3 -c "
print('From: a@example.org')
print('Content-Type: message/rfc822\n\n' * 5000)" >mail
  run -65 --separate-stderr mime-extract -l mail
  has "$stderr" 'too deeply'
}

@test "a mail of more parts than any has is refused" {
  python3 -c "
print('From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n')
print('--b\n\nx\n' * 10001 + '--b--')" >mail
  refused mail -- 'the mail has more than 10000 parts'
  refused mail -l -- 'the mail has more than 10000 parts'
}

# ---- from whom, about what ----

@test "-f takes addresses and domains, in any case, in a list" {
  mail --from 'Data <Membership@Example.org>' 'application/zip;file=export.zip' >mail
  for from in membership@example.org MEMBERSHIP@EXAMPLE.ORG @example.org 'x@example.com, @Example.Org' ',membership@example.org,'; do
    gives_export mail -f "$from"
  done
  gives_export mail -f x@example.com --from membership@example.org
  for from in rosa@example.org @example.com @ample.org @mail.example.org ship@example.org Data; do
    refused mail -f "$from" -- 'refused: it is from "Membership@Example.org"'
  done
}

@test "-f refuses every From that could be read in two ways" {
  # GMime leaks what it cannot make an address of; for runs under the address sanitizer.
  export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
  for from in 'rosa@example.org, x@example.com' 'rosa@example.org <x@example.com>' 'rosa@example.org@example.com' \
    'Group: rosa@example.org;' $'rosa@example.org\r\nFrom: x@example.com' '' -; do
    mail --from "$from" 'application/zip;file=export.zip' >mail
    refused mail -f rosa@example.org -- 'refused: '
  done
  for from in '"rosa@example.org" <x@example.com>' '=?utf-8?q?rosa=40example=2Eorg?= <x@example.com>'; do
    mail --from "$from" 'application/zip;file=export.zip' >mail
    refused mail -f rosa@example.org -- 'it is from "x@example.com"'
  done
}

@test "-s compares the decoded subject, whatever the case" {
  mail --subject '=?utf-8?q?Mitglieder_f=C3=BCr_=C3=84RZTE?=' 'application/zip;file=export.zip' >mail
  gives_export mail -s 'für ärzte'
  refused mail -s export -- $'refused: its subject is "Mitglieder für ÄRZTE", without \'export\''
  mail --subject - 'application/zip;file=export.zip' >mail
  refused mail -s export -- 'refused: '
}

# ---- who vouches for it ----

@test "--require-auth takes a mail that SES vouches for" {
  mail "${ses[@]}" --top "$passed" 'application/zip;file=export.zip' >mail
  gives_export mail --require-auth
  gives_export mail --require-auth=AmazonSES.com
}

@test "--require-auth refuses a From that could be read in two ways, whatever was said of it" {
  export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
  for from in 'rosa@example.org, x@example.com' 'rosa@example.org <x@example.com>' 'Group: rosa@example.org;' '' -; do
    mail --from "$from" "${ses[@]}" --top "$passed" 'application/zip;file=export.zip' >mail
    refused mail --require-auth -- 'refused: its From does not name one address'
  done
}

@test "--require-auth takes an aligned DKIM signature where there is no DMARC policy" {
  for results in 'dmarc=none; dkim=fail header.d=example.org; dkim=pass header.d=example.org' 'dmarc=none; dkim=pass header.i=@mail.example.org' \
    'dmarc=none;dkim=pass (2048-bit; dkim=fail) reason="ok; really" header.i=x@Example.org header.d=EXAMPLE.org'; do
    mail "${ses[@]}" --top "Authentication-Results: amazonses.com 1; $results" 'application/zip;file=export.zip' >mail
    gives_export mail --require-auth
  done
  mail --from a@lists.example.org "${ses[@]}" --top 'Authentication-Results: amazonses.com; dmarc=none; dkim=pass header.d=example.org' \
    'application/zip;file=export.zip' >mail
  gives_export mail --require-auth
}

@test "--require-auth refuses what was not found authentic" {
  for results in none 'spf=pass smtp.mailfrom=example.org' 'dmarc=fail header.from=example.org' 'dmarc=temperror' \
    'dkim=pass header.d=example.com' 'dkim=pass header.d=org' 'dkim=pass header.d=badexample.org' 'dkim=pass' 'dkim=fail header.d=example.org' \
    'dmarc=fail; dkim=pass header.d=example.org' 'dmarc=pass header.from=example.com' 'dmarc=fail; dmarc=pass' \
    'x=y (dmarc=pass)' 'x="; dmarc=pass"' 'x="dmarc=pass' '(dmarc=pass' 'dmarc' 'dmarc=' 'x dmarc=pass'; do
    mail "${ses[@]}" --top "Authentication-Results: amazonses.com; $results" 'application/zip;file=export.zip' >mail
    refused mail --require-auth -- 'uthentication' || refused mail --require-auth -- 'dmarc'
  done
  mail "${ses[@]}" 'application/zip;file=export.zip' >mail
  refused mail --require-auth -- 'no Authentication-Results'
}

@test "only the topmost Authentication-Results counts, and only by the server that is asked for" {
  mail "${ses[@]}" --top 'Authentication-Results: amazonses.com; dmarc=fail' --top "$passed" 'application/zip;file=export.zip' >mail
  refused mail --require-auth -- 'dmarc="fail"'
  mail "${ses[@]}" --top 'Authentication-Results: mx.example.net; dmarc=pass' --top "$passed" 'application/zip;file=export.zip' >mail
  refused mail --require-auth -- 'is by "mx.example.net", not by amazonses.com'
  gives_export mail --require-auth=mx.example.net
}

@test "--require-auth wants the verdicts of SES, and the topmost ones" {
  mail "${ses[@]}" --top 'X-SES-Spam-Verdict: FAIL' --top "$passed" 'application/zip;file=export.zip' >mail
  gives_export mail --require-auth
  mail --top "$passed" 'application/zip;file=export.zip' >mail
  refused mail --require-auth -- 'it has no X-SES-'
  for verdict in '' 'PASS, FAIL' UNKNOWN; do
    for about in Spam Virus; do
      mail --top "X-SES-$about-Verdict: $verdict" "${ses[@]}" --top "$passed" 'application/zip;file=export.zip' >mail
      refused mail -f rosa@example.org --require-auth -- "X-SES-$about-Verdict says \"$verdict\""
    done
  done
}

@test "a verdict on spam other than FAIL refuses no mail of a sender who is expected and vouched for" {
  for verdict in PASS GRAY PROCESSING_FAILED; do
    mail --top "X-SES-Spam-Verdict: $verdict" "${ses[@]}" --top "$passed" 'application/zip;file=export.zip' >mail
    gives_export mail -f rosa@example.org --require-auth
    # by DKIM, too; but not of anybody, and not of one whom nobody vouches for
    sed -i 's/dmarc=pass/dmarc=none/' mail
    gives_export mail -f @example.org --require-auth
    [ "$verdict" = PASS ] || refused mail --require-auth -- "X-SES-Spam-Verdict says \"$verdict\"" AN_MAIL_FROM
    sed -i 's/dkim=pass/dkim=fail/' mail
    refused mail -f rosa@example.org --require-auth -- 'neither dmarc=pass nor dkim=pass'
  done
  mail --top 'X-SES-Spam-Verdict: FAIL' "${ses[@]}" --top "$passed" 'application/zip;file=export.zip' >mail
  refused mail -f rosa@example.org --require-auth -- 'X-SES-Spam-Verdict says "FAIL"' AN_MAIL_REQUIRE_AUTH=no
}

@test "a verdict on viruses refuses when something was found; a scan that failed is said" {
  mail --top 'X-SES-Virus-Verdict: FAIL' "${ses[@]}" --top "$passed" 'application/zip;file=export.zip' >mail
  refused mail -f rosa@example.org --require-auth -- 'X-SES-Virus-Verdict says "FAIL"'
  for verdict in GRAY PROCESSING_FAILED; do
    mail --top "X-SES-Virus-Verdict: $verdict" "${ses[@]}" --top "$passed" 'application/zip;file=export.zip' >mail
    run -0 --separate-stderr mime-extract --require-auth mail
    [ "$output" = "$(cat export.csv)" ]
    [ "$stderr" = "mime-extract: warning: mail: X-SES-Virus-Verdict says \"$verdict\": it was not scanned" ]
  done
}

@test "another server need not write verdicts, but a bad one is believed" {
  local found='Authentication-Results: mx.example.net; dmarc=pass header.from=example.org'
  mail --top "$found" 'application/zip;file=export.zip' >mail
  gives_export mail --require-auth=mx.example.net
  mail --top "$found" --top 'X-SES-Virus-Verdict: FAIL' 'application/zip;file=export.zip' >mail
  refused mail --require-auth=mx.example.net -- 'says "FAIL"'
}

# ---- the list ----

@test "-l shows the message and its parts" {
  mail "${ses[@]}" --top "$passed" --subject '=?utf-8?q?F=C3=BCr_alle?=' "$text" "$logo" \
    'application/zip;name=export.zip;file=export.zip' >mail
  run -0 --separate-stderr mime-extract -l mail
  [ -z "$stderr" ]
  same_json "$output" '
    {"message":{"from":"rosa@example.org","subject":"Für alle","date":"2026-11-16T09:00:00Z","message_id":"1@example.org",
      "verdicts":{"spam":"PASS","virus":"PASS","spf":"pass","dkim":"pass","dmarc":"pass"}}}
    {"part":{"type":"text/plain","name":null,"size":6,"export":false}}
    {"part":{"type":"image/png","name":"logo.png","size":6,"export":false}}
    {"part":{"type":"application/zip","name":"export.zip","size":'"$(stat -c %s export.zip)"',"export":true}}'
}

@test "-l writes null for what the mail does not say" {
  for date in - garbage 'Mon, 45 Nov 2026 04:00:00 -0500'; do
    mail --from - --subject - --date "$date" "$text" | grep -v Message-ID >mail
    run -0 --separate-stderr mime-extract --list mail
    same_json "${lines[0]}" '{"message":{"from":null,"subject":null,"date":null,"message_id":null,
      "verdicts":{"spam":null,"virus":null,"spf":null,"dkim":null,"dmarc":null}}}'
  done
}

@test "-l lists a mail without an export, but not one that is refused" {
  mail "$text" >mail
  run -0 --separate-stderr mime-extract -l mail
  [ "$(jq -c 'select(.part) | .part.export' <<<"$output")" = false ]
  refused mail -l -f x@example.com -- 'refused: '
  refused mail -l -s other -- 'refused: '
  refused mail -l --require-auth -- 'refused: '
}

# ---- an export without its mail ----

@test "--archive takes the export itself: CSV, ZIP or gzip" {
  for file in export.csv export.zip export.csv.gz; do
    gives_export "$file" --archive
  done
  mime-extract --archive <export.zip | cmp - export.csv
}

@test "--archive refuses as strictly" {
  refused /dev/null --archive -- 'it is empty'
  head -c -30 export.zip >cut.zip
  refused cut.zip --archive -- truncated
  refused export.csv --archive --max-size 10 -- 'larger than the limit of 10 bytes'
}

# ---- the edges ----

@test "a full disk is noticed" {
  mail 'application/zip;file=export.zip' >mail
  run -74 --separate-stderr bash -c 'mime-extract mail >/dev/full'
  has "$stderr" 'standard output: No space left'
  run -74 --separate-stderr bash -c 'mime-extract -l mail >/dev/full'
  has "$stderr" 'No space left'
}

@test "a reader that goes away ends it" {
  { echo email && seq 200000; } >export.csv
  mail 'text/csv;file=export.csv' >mail
  run -0 --separate-stderr bash -c 'mime-extract mail | head -n 1; exit $((PIPESTATUS[0] == 0))'
  [ "$output" = email ]
}

@test "a file that cannot be read is status 74" {
  run -74 --separate-stderr mime-extract missing.eml
  has "$stderr" 'missing.eml: No such file or directory'
  run -74 --separate-stderr mime-extract .
  has "$stderr" '.: Is a directory'
}

@test "wrong usage is status 64" {
  for options in --wrong '-f ,' '--max-size 0' '--max-size 4096G' '--max-size 5X' '--max-size -1' --require-auth= 'one two' \
    '--archive -l' '--archive -f @example.org'; do
    # shellcheck disable=SC2086
    run -64 --separate-stderr mime-extract $options
    has "$stderr" 'usage: mime-extract'
    [ -z "$output" ]
  done
  run -64 --separate-stderr mime-extract -s ''
}

@test "help and version go to standard output" {
  run -0 --separate-stderr mime-extract --help
  has "$output" 'usage: mime-extract' --require-auth --archive
  [ -z "$stderr" ]
  run -0 --separate-stderr mime-extract -V
  has "$output" 'mime-extract (an-sync) '
  run -74 --separate-stderr bash -c 'mime-extract --help >/dev/full'
}

@test "--date writes the date in UTC and the id of a mail, and looks at nothing but its header" {
  printf 'From: a@example.org\nDate: Mon, 16 Nov 2026 10:00:00 +0100\nMessage-ID: <a\x1b[1m@example.org>\n\nNothing.\n' >mail
  run -0 --separate-stderr mime-extract --date mail
  [ "$output" = $'2026-11-16T09:00:00Z\n'"$(mime-extract -l mail | jq -r '.message.message_id // empty' | tr '\033' ' ')" ]
  printf 'From: a@example.org\n\nNothing.\n' >mail
  [ "$(mime-extract --date mail | od -An -c | tr -d ' ')" = '\n\n' ]
  run -65 --separate-stderr mime-extract --date <(echo nonsense)
  [ -z "$output" ]
  run -65 --separate-stderr mime-extract --date -f b@example.org mail
  run -64 --separate-stderr mime-extract --date --archive mail
}
