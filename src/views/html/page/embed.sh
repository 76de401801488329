#!/bin/sh
# Prints a C header with the page's style and script, and their hashes for its Content-Security-Policy
#
# usage: embed.sh STYLE.css SCRIPT.js...
#
# The scripts become one, in a function of its own. Comment lines and indentation are left out, as
# they are of no use in every report; no string of ours goes over several lines. Only coreutils and
# awk are needed.
set -eu

style=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

{
	echo '"use strict";'
	echo '(() => {'
	cat -- "$@"
	echo '})();'
} | sed -e 's/^[[:blank:]]*//' -e '/^\/\//d' -e '/^$/d' >"$work/script"
sed -e 's/^[[:blank:]]*//' -e '/^\/\*.*\*\/$/d' -e '/^$/d' -- "$style" >"$work/style"

# The SHA-256 of a file in base64: sha256sum prints it in hexadecimal, three digits of which are
# two of base64.
hash_of() {
	sha256sum <"$1" | awk '{
		digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
		hex = substr($1, 1, 64) "00"
		for (i = 1; i <= 66; i += 3) {
			n = 0
			for (k = 0; k < 3; k++)
				n = n * 16 + index("0123456789abcdef", substr(hex, i + k, 1)) - 1
			out = out substr(digits, int(n / 64) + 1, 1) substr(digits, n % 64 + 1, 1)
		}
		print substr(out, 1, 43) "="
	}'
}

part() {
	printf '#define %s_HASH "sha256-%s"\n' "$1" "$(hash_of "$3")"
	printf 'static const unsigned char %s[] = {\n' "$2"
	od -An -v -tx1 -w24 "$3" | sed -e 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'
	printf '};\n'
}

echo '/* The parts of the HTML view, made by src/views/html/page/embed.sh */'
part HTML_STYLE html_style "$work/style"
part HTML_SCRIPT html_script "$work/script"
