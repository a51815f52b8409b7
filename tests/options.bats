#!/usr/bin/env bats
# The command line of every program, which is a table (lib/base/options.h), and the completion that asks it.

load helpers

PROGRAMS=(mime-extract csv-diff an-diff an-upsert an-lapse slack-notify roster-dump roster-commit)

@test "options: every program lists its options, a line each, within 100 columns, and says how it is called" {
  for program in "${PROGRAMS[@]}"; do
    run -0 --separate-stderr "$program" --help
    [ -z "$stderr" ]
    [[ $output == "usage: $program "* ]]
    has "$output" $'\n  -h, --help ' $'\n  -V, --version '
    [ "$(wc -L <<<"$output")" -le 100 ]
  done
}

@test "options: what a program does not know is 64, named, with the usage alone" {
  for program in "${PROGRAMS[@]}"; do
    run -64 --separate-stderr "$program" --nonsense
    [ -z "$output" ]
    has "$stderr" nonsense "usage: $program"
    [[ $stderr != *'--version'* ]]
    run -64 --separate-stderr "$program" -%
    has "$stderr" % "usage: $program"
  done
}

@test "options: a name may be cut short as long as it is clear, and take its argument either way" {
  run -0 --separate-stderr roster-dump --ru=3
  run -64 --separate-stderr roster-commit --un
  has "$stderr" unlock argument
  printf 'email\na@example.org\n' >a.csv
  run -0 --separate-stderr csv-diff --exit --max 100% a.csv a.csv
  run -0 --separate-stderr csv-diff -em100% a.csv a.csv
}

@test "options: an argument that is not what an option takes is 64, and quoted beside what it takes" {
  refused() {
    run -64 --separate-stderr "${@:2}"
    [ -z "$output" ]
    has "$stderr" "$1" 'usage: '
  }
  refused 'csv-diff: --max-lapse takes a number of people or a share such as 10%, not "ten"' csv-diff -m ten a b
  refused 'csv-diff: --current takes COLUMN=VALUE, not "column"' csv-diff -u column a b
  refused 'an-upsert: --rate takes a number from 0 to 1000, not "4/s"' an-upsert -r 4/s
  refused 'an-upsert: --jobs takes a whole number from 1 to 256, not "1.5"' an-upsert -j 1.5
  refused 'an-lapse: --deadline takes a number from 0.001 to 1000000000, not "0"' an-lapse --deadline 0
  refused 'mime-extract: --max-size takes a number of bytes below 4G, such as 256M, not "5G"' mime-extract --max-size 5G
  refused 'roster-dump: --runs takes a whole number from 1 to 1000000000, not "0"' roster-dump -r0
  refused 'roster-commit: --lock takes an owner'"'"'s name, not ""' roster-commit -l ''
  refused 'slack-notify: --title takes a text, not ""' slack-notify -t ''
  refused 'roster-dump: "x" is one too many: it takes no operand' roster-dump x
  refused 'csv-diff: it takes two files, the older and the newer one' csv-diff x
}

# completes WORD PREVIOUS PROGRAM: what the completion offers, a line each.
completes() {
  bash -c '. "$ROOT/scripts/completion.bash"
    compopt() { :; }
    _an_sync "$3" "$1" "$2"
    [ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"' _ "$@"
}

@test "options: the completion offers options, and files where an argument is one" {
  touch map.json
  run -0 completes --pr '' an-upsert
  [ "$output" = "$(printf '%s\n' --print-map --print-columns --print-keys --print-digest)" ]
  run -0 completes ma --map an-upsert
  [ "$output" = map.json ]
  run -0 completes ma -m roster-commit
  [ "$output" = map.json ]
  run -0 completes sq --store roster-dump
  [ "$output" = sqlite: ]
  run -0 completes ma -m csv-diff # a limit is to be typed
  [ -z "$output" ]
  run -0 completes ma -p csv-diff # takes none, so an operand follows
  [ "$output" = map.json ]
  run -0 completes --de '' an-sync
  [ "$output" = --deadline ]
}

@test "options: fish offers a program's options from its --help" {
  type -P fish >/dev/null || skip 'no fish (scripts/install-deps --tests)'
  cp "$ROOT/scripts/completion.fish" an-upsert.fish
  run -0 --separate-stderr fish -c 'source an-upsert.fish; complete -C "an-upsert --print-m"; complete -C "an-upsert -j"'
  [ -z "$stderr" ]
  has "$output" $'--print-map\tthe field map in effect'
  cp "$ROOT/scripts/completion.fish" an-sync.fish
  run -0 fish -c 'source an-sync.fish; complete -C "an-sync stat"'
  [ "$output" = status ]
}

@test "options: zsh offers a program's options from its --help, and an-sync's commands" {
  type -P zsh >/dev/null || skip 'no zsh (scripts/install-deps --tests)'
  # What zsh would be told, by the functions that tell it.
  offered() {
    zsh -f -c '_call_program() { shift; eval "$@"; }; _arguments() { print -rl -- "$@"; }; words=("$1")
      complete_it() { . "$ROOT/scripts/completion.zsh"; }; complete_it' _ "$1"
  }
  run -0 --separate-stderr offered an-upsert
  [ -z "$stderr" ]
  has "$output" $'\n--print-map[the field map in effect' $'\n-m+[' $':MAP:_files\n' $'\n-V['
  run -0 --separate-stderr offered an-sync
  has "$output" '(adopt audit check help report setup status)' $'\n--since=['
}
