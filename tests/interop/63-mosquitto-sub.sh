#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Notifications by MQTT: mosquitto as the broker, over TLS and with a password, mosquitto_sub as the subscriber, somebody else's code to
# verify what it got. The broker is killed, and comes back: nothing is lost or reordered.
# req: R7-iv-e R9.4-i-a
# time-limit: 180
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../system/registry.sh"
PATH=$PATH:/usr/sbin
need mosquitto mosquitto
need mosquitto_sub mosquitto-clients
need curl curl
need openssl openssl
python3 -c 'import cryptography' 2>/dev/null || skip_all "missing package python3-cryptography"

# --- a broker, at a port that the system chose ---

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout "$work/ca.key" \
	-out "$work/ca.pem" 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout "$work/broker.key" 2>/dev/null |
	openssl x509 -req -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 2 \
		-extfile <(echo "subjectAltName=DNS:localhost") -out "$work/broker.pem" 2>/dev/null
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
(umask 077 && openssl rand -hex 12 >"$work/password")
(umask 077 && { echo -n "registry:" && cat "$work/password"; } >"$work/passwords" && mosquitto_passwd -U "$work/passwords")
cat >"$work/mosquitto.conf" <<-END
	user root
	listener $port 127.0.0.1
	cafile $work/ca.pem
	certfile $work/broker.pem
	keyfile $work/broker.key
	allow_anonymous false
	password_file $work/passwords
	persistence true
	persistence_location $work/
	autosave_on_changes true
	autosave_interval 1
END
broker_start() {
	: >"$work/broker.log"
	start broker mosquitto -v -c "$work/mosquitto.conf"
	wait_log broker 'mosquitto version .* running'
}
check "mosquitto" broker_start
# What a subscriber gets, a line each. It has a session of its own there, so that nothing is missed while it is away.
sub_start() {
	mkdir -p "$work/config"
	printf -- '--username registry\n--pw %s\n' "$(cat "$work/password")" >"$work/config/mosquitto_sub"
	start sub env XDG_CONFIG_HOME="$work/config" mosquitto_sub -V mqttv5 -h localhost -p "$port" --cafile "$work/ca.pem" \
		-i fleet -c -x 3600 -q 1 -t 'notices/#' -F '%t %C %p'
	wait_log broker 'Sending SUBACK to fleet'
}
check "mosquitto_sub" sub_start

# --- a registry ---

# shellcheck disable=SC2034
registry_lines[p01]="mqtt: {broker: \"localhost:$port\", authority: $work/ca.pem, user: registry, password_file: $work/password, topic: notices}"
check "a registry" registry_start p01 IN.TEL.P01
check "it connects" wait_log broker 'New client connected .* as p01.registry.example \(p5'
id=$(symbolon registry subscribe --mqtt --make Acme --socket "$work/p01.sock")
check_match "a subscription" '^[A-Za-z0-9_-]{22}$' "$id"
notice() { symbolon registry notify --make Acme "$1" --socket "$work/p01.sock" && echo "$1" >>"$work/titles"; }
received() { grep -c "^notices/$id application/secevent+jwt ey" "$work/sub.log"; }
has_received() { [ "$(received)" -ge "$1" ]; }
all_told() { registry p01 GET "/v1/subscriptions/$id" | grep -q '"waiting":0'; }
check "a notice" notice one
check "comes to mosquitto_sub under the subscription's topic" wait_until 20 has_received 1
check "and is acknowledged" wait_until 20 all_told
{ stop broker KILL; } >/dev/null 2>&1
for title in two three four; do
	check "a notice while the broker is down" notice $title
done
check_not "is not told" all_told
check "the broker comes back" broker_start
{ stop sub KILL; } >/dev/null 2>&1 # it gives up a connection with TLS that was lost
check "mosquitto_sub too" sub_start
check "all of it comes" wait_until 40 has_received 4
check "and is acknowledged" wait_until 20 all_told
{ stop p01 KILL; } >/dev/null 2>&1
check "the registry is killed, and comes back" registry_start p01
check "a notice" notice five
check "comes" wait_until 40 has_received 5

# --- what came, judged by other code ---

registry p01 GET /.well-known/trust-registry >"$work/document"
grep '^notices/' "$work/sub.log" >"$work/came"
check "tokens verify, in order, none lost" python3 - "$source_dir/tests/system" "$work/document" "$work/came" "$work/titles" <<-'END'
	import json, sys
	sys.path.insert(0, sys.argv[1])
	import webhook
	key = json.load(open(sys.argv[2]))["keys"][0]
	titles, jtis = [], []
	for line in open(sys.argv[3]):
	    claims = webhook.verify(line.split()[2], key, "administrator")
	    (kind, told), = claims["events"].items()
	    if claims["jti"] not in jtis:
	        jtis.append(claims["jti"])
	        titles.append(told["title"])
	assert titles == open(sys.argv[4]).read().split(), titles
	assert [int(jti.rpartition(".")[2]) for jti in jtis] == [1, 2, 3, 4, 5], jtis
END
check "it stops cleanly" stop p01
finish
