#!/bin/bash
# The disk under a registry runs full while parties enrol: 503 and nothing half done; what needs no writing goes on; as soon as
# there is room again, all does, without a restart.
# req: R7-i-c
# time-limit: 300
if [ -z "${SYMBOLON_OWN_MOUNTS-}" ] && unshare -rm true 2>/dev/null; then
	SYMBOLON_OWN_MOUNTS=1 exec unshare -rm bash "$0"
fi
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/registry.sh"
[ -n "${SYMBOLON_OWN_MOUNTS-}" ] || skip_all "this system lets nobody make a mount namespace"
need curl curl
need openssl openssl
need python3 python3

disk[p01]=$work/disk
trap 'umount -l "${disk[p01]}"; end_all' EXIT
small_disk() { mkdir "${disk[p01]}" && mount -t tmpfs -o size=48m none "${disk[p01]}"; }
fill() { dd if=/dev/zero of="${disk[p01]}/spare" bs=4k 2>/dev/null; [ -s "${disk[p01]}/spare" ]; }
# shellcheck disable=SC2034
registry_lines[p01]="enquiry: {enrolments: 0}"
check "a small disk" small_disk
check "a registry on it" registry_start p01 IN.TEL.P01
crowd_start p01
grown() { [ "$(enrolled p01)" -ge "$1" ]; } # HOW-MANY
check "parties enrol" wait_until 20 grown 300
checkpoint p01 before
check "the disk is full" fill
check "they get 503" wait_until 30 grep -q '^503' "$work/p01.enrolled"
check "and nothing else" eval "! grep -vE '^(20[12]|503) ' '$work/p01.enrolled'"
check "what needs no writing goes on: status" registry p01 GET /v1/status
check "the log and its proofs" log_check p01 --old "$work/before"
check "its own log says it, for a person to act" grep -Eq '"level":"error".*(full|disk)' "$work/p01.log"
rm "${disk[p01]}/spare"
check "there is room again, and enrolments are taken" wait_until 20 grown $(($(enrolled p01) + 100))
check "the crowd ends" stop p01-crowd
check "all that was acknowledged is in the log, once" log_check p01 --old "$work/before" --enrolled "$work/p01.enrolled"
sed 's/^/# /' "$work/.said"
check "a restart" eval "stop p01 && registry_start p01"
check "finds the same" log_check p01 --old "$work/before" --enrolled "$work/p01.enrolled"
check "it stops cleanly" stop p01
finish
