#!/bin/bash
# One token opens several applications of one ASP, and no others (9.6.1).
# req: B9.6.1-e
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3

group=group.example
configure_gateway() {
	local name
	section gateway diameter "${tls[@]}" "reconnect: 50ms" \
		"peers: [{host: ${host[authn]}, realm: $realm, address: \"${where[authn.rp_a]-$own_ip:1}\"}]"
	echo "applications:"
	for name in one.example two.example; do
		echo "  - {id: $name, group: $group, listen: \"${where[gateway.rp_d]-$own_ip:0}\", mode: http, backend: \"${where[hello.listen]}\"}"
	done
	echo "  - {id: $application, listen: \"${where[gateway.rp_d]-$own_ip:0}\", mode: http, backend: \"${where[hello.listen]}\"}"
}
application_add() { # ID [MORE]
	operator POST /v1/applications '{"id":"'"$1"'","asp":"'"$asp"'","format":"y3056","ua":["0100000007","010001ccac"]'"${2-}"'}'
}
as_operator() { symbolon --socket "$work/authz.sock" "$@"; }
all_up() {
	realm_start && application_add $group && application_add one.example ',"group":"'$group'"' &&
		application_add two.example ',"group":"'$group'"' &&
		as_operator grant "$(client_of 0)" $group && node_start hello && node_start gateway && device_new dev 0
}
check "a realm, and a gateway before two applications of a group and another one" all_up
check "the realm takes its announcement" wait_log authn '"event":"rp_a.serves".*"application":"two.example"'
check "a token for the one" symbolon-device bootstrap --app one.example --dir "$work/dev"

reveal() { symbolon-device key "$1" --dir "$work/dev" --reveal; }
identity=$(symbolon-device key one.example --dir "$work/dev")
knock() { # SERVER-NAME [HOST]
	printf 'GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "${2-$1}" |
		timeout 20 openssl s_client -quiet -connect "${where[gateway.rp_d]}" -servername "$1" -tls1_3 \
			-psk_identity "$identity" -psk "$key" 2>&1
}
key=$(reveal one.example)
check_equal "its key is the group's: the same for the other" "$key" "$(reveal two.example)"
check_match "it opens the one" 'Hello, ' "$(knock one.example)"
check_match "and the other" 'Hello, ' "$(knock two.example)"
check_match "each under its own name" '421' "$(knock one.example two.example)"
check_match "but none that is not in the group" 'alert unknown psk identity' "$(knock $application)"
as_operator revoke "$(client_of 0)" $group >/dev/null
check "the permission for the group goes" wait_log gateway '"event":"token.revoked"'
check_match "and with it the one" 'alert unknown psk identity' "$(knock one.example)"
check_match "and the other" 'alert unknown psk identity' "$(knock two.example)"
finish
