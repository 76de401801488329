#!/bin/sh
# Print the wrappers of test runners as elements of a C array: path below wrappers/, bytes, number of bytes
set -eu

for file in "$@"; do
	printf '{ "%s", (const unsigned char[]){\n' "${file##*wrappers/}"
	od -An -v -tx1 "$file" | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'
	printf '0 }, %d },\n' "$(wc -c <"$file")"
done
