#!/usr/bin/env bash
# Build what can be distributed: a source archive, Debian packages, and a static program
#
# dist                $O/dist/latwrap-VERSION.tar.gz, from the commit: the same bytes on each machine
# deb                 $O/dist/*.deb and their source package, from that archive and ci/debian
# static [ARCH]       $O/static/latwrap (x86-64: this machine) or $O/static-arm64/latwrap (cross-built)
# release             $O/release: the static programs and what else a release has; and ci/SHA256SUMS, to be committed
# installer           the release's install.sh, which finds the programs at RELEASE_URL
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

version=$(<VERSION)
output=$(realpath -m "${O:-build}")
read -ra make <<<"${MAKE:-make} --no-print-directory"

die() {
	printf 'package: %s\n' "$*" >&2
	exit 1
}

# need FLAGS COMMAND...: what is missing, before anything else is said
need() {
	local flags=$1 name

	shift
	for name in "$@"; do
		command -v "$name" >/dev/null ||
			die "missing $name; on Debian and Ubuntu, ci/install-deps.sh $flags installs it"
	done
}

# Prints the time of the commit, for all files with a time stamp.
commit_time() {
	git log -1 --format=%ct
}

dist() {
	local archive=$output/dist/latwrap-$version.tar.gz

	git rev-parse --git-dir >/dev/null 2>&1 || die 'dist needs the Git repository: it packs what is committed'
	[[ $(git show HEAD:VERSION) == "$version" ]] || die 'VERSION is not committed'
	git diff --quiet HEAD || printf 'package: what is not committed is left out\n' >&2
	mkdir -p "$output/dist"
	# Call gzip explicitly, without a time stamp: the formats of git may be configured differently.
	git archive --format=tar --prefix="latwrap-$version/" HEAD | gzip -9n >"$archive.new"
	mv "$archive.new" "$archive"
	printf '%s\n' "$archive"
}

# Takes version and date from the source, so that nobody has to maintain a changelog here.
debian_changelog() {
	printf 'latwrap (%s-1) unstable; urgency=medium\n\n  * Version %s: see changelog.gz.\n\n' \
		"$version" "$version"
	printf ' -- %s <%s>  %s\n' "${DEBFULLNAME:-latwrap developers}" \
		"${DEBEMAIL:-latwrap@packages.invalid}" "$(LC_ALL=C date -u -R -d "@$(commit_time)")"
}

deb() {
	local archive work

	need --packages git dh dpkg-buildpackage fakeroot g++ pkg-config clang
	archive=$(dist)
	work=$(mktemp -d)
	# shellcheck disable=SC2064  # now, not later
	trap "rm -rf '$work'" EXIT
	cp "$archive" "$work/latwrap_$version.orig.tar.gz"
	tar -C "$work" -xf "$archive"
	cp -r ci/debian "$work/latwrap-$version/debian"
	debian_changelog >"$work/latwrap-$version/debian/changelog"
	# Remove the variables of the outer make, above all the build directory.
	env -C "$work/latwrap-$version" -u O -u MAKE -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
		dpkg-buildpackage --no-sign "-j$(nproc)" >&2
	rm -f "$output"/dist/*.deb
	mv "$work"/*.{deb,dsc,changes,buildinfo,debian.tar.xz,orig.tar.gz} "$output/dist/"
	ls "$output"/dist/*.deb
}

# Debian has no libcjson.a: build it from the source of the same version, with the patches of the distribution.
make_cjson() {
	local compiler=$1 directory=$2

	if [[ ! -e $directory/lib/libcjson.a ]]; then
		need --packages apt-get dpkg-source
		rm -rf "$directory/cjson"
		ci/archive.sh source libcjson-dev "$directory/cjson"
		mkdir -p "$directory/lib"
		"$compiler" -O2 -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2 \
			"-ffile-prefix-map=$directory=." -c "$directory/cjson/source/cJSON.c" -o "$directory/cjson.o"
		"${compiler%gcc}ar" rcD "$directory/lib/libcjson.a" "$directory/cjson.o"
	fi
}

static_native() {
	local directory=$output/static libdir

	need --packages gcc clang pkg-config
	libdir=$(pkg-config --variable=libdir libcjson 2>/dev/null) || true
	[[ -n $libdir ]] || die 'missing libcjson; on Debian and Ubuntu, ci/install-deps.sh --packages installs it'
	# Before anything is fetched
	"${make[@]}" missing >&2
	[[ -e $libdir/libcjson.a ]] || make_cjson gcc "$directory"
	"${make[@]}" O="$directory" STATIC=1 LDFLAGS="-L$directory/lib -s" all >&2
	printf '%s\n' "$directory/latwrap"
}

static_arm64() {
	local directory=$output/static-arm64 root=$output/static-arm64/root triplet=aarch64-linux-gnu

	need '--packages --cross' $triplet-gcc dpkg-source clang
	if [[ ! -e $root/complete ]]; then
		ci/archive.sh one arm64 "$root" libbpf-dev libelf-dev libcjson-dev zlib1g-dev libzstd-dev libexpat1-dev
		touch "$root/complete"
	fi
	make_cjson $triplet-gcc "$directory"
	PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$root/usr/lib/$triplet/pkgconfig \
		"${make[@]}" O="$directory" STATIC=1 CC=$triplet-gcc CPPFLAGS="-isystem $root/usr/include" \
		LDFLAGS="-L$directory/lib -L$root/usr/lib/$triplet -s" all >&2
	printf '%s\n' "$directory/latwrap"
}

# Fills in the line of install.sh that is empty in the source.
installer() {
	local filled line sums

	sums=$(<ci/SHA256SUMS)
	filled="version=${version@Q} sums=${sums@Q} url=${RELEASE_URL@Q}"
	while IFS= read -r line; do
		[[ $line != "version='' sums='' url=''" ]] || line=$filled
		printf '%s\n' "$line"
	done <ci/install.sh
}

release() {
	local directory=$output/release

	[[ -n ${RELEASE_URL-} ]] || die 'RELEASE_URL must say where the files of the release will be'
	rm -rf "$directory"
	mkdir -p "$directory"
	cp "$(static_native)" "$directory/latwrap-$version-linux-amd64"
	cp "$(static_arm64)" "$directory/latwrap-$version-linux-arm64"
	(cd "$directory" && sha256sum latwrap-*) >ci/SHA256SUMS
	cp "$(dist)" docs/report.schema.json "$directory"
	installer >"$directory/install.sh"
	chmod 755 "$directory/install.sh"
	(cd "$directory" && sha256sum -- *) >"$output/SHA256SUMS"
	mv "$output/SHA256SUMS" "$directory"
	ls "$directory"
}

case "${1:-} ${2:-}" in
'dist ') dist ;;
'deb ') deb ;;
'static ') static_native ;;
'static arm64') static_arm64 ;;
'release ') release ;;
'installer ') installer ;;
*) die 'usage: ci/package.sh dist | deb | static [arm64] | release | installer' ;;
esac
