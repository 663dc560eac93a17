#!/bin/bash
# A server on libsymbolon-app, examples/embed-app, is an application element like any other; and what is installed is
# enough to build it elsewhere.
# req: B8.3
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3
need pkg-config pkg-config

install_it() { DESTDIR=$work/root meson install -C "$build" --no-rebuild --quiet; }
check "the libraries are installed" install_it
built() { # against what is installed alone
	local pc
	pc=$(find "$work/root" -name symbolon-app.pc) && [ -n "$pc" ] || return
	local -a flags
	read -ra flags < <(PKG_CONFIG_PATH=$(dirname "$pc") PKG_CONFIG_SYSROOT_DIR=$work/root \
		pkg-config --cflags --libs symbolon-app)
	# what was built with sanitizers needs the compiler that brought them
	if nm "$(find "$work/root" -name libsymbolon-app.a)" 2>/dev/null | grep -q __asan_init; then
		set -- clang-14 -fsanitize=address,undefined
	else
		set -- cc
	fi
	"$@" -std=gnu17 -D_GNU_SOURCE -o "$work/mine" "$source_dir/examples/embed-app.c" "${flags[@]}"
}
check "a program is built with them" built

check "a realm with a device" realm_start 1
check "a device" device_new dev 0
start mine "$work/mine" "$application" "$own_ip:0" "${host[element]}" "$application" "$work/element" \
	"${host[authn]}" "$realm" "${where[authn.rp_a]}"
check "the server is up" wait_log mine "^$own_ip:"
door=$(grep -m 1 "^$own_ip:" "$work/mine.log")
check "the realm takes its announcement" wait_log authn '"event":"rp_a.serves".*"element":"element.app.example"'
hello() {
	symbolon-device connect "$application" --dir "$work/dev" --address "$door" \
		--rp-c "${where[authn.rp_c]}" --get /
}
check "the device bootstraps" symbolon-device bootstrap --app "$application" --dir "$work/dev"
check_match "and is known by its pseudonym" '^Hello, [A-Za-z0-9_-]{24}$' "$(hello)"
symbolon --socket "$work/authz.sock" revoke "$(client_of 0)" "$application" >/dev/null
check "the server hears that the token is revoked" wait_log mine '^a token is revoked'
check_not "and lets nobody in with it" hello
check "it stops" stop mine
finish
