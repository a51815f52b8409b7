#!/usr/bin/env bats
# How an-upsert and an-lapse send: the key, the rate, faults, deadlines and signals.

load helpers
load sandbox
load records

# at CONTAINS: when each request that contains this came, in seconds, a line each.
at() {
  sandbox_get log | jq --arg contains "$1" '.[] | select(tojson | contains($contains)).at'
}

# came NUMBER: whether so many requests are in flight or done.
came() {
  [ "$(sandbox_get stats | jq .requests)" -ge "$1" ]
}


# same_records IN OUT: every record of IN is in OUT once, whatever its result.
same_records() {
  diff <(jq -cS 'del(.result)' "$1" | sort) <(jq -cS 'del(.result)' "$2" | sort)
}

# ---- the key and the address of the service ----

@test "without a key nothing is read or sent: status 78" {
  start_sandbox
  unset AN_API_KEY
  change new rosa@example.org >in
  run -78 --separate-stderr an-upsert -r 0 in
  [ -z "$output" ]
  has "$stderr" 'an-upsert: ' AN_API_KEY AN_API_KEY_FILE
  AN_API_KEY='' run -78 --separate-stderr an-upsert -r 0 in
  [ "$(sandbox_requests)" -eq 0 ]
}

@test "the key may come from a file, with or without a newline at its end" {
  start_sandbox
  export AN_API_KEY_FILE=$BATS_TEST_TMPDIR/key
  change new rosa@example.org >in
  for end in '' '\n' '\r\n'; do
    # shellcheck disable=SC2059 # the end is a format
    printf "sandbox-key-that-opens-nothing$end" >key
    run -0 --separate-stderr env -u AN_API_KEY an-upsert -r 0 in
  done
  [ "$(sent .key | sort | uniq -c | xargs)" = '3 right' ]
}

@test "a key file that is missing or empty, and a key of several lines, are status 78, and not shown" {
  start_sandbox
  change new rosa@example.org >in
  AN_API_KEY_FILE=absent run -78 --separate-stderr env -u AN_API_KEY an-upsert -r 0 in
  has "$stderr" absent
  : >empty
  AN_API_KEY_FILE=empty run -78 --separate-stderr env -u AN_API_KEY an-upsert -r 0 in
  printf 'secret-one\nsecret-two\n' >two
  AN_API_KEY_FILE=two run -78 --separate-stderr env -u AN_API_KEY an-upsert -r 0 in
  [[ $stderr != *secret-* ]]
  AN_API_KEY=$'secret-one\r\nX-Injected: secret-two' run -78 --separate-stderr an-upsert -r 0 in
  [[ $stderr != *secret-* ]]
  [ "$(sandbox_requests)" -eq 0 ]
}

@test "plain http beyond loopback, another scheme, and a password in the URL are refused: status 78" {
  export AN_API_KEY=key
  change new rosa@example.org >in
  for url in http://example.org/api/v2 http://127.0.0.1.example.org/ http://localhost.example.org/ http://127.0.0.1@example.org/ \
    http://192.0.2.1/ ftp://127.0.0.1/ file:///etc/passwd example.org 'https://user:hunter2@example.org/api/v2' \
    'http://user:hunter2@127.0.0.1/' 'https://user@example.org/' https:// ''$'https://example.org/\n'; do
    AN_API_URL=$url run -78 --separate-stderr timeout 10 an-upsert -r 0 in
    [ -z "$output" ]
    [ -n "$stderr" ]
    [[ $stderr != *hunter2* ]]
  done
}

@test "a slash at the end of the URL, and localhost, are the same service" {
  start_sandbox
  change new rosa@example.org >in
  AN_API_URL=$AN_API_URL/ run -0 --separate-stderr an-upsert -r 0 in
  AN_API_URL=${AN_API_URL/127.0.0.1/localhost} run -0 --separate-stderr an-upsert -r 0 in
  [ "$(sent .path | sort -u)" = /api/v2/people ]
}

@test "a refused key ends the run at once with status 77, and is shown nowhere, though the server repeats it" {
  start_sandbox
  changes new 1 100 >in
  for status in 403 401; do
    sandbox_post reset
    [ $status = 403 ] || sandbox_fault 401 null
    for kind in upsert lapse; do
      AN_API_KEY=wrong/secret+key%41 run -77 --separate-stderr an-$kind -v -r 0 -j 4 < <(
        [ $kind = upsert ] && cat in || changes lapsed 1 100)
      [[ $output$stderr != *wrong/secret* ]]
      has "$stderr" "an-$kind: " 'refused the key'
      [ "${#lines[@]}" -eq 100 ]
      [ "$(jq -r .result.status <<<"$output" | grep -c ok)" -eq 0 ]
    done
    [ "$(sandbox_requests)" -le 16 ]
  done
}

@test "the key is neither in the arguments nor in the schedule that processes share" {
  start_sandbox
  sandbox_post settings '{"latency":1}'
  change new rosa@example.org >in
  an-upsert in >out 3>&- &
  local program=$!
  within 10 came 1
  run -1 grep -a "$AN_API_KEY" /proc/$program/cmdline
  [ "$(find "/tmp/an-sync-$(id -u)" -name 'pace-*' | wc -l)" -ge 1 ]
  run -1 grep -ra "$AN_API_KEY" "/tmp/an-sync-$(id -u)"
  run -1 bash -c 'ls -R "/tmp/an-sync-$(id -u)" | grep "$AN_API_KEY"'
  [ "$(stat -c %a "/tmp/an-sync-$(id -u)")" = 700 ]
  wait $program
}

@test "a redirect is not followed, and the key goes nowhere else" {
  answer elsewhere 200 '{}'
  start_canned elsewhere
  local other=$canned
  for status in 302 307 308; do
    answer here $status '{}' "Location: $other/people"
    [ -e here.log ] || start_canned here
    AN_API_KEY=key AN_API_URL=$canned run --separate-stderr an-upsert -r 0 --deadline 1 <<<"$(change new rosa@example.org)"
    [ "$status" -ne 0 ]
    [ "$(result rosa@example.org '.result.status == "ok"')" = false ]
  done
  [ -s here.log ]
  [ ! -s elsewhere.log ]
}

@test "proxies of the environment do not keep a request from loopback" {
  start_sandbox
  http_proxy=http://127.0.0.1:1 all_proxy=http://127.0.0.1:1 run -0 --separate-stderr an-upsert -r 0 <<<"$(change new rosa@example.org)"
  [ "$(statuses)" = '{"ok":1}' ]
}

# ---- answers ----

@test "an answer of more than a mebibyte is refused" {
  local head tail
  head='{"identifiers":["action_network:d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b"],"email_addresses":[{"address":"rosa@example.org"}],
    "given_name":"Rosa","custom_fields":{"Phone":"6175550100","is_member":"True"},"filler":"'
  tail='"}'
  big() {
    { printf 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n%s' "$head"
      head -c "$1" /dev/zero | tr '\0' x
      printf '%s' "$tail"; } >big.answer
  }
  big 900000
  start_canned big
  AN_API_KEY=key AN_API_URL=$canned run -0 --separate-stderr an-upsert -r 0 <<<"$(change new rosa@example.org)"
  big 1100000
  AN_API_KEY=key AN_API_URL=$canned run --separate-stderr timeout 60 an-upsert -r 0 --deadline 2 <<<"$(change new rosa@example.org)"
  [ "$status" -ne 0 ]
  [ "$status" -ne 124 ]
  [ "$(result rosa@example.org '.result.status == "ok"')" = false ]
}

@test "an error that the server words badly is cut, on one line and printable" {
  answer odd 400 "$(printf '{"error":"%s \\u001b[31m\\n%0600d key-to-hide %0600d"}' 'first words' 0 0)"
  start_canned odd
  AN_API_KEY=key-to-hide AN_API_URL=$canned run -1 --separate-stderr an-upsert -r 0 <<<"$(change new rosa@example.org)"
  has "$(result rosa@example.org .result.error)" 'first words'
  [ "$(result rosa@example.org '.result.error | test("[\\x00-\\x1f\\x7f]")')" = false ]
  [ "$(result rosa@example.org '.result.error | length < 1100')" = true ]
  [[ $output$stderr != *key-to-hide* ]]
}

@test "every kind of passing fault is tried again until it is right, at the first request and at later ones" {
  start_sandbox --slow-seconds 1
  local kind kinds=(500 502 503 504 408 425 500-applied 503-applied 429-applied cut-before cut-after slow
    garbage garbage-applied truncated)
  for kind in "${kinds[@]}"; do
    seed "old-$kind@example.org" '{"custom_fields":{"is_member":"True"}}'
    jq -nc --arg kind "$kind" '{next: [{$kind, contains: "new-\($kind)@", count: (if $kind == "slow" then 1 else 2 end)}, {$kind, contains: "old-\($kind)@", method: "GET"},
      {$kind, contains: "old-\($kind)@", method: "PUT"}]}' | sandbox_post faults @-
    change new "new-$kind@example.org" >>in
    change lapsed "old-$kind@example.org" >>in
  done
  an-upsert -r 0 in >out1 2>err1 3>&- &
  local program=$!
  an-lapse -r 0 in >out2 2>err2
  wait $program
  [ ! -s err1 ]
  [ ! -s err2 ]
  [ "$(statuses out1) $(statuses out2)" = '{"ok":15} {"ok":15}' ]
  [ "$(sandbox_get faults | jq '.next | length')" -eq 0 ]
  [ "$(sandbox_people | jq -r '[.custom_fields.is_member, (.email_addresses[0].address | .[:3])] | join(" ")' | sort | uniq -c | xargs)" = \
    '15 False old 15 True new' ]
  # cut connections may have been repeated by libcurl itself
  [ "$(jq -r 'select(.key | startswith("new-") and (contains("slow") or contains("cut") | not)).result.attempts' out1 | sort -u)" = 3 ]
}

@test "a fault that stays is not tried for ever: 4xx once, and a record with it fails alone" {
  start_sandbox
  for kind in 400 404 405 409 410 413 422; do
    jq -nc --arg kind $kind '{next: [{$kind, contains: "\($kind)@", count: null}]}' | sandbox_post faults @-
    change new $kind@example.org
  done >in
  change new rosa@example.org >>in
  run -1 --separate-stderr an-upsert -r 0 in
  [ "$(statuses)" = '{"failed":7,"ok":1}' ]
  [ "$(jq -c 'select(.result.status == "failed") | .result as $result | [.result.attempts, (.key | startswith("\($result.http)@")), (.result.error | length > 0)]' <<<"$output" | sort -u)" = '[1,true,true]' ]
  [ "$(sandbox_requests)" -eq 8 ]
}

@test "Retry-After is obeyed, as seconds and as a date" {
  start_sandbox
  local date
  date=$(LC_ALL=C date -u -d '+4 seconds' '+%a, %d %b %Y %H:%M:%S GMT')
  jq -nc --arg date "$date" '{next: [{kind: "503", contains: "seconds@", retry_after: 3}, {kind: "503", contains: "date@", retry_after: $date}]}' |
    sandbox_post faults @-
  { change new seconds@example.org; change new date@example.org; change new other@example.org; } >in
  run -0 --separate-stderr an-upsert -r 0 in
  [ "$(statuses)" = '{"ok":3}' ]
  [ "$(at seconds@ | jq -s 'length == 2 and .[1] - .[0] >= 2.9 and .[1] - .[0] < 6')" = true ]
  # A date has whole seconds.
  [ "$(at date@ | jq -s 'length == 2 and .[1] - .[0] >= 2.5 and .[1] - .[0] < 8')" = true ]
  # Nobody else waited for them.
  has "${lines[0]}" other@
}

@test "a 429 slows the run down and loses nothing" {
  start_sandbox --rate 20
  changes new 1 60 >in
  run -0 --separate-stderr an-upsert -r 200 in
  [ "$(statuses)" = '{"ok":60}' ]
  # Without a brake, a second of 200 tries would be refused ten times as often as it is accepted.
  [ "$(sandbox_get stats | jq .too_many)" -gt 0 ]
  [ "$(sandbox_get stats | jq .too_many)" -lt 300 ]
}

# nobody_there: AN_API_URL is where nobody listens: a port that was free a moment ago.
nobody_there() {
  answer gone 200 '{}'
  start_canned gone
  stop_canned
  unset CANNED_PIDS
  export AN_API_KEY=key AN_API_URL=$canned
}

# upserts ITEM...: an-upsert of in.ITEM to out.ITEM for each at once; in `ended`, what each came to: ITEM:STATUS.
upserts() {
  local item job jobs=() status
  ended=''
  for item; do
    an-upsert -r 0 "in.$item" >"out.$item" 2>"err.$item" 3>&- &
    jobs+=("$item $!")
  done
  for job in "${jobs[@]}"; do
    status=0
    wait "${job#* }" || status=$?
    ended+="${ended:+ }${job% *}:$status"
  done
}

@test "a service that cannot be reached is status 69 within seconds, and everything is deferred" {
  nobody_there
  { changes new 1 50; echo '{"summary":{}}'; } >in
  SECONDS=0
  run -69 --separate-stderr an-upsert -r 0 in
  [ "$SECONDS" -lt 15 ]
  [ "$(statuses)" = '{"deferred":50}' ]
  [ "${lines[50]}" = '{"summary":{}}' ]
  has "$stderr" 'an-upsert: ' '50'
}

@test "a service that is down is status 69, however few changes there are: all are deferred" {
  nobody_there
  for count in 1 4 100; do changes new 1 $count >in.$count; done
  upserts 1 4 100
  [ "$ended" = '1:69 4:69 100:69' ]
  [ "$(statuses out.1) $(statuses out.4) $(statuses out.100)" = '{"deferred":1} {"deferred":4} {"deferred":100}' ]
}

@test "a service that answers 503 to everything is down, too" {
  start_sandbox
  sandbox_fault 503 null
  for count in 1 30; do changes new 1 $count >in.$count; done
  upserts 1 30
  [ "$ended" = '1:69 30:69' ]
  [ "$(statuses out.1) $(statuses out.30)" = '{"deferred":1} {"deferred":30}' ]
  has "$(cat err.1)" 503
}

@test "whom the service never likes fails alone, though nobody else is left: it is asked whether it is alive" {
  start_sandbox
  for n in 1 2 3 4; do sandbox_fault 500 null member$n@; done
  sandbox_fault cut-before null member9@
  sandbox_fault 503 null member20@
  changes new 1 8 >in.liked
  changes new 9 9 >in.cut
  changes new 20 20 >in.alone
  upserts liked cut alone
  [ "$ended" = 'liked:1 cut:1 alone:1' ]
  [ "$(statuses out.liked) $(statuses out.cut) $(statuses out.alone)" = '{"failed":4,"ok":4} {"failed":1} {"failed":1}' ]
  [ "$(cat out.* | jq -c 'select(.result.status == "failed") | .result.attempts' | sort -u)" = 8 ]
  # With a question that costs little.
  [ "$(sandbox_requests GET)" -ge 2 ]
  [ "$(sandbox_requests GET)" -le 6 ]
  [ "$(sent 'select(.method == "GET") | [.path, .query.page] | join(" ")' | sort -u)" = '/api/v2/people 1' ]
}

@test "while the service is asked whether it is alive, nothing else is started, and its answer may end the run" {
  start_sandbox
  sandbox_fault 500 null '"person"'
  sandbox_post faults '{"next":[{"kind":"slow","method":"GET","seconds":3,"count":null}]}'
  changes new 1 200 >in
  run --separate-stderr an-upsert -r 20 --deadline 20 in
  [ "$status" -eq 75 ]
  sandbox_get log | jq -e '[.[] | select(.method == "GET").at] as $asked | ($asked | length) >= 1 and
    ([.[] | select(.method == "POST").at | select(. > $asked[0] + 0.1 and . < $asked[0] + 2.9)] | length) == 0'
  sandbox_post reset
  sandbox_fault 500 null '"person"'
  sandbox_post faults '{"next":[{"kind":"403","method":"GET","count":null}]}'
  run -77 --separate-stderr an-upsert -r 0 in
  [ "$(statuses)" = '{"deferred":200}' ]
}

@test "5,000 changes with every kind of fault at once end with each member right" {
  start_sandbox --slow-seconds 0.3 --seed 5
  { changes new 1 3000; changes lapsed 3001 4000; changes updated 4001 5000; echo '{"summary":{}}'; } >in
  jq -nc '[range(3001; 5001) as $n | {email: "member\($n)@example.org", given_name: "Old", custom_fields: {is_member: "True", Kept: "\($n)"}}]' |
    sandbox_post people @-
  sandbox_post faults '{"random":{"500":0.02,"500-applied":0.01,"502":0.01,"503":0.005,"429":0.003,"429-applied":0.002,"504":0.01,
    "400":0.01,"404":0.01,"408":0.01,"cut-before":0.02,"cut-after":0.02,"slow":0.01,"garbage":0.01,"garbage-applied":0.01,"truncated":0.01}}'
  cp in left
  local round status
  for round in 1 2 3 4 5 6; do
    status=0
    an-upsert -r 0 left | an-lapse -r 0 >out || status=$?
    same_records in out
    mv out left
    [ "$status" -eq 0 ] || continue
    [ "$(statuses left)" != '{"ok":5000}' ] || break
  done
  [ "$(statuses left)" = '{"ok":5000}' ]
  sandbox_get people | jq -r '.[] | [.email_addresses[0].address, .given_name, .custom_fields.is_member, .custom_fields.Phone, .custom_fields.Kept] | join("|")' | sort >are
  { jq -nr 'range(1; 3001) as $n | "member\($n)@example.org|Name \($n)|True|\($n)|"'
    jq -nr 'range(3001; 4001) as $n | "member\($n)@example.org|Old|False||\($n)"'
    jq -nr 'range(4001; 5001) as $n | "member\($n)@example.org|Name \($n)|True|\($n)|\($n)"'; } | sort >should
  diff should are
}

# ---- the rate ----

# took FROM: no second with more than four requests, none refused, all of them in 9.5 to 14 seconds.
took() {
  local elapsed=$((($(date +%s%N) - $1) / 1000000))
  sandbox_get stats
  echo " in $elapsed ms"
  [ "$(sandbox_get stats | jq -c '[.requests, .too_many, .most_in_a_second <= 4]')" = '[40,0,true]' ] &&
    [ "$elapsed" -ge 9500 ] && [ "$elapsed" -le 14000 ]
}

# in_time COMMAND: with a sandbox that takes four a second. What was sent in time arrives too late, and with the next,
# where a machine is too busy to let anybody run: then, and only then, it is done once more.
in_time() {
  local attempt
  for attempt in {1..5}; do
    start_sandbox --rate 4 --latency 1
    ! "$@" || return 0
    sandbox_get stats | jq -e '.late > 0.05' >/dev/null || break
    stop_sandbox
  done
  return 1
}

forty_changes() {
  local start
  start=$(date +%s%N)
  an-upsert in >out && took "$start"
}

@test "40 changes go out at Action Network's four a second, however slowly it answers" {
  changes new 1 40 >in
  in_time forty_changes
  [ "$(statuses out)" = '{"ok":40}' ]
  # Nobody was asked in vain, and no more were in flight than that takes.
  [ "$(sandbox_get stats | jq .most_in_flight)" -le 8 ]
}

twenty_and_twice_ten() {
  local start program
  for n in {21..30}; do echo "member$n@example.org"; done |
    jq -Rnc '[inputs | {email: .}]' | sandbox_post people @-
  sandbox_get people | jq -c '.[] | .email_addresses[0].address as $email |
    {change: "lapsed", key: $email, row: {$email, action_network_id: .id}}' >in2
  start=$(date +%s%N)
  an-upsert in1 >out1 3>&- &
  program=$!
  an-lapse in2 >out2 && wait $program && took "$start"
}

@test "two programs that use the same key share the rate" {
  changes new 1 20 >in1
  in_time twenty_and_twice_ten
  [ "$(statuses out1) $(statuses out2)" = '{"ok":20} {"ok":10}' ] # each lapse is two requests
}

@test "another key has a rate of its own, and -r another rate" {
  start_sandbox
  changes new 1 9 >in
  local start elapsed
  start=$(date +%s%N)
  an-upsert in >out 3>&- &
  local program=$!
  # The other's key is accepted by nobody, but takes its own turns.
  AN_API_KEY=other run --separate-stderr an-upsert -r 1 <<<"$(change new rosa@example.org)"
  [ $((($(date +%s%N) - start) / 1000000)) -lt 1000 ]
  wait $program
  elapsed=$((($(date +%s%N) - start) / 1000000))
  [ "$elapsed" -ge 1400 ]
  [ "$(statuses out)" = '{"ok":9}' ]
}

@test "no more than --jobs requests are in flight" {
  start_sandbox --latency 0.2
  changes new 1 24 >in
  run -0 --separate-stderr an-upsert -r 0 -j 3 in
  [ "$(sandbox_get stats | jq -c '[.requests, .most_in_flight]')" = '[24,3]' ]
}

@test "connections are kept: many requests, few connections" {
  start_sandbox
  changes new 1 300 >in
  # Connections that were closed are remembered for a minute: those of an earlier test, too, that had the same port.
  local port before after
  printf -v port '0100007F:%04X' "${SANDBOX_URL##*:}"
  before=$(grep -c " $port 0" /proc/net/tcp || true)
  an-upsert -r 0 -j 4 in >out
  after=$(grep -c " $port 0" /proc/net/tcp)
  echo "$before connections before, $after after"
  [ "$(statuses out)" = '{"ok":300}' ]
  [ "$after" -gt "$before" ]
  [ "$after" -le $((before + 10)) ]
}

@test "memory does not grow with the input" {
  start_sandbox
  { changes new 1 300; changes lapsed 1 100000; echo '{"summary":{}}'; } >large
  cat >measure.py <<'PY'
import resource, subprocess, sys
subprocess.run(["an-upsert", "-r", "0", sys.argv[1]], stdout=open(sys.argv[2], "w"), check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
PY
  head -n 400 large >small
  export ASAN_OPTIONS=quarantine_size_mb=1
  run -0 python3 measure.py small out
  local small=$output
  run -0 python3 measure.py large out
  [ "$(wc -l <out)" -eq 100301 ]
  [ "$(statuses out)" = '{"ok":300}' ]
  # KiB; the input has 13 MiB more.
  [ "$output" -lt $((small + 6000)) ]
}

# ---- the end of a run ----

@test "at the deadline nothing more is started, the rest is deferred with status 75, and a second run finishes it" {
  start_sandbox --latency 0.4
  { changes new 1 20; echo '{"summary":{}}'; } >in
  SECONDS=0
  run -75 --separate-stderr an-upsert -r 0 -j 2 --deadline 1 in
  [ "$SECONDS" -lt 4 ]
  echo "$output" >first
  same_records in first
  [ "$(tail -n 1 first)" = '{"summary":{}}' ]
  local finished
  finished=$(jq -c 'select(.result.status == "ok")' first | wc -l)
  [ "$finished" -ge 2 ]
  [ "$finished" -le 8 ]
  [ "$(statuses first)" = "{\"deferred\":$((20 - finished)),\"ok\":$finished}" ]
  [ "$(sandbox_requests)" -eq "$finished" ]
  has "$stderr" 'an-upsert: ' "$((20 - finished))"
  sandbox_post settings '{"latency":0}'
  run -0 --separate-stderr an-upsert -r 0 first
  [ "$(statuses)" = '{"ok":20}' ]
  [ "$(sandbox_requests)" -eq 20 ]
}

@test "a record that waits to be tried again is deferred at the deadline" {
  start_sandbox
  sandbox_post faults '{"next":[{"kind":"503","count":null,"retry_after":100,"contains":"member1@"}]}'
  changes new 1 3 >in
  SECONDS=0
  run -75 --separate-stderr an-upsert -r 0 --deadline 1 in
  [ "$SECONDS" -lt 4 ]
  [ "$(statuses)" = '{"deferred":1,"ok":2}' ]
}

@test "SIGTERM, SIGINT and SIGHUP: what is in flight is finished and written, the rest deferred, and the program dies of it" {
  start_sandbox --latency 0.5
  { changes new 1 30; changes lapsed 31 33; echo '{"summary":{}}'; } >in
  for signal in TERM INT HUP; do
    sandbox_post reset
    sandbox_post settings '{"latency":0.5}'
    # A background job of the shell ignores SIGINT, and one under nohup SIGHUP; the program respects both.
    env --default-signal=INT,HUP an-upsert -r 0 -j 3 in >out 2>err 3>&- &
    local program=$! status=0
    within 10 came 4
    kill -$signal $program
    wait $program || status=$?
    [ "$status" -eq $((128 + $(kill -l $signal))) ]
    same_records in out
    [ "$(tail -n 1 out)" = '{"summary":{}}' ]
    # All that was sent has its result.
    local finished
    finished=$(sandbox_requests)
    [ "$finished" -ge 4 ]
    [ "$finished" -le 9 ]
    [ "$(statuses out)" = "{\"deferred\":$((30 - finished)),\"ok\":$finished}" ]
    [ -s err ]
  done
  sandbox_post settings '{"latency":0}'
  run -0 --separate-stderr an-upsert -r 0 out
  [ "$(statuses)" = '{"ok":30}' ]
  [ "$(sandbox_requests)" -eq 30 ]
}

@test "a signal ends a program that waits for input" {
  start_sandbox
  mkfifo in
  an-upsert -r 0 <in >out 3>&- &
  local program=$! status=0
  exec 7>in
  change new rosa@example.org >&7
  within 10 grep -q '"ok"' out
  kill $program
  wait $program || status=$?
  exec 7>&-
  [ "$status" -eq 143 ]
  [ "$(statuses out)" = '{"ok":1}' ]
}

@test "when the reader goes away, what is in flight is finished and nothing new is started" {
  start_sandbox --latency 0.1
  changes new 1 100 >in
  run -0 bash -c 'an-upsert -r 0 -j 4 in 2>err | head -n 1; echo "${PIPESTATUS[0]}" >code'
  has "$output" '"status":"ok"'
  [ "$(cat code)" -eq 74 ]
  [ ! -s err ]
  [ "$(sandbox_requests)" -le 16 ]
  [ "$(sandbox_get stats | jq .in_flight)" -eq 0 ]
}

@test "in a pipe of two, a signal to both loses no record that the first has written, nor does another one" {
  start_sandbox
  changes new 1 40 >in
  for more in 0 2; do
    sandbox_post reset
    sandbox_post settings '{"latency":0.3}'
    set -m
    { an-upsert -r 0 -j 4 in | an-lapse -r 0 >out; } 2>err 3>&- &
    local group=$!
    set +m
    within 10 came 5
    kill -TERM -- -$group
    # At a terminal Ctrl-C reaches all, and then an-sync asks them to stop.
    for ((; more > 0; more--)); do sleep 0.05 && kill -TERM -- -$group; done
    within 10 gone -$group # the shell between them dies first
    [ "$(statuses out | jq .ok)" -ge 4 ]
    # No acknowledgement is lost on its way.
    [ "$(statuses out | jq .ok)" -eq "$(sandbox_requests)" ]
  done
}

# ---- progress ----

@test "progress is shown on a terminal, and nowhere else" {
  start_sandbox --latency 0.4
  changes new 1 6 >in
  an-upsert -r 0 -j 2 in >out 2>err
  [ ! -s err ]
  command -v script >/dev/null || skip 'no script(1)'
  script -qec 'an-upsert -r 0 -j 2 in >out' shown >/dev/null </dev/null
  [ "$(statuses out)" = '{"ok":6}' ]
  tr '\r' '\n' <shown | grep -aqE 'an-upsert: [1-5] of 6, [0-9.]+/s, 0:0[0-9] left'
  # Of a pipe nobody knows how much comes; who failed is told, too.
  sandbox_post faults '{"next": [{"kind": "400", "contains": "member1@", "count": null}]}'
  run -1 script -qec 'cat in | an-upsert -r 0 -j 2 >out' shown </dev/null
  [ "$(statuses out)" = '{"failed":1,"ok":5}' ]
  tr '\r' '\n' <shown | grep -aqE 'an-upsert: [1-6], [0-9.]+/s, 1 failed'
}

# breaker [--alive] OUTCOME EVENT...: how the breaker ends; an EVENT "FIRST LAST STEP WHAT" stands for what happened
# every STEP seconds from FIRST to LAST.
breaker() {
  local alive='' outcome event
  [ "$1" != --alive ] || { alive=$1 && shift; }
  outcome=$1
  shift
  run -0 test-breaker $alive < <(for event; do awk -v event="$event" 'BEGIN { split(event, part, " ")
    for (at = part[1]; at <= part[2] + 1e-9; at += part[3]) print at, part[4] }'; done)
  [ "$output" = "$outcome" ] || { echo "$*: $output, not $outcome"; return 1; }
}

@test "the breaker: 20 failures in a row trip it, if they last five seconds" {
  breaker closed '0 18 1 bad'
  breaker 'open at 19' '0 30 1 bad'
  breaker closed '0 1.9 0.1 bad' # 20 that were in flight together
  breaker 'open at 5' '0 8 0.1 bad'
  breaker closed '0 18 1 bad' '18.5 18.5 1 ok' '19 37 1 bad'
}

@test "the breaker: a minute of nothing but failures trips it" {
  breaker 'open at 66' '0 90 6 bad'
  breaker closed '0 60 6 bad'
  breaker 'open at 70' '0 0 1 bad' '70 70 1 bad'
  breaker closed '0 54 6 bad' '57 57 1 ok' '60 114 6 bad'
}

@test "the breaker: a request whose attempts are used up trips it, if nothing else was well" {
  breaker 'open at 30' '0 24 4 bad' '30 30 1 last'
  breaker closed '0 20 4 bad' '30 30 1 last' # of eight, one was another's
  breaker closed '0 12 4 bad' '13 13 1 ok' '14 24 4 bad' '30 30 1 last'
}

@test "the breaker: a service that is alive and takes nothing of 20 requests is down" {
  breaker --alive closed '0 600 1 bad' # retries of a few
  breaker --alive closed '0 18 1 last' '19 600 1 bad'
  breaker --alive 'down at 310' '0 69 1 bad' '70 600 10 last'
  breaker --alive closed '0 190 10 last' '195 195 1 ok' '200 370 10 last'
}

@test "a signal ends a program whose input never ends, after the half minute that what is in flight has" {
  change lapsed rosa@example.org >in
  status=0
  { yes "$(<in)" & echo $! >yes; } 2>/dev/null | timeout --kill-after=20 --preserve-status 2 an-lapse -n >/dev/null || status=$?
  [ "$status" -eq 143 ]
  start_sandbox --latency 0.05
  SECONDS=0
  { yes "$(<in)" & } 2>/dev/null | timeout --kill-after=50 --preserve-status 2 an-lapse -r 0 >/dev/null || status=$?
  [ "$status" -eq 143 ]
  [ "$SECONDS" -lt 45 ]
}
