#!/usr/bin/env bats
# mime-extract: what people really send. Right, or said why not.
# shellcheck disable=SC1112,SC2016,SC2059,SC2094,SC2154 # "mail" is a function and a file; bats sets stderr_lines

load helpers
load mail

setup() {
  mail_setup
}

# said_once WARNING...: one line on stderr, a warning with each of these.
said_once() {
  [ "$(wc -l <said)" -eq 1 ]
  has "$(cat said)" 'mime-extract: warning: ' "$@"
}

# in_each_form FILE: the file as a part, in a ZIP and gzipped, each as a mail of its own: mail.1 to mail.3.
in_each_form() {
  zip -q "$1.zip" "$1"
  gzip -nk "$1"
  mail "text/csv;name=$1;file=$1" >mail.1
  mail "application/zip;file=$1.zip" >mail.2
  mail "application/gzip;file=$1.gz" >mail.3
}

# zip_with NAME...: files.zip with a copy of export.csv under each name, which is given in Python's
# notation of bytes: as UTF-8, so marked, or as the bytes that they are, unmarked.
zip_with() {
  python3 - "$@" <<'END'
import ast, sys, zipfile
content = open("export.csv", "rb").read()
raw = {}
with zipfile.ZipFile("files.zip", "w") as archive:
    for number, name in enumerate(sys.argv[1:]):
        name = ast.literal_eval(name)
        if isinstance(name, bytes):
            stand_in = (b"%02d" % number).ljust(len(name), b"_")
            raw[stand_in] = name
            name = stand_in.decode()
        archive.writestr(name, content)
data = open("files.zip", "rb").read()
for stand_in, name in raw.items():
    data = data.replace(stand_in, name)
open("files.zip", "wb").write(data)
END
}

# ---- charsets ----

@test "a declared charset is converted to UTF-8" {
  local charset
  for charset in ISO-8859-1 ISO-8859-15 WINDOWS-1250 MACINTOSH IBM850 UTF-16 UTF-32; do
    iconv -t "$charset" export.csv >other.csv
    mail "text/csv;name=export.csv;charset=$charset;file=other.csv" >mail
    gives_export mail
  done
  printf 'email\njosé@example.org,会員\n' >export.csv
  for charset in gb18030 utf-16le; do
    iconv -t "$charset" export.csv >other.csv
    mail "text/csv;name=export.csv;charset=$charset;file=other.csv" >mail
    gives_export mail
  done
}

@test "the names that mails have for charsets are known" {
  printf 'email,名前\nrosa@example.org,会員\n' >export.csv
  local charset
  for charset in Shift_JIS iso-2022-jp euc-jp; do
    iconv -t "$charset" export.csv >other.csv
    mail "text/csv;name=export.csv;charset=$charset;file=other.csv" >mail
    gives_export mail
  done
  printf 'email\nr\xe9sum\xe9 \x93quoted\x94 \x96 it\x92s\n' >old.csv
  printf 'email\nrésumé “quoted” – it’s\n' >export.csv
  for charset in latin1 iso-8859-1 ISO8859-1 cp1252 windows-1252; do
    mail "text/csv;name=export.csv;charset=$charset;file=old.csv" >mail
    gives_export mail
  done
}

@test "a byte order mark decides, in archives, too" {
  local charset
  for charset in UTF-16 UTF-32; do
    iconv -t "$charset" export.csv >"$charset.csv"
    in_each_form "$charset.csv"
    for mail in mail.[123]; do gives_export "$mail"; done
  done
  { printf '\xff\xfe' && iconv -t UTF-16LE export.csv; } >le.csv
  { printf '\xfe\xff' && iconv -t UTF-16BE export.csv; } >be.csv
  for file in le.csv be.csv; do
    mail "text/csv;name=export.csv;charset=us-ascii;file=$file" >mail
    gives_export mail
  done
}

@test "UTF-16 that no byte order mark begins is known by its NULs" {
  for charset in UTF-16LE UTF-16BE; do
    iconv -t "$charset" export.csv >"$charset.csv"
    in_each_form "$charset.csv"
    for mail in mail.[123]; do gives_export "$mail"; done
  done
  iconv -t UTF-16LE export.csv | head -c -1 >wide.csv
  refused wide.csv --archive -- 'it is no text: byte 2 is NUL, in line 1'
  printf 'email,first_name\nrosa@example.org,R\0sa\n' >nul.csv
  refused nul.csv --archive -- 'byte 36 is NUL, in line 2'
}

@test "a UTF-8 byte order mark in front of what is windows-1252 throughout is not believed" {
  printf 'email,first_name\r\njose@example.org,Jos\xe9\r\nana@example.org,Mar\xeda\r\n' >old.csv
  { printf '\xef\xbb\xbf' && cat old.csv; } >marked.csv
  iconv -f WINDOWS-1252 old.csv >export.csv
  in_each_form marked.csv
  for mail in mail.[123]; do
    mime-extract "$mail" 2>said | cmp - export.csv
    said_once 'says that it is UTF-8, and is not; read as windows-1252'
  done
  # With one character that is UTF-8, it is damaged UTF-8.
  printf 'zoe@example.org,Zo\xc3\xab\r\n' >>marked.csv
  mime-extract --archive marked.csv 2>said | grep -q $'Jos\uFFFD'
  said_once 'damaged UTF-8' '2 characters'
}

@test "a UTF-8 byte order mark stays where it is" {
  { printf '\xef\xbb\xbf' && cat export.csv; } >marked.csv
  mail 'text/csv;name=marked.csv;charset=iso-8859-1;file=marked.csv' >mail
  mime-extract mail | cmp - marked.csv
}

@test "UTF-8 is UTF-8 whatever 8-bit charset, US-ASCII, nothing or nonsense it is declared as" {
  local charset
  for charset in '' ';charset=us-ascii' ';charset=iso-8859-1' ';charset=windows-1252' ';charset=koi8-r' ';charset=Macintosh' \
    ';charset=utf-16' ';charset=x-unknown' ';charset=ascii//IGNORE' ';charset=IBM037' ';charset=UTF-7'; do
    mail "text/csv;name=export.csv$charset;file=export.csv" >mail
    gives_export mail
  done
}

@test "what looks like UTF-8 in a charset of several bytes is believed to be what is declared" {
  printf 'email,x\n\xc4\xa3\xc4\xa3,y\n' >export.csv # also two letters of UTF-8
  mail 'text/csv;name=export.csv;charset=gbk;file=export.csv' >mail
  mime-extract mail | cmp - <(iconv -f GBK export.csv)
}

@test "one bad byte changes nobody else's name: it becomes U+FFFD, with its line in a warning" {
  { cat export.csv && printf 'jose@example.org,Jos\xc3\r\nana@example.org,Ana Mar\xc3\xada\r\n'; } >cut.csv
  { cat export.csv && printf 'jose@example.org,Jos\xef\xbf\xbd\r\nana@example.org,Ana Mar\xc3\xada\r\n'; } >export.csv.new
  mv export.csv.new export.csv
  in_each_form cut.csv
  mail 'text/csv;name=cut.csv;charset=utf-8;file=cut.csv' >mail.4
  for mail in mail.[1-4]; do
    mime-extract "$mail" 2>said | cmp - export.csv
    said_once 'damaged UTF-8' '1 character' 'in line 4'
  done
  mime-extract --archive cut.csv 2>said | cmp - export.csv
  said_once 'in line 4'
}

@test "most of a text being UTF-8 is believed more than a declared 8-bit charset" {
  { echo email && printf 'Jos\xc3\xa9\n%.0s' 1 2 3 4 5 && printf 'Jos\xc3\n'; } >cut.csv
  mail 'text/csv;name=cut.csv;charset=iso-8859-1;file=cut.csv' >mail
  [ "$(mime-extract mail 2>said | grep -c José)" -eq 5 ]
  said_once 'in line 7'
}

@test "damage of every kind is counted in sequences" {
  # A lone byte that continues, a sequence of three that lacks one, one that is too long for what it says.
  printf 'email\nJos\xc3\xa9 \xa9\nJos\xc3\xa9 \xe2\x82,\nJos\xc3\xa9 \xf5\n' >cut.csv
  mail 'text/csv;name=cut.csv;file=cut.csv' >mail
  [ "$(mime-extract mail 2>said | tail -n 3)" = $'José \uFFFD\nJosé \uFFFD,\nJosé \uFFFD' ]
  said_once '3 characters' 'the first in line 2'
}

@test "UTF-8 that a spreadsheet encoded once more is undone, with a warning, where all of it is such" {
  printf 'email,first_name,city\r\njose@example.org,José,“Á” – Íñigo à l’été\r\nana@example.org,Ana,\r\n' >export.csv
  iconv -f LATIN1 -t UTF-8 export.csv >latin.csv
  # windows-1252, which leaves 5 bytes as they are.
  python3 -c '
text = open("export.csv", "rb").read()
open("windows.csv", "wb").write("".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in text).encode())'
  for file in latin.csv windows.csv; do
    in_each_form "$file"
    for mail in mail.[123]; do
      mime-extract "$mail" 2>said | cmp - export.csv
      said_once 'encoded as UTF-8 twice' 'undone in'
    done
    { printf '\xef\xbb\xbf' && cat "$file"; } >marked.csv
    mime-extract --archive marked.csv 2>said | cmp - <(printf '\xef\xbb\xbf' && cat export.csv)
  done
  # A byte order mark alone that became letters would hide the first column's name.
  { printf 'ï»¿' && cat export.csv; } >marked.csv
  mime-extract --archive marked.csv | cmp - export.csv
  # A letter that is right shows that the others were meant.
  { cat latin.csv && printf 'zoe@example.org,Zoë,\r\n'; } >mixed.csv
  mime-extract --archive mixed.csv 2>said | cmp - mixed.csv
  printf 'email,first_name\r\njoao@example.org,JOÃO SÃ©\r\n' >mixed.csv
  mime-extract --archive mixed.csv 2>said | cmp - mixed.csv
  [ ! -s said ]
}

@test "what is less than half UTF-8 and undeclared is windows-1252, with a warning" {
  iconv -t WINDOWS-1252 export.csv >old.csv
  in_each_form old.csv
  for mail in mail.[123]; do
    mime-extract "$mail" 2>said | cmp - export.csv
    said_once 'not UTF-8' 'windows-1252'
  done
  printf 'email\nros\xe9 ros\xe9 ros\xc3\xa9\n' >old.csv
  mail 'text/csv;name=old.csv;charset=utf-8;file=old.csv' >mail
  [ "$(mime-extract mail 2>said | tail -n 1)" = 'rosé rosé rosÃ©' ]
  said_once 'says that it is UTF-8' 'windows-1252'
}

@test "bytes that the declared charset does not have are refused" {
  mail 'text/csv;name=export.csv;charset=shift_jis;text=email\nros\xff\xff\n' >mail
  refused mail -- 'not shift_jis'
  mail 'text/csv;name=export.csv;charset=utf-16le;text=e\x00m\x00a' >mail
  refused mail -- 'truncated'
}

# ---- archives ----

@test "in a ZIP names of any charset are read, whatever the locale" {
  local name locale
  for name in "'Membership export – 2026.csv'" "'San José/export.csv'" "'会員.CSV'" "b'caf\\x82.csv'" "b'\\x89\\xef\\x88\\xf5.csv'" "b'caf\\xe9.csv'"; do
    zip_with "$name"
    for locale in C POSIX C.UTF-8; do
      LC_ALL=$locale mime-extract --archive files.zip | cmp - export.csv
    done
  done
}

@test "two CSVs in a ZIP are two, whatever their names are written in" {
  for name in "'é.csv'" "b'caf\\x82.csv'" "'b.csv '" "'dir/b.csv.'"; do
    zip_with "'a.csv'" "$name"
    LC_ALL=C refused files.zip --archive -- 'it holds two CSV files, "a.csv" and "'
  done
}

@test "a name may end in blanks or a dot" {
  for name in "'export.csv '" "'export.csv.'" "'EXPORT.CSV . '"; do
    zip_with "$name"
    mime-extract --archive files.zip | cmp - export.csv
  done
  for name in 'export.csv ' 'export.csv.' 'Export.CSV  '; do
    mail "$text" "application/octet-stream;name=$name;file=export.csv" >mail
    gives_export mail
  done
  cp export.zip 'report.xlsx'
  mail "$text" 'application/octet-stream;name=report.xlsx ;file=report.xlsx' 'text/csv;file=export.csv' >mail
  gives_export mail
}

@test "a ZIP without a CSV is refused with what it holds" {
  cp export.csv export.txt
  zip -q inner.zip export.csv
  zip -q txt.zip export.txt
  zip -q nested.zip inner.zip
  zip -q packed.zip export.csv.gz
  zip -q many.zip export.txt inner.zip export.csv.gz
  refused txt.zip --archive -- 'it holds no CSV file, but "export.txt"'
  refused nested.zip --archive -- '"inner.zip"'
  refused packed.zip --archive -- '"export.csv.gz"'
  refused many.zip --archive -- '"export.txt", "inner.zip", "export.csv.gz"'
  touch {1..9}.txt
  zip -q numbers.zip {1..9}.txt
  refused numbers.zip --archive -- '"5.txt" and others'
  python3 -c 'import zipfile; zipfile.ZipFile("empty.zip", "w").close()'
  refused empty.zip --archive -- 'it is empty'
}

@test "a name in a ZIP cannot end the quotes around it, or the line" {
  zip_with "'a\" b\\nc.txt'"
  refused files.zip --archive -- "\"a' b"
}

@test "a file that is no export is said by name, with what to do, however it comes and is called" {
  local bytes what
  while IFS='|' read -r bytes what; do
    { printf "$bytes" && head -c 100 /dev/zero; } >thing
    refused thing --archive -- "$what"
    gzip -nk thing
    refused thing.gz --archive -- "$what"
    for part in application/octet-stream text/csv 'application/octet-stream;name=export.csv'; do
      mail "$text" "$part;file=thing" >mail
      refused mail -- "$what"
    done
    rm thing.gz
  done <<'END'
\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1|Excel workbook (.xls)
7z\xbc\xaf\x27\x1c|7z archive
Rar!\x1a\x07\x00|RAR archive
Rar!\x1a\x07\x01\x00|RAR archive
\xfd7zXZ\x00|xz file
(\xb5/\xfd|Zstandard
BZh9|bzip2
\x78\x9f\x3e\x22|winmail.dat
%%PDF-1.7|PDF
END
}

@test "a tar archive, a web page and XML are said by name" {
  tar -cf members.tar export.csv
  gzip -nk members.tar
  for file in members.tar members.tar.gz; do refused "$file" --archive -- 'it is a tar archive'; done
  for page in '<!DOCTYPE html>\n<html><body>Log in</body></html>\n' '\xef\xbb\xbf\r\n<HTML lang="en">\n' '<!doctype html><p>'; do
    printf "$page" >page.csv
    refused page.csv --archive -- 'it is a web page'
    mail "$text" 'text/csv;name=export.csv;file=page.csv' >mail
    refused mail -- '"export.csv": it is a web page'
  done
  printf '<?xml version="1.0"?>\n<Workbook/>\n' >book.csv
  refused book.csv --archive -- 'it is XML; save it as CSV'
}

@test "documents that are ZIP files are known by what they hold" {
  local path what
  while IFS='|' read -r path what; do
    rm -rf document document.zip
    mkdir -p "document/$(dirname "$path")"
    echo x >"document/$path"
    (cd document && zip -qr ../document.zip .)
    refused document.zip --archive -- "$what" 'it is '
    mail "$text" 'application/octet-stream;name=report.zip;file=document.zip' >mail
    refused mail -- '"report.zip"' "$what"
  done <<'END'
xl/workbook.xml|Excel workbook
xl/workbook.bin|Excel workbook
META-INF/manifest.xml|OpenDocument
Index/Document.iwa|Numbers
word/document.xml|Word
END
  for name in members.xlsx Members.XLSX members.ods members.numbers; do
    mail "$text" "application/octet-stream;name=$name;file=export.zip" >mail
    refused mail -- "$name" 'save it as CSV'
  done
}

# ---- mails ----

@test "several mails in a file are refused, with their number and how to split them" {
  mail --lf "$text" 'application/zip;file=export.zip' >one
  for number in 1 2 3; do
    { printf 'From rosa@example.org Mon Nov %d 09:00:00 2026\n' "$number" && cat one && echo; } >>box
    ((number == 1)) || refused box -- "$number mails" 'git mailsplit'
  done
  sed 's/$/\r/' box >box.dos
  refused box.dos -- '3 mails'
  refused box -l -- '3 mails'
  mkdir split
  git mailsplit -osplit box >/dev/null
  for mail in split/*; do gives_export "$mail"; done
}

@test "a line in a mail that begins with From is no other mail" {
  {
    echo 'From rosa@example.org Mon Nov 16 09:00:00 2026'
    mail --lf 'text/plain;encoding=8bit;text=Hi,\n\nFrom now on\nthis is it: all.\n\n>From x y\nFrom: z\n' 'application/zip;file=export.zip'
  } >mail
  gives_export mail
  mail --lf 'text/plain;encoding=8bit;text=Hi,\n\nFrom a Mon Nov 16 09:00:00 2026\nFrom: z\n' 'application/zip;file=export.zip' >mail
  gives_export mail
}

@test "a mail that is attached as a file is read whatever its type, encoding and the case of its name" {
  # Three parts, so that its boundary is not that of the mail around it.
  mail "$text" "$logo" 'application/zip;name=export.zip;file=export.zip' >inner.eml
  for type in application/octet-stream text/plain message/rfc822 application/x-unknown; do
    for encoding in base64 quoted-printable 8bit; do
      for name in Export.eml EXPORT.EML 'export.eml '; do
        mail "$text" "$type;name=$name;encoding=$encoding;file=inner.eml" >mail
        gives_export mail
      done
    done
  done
  mail "$text" 'application/octet-stream;name=middle.eml;file=mail' >outer
  gives_export outer
  { echo 'From rosa@example.org Mon Nov 16 09:00:00 2026' && cat inner.eml; } >boxed.eml
  mail "$text" 'application/octet-stream;name=boxed.eml;file=boxed.eml' >mail
  gives_export mail
}

@test "an export that is wrapped in what is not opened is said by name, with what to do" {
  local part what
  while IFS='|' read -r part what; do
    mail "$text" "$part;encoding=8bit;text=0123456789" >mail
    refused mail -- 'no export is attached, but "' "$what"
  done <<'END'
application/pkcs7-mime;name=smime.p7m|sealed piece (S/MIME)
application/x-pkcs7-mime;name=smime|sealed piece (S/MIME)
application/octet-stream;name=export.csv.p7m|sealed piece (S/MIME)
application/pgp-encrypted|encrypted (PGP)
application/octet-stream;name=export.csv.pgp|encrypted (PGP)
application/octet-stream;name=EXPORT.ZIP.GPG|encrypted (PGP)
text/plain;name=export.csv.asc|encrypted (PGP)
message/external-body|attach the file itself
application/vnd.ms-outlook;name=Export.msg|a mail that Outlook saved
text/plain;name=export.csv.txt|its name does not end in .csv
application/octet-stream;name=export.csv.download|its name does not end in .csv
text/tab-separated-values;name=export.tsv|its name does not end in .csv
END
  printf '%s\r\n' 'From: a@example.org' 'Content-Type: message/partial; id="x@example.org"; number=1; total=2' '' \
    'Content-Type: text/csv; name="export.csv"' '' 'email' >mail
  refused mail -- 'one piece of a mail that was split'
  mail "$text" 'application/pgp-signature;name=signature.asc;text=x' >mail
  refused mail -- 'no export is attached: no CSV, no ZIP ('
}

@test "what macOS keeps beside a file is not taken for it" {
  printf '\0\5\x16\7\0\2\0\0Mac OS X' >fork
  mail "$text" '{' 'application/applefile;name=export.csv;file=fork' 'application/octet-stream;name=export.csv;file=export.csv' '}' >mail
  gives_export mail
  mail "$text" 'application/octet-stream;name=export.csv;file=fork' 'text/csv;name=export.csv;file=export.csv' >mail
  gives_export mail
}

@test "every type that says CSV is one, without a name, too" {
  for type in text/csv text/x-csv application/csv application/x-csv text/comma-separated-values text/x-comma-separated-values; do
    mail "$text" "$type;file=export.csv" >mail
    gives_export mail
  done
}

@test "what is named .eml and is no mail is a part like any other" {
  mail "$text" 'application/octet-stream;name=notes.eml;text=hello' 'application/zip;file=export.zip' >mail
  gives_export mail
}

@test "mails in a mail that unpack to more than itself are refused" {
  python3 - <<'END' >mail
import base64, quopri
inner = b"Subject: x\n\n" + b"a" * 100000
for depth in range(4):
    inner = (b"From: a@example.org\nContent-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\n"
             + quopri.encodestring(inner))
print(inner.decode())
END
  run -65 --separate-stderr mime-extract mail
  has "$stderr" 'larger than itself'
}

@test "a type without a slash is read as far as it goes" {
  for type in csv CSV 'csv ' text-csv; do
    mail "$text" "$type;name=export.csv;file=export.csv" >mail
    gives_export mail
  done
  mail "$text" 'csv;file=export.csv' >mail
  gives_export mail
  mail --bare 'csv;file=export.csv' >mail
  gives_export mail
  mail "$text" 'zip;name=export.zip;file=export.zip' >mail
  gives_export mail
  iconv -t ISO-8859-1 export.csv >latin1.csv
  mail "$text" 'csv;charset=iso-8859-1;file=latin1.csv' >mail
  gives_export mail
}

# uuencoded FILE NAME: as uuencode writes it.
uuencoded() {
  python3 - "$1" "$2" <<'END'
import binascii, sys
data = open(sys.argv[1], "rb").read()
print("begin 644 " + sys.argv[2])
for at in range(0, len(data), 45):
    print(binascii.b2a_uu(data[at:at + 45]).decode(), end="")
print("`\nend")
END
}

@test "an export that is uuencoded in the text is seen" {
  for file in export.csv export.zip export.csv.gz; do
    { printf 'hello\n\n' && uuencoded "$file" "$file" && echo bye; } >body.txt
    for encoding in none 8bit base64 quoted-printable; do
      mail --lf --bare "text/plain;encoding=$encoding;file=body.txt" >mail
      gives_export mail
    done
    mail '{' 'text/plain;encoding=8bit;file=body.txt' '}' "$logo" >mail
    gives_export mail
  done
  run -0 --separate-stderr mime-extract -l mail
  [ "$(jq -r 'select(.part.export).part.name' <<<"$output")" = export.csv.gz ]
}

@test "two uuencoded exports are two, and one that was cut short is truncated" {
  { uuencoded export.csv one.csv && echo && uuencoded export.zip two.zip; } >body.txt
  mail --lf --bare 'text/plain;encoding=8bit;file=body.txt' >mail
  refused mail -- '"one.csv" and "two.zip"'
  { echo hello && uuencoded export.csv export.csv | head -n -2; } >body.txt
  mail --lf --bare 'text/plain;encoding=8bit;file=body.txt' >mail
  refused mail -- '"export.csv": it is truncated'
}

@test "a text that only speaks of beginning is no file" {
  mail 'text/plain;encoding=8bit;text=begin 99 bottles.csv\nbegin the day.csv\nbegin 644\n' 'application/zip;file=export.zip' >mail
  gives_export mail
}
