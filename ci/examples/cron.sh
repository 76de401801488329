#!/usr/bin/env bash
# cron.sh DIRECTORY COMMAND...: runs it under latwrap, keeps the reports of 30 runs, and prints only what went wrong
#
# For root's crontab, which mails what is printed:
#   17 3 * * *  cd /srv/project && LATWRAP_USER=tester /usr/local/bin/cron.sh /var/lib/latwrap ./run-tests
set -euo pipefail
# cron's own is short.
PATH=$PATH:/usr/local/bin:/usr/sbin:/sbin
readonly keep=${LATWRAP_KEEP:-30}
readonly directory=${1:?usage: cron.sh DIRECTORY COMMAND...}
shift

mkdir -p -- "$directory"
# The run before may not have come to an end.
exec {lock}>"$directory/lock"
if ! flock --nonblock "$lock"; then
	echo "cron.sh: the last run goes on, there is none today" >&2
	exit 75
fi

# No run overwrites another's report, on the day when the clock is set back either.
report=$(mktemp --suffix=.json "$directory/$(date +%Y-%m-%dT%H%M%S).XXXX")
options=(--quiet --output="$report" --gate="${LATWRAP_GATE:-any.max<100ms}" --stall-exit-code=0
	--retry="${LATWRAP_RETRY:-1}")
[[ -z ${LATWRAP_USER-} ]] || options+=("--user=$LATWRAP_USER")
status=0
latwrap "${options[@]}" -- "$@" >"$directory/last.log" 2>&1 {lock}>&- || status=$?

if [[ $status -ne 0 ]]; then
	latwrap report "$report" || true
	echo "Exit status $status. Its output, the end of it:"
	tail -n 50 -- "$directory/last.log"
fi

# The oldest first: their names begin with the time.
mapfile -t reports < <(cd -- "$directory" && printf '%s\n' [0-9]*.json)
while [[ ${#reports[@]} -gt $keep ]]; do
	rm -f -- "$directory/${reports[0]}"
	reports=("${reports[@]:1}")
done
exit "$status"
