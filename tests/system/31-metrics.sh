#!/bin/bash
# What operators watch: figures that Prometheus' own parser takes and that move with what happens, and whether a
# node lives and should get work.
# time-limit: 240
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3
need curl curl
judge=$(for python in python3 /usr/bin/python3; do
	"$python" -c 'import prometheus_client' 2>/dev/null && echo "$python" && break
done)
[ -n "$judge" ] || skip_all "missing package python3-prometheus-client"

devices=3
for name in authz authn gateway; do
	more[$name.log]="metrics:"$'\n'"  listen: \"$own_ip:0\""
done
more[authn.node]="  drain: 60s"
more[authn.rp_c]="  challenge: 1s"

figures() { "$judge" -I "$source_dir/tests/system/figures.py" "${where[$1.metrics]}" "${@:2}"; }
ready() { curl -sS -o "$work/why" -w '%{http_code}' --max-time 10 "http://${where[$1.metrics]}/readyz"; }
is_ready() { [ "$(ready "$1")" = 200 ]; }
is_not_ready() { [ "$(ready "$1")" = 503 ]; }

check "a realm whose nodes can be watched" realm_start $devices
check "an application" eval "node_start hello && node_start gateway"
check "authn finds authz, and says that it is ready" wait_until 10 is_ready authn
check "the gateway finds authn" wait_until 10 is_ready gateway
check "authz is ready" is_ready authz
for name in authz authn gateway; do
	check "$name: what it serves is Prometheus' text format" figures $name check
	check_equal "$name: it lives" 200 "$(curl -sS -o /dev/null -w '%{http_code}' "http://${where[$name.metrics]}/healthz")"
done
check_equal "no bootstrap yet" 0 "$(figures authn symbolon_bootstraps_total)"
check_equal "one process is told by its build" 1 "$(figures authn symbolon_build_info program=symbolon-authn)"

# a device that gets in, one that is refused, one that never answers
check "a device" device_new dev 0
check "bootstraps" bootstrap dev
check "reaches the application" connect dev
node=${host[authn]}
respond() { "$build/tests/system/respond" "$@"; }
ask() {
	curl -sS --max-time 20 -D "$work/head" -o /dev/null -H "Authorization: $1" -H "Host: $node" \
		"http://${where[authn.rp_c_plain]}/"
}
nonce() { sed -n 's/.*nonce="\([^"]*\)".*/\1/p' "$work/head"; }
ask "$(respond 1 "$node")"
ask "$(respond 1 "$node" "$(nonce)" wrong)"
ask "$(respond 2 "$node")"
expired() { [ "$(figures authn symbolon_bootstraps_total result=expired)" = 1 ]; }
check "a challenge that nobody answered is counted" wait_until 10 expired
check_equal "a bootstrap that went well is counted" 1 "$(figures authn symbolon_bootstraps_total result=ok)"
check_equal "one that was refused is counted" 1 "$(figures authn symbolon_bootstraps_total result=refused)"
check_equal "its time is known" 1 "$(figures authn symbolon_bootstrap_seconds_count)"
check_equal "each wait for a vector is timed" 3 \
	"$(figures authn symbolon_bootstrap_phase_seconds_count phase=wait-vector)"
check_equal "authn asked for three vectors" 3 "$(figures authn symbolon_rp_b_vectors_total result=ok)"
check_equal "authz made three" 3 "$(figures authz symbolon_rp_b_vectors_total result=ok)"
check_equal "a device had one TLS connection at authn" 1 \
	"$(figures authn symbolon_handshakes_total listener=rp_c version=TLSv1.3)"
check_match "the gateway had TLS connections of devices" '^[1-9]' \
	"$(figures gateway symbolon_handshakes_total listener=rp_d version=TLSv1.3)"
check_equal "it answered 200 for its application" 1 \
	"$(figures gateway symbolon_http_answers_total at="$application" status=200)"
check_match "it keeps a token" '^[1-9]' "$(figures gateway symbolon_tokens)"
check_match "commits are timed" '^[1-9]' "$(figures authn symbolon_store_commit_seconds_count)"
check_equal "authn's peer is open" 1 "$(figures authn symbolon_diameter_peer_open peer="${host[authz]}")"
check_equal "refusals are answers with their status" 1 \
	"$(figures authn symbolon_http_answers_total at=rp_c_plain status=403)"
curl -sS -o /dev/null "http://${where[authn.rp_c_plain]}/?two=2&three=3"
check_match "so are requests that are no bootstrap" '^[1-9]' \
	"$(figures authn symbolon_http_answers_total at=rp_c_plain)"
for name in authz authn gateway; do
	check "$name: still Prometheus' text format, and without identities" figures $name check
done

check "authz goes" stop authz
check "authn says that it should get no work" wait_until 10 is_not_ready authn
check_match "and why" 'rp_b: no authorization element' "$(cat "$work/why")"
check "but that it lives" curl -sS --fail "http://${where[authn.metrics]}/healthz"
check "authz comes back" node_start authz
check "and so does authn's work" wait_until 20 is_ready authn

kill -TERM "${pids[authn]}"
check "a node that is told to stop says so first" wait_until 10 is_not_ready authn
check_match "and why" '^stopping' "$(cat "$work/why")"
check "the gateway misses nobody yet" is_ready gateway
check "a second signal does not wait" stop authn
check "the gateway says that no authn is left" wait_until 10 is_not_ready gateway
check "the gateway ends" stop gateway
check "authz ends" stop authz
finish
