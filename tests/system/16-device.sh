#!/bin/bash
# symbolon-device by itself: what it says, what it ends with, and sessions through pipes and files. Its peers are a
# node that OpenSSL and a few lines play, and an application that echoes.
. "$(dirname "$0")/lib.sh"
need openssl openssl
need python3 python3

peer=$build/tests/system/device_peer
client=001010123456789@realm.example
node=authn1.realm.example
dir=$work/device
key_file() { printf '{"algorithm":"milenage","k":"%032x","opc":"%032x","amf":"8000"}' 0x465b5ce8 0xcd63cb71; }
device() { symbolon-device "$1" --dir "$dir" "${@:2}"; }

# ends STATUS REGEX COMMAND...: with that status, and says that on standard error.
ends() {
	local status=0 said
	said=$("${@:3}" 2>&1 >/dev/null </dev/null) || status=$?
	echo "status $status: $said"
	[ "$status" = "$1" ] && [[ $said =~ $2 ]]
}

# --- what is typed ---
check "no command is usage" ends 2 'options' symbolon-device
check "another command is usage" ends 2 'forge is no command' symbolon-device forge
check "another option is usage" ends 2 '^symbolon-device: --forge: no such option' symbolon-device --forge tokens
check "an option of another command is usage" ends 2 '--get is not for' symbolon-device tokens --get /
check "a missing application is usage" ends 2 'application is missing' symbolon-device connect
check "a word too many is usage" ends 2 'two is too much' symbolon-device key one two
check "a wrong identity is usage" ends 2 '--client: ' device init --client x --node $node --key-file /dev/null
check "an address without a port is told" ends 1 'nowhere' \
	device init --client $client --node $node --key-file /dev/null --address nowhere
check "no device is told" ends 1 'no device in .*symbolon-device init' device tokens
check_match "errors as JSON" '^\{"command":"tokens","error":"not-found","detail":".*","status":1\}$' \
	"$(device tokens --json 2>&1)"
check_match "and those of the command line" '"error":"config".*"status":2' "$(symbolon-device --json forge 2>&1)"
check_equal "what may follow is known" "--ua --reveal --digest --dir --json --log-level --help --version" \
	"$(symbolon-device --complete key app.example -- | paste -sd ' ')"

check_equal "and what may be done with realms" "list add use drop pin update" \
	"$(symbolon-device --complete realm '' | paste -sd ' ')"

# --- a device ---  req: B7.4-a B7.4-b
printf '{"k":"00","opc":"01"}' >"$work/short"
check "a short key is told without showing it" ends 1 'key file: k: 32 hex digits' \
	device init --client $client --node $node --key-file "$work/short"
printf '{"algorithm":"tuak","k":"%064x","top":"%064x"}' 1 2 >"$work/top"
check "TOP is not a device's business" ends 1 'key file: op, top: stay with the operator' \
	device init --client $client --node $node --key-file "$work/top"
check "a TUAK device is made" symbolon-device init --dir "$work/tuak" --client $client --node $node \
	--key-file <(printf '{"algorithm":"tuak","k":"%064x","topc":"%064x","res_bytes":16}' 1 2)
check "an authority that is not there is told" ends 1 'none.pem.*No such file' \
	device init --client $client --node $node --key-file <(key_file) --ca "$work/none.pem"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout "$work/ca.key" \
	-out "$work/ca.pem" 2>"$work/openssl.log"
certificate() { # NAME
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$work/$1.key" 2>/dev/null |
		openssl x509 -req -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 2 \
			-extfile <(echo "subjectAltName=DNS:$1") -out "$work/$1.pem" 2>/dev/null
}
certificate $node
certificate authn2.realm.example
make_device() { (cd "$work" && key_file | device init --client $client --node $node --ca ca.pem --key-file -); }
check "a device is made" make_device
check "but not twice" ends 1 'is a device already' make_device
check_equal "its files are its owner's alone" "600 600 600" \
	"$(stat -c %a "$dir"/device.json "$dir"/se.sealed "$dir"/se.master | paste -sd ' ')"
check_equal "its folder too" 700 "$(stat -c %a "$dir")"
check_match "it has no token" 'no bootstrap_token' "$(device tokens)"
check_equal "or in JSON an empty list" "[]" "$(device tokens --json)"
check "so there is no key" ends 1 'no bootstrap_token' device key app.example

# --- nodes ---
cat >"$work/node.py" <<'END'
# node.py PREFIX ANSWER: a TLS server that answers every request alike; prints its port
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1] + ".pem", sys.argv[1] + ".key")
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    connection, _ = listener.accept()
    try:
        connection = context.wrap_socket(connection, server_side=True)
        connection.recv(8192)
        connection.sendall(sys.argv[2].encode().decode("unicode_escape").encode("latin-1"))
        connection.unwrap()
    except OSError:
        pass
    connection.close()
END
node_start() { # NAME CERTIFICATE ANSWER: its address in $at
	start "$1" python3 "$work/node.py" "$work/$2" "$3"
	wait_until 20 grep -qs '^[0-9]' "$work/$1.log" || return 1
	at=127.0.0.1:$(head -1 "$work/$1.log")
}
challenge='HTTP/1.1 401 U\r\nWWW-Authenticate: Digest realm="authn1.realm.example", nonce="'
challenge+='I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5Sp/6w1Tfr7M=", algorithm=AKAv1-MD5, qop="auth-int"\r\n'
challenge+='Content-Length: 0\r\n\r\n'

node_start full $node 'HTTP/1.1 503 S\r\nContent-Length: 0\r\n\r\n'
check "503: come back later" ends 3 'come back later' device bootstrap --address "$at"
node_start denies $node 'HTTP/1.1 403 F\r\nContent-Length: 0\r\n\r\n'
check "403: refused" ends 4 '10.4/1d: the node refused .403' device bootstrap --address "$at"
node_start forges $node "$challenge"
check "a forged AUTN: not the node" ends 4 'MAC in AUTN is wrong' device bootstrap --address "$at"
check_match "as JSON" '"command":"bootstrap","error":"auth","detail":"TS 33.102' \
	"$(device bootstrap --json --address "$at" 2>&1)"
node_start hangs-up $node ''
check "closed without an answer" ends 3 'closed' device bootstrap --address "$at"
node_start other authn2.realm.example "$challenge"
check "another node's certificate" ends 4 "^symbolon-device bootstrap: $node: TLS: the peer's certificate: [Hh]ostname" \
	device bootstrap --address "$at"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=$node \
	-addext subjectAltName=DNS:$node -keyout "$work/self.key" -out "$work/self.pem" 2>/dev/null
node_start self self "$challenge"
check "a certificate that nobody vouches for" ends 4 "the peer's certificate: self.signed" \
	device bootstrap --address "$at"
check "nobody there" ends 3 'refused' device bootstrap --address 127.0.0.1:1
check_match "after all that there is no token" 'no bootstrap_token' "$(device tokens)"

# --- sessions ---  req: B7.4-c B7.4-f
check "a token" "$peer" token "$dir" $client $node
check_match "it is shown" "^token +[A-Za-z0-9+/]{22}==@$node"$'\n' "$(device tokens)"
check_match "as JSON" "\"node\":\"$node\",\"realm\":\"realm.example\",.*\"state\":\"valid\"" "$(device tokens --json)"
key=$(device key app.example --reveal)
check_match "its key for an application" '^[0-9a-f]{64}$' "$key"
check_match "the identity alone, unless asked" '^\{"identity":"3GPP-bootstrapping;[^"]+"\}$' \
	"$(device key app.example --json)"
check_match "both as JSON" "\"identity\":\"3GPP-.*\",\"key\":\"$key\"" "$(device key app.example --json --reveal)"
check_not "other applications have other keys" test "$key" = "$(device key other.example --reveal)"

application_start() { # NAME KIND KEY: its address in $at
	printf '%s\n' "$3" >"$work/$1.key"
	start "$1" bash -c "exec '$peer' $2 <'$work/$1.key'"
	wait_until 20 grep -qs '^127' "$work/$1.log" || return 1
	at=$(head -1 "$work/$1.log")
}
application_start echo echo "$key"
say() { device connect app.example --address "$at" "$@"; }
check_equal "from a pipe, and back" "hello" "$(echo hello | say --linger 1)"
check_equal "from a slow pipe" "hello there" "$({ echo -n 'hello '; sleep 0.3; echo there; } | say --linger 1)"
head -c 3000000 /dev/urandom >"$work/large"
check "3 MB from a file" eval 'say --linger 1 <"$work/large" >"$work/back" && cmp "$work/large" "$work/back"'
check "3 MB from a pipe" eval 'cat "$work/large" | say --linger 1 >"$work/back" && cmp "$work/large" "$work/back"'
check "nothing, from /dev/null" eval 'say --linger 0 </dev/null'
check "more standard output than anybody takes" eval 'say --linger 1 <"$work/large" 2>"$work/said" | head -c 10 >/dev/null'
mkfifo "$work/typed"
exec 3<>"$work/typed"
symbolon-device connect app.example --dir "$dir" --address "$at" --log-level debug <"$work/typed" \
	>"$work/session" 2>"$work/session.log" &
session=$!
check "a session is open" wait_until 10 grep -q session.established "$work/session.log"
check_match "meanwhile others use the device" valid "$(device tokens)"
check_equal "and open a session too" again "$(echo again | say --linger 1)"
echo typed >&3
check "and the first goes on" wait_until 10 grep -q typed "$work/session"
kill "$session"
wait "$session" 2>/dev/null
locked() { ! flock --nonblock "$dir/se.sealed.lock" true; }
flock "$dir/se.sealed.lock" sleep 1 &
owner=$!
check "it has an owner" wait_until 10 locked
check "who is waited for" device tokens
wait "$owner"
check "but not for ever" ends 1 'in use by another process' flock "$dir/se.sealed.lock" symbolon-device tokens --dir "$dir"
check "a wrong number of seconds is usage" ends 2 '--linger' say --linger soon
check "a path that is none is usage" ends 2 'path' say --get x
check "an application without a host" ends 1 'names no host' device connect onem2m:R01.com.example.app

application_start bye close "$key"
check_equal "an application that ends ends the session" bye "$(say <"$work/typed")"

# A handshake that is refused asks for a fresh token, once.  req: B9.5-b
application_start stranger echo "$(printf '%064x' 1)"
node_start later $node 'HTTP/1.1 503 S\r\nContent-Length: 0\r\n\r\n'
node_at=$at
at=$(head -1 "$work/stranger.log")
check "a refused key asks the node for another token" ends 3 'come back later' say --rp-c "$node_at" --get /
check_match "and says so" '"event":"session.token_required"' \
	"$(say --rp-c "$node_at" --get / --log-level info 2>&1 </dev/null)"
check_match "the token is as it was" valid "$(device tokens)"

application_start over demand "$key"
check "an application that says 401 is as good a reason" ends 3 'come back later' say --rp-c "$node_at" --get /
check_equal "its words are not the answer" "" "$(say --rp-c "$node_at" --get / 2>/dev/null)"
check_match "without HTTP they are" 'over' "$(say --linger 1 </dev/null)"

# A token is renewed before it ends; until then, and while no node is there, the old one does.  req: B7.2-d
check "a token of which little is left" "$peer" aged "$dir" $client $node
key=$(device key app.example --reveal)
application_start old echo "$key"
check_equal "opens the application although no new one can be had" hello \
	"$(echo hello | say --rp-c "$node_at" --linger 1 --log-level info 2>"$work/old.said")"
check_match "a new one was asked for" 'token.renewal.*token.failed.*come back later' "$(paste -sd ' ' "$work/old.said")"

# --- damage ---
check "it forgets" device drop
check "what is not there it cannot" ends 1 '' device drop
cp "$dir/se.sealed" "$work/whole"
head -c 200 "$work/whole" >"$dir/se.sealed"
check "a file cut off" ends 4 'se.sealed: .*(changed|cut off)' device tokens
cp "$work/whole" "$dir/se.sealed"
printf '%064x\n' 7 >"$dir/se.master"
check "another master key" ends 4 'se.sealed: .*wrong master key' device tokens
chmod 644 "$dir/se.master"
check "a master key that others may read" ends 2 'se.master' device tokens
finish
