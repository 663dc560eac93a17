#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every Diameter message that Symbolon's encoder makes, read by Wireshark's dissector.
. "$(dirname "$0")/../system/lib.sh"
need tshark tshark

capture=$work/samples.pcap
dissect() { HOME=$work tshark -r "$capture" "$@" 2>"$work/tshark.log"; }

check "samples are written" "$build/tests/interop/diameter_samples" --pcap "$capture"
dissect >"$work/summary"
dissect -V -O diameter >"$work/details"
dissect -q -z expert >"$work/expert"

check_equal "all are taken for Diameter" 14 "$(grep -c ' DIAMETER ' "$work/summary")"
check_equal "nothing is malformed or doubtful" "" \
	"$(grep -iE 'malformed|errors|warns' "$work/expert")"
check_equal "no AVP is unknown" "" "$(grep -iE 'AVP: Unknown|Unknown\([0-9]+\)' "$work/details")"
check_equal "padding is zero everywhere" "" \
	"$(grep -E 'Padding: ' "$work/details" | grep -vE 'Padding: 0+$')"

# numbers in the dissector's list: what it must call them
while read -r number name; do
	check_match "message $number is a $name" "cmd=$name flags" \
		"$(sed -n "${number}p" "$work/summary" | sed 's/([0-9]*) flags/ flags/; s/ flags/ flags/')"
done <<'END'
1 Capabilities-Exchange Request
2 Capabilities-Exchange Answer
3 Device-Watchdog Request
4 Device-Watchdog Answer
5 Multimedia-Auth Request
6 Multimedia-Auth Answer
7 AA Request
8 AA Answer
9 Boostrapping-Info Request
10 Boostrapping-Info Answer
11 Disconnect-Peer Request
12 Disconnect-Peer Answer
13 Multimedia-Auth Answer
14 Multimedia-Auth Answer
END

seen() { # TEXT: a line of the details that holds it
	grep -qF -- "$1" "$work/details" || { echo "not seen: $1"; return 1; }
}
while read -r text; do
	check "reads as $text" seen "$text"
done <<'END'
ApplicationId: 3GPP Zh (16777221)
ApplicationId: 3GPP Zn (16777220)
Host-IP-Address Address: 127.0.0.1
Vendor-Specific-Application-Id(260) l=32 f=-M-
Auth-Application-Id(258) l=12 f=-M- val=3GPP Zh (16777221)
Origin-State-Id(278) l=12 f=-M- val=1767225600
Disconnect-Cause(273) l=12 f=-M- val=REBOOTING (0)
Auth-Session-State(277) l=12 f=-M- val=NO_STATE_MAINTAINED (1)
Auth-Request-Type(274) l=12 f=-M- val=AUTHORIZE_ONLY (2)
NAS-Identifier(32) l=28 f=-M- val=element1.asp.example
Authorization-Lifetime(291) l=12 f=-M- val=3600
3GPP-SIP-Number-Auth-Items(607) l=16 f=VM- vnd=TGPP val=1
3GPP-SIP-Authentication-Scheme(608) l=28 f=VM- vnd=TGPP val=Digest-AKAv1-MD5
3GPP-SIP-Authenticate(609) l=44 f=VM- vnd=TGPP
3GPP-SIP-Authorization(610) l=42 f=VM- vnd=TGPP
3GPP-SIP-Auth-Data-Item(612) l=160 f=VM- vnd=TGPP
Confidentiality-Key(625) l=28 f=VM- vnd=TGPP val=00112233445566778899aabbccddeeff
Integrity-Key(626) l=28 f=VM- vnd=TGPP val=00112233445566778899aabbccddeeff
GBA-UserSecSettings(400) l=54 f=VM- vnd=TGPP
Transaction-Identifier(401)
NAF-Hostname(402) l=28 f=VM- vnd=TGPP val=6170702e6578616d706c650100000007
GAA-Service-Identifier(403) l=16 f=VM- vnd=TGPP val=00010000
Key-ExpiryTime: Jan  1, 2026 01:00:00.000000000 UTC
BootstrapInfoCreationTime: Jan  1, 2026 00:00:00.000000000 UTC
GUSS-Timestamp(409) l=16 f=V-- vnd=TGPP val=Jan  1, 2026 00:00:00.000000000 UTC
ME-Key-Material(405) l=44 f=VM- vnd=TGPP
Private-Identity-Request(416) l=16 f=V-- vnd=TGPP
Experimental-Result-Code: DIAMETER_ERROR_IMPI_UNKNOWN (5401)
Result-Code(268) l=12 f=-M- val=DIAMETER_MISSING_AVP (5005)
Failed-AVP(279) l=20 f=-M-
Error-Message(281) l=23 f=--- val=what is missing
END
finish
