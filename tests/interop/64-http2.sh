#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# HTTP/2 by others' clients, at the listener that has HTTP/1.1 too: curl, nghttp and h2load.
. "$(dirname "$0")/../system/lib.sh"
need curl curl
need nghttp nghttp2-client
need h2load nghttp2-client
need openssl openssl

PATH=$build/tests/interop:$PATH
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
chmod 600 "$work/key.pem"
start ends http2_ends "$work/cert.pem" "$work/key.pem"
check "a server comes up" wait_log ends '^127'
at=$(head -1 "$work/ends.log")
port=${at##*:}
ask() { # OPTION... PATH: prints version, status and size
	curl -sS --max-time 30 --cacert "$work/cert.pem" --connect-to "::$at" -o "$work/body" \
		-w '%{http_version} %{http_code} %{size_download}\n' "${@:1:$#-1}" "https://localhost${*: -1}"
}

check_equal "curl asks over HTTP/2" "2 200 5" "$(ask --http2 /5)"
check_equal "and over HTTP/1.1 at the same port" "1.1 200 5" "$(ask --http1.1 /5)"
check_equal "and without ALPN" "1.1 200 5" "$(ask --no-alpn --http1.1 /5)"
check_equal "and in TLS 1.2" "2 200 5" "$(ask --http2 --tls-max 1.2 /5)"
check_equal "a HEAD" "2 200 0" "$(ask --http2 -I /5000)"
check_equal "past the windows" "2 200 4000000" "$(ask --http2 /4000000)"
check_equal "a streamed answer" "2 200 40000000" "$(ask --http2 /stream/40000000)"
check_equal "which HTTP/1.1 has as well" "1.1 200 40000000" "$(ask --http1.1 /stream/40000000)"
head -c 900000 /dev/urandom >"$work/upload"
check_equal "a body" "2 200 900000" "$(ask --http2 --data-binary "@$work/upload" /)"
check "comes back as it was" cmp "$work/upload" "$work/body"
head -c 1200000 /dev/urandom >"$work/upload"
# curl 7.88 shows no answer that comes with RST_STREAM and NO_ERROR (RFC 9113 8.1) while it is still sending.
check_match "one that is too large is refused" '"status":413,' "$(nghttp -d "$work/upload" "https://127.0.0.1:$port/" 2>&1)"
check_match "as is a list of fields" '^2 431 ' "$(ask --http2 -H "X: $(head -c 17000 /dev/zero | tr '\0' a)" /)"
check_equal "many at once, over one connection" "50 2 200 100000" "$(
	curl -sS --max-time 60 --http2 -Z --parallel-max 50 --cacert "$work/cert.pem" --connect-to "::$at" \
		-w '%{http_version} %{http_code} %{size_download}\n' -o /dev/null "https://localhost/100000?[1-50]" |
		sort | uniq -c | sed 's/^ *//')"

nghttp -nvy "https://127.0.0.1:$port/100" "https://127.0.0.1:$port/200" >"$work/nghttp.out" 2>&1
said=$(sed 's/\x1b\[[0-9;]*m//g' "$work/nghttp.out")
check_match "nghttp agrees on h2" 'negotiated protocol: h2' "$said"
check_match "reads our settings" 'SETTINGS_MAX_CONCURRENT_STREAMS\(0x03\):100' "$said"
check_equal "and two answers" 2 "$(grep -c ':status: 200' <<<"$said")"

said=$(h2load -n 5000 -c 4 -m 50 "https://127.0.0.1:$port/100" 2>&1)
check_match "h2load asks 5000 times on 4 connections" '5000 succeeded, 0 failed, 0 errored, 0 timeout' "$said"
said=$(h2load -n 200 -c 2 -m 100 "https://127.0.0.1:$port/stream/300000" 2>&1)
check_match "and for answers that are streamed" '200 succeeded, 0 failed, 0 errored, 0 timeout' "$said"
check "the server stops cleanly" stop ends
finish
