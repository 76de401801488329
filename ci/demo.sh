#!/usr/bin/env bash
# Show what latwrap is for: tests with deadlines on a quiet machine, beside a noisy neighbour, with a bug, and
# with a daemon whose CPU the neighbour takes
#
# usage: make demo, or LATWRAP=build/latwrap ci/demo.sh
# Takes about 15 s. Needs latwrap and a C compiler, and root or sudo for BPF.
# Exit status: 0 if the stalls were shown, 1 if they could not be shown.
set -euo pipefail

readonly attempts=3 # at finding the machine quiet, or at disturbing it
source_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
# Keep this path short: the demo shows its command lines to learn from.
latwrap=$(realpath --relative-base="$PWD" -- "${LATWRAP:-$source_dir/build/latwrap}")
[[ $latwrap == */* ]] || latwrap=./$latwrap
demo=$(dirname -- "$latwrap")/demo
# Another user may have built latwrap.
if ! mkdir -p -- "$demo" 2>/dev/null || [[ ! -w $demo ]]; then
	demo=$(mktemp -d)
fi
readonly source_dir latwrap demo

# latwrap needs privileges; the tests run as the user who calls this script.
as_root=()
as_user=()
if [[ $EUID -ne 0 ]] && command -v sudo >/dev/null && sudo -v; then
	as_root=(sudo --)
	as_user=(-u "$(id -un)")
fi

say() {
	printf '%s\n' "$@"
}

title() {
	printf '\n== %s\n' "$1"
	say "${@:2}" ''
}

build() {
	local name

	for name in deadline-tests noisy-neighbour echo-daemon; do
		"${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -O2 -pthread -o "$demo/$name" \
			"$source_dir/tests/demo/$name.c"
	done
}

# Prints the CPUs of "0-2,5" in /proc/self/status, one per line, the last one first: the first CPU usually gets
# the interrupts.
allowed_cpus() {
	local list part

	list=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)
	for part in ${list//,/ }; do
		seq "${part%-*}" "${part#*-}"
	done | sort -rn
}

# Prints a command as a user would type it, and runs it. Sets $status to its exit status.
show() {
	local word line='$'

	for word in "$@"; do
		[[ $word =~ ^[A-Za-z0-9_./:=+-]+$ ]] || word="'$word'"
		line+=" $word"
	done
	say "$line"
	status=0
	"$@" || status=$?
	say "exit status $status"
}

# The gate is the deadline of the tests: a test that was stalled for that long cannot have met it.
run_tests() {
	local report=$demo/$1.json

	show "${as_root[@]}" "$latwrap" "${as_user[@]}" -o "$report" -g 'any.max<20ms' \
		--retry-exit-code 75 -- taskset -c "$cpu" "$demo/deadline-tests" "${@:2}"
}

# Whether the report $1 has the answer $2 for the command, with evidence that names $3.
answered() {
	tr '\n' ' ' <"$demo/$1.json" | grep -q "\"answer\": *\"$2\", *\"evidence\": *\"[^\"]*$3"
}

# -- The four acts ---------------------------------------------------------------------------------

# Which parts had the expected result
quiet_shown=no
buggy_shown=no
service_shown=no

not_quiet() {
	say '' \
		'Something else on this machine got in the way, and latwrap says above who and when. That is what' \
		'it is for, but not what this part is to show.'
	[[ $1 -eq $2 ]] || say '' 'Again:'
}

# Tries one CPU after the other until one is quiet; the neighbour will disturb that one.
quiet() {
	local cpus i

	mapfile -t cpus < <(allowed_cpus)
	title '1. A test suite with deadlines, on a quiet machine' \
		'Four tests, 60 events each, and 20 ms for each event (tests/demo/deadline-tests.c).'
	for ((i = 1; i <= attempts; i++)); do
		cpu=${cpus[$(((i - 1) % ${#cpus[@]}))]}
		run_tests quiet
		if [[ $status -eq 0 ]]; then
			quiet_shown=yes
			return
		fi
		not_quiet "$i" "$attempts"
	done
}

noisy() {
	local i neighbour

	title '2. The same tests beside a noisy neighbour' \
		"It takes CPU $cpu, on which the tests run, for 80 ms, again and again, as another job on the same" \
		'machine might do (tests/demo/noisy-neighbour.c).'
	for ((i = 1; i <= attempts; i++)); do
		"${as_root[@]}" "$demo/noisy-neighbour" "$cpu" 4 &
		neighbour=$!
		run_tests noisy
		kill "$neighbour" 2>/dev/null || true
		wait "$neighbour" 2>/dev/null || true
		[[ $status -ne 75 ]] || return 0
		say '' 'The tests met their deadlines in spite of it.'
	done
	return 1
}

buggy() {
	local i most=2

	title '3. The same tests with a bug, and no neighbour' \
		'Each 20th heartbeat is answered after 35 ms. No machine is to blame for that.'
	for ((i = 1; i <= most; i++)); do
		run_tests buggy --with-bug
		if [[ $status -ne 75 ]] && answered buggy code ''; then
			buggy_shown=yes
			return
		fi
		not_quiet "$i" "$most"
	done
}

# The daemon has CPU $cpu; the test has another CPU, if there is one, and stalls all the same.
service() {
	local asker cpus daemon i neighbour socket

	mapfile -t cpus < <(allowed_cpus)
	for asker in "${cpus[@]}"; do
		[[ $asker == "$cpu" ]] || break
	done
	socket=$(mktemp -u "${TMPDIR:-/tmp}/latwrap-demo.XXXXXX")
	title '4. A test that asks a daemon, beside the neighbour' \
		"The daemon runs outside the command, on CPU $cpu (tests/demo/echo-daemon.c). The neighbour takes that" \
		"CPU; the test itself has CPU $asker."
	coproc DAEMON { exec taskset -c "$cpu" "$demo/echo-daemon" "$socket"; }
	daemon=$DAEMON_PID
	read -r _ <&"${DAEMON[0]}"
	for ((i = 1; i <= attempts; i++)); do
		"${as_root[@]}" "$demo/noisy-neighbour" "$cpu" 4 &
		neighbour=$!
		show "${as_root[@]}" "$latwrap" "${as_user[@]}" -o "$demo/service.json" -- \
			taskset -c "$asker" "$demo/deadline-tests" --ask "$socket"
		kill "$neighbour" 2>/dev/null || true
		wait "$neighbour" 2>/dev/null || true
		if answered service machine echo-daemon; then
			service_shown=yes
			break
		fi
		say '' 'The daemon answered in time in spite of it, or something else got in the way.'
	done
	kill "$daemon" 2>/dev/null || true
	wait "$daemon" 2>/dev/null || true
	rm -f -- "$socket"
}

# Explains what the output shows.
explain() {
	title 'What to read in it' \
		'Tests failed in 2., 3. and 4., and their own output does not tell why. latwrap does:' \
		'' \
		'  2. It was the machine: 75, so that CI can run the job again. The lines below "Worst stalls" name' \
		'     the thread that stalled, when, for how long, and who had the CPU meanwhile.' \
		"  3. It was the code: the tests' own status 1, and no stall of 20 ms. Running it again is no use." \
		'  4. It was the machine again. The line "Whose fault was it" names the daemon that the test waited for,' \
		'     and who had the CPU of the daemon. Nobody told latwrap about the daemon.'
	[[ $quiet_shown == yes ]] ||
		say 'But 1. could not be shown: this machine is not quiet now. Run it again when it is.' ''
	[[ $buggy_shown == yes ]] ||
		say 'But 3. could not be shown: this machine got in the way. Run it again when it is quiet.' ''
	[[ $service_shown == yes ]] ||
		say 'But 4. could not be shown: see above. Run it again when this machine is quiet.' ''
	say 'The whole report of 2., with every stall, is in' \
		"  $demo/noisy.json" \
		'and can be read again with' \
		"  $latwrap report --stalls 20 $demo/noisy.json" \
		'or by programs: docs/report.schema.json says what is in it.'
}

unmeasured() {
	title 'latwrap cannot measure here' \
		'The tests would run under it all the same, but with nothing to show. What latwrap doctor says:'
	"${as_root[@]}" "$latwrap" doctor || true
	exit 1
}

[[ -x $latwrap ]] || {
	say "$latwrap is not there: run make first" >&2
	exit 1
}
build
"${as_root[@]}" "$latwrap" doctor >/dev/null || [[ $? -eq 1 ]] || unmeasured
quiet
if ! noisy; then
	say '' 'The neighbour could not keep the tests from their CPU here, so there is no stall to show.'
	exit 1
fi
buggy
service
explain
