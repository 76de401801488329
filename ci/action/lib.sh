# Functions for the steps of the action: write workflow commands and outputs, with their content escaped
# shellcheck shell=bash

# Escapes text as the runner unescapes it: then nothing in it can end a command or begin another.
escape_data() {
	local text=$1

	text=${text//'%'/'%25'}
	text=${text//$'\r'/'%0D'}
	printf '%s' "${text//$'\n'/'%0A'}"
}

escape_property() {
	local text

	text=$(escape_data "$1")
	text=${text//':'/'%3A'}
	printf '%s' "${text//','/'%2C'}"
}

# annotate LEVEL TITLE MESSAGE
annotate() {
	printf '::%s title=%s::%s\n' "$1" "$(escape_property "$2")" "$(escape_data "$3")"
}

# Refuses an invalid input at once, before the tests take their time.
refuse() {
	annotate error 'latwrap: the input cannot be used' "$*"
	exit 1
}

# one_line INPUT: a path or a name for an output
one_line() {
	local name=LATWRAP_INPUT_$1 input=${1//_/-}

	[[ ${!name} != *[[:cntrl:]]* ]] || refuse "'${input,,}' must be one line"
}

# set_output NAME VALUE: the value is one line
set_output() {
	printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# lines TEXT: prints its non-empty lines without surrounding blanks
lines() {
	local line

	while IFS=$' \t\r' read -r line || [[ -n $line ]]; do
		[[ -z $line ]] || printf '%s\n' "$line"
	done <<<"$1"
}
