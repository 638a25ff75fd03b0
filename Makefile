# SPDX-License-Identifier: MIT
#
# One word for each thing people do here. The work is done by CMake, CTest and the scripts in
# tools/; this file only knows their order. BUILD, JOBS and CMAKE_ARGS may be given.

BUILD ?= build
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
PREFIX ?= /usr/local
CMAKE_ARGS ?=

configure = tools/configure
build = cmake --build $(1) -j $(JOBS)
run = tools/run-tests --jobs $(JOBS)
wide = -DZMQX_WERROR=ON $(CMAKE_ARGS)
plain = $(configure) $(BUILD) -DBUILD_TESTS=ON $(wide) && $(call build,$(BUILD))
asan_tree = $(configure) $(1)/asan -DBUILD_TESTS=ON -DZMQX_SANITIZE=address,undefined \
	-DCMAKE_BUILD_TYPE=RelWithDebInfo -DWITH_PERF_TOOL=OFF -DBUILD_EXAMPLES=OFF $(wide) \
	&& $(call build,$(1)/asan)
tsan_tree = $(configure) $(1)/tsan -DBUILD_TESTS=ON -DZMQX_SANITIZE=thread \
	-DCMAKE_BUILD_TYPE=RelWithDebInfo -DWITH_PERF_TOOL=OFF -DBUILD_EXAMPLES=OFF $(wide) \
	&& $(call build,$(1)/tsan)

.PHONY: all demo test asan ubsan tsan oracle interop fuzz bench bench-all lint cover man install deps \
	models mutants dropin deb clean

all:
	@$(configure) $(BUILD) $(wide)
	@$(call build,$(BUILD))

deps:
	@bash tools/deps.sh
	@tools/oracle/wrap $(BUILD)/oracle || [ $$? -eq 77 ]

demo:
	@bash tools/deps.sh build demo
	@$(configure) $(BUILD) $(wide)
	@$(call build,$(BUILD))
	@ZMQX_BUILD_DIR=$(abspath $(BUILD)) tools/demo.sh

# Everything: this tree and the sanitizers' in one CTest run, one list, one summary.
test: deps
	@$(configure) $(BUILD) -DBUILD_TESTS=ON "-DZMQX_TEST_TREES=asan;tsan" $(wide)
	@$(call build,$(BUILD))
	@$(call asan_tree,$(BUILD))
	@$(call tsan_tree,$(BUILD))
	@$(run) $(BUILD)

asan:
	@$(call asan_tree,$(BUILD))
	@$(run) $(BUILD)/asan -L asan

ubsan:
	@$(configure) $(BUILD)/ubsan -DBUILD_TESTS=ON -DZMQX_SANITIZE=undefined $(wide)
	@$(call build,$(BUILD)/ubsan)
	@$(run) $(BUILD)/ubsan -L ubsan

tsan:
	@$(call tsan_tree,$(BUILD))
	@$(run) $(BUILD)/tsan -L tsan

oracle: deps
	@$(plain)
	@$(run) $(BUILD) -L oracle -LE "asan|tsan"

interop: deps
	@$(plain)
	@$(run) $(BUILD) -L interop -LE "asan|tsan"

# FUZZ_SECONDS for each target.
fuzz: deps
	@$(plain)
	@ZMQX_FUZZ_SECONDS=$${FUZZ_SECONDS:-60} $(run) $(BUILD) -L fuzz --timeout 3600

bench:
	@bash tools/deps.sh build demo
	@$(configure) $(BUILD) $(wide)
	@$(call build,$(BUILD))
	@ZMQX_BUILD_DIR=$(abspath $(BUILD)) tools/bench

# The table and then the wide set: ranges instead of points, drawn into doc/figures. BENCH_RUNS of
# each; a row that fails is told and does not keep the others from being measured.
bench-all:
	@bash tools/deps.sh build demo
	@$(configure) $(BUILD) $(wide)
	@$(call build,$(BUILD))
	@export ZMQX_BUILD_DIR=$(abspath $(BUILD)); status=0; \
		tools/bench --runs $${BENCH_RUNS:-3} || status=1; \
		tools/bench --wide --runs $${BENCH_RUNS:-3} || status=1; exit $$status

lint:
	@$(configure) $(BUILD) -DBUILD_TESTS=ON $(wide)
	@$(run) $(BUILD) -L lint -LE "asan|tsan"

cover: deps
	@$(configure) $(BUILD)/cover -DBUILD_TESTS=ON -DZMQX_COVERAGE=ON -DCMAKE_BUILD_TYPE=Debug \
		-DWITH_PERF_TOOL=OFF -DBUILD_EXAMPLES=OFF $(wide)
	@$(call build,$(BUILD)/cover)
	@$(run) $(BUILD)/cover -L 'unit|api|wire|oom|stress' || echo "cover: some tests failed"
	@mkdir -p $(BUILD)/cover/html
	@gcovr --root . --filter src/ --exclude-unreachable-branches \
		--html-details $(BUILD)/cover/html/index.html --print-summary -s $(BUILD)/cover \
		| tail -n 60

man: deps
	@$(configure) $(BUILD) $(wide)
	@cmake --build $(BUILD) --target man

install:
	@$(configure) $(BUILD) -DCMAKE_INSTALL_PREFIX=$(PREFIX) $(wide)
	@$(call build,$(BUILD))
	@cmake --install $(BUILD)

# The Debian packages, in $(BUILD)/deb.
deb:
	@bash tools/deps.sh build deb
	@JOBS=$(JOBS) tools/deb $(BUILD)/deb

models: deps
	@$(plain)
	@$(run) $(BUILD) -L models -LE "asan|tsan"

dropin: deps
	@$(plain)
	@$(run) $(BUILD) -L dropin

mutants: deps
	@$(plain)
	@tools/mutants $(BUILD)

clean:
	@rm -rf $(BUILD)
