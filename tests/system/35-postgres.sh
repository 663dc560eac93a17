#!/bin/bash
# Two symbolon-authz and two symbolon-authn on one PostgreSQL, while devices bootstrap and an operator registers: nodes
# are killed, the server stops, crashes, and loses answers to commits. No SQN, RAND or AUTN comes twice,
# nothing that was acknowledged is lost, and everybody gets on by themselves.
# time-limit: 400
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3
need psql postgresql

host[authz2]=authz2.$realm
host[authn2]=authn2.$realm
authz_peers=", {host: ${host[authn2]}, realm: $realm}"
devices=24

check "a server" eval "postgres_new && postgres_start"
check "a database for each kind of node" postgres_sql postgres "CREATE DATABASE authz; CREATE DATABASE authn"
store[authz]=$(postgres_url authz)
store[authz2]=${store[authz]}
store[authn]=$(postgres_url authn)
store[authn2]=${store[authn]}
second_authn() {
	authn_peers="  - {host: ${host[authz2]}, realm: $realm, address: \"${where[authz2.rp_b]}\"}"
	node_start authn && node_start authn2
}
check "certificates and keys" realm_files
check "two authz" eval "node_start authz && node_start authz2"
check "what one of them registers" eval "register && devices_add 0 $devices"
check "two authn" second_authn
check_equal "the other authz knows it too" "$devices" \
	"$(curl -sS --unix-socket "$work/authz2.sock" "http://authz/v1/devices?limit=100" | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["items"]))')"

start crowd "$build/tests/system/crowd" --address "${where[authn.rp_c_plain]}" --node "${host[authn]}" \
	--address "${where[authn2.rp_c_plain]}" --node "${host[authn2]}" \
	--devices $devices --vectors "$work/vectors" --tokens "$work/tokens"
start operator python3 "$source_dir/tests/system/operator.py" "$work/authz.sock" load "$work/writes" first 0.01
start operator2 python3 "$source_dir/tests/system/operator.py" "$work/authz2.sock" load "$work/writes2" second 0.01

lines() { # FILE: so far, whole
	wc -l <"$1" 2>/dev/null || echo 0
}
grown() { # FILE LINES
	[ "$(lines "$1")" -ge "$2" ]
}
bootstraps_go_on() {
	wait_until 30 grown "$work/vectors" $(($(lines "$work/vectors") + 300)) &&
		wait_until 30 grown "$work/tokens" $(($(lines "$work/tokens") + 100)) && alive crowd
}
check "bootstraps go on at both" bootstraps_go_on
without() { # NAME
	node_kill "$1" && bootstraps_go_on && node_start "$1" && bootstraps_go_on
}
for name in authz authn2 authz2 authn; do
	check "$name killed: bootstraps go on without it, and when it is back" without "$name"
done
check "all nodes are there" eval "alive authz && alive authz2 && alive authn && alive authn2"

server_back() { # SIGNAL
	{ stop postgres "$1"; } >/dev/null 2>&1
	wait_log authn "$2" && postgres_start && bootstraps_go_on
}
check "the server stopped and started: bootstraps go on" server_back INT no_vector
check "the server crashed and started: bootstraps go on" server_back KILL no_vector

# A standby that never comes: every commit is done here and its answer waits, until its connection is cut.
lose_answers() {
	postgres_sql postgres "ALTER SYSTEM SET synchronous_standby_names = 'nobody'" &&
		postgres_sql postgres "SELECT pg_reload_conf()" &&
		for _ in 1 2 3; do
			wait_until 20 cut_off || return
		done
	postgres_sql postgres "ALTER SYSTEM RESET synchronous_standby_names" &&
		postgres_sql postgres "SELECT pg_reload_conf()" && bootstraps_go_on
}
cut_off() {
	[ -n "$(postgres_sql postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")" ]
}
check "answers to commits are lost: bootstraps go on" lose_answers
check "nobody had to be started again" eval "alive authz && alive authz2 && alive authn && alive authn2"

check "the operators end" eval "stop operator && stop operator2"
check "no device met a stale vector, or anything else that is odd" stop crowd
sed 's/^/# /' "$work/crowd.log"
check_match "devices were told to come again meanwhile" "unavailable [0-9]+" "$(cat "$work/crowd.log")"

# "DEVICE SQN RAND AUTN" lines in the order in which each device saw them
each_once() {
	awk '$2 <= last[$1] { print "device " $1 ": SQN " $2 " after " last[$1]; bad = 1 } { last[$1] = $2; n++ }
		seen[$3]++ { print "device " $1 ": RAND " $3 " twice"; bad = 1 }
		seen[$4]++ { print "device " $1 ": AUTN " $4 " twice"; bad = 1 }
		END { print n " vectors"; exit bad || n == 0 }' "$work/vectors"
}
check "the SQN of every device only grew, and no RAND or AUTN came twice" each_once
sed 's/^/# /' "$work/.said"
for name in authn authn2; do
	grep -F "@${host[$name]} " "$work/tokens" >"$work/tokens.$name"
	check "every token that $name acknowledged is there, with its key" pull "$work/tokens.$name" $name
	tail -n 1 "$work/.said" | sed 's/^/# /'
done
check "what the operators were told is there" eval "python3 '$source_dir/tests/system/operator.py' '$work/authz2.sock' verify '$work/writes' &&
	python3 '$source_dir/tests/system/operator.py' '$work/authz.sock' verify '$work/writes2'"
sed 's/^/# /' "$work/.said"

check "all stop in order" eval "stop authn && stop authn2 && stop authz2 && stop authz"
store[authn]=${store[authz]}
check_not "authn does not take authz's database" node_start authn
check "and says so" grep -q "belongs to authz, not to authn" "$work/authn.log"
store[authz]=postgresql://symbolon:secret-word@localhost/authz
check_not "a password in the URL is refused" node_start authz
check_not "and not repeated" grep -q "secret-word" "$work/authz.log"
check "the server stops in order" stop postgres INT
finish
