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

# nowhere COMMAND: whether it finds nothing in any page; else what it finds is shown.
nowhere() {
  for page in "${PAGES[@]}"; do
    "$1" "$page" | sed "s|^|${page##*/}: |"
  done >bad || true
  cat bad && [ ! -s bad ]
}

too_wide() { rendered "$1" | grep -E '^.{81}'; }
broken_in_two() {
  sed -n 's/^\.Dl //p' "$1" | sed -E 's/\\\([a-z]{2}|\\[e-]/x/g; s/\\&//g' | grep -E '.{69}'
}
misread() { rendered "$1" | grep -E '^ *<|\[\$|\$\?\]'; }

@test "pages: no line is wider than 80 columns" {
  nowhere too_wide
}

@test "pages: no command in one line is broken into two" {
  nowhere broken_in_two
}

@test "pages: no heading begins with a macro, and no command has lost its blanks" {
  nowhere misread
}

@test "pages: each refers only to pages that are there, or are the system's" {
  system=' aws bash cron crontab crypt curl git-diff jq Landlock mandoc mbsync seccomp sqlite3 systemd.unit '
  while read -r name section; do
    [ -n "$(find "$ROOT"/{tools,scripts} -name "$name.$section")" ] || [[ $system == *" $name "* ]]
  done < <(sed -nE 's/^\.Xr ([^ ]+) ([0-9]).*/\1 \2/p' "${PAGES[@]}" | sort -u)
}
