#!/bin/bash
# A node as a service: what it tells the service manager, what the manager hands it, and the units that are installed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3

# --- what it tells ---
cat >"$work/manager.py" <<'END'
import os, socket, sys
path = sys.argv[1]
if path.startswith("@"):
    path = "\0" + path[1:]
heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
heard.bind(path)
open(sys.argv[2] + ".up", "w")
with open(sys.argv[2], "w", buffering=1) as out:
    while True:
        for line in heard.recv(4096).decode().splitlines():
            out.write(line + "\n")
END
heard() { grep -q "$1" "$work/heard"; }
as_service() { # SOCKET
	rm -f "$work/heard" "$work/heard.up" "$work/authz.ready"
	start manager python3 "$work/manager.py" "$1" "$work/heard"
	wait_until 10 test -e "$work/heard.up" || return
	NOTIFY_SOCKET=$1 WATCHDOG_USEC=200000 start authz symbolon-authz --config "$work/authz.yaml" \
		--ready-file "$work/authz.ready"
	wait_file "$work/authz.ready" authz
}
realm_files
configure authz
check "a node that a service manager starts" as_service "$work/notify.sock"
check "it says that it is ready" wait_until 10 heard '^READY=1$'
several() { [ "$(grep -c '^WATCHDOG=1$' "$work/heard")" -ge 3 ]; }
check "it feeds the watchdog" wait_until 10 several
kill -HUP "${pids[authz]}"
check "it says that it reads its configuration again" wait_until 10 heard '^RELOADING=1$'
check "as Type=notify-reload wants it" wait_until 10 heard '^MONOTONIC_USEC=[0-9]*$'
check "and that it is ready again" eval '[ "$(grep -c ^READY=1 "$work/heard")" = 2 ]'
check "it stops" stop authz
check "and says so before" heard '^STOPPING=1$'
{ stop manager KILL; } >/dev/null 2>&1
check "an abstract socket is as good" as_service "@symbolon-test-$$"
check "it says that it is ready there" wait_until 10 heard '^READY=1$'
{ stop manager KILL; } >/dev/null 2>&1
kill -HUP "${pids[authz]}"
check "nobody listens any more: it goes on" wait_log authz 'node.reloaded'
check "to its end" stop authz

# --- what it is handed ---
mkdir -p "$work/credentials"
cp "$work/authz.master" "$work/credentials/master"
chmod 440 "$work/credentials/master"
sed -i "s|master_key: .*|master_key: \"$work/credentials/master\"|" "$work/authz.yaml"
refused() { ! symbolon-authz --config "$work/authz.yaml" >"$work/said" 2>&1 && grep -q 'chmod 600' "$work/said"; }
check "a key that a group may read is refused" refused
if [ "$(id -u)" = 0 ]; then
	rm -f "$work/authz.ready"
	CREDENTIALS_DIRECTORY=$work/credentials start authz symbolon-authz --config "$work/authz.yaml" \
		--ready-file "$work/authz.ready"
	check "but not as a credential, whose access list looks so" wait_file "$work/authz.ready" authz
	check "it stops" stop authz
	chmod 444 "$work/credentials/master"
	check_not "one that all may read is none" \
		env CREDENTIALS_DIRECTORY="$work/credentials" symbolon-authz --config "$work/authz.yaml"
else
	skip "a credential that looks as if the group could read it" "not root"
fi

# --- the units ---
for name in authz authn gateway registry; do
	check "deploy/$name.yaml is right" "symbolon-$name" --config "$source_dir/deploy/$name.yaml" --check
done
command -v systemd-analyze >/dev/null || { skip "the units" "missing package systemd"; finish; }
mkdir "$work/units"
for name in authz authn gateway registry; do
	unit=$work/units/symbolon-$name.service
	sed -e "s|@bindir@|$build/src/$name|" -e '/^Documentation=/d' \
		"$source_dir/deploy/systemd/symbolon-$name.service.in" >"$unit"
	said=$(systemd-analyze verify "$unit" 2>&1)
	check_equal "systemd takes symbolon-$name.service" "" "$(grep -F "symbolon-$name" <<<"$said")"
	exposure=$(systemd-analyze security --offline=true "$unit" 2>/dev/null | sed -n 's/.*level for .*: \([0-9.]*\) .*/\1/p')
	check "symbolon-$name.service is exposed to little: ${exposure:-?}" \
		awk -v level="${exposure:-10}" 'BEGIN { exit !(level < 2.0) }'
done
sysusers() { systemd-sysusers --root="$work/root" "$source_dir/deploy/systemd/symbolon.sysusers.conf"; }
if command -v systemd-sysusers >/dev/null; then
	mkdir -p "$work/root/etc"
	check "systemd-sysusers makes the users" sysusers
	check_equal "one for each node" 4 "$(grep -c '^symbolon-' "$work/root/etc/passwd")"
fi
finish
