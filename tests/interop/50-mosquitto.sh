#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# MQTT: mosquitto with the plug-in as an application element, and its own clients, with the key that a device derived and
# through symbolon-device forward. (They take a key in a file of their own, where nobody else sees it.)
# req: B9.5-a B9.5-b B9.6.4-a B9.6.4-c B9.6.4-d B7.6-d B7.6-e B8.3
# time-limit: 180
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../system/realm.sh"
need mosquitto mosquitto
need mosquitto_pub mosquitto-clients
need openssl openssl

PATH=$PATH:/usr/sbin
mqtt=$application
plugin=$build/src/mosquitto/symbolon_mosquitto.so
at=$own_ip:8883

# configure_broker SUITE VERSION CIPHER: the one protocol of the listener
configure_broker() {
	local tls version=$2
	sed "s/= TLSv1.2/= TLSv${version#tlsv}/" "$source_dir/deploy/mosquitto/openssl.cnf" >"$work/openssl.cnf"
	mapfile -t tls < <(tls_lines gateway)
	{
		section mqtt node "host: ${host[gateway]}" "realm: $application"
		section mqtt log "level: debug"
		section mqtt store "url: \"sqlite:$work/mqtt.db\""
		section mqtt seal "master_key: \"$work/gateway.master\""
		section mqtt diameter "${tls[@]}" "reconnect: 50ms" \
			"peers: [{host: ${host[authn]}, realm: $realm, address: \"${where[authn.rp_a]}\"}]"
		section mqtt application "id: $mqtt"
		echo "suite: $1"
		echo "topics:"
		echo "  - {topic: \"devices/{pseudonym}/#\"}"
		echo "  - {topic: news/+, access: read}"
		echo "  - {topic: readings, access: write}"
		echo "  - {topic: valves/+, right: operate}"
	} >"$work/mqtt.yaml"
	cat >"$work/mosquitto.conf" <<-END
		user root
		listener ${at##*:} ${at%:*}
		psk_hint 3GPP-bootstrapping
		tls_version $2
		$([ "$2" = tlsv1.3 ] || echo "ciphers $3")
		allow_anonymous false
		plugin $plugin
		plugin_opt_config $work/mqtt.yaml
	END
}
broker_start() {
	: >"$work/mosquitto.log"
	start mosquitto env "OPENSSL_CONF=$work/openssl.cnf" mosquitto -c "$work/mosquitto.conf"
	wait_log mosquitto 'mosquitto version .* running' && wait_log mosquitto '"event":"diameter.peer.up"'
}
register_mqtt() {
	operator POST /v1/subscribers '{"id":"alice","verification":"postpaid"}' &&
		operator POST /v1/asps '{"id":"'"$asp"'","name":"Example Services","elements":["'"${host[gateway]}"'","'"${host[element]}"'"]}' &&
		operator POST /v1/applications '{"id":"'"$mqtt"'","asp":"'"$asp"'","format":"y3056","ua":["010001ccac","01000100a8","0100000007"]}'
}
fresh() { symbolon-device bootstrap --app "$mqtt" --dir "$work/${1-device}" --address "${where[authn.rp_c]}"; }
# as NAME UA: the key goes into a file that mosquitto's clients read by themselves
as() {
	mkdir -p "$work/config"
	for client in pub sub; do
		printf -- '--host %s\n--port %s\n--psk-identity %s\n--psk %s\n' "${at%:*}" "${at##*:}" \
			"$(symbolon-device key "$mqtt" --dir "$work/$1")" \
			"$(symbolon-device key "$mqtt" --dir "$work/$1" --ua "$2" --reveal)" >"$work/config/mosquitto_$client"
	done
}
pub() { XDG_CONFIG_HOME=$work/config timeout 10 mosquitto_pub "$@" 2>&1; }
sub() { XDG_CONFIG_HOME=$work/config timeout 10 mosquitto_sub "$@" 2>&1; }

log_level=debug cipher=ECDHE-PSK-CHACHA20-POLY1305
check "the plug-in is built" test -e "$plugin"
check "files are made" realm_files
check "authz comes up" node_start authz
check "the application is registered, with the suites of the listener" register_mqtt
check "devices too" devices_add 0 2
check "authn comes up" node_start authn
configure_broker ccac tlsv1.2 "$cipher"
check "mosquitto comes up with the plug-in" broker_start
check "a device is made" device_new device 0
check "and another" device_new other 1
check "both bootstrap, and their tokens are pushed" eval 'fresh device && fresh other && wait_log mosquitto rp_a.pushed.*'

as device 010001ccac
said=$(pub -t readings -m 17 -q 1 -d)
check_match "mosquitto_pub gets in with the token's key" 'CONNACK \(0\).*PUBACK' "${said//$'\n'/ }"
pseudonym=$(grep -oE " u'[^']+'" "$work/mosquitto.log" | tail -n 1 | sed "s/^ u'//; s/'\$//")
check_match "the broker knows it by its pseudonym" '^[A-Za-z0-9_-]{24}$' "$pseudonym"
check_equal "and by nothing else" 0 "$(grep -c "$(client_of 0)" "$work/mosquitto.log")"
check_match "a name that it gives itself does not count" "^$pseudonym\$" \
	"$(pub -t readings -m 18 -u somebody -P else >/dev/null; grep -oE " u'[^']+'" "$work/mosquitto.log" | tail -n 1 | sed "s/^ u'//; s/'\$//")"

# --- topics ---
check_match "it may listen to what is its own" 'Subscribed \(mid: 1\): 0' "$(sub -t "devices/$pseudonym/#" -E -d | tr '\n' ' ')"
check_match "and to the news" 'Subscribed \(mid: 1\): 0' "$(sub -t news/+ -E -d | tr '\n' ' ')"
for wide in '#' 'devices/#' 'devices/+/x' 'devices/AAAAAAAAAAAAAAAAAAAAAAAA/x' 'news/#' readings '$SYS/#' "\$share/g/devices/#"; do
	check_match "but not to $wide" '(Subscribed \(mid: 1\): 128|All subscription requests were denied)' "$(sub -t "$wide" -E -d | tr '\n' ' ')"
done
check_match "nor may it publish news" 'RC:135' "$(pub -V 5 -t news/x -m 1 -q 1 -d | tr '\n' ' ')"
start listener stdbuf -oL env "XDG_CONFIG_HOME=$work/config" mosquitto_sub -t "devices/$pseudonym/in" -t news/+ -i listener -d
check "it listens" wait_log listener 'received SUBACK'
check_match "it publishes to itself" 'RC:0' "$(pub -t "devices/$pseudonym/in" -m hello-myself -q 1 -d | tr '\n' ' ')"
check "and hears it" wait_log listener '^hello-myself'
as other 010001ccac
check_match "another device may not publish there" 'RC:135' "$(pub -V 5 -t "devices/$pseudonym/in" -m forged -q 1 -d | tr '\n' ' ')"
check_equal "so that nothing came" 0 "$(grep -c forged "$work/listener.log")"

# --- rights ---
check_match "a topic that takes a right is closed without it" 'RC:135' "$(pub -V 5 -t valves/1 -m open -q 1 -d | tr '\n' ' ')"
check "the right is given" operator PUT /v1/grants '{"client":"'"$(client_of 1)"'","application":"'"$mqtt"'","rights":["operate"]}'
may() { pub -V 5 -t valves/1 -m open -q 1 -d | grep -qE 'RC:(0|16)'; } # 16: nobody listens
check "and the topic is open, with the same token" wait_until 5 may

# --- what is refused ---
identity=$(symbolon-device key "$mqtt" --dir "$work/other")
shake() { timeout 10 openssl s_client -connect "$at" -psk_identity "$1" -psk "$2" "${@:3}" </dev/null 2>&1; }
key=$(symbolon-device key "$mqtt" --dir "$work/other" --ua 010001ccac --reveal)
check_match "openssl sees TLS 1.2 with the one suite" 'Cipher is ECDHE-PSK-CHACHA20-POLY1305' "$(shake "$identity" "$key" -tls1_2)"
check_match "an unknown token: alert unknown_psk_identity" 'alert number 115' "$(shake "y3056;AAAAAAAAAAAAAAAAAAAAAAAA@${identity#*@}" "$key" -tls1_2)"
check_match "a wrong key: an alert" 'alert number (20|51)' "$(shake "$identity" "${key//[0-9]/7}" -tls1_2)"
check_match "another suite: alert handshake_failure" 'alert number 40' "$(shake "$identity" "$key" -tls1_2 -cipher PSK-AES128-GCM-SHA256)"
check_match "TLS 1.3, whose key would be another: alert protocol_version" 'alert number 70' "$(shake "$identity" "$key" -tls1_3)"
check "who comes without a token is refused" eval '! XDG_CONFIG_HOME=/nonexistent timeout 10 mosquitto_pub -h "${at%:*}" -p "${at##*:}" -t readings -m 1'

# --- a token that the broker does not know: the first handshake fails, the question is asked, the next one succeeds ---
check "mosquitto stops" stop mosquitto
rm -f "$work"/mqtt.db*
check "and comes back with nothing kept, having missed the push" broker_start
comes_in() { pub -t readings -m 19 -q 1 -d | grep -q 'PUBACK'; }
check "a device comes in all the same, at the second time" wait_until 10 comes_in

# --- symbolon-device forward ---
start forward symbolon-device forward "$mqtt" --dir "$work/device" --listen 127.0.0.1:0 --suite ccac --address "$at" \
	--rp-c "${where[authn.rp_c]}" --json --log-level info
check "a local address that is the broker" wait_log forward '"listening"'
port=$(sed -n 's/.*"listening":"[^"]*:\([0-9]*\)".*/\1/p' "$work/forward.log" | head -n 1)
plain() { XDG_CONFIG_HOME=/nonexistent "mosquitto_$1" -h 127.0.0.1 -p "$port" "${@:2}"; }
start plain-sub stdbuf -oL env XDG_CONFIG_HOME=/nonexistent mosquitto_sub -h 127.0.0.1 -p "$port" -t "devices/$pseudonym/#" -i plain -d
check "mosquitto_sub needs no key there" wait_log plain-sub 'received SUBACK'
plain_pub() { timeout 10 env XDG_CONFIG_HOME=/nonexistent mosquitto_pub -h 127.0.0.1 -p "$port" "$@" 2>&1; }
check_match "nor does mosquitto_pub" 'RC:0' "$(plain_pub -t "devices/$pseudonym/y" -m through-forward -q 1 -d | tr '\n' ' ')"
check "what it says arrives" wait_log plain-sub '^through-forward'
stop listener >/dev/null 2>&1

# --- ends ---
gone() { grep -qE 'Client plain (disconnected|closed|.*administrat)' "$work/mosquitto.log"; }
began=$(date +%s%N)
check "the permission is taken back" operator DELETE "/v1/grants?client=$(client_of 0)&application=$mqtt"
check "its client is disconnected" wait_until 5 gone
took=$((($(date +%s%N) - began) / 1000000))
check "in well under a second ($took ms)" test "$took" -lt 700
check "and nobody comes in with that token" wait_log forward '"event":"token.failed"|"event":"session.failed"'
check_match "nor by hand" '[Ee]rror|refused|lost' "$(as device 010001ccac; pub -t readings -m 20 -q 1)"
check "permission is given again" operator PUT /v1/grants '{"client":"'"$(client_of 0)"'","application":"'"$mqtt"'"}'
back() { plain_pub -t "devices/$pseudonym/z" -m back-again -q 1 -d | grep -q 'RC:0'; }
check "forward gets a new token by itself, and mosquitto_pub is in again" wait_until 60 back
check "mosquitto_sub too, which has tried again meanwhile" wait_log plain-sub 'Subscribed \(mid: 2\): 0' 60
check "both hear each other" eval 'back && wait_log plain-sub "^back-again"'
check "forward ends" stop forward
stop plain-sub >/dev/null 2>&1

# --- another suite, and wrong configurations ---
check "mosquitto stops again" stop mosquitto
cipher=PSK-AES128-GCM-SHA256
configure_broker 00a8 tlsv1.2 "$cipher"
check "it comes up with plain PSK, where clients have no other" broker_start
check "with a token of now" fresh other
as other 01000100a8
check "mosquitto_pub gets in with the key of that suite" wait_until 10 comes_in
check "mosquitto stops once more" stop mosquitto
configure_broker tls13 tlsv1.3
check "it comes up with TLS 1.3 alone" broker_start
check "with a token of then" fresh other
as other 0100000007
check "mosquitto_pub gets in with the key of TLS 1.3" wait_until 10 comes_in
key=$(symbolon-device key "$mqtt" --dir "$work/other" --reveal)
check_match "which is not taken in TLS 1.2" 'alert number 70' "$(shake "$identity" "$key" -tls1_2)"
check "mosquitto stops in order" stop mosquitto
broken() { # LINE REGEX
	{ grep -v "^suite" "$work/mqtt.yaml"; echo "$1"; } >"$work/broken.yaml"
	sed "s|$work/mqtt.yaml|$work/broken.yaml|" "$work/mosquitto.conf" >"$work/broken.conf"
	said=$(OPENSSL_CONF=${conf-$work/openssl.cnf} timeout 10 mosquitto -c "$work/broken.conf" 2>&1) && return 1
	echo "$said"
	grep -qE -- "$2" <<<"$said"
}
check "a wrong suite is named" broken 'suite: chacha' 'suite'
conf=/etc/ssl/openssl.cnf
check "an OpenSSL that would use a key in two versions too, and what to do" broken 'suite: ccac' 'OPENSSL_CONF'
unset conf
check "a pattern that is none too" broken '  - {topic: "a/#/b"}' 'MQTT 4.7.1'
cp "$work/mqtt.yaml" "$work/mqtt.kept"
cp "$source_dir/deploy/mosquitto/mosquitto.yaml" "$work/mqtt.yaml"
check "the example that is installed is right, but for its files" broken 'suite: tls13' '/etc/symbolon/mqtt.pem'
mv "$work/mqtt.kept" "$work/mqtt.yaml"
check "and an unknown option" broken 'colour: blue' 'colour'
check_equal "no key and no identity is in the logs" 0 "$(grep -c "$(client_of 0)\|$key" "$work"/{mosquitto,forward}.log | awk -F: '{n += $2} END {print n}')"
finish
