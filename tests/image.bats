#!/usr/bin/env bats
# What the Dockerfile's RUN lines do, as far as that needs no Docker: the sources alone build and install, what is
# installed runs from there, and nothing that it needs is missing from the second stage.

load helpers
load sandbox

setup_file() {
  export SOURCE=$BATS_FILE_TMPDIR/source INSTALLED="$BATS_FILE_TMPDIR/installed here"
  local line
  mkdir "$SOURCE"
  tar -C "$BATS_TEST_DIRNAME/.." --exclude=./build --exclude=./.git -cf - . | tar -C "$SOURCE" -xf -
  cd "$SOURCE" || return
  line=$(sed -n 's/^RUN \(make install .*\)/\1/p' Dockerfile)
  [ -n "$line" ] || return
  make -s -j2 CFLAGS=-O1 all >"$BATS_FILE_TMPDIR/make.log" 2>&1 &&
    eval "${line//DESTDIR=\/installed/DESTDIR=\"$INSTALLED\"} CFLAGS=-O1" >"$BATS_FILE_TMPDIR/install.log" 2>&1
}

setup() {
  common_setup
  PATH=$INSTALLED/usr/bin:$PATH
}

programs='an-diff an-lapse an-sync an-upsert csv-diff mime-extract roster-commit roster-dump roster-report slack-notify'

@test "image: the programs, their man pages, the completion and the samples are installed" {
  [ "$(cd "$INSTALLED/usr/bin" && echo *)" = "$programs" ]
  for program in $programs; do
    [ -s "$INSTALLED/usr/share/man/man1/$program.1" ]
    [ -e "$INSTALLED/usr/share/bash-completion/completions/$program" ]
  done
  diff -r "$ROOT/scripts/an-sync.d" "$INSTALLED/usr/share/an-sync"
  [ -s "$INSTALLED/usr/share/man/man5/an-sync-records.5" ]
  [ -s "$INSTALLED/usr/share/doc/an-sync/samples/mail-2026-11-09.eml" ]
}

@test "image: what is installed syncs a sample mail, with nothing of the sources at hand" {
  mv "$SOURCE" "$SOURCE.away"
  start_sandbox
  run -0 --separate-stderr env -i PATH="$INSTALLED/usr/bin:/usr/bin:/bin" AN_STATE="$PWD/state" AN_RATE=0 \
    AN_API_URL="$AN_API_URL" AN_API_KEY="$AN_API_KEY" an-sync - <"$INSTALLED/usr/share/doc/an-sync/samples/mail-2026-11-09.eml"
  mv "$SOURCE.away" "$SOURCE"
  has "$output" '38 new'
}

@test "image: an-sync finds its parts when it is called through links, and from elsewhere" {
  mkdir links
  ln -s "$INSTALLED/usr/bin/an-sync" links/an-sync
  ln -s an-sync links/sync-the-members
  ln -s "$INSTALLED/usr/bin" bin
  for program in "$INSTALLED/usr/bin/an-sync" links/an-sync links/sync-the-members bin/an-sync; do
    run -0 env -i PATH=/usr/bin:/bin "$program" -V
    [[ $output =~ ^an-sync\ \(an-sync\)\ [0-9.]+$ ]]
  done
  mv "$INSTALLED/usr/share/an-sync" away
  run -78 --separate-stderr an-sync -V
  mv away "$INSTALLED/usr/share/an-sync"
  has "$stderr" "$INSTALLED/usr/share/an-sync/messages.bash: No such file" 'install it again'
}

@test "image: install-deps --run names the package of every library that the programs are linked with" {
  command -v dpkg-query >/dev/null || skip 'this is not Debian'
  wanted=$(sed -n 's/^libraries=(\(.*\))/\1/p' "$ROOT/scripts/install-deps")
  for program in $programs; do
    [ "$program" != an-sync ] || continue
    for library in $(objdump -p "$INSTALLED/usr/bin/$program" | awk '/NEEDED/ { print $2 }'); do
      case $library in libc.so* | libm.so* | ld-linux* | libpthread*) continue ;; esac
      path=$(ldd "$INSTALLED/usr/bin/$program" | awk -v name="$library" '$1 == name { print $3 }')
      package=$(dpkg-query -S "*/${path##*/}" | head -n 1 | cut -d: -f1)
      # GLib comes with GMime, which is made of it. Since times have 64 bits everywhere, some names say so.
      [[ " $wanted libglib2.0-0 " == *" ${package%t64} "* ]] || { echo "$program needs $library of $package"; return 1; }
    done
  done
}

@test "image: uninstall takes everything away again" {
  (cd "$SOURCE" && make -s uninstall DESTDIR="$INSTALLED" PREFIX=/usr)
  [ -z "$(find "$INSTALLED" -type f -o -type l)" ]
}

@test "image: its own user runs it, and it is the second stage that is kept" {
  last=$(awk '/^FROM/ { stage = "" } { stage = stage $0 "\n" } END { printf "%s", stage }' "$ROOT/Dockerfile")
  has "$last" 'USER an-sync' 'ENTRYPOINT ["an-sync"]' 'install-deps --run' 'COPY --from=build /installed /'
}
