#!/bin/bash
# A geographical, two sectoral and three primary registries as processes: each joins, is followed, and is killed under load; a link
# is cut and comes back. Whatever happens, each event of each is at the top once, in its order.
# req: R3.2 R6.1-a R7-iv-d R7-iv-f R9.1-v R9.4-i-b
# time-limit: 300
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/registry.sh"
. "$(dirname "$0")/hierarchy.sh"
need curl curl
need openssl openssl
need python3 python3

primaries="p01 p02 p03"
check "a geographical registry" peer_start geo IN
check "a sectoral one" peer_start tel IN.TEL
check "another sectoral one" peer_start med IN.MED
check "a primary one" peer_start p01 IN.TEL.P01
check "a second one" peer_start p02 IN.TEL.P02
check "a third one" peer_start p03 IN.MED.P03

# --- joining ---

check "a sectoral registry joins the geographical one" join tel geo
check "the other one too" join med geo
check "a primary joins its sectoral registry" join p01 tel
check "a second one joins it" join p02 tel
check "a third one joins the other sectoral registry" join p03 med
check_equal "each says what the other is to it" "child joined, parent joined" "$(peer_state tel p01), $(peer_state p01 tel)"
check_not "a sectoral registry has no second parent" ask_to_join tel geo
check_not "a geographical one has none" ask_to_join geo tel
check "a primary that asks a primary is heard" ask_to_join p03 p01
check "and refused: it is the lowest level" wait_until 20 peer_is p03 p01 "parent refused"
check "bilateral peers" join p01 p03 peer
check_equal "are peers to each other" "peer joined, peer joined" "$(peer_state p01 p03), $(peer_state p03 p01)"
check_not "nobody reads the log without a certificate" curl -sS --fail --max-time 10 --cacert "$work/ca.pem" \
	--connect-to "::$(peer_api geo)" "https://geo.registry.example/v1/log/stream"
check_match "nor with one that has not joined" ' 401' "$(curl -sS -o /dev/null -w ' %{http_code}' --max-time 10 --cacert "$work/ca.pem" \
	--cert "$work/p01.pem" --key "$work/p01.key" --connect-to "::$(peer_api geo)" "https://geo.registry.example/v1/log/stream")"
old_tls() { openssl s_client -connect "$(peer_api geo)" "$@" -CAfile "$work/ca.pem" </dev/null 2>&1 | grep -c 'Cipher is (NONE)'; }
check_equal "TLS 1.1 is not spoken (RFC 8996)" 1 "$(old_tls -tls1_1 -cipher DEFAULT@SECLEVEL=0)"
check_equal "TLS 1.2 is" 0 "$(old_tls -tls1_2)"

# --- under load ---

for name in $primaries; do
	crowd_start "$name"
done
grown() { [ "$(enrolled "$1")" -ge "$2" ]; }
load_goes_on() { wait_until 30 grown "$1" $(($(enrolled "$1") + 100)); } # NAME
for name in $primaries; do
	check "$name has load" load_goes_on "$name"
done
kill_and_back() { # NAME
	{ stop "$1" KILL; } >/dev/null 2>&1
	peer_start "$1"
}
for name in p01 tel geo med p03 p02; do
	check "$name is killed, and comes back" kill_and_back "$name"
	check "load goes on" load_goes_on p01
done

# --- a link is cut ---

start relay python3 "$source_dir/tests/system/relay.py" "$work/relay" 0 "$(peer_api p02)"
check "a link that can be cut" wait_file "$work/relay" relay
{ stop p02; } >"$work/.said" 2>&1
sed -i "s/^peers: {/peers: {address: \"$(cat "$work/relay")\", /" "$work/p02.yaml"
check "a primary that is reached over it" peer_start p02
moved() { registry tel GET /v1/registries/IN.TEL.P02 | grep -q "\"address\":\"$(cat "$work/relay")\""; }
check "tells where it is now" wait_until 20 moved
check "is followed there" wait_until 20 follows tel p02
{ stop relay KILL; } >/dev/null 2>&1
port=$(cut -d: -f2 "$work/relay")
check "the other primary's load goes on" load_goes_on p01
check "its own too, unseen" load_goes_on p02
stale() { symbolon registry peers --json --socket "$work/tel.sock" | python3 -c '
import json, sys
peer = {peer["id"]: peer for peer in json.load(sys.stdin)["items"]}["IN.TEL.P02"]
sys.exit(0 if not peer["connected"] and peer["stale_ms"] > 200 else 1)'; }
check "the level above says how stale it is" wait_until 20 stale
rm -f "$work/relay"
start relay python3 "$source_dir/tests/system/relay.py" "$work/relay" "$port" "$(peer_api p02)"
check "the link is back" wait_file "$work/relay" relay
for name in $primaries; do
	check "$name: the load ends" stop "$name-crowd"
done
check "what was missed has come" wait_until 30 follows tel p02

# --- everything is at the top, once ---

settled() { follows tel p01 && follows tel p02 && follows med p03 && follows geo tel && follows geo med; }
check "all is in step" wait_until 60 settled
check "each event of each is at the top, in its order, once" has_all geo tel med p01 p02 p03
check "and in the middle" has_all tel p01 p02
check "and in the other middle" has_all med p03
check "the top's log verifies" symbolon registry verify --socket "$work/geo.sock"
check_match "more than all that was acknowledged" '^[0-9]+$' "$(log_size geo)"

# --- leaving ---

check "a primary leaves" symbolon registry leave IN.MED --reason "moves" --socket "$work/p03.sock"
check_equal "it says so" "parent left" "$(peer_state p03 med)"
wait_left() { peer_is med p03 "child left"; }
check "the other side knows" wait_until 20 wait_left
check_match "it is in its log" 'registry_left' "$(symbolon registry log --socket "$work/p03.sock")"
for name in geo tel med $primaries; do
	check "$name stops cleanly" stop "$name"
done
finish
