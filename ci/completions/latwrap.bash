# Completes latwrap's command line in bash; latwrap --complete itself says how the line may go on
# shellcheck shell=bash

_latwrap() {
	# shellcheck disable=SC2034 # _init_completion sets prev
	local cur prev words cword
	_init_completion -n =: || return
	local at=0 found joined word

	mapfile -t found < <("${words[0]/#\~/$HOME}" --complete "${words[@]:1:cword}" 2>/dev/null)
	# Readline replaces only what follows the "=".
	[[ $cur != --*=* ]] || cur=${cur#*=}
	case ${found[0]-} in
	files) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	users) mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
	command*)
		# Readline takes "=" and ":" for words of their own: which of its words begins the command?
		for word in "${words[@]:0:${found[0]#command }}"; do
			joined=
			while [[ $joined != "$word" && $at -lt $COMP_CWORD ]]; do
				joined+=${COMP_WORDS[at]}
				at=$((at + 1))
			done
		done
		_command_offset "$at"
		;;
	esac
	found=("${found[@]:1}")
	mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W "${found[*]%%$'\t'*}" -- "$cur")
	[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
} &&
	complete -F _latwrap latwrap
