# BASH_ENV for bats: each bash that runs a script reads this file; it acts only in scripts of bats
# shellcheck shell=bash

if [[ -n ${LATWRAP_BASH_ENV-} ]]; then # the previous BASH_ENV, which bash expands
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
*/bats-exec-test) # processes that the test starts find the environment that they would find without us
	if [[ -n ${LATWRAP_BASH_ENV+set} ]]; then
		export BASH_ENV=$LATWRAP_BASH_ENV
	else
		unset BASH_ENV
	fi
	unset LATWRAP_BASH_ENV LATWRAP_BATS
	;;
esac
