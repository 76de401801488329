#!/usr/bin/env bash
# Run a real test suite (that of CPython, from Debian) alone, beside busy CPUs and beside a busy disk
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

latwrap=${LATWRAP:-build/latwrap}
out=${1:-build/stress}
tests=${TESTS:-test_threading test_mailbox test_shelve}
# Twice as many spinners as the machine has CPUs.
spinners=$((2 * $(nproc)))

need=()
command -v stress-ng >/dev/null || need+=(stress-ng)
/usr/bin/python3 -c 'import test.test_threading' 2>/dev/null ||
	need+=("libpython$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')-testsuite")
if [ ${#need[@]} -gt 0 ]; then
	apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null
fi
mkdir -p "$out/files"
out=$(realpath "$out")
trap 'rm -rf "$out/files"; jobs -p | xargs -r kill 2>/dev/null || true' EXIT

suite() {
	local name=$1
	printf '\n== %s\n' "$name"
	# The temporary files of the suite and of the stressor are on one disk.
	# shellcheck disable=SC2086
	TMPDIR="$out/files" "$latwrap" -o "$out/$name.json" -- /usr/bin/python3 -m test -q $tests \
		>"$out/$name.log" 2>"$out/$name.txt" || true
	cat "$out/$name.txt"
}

beside() {
	local name=$1
	shift
	stress-ng --temp-path "$out/files" --quiet "$@" &
	local stressor=$!
	suite "$name"
	kill "$stressor"
	wait "$stressor" || true
}

suite alone
beside cpu --cpu "$spinners"
beside disk --hdd 2 --hdd-opts fsync
