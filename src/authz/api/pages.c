// SPDX-License-Identifier: Apache-2.0
#include "authz/api/pages.h"

#include "authz/degrees.h"
#include "wire/realm_document.h"

#include <string.h>

enum { PAGE_MAX = 128 * 1024, MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* --- values that stand in a page as {name} --- */

/* Whatever comes from a configuration is text, never markup. */
static void put_text(struct buf *out, struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		switch (text.data[i]) {
		case '&':
			buf_text(out, "&amp;");
			break;
		case '<':
			buf_text(out, "&lt;");
			break;
		case '>':
			buf_text(out, "&gt;");
			break;
		case '"':
			buf_text(out, "&quot;");
			break;
		case '\'':
			buf_text(out, "&#39;");
			break;
		default:
			buf_u8(out, text.data[i]);
		}
	}
}

static void put_realm(const struct authz *authz, struct buf *out)
{
	put_text(out, ident_view(&authz->realm));
}

static void put_operator(const struct authz *authz, struct buf *out)
{
	const char *name = authz->conf->portal_operator;

	put_text(out, name[0] ? view_text(name) : ident_view(&authz->realm));
}

static void put_node(const struct authz *authz, struct buf *out)
{
	put_text(out, ident_view(&authz->node));
}

static void put_portal(const struct authz *authz, struct buf *out)
{
	const char *url = authz->conf->portal_url;

	if (url[0]) {
		put_text(out, view_text(url));
		return;
	}
	buf_text(out, "https://");
	put_text(out, ident_view(&authz->node));
}

static void put_contact(const struct authz *authz, struct buf *out)
{
	const char *contact = authz->conf->portal_contact;

	if (contact[0]) {
		buf_text(out, "<p>Questions: ");
		put_text(out, view_text(contact));
		buf_text(out, "</p>\n");
	}
}

/* The realm's authentication nodes are those peers that belong to it; elements of ASPs have realms of their own. */
static bool is_authn(const struct authz *authz, const struct peer_conf *peer)
{
	return strcasecmp(peer->realm, authz->realm.text) == 0;
}

static void put_nodes(const struct authz *authz, struct buf *out)
{
	const struct peer_conf *peers = authz->conf->diameter_peers.items;

	for (size_t i = 0; i < authz->conf->diameter_peers.count; i++) {
		if (!is_authn(authz, &peers[i])) {
			continue;
		}
		buf_text(out, "<li><code>");
		put_text(out, view_text(peers[i].host));
		buf_text(out, "</code>: realm document at <code>https://");
		put_text(out, view_text(peers[i].host));
		buf_text(out, REALM_DOCUMENT_PATH "</code></li>\n");
	}
}

/* The first of them, for lines that are to be copied. */
static void put_authn(const struct authz *authz, struct buf *out)
{
	const struct peer_conf *peers = authz->conf->diameter_peers.items;

	for (size_t i = 0; i < authz->conf->diameter_peers.count; i++) {
		if (is_authn(authz, &peers[i])) {
			put_text(out, view_text(peers[i].host));
			return;
		}
	}
	buf_text(out, "authn.");
	put_realm(authz, out);
}

static void put_duration(struct buf *out, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{DAY, "day"}, {HOUR, "hour"}, {MINUTE, "minute"}, {1, "second"}};
	size_t i = 0;

	while (seconds % units[i].seconds != 0) {
		i++;
	}
	int64_t count = seconds / units[i].seconds;

	buf_printf(out, "%lld %s%s", (long long)count, units[i].name, count == 1 ? "" : "s");
}

static void put_degrees(const struct authz *authz, struct buf *out)
{
	struct degree degree;

	for (size_t i = 0; degree_at(authz->conf, i, &degree); i++) {
		buf_text(out, "<tr><th scope=\"row\"><code>");
		put_text(out, view_text(degree.name));
		buf_text(out, "</code></th><td>");
		put_duration(out, degree.lifetime);
		buf_printf(out, "</td><td>y3056%s</td></tr>\n", degree.gba ? ", gba" : "");
	}
}

static const struct {
	const char *name;
	void (*put)(const struct authz *authz, struct buf *out);
} values[] = {
	{"realm", put_realm},
	{"operator", put_operator},
	{"node", put_node},
	{"portal", put_portal},
	{"contact", put_contact},
	{"nodes", put_nodes},
	{"authn", put_authn},
	{"degrees", put_degrees},
};

static void put_value(const struct authz *authz, struct view name, struct buf *out)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (view_is(name, values[i].name)) {
			values[i].put(authz, out);
			return;
		}
	}
}

/* A page's text with its values in place. */
static void put_filled(const struct authz *authz, const char *text, struct buf *out)
{
	while (*text) {
		size_t len = strcspn(text, "{");

		buf_bytes(out, text, len);
		text += len;
		if (*text == '{') {
			len = strcspn(text, "}");
			put_value(authz, view_of(text + 1, len - 1), out);
			text += len + 1;
		}
	}
}

/* --- the pages --- */

static const char style[] =
	":root{color-scheme:light dark;--ink:#1c2430;--paper:#fff;--soft:#f3f5f8;--line:#d5dbe3;"
	"--link:#0b5394;--mark:#7a2e0e}\n"
	"@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--paper:#14181f;--soft:#1e242d;"
	"--line:#38424f;--link:#8ab8f0;--mark:#f0b090}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0;color:var(--ink);background:var(--paper);"
	"font:1.0625rem/1.6 system-ui,-apple-system,\"Segoe UI\",\"DejaVu Sans\",sans-serif}\n"
	"header,main,footer{max-width:50rem;margin:0 auto;padding:0 1.25rem}\n"
	"header{padding-top:1.25rem;border-bottom:1px solid "
	"var(--line);display:flex;flex-wrap:wrap;"
	"gap:.25rem 1.5rem;align-items:baseline;justify-content:space-between}\n"
	"header p{margin:0;font-weight:600}\n"
	"nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin:0;"
	"padding:.5rem 0 .75rem}\n"
	"a{color:var(--link);text-underline-offset:.15em}\n"
	"a[aria-current]{color:var(--ink);text-decoration:none;font-weight:600}\n"
	":focus-visible{outline:3px solid var(--link);outline-offset:2px}\n"
	".skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem;background:var(--"
	"paper)}\n"
	"h1{font-size:1.9rem;line-height:1.25;margin:2rem 0 .75rem}\n"
	"h2{font-size:1.25rem;margin:2.25rem 0 .5rem}\n"
	"ol>li{margin:.9rem 0}\n"
	"code{font:.9em/1.5 ui-monospace,\"DejaVu Sans "
	"Mono\",Menlo,monospace;background:var(--soft);"
	"padding:.1em .3em;border-radius:3px;overflow-wrap:anywhere}\n"
	"pre{background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:.8rem "
	"1rem;"
	"white-space:pre-wrap}pre code{padding:0;background:none}\n"
	"table{border-collapse:collapse;width:100%}\n"
	"th,td{text-align:left;vertical-align:top;padding:.45rem .75rem .45rem 0;"
	"border-bottom:1px solid var(--line)}\n"
	"caption{text-align:left;font-weight:600;padding-bottom:.35rem}\n"
	".ways{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));"
	"padding:0;"
	"list-style:none}\n"
	".ways li{border:1px solid var(--line);border-radius:8px;padding:1rem 1.1rem}\n"
	".ways h2{margin:0 0 .25rem}.ways p{margin:.25rem 0}\n"
	".note{border-left:4px solid var(--mark);padding:.1rem 0 .1rem 1rem}\n"
	"footer{border-top:1px solid "
	"var(--line);margin-top:3rem;padding-top:1rem;padding-bottom:2rem;"
	"font-size:.93rem}\n";

static const char home[] =
	"<h1>Trusted connections for devices and applications</h1>\n"
	"<p>This is the bootstrapping realm <code>{realm}</code> of {operator}. A device that can "
	"prove itself to this operator, and an application that the operator knows, end up with "
	"the "
	"same fresh key. The key never travels between them, and they need not have met "
	"before.</p>\n"
	"<ul class=\"ways\">\n"
	"<li><h2><a href=\"/join/asp\">You offer an application</a></h2>"
	"<p>How a service provider joins, registers applications and lets devices in.</p></li>\n"
	"<li><h2><a href=\"/join/device\">You have a device</a></h2>"
	"<p>What it needs, how it is bootstrapped, and how it reaches applications.</p></li>\n"
	"</ul>\n"
	"<h2>For programs</h2>\n"
	"<p>What this realm speaks, where its nodes are and whom to trust stands in a signed "
	"document, "
	"from which devices and application elements configure themselves:</p>\n"
	"<ul>\n{nodes}</ul>\n"
	"<p>It is verified with the realm&#39;s key, which you have from {operator} by another way "
	"than "
	"this one. The API is at <code>{portal}/v1</code>, and described at "
	"<a href=\"/v1/openapi.json\"><code>{portal}/v1/openapi.json</code></a>.</p>\n"
	"{contact}";

static const char join_asp[] =
	"<h1>How a service provider joins</h1>\n"
	"<p>You need host names for your <em>application elements</em> (what stands in front of an "
	"application and speaks with this realm), a public number of your company, and the "
	"realm&#39;s signing key in a file, here <code>realm.pem</code>.</p>\n"
	"<h2>Steps</h2>\n"
	"<ol>\n"
	"<li><strong>Make a key.</strong> It stays with you: the realm signs a request.\n"
	"<pre><code>openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \\\n"
	"    -subj /CN=element.app.example -keyout element.key -out element.csr</code></pre></li>\n"
	"<li><strong>Apply</strong>, with your company number, name, elements and a contact.\n"
	"<pre><code>symbolon --url {portal} \\\n"
	"    asp apply cin:U72200KA2001PTC028000 --name \"Example Services\" \\\n"
	"    --element element.app.example --contact ops@app.example --csr "
	"element.csr</code></pre>\n"
	"The answer has a claim secret: keep it. Programs use "
	"<code>POST {portal}/v1/asp-applications</code>.</li>\n"
	"<li><strong>Wait for the approval</strong> of {operator}, and collect your certificate "
	"with the "
	"claim secret. It names your elements; with it you are known at this API and to the "
	"realm&#39;s nodes.</li>\n"
	"<li><strong>Register each application</strong> under the identity by which devices know "
	"it (a "
	"host name, URL, oneM2M or GS1 id), with the protocols that it offers to devices, a token "
	"format, a security degree, and the attributes that it asks for. You may have to prove "
	"that the "
	"name is yours, by a file at the application or by a record in the DNS.</li>\n"
	"<li><strong>Configure the element</strong> from the realm document. In front of any HTTP "
	"or TCP "
	"application that is\n"
	"<pre><code>symbolon-gateway --config gateway.yaml \\\n"
	"    --realm https://{authn} --anchor realm.pem</code></pre></li>\n"
	"<li><strong>Give rights.</strong> When a subscriber asks for your application and agrees "
	"to "
	"what you are told, you hear of it, with a pseudonym for the device. You set the "
	"permission, "
	"with rights and an end. Without it no key is made.</li>\n"
	"</ol>\n"
	"<h2>What your application must keep to</h2>\n"
	"<table>\n<caption>Security degrees</caption>\n"
	"<thead><tr><th scope=\"col\">Degree</th><th scope=\"col\">A token lives at most</th>"
	"<th scope=\"col\">Token formats</th></tr></thead>\n"
	"<tbody>\n{degrees}</tbody>\n</table>\n"
	"<ul>\n"
	"<li><strong>Token formats:</strong> <code>y3056</code>, bound to node, realm and "
	"connection; "
	"<code>gba</code>, for elements of 3GPP GBA.</li>\n"
	"<li><strong>With this realm (RP_A):</strong> Diameter (Zn) or HTTPS, with your "
	"certificate.</li>\n"
	"<li><strong>With devices (RP_D):</strong> TLS 1.3 or 1.2 with pre-shared keys, HTTP "
	"Digest, or "
	"DTLS: what you register. The realm document has the exact list.</li>\n"
	"</ul>\n"
	"<h2>The realm&#39;s nodes</h2>\n"
	"<ul>\n{nodes}<li><code>{node}</code>: this portal, <code>{portal}</code></li>\n</ul>\n"
	"{contact}";

static const char join_device[] =
	"<h1>How a device is bootstrapped</h1>\n"
	"<p>A device needs three things: an identity in this realm (<code>id@{realm}</code>), a "
	"key that "
	"{operator} can check, and the realm&#39;s signing key in a file, here "
	"<code>realm.pem</code>. The key is that of a SIM, one that the operator gives out for "
	"bootstrapping, or the device&#39;s own, whose public half is registered.</p>\n"
	"<h2>Steps</h2>\n"
	"<ol>\n"
	"<li><strong>Have it registered</strong> as yours, by {operator}, with the subscription "
	"that it "
	"belongs to.</li>\n"
	"<li><strong>Let it configure itself</strong> from the realm document. It checks the "
	"signature, "
	"and learns nodes, protocols and certificates.\n"
	"<pre><code>symbolon-device realm add https://{authn} \\\n"
	"    --anchor realm.pem --client id@{realm} --key-file key.json</code></pre></li>\n"
	"<li><strong>Ask for an application</strong> here, and agree to what its provider is told. "
	"You "
	"see that list before, and can take your consent back.</li>\n"
	"<li><strong>Bootstrap.</strong> Device and realm prove themselves to each other; the "
	"device "
	"and the application then have the same key.\n"
	"<pre><code>symbolon-device bootstrap --app app.example</code></pre></li>\n"
	"<li><strong>Use it.</strong> Any program can be the device.\n"
	"<pre><code>symbolon-device connect app.example --get /\n"
	"symbolon-device forward app.example --listen 127.0.0.1:8080</code></pre></li>\n"
	"</ol>\n"
	"<h2>What others learn of you</h2>\n"
	"<p>An application gets a pseudonym, which is another one for each provider, and the "
	"attributes "
	"that you agreed to: nothing else. On the air the device goes by temporary names.</p>\n"
	"<h2>To another operator, and several at once</h2>\n"
	"<p>A device may be of several realms, one of which is active; its owner chooses. To move "
	"it "
	"here, start at the device: <code>symbolon-device change</code> asks the old operator with "
	"your "
	"signed consent, and goes on by itself after an interruption.</p>\n"
	"<p class=\"note\">Nobody of {operator} asks for your password or for the device&#39;s "
	"key.</p>\n"
	"<h2>The realm&#39;s nodes</h2>\n"
	"<ul>\n{nodes}</ul>\n"
	"{contact}";

static const struct page {
	const char *path, *title, *text; /* title NULL: the style */
} pages[] = {
	{"/", "Home", home},
	{"/join/asp", "Joining as a provider", join_asp},
	{"/join/device", "Bootstrapping a device", join_device},
	{"/style.css", NULL, style},
};
enum { PAGES = sizeof(pages) / sizeof(pages[0]) };

static void put_navigation(const struct page *here, struct buf *out)
{
	buf_text(out, "<nav aria-label=\"Pages\"><ul>\n");
	for (size_t i = 0; i < PAGES; i++) {
		if (pages[i].title) {
			buf_printf(out, "<li><a href=\"%s\"%s>%s</a></li>\n", pages[i].path,
				&pages[i] == here ? " aria-current=\"page\"" : "", pages[i].title);
		}
	}
	buf_text(out, "</ul></nav>\n");
}

static void put_page(const struct authz *authz, const struct page *page, struct buf *out)
{
	if (!page->title) {
		buf_text(out, page->text);
		return;
	}
	buf_printf(out,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<title>%s - ",
		page->title);
	put_operator(authz, out);
	buf_text(out, "</title>\n<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n"
		      "<a class=\"skip\" href=\"#content\">To the content</a>\n<header>\n<p>");
	put_operator(authz, out);
	buf_text(out, "</p>\n");
	put_navigation(page, out);
	buf_text(out, "</header>\n<main id=\"content\">\n");
	put_filled(authz, page->text, out);
	buf_text(out, "</main>\n<footer>\n");
	put_filled(authz,
		"<p>Realm <code>{realm}</code>, node <code>{node}</code>. Bootstrapping as "
		"ITU-T Y.3056 describes it.</p>\n",
		out);
	buf_text(out, "</footer>\n</body>\n</html>\n");
}

static void answer(const struct authz *authz, struct http_request *request, const struct page *page)
{
	static const char policy[] = "default-src 'none'; style-src 'self'; base-uri 'none'; "
				     "form-action 'none'; frame-ancestors 'none'";
	const struct http_field fields[] = {
		{view_text("Content-Type"), view_text(page->title ? "text/html; charset=utf-8"
								  : "text/css; charset=utf-8")},
		{view_text("Content-Security-Policy"), view_text(policy)},
		{view_text("X-Content-Type-Options"), view_text("nosniff")},
		{view_text("Referrer-Policy"), view_text("no-referrer")},
		{view_text("Strict-Transport-Security"), view_text("max-age=31536000")},
		{view_text("Cache-Control"), view_text("max-age=300")},
	};
	BUF_CLEANUP struct buf out = buf_growing(PAGE_MAX);

	put_page(authz, page, &out);
	if (buf_end(&out, "page") != OK) {
		http_answer_problem(request, 500, "the page could not be made");
		return;
	}
	http_answer(request, 200, fields, sizeof(fields) / sizeof(fields[0]), buf_contents(&out));
}

bool pages_serve(const struct authz *authz, struct http_request *request)
{
	for (size_t i = 0; i < PAGES; i++) {
		if (view_is(request->target.path, pages[i].path) &&
			http_method_matches("GET", request->head->method)) {
			answer(authz, request, &pages[i]);
			return true;
		}
	}
	return false;
}
