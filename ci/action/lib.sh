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

# Ends the job: for what the tests cannot run without
refuse() {
	annotate error 'latwrap: the tests cannot run' "$*"
	exit 1
}

# set_output NAME VALUE: the value is one line
set_output() {
	printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# lines TEXT: prints its lines without surrounding blanks, but no empty ones and no comments
lines() {
	local line

	while IFS=$' \t\r' read -r line || [[ -n $line ]]; do
		[[ -z $line || $line == '#'* ]] || printf '%s\n' "$line"
	done <<<"$1"
}
