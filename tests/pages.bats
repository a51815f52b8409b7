#!/usr/bin/env bats
# The man pages as they are read: at 80 columns, with commands that can be copied.

load helpers

setup() {
  common_setup
  type -P mandoc >/dev/null || skip 'no mandoc'
  mapfile -t PAGES < <(find "$ROOT"/{tools,scripts} -name '*.[157]')
  [ ${#PAGES[@]} -gt 12 ]
}

# rendered PAGE: as a terminal of 80 columns shows it.
rendered() { mandoc -Tutf8 -O width=80 "$1" 2>/dev/null | sed 's/.\x08//g'; }

@test "pages: no line is wider than 80 columns" {
  for page in "${PAGES[@]}"; do
    rendered "$page" | grep -E '^.{81}' | sed "s|^|${page##*/}: |"
  done >bad || true
  cat bad && [ ! -s bad ]
}

@test "pages: no command in one line is broken into two" {
  for page in "${PAGES[@]}"; do
    sed -n 's/^\.Dl //p' "$page" | sed -E 's/\\\([a-z]{2}|\\[e-]/x/g; s/\\&//g' | grep -E '.{69}' | sed "s|^|${page##*/}: |"
  done >bad || true
  cat bad && [ ! -s bad ]
}

@test "pages: no heading begins with a macro, and no command has lost its blanks" {
  for page in "${PAGES[@]}"; do
    rendered "$page" | grep -E '^ *<|\[\$|\$\?\]' | sed "s|^|${page##*/}: |"
  done >bad || true
  cat bad && [ ! -s bad ]
}

@test "pages: each refers only to pages that are there, or are the system's" {
  system=' aws bash cron crontab crypt curl git-diff jq Landlock mandoc mbsync seccomp sqlite3 systemd.unit '
  while read -r name section; do
    [ -n "$(find "$ROOT"/{tools,scripts} -name "$name.$section")" ] || [[ $system == *" $name "* ]]
  done < <(sed -nE 's/^\.Xr ([^ ]+) ([0-9]).*/\1 \2/p' "${PAGES[@]}" | sort -u)
}
