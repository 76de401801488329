# What the action's steps share: workflow commands and outputs, with whatever is in them made harmless
# shellcheck shell=bash

# As the runner undoes it: after this nothing ends a command early, or begins another.
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

# An input with a mistake is the author's to see at once, before the tests take their time.
refuse() {
	annotate error 'latwrap: the input cannot be used' "$*"
	exit 1
}

# one_line INPUT: what goes into an output, a path or a name
one_line() {
	local name=LATWRAP_INPUT_$1 input=${1//_/-}

	[[ ${!name} != *[[:cntrl:]]* ]] || refuse "'${input,,}' must be one line"
}

# set_output NAME VALUE: the value is one line
set_output() {
	printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# lines TEXT: those that are not empty, without blanks around them
lines() {
	local line

	while IFS=$' \t\r' read -r line || [[ -n $line ]]; do
		[[ -z $line ]] || printf '%s\n' "$line"
	done <<<"$1"
}
