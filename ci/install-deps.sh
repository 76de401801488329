#!/usr/bin/env bash
# Install what building latwrap needs and, with --test, what its tests and checks need
#
# Supports Debian and Ubuntu (apt-get), Fedora and its derivatives (dnf). Installs nothing, and asks for no
# privilege, if nothing is missing. On other systems it looks for the tools and lists the missing ones.
set -euo pipefail

readonly usage='usage: ci/install-deps.sh [--test] [--packages] [--cross] [--list]
  --test      also what the tests and checks need
  --packages  also what "make deb" and "make static" need, and with --test "make test-packages" (Debian, Ubuntu)
  --cross     also what "ci/package.sh static arm64" and "release" need (Debian, Ubuntu)
  --list      only print the names of the packages'

# Debian has bpftool in /usr/sbin, which is not in the PATH of all users.
PATH=$PATH:/usr/sbin:/sbin

apt_build=(gcc clang llvm make pkg-config libbpf-dev libelf-dev libcjson-dev libexpat1-dev zlib1g-dev
	libc6-dev linux-libc-dev)
apt_test=(python3 python3-pytest python3-pytest-xdist python3-pytest-forked
	python3-pytest-rerunfailures python3-freezegun python3-django python3-tblib python3-nose2 python3-stestr python3-subunit nox tox python3-jsonschema python3-dbus python3-gi libfuse3-dev fuse3
	bats parallel perl automake cmake meson ninja-build
	g++ libgtest-dev libcmocka-dev check libsubunit-dev libboost-test-dev catch2 doctest-dev faketime golang-go junit4 junit5 testng maven libsurefire-java default-jdk-headless ruby ruby-rspec ruby-minitest rake phpunit
	shellcheck clang-format clang-tidy cppcheck util-linux tmux strace fatrace
	chromium chromium-driver python3-prometheus-client cmark-gfm
	python3-yaml yamllint sudo bubblewrap libcap2-bin systemd rsync procps
	bash-completion zsh fish mandoc binutils curl wget dbus iproute2 network-manager)
apt_packages=(build-essential default-jdk-headless debhelper dpkg-dev fakeroot git libzstd-dev)
apt_cross=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross)
apt_test_packages=(lintian debootstrap cpio buildah qemu-system-arm "${apt_cross[@]}")

apt_policy=/usr/sbin/policy-rc.d

dnf_build=(gcc clang llvm make pkgconf-pkg-config libbpf-devel elfutils-libelf-devel cjson-devel
	expat-devel zlib-devel glibc-devel kernel-headers bpftool)
dnf_test=(python3 python3-pytest python3-pytest-xdist python3-jsonschema python3-test python3-dbus python3-gobject-base fuse3-devel
	fuse3 ShellCheck clang-tools-extra cppcheck compiler-rt libasan libubsan util-linux tmux npm fatrace
	python3-pyyaml yamllint sudo bats parallel perl-Test-Harness perl-Test-Simple gcc-c++ gtest-devel libcmocka-devel check-devel subunit-devel boost-devel catch2-devel doctest-devel libfaketime automake cmake meson ninja-build
	golang nodejs cargo bubblewrap libcap systemd rsync
	bash-completion zsh fish mandoc binutils curl wget dbus-daemon iproute NetworkManager)

# Docker's package of containerd has runc, and conflicts with the distribution's.
if ! command -v runc >/dev/null; then
	apt_test+=(runc)
	dnf_test+=(runc)
fi

say() {
	printf 'install-deps: %s\n' "$*" >&2
}

die() {
	say "$*"
	exit 1
}

as_root() {
	if [[ $EUID -eq 0 ]]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -- "$@"
	else
		die "not root and no sudo; as root, run: $*"
	fi
}

# The tests start NetworkManager themselves, in a network of its own. It must not take over this machine's network
# at the next boot.
mask_networkmanager() {
	local mask=/etc/systemd/system/NetworkManager.service

	if [[ -d /run/systemd/system && ! -e $mask && ! -L $mask ]]; then
		say "NetworkManager is for tests only; to use it: systemctl unmask NetworkManager.service"
		as_root ln -s /dev/null "$mask"
	fi
}

# -- Debian, Ubuntu ------------------------------------------------------------------------------

# Prints those of the named packages that are not installed.
apt_missing() {
	local installed name

	# dpkg-query fails if a name is unknown, but prints the others.
	installed=$(dpkg-query -W -f '${Package}=${db:Status-Status}\n' "$@" 2>/dev/null || true)
	for name in "$@"; do
		[[ $'\n'$installed$'\n' == *$'\n'"$name=installed"$'\n'* ]] || printf '%s\n' "$name"
	done
}

# Returns whether apt can install the package now.
apt_known() {
	local policy

	policy=$(LC_ALL=C apt-cache policy "$1" 2>/dev/null)
	[[ $policy == *Candidate:* && $policy != *'Candidate: (none)'* ]]
}

# Most container images have no lists.
apt_have_lists() {
	compgen -G '/var/lib/apt/lists/*Packages*' >/dev/null
}

# Before 25.04, Ubuntu had only a script that looks for the bpftool of the running kernel, and many kernels of
# clouds and containers have no such package. Any version of bpftool works here.
have_bpftool() {
	local tool

	for tool in bpftool /usr/lib/linux-tools/*/bpftool; do
		if "$tool" version >/dev/null 2>&1; then
			return 0
		fi
	done
	return 1
}

apt_bpftool() {
	if have_bpftool; then
		return
	fi
	apt_have_lists || apt_update
	if apt_known bpftool || ! apt_known linux-tools-generic; then
		printf '%s\n' bpftool
	else
		printf '%s\n' linux-tools-common linux-tools-generic
	fi
}

# Prints packages that only some releases have, named after a version: the test suite of CPython, and the run
# time of the sanitizers for clang, which clang only recommends. The installed packages give the versions.
apt_optional() {
	local version

	version=$(dpkg-query -W -f '${Version}' python3 2>/dev/null || true)
	if [[ $version =~ ^([0-9]+\.[0-9]+) ]]; then
		printf '%s\n' "libpython${BASH_REMATCH[1]}-testsuite"
	fi
	version=$(dpkg-query -W -f '${Depends}' clang 2>/dev/null || true)
	if [[ $version =~ clang-([0-9]+) ]]; then
		printf '%s\n' "libclang-rt-${BASH_REMATCH[1]}-dev"
	fi
	# cargo from rustup works too, and has no package.
	command -v cargo >/dev/null || printf '%s\n' cargo
}

# Node.js from other sources has its own npm, and conflicts with npm of Debian.
apt_npm() {
	if ! command -v npm >/dev/null; then
		printf '%s\n' nodejs npm
	fi
}

apt_update() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 update >&2
}

# What is installed here must not start anything (/usr/share/doc/init-system-helpers/README.policy-rc.d.gz).
forbid_services() {
	[[ " $* " != *' network-manager '* ]] || mask_networkmanager
	[[ ! -e $apt_policy ]] || return 0
	trap 'as_root rm -f -- "$apt_policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' | as_root install -m 755 /dev/stdin "$apt_policy"
}

apt_install() {
	say "installing $*"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y \
		--no-install-recommends "$@" >&2 </dev/null
}

# The package lists may be missing (a fresh container) or too old for the mirror. Fetch them only then, as this
# takes longer than all the rest.
apt_ensure() {
	local name updated=no missing

	mapfile -t missing < <(apt_missing "$@")
	[[ ${#missing[@]} -gt 0 ]] || return 0
	for name in "${missing[@]}"; do
		if ! apt_known "$name"; then
			apt_update
			updated=yes
			break
		fi
	done
	forbid_services "${missing[@]}"
	if apt_install "${missing[@]}"; then
		return 0
	fi
	[[ $updated == no ]] || die "apt-get could not install: ${missing[*]}"
	apt_update
	apt_install "${missing[@]}" || die "apt-get could not install: ${missing[*]}"
}

apt_main() {
	local packages=("${apt_build[@]}") extra name known=()

	[[ $with_tests == no ]] || packages+=("${apt_test[@]}")
	[[ $with_packages == no ]] || packages+=("${apt_packages[@]}")
	[[ $with_cross == no ]] || packages+=("${apt_cross[@]}")
	[[ $with_tests$with_packages != yesyes ]] || packages+=("${apt_test_packages[@]}")
	if [[ $list_only == yes ]]; then
		printf '%s\n' "${packages[@]}" bpftool
		return
	fi

	apt_ensure "${packages[@]}"
	# Ask for the names now: before this, the lists may be missing.
	mapfile -t extra < <(apt_bpftool)
	[[ ${#extra[@]} -eq 0 ]] || apt_ensure "${extra[@]}"
	have_bpftool || die "no bpftool that works; try: apt-get install linux-tools-generic"

	[[ $with_tests == yes ]] || return 0
	mapfile -t extra < <(apt_npm)
	[[ ${#extra[@]} -eq 0 ]] || apt_ensure "${extra[@]}"
	mapfile -t extra < <(apt_optional)
	mapfile -t extra < <([[ ${#extra[@]} -eq 0 ]] || apt_missing "${extra[@]}")
	[[ ${#extra[@]} -eq 0 ]] || apt_have_lists || apt_update
	for name in "${extra[@]}"; do
		if apt_known "$name"; then
			known+=("$name")
		fi
	done
	[[ ${#known[@]} -eq 0 ]] || apt_ensure "${known[@]}"
}

# -- Fedora --------------------------------------------------------------------------------------

dnf_main() {
	local packages=("${dnf_build[@]}") missing=() name

	[[ $with_tests == no ]] || packages+=("${dnf_test[@]}")
	if [[ $list_only == yes ]]; then
		printf '%s\n' "${packages[@]}"
		return
	fi

	# Check for provided names: a release may have renamed the package.
	if ! rpm -q --whatprovides "${packages[@]}" >/dev/null 2>&1; then
		for name in "${packages[@]}"; do
			rpm -q --whatprovides "$name" >/dev/null 2>&1 || missing+=("$name")
		done
	fi
	[[ ${#missing[@]} -gt 0 ]] || return 0
	[[ " ${missing[*]} " != *' NetworkManager '* ]] || mask_networkmanager
	say "installing ${missing[*]}"
	as_root dnf install -y --setopt=install_weak_deps=False "${missing[@]}" >&2 </dev/null ||
		die "dnf could not install: ${missing[*]} (RHEL and its rebuilds need EPEL and CRB)"
}

# -- Anything else -------------------------------------------------------------------------------

# Succeeds if the tools are there, wherever they came from.
other_main() {
	local commands=(gcc clang llvm-strip make pkg-config bpftool) name missing=()
	local libraries=(libbpf libelf libcjson expat zlib) modules=()

	if [[ $with_tests == yes ]]; then
		commands+=(python3 fusermount3 shellcheck clang-format clang-tidy cppcheck tmux npm)
		libraries+=(fuse3)
		modules+=(pytest xdist jsonschema yaml)
	fi
	for name in "${commands[@]}"; do
		command -v "$name" >/dev/null || missing+=("$name")
	done
	for name in "${libraries[@]}"; do
		pkg-config --exists "$name" 2>/dev/null || missing+=("$name (library and headers)")
	done
	for name in "${modules[@]}"; do
		python3 -c "import $name" 2>/dev/null || missing+=("$name (Python module)")
	done

	if [[ $list_only == yes ]]; then
		printf '%s\n' "${commands[@]}" "${libraries[@]}" "${modules[@]}"
		return
	fi
	[[ ${#missing[@]} -gt 0 ]] || return 0
	say "do not know how to install packages on ${PRETTY_NAME:-this system}; please install:"
	printf '  %s\n' "${missing[@]}" >&2
	exit 1
}

with_tests=no
with_packages=no
with_cross=no
list_only=no
for argument in "$@"; do
	case $argument in
	--test) with_tests=yes ;;
	--packages) with_packages=yes ;;
	--cross) with_cross=yes ;;
	--list) list_only=yes ;;
	--help)
		printf '%s\n' "$usage"
		exit 0
		;;
	*)
		printf '%s\n' "$usage" >&2
		exit 2
		;;
	esac
done

# https://www.freedesktop.org/software/systemd/man/latest/os-release.html
# shellcheck source=/dev/null
[[ ! -r /etc/os-release ]] || . /etc/os-release

case " ${ID:-} ${ID_LIKE:-} " in
*' debian '* | *' ubuntu '*) apt_main ;;
*' fedora '* | *' rhel '*) dnf_main ;;
*) other_main ;;
esac
