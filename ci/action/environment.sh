#!/usr/bin/env bash
# environment.sh FILE UMASK COMMAND...: becomes COMMAND, with the environment in FILE instead of its own
#
# Values must not be seen in any process's arguments, hence no env(1) but for names that are none to
# a shell. Nor must names set here be ones that the environment may have, hence none but these.
set -euo pipefail
mapfile -d '' -t __latwrap_entries <"$1"
umask "$2"
shift 2
__latwrap_others=("$(type -P env)")

for __latwrap_entry in "${__latwrap_entries[@]}"; do
	case ${__latwrap_entry%%=*} in
	_ | __latwrap_* | LATWRAP_INPUT_*) ;;
	# What bash makes itself, and does not take from others.
	BASH* | UID | EUID | PPID | SHELLOPTS | RANDOM | SRANDOM | SECONDS | LINENO | EPOCH* | HISTCMD | DIRSTACK | GROUPS | \
		FUNCNAME | COMP_WORDBREAKS | POSIXLY_CORRECT | '' | [0-9]* | *[!A-Za-z0-9_]*)
		__latwrap_others+=("$__latwrap_entry")
		;;
	# Of a locale that does not exist the shell complains, as it did before, to the user's step.
	*) export "${__latwrap_entry?}" || __latwrap_others+=("$__latwrap_entry") ;;
	esac
done 2>/dev/null

if [[ ${#__latwrap_others[@]} -gt 1 ]]; then
	exec "${__latwrap_others[@]}" "$@"
fi
exec "$@"
