#!/bin/bash
# A database that is reached as one on another machine, set up as docs/guides/postgresql.md says: by TLS with the server's
# name verified, by a role that owns no more than its database, with a password out of a file. What is not so is refused, and no password is told.
# time-limit: 120
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need psql postgresql

server=db.realm.example
port=$((20000 + RANDOM % 20000))
password=a-password-of-this-test
check "certificates and keys" eval "realm_files && issue db $server && authority other"
check "a server" postgres_new
# Its key must be its own; only TLS and the password let anybody in over TCP.
tls_server() {
	install -m 600 -o "$(stat -c %u "$work/pg/data")" "$work/db.key" "$work/pg/data/server.key" &&
		install -m 644 "$work/db.pem" "$work/pg/data/server.crt" &&
		printf '%s\n' "local all all trust" "hostssl all all all scram-sha-256" >"$work/pg/data/pg_hba.conf" &&
		postgres_start -c ssl=on -c listen_addresses="$own_ip" -c port=$port
}
# The socket is named by the port.
export PGPORT=$port
check "it speaks TLS" tls_server
guide() { awk '/^```sql$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$source_dir/docs/guides/postgresql.md"; }
check "roles and their databases, as the guide has them" postgres_sql postgres "$(guide)"
check "a password" postgres_sql postgres "ALTER ROLE authz PASSWORD '$password'"
unset PGPORT

(umask 077 && echo "$server:$port:authz:authz:$password" >"$work/passwords")
base="postgresql://authz@$server:$port/authz?hostaddr=$own_ip"
proven="&sslmode=verify-full&sslrootcert=$work/ca.pem"

store[authz]="$base$proven&passfile=$work/passwords"
check "authz starts" node_start authz
check "and registers" register
PGPORT=$port
export PGPORT
check_equal "both of its connections are by TLS" "2 t" \
	"$(postgres_sql postgres "SELECT count(*) || ' ' || every(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'authz'" | sed 's/true/t/')"
unset PGPORT
check "it stops" stop authz
check "a restore by the server's own means is told" symbolon-authz --config "$work/authz.yaml" --restored "$(date -u +%FT%TZ)"
check "it starts after that" node_start authz
check "and has settled it" grep -q '"event":"store.restored"' "$work/authz.log"
check "it stops then too" stop authz

refused() { # URL WHAT-IT-SAYS
	store[authz]=$1
	! node_start authz >/dev/null && grep -Eq -- "$2" "$work/authz.log"
}
check "another authority's certificate is refused" refused \
	"$base&sslmode=verify-full&sslrootcert=$work/other.pem&passfile=$work/passwords" "certificate verify failed"
check "another name is refused" refused \
	"postgresql://authz@other.example:$port/authz?hostaddr=$own_ip$proven&passfile=$work/passwords" "does not match host name"
check "without TLS nobody is let in" refused "$base&sslmode=disable&passfile=$work/passwords" "no pg_hba.conf entry"
check "nor without the password" refused "$base$proven&passfile=$work/none" "no password supplied"
chmod g+r "$work/passwords"
check "a file that others may read is not taken" refused "$base$proven&passfile=$work/passwords" "no password supplied|has group or world access"
chmod g-r "$work/passwords"
check_not "the password is in no log" grep -rq -- "$password" "$work/authz.log" "$work/postgres.log"
store[authz]="$base$proven"
export PGPASSFILE=$work/passwords
check "the file may be named by PGPASSFILE" node_start authz
check_not "the password is in no argument" grep -aq -- "$password" "/proc/${pids[authz]}/cmdline"
check "it stops again" stop authz
check "the server stops in order" stop postgres INT
finish
