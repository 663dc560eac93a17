#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Envelopes between operators (JWE, ECDH-ES+A256KW with A256GCM), ours beside those of the `jose` command: each opens the
# other's, and refuses what was changed.
. "$(dirname "$0")/../system/lib.sh"
need jose jose
ends=$build/tests/interop/jwe_ends
cty=y3056-key+json
cd "$work" || exit 1

openssl ecparam -name prime256v1 -genkey -noout -out key.pem 2>/dev/null
openssl ec -in key.pem -pubout -out public.pem 2>/dev/null
# The pair as a JWK: d, x and y out of OpenSSL's DER.
b64url() { basenc --base64url -w0 | tr -d =; }
d=$(openssl ec -in key.pem -outform DER 2>/dev/null | dd bs=1 skip=7 count=32 2>/dev/null | b64url)
point() { openssl ec -in key.pem -pubout -outform DER 2>/dev/null | tail -c 64; }
x=$(point | head -c 32 | b64url) y=$(point | tail -c 32 | b64url)
printf '{"kty":"EC","crv":"P-256","x":"%s","y":"%s","d":"%s"}' "$x" "$y" "$d" >pair.jwk
printf '{"kty":"EC","crv":"P-256","x":"%s","y":"%s"}' "$x" "$y" >public.jwk
printf '{"client":"001010123456789@old.example","k":"465b5ce8b199b49faa5f0a2ee238a6bc"}' >plain

"$ends" seal public.pem "$cty" <plain >ours.jwe
jose jwe dec -i ours.jwe -k pair.jwk -O opened 2>err
check_equal "they open ours" "$(cat plain)" "$(cat opened)"

printf '{"protected":{"alg":"ECDH-ES+A256KW","enc":"A256GCM","cty":"%s"}}' "$cty" >template
jose jwe enc -i template -I plain -k public.jwk -c -o theirs.jwe
check_equal "we open theirs" "$(cat plain)" "$("$ends" open key.pem "$cty" <theirs.jwe)"

# Parties named in the agreement (RFC 7518 4.6.1.2) go into its key.
printf '{"protected":{"alg":"ECDH-ES+A256KW","enc":"A256GCM","cty":"%s","apu":"b2xk","apv":"bmV3"}}' "$cty" >template
jose jwe enc -i template -I plain -k public.jwk -c -o parties.jwe
check_equal "with the parties named too" "$(cat plain)" "$("$ends" open key.pem "$cty" <parties.jwe)"

tampered=$(sed 's/.\{4\}$/AAAA/' ours.jwe)
check_not "what was changed they refuse" jose jwe dec -i - -k pair.jwk -O /dev/null <<<"$tampered"
check_not "and so do we" "$ends" open key.pem "$cty" <<<"$tampered"

printf '{"protected":{"alg":"ECDH-ES+A128KW","enc":"A128GCM","cty":"%s"}}' "$cty" >template
jose jwe enc -i template -I plain -k public.jwk -c -o weaker.jwe
check_not "other algorithms we refuse" "$ends" open key.pem "$cty" <weaker.jwe
finish
