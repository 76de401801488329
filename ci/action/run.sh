#!/usr/bin/env bash
# A step of ci/action.yml: run the command under latwrap, as root if possible
set -euo pipefail
readonly here=${BASH_SOURCE[0]%/*}

# Run the command bare. This must also work where bash and sudo differ from those on Linux.
if [[ -z $LATWRAP_INPUT_BINARY ]]; then
	printf ': >%q || :; %s\n' "$LATWRAP_INPUT_DIRECTORY/started" "$LATWRAP_INPUT_COMMAND" >"$LATWRAP_INPUT_DIRECTORY/command"
	cd -- "$LATWRAP_INPUT_WORKING_DIRECTORY"
	set -- "$LATWRAP_INPUT_DIRECTORY/command"
	unset "${!LATWRAP_INPUT_@}"
	exec "$BASH" --noprofile --norc -eo pipefail "$1"
fi

# Save the environment first: the variables set below may exist in it.
(umask 077 && env -0 >"$LATWRAP_INPUT_DIRECTORY/environment")

# shellcheck source=ci/action/lib.sh
. "$here/lib.sh"
readonly directory=$LATWRAP_INPUT_DIRECTORY

# shellcheck source=ci/action/options.sh
. "$here/options.sh"
login='' # the first words of the command: variables that latwrap sets for a user

# With --user, latwrap sets these variables as a login of that user would. So the command sets them back.
keep_login() {
	local name

	for name in HOME USER LOGNAME SHELL; do
		if printenv "$name" >/dev/null; then
			login+="export $name=${!name@Q}; "
		else
			login+="unset $name; "
		fi
	done
}

# What we add is on the first line, which keeps the numbers of the lines. The file "started" shows a later step
# that the tests ran.
write_command() {
	printf '%s: >%s || :; %s\n' "$login" "${directory@Q}/started" "$LATWRAP_INPUT_COMMAND" >"$directory/command"
}

# Sets complaint to what latwrap says if it would not run the command with these options.
check_options() {
	local expected said

	[[ -z $complaint ]] || return 0
	expected=$("$LATWRAP_INPUT_BINARY" --check --output=/dev/null -- "${command[@]}" 2>&1) || true
	said=$(become "$LATWRAP_INPUT_BINARY" --check "${options[@]}" -- "${command[@]}" 2>"$directory/complaint") || true
	if [[ $said != "$expected" ]]; then
		complaint=$(<"$directory/complaint")
		complaint=${complaint:-"with these options it runs something else: $said"}
		complaint=${complaint#latwrap: }
	fi
}

# latwrap warns about reports that it cannot read, and refuses none.
add_baseline() {
	local file

	for file in "$LATWRAP_INPUT_BASELINE"/*.json; do
		[[ ! -f $file ]] || options+=("--baseline=$file")
	done
}

add_all_options
add_option retry-exit-code
add_option retry
become_root
[[ ${#prefix[@]} -eq 0 ]] || keep_login
write_command
mask=$(umask)
# latwrap sees bash in the command line, and so expects any test runner.
command=("$BASH" --noprofile --norc -eo pipefail "$directory/command")
check_options
if [[ -n $complaint ]]; then
	annotate warning 'latwrap: not measured' "The tests run without latwrap: $complaint"
	: >"$directory/bare"
	login=''
	prefix=()
	write_command
	become "${command[@]}"
fi
[[ -z $LATWRAP_INPUT_BASELINE ]] || add_baseline
become "$LATWRAP_INPUT_BINARY" "${options[@]}" -- "${command[@]}"
