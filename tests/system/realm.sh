# shellcheck shell=bash
# realm: what a script sources after lib.sh to have a realm of real processes: certificates of a throw-away
# authority, configurations, nodes, registrations. All addresses are of this script alone (127.x.y.z),
# so that a node comes back where it was while other scripts run.
#
#	realm_files
#	more[authn.rp_c]="  challenge: 1s"
#	check "authz comes up" node_start authz
#	operator POST /v1/subscribers '{"id":"alice","verification":"none"}'
#	devices_add 0 10

realm=realm.example
declare -A host=([authz]=authz1.$realm [authn]=authn1.$realm [gateway]=gateway.app.example
	[element]=element.app.example)
declare -A where=() # NAME.MEMBER of a ready file: an address
declare -A disk=()  # NAME: the folder of its database; $work unless set
declare -A store=() # NAME: the URL of its database; SQLite's unless set
declare -A more=()  # NAME.SECTION: further lines of a configuration, indented by two
application=app.example
asp=cin:U72200KA2001PTC028000
application_members=',"format":"gba"' # further ones of its registration: here tokens of the plain form open it
own_ip=127.$((BASHPID % 253 + 1)).$((BASHPID / 253 % 253 + 1)).$((RANDOM % 250 + 2))

# issue NAME DNS-NAME [AUTHORITY]: $work/NAME.pem and .key, signed by $work/AUTHORITY.pem ("ca").
issue() {
	local ca=$work/${3-ca}
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" \
		-keyout "$work/$1.key" -out "$work/$1.csr" 2>/dev/null &&
		openssl x509 -req -in "$work/$1.csr" -CA "$ca.pem" -CAkey "$ca.key" -CAcreateserial -days 2 \
			-extfile <(printf 'subjectAltName=DNS:%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$2") \
			-out "$work/$1.pem" 2>/dev/null
}

# authority NAME: a throw-away CA, $work/NAME.pem and .key.
authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1 of a test" \
		-addext keyUsage=critical,keyCertSign -keyout "$work/$1.key" -out "$work/$1.pem" 2>/dev/null
}

kind() { echo "${1%%[0-9]*}"; } # NAME: authz2 is an authz too, with its key and, if told so, its database

master_key() { # FILE
	(umask 077 && openssl rand -hex 32 >"$1")
}

realm_files() {
	local name
	authority ca
	for name in "${!host[@]}"; do
		issue "$name" "${host[$name]}"
		[ "$name" = "$(kind "$name")" ] && master_key "$work/$name.master"
	done
	true
}

section() { # NAME SECTION LINE...: a mapping with what the script wants more of it
	local name=$1 section=$2
	shift 2
	echo "$section:"
	printf '  %s\n' "$@"
	[ -z "${more[$name.$section]-}" ] || printf '%s\n' "${more[$name.$section]}"
}

tls_lines() { # NAME
	printf '%s\n' "certificate: \"$work/$1.pem\"" "key: \"$work/$1.key\"" "authority: \"$work/ca.pem\""
}

# configure NAME: $work/NAME.yaml. A node listens where it did before, else at a port that the system chooses.
configure() {
	local name=$1 of=$realm
	local -a tls
	mapfile -t tls < <(tls_lines "$name")
	[ "$(kind "$name")" = gateway ] && of=$application
	{
		section "$name" node "host: ${host[$name]}" "realm: $of"
		section "$name" log "level: ${log_level-info}"
		section "$name" store "url: \"${store[$name]-sqlite:${disk[$name]-$work}/$name.db}\""
		section "$name" seal "master_key: \"$work/$(kind "$name").master\""
		"configure_$(kind "$name")" "$name"
	} >"$work/$name.yaml"
}

configure_authz() { # NAME
	section "$1" diameter "listen: \"${where[$1.rp_b]-$own_ip:0}\"" "${tls[@]}" \
		"peers: [{host: ${host[authn]}, realm: $realm}${authz_peers-}]"
	section "$1" operator "socket: \"$work/$1.sock\""
}

configure_authn() { # NAME
	section "$1" diameter "listen: \"${where[$1.rp_a]-$own_ip:0}\"" "${tls[@]}" "reconnect: 50ms" \
		"peers:" "  - {host: ${host[authz]}, realm: $realm, address: \"${where[authz.rp_b]-$own_ip:1}\"}" \
		"  - {host: ${host[gateway]}, realm: $application}" "  - {host: ${host[element]}, realm: $application}" ${authn_peers:+"$authn_peers"}
	section "$1" rp_c "listen: \"${where[$1.rp_c]-$own_ip:0}\"" \
		"listen_plain: \"${where[$1.rp_c_plain]-$own_ip:0}\"" "${tls[@]}" \
		"starts_per_identity: ${starts_limit-0}" "starts_per_address: ${starts_limit-0}" # crowds are in a hurry
}

configure_gateway() {
	section gateway diameter "${tls[@]}" "reconnect: 50ms" \
		"peers: [{host: ${host[authn]}, realm: $realm, address: \"${where[authn.rp_a]-$own_ip:1}\"}]"
	echo "applications:"
	echo "  - {id: $application, listen: \"${where[gateway.rp_d]-$own_ip:0}\", mode: http, backend: \"${where[hello.listen]-$own_ip:1}\"}"
	section gateway rp_d "handshake: ${gateway_handshake-10s}"
}

# node_start NAME: configured, started, and serving; NAME is authz, authn, gateway or hello; authz2, ...
node_start() {
	local name=$1 pair
	rm -f "$work/$name.ready"
	if [ "$name" = hello ]; then
		start hello symbolon-hello --listen "${where[hello.listen]-$own_ip:0}" --ready-file "$work/hello.ready"
	else
		configure "$name"
		start "$name" "symbolon-$(kind "$name")" --config "$work/$name.yaml" --ready-file "$work/$name.ready"
	fi
	wait_file "$work/$name.ready" "$name" || return
	for pair in $(ready_addresses "$work/$name.ready"); do
		where[$name.${pair%%=*}]=${pair#*=}
	done
}

ready_addresses() { # FILE: MEMBER=ADDRESS lines
	python3 - "$1" <<-'END'
		import json, sys
		for name, value in json.load(open(sys.argv[1])).items():
		    if isinstance(value, str) and value:
		        print(f"{name}={value}")
	END
}

node_kill() { # NAME: as a power cut would
	{ stop "$1" KILL; } >/dev/null 2>&1
	true
}

# operator METHOD PATH [BODY]: the operator's API; prints the answer and fails unless it is 2xx.
operator() {
	curl -sS --fail-with-body --max-time 20 --unix-socket "$work/authz.sock" -X "$1" \
		${3:+-H 'Content-Type: application/json' -d "$3"} "http://authz$2"
}

register() { # a subscriber, an ASP and its application
	operator POST /v1/subscribers '{"id":"alice","verification":"postpaid"}' &&
		operator POST /v1/asps '{"id":"'"$asp"'","name":"Example Services","elements":["'"${host[gateway]}"'","'"${host[element]}"'"]}' &&
		operator POST /v1/applications '{"id":"'"$application"'","asp":"'"$asp"'","ua":["0100000007"]'"${application_members-}"'}'
}

# Device number N, as crowd.c knows it too: its client identity, K and OPc.
client_of() { printf '00101%010d@%s' "$1" "$realm"; }
key_of() { printf 'K of dev %07d' "$1" | od -An -v -tx1 | tr -d ' \n'; }
opc_of() { printf 'O of dev %07d' "$1" | od -An -v -tx1 | tr -d ' \n'; }

devices_add() { # FIRST COUNT: with the permission to use the application
	python3 "$source_dir/tests/system/operator.py" "$work/authz.sock" devices "$1" "$2" "$realm" "$application"
}

# device_new NAME NUMBER: a folder for symbolon-device, $work/NAME.
device_new() {
	printf '{"algorithm":"milenage","k":"%s","opc":"%s","amf":"8000"}' "$(key_of "$2")" "$(opc_of "$2")" |
		symbolon-device init --dir "$work/$1" --client "$(client_of "$2")" --node "${host[authn]}" \
			--ca "$work/ca.pem" --address "${where[authn.rp_c]}" --key-file -
}
unreachable=3 refused=4 # what symbolon-device ends with
bootstrap() { symbolon-device bootstrap --dir "$work/$1" --address "${where[authn.rp_c]}"; }
connect() { # NAME: GET / at the application
	symbolon-device connect "$application" --dir "$work/$1" --address "${where[gateway.rp_d]}" \
		--rp-c "${where[authn.rp_c]}" --get /
}

# ends_with STATUS COMMAND...
ends_with() {
	local wanted=$1 status=0
	shift
	"$@" || status=$?
	[ "$status" = "$wanted" ] || { echo "status $status, not $wanted"; return 1; }
}

# The whole realm, with its first COUNT devices.
realm_start() {
	realm_files && node_start authz && register && devices_add 0 "${1-1}" && node_start authn
}

# pull FILE [AUTHN]: asks for all tokens of a file that crowd wrote, as an application element beside the gateway.
pull() {
	local at=${2-authn}
	"$build/tests/system/element" "${host[element]}" "$application" "${host[$at]}" "${where[$at.rp_a]}" \
		"$work" "$1"
}

# cases_of COMMAND...: makes a case of every "ok TEXT" or "not ok TEXT: why" that it prints.
cases_of() {
	local line status=0
	"$@" >"$work/cases" 2>"$work/cases.err" || status=$?
	while IFS= read -r line; do
		case $line in
		"ok "*) pass "${line#ok }" ;;
		"not ok "*) fail "${line#not ok }" "see the case" </dev/null ;;
		*) echo "# ${line#\# }" ;;
		esac
	done <"$work/cases"
	[ "$status" = 0 ] || fail "$* ended with status $status" "it said:" <"$work/cases.err"
}

integrity() { # NAME: what SQLite says of a node's database
	python3 - "${disk[$1]-$work}/$1.db" <<-'END'
		import sqlite3, sys
		says = [row[0] for row in sqlite3.connect(sys.argv[1]).execute("PRAGMA integrity_check")]
		print("\n".join(says))
		sys.exit(says != ["ok"])
	END
}
