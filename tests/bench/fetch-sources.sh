#!/usr/bin/env bash
# Fetches and unpacks the upstream sources of Debian packages: fetch-sources.sh DIRECTORY PACKAGE...
#
# With lists of its own, so that the system's configuration of apt stays as it is.
set -euo pipefail

directory=$(mkdir -p -- "$1" && cd -- "$1" && pwd)
shift
# https://www.freedesktop.org/software/systemd/man/latest/os-release.html
# shellcheck source=/dev/null
. /etc/os-release
[[ ${ID:-} == debian ]] || {
	echo "fetch-sources: not a Debian" >&2
	exit 1
}

cd -- "$directory"
mkdir -p apt/lists/partial apt/cache/archives/partial
printf 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' \
	http://deb.debian.org/debian "$VERSION_CODENAME" >apt/sources.list
options=(-o "Dir::Etc::sourcelist=$PWD/apt/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$PWD/apt/lists"
	-o "Dir::Cache=$PWD/apt/cache" -o APT::Sandbox::User=root -qq)
apt-get "${options[@]}" update
for package in "$@"; do
	[[ ! -e $package.done ]] || continue
	apt-get "${options[@]}" source --download-only "$package"
	rm -rf -- "$package"
	mkdir -- "$package"
	tar -xf "$(printf '%s\n' "${package}"_*.orig.tar.* | head -n 1)" -C "$package" --strip-components=1
	touch -- "$package.done"
done
