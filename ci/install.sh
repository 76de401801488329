#!/usr/bin/env bash
# Install the released latwrap of one version, with its checksum verified
#
# The install.sh of a release knows its version, checksums and URL ("ci/package.sh release" writes them here). In the
# source they are in VERSION and ci/SHA256SUMS, and the URL is an argument.
set -euo pipefail
version='' sums='' url=''

readonly usage='usage: install.sh [--to DIR] [--url URL]
  --to DIR   where latwrap goes; /usr/local/bin for root, ~/.local/bin for others
  --url URL  the directory that has the files of the release
Prints the path of the program. Exit status: 3 if this version has no program for this machine, 1 after other failures.'
readonly exit_none=3

die() {
	printf 'install: %s\n' "$*" >&2
	exit 1
}

# Sets version and sums from the source tree, if this is not the script of a release.
read_source() {
	local here=${BASH_SOURCE[0]-}

	[[ -z $version && -n $here ]] || return 0
	here=$(cd -- "$(dirname -- "$here")" && pwd)
	version=$(<"$here/../VERSION")
	[[ ! -e $here/SHA256SUMS ]] || sums=$(<"$here/SHA256SUMS")
}

# Sets name and sum of the program for this machine.
choose() {
	local architecture line

	architecture=$(uname -m)
	case $(uname -s)-$architecture in
	Linux-x86_64) architecture=amd64 ;;
	Linux-aarch64) architecture=arm64 ;;
	esac
	name=latwrap-$version-linux-$architecture
	while IFS= read -r line; do
		if [[ $line =~ ^([0-9a-f]{64})\ [\ *]"$name"$ ]]; then
			sum=${BASH_REMATCH[1]}
			return
		fi
	done <<<"$sums"
	printf 'install: there is no release of latwrap %s for %s on %s\n' "$version" "$(uname -s)" "$architecture" >&2
	exit "$exit_none"
}

has_sum() {
	local found

	found=$(sha256sum "$1" 2>/dev/null) && [[ $found == *"$sum "* ]]
}

download() {
	if command -v curl >/dev/null; then
		curl --fail --silent --show-error --location --retry 2 --connect-timeout 10 --max-time 120 \
			--output "$2" -- "$1"
	elif command -v wget >/dev/null; then
		wget --no-verbose --tries=3 --timeout=20 --output-document="$2" -- "$1"
	else
		die 'neither curl nor wget is installed'
	fi
}

# The last line of this script calls it: of a script that was cut, nothing runs.
main() {
	local directory name sum new

	directory=$([[ $EUID -eq 0 ]] && printf /usr/local/bin || printf '%s/.local/bin' "$HOME")
	while [[ $# -gt 0 ]]; do
		case $1 in
		--to | --url)
			[[ $# -ge 2 ]] || die "$1 needs a value"
			if [[ $1 == --to ]]; then directory=$2; else url=$2; fi
			shift 2
			;;
		--help)
			printf '%s\n' "$usage"
			return
			;;
		*) die "'$1' is not an option: see --help" ;;
		esac
	done
	read_source
	choose
	if ! has_sum "$directory/latwrap"; then
		[[ -n $url ]] || die 'the URL of the release is unknown: give it with --url'
		mkdir -p -- "$directory"
		new=$(mktemp "$directory/.latwrap.XXXXXXXX")
		# shellcheck disable=SC2064  # now, not later
		trap "rm -f -- ${new@Q}" EXIT
		download "$url/$name" "$new" >&2 || die "cannot download $url/$name"
		has_sum "$new" || die "$url/$name is not the program that was released: its SHA-256 is not $sum"
		chmod 755 "$new"
		mv -f -- "$new" "$directory/latwrap"
	fi
	printf '%s\n' "$directory/latwrap"
}

main "$@"
