# Mails for mime-extract, made by hand (make-mail), and what must become of them.
# shellcheck disable=SC2034,SC2154 # the variables are for the .bats files; bats sets stderr_lines

# A small export in its three forms, and parts that stand beside it.
mail_setup() {
  common_setup
  printf 'email,first_name\r\nrosa@example.org,"Ros\xc3\xa9"\r\nkarl@example.org,Karl\r\n' >export.csv
  zip -q export.zip export.csv
  gzip -nk export.csv
  text='text/plain;encoding=8bit;text=Hello.'
  logo='image/png;name=logo.png;text=\x89PNG\r\n'
}

mail() {
  "$ROOT/tests/make-mail" "$@"
}

# gives_export MAIL [OPTION...]: the mail's export is export.csv byte for byte, and nothing is said.
gives_export() {
  local mail=$1
  shift
  mime-extract "$@" "$mail" >got.csv 2>said
  cmp got.csv export.csv
  [ ! -s said ]
}

# refused MAIL [OPTION...] -- PART...: status 65, not one byte on stdout, and a message with each PART.
refused() {
  local mail=$1 options=()
  shift
  while [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  shift
  run -65 --separate-stderr mime-extract "${options[@]}" "$mail"
  [ -z "$output" ]
  [ "${#stderr_lines[@]}" -eq 1 ]
  has "$stderr" 'mime-extract: ' "$@"
}

ses=(--top 'X-SES-Spam-Verdict: PASS' --top 'X-SES-Virus-Verdict: PASS')
passed='Authentication-Results: amazonses.com; spf=pass smtp.mailfrom=example.org; dkim=pass header.i=@example.org; dmarc=pass header.from=example.org;'
