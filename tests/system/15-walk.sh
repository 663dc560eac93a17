# shellcheck shell=bash
# time-limit: 240
# The whole walk as a person sees it: a realm comes up, a device bootstraps and reaches an application.
# req: R6.1-a R7-iv-a R7-iv-b R7-iv-c R7-iv-d R7-iv-e R7-iv-f R9.1-i R9.1-ii R9.1-vi B10.4 B10.5 B9.4.1-c B9.1.1-e B7.2-b B9.3-a B9.2.1-a B9.5-a
. "$(dirname "$0")/lib.sh"
need openssl openssl

member() { json "$work/$1/endpoints.json" "$2"; }
seen() { python3 -c 'import json, sys; print("\n".join(sorted({"{clause} {event}".format(**json.loads(line)) for line in sys.stdin})))' <"$1"; }
clauses() { python3 -c 'import json, sys; print(" ".join(json.loads(line)["clause"] for line in sys.stdin))' <"$1"; }
cat >"$work/wanted" <<'END'
10.1/1 shown
10.1/2 shown
10.1/3 shown
10.1/4 shown
10.2/1a shown
10.2/1b shown
10.2/1c shown
10.2/2a shown
10.2/2b shown
10.2/2c shown
10.3/1 shown
10.3/2 shown
10.3/3 shown
10.3/4 shown
10.3/5 shown
10.3/6 shown
10.4/1a rp_c.identified
10.4/1a rp_c.start
10.4/1b rp_b.key_asked
10.4/1b rp_b.vector_asked
10.4/1c rp_b.key_looked_up
10.4/1c rp_b.vector_made
10.4/1d rp_c.key_verified
10.4/1d rp_c.verified
10.4/2a rp_c.challenge
10.4/2b se.autn_verified
10.4/2c rp_c.response
10.4/3a rp_b.permission_asked
10.4/3b rp_b.permission_answered
10.4/3b rp_c.not_permitted
10.4/4a ks.exported
10.4/4a node.verified
10.4/4a token.generated
10.4/4b token.generated
10.4/4c rp_c.answered
10.4/4c token.stored
10.4/4d rp_a.acknowledged
10.4/4d rp_a.pushed
10.5/1a session.requested
10.5/1b session.secure_asked
10.5/1c token.looked_up
10.5/1d token.valid
10.5/2a token.key_derived
10.5/2b token.key_set
10.5/2c session.established
10.6.1/1 change.asked
10.6.1/1 change.consented
10.6.1/1 change.requested
10.6.1/2 change.verified
10.6.1/3 change.asked
10.6.1/3 change.key_handed_over
10.6.1/3 change.keyed
10.6.1/4 change.updated
10.6.1/4 key_update.confirmed
10.6.1/4 se.key_replaced
10.6.1/5 change.asked
10.6.1/5 change.first_token
10.6.1/5 change.left
10.6.1/5 change.told
10.6.1/6 shown
10.6.2/1 change.asked
10.6.2/1 change.consented
10.6.2/1 change.requested
10.6.2/2 change.verified
10.6.2/3 change.asked
10.6.2/3 change.order_signed
10.6.2/3 change.ordered
10.6.2/4 change.asked
10.6.2/4 change.public_key_given
10.6.2/4 change.updated
10.6.2/5 change.asked
10.6.2/5 change.first_token
10.6.2/5 change.left
10.6.2/5 change.told
10.6.2/6 shown
9.1/i shown
9.1/ii shown
9.1/iii shown
9.1/v shown
9.1/vi shown
9.2/ii-a device.registered
9.2/ii-b device.confirmed
9.3/i-a shown
9.3/i-c device.reported
9.3/ii-a event.device_reported
9.3/ii-a shown
9.3/ii-b event.vulnerability_recorded
9.3/ii-c shown
9.3/iii shown
9.4/i-a shown
9.4/i-b event.status_changed
9.4/i-c notify.told
9.4/i-c shown
9.6.1 rp_a.acknowledged
9.6.1 rp_a.announced
9.6.1 rp_a.served
9.6.1 rp_a.told
9.6.2 rp_b.revoked
9.6.2 token.revoked
END
every_step() { check_equal "$1" "" "$(comm -23 "$work/wanted" <(seen "$2"))"; }

check "the walk goes through" sh -c "symbolon up --once --json --dir '$work/a' >'$work/steps'"
every_step "every step of all flows is shown" "$work/steps"
# What one flow shows, each number once, in the order in which it is first seen.
numbers() { clauses "$2" | tr ' ' '\n' | sed -n "s,^$1/,,p" | awk '!seen[$0]++' | paste -sd ' '; }
in_order() {
	check_equal "10.1 in its order" "1 2 3 4" "$(numbers 10.1 "$1")"
	check_equal "10.2 in its order" "1a 1b 1c 2a 2b 2c" "$(numbers 10.2 "$1")"
	check_equal "10.3 in its order" "1 2 3 4 5 6" "$(numbers 10.3 "$1")"
	check_equal "10.5 in its order" "1a 1b 1c 1d 2a 2b 2c" "$(numbers 10.5 "$1")"
	check_equal "10.6.1 in its order" "1 2 3 4 5 6" "$(numbers 10.6.1 "$1")"
	check_equal "10.6.2 in its order" "1 2 3 4 5 6" "$(numbers 10.6.2 "$1")"
	check_equal "nothing under 10.6 alone" "" "$(numbers 10.6 "$1")"
}
in_order "$work/steps"
check_equal "the flows in theirs" "10.1 10.2 10.3 10.4 10.5 10.6.1 10.6.2" \
	"$(clauses "$work/steps" | tr ' ' '\n' | grep -v -e '^9' -e '^10.4/3b' | cut -d/ -f1 | awk '!seen[$0]++' | paste -sd ' ')"
first_steps() { printf '%s\n' "9.1/i event.registry_set_up" "9.1/v event.registry_joined" "9.2/i-b event.device_registered" \
	"9.2/ii-b event.device_confirmed" "9.3/i-a event.enquirer_enrolled"; }
check_equal "registries are set up, and devices and an enquirer registered, in the first run" "" \
	"$(comm -23 <(first_steps) <(seen "$work/steps"))"
arrives() { python3 -c 'import json, sys; print(" ".join(s["to"] for s in map(json.loads, sys.stdin) if s["event"] == sys.argv[1] and s["from"] == "IN.TEL.P01"))' "$1" <"$work/steps"; }
check_match "a change of status comes to all levels (7 iv f)" 'IN.TEL.P01.* IN.TEL .*IN( |$)' "$(arrives event.status_changed)"
# Challenge and response (2) come before the credentials are verified (1d); permission before there is a token.
check_match "10.4 as the two ends can do it" \
	'10.4/1a 10.4/1a 10.4/1b 10.4/1c 10.4/2a 10.4/2b 10.4/2c 10.4/1d 10.4/3a 10.4/3b' "$(clauses "$work/steps")"
check "a second run goes on with the same data" sh -c "symbolon up --once --json --dir '$work/a' >'$work/steps'"
every_step "and shows every step again" "$work/steps"
in_order "$work/steps"
check "as words for people too" sh -c "symbolon up --once --dir '$work/a' >'$work/words'"
check_match "with the application's answer at the end" 'Hello, [A-Za-z0-9_-]{24}\.' "$(cat "$work/words")"
check_match "and with a session that ends in less than a second with its permission" \
	'the session ended [0-9]{1,3}\.[0-9] ms' "$(cat "$work/words")"
check_match "a change that is three levels up in less than a second" 'IN +knows it +[0-9]{1,3}\.[0-9]{2} ms after' "$(cat "$work/words")"
check_match "an advisory that makes a device unreliable at the top" '"trust":"unreliable"' "$(cat "$work/words")"
check_match "an honest answer about last week" '"devices":\[\]' "$(cat "$work/words")"
check_match "and a subscriber who hears of it" 'status_changed IN.TEL.P01:mac:[0-9a-f]+ .* unreliable -> trusted' "$(cat "$work/words")"
check_equal "no line is wider than a screen" "" "$(awk 'length($0) > 118' "$work/words")"
own_key=$(sed -n '/^=== 10.4-asym/,/^=== 10.5/p' "$work/words")
check_match "a device's own key has words of its own" 'TLS 1.3 has proved both keys' "$own_key"
check_not "and none of AKA's" grep -Ei 'rspauth|response|AUTN|RES ' <<<"$own_key"
check_match "in a change each operator is named" 'new:authz -> old:authz .*old:authz -> new:authz ' "$(tr '\n' ' ' <"$work/words")"
cp "$work/words" "$work/before"
hello() { sed -n "/^The application's answer/,/It is/s/^ *Hello/Hello/p" "$work/$1"; }
check "once more" sh -c "symbolon up --once --dir '$work/a' >'$work/words'"
check_equal "to the application the device is the same" \
	"$(hello before)" "$(hello words)"

check "one flow alone" sh -c "symbolon demo 10.2 --json --dir '$work/a' >'$work/steps'"
check_equal "and no other" "10.2" "$(clauses "$work/steps" | tr ' ' '\n' | grep -v -e '^9' -e '^10.4/3b' | cut -d/ -f1 | sort -u)"
check_not "one that is none" symbolon demo 10.7

mkdir -p "$work/cut/device/device.json/x"
check_not "a run ends before the device has its key" symbolon up --once --dir "$work/cut"
rm -r "$work/cut/device/device.json"
check "the next one goes on from there" symbolon up --once --dir "$work/cut"
check_not "and leaves no key behind" test -e "$work/cut/device.key"

# --- it stays up, and two live side by side ---

start one symbolon up --dir "$work/one"
start two symbolon up --dir "$work/two"
check "one is up" wait_log one 'The realm is up'
check "another beside it is up" wait_log two 'The realm is up'
check_not "a third in the same folder is not" symbolon up --once --dir "$work/one"

rp_c=$(member one authn.rp_c) rp_d=$(member one gateway.rp_d) socket=$(member one authz.operator_socket)
device() { symbolon-device "$@" --dir "$work/one/device"; }
client=$(member one client) application=$(member one application)

check "another bootstrap" device bootstrap --app "$application" --address "$rp_c"
check_match "another session" '^Hello, ' "$(device connect "$application" --address "$rp_d" --get /)"

knock() { # KEY IDENTITY: OpenSSL as the device
	printf 'GET / HTTP/1.1\r\nHost: app.example\r\nConnection: close\r\n\r\n' |
		timeout 20 openssl s_client -quiet -connect "$rp_d" -servername app.example -tls1_3 \
			-psk_identity "$2" -psk "$1" 2>&1
}
key=$(device key "$application" --reveal) identity=$(device key "$application")
check_match "openssl gets in with the derived key" 'HTTP/1.1 200 OK.*Hello, ' "$(knock "$key" "$identity")"
check_match "not with another key" 'alert' "$(knock "${key:0:62}00" "$identity")"
check_match "not with an id that nobody made" 'alert unknown psk identity' \
	"$(knock "$key" 'y3056;AAAAAAAAAAAAAAAAAAAAAAAA@authn1.realm.example')"

unknown() {
	curl -s -o /dev/null -w '%{http_code}' --cacert "$(member one authority)" \
		--connect-to "::$rp_c" "https://$(member one authn.node)/" -H \
		"Authorization: Digest username=\"$1\", realm=\"authn1.realm.example\", nonce=\"\", uri=\"/\", response=\"\""
}
check_equal "a device that nobody registered is challenged like any other" \
	"$(unknown "$client")" "$(unknown 001019999999999@realm.example)"

# req: B7.1-h
document() {
	curl -s --cacert "$(member one authority)" --connect-to "::$rp_c" \
		"https://$(member one authn.node)/.well-known/bootstrapping-realm"
}
payload() { python3 -c 'import base64, sys; part = sys.stdin.read().split(".")[1]; print(base64.urlsafe_b64decode(part + "==").decode())'; }
check_match "the realm says which nodes it has" '"realm":"realm.example",.*"nodes":\[\{"role":"authn","host":"authn1.realm.example"' "$(document | payload)"
openssl_verifies() { # a compact JWS against a P-256 key in PEM
	python3 - "$1" "$work/jws" <<'END'
import base64, sys
header, payload, signature = open(sys.argv[1]).read().split(".")
raw = base64.urlsafe_b64decode(signature + "==")
def integer(n):
    n = n.lstrip(b"\0") or b"\0"
    n = b"\0" + n if n[0] & 0x80 else n
    return b"\x02" + bytes([len(n)]) + n
body = integer(raw[:32]) + integer(raw[32:])
open(sys.argv[2] + ".signature", "wb").write(b"\x30" + bytes([len(body)]) + body)
open(sys.argv[2] + ".signed", "w").write(header + "." + payload)
END
	openssl dgst -sha256 -verify "$work/one/realm.pem" -signature "$work/jws.signature" "$work/jws.signed"
}
document >"$work/document"
check "signed with its key, says OpenSSL" openssl_verifies "$work/document"

check "the permission is taken away" symbolon --socket "$socket" revoke "$client" "$application"
check_not "no token is made any more" device bootstrap --app "$application" --address "$rp_c"
check "a plain bootstrap still is" device bootstrap --address "$rp_c"
check "given back" symbolon --socket "$socket" grant "$client" "$application"
check "it is again" device bootstrap --app "$application" --address "$rp_c"
check_match "and answers" '^Hello, ' "$(device connect "$application" --address "$rp_d" --rp-c "$rp_c" --get /)"

# --- what it suggests works as it is printed ---

suggestions() { sed -n '/^Try (in another terminal)/,/^The realm is up/s/^  //p' "$work/one.log"; }
check "it suggests how to go on" test "$(suggestions | grep -vc '^#')" -gt 12
tried=$(suggestions | timeout 60 bash 2>&1)
check_match "a bootstrap for the application" 'for +app.example' "$tried"
check_equal "a session, one by forward, one with OpenSSL" 3 "$(grep -c '^Hello, ' <<<"$tried")"
check_match "a challenge for whom nobody knows" '401 Unauthorized' "$tried"
check_match "a revocation" 'may not use app.example any more' "$tried"
check_match "and what the device hears of it" 'does not permit this device to use the application' "$tried"
check_match "the permission again" ': may use app.example' "$tried"
check_match "a registry's log, verified" 'IN.TEL.P01.*log' "$tried"
check_match "a copy" 'authz.backup: [0-9]+ bytes' "$tried"
check_match "a data key" 'a rotation is under way|data keys' "$tried"
check_not "nothing that is unknown" grep -Ei 'unknown (command|option)|see --help|No such file|not found|cannot reach' <<<"$tried"

# --- and what the walk has shown can be copied: commands that only look, as they stand there ---

shown() { # whole commands, a line each; where they are typed comes first
	sed -n '/^Lines below/,/^Try/s/^  //p' "$work/one.log" | sed -e ':more' -e '/\\$/{N;s/ \\\n */ /;b more' -e '}' |
		grep -E '^(export|cd|curl) |^symbolon.* (asp applications|catalogue|notifications|extension show|realm list|connect|registry (list|peers|verify-answer))\b' |
		grep -v -e '--get /clock' -e '/v1/events$' -e '--tls-max'
}
check "there are some" test "$(shown | wc -l)" -gt 15
while IFS= read -r line; do
	case $line in
	"export "* | "cd "*) begun="${begun-}$line; " ;;
	*) check "copied: ${line:0:60}" bash -c "${begun-}$line" ;;
	esac
done < <(shown)

# --- a device of which the realm has lost step, and one that has no token ---

check "a token may be dropped" device drop
check_match "connect bootstraps by itself" '^Hello, ' \
	"$(device connect "$application" --address "$rp_d" --rp-c "$rp_c" --get /)"

# --- what is written down ---

secret_free() { ! grep -rqi -e "$key" "$work/one/logs" "$work/one/endpoints.json"; }
check "no key in logs or endpoints" secret_free
check "no identity in the nodes' logs" sh -c "! grep -rq 001010123456789 '$work/one/logs'"
check_equal "no file of the realm is for others to read" "" \
	"$(find "$work/one" -type f -perm /077 -printf '%P %m\n')"

check "a node that dies is told" pkill -KILL -f "symbolon-gateway --config $work/two"
check_not "and ends the realm with a failure" stop two 0
check_match "naming its log" 'gateway ended with status 137; see .*gateway.log' "$(cat "$work/two.log")"
check "Ctrl-C stops one" stop one INT
check_equal "nothing is left running" "" "$(pgrep -f "$work" -a | grep -v "$0" | grep symbolon)"
finish
