#!/usr/bin/env bash
# A step of ci/action.yml: find, download or build latwrap, and make a directory for the report
set -euo pipefail
readonly here=${BASH_SOURCE[0]%/*}
# shellcheck source=ci/action/lib.sh
. "$here/lib.sh"

readonly source=$here/../..
readonly temporary=${RUNNER_TEMP:-${TMPDIR:-/tmp}}
why='' # there is no latwrap

# Prints the version of a latwrap; fails if the program is not latwrap or cannot run here.
version_of() {
	local line

	line=$("$1" --version 2>/dev/null) && [[ $line == 'latwrap '* ]] && printf '%s\n' "${line#latwrap }"
}

build() {
	local result=$temporary/latwrap-build/latwrap

	if [[ ! -x $result ]]; then
		echo '::group::latwrap: build'
		# The flags of the caller are for the program of the caller.
		if ! "$source/ci/install-deps.sh" ||
			! env -u CC -u CFLAGS -u CPPFLAGS -u LDFLAGS -u MAKEFLAGS -u SANITIZE -u O -u V \
				make -C "$source" -j "$(nproc)" "O=${result%/*}" all; then
			echo '::endgroup::'
			why='it could not be built: see the log of this step'
			return 1
		fi
		echo '::endgroup::'
	fi
	binary=$result
}

# Sets why, and fails, if an input cannot be used. A later version may have other inputs: the tests run all the same.
check_inputs() {
	local input name

	for input in BINARY REPORT VERSION; do
		name=LATWRAP_INPUT_$input
		if [[ ${!name} == *[[:cntrl:]]* ]]; then
			why="the input '${input,,}' must be one line"
			return 1
		fi
	done
	if [[ ! $LATWRAP_INPUT_BUILD =~ ^(auto|always|never)$ ]]; then
		why="the input 'build' is auto, always or never, not '$LATWRAP_INPUT_BUILD'"
		return 1
	fi
	if [[ ! $LATWRAP_INPUT_BASELINE =~ ^(auto|)$ ]]; then
		why="the input 'baseline' is auto or empty, not '$LATWRAP_INPUT_BASELINE'"
		return 1
	fi
}

# Prints where the files of the release are. A local action (uses: ./ci) belongs to the repository of the job.
release_url() {
	local repository=${GITHUB_REPOSITORY:-}

	if [[ -n $LATWRAP_INPUT_RELEASE_URL ]]; then
		printf '%s\n' "$LATWRAP_INPUT_RELEASE_URL"
		return
	fi
	[[ ! $here =~ /_actions/([^/]+/[^/]+)/ ]] || repository=${BASH_REMATCH[1]}
	printf '%s/%s/releases/download/v%s\n' "${GITHUB_SERVER_URL:-https://github.com}" "$repository" "$(<"$source/VERSION")"
}

# Takes the released program. Returns 1 if there is one that cannot be had, 3 if there is none for this machine.
download() {
	local directory said status=0

	directory=${RUNNER_TOOL_CACHE:-$temporary}/latwrap/$(<"$source/VERSION")/$(uname -m)
	mkdir -p -- "$directory" 2>/dev/null && [[ -w $directory ]] || directory=$temporary/latwrap-release
	said=$("$source/ci/install.sh" --to "$directory" --url "$(release_url)" 2>&1 >/dev/null) || status=$?
	binary=$directory/latwrap
	why="$why, and the release cannot be used: ${said//install: /}"
	if [[ $status -eq 0 ]] && ! version_of "$binary" >/dev/null; then
		why="the released program does not run here: $binary"
		status=1
	fi
	return "$status"
}

# Uses the latwrap in PATH if it has the right version.
find_in_path() {
	local wanted=$1 have

	if binary=$(type -P latwrap) && have=$(version_of "$binary"); then
		[[ $binary == /* ]] || binary=$PWD/$binary
		why="the latwrap in PATH has version $have, not $wanted"
		[[ $wanted == any || $have == "$wanted" ]]
		return
	fi
	why='there is none in PATH'
	return 1
}

find_binary() {
	local own wanted status=0

	own=$(<"$source/VERSION")
	wanted=${LATWRAP_INPUT_VERSION:-$own}
	if [[ -n $LATWRAP_INPUT_BINARY ]]; then
		binary=$LATWRAP_INPUT_BINARY
		[[ $binary == /* ]] || binary=$PWD/$binary
		why="'binary' names nothing that runs here: $binary"
		version_of "$binary" >/dev/null
		return
	fi
	if [[ $LATWRAP_INPUT_BUILD != always ]] && find_in_path "$wanted"; then
		return
	fi
	if [[ $wanted != any && $wanted != "$own" ]]; then
		why="${why:+$why, and }this action has version $own: use the action of version $wanted"
		return 1
	fi
	if [[ $LATWRAP_INPUT_BUILD != always ]]; then
		download || status=$?
		if [[ $status -ne 3 || $LATWRAP_INPUT_BUILD == never ]]; then
			return "$status"
		fi
	fi
	build
}

# Sets report to an absolute path in a directory that exists.
find_report() {
	local complaint

	report=${LATWRAP_INPUT_REPORT:-$directory/latwrap.json}
	if [[ $report != /* ]]; then
		report=$(cd -- "$LATWRAP_INPUT_WORKING_DIRECTORY" && pwd)/$report
	fi
	if ! complaint=$(mkdir -p -- "${report%/*}" 2>&1); then
		why="the directory of 'report' cannot be made: $complaint"
		return 1
	fi
}

# Prints a name that is unique in the run, without characters that the artifact service refuses.
artifact_name() {
	local name=${LATWRAP_INPUT_ARTIFACT//[[:cntrl:]\":<>|*?\\\/]/-} n=1 unique

	[[ $name != *XXXXXXXX ]] || name=${name%XXXXXXXX}${directory##*.}
	unique=$name
	until mkdir "$temporary/latwrap-artifact.$unique" 2>/dev/null; do
		n=$((n + 1))
		# Limit the attempts: maybe no directory can be made.
		[[ $n -lt 100 ]] || break
		unique=$name-$n
	done
	printf '%s\n' "$unique"
}

# The cache gives a job only what was saved from the same path, and a key has at most 512 characters and no comma.
# Calls of a reusable workflow have the same job, and the indexes of a matrix change with its entries.
find_baseline() {
	local name=latwrap-baseline-${GITHUB_WORKFLOW:-}-${GITHUB_JOB:-} hash

	hash=$(printf '%s\0' "$name" "$LATWRAP_INPUT_COMMAND" "$LATWRAP_INPUT_WORKING_DIRECTORY" "$LATWRAP_INPUT_MATRIX" | sha256sum)
	set_output baseline "$temporary/latwrap-baseline"
	name=${name//[^A-Za-z0-9_.-]/-}
	set_output baseline-key "${name:0:400}-${hash:0:16}-"
}

# On macOS and Windows, use only what their old bash and their paths allow.
prepare() {
	if [[ ${RUNNER_OS:-Linux} != Linux ]]; then
		why="it measures on Linux only, not on $RUNNER_OS"
		return 1
	fi
	check_inputs && find_report && find_binary
}

[[ -n ${LATWRAP_INPUT_COMMAND//[[:space:]]/} ]] || refuse "the input 'command' is empty"
[[ -d $LATWRAP_INPUT_WORKING_DIRECTORY ]] ||
	refuse "'working-directory' is none: $LATWRAP_INPUT_WORKING_DIRECTORY"
directory=$(mktemp -d "$temporary/latwrap.XXXXXXXX")
mkdir "$directory/artifact"
report='' binary=''

set_output directory "$directory"
if prepare; then
	set_output binary "$binary"
	set_output report "$report"
	[[ -z $LATWRAP_INPUT_BASELINE ]] || find_baseline
	[[ -z $LATWRAP_INPUT_ARTIFACT ]] || set_output artifact "$(artifact_name)"
else
	annotate warning 'latwrap: not measured' "The tests run without latwrap: $why."
fi
