#!/bin/bash
# Slow and silent clients on RP_C, RP_B and RP_D: they are dropped in time, and nobody else notices.
# time-limit: 300
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3

more[authn.rp_c]=$'  head: 2s\n  idle: 4s'
gateway_handshake=2s
authz_peers=", {host: puppet.$realm, realm: $realm}"
check "a realm" realm_start 1
check "an application" eval "node_start hello && node_start gateway && issue puppet puppet.$realm"
check "a device" eval "device_new dev 0 && bootstrap dev && connect dev"
cases_of python3 "$source_dir/tests/system/stalled.py" "${where[authn.rp_c_plain]}" "${where[authn.rp_c]}" \
	"${where[authz.rp_b]}" "${where[gateway.rp_d]}" "$work" "${host[authn]}" "${host[authz]}" "$(client_of 0)" \
	"${pids[authn]}" "${pids[authz]}" "${pids[gateway]}" 100 2
check "the device bootstraps" bootstrap dev
check "and reaches the application" connect dev
check "all stop in order" eval "stop gateway && stop authn && stop authz"
finish
