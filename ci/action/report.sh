#!/usr/bin/env bash
# A step of ci/action.yml: write outputs, the summary of the job, annotations, and the files of the artifact
# Whatever goes wrong here is shown, and does not fail the tests.
set -uo pipefail
readonly here=${BASH_SOURCE[0]%/*}
# shellcheck source=ci/action/lib.sh
. "$here/lib.sh"

readonly binary=$LATWRAP_INPUT_BINARY
readonly directory=$LATWRAP_INPUT_DIRECTORY
readonly report=$LATWRAP_INPUT_REPORT

readonly baseline_runs=10

readonly ask_for_sudo='let the user of this job use sudo without a password.'
readonly ask_for_bpf="run the job on a virtual machine ('runs-on: ubuntu-latest', not 'ubuntu-slim') \
without 'container:', or with 'container: {image: ..., options: --privileged}'. 'latwrap doctor' in this \
job says more."

# Reads the numbers that latwrap report prints for one report.
read_numbers() {
	local line whole fraction ns

	while IFS= read -r line; do
		if [[ $line =~ ^latwrap_verdict\{latwrap_verdict=\"(clean|stalled|unmeasured)\"\}\ 1$ ]]; then
			verdict=${BASH_REMATCH[1]}
		elif [[ $line =~ ^latwrap_stalls\{kind=\"[a-z]+\"\}\ ([0-9]{1,15})$ ]]; then
			stalls=$((${stalls:-0} + BASH_REMATCH[1]))
		elif [[ $line =~ ^latwrap_stall_longest_seconds\{kind=\"[a-z]+\"\}\ ([0-9]{1,9})\.([0-9]{1,9})$ ]]; then
			whole=${BASH_REMATCH[1]}
			fraction=${BASH_REMATCH[2]}000000000
			ns=$((10#$whole * 1000000000 + 10#${fraction:0:9}))
			[[ $ns -le ${worst_ns:--1} ]] || worst_ns=$ns
		fi
	done
}

# Prints the working directory relative to the repository, escaped, with a trailing slash; empty if it is the
# same or outside.
place_in_repository() {
	local place

	place=$(realpath --relative-to="${GITHUB_WORKSPACE:-.}" -- "$LATWRAP_INPUT_WORKING_DIRECTORY" 2>/dev/null) || return 0
	if [[ $place != . && $place != ..* ]]; then
		escape_property "$place/"
	fi
}

# latwrap names files relative to its working directory, GitHub relative to the repository. Also replaces the
# advice of latwrap for an unmeasured run, which is for a command line.
adapt_annotations() {
	local place=$1 advice=$2 line

	while IFS= read -r line; do
		if [[ -n $place && $line =~ ^(::[a-z]+\ file=)([^/,][^,]*,.*)$ ]]; then
			line=${BASH_REMATCH[1]}$place${BASH_REMATCH[2]}
		elif [[ -n $advice && $line =~ ^::(warning|notice)\ title=latwrap%3A\ not\ measured:: ]]; then
			line=${line%%%0AWhat to do:*}%0A$(escape_data "What to do: $advice")
		fi
		printf '%s\n' "$line"
	done
}

summarize() {
	[[ $LATWRAP_INPUT_SUMMARY == true && -n ${GITHUB_STEP_SUMMARY-} ]] || return 0
	"$@" >>"$GITHUB_STEP_SUMMARY"
}

show_annotations() {
	[[ $LATWRAP_INPUT_ANNOTATIONS == true ]] || return 0
	"$binary" report --format=github "${junit[@]/#/--junit=}" "$report" |
		adapt_annotations "$(place_in_repository)" "$advice"
}

# Prints the files that match the patterns of the input, as absolute paths.
find_junit() {
	local pattern file found IFS=

	cd -- "$LATWRAP_INPUT_WORKING_DIRECTORY" || return
	shopt -s nullglob globstar
	while read -r pattern; do
		# Without IFS, this finds files and splits nothing.
		# shellcheck disable=SC2206
		found=($pattern)
		[[ ${#found[@]} -gt 0 ]] || printf 'latwrap: no JUnit file is named %q\n' "$pattern" >&2
		for file in "${found[@]}"; do
			[[ $file == /* ]] || file=$PWD/$file
			[[ ! -f $file ]] || printf '%s\0' "$file"
		done
	done < <(lines "$LATWRAP_INPUT_JUNIT")
}

# Modules of a project may use the same file name.
keep_junit() {
	local file name n

	for file in "${junit[@]}"; do
		name=${file##*/}
		n=1
		while [[ -e $directory/artifact/junit/$name ]]; do
			n=$((n + 1))
			name=$n-${file##*/}
		done
		mkdir -p "$directory/artifact/junit"
		"$binary" report --format=junit --junit="$file" --output="$directory/artifact/junit/$name" "$report"
	done
}

fill_artifact() {
	cp -- "$report" "$directory/artifact/latwrap.json"
	"$binary" report --format=html --output="$directory/artifact/latwrap.html" "$report"
	keep_junit
}

# Adds this run to the runs that the cache has, and keeps the newest. Runs without a test that passed tell nothing.
keep_baseline() {
	local name files

	[[ -n $LATWRAP_INPUT_BASELINE && $LATWRAP_INPUT_OUTCOME == success ]] || return
	mkdir -p -- "$LATWRAP_INPUT_BASELINE"
	name=$LATWRAP_INPUT_BASELINE/$(date +%s%N).json
	"$binary" report --format=baseline --output="$name" "$report" || return
	if ! grep -q '"outcome": *"passed"' "$name"; then
		rm -- "$name"
		return
	fi
	files=("$LATWRAP_INPUT_BASELINE"/*.json)
	[[ ${#files[@]} -le $baseline_runs ]] || rm -- "${files[@]:0:${#files[@]}-baseline_runs}"
	set_output baseline "${GITHUB_RUN_ID:-}-${directory##*.}"
}

# This file has secrets.
rm -f -- "$directory/environment"

# --help as an option, for example: latwrap succeeds, and nothing was tested.
if [[ $LATWRAP_INPUT_OUTCOME == success && ! -e $directory/started ]]; then
	refuse "they did not run: see what latwrap printed instead, and the input 'options'."
fi

verdict=unmeasured stalls='' worst_ns='' advice=''

# A warning has been printed.
if [[ -z $binary || -e $directory/bare ]]; then
	summarize printf '## latwrap: not measured\n\nThe tests ran without latwrap; the log says why.\n'
	set_output verdict "$verdict"
	exit 0
fi

if ! numbers=$("$binary" report --format=openmetrics "$report"); then
	annotate warning 'latwrap: no report' 'There is no report of this run; the log says why.'
	summarize printf '## latwrap: no report\n\nThe log says why.\n'
	set_output verdict "$verdict"
	exit 0
fi
read_numbers <<<"$numbers"

if [[ $verdict == unmeasured ]]; then
	advice=$ask_for_bpf
	[[ ! -e $directory/no-sudo ]] || advice=$ask_for_sudo
fi
set_output verdict "$verdict"
set_output stalls "$stalls"
set_output worst_ns "$worst_ns"
set_output report "$report"

mapfile -d '' -t junit < <(find_junit)
summarize "$binary" report --format=markdown "${junit[@]/#/--junit=}" "$report"
[[ -z $advice ]] || summarize printf '\nTo measure the tests, %s\n' "$advice"
show_annotations
fill_artifact
keep_baseline
exit 0
