#!/bin/bash
# RP_A over HTTPS between real processes: a gateway without Diameter is pushed tokens over its event stream; when the
# authentication node is killed with the stream open, or the gateway, nothing is lost, and nothing ends that should not.
# req: B9.6.1-a B9.6.1-d B9.4.1-f
# time-limit: 240
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3

application_members=',"format":"y3056"'
eval "diameter_$(declare -f configure_authn)"
configure_authn() { # NAME
	diameter_configure_authn "$1"
	section "$1" rp_a_https "listen: \"${where[$1.rp_a_https]-$own_ip:0}\"" "keep_alive: 1s"
	section "$1" rp_a "push_wait: 2s" # machines that test are slow
}
configure_gateway() {
	section gateway rp_a "${tls[@]}" "nodes: [{host: ${host[authn]}, address: \"${where[authn.rp_a_https]}\"}]"
	echo "applications:"
	echo "  - {id: $application, listen: \"${where[gateway.rp_d]-$own_ip:0}\", mode: http, backend: \"${where[hello.listen]}\"}"
}
as_operator() { symbolon --socket "$work/authz.sock" "$@"; }
token_of() { symbolon-device bootstrap --app $application --dir "$work/$1"; }
reach() { # DEVICE
	symbolon-device connect $application --dir "$work/$1" --address "${where[gateway.rp_d]}" \
		--rp-c "${where[authn.rp_c]}" --get / | grep -q '^Hello, '
}
count() { # EVENT NODE
	grep -c "\"event\":\"$1\"" "$work/$2.log"
}
seen() { # EVENT NODE TIMES
	[ "$(count "$1" "$2")" -ge "$3" ]
}

log_level=debug
check "a realm with two devices" realm_start 2
check "the sample application" node_start hello
check "a gateway that knows no Diameter" node_start gateway
check "opens its event stream" wait_log authn '"event":"rp_a.stream_begun".*"element":"'"${host[gateway]}"'"'
check "two devices" eval "device_new one 0 && device_new two 1"
check "a token for the application" token_of one
check "is acknowledged before the device hears of it" wait_log authn '"event":"rp_a.acknowledged"'
check "and opens it" reach one
check_equal "it was not asked for" 0 "$(count rp_a.asked gateway)"

node_kill authn
check "authn killed with the stream open: the gateway notices" wait_log gateway '"event":"rp_a.stream_lost"'
check "what it knows works on" reach one
begun=$(count rp_a.stream_begun authn)
check "authn is back" node_start authn
check "another device bootstraps at once" token_of two
check "and reaches the application" wait_until 20 reach two
check "the stream is open again" wait_until 20 seen rp_a.stream_begun authn $((begun + 1))

node_kill gateway
check "the gateway killed: the node notices" wait_log authn '"event":"rp_a.stream_ended"'
as_operator revoke "$(client_of 0)" $application >/dev/null
check "the permission of one is withdrawn meanwhile" wait_log authn '"event":"token.revoked"'
check "the gateway is back" node_start gateway
check "and hears of it" wait_log gateway '"event":"token.revoked"'
check_not "so one is let in no more" reach one
check "the other is" reach two

rogue() { # CERTIFICATE-NAME
	printf 'GET /rp-a/v1/events HTTP/1.1\r\nHost: %s\r\n\r\n' "${host[authn]}" |
		timeout 10 openssl s_client -quiet -connect "${where[authn.rp_a_https]}" ${1:+-cert "$work/$1.pem" -key "$work/$1.key"} 2>&1
}
check_match "without a certificate there is no connection" 'certificate required|handshake failure|alert' "$(rogue "")"
authority stranger
issue fake "${host[gateway]}" stranger
check_match "nor with one of another authority" 'unknown ca|alert' "$(rogue fake)"
check "the gateway stops in order" stop gateway
check "authn stops in order" stop authn
check_not "no key and no device stands in a log" grep -E "$(key_of 0)|$(client_of 0)" "$work/authn.log" "$work/gateway.log"
finish
