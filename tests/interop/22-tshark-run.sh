#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A whole run of a realm as it runs in operation, everything in TLS, captured on the loopback and read by Wireshark's
# dissector with the connections' secrets: bootstraps of both forms, a resynchronisation, a refused device, pushes and
# pulls, sessions with the application, a revocation, a stop in order. Nothing may be malformed on any reference point.
# time-limit: 180
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../system/realm.sh"
need openssl openssl
need tshark tshark

keylog=$build/tests/interop/keylog.so
LD_PRELOAD=$keylog symbolon --version >/dev/null 2>&1 || skip_all "what a sanitizer is in takes no other library first"

capture=$work/run.pcapng
start capture tshark -i lo -B 32 -f "host $own_ip" -w "$capture"
wait_log capture 'Capturing on' 10 >/dev/null || skip_all "this user may not capture packets"
export SSLKEYLOGFILE=$work/tls.keys LD_PRELOAD=$keylog
device() { symbolon-device "$1" --dir "$work/phone" "${@:2}" --address "${where[authn.rp_c]}"; }

export SYMBOLON_SOCKET=$work/authz.sock

# --- the run ---

check "a realm" realm_start
check "an application" node_start hello
check "its gateway" node_start gateway
check "a device" device_new phone 0
check "a stranger" device_new stranger 1
check "the gateway is announced" wait_log authn 'rp_a.serves'
check "a token of the plain form" wait_until 10 device bootstrap
check "a session with it" connect phone
check "the device is registered anew: its numbers begin at 0 again" eval \
	'symbolon device remove "$(client_of 0)" && devices_add 0 1'
check "a token for the application" device bootstrap --app "$application"
check "a session with that" connect phone
check "one who is not registered is refused" ends_with "$refused" bootstrap stranger
check "the permission is taken back" symbolon revoke "$(client_of 0)" "$application"
# The node tells those whom it concerns once the command has ended.
no_session() { ! connect phone; }
check "soon there is no session any more" wait_until 5 no_session
check "and given again" symbolon grant "$(client_of 0)" "$application"
check "the device comes back" wait_until 10 device bootstrap --app "$application"
check "in order" stop gateway
check "all" stop authn
check "stop" stop authz
unset LD_PRELOAD
# The kernel hands packets over in batches, and one that is not full is lost with the capture: the last must have come.
last_came() { grep -aq 'the run ends here' "$capture"; }
echo 'the run ends here' >"/dev/udp/$own_ip/9"
check "everything is captured" wait_until 20 last_came
{ stop capture INT 10; } >/dev/null 2>&1

# --- what Wireshark makes of it ---

port() { echo "${where[$1]##*:}"; }
as() { printf -- '-d\ntls.port==%s,%s\n' "$(port "$1")" "$2"; }
mapfile -t decode < <(as authz.rp_b diameter && as authn.rp_a diameter && as authn.rp_c http && as gateway.rp_d http)
# RDP's dissector guesses that it knows the first bytes of some TLS connections.
dissect() {
	HOME=$work tshark -r "$capture" --disable-protocol rdpmt -o "tls.keylog_file:$SSLKEYLOGFILE" "${decode[@]}" "$@" 2>"$work/tshark.log"
}
count() { dissect -Y "$1" -T fields -e frame.number | wc -l; }

dissect -q -z expert >"$work/expert"
check_equal "nothing is malformed, nothing an error" "" "$(grep -iE 'malformed|^errors' "$work/expert")"
dissect -V -O diameter >"$work/details"
check_equal "no AVP is unknown but those of our own number" "" \
	"$(grep -E 'AVP: .*[Uu]nknown' "$work/details" | grep -v 'vnd=32473')"
more_than() { # TEXT COUNT FILTER
	local seen
	seen=$(count "$3")
	check "$1: $seen" test "$seen" -ge "$2"
}
more_than "it reads RP_B: vectors" 4 'diameter.cmd.code == 303 && diameter.flags.request == 0'
more_than "one of them after a resynchronisation" 1 'diameter.cmd.code == 303 && diameter.flags.request == 1 && diameter.3GPP-SIP-Authorization'
more_than "permissions" 3 'diameter.cmd.code == 265 && diameter.flags.request == 0'
more_than "sessions that are ended" 1 'diameter.cmd.code == 274 && diameter.flags.request == 1'
more_than "RP_A: announcements, pushes, revocations" 3 'diameter.cmd.code == 16777214 && diameter.flags.request == 1'
more_than "RP_C: challenges" 4 "tcp.port == $(port authn.rp_c) && http.response.code == 401 && http.www_authenticate"
more_than "and what ends a bootstrap" 2 "tcp.port == $(port authn.rp_c) && http.response.code == 200"
more_than "a refusal" 1 "tcp.port == $(port authn.rp_c) && http.response.code == 403"
more_than "RP_D: requests behind a pre-shared key" 2 "tcp.port == $(port gateway.rp_d) && http.request"
check_equal "and all handshakes with the application are TLS 1.3 with one" 0 \
	"$(count "tcp.port == $(port gateway.rp_d) && tls.handshake.type == 11")"
finish
