#!/bin/bash
# A configuration that is wrong is refused by --check and at start alike: status 2, and one line with file, line,
# path and what is allowed. A node that runs keeps what it has when the new file is wrong.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3

programs="authz authn gateway"
realm_files
for name in $programs; do
	configure "$name"
	check "$name: a right one is right" symbolon-"$name" --config "$work/$name.yaml" --check
	check "$name: can be printed whole" symbolon-"$name" --config "$work/$name.yaml" --dump
	cp "$work/.said" "$work/dump.yaml"
	check "$name: and what was printed is right too" symbolon-"$name" --config "$work/dump.yaml" --check
	symbolon-"$name" --config "$work/dump.yaml" --dump >"$work/again.yaml"
	check "$name: and gives the same" cmp "$work/dump.yaml" "$work/again.yaml"
	check "$name: the manual is a table of options" grep -q 'node.host' <(symbolon-"$name" --manual)
done

# refused NAME FILE REGEX: by --check and at start; nothing else is said, and no database is made.
refused() {
	local mode status said
	for mode in --check --ready-file=/dev/null; do
		status=0
		said=$(timeout 20 symbolon-"$1" --config "$2" $mode 2>&1 >/dev/null) || status=$?
		[ "$status" = 2 ] || { echo "$mode: status $status, said: $said"; return 1; }
		[[ $said =~ ^"symbolon-$1: "$3$ ]] || { echo "$mode: said: $said"; return 1; }
		[ "$(wc -l <<<"$said")" = 1 ] && [ ! -e "$work/$1.db" ] || { echo "$mode: $said"; return 1; }
	done
}

# wrong TEXT SED LINE REGEX: for every program, after an edit.
wrong() {
	local name
	for name in $programs; do
		sed "$2" "$work/$name.yaml" >"$work/wrong.yaml"
		check "$name: $1" refused "$name" "$work/wrong.yaml" ".*/wrong.yaml:$3: $4"
	done
}

wrong "a word that is none of the choices" 's/level: info/level: loud/' 5 \
	'log.level: loud is not one of error, warn, info, debug'
wrong "a key that nobody knows" 's/^log:/log:\n  colour: yes/' 5 'log.colour: unknown; known here: level'
wrong "a misspelt one" 's/^diameter:/diamater:/' 10 'diamater: unknown; did you mean diameter\?'
wrong "one that is missing" 's/^  host: .*//' 1 'node.host: is missing; it must be a fully qualified domain name'
wrong "a name that is none" 's/^  host: .*/  host: not_a_host!/' 2 'node.host: must be a fully qualified domain name.*'
wrong "a number out of range" 's/^diameter:/diameter:\n  outstanding: 0/' 11 \
	'diameter.outstanding: 0 is not a whole number from 1 to 1000000'
wrong "a time without a unit" 's/^diameter:/diameter:\n  watchdog: 30/' 11 'diameter.watchdog: 30 is not a time from 6s to 1h'
wrong "an address that cannot be" 's/^diameter:/diameter:\n  listen_plain: "127.0.0.1:70000"/' 11 \
	'diameter.listen_plain: must be an address as .*127.0.0.1:70000.*'
wrong "a peer in a list" 's/peers: \[{host: [^,]*/peers: [{host: "-"/;s/- {host: [^,]*/- {host: "-"/' '1[0-9]' \
	'diameter.peers\[0\].host: must be a fully qualified domain name.*'
wrong "a store of another kind" 's/url: .*/url: "mysql:x"/' 7 'store.url: must be sqlite: and a file name.*'
wrong "a key that stands twice" 's/^log:/node: {host: a.example}\nlog:/' 4 'node: stands in line 1 already'
wrong "a value that is missing" 's/level: info/level:/' 5 'log.level: has no value; it must be .*'
wrong "a list in place of a word" 's/level: info/level: [info]/' 5 'log.level: must be one of .*'
wrong "what is no YAML" 's/^log:/log: {/' 6 'did not find expected .*'
wrong "an anchor" 's/^log:/log: \&a/' 4 'log: anchors and aliases are not allowed'
wrong "a tag" 's/^log:/log: !!binary/' 4 'log: tags are not allowed'

head -c 3000 /dev/urandom >"$work/noise.yaml"
head -c 1100000 /dev/zero | tr '\0' '#' >"$work/long.yaml"
: >"$work/empty.yaml"
for name in $programs; do
	check "$name: bytes that are no text" refused "$name" "$work/noise.yaml" '.*/noise.yaml:1: .*'
	check "$name: a file too long" refused "$name" "$work/long.yaml" '.*/long.yaml: longer than 1 MiB'
	check "$name: an empty file" refused "$name" "$work/empty.yaml" '.*/empty.yaml:1: node.host: is missing; .*'
	check "$name: a file that is not there" refused "$name" "$work/none.yaml" '.*/none.yaml: No such file or directory'
	check "$name: a folder" refused "$name" "$work" ".*$work: Is a directory"
done

# A file that the configuration names: found at start, status 1, named.
not_started() { # NAME REGEX
	local status=0
	timeout 20 symbolon-"$1" --config "$work/wrong.yaml" --ready-file "$work/wrong.ready" >"$work/said" 2>&1 || status=$?
	tail -n 3 "$work/said"
	[ "$status" = 1 ] && grep -Eq "^symbolon-$1: could not start: $2" "$work/said" && [ ! -e "$work/wrong.ready" ]
}
for name in $programs; do
	sed "s,certificate: .*,certificate: \"$work/none.pem\"," "$work/$name.yaml" >"$work/wrong.yaml"
	check "$name: a certificate that is not there" not_started "$name" ".*$work/none.pem.*No such file"
	sed "s,key: \".*\.key\",key: \"$work/ca.key\"," "$work/$name.yaml" >"$work/wrong.yaml"
	check "$name: a key of another certificate" not_started "$name" ".*$work/ca.key.*"
	cp "$work/$name.key" "$work/open.key" && chmod 644 "$work/open.key"
	sed "s,key: \".*\.key\",key: \"$work/open.key\"," "$work/$name.yaml" >"$work/wrong.yaml"
	check "$name: a key that others may read" not_started "$name" ".*$work/open.key.*chmod 600"
	sed "s,url: .*,url: \"sqlite:$work/none/x.db\"," "$work/$name.yaml" >"$work/wrong.yaml"
	check "$name: a database in a folder that is not there" not_started "$name" ".*$work/none.*"
	rm -f "$work/$name.db"*
done

# SIGHUP
check "authz runs" node_start authz
sed -i 's/level: info/level: loud/' "$work/authz.yaml"
kill -HUP "${pids[authz]}"
check "a wrong file is not taken over" wait_log authz \
	'node.not_reloaded.*authz.yaml:5: log.level: loud is not one of'
sed -i 's/level: loud/level: debug/;s/authz.sock/other.sock/' "$work/authz.yaml"
kill -HUP "${pids[authz]}"
check "nor what changes at a start only" wait_log authz \
	'node.not_reloaded.*operator.socket: changes only when the program starts anew'
check "it serves as before" operator GET /v1/status
sed -i 's/other.sock/authz.sock/' "$work/authz.yaml"
kill -HUP "${pids[authz]}"
check "a right one is" wait_log authz 'node.reloaded'
check "authz stops in order" stop authz
finish
