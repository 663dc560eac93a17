#!/bin/bash
# A whole run with all that is logged: nothing secret or identifying stands in it. And its end: SIGTERM under load
# stops each node in order, at once, with status 0.
# time-limit: 300
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3
need curl curl

log_level=debug
devices=8
node=${host[authn]}
respond() { "$build/tests/system/respond" "$@"; }
check "a realm that logs all" realm_start $((devices + 2))
check "an application" eval "node_start hello && node_start gateway"
device() { symbolon-device --log-level debug --dir "$work/dev" "$@"; }
check "a device" device_new dev $devices
check "bootstraps" device bootstrap --address "${where[authn.rp_c]}"
grep "^{" "$work/.said" >"$work/device.log"
check "reaches the application" device connect "$application" --address "${where[gateway.rp_d]}" \
	--rp-c "${where[authn.rp_c]}" --get /
grep '^{' "$work/.said" >>"$work/device.log"

# bootstraps by hand, whose secrets are known: right, wrong, forged, unknown
ask() {
	curl -sS --max-time 20 -D "$work/head" -o "$work/body" -w '%{http_code}' -H "Authorization: $1" \
		-H "Host: $node" "http://${where[authn.rp_c_plain]}/"
}
for how in right right wrong forged; do
	ask "$(respond $((devices + 1)) "$node")" >/dev/null
	given=$(sed -n 's/.*nonce="\([^"]*\)".*/\1/p' "$work/head")
	respond $((devices + 1)) "$node" "$given" secrets >>"$work/secrets"
	respond $((devices + 1)) "$node" "$given" secrets | tail -n 2 | tr -d '\n' >>"$work/secrets" # Ks
	echo >>"$work/secrets"
	ask "$(respond $((devices + 1)) "$node" "$given" $how)" >>"$work/statuses"
	sed -n 's/.*<btid>\(.*\)<\/btid>.*/\1/p' "$work/body" >>"$work/names"
done
check_equal "tokens by hand, and what is refused" 200200403403 "$(cat "$work/statuses")"
ask "$(respond 999 "$node")" >/dev/null
ask 'Digest username="not an identity", realm="'"$node"'", nonce="", uri="/", response=""' >/dev/null

check "other devices bootstrap" "$build/tests/system/crowd" --address "${where[authn.rp_c_plain]}" --node "$node" \
	--devices $devices --rounds 3 --tokens "$work/tokens"
check "their tokens are asked for" pull "$work/tokens"
check "a permission is taken away" operator DELETE "/v1/grants?client=$(client_of 0)&application=$application"
check_not "and its token is not given any more" pull "$work/tokens"

# --- the end ---
start crowd "$build/tests/system/crowd" --address "${where[authn.rp_c_plain]}" --node "$node" --devices $devices \
	--vectors "$work/vectors"
start operator python3 "$source_dir/tests/system/operator.py" "$work/authz.sock" load "$work/writes"
under_load() { [ -s "$work/vectors" ] && grep -q '^201' "$work/writes"; }
for name in authz authn gateway; do
	check "all are under load" wait_until 20 under_load
	began=$SECONDS
	check "$name: SIGTERM under load ends it with 0" stop $name
	check "$name: at once" test $((SECONDS - began)) -le 5
	check "$name: in order" grep -q '"event":"node.stopped"' "$work/$name.log"
	check_not "$name: and takes its ready file along" test -e "$work/$name.ready"
done
check "no device met anything odd" stop crowd
check "the operator ends" stop operator

# --- the logs ---
for number in 0 1 $devices $((devices + 1)); do
	key_of "$number"; echo
	opc_of "$number"; echo
done >>"$work/secrets"
cut -d ' ' -f 2 "$work/tokens" >>"$work/secrets"
cat "$work"/*.master >>"$work/secrets"
symbolon-device key "$application" --dir "$work/dev" --reveal 2>/dev/null | grep -Eo '[0-9a-f]{64}' >>"$work/secrets"
cut -d ' ' -f 1 "$work/tokens" >>"$work/names"
forms() { # every secret as lower and upper hexadecimal, base64, base64url; identities; B-TIDs, whole and their first halves
	python3 - "$work/secrets" "$work/names" "$devices" <<-'EOF'
		import base64, sys
		for line in open(sys.argv[1]):
		    line = line.strip()
		    if len(line) < 16:
		        continue
		    raw = bytes.fromhex(line)
		    print(line, line.upper(), base64.b64encode(raw).decode().rstrip("="),
		          base64.urlsafe_b64encode(raw).decode().rstrip("="), sep="\n")
		for line in open(sys.argv[2]):
		    if line.strip():
		        print(line.split("@")[0].strip(), line.strip()[:12], sep="\n")
		for number in [*range(int(sys.argv[3]) + 2), 999]:
		    print(f"00101{number:010}")
		print("not an identity")
	EOF
}
forms | sort -u >"$work/forms"
check "there is much to look for" test "$(wc -l <"$work/forms")" -gt 150
for name in authz authn gateway device; do
	check "$name: all of its steps were logged" test "$(grep -c '"level":"debug"' "$work/$name.log")" -ge 3
	check_equal "$name: nothing of it stands in the log" "" "$(grep -F -f "$work/forms" "$work/$name.log" | head -n 3)"
	check "$name: every line is JSON" python3 -c 'import json, sys; [json.loads(line) for line in open(sys.argv[1])]' "$work/$name.log"
done
echo "$(client_of 3)" >"$work/probe"
check "(it would have been found)" grep -qF -f "$work/forms" "$work/probe"
finish
