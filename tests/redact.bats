#!/usr/bin/env bats
# What is taken out of texts that are shown: the key in whatever form a server repeats it, people's addresses. And how
# the key comes in.

load helpers

KEY='Ab3-Kz_9+x/Q~secret.Key'

# shown TEXT: what is left of it.
shown() {
  test-redact "$KEY" <<<"$1"
}

stars() {
  printf '%*s' "$1" '' | tr ' ' '*'
}

@test "the key is found as it is, in another case, and percent-encoded in whole or in part" {
  local length=${#KEY} encoded
  [ "$(shown "key $KEY, key $KEY.")" = "key $(stars "$length"), key $(stars "$length")." ]
  [ "$(shown "key=${KEY,,} ${KEY^^}")" = "key=$(stars "$length") $(stars "$length")" ]
  encoded=$(jq -rn --arg key "$KEY" '$key | @uri')
  [ "$encoded" != "$KEY" ]
  [ "$(shown "?key=$encoded&")" = "?key=$(stars ${#encoded})&" ]
  [ "$(shown "?key=${encoded,,}&")" = "?key=$(stars ${#encoded})&" ]
  encoded=$(printf %s "$KEY" | od -An -v -tx1 | tr -d '\n' | tr ' ' %)
  [ "$(shown "?key=$encoded&")" = "?key=$(stars ${#encoded})&" ]
  # What stands before it and looks like the beginning of an encoded letter is no part of it.
  [ "$(shown "%4$KEY %41$KEY %$KEY")" = "%4$(stars "$length") %41$(stars "$length") %$(stars "$length")" ]
  [ "$(shown 'no key %4 %zz % 100%')" = 'no key %4 %zz % 100%' ]
}

@test "the key is found in base64, whatever stands before it and behind it, in both alphabets" {
  local before behind encoded left
  for before in '' u: us: user:; do
    for behind in '' x xy :password; do
      encoded=$(printf %s "$before$KEY$behind" | base64 -w 0)
      for encoded in "$encoded" "$(tr +/ -_ <<<"$encoded")" "${encoded,,}" "$(jq -rn --arg text "$encoded" '$text | @uri')"; do
        left=$(shown "Basic $encoded")
        # At either end one digit may hang on what is beside the key; of the key that is less than a byte.
        [[ $left =~ ^Basic\ [^*]{0,7}[*]{28,}[^*]*$ ]] || { echo "$encoded: $left"; false; }
      done
    done
  done
}

@test "a key that looks percent-encoded is found as it is and encoded once more" {
  KEY='abc%41def%zz'
  [ "$(shown "$KEY abc%2541def%25zz abc")" = '************ **************** abc' ]
}

@test "redaction takes time that grows with the text, not with its square" {
  local text
  for text in '%40' '"@' '@[' '"' 'a%40' 'a@b.c ' "'@" "${KEY:0:20}" '%41%'; do
    yes "$text" | tr -d '\n' | head -c 2000000 >long
    timeout 10 test-redact <long >out
    timeout 10 test-redact "$KEY" <long >out
    timeout 10 test-redact "$(head -c 4000 long | tr '"' x)" <long >out
  done
}

@test "addresses are taken out, also encoded, quoted, in brackets and side by side" {
  cat >in <<'END'
to rosa@example.org, "a b"@example.org, x%40y.org; u@[192.0.2.1] and 'k@l.org'.
a@b.c"d@e.f @ x@ @y "@" z
no address: 3@, 50%40, [@]
END
  diff - <(test-redact <in) <<'END'
to …@…, …@…, …@…; …@… and '…@…'.
…@…"…@… @ x@ @y "@" z
no address: 3@, 50%40, [@]
END
}

@test "a key file with a NUL in it, or longer than any key, is refused without a word of it" {
  export AN_API_KEY_FILE=$PWD/key
  printf 'secret\0more' >key
  run -78 --separate-stderr an-upsert </dev/null
  has "$stderr" "AN_API_KEY_FILE: $PWD/key" 'NUL'
  [[ $stderr != *secret* ]]
  printf '%04097d' 0 >key
  run -78 --separate-stderr an-upsert </dev/null
  has "$stderr" "$PWD/key" '4096'
  printf '%04096d' 0 >key
  AN_API_URL=http://127.0.0.1:1 run -0 --separate-stderr an-upsert </dev/null
}

@test "the key that a server repeats encoded is in no result and no message" {
  load sandbox
  export AN_API_KEY=Refused-Key_with/base64+digits
  python3 -B - "$PWD/url" <<'END' 3>&- &
import base64, http.server, sys, urllib.parse
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        key = self.headers["OSDI-API-Token"]
        text = " ".join([key.lower(), urllib.parse.quote(key, safe=""), base64.b64encode(b"me:" + key.encode()).decode()])
        body = ('{"error": "refused: %s"}' % text).encode()
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
open(sys.argv[1], "w").write("http://127.0.0.1:%d\n" % server.server_port)
server.serve_forever()
END
  local server=$!
  within 10 test -s url
  AN_API_URL=$(cat url) run -77 --separate-stderr an-upsert -r 0 -v <<<'{"change":"new","key":"a@b.org","row":{"email":"a@b.org"}}'
  kill "$server"
  has "$stderr" 'refused: ***'
  run -1 grep -iE 'refused-key|with/base64|with%2fbase64|dC1LZXlfd2l0aC9' <<<"$output$stderr"
}
