#!/usr/bin/env bats
# slack-notify: the results of a run, counted for people, and posted.

load helpers
load sandbox

TITLE='Member sync of 16 Nov 2026'

# webhook: starts the sandbox and points $SLACK_WEBHOOK_URL to it.
webhook() {
  start_sandbox
  export SLACK_WEBHOOK_URL=$SANDBOX_URL/slack/services/T0000/B0000/secretsecretsecret
}

# change KIND KEY [RESULT [MORE]]: one record; RESULT and MORE are JSON objects.
change() {
  jq -nc --arg change "$1" --arg key "$2" --argjson result "${3:-null}" --argjson more "${4:-null}" \
    '{$change, $key, row: {email: $key}} + ($more // {}) + if $result then {$result} else {} end'
}

ok='{"status":"ok","http":200,"id":"d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b","attempts":1}'

# ordinary_run: its results.
ordinary_run() {
  change new rosa@example.org "$ok" '{"row":{"first_name":"Rosa","last_name":"Luxemburg"}}'
  change new karl@example.org "$ok" '{"row":{"first_name":"Karl","last_name":""}}'
  change updated clara@example.org "$ok" '{"was":{"mailing_city":"Boston"}}'
  change lapsed fred@example.org "$ok"
  echo '{"summary":{"older":4213,"newer":4250,"unchanged":4247,"new":2,"updated":1,"lapsed":1,"skipped":0}}'
}

# summary NEW UPDATED LAPSED
summary() {
  echo "{\"summary\":{\"older\":9,\"newer\":9,\"unchanged\":7,\"new\":$1,\"updated\":$2,\"lapsed\":$3,\"skipped\":0}}"
}

# notify ARGUMENT...: runs it with a fixed title on standard input, the last line (time taken) cut off.
notify() {
  slack-notify -t "$TITLE" "$@" | sed '$ { /^Time taken: [0-9]* s\.$/d }'
}

@test "an ordinary run is one sentence and the time taken" {
  ordinary_run >results
  run -0 --separate-stderr slack-notify -t "$TITLE" results
  [ "${lines[0]}" = "$TITLE: 2 new, 1 updated, 1 lapsed, 4,247 unchanged; 4,250 members." ]
  [[ ${lines[1]} =~ ^'Time taken: '[0-9]+' s.'$ ]]
  [ ${#lines[@]} -eq 2 ]
  [ -z "$stderr" ]
}

@test "the title is the member sync of the day it started" {
  run -0 slack-notify -s 1794823200 <<<'{"summary":{"newer":1,"unchanged":1}}'
  [ "${lines[0]}" = "Member sync of 16 Nov 2026: no changes, 1 unchanged; 1 member." ]
}

@test "the time taken counts from --started" {
  run -0 slack-notify -s $(($(date +%s) - 133)) <<<'{"summary":{}}'
  [[ ${lines[-1]} =~ ^'Time taken: 2 min 1'[3-9]' s.'$ ]]
  run -0 slack-notify -s $(($(date +%s) - 7500)) <<<'{"summary":{}}'
  [ "${lines[-1]}" = 'Time taken: 2 h 5 min.' ]
  run -0 slack-notify -s $(($(date +%s) + 500)) <<<'{"summary":{}}'
  [ "${lines[-1]}" = 'Time taken: 0 s.' ]
}

@test "failures are grouped by reason, the most frequent first, without addresses" {
  {
    for who in a b c; do
      change new $who@example.org \
        "{\"status\":\"failed\",\"http\":400,\"attempts\":1,\"error\":\"'$who@example.org' is not valid\"}"
    done
    change updated d@example.org '{"status":"failed","error":"Could not resolve host"}'
    change updated e@example.org '{"status":"failed","http":200,"error":"is_member was not taken"}'
    summary 3 2 0
  } >results
  run -0 notify results
  [ "$output" = "$TITLE: no changes, 7 unchanged; 9 members.
5 failed; the next run tries again:
  3: HTTP 400: '…@…' is not valid
  1: Could not resolve host
  1: is_member was not taken" ]
}

@test "whatever looks like an address is taken out of a reason" {
  local address
  for address in rosa@example.org Rosa.Luxemburg+kpd@sub.example.co.uk "o'brien@example.org" \
    rosa%40example.org '\"rosa l\"@example.org' 'rosa@[192.0.2.1]' rosa@exämple.org ärosa@example.org \
    user=tag@example.org a@b; do
    change new x "{\"status\":\"failed\",\"error\":\"no: $address, sorry\"}"
  done >results
  summary 10 0 0 >>results
  run -0 notify results
  [ "${lines[2]}" = '  10: no: …@…, sorry' ]
  [ ${#lines[@]} -eq 3 ]
}

@test "what is no address stays in a reason" {
  change new x '{"status":"failed","error":"@ 100% (see @home, or 40%)"}' >results
  summary 1 0 0 >>results
  run -0 notify results
  [ "${lines[2]}" = '  1: @ 100% (see @home, or 40%)' ]
}

@test "a reason cannot write to the terminal, and is cut" {
  jq -nc '{change: "new", key: "x", result: {status: "failed", error: ("\u001b[31m\n" + ("x" * 500))}}' >results
  summary 1 0 0 >>results
  run -0 notify results
  [ "${lines[2]}" = "  1:  [31m $(printf 'x%.0s' {1..194})" ]
}

@test "sixty different reasons take no sixty lines" {
  for i in {1..60}; do change new x "{\"status\":\"failed\",\"error\":\"reason $i\"}"; done >results
  change new x '{"status":"failed","error":"reason 7"}' >>results
  summary 61 0 0 >>results
  run -0 notify results
  [ ${#lines[@]} -eq 13 ]
  [ "${lines[2]}" = '  2: reason 7' ]
  [ "${lines[12]}" = '  50: other reasons' ]
}

@test "skipped rows, what waits, and fields that were not taken each have their line" {
  {
    echo '{"change":"skipped","reason":"no email","file":"newer.csv","line":17,"row":{}}'
    echo '{"change":"skipped","reason":"no email","file":"newer.csv","line":18,"row":{}}'
    change new a@example.org '{"status":"deferred"}'
    change new b@example.org '{"status":"deferred"}'
    change new c@example.org "$(jq -c '.unapplied=["custom_fields.YDSA Chapter","given_name"]' <<<"$ok")"
    change new d@example.org "$(jq -c '.unapplied=["custom_fields.YDSA Chapter"]|.overridden=["Phone"]' <<<"$ok")"
    change lapsed e@example.org '{"status":"ok","http":200,"note":"no such person"}'
    summary 4 0 1
  } >results
  run -0 notify results
  [ "$output" = "$TITLE: 2 new, 1 lapsed, 7 unchanged; 9 members.
2 changes wait for the next run.
2 rows were skipped: no email
Action Network did not take: YDSA Chapter (2 people), given_name (1 person); do the custom fields exist?
Left alone because of an override: Phone (1 person).
Noted: no such person (1 person)." ]
}

@test "rows that were skipped for more than one reason have a line for each, the most frequent first" {
  {
    for reason in 'no email' 'an e-mail address twice' 'no email'; do
      jq -nc --arg reason "$reason" '{change: "skipped", $reason, file: "newer.csv", line: 17, row: {}}'
    done
    summary 0 0 0
  } >results
  run -0 notify --names results
  [ "${lines[1]}" = '3 rows were skipped:' ]
  [ "${lines[2]}" = '  2: no email' ]
  [ "${lines[3]}" = '  1: an e-mail address twice' ]
}

@test "changes that nothing has acted on are told as what would be" {
  ordinary_run | jq -c 'del(.result)' >results
  run -0 notify results
  [ "$output" = "$TITLE: nothing was sent; 2 would be new, 1 would be updated, 1 would lapse, 4,247 unchanged; 4,250 members." ]
}

@test "a dry run is told as one" {
  ordinary_run | jq -c 'if .result then .result = {status: "dry-run"} else . end' >results
  run -0 notify results
  [ "$output" = "$TITLE: a dry run, nothing was sent; 2 would be new, 1 would be updated, 1 would lapse, 4,247 unchanged; 4,250 members." ]
}

@test "with results of some only, the others are told apart" {
  ordinary_run | jq -c 'if .change == "lapsed" then del(.result)
    elif .change == "updated" then .result = {status: "dry-run"} else . end' >results
  run -0 notify results
  [ "$output" = "$TITLE: 2 new, 4,247 unchanged; 4,250 members.
1 change was a dry run: 1 would be updated.
1 change was not acted on: 1 would lapse." ]
}

@test "members who are sent again without a change are not called updated" {
  { change updated a@example.org "$ok" '{"was":{}}'; summary 0 1 0; } >results
  run -0 notify results
  [ "$output" = "$TITLE: 1 sent again, 7 unchanged; 9 members." ]
}

@test "what an-diff found is told as an audit, field by field; who agrees is in no other number" {
  audit='{"summary":{"people":12345,"older":9,"newer":9,"unchanged":4200,"new":1,"updated":2,"lapsed":1,"skipped":0}}'
  drift='{"was":{},"drift":{"custom_fields.Phone":{"is":"1","should":"2"},"given_name":{"is":null,"should":"Rosa"}}}'
  { change new a@example.org; change updated b@example.org '' "$drift"; change updated c@example.org '' "$drift"
    change lapsed d@example.org; echo "$audit"; } >found
  run -0 notify -N found
  [ "$output" = "$TITLE: 4,200 as they should be, 1 missing, 2 different, 1 too many; 9 members, 12,345 in Action Network.
Missing: a@example.org
Different: b@example.org, c@example.org
Too many: d@example.org
Different in Action Network: Phone (2 people), given_name (2 people)." ]
  { change updated b@example.org "$ok" "$drift"; change updated c@example.org '{"status":"ok","id":"x","map":"y"}' '{"was":{}}'
    jq -c '.summary += {new: 0, updated: 1, lapsed: 0}' <<<"$audit"; } >sent
  run -0 notify sent
  [ "$output" = "$TITLE: 1 updated, 4,200 unchanged; 9 members.
Different in Action Network: Phone (1 person), given_name (1 person)." ]
}

@test "only --names gives names, and twenty of a kind at the most" {
  {
    ordinary_run | head -n 4
    for i in {1..25}; do change updated "member$i@example.org" "$ok" "{\"row\":{\"first_name\":\"M$i\"},\"was\":{\"x\":\"\"}}"; done
    change lapsed emma@example.org '{"status":"failed","error":"no"}' '{"person":{"given_name":"Emma","family_name":"Goldman"}}'
    summary 2 26 2
  } >results
  run -0 notify results
  [[ $output != *Rosa* && $output != *example.org* ]]
  run -0 notify --names results
  has "$output" $'\nNew: Rosa Luxemburg, Karl\n' $'\nLapsed: fred@example.org\n' $'\n  Lapsed: Emma Goldman' \
    $'\nUpdated: clara@example.org, M1, M2, ' 'M18, M19 and 6 more'
  [[ $output != *M20* ]]
}

@test "without its summary the run broke off, and the report says so" {
  ordinary_run | head -n 3 >results
  run -0 --separate-stderr notify results
  [ "$output" = "$TITLE: 2 new, 1 updated.
The run broke off before its end; run it again." ]
}

@test "changes that the summary announced and that never came are missed" {
  ordinary_run | sed 2d >results
  run -0 notify results
  [ "${lines[1]}" = '1 change of 4 did not arrive here; unless they were left out on purpose, run it again.' ]
}

@test "empty input is a run that broke off" {
  run -0 --separate-stderr notify </dev/null
  [ "$output" = "$TITLE: nothing came, not even a summary: the run broke off before its first record; run it again." ]
}

@test "runs, unknown records and unknown changes are passed over" {
  { echo '{"run":{"status":0}}'; echo '{"hello":1}'; echo '{"change":"married"}'; echo '{}'; ordinary_run; } >results
  run -0 notify results
  [ "$output" = "$TITLE: 2 new, 1 updated, 1 lapsed, 4,247 unchanged; 4,250 members." ]
}

@test "fields of the wrong type break nothing" {
  cat >results <<'END'
{"change":7,"key":[],"row":"x","result":"ok"}
{"change":"new","key":7,"row":[],"result":{"status":9}}
{"change":"new","result":{"status":"failed","http":"x","error":[]}}
{"change":"new","result":{"status":"ok","unapplied":"x","overridden":[1,{}],"note":false}}
{"change":"skipped","reason":{}}
{"summary":{"newer":"many","unchanged":-5,"new":1e300}}
END
  run -0 --separate-stderr notify --names results
  [ "$output" = "$TITLE: 1 new, 0 unchanged; 0 members.
1 failed; the next run tries again:
  1: no reason given
1 change was not acted on: 1 would be new.
1 row was skipped: no reason given" ]
}

@test "a line that is no JSON ends the counting with status 65, and the report says where" {
  ordinary_run | sed '3s/.*/secret@example.org/' >results
  run -65 --separate-stderr slack-notify -t "$TITLE" results
  [ "${lines[0]}" = "$TITLE: 2 new." ]
  [ "${lines[1]}" = 'Line 3 of the results could not be read; what came after it is not counted.' ]
  has "$stderr" 'slack-notify: results:3: not a JSON object'
}

@test "after a bad line the input is still read, so that the programs before can finish" {
  # head dies of SIGPIPE when nobody reads.
  { echo bad; yes '{"change":"new"}' | head -n 200000 && echo whole >finished; } | run -65 slack-notify -n
  run -0 cat finished
  [ "$output" = whole ]
}

@test "a file that cannot be read is status 74" {
  run -74 --separate-stderr slack-notify nowhere
  [ "$output" = '' ]
  [ "$stderr" = 'slack-notify: nowhere: No such file or directory' ]
  run -74 --separate-stderr slack-notify -t "$TITLE" .
  has "$output" 'The results could not be read beyond line 0; what came after it is not counted.'
}

@test "a full disk is status 74, and Slack is told all the same" {
  webhook
  ordinary_run >results
  run -74 --separate-stderr bash -c 'slack-notify results >/dev/full'
  has "$stderr" 'slack-notify: standard output: '
  run -0 sandbox_get slack
  [ "$(jq length <<<"$output")" -eq 1 ]
}

@test "a closed pipe is status 74, not a signal" {
  ordinary_run >results
  run -74 --separate-stderr bash -c 'set -o pipefail; { sleep 0.2; slack-notify results; } | true'
}

@test "wrong usage is status 64 with the usage on stderr" {
  local wrong
  for wrong in --new-only '-s x' '-s -1' 'one two' '-e text file' '-e' "-t ''" "-e ''"; do
    run -64 --separate-stderr bash -c "slack-notify $wrong </dev/null"
    [ -z "$output" ]
    has "$stderr" 'usage: slack-notify'
  done
}

@test "help and version go to stdout" {
  run -0 --separate-stderr slack-notify --help
  has "$output" 'usage: slack-notify' '--started'
  [ -z "$stderr" ]
  run -0 slack-notify -V
  [[ $output =~ ^'slack-notify (an-sync) '[0-9] ]]
}

@test "--error tells of a run that never got to changes, and reads nothing" {
  webhook
  run -0 --separate-stderr slack-notify -t "$TITLE" -e $'refused:\nthe mail is from eve@example.org' <&-
  [ "$output" = "$TITLE failed: refused: the mail is from …@…" ]
  run -0 sandbox_get slack
  same_json "$output" '[{"text":"'"$TITLE"' failed: refused: the mail is from …@…","blocks":[
    {"type":"header","text":{"type":"plain_text","emoji":false,"text":"⚠️ '"$TITLE"' failed"}},
    {"type":"section","text":{"type":"plain_text","emoji":false,"text":"refused: the mail is from …@…"}}]}]'
  run -0 slack-notify -N -e 'from eve@example.org'
  [ "$output" = 'Member sync failed: from eve@example.org' ]
}

@test "bytes on the command line that are not UTF-8 do not stop a report" {
  webhook
  run -0 slack-notify -t $'Sync \xff' -e $'caf\xe9.csv'
  [ "$output" = 'Sync ? failed: caf?.csv' ]
}

@test "what is posted is the text and blocks of it" {
  webhook
  ordinary_run >results
  run -0 --separate-stderr slack-notify -t "$TITLE" results
  [ -z "$stderr" ]
  text=$output
  took=${lines[1]}
  counts='2 new, 1 updated, 1 lapsed, 4,247 unchanged; 4,250 members.'
  run -0 sandbox_get slack
  same_json "$output" "$(jq -n --arg text "$text" --arg title "$TITLE" --arg counts "$counts" --arg took "$took" \
    'def plain: {type: "plain_text", text: ., emoji: false};
     [{$text, blocks: [{type: "header", text: ($title | plain)}, {type: "section", text: ($counts | plain)},
                       {type: "context", elements: [$took | plain]}]}]')"
  run -0 sandbox_get log
  same_json "$(jq '.[0] | {method, path}' <<<"$output")" \
    '{"method":"POST","path":"/slack/services/T0000/B0000/secretsecretsecret"}'
}

@test "nothing in a message is markup: nobody is paged" {
  webhook
  { change new x '{"status":"failed","error":"<!channel> & <b>"}'; summary 1 0 0; } >results
  run -0 slack-notify -t '<!here> & co' results
  has "$output" '<!here> & co: ' '  1: <!channel> & <b>'
  run -0 sandbox_get slack
  [[ $output != *'<'* && $output != *'>'* ]]
  [ "$(jq -r '.[0].blocks[0].text.text' <<<"$output")" = '⚠️ &lt;!here&gt; &amp; co' ]
  has "$(jq -r '.[0].text' <<<"$output")" '&lt;!channel&gt; &amp; &lt;b&gt;'
  [ "$(jq '[.[0].blocks[] | (.text // .elements[]) | .type] | unique == ["plain_text"]' <<<"$output")" = true ]
}

@test "long texts stay within Slack's limits" {
  webhook
  for kind in new lapsed; do
    for i in {1..25}; do
      change $kind x "$ok" "$(jq -nc --arg i "$i" '{row: {first_name: ("&é" * 60), last_name: $i}}')"
    done
  done >results
  for i in {1..12}; do
    change new x "$(jq -nc --arg i "$i" '{status: "failed", error: ($i + "<" * 300)}')"
  done >>results
  run -0 slack-notify -N -t "$(printf '<é%.0s' {1..200})" results
  run -0 sandbox_get slack
  [ "$(jq '.[0] | .blocks | length <= 50 and all(.[]; .text.text // "" | length <= 3000 and . != " ")' <<<"$output")" = true ]
  [ "$(jq '.[0].blocks[0].text.text | length <= 150 and endswith("…")' <<<"$output")" = true ]
  [ "$(jq '.[0].text | length <= 2000 and endswith("…")' <<<"$output")" = true ]
  # No entity is torn, and no block is lost.
  [ "$(jq '[.[0] | .. | strings | select(test("&(?!(amp|lt|gt);)"))] | length' <<<"$output")" = 0 ]
  [ "$(jq '[.[0].blocks[].text.text // "" | match("Fail|failed"; "g")] | length' <<<"$output")" = 1 ]
  [ "$(jq '.[0].blocks[-1].type' <<<"$output")" = '"context"' ]
}

@test "-n posts nothing, and does not look at the webhook" {
  webhook
  ordinary_run >results
  run -0 slack-notify -n results
  run -0 slack-notify -n -e oops
  run -0 sandbox_get slack
  [ "$output" = '[]' ]
  SLACK_WEBHOOK_URL=nonsense run -0 --separate-stderr slack-notify -n results
  [ -z "$stderr" ]
}

@test "the webhook may be in a file" {
  webhook
  printf '%s\n' "$SLACK_WEBHOOK_URL" >hook
  unset SLACK_WEBHOOK_URL
  ordinary_run | SLACK_WEBHOOK_URL_FILE=hook run -0 slack-notify
  run -0 sandbox_get slack
  [ "$(jq length <<<"$output")" -eq 1 ]
  SLACK_WEBHOOK_URL_FILE=nowhere run -78 --separate-stderr slack-notify -t "$TITLE" <<<'{"summary":{}}'
  has "$output" "$TITLE: no changes"
  has "$stderr" 'SLACK_WEBHOOK_URL_FILE: nowhere: '
}

@test "a webhook that is gone or refused is status 77, without its URL" {
  webhook
  for code in 403 404 410; do
    sandbox_fault slack-$code
    run -77 --separate-stderr slack-notify <<<'{"summary":{}}'
    has "$output" 'Member sync of'
    has "$stderr" "slack-notify: the Slack webhook: HTTP $code: "
    [[ $stderr != *secret* && $stderr != *T0000* ]]
  done
  run -0 sandbox_requests POST /slack/
  [ "$output" -eq 3 ]
}

@test "any other refusal is status 69, at once" {
  webhook
  sandbox_fault slack-400
  run -69 --separate-stderr slack-notify <<<'{"summary":{}}'
  [ "$stderr" = 'slack-notify: the Slack webhook: HTTP 400: invalid_payload' ]
  run -0 sandbox_requests POST /slack/
  [ "$output" -eq 1 ]
}

@test "429, 5xx and a broken connection are tried again" {
  webhook
  sandbox_post faults '{"next":[{"kind":"slack-429","retry_after":1},{"kind":"slack-503"}]}'
  local began=$SECONDS
  run -0 --separate-stderr slack-notify <<<'{"summary":{}}'
  [ $((SECONDS - began)) -ge 1 ]
  [ -z "$stderr" ]
  sandbox_fault slack-cut-before
  run -0 --separate-stderr slack-notify <<<'{"summary":{}}'
  run -0 sandbox_get slack
  [ "$(jq length <<<"$output")" -eq 2 ]
}

@test "after three tries it gives up with status 69" {
  webhook
  sandbox_fault slack-500 null
  run -69 --separate-stderr slack-notify <<<'{"summary":{}}'
  [ "$stderr" = 'slack-notify: the Slack webhook: HTTP 500: server_error' ]
  run -0 sandbox_requests POST /slack/
  [ "$output" -eq 3 ]
}

@test "a wait of more than a minute is not waited" {
  webhook
  sandbox_post faults '{"next":[{"kind":"slack-429","retry_after":3600}]}'
  local began=$SECONDS
  run -69 --separate-stderr slack-notify <<<'{"summary":{}}'
  [ $((SECONDS - began)) -lt 10 ]
  has "$stderr" 'HTTP 429: rate_limited'
}

@test "a failed post does not hide a bad input's status" {
  webhook
  sandbox_fault slack-404
  run -65 --separate-stderr slack-notify <<<'bad'
  has "$stderr" 'standard input:1: not a JSON object' 'HTTP 404'
}

@test "a URL that is none, or that would send in the clear, is status 78 and not printed" {
  local url
  for url in nonsense-secret http:// ftp://127.0.0.1/secret file:///etc/passwd http://hooks.example.org/secret \
    http://127.0.0.1.example.org/secret http://127.evil/secret; do
    SLACK_WEBHOOK_URL=$url run -78 --separate-stderr slack-notify <<<'{"summary":{}}'
    has "$output" 'no changes'
    has "$stderr" 'slack-notify: the Slack webhook '
    [[ $stderr != *secret* && $stderr != *evil* ]]
  done
}

@test "a redirect is not followed, and an answer that repeats the URL is shown without it" {
  python3 - <<'END' &
import http.server, os
class Redirect(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(302)
        self.send_header("Location", "/elsewhere/" + self.path)
        self.end_headers()
        self.wfile.write(b"moved to " + self.path.encode() + b"\x1b[31m")
    def log_message(self, *_):
        open("requests", "a").write(self.path + "\n")
server = http.server.HTTPServer(("127.0.0.1", 0), Redirect)
open("port.new", "w").write(str(server.server_port))
os.rename("port.new", "port")
server.handle_request()
END
  for _ in {1..100}; do [ -e port ] || sleep 0.05; done
  SLACK_WEBHOOK_URL=http://127.0.0.1:$(<port)/services/B00/tokentokentoken \
    run -69 --separate-stderr slack-notify <<<'{"summary":{}}'
  wait
  [ "$stderr" = 'slack-notify: the Slack webhook: HTTP 302: moved to /********/B00/*************** [31m' ]
  [[ $stderr != *token* ]]
  [ "$(wc -l <requests)" -eq 1 ]
}

@test "an endless answer is not read to its end" {
  python3 - <<'END' &
import http.server, os
class Endless(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x" * 65536)
        except OSError:
            pass
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Endless)
open("port.new", "w").write(str(server.server_port))
os.rename("port.new", "port")
server.handle_request()
END
  for _ in {1..100}; do [ -e port ] || sleep 0.05; done
  SLACK_WEBHOOK_URL=http://127.0.0.1:$(<port)/ run -69 --separate-stderr slack-notify <<<'{"summary":{}}'
  wait
  [ "$stderr" = 'slack-notify: the Slack webhook: the answer is longer than 64 KiB' ]
}

@test "a certificate that nobody vouches for is refused, and not tried again" {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out certificate -days 2 -subj /CN=localhost 2>/dev/null
  python3 - <<'END' &
import os, socket, ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("certificate", "key")
server = socket.create_server(("127.0.0.1", 0))
open("port.new", "w").write(str(server.getsockname()[1]))
os.rename("port.new", "port")
server.settimeout(20)
received = 0
try:
    for attempt in range(3):
        connection, _ = server.accept()
        server.settimeout(1)
        try:
            received += len(context.wrap_socket(connection, server_side=True).recv(1000))
        except OSError:
            pass
except TimeoutError:
    pass
open("seen", "w").write(f"{attempt} {received}")
END
  for _ in {1..100}; do [ -e port ] || sleep 0.05; done
  SLACK_WEBHOOK_URL=https://localhost:$(<port)/x run -69 --separate-stderr slack-notify <<<'{"summary":{}}'
  wait
  has "$stderr" 'slack-notify: the Slack webhook: ' 'certificate'
  [ "$(<seen)" = '1 0' ]
}

@test "a proxy of the environment does not see what is meant for loopback" {
  webhook
  http_proxy=http://127.0.0.1:1 run -0 --separate-stderr slack-notify <<<'{"summary":{}}'
  run -0 sandbox_get slack
  [ "$(jq length <<<"$output")" -eq 1 ]
}

@test "a Ctrl-C that ends the run does not end the report" {
  mkfifo pipe
  slack-notify -t "$TITLE" <pipe >out &
  local notify=$!
  exec 9>pipe
  change new a@example.org "$ok" >&9
  for _ in {1..100}; do
    grep -q 'SigIgn:.*[4567]...$' "/proc/$notify/status" && break
    sleep 0.05
  done
  kill -INT $notify
  kill -TERM $notify
  kill -HUP $notify
  change new b@example.org "$ok" >&9
  exec 9>&-
  wait $notify
  [ "$(head -n 2 out)" = "$TITLE: 2 new.
The run broke off before its end; run it again." ]
}

@test "a refused key is said to be refused, and nobody is told to run it again" {
  cat >in <<'END'
{"change":"new","key":"a@example.org","row":{},"result":{"status":"failed","http":403,"attempts":1,"error":"API Key invalid or not present"}}
{"change":"new","key":"b@example.org","row":{},"result":{"status":"deferred"}}
{"summary":{"older":0,"newer":2,"unchanged":0,"new":2,"updated":0,"lapsed":0,"skipped":0}}
END
  run -0 --separate-stderr slack-notify in
  has "$output" '1 failed; the key is refused, so no run can send anything until AN_API_KEY is a valid one:' \
    'HTTP 403: API Key invalid or not present' '1 change waits for a valid key.'
  [[ $output != *'next run'* && $output != *'again'* ]]
}
