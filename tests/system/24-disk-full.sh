#!/bin/bash
# The disk under each node runs full while devices bootstrap and an operator registers: 503 and nothing half
# done; what needs no writing goes on; as soon as there is room again, all does, without a restart.
# time-limit: 300
if [ -z "${SYMBOLON_OWN_MOUNTS-}" ] && unshare -rm true 2>/dev/null; then
	SYMBOLON_OWN_MOUNTS=1 exec unshare -rm bash "$0"
fi
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
[ -n "${SYMBOLON_OWN_MOUNTS-}" ] || skip_all "this system lets nobody make a mount namespace"
need openssl openssl
need python3 python3

devices=8
small_disk() { # NAME SIZE: the log of changes takes up to 16 MB before it is carried over
	disk[$1]=$work/$1-disk
	mkdir "${disk[$1]}" && mount -t tmpfs -o size="$2" none "${disk[$1]}"
}
trap 'umount -l "${disk[@]}"; end_all' EXIT
fill() { # NAME: the rest of the disk
	dd if=/dev/zero of="${disk[$1]}/spare" bs=4k 2>/dev/null
	[ -s "${disk[$1]}/spare" ]
}
free() { rm "${disk[$1]}/spare"; } # NAME

check "small disks" eval "small_disk authz 48m && small_disk authn 48m && small_disk gateway 4m"
check "a realm on them" realm_start $((devices + 4))
check "and an application" eval "node_start hello && node_start gateway"
check "devices of its own" eval "device_new dev $devices && device_new other $((devices + 1)) && device_new third $((devices + 2))"
check "one has bootstrapped" bootstrap dev
crowd() { # NAME: devices that bootstrap
	start "$1" "$build/tests/system/crowd" --address "${where[authn.rp_c_plain]}" --node "${host[authn]}" \
		--devices $devices --vectors "$work/$1.vectors" --tokens "$work/$1.tokens"
}
subscribe() { # ID: the status, and the answer in $work/answer
	curl -sS --max-time 20 --unix-socket "$work/authz.sock" -D "$work/head" -o "$work/answer" -w '%{http_code}' \
		-H 'Content-Type: application/json' -d '{"id":"'"$1"'","verification":"none"}' http://authz/v1/subscribers
}

# --- authz ---
crowd early
start operator python3 "$source_dir/tests/system/operator.py" "$work/authz.sock" load "$work/writes"
check "it works" wait_until 20 grep -q '^201' "$work/writes"
check "the disk under authz is full" fill authz
check "an operator gets 503" wait_until 30 grep -q '^503' "$work/writes"
check "the operator ends" stop operator
refused=$(subscribe late)
check_equal "every time" 503 "$refused"
check_match "with a reason" '"detail":"[^"]+' "$(cat "$work/answer")"
check_match "and when to come back" 'Retry-After: [0-9]+' "$(cat "$work/head")"
check "a device is told to come back later" wait_until 30 ends_with $unreachable bootstrap dev
check "what needs no writing goes on: status" operator GET /v1/status
# What is permitted must be withdrawn again one day, so it is written down first.
check "no permission is given that could not be withdrawn" ends_with $unreachable connect dev
check "the log says it, for a person to act" grep -Eq '"level":"error".*(full|disk)' "$work/authz.log"
free authz
works_again() { [ "$(subscribe late)" = 201 ]; }
check "there is room again, and the operator's work is taken" wait_until 10 works_again
check "and the device bootstraps" wait_until 10 bootstrap dev
check "no device met anything that is odd" stop early
sed 's/^/# /' "$work/early.log"
check "acknowledged is there, refused is not" \
	python3 "$source_dir/tests/system/operator.py" "$work/authz.sock" verify "$work/writes"
sed 's/^/# /' "$work/.said"
strictly_increasing() {
	awk '$2 <= last[$1] { print "device " $1 ": " $2 " after " last[$1]; bad = 1 } { last[$1] = $2; n++ }
		END { exit bad || n == 0 }' "$work/early.vectors"
}
check "no SQN came twice" strictly_increasing

# --- authn ---
check "other devices bootstrap" bootstrap other
check "and reach the application" connect other
check "the disk under authn is full" fill authn
crowd late
check "a device is told to come back later" wait_until 30 ends_with $unreachable bootstrap third
check "a token that the application has still opens it" connect other
check "the log says it" grep -Eq '"level":"error".*token.not_stored' "$work/authn.log"
free authn
check "there is room again, and it bootstraps" wait_until 10 bootstrap third
check "and reaches the application" connect third
check "no device met anything that is odd" stop late
sed 's/^/# /' "$work/late.log"
check "every token that was acknowledged is there" pull "$work/late.tokens"
check "those of the first crowd too" pull "$work/early.tokens"

# --- gateway ---
check "the disk under the gateway is full" fill gateway
again_and_again() {
	local round
	for round in $(seq 12); do
		bootstrap dev && connect dev || return
	done
}
check "it serves new tokens all the same" again_and_again
check "and says that it cannot keep them" grep -q 'full' "$work/gateway.log"
free gateway

# --- a start on a full disk ---
check "they stop in order" eval "stop gateway && stop authn && stop authz"
for name in authz authn gateway; do
	check "$name: its database is whole" integrity $name
done
fill authz
started_or_refused() {
	node_start authz && return 0
	stop authz
	grep -q '^symbolon-authz: could not start: .*No space left' "$work/authz.log"
}
check "authz on a full disk: starts, or says why not" started_or_refused
free authz
alive authz || check "with room it starts" node_start authz
check "and knows all" operator GET "/v1/subscribers/late"
check "and stops in order" stop authz
finish
