// SPDX-License-Identifier: Apache-2.0
/* flow_exposure: clause 10.1: what an operator publishes, and who configures itself from it.  req: B10.1 */
#include "cli/up_inside.h"

#include <stdio.h>
#include <string.h>

/* A page of the portal, as a browser gets it: its heading is shown. */
static enum err read_page(struct site *site, const char *path)
{
	struct up *up = site->up;
	char url[REALM_ADDRESS + 48], authority[PATH_MAX];

	(void)snprintf(url, sizeof(url), "https://%s%s", site->realm.portal, path);
	TYPE(up, 0, "curl", "-sS", "--fail", "--cacert",
		realm_path(&site->realm, "certificates/ca.pem", authority), url);
	const char *heading = strstr(buf_string(&up->command.output), "<h1>");

	if (!heading) {
		return err_fail(ERR_SYNTAX, "%s: a page without a heading", path);
	}
	up_say(up, "    \"%.*s\"\n", (int)strcspn(heading + 4, "<"), heading + 4);
	return OK;
}

/* Step 2: what the document says, as a device has taken it over: signature, serial and names are checked. */
static enum err read_document(struct up *up)
{
	const struct realm *realm = &up->sites[FIRST].realm;
	char folder[PATH_MAX], url[REALM_NAME + 48], authority[PATH_MAX], to[REALM_ADDRESS + 4];

	(void)snprintf(url, sizeof(url), "https://%s/.well-known/bootstrapping-realm", realm->authn);
	(void)snprintf(to, sizeof(to), "::%s", realm->rp_c);
	TYPE(up, 0, "curl", "-sS", "--fail", "--cacert",
		realm_path(realm, "certificates/ca.pem", authority), "--connect-to", to, url);
	up_say(up, "    %zu bytes, signed: %.40s...\n", up->command.output.len,
		buf_string(&up->command.output));
	TYPE(up, 0, "symbolon-device", "realm", "list", "--dir",
		realm_path(realm, "device", folder));
	up_print_output(up);
	return OK;
}

enum err flow_exposure(struct up *up)
{
	struct site *site = &up->sites[FIRST];

	/* What the element announced as it came up is shown with it. */
	up_heading(up, "Clause 10.1: what the operator publishes");
	TRY(sites_check(up));
	up_step(up, "10.1/1", "authn, authz", "both nodes of the realm are deployed");
	TRY(read_document(up));
	up_step(up, "10.1/2", "authn", "realm document: nodes, protocols, formats, trust; signed");
	TRY(read_page(site, "/join/asp"));
	up_step(up, "10.1/3", "authz",
		"how ASPs join; the gateway took its nodes from the document");
	TRY(read_page(site, "/join/device"));
	up_step(up, "10.1/4", "authz",
		"how devices are bootstrapped; these took theirs from it too");
	return up_show(up, "10.1/4", "shown");
}
