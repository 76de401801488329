#!/usr/bin/env bash
# environment.sh FILE UMASK COMMAND...: run COMMAND with the environment in FILE, instead of this shell
#
# Values must not appear in the arguments of a process, so env(1) is used only for names that a shell cannot
# set. Variables of this script must not be in the environment, so it has no others than these.
set -euo pipefail
mapfile -d '' -t __latwrap_entries <"$1"
umask "$2"
shift 2
__latwrap_others=("$(type -P env)")

for __latwrap_entry in "${__latwrap_entries[@]}"; do
	case ${__latwrap_entry%%=*} in
	_ | __latwrap_* | LATWRAP_INPUT_*) ;;
	# Variables that bash sets itself and does not take from the environment
	BASH* | UID | EUID | PPID | SHELLOPTS | RANDOM | SRANDOM | SECONDS | LINENO | EPOCH* | HISTCMD | DIRSTACK | GROUPS | \
		FUNCNAME | COMP_WORDBREAKS | POSIXLY_CORRECT | '' | [0-9]* | *[!A-Za-z0-9_]*)
		__latwrap_others+=("$__latwrap_entry")
		;;
	# If a locale does not exist, the shell complains, as it did before, in the log of the step.
	*) export "${__latwrap_entry?}" || __latwrap_others+=("$__latwrap_entry") ;;
	esac
done 2>/dev/null

if [[ ${#__latwrap_others[@]} -gt 1 ]]; then
	exec "${__latwrap_others[@]}" "$@"
fi
exec "$@"
