# shellcheck shell=bash
# 10.2 as an ASP and an operator go through it, each with the command and with nothing of the other's: applying,
# approving, collecting, registering an application, proving that its host is one's own, the catalogue, API keys.
# req: B10.2 B7.5-c B7.7-a B7.7-b B7.7-c B7.7-d B9.2.2-c B9.2.2-d
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3

realm_files
authority asp-ca
cat "$work/ca.pem" "$work/asp-ca.pem" >"$work/portal-authority.pem"
issue operator operator.$realm
more[authz.operator]="  operators: [operator.$realm]"
cat >"$work/send-code" <<END
#!/bin/sh
cat >"$work/code.part" && mv "$work/code.part" "$work/code"
END
chmod 700 "$work/send-code"

# The web server of the ASP's application.
mkdir -p "$work/www/.well-known/symbolon-challenge"
cat >"$work/web.py" <<'END'
import functools, http.server, sys
folder, ip = sys.argv[1:]
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder + "/www")
server = http.server.ThreadingHTTPServer((ip, 0), handler)
open(folder + "/web.port.part", "w").write(str(server.server_port))
import os
os.rename(folder + "/web.port.part", folder + "/web.port")
server.serve_forever()
END
start web python3 "$work/web.py" "$work" "$own_ip"
check "the ASP has a web server" wait_file "$work/web.port" web
shop=$own_ip

portal_section() {
	section authz portal "listen: \"${where[authz.portal]-$own_ip:0}\"" "certificate: \"$work/authz.pem\"" \
		"key: \"$work/authz.key\"" "authority: \"$work/portal-authority.pem\"" \
		"code_program: \"$work/send-code\"" "password_memory: 8192"
	section authz asp "ca_certificate: \"$work/asp-ca.pem\"" "ca_key: \"$work/asp-ca.key\""
	section authz application "proof: http" "proof_port: $(cat "$work/web.port")" "proof_private: ${private-true}"
}
eval "$(declare -f configure_authz | sed '1s/configure_authz/configure_authz_alone/')"
configure_authz() {
	configure_authz_alone "$1"
	portal_section
}
check "authz comes up" node_start authz

operator=(symbolon --socket "$work/authz.sock")
at_portal=(symbolon --url https://authz1.$realm --connect "${where[authz.portal]}" --ca "$work/ca.pem")
asp_does=("${at_portal[@]}" --cert "$work/asp.pem" --key "$work/asp.key")

# refused TEXT REGEX COMMAND...: it ends with 1, and says so.
refused() {
	local text=$1 regex=$2 said status=0
	shift 2
	said=$("$@" 2>&1) || status=$?
	[ "$status" = 1 ] || said="status $status: $said"
	check_match "$text" "$regex" "$said"
}

# --- the ASP applies ---

make_csr() { # NAME [ALT-NAMES]
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj / ${2:+-addext "subjectAltName=$2"} \
		-keyout "$work/$1.key" -out "$work/$1.csr" 2>/dev/null
}
apply() { # NAME ELEMENT...
	local name=$1 element
	local -a elements=()
	shift
	for element; do
		elements+=(--element "$element")
	done
	"${at_portal[@]}" asp apply "$asp" --name "Example Services" --contact ops@app.example --csr "$work/$name.csr" \
		--claim "$work/$name.claim" "${elements[@]}"
}
make_csr asp DNS:gateway.app.example
make_csr foreign DNS:gateway.other.example
refused "a CSR for a name that is not the ASP's" 'gateway.other.example is not among' apply foreign gateway.app.example
refused "an element of the realm's own" "this realm's own name" apply asp authn9.$realm
head -c 20000 /dev/zero | tr '\0' A >"$work/large.csr"
refused "a CSR that is too large" 'csr: 1 to 16384' apply large gateway.app.example
check "an ASP applies" apply asp gateway.app.example gw2.app.example
check_equal "its claim is for it alone" 600 "$(stat -c %a "$work/asp.claim")"
make_csr again
refused "the same identity twice" 'under way already' apply again gateway.app.example
refused "collecting before it is decided" 'not decided yet' "${at_portal[@]}" asp collect "$work/asp.claim" --out "$work/asp.pem"
refused "it is nobody yet" 'sign in first' "${at_portal[@]}" app list

# --- the operator approves, and withdraws, and approves ---

check_match "the operator was told" 'asp-applied' "$("${operator[@]}" notifications)"
application_id() { "${operator[@]}" --json asp applications --state "$1" | python3 -c 'import json,sys; print(json.load(sys.stdin)["items"][-1]["id"])'; }
check "the operator approves" "${operator[@]}" asp approve "$(application_id pending)"
check "thinks again" "${operator[@]}" asp refuse "$(application_id approved)" --reason 'the papers are missing'
refused "approval withdrawn in the middle" 'the papers are missing' "${at_portal[@]}" asp collect "$work/asp.claim" --out "$work/asp.pem"
check "the ASP applies again" apply asp gateway.app.example gw2.app.example
check "and is approved" "${operator[@]}" asp approve "$(application_id pending)"
check "it collects its certificate" "${at_portal[@]}" asp collect "$work/asp.claim" --out "$work/asp.pem" --authority "$work/asp-authority.pem"
check "for its own key, by the realm's authority" sh -c \
	"openssl verify -CAfile '$work/asp-authority.pem' '$work/asp.pem' && openssl x509 -in '$work/asp.pem' -noout -ext subjectAltName | grep -q 'DNS:gateway.app.example$'"
refused "a claim is used once" 'used up' "${at_portal[@]}" asp collect "$work/asp.claim" --out "$work/twice.pem"
check_match "it is known by it" '"role":"asp"' "$("${asp_does[@]}" me)"
make_csr second DNS:gw2.app.example
check "another element gets one too" "${asp_does[@]}" asp certificate --csr "$work/second.csr" --out "$work/second.pem"
check_match "both are listed" 'gw2.app.example' "$("${asp_does[@]}" asp certificates)"

# --- an application, its proof, its confirmation ---

check "the ASP registers an application" "${asp_does[@]}" app add "$shop" --ua 0100000007 --format y3056 \
	--title 'The Shop' --description 'Buys and sells' --published yes --attributes 'name' --verification prepaid
challenge=$("${asp_does[@]}" --json app show "$shop")
check_match "a proof is asked for" '"state":"unproven".*"challenge":\{"type":"http"' "$challenge"
refused "nothing is there yet" 'answers 404' "${asp_does[@]}" app prove "$shop"
python3 - "$work" "$challenge" <<'END'
import json, sys
challenge = json.loads(sys.argv[2])["challenge"]
open(sys.argv[1] + "/www" + "/.well-known/" + challenge["url"].split("/.well-known/")[1], "w").write(challenge["content"] + "\n")
END
check "it is proven" "${asp_does[@]}" app prove "$shop"
check_match "and waits for the operator" '"state":"pending"' "$("${asp_does[@]}" --json app show "$shop")"
refused "the ASP does not confirm it itself" 'not for your role' "${asp_does[@]}" app approve "$shop"
check "the operator confirms" "${operator[@]}" app approve "$shop"
check_match "the ASP is told" 'application-confirmed' "$("${asp_does[@]}" notifications)"

# --- another ASP reaches for it ---

issue other gateway.other.example
check "another ASP is there" "${operator[@]}" asp add cin:L17110MH1973PLC019786 --name Other --element gateway.other.example
other_does=("${at_portal[@]}" --cert "$work/other.pem" --key "$work/other.key")
refused "to it the application is not there" 'no such thing' "${other_does[@]}" app show "$shop"
refused "nor can it be removed" 'no such thing' "${other_does[@]}" app remove "$shop"
refused "nor taken" 'registered already' "${other_does[@]}" app add "$shop" --ua 0100000007

# --- a subscriber browses ---

check "a subscriber" "${operator[@]}" subscriber add alice --verification postpaid
printf 'correct horse\n' >"$work/password"
printf 'wrong horse\n' >"$work/wrong"
chmod 600 "$work/password" "$work/wrong"
check "may sign in" "${operator[@]}" account set alice --password-file "$work/password"
alice=("${at_portal[@]}" --session "$work/alice.session")
refused "not with a wrong password" 'not right' "${alice[@]}" sign-in alice --password-file "$work/wrong"
check "signs in" "${alice[@]}" sign-in alice --password-file "$work/password"
check_equal "the session is for it alone" 600 "$(stat -c %a "$work/alice.session")"
check_match "finds the application" 'The Shop' "$("${alice[@]}" catalogue --search SELLS)"
refused "but not what is the operator's" 'not for your role' "${alice[@]}" subscriber list
check "signs out" "${alice[@]}" sign-out
check_not "the session's file is gone" test -e "$work/alice.session"
refused "and is nobody" 'sign in' "${alice[@]}" catalogue
check "has a code sent" "${alice[@]}" sign-in alice --send-code
check "which comes over the operator's channel" wait_file "$work/code" authz
python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["code"])' "$work/code" >"$work/code.txt"
chmod 600 "$work/code.txt"
check "signs in with it" "${alice[@]}" sign-in alice --code-file "$work/code.txt"
refused "once" 'not right' "${alice[@]}" sign-in alice --code-file "$work/code.txt"

# --- an API key, the audit, and a restart ---

check "the ASP makes an API key" "${asp_does[@]}" key add billing --out "$work/asp.apikey"
check_match "which asks for it" '"role":"asp"' "$("${at_portal[@]}" --session "$work/asp.apikey" me)"
check_match "all of it was audited" "application_confirm.*$shop" "$("${operator[@]}" audit --object "$shop")"
stop authz >/dev/null 2>&1
private=false
check "authz comes back" node_start authz
check_match "the key and what was registered are still there" "$shop" "$("${at_portal[@]}" --session "$work/asp.apikey" app list)"
refused "a private address is not asked any more" 'no proof is asked for|not public' "${asp_does[@]}" app prove "$shop"
check "a private key never came" sh -c "! grep -l 'PRIVATE KEY' '$work'/authz.db*"
log=$(cat "$work/authz.log")
secrets=0
for secret in "$(cat "$work/asp.apikey")" "correct horse" "$(cat "$work/code.txt")" alice; do
	case $log in *"$secret"*) secrets=$((secrets + 1)) && echo "# logged: $secret" ;; esac
done
check_equal "no secret was logged, nor who is who" 0 "$secrets"
check "authz stops cleanly" stop authz
check "so does the web server" node_kill web
finish
