# Functions for the steps of the actions: give latwrap the options of the inputs, and the rights of root
# shellcheck shell=bash
# The scripts that source this file set directory, and use what it sets.
# shellcheck disable=SC2034,SC2154

options=(--output="$LATWRAP_INPUT_REPORT")
prefix=()
complaint=''

# add_option NAME: adds an option for the input NAME, if it is set
add_option() {
	local name=LATWRAP_INPUT_${1^^}

	name=${name//-/_}
	[[ -z ${!name} ]] || options+=("--$1=${!name}")
}

add_gates() {
	local line

	while IFS= read -r line; do
		options+=("--gate=$line")
	done < <(lines "$LATWRAP_INPUT_GATES")
}

# The runner of these files may be one that latwrap does not know.
add_junit() {
	local line

	while IFS= read -r line; do
		options+=("--junit=$line")
	done < <(lines "$LATWRAP_INPUT_JUNIT")
}

# A line is one option. latwrap would take any other word for the command, so nothing but options may pass.
add_more_options() {
	local line

	while IFS= read -r line; do
		if [[ $line =~ ^(--[a-z][a-z-]*)[[:blank:]]+(.*)$ ]]; then
			options+=("${BASH_REMATCH[1]}=${BASH_REMATCH[2]}")
		elif [[ $line =~ ^(-[A-Za-z])[[:blank:]]+(.*)$ ]]; then
			options+=("${BASH_REMATCH[1]}${BASH_REMATCH[2]}")
		elif [[ $line =~ ^--?[A-Za-z] ]]; then
			options+=("$line")
		else
			complaint="'$line' in 'options' is not an option: write --NAME=VALUE, one on each line"
			return
		fi
	done < <(lines "$LATWRAP_INPUT_OPTIONS")
}

# Adds the options that both actions have.
add_all_options() {
	local name

	for name in threshold cpu-threshold io-threshold hiccup-threshold stall-exit-code; do
		add_option "$name"
	done
	add_gates
	add_junit
	add_more_options
}

# sudo changes the environment and never keeps some variables, such as PYTHONPATH. So it gets no environment,
# and the program that it starts reads ours from a file.
become_root() {
	if [[ $(id -u) -eq 0 ]]; then
		return
	fi
	if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
		# A later step prints a warning.
		: >"$directory/no-sudo"
		return
	fi
	# Numbers: a static latwrap does not know the names that LDAP or SSSD know.
	options+=("--user=$(id -u):$(id -g)")
	prefix=(sudo -n --)
}

# Becomes the program, in the working directory and with the environment of this step, as root if possible.
become() {
	cd -- "$LATWRAP_INPUT_WORKING_DIRECTORY" || exit
	exec "${prefix[@]}" env -i "$BASH" "$here/environment.sh" "$directory/environment" "$mask" "$@"
}
