# What BASH_ENV names for bats, which each bash reads that runs a script: does nothing but in those of bats
# shellcheck shell=bash

if [[ -n ${LATWRAP_BASH_ENV-} ]]; then # what was there before, for bash to expand
	eval "LATWRAP_BASH_ENV_FILE=\"$LATWRAP_BASH_ENV\""
	# shellcheck source=/dev/null
	[[ ! -r $LATWRAP_BASH_ENV_FILE ]] || source "$LATWRAP_BASH_ENV_FILE"
	unset LATWRAP_BASH_ENV_FILE
fi
case $0 in
*/bats-exec-file | */bats-exec-test)
	# shellcheck source=wrappers/bats/bats.bash
	[[ ! -x ${BASH_SOURCE[0]%/*/*}/latwrap ]] || source "${BASH_SOURCE[0]%/*}/bats.bash"
	;;
esac
case $0 in
*/bats-exec-test) # what the test starts finds what it would without us
	if [[ -n ${LATWRAP_BASH_ENV+set} ]]; then
		export BASH_ENV=$LATWRAP_BASH_ENV
	else
		unset BASH_ENV
	fi
	unset LATWRAP_BASH_ENV LATWRAP_BATS
	;;
esac
