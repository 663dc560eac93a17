#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# freeDiameter relays between two nodes of ours, over plain TCP and over TLS.
#
# What is asked of freeDiameterd 1.2.1 here: SecPort = 0 for plain TCP alone, and yet TLS files; our
# nodes open the connections, since two that call each other lose seconds to its election; it binds
# 0.0.0.0 whatever ListenOn says, so its ports are free ones found by asking the system.
. "$(dirname "$0")/../system/lib.sh"
need freeDiameterd freediameterd
need openssl openssl
[ -e /usr/lib/freeDiameter/acl_wl.fdx ] || skip_all "missing package freediameter-extensions"

domain=realm.example

free_port() { # below those that the system gives to connections
	python3 - <<-'END'
		import random, socket
		while True:
		    with socket.socket() as s:
		        port = random.randrange(12000, 32000)
		        try:
		            s.bind(("", port))
		        except OSError:
		            continue
		        print(port)
		        break
	END
}

certificates() {
	local name
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=test root" \
		-keyout "$work/ca.key" -out "$work/ca.pem" || return 1
	for name in a b c relay; do
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name.$domain" \
			-keyout "$work/$name.key" -out "$work/$name.csr" &&
			openssl x509 -req -in "$work/$name.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" \
				-CAcreateserial -days 2 -out "$work/$name.pem" \
				-extfile <(echo "subjectAltName=DNS:$name.$domain") || return 1
	done
	chmod 600 "$work"/*.key
}

# relay_conf PORT SECURE-PORT TRUST: the file of freeDiameterd
relay_conf() {
	cat >"$work/acl.conf" <<-END
		$3 a.$domain
		$3 b.$domain
		$3 c.$domain
	END
	cat <<-END
		Identity = "relay.$domain";
		Realm = "$domain";
		Port = $1;
		SecPort = $2;
		No_SCTP;
		No_IPv6;
		ListenOn = "127.0.0.1";
		AppServThreads = 2;
		TLS_Cred = "$work/relay.pem", "$work/relay.key";
		TLS_CA = "$work/ca.pem";
		TLS_DH_Bits = 1024;
		LoadExtension = "/usr/lib/freeDiameter/acl_wl.fdx" : "$work/acl.conf";
	END
}

value() { sed -n "s/^$1 //p" "$work/ends"; }

# relayed NAME ADDRESS COUNT [OPTION...]
relayed() {
	local name=$1 address=$2 count=$3
	shift 3
	check "$name: $count questions are answered" \
		bash -c "'$build/tests/interop/diameter_ends' --relay '$address' --count $count $* >'$work/ends' 2>'$work/ends.log' || { cat '$work/ends'; tail -n 20 '$work/ends.log' '$work/relay.log'; exit 1; }"
	check_equal "$name: each answer fits its question" "$count" "$(value succeeded)"
	check_equal "$name: each question was asked once" "$count" "$(value served)"
	check_equal "$name: who asks is seen behind the relay" 0 "$(value foreign)"
	check_equal "$name: an origin not listed for the relay gets 3010" 3010 "$(value refusal)"
}

check "certificates are made" certificates

port=$(free_port)
relay_conf "$port" 0 ALLOW_IPSEC >"$work/plain.conf"
start relay freeDiameterd -c "$work/plain.conf"
relayed "plain" "127.0.0.1:$port" 5000
stop relay KILL >"$work/.said" 2>&1 # a clean end may take it half a minute
start relay freeDiameterd -c "$work/plain.conf"
relayed "plain, another relay" "127.0.0.1:$port" 100

secure=$(free_port)
relay_conf "$(free_port)" "$secure" "" >"$work/tls.conf"
start tls_relay freeDiameterd -c "$work/tls.conf"
relayed "TLS" "127.0.0.1:$secure" 2000 --folder "$work"
finish
