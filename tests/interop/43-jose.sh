# shellcheck shell=bash
# The realm document of a running node, verified by jose (latchset): signature, key ids, certificates, and a change of the
# signing key under SIGHUP.
# req: B7.5-a B7.5-b B10.1
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../system/realm.sh"
need jose jose
need openssl openssl
need curl curl

new_key() { # NAME: $work/NAME.key, .pub, and .jwk for jose
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/$1.key" 2>/dev/null
	chmod 600 "$work/$1.key"
	openssl pkey -in "$work/$1.key" -pubout -out "$work/$1.pub"
	openssl pkey -pubin -in "$work/$1.pub" -pubout -outform DER | python3 -c 'import base64, json, sys
point = sys.stdin.buffer.read()[-64:]
b64 = lambda b: base64.urlsafe_b64encode(b).rstrip(b"=").decode()
print(json.dumps({"kty": "EC", "crv": "P-256", "x": b64(point[:32]), "y": b64(point[32:])}))' >"$work/$1.jwk"
}
fetch() { # FILE
	curl -sS --cacert "$work/ca.pem" --connect-to "::${where[authn.rp_c]}" -o "$1" -D "$1.head" \
		"https://${host[authn]}/.well-known/bootstrapping-realm"
}
payload() { python3 -c 'import base64, sys; part = sys.stdin.read().split(".")[1]
print(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode())' <"$work/document" >"$work/payload.json"; }
verifies() { # KEY; what jose 11 writes to -O may lack its last byte
	jose jws ver -i "$work/document" -k "$work/$1.jwk" -O /dev/null && payload
}
said() { json "$work/payload.json" "$1"; }
kid_of() { said "$1" | jose jwk thp -i- -a S256; } # MEMBER: a JWK
keys_named() { # their thumbprints
	local i
	for i in 0 1; do
		kid_of "keys.$i" 2>/dev/null && echo
	done | paste -sd' '
}
thumbprint() { jose jwk thp -i "$work/$1.jwk" -a S256; }
documented() { # SIGNING OTHER...
	local others
	others=$(printf ", \"$work/%s.pub\"" "${@:2}")
	[ $# = 1 ] && others=
	more[authn.rp_c]="realm_document:
  key: \"$work/$1.key\"
  other_keys: [${others#, }]
  trust_anchors: \"$work/ca.pem\"
  portal: \"https://${host[authz]}:8443\"
  change_key: \"$work/envelope.pub\""
}

new_key first
new_key second
new_key envelope
new_key stranger
check "a realm" realm_start 0
check "whose node ends" stop authn
documented first
check "comes back with a signing key" node_start authn
check "serves its document" fetch "$work/document"
check_match "as what it is" 'application/jose' "$(cat "$work/document.head")"
check "jose verifies it with the realm's key" verifies first
check_not "and not with another" verifies stranger
cut() { sed 's/\.[A-Za-z0-9_-]/.A/' "$work/document" >"$work/forged"; ! cmp -s "$work/document" "$work/forged"; }
check "one that was changed" cut
check_not "does not verify" jose jws ver -i "$work/forged" -k "$work/first.jwk" -O /dev/null

# --- what it says, is so ---
check_equal "the realm" "$realm" "$(said realm)"
check_equal "this node, where devices reach it" "${where[authn.rp_c]}" "$(said nodes.0.address)"
check_equal "and application elements" "${where[authn.rp_a]}" "$(said nodes.0.rp_a)"
check_equal "the other one has the portal" "authz ${host[authz]}" "$(said nodes.1.role) $(said nodes.1.host)"
check_equal "how ASPs join" "https://${host[authz]}:8443/join/asp" "$(said join.asp)"
check_match "the protocols of devices, with TLS and without as it listens" 'AKAv2-SHA-256.*"tcp"' "$(said reference_points.rp_c)"
check_match "of application elements" 'diameter-zn' "$(said reference_points.rp_a)"
check_match "and of applications, with the ids that keys are made under" '0100000007' "$(said reference_points.rp_d)"
check_equal "the formats" '["y3056", "gba"]' "$(said formats)"
told() { fetch "$work/document" && payload && jq -e '.degrees | length > 0' "$work/payload.json" >/dev/null; }
check "the security degrees, as the authorization element has them" wait_until 10 told
check_equal "by name, lifetime and strength" "high 3600" "$(jq -r '.degrees[] | select(.name == "high") | "\(.name) \(.lifetime)"' "$work/payload.json")"
check_equal "the key by its thumbprint, as jose makes it" "$(thumbprint first)" "$(keys_named)"
check_equal "the key for changes of operator" "$(thumbprint envelope)" "$(kid_of change.key)"
said trust_anchors.0 | base64 -d | openssl x509 -inform DER -out "$work/told.pem" 2>/dev/null
check_equal "the certificate that its nodes are verified against" \
	"$(openssl x509 -in "$work/ca.pem" -noout -fingerprint)" "$(openssl x509 -in "$work/told.pem" -noout -fingerprint)"
check "with which TLS comes up" curl -sS --cacert "$work/told.pem" --connect-to "::${where[authn.rp_c]}" -o /dev/null \
	"https://${host[authn]}/.well-known/bootstrapping-realm"
echo "# $(wc -c <"$work/document") bytes"
check "it is small" test "$(wc -c <"$work/document")" -lt 8192

# --- the key changes while the node runs ---
reload() { # the document is another one afterwards
	cp "$work/document" "$work/before"
	configure authn && kill -HUP "${pids[authn]}" && wait_until 10 changed
}
changed() { fetch "$work/document" && ! cmp -s "$work/before" "$work/document"; }
documented first second
check "the next key is told of" reload
check "under the present one" verifies first
check_equal "both are named" "$(thumbprint first) $(thumbprint second)" "$(keys_named)"
documented second first
check "then it signs" reload
check "jose verifies with it" verifies second
documented missing
refused() { configure authn && kill -HUP "${pids[authn]}" && wait_log authn realm_document.not_reloaded; }
check "a key that is not there changes nothing" refused
cp "$work/document" "$work/before"
check "what is served stays" fetch "$work/document"
check "signed as before" verifies second
check "authn stops" stop authn
finish
