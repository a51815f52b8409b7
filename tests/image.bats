#!/usr/bin/env bats
# What the Dockerfile's RUN lines do, as far as that needs no Docker: the sources alone build and install, what is
# installed runs from there, and nothing that it needs is missing from the second stage. Where there is Buildah, the
# Dockerfile itself, on a base that debootstrap makes under the name that it wants.

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
    [ -e "$INSTALLED/usr/share/fish/vendor_completions.d/$program.fish" ]
  done
  [ "$(head -n 1 "$INSTALLED/usr/share/zsh/vendor-completions/_an-sync" | tr ' ' '\n' | tail -n +2 | sort | xargs)" = "$programs" ]
  diff -r "$ROOT/scripts/an-sync.d" "$INSTALLED/usr/share/an-sync"
  [ -s "$INSTALLED/usr/share/man/man5/an-sync-records.5" ]
  [ -s "$INSTALLED/usr/share/man/man7/an-sync-recipes.7" ]
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
      # GLib comes with GMime and libunistring with libidn2, which are made of them. Since times have 64 bits
      # everywhere, some names say so.
      [[ " $wanted libglib2.0-0 libunistring2 libunistring5 " == *" ${package%t64} "* ]] || { echo "$program needs $library of $package"; return 1; }
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

# in_image: runs a command in the image's container, as its user.
in_image() {
  "${builder[@]}" run --isolation chroot --env AN_API_URL="$AN_API_URL" --env AN_API_KEY="$AN_API_KEY" --env AN_RATE=0 \
    "$container" -- "$@"
}

@test "image: make image builds it, and it syncs two weeks of mails that are piped in" {
  command -v buildah >/dev/null || skip 'buildah is not installed'
  PATH=$PATH:/usr/sbin command -v debootstrap >/dev/null || skip 'debootstrap is not installed'
  [ "$(id -u)" -eq 0 ] || skip 'needs root to make an image'
  local suite base mirror container builder=(buildah --root "$PWD/store" --runroot "$PWD/run" --storage-driver vfs)
  suite=$(sed -n 's/^FROM debian:\(.*\)-slim$/\1/p' "$ROOT/Dockerfile")
  # shellcheck disable=SC2016 # for apt
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
  debootstrap --variant=minbase "$suite" base $mirror >debootstrap.log || { tail debootstrap.log; false; }
  base=$("${builder[@]}" from scratch)
  tar -C base -cf base.tar .
  "${builder[@]}" add -q "$base" base.tar /
  "${builder[@]}" commit -q --rm "$base" "debian:$suite-slim"
  rm -rf base base.tar
  # The tests are those that are running.
  make -C "$ROOT" image BUILDER="${builder[*]}" \
    BUILDER_FLAGS='--isolation chroot --pull-never --build-arg TESTS=all' >image.log 2>&1 || { tail -n 20 image.log; false; }
  container=$("${builder[@]}" from --pull-never an-sync)
  start_sandbox
  run -0 --separate-stderr in_image an-sync - <"$SAMPLES/mail-2026-11-09.eml"
  has "$output" '38 new'
  run -0 --separate-stderr in_image an-sync - <"$SAMPLES/mail-2026-11-16.eml"
  has "$output" '5 new, 8 updated, 3 lapsed'
  run -0 in_image id -un
  [ "$output" = an-sync ]
  run -0 in_image an-sync --version
  # Nothing of what it was built with is in it.
  run -0 in_image sh -c 'ls /src /usr/bin/gcc /usr/bin/make 2>/dev/null; echo "that is all"'
  [ "$output" = 'that is all' ]
}
