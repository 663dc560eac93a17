#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Bootstraps with public keys (10.4, NOTE) as others make them: curl and openssl s_client with a certificate, and a client
# on libssl that derives the token by itself, with which openssl s_client then opens the application.  req: B10.4-asym
# time-limit: 120
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../system/realm.sh"
need openssl openssl
need curl curl
need python3 python3
python3 -c 'import cryptography' 2>/dev/null || need cryptography python3-cryptography

application_members=',"format":"y3056"'
client=imei-90420156025763@$realm
more[authn.rp_c]="  head: 5s"
check "a realm comes up" realm_start
check "its application too" node_start hello
check "with its gateway" node_start gateway

self_signed() { # NAME DAYS
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=device -days "$2" \
		-keyout "$work/$1.key" -out "$work/$1.pem" 2>/dev/null
}
export SYMBOLON_SOCKET=$work/authz.sock
check "a device makes a key pair" self_signed device 2
check "and is registered with its certificate" \
	symbolon device add "$client" --subscriber alice --certificate "$work/device.pem"
check "with the permission to use the application" symbolon grant "$client" "$application"

url=https://${host[authn]}:${where[authn.rp_c]##*:}/?app=$application
# asks NAME OPTIONS...: the status and the answer, as curl with that certificate gets them
asks() {
	local name=$1
	shift
	curl -sS --max-time 20 --cacert "$work/ca.pem" --connect-to "::$own_ip:" -w ' %{http_code}' \
		${name:+--cert "$work/$name.pem" --key "$work/$name.key"} "$@" "$url" 2>&1
}
check_match "curl gets a token" \
	'"token":"[A-Za-z0-9_-]{24}@'"${host[authn]}"'".*"rand":"[A-Za-z0-9_-]{22}","client":"'"$client"'".* 200$' \
	"$(asks device)"

own_key() { # NAME COUNT
	python3 "$source_dir/tests/interop/own_key.py" "${where[authn.rp_c]}" "${host[authn]}" "$work/ca.pem" \
		"$work/$1.pem" "$work/$1.key" "$application" 0100000007 "${2-1}"
}
read -r token key <<<"$(own_key device)"
check_match "a client on libssl derives the same token id" '^[A-Za-z0-9_-]{24}@' "$token"
request() { printf 'GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$application"; }
said=$(request | timeout 20 openssl s_client -connect "${where[gateway.rp_d]}" -ign_eof -psk_identity "y3056;$token" \
	-psk "$key" -servername "$application" -tls1_3 2>&1)
check_match "and the same key: the application answers" '200 OK.*Hello, ' "${said//$'\n'/ }"

own_key device 2 >"$work/twice"
check_equal "two bootstraps on one connection: two tokens, two keys" "2 2" \
	"$(cut -d' ' -f1 "$work/twice" | sort -u | wc -l) $(cut -d' ' -f2 "$work/twice" | sort -u | wc -l)"

# --- what is refused ---
check_match "no certificate" 'no Authorization .* and no client certificate.* 400$' "$(asks '')"
self_signed stranger 2
check_match "a certificate that nobody registered" \
	'10.4/1d: no device is registered with this certificate.s key.* 403$' "$(asks stranger)"
cp "$work/device.key" "$work/expired.key"
python3 - "$work" <<'END'
import datetime, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
key = serialization.load_pem_private_key(open(sys.argv[1] + "/device.key", "rb").read(), None)
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "device")])
day = datetime.timedelta(days=1)
now = datetime.datetime.utcnow()
made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(7).not_valid_before(now - 2 * day).not_valid_after(now - day).sign(key, hashes.SHA256()))
open(sys.argv[1] + "/expired.pem", "wb").write(made.public_bytes(serialization.Encoding.PEM))
END
check_match "one that has expired, though its key is the registered one" '10.4/1d: .* has expired.* 403$' "$(asks expired)"
cp "$work/device.pem" "$work/other.pem"
cp "$work/stranger.key" "$work/other.key"
check_match "the certificate of a device whose key one has not" 'key|400|035$|058$' "$(asks other)"
check_match "TLS 1.2, which shows the certificate to all" 'over TLS 1.3 alone.* 403$' "$(asks device --tls-max 1.2)"
check_match "no application" 'says for which application.* 400$' \
	"$(url=${url%/*}/ asks device)"
plain=$(curl -sS --max-time 20 -w ' %{http_code}' "http://${where[authn.rp_c_plain]}/?app=$application" 2>&1)
check_match "plain HTTP" 'no client certificate.* 400$' "$plain"
check_match "the permission of another application" 'permission flag is not set.* 403$' \
	"$(url=${url%=*}=other.example asks device)"
check "the registration is revoked" symbolon device set "$client" --no-public-key
check_match "from then on the key is nobody's" 'no device is registered.* 403$' "$(asks device)"

# --- certificates of an authority ---  req: B9.2.1-a
certificate() { # NAME SUBJECT-ALT-NAME AUTHORITY
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -keyout "$work/$1.key" 2>/dev/null |
		openssl x509 -req -CA "$work/$3.pem" -CAkey "$work/$3.key" -CAcreateserial -days 2 \
			-extfile <(echo "subjectAltName=$2") -out "$work/$1.pem" 2>/dev/null
}
urn=urn:gsma:imei:90420156-025764-0
certificate named "URI:$urn" ca
check_match "one that names no device" 'no device is registered.* 403$' "$(asks named)"
operator POST /v1/devices '{"client":"mac-0024befffe804ff1@'"$realm"'","subscriber":"alice","device":"'"$urn"'","certified":true}' \
	>/dev/null
check "a device that its authority vouches for" symbolon grant "mac-0024befffe804ff1@$realm" "$application"
check_match "is known by its name" '"client":"mac-0024befffe804ff1@.* 200$' "$(asks named)"
authority forger
certificate forged "URI:$urn" forger
check_match "another authority's word is nothing" 'no device is registered.* 403$' "$(asks forged)"

check_equal "nobody is named in the logs" 0 "$(grep -c -e 90420156 -e 0024befffe804ff1 "$work/authn.log" || true)"
check "authn stops cleanly" stop authn
finish
