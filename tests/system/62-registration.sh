#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Devices at a trust registry by symbolon-device, with real processes: register, acknowledge, det, report, virtual RegDevIDs;
# by the realm's word, and by their maker's certificate; and those that must not.
# req: R7-ii R7-iii R7-iv-a R7-iv-b R7-iv-c R9.2-i-a R9.2-i-b R9.2-i-c R9.2-i-e R9.2-i-f R9.2-ii-a R9.2-ii-b R9.2-ii-c R9.2-ii-d
# req: R9.2-note R9.3-i-c R9.3-iv R10 R7-i-b
# time-limit: 180
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need curl curl

host[registry]=registry.example
application=${host[registry]}
application_members=',"format":"y3056"'
authn_peers="  - {host: ${host[registry]}, realm: $realm}"
imei=35693803-564380-9
id=IN.TEL.P01:imei:356938035643809
mac_id=IN.TEL.P01:mac:0024befffe804ff1

configure_registry() {
	section registry registry "id: IN.TEL.P01"
	section registry api "socket: \"$work/registry.sock\"" "listen: \"$own_ip:0\"" "${tls[@]}"
	echo "enquiry: {approve: [enquirer]}"
	section registry rp_d "application: $application" "listen: \"$own_ip:0\""
	section registry devices "roots: [\"$work/maker.pem\"]"
	section registry diameter "${tls[@]}" "reconnect: 50ms" \
		"peers: [{host: ${host[authn]}, realm: $realm, address: \"${where[authn.rp_a]-$own_ip:1}\"}]"
}
registry() { # METHOD PATH [BODY]
	curl -sS --max-time 20 --unix-socket "$work/registry.sock" -X "$1" ${3+-H 'Content-Type: application/json' -d "$3"} \
		"http://registry$2"
}
register_all() {
	operator POST /v1/subscribers '{"id":"alice","verification":"postpaid"}' &&
		operator POST /v1/asps '{"id":"'"$asp"'","name":"Registrar","elements":["'"${host[registry]}"'"]}' &&
		operator POST /v1/applications '{"id":"'"$application"'","asp":"'"$asp"'","format":"y3056","ua":["0100000007"],"attributes":["device_identity"]}'
}
client() { # NUMBER [URN]: in the realm, with the grant of the device's identity
	operator POST /v1/devices '{"client":"'"$(client_of "$1")"'","subscriber":"alice","k":"'"$(key_of "$1")"'","opc":"'"$(opc_of "$1")"'"'"${2+,\"device\":\"$2\"}"'}' &&
		operator PUT /v1/grants '{"client":"'"$(client_of "$1")"'","application":"'"$application"'","attributes":["device_identity"]}'
}
device() { # NAME COMMAND [OPTION...]
	symbolon-device "$2" "$application" --dir "$work/$1" --address "${where[registry.rp_d]}" --rp-c "${where[authn.rp_c]}" "${@:3}"
}
says() { # STATUS REGEX COMMAND...
	local status=0 said
	said=$("${@:3}" 2>&1 </dev/null) || status=$?
	echo "status $status: $said"
	[ "$status" = "$1" ] && [[ $said =~ $2 ]]
}

# --- a maker: a root, and certificates for its devices ---
maker() { # NAME
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/$1.key" -out "$work/$1.pem" \
		-days 3650 -subj "/O=$1/CN=devices" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
}
certify() { # DEVICE MAKER URN DAYS: the certificate that its maker gives it
	symbolon-device own-key make --dir "$work/$1" >"$work/$1.own" &&
		symbolon-device own-key request "$3" --dir "$work/$1" >"$work/$1.csr" &&
		printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nsubjectAltName=URI:%s\n' "$3" >"$work/$1.ext" &&
		openssl x509 -req -in "$work/$1.csr" -CA "$work/$2.pem" -CAkey "$work/$2.key" -set_serial $RANDOM -days "$4" \
			-extfile "$work/$1.ext" -out "$work/$1.pem" &&
		symbolon-device own-key install "$work/$1.pem" --dir "$work/$1"
}
facts() { # FIRMWARE
	printf '{"make":"Acme","model":"T-1","firmware":"%s","type":"meter","communication":["nb-iot"],"connectivity":["ip"],"power":["battery"],"protocols":["coap","http"]}' "$1"
}
facts 1.2 >"$work/facts.json"

check "files are made" realm_files
check "makers have roots" eval 'maker maker && maker stranger'
check "authz comes up" node_start authz
check "the registry is an application of the realm" register_all
check "a device whose identity the realm knows" client 0 "urn:gsma:imei:$imei"
check "and one whose identity it does not know" client 1
check "and others" eval 'client 2 && client 3'
check "authn comes up" node_start authn
check "the registry comes up" node_start registry
for n in 0 1 2 3; do
	check "device $n is made" device_new "dev$n" $n
done

# --- by the realm's word ---
check "it registers, and confirms" says 0 "$id" device dev0 register --facts "$work/facts.json"
check "once more it is told the same" says 0 "$id" device dev0 register --facts "$work/facts.json"
check "det once more, by what the secure element keeps" says 0 "$id" device dev0 det
check "a report of its firmware" says 0 '"firmware":"1.3"' device dev0 report --firmware 1.3 --json
check_match "the registry has the whole history" '"changed":\["firmware"\],"was":\{"firmware":"1.2"\}' \
	"$(registry GET "/v1/devices/$id/history")"
check "a virtual RegDevID" says 0 'IN.TEL.P01:v:[A-Za-z0-9_-]{22}' device dev0 virtual --once
virtual=$(device dev0 virtual --list | head -1)
check_match "which is listed" '^IN.TEL.P01:v:' "$virtual"
check "and ended" device dev0 virtual --end "$virtual"
check_equal "and is gone" "" "$(device dev0 virtual --list)"
check "nothing of it stands in a file" eval '! grep -rq "IN.TEL.P01" "$work/dev0"'

# --- by its maker's certificate ---
check "no identity, no evidence: refused" says $refused 'realm does not tell' device dev1 register --facts "$work/facts.json"
check "a certificate of its maker" certify dev1 maker urn:dev:mac:0024be804ff1 30
check "it registers with that" says 0 "$mac_id" device dev1 register --facts "$work/facts.json" --evidence x509
check "and reports with its signature" says 0 '"firmware":"2.0"' device dev1 report --firmware 2.0 --json

# --- those that must not ---
check "a certificate of a maker that is not accepted" certify dev2 stranger urn:dev:mac:0024be804ff2 30
check "is refused" says $refused 'no root of trust' device dev2 register --facts "$work/facts.json" --evidence x509
check "one that claims another's identifier" certify dev2 maker "urn:gsma:imei:$imei" 30
check "is a duplicate" says 1 'Q.5052' device dev2 register --facts "$work/facts.json" --evidence x509
check_match "and the registry has it in its log" duplicate_detected "$(registry GET "/v1/devices/$id/history")"
check "one of which the check digit is wrong cannot be asked for" \
	says 2 'check digit' symbolon-device own-key request urn:gsma:imei:35693803-564380-8 --dir "$work/dev3"
check "who is not registered cannot report" says 1 'not registered' device dev3 report --firmware 1
check "facts that are none are told" says 2 'owner' device dev0 report --facts <(echo '{"owner":"somebody"}')

# --- asked itself, it answers after a challenge --- req: R9.3-iii R9.1-iv
registry GET /.well-known/trust-registry >"$work/document.json"
serve() { # NAME [OPTION...]
	start "serve-$1" symbolon-device serve "$application" --dir "$work/$1" --listen "$own_ip:0" --certificate "$work/served.pem" \
		--tls-key "$work/served.key" --anchor "$work/document.json" --registry "https://${host[registry]}" --ca "$work/ca.pem" \
		--address "${where[registry.api]}" --facts "$work/facts.json" --log-level info
	wait_log "serve-$1" '"listening"' && wait_log "serve-$1" vouched.taken && served=$(sed -n 's/.*"listening":"\([^"]*\)".*/\1/p' "$work/serve-$1.log")
}
at_registry() { symbolon --url "https://${host[registry]}" --ca "$work/ca.pem" --connect "${where[registry.api]}" registry "$@"; }
at_device() { symbolon --url https://device.example --ca "$work/ca.pem" --connect "$served" registry ask-device "$@"; }
check "an enquirer enrols at the registry" at_registry enrol --party-key "$work/port.key.pem" --name n --contact c --purpose p
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/nobody.pem" 2>/dev/null
chmod 600 "$work/nobody.pem"
check "the device has a name in TLS" issue served device.example
check "it serves" serve dev1
check "an enquirer whom the registry vouches for is answered" says 0 "$mac_id.*\"make\":\"Acme\"" at_device --party-key "$work/port.key.pem"
check "over its own challenge, once more" says 0 '"nonce":"' at_device --party-key "$work/port.key.pem"
check "nobody else is" says 1 'nobody who may ask' at_device --party-key "$work/nobody.pem"
check_match "without a signature there is a challenge, and nothing more" '401.*symbolon-enquiry' \
	"$(curl -sS -i --cacert "$work/ca.pem" --connect-to "::$served" https://device.example/v1/device | tr -d '\r\n' | grep -v reg_dev_id)"
check "it stops" stop serve-dev1

# --- sessions end with their token ---
check "a permission is taken back" operator DELETE "/v1/grants?client=$(client_of 1)&application=$application"
check "and the device is not heard any more" wait_until 20 says $refused . device dev1 det
check_equal "no client's name is in the registry's log" 0 "$(grep -c "$(client_of 0)\|$(client_of 1)" "$work/registry.log")"

# --- it is all there after a kill -9 ---
kill -KILL "${pids[registry]}"
wait "${pids[registry]}" 2>/dev/null
check "the registry comes up again" node_start registry
check "and knows the device" says 0 "$id" device dev0 det
check_match "with its facts" '"firmware":"1.3"' "$(registry GET "/v1/devices/$id")"
check "the registry stops in order" stop registry
finish
