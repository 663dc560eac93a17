#!/bin/bash
# `symbolon check`: what a configuration names is looked at before a start, and each fault is told with what to do.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3

realm_files
where[authn.rp_a]=$own_ip:7001 where[authn.rp_c]=$own_ip:7002 where[authn.rp_c_plain]=$own_ip:7003
configure authn
checked() { symbolon check authn --config "$work/authn.yaml"; }
check "what is right is right" checked
check_match "and told to be" '0 errors' "$(cat "$work/.said")"
cp "$work/authn.yaml" "$work/right.yaml"

# with SED-SCRIPT WORDS...: a fault is found, and its line says so
with() {
	sed "$1" "$work/right.yaml" >"$work/authn.yaml"
	shift
	checked >"$work/said" 2>&1
	[ $? = 2 ] || { cat "$work/said"; echo "status is not 2"; return 1; }
	for words in "$@"; do
		grep -q "^error: $words" "$work/said" || { cat "$work/said"; echo "no line: $words"; return 1; }
	done
}
issue stranger other.example
check "a certificate of another name" with "s|authn.pem|stranger.pem|" \
	"diameter.certificate: .*stranger.pem: not for ${host[authn]}: issue one" \
	"diameter.certificate: .*key of another certificate"
authority foreign
issue foreigner "${host[authn]}" foreign
check "a certificate of another authority" with "s|authn\.pem|foreigner.pem|; s|authn\.key|foreigner.key|" \
	"diameter.certificate: .*not of an authority in"
openssl x509 -req -in "$work/authn.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days -1 \
	-extfile <(echo "subjectAltName=DNS:${host[authn]}") -out "$work/old.pem" 2>/dev/null
check "a certificate that has expired" with "s|authn\.pem|old.pem|" "diameter.certificate: .*expired"
check "one that is not there" with "s|authn\.pem|none.pem|" "diameter.certificate: .*No such file"
cp "$work/authn.key" "$work/open.key"
chmod 644 "$work/open.key"
check "a key that others may read" with "s|authn\.key|open.key|" "diameter.key: .*chmod 600"
cp "$work/authn.master" "$work/open.master"
chmod 640 "$work/open.master"
check "a master key that others may read" with "s|authn\.master|open.master|" "seal.master_key: .*chmod 600"
check "an address that is taken twice" with "s|$own_ip:7003|$own_ip:7002|" "rp_c.listen_plain: .* is taken already by rp_c.listen"
check "an address within all addresses" with "s|$own_ip:7003|0.0.0.0:7001|" "rp_c.listen_plain: .* is taken already by diameter.listen"
check "an address of another machine" with "s|$own_ip:7003|192.0.2.77:7003|" "rp_c.listen_plain: .*no interface"
check "a peer's name that nobody knows" with "s|address: \"[^\"]*\"|address: \"nobody.invalid:5658\"|" \
	"diameter.peers.0..address: nobody.invalid: .*DNS"
check "a folder that is not there" with "s|sqlite:[^\"]*|sqlite:$work/none/authn.db|" "store.url: .*No such file"
soon=$work/soon.pem
openssl x509 -req -in "$work/authn.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 60 \
	-extfile <(echo "subjectAltName=DNS:${host[authn]}") -out "$soon" 2>/dev/null
sed "s|authn\.pem|soon.pem|" "$work/right.yaml" >"$work/authn.yaml"
check "warnings alone are no failure" checked
check_match "certificates that end soon are warned of" 'warning: diameter.authority: .*expires in' "$(checked)"
echo 'nonsense: 1' >>"$work/authn.yaml"
check "what is wrong in itself is told as before" ends_with 2 checked
check_match "with its line" 'authn.yaml:[0-9]+: .*nonsense' "$(cat "$work/.said")"
check "usage" ends_with 2 symbolon check registry
check "usage of the program" ends_with 2 symbolon-authn --config "$work/right.yaml" --check=everything
finish
