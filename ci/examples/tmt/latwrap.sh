#!/usr/bin/env bash
# latwrap.sh COMMAND...: a tmt test that runs COMMAND under latwrap, as root, and writes the results that tmt reads
set -euo pipefail
readonly data=${TMT_TEST_DATA:?is set by tmt}

status=0
latwrap --output="$data/latwrap.json" --gate="${LATWRAP_GATE:-any.max<100ms}" --stall-exit-code=0 \
	--retry="${LATWRAP_RETRY:-2}" -- "$@" || status=$?
latwrap report --format=html --output="$data/latwrap.html" "$data/latwrap.json" || true
# If this fails, tmt says "error". That is right: nobody knows how the tests ended.
latwrap report --format=tmt --output="$data/results.json" "$data/latwrap.json"
exit "$status"
