#!/usr/bin/env bash
# Check all of our files statically: layout, shell scripts, three analyzers for C, and warnings of BPF
#
# "make check" calls this after making the generated headers. It checks all files and shows all complaints; it
# fails if there is one. Arguments select checks: format, shell, cppcheck, tidy, gcc, bpf; valgrind.
set -uo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." || exit

build=${BUILD_DIR:-build}
jobs=$(nproc)
mapfile -t c_files < <(git ls-files '*.c' '*.h')
mapfile -t sources < <(git ls-files 'src/*.c')
mapfile -t scripts < <(git ls-files | xargs grep -lE '^#!.*\b(ba)?sh$')
flags=(-D_GNU_SOURCE '-DLATWRAP_VERSION="0"' -Isrc -Ibpf "-I$build")
read -ra library_flags < <(pkg-config --cflags libbpf libelf libcjson expat zlib)

check_format() {
	clang-format --dry-run -Werror "${c_files[@]}"
}

check_shell() {
	shellcheck -x --source-path=SCRIPTDIR --exclude=SC2187,SC2317 "${scripts[@]}" ci/completions/latwrap.bash \
		wrappers/bats/*.bash wrappers/shell/latwrap.sh
}

# Leaves out generated files: cppcheck needs more than an hour for the strings of a skeleton. With several jobs it
# does not follow calls between files.
check_cppcheck() {
	cppcheck --quiet --std=c11 --enable=warning,portability,performance --inline-suppr \
		--suppressions-list=ci/cppcheck.suppressions --error-exitcode=1 \
		-D_GNU_SOURCE '-DLATWRAP_VERSION="0"' -Isrc -Ibpf --include=ci/cppcheck.h src
}

tidy() {
	xargs -0 -I{} -P "$jobs" clang-tidy --quiet --warnings-as-errors='*' "$@" {} -- \
		-std=gnu11 "${flags[@]}" "${library_flags[@]}" 2>/dev/null
}

# clang-tidy does not understand who frees what in the skeletons of bpftool.
check_tidy() {
	local result=0

	grep -LZ 'skel\.h"' "${sources[@]}" | tidy || result=1
	grep -lZ 'skel\.h"' "${sources[@]}" | tidy --checks=-clang-analyzer-unix.Malloc || result=1
	return "$result"
}

# gcc needs optimization for these warnings. -S, because an assembler that root runs replaces /dev/null.
check_gcc() {
	printf '%s\0' "${sources[@]}" |
		xargs -0 -I{} -P "$jobs" gcc -std=gnu11 "${flags[@]}" "${library_flags[@]}" -O1 -fanalyzer -Werror -S {} -o /dev/null
}

# Here a warning is an error. In the build it is none: later compilers have other warnings.
check_bpf() {
	clang -target bpf -O2 -D__TARGET_ARCH_x86 -Wall -Wno-gnu-variable-sized-type-not-at-end -Werror -fsyntax-only bpf/*latwrap*.bpf.c \
		bpf/facts.bpf.c
}

# Runs unit tests, and each view of real reports, in valgrind. Not a default check: it takes minutes.
check_valgrind() {
	local report test view
	local under=(valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite)

	for test in "$build"/tests/unit/test_*; do
		# Valgrind before 3.22 does not know openat2(2).
		[[ $test != */test_target ]] || continue
		"${under[@]}" "$test" >/dev/null || { printf '%s\n' "$test"; return 1; }
	done
	for view in $("$build/latwrap" --complete report --format= | sed 1d | cut -f 1); do
		[[ $view != junit && $view != fatrace ]] || continue # these read other files than reports
		for report in tests/golden/text/*.json; do
			"${under[@]}" "$build/latwrap" report -f "$view" "$report" >/dev/null ||
				{ printf '%s %s\n' "$view" "$report"; return 1; }
		done
	done
}

failed=0
for check in "${@:-format shell cppcheck tidy gcc bpf}"; do
	for name in $check; do
		SECONDS=0
		"check_$name" || failed=1
		printf '  %-8s %d s\n' "${name^^}" "$SECONDS"
	done
done
exit "$failed"
