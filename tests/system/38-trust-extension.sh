#!/bin/bash
# Flow 10.3 step by step between real processes, each role at the portal by its own sign-in, until a device runs a session over RP_D that
# ends when consent is withdrawn. Two ASPs cannot join what they see, an ASP gets exactly what was granted, and no
# identity stands in any log.
# req: B10.3 B7.3 B7.5-d B7.5-f B7.6-c B7.7-d B7.7-e B9.2.2-h B9.4.1-g B9.6.1-b
# time-limit: 180
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3
need curl curl
need jose jose

other=other.example other_asp=cin:U72200KA2001PTC028001
host[second]=gateway.other.example
log_level=debug
user=carol password='correct horse 7'
subscriber_name='Carol Example' birthdate=1990-01-31 mail=carol@mail.example

configure_authz() {
	section "$1" diameter "listen: \"${where[$1.rp_b]-$own_ip:0}\"" "${tls[@]}" \
		"peers: [{host: ${host[authn]}, realm: $realm}]"
	section "$1" operator "socket: \"$work/$1.sock\""
	section "$1" portal "listen: \"${where[$1.portal]-$own_ip:0}\"" "${tls[@]}" "password_memory: 8192"
	section "$1" extension "key: \"$work/realm-signs.key\""
}
configure_gateway() {
	section gateway diameter "${tls[@]}" "reconnect: 50ms" \
		"peers: [{host: ${host[authn]}, realm: $realm, address: \"${where[authn.rp_a]-$own_ip:1}\"}]"
	echo "applications:"
	echo "  - {id: $application, listen: \"${where[gateway.rp_d]-$own_ip:0}\", mode: http, backend: \"$backend\"}"
}

# A backend that says what it was told.
cat >"$work/echo.py" <<'END'
import http.server, sys
class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = "".join(f"{n}: {v}\n" for n, v in self.headers.items() if n.startswith("Symbolon-"))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer((sys.argv[1], 0), Echo)
open(sys.argv[2], "w").write(str(server.server_address[1]))
server.serve_forever()
END
start echo python3 "$work/echo.py" "$own_ip" "$work/echo.ready"
check "an application" wait_file "$work/echo.ready" echo
backend=$own_ip:$(cat "$work/echo.ready")

realm_signs() { # the realm's signing key, and its public half as it stands in the realm document
	(umask 077 && openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/$1.key" 2>/dev/null) &&
		openssl pkey -in "$work/$1.key" -pubout -out "$work/$1.pub"
}
# portal WHO METHOD PATH [BODY]: WHO is a certificate of $work, a token's file, or "-".
portal() {
	local -a as=()
	case $1 in
	-) ;;
	*.token) as=(-H "Authorization: Bearer $(cat "$work/$1")") ;;
	*) as=(--cert "$work/$1.pem" --key "$work/$1.key") ;;
	esac
	curl -sS --fail-with-body --max-time 20 --cacert "$work/ca.pem" \
		--connect-to "::${where[authz.portal]}" "${as[@]}" -X "$2" \
		${4:+-H 'Content-Type: application/json' -d "$4"} "https://${host[authz]}:${where[authz.portal]##*:}$3"
}
refused_with() { # STATUS WHO METHOD PATH [BODY]
	local wanted=$1
	shift
	portal "$@" >"$work/refused" 2>&1 && return 1
	grep -q "\"status\":$wanted" "$work/refused" || { cat "$work/refused"; return 1; }
}
member() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
catalogue=',"attributes":["name","birthdate"],"published":true'
device_json() { # NUMBER
	printf '{"client":"%s","subscriber":"%s","k":"%s","opc":"%s"}' "$(client_of "$1")" "$user" "$(key_of "$1")" "$(opc_of "$1")"
}
sign_in() {
	printf '{"subscriber":"%s","password":"%s"}' "$user" "$password" >"$work/sign-in.json"
	curl -sS --fail --cacert "$work/ca.pem" --connect-to "::${where[authz.portal]}" -H 'Content-Type: application/json' \
		-d "@$work/sign-in.json" "https://${host[authz]}:${where[authz.portal]##*:}/v1/sessions" | (umask 077 && member token >"$work/carol.token")
}
provision() {
	printf '{"birthdate":"%s","email":"%s"}' $birthdate $mail | symbolon --socket "$work/authz.sock" subscriber add $user \
		--verification postpaid --name "$subscriber_name" --claims - --verified 2025-06-01T00:00:00Z &&
		operator PUT "/v1/subscribers/$user/account" '{"password":"'"$password"'"}' &&
		operator POST /v1/devices "$(device_json 0)" && operator POST /v1/devices "$(device_json 1)" &&
		operator POST /v1/asps '{"id":"'$asp'","name":"Example Services","elements":["'"${host[gateway]}"'"]}' &&
		operator POST /v1/asps '{"id":"'$other_asp'","name":"Others","elements":["'"${host[second]}"'"]}' &&
		operator POST /v1/applications '{"id":"'$application'","asp":"'$asp'","format":"y3056","ua":["0100000007"]'"$catalogue"'}' &&
		operator POST /v1/applications '{"id":"'$other'","asp":"'$other_asp'","format":"y3056","ua":["0100000007"]'"$catalogue"'}'
}
check "the realm's signing key" realm_signs realm-signs
check "files" realm_files
check "authz comes up" node_start authz
check "a realm is provisioned" provision
check "authn comes up" node_start authn
check "the gateway comes up" node_start gateway
check "a device" device_new phone 0
check "without the flag the device is refused" wait_until 20 ends_with $refused connect phone

# --- 10.3/1: she signs in, sees her data, asks ---
check "the subscriber signs in" sign_in
me=$(portal carol.token GET /v1/me)
check_match "1: she sees her verified data" "\"name\":\"$subscriber_name\".*\"birthdate\":\"$birthdate\"" "$me"
check_match "and her devices" "$(client_of 0)" "$me"
wish() { # CLIENT APPLICATION ATTRIBUTES
	printf '{"client":"%s","application":"%s","attributes":[%s]}' "$1" "$2" "$3"
}
check "another's device is not hers to ask for" refused_with 404 carol.token POST /v1/extensions "$(wish 001019999999999@$realm $application '"name"')"
extension=$(portal carol.token POST /v1/extensions "$(wish "$(client_of 0)" $application '"name"')")
check_match "1, 2: trust is extended" '"state":"extended"' "$extension"
id=$(member id <<<"$extension")

cli() { # TOKEN|NAME WORD...: symbolon at the portal
	local who=$1
	local -a as=(--session "$work/$who.token")
	shift
	[ -e "$work/$who.token" ] || as=(--cert "$work/$who.pem" --key "$work/$who.key")
	symbolon --url "https://${host[authz]}:${where[authz.portal]##*:}" --connect "${where[authz.portal]}" --ca "$work/ca.pem" "${as[@]}" "$@"
}
check_match "the command shows it" "$application" "$(cli carol extension list)"
check_match "and delegates nothing that is not there" "it may not use this application" \
	"$(cli carol delegation add "$(client_of 0)" "$(client_of 1)" --app $application 2>&1)"

# --- 10.3/3: the ASP is handed it ---
mine=$(portal gateway GET "/v1/extensions/$id")
subject=$(member subject <<<"$mine")
member jwt <<<"$mine" >"$work/jwt"
check_match "3: the ASP has a notification" extension-extended "$(portal gateway GET /v1/notifications)"
jose_key() { # the public half as a JWK, by other people's software
	python3 - "$1" <<-'END'
		import sys, json, base64
		from cryptography.hazmat.primitives.serialization import load_pem_public_key
		n = load_pem_public_key(open(sys.argv[1], "rb").read()).public_numbers()
		enc = lambda v: base64.urlsafe_b64encode(v.to_bytes(32, "big")).rstrip(b"=").decode()
		print(json.dumps({"kty": "EC", "crv": "P-256", "x": enc(n.x), "y": enc(n.y)}))
	END
}
jose_key "$work/realm-signs.pub" >"$work/realm-signs.jwk"
claims=$(tr -d '\n' <"$work/jwt" | jose jws ver -i- -k "$work/realm-signs.jwk" -O-)
check_match "jose verifies the JWT, which has verified claims" '"verified_claims":\{"verification":\{"trust_framework":"https://realm.example/' "$claims"
check_equal "of exactly what was granted" '{"name": "'"$subscriber_name"'"}' \
	"$(python3 -c 'import json, sys; print(json.dumps(json.loads(sys.argv[1])["verified_claims"]["claims"]))' "$claims")"
verify() { symbolon jwt verify "$work/jwt" --realm "$1" --asp "$2" --key "$work/$3.pub"; }
check "symbolon verifies it" verify $realm $asp realm-signs
check_match "for another ASP it is refused" "10.3: aud" "$(verify $realm $other_asp realm-signs 2>&1)"
check_match "of another realm too" "10.3: iss" "$(verify other-realm.example $asp realm-signs 2>&1)"
realm_signs another
check_match "and under another key" "signed by nobody" "$(verify $realm $asp another 2>&1)"

# --- two ASPs, one device ---
check "she asks for another application" portal carol.token POST /v1/extensions "$(wish "$(client_of 0)" $other '')"
theirs=$(portal second GET "/v1/extensions?state=extended")
their_subject=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["items"][0]["subject"])' <<<"$theirs")
check "their pseudonyms differ" test "$subject" != "$their_subject"
check_not "an ASP sees nothing of the other's" grep -q "$subject" <<<"$theirs"
flag() { printf '{"subject":"%s","application":"%s","rights":[%s]}' "$1" "$2" "$3"; }
check "nor reaches the other's application" refused_with 404 second PUT /v1/grants "$(flag "$their_subject" $application '"read"')"
check "nor its subject" refused_with 404 second PUT /v1/grants "$(flag "$subject" $application '"read"')"
check "nor its extension" refused_with 404 second GET "/v1/extensions/$id"

# --- 10.3/4 to 6 ---
check "4: the ASP sets the flag" portal gateway PUT /v1/grants "$(flag "$subject" $application '"read"')"
check_match "5: the operator is told" right-set "$(operator GET /v1/notifications)"
check_match "and finds it in the audit" '"operation":"grant_set"' "$(operator GET /v1/audit)"
check_match "6: the user is told" right-set "$(portal carol.token GET /v1/notifications)"

# --- a session over RP_D ---
check "the device comes through" wait_until 20 connect phone
told=$(connect phone)
check_match "the application is told its rights" 'Symbolon-Rights: read' "$told"
check_match "and exactly the granted attributes" "Symbolon-Attributes: \{\"name\":\"$subscriber_name\"\}" "$told"
check_not "nothing else of her" grep -Eq "$birthdate|$mail|00101" <<<"$told"
check_match "under the pseudonym that the ASP knows" "Symbolon-Pseudonym: $subject" "$told"
check "the ASP changes the right" portal gateway PUT /v1/grants "$(flag "$subject" $application '"read","write"')"
reads() { [[ $(connect phone) =~ "Symbolon-Rights: read write" ]]; }
check "which the application is told" wait_until 10 reads
check "she delegates it to her other device" cli carol delegation add "$(client_of 0)" "$(client_of 1)" --app $application --right read
check_match "the ASP sees it by another pseudonym" "$subject" "$(cli gateway grants --app $application)"
check "a second device" device_new tablet 1
check "which comes through" wait_until 20 connect tablet
check_match "with the delegated right alone" 'Symbolon-Rights: read$' "$(connect tablet | tr -d '\r')"
check_not "and nothing told of her" grep -q Symbolon-Attributes <<<"$(connect tablet)"

# A session that stands until the gateway ends it.
mkfifo "$work/session.in"
openssl s_client -quiet -connect "${where[gateway.rp_d]}" -servername $application -tls1_3 \
	-psk_identity "$(symbolon-device key $application --dir "$work/phone")" \
	-psk "$(symbolon-device key $application --dir "$work/phone" --reveal)" <"$work/session.in" >"$work/session.log" 2>&1 &
pids[session]=$!
exec {to}>"$work/session.in"
printf 'GET / HTTP/1.1\r\nHost: %s\r\n\r\n' $application >&"$to"
check "a session runs" wait_log session Symbolon-Rights

since=$(date +%s%N)
check "consent is withdrawn" portal carol.token DELETE "/v1/extensions/$id"
check "and the session ends" wait_until 5 not_alive session
took=$((($(date +%s%N) - since) / 1000000))
check "$took ms after the command" test "$took" -lt 3000
check "the device is refused from then on" wait_until 20 ends_with $refused connect phone
check "and so is the one that it delegated to" wait_until 20 ends_with $refused connect tablet
check "the ASP gets no more of her" refused_with 404 gateway PUT /v1/grants "$(flag "$subject" $application '"read"')"
check_not "and no JWT" grep -q '"jwt"' <<<"$(portal gateway GET "/v1/extensions/$id")"

# --- what no log may hold ---
nothing_of_her() {
	! grep -El "00101[0-9]{10}|$user|$subscriber_name|$mail|$birthdate|$subject|$their_subject" "$work"/{authz,authn,gateway}.log
}
check "no identity, no claim and no pseudonym stands in any node's log" nothing_of_her
check_not "nor lies in authz's database in the clear" grep -aEq "$subscriber_name|$mail" "$work/authz.db" "$work/authz.db-wal"
for name in gateway authn authz; do
	check "$name stops" stop $name
done
finish
