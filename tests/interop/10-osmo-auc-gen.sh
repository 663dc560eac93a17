#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Milenage vectors and resynchronisation, ours beside libosmogsm's: random K, OPc, SQN and RAND.
# osmo-auc-gen takes SQN as a decimal number and uses it as it is; after AUTS it goes on with the
# next SEQ and the IND of --ind. It takes no AMF* but 0000, and makes no AUTS itself.
. "$(dirname "$0")/../system/lib.sh"
need osmo-auc-gen libosmocore-utils
ends=$build/tests/interop/aka_ends

rounds=24

random_hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
ours() { "$ends" <<<"$*"; }
theirs() { osmo-auc-gen -3 -a MILENAGE -k "$k" -o "$opc" -r "$rand" "$@" 2>&1; }
# value NAME: of "NAME:<tab>value" in what osmo-auc-gen said.
value() { sed -n "s/^$1:[[:space:]]*//p" <<<"$said"; }

for round in $(seq "$rounds"); do
	k=$(random_hex 16) opc=$(random_hex 16) rand=$(random_hex 16)
	amf=$(random_hex 2) sqn=$(random_hex 6)

	said=$(theirs -f "$amf" -s $((16#$sqn)))
	check_equal "vector $round: AUTN, IK, CK, RES" \
		"$(value AUTN) $(value IK) $(value CK) $(value RES)" \
		"$(ours vector "$k" "$opc" "$rand" "$amf" "$sqn")"

	# A SEQ with room to go on: what follows must stay below 2^48.
	sqn=0${sqn:1}
	auts=$(ours auts "$k" "$opc" "$rand" "$sqn")
	ind=$((round % 32))
	said=$(theirs -A "$auts" --ind "$ind")
	check_equal "resynchronisation $round: they read our AUTS" $((16#$sqn)) "$(value 'SQN.MS')"
	check_equal "resynchronisation $round: we read our AUTS" "$sqn" \
		"$(ours resync "$k" "$opc" "$rand" "$auts")"
	check_equal "resynchronisation $round: our device takes their next vector" \
		"$(value IK) $(value CK) $(value RES)" \
		"$(ours answer "$k" "$opc" "$rand" "$sqn" "$(value AUTN)")"
done

# One digit changed: both refuse.
last=${auts: -1}
forged=${auts:0:27}$(tr 0-9a-f 1-9a-f0 <<<"$last")
check_not "a forged AUTS is refused by them" theirs -A "$forged"
check_equal "a forged AUTS is refused by us" auth "$(ours resync "$k" "$opc" "$rand" "$forged")"

# The same challenge twice: the device answers with AUTS, and stays where it was.
said=$(theirs -s $((16#$sqn)))
check_equal "a replayed vector of theirs is out of range" sync \
	"$(ours answer "$k" "$opc" "$rand" "$sqn" "$(value AUTN)")"
finish
