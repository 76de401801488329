# A span for each file of bats, with a span for each test: bats-exec-file and bats-exec-test read this file first
# shellcheck shell=bash
#
# This must not change what bats does. The span of a test ends where the function of bats for the end of a test
# begins; that function exists once bats calls bats_perform_test. A function that is defined in a trap counts as
# part of bats-exec-test, and so does not appear in the stack traces of failed tests.

latwrap_program=${BASH_SOURCE[0]%/*/*}/latwrap
# shellcheck disable=SC2034 # for the hook, which is evaluated
latwrap_socket=${LATWRAP_SOCKET-}

latwrap_skip_options() {
	latwrap_skipped=0
	while (($#)); do
		case $1 in
		-j | --gather-test-outputs-in) shift && ((latwrap_skipped += 2)) ;;
		-*) ((latwrap_skipped += 1)) ;;
		*) return ;;
		esac
		shift
	done
}

# Decodes a name that bats encoded, except characters beyond Latin-1: the message at the end of the test has the
# real description.
latwrap_decode() {
	local name=${1#test_}

	name=${name//_/ }
	name=${name//-/\\u00}
	printf -v latwrap_name %b "$name"
}

latwrap_file() { # <option>... <file> <list of tests>
	latwrap_skip_options "$@"
	local -a arguments=("${@:latwrap_skipped + 1}")

	if [[ ${LATWRAP_BATS-} != "$PPID" && -n ${arguments[0]-} ]]; then
		LATWRAP_BATS=$$ exec "$latwrap_program" span --group --runner=bats --file="${arguments[0]//\/.\///}" -- \
			"${arguments[0]##*/}" -- "$0" "$@"
	fi
}

latwrap_test() { # <option>... <file> <test> <number in the suite> <number in the file> <attempt>
	latwrap_skip_options "$@"
	local -a arguments=("${@:latwrap_skipped + 1}")
	local try=${arguments[4]-1}

	latwrap_id=bats-$$-${arguments[2]-}-$try
	latwrap_decode "${arguments[1]-}"
	"$latwrap_program" span --begin --id="$latwrap_id" --runner=bats --file="${arguments[0]//\/.\///}" --attempt="$try" -- \
		"${latwrap_name:-?}" >/dev/null || return 0
	# shellcheck disable=SC2016
	trap '[[ $BASH_COMMAND != bats_perform_test* ]] || { trap - DEBUG; eval "$latwrap_hook"; }' DEBUG
}

# A test may unset our variables, so the function has their values.
# shellcheck disable=SC2016,SC2034
latwrap_hook='
eval "latwrap_$(declare -f bats_exit_trap)"
latwrap_end() { # <program> <socket> <id>
	local latwrap_outcome=passed
	if [[ -n ${BATS_TEST_SKIPPED-} ]]; then
		latwrap_outcome=skipped
	elif [[ -z ${BATS_TEST_COMPLETED-} || -z ${BATS_TEARDOWN_COMPLETED-} || -n ${BATS_INTERRUPTED-} ]]; then
		latwrap_outcome=failed
	fi
	LATWRAP_SOCKET=$2 LD_PRELOAD= "$1" span --end --outcome="$latwrap_outcome" --name="${BATS_TEST_DESCRIPTION-}" -- \
		"$3" >/dev/null 2>&1 </dev/null || :
}
printf -v latwrap_words " %q" "$latwrap_program" "$latwrap_socket" "$latwrap_id"
eval "bats_exit_trap() { latwrap_end$latwrap_words; latwrap_bats_exit_trap \"\$@\"; }"'

case $0 in
*/bats-exec-file) latwrap_file "$@" ;;
*) latwrap_test "$@" ;;
esac
