#!/bin/bash
# Malformed, ambiguous and oversized HTTP on RP_C: each is answered with its status or dropped, and others are served.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3

check "a realm" realm_start 1
cases_of python3 "$source_dir/tests/system/http_input.py" "${where[authn.rp_c_plain]}" "${where[authn.rp_c]}" \
	"$work/ca.pem" "${host[authn]}" "$(client_of 0)" "${pids[authn]}"
check "a device bootstraps" eval "device_new dev 0 && bootstrap dev"
check_equal "nothing of it was an error of the node" "" "$(grep '"level":"error"' "$work/authn.log")"
check "the nodes stop in order" eval "stop authn && stop authz"
finish
