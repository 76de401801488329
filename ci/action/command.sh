#!/usr/bin/env bash
# command.sh ENVIRONMENT SCRIPT: runs the user's script as the runner would run it, with "shell: bash"
#
# latwrap, told whose command it is, has set these as that user's login would.
set -euo pipefail
unset HOME USER LOGNAME SHELL
while IFS= read -r -d '' __latwrap_entry; do
	case $__latwrap_entry in
	HOME=* | USER=* | LOGNAME=* | SHELL=*) export "${__latwrap_entry?}" ;;
	esac
done <"$1"
exec "$BASH" --noprofile --norc -eo pipefail "$2"
