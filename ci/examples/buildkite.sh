#!/usr/bin/env bash
# buildkite.sh COMMAND...: runs COMMAND under latwrap in a Buildkite job, and shows the report on the build's page
set -euo pipefail

status=0
sudo -E env PATH="$PATH" latwrap --user="$(id -u)" --gate="${LATWRAP_GATE:-any.max<100ms}" \
	--stall-exit-code=0 --retry-exit-code=75 -- "$@" || status=$?

# If the report cannot be shown, the tests do not fail.
{
	style=info
	[[ $status -eq 0 ]] || style=warning
	latwrap report --format=html --output=latwrap.html latwrap.json
	# The step is the same for its parallel jobs: one would take the other's place on the page.
	latwrap report --format=markdown latwrap.json |
		buildkite-agent annotate --style "$style" --context "latwrap-${BUILDKITE_JOB_ID-}"
} || true
exit "$status"
