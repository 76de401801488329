#!/usr/bin/env bash
# latwrap.sh COMMAND...: a tmt test that runs it under latwrap, as root, and leaves what tmt reads
set -euo pipefail
readonly data=${TMT_TEST_DATA:?is set by tmt}

status=0
latwrap --output="$data/latwrap.json" --gate="${LATWRAP_GATE:-any.max<100ms}" --stall-exit-code=0 \
	--retry="${LATWRAP_RETRY:-2}" -- "$@" || status=$?
latwrap report --format=html --output="$data/latwrap.html" "$data/latwrap.json" || true
# Without it, tmt says "error": rightly, as nobody knows then what became of the tests.
latwrap report --format=tmt --output="$data/results.json" "$data/latwrap.json"
exit "$status"
