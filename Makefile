# Builds latwrap: BPF objects, skeletons, one binary; tests, checks, installation. `make help` lists it.

# Where things go, by the GNU Coding Standards' names; the last three are what the shells themselves look at.
prefix      ?= /usr/local
exec_prefix ?= $(prefix)
bindir      ?= $(exec_prefix)/bin
datarootdir ?= $(prefix)/share
datadir     ?= $(datarootdir)
mandir      ?= $(datarootdir)/man
bashcompdir ?= $(datarootdir)/bash-completion/completions
zshcompdir  ?= $(datarootdir)/zsh/site-functions
fishcompdir ?= $(datarootdir)/fish/vendor_completions.d
DESTDIR     ?=
O           ?= build
V           ?= 0
SANITIZE    ?=
CC          ?= gcc
CLANG       ?= clang
LLVM_STRIP  ?= llvm-strip
PKG_CONFIG  ?= pkg-config
INSTALL     ?= install
JAVAC       ?= javac
# Debian keeps bpftool in /usr/sbin; Ubuntu's there is a script that fails unless it suits the running kernel.
BPFTOOL     ?= $(firstword $(foreach b,bpftool /usr/sbin/bpftool $(wildcard /usr/lib/linux-tools/*/bpftool), \
               $(shell $(b) version >/dev/null 2>&1 && echo $(b))) bpftool)
# The first Python that has pytest: a pyenv or conda one in PATH often has not.
PYTHON      ?= $(firstword $(foreach p,python3 /usr/bin/python3,$(shell $(p) -c 'import pytest, jsonschema' \
               2>/dev/null && echo $(p))) python3)

VERSION     := $(shell cat VERSION)
B           := $(O)$(if $(SANITIZE),/sanitize)
Q           := $(if $(filter 0,$(V)),@)
say          = $(if $(filter 0,$(V)),@printf '  %-8s %s\n' $(1) $(2))

LIBRARIES   := libbpf libelf libcjson expat zlib
ifeq ($(filter check clean dist help install-deps static uninstall,$(or $(MAKECMDGOALS),all)),)
MISSING     := $(shell for p in libbpf:libbpf-dev libelf:libelf-dev libcjson:libcjson-dev expat:libexpat1-dev \
               zlib:zlib1g-dev; do \
               $(PKG_CONFIG) --exists $${p%%:*} 2>/dev/null || echo $${p\#*:}; done; \
               for c in $(PKG_CONFIG):pkg-config $(CLANG):clang $(LLVM_STRIP):llvm $(BPFTOOL):bpftool \
               $(CC):gcc; do command -v $${c%%:*} >/dev/null || echo $${c\#*:}; done)
OLD_LIBBPF  := $(shell $(PKG_CONFIG) --exists 'libbpf < 1.0' 2>/dev/null && $(PKG_CONFIG) --modversion libbpf)
endif

# The user's CFLAGS, CPPFLAGS and LDFLAGS come last and are never changed.
ARCH        := $(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))))
WARNINGS    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wundef
HARDENING   := -fPIE -fstack-protector-strong -fstack-clash-protection $(if $(SANITIZE),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2) \
               $(if $(filter x86,$(ARCH)),-fcf-protection)$(if $(filter arm64,$(ARCH)),-mbranch-protection=standard)
# No path of this machine goes into what is built: the same source gives the same bytes anywhere.
PREFIX_MAP  := -ffile-prefix-map=$(abspath $(B))=build -ffile-prefix-map=$(CURDIR)=.
CFLAGS      ?= -O2 -g
# STATIC=1 links everything into the one file; ci/static.sh knows where to get archives from.
LIBS        := $(shell $(PKG_CONFIG) $(if $(STATIC),--static) --libs $(LIBRARIES)) -lm -pthread
PKG_CFLAGS  := $(shell $(PKG_CONFIG) --cflags $(LIBRARIES))
ALL_CFLAGS   = -std=gnu11 -D_GNU_SOURCE -DLATWRAP_VERSION='"$(VERSION)"' $(if $(STATIC),-DLATWRAP_STATIC) \
               -Isrc -Ibpf -I$(B) $(PKG_CFLAGS) $(WARNINGS) $(HARDENING) $(PREFIX_MAP) \
               $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer) $(CPPFLAGS) $(CFLAGS)
# The build ID names the directory of the unpacked wrappers (src/runners/runner_files.c).
ALL_LDFLAGS  = $(if $(STATIC),-static-pie,-pie) -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--build-id=sha1 \
               $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(LDFLAGS)

BPF_CFLAGS  := -g -O2 -mcpu=v3 -target bpf -D__TARGET_ARCH_$(ARCH) $(PREFIX_MAP) -Wall \
               -Wno-gnu-variable-sized-type-not-at-end
# The one for a run includes the others by subject; facts is loaded on its own, before that is configured.
BPF_OBJS    := $(addprefix $(B)/,latwrap.bpf.o latwrap_copies.bpf.o facts.bpf.o)
SKELETONS   := $(BPF_OBJS:.bpf.o=.skel.h)
# The HTML view's style and script, in this order.
HTML_PARTS  := $(addprefix src/views/html/page/,style.css util.js data.js table.js stalls.js tests.js timeline_layout.js \
               timeline_draw.js timeline.js charts.js machine.js main.js)

SRCS        := $(sort $(wildcard src/*.c src/*/*.c src/*/*/*.c))
OBJS        := $(SRCS:%.c=$(B)/obj/%.o)
# What test runners load or call: the program carries them, and unpacks them. That of the shell is for projects to have themselves.
WRAPPERS    := $(sort $(shell find wrappers -type f -not -name '*.pyc' -not -path 'wrappers/shell/*' -not -path 'wrappers/java/*'))
# Those in Java are compiled if there is a compiler; without one, the tests of Maven have no names.
JAVA_PARTS  := $(if $(shell command -v $(JAVAC)),tests maven)
JAVAC_FLAGS := --release 8 -g:none -implicit:none -Xlint:all,-options -Werror
JAVA_FILES  := $(sort $(shell find wrappers/java -type f))
LIB_OBJS    := $(filter-out $(B)/obj/src/main.o,$(OBJS))
UNIT_TESTS  := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
REPLAY      := $(B)/tests/golden/events/replay
REPLAY_OBJS := $(patsubst %.c,$(B)/obj/%.o,$(sort $(wildcard tests/golden/events/*.c)))
# libFuzzer comes with clang's runtime, where that is installed.
FUZZ_RT     := $(wildcard $(shell $(CLANG) -print-runtime-dir 2>/dev/null)/libclang_rt.fuzzer*.a)
FUZZERS     := $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_OBJS   := $(patsubst %.c,$(B)/fuzz/%.o,$(filter-out src/main.c,$(SRCS)))
TOOLS       := $(patsubst tests/tools/%.c,$(B)/tests/%,$(sort $(wildcard tests/tools/*.c)))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all help answers demo test test-bare test-faults test-kernels test-tools test-packages bench fuzz check sanitize dist deb \
        static install uninstall clean install-deps missing FORCE

all: missing $(B)/latwrap ## build $(O)/latwrap

missing:
	$(if $(MISSING),$(error missing packages: $(MISSING). Install them with "ci/install-deps.sh" \
	(Debian, Ubuntu: apt-get install $(MISSING))))
	$(if $(OLD_LIBBPF),$(error libbpf $(OLD_LIBBPF) is too old: building needs 1.0 (Ubuntu 22.10, Debian 12) or newer. \
	A static program that was built elsewhere runs here, too))

help: ## this list
	@awk -F ':.*## ' '/^[a-z].*:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile
	@echo 'Variables: V=1, O=DIR, SANITIZE=address,undefined, CC, CLANG, CFLAGS, LDFLAGS, prefix, DESTDIR'

install-deps:
	$(Q)ci/install-deps.sh --test

# Dependencies first, then make anew: pkg-config's answers are read when make starts.
demo: ## install what is missing, build, and watch a deadline test meet a noisy neighbour
	$(Q)ci/install-deps.sh
	$(Q)$(MAKE) --no-print-directory all
	$(Q)LATWRAP=$(B)/latwrap ci/demo.sh

# latwrap judges its own tests: for what fails it says whose fault that was. Many tests starve a thread on purpose and
# compare clocks: what fails is tried once more, alone. A test that fails both times is a failure.
PYTEST       = BUILD_DIR=$(abspath $(B)) $(PYTHON) -m pytest tests $(PYTEST_ARGS)
test: install-deps ## install what is missing, build, run every test (root is needed for BPF)
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all test-tools
	$(Q)$(B)/latwrap -q -o $(B)/tests.json -- env $(PYTEST) || { \
		$(PYTHON) tests/own_answers.py $(B)/tests.json; \
		echo; echo 'Once more, only what failed:'; $(PYTEST) --last-failed; }

test-bare: ## make demo and make test in a bare installation of this release, as root (minutes, network)
	$(Q)ci/install-deps.sh --test --packages
	$(Q)ci/bare.sh

# The long form of what make test tries a few times: faults at random moments.
ROUNDS      ?= 200
SEED        ?= 1
test-faults: install-deps ## the long form of the tests of faults, ROUNDS=200 at random, SEED=1
	$(Q)$(MAKE) --no-print-directory all test-tools
	$(Q)BUILD_DIR=$(abspath $(B)) $(PYTHON) -m pytest tests/faults --rounds $(ROUNDS) --seed $(SEED) $(PYTEST_ARGS)

test-kernels: install-deps ## tests inside other kernels, in QEMU; KERNELS="6.1 6.12" for some of them
	$(Q)$(MAKE) --no-print-directory all test-tools
	$(Q)BUILD_DIR=$(abspath $(B)) ci/kernels/test $(KERNELS)

answers: install-deps ## what latwrap answers to 500 failures whose cause is known, as a matrix: four minutes
	$(Q)$(MAKE) --no-print-directory all test-tools
	$(Q)BUILD_DIR=$(abspath $(B)) $(PYTHON) tests/answers/answers.py $(ANSWERS_ARGS)

test-tools: missing $(UNIT_TESTS) $(REPLAY) $(TOOLS) $(if $(SANITIZE),,$(if $(FUZZ_RT),$(FUZZERS)))

bench: all test-tools ## measure what latwrap costs, in ten minutes; BENCH_ARGS=--help for its options
	$(Q)tests/bench/bench.py --build $(B) $(BENCH_ARGS)

# -- BPF ---------------------------------------------------------------------------------------------

$(B)/%.bpf.o: bpf/%.bpf.c $(B)/flags | missing
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MT $@ -MF $(@:.o=.d) -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@

$(B)/%.skel.h: $(B)/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $* > $@

# -- C -----------------------------------------------------------------------------------------------

# A change of flags rebuilds, and so does a compiler of Java that was installed since: a file is only rewritten when they differ.
$(B)/flags: content = $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(BPF_CFLAGS)
$(B)/java.flags: content = $(JAVAC) $(JAVAC_FLAGS) $(JAVA_PARTS)
$(B)/flags $(B)/java.flags: FORCE | missing
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(content))' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
FORCE:

$(B)/obj/%.o: %.c $(B)/flags | missing
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(filter $(B)/obj/src/trace/% $(B)/fuzz/src/trace/%,$(OBJS) $(FUZZ_OBJS)): $(SKELETONS)

$(B)/report/html_parts.h: src/views/html/page/embed.sh $(HTML_PARTS)
	$(call say,EMBED,$@)
	@mkdir -p $(@D)
	$(Q)src/views/html/page/embed.sh $(HTML_PARTS) > $@

$(filter %/src/views/html/html.o,$(OBJS) $(FUZZ_OBJS)): $(B)/report/html_parts.h

$(B)/wrappers/java: $(JAVA_FILES) $(B)/java.flags
	$(call say,JAVAC,$@)
	$(Q)rm -rf $@ && mkdir -p $@
	$(Q)for part in $(JAVA_PARTS); do \
		$(JAVAC) $(JAVAC_FLAGS) -sourcepath wrappers/java/api:wrappers/java/$$part -d $@/$$part \
		 wrappers/java/$$part/latwrap/*.java && cp -R wrappers/java/$$part/META-INF $@/$$part || exit; done

$(B)/wrappers.inc: ci/embed.sh $(WRAPPERS) $(B)/wrappers/java
	$(call say,EMBED,$@)
	@mkdir -p $(@D)
	$(Q)ci/embed.sh $(WRAPPERS) $$(find $(B)/wrappers -type f | LC_ALL=C sort) > $@

$(B)/obj/src/runners/runner_files.o $(B)/fuzz/src/runners/runner_files.o: $(B)/wrappers.inc

define link
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ $(LIBS) -o $@
endef

$(B)/latwrap: $(OBJS)
	$(link)

$(B)/tests/unit/%: $(B)/obj/tests/unit/%.o $(LIB_OBJS)
	$(link)

$(REPLAY): $(REPLAY_OBJS) $(LIB_OBJS)
	$(link)

GAUGE       := src/run/gauge_loop.c
$(B)/tests/%: tests/tools/%.c tests/tools/tool.h $(GAUGE)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -Isrc $(WARNINGS) -O2 -g $< $(GAUGE) -o $@ -pthread \
	 $(if $(findstring fuse3,$(shell head -3 $<)),$(shell $(PKG_CONFIG) --cflags --libs fuse3))

# -- Fuzzing -----------------------------------------------------------------------------------------

FUZZ_SECONDS ?= 20
FUZZ_CFLAGS   = -std=gnu11 -D_GNU_SOURCE -DLATWRAP_VERSION='"$(VERSION)"' -Isrc -Ibpf -I$(B) -O1 -g \
                $(PKG_CFLAGS) -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

fuzz: missing $(REPLAY) $(FUZZERS) ## let libFuzzer look for crashes, FUZZ_SECONDS=20 for each target
	$(Q)BUILD_DIR=$(abspath $(B)) FUZZ_SECONDS=$(FUZZ_SECONDS) $(PYTHON) -m pytest tests/fuzz -s $(PYTEST_ARGS)

$(B)/fuzz/%.o: %.c | missing
	$(call say,FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@

$(B)/tests/fuzz/%: $(B)/fuzz/tests/fuzz/%.o $(FUZZ_OBJS)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer $^ $(LIBS) -o $@

# -- Checks ------------------------------------------------------------------------------------------

check: install-deps ## formatting, shellcheck, cppcheck, clang-tidy, gcc -fanalyzer
	$(Q)$(MAKE) --no-print-directory $(SKELETONS) $(B)/report/html_parts.h $(B)/wrappers.inc
	$(Q)BUILD_DIR=$(B) ci/check.sh

sanitize: ## the unit and golden tests under ASan and UBSan
	$(Q)$(MAKE) --no-print-directory SANITIZE=address,undefined all test-tools
	$(Q)BUILD_DIR=$(abspath $(O)/sanitize) $(PYTHON) -m pytest tests/unit tests/golden $(PYTEST_ARGS)

# -- Packages and installation -----------------------------------------------------------------------

dist deb static: ## the source as an archive; Debian packages; one file that needs no library
	$(Q)O=$(O) MAKE='$(MAKE)' ci/package.sh $@

test-packages: ## build packages of all kinds, install and run them (minutes, network)
	$(Q)ci/install-deps.sh --test --packages
	$(Q)BUILD_DIR=$(abspath $(B)) $(PYTHON) -m pytest tests/packages $(PYTEST_ARGS)

# What is installed beside the program, as SOURCE=TARGET.
DATA        := docs/latwrap.1=$(mandir)/man1/latwrap.1 \
               docs/report.schema.json=$(datadir)/latwrap/report.schema.json \
               docs/doctor.schema.json=$(datadir)/latwrap/doctor.schema.json \
               docs/log.schema.json=$(datadir)/latwrap/log.schema.json \
               docs/compare.schema.json=$(datadir)/latwrap/compare.schema.json \
               docs/shake.schema.json=$(datadir)/latwrap/shake.schema.json \
               wrappers/shell/latwrap.sh=$(datadir)/latwrap/latwrap.sh \
               wrappers/java/tests/latwrap/LatwrapListener.java=$(datadir)/latwrap/LatwrapListener.java \
               ci/completions/latwrap.bash=$(bashcompdir)/latwrap \
               ci/completions/_latwrap=$(zshcompdir)/_latwrap \
               ci/completions/latwrap.fish=$(fishcompdir)/latwrap.fish

install: all ## to $(DESTDIR)$(prefix); uninstall takes it away again
	$(INSTALL) -D -m 755 $(B)/latwrap '$(DESTDIR)$(bindir)/latwrap'
	$(foreach d,$(DATA),$(INSTALL) -D -m 644 $(subst =, '$(DESTDIR),$(d))' &&) :

uninstall:
	rm -f '$(DESTDIR)$(bindir)/latwrap' $(foreach d,$(DATA),'$(DESTDIR)$(lastword $(subst =, ,$(d)))')
	[ ! -d '$(DESTDIR)$(datadir)/latwrap' ] || rmdir '$(DESTDIR)$(datadir)/latwrap'
	@[ ! -d '$(DESTDIR)/var/lib/latwrap' ] || echo 'Runs have left wrappers, which build trees may name:' \
	 'remove them with rm -r $(DESTDIR)/var/lib/latwrap'

clean: ## remove $(O)
	rm -rf $(O)

-include $(OBJS:.o=.d) $(BPF_OBJS:.o=.d) $(REPLAY_OBJS:.o=.d) \
         $(UNIT_TESTS:$(B)/%=$(B)/obj/%.d) $(FUZZ_OBJS:.o=.d) $(FUZZERS:$(B)/%=$(B)/fuzz/%.d)
