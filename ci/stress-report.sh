#!/usr/bin/env bash
# Run a real test suite (that of CPython, from Debian) alone, beside busy CPUs and beside a busy disk; and PostgreSQL on a busy disk
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

latwrap=${LATWRAP:-build/latwrap}
out=${1:-build/stress}
tests=${TESTS:-test_threading test_mailbox test_shelve}
# Twice as many spinners as the machine has CPUs.
spinners=$((2 * $(nproc)))

need=()
command -v stress-ng >/dev/null || need+=(stress-ng)
command -v pgbench >/dev/null || need+=(postgresql)
/usr/bin/python3 -c 'import test.test_threading' 2>/dev/null ||
	need+=("libpython$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')-testsuite")
if [ ${#need[@]} -gt 0 ]; then
	apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null
fi
mkdir -p "$out/files"
out=$(realpath "$out")
trap 'umount -l "$out/files" 2>/dev/null || true; rm -rf "$out/files" "$out/disk.img"; jobs -p | xargs -r kill 2>/dev/null || true' EXIT

# PostgreSQL refuses to run as root.
database() {
	local name=$1 directory=$out/files/database programs
	programs=$(echo /usr/lib/postgresql/*/bin)
	printf '\n== %s\n' "$name"
	install -d -o postgres -g postgres "$directory"
	chmod 755 "$out" "$out/files"
	cat >"$directory/run" <<-END
		PATH=$programs:\$PATH
		cd $directory
		initdb -D data -A trust >/dev/null
		pg_ctl -D data -w -l server.log -o "-k $directory -c listen_addresses=" start >/dev/null
		pgbench -h $directory -q -i -s 2 postgres
		pgbench -h $directory -c 4 -j 2 -t 100 postgres
		pg_ctl -D data -m fast -w stop >/dev/null
	END
	"$latwrap" --user postgres -o "$directory/report.json" -- sh -e "$directory/run" \
		>"$out/$name.log" 2>"$out/$name.txt" || true
	mv "$directory/report.json" "$out/$name.json"
	cat "$out/$name.txt"
}

suite() {
	local name=$1
	printf '\n== %s\n' "$name"
	# The temporary files of the suite and of the stressor are on one disk.
	# shellcheck disable=SC2086
	TMPDIR="$out/files" "$latwrap" -o "$out/$name.json" -- /usr/bin/python3 -m test -q $tests \
		>"$out/$name.log" 2>"$out/$name.txt" || true
	cat "$out/$name.txt"
}

beside() {
	local what=$1 name=$2
	shift 2
	"$@" &
	local stressor=$!
	"$what" "$name"
	kill "$stressor"
	wait "$stressor" || true
}

stress() {
	exec stress-ng --temp-path "$out/files" --quiet "$@"
}

# What a backup does.
copy() {
	local program
	trap 'kill "$program"; exit' TERM
	while :; do
		dd if=/dev/zero of="$out/files/copy" bs=1M count=200 conv=fsync status=none &
		program=$!
		wait "$program"
	done
}

suite alone
beside suite cpu stress --cpu "$spinners"
beside suite disk stress --hdd 2 --hdd-opts fsync
truncate -s 4G "$out/disk.img"
mkfs.ext4 -q -F "$out/disk.img"
mount -o loop "$out/disk.img" "$out/files"
beside database database copy
