# shellcheck shell=bash
# enquirer: a primary registry that is asked over HTTPS; for scripts that source lib.sh and registry.sh first.
#
#	enquirer_start [YAML-LINE...]	p01, IN.TEL.P01; its API is at $api
#	as_admin COMMAND...		`symbolon registry COMMAND` at its socket
#	as_anyone COMMAND...		the same over HTTPS
#	fetch_anyone PATH FILE [CURL-OPTION...]

registry_host=p01.registry.example
api=

enquirer_certificates() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj "/CN=registry authority" \
		-keyout "$work/ca.key" -out "$work/ca.pem" 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$registry_host" \
		-addext "subjectAltName=DNS:$registry_host" -keyout "$work/p01.key" -out "$work/p01.csr" 2>/dev/null
	openssl x509 -req -in "$work/p01.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 1 \
		-copy_extensions copy -out "$work/p01.pem" 2>/dev/null
	chmod 600 "$work/p01.key"
}

enquirer_run() {
	registry_start p01 IN.TEL.P01 || return 1
	api=$(jq -r .api "$work/p01.ready")
}

enquirer_start() {
	enquirer_certificates
	registry_lines[p01]="api: {listen: \"127.0.0.1:0\", socket: \"$work/p01.sock\", certificate: \"$work/p01.pem\", key: \"$work/p01.key\"}
$(printf '%s\n' "$@")"
	enquirer_run
}

as_admin() { symbolon --socket "$work/p01.sock" registry "$@"; }
as_anyone() { symbolon --url "https://$registry_host" --ca "$work/ca.pem" --connect "$api" registry "$@"; }
fetch_anyone() {
	curl -sS --cacert "$work/ca.pem" --connect-to "::$api" -o "$2" "${@:3}" "https://$registry_host$1"
}

# add_device REGDEVID TRUST LIST-INDEX [REGISTRY]: as registration leaves it; while the registry does not run.
add_device() {
	sqlite3 "$work/p01.db" "INSERT INTO device (id, registry, identifier, make, model, firmware, facts, rot_kind, rot_id,
		proved_by, proved_key, trust, since, rule, cause_seq, life, list_index, registered_at, confirmed_at,
		reported_at, facts_seq, duplicate) VALUES ('$1', '${4-IN.TEL.P01}', 'urn:${1#*:}', 'Aeotec', 'ZW100', '1.10',
		'{\"make\":\"Aeotec\",\"model\":\"ZW100\",\"firmware\":\"1.10\"}', 1, 'realm.example', '', '', $2,
		1700000000000, 'first', 0, 2, $3, 1700000000000, 1700000000000, 1700000000000, 0, 0)"
}
