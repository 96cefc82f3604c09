#!/usr/bin/env bash
# Every fuzz target, one after another, for FUZZ_SECONDS seconds each; their corpora first.
#
#   fuzz/run.sh            what `make fuzz` runs; PYTHON has atheris
#   fuzz/run.sh --check    says which packages are missing, and does no more
#
# Reports, and inputs that crash, go to build/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON=${PYTHON:-.venv/bin/python}
FUZZ_SECONDS=${FUZZ_SECONDS:-60}
BUILD=build/fuzz
failed=()

builds_fuzzers() {
    echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d == 0 && n; }' |
        clang -x c - -fsanitize=fuzzer,address,undefined -o /dev/null 2>/dev/null
}

check_tools() {
    local packages=()
    command -v clang >/dev/null || packages+=(clang)
    command -v cmake >/dev/null || packages+=(cmake)
    command -v make >/dev/null || packages+=(make)
    builds_fuzzers || packages+=("libclang-rt-dev")
    if [ ${#packages[@]} -gt 0 ]; then
        echo "make fuzz: packages are missing; as root: apt-get install ${packages[*]}" >&2
        exit 2
    fi
}

build() {
    local folder=$1
    shift
    CC=clang cmake -S fuzz -B "$folder" "$@" >"$folder.log" 2>&1 &&
        cmake --build "$folder" --parallel 2 >>"$folder.log" 2>&1 ||
        { cat "$folder.log" >&2; exit 1; }
}

# NAME COMMAND...: runs it, with a report of its own that is shown where it fails.
report() {
    local name=$1 log=$BUILD/$1.txt start=$SECONDS
    shift
    if ${in_place[@]+"${in_place[@]}"} "$@" >"$log" 2>&1; then
        echo "fuzz: $name: $(summary "$log") in $((SECONDS - start)) s"
    else
        tail -n 40 "$log" >&2
        echo "fuzz: $name FAILED: see $log" >&2
        failed+=("$name")
    fi
}

# libFuzzer's last figures, or a replay's own line.
summary() {
    local cases edges
    cases=$(sed -n 's/^stat::number_of_executed_units: *//p' "$1")
    edges=$(grep -o 'cov: [0-9]*' "$1" | tail -n 1 | cut -d' ' -f2 || true)
    if [ -n "$cases" ]; then
        echo "$cases cases, $edges edges reached, no crash,"
    else
        tail -n 1 "$1"
    fi
}

# Sanitizers of some years ago fail where the kernel spreads memory more widely than they expect.
in_place=()
if setarch "$(uname -m)" --addr-no-randomize true 2>/dev/null; then
    in_place=(setarch "$(uname -m)" --addr-no-randomize)
fi

# NAME PROGRAM CORPUS...: what is found goes into a folder that the next run begins with.
fuzz() {
    local name=$1 program=$2
    shift 2
    mkdir -p "$BUILD/found/$name"
    # shellcheck disable=SC2086 # a program and its arguments
    report "$name" $program -max_total_time="$FUZZ_SECONDS" -timeout=25 -print_final_stats=1 \
        -artifact_prefix="$BUILD/$name-" "$BUILD/found/$name" "$@"
}

check_tools
[ "${1:-}" != --check ] || exit 0

mkdir -p "$BUILD"
build "$BUILD/address"
build "$BUILD/thread" -DFUZZ_SANITIZERS=thread

for name in file pictures cuts sections tables; do
    report "corpus of $name" "$BUILD/address/replay_$name" "fuzz/corpus/$name"
done
report "failing allocations" "$BUILD/address/failing_allocations" fuzz/corpus/file
report "threads" "$BUILD/thread/threads" fuzz/corpus/file
for name in file pictures cuts sections tables; do
    fuzz "$name" "$BUILD/address/fuzz_$name" "fuzz/corpus/$name"
done
fuzz python "$PYTHON -m fuzz.fuzz_python" fuzz/corpus/file fuzz/corpus/pictures fuzz/corpus/cuts \
    fuzz/corpus/tables fuzz/corpus/bundle

[ ${#failed[@]} -eq 0 ] || { echo "fuzz: ${#failed[@]} failed: ${failed[*]}" >&2; exit 1; }
