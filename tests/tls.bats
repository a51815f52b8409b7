#!/usr/bin/env bats
# TLS and HTTP/2: nghttpx, with certificates made here, stands before the sandbox.

load helpers
load sandbox
load records

PATH=$PATH:/usr/sbin # where Debian has nghttpx, and a user does not look

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  command -v nghttpx >/dev/null && command -v openssl >/dev/null || return 0
  {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=stranger -keyout other.key -out other.pem
    certificate good 'subjectAltName = DNS:localhost' -days 2
    certificate elsewhere 'subjectAltName = DNS:example.org' -days 2
    # That was good for the second in which it was made. (OpenSSL 3.5 makes none that ends before it begins.)
    certificate expired 'subjectAltName = DNS:localhost' -days 0
  } >openssl.log 2>&1 || { cat openssl.log >&2; return 1; }
}

# certificate NAME EXTENSION OPTION...: NAME.pem and NAME.key, by our authority.
certificate() {
  openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" &&
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -extfile <(echo "$2") "${@:3}" -out "$1.pem"
}

setup() {
  common_setup
  command -v nghttpx >/dev/null || skip 'nghttpx is not installed'
  command -v openssl >/dev/null || skip 'openssl is not installed'
  small_map
  certificates=$BATS_FILE_TMPDIR
  unset CURL_CA_BUNDLE SSL_CERT_FILE
}

teardown() {
  [ -z "${PROXY_PID-}" ] || { kill "$PROXY_PID" && wait "$PROXY_PID" || true; }
  stop_sandbox
}

# listening PORT: that somebody does, or that the proxy has ended and never will.
listening() {
  (exec 9<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null || ! kill -0 "$PROXY_PID" 2>/dev/null
}

# serve CERTIFICATE: the sandbox, behind TLS at https://localhost:PORT.
serve() {
  local port backend
  start_sandbox
  backend=${SANDBOX_URL##*:}
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  # Without the conf of its package, by which it would listen where its service does.
  nghttpx --conf=/dev/null --no-location-rewrite --errorlog-file=proxy.err --accesslog-file=proxy.log \
    --accesslog-format='$alpn $client_port $request' -f"127.0.0.1,$port" -b"127.0.0.1,$backend" --workers=1 \
    "$certificates/$1.key" "$certificates/$1.pem" >proxy.out 2>&1 3>&- &
  PROXY_PID=$!
  within 60 listening "$port"
  kill -0 "$PROXY_PID" || { cat proxy.out proxy.err >&2; return 1; }
  export AN_API_URL=https://localhost:$port/api/v2
}

# refused STATUS REASON...: nothing is sent and nobody has failed; the run ends with the status and says why.
refused() {
  local status
  status=$1
  shift
  run "-$status" --separate-stderr timeout 60 an-upsert -r 0 <<<"$(changes new 1 30)"
  [ "$(statuses)" = '{"deferred":30}' ]
  has "$stderr" 'an-upsert: ' "$@"
  [ "$(sandbox_requests)" -eq 0 ]
  # Headers are in no log, so: nothing that was a request came, as far as to the proxy.
  [ ! -s proxy.log ]
}

@test "tls: where the server offers HTTP/2, all requests share few connections of it" {
  serve good
  export CURL_CA_BUNDLE=$certificates/ca.pem
  changes new 1 200 >changes
  run -0 --separate-stderr an-upsert -r 0 -j 8 changes
  [ "$(sandbox_people | wc -l)" -eq 200 ]
  [ "$(wc -l <proxy.log)" -eq 200 ]
  [ "$(grep -vc '^h2 ' proxy.log)" -eq 0 ]
  [ "$(cut -d ' ' -f 2 proxy.log | sort -u | wc -l)" -le 2 ]
}

@test "tls: the authorities may be SSL_CERT_FILE's, too, and Slack's are the same" {
  serve good
  SSL_CERT_FILE=$certificates/ca.pem an-upsert -r 0 <<<"$(change new rosa@example.org)"
  SLACK_WEBHOOK_URL=${AN_API_URL%/api/v2}/slack/x CURL_CA_BUNDLE=$certificates/ca.pem slack-notify </dev/null
  [ "$(sandbox_get slack | jq length)" -eq 1 ]
  [ "$(sandbox_people | wc -l)" -eq 1 ]
}

@test "tls: an authority that nobody knows is refused, and the key stays here" {
  serve good
  refused 69 certificate
  CURL_CA_BUNDLE=$certificates/other.pem refused 69 certificate
}

@test "tls: another host's certificate is refused, and one that has expired" {
  serve elsewhere
  CURL_CA_BUNDLE=$certificates/ca.pem refused 69 localhost
  kill "$PROXY_PID" && wait "$PROXY_PID" || true
  stop_sandbox
  serve expired
  CURL_CA_BUNDLE=$certificates/ca.pem refused 69 expired
}

@test "tls: a file of authorities that is not there is said, and trusts nobody" {
  serve good
  CURL_CA_BUNDLE=$PWD/none.pem refused 78 none.pem
  echo 'no certificate' >none.pem
  CURL_CA_BUNDLE=$PWD/none.pem refused 78 none.pem
  CURL_CA_BUNDLE=$PWD/none.pem run -78 --separate-stderr an-upsert --check
  has "$stderr" none.pem
}
