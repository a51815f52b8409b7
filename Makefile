# an-sync: build, test, install. `make help` says what there is.

VERSION := 1.0.0
PREFIX ?= /usr/local
DESTDIR ?=
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/an-sync
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
ZSHDIR ?= $(PREFIX)/share/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
CC ?= cc

# One word here, one line of libraries below, and NAME.c, NAME.1, tests/NAME.bats make a new program.
TOOLS := mime-extract csv-diff an-diff an-upsert an-lapse slack-notify roster-dump roster-commit

PKGS_mime-extract := gmime-3.0 libarchive libpsl jansson
PKGS_csv-diff := libxxhash
PKGS_an-diff := libcurl jansson libxxhash libidn2
PKGS_an-upsert := libcurl jansson libxxhash libidn2
PKGS_an-lapse := libcurl jansson libxxhash libidn2
PKGS_slack-notify := libcurl jansson
PKGS_roster-dump := sqlite3 libcurl jansson libxxhash
PKGS_roster-commit := sqlite3 libcurl jansson libxxhash
PKGS_test-csv-diff := libxxhash
LIBS_test-csv-diff := -lcsv -pthread
PKGS_test-person := jansson libxxhash libidn2
PKGS_test-breaker := libcurl
PKGS_test-memory := jansson
LIBS_test-person := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=free
# Unicode, which has no pkg-config: of what the library needs itself, in whatever program.
LIBS := -lunistring
LIBS_csv-diff := -lcsv -pthread
LIBS_an-diff := -lcsv -pthread
LIBS_an-upsert := -lcsv -lcrypt
LIBS_roster-dump := -lcsv
LIBS_roster-commit := -lcsv
LIBS_test-bench-fast-server := -lmicrohttpd

# SANITIZE=1: address and undefined behaviour sanitizers, in a build directory of their own.
# WERROR=1: warnings are errors.
BUILD := build$(if $(SANITIZE),/sanitize)
BIN := $(BUILD)/bin

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
  -Wvla -Wformat=2 -Wundef $(if $(WERROR),-Werror)
# Who builds a distribution sets _FORTIFY_SOURCE himself.
FORTIFY := $(if $(SANITIZE)$(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
HARDENING := -fstack-protector-strong -fPIE $(FORTIFY)
, := ,
SANITIZERS := $(if $(SANITIZE),-fsanitize=address$(,)undefined -fno-sanitize-recover=all \
  -fno-omit-frame-pointer -DSANITIZED=1)
PROJECT_CPPFLAGS := -std=c11 -D_GNU_SOURCE -Ilib -DAN_SYNC_VERSION='"$(VERSION)"'
PROJECT_LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed

# The commands are shown as one word and a file each; V=1 shows them whole.
Q := $(if $(V),,@)
say = $(if $(V),,@echo '  $(1) $(2)')

PKG_CONFIG ?= pkg-config
ALL_PKGS := gmime-3.0 libarchive libpsl jansson libxxhash libcurl sqlite3 libidn2 libseccomp
PKG_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(ALL_PKGS) | sed 's/-I/-isystem /g')

# Memory is no part of the library: it is for the programs that name it below.
LIB_OBJECTS := $(patsubst lib/%.c,$(BUILD)/lib/%.o,$(filter-out lib/memory/%,$(wildcard lib/*/*.c))) \
  $(BUILD)/lib/people/field_map_builtin.o $(BUILD)/lib/base/confine_filters.o
LIBRARY := $(BUILD)/liban-sync.a
PROGRAMS := $(TOOLS:%=$(BIN)/%)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BIN)/test-%,$(wildcard tests/unit/*.c))
SCRIPTS := an-sync roster-report
MAN1 := $(TOOLS:%=tools/%.1) $(SCRIPTS:%=scripts/%.1)
MAN5 := tools/an-sync-fields.5 tools/an-sync-records.5
MAN7 := scripts/an-sync-recipes.7
# The same sources give the same programs, wherever they lie.
COMPILE = $(CC) $(PROJECT_CPPFLAGS) $(CPPFLAGS) $$(cat $(BUILD)/flags) $(WARNINGS) $(HARDENING) \
  -ffile-prefix-map='$(CURDIR)'=. $(SANITIZERS) $(CFLAGS)
LINK = $(CC) $(SANITIZERS) $(CFLAGS) $(PROJECT_LDFLAGS) $(LDFLAGS)

all: $(PROGRAMS)

# What was built with other commands is built anew.
$(BUILD)/commands: export COMMANDS = $(subst $(CURDIR),.,$(COMPILE) $(LINK))
$(BUILD)/commands: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$$COMMANDS" | cmp -s - $@ || printf '%s\n' "$$COMMANDS" > $@

$(BUILD)/%.o: %.c $(BUILD)/commands | $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

# The built-in field map: the JSON file as a C string.
$(BUILD)/lib/people/field_map_builtin.o: lib/people/field_map_builtin.json lib/people/field_map.h $(BUILD)/commands | $(BUILD)/flags
	@mkdir -p $(@D)
	@{ echo '#include "people/field_map.h"'; echo 'const char field_map_builtin[] ='; \
	  sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $<; echo ';'; } > $(@:.o=.c)
	$(call say,CC,$<)
	$(Q)$(COMPILE) -c -o $@ $(@:.o=.c)

# What a confined program may ask of the kernel: libseccomp's filters as C arrays. EMULATOR runs what a cross
# compiler made: qemu-aarch64, say.
$(BUILD)/confine-filters: lib/base/confine/filters.c $(BUILD)/commands | $(BUILD)/flags
	$(call say,LD,$@)
	$(Q)$(COMPILE) -o $@ $< $$($(PKG_CONFIG) --libs libseccomp)

$(BUILD)/lib/base/confine_filters.o: $(BUILD)/confine-filters lib/base/confine_filters.h
	@mkdir -p $(@D)
	@$(EMULATOR) $< > $(@:.o=.c)
	$(call say,CC,$(@:.o=.c))
	$(Q)$(COMPILE) -c -o $@ $(@:.o=.c)

# The libraries' include paths, asked for once per build directory.
$(BUILD)/flags: Makefile
	@mkdir -p $(@D)
	@$(PKG_CONFIG) --exists --print-errors $(ALL_PKGS) || { echo "a library is missing: run scripts/install-deps"; exit 1; }
	@echo '$(PKG_CFLAGS)' > $@

$(LIBRARY): $(LIB_OBJECTS)
	@rm -f $@
	@$(AR) qcs $@ $^

$(BIN)/mime-extract $(BIN)/test-memory: $(BUILD)/lib/memory/never_null.o
$(BIN)/%: $(BUILD)/tools/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $^ $$($(PKG_CONFIG) --libs $(PKGS_$*)) $(LIBS_$*) $(LIBS)

# What no program shows from outside is tested through small programs of the tests' own.
$(BIN)/test-csv-diff: $(BUILD)/tests/oracle/oracle.o $(BUILD)/tests/oracle/cases.o
$(BIN)/test-%: $(BUILD)/tests/unit/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $^ $(if $(PKGS_test-$*),$$($(PKG_CONFIG) --libs $(PKGS_test-$*))) $(LIBS_test-$*) $(LIBS)

# Benchmarks: programs of their own, as tests have them.
$(BIN)/test-bench-%: $(BUILD)/tests/bench/%.o
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $^ -lcsv $(LIBS_test-bench-$*)

bench: bench-sending
bench-sending:
	@scripts/install-deps --bench
	@$(MAKE) --no-print-directory $(BIN)/an-upsert $(BIN)/test-bench-fast-server
	@tests/bench/sending $(BIN)

bench: bench-auditing
bench-auditing: bench-sending
	@$(MAKE) --no-print-directory all $(BIN)/test-bench-fast-server $(BIN)/test-bench-measure
	@tests/bench/auditing $(BIN)

bench: $(BIN)/csv-diff $(patsubst %,$(BIN)/test-bench-%,generate measure parse)
	@tests/bench/csv-diff $(BIN)

bench: bench-weekly
bench-weekly: deps
	@$(MAKE) --no-print-directory all $(BIN)/test-bench-generate
	@tests/bench/weekly $(BIN)

bench: bench-mail
bench-mail:
	@scripts/install-deps --bench
	@$(MAKE) --no-print-directory $(BIN)/mime-extract $(BIN)/test-bench-generate $(BIN)/test-bench-measure
	@tests/bench/mail $(BIN)

# 100000 members in DynamoDB, on dynalite: a minute. Not in bench: it measures dynalite as much as an-sync.
bench-roster: deps
	@$(MAKE) --no-print-directory all
	@tests/bench/roster-dynamodb $(BIN)

.SECONDARY:
-include $(wildcard $(BUILD)/lib/*/*.d $(BUILD)/tools/*.d $(BUILD)/tests/*/*.d)

deps:
	@scripts/install-deps

unit: $(UNIT_TESTS)

demo: deps
	@$(MAKE) --no-print-directory -j"$$(nproc)" all
	@PATH="$(CURDIR)/$(BIN):$(CURDIR)/scripts:$$PATH" scripts/demo

# Tests that run none of our programs, or only a released build of them: not worth a second run.
NOT_OURS := sandbox terraform state-machine cloud local image demo run rooms install-deps machines build programs \
  deb systemd pages

check: deps
	@$(MAKE) --no-print-directory -j"$$(nproc)" all unit
	@tests/run $(BIN) $(if $(SANITIZE),$(filter-out $(NOT_OURS:%=tests/%.bats),$(wildcard tests/*.bats)))

# The model test with new seeds for SOAK_SECONDS, each call of each program of the flow killed in turn, and memory
# running out at each place that asks for it.
SOAK_SECONDS ?= 600
soak: deps
	@$(MAKE) --no-print-directory -j"$$(nproc)" all
	@PATH="$(CURDIR)/$(BIN):$$PATH" python3 -B tests/model/model.py --seconds $(SOAK_SECONDS) --keep $(BUILD)/soak
	@DYING_STRIDE=1 PLACES_STRIDE=1 tests/run $(BIN) $(CURDIR)/tests/dying.bats $(CURDIR)/tests/torture-places.bats

# What no test reaches, and whether that is more than it may be; the pages are build/coverage/coverage*.html. Without
# those that run what others run, too, again and again (dying), or what is not in this build (confine).
coverage: deps
	@scripts/install-deps --lint
	@mkdir -p build/coverage
	@$(CC) -c -o build/coverage/ends.o tests/coverage.c
	@$(MAKE) --no-print-directory -j"$$(nproc)" BUILD=build/coverage HARDENING=-fPIE CFLAGS='-O0 -g' \
	  SANITIZERS='--coverage -fprofile-update=atomic -DCOVERAGE=1' \
	  LDFLAGS='build/coverage/ends.o -Wl,--wrap=_exit,--wrap=raise' all unit
	@tests/coverage build/coverage 95 85 $(filter-out $(patsubst %,tests/%.bats,$(NOT_OURS) dying confine),$(wildcard tests/*.bats))

# Tests under valgrind.
memcheck: deps
	@scripts/install-deps --lint
	@$(MAKE) --no-print-directory -j"$$(nproc)" all unit
	@tests/memcheck $(BIN)

# Each fuzzer for FUZZ_SECONDS, with clang; FUZZERS="mail roster" for some of them.
FUZZ_SECONDS ?= 60
fuzz: deps
	@scripts/install-deps --lint
	@tests/fuzz/run $(FUZZ_SECONDS) $(FUZZERS)

# The flow of AWS on this machine. MAIL counts on make's command line only: in the environment it is where
# somebody's mail is delivered.
mail := $(if $(filter command,$(origin MAIL)),'$(subst ','\'',$(MAIL))')
local-up local-sync local-down: local-%:
	@scripts/local $* $(if $(filter sync,$*),$(mail))

# Docker, Podman or Buildah builds, tests and packs what is committed or not: Dockerfile.
BUILDER ?= $(or $(shell command -v docker || command -v podman || command -v buildah),docker)
image:
	$(BUILDER) build $(BUILDER_FLAGS) -t an-sync:$(VERSION) -t an-sync .

# Fresh machines, root and user and the package, in chroots: an hour and some gigabytes.
machines:
	@scripts/install-deps --machines
	@scripts/machines

lint: deps
	@scripts/install-deps --lint
	@scripts/lint

install: all
	install -d "$(DESTDIR)$(PREFIX)/bin" $(foreach section,1 5 7,"$(DESTDIR)$(MANDIR)/man$(section)") \
	  "$(DESTDIR)$(PREFIX)/share/an-sync" "$(DESTDIR)$(DOCDIR)/samples" "$(DESTDIR)$(COMPLETIONDIR)" \
	  "$(DESTDIR)$(FISHDIR)" "$(DESTDIR)$(ZSHDIR)"
	install -m 755 $(PROGRAMS) $(SCRIPTS:%=scripts/%) "$(DESTDIR)$(PREFIX)/bin"
	install -m 644 $(wildcard scripts/an-sync.d/*) "$(DESTDIR)$(PREFIX)/share/an-sync"
	install -m 644 $(MAN1) "$(DESTDIR)$(MANDIR)/man1"
	install -m 644 $(MAN5) "$(DESTDIR)$(MANDIR)/man5"
	install -m 644 $(MAN7) "$(DESTDIR)$(MANDIR)/man7"
	install -m 644 README.md LICENSE "$(DESTDIR)$(DOCDIR)"
	install -m 644 $(wildcard samples/*) "$(DESTDIR)$(DOCDIR)/samples"
	install -m 644 scripts/completion.bash "$(DESTDIR)$(COMPLETIONDIR)/an-sync"
	install -m 644 scripts/completion.fish "$(DESTDIR)$(FISHDIR)/an-sync.fish"
	install -m 644 scripts/completion.zsh "$(DESTDIR)$(ZSHDIR)/_an-sync"
	for tool in $(TOOLS) roster-report; do ln -sf an-sync "$(DESTDIR)$(COMPLETIONDIR)/$$tool" && \
	  ln -sf an-sync.fish "$(DESTDIR)$(FISHDIR)/$$tool.fish" || exit 1; done

uninstall:
	for program in $(TOOLS) $(SCRIPTS); do \
	  rm -f "$(DESTDIR)$(PREFIX)/bin/$$program" "$(DESTDIR)$(COMPLETIONDIR)/$$program" "$(DESTDIR)$(FISHDIR)/$$program.fish"; \
	done
	rm -f "$(DESTDIR)$(ZSHDIR)/_an-sync"
	for page in $(notdir $(MAN1) $(MAN5) $(MAN7)); do rm -f "$(DESTDIR)$(MANDIR)/man$${page##*.}/$$page"; done
	rm -rf "$(DESTDIR)$(PREFIX)/share/an-sync" "$(DESTDIR)$(DOCDIR)"

# The sources of the last commit: a tarball for people, and the archive that CodeBuild unpacks where it is.
dist:
	@git rev-parse -q --verify HEAD >/dev/null 2>&1 && [ "$$(git rev-parse --show-toplevel)" -ef . ] || { \
	  echo 'make dist: it packs a commit, so it needs git and a clone of the repository' >&2; exit 1; }
	@mkdir -p build
	@[ -z "$$(git status --porcelain)" ] || echo 'make dist: what is not committed is not in the archives' >&2
	git archive --prefix=an-sync-$(VERSION)/ -o build/an-sync-$(VERSION).tar.gz HEAD
	git archive -o build/an-sync-$(VERSION).zip HEAD
	@echo build/an-sync-$(VERSION).tar.gz
	@echo build/an-sync-$(VERSION).zip

# A package for this Debian or Ubuntu.
deb:
	@scripts/install-deps --deb
	@scripts/deb $(VERSION)

clean:
	rm -rf build

help:
	@echo 'make            build the programs into build/bin'
	@echo 'make demo       two weeks of sample mails through the whole flow, into a sandbox'
	@echo 'make check      all tests            (SANITIZE=1: under sanitizers)'
	@echo 'make soak       the model test for SOAK_SECONDS ($(SOAK_SECONDS)), with new seeds, every kill of the flow, memory out anywhere'
	@echo 'make coverage   all tests, and what they do not reach'
	@echo 'make memcheck   tests under valgrind'
	@echo 'make fuzz       each fuzzer for FUZZ_SECONDS ($(FUZZ_SECONDS))'
	@echo 'make bench      csv-diff against other tools (BENCH_HUGE=1: with ten million rows, too)'
	@echo '                make bench-roster: a roster of 100000 members in DynamoDB (dynalite)'
	@echo 'make lint       all linters'
	@echo 'make install    under PREFIX ($(PREFIX)), below DESTDIR; make uninstall takes it away'
	@echo 'make local-up   an AWS and an Action Network on this machine (make local-sync [MAIL=...], local-down)'
	@echo 'make image      an image with nothing but the programs, by Docker, Podman or Buildah'
	@echo 'make dist       the sources of the last commit as build/an-sync-$(VERSION).tar.gz (and .zip, for AWS)'
	@echo 'make machines   the demo, all tests and the package on fresh machines of Debian and Ubuntu (scripts/machines --help)'
	@echo 'make deb        a package for this Debian or Ubuntu, build/an-sync_$(VERSION)_*.deb'
	@echo 'make clean      remove build/'
	@echo 'demo, check and lint install with apt what is missing.'

.PHONY: all unit deps demo check soak fuzz coverage memcheck bench bench-sending bench-weekly bench-mail bench-roster lint local-up local-sync local-down image \
  machines install uninstall dist deb clean help FORCE
