#!/usr/bin/env bats
# A helper that dies is not taken for an answer: every call of every program that an-sync runs dies in turn, and what
# comes of it is what an undisturbed run makes. DYING_STRIDE=1 tries each call; by default every seventh, beginning with
# another one each day.

load helpers
load sandbox

readonly HELPERS=(jq flock stat sort sed cp grep cat tail tee mkdir rm mv readlink getopt mime-extract csv-diff an-upsert
  an-lapse roster-dump roster-commit slack-notify)

setup() {
  common_setup
  start_sandbox
  export SLACK_WEBHOOK_URL=$SANDBOX_URL/slack/test AN_RATE=0 MEETING=$PWD/meeting
  mkdir mails programs
  local helper
  for helper in "${HELPERS[@]}"; do
    dying_program "$helper" >"programs/$helper"
    chmod +x "programs/$helper"
  done
  # Somebody moves to another address, somebody lapses, somebody is new, somebody has moved house.
  printf '%s\n' akid,email,first_name,mailing_city 1,a@example.org,A,Boston 2,b@example.org,B,Boston \
    3,c@example.org,C,Boston 4,d@example.org,D,Boston >week1.csv
  printf '%s\n' akid,email,first_name,mailing_city 1,a@example.net,A,Boston 2,b@example.org,B,Quincy \
    4,d@example.org,D,Boston 5,e@example.org,E,Boston >week2.csv
  mail 'Mon, 9 Nov 2026 09:00:00 +0000' week1.csv >mails/z.eml
  mail 'Mon, 16 Nov 2026 09:00:00 +0000' week2.csv >mails/a.eml
  # The files are of another day than the mails in them, and in another order.
  touch -d '2026-11-20 09:00' mails/z.eml
  touch -d '2026-11-19 09:00' mails/a.eml
  export AN_MAX_LAPSE=90%
}

# dying_program NAME: a program that takes the name's place: of all calls of all programs it notes the number, and dies
# at the one that $DIE_AT says.
dying_program() {
  cat <<END
#!$(type -P bash)
n=1 # or from where the last one was
{ read -r n <"\$MEETING/last"; } 2>/dev/null || n=1
until $(type -P mkdir) "\$MEETING/\$n" 2>/dev/null; do n=\$((n + 1)); done
echo "\$n" >"\$MEETING/last"
echo '$1' >"\$MEETING/\$n/name"
[ "\$n" != "\${DIE_AT-}" ] || kill -KILL \$\$
exec $(type -P "$1") "\$@"
END
}

mail() {
  printf '%s\r\n' 'From: exports@example.org' 'Subject: Membership export' "Date: $1" "Message-ID: <$2@example.org>" \
    'MIME-Version: 1.0' "Content-Type: text/csv; name=\"$2\"" 'Content-Transfer-Encoding: base64' '' "$(base64 "$2")"
}

# world [NUMBER]: a new one, in which the NUMBERth call dies. What an-sync ended with is in $status.
world() {
  rm -rf inbox state meeting
  mkdir meeting
  cp -rp mails inbox
  sandbox_post reset
  status=0
  DIE_AT=${1-} PATH=$PWD/programs:$PATH an-sync inbox >out 2>err </dev/null || status=$?
}

# state: all that counts in the end.
state() {
  sandbox_people
  roster-dump | cut -d , -f 1-4
  roster-dump --runs | jq -r 'select(.run.sent).run | [.export_date, .message_id] | @tsv' | sort -u
  ls inbox inbox/done inbox/failed
}

# judge NUMBER: whether a world was as it should be, now or after another run.
judge() {
  local name
  name=$(cat "meeting/$1/name")
  case $status in
    0 | 1 | 64 | 65 | 69 | 74 | 75 | 77 | 78) ;;
    *) echo "call $1, $name: status $status"; return 1 ;;
  esac
  if [ "$status" -ne 0 ]; then
    [ -s err ] || [ -s out ] || { echo "call $1, $name: status $status without a word"; return 1; }
    an-sync inbox >>out 2>>err || echo "call $1, $name: the run after it ended with $?"
  fi
  diff expected <(state) || { echo "call $1, $name: that is the difference"; cat err; return 1; }
}

@test "whatever helper dies at whatever call, the end is that of an undisturbed run" {
  local stride=${DYING_STRIDE:-7} number calls wrong=0
  world
  [ "$status" -eq 0 ]
  calls=$(find meeting -mindepth 1 -type d | wc -l)
  state >expected
  [ "$(grep -c example expected)" -ge 10 ]
  [ "$(ls inbox/done)" = $'a.eml\nz.eml' ]
  for ((number = 1 + 10#$(date +%j) % stride; number <= calls; number += stride)); do
    world "$number"
    judge "$number" >verdict 2>&1 || wrong=$((wrong + 1))
    sed "s/^/$number: /" verdict | tee -a "${DYING_LOG:-/dev/null}"
    echo "$number: status $status" >>"${DYING_LOG:-/dev/null}"
  done
  echo "$calls calls, $wrong wrong" | tee -a "${DYING_LOG:-/dev/null}"
  [ "$calls" -ge 40 ]
  [ "$wrong" -eq 0 ]
}
