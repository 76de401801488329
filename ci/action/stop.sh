#!/usr/bin/env bash
# The step of ci/job that ends what start.sh began; exits with the status of latwrap stop
set -euo pipefail
readonly directory=$LATWRAP_INPUT_DIRECTORY
prefix=()

[[ ! -e $directory/bare ]] || exit 0
[[ $(id -u) -eq 0 || -e $directory/no-sudo ]] || prefix=(sudo -n --)
exec "${prefix[@]}" "$LATWRAP_INPUT_BINARY" stop --name="${directory##*/}"
