# shellcheck shell=bash
# registry: what a script sources after lib.sh to have trust registries of real processes.
#
#	registry_more="enquiry: {enrolments: 0}"
#	check "a registry" registry_start p01 IN.TEL.P01
#	registry p01 GET /v1/status
#
declare -A disk=()           # NAME: the folder of its database; $work unless set
declare -A registry_lines=() # NAME: further lines of its configuration

registry_configure() { # NAME REGID
	local type=primary
	case $2 in
	*.*.*) ;;
	*.*) type=sectoral ;;
	*) type=geographical ;;
	esac
	[ -e "$work/$1.master" ] || (umask 077 && openssl rand -hex 32 >"$work/$1.master")
	cat >"$work/$1.yaml" <<-END
		node: {host: $1.registry.example}
		store: {url: "sqlite:${disk[$1]-$work}/$1.db"}
		seal: {master_key: "$work/$1.master"}
		registry: {id: $2, type: $type}
		admin: {socket: "$work/$1.admin"}
		${registry_lines[$1]-}
	END
	grep -q '^api:' "$work/$1.yaml" || echo "api: {socket: \"$work/$1.sock\"}" >>"$work/$1.yaml"
}

registry_start() { # NAME [REGID]: configured the first time
	[ -e "$work/$1.yaml" ] || registry_configure "$@"
	rm -f "$work/$1.ready"
	start "$1" symbolon-registry --config "$work/$1.yaml" --ready-file "$work/$1.ready"
	wait_file "$work/$1.ready" "$1"
}

registry() { # NAME METHOD PATH [BODY]: prints the answer and fails unless it is 2xx
	curl -sS --fail-with-body --max-time 20 --unix-socket "$work/$1.sock" -X "$2" \
		${4:+-H 'Content-Type: application/json' -d "$4"} "http://registry$3"
}

log_size() { registry "$1" GET /v1/status | python3 -c 'import json, sys; print(json.load(sys.stdin)["log_size"])'; } # NAME
log_key() { registry "$1" GET /.well-known/trust-registry | python3 -c 'import json, sys; print(json.load(sys.stdin)["log"]["key"])'; } # NAME

checkpoint() { registry "$1" GET /log/checkpoint >"$work/$2"; }                                              # NAME FILE
log_check() { python3 "$source_dir/tests/system/registry_log.py" "$work/$1.sock" "${@:2}"; }                  # NAME OPTION...
crowd_start() { start "$1-crowd" "$build/tests/system/registry_crowd" "$work/$1.sock" "$work/$1.enrolled" 16; } # NAME
enrolled() { grep -c '^20[12] ' "$work/$1.enrolled" 2>/dev/null || true; }                                   # NAME: how many so far
