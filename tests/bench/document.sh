#!/usr/bin/env bash
# Measures all that docs/performance.md shows and writes it there, in at most forty minutes: document.sh [WRAPPER...]
#
# As root, after "make all test-tools", on a machine that does nothing else. A wrapper, put before each piece, may wait for
# that. BENCH_SOURCES: where Debian's sources are kept.
set -euo pipefail

cd -- "$(dirname -- "$0")/../.."
output=$(mktemp -d)/bench.json
near='latwrap,latwrap --io=blocked,latwrap --io=off,latwrap --cpu=off,empty,clocks,bpftrace'
far='runqslower,opensnoop,execsnoop,perf sched record,perf trace -s,strace -f -T,fatrace'
suites='latwrap,latwrap --io=blocked,empty,clocks'
sources=${BENCH_SOURCES:-build/bench-sources}

piece() {
	"${wrapper[@]}" tests/bench/bench.py --build build --output "$output" --sources "$sources" "$@" >/dev/null
}

wrapper=("$@")
piece --parts start,programs --minutes 1 --rounds 12 --tools latwrap
piece --parts real --minutes 11 --real-rounds 9 --tools "$suites"
piece --parts operations,bystanders --minutes 6 --rounds 8 --tools "$near"
piece --parts operations,bystanders --minutes 3 --rounds 5 --tools "$far"
piece --parts scale --minutes 4 --rounds 3 --tools latwrap
piece --parts wrappers --minutes 13 --rounds 5 --tools latwrap
wrapper=()
piece --parts '' --document docs/performance.md --plots docs/performance
echo "docs/performance.md is new, from $output"
