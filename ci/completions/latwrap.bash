# Completes latwrap's command line in bash; latwrap --help itself says what options there are
# shellcheck shell=bash

# Of each option that the help lists: its spelling, and what stands for its value. "=NAME" is a format.
_latwrap_options() {
	"$@" --help 2>/dev/null | awk '
		/^Formats:/ { formats = 1; next }
		/^$/ { formats = 0 }
		formats { print "=" $1 }
		/^  +-/ {
			sub(/^ +/, "")
			sub(/  .*/, "")
			value = ""
			for (i = split($0, spellings, /, /); i > 0; i--) {
				if (split(spellings[i], word, /[= ]/) > 1)
					value = word[2]
				else if (spellings[i] ~ /^--/)
					value = ""
				print word[1], value
			}
		}'
}

_latwrap_value() {
	local words

	case $1 in
	FILE) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	FORMAT) mapfile -t COMPREPLY < <(compgen -W "$(sed -n 's/^=//p' <<<"$options")" -- "$cur") ;;
	WHEN) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$cur") ;;
	NAME\|UID*) mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
	*)
		# Of "auto|none|NAME" the words in small letters.
		words=$(tr '|' '\n' <<<"$1" | grep '^[a-z]*$')
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
		;;
	esac
}

_latwrap() {
	local cur prev words cword
	_init_completion || return
	local at=1 name option options program=("${words[0]/#\~/$HOME}") subcommands value values

	subcommands=" run $("${program[@]}" --help 2>/dev/null | awk '/^ +latwrap [a-z]/ { printf "%s ", $2 }')"
	if [[ $cword -gt 1 && $subcommands == *" ${words[1]} "* ]]; then
		program+=("${words[1]}")
		at=2
	fi
	options=$(_latwrap_options "${program[@]}")
	local -A values=()
	while read -r name value; do
		values[$name]=$value
	done <<<"$options"

	# The value of an option. Readline takes the "=" before it for a word.
	option=$prev
	[[ $prev != '=' || $cword -lt 2 ]] || option=${words[cword - 2]}
	[[ $cur != '=' ]] || cur=
	while [[ $at -lt $cword && ${words[at]} == -?* && ${words[at]} != -- ]]; do
		name=${words[at]}
		at=$((at + 1))
		if [[ ${words[at]-} == '=' || -n ${values[$name]-} ]]; then
			[[ ${words[at]-} != '=' ]] || at=$((at + 1))
			at=$((at + 1))
			while [[ ${words[at]-} == : ]]; do
				at=$((at + 2))
			done
		fi
	done
	if [[ $at -gt $cword || ($at -eq $cword && $prev == '=') || $cur$prev == '=' ]]; then
		_latwrap_value "${values[$option]-}"
		return
	fi

	if [[ $at -eq $cword && $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(awk '/^-/ { print $1 ($2 ~ /./ && /^--/ ? "=" : "") }' <<<"$options")" -- "$cur")
		[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
		return
	fi
	[[ ${words[at]} != -- ]] || at=$((at + 1))
	case ${program[1]-run} in
	run)
		_command_offset "$at"
		[[ $cword -ne 1 ]] || mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W "$subcommands" -- "$cur")
		;;
	span)
		# latwrap span NAME [--] COMMAND
		at=$((at + 1))
		[[ ${words[at]-} != -- ]] || at=$((at + 1))
		[[ $at -gt $cword ]] || _command_offset "$at"
		;;
	doctor) ;;
	*) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	esac
} &&
	complete -F _latwrap latwrap
