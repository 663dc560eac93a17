#!/bin/bash
# Strangers, impostors and malformed messages on RP_B and RP_A: none gets anything, and peers that are right are served.
# time-limit: 300
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3

puppet=puppet.$realm
more[authz.diameter]="  listen_plain: \"$own_ip:0\""
more[authn.diameter]="  listen_plain: \"$own_ip:0\""
authz_peers=", {host: $puppet, realm: $realm}"
authn_peers="  - {host: $puppet, realm: $realm}"
check "a realm" realm_start 1
check "certificates of a peer, and of another authority for the same name" \
	eval "issue puppet $puppet && issue stranger stranger.app.example && authority other-ca && issue impostor $puppet other-ca"
cases() { # NAME ADDRESS PLAIN APPLICATION...
	local name=$1 tls=$2 plain=$3
	shift 3
	cases_of python3 "$source_dir/tests/system/diameter_input.py" "$tls" "$plain" "$work" "${host[$name]}" $realm \
		"${pids[$name]}" "${where[authn.rp_c_plain]}" "${host[authn]}" "$(client_of 0)" "$@"
}
echo "# authz, RP_B"
cases authz "${where[authz.rp_b]}" "${where[authz.rp_b_plain]}" 16777221 1
echo "# authn, RP_A"
cases authn "${where[authn.rp_a]}" "${where[authn.rp_a_plain]}" 16777220
check_equal "the peers that are right never lost each other" "" \
	"$(grep -h '"event":"diameter.peer.\(down\|replaced\)"' "$work/authz.log" "$work/authn.log" | grep -v $puppet)"
check "a device bootstraps" eval "device_new dev 0 && bootstrap dev"

echo "# authn, where another stands in authz's place"
believes_none() { wait "${pids[impostor]}"; }
check "a certificate in the name of authz" issue false-authz "${host[authz]}" other-ca
node_kill authz
start impostor python3 "$source_dir/tests/system/impostor.py" "${where[authz.rp_b]}" "$work" "$work/impostor.ready"
check "impostors are there" wait_file "$work/impostor.ready" impostor
check "meanwhile a device is told to come back later" ends_with $unreachable bootstrap dev
check "authn believes none of them" believes_none
sed 's/^/# /' "$work/impostor.log"
for reason in 'certificate verify failed|self.signed|unable to get local issuer' 'mismatch' 'authz2.realm.example'; do
	check "the log says why: $reason" grep -Eq "diameter.*\"detail\":.*($reason)" "$work/authn.log"
done
check "authz is back" node_start authz
check "and the device bootstraps" wait_until 20 bootstrap dev
check "the nodes stop in order" eval "stop authn && stop authz"
finish
