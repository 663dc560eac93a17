#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The configurations in examples/ are right, and what a program prints of one it takes again.
. "$(dirname "$0")/lib.sh"

for program in authz authn gateway registry; do
	example=$source_dir/examples/$program.yaml
	check "examples/$program.yaml is right" "symbolon-$program" --config "$example" --check
	"symbolon-$program" --config "$example" --dump >"$work/dump.yaml"
	check "$program: its dump is right" "symbolon-$program" --config "$work/dump.yaml" --check
	check_equal "$program: its dump says the same" "$(cat "$work/dump.yaml")" \
		"$("symbolon-$program" --config "$work/dump.yaml" --dump)"
	{ cat "$example"; echo 'nonsense: 1'; } >"$work/wrong.yaml"
	said=$("symbolon-$program" --config "$work/wrong.yaml" --check 2>&1)
	check_equal "$program: a wrong one is refused with 2" 2 $?
	check_match "$program: and told where" "wrong.yaml:[0-9]+: .*nonsense" "$said"
done

# ask ADDRESS
ask() {
	exec 3<>"/dev/tcp/${1%:*}/${1##*:}"
	printf 'GET / HTTP/1.0\r\n\r\n' >&3
	cat <&3
}
start hello symbolon-hello --listen 127.0.0.1:0 --ready-file "$work/hello.ready"
check "symbolon-hello comes up" wait_file "$work/hello.ready" hello
check_match "it says hello" 'Hello, whoever you are\.' \
	"$(ask "$(json "$work/hello.ready" listen)")"
check "it stops" stop hello
check "its ready file is gone" test ! -e "$work/hello.ready"
finish
