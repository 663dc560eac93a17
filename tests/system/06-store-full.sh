#!/bin/bash
# The store on a disk that is really full: a small file system in memory, of a mount namespace's own.
. "$(dirname "$0")/lib.sh"

worker=$build/tests/system/store_worker
need unshare util-linux
unshare -rm true 2>/dev/null || skip_all "this system lets nobody make a mount namespace"

full_disk() {
	unshare -rm bash -c '
		mount -t tmpfs -o size=6m none "$2" &&
		dd if=/dev/zero of="$2/spare" bs=1M count=2 status=none &&
		"$1" fill "$2/store.db" "$2/spare"' - "$worker" "$work/disk"
}
mkdir "$work/disk"
check "a full disk is unavailable, and later it works" full_disk
sed 's/^/# /' "$work/.said"
finish
