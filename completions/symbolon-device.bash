# shellcheck shell=bash
# Completion of symbolon-device in bash. The command itself says what may follow.
_symbolon_device() {
	local current=${COMP_WORDS[COMP_CWORD]}
	local candidates
	candidates=$("${COMP_WORDS[0]}" --complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || return
	if [ "$candidates" = @files ]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		compopt -o filenames 2>/dev/null
		return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$current")
}
complete -F _symbolon_device symbolon-device
