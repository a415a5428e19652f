# The front door: every target says what it does and asks nothing. The work is in CMakePresets.json and tools/.

JOBS ?= $(shell tools/jobs.sh)

# Everything goes through CMake, which is parallel by itself.
.NOTPARALLEL:
.DEFAULT_GOAL := help

# $(call build,PRESET,TARGETS): configures and builds a preset; all of it if no targets are named.
define build
	cmake --preset $(1)
	cmake --build --preset $(1) --parallel $(JOBS) $(if $(2),--target $(2))
endef

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install the packages that building and testing need (root or sudo)
	tools/setup.sh

.PHONY: build
build: setup ## Build everything, with assertions, into build/dev
	$(call build,dev)

.PHONY: demo
demo: setup ## Recall half-masked and noisy images, in the terminal
	$(call build,release,engramd engram engram_demo_data)
	deploy/demo/demo.sh build/release

.PHONY: serve
serve: setup ## Run the server on 127.0.0.1:7411; ARGS="..." passes options to engramd
	$(call build,release,engramd engram)
	build/release/bin/engramd $(ARGS)

.PHONY: dist
dist: setup ## Pack the programs with their libraries, into build/dist; TESTS="..." adds test programs
	$(call build,release,engramd engram $(TESTS))
	tools/dist.sh build/release build/dist $(if $(TESTS),--with-tests $(TESTS))

.PHONY: test
test: build ## Run all tests
	ctest --preset dev

.PHONY: asan
asan: setup ## Run all tests under the address, leak and undefined-behaviour sanitizers
	$(call build,asan)
	ctest --preset asan

.PHONY: tsan
tsan: setup ## Run the core's tests under the thread sanitizer
	$(call build,tsan)
	ctest --preset tsan

.PHONY: stress
stress: setup ## Lose power 1,000 times, flip 2,000 bits, kill 900 servers and check 20 histories; takes half an hour
	$(call build,dev,engram_stress engramd engram_python_stubs)
	build/dev/bin/power_loss 1000 1000000
	build/dev/bin/bit_flip 2000
	PYTHONPATH=build/dev/tests/integration/stubs /usr/bin/python3 -B tests/integration/kill_test.py --kills 200 \
	  build/dev/bin/engramd
	PYTHONPATH=build/dev/tests/integration/stubs /usr/bin/python3 -B tests/integration/history_test.py --seeds 20 \
	  --operations 10000 build/dev/bin/engramd
	if [ -w /sys/fs/cgroup/memory ]; then PYTHONPATH=build/dev/tests/integration/stubs /usr/bin/python3 -B \
	  tests/integration/memory_test.py --limit-mib 512 LimitTest build/dev/bin/engramd; \
	else echo "skipped: banks under a memory limit need root and control groups of version 1"; fi

.PHONY: lint
lint: ## Check layers, links, formatting, shell scripts and the compose file
	tools/setup.sh lint
	tools/check.sh

.PHONY: format
format: ## Lay out the C++ files with clang-format
	tools/setup.sh lint
	tools/check_format.sh --fix

.PHONY: tidy
tidy: setup ## Look for bugs with clang-tidy; takes minutes
	tools/setup.sh tidy
	$(call build,dev)
	run-clang-tidy -quiet -p build/dev '/(bench|client|core|deploy|server|tests)/'

.PHONY: bench
bench: setup ## Build the benchmarks into build/release and run them
	$(call build,release,engram_benchmarks)
	bench/run.sh build/release

# Where what Engram is compared with is installed, and options for bench/peers/compare.py.
PEERS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/engram/peers

.PHONY: peers
peers: setup ## Compare with FAISS, hnswlib, numpy and torch, installed into PEERS=FOLDER; ARGS="..."
	bench/peers/setup.sh $(PEERS)
	$(call build,release,engram_peer_bench)
	$(PEERS)/bin/python -B bench/peers/compare.py --build build/release --peers $(PEERS) $(ARGS)

.PHONY: paper
paper: setup ## Reproduce the papers' experiments through the service; ENGRAM_DIGITS, ENGRAM_MNIST name data
	$(call build,release)
	bench/paper/run.sh build/release

.PHONY: clean
clean: ## Remove all build trees
	rm -rf build
