#!/usr/bin/env bash
# A step of ci/action.yml: run the command under latwrap, as root if possible
set -euo pipefail
printf '%s\n' "$LATWRAP_INPUT_COMMAND" >"$LATWRAP_INPUT_DIRECTORY/command"

# Run the command bare. This must also work where bash and sudo differ from those on Linux.
if [[ -z $LATWRAP_INPUT_BINARY ]]; then
	cd -- "$LATWRAP_INPUT_WORKING_DIRECTORY"
	set -- "$LATWRAP_INPUT_DIRECTORY/command"
	unset "${!LATWRAP_INPUT_@}"
	exec "$BASH" --noprofile --norc -eo pipefail "$1"
fi

# Save the environment first: the variables set below may exist in it.
(umask 077 && env -0 >"$LATWRAP_INPUT_DIRECTORY/environment")

readonly here=${BASH_SOURCE[0]%/*}
# shellcheck source=ci/action/lib.sh
. "$here/lib.sh"
readonly directory=$LATWRAP_INPUT_DIRECTORY

options=(--output="$LATWRAP_INPUT_REPORT")
prefix=()

# add_option NAME: adds an option for the input NAME, if it is set
add_option() {
	local name=LATWRAP_INPUT_${1^^}

	name=${name//-/_}
	[[ -z ${!name} ]] || options+=("--$1=${!name}")
}

# add_lines INPUT [PREFIX]: adds an option for each line of the input
add_lines() {
	local line

	while IFS= read -r line; do
		options+=("${2-}$line")
	done < <(lines "$1")
}

# sudo changes the environment and never keeps some variables, such as PYTHONPATH. So it gets no environment,
# and the program that it starts reads ours from a file.
become_root() {
	local user

	if [[ $(id -u) -eq 0 ]]; then
		return
	fi
	if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
		# A later step prints a warning.
		: >"$directory/no-sudo"
		return
	fi
	user=$(id -un 2>/dev/null) || user=$(id -u):$(id -g)
	options+=("--user=$user")
	prefix=(sudo -n --)
	keep_login
}

# With --user, latwrap sets these variables as a login of that user would. So the command sets them back on its
# first line, which keeps the numbers of its lines.
keep_login() {
	local name back=''

	for name in HOME USER LOGNAME SHELL; do
		if printenv "$name" >/dev/null; then
			back+="export $name=${!name@Q}; "
		else
			back+="unset $name; "
		fi
	done
	printf '%s%s\n' "$back" "$LATWRAP_INPUT_COMMAND" >"$directory/command"
}

add_option threshold
add_option cpu-threshold
add_option io-threshold
add_option hiccup-threshold
add_option stall-exit-code
add_option retry-exit-code
add_option retry
add_lines "$LATWRAP_INPUT_GATES" --gate=
add_lines "$LATWRAP_INPUT_OPTIONS"

become_root
# latwrap sees bash in the command line, and so expects any test runner.
command=("$LATWRAP_INPUT_BINARY" "${options[@]}" -- "$BASH" --noprofile --norc -eo pipefail "$directory/command")
mask=$(umask)
cd -- "$LATWRAP_INPUT_WORKING_DIRECTORY"
exec "${prefix[@]}" env -i "$BASH" "$here/environment.sh" "$directory/environment" "$mask" "${command[@]}"
