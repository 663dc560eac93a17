# shellcheck shell=bash
# two_realms: what a script sources after lib.sh and realm.sh to have the realms of two operators, each with authorities, an
# authorization and an authentication element of its own, who let clients change from one to the other (10.6).
#
#	two_realms_files
#	check "both realms come up" two_realms_start
#	at old operator POST /v1/subscribers '{"id":"alice"}'

declare -A two=() # REALM.NODE.MEMBER of a ready file: an address
declare -A lines=() # REALM.SECTION: further lines of a configuration, whole sections too

host_of() { echo "$2.$1.example"; } # REALM NODE

# issue_ip NAME DNS CA: as issue(), and for this script's address too.
issue_ip() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" \
		-keyout "$work/$1.key" -out "$work/$1.csr" 2>/dev/null &&
		openssl x509 -req -in "$work/$1.csr" -CA "$work/$3.pem" -CAkey "$work/$3.key" -CAcreateserial -days 2 \
			-extfile <(printf 'subjectAltName=DNS:%s,IP:%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$2" "$own_ip") \
			-out "$work/$1.pem" 2>/dev/null
}

p256() { # NAME: $work/NAME.key and .pub
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/$1.key" 2>/dev/null &&
		chmod 600 "$work/$1.key" && openssl pkey -in "$work/$1.key" -pubout -out "$work/$1.pub"
}

two_realms_files() {
	local r n
	for r in old new; do
		authority "$r-ca"
		for n in authz authn; do
			issue_ip "$r-$n" "$(host_of "$r" "$n")" "$r-ca"
			master_key "$work/$r-$n.master"
		done
		p256 "$r-envelope"
		p256 "$r-signing"
	done
	cat "$work/old-ca.pem" "$work/new-ca.pem" >"$work/both-ca.pem"
}

other_of() { if [ "$1" = old ]; then echo new; else echo old; fi; }
door_of() { if [ "$1" = old ]; then echo "$own_ip:8701"; else echo "$own_ip:8702"; fi; }
tls_of() { printf '  %s\n' "certificate: \"$work/$1.pem\"" "key: \"$work/$1.key\"" "authority: \"$work/${2-${1%%-*}-ca}.pem\""; }

config_node() { # REALM NODE
	cat <<-END
		node:
		  host: $(host_of "$1" "$2")
		  realm: $1.example
		log:
		  level: debug
		store:
		  url: "sqlite:$work/$1-$2.db"
		seal:
		  master_key: "$work/$1-$2.master"
	END
}

config_authz() { # REALM
	local other
	other=$(other_of "$1")
	config_node "$1" authz
	cat <<-END
		diameter:
		  listen: "${two[$1.authz.rp_b]-$own_ip:0}"
		$(tls_of "$1-authz")
		  peers: [{host: $(host_of "$1" authn), realm: $1.example}]
		operator:
		  socket: "$work/$1-authz.sock"
		portal:
		  listen: "${two[$1.authz.portal]-$own_ip:0}"
		  certificate: "$work/$1-authz.pem"
		  key: "$work/$1-authz.key"
		change:
		  listen: "$(door_of "$1")"
		$(tls_of "$1-authz" both-ca)
		  envelope_key: "$work/$1-envelope.key"
		  signing_key: "$work/$1-signing.key"
		  approval: ${approval-automatic}
		  retry: 1s
		  realms:
		    - {realm: $other.example, host: $(host_of "$other" authz), address: "$(door_of "$other")", key: "$work/$other-envelope.pub", signing_key: "$work/$other-signing.pub"}
		${lines[$1.authz]-}
	END
}

config_authn() { # REALM
	config_node "$1" authn
	cat <<-END
		diameter:
		  listen: "${two[$1.authn.rp_a]-$own_ip:0}"
		$(tls_of "$1-authn")
		  reconnect: 50ms
		  peers: [{host: $(host_of "$1" authz), realm: $1.example, address: "${two[$1.authz.rp_b]}"}]
		rp_c:
		  listen: "${two[$1.authn.rp_c]-$own_ip:0}"
		$(tls_of "$1-authn")
		  starts_per_identity: 0
		  starts_per_address: 0
		realm_document:
		  key: "$work/$1-signing.key"
		  trust_anchors: "$work/$1-ca.pem"
		  portal: "https://$(host_of "$1" authz)"
		  change_key: "$work/$1-envelope.pub"
		${lines[$1.authn]-}
	END
}

two_start() { # REALM NODE
	local pair name=$1-$2
	rm -f "$work/$name.ready"
	"config_$2" "$1" >"$work/$name.yaml"
	start "$name" "symbolon-$2" --config "$work/$name.yaml" --ready-file "$work/$name.ready"
	wait_file "$work/$name.ready" "$name" || return
	for pair in $(ready_addresses "$work/$name.ready"); do
		two[$name.${pair%%=*}]=${pair#*=}
		two[$1.$2.${pair%%=*}]=${pair#*=}
	done
}

two_realms_start() {
	local r n
	for r in old new; do
		for n in authz authn; do
			two_start "$r" "$n" || return
		done
	done
}

# at REALM METHOD PATH [BODY]: its operator's API.
at() {
	curl -sS --fail-with-body --max-time 20 --unix-socket "$work/$1-authz.sock" -X "$2" \
		${4:+-H 'Content-Type: application/json' -d "$4"} "http://authz$3"
}

# Alice, the ASP and its application, in both realms.
two_realms_register() {
	local r
	for r in old new; do
		at "$r" POST /v1/subscribers '{"id":"alice","verification":"postpaid"}' &&
			at "$r" PUT /v1/subscribers/alice/account '{"password":"correct horse battery"}' &&
			at "$r" POST /v1/asps '{"id":"'"$asp"'","name":"Example Services","elements":["element.app.example"]}' &&
			at "$r" POST /v1/applications '{"id":"'"$application"'","asp":"'"$asp"'","ua":["0100000007"],"format":"y3056"}' || return
	done
}

# sign_in REALM FILE: Alice's session token.
sign_in() {
	curl -sS --fail-with-body --cacert "$work/$1-ca.pem" -H 'Content-Type: application/json' \
		-d '{"subscriber":"alice","password":"correct horse battery"}' "https://${two[$1.authz.portal]}/v1/sessions" >"$work/session.json" || return
	(umask 077 && python3 -c 'import json, sys; print(json.load(sys.stdin)["token"])' <"$work/session.json" >"$2")
}

grant() { # REALM CLIENT
	at "$1" PUT /v1/grants '{"client":"'"$2"'","application":"'"$application"'"}'
}

# new_device DIR NUMBER [unpinned]: of the old realm, with its own key registered, and allowed to use the application; with
# "unpinned" as `init` left it, without a list of realms.
new_device() {
	local client
	client=$(old_client "$2")
	printf '{"algorithm":"milenage","k":"%s","opc":"%s","amf":"8000"}' "$(key_of "$2")" "$(opc_of "$2")" >"$work/key.json"
	symbolon-device init --dir "$work/$1" --client "$client" --node "$(host_of old authn)" \
		--ca "$work/old-ca.pem" --address "${two[old.authn.rp_c]}" --key-file "$work/key.json" &&
		symbolon-device own-key make --dir "$work/$1" | openssl x509 -noout -pubkey >"$work/$1.pub" &&
		python3 - "$work/key.json" "$work/$1.pub" "$client" >"$work/device.json" <<-'END' &&
			import json, sys
			key = json.load(open(sys.argv[1]))
			key.update(client=sys.argv[3], subscriber="alice", exportable=True, sqn=32, public_key=open(sys.argv[2]).read())
			print(json.dumps(key))
		END
		at old POST /v1/devices "$(cat "$work/device.json")" && grant old "$client" &&
		if [ -z "${3-}" ]; then symbolon-device realm pin --anchor "$work/old-signing.pub" --dir "$work/$1"; fi
}

# new_own_device DIR NUMBER: the same with its own key alone.
new_own_device() {
	local client
	client=$(old_client "$2")
	symbolon-device init --dir "$work/$1" --client "$client" --node "$(host_of old authn)" --own-key \
		--ca "$work/old-ca.pem" --address "${two[old.authn.rp_c]}" &&
		openssl x509 -in "$work/$1/device.pem" -noout -pubkey >"$work/$1.pub" &&
		python3 - "$work/$1.pub" "$client" >"$work/device.json" <<-'END' &&
			import json, sys
			print(json.dumps({"client": sys.argv[2], "subscriber": "alice", "public_key": open(sys.argv[1]).read()}))
		END
		at old POST /v1/devices "$(cat "$work/device.json")" && grant old "$client" &&
		symbolon-device realm pin --anchor "$work/old-signing.pub" --dir "$work/$1"
}

# change DIR NUMBER OPTION...: over to the new realm.
change() {
	symbolon-device change "https://$(host_of new authn)" --dir "$work/$1" --address "${two[new.authn.rp_c]}" \
		--client "$(new_client "$2")" --anchor "$work/new-signing.pub" \
		--ca "$work/new-ca.pem" --portal "https://${two[new.authz.portal]}" --token-file "$work/session" --app "$application" "${@:3}"
}
go_on() { symbolon-device change --dir "$work/$1" --token-file "$work/session" "${@:2}"; } # DIR OPTION...

# --- what is said of it ---

ends() { # STATUS REGEX COMMAND...
	local status=0 said
	said=$("${@:3}" 2>&1 </dev/null) || status=$?
	echo "status $status: $said"
	[[ $status =~ ^$1$ ]] && [[ $said =~ $2 ]]
}
new_client() { printf '00101%010d@new.example' "$1"; }
old_client() { printf '00101%010d@old.example' "$1"; }
last_of() { python3 -c 'import json, sys; print(json.load(sys.stdin)["items"][-1]["state"])'; }
state() { at new GET "/v1/changes?limit=1000" | last_of; } # of the change that was begun last
state_is() { [ "$(state)" = "$1" ]; }
departed() { # NUMBER
	at old GET "/v1/departures?limit=1000" | python3 -c 'import json, sys
sys.exit(not any(d["client"] == sys.argv[1] and d["state"] == "done" for d in json.load(sys.stdin)["items"]))' "$(old_client "$1")"
}
active() { # DIR: the name of its realm
	symbolon-device realm list --dir "$work/$1" --json | python3 -c 'import json, sys
print(" ".join(r["realm"] for r in json.load(sys.stdin) if r["active"]))'
}
token() { symbolon-device bootstrap --dir "$work/$1" --app "$application" --json; }
# Somebody who has the old key, at the new realm.
at_old_key() { # DIR NUMBER
	rm -rf "$work/thief"
	printf '{"k":"%s","opc":"%s"}' "$(key_of "$2")" "$(opc_of "$2")" >"$work/thief.json"
	symbolon-device init --dir "$work/thief" --client "$(new_client "$2")" --node "$(host_of new authn)" \
		--ca "$work/new-ca.pem" --address "${two[new.authn.rp_c]}" --key-file "$work/thief.json" &&
		symbolon-device bootstrap --dir "$work/thief" --app "$application"
}
