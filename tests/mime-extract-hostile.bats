#!/usr/bin/env bats
# mime-extract against mails by somebody who wants something: to stop it, or to pass for another.
# shellcheck disable=SC2016,SC2094,SC2154 # "mail" is a function and a file; bats sets stderr_lines

load helpers
load mail

setup() {
  mail_setup
  part='application/zip;name=export.zip;file=export.zip'
}

# groups N: N groups of addresses, one in the other.
groups() {
  printf 'x:%.0s' $(seq "$1")
}

# authenticated RESULTS [MAKE-MAIL OPTION...]: the mail file, for which SES found RESULTS.
authenticated() {
  local results=$1
  shift
  mail "${ses[@]}" --top "Authentication-Results: amazonses.com; $results" "$@" "$part" >mail
}

# ---- what is deeper than a stack ----

@test "groups of addresses, however deep, do no harm in a header that nobody needs" {
  local deep
  deep=$(groups 30000)
  for field in To Cc Bcc Reply-To Sender Resent-To; do
    mail --top "$field: $deep" "$text" "$part" >mail
    gives_export mail
    mail --top "$field: $(groups 40000)" "$text" "$part" >mail
    [ "$field" = Resent-To ] || refused mail -- "its $field is longer than 65536 bytes"
  done
}

@test "a From that is too long names nobody" {
  mail --from "$(groups 30000)" "$part" >mail
  gives_export mail
  refused mail -f rosa@example.org -- 'does not name one address'
  [ "$(mime-extract -l mail | jq -c 'select(.message).message.from')" = null ]
  mail --from "$(printf '"%5000s" <rosa@example.org>' x)" "$part" >mail
  refused mail -f rosa@example.org -- 'does not name one address'
}

@test "a From with a way to its address, where others may see another one, names nobody" {
  local from
  for from in '<@evil.example:rosa@example.org>' '< @evil.example,@other.example:rosa@example.org>' 'Rosa <(x)@evil.example:rosa@example.org>'; do
    mail --from "$from" "$part" >mail
    refused mail -f rosa@example.org -- 'does not name one address'
    [ "$(mime-extract -l mail | jq -c 'select(.message).message.from')" = null ]
  done
  mail --from '"<@evil.example:" (<@x:) <rosa@example.org>' "$part" >mail
  gives_export mail -f rosa@example.org
  mail --from '"\"<@" <"rosa l"@example.org>' "$part" >mail
  gives_export mail -f @example.org
}

@test "groups in folded fields, and in mails in the mail, encoded or not, do no harm" {
  local deep
  deep=$(groups 40000)
  mail --top "To: $(groups 30000 | fold -w 900 | sed '2,$s/^/ /')" "$part" >mail
  gives_export mail
  mail --top "To: $deep" --from "$deep" --top "Cc: $deep" "$logo" "$text" "$part" >inner.eml
  for type in message/rfc822 message/global message/news message/rfc2822 application/octet-stream; do
    for encoding in 8bit base64; do
      mail "$text" "$type;name=inner.eml;encoding=$encoding;file=inner.eml" >mail
      gives_export mail
    done
  done
  mail '{' "message/rfc822;encoding=8bit;file=inner.eml" '}' >mail
  gives_export mail
}

@test "a parameter with whatever name does no harm where a type is mended" {
  local length value
  for value in "$(printf '\xe9%.0s' {1..200})" "$(printf '%%\xff%.0s' {1..200})"; do
    for length in {60..80}; do
      { printf 'From: rosa@example.org\r\nContent-Type: csv; %s=%s; name=export.csv\r\n\r\n' \
        "$(printf "%${length}s" | tr ' ' p)" "$value" && cat export.csv; } >mail
      timeout 20 mime-extract mail | cmp - export.csv
    done
  done
}

@test "a header without end is refused, and so is one that is far too long" {
  { echo 'From: rosa@example.org' && yes 'X-Filler: 1234567890' | head -n 100000; } >mail
  refused mail -- 'its header is longer than'
  mail --top "References: $(printf '<%s@example.org> ' $(seq 5000))" "$part" >mail
  gives_export mail
}

@test "a stack that overflows all the same is a refusal" {
  ! grep -q __asan_init "$(type -P mime-extract)" || skip 'a sanitizer has a way of its own with overflows'
  cat >deep.c <<'END'
#include <stddef.h>
static volatile int depth;
static int fall(int n)
{
    volatile char frame[1000];
    frame[0] = (char)n;
    depth = n;
    return fall(n + 1) + frame[0];
}
void *g_mime_parser_construct_part(void *parser, void *options)
{
    (void)parser;
    (void)options;
    return fall(0) ? NULL : NULL;
}
END
  to_preload deep.c deep.so -O0
  mail "$part" >mail
  run -65 --separate-stderr env LD_PRELOAD="$PWD/deep.so" mime-extract mail
  [ -z "$output" ]
  [ "$stderr" = 'mime-extract: refused: it nests something too deeply' ]
  # Another fault is none: it ends as it always did.
  sed 's/return fall(0).*/return *(void *volatile *)8;/' deep.c >wild.c
  to_preload wild.c wild.so -O0
  run -139 --separate-stderr env LD_PRELOAD="$PWD/wild.so" mime-extract mail
  [ -z "$output" ]
}

@test "a loop without end in what reads the mail is a refusal, and holds no inbox up" {
  ! grep -q __asan_init "$(type -P mime-extract)" || skip 'not under sanitizers'
  cat >endless.c <<'END'
void *g_mime_parser_construct_part(void *parser, void *options)
{
    (void)parser;
    (void)options;
    for (volatile int i = 0;; i++)
        ;
}
END
  to_preload endless.c endless.so
  mail "$part" >mail
  run -65 --separate-stderr bash -c 'ulimit -S -t 1 && LD_PRELOAD=$PWD/endless.so exec mime-extract mail'
  [ -z "$output" ]
  [ "$stderr" = 'mime-extract: refused: it takes too long to read' ]
}

# ---- whose words a mail holds ----

# bounce TYPE [MAKE-MAIL OPTION...]: the mail file: example.org returns a stranger's mail, and vouches for it.
bounce() {
  local type=$1
  shift
  mail "$logo" "$text" "$part" >stranger.eml
  mail "${ses[@]}" --top "$passed" "$@" "$text" 'message/rfc822;encoding=8bit;file=stranger.eml' |
    sed "s|multipart/mixed; boundary=\"boundary-0-2\"|$type; boundary=\"boundary-0-2\"|" >mail
}

@test "a bounce that its domain vouches for is refused under --require-auth, whatever is allowed" {
  bounce 'multipart/report; report-type=delivery-status' --top 'Auto-Submitted: auto-replied'
  refused mail --require-auth -f @example.org -- 'refused: ' report
  refused mail --require-auth --allow forwards,automatic -- 'refused: ' report
  bounce 'Multipart/REPORT'
  refused mail --require-auth -- report
  gives_export mail
}

@test "a mail in the mail is not looked into under --require-auth, unless that is allowed" {
  bounce multipart/mixed
  refused mail --require-auth -- 'no export is attached' '--allow forwards'
  gives_export mail --require-auth --allow forwards
  gives_export mail --require-auth --allow automatic,forwards
  gives_export mail
  mail "${ses[@]}" --top "$passed" "$text" 'application/octet-stream;name=a.eml;file=stranger.eml' >mail
  refused mail --require-auth -- 'no export is attached'
  gives_export mail --require-auth --allow forwards
  mail "${ses[@]}" --top "$passed" 'message/rfc822;encoding=8bit;file=stranger.eml' "$part" >mail
  gives_export mail --require-auth
  refused mail --require-auth --allow forwards -- 'two parts'
}

@test "a file that is uuencoded in the text, where an answer quotes others, is not looked for under --require-auth" {
  { printf 'begin 644 a.csv\n' && python3 -c 'import binascii; print(binascii.b2a_uu(b"email\nx@example.net\n").decode(), end="`\nend\n")'; } >body
  mail "${ses[@]}" --top "$passed" 'text/plain;encoding=8bit;file=body' >mail
  refused mail --require-auth -- 'no export is attached'
  mime-extract mail | grep -q x@example.net
}

@test "a mail that a program sent by itself is refused under --require-auth, unless that is allowed" {
  for said in auto-replied auto-generated 'Auto-Generated (failure)' 'auto-notified; x=y' nonsense '' 'no-idea'; do
    mail "${ses[@]}" --top "$passed" --top "Auto-Submitted: $said" "$part" >mail
    refused mail --require-auth -- 'refused: ' 'Auto-Submitted' '--allow automatic'
    gives_export mail --require-auth --allow automatic
    gives_export mail
  done
  for said in no No 'no (really)' 'no; x=y'; do
    mail "${ses[@]}" --top "$passed" --top "Auto-Submitted: $said" "$part" >mail
    gives_export mail --require-auth
  done
}

@test "--allow takes what it knows" {
  for what in '' ',' forward 'forwards automatic' forwards,x; do
    run -64 --separate-stderr mime-extract --require-auth --allow "$what"
    has "$stderr" 'forwards, automatic, or both'
  done
  run -64 --separate-stderr mime-extract --archive --allow forwards
}

# ---- who vouches for it ----

@test "a method's version changes nothing of what it says" {
  for method in dmarc/1 'dmarc / 1' DMARC/1 'dmarc/(1)1'; do
    authenticated "$method=pass header.from=example.org"
    gives_export mail --require-auth
    authenticated "$method=pass header.from=evil.example"
    refused mail --require-auth -- 'dmarc was looked up for "evil.example"'
    authenticated "$method=fail header.from=example.org; dkim=pass header.d=example.org"
    refused mail --require-auth -- 'dmarc="fail"'
    authenticated "$method=pass; dmarc=pass header.from=example.org"
    refused mail --require-auth -- 'two results for dmarc'
  done
}

@test "between the server's id and the first semicolon stands a version or nothing" {
  for server in amazonses.com 'amazonses.com 1' 'amazonses.com (x) 1 (y)' '"amazonses.com" 1' ' amazonses.com '; do
    mail "${ses[@]}" --top "Authentication-Results: $server; dmarc=pass" "$part" >mail
    gives_export mail --require-auth
  done
  for server in 'amazonses.com evil' 'amazonses.com 1 2' 'amazonses.com 1x' 'amazonses.com=1' 'amazonses.com dmarc=pass' 'amazonses.com/1'; do
    mail "${ses[@]}" --top "Authentication-Results: $server; dmarc=pass" "$part" >mail
    refused mail --require-auth -- 'Authentication-Results'
  done
}

@test "SES says one thing about DMARC, always" {
  authenticated 'dkim=pass header.d=example.org'
  refused mail --require-auth -- 'no result for dmarc'
  authenticated 'dmarc=none; dkim=pass header.d=example.org; dmarc=none'
  refused mail --require-auth -- 'two results for dmarc'
  mail --top 'Authentication-Results: mx.example.net; dkim=pass header.d=example.org' "$part" >mail
  gives_export mail --require-auth=mx.example.net
}

@test "what the sender called itself makes no result" {
  local spf='spf=fail client-ip=192.0.2.1; envelope-from=a@evil.example;'
  for name in 'helo=x;dmarc=pass' 'helo=x;dmarc/1=pass' 'envelope-from=x;dmarc=pass' 'helo=x;a=b;dmarc=pass' 'helo=(;)x;dmarc=pass'; do
    authenticated "$spf $name; dkim=none; dmarc=fail header.from=example.org"
    refused mail --require-auth -- 'dmarc="fail"'
  done
  for name in 'helo=x;dkim=pass(x)header.d=example.org' 'helo=x;(c)dkim=pass(x)header.d=example.org' \
    'helo=x;y=z;dkim=pass(x)header.d=example.org'; do
    authenticated "$spf $name; dkim=none; dmarc=none header.from=example.org"
    refused mail --require-auth -- 'neither dmarc=pass nor dkim=pass'
  done
  authenticated "$spf helo=mx.example.org; dkim=pass header.i=@example.org; dmarc=pass header.from=example.org"
  gives_export mail --require-auth
  # Of a server that names it as RFC 8601 does.
  mail --top 'Authentication-Results: mx.example.net; spf=pass smtp.helo=x;dkim=pass(x)header.d=example.org' "$part" >mail
  refused mail --require-auth=mx.example.net -- 'neither dmarc=pass nor dkim=pass'
  # A server that writes no blanks, and repeats nothing.
  mail --top 'Authentication-Results: mx.example.net;spf=pass smtp.mailfrom=a@example.org;dkim=pass header.d=example.org;dmarc=pass' "$part" >mail
  gives_export mail --require-auth=mx.example.net
}

@test "a signature counts for the whole organization, by the Public Suffix List" {
  local pair
  for pair in 'a@lists.example.co.uk example.co.uk' 'a@example.co.uk mail.example.co.uk' 'a@x.example.org y.example.org' \
    'a@chapter.github.io chapter.github.io' 'a@EXAMPLE.org News.Example.ORG'; do
    authenticated "dmarc=none; dkim=pass header.d=${pair#* }" --from "${pair% *}"
    gives_export mail --require-auth
  done
  for pair in 'a@example.co.uk other.co.uk' 'a@example.co.uk co.uk' 'a@chapter.github.io evil.github.io' 'a@chapter.github.io github.io' \
    'a@chapter.blogspot.com evil.blogspot.com' 'a@example.org org' 'a@example.org evil.example'; do
    authenticated "dmarc=none; dkim=pass header.d=${pair#* }" --from "${pair% *}"
    refused mail --require-auth -- 'neither dmarc=pass nor dkim=pass'
  done
}

@test "who vouches for a mail is asked before what it is about" {
  mail "${ses[@]}" --top 'Authentication-Results: amazonses.com; dmarc=fail' --subject 'click @here' "$part" >mail
  refused mail --require-auth -s export -- 'dmarc='
  [[ $stderr != *click* ]]
}

@test "what a stranger wrote is in quotes, on one line, with nothing that a terminal obeys" {
  local evil=$'Re\u202e: "<!channel>" \e[2J\u0085 http://evil.example'
  mail --subject "$evil" "$part" >mail
  refused mail -s export -- 'refused: its subject is "Re' "without 'export'"
  [ "$(sed 's/"[^"]*"//' <<<"$stderr")" = "mime-extract: mail: refused: its subject is , without 'export'" ]
  [[ $stderr != *[$'\e\u202e\u0085']* ]]
  mail --top 'X-SES-Spam-Verdict: FAIL "; @everyone' "${ses[@]}" --top "$passed" "$part" >mail
  refused mail --require-auth -- '@everyone'
  [[ $(sed 's/"[^"]*"//' <<<"$stderr") != *everyone* ]]
  mail --subject "$(printf 'y%.0s' {1..2000})" "$part" >mail
  refused mail -s export -- '…"'
}
