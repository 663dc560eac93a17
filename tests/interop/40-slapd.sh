#!/bin/bash
# Subscribers and their devices out of an LDAP directory that an operator has already: OpenLDAP's server, with
# StartTLS, TLS, and neither; wrong certificates and passwords, a server that hangs, one that comes back.
# req: B9.2.2-a B9.2.2-b B7.1-e B7.1-f
# time-limit: 120
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../system/realm.sh"
PATH=$PATH:/usr/sbin
need openssl openssl
need slapd slapd

export SYMBOLON_SOCKET=$work/authz.sock
ldap=$own_ip:3389 ldaps=$own_ip:6636
realm_files
authority other
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=directory" -keyout "$work/slapd.key" \
	-out "$work/slapd.csr" 2>/dev/null && openssl x509 -req -in "$work/slapd.csr" -CA "$work/ca.pem" \
	-CAkey "$work/ca.key" -CAcreateserial -days 2 -out "$work/slapd.pem" \
	-extfile <(echo "subjectAltName=IP:$own_ip") 2>/dev/null

mkdir "$work/ldap"
cat >"$work/slapd.conf" <<END
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
attributetype ( 2.25.1 NAME 'imsi' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 2.25.2 NAME 'imei' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 2.25.3 NAME 'contract' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 2.25.4 NAME 'customer' SUP top AUXILIARY MAY ( contract \$ imsi ) )
objectclass ( 2.25.5 NAME 'sim' SUP top AUXILIARY MAY ( imsi \$ imei ) )
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCACertificateFile $work/ca.pem
TLSCertificateFile $work/slapd.pem
TLSCertificateKeyFile $work/slapd.key
database mdb
suffix "o=example"
directory $work/ldap
rootdn "cn=reader,o=example"
rootpw "a password"
access to * by * none
END
person() { # ID NAME CONTRACT IMSI...
	printf 'dn: uid=%s,ou=people,o=example\nobjectClass: inetOrgPerson\nobjectClass: customer\nuid: %s\ncn: %s\nsn: x\nmail: %s@mail.example\nmobile: +49 30 123456\ncontract: %s\n' \
		"$1" "$1" "$2" "$1" "$3"
	printf 'imsi: %s\n' "${@:4}"
	echo
}
{
	printf 'dn: o=example\nobjectClass: organization\no: example\n\n'
	printf 'dn: ou=people,o=example\nobjectClass: organizationalUnit\nou: people\n\n'
	printf 'dn: ou=devices,o=example\nobjectClass: organizationalUnit\nou: devices\n\n'
	person alice "Alice Example" gold 001010000000041 001010000000042
	person bob "Bob Example" none 001010000000043
	person odd "Odd Example" platinum 001010000000044
	person foreign "Foreign Example" gold 001010000000045@elsewhere.example
	printf 'dn: uid=twin,ou=devices,o=example\nobjectClass: account\nuid: twin\n\n'
	printf 'dn: uid=twin,ou=people,o=example\nobjectClass: account\nuid: twin\n\n'
	for n in 1 2 3 4; do
		imei=$(printf '3550660%07d' "$n")
		printf 'dn: cn=phone%s,ou=devices,o=example\nobjectClass: device\nobjectClass: sim\ncn: phone%s\nowner: uid=alice,ou=people,o=example\nimsi: 00101000000000%s\nimei: %s\n\n' \
			"$n" "$n" "$n" "$imei"
	done
} >"$work/people.ldif"
check "a directory is filled" slapadd -f "$work/slapd.conf" -l "$work/people.ldif"
directory_start() { start slapd slapd -d 0 -f "$work/slapd.conf" -h "ldap://$ldap ldaps://$ldaps"; }
directory_answers() { (exec 3<>"/dev/tcp/${ldap%:*}/${ldap#*:}") 2>/dev/null; }
check "and served" eval 'directory_start; wait_until 10 directory_answers'

(umask 077 && echo "a password" >"$work/directory.password")
(umask 077 && echo "another password" >"$work/wrong.password")
configured() { # URL AUTHORITY PASSWORD LINE...: authz with that directory
	[ -z "${pids[authz]-}" ] || stop authz >/dev/null 2>&1
	more[authz.operator]="directory:
  url: \"$1\"
  authority: \"$work/$2.pem\"
  user: \"cn=reader,o=example\"
  password_file: \"$work/$3.password\"
  timeout: 1s
  subscribers: \"o=example\"
  verification: contract
  verifications: [gold=postpaid]
$(printf '  %s\n' "${@:4}")"
	node_start authz
}
says() { # STATUS REGEX COMMAND...
	local want=$1 regex=$2 status=0 said
	said=$("${@:3}" 2>&1) || status=$?
	said=${said//$'\n'/ }
	echo "status $status: $said"
	[ "$status" = "$want" ] && [[ $said =~ $regex ]]
}

# --- devices with entries of their own, over StartTLS ---

check "authz comes up" configured "ldap://$ldap" ca directory "devices: \"ou=devices,o=example\""
check "the directory answers, over StartTLS" says 0 'the directory answers' symbolon directory
for n in 1 2; do
	printf '{"imsi":"00101000000000%s","k":"%032x","opc":"%032x"}\n' $n $n $n
done >"$work/sims.ndjson"
check "keys of two devices come from their maker" symbolon import "$work/sims.ndjson"
check "a third is somebody else's" eval 'symbolon subscriber add mallory --verification none &&
	symbolon device add 001010000000003@$realm --subscriber mallory --key-file - <<<"{\"k\":\"$(printf %032x 3)\",\"opc\":\"$(printf %032x 3)\"}"'
check "a subscriber is registered by what the directory says" \
	says 0 'VERIFICATION +postpaid.*NAME +Alice Example.*0001@.* registered .*0002@.* registered .*0003@.* another-subscribers .*0004@.* no-key' \
	symbolon subscriber pull alice
check_match "with name and verification" 'postpaid .*Alice Example' "$(symbolon subscriber list | grep alice)"
check_equal "with its devices" "001010000000001@$realm 001010000000002@$realm" \
	"$(symbolon device list --subscriber alice | tail -n +2 | cut -d ' ' -f 1 | paste -sd ' ')"
check_match "as the device database knows them" 'DEVICE +urn:gsma:imei:35506600-000001-0' \
	"$(symbolon device show "001010000000001@$realm")"
check_match "what is another's stays so" 'SUBSCRIBER +mallory' "$(symbolon device show "001010000000003@$realm")"
printf '{"imsi":"001010000000004","k":"%032x","opc":"%032x"}\n' 4 4 >"$work/late.ndjson"
check "a key that comes later" symbolon import "$work/late.ndjson"
check "is linked the next time" says 0 '0004@.* registered' symbolon subscriber pull alice
claims() { symbolon --json subscriber show alice; }
check "without directory.claims it tells no claim" eval '! grep -q claims <<<"$(claims)"'
check "what the operator has verified itself" symbolon subscriber set alice --verified 2026-01-31T00:00:00Z \
	--claims - <<<'{"birthdate":"1990-01-31","email":"alice@old.example"}'
check "stays" eval 'symbolon subscriber pull alice && claims | grep -q "\"claims\":{\"birthdate\":\"1990-01-31\",\"email\":\"alice@old.example\"},\"verified\":\"2026-01-31T00:00:00Z\""'
check "nobody of that id" says 1 'the directory has nobody with this id' symbolon subscriber pull nobody
check "two of that id" says 1 'more than one' symbolon subscriber pull twin
check "an unknown verification" says 1 'directory.verifications does not have' symbolon subscriber pull odd
check "nothing of it is registered" says 1 'no such thing' symbolon subscriber show odd
check "as JSON" says 0 '^\{"id":"bob","verification":"none","name":"Bob Example","devices":\[\]\}$' \
	symbolon --json subscriber pull bob

# --- a server that hangs, and one that comes back ---

kill -STOP "${pids[slapd]}"
began=$SECONDS
start pulling symbolon subscriber pull alice
check "while it hangs the node serves others" symbolon status
check "who waits is told in time" says 1 'does not answer as it should' symbolon subscriber pull bob
check "which is soon" test $((SECONDS - began)) -le 6
kill -CONT "${pids[slapd]}"
wait_until 10 not_alive pulling
check "it goes on" wait_until 10 symbolon subscriber pull alice
stop slapd >/dev/null 2>&1
check "a server that is gone is told" says 1 'does not answer as it should' symbolon subscriber pull alice
check "and by the probe" says 1 'contact LDAP server|StartTLS' symbolon directory
directory_start
check "once it is back, it is asked again" wait_until 10 symbolon subscriber pull alice

# --- claims ---

check "claims come from the directory where it is told which" configured "ldap://$ldap" ca directory \
	"devices: \"ou=devices,o=example\"" "claims: [email=mail, phone_number=mobile, gender=employeeType]"
check "those are refreshed, others stay" eval 'symbolon subscriber pull alice &&
	claims | grep -q "\"claims\":{\"birthdate\":\"1990-01-31\",\"email\":\"alice@mail.example\",\"phone_number\":\"+4930123456\"},\"verified\":\"2026-01-31T00:00:00Z\""'
check_match "a pull is in the audit" 'subscriber_pull' "$(symbolon audit)"

# --- others ---

check "TLS from the start, devices as values of the subscriber's entry" eval \
	'configured "ldaps://$ldaps" ca directory && says 0 "0041@.* no-key .*0042@.* no-key" symbolon subscriber pull alice'
check "a client of another realm" says 1 'a client that is none of this realm' symbolon subscriber pull foreign
check "without TLS only when told so" eval \
	'configured "ldap://$ldap" ca directory "plain: true" && says 0 "the directory answers" symbolon directory'
check "a certificate of another authority" eval \
	'configured "ldap://$ldap" other directory && says 1 "StartTLS" symbolon directory'
check "a wrong password" eval \
	'configured "ldap://$ldap" ca wrong && says 1 "bind: Invalid credentials" symbolon directory'
check "a place that is not there" eval \
	'configured "ldap://$ldap" ca directory "devices: \"ou=none,o=example\"" && says 1 "no such place" symbolon directory'
chmod 644 "$work/directory.password"
check_not "a password that others may read" configured "ldap://$ldap" ca directory
check "is told" grep -q 'others may read it' "$work/authz.log"
chmod 600 "$work/directory.password"
check_match "configurations are checked" 'not a URL' "$(symbolon-authz --config <(sed 's|url: "ldap:|url: "http:|' "$work/authz.yaml") --check 2>&1)"
check_match "filters too" 'not a filter' "$(symbolon-authz --config <(sed 's|  timeout: 1s|  subscriber_filter: uid|' "$work/authz.yaml") --check 2>&1)"
check "nobody's name is in a log" sh -c '! grep -q "Example\|a password\|00101000000000" "$1"' - "$work/authz.log"
finish
