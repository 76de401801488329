#!/usr/bin/env bash
# Run a command in a bare installation of Debian or Ubuntu, with a clean clone of HEAD
#
# usage: ci/bare.sh [--release NAME --mirror URL] [COMMAND]
# The release is this machine's own, or the one of the options.
#
# In there is the minimal system with git and make, and nothing else, so that nothing passes on what this machine
# happens to have. It is the root of a mount namespace, on this machine's kernel. Needs root and debootstrap. The
# default command is that of "make test-bare".
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

readonly cache=${XDG_CACHE_HOME:-$HOME/.cache}/latwrap-bare

die() {
	printf 'bare: %s\n' "$*" >&2
	exit 1
}

# Prints where the apt of this machine gets the release from.
own_mirror() {
	apt-get indextargets --format "\$(RELEASE) \$(REPO_URI)" 'Created-By: Packages' |
		sed -n "s/^$release //p" | head -n 1
}

# Makes an archive of the pristine installation, which later calls use again.
make_pristine() {
	local from=$mirror work

	[[ -n $from ]] || from=$(own_mirror)
	[[ -n $from ]] || die 'the lists of packages are missing: run apt-get update'
	work=$(mktemp -d "$cache/new.XXXXXXXX")
	debootstrap --variant=minbase --include=ca-certificates,git,make "$release" "$work" "$from" >"$cache/log" 2>&1 ||
		die "debootstrap failed: see $cache/log"
	chmod 755 "$work"
	tar -C "$work" -cf "$pristine.new" .
	rm -rf --one-file-system "$work"
	mv "$pristine.new" "$pristine"
}

# Gives the installation the ways of this machine to its registries: names, certificates, mirrors.
connect() {
	local file

	for file in resolv.conf hosts; do
		cp -L "/etc/$file" "$root/etc/"
	done
	cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
	[[ ! -e ~/.npmrc ]] || cp ~/.npmrc "$root/root/"
	[[ -z $mirror ]] || return 0
	rm -f "$root/etc/apt/sources.list"
	for file in sources.list sources.list.d trusted.gpg.d; do
		[[ ! -e /etc/apt/$file ]] || cp -r "/etc/apt/$file" "$root/etc/apt/"
	done
}

# Runs the command as it would run on a machine of its own: no variable and no mount of this one is left.
run() {
	local name environment=(HOME=/root LANG=C.UTF-8 "TERM=${TERM:-dumb}"
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
		NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt)

	for name in http_proxy https_proxy no_proxy; do
		[[ -z ${!name-} ]] || environment+=("$name=${!name}")
	done
	# shellcheck disable=SC2016  # expanded by the inner shell
	unshare --mount --propagation private bash -ec '
		cd -- "$1"
		shift
		mount --bind . . && cd -- "$PWD"
		for name in proc sys dev; do
			mount --rbind "/$name" "$name"
		done
		mount -t tmpfs tmpfs run
		mkdir .before
		pivot_root . .before
		umount -l /.before
		rmdir /.before
		cd /src/latwrap
		exec /usr/bin/env -i "$@"
	' bare "$root" "${environment[@]}" bash -c "$command" </dev/null
}

# shellcheck source=/dev/null
release=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
mirror=''
while [[ ${1-} == --* ]]; do
	case $1 in
	--release) release=$2 ;;
	--mirror) mirror=$2 ;;
	*) die "'$1' is not an option" ;;
	esac
	shift 2
done
readonly command=${*:-'make demo && CI=true make test'}

[[ $EUID -eq 0 ]] || die 'this needs root'
command -v debootstrap >/dev/null || die 'missing package debootstrap: run ci/install-deps.sh --test --packages'
pristine=$cache/$release.tar
git diff --quiet HEAD || printf 'bare: what is not committed is left out\n' >&2

mkdir -p "$cache"
exec {lock}>"$cache/lock"
flock "$lock"
[[ -e $pristine ]] || make_pristine
root=$(mktemp -d "$cache/root.XXXXXXXX")
trap 'rm -rf --one-file-system "$root"' EXIT
tar -C "$root" -xf "$pristine"
flock -u "$lock"
mkdir -p "$root/src"
git clone -q . "$root/src/latwrap"
connect
run
