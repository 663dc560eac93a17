# shellcheck shell=bash
# The pages of the portal: what this realm is, how ASPs and devices join, as a person's browser gets them, and that they are
# made from the configuration.
# req: B7.5-b B10.1
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need curl curl

more[authz.operator]="portal:
  listen: \"$own_ip:0\"
  certificate: \"$work/authz.pem\"
  key: \"$work/authz.key\"
  url: \"https://portal.$realm\"
  operator: \"Example & Sons <Mobile>\"
  contact: \"help@$realm\"
degrees:
  - {name: quick, lifetime: 90m}"
realm_files
check "a realm's authorization element has a portal" node_start authz
page() { # PATH FILE
	curl -sS --fail --cacert "$work/ca.pem" --connect-to "::${where[authz.portal]}" -D "$work/head" \
		-o "$2" "https://${host[authz]}$1"
}
for path in / /join/asp /join/device; do
	check "$path is there" page "$path" "$work/page.html"
	fields=$(tr '[:upper:]' '[:lower:]' <"$work/head") # HTTP/2 has them so
	check_match "$path: HTML" 'content-type: text/html; charset=utf-8' "$fields"
	check_match "$path: no scripts, nothing from elsewhere" "content-security-policy: default-src 'none'; style-src 'self'" "$fields"
	check_match "$path: nothing guesses" 'x-content-type-options: nosniff' "$fields"
	check "$path: it is whole, and can be read by machines that read to people" \
		python3 "$source_dir/tests/system/page.py" "$work/page.html"
	check_match "$path: whose it is, as text" 'Example &amp; Sons &lt;Mobile&gt;' "$(cat "$work/page.html")"
	check_not "$path: and never as markup" grep -q '<Mobile' "$work/page.html"
	check_match "$path: whom to ask" "help@$realm" "$(cat "$work/page.html")"
	check_match "$path: the authentication node" "https://${host[authn]}/.well-known/bootstrapping-realm" "$(cat "$work/page.html")"
	check_not "$path: no placeholder is left" grep -Eq '[{][a-z]+[}]' "$work/page.html"
done
check "the style too" page /style.css "$work/style.css"
page /join/asp "$work/page.html"
check_match "the degrees are those of this realm" '<code>quick</code></th><td>90 minutes</td>' "$(cat "$work/page.html")"
check_match "and the portal's address is as configured" "https://portal.$realm/v1/asp-applications" "$(cat "$work/page.html")"
check_not "another path is none" page /join/other "$work/none"
check_not "nor can a page be posted to" curl -sS --fail --cacert "$work/ca.pem" --connect-to "::${where[authz.portal]}" -d x "https://${host[authz]}/join/asp"
check "authz stops" stop authz
finish
