# shellcheck shell=bash
# The OpenAPI document against the table of routes and a running node: each route is documented, each operation answers each
# role as it says, and answers are as their schemas say. req: B9.2.2-d
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3
python3 -c 'import jsonschema' 2>/dev/null || skip_all "missing package python3-jsonschema"

realm_files
authority asp-ca
cat "$work/ca.pem" "$work/asp-ca.pem" >"$work/portal-authority.pem"
issue operator operator.$realm
issue gateway gateway.app.example
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj / -keyout "$work/new.key" \
	-out "$work/new.csr" 2>/dev/null
more[authz.operator]="  operators: [operator.$realm]"
eval "$(declare -f configure_authz | sed '1s/configure_authz/configure_authz_alone/')"
configure_authz() {
	configure_authz_alone "$1"
	section authz portal "listen: \"$own_ip:0\"" "certificate: \"$work/authz.pem\"" "key: \"$work/authz.key\"" \
		"authority: \"$work/portal-authority.pem\"" "password_memory: 8192" "sign_ins: 0" "code_program: /bin/true"
	section authz asp "ca_certificate: \"$work/asp-ca.pem\"" "ca_key: \"$work/asp-ca.key\""
}
check "authz comes up" node_start authz
while IFS= read -r line; do
	case $line in
	"ok "*) pass "${line#ok }" ;;
	*) fail "${line#not ok }" "see openapi.py" </dev/null ;;
	esac
done < <(python3 -W ignore::DeprecationWarning "$source_dir/tests/system/openapi.py" "$source_dir" "$work" "${where[authz.portal]}" 2>&1)
check "authz stops cleanly" stop authz
finish
