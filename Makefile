# SPDX-License-Identifier: MIT
#
#   make                build/pss-bpf                make V=1       shows the commands
#   make demo           builds, starts a workload with a fault, attaches, prints a report
#   make check          format, lint, style, unit tests
#   make test           everything; installs what is missing first
#   make install        PREFIX=/usr/local DESTDIR=   make uninstall
#   make clean          removes build/ and nothing else
#   make SAN=1 ...      the same with ASan and UBSan, in build/san
#
# A source is found by its place: user/**/*.c is libpss.a, bpf/*.bpf.c is the capture object, bpf/features/*.bpf.c the
# feature probes, tests/unit/*.c one criterion program, tests/targets/*.c and tests/fuzz/*.c a program each.

PREFIX ?= /usr/local
DESTDIR ?=
V ?= 0
SAN ?=

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

ifeq ($(V),1)
quiet =
show = @:
else
quiet = @
show = @printf '  %-8s %s\n'
endif

# ---- tools ----------------------------------------------------------------------------------------------------------

# The first of these names that there is; where there is none, the first, for the message.
first_tool = $(or $(firstword $(shell PATH="$$PATH:/usr/sbin:/sbin" command -v $(1) 2>/dev/null)),$(firstword $(1)))

ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin AR),default)
AR := ar
endif
ifndef BPF_CLANG
BPF_CLANG := $(call first_tool,clang clang-19 clang-18 clang-17 clang-16 clang-15 clang-14)
endif
ifndef BPFTOOL
BPFTOOL := $(call first_tool,bpftool)
endif
PKG_CONFIG ?= pkg-config

# ---- places ---------------------------------------------------------------------------------------------------------

B := build
ifeq ($(SAN),1)
O := $(B)/san
else ifeq ($(SAN),fuzz)
O := $(B)/fuzz
override CC := $(BPF_CLANG)
else
O := $(B)
endif
G := $(B)/gen

tree = $(sort $(wildcard $(foreach d,$(1),$(d)/*.c $(d)/*/*.c $(d)/*/*/*.c)))
LIB_SOURCES := $(filter-out user/main.c,$(call tree,user))
MAIN_SOURCE := $(wildcard user/main.c)
BPF_SOURCES := $(sort $(wildcard bpf/*.bpf.c))
FEATURE_SOURCES := $(sort $(wildcard bpf/features/*.bpf.c))
UNIT_SOURCES := $(sort $(wildcard tests/unit/*.c))
TARGET_SOURCES := $(sort $(wildcard tests/targets/*.c))
FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/*.c))
DEMO_SOURCES := $(sort $(wildcard tools/demo/*.c))

object = $(1:%.c=$(O)/obj/%.o)
SKELETONS := $(if $(BPF_SOURCES),$(G)/pss_bpf.skel.h) $(if $(FEATURE_SOURCES),$(G)/features_bpf.skel.h)

# ---- flags ----------------------------------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
CFLAGS ?= -O2 -g
PACKAGES := libbpf libelf zlib libcjson
ifneq ($(shell grep -rlsF 'sys/capability.h' user | head -n 1),)
PACKAGES += libcap
endif
COMPILE_FLAGS := -std=gnu17 $(WARNINGS) -D_GNU_SOURCE= -I. -I$(G) -fno-omit-frame-pointer -pthread
LINK_FLAGS := -pthread
ifeq ($(SAN),1)
COMPILE_FLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all
LINK_FLAGS += -fsanitize=address,undefined
else ifeq ($(SAN),fuzz)
COMPILE_FLAGS += -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
LINK_FLAGS += -fsanitize=fuzzer,address,undefined
endif
LIBS = $(shell $(PKG_CONFIG) --libs $(PACKAGES)) -lm

ARCH := $(shell uname -m | sed -e 's/x86_64/x86/' -e 's/aarch64/arm64/' -e 's/ppc64le/powerpc/' -e 's/s390x/s390/' \
	-e 's/riscv64/riscv/')
BPF_FLAGS := -target bpf -mcpu=v3 -g -O2 -D__TARGET_ARCH_$(ARCH) -I. -Ivmlinux -Wall -Werror

# ---- what is missing ------------------------------------------------------------------------------------------------

# These goals need no compiler, or install it themselves.
SELF_CONTAINED := clean uninstall demo test bench test-debian13 format check-format
GOALS := $(or $(MAKECMDGOALS),all)
ifneq ($(filter-out $(SELF_CONTAINED),$(GOALS)),)
MISSING := $(shell PATH="$$PATH:/usr/sbin:/sbin"; \
	for t in $(firstword $(CC)) $(BPF_CLANG) $(BPFTOOL) $(PKG_CONFIG); do \
		command -v "$$t" >/dev/null 2>&1 || { echo "$$t"; exit; }; done; \
	for p in "libbpf >= 1.3" $(filter-out libbpf,$(PACKAGES)) $(if $(filter unit check,$(GOALS)),criterion); do \
		$(PKG_CONFIG) --exists "$$p" || { echo "$$p"; exit; }; done 2>/dev/null)
ifneq ($(MISSING),)
$(error $(MISSING) is missing: run tools/install-deps as root)
endif
VERSION_CC := $(shell $(CC) --version | head -n 1)
VERSION_BPF := $(shell $(BPF_CLANG) --version | head -n 1) $(shell $(BPFTOOL) version | head -n 1)
endif

# ---- rules ----------------------------------------------------------------------------------------------------------

.PHONY: all FORCE
all: $(if $(MAIN_SOURCE),$(O)/pss-bpf,$(O)/libpss.a)
FORCE:

# $(call remember,FILE,TEXT): FILE is written anew when TEXT is not what it holds, so that what depends on it is redone.
differ = $(subst x$(1),,x$(2))$(subst x$(2),,x$(1))
define remember
$(1): $(if $(call differ,$(file <$(1)),$(strip $(2))),FORCE)
	@mkdir -p $$(@D) && printf '%s\n' '$(subst ','\'',$(strip $(2)))' >$$@
endef
$(eval $(call remember,$(O)/made-with/compiler,$(CC) $(VERSION_CC) $(CFLAGS) $(COMPILE_FLAGS)))
$(eval $(call remember,$(O)/made-with/linker,$(CC) $(VERSION_CC) $(LDFLAGS) $(LINK_FLAGS) $(PACKAGES)))
$(eval $(call remember,$(O)/made-with/library,$(AR) $(LIB_SOURCES)))
$(eval $(call remember,$(O)/made-with/unit,$(UNIT_SOURCES)))
$(eval $(call remember,$(B)/made-with/bpf,$(BPF_CLANG) $(VERSION_BPF) $(BPF_FLAGS)))
$(eval $(call remember,$(B)/made-with/bpf-sources,$(BPF_SOURCES)))
$(eval $(call remember,$(B)/made-with/feature-sources,$(FEATURE_SOURCES)))

$(O)/obj/%.o: %.c $(O)/made-with/compiler
	$(show) CC $<
	@mkdir -p $(@D) && rm -f $@
	$(quiet)$(CC) $(CFLAGS) $(COMPILE_FLAGS) -MMD -MP -c -o $@ $<

# Only what includes a skeleton waits for the BPF objects at the first build; later the dependency files know.
SKELETON_USERS := $(if $(LIB_SOURCES),$(shell grep -lsF '.skel.h"' $(LIB_SOURCES)))
$(call object,$(SKELETON_USERS)): | $(SKELETONS)

$(O)/libpss.a: $(call object,$(LIB_SOURCES)) $(O)/made-with/library
	$(show) AR $@
	@rm -f $@
	$(quiet)$(AR) rcs $@ $(filter %.o,$^)

$(O)/pss-bpf: $(call object,$(MAIN_SOURCE)) $(O)/libpss.a $(O)/made-with/linker
	$(show) LD $@
	$(quiet)$(CC) $(CFLAGS) $(LINK_FLAGS) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS)

# BPF

$(B)/bpf/%.o: bpf/%.c $(B)/made-with/bpf
	$(show) BPF $<
	@mkdir -p $(@D) && rm -f $@
	$(quiet)$(BPF_CLANG) $(BPF_FLAGS) -MMD -MP -c -o $@ $<

$(B)/pss.bpf.o: $(BPF_SOURCES:%.c=$(B)/%.o) $(B)/made-with/bpf-sources
$(B)/features.bpf.o: $(FEATURE_SOURCES:%.c=$(B)/%.o) $(B)/made-with/feature-sources
# The object that defines the maps goes first: the linker loses track of maps that it met as extern.
$(B)/pss.bpf.o $(B)/features.bpf.o:
	$(show) BPFLINK $@
	$(quiet)$(BPFTOOL) gen object $@ $(filter %/maps.bpf.o,$^) $(filter-out %/maps.bpf.o,$(filter %.o,$^))

$(G)/%_bpf.skel.h: $(B)/%.bpf.o
	$(show) SKEL $@
	@mkdir -p $(@D)
	$(quiet){ echo '/* NOLINTBEGIN */' && $(BPFTOOL) gen skeleton $< name $*_bpf && echo '/* NOLINTEND */'; } >$@.part
	@mv $@.part $@

# Tests

.PHONY: unit targets fuzz
unit: $(if $(UNIT_SOURCES),$(O)/unit)
$(O)/unit: $(call object,$(UNIT_SOURCES)) $(O)/libpss.a $(O)/made-with/linker $(O)/made-with/unit
	$(show) LD $@
	$(quiet)$(CC) $(CFLAGS) $(LINK_FLAGS) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) -lcriterion $(LIBS)

# What is observed in tests and in the demo, never sanitised: it must behave as a user's program does.
PROGRAM_FLAGS := -std=gnu17 -O2 -g $(WARNINGS) -D_GNU_SOURCE= -I. -fno-omit-frame-pointer -pthread
$(eval $(call remember,$(B)/made-with/programs,$(CC) $(VERSION_CC) $(PROGRAM_FLAGS)))
define program
	$(show) CC $<
	@mkdir -p $(@D) && rm -f $@
	$(quiet)$(CC) $(PROGRAM_FLAGS) -MMD -MP -MF $@.d -MT $@ -o $@ $< -lm
endef
targets: $(TARGET_SOURCES:tests/targets/%.c=$(B)/targets/%)
$(B)/targets/%: tests/targets/%.c $(B)/made-with/programs
	$(program)
$(B)/demo/%: tools/demo/%.c $(B)/made-with/programs
	$(program)

ifeq ($(SAN),fuzz)
fuzz: $(FUZZ_SOURCES:tests/fuzz/%.c=$(O)/%)
$(FUZZ_SOURCES:tests/fuzz/%.c=$(O)/%): $(O)/%: $(O)/obj/tests/fuzz/%.o $(O)/libpss.a $(O)/made-with/linker
	$(show) LD $@
	$(quiet)$(CC) $(CFLAGS) $(LINK_FLAGS) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS)
else
fuzz: $(SKELETONS)
	+$(quiet)$(MAKE) SAN=fuzz fuzz
endif

# Checks. A file is linted again when it or what it includes has changed: that is when its object is newer.

.PHONY: check check-format format lint test test-debian13 bench
C_FILES := $(sort $(wildcard $(foreach d,bpf include user tests/unit tests/targets tests/fuzz tools,\
	$(foreach s,c h,$(d)/*.$(s) $(d)/*/*.$(s) $(d)/*/*/*.$(s)))))
check-format:
	$(quiet)clang-format --dry-run -Werror $(C_FILES)
format:
	$(quiet)clang-format -i $(C_FILES)

# cppcheck reads no system header, and cannot guess that these macros are loops.
LIBBPF_LOOPS := $(foreach m,program map,'-Dbpf_object__for_each_$(m)(pos,object)=for (;pos;)')
TIDY = clang-tidy --quiet $< -- $(filter-out -Werror,$(COMPILE_FLAGS)) 2>$@.log || { cat $@.log >&2; exit 1; }
LINTED := $(LIB_SOURCES) $(MAIN_SOURCE)
lint: $(LINTED:%=$(O)/lint/%) $(DEMO_SOURCES:%=$(O)/lint/%)
$(LINTED:%=$(O)/lint/%): $(O)/lint/%.c: %.c $(O)/obj/%.o .clang-tidy
$(DEMO_SOURCES:%=$(O)/lint/%): $(O)/lint/tools/demo/%.c: tools/demo/%.c $(B)/demo/% .clang-tidy
$(O)/lint/%.c:
	$(show) LINT $<
	@mkdir -p $(@D)
	$(quiet)$(TIDY)
	$(quiet)cppcheck -q --std=c11 --language=c --enable=warning,performance,portability --inline-suppr \
		--error-exitcode=1 --suppress=missingIncludeSystem \
		--suppress=duplicateAssignExpression $(LIBBPF_LOOPS) -I. $<
	@touch $@

check:
	$(quiet)tests/run check unit

# The runner builds what it needs itself, so that a build that fails is a test that fails.
test:
	$(quiet)tools/install-deps build unit test
	$(quiet)tests/run

test-debian13:
	$(quiet)tests/debian13.sh

bench:
	$(quiet)tools/install-deps build bench test
	+$(quiet)$(MAKE) all targets demo-programs
	$(quiet)tools/bench/run

# Demo

.PHONY: demo demo-programs
demo:
	$(quiet)tools/install-deps build
	+$(quiet)$(MAKE) all demo-programs
	$(quiet)tools/demo/run
demo-programs: $(DEMO_SOURCES:tools/demo/%.c=$(B)/demo/%)
	@:

# Install

.PHONY: install uninstall clean
install: all
	$(show) INSTALL $(DESTDIR)$(PREFIX)/bin/pss-bpf
	$(quiet)install -D -m 755 $(O)/pss-bpf $(DESTDIR)$(PREFIX)/bin/pss-bpf
	$(quiet)install -D -m 644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/pss-bpf/LICENSE

uninstall:
	$(quiet)rm -f $(DESTDIR)$(PREFIX)/bin/pss-bpf $(DESTDIR)$(PREFIX)/share/doc/pss-bpf/LICENSE
	$(quiet)rmdir $(DESTDIR)$(PREFIX)/share/doc/pss-bpf 2>/dev/null || :

clean:
	$(quiet)rm -rf $(B)

-include $(patsubst %.o,%.d,$(call object,$(LIB_SOURCES) $(MAIN_SOURCE) $(UNIT_SOURCES) $(FUZZ_SOURCES)) \
	$(BPF_SOURCES:%.c=$(B)/%.o) $(FEATURE_SOURCES:%.c=$(B)/%.o)) \
	$(TARGET_SOURCES:tests/targets/%.c=$(B)/targets/%.d) $(DEMO_SOURCES:tools/demo/%.c=$(B)/demo/%.d)
