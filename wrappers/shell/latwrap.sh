# Report tests of shell scripts, which source this file: latwrap_span NAME COMMAND [ARG]...
# shellcheck shell=sh
#
# COMMAND runs as it would alone, in this shell, so it may be a function. Under latwrap it becomes a span;
# without latwrap, nothing else happens. Exit status 0 is a test that passed, 77 a test that was skipped.

# A test may change these later, if it is a function.
latwrap_span_socket=${LATWRAP_SOCKET-}
latwrap_span_path=$PATH
command -v latwrap >/dev/null 2>&1 || latwrap_span_socket=

latwrap_span() {
	if [ -z "${latwrap_span_socket-}" ]; then
		shift
		"$@"
		return
	fi
	LATWRAP_SPANS=$((${LATWRAP_SPANS:-0} + 1))
	# Keep the values in the positional parameters, the only variables that are local to a call in POSIX sh.
	set -- "sh-$$-$LATWRAP_SPANS" "$@"
	latwrap_span_report --begin --id="$1" --runner=shell -- "$2"
	# With `set -e`, a failure ends the shell here, as it would without us, and this ends the span.
	latwrap_span_command "$@"
	set -- "$1" "$?"
	case $2 in
	0) latwrap_span_report --end --outcome=passed -- "$1" ;;
	77) latwrap_span_report --end --outcome=skipped -- "$1" ;;
	*) latwrap_span_report --end --outcome=failed -- "$1" ;;
	esac
	return "$2"
}

latwrap_span_report() {
	PATH=$latwrap_span_path LATWRAP_SOCKET=$latwrap_span_socket latwrap span "$@" </dev/null >/dev/null
}

latwrap_span_command() {
	shift 2
	"$@"
}
