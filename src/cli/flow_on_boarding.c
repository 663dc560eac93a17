// SPDX-License-Identifier: Apache-2.0
/* flow_on_boarding: clause 10.2: an ASP comes to the realm with a key that never leaves it.  req: B10.2 */
#include "base/text.h"
#include "cli/up_inside.h"
#include "wire/json.h"

#include <stdio.h>
#include <sys/stat.h>

enum { NAME = 64, CLAIM_MAX = 4096 };

/* Each time another one. */
struct comer {
	char id[NAME], name[NAME], element[NAME], application[NAME];
	char key[PATH_MAX], csr[PATH_MAX], claim[PATH_MAX], certificate[PATH_MAX];
};

static const struct visitor nobody = {0};

static void name_comer(const struct up *up, struct comer *ret)
{
	const struct realm *realm = &up->sites[FIRST].realm;
	char file[NAME];

	(void)snprintf(ret->id, NAME, "cin:U74999DL2016PTC%06d", up->run);
	(void)snprintf(ret->name, NAME, "Shop %d", up->run);
	(void)snprintf(ret->element, NAME, "element.shop%d.example", up->run);
	(void)snprintf(ret->application, NAME, "shop%d.example", up->run);
	(void)snprintf(file, NAME, "asp-%d.key", up->run);
	realm_path(realm, file, ret->key);
	(void)snprintf(file, NAME, "asp-%d.csr", up->run);
	realm_path(realm, file, ret->csr);
	(void)snprintf(file, NAME, "asp-%d.claim", up->run);
	realm_path(realm, file, ret->claim);
	(void)snprintf(file, NAME, "asp-%d.pem", up->run);
	realm_path(realm, file, ret->certificate);
}

/* Step 1a: it applies; only the request leaves it. */
static enum err apply(struct up *up, const struct comer *c)
{
	TYPE(up, 0, "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
		"-nodes", "-subj", "/", "-keyout", c->key, "-out", c->csr);
	VISIT(&up->sites[FIRST], &nobody, "asp", "apply", c->id, "--name", c->name, "--element",
		c->element, "--contact", "ops@shop.example", "--csr", c->csr, "--claim", c->claim);
	up_print_output(up);
	up_step(up, "10.2/1a", "ASP -> authz",
		"applies: its name and CIN, its elements, a request for a key");
	return OK;
}

/* What the operator sees in the list; here from the file that `apply` wrote, since others may wait in it too. */
static enum err find_application(const struct comer *c, char ret[NAME])
{
	BUF_CLEANUP struct buf text = buf_growing(0);
	JSON_CLEANUP struct json *claim = NULL;
	struct view id;

	TRY(text_read_file(c->claim, CLAIM_MAX, &text));
	TRY(json_parse(buf_contents(&text), CLAIM_MAX, &claim));
	TRY(json_text(claim, "id", &id));
	return text_copy(ret, NAME, id, "id");
}

/* Step 1b: the operator sees who it is, and lets it in. */
static enum err decide(struct up *up, const struct comer *c)
{
	char id[NAME];

	OPERATE(&up->sites[FIRST], "asp", "applications", "--state", "pending");
	up_print_output(up);
	TRY(find_application(c, id));
	OPERATE(&up->sites[FIRST], "asp", "approve", id);
	up_print_output(up);
	up_step(up, "10.2/1b", "operator -> authz", "approves: name and CIN are registered");
	return OK;
}

/* Step 1c: its certificate, with which it is known at API and RP_A. */
static enum err collect(struct up *up, const struct comer *c)
{
	VISIT(&up->sites[FIRST], &nobody, "asp", "collect", c->claim, "--out", c->certificate);
	(void)chmod(c->certificate, 0600); /* public, but like all that lies here */
	up_print_output(up);
	up_step(up, "10.2/1c", "authz -> ASP", "its certificate, for the key that never left it");
	return OK;
}

/* Step 2: its application, which the operator confirms; and it is told. */
static enum err register_application(struct up *up, const struct comer *c)
{
	struct site *site = &up->sites[FIRST];
	const struct visitor asp = {.certificate = c->certificate, .key = c->key};

	VISIT(site, &asp, "app", "add", c->application, "--format", "y3056", "--degree", "high",
		"--ua", "0100000007");
	up_print_output(up);
	up_step(up, "10.2/2a", "ASP -> authz",
		"its application: identity, protocol, format, degree");
	OPERATE(site, "app", "approve", c->application);
	up_print_output(up);
	up_step(up, "10.2/2b", "operator -> authz", "confirms it: the application is registered");
	VISIT(site, &asp, "notifications");
	TRY(up_print_last(up, "application-confirmed"));
	up_step(up, "10.2/2c", "authz -> ASP", "is told that it is registered");
	return OK;
}

enum err flow_on_boarding(struct up *up)
{
	struct comer c;

	name_comer(up, &c);
	up_begin(up, "Clause 10.2: an ASP applies, is approved, and registers an application");
	TRY(apply(up, &c));
	TRY(decide(up, &c));
	TRY(collect(up, &c));
	TRY(register_application(up, &c));
	return up_show(up, "10.2/2c", "shown");
}
