#!/bin/bash
# What RP_C refuses, as curl sees it over TLS: a wrong response, one used before, one too late, a forged AUTS;
# and that a client which nobody knows looks like one that is known.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3
need curl curl

node=${host[authn]}
check "a realm" realm_start 3

# ask AUTHORIZATION [CURL-OPTION...]: the status; head and body are in $work/head and $work/body.
ask() {
	local authorization=$1
	shift
	curl -sS --max-time 20 --cacert "$work/ca.pem" --connect-to "::${where[authn.rp_c]}" -D "$work/head" \
		-o "$work/body" -w '%{http_code}' -H "Authorization: $authorization" "$@" "https://$node/"
}
nonce() { sed -n 's/.*nonce="\([^"]*\)".*/\1/p' "$work/head"; }
respond() { "$build/tests/system/respond" "$@"; }
challenge() { # NUMBER: a fresh nonce
	[ "$(ask "$(respond "$1" "$node")")" = 401 ] && nonce
}
title() { sed -n 's/.*"detail":"\([^"]*\)".*/\1/p' "$work/body"; }

# --- a right response, once ---
given=$(challenge 0)
check_match "a challenge" '^[A-Za-z0-9+/]{43}=$' "$given"
right=$(respond 0 "$node" "$given" right)
check_equal "a right response gets a token" 200 "$(ask "$right")"
check_match "with a proof of the node" 'rspauth="[0-9a-f]{32}"' "$(cat "$work/head")"
check_equal "named after the challenge" "$(base64 -d <<<"$given" | head -c 16 | base64)@$node" \
	"$(sed -n 's/.*<btid>\(.*\)<\/btid>.*/\1/p' "$work/body")"
check_equal "the same response again: refused" 400 "$(ask "$right")"
check_match "with the reason" '10.4/2c: .*unknown, used or expired' "$(title)"
check_equal "and over another connection, in the plain: refused" 400 \
	"$(curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: $right" -H "Host: $node" "http://${where[authn.rp_c_plain]}/")"

# --- wrong ones: each spends the challenge ---
given=$(challenge 0)
check_equal "a wrong response" 403 "$(ask "$(respond 0 "$node" "$given" wrong)")"
check_equal "then the right one is too late" 400 "$(ask "$(respond 0 "$node" "$given" right)")"
given=$(challenge 0)
check_equal "the response of another device" 400 "$(ask "$(respond 1 "$node" "$given" right)")"
check_equal "spends it too" 400 "$(ask "$(respond 0 "$node" "$given" right)")"
given=$(challenge 0)
check_equal "a forged AUTS" 403 "$(ask "$(respond 0 "$node" "$given" forged)")"
given=$(challenge 0)
check_equal "a right response without its protection of the body" 400 \
	"$(ask "$(respond 0 "$node" "$given" right | sed 's/qop=auth-int/qop=auth/')")"
given=$(challenge 0)
check_equal "with a body that it does not cover" 403 "$(ask "$(respond 0 "$node" "$given" right)" -X GET -d 'more')"
given=$(challenge 0)
case $given in A*) changed=B${given:1} ;; *) changed=A${given:1} ;; esac
check_equal "a challenge that nobody gave" 400 "$(ask "$(respond 0 "$node" "$changed" right)")"

# --- a device that nobody knows ---
shape() { # NUMBER: of the answer to its start, without what differs every time
	ask "$(respond "$1" "$node")"
	sed -E 's/^[Dd]ate:.*//; s/nonce="[A-Za-z0-9+\/]{43}="/nonce=N/; s/opaque="[0-9a-f]{8}"/opaque=O/' "$work/head"
	cat "$work/body"
}
known=$(shape 1)
check_equal "an unknown client is challenged like a known one" "$known" "$(shape 999)"
refused_shape() { # NUMBER
	local given
	given=$(challenge "$1")
	ask "$(respond "$1" "$node" "$given" wrong)"
	sed -E 's/^[Dd]ate:.*//' "$work/head"
	cat "$work/body"
}
check_equal "and refused like one" "$(refused_shape 1)" "$(refused_shape 999)"
one=$(challenge 999)
check_not "and never challenged alike twice" test "$one" = "$(challenge 999)"
forged_shape() { # NUMBER
	local given
	given=$(challenge "$1")
	ask "$(respond "$1" "$node" "$given" forged)"
	sed -E 's/^[Dd]ate:.*//' "$work/head"
	cat "$work/body"
}
check_equal "its AUTS too" "$(forged_shape 1)" "$(forged_shape 999)"

# --- out of step ---
check "a device" eval "device_new dev 2 && bootstrap dev && bootstrap dev"
check "that the realm forgets" operator DELETE "/v1/devices/$(client_of 2)"
check "and registers anew, with an SQN of the past" operator POST /v1/devices '{"client":"'"$(client_of 2)"'","subscriber":"alice",
	"k":"'"$(key_of 2)"'","opc":"'"$(opc_of 2)"'","sqn":0}'
check "resynchronises" bootstrap dev
check "and is in step then" bootstrap dev
check "a realm that has another key for it" operator DELETE "/v1/devices/$(client_of 2)"
check "than the device" operator POST /v1/devices '{"client":"'"$(client_of 2)"'","subscriber":"alice",
	"k":"'"$(key_of 3)"'","opc":"'"$(opc_of 3)"'"}'
check "is not answered by the device: AUTN is not the realm's" ends_with $refused bootstrap dev

# --- too late ---
node_kill authn
more[authn.rp_c]="  challenge: 1s"
check "challenges live for a second" node_start authn
given=$(challenge 0)
also=$(challenge 1)
check_equal "one in time" 200 "$(ask "$(respond 0 "$node" "$given" right)")"
# answering would spend it: only the clock can tell
sleep 1.5
check_equal "one too late" 400 "$(ask "$(respond 1 "$node" "$also" right)")"
check_match "with the reason" '10.4/2c: .*unknown, used or expired' "$(title)"
check "the nodes stop in order" eval "stop authn && stop authz"
finish
