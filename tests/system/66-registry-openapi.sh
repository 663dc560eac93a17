# shellcheck shell=bash
# The OpenAPI document of a registry against its table of routes and a running one: each route is documented, each operation
# answers each role as it says, and answers are as their schemas say. req: R7-i-a R9.1-iii
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
. "$(dirname "$0")/registry.sh"
need openssl openssl
need python3 python3
python3 -c 'import jsonschema' 2>/dev/null || skip_all "missing package python3-jsonschema"

authority ca
issue p01 p01.registry.example
issue administrator ops.registry.example
issue auditor audit.registry.example
# shellcheck disable=SC2034
registry_lines[p01]="api: {listen: \"$own_ip:0\", certificate: \"$work/p01.pem\", key: \"$work/p01.key\", authority: \"$work/ca.pem\",
  administrators: [ops.registry.example], auditors: [audit.registry.example], socket: \"$work/p01.sock\"}
enquiry: {enrolments: 0, failures: 0}"
check "a registry" registry_start p01 IN.TEL.P01
where=$(json "$work/p01.ready" api)
while IFS= read -r line; do
	case $line in
	"ok "*) pass "${line#ok }" ;;
	*) fail "${line#not ok }" "see registry_openapi.py" </dev/null ;;
	esac
done < <(python3 -W ignore::DeprecationWarning "$source_dir/tests/system/registry_openapi.py" "$source_dir" "$work" "$where" p01.registry.example 2>&1)
check_not "TLS 1.1 is not spoken" openssl s_client -connect "$where" -servername p01.registry.example -tls1_1 \
	-cipher 'ALL:@SECLEVEL=0' -CAfile "$work/ca.pem"
check "it stops cleanly" stop p01
finish
