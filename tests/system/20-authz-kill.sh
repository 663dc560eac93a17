#!/bin/bash
# symbolon-authz under kill -9 while devices bootstrap and an operator registers: no SQN comes twice,
# nothing that was acknowledged is lost, the devices get on by themselves.
# time-limit: 300
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3

devices=24
kills=5
check "a realm with $devices devices" realm_start $devices
start crowd "$build/tests/system/crowd" --address "${where[authn.rp_c_plain]}" --node "${host[authn]}" \
	--devices $devices --vectors "$work/vectors" --tokens "$work/tokens"
start operator python3 "$source_dir/tests/system/operator.py" "$work/authz.sock" load "$work/writes"

lines() { # FILE: so far, whole
	wc -l <"$1" 2>/dev/null || echo 0
}
grown() { # FILE LINES
	[ "$(lines "$1")" -ge "$2" ]
}
# What the devices saw is flushed in blocks: a growing file means that bootstraps go on.
load_goes_on() {
	wait_until 20 grown "$work/vectors" $(($(lines "$work/vectors") + 300)) &&
		wait_until 20 grown "$work/writes" $(($(lines "$work/writes") + 20))
}
kill_and_back() {
	load_goes_on && node_kill authz && node_start authz && alive crowd && alive operator
}
for round in $(seq $kills); do
	check "killed and back, $round" kill_and_back
done
check "bootstraps and registrations go on" load_goes_on
check "the operator ends" stop operator
check "no device met a stale vector, or anything else that is odd" stop crowd
sed 's/^/# /' "$work/crowd.log"
check "authz stops in order" stop authz

# "DEVICE SQN" lines in the order in which each device saw them
strictly_increasing() {
	awk '$2 <= last[$1] { print "device " $1 ": " $2 " after " last[$1]; bad = 1 } { last[$1] = $2; n++ }
		END { print n " vectors"; exit bad || n == 0 }' "$work/vectors"
}
check "the SQN of every device only grew" strictly_increasing
sed 's/^/# /' "$work/.said"
check "the database is whole" integrity authz
check "authz comes up again" node_start authz
check "what the operator was told is there" \
	python3 "$source_dir/tests/system/operator.py" "$work/authz.sock" verify "$work/writes"
sed 's/^/# /' "$work/.said"
finish
