#!/bin/bash
# Every command and every option of every program stands in its manual page, and completion offers it.
. "$(dirname "$0")/lib.sh"

man=$source_dir/docs/man
# Its text without the marks of Markdown.
plain() { sed 's/\\--/--/g; s/\*\*//g; s/\*//g' "$man/$1.md"; }
# missing PAGE WORD...: those that do not stand there as words
missing() {
	local page word
	page=$(plain "$1")
	shift
	for word in "$@"; do
		grep -qE -- "(^|[^a-z-])$word([^a-z-]|\$)" <<<"$page" || echo "$word"
	done
}
offered() { "$1" --complete "${@:2}" | grep -v '^@'; }
helped() { "$@" --help 2>&1 | grep -oE -- '(^| |\[)--[a-z][a-z-]*' | grep -oE -- '--[a-z-]+' | sort -u; }

for program in symbolon symbolon-device; do
	page=$program.1
	mapfile -t nouns < <(offered "$program" "" | grep "^[a-z]")
	check "$program: completion knows its commands" test "${#nouns[@]}" -ge 5
	check_equal "$program: all commands are in the manual" "" "$(missing "$page" "${nouns[@]}")"
	for noun in "${nouns[@]}"; do
		mapfile -t verbs < <(offered "$program" "$noun" "" | grep -E '^[a-z]+$')
		check_match "$program --help names $noun" "$noun" "$("$program" --help)"
		[ "${#verbs[@]}" = 0 ] || check_equal "$program $noun: its verbs are in the manual" "" "$(missing "$page" "${verbs[@]}")"
		for verb in "${verbs[@]:-}"; do
			mapfile -t options < <(offered "$program" "$noun" ${verb:+"$verb"} --)
			check_equal "$program $noun $verb: its options are in the manual" "" "$(missing "$page" "${options[@]}")"
			told=$(helped "$program" "$noun" ${verb:+"$verb"} | grep -vxF -- --complete |
				grep -vxF -f <(printf '%s\n' "${options[@]}" --help --version --options))
			check_equal "$program $noun $verb: completion offers what --help tells" "" "$told"
		done
	done
done
for program in symbolon-authz symbolon-authn symbolon-gateway symbolon-registry; do
	mapfile -t options < <("$program" --help | grep -oE -- '^ +--[a-z-]+(=[a-z]+)?|, --[a-z-]+' | tr -d ' ,')
	check "$program tells its options" test "${#options[@]}" -ge 8
	check_equal "$program: all options are in the manual" "" "$(missing "$program.8" "${options[@]}")"
done
finish
