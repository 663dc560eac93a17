#!/bin/bash
# Ten thousand idle connections on RP_C, while devices bootstrap.
# time-limit: 300
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3

count=10000
in_tls=500
[ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -ge $((count + in_tls + 500)) ] ||
	skip_all "RLIMIT_NOFILE is $(ulimit -Hn), $((count + in_tls + 500)) are needed"
more[authn.rp_c]="  idle: 10m"
check "a realm" realm_start 20
crowd() { # of devices, twenty bootstraps each
	"$build/tests/system/crowd" --address "${where[authn.rp_c_plain]}" --node "${host[authn]}" --devices 20 --rounds 20
}
idle() {
	python3 "$source_dir/tests/system/idle.py" "${where[authn.rp_c_plain]}" "${where[authn.rp_c]}" \
		"$work/ca.pem" "${host[authn]}" "${pids[authn]}" $count $in_tls "$work/idle.ready" <"$work/hold"
}
now_ms() { echo $(($(date +%s%N) / 1000000)); }
began=$(now_ms)
check "400 bootstraps without them" crowd
alone=$(($(now_ms) - began))
mkfifo "$work/hold"
idle >"$work/idle.cases" 2>&1 &
exec 3>"$work/hold"
check "they are there" wait_until 120 test -e "$work/idle.ready"
began=$(now_ms)
check "400 bootstraps among them" crowd
echo "# $alone ms without them, $(($(now_ms) - began)) ms among them"
check "and one over TLS" eval "device_new dev 0 && bootstrap dev"
exec 3>&-
check "they end" wait $!
cases_of cat "$work/idle.cases"
check "bootstraps after them" crowd
check "the nodes stop in order" eval "stop authn && stop authz"
finish
