# A thin front of tools/setup and the CMake presets; docs/build.md says what each does.
.DEFAULT_GOAL := build
.PHONY: setup build release c test asan tsan demo bench check lint format clean

# What processors `make release` is for (x86-64-v3, ...); empty means every one.
CPU ?=

# Where the demo takes its Python code from; empty means Python's standard library.
SRC ?=

setup:
	@tools/setup

build/build.ninja: CMakePresets.json | setup
	@cmake --preset dev >/dev/null

build-asan/build.ninja: CMakePresets.json | setup
	@cmake --preset asan >/dev/null

build-tsan/build.ninja: CMakePresets.json | setup
	@cmake --preset tsan >/dev/null

build: setup build/build.ninja
	@cmake --build build

# For packages: build-release/, the engines optimised as one (long; docs/build.md).
release: setup
	@cmake --preset release -DWEIR_CPU='$(CPU)' >/dev/null
	@cmake --build build-release

# The C without the engines.
c: setup build/build.ninja
	@cmake --build build --target c

# The unit tests under ASan and UBSan.
asan: setup build-asan/build.ninja
	@cmake --build build-asan --target weir_bridge weir_bridge_hooked tests
	@tests/run --build build-asan build-asan/

# The tests of what threads share under ThreadSanitizer; a reported race fails its suite.
tsan: setup build-tsan/build.ninja
	@cmake --build build-tsan --target weir_bridge weir_bridge_hooked tests
	@tests/run --build build-tsan build-tsan/

test: build build-asan/build.ninja build-tsan/build.ninja
	@cmake --build build --target weir_bridge_hooked
	@cmake --build build-asan --target weir_bridge weir_bridge_hooked tests
	@cmake --build build-tsan --target weir_bridge weir_bridge_hooked tests
	@tools/check-symbols build
	@tests/run --build build --build build-asan --build build-tsan

demo: build
	@tools/demo $(if $(SRC),'$(SRC)')

bench: build
	@bench/run

# Gates that need no build; the exported symbols too if there is one.
check: setup
	@tools/format --check
	@tools/check-includes
	@tools/check-rooms
	@tools/check-banned
	@tools/gen-header --check
	@tools/gen-docs --check
	@if [ -e build/libweir.so ] && [ -e build/libweir_bridge.so ]; then \
	  tools/check-symbols build; fi

lint: setup
	@tools/lint-bridge

format: setup
	@tools/format

# Keeps the cache folder: it holds the compiled engines of all checkouts.
clean:
	@rm -rf build build-asan build-tsan build-release
