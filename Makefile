# The front door. `make` alone lists what there is.
#
# CMake and Ninja do the work in build/release; this file only says it in one word.
#   make run ARGS="seed=2 --workers 2"     further arguments of `qstar train`
#   make test ARGS="-R config"             further arguments of `ctest`
#   make bench ARGS="--benchmark_filter=x" further arguments of every benchmark

BUILD := build/release
CONFIG ?= configs/quickstart.toml
ARGS ?=
SOURCES = $(wildcard $(shell git ls-files --cached --others --exclude-standard '*.cpp' '*.hpp'))

.DEFAULT_GOAL := help
.PHONY: help run test quick build bench bench-qstar format lint clean packages clang-format clang-tidy

help:  ## list these targets
	@echo "qstar: reinforcement learning on verifiable mathematics, by actors"
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: packages $(BUILD)/build.ninja  ## train the quickstart's policy on its own wins
	@cmake --build $(BUILD) --parallel $$(nproc) --target qstar qstar-train
	$(BUILD)/qstar train $(CONFIG) $(ARGS)

test: build  ## build everything and run all tests
	ctest --test-dir $(BUILD) --output-on-failure $(ARGS)

quick: build  ## build everything and run the quick tests (under two minutes)
	ctest --test-dir $(BUILD) --output-on-failure -L quick $(ARGS)

build: packages $(BUILD)/build.ninja  ## build everything into build/release
	@cmake --build $(BUILD) --parallel $$(nproc)

bench: build  ## build and run the benchmarks
	@for program in $(BUILD)/benchmarks/*_benchmark; do echo "== $$program"; $$program $(ARGS) || exit 1; done
	@python3 benchmarks/actors_against_loop.py $(BUILD)

bench-qstar: packages $(BUILD)/build.ninja  ## A* against Q* on puzzles: trains both, searches, prints the table
	@cmake --build $(BUILD) --parallel $$(nproc) --target qstar qstar-train
	@python3 benchmarks/qstar_search.py $(BUILD) runs/bench-qstar $(ARGS)

clang-format clang-tidy:
	@command -v $@ >/dev/null || { echo "qstar: $@ is missing: apt-get install $@" >&2; exit 1; }

format: clang-format  ## rewrite the sources in the house's format (clang-format)
	@clang-format -i $(SOURCES)

lint: clang-tidy build  ## check the layers, and the sources with clang-tidy
	@tools/check_layers.py
	@# Every source on its own, as clang-tidy wants it.
	@cmake --preset dev >/dev/null
	@cmake --build build/dev --target qstar_record
	@clang-tidy -p build/dev --quiet $(filter-out tests/% learning/nn/%,$(filter %.cpp,$(SOURCES)))

clean:  ## remove everything that was built
	rm -rf build

packages:
	@tools/install_packages.sh

# Ninja runs CMake again by itself when a CMake file changes. The preset comes after the packages.
$(BUILD)/build.ninja: CMakePresets.json | packages
	@cmake --preset release
	@touch $@
