# fsops: build, test, measure.  `make help` lists the targets.
#
#   make            builds build/fsops and nothing else
#   make CC=clang   the same with another compiler
#   make BUILD=dir  the same in another folder (used by the sanitizer builds)

ifeq ($(origin CC),default)
CC      := gcc
endif
BUILD   ?= build
PREFIX  ?= /usr/local
CFLAGS  ?= -O2 -g
VERSION := 0.1.0

PKGS      := libcurl jansson yaml-0.1 libpq hiredis expat zlib libssl libcrypto
# A field that a table leaves out is zero: that is how the tables are read.
WARNINGS  := -Wall -Wextra -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-missing-field-initializers
ifdef CI
WARNINGS  += -Werror
endif
STD       := -std=c17 -D_GNU_SOURCE
DEFINES   := -DFSOPS_VERSION='"$(VERSION)"' -DFSOPS_PREFIX='"$(PREFIX)"'
ALL_CFLAGS = $(STD) $(WARNINGS) $(CFLAGS) $(HARD_CFLAGS) -Iinclude -Isrc $(DEFINES) $(PKG_FLAGS)
ALL_LDFLAGS = $(CFLAGS) $(HARD_CFLAGS) $(HARD_LDFLAGS) $(LDFLAGS)

# What makes a fault in memory harder to use: asked of the compiler one by one, so that each machine gets what it has.
# FORTIFY wants an optimizer, and sees less than a sanitizer would. `.ci/hardening` looks whether the program has it all.
# (IBT of CET is compiled in, but the linker marks it only where the C library's own start-up code has it.)
HARD_COMPILE := -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
HARD_LINK    := -pie -Wl,-z,shstk -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
FORTIFY      := -D_FORTIFY_SOURCE=3 -D_FORTIFY_SOURCE=2
# takes FLAGS: whether the compiler makes a program with them, without a warning.
takes = printf '\043include <string.h>\nint main(void) { return 0; }\n' | \
	$(CC) -Werror $(1) -x c - -o $(BUILD)/takes 2>/dev/null
# all_taken FLAG…, first_taken FLAG…: those of them that it takes.
all_taken   = $(shell for f in $(1); do $(call takes,$$f) && echo $$f; done)
first_taken = $(shell for f in $(1); do $(call takes,-O2 -U_FORTIFY_SOURCE $$f) && echo $$f && break; done)

SOURCES := $(sort $(shell find src -name '*.c'))
HEADERS := $(sort $(shell find include src tests/unit -name '*.h'))
SHEETS  := $(sort $(shell find src -name '*.css'))
TESTS   := $(sort $(shell find tests/unit -name 'test_*.c'))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o) $(SHEETS:%=$(BUILD)/%.o)
LIBRARY := $(filter-out $(BUILD)/src/main.o $(BUILD)/src/memory.o,$(OBJECTS))
UNITS   := $(TESTS:tests/unit/%.c=$(BUILD)/unit/%)
REPLAYS := $(patsubst tests/fuzz/%.c,$(BUILD)/replay/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

SANITIZE   := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
ASAN_BUILD := $(BUILD)/asan
FUZZ_BUILD := $(BUILD)/fuzzing
FUZZ_TIME  ?= 30
PYTHON     ?= /usr/bin/python3
PYTEST      = $(PYTHON) -m pytest -p no:cacheprovider
# Whether a program may be missing: a target that needs one which .ci/deps does not install says so.
NEEDS       = @command -v $(1) >/dev/null || { echo "make $@ needs $(1): install it first" >&2; exit 1; }

.PHONY: all
all: $(BUILD)/fsops ## build build/fsops (no target given: this one)

# Each name that a library of ours, or one of its forty, has from another is sought in all of them in this order at every
# start. Most are the C library's and OpenSSL's, so these are the first: a sixth less to do before main().
SOUGHT_FIRST := -lc -lcrypto -lssl

# What pkg-config says is asked once. A library that is missing is named once, instead of failing at its first header.
ifneq ($(filter-out clean demo deps format help test uninstall,$(or $(MAKECMDGOALS),all)),)
ifneq ($(shell [ $(BUILD)/flags.mk -nt Makefile ] && grep -qxF '# $(CC)' $(BUILD)/flags.mk && echo fresh),fresh)
MISSING := $(shell for p in $(PKGS); do pkg-config --exists $$p 2>/dev/null || echo $$p; done)
ifneq ($(MISSING),)
$(error not found by pkg-config: $(MISSING). `make deps` installs what is needed)
endif
$(shell mkdir -p $(BUILD))
$(shell { echo '# $(CC)'; \
	echo "PKG_FLAGS := `pkg-config --cflags $(PKGS)`"; echo "PKG_LIBS := $(SOUGHT_FIRST) `pkg-config --libs $(PKGS)` -lm"; \
	echo "HARD_COMPILED := $(call all_taken,$(HARD_COMPILE))"; echo "HARD_LDFLAGS := $(call all_taken,$(HARD_LINK))"; \
	echo "FORTIFIED := $(call first_taken,$(FORTIFY))"; } >$(BUILD)/flags.mk; rm -f $(BUILD)/takes)
endif
include $(BUILD)/flags.mk
HARD_CFLAGS := $(HARD_COMPILED)
ifneq ($(filter-out -O0,$(filter -O%,$(CFLAGS))),)
ifeq ($(findstring -fsanitize,$(CFLAGS)),)
HARD_CFLAGS += -U_FORTIFY_SOURCE $(FORTIFIED)
endif
endif
endif

# Other flags: everything is built anew.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo "$(CC) $(CFLAGS) $(HARD_CFLAGS) $(HARD_LDFLAGS) $(LDFLAGS) $(VERSION) $(PREFIX)" | cmp -s - $@ || \
		echo "$(CC) $(CFLAGS) $(HARD_CFLAGS) $(HARD_LDFLAGS) $(LDFLAGS) $(VERSION) $(PREFIX)" >$@
.PHONY: FORCE
FORCE:

$(BUILD)/fsops: $(OBJECTS)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# A style sheet becomes a text of its name: ui/report/html/report_html.css is report_html_css.
$(BUILD)/%.css.c: %.css
	@mkdir -p $(@D)
	@{ echo 'extern const char $(subst .,_,$(notdir $<))[]; const char $(subst .,_,$(notdir $<))[] ='; \
		sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $<; echo ';'; } >$@

.SECONDARY: $(SHEETS:%=$(BUILD)/%.c)
$(BUILD)/%.css.o: $(BUILD)/%.css.c $(BUILD)/flags
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

# One archive, so that a unit test links only what it uses. (q: two rooms may have files of one name.)
$(BUILD)/libfsops.a: $(LIBRARY)
	@rm -f $@
	ar qcs $@ $^

$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/libfsops.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests/unit $(HARD_LDFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< $(BUILD)/libfsops.a -lcmocka $(PKG_LIBS)

$(BUILD)/fuzz/%: tests/fuzz/%.c $(BUILD)/libfsops.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests/fuzz -fsanitize=fuzzer $(HARD_LDFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libfsops.a $(PKG_LIBS)

$(BUILD)/replay/%: tests/fuzz/%.c tests/fuzz/replay.c $(BUILD)/libfsops.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests/fuzz $(HARD_LDFLAGS) $(LDFLAGS) -o $@ $(filter %.c,$^) $(BUILD)/libfsops.a $(PKG_LIBS)

-include $(OBJECTS:.o=.d) $(UNITS:=.d)

.PHONY: deps demo test
deps: ## install what is needed to build and to test (Debian, Ubuntu)
	@.ci/deps

demo: ## break a platform, repair it with a runbook, see that it is well again
	@.ci/deps
	@echo "== building (a minute)"
	@$(MAKE) --no-print-directory -s -j2 all
	@.ci/demo $(BUILD)/fsops

test: ## every test; the last line says how many passed
	@.ci/deps
	@.ci/test $(BUILD)

.PHONY: units check-unit check-e2e check-cluster check-asan check-valgrind check-hardening check-memory check-scripts asan fuzzers fuzz replays bench
units: $(UNITS)

check-unit: $(UNITS) ## the unit tests
	@set -e; for t in $(UNITS); do $$t; done

check-e2e: $(BUILD)/fsops ## the tests of the whole program, over the sandbox (T='-k name' for some of them)
	FSOPS_BINARY=$(or $(FSOPS_BINARY),$(abspath $(BUILD)/fsops)) $(PYTEST) -q tests/e2e $(T)

check-cluster: $(BUILD)/fsops ## the runbooks over a cluster that may be lost (KUBECONFIG=FILE, KUBECTL=PROGRAM, T='-k name')
	@FSOPS_BINARY=$(or $(FSOPS_BINARY),$(abspath $(BUILD)/fsops)) KUBECONFIG=$(KUBECONFIG) KUBECTL=$(KUBECTL) \
		$(PYTEST) -q tests/cluster $(T)

asan:
	@$(MAKE) --no-print-directory BUILD=$(ASAN_BUILD) CFLAGS="-O1 -g $(SANITIZE)" LDFLAGS="$(SANITIZE)" \
		$(ASAN_BUILD)/fsops units replays

check-asan: asan ## both again under AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory BUILD=$(ASAN_BUILD) CFLAGS="-O1 -g $(SANITIZE)" LDFLAGS="$(SANITIZE)" check-unit
	@rm -f $(ASAN_BUILD)/report.*
	ASAN_OPTIONS=log_path=$(abspath $(ASAN_BUILD))/report:exitcode=86:verify_asan_link_order=0 \
		UBSAN_OPTIONS=log_path=$(abspath $(ASAN_BUILD))/report:print_stacktrace=1 \
		FSOPS_BINARY=$(abspath $(ASAN_BUILD)/fsops) $(PYTEST) -q tests/e2e $(T)
	@if ls $(ASAN_BUILD)/report.* >/dev/null 2>&1; then cat $(ASAN_BUILD)/report.*; exit 1; fi

check-valgrind: $(UNITS) ## the unit tests under valgrind
	$(call NEEDS,valgrind)
	@set -e; for t in $(UNITS); do valgrind -q --error-exitcode=9 --leak-check=full --track-fds=yes $$t; done

check-hardening: $(BUILD)/fsops ## what the program was built with against faults in memory
	@.ci/hardening $<

check-memory: $(BUILD)/fsops ## each request for memory fails in turn, in every command (hours; STRIDE=20 for one in twenty)
	FSOPS_SWEEP=$(or $(STRIDE),1) FSOPS_BINARY=$(abspath $(BUILD)/fsops) $(PYTEST) -q -s tests/e2e/test_memory.py

check-scripts: ## shellcheck
	shellcheck $$(git ls-files -co --exclude-standard .ci tests | xargs grep -lE '^#! ?(/usr)?/bin/(env )?sh')

fuzzers: $(FUZZERS)

replays: $(REPLAYS)

fuzz: ## fuzz what reads foreign bytes, FUZZ_TIME seconds each (clang; T=fuzz_url for one)
	$(call NEEDS,clang)
	@$(MAKE) --no-print-directory BUILD=$(FUZZ_BUILD) CC=clang \
		CFLAGS="-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined" \
		LDFLAGS="-fsanitize=address,undefined" fuzzers
	@tests/fuzz/run.sh $(FUZZ_BUILD) $(FUZZ_TIME) $(T)

$(BUILD)/bench/expr: tests/bench/expr.c $(BUILD)/libfsops.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(HARD_LDFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libfsops.a $(PKG_LIBS)

bench: $(BUILD)/fsops $(BUILD)/bench/expr ## the figures, each beside what is to be reached (an hour of a quiet machine)
	FSOPS_BINARY=$(abspath $(BUILD)/fsops) $(PYTHON) tests/bench/run.py
	@echo; echo 'Conditions, in one process:'; $(BUILD)/bench/expr

# Without the checks that call memcpy() insecure, and one that is wrong about every va_list.
TIDY := -clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,-clang-analyzer-valist.Uninitialized

.PHONY: lint format
lint: ## clang-tidy, cppcheck
	$(call NEEDS,clang-tidy)
	$(call NEEDS,cppcheck)
	printf '%s\n' $(SOURCES) | xargs -P "$$(getconf _NPROCESSORS_ONLN)" -n 4 sh -c \
		'clang-tidy --quiet --checks=$(TIDY) "$$@" -- $(STD) -Iinclude -Isrc $(PKG_FLAGS) \
		-DFSOPS_VERSION=\"$(VERSION)\" -DFSOPS_PREFIX=\"$(PREFIX)\"' tidy
	cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		-Iinclude -Isrc $(SOURCES)

format: ## lay out the C source with clang-format
	$(call NEEDS,clang-format)
	clang-format -i $(SOURCES) $(HEADERS) $(TESTS) $(wildcard tests/fuzz/*.c)

BIN   := $(DESTDIR)$(PREFIX)/bin
SHARE := $(DESTDIR)$(PREFIX)/share/fsops/runbooks
DOC   := $(DESTDIR)$(PREFIX)/share/doc/fsops

.PHONY: schema
schema: $(BUILD)/fsops ## write runbooks/.schema, which editors read the runbooks with
	@mkdir -p runbooks/.schema
	$(BUILD)/fsops schema runbook >runbooks/.schema/runbook.json
	$(BUILD)/fsops schema platform >runbooks/.schema/platform.json

.PHONY: install uninstall clean help
install: $(BUILD)/fsops ## install below PREFIX (/usr/local), into DESTDIR
	install -d $(BIN) $(SHARE) $(SHARE)/.schema $(DOC)
	install -m 755 $(BUILD)/fsops $(BIN)/fsops
	install -m 644 $(wildcard runbooks/*.yaml) $(SHARE)
	install -m 644 $(wildcard runbooks/.schema/*.json) $(SHARE)/.schema
	install -m 644 README.md LICENSE $(DOC)

uninstall: ## take it away again; runbooks that were not installed from here stay
	rm -f $(BIN)/fsops $(addprefix $(SHARE)/,$(notdir $(wildcard runbooks/*.yaml)))
	rm -f $(addprefix $(SHARE)/.schema/,$(notdir $(wildcard runbooks/.schema/*.json)))
	rm -f $(addprefix $(DOC)/,README.md LICENSE)
	-@rmdir $(SHARE)/.schema $(SHARE) $(dir $(SHARE)) $(DOC) 2>/dev/null || true

clean: ## remove what was built
	rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/  make \1	\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 24
