#!/bin/bash
# symbolon-authn and symbolon-gateway under kill -9: every B-TID that a device was told of can be pulled
# afterwards with the right key; an application is reached again as soon as its gateway is back.
# time-limit: 300
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3

devices=24
kills=5
check "a realm with $devices devices" realm_start $((devices + 2))
start crowd "$build/tests/system/crowd" --address "${where[authn.rp_c_plain]}" --node "${host[authn]}" \
	--devices $devices --tokens "$work/tokens"

lines() { # FILE
	wc -l <"$1" 2>/dev/null || echo 0
}
grown() { # FILE LINES
	[ "$(lines "$1")" -ge "$2" ]
}
tokens_go_on() {
	wait_until 20 grown "$work/tokens" $(($(lines "$work/tokens") + 200))
}
kill_and_back() {
	tokens_go_on && node_kill authn && node_start authn && alive crowd
}
for round in $(seq $kills); do
	check "authn killed and back, $round" kill_and_back
done
check "bootstraps go on" tokens_go_on
check "no device met anything that is odd" stop crowd
sed 's/^/# /' "$work/crowd.log"

check "every token that was acknowledged is there, with its key" pull "$work/tokens"
tail -n 1 "$work/.said" | sed 's/^/# /'
sed 's/ .*/ 0101010101010101010101010101010101010101010101010101010101010101/; 1q' "$work/tokens" >"$work/wrong"
check_not "(a wrong key would have been noticed)" pull "$work/wrong"
check "authn stops in order" stop authn
check "its database is whole" integrity authn
check "authn comes up again" node_start authn

check "the sample application" node_start hello
check "its gateway" node_start gateway
check "two devices" eval "device_new one $devices && device_new two $((devices + 1))"
check "bootstrap over TLS" eval "bootstrap one && bootstrap two"
check "one reaches the application" connect one
node_kill gateway
check_not "not while the gateway is dead" connect one
check "the gateway is back" node_start gateway
check "and with the same token the application is reached" connect one
node_kill authn
check "what the gateway knows works on without authn" connect one
node_kill gateway
check "a gateway starts without authn" node_start gateway
check "and still knows what it knew" connect one
check_not "what it would have to ask for is refused" connect two
had=$(symbolon-device tokens --json --dir "$work/two")
check "authn is back" node_start authn
check "and the other reaches the application too" wait_until 20 connect two
check_equal "with the token it had" "$had" "$(symbolon-device tokens --json --dir "$work/two")"
check "they stop in order" eval "stop gateway && stop authn && stop authz"
finish
