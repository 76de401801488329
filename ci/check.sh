#!/usr/bin/env bash
# Static checks of everything that is ours: layout, shell scripts, and three analyzers for C
#
# Called by "make check", which makes the generated headers first. All files are looked at, and all
# complaints shown; one complaint fails it. Arguments choose some: format, shell, cppcheck, tidy, gcc.
set -uo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." || exit

build=${BUILD_DIR:-build}
jobs=$(nproc)
mapfile -t c_files < <(git ls-files '*.c' '*.h')
mapfile -t sources < <(git ls-files 'src/*.c')
mapfile -t scripts < <(git ls-files | xargs grep -lE '^#!.*\b(ba)?sh$')
read -ra flags <<<"-std=gnu11 -D_GNU_SOURCE -DLATWRAP_VERSION=\"0\" -Isrc -Ibpf -I$build $(
	pkg-config --cflags libbpf libelf libcjson expat zlib)"

check_format() {
	clang-format --dry-run -Werror "${c_files[@]}"
}

check_shell() {
	shellcheck --exclude=SC2187,SC2317 "${scripts[@]}" ci/completions/latwrap.bash \
		wrappers/bats/*.bash wrappers/shell/latwrap.sh
}

check_cppcheck() {
	cppcheck --quiet -j "$jobs" --std=c11 --enable=warning,portability,performance --inline-suppr \
		"--suppress=*:$build/*" --suppressions-list=ci/cppcheck.suppressions --error-exitcode=1 \
		"${flags[@]}" src
}

# Not what includes libbpf's skeletons: they are full of what it dislikes.
check_tidy() {
	printf '%s\0' "${sources[@]}" | grep -zv '^src/run/trace' |
		xargs -0 -I{} -P "$jobs" clang-tidy --quiet --warnings-as-errors='*' {} -- "${flags[@]}" 2>/dev/null
}

# Its warnings come with optimization only. -S, as an assembler run by root replaces /dev/null.
check_gcc() {
	printf '%s\0' "${sources[@]}" |
		xargs -0 -I{} -P "$jobs" gcc "${flags[@]}" -O1 -fanalyzer -Werror -S {} -o /dev/null
}

failed=0
for check in "${@:-format shell cppcheck tidy gcc}"; do
	for name in $check; do
		SECONDS=0
		"check_$name" || failed=1
		printf '  %-8s %d s\n' "${name^^}" "$SECONDS"
	done
done
exit "$failed"
