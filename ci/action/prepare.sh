#!/usr/bin/env bash
# A step of ci/action.yml: find or build latwrap, and make a directory for the report
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

find_binary() {
	local wanted=$LATWRAP_INPUT_VERSION own have

	if [[ ${RUNNER_OS:-Linux} != Linux ]]; then
		why="it measures on Linux only, not on $RUNNER_OS"
		return 1
	fi
	own=$(<"$source/VERSION")
	if [[ -n $LATWRAP_INPUT_BINARY ]]; then
		binary=$LATWRAP_INPUT_BINARY
		[[ $binary == /* ]] || binary=$PWD/$binary
		why="'binary' names nothing that runs here: $binary"
		version_of "$binary" >/dev/null
		return
	fi
	if [[ $LATWRAP_INPUT_BUILD != always ]] && binary=$(type -P latwrap) && have=$(version_of "$binary"); then
		[[ $binary == /* ]] || binary=$PWD/$binary
		if [[ $wanted == any || $have == "${wanted:-$own}" ]]; then
			return
		fi
		why="the latwrap in PATH has version $have, not ${wanted:-$own}"
	else
		why='there is none in PATH'
	fi
	[[ $LATWRAP_INPUT_BUILD != never ]] || return
	if [[ -n $wanted && $wanted != any && $wanted != "$own" ]]; then
		why="$why, and this action's source has version $own: use the action of version $wanted"
		return 1
	fi
	build
}

# Prints a name that is unique in the run, without characters that the artifact service refuses.
artifact_name() {
	local name=${LATWRAP_INPUT_ARTIFACT//[\":<>|*?\\\/]/-} n=1 unique

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

for input in ARTIFACT BINARY REPORT VERSION WORKING_DIRECTORY; do
	one_line "$input"
done
[[ -d $LATWRAP_INPUT_WORKING_DIRECTORY ]] ||
	refuse "'working-directory' is none: $LATWRAP_INPUT_WORKING_DIRECTORY"
[[ $LATWRAP_INPUT_BUILD =~ ^(auto|always|never)$ ]] || refuse "'build' is auto, always or never"

if ! find_binary; then
	binary=''
	annotate warning 'latwrap: not measured' "The tests run without latwrap: $why."
fi

directory=$(mktemp -d "$temporary/latwrap.XXXXXXXX")
report=${LATWRAP_INPUT_REPORT:-$directory/latwrap.json}
if [[ $report != /* ]]; then
	report=$(cd -- "$LATWRAP_INPUT_WORKING_DIRECTORY" && pwd)/$report
fi
mkdir -p -- "${report%/*}" "$directory/artifact"

set_output binary "$binary"
set_output directory "$directory"
set_output report "$report"
if [[ -n $LATWRAP_INPUT_ARTIFACT ]]; then
	set_output artifact "$(artifact_name)"
fi
