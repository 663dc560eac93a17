#!/bin/bash
# The store under kill -9: what was acknowledged is there, no unit is half there, and what was
# refused is not there. A fixed seed, and one that is new each time.
# time-limit: 300
. "$(dirname "$0")/lib.sh"

worker=$build/tests/system/store_worker
seed=$((RANDOM))

check "12 kills, seed 4711" "$worker" kill "$work/a.db" 12 4711
sed 's/^/# /' "$work/.said"
check "12 kills, seed $seed" "$worker" kill "$work/b.db" 12 "$seed"
sed 's/^/# /' "$work/.said"
finish
