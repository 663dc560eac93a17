# SPDX-License-Identifier: Apache-2.0
# What a person types. Meson does the building; `make help` says what there is.
.DEFAULT_GOAL := help
.PHONY: help run check bench docs fuzz install clean
MAKEFLAGS += --no-print-directory

ARGS ?=
PREFIX ?= /usr/local
SECONDS_EACH ?= 60
DIR := build

help:
	@echo 'make run      build Symbolon and watch a device bootstrap at a realm; Ctrl-C stops it'
	@echo '              ARGS="--once" walks and exits; ARGS="--dir DIR" keeps its data elsewhere'
	@echo 'make check    build and run all tests; the last line counts the cases'
	@echo 'make bench    measure, beside what others do on this machine'
	@echo 'make docs     reference of the headers and manual pages, in $(DIR)/docs'
	@echo 'make fuzz     each decoder for SECONDS_EACH=$(SECONDS_EACH) seconds under libFuzzer'
	@echo 'make install  into DESTDIR and PREFIX=$(PREFIX)'
	@echo 'make clean    remove $(DIR)/'

# $(call build,FOLDER,OPTIONS): configured once, then only built.
define build
	@[ -f $(DIR)/$(1)/build.ninja ] || { echo "Configuring $(DIR)/$(1)"; \
		meson setup $(DIR)/$(1) $(2) >$(DIR)/$(1).log 2>&1 || { cat $(DIR)/$(1).log; exit 1; }; }
	@echo "Building $(DIR)/$(1)"; ninja --quiet -C $(DIR)/$(1)
endef
RELEASE_OPTIONS := -Dbuildtype=release -Doptimization=2 -Dwerror=false -Dtests=false -Dbench=false

$(DIR):
	@mkdir -p $(DIR)

run: | $(DIR)
	@tools/packages/install run
	$(call build,release,$(RELEASE_OPTIONS))
	@exec $(DIR)/release/src/cli/symbolon up $(ARGS)

check: | $(DIR)
	@tools/packages/install run check
	$(call build,check,-Dbench=false)
	@tools/run-tests $(ARGS) $(DIR)/check

bench: | $(DIR)
	@tools/packages/install run bench
	$(call build,bench,-Dbuildtype=release -Doptimization=2 -Dtests=false)
	@bench/run $(DIR)/bench $(ARGS)

fuzz: | $(DIR)
	@tools/packages/install run sanitize
	@export CC=clang-14; $(MAKE) fuzz-build
	@tools/fuzz --seconds $(SECONDS_EACH) $(DIR)/fuzz

.PHONY: fuzz-build
fuzz-build: | $(DIR)
	$(call build,fuzz,-Dfuzz=true -Dbench=false -Db_lundef=false)

docs: | $(DIR)
	@tools/packages/install run docs
	$(call build,release,$(RELEASE_OPTIONS))
	@tools/make-docs $(DIR)/docs $(DIR)/release

install: | $(DIR)
	@tools/packages/install run
	$(call build,release,$(RELEASE_OPTIONS))
	@[ $(PREFIX) = /usr/local ] || meson configure $(DIR)/release -Dprefix=$(PREFIX)
	@DESTDIR='$(DESTDIR)' meson install -C $(DIR)/release --quiet

clean:
	rm -rf $(DIR)
