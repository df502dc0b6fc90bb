# SPDX-License-Identifier: GPL-2.0
#
# Builds, tests and installs nexus. "make help" lists what there is.

BUILD	?= $(CURDIR)/build
PREFIX	?= /usr/local
DESTDIR	?=
# The kernel to build the module for: the running one, or, where its headers are
# not installed, the newest that has some.
KVER	?= $(shell scripts/kernel-release)

VERSION	:= $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
SRCDIR	:= /usr/src/nexus-$(VERSION)

export BUILD

all: kmod lib tools

help:
	@scripts/help

# ------------------------------------------------------------------- building

kmod:
	@scripts/build-kmod $(KVER)

lib:
	@$(MAKE) -C lib O=$(BUILD)/lib PREFIX=$(PREFIX)

tools: lib
	@$(MAKE) -C tools O=$(BUILD)/tools PREFIX=$(PREFIX) VERSION=$(VERSION)

tests: lib tools
	@$(MAKE) -C selftests/kselftest O=$(BUILD)/kselftest
	@$(MAKE) -C selftests/hostile O=$(BUILD)/hostile

debug-kernel: packages
	@scripts/debug-kernel

# With KCSAN, which cannot stand beside KASAN; only for those who ask for it.
kcsan-kernel: packages
	@scripts/debug-kernel --kcsan

# -------------------------------------------------------------------- testing

packages:
	@scripts/packages

check:
	@scripts/check

check-unit:
	@scripts/check unit

check-vm:
	@scripts/check vm

fuzz:
	@scripts/check fuzz

# Random programs in the debug kernel; a hundredth of 400 s is one percent.
FUZZ_SECONDS ?= 60
FUZZ_SEED ?=
fuzz-vm: tests debug-kernel
	@selftests/vm/check --kernel debug --test hostile_fuzz_test \
		--percent $$(($(FUZZ_SECONDS) / 4)) $(addprefix --seed ,$(FUZZ_SEED)) \
		--test-limit $$(($(FUZZ_SECONDS) + 600))

sim:
	@scripts/check sim

sim-plots:
	@$(MAKE) --no-print-directory -C selftests/sim plots O=$(BUILD)/sim

style:
	@scripts/style

layering:
	@scripts/layering

sparse:
	@scripts/build-kmod --sparse 6.1
	@scripts/build-kmod --sparse 6.12

tune-plots:
	@$(MAKE) -C selftests/tune O=$(BUILD)/tune

lag-plots: packages tools
	@selftests/lag/run --svg Documentation/plots/lag.svg

plots: sim-plots tune-plots lag-plots

demo: packages
	@$(MAKE) -s --no-print-directory tools
	@scripts/demo

bench: packages tools
	@$(MAKE) -C selftests/bench

# They are large, and nothing else needs them.
tls-judges: tools
	@scripts/packages testssl.sh chromium
	@selftests/judges/run

# ----------------------------------------------------------------- installing

install: kmod lib tools
	install -D -m 644 $(BUILD)/kmod/$(KVER)/nexus.ko \
		$(DESTDIR)/lib/modules/$(KVER)/updates/nexus.ko
	[ -n "$(DESTDIR)" ] || depmod $(KVER)
	@$(MAKE) install-user

# All but the module: with DKMS it is not built here.
install-user: lib tools
	$(MAKE) -C lib install O=$(BUILD)/lib PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)
	$(MAKE) -C tools install O=$(BUILD)/tools PREFIX=$(PREFIX) \
		DESTDIR=$(DESTDIR) VERSION=$(VERSION)
	install -D -m 644 packaging/60-nexus.rules \
		$(DESTDIR)/usr/lib/udev/rules.d/60-nexus.rules
	install -D -m 644 packaging/modules-load.conf \
		$(DESTDIR)/usr/lib/modules-load.d/nexus.conf
	[ -n "$(DESTDIR)" ] || ldconfig
	[ -n "$(DESTDIR)" ] || ! command -v udevadm >/dev/null || \
		udevadm control --reload || :

# What "make install" with these settings would put there, removed.
uninstall:
	@rm -rf $(BUILD)/staged
	@$(MAKE) -s install DESTDIR=$(BUILD)/staged KVER=$(KVER) >/dev/null
	cd $(BUILD)/staged && find . ! -type d | sed 's,^\.,$(DESTDIR),' | \
		xargs -d '\n' rm -fv
	[ -n "$(DESTDIR)" ] || { depmod $(KVER); ldconfig; }

dkms:
	@scripts/packages dkms
	rm -rf $(SRCDIR)
	mkdir -p $(SRCDIR)
	cp -r kmod dkms.conf LICENSES $(SRCDIR)
	-dkms remove nexus/$(VERSION) --all >/dev/null 2>&1
	dkms add nexus/$(VERSION)
	dkms install nexus/$(VERSION) -k $(KVER)

clean:
	rm -rf $(BUILD)

.PHONY: all help kmod lib tools tests debug-kernel kcsan-kernel packages check check-unit \
	check-vm fuzz fuzz-vm sim sim-plots style layering sparse tune-plots lag-plots \
	plots demo bench tls-judges \
	install install-user uninstall dkms clean
