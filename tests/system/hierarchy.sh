# shellcheck shell=bash
# hierarchy: what a script sources after registry.sh to have registries that join each other. One authority, $work/ca.pem;
# each registry keeps the port that the system chose for it, so that others find it after a restart.
#
#	check "a registry" peer_start geo IN
#	check "another" peer_start tel IN.TEL
#	check "it joins" join tel geo

openssl_quiet() { openssl "$@" 2>>"$work/openssl.log"; }
hierarchy_authority() {
	openssl_quiet req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout "$work/ca.key" -out "$work/ca.pem"
}
hierarchy_certificate() { # NAME: for NAME.registry.example
	openssl_quiet req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$work/$1.key" -out "$work/$1.csr" &&
		openssl_quiet x509 -req -in "$work/$1.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 2 -out "$work/$1.pem" \
			-extfile <(echo "subjectAltName=DNS:$1.registry.example")
}

declare -A peer_more=() # NAME: further lines of its configuration, and of its mapping `peers`
declare -A bare=()      # NAME: it has no certificate; a parent gives it one
declare -A ids=()       # NAME: RegID

peer_api() { # NAME: where others reach it
	json "$work/$1.ready" api
}

peer_start() { # NAME [REGID]
	if [ ! -e "$work/$1.yaml" ]; then
		[ -e "$work/ca.pem" ] || hierarchy_authority
		local own=
		if [ -z "${bare[$1]-}" ]; then
			hierarchy_certificate "$1" || return
			own="certificate: \"$work/$1.pem\", key: \"$work/$1.key\", "
		fi
		ids[$1]=$2
		registry_lines[$1]="enquiry: {enrolments: 0}
api: {socket: \"$work/$1.sock\", listen: 127.0.0.1:0, ${own}authority: \"$work/ca.pem\"}
peers: {retry: 50ms, retry_max: 500ms, keep_alive: 1s${peer_more[$1]:+, ${peer_more[$1]}}}"
	fi
	registry_start "$@" || return
	sed -i "/^api:/s/listen: 127.0.0.1:0/listen: $(peer_api "$1")/" "$work/$1.yaml"
}

peer_state() { # AT NAME: what the one is to the other: relation, state
	registry "$1" GET /v1/registries | python3 -c '
import json, sys
for peer in json.load(sys.stdin)["items"]:
    if peer["id"] == sys.argv[1]:
        print(peer["relation"], peer["state"])' "${ids[$2]-$2}"
}
peer_is() { [ "$(peer_state "$1" "$2")" = "$3" ]; } # AT NAME "RELATION STATE"

ask_to_join() { # CHILD PARENT [RELATION [ADDRESS]]
	symbolon registry join "${ids[$2]}" --url "https://$2.registry.example" --address "${4-$(peer_api "$2")}" --relation "${3-parent}" \
		--socket "$work/$1.sock"
}
join() { # CHILD PARENT [RELATION [ADDRESS]]
	ask_to_join "$@" && wait_until 20 asks_for_approval "$1" "$2" &&
		symbolon registry approve-registry "${ids[$1]}" --socket "$work/$2.sock" &&
		wait_until 20 follows "$1" "$2" && wait_until 20 follows "$2" "$1"
}
asks_for_approval() { symbolon registry requests --socket "$work/$2.sock" | grep -q "^${ids[$1]} "; } # CHILD PARENT

# AT NAME: the log of the one is applied at the other, up to where it is now.
follows() { symbolon registry peers --json --socket "$work/$1.sock" | python3 -c '
import json, sys
peers = {peer["id"]: peer for peer in json.load(sys.stdin)["items"]}
peer = peers.get(sys.argv[1], {})
sys.exit(0 if peer.get("connected") and peer["applied"] >= int(sys.argv[2]) else 1)' "${ids[$2]}" "$(log_size "$2")"; }

# AT NAME...: all events of each are in its log, in their order, once.
has_all() {
	local at=$1 name
	shift
	hierarchy_events "$at" >"$work/events.$at"
	for name; do
		hierarchy_events "$name" "${ids[$name]}" >"$work/events.own"
		grep " ${ids[$name]} " "$work/events.$at" >"$work/events.there"
		cmp "$work/events.own" "$work/events.there" || return
	done
}
hierarchy_events() { # NAME [REGID]: kind, registry and place there of each, in the order of its log
	python3 "$source_dir/tests/system/registry_events.py" "$work/$1.sock" "${@:2}"
}
