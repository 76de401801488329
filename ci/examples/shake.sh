#!/bin/sh
# A nightly job: how long may each test stand still? Fails if one fails at 100 ms or less, or has no result there
#
# usage: ci/examples/shake.sh ./run-tests ...
set -eu

status=0
latwrap shake --time=30m --fail-below=100ms -o latwrap-shake.json -- "$@" || status=$?
if [ -e latwrap-shake.json ]; then
	latwrap report -f junit -o latwrap-shake.xml latwrap-shake.json
	latwrap report -f markdown latwrap-shake.json >>"${GITHUB_STEP_SUMMARY:-latwrap-shake.md}"
fi
exit "$status"
