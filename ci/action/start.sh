#!/usr/bin/env bash
# The step of ci/job that starts latwrap for the rest of the job, as root if possible
# Whatever goes wrong here is shown, and does not fail the job.
set -euo pipefail
readonly here=${BASH_SOURCE[0]%/*}

# Save the environment first: the variables set below may exist in it.
(umask 077 && env -0 >"$LATWRAP_INPUT_DIRECTORY/environment")

# shellcheck source=ci/action/lib.sh
. "$here/lib.sh"
readonly directory=$LATWRAP_INPUT_DIRECTORY
# shellcheck source=ci/action/options.sh
. "$here/options.sh"

options+=(--name="${directory##*/}" --export=github)
add_all_options
become_root
mask=$(umask)
: >"$directory/started"
if [[ -z $complaint ]] && (become "$LATWRAP_INPUT_BINARY" start "${options[@]}") 2>"$directory/complaint"; then
	cat "$directory/complaint"
	exit 0
fi
complaint=${complaint:-$(<"$directory/complaint")}
annotate warning 'latwrap: not measured' "The job goes on without latwrap: ${complaint#latwrap: }"
: >"$directory/bare"
