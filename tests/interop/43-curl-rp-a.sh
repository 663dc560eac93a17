#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# curl as an application element over HTTPS: it announces an application, reads the event stream as it comes, acknowledges,
# and pulls a key; the keys are those that the device derived.
# req: B9.6.1-c B9.6.1-d B9.4.1-f
# time-limit: 120
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../system/realm.sh"
need openssl openssl
need curl curl
need python3 python3

application_members=',"format":"y3056"'
eval "diameter_$(declare -f configure_authn)"
configure_authn() { # NAME
	diameter_configure_authn "$1"
	section "$1" rp_a_https "listen: \"${where[$1.rp_a_https]-$own_ip:0}\"" "answer: 60s"
}
rp_a() { # METHOD PATH [BODY]: as the element; prints the body, then the status
	curl -sS --max-time 20 --cert "$work/${as-element}.pem" --key "$work/${as-element}.key" --cacert "$work/ca.pem" \
		--connect-to "::${where[authn.rp_a_https]}" -X "$1" ${3:+-H 'Content-Type: application/json' -d "$3"} \
		-w '\n%{http_code}\n' "https://${host[authn]}/rp-a/v1$2"
}
listen() { # NAME [LAST-EVENT-ID]: the event stream into $work/NAME.events
	start "$1" curl -sS --no-buffer --cert "$work/element.pem" --key "$work/element.key" --cacert "$work/ca.pem" \
		--connect-to "::${where[authn.rp_a_https]}" ${2:+-H "Last-Event-ID: $2"} -o "$work/$1.events" \
		"https://${host[authn]}/rp-a/v1/events"
	wait_until 20 grep -qs '^event: log' "$work/$1.events"
}
hears() { # NAME EVENT
	wait_until 20 grep -qs "^event: $2" "$work/$1.events"
}
field() { # FILE EVENT MEMBER: of the first event of that name
	python3 - "$@" <<-'END'
		import json, sys
		for block in open(sys.argv[1]).read().split("\n\n"):
		    lines = dict(l.split(": ", 1) for l in block.splitlines() if ": " in l and not l.startswith(":"))
		    if lines.get("event") == sys.argv[2]:
		        print(lines["id"] if sys.argv[3] == "id" else eval("d" + sys.argv[3], {"d": json.loads(lines["data"])}))
		        break
	END
}

check "a realm with a device" eval "realm_start 1 && device_new dev 0"
check_match "an event stream needs an announcement first" '409' "$(rp_a GET /events)"
said=$(rp_a PUT /applications/$application '{"uaSecProtIds":["0100000007"],"address":"app.example:443","mechanisms":["tls13-psk"],"shared":false}')
check_match "which is taken" '"log":"[0-9a-f]{32}","serial":[0-9]+.*200' "${said//$'\n'/ }"
check_match "an application of another ASP is not" '403' "$(rp_a PUT /applications/other.example '{"uaSecProtIds":["0100000007"]}')"
rp_a DELETE /applications/other.example >/dev/null
check "the event stream" listen first
check "a token for the application" symbolon-device bootstrap --app $application --dir "$work/dev"
check "is pushed" hears first push
key=$(symbolon-device key $application --dir "$work/dev" --reveal)
check_equal "with the key that the device has" "$key" "$(field "$work/first.events" push '["keys"][0]["meKeyMaterial"]')"
check_match "and a pseudonym" '^[A-Za-z0-9_-]{24}$' "$(field "$work/first.events" push '["ussList"][0]["uss"]["ueIds"][0]["ueId"]')"
id=$(field "$work/first.events" push id)
token=$(field "$work/first.events" push '["btId"]')
check_match "the id is log and serial" '^[0-9a-f]{32}:[0-9]+$' "$id"
check_match "an acknowledgement" '204' "$(rp_a POST /events/ack '{"log":"'"${id%:*}"'","serial":'"${id#*:}"'}')"

pull() { rp_a POST /key '{"btId":"'"$1"'","nafId":{"nafFqdn":"'"$2"'","uaSecProtId":"0100000007"}}'; }
check_match "the same key can be pulled" "\"meKeyMaterial\":\"$key\"" "$(pull "$token" $application)"
check_match "for another application it is refused" '403' "$(pull "$token" other.example)"
check_match "a token that is none is not found" '404' "$(pull "AAAA@${host[authn]}" $application)"

stop first >/dev/null 2>&1
symbolon --socket "$work/authz.sock" revoke "$(client_of 0)" $application >/dev/null
check "the stream is read on from where it was cut" listen second "$id"
check "the revocation that was missed comes" hears second revoke
check_equal "of that token" "$token" "$(field "$work/second.events" revoke '["btId"]')"
check_equal "and the push does not come twice" 0 "$(grep -c '^event: push' "$work/second.events")"
issue nobody gateway.nobody.example
as=nobody
check_match "a certificate of no ASP announces nothing" '403' "$(rp_a PUT /applications/$application '{"uaSecProtIds":["0100000007"]}')"
check_match "and pulls nothing" '40[34]' "$(pull "$token" $application)"
stop second >/dev/null 2>&1
check "authn stops in order" stop authn
finish
