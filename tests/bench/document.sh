#!/usr/bin/env bash
# Measures all that docs/performance.md shows and writes it there, in pieces of some minutes: document.sh [WRAPPER...]
#
# As root, after "make all test-tools". A wrapper, put before each piece, may wait for the machine to be free.
# BENCH_SOURCES: where Debian's sources are kept.
set -euo pipefail

cd -- "$(dirname -- "$0")/../.."
output=$(mktemp -d)/bench.json
near=latwrap,latwrap\ --io=blocked,latwrap\ --io=off,latwrap\ --cpu=off,empty,clocks,bpftrace
far=runqslower,opensnoop,execsnoop,perf\ sched\ record,perf\ trace\ -s,strace\ -f\ -T,fatrace
real=(--parts real --sources "${BENCH_SOURCES:-build/bench-sources}")

piece() {
	"${wrapper[@]}" tests/bench/bench.py --build build --output "$output" "$@" >/dev/null
}

wrapper=("$@")
piece --parts start,programs --rounds 12 --tools latwrap
piece --parts operations --rounds 8 --tools "$near"
piece --parts bystanders --rounds 8 --tools "$near"
piece --parts operations,bystanders --rounds 5 --tools "$far"
piece "${real[@]}" --real compile,python,sqlite --real-rounds 9 --tools latwrap
piece "${real[@]}" --real git,redis --real-rounds 8 --tools latwrap
others='latwrap --io=off,bpftrace,perf sched record,perf trace -s,strace -f -T'
piece "${real[@]}" --real compile,python,sqlite --peer-rounds 1 --tools "$others"
piece "${real[@]}" --real git,redis --peer-rounds 1 --tools "$others"
piece --parts scale --rounds 3 --tools latwrap
wrapper=()
piece --parts '' --document docs/performance.md --plots docs/performance
echo "docs/performance.md is new, from $output"
