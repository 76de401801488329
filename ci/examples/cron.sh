#!/usr/bin/env bash
# cron.sh DIRECTORY COMMAND...: runs COMMAND under latwrap, keeps the reports of 30 runs, prints only what went wrong
#
# For the crontab of root; cron mails what this script prints:
#   17 3 * * *  cd /srv/project && LATWRAP_USER=tester /usr/local/bin/cron.sh /var/lib/latwrap ./run-tests
set -euo pipefail
# The PATH of a cron job is short.
PATH=$PATH:/usr/local/bin:/usr/sbin:/sbin
readonly keep=${LATWRAP_KEEP:-30}
readonly directory=${1:?usage: cron.sh DIRECTORY COMMAND...}
shift

mkdir -p -- "$directory"
# The previous run may still be running.
exec {lock}>"$directory/lock"
if ! flock --nonblock "$lock"; then
	echo "cron.sh: the previous run is still running: no run today" >&2
	exit 75
fi

# The random part keeps two runs from using one name, even on the day when the clock is set back.
report=$(mktemp --suffix=.json "$directory/$(date +%Y-%m-%dT%H%M%S).XXXX")
options=(--quiet --output="$report" --gate="${LATWRAP_GATE:-any.max<100ms}" --stall-exit-code=0
	--retry="${LATWRAP_RETRY:-1}")
[[ -z ${LATWRAP_USER-} ]] || options+=("--user=$LATWRAP_USER")
status=0
latwrap "${options[@]}" -- "$@" >"$directory/last.log" 2>&1 {lock}>&- || status=$?

if [[ $status -ne 0 ]]; then
	latwrap report "$report" || true
	echo "Exit status $status. The end of the output:"
	tail -n 50 -- "$directory/last.log"
fi

# Names begin with the time, so the oldest report comes first.
mapfile -t reports < <(cd -- "$directory" && printf '%s\n' [0-9]*.json)
while [[ ${#reports[@]} -gt $keep ]]; do
	rm -f -- "$directory/${reports[0]}"
	reports=("${reports[@]:1}")
done
exit "$status"
