#!/usr/bin/env bash
# Fetch what the packages need from the archive of the distribution, verified by apt; install nothing
#
# The state of apt is in a directory of its own: no root, no change to apt of the system, any architecture.
set -euo pipefail

readonly usage='usage: ci/archive.sh source PACKAGE DIR          the source of an installed -dev package, unpacked into DIR
       ci/archive.sh unpack ARCH DIR PACKAGE...  packages of ARCH with what they depend on, unpacked into DIR
       ci/archive.sh names ARCH REGEX            the names of packages of ARCH, the newest version last
       ci/archive.sh one ARCH DIR PACKAGE...     only these packages, without what they depend on'

die() {
	printf 'archive: %s\n' "$*" >&2
	exit 1
}

# Prints the repositories of the distribution that apt on this machine has.
sources() {
	local kind=$1

	apt-get indextargets --format "\$(ORIGIN) $kind \$(REPO_URI) \$(RELEASE) \$(COMPONENT)" \
		'Created-By: Packages' | sed -nE 's/^(Debian|Ubuntu) //p' | sort -u
}

# Makes the state for an architecture, and sets the array apt_options to the arguments for apt.
prepare() {
	local architecture=$1 kind=$2
	local state=${XDG_CACHE_HOME:-$HOME/.cache}/latwrap-archive/$kind-$architecture

	command -v apt-get >/dev/null || die 'this needs apt and dpkg, as in Debian and Ubuntu'
	mkdir -p "$state"/{lists,cache/archives}/partial
	exec {lock}>"$state/lock"
	flock "$lock"
	sources "$kind" >"$state/sources.list"
	[[ -s $state/sources.list ]] || die 'the lists of packages are missing: run apt-get update'
	# Nothing counts as installed, so that apt fetches all dependencies. The user of apt may have no access
	# here.
	: >"$state/status"
	apt_options=(-q -o "APT::Architecture=$architecture" -o "APT::Architectures::=$architecture"
		-o "Dir::Etc::sourcelist=$state/sources.list" -o Dir::Etc::sourceparts=-
		-o "Dir::State=$state" -o "Dir::State::status=$state/status" -o "Dir::Cache=$state/cache"
		-o Acquire::Languages=none -o APT::Sandbox::User=root -o APT::Install-Recommends=false
		-o APT::Update::Post-Invoke= -o APT::Update::Post-Invoke-Success=)
	# Once a day is enough, unless the archive has changed meanwhile: see attempt().
	if [[ -z $(find "$state/updated" -mmin -1440 2>/dev/null) ]]; then
		update
	fi
	cache=$state/cache/archives
}

update() {
	apt-get "${apt_options[@]}" update >&2
	touch "$state/updated"
}

attempt() {
	"$@" >&2 || { state=$(dirname "$(dirname "$cache")") && update && "$@" >&2; }
}

case ${1:-} in
source)
	[[ $# -eq 3 ]] || die "$usage"
	IFS='|' read -r source version < <(
		# shellcheck disable=SC2016  # dpkg-query's own variables
		dpkg-query -W -f '${source:Package}|${source:Version}\n' "$2" 2>/dev/null)
	[[ -n ${source:-} ]] || die "$2 is not installed"
	prepare "$(dpkg --print-architecture)" deb-src
	mkdir -p "$3"
	cd -- "$3"
	# Takes the same version if the archive still has it, otherwise its successor.
	attempt apt-get "${apt_options[@]}" source --download-only "$source=$version" ||
		attempt apt-get "${apt_options[@]}" source --download-only "$source"
	dpkg-source --no-check -x ./*.dsc source >&2
	;;
unpack | one)
	[[ $# -ge 4 ]] || die "$usage"
	verb=$1 architecture=$2 directory=$3
	shift 3
	prepare "$architecture" deb
	mkdir -p "$directory"
	rm -f "$cache"/*.deb
	if [[ $verb == unpack ]]; then
		attempt apt-get "${apt_options[@]}" -y --download-only install "$@"
	else
		attempt env -C "$cache" apt-get "${apt_options[@]}" download "$@"
	fi
	for package in "$cache"/*.deb; do
		dpkg-deb -x "$package" "$directory"
		rm -f "$package"
	done
	;;
names)
	[[ $# -eq 3 ]] || die "$usage"
	prepare "$2" deb
	apt-cache "${apt_options[@]}" pkgnames | grep -E "^($3)\$" | sort -V
	;;
*)
	die "$usage"
	;;
esac
