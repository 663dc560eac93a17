#!/bin/bash
# A registry without a certificate joins a parent that gives it one, once its administrator has approved the key that asks; it shows it
# from then on, keeps it over a kill while the parent is away, and a parent without an authority gives none. req: R9.1-v
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/registry.sh"
. "$(dirname "$0")/hierarchy.sh"
need openssl openssl
need curl curl
need python3 python3

openssl_quiet req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=registries -keyout "$work/registries.key" -out "$work/registries.pem"
chmod 600 "$work/registries.key"
peer_more[geo]="ca_certificate: \"$work/registries.pem\", ca_key: \"$work/registries.key\", approve: below"
bare[tel]=yes
bare[p01]=yes
check "a parent that signs" peer_start geo IN
check "a child without a certificate" peer_start tel IN.TEL
check "another, below that one" peer_start p01 IN.TEL.P01

shown() { openssl s_client -connect "$(peer_api tel)" -servername tel.registry.example -CAfile "$work/registries.pem" -verify_return_error </dev/null 2>&1; }
check_not "its door answers nobody" shown
check "it asks" ask_to_join tel geo
check "its request waits, whatever the policy says" wait_until 20 asks_for_approval tel geo
key_at() { registry "$1" GET "/v1/registries/$2" | python3 -c 'import json, sys; print(json.load(sys.stdin)["answer_key"])'; }
check_equal "both show the same key" "$(key_at tel IN)" "$(key_at geo IN.TEL)"
check_match "its list too" "$(key_at tel IN)" "$(symbolon registry requests --socket "$work/geo.sock")"
check_not "it has none yet" shown
check "it is approved" symbolon registry approve-registry IN.TEL --socket "$work/geo.sock"
check "it is followed" wait_until 20 follows geo tel
check "and follows" wait_until 20 follows tel geo
check_match "it shows what its parent signed" 'subject=CN = tel.registry.example' "$(shown)"
check_match "which says its RegID and key" "urn:symbolon:registry:IN.TEL:$(key_at geo IN.TEL)" \
	"$(shown | openssl x509 -noout -ext subjectAltName)"

{ stop geo; stop tel KILL; } >"$work/.said" 2>&1
check "killed, it comes back while its parent is away" peer_start tel
check_match "and shows it" 'subject=CN = tel.registry.example' "$(shown)"
check "the parent is back" peer_start geo
check "both are in step" wait_until 20 follows geo tel
check "in both directions" wait_until 20 follows tel geo

sed -i "s|authority: \"$work/ca.pem\"|authority: \"$work/registries.pem\"|" "$work/p01.yaml"
{ stop p01; } >"$work/.said" 2>&1
check "a registry that knows its parent by that authority" peer_start p01
check "asks one that signs nothing" ask_to_join p01 tel
refused() { registry p01 GET /v1/registries/IN.TEL | grep -q 'gives no certificates'; }
check "and is told so" wait_until 20 refused

check "the child is let go" symbolon registry leave IN.TEL --socket "$work/geo.sock"
gone() { peer_is tel geo "parent left"; }
check "it knows" wait_until 20 gone
for name in geo tel p01; do
	check "$name stops cleanly" stop "$name"
done
finish
