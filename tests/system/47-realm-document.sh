# shellcheck shell=bash
# Devices and application elements that configure themselves from a realm's document; and what they do when it is forged, older,
# expired, another realm's, or not to be had.
# req: B7.1-a B7.1-h B7.4-e B7.6-b B10.1
# time-limit: 120
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need jose jose

application_members=',"format":"y3056"'
for name in realm other; do
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/$name.key" 2>/dev/null
	openssl pkey -in "$work/$name.key" -pubout -out "$work/$name.pub"
	chmod 600 "$work/$name.key"
	openssl pkey -in "$work/$name.key" -outform DER | python3 -c 'import base64, json, sys
der = sys.stdin.buffer.read()
b64 = lambda b: base64.urlsafe_b64encode(b).rstrip(b"=").decode()
at = der.index(b"\x04\x20") + 2
print(json.dumps({"kty": "EC", "crv": "P-256", "d": b64(der[at:at + 32]), "x": b64(der[-64:-32]), "y": b64(der[-32:])}))' >"$work/$name.jwk"
done
documented() { # KEY OTHER...
	local others
	others=$(printf ", \"$work/%s.pub\"" "${@:2}")
	[ $# = 1 ] && others=
	more[authn.rp_c]="realm_document:
  key: \"$work/$1.key\"
  other_keys: [${others#, }]
  trust_anchors: \"$work/ca.pem\"
  portal: \"https://${host[authz]}:8443\"
rp_a_https: {listen: \"$own_ip:0\"}"
}
documented realm
check "a realm with a document" realm_start 2
url=https://${host[authn]}

# --- a device ---
key_json() { printf '{"algorithm":"milenage","k":"%s","opc":"%s","amf":"8000"}' "$(key_of "$1")" "$(opc_of "$1")"; }
add() { # DIR NUMBER OPTION...
	key_json "$2" | symbolon-device realm add "$url" --dir "$work/$1" --client "$(client_of "$2")" --key-file - "${@:3}"
}
ends() { # STATUS REGEX COMMAND...
	local status=0 said
	said=$("${@:3}" 2>&1 >/dev/null </dev/null) || status=$?
	echo "status $status: $said"
	[[ $status =~ ^$1$ ]] && [[ $said =~ $2 ]]
}
at=(--address "${where[authn.rp_c]}")
check "the realm's key is wanted" ends 2 'anchor FILE is wanted' add none 0 "${at[@]}"
check "with another key nothing is believed" ends 4 'signed by nobody' add none 0 "${at[@]}" --anchor "$work/other.pub"
check "who does not answer" ends 3 "127.0.0.1:1|refused" add none 0 --address 127.0.0.1:1 --anchor "$work/realm.pub"
check "no such URL" ends 2 'not https' symbolon-device realm add http://a.example --dir "$work/none" \
	--client "$(client_of 0)" --key-file /dev/null --anchor "$work/realm.pub"
check_not "nothing was made of all that" test -e "$work/none/device.json"
check "a device is made from URL, anchor, client and key" add dev 0 "${at[@]}" --anchor "$work/realm.pub"
device() { symbolon-device "$1" --dir "$work/dev" "${@:2}"; }
listed() { device realm list --json; }
check_match "the node stands there with its address" "\"${host[authn]}\",\"address\":\"${where[authn.rp_c]}\"" "$(listed)"
check "and its certificate, as the document has it" cmp <(openssl x509 -in "$work/ca.pem" -outform DER) \
	<(openssl x509 -in "$work/dev/realm-$realm.pem" -outform DER)
check_match "nothing else is needed to bootstrap" "@${host[authn]}" "$(device bootstrap --app "$application" --json)"
check "not twice" ends 1 'already' add dev 0 "${at[@]}" --anchor "$work/realm.pub"
check "with the operator's certificate as well" add ca 1 "${at[@]}" --anchor "$work/realm.pub" --ca "$work/ca.pem"
symbolon-device realm add "https://${host[authn]}" "${at[@]}" --dir "$work/cross" --anchor "$work/realm.pub" \
	--client a@two.example --key-file <(key_json 0) 2>"$work/said"
check_match "a client of another realm" 'of another realm than two.example' "$(cat "$work/said")"

# --- an application element ---
gateway_yaml() { # ADDRESS MORE: no peers, no authority, no realm of its own
	printf '%s\n' "node: {host: ${host[gateway]}, realm: $application}" "store: {url: \"sqlite:$work/gateway.db\"}" \
		"seal: {master_key: \"$work/gateway.master\"}" \
		"diameter: {certificate: \"$work/gateway.pem\", key: \"$work/gateway.key\", reconnect: 50ms}" \
		"realm: {address: \"$1\", refresh: 1s${2-}}" \
		"applications: [{id: $application, listen: \"${where[gateway.rp_d]-$own_ip:0}\", backend: \"${where[hello.listen]}\"}]" >"$work/gateway.yaml"
}
gateway() { # OPTION...
	rm -f "$work/gateway.ready"
	: >"$work/gateway.log"
	start gateway symbolon-gateway --config "$work/gateway.yaml" --ready-file "$work/gateway.ready" "$@"
	wait_file "$work/gateway.ready" gateway || return
	where[gateway.rp_d]=$(json "$work/gateway.ready" rp_d)
}
check "an application" node_start hello
gateway_yaml "${where[authn.rp_c]}"
check "a gateway needs the key too" ends 1 'needs realm.anchor' symbolon-gateway --config "$work/gateway.yaml" --realm "$url"
check "with another key it does not start" ends 1 'no document could be had' symbolon-gateway --config "$work/gateway.yaml" \
	--realm "$url" --anchor "$work/other.pub"
check "without a realm it misses its peers' certificates" ends 1 'diameter.authority is missing' \
	symbolon-gateway --config "$work/gateway.yaml"
check "with URL and key it does" gateway --realm "$url" --anchor "$work/realm.pub"
check "and connects to the node that the document names" wait_log gateway "diameter.peer.up.*${host[authn]}"
check_match "a device reaches the application through it" '^Hello, ' "$(device connect "$application" --address "${where[gateway.rp_d]}" --get /)"
check "it stops" stop gateway

streams() { grep -c '"event":"rp_a.stream_begun"' "$work/authn.log"; }
gateway_yaml "${where[authn.rp_c]}" ", carrier: https"
check "it starts with HTTPS as the carrier" gateway --realm "$url" --anchor "$work/realm.pub"
check "and opens its stream at the node that the document names" wait_log authn '"event":"rp_a.stream_begun"'
check_match "a device reaches the application through it" '^Hello, ' "$(device connect "$application" --address "${where[gateway.rp_d]}" --get /)"
check_not "Diameter is not spoken" grep -q diameter.peer.up "$work/gateway.log"
check "it stops once more" stop gateway

# --- one who copies the document, with certificates of his own ---
authority thief
issue impostor "${host[authn]}" thief
curl -sS --cacert "$work/ca.pem" --connect-to "::${where[authn.rp_c]}" -o "$work/real" "$url/.well-known/bootstrapping-realm"
cp "$work/real" "$work/copied"
start impostor python3 "$source_dir/tests/system/document_server.py" "$own_ip" "$work/impostor.pem" "$work/impostor.key" "$work/copied" "$work/impostor.ready"
check "somebody else serves it" wait_file "$work/impostor.ready" impostor
check "he is not the node that it names" ends 4 'certificate' add thieved 1 --address "$(cat "$work/impostor.ready")" --anchor "$work/realm.pub"

# --- documents that are not to be taken ---
issue node "${host[authn]}"
start node python3 "$source_dir/tests/system/document_server.py" "$own_ip" "$work/node.pem" "$work/node.key" "$work/served" "$work/node.ready"
check "the node's name serves what we like" wait_file "$work/node.ready" node
payload() { python3 -c 'import base64, sys; part = sys.stdin.read().split(".")[1]
print(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode())' <"$work/real"; }
sign() { # KEY CHANGE: a payload, changed by jq
	payload | jq -c "${2//, ./ | .}" | jose jws sig -I- -k "$work/$1.jwk" -s '{"protected":{"typ":"bootstrapping-realm","alg":"ES256"}}' -c -o "$work/served"
}
served=$(cat "$work/node.ready")
only_here=".nodes = [{host: \"${host[authn]}\", address: \"$served\", rp_a: \"${where[authn.rp_a]}\"}]"
sign realm "$only_here | .serial += 5"
update() { device realm update --json; }
check "another device, of that node alone" add follower 1 --address "$served" --anchor "$work/realm.pub"
device() { symbolon-device "$1" --dir "$work/follower" "${@:2}"; }
known=$(listed)
unchanged() { check_equal "$1: what was known stays" "$known" "$(listed)"; }
other_alone=".keys = [$(jq -c 'del(.d)' "$work/other.jwk")]"
while IFS='|' read -r what key change why; do
	sign "$key" "$only_here$change"
	check "one that is $what is refused" ends '[14]' "$why" update
	unchanged "$what"
done <<END
older|realm|, .serial += 4|serial
expired|realm|, .serial += 6, .expires = "2020-01-01T00:00:00Z"|expired
forged|other|, .serial += 6|signed by nobody
of another realm|realm|, .serial += 6, .realm = "two.example"|another realm
of other keys alone|realm|, .serial += 6, $other_alone|none of the keys
END
head -c 20000 /dev/zero | tr '\0' a >"$work/served"
check "one that is too long" ends '[13]' 'longer|body|ceiling|Content-Length' update
unchanged "too long"
rm "$work/served"
check "none at all" ends 3 'has no realm document' update
unchanged "none"
sign realm "$only_here | .serial += 6 | .keys += [$(jq -c 'del(.d)' "$work/other.jwk")]"
check "the next key is told by the one that is known" update
sign other "$only_here | .serial += 7 | .keys = [$(jq -c 'del(.d)' "$work/other.jwk")]"
check "then the next key signs" update
sign realm "$only_here | .serial += 8"
check "and the old one no more" ends 4 'signed by nobody' update

# --- an application element follows, and keeps what it had ---
copy() { jq -r .document "$work/gateway.db.realm" | cut -d. -f2 | tr -- -_ +/ | base64 -d 2>/dev/null; }
serial() { copy | grep -o '"serial":[0-9]*'; }
rm -f "$work"/gateway.db.realm*
sign realm "$only_here | .serial += 20 | .keys += [$(jq -c 'del(.d)' "$work/other.jwk")] | .nodes[0].rp_a = \"$own_ip:1\""
gateway_yaml "$served"
check "a gateway whose realm is at a place where nobody is" gateway --realm "$url" --anchor "$work/realm.pub"
before=$(serial)
check_not "has no node" grep -q diameter.peer.up "$work/gateway.log"
sign realm "$only_here | .serial += 19"
check "an older document" wait_log gateway 'realm.not_updated.*serial'
sign other "$only_here | .serial += 21 | .keys = [$(jq -c 'del(.d)' "$work/other.jwk")]"
check "the next one, under the next key: it goes to the node that is named now" wait_log gateway "diameter.peer.up.*${host[authn]}"
check_not "and keeps that one" test "$before" = "$(serial)"
kept=$(serial)
check_match "sessions go on" '^Hello, ' "$(device connect "$application" --address "${where[gateway.rp_d]}" --rp-c "${where[authn.rp_c]}" --get /)"
rm "$work/served"
check "none at all" wait_log gateway 'realm.not_updated.*has no realm document'
check "is no reason to leave" alive gateway
check "it stops" stop gateway
check "it comes back with what it kept" gateway --realm "$url" --anchor "$work/realm.pub"
check "to the same node" wait_log gateway "diameter.peer.up.*${host[authn]}"
check_equal "under the key that it had followed to" "$kept" "$(serial)"
check "it stops again" stop gateway

# --- the same over HTTPS ---
rm -f "$work"/gateway.db.realm*
sign realm "$only_here | .serial += 30"
gateway_yaml "$served" ", carrier: https"
check "a realm without HTTPS is of no use with that carrier" ends 1 "none with an address for realm.carrier" \
	symbolon-gateway --config "$work/gateway.yaml" --realm "$url" --anchor "$work/realm.pub"
sign realm "$only_here | .serial += 31 | .nodes[0].rp_a_https = \"$own_ip:1\""
check "one with a place where nobody is" gateway --realm "$url" --anchor "$work/realm.pub"
begun=$(streams)
sign realm "$only_here | .serial += 32 | .nodes[0].rp_a_https = \"${where[authn.rp_a_https]}\""
more_streams() { [ "$(streams)" -gt "$begun" ]; }
check "the next document: it goes to the place that is named now" wait_until 20 more_streams
check_match "and sessions go on" '^Hello, ' "$(device connect "$application" --address "${where[gateway.rp_d]}" --rp-c "${where[authn.rp_c]}" --get /)"
check "it stops for good" stop gateway
finish
