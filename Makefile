# fsops: build, test, measure.  `make help` lists the targets.
#
#   make            builds build/fsops and nothing else
#   make CC=clang   the same with another compiler
#   make BUILD=dir  the same in another folder (used by the sanitizer builds)

CC      ?= gcc
BUILD   ?= build
PREFIX  ?= /usr/local
CFLAGS  ?= -O2 -g
VERSION := 0.1.0

PKGS      := libcurl jansson yaml-0.1 libpq hiredis expat zlib
WARNINGS  := -Wall -Wextra -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wvla
ifdef CI
WARNINGS  += -Werror
endif
STD       := -std=c17 -D_GNU_SOURCE
DEFINES   := -DFSOPS_VERSION='"$(VERSION)"' -DFSOPS_PREFIX='"$(PREFIX)"'
PKG_FLAGS  = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS   = $(shell pkg-config --libs $(PKGS)) -lm
ALL_CFLAGS = $(STD) $(WARNINGS) $(CFLAGS) -Iinclude $(DEFINES) $(PKG_FLAGS)

SOURCES := $(sort $(wildcard src/*.c src/*/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
LIBRARY := $(filter-out $(BUILD)/src/main.o,$(OBJECTS))
UNITS   := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(sort $(wildcard tests/unit/test_*.c)))

.PHONY: all
all: $(BUILD)/fsops

$(BUILD)/fsops: $(OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# One archive, so that a unit test links only what it uses.
$(BUILD)/libfsops.a: $(LIBRARY)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/libfsops.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests/unit -Isrc $(LDFLAGS) -MMD -MP -o $@ $< $(BUILD)/libfsops.a -lcmocka $(PKG_LIBS)

-include $(OBJECTS:.o=.d) $(UNITS:=.d)

.PHONY: units check-unit clean
units: $(UNITS)

check-unit: $(UNITS)
	@set -e; for t in $(UNITS); do $$t; done

clean:
	rm -rf $(BUILD)
