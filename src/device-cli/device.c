// SPDX-License-Identifier: Apache-2.0
#include "device-cli/device_cli.h"

#include "base/log.h"
#include "base/text.h"
#include "wire/json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PROFILE_MAX = 16 * 1024, EXPIRY_MARGIN_S = 5, SE_WAIT_MS = 5000, SE_TRY_MS = 20 };

enum err device_read_ident(const char *option, enum ident_kind kind, const char *text,
	struct ident *ret)
{
	enum err err = ident_parse(kind, view_text(text), ret);

	return err == OK ? OK : err_fail(ERR_CONFIG, "%s: %s", option, err_detail());
}

enum err device_path(const struct options *options, const char *name, char *ret)
{
	int len = snprintf(ret, PATH_MAX, "%s/%s", options->dir, name);

	return len < PATH_MAX ? OK : err_fail(ERR_RANGE, "%s: path too long", options->dir);
}

enum err device_default_address(struct view host, char ret[ADDRESS_MAX])
{
	bool ip6 = memchr(host.data, ':', host.len) != NULL;
	int len = snprintf(ret, ADDRESS_MAX, ip6 ? "[%.*s]:443" : "%.*s:443", (int)host.len,
		(const char *)host.data);

	return host.len > 0 && len < ADDRESS_MAX
		       ? OK
		       : err_fail(ERR_CONFIG, "--address must say where to connect");
}

enum err device_address_of(const struct symdev_node *node, const char *given, char ret[ADDRESS_MAX])
{
	const char *address = given[0] ? given : node->address;

	return address[0] ? text_copy(ret, ADDRESS_MAX, view_text(address), "address")
			  : device_default_address(ident_view(&node->host), ret);
}

enum err device_write_profile(const struct options *options)
{
	char path[PATH_MAX];
	BUF_CLEANUP struct buf text = buf_growing(PROFILE_MAX);
	struct json_writer w = json_to(&text);

	TRY(device_path(options, "device.json", path));
	json_open(&w, NULL);
	json_put_string(&w, "client", options->client);
	json_put_string(&w, "node", options->node);
	json_put_string(&w, "authority", options->ca ? options->ca : "");
	json_put_string(&w, "address", options->address ? options->address : "");
	json_put_string(&w, "mechanism", options->mechanism ? options->mechanism : "aka");
	json_close(&w);
	buf_u8(&text, '\n');
	TRY(buf_end(&text, "device.json"));
	return text_write_file(path, buf_contents(&text), 0600);
}

/* What stands there is one realm with one node. */
static enum err parse_profile(struct view text, struct device *device)
{
	JSON_CLEANUP struct json *profile = NULL;
	struct symdev_node *first = &device->realm.nodes[0];
	struct view client, node, authority, address, mechanism = view_text("aka");

	TRY(json_parse(text, PROFILE_MAX, &profile));
	TRY(json_text(profile, "client", &client));
	TRY(json_text(profile, "node", &node));
	TRY(json_text(profile, "authority", &authority));
	TRY(json_text(profile, "address", &address));
	TRY(json_text_opt(profile, "mechanism", &mechanism));
	device->realm.certificate = view_is(mechanism, "certificate");
	TRY(ident_parse(IDENT_CLIENT, client, &device->client));
	device->realm.client = device->client;
	device->realm.node_count = 1;
	TRY(ident_parse(IDENT_FQDN, node, &first->host));
	TRY(text_copy(device->ca, sizeof(device->ca), authority, "authority"));
	return text_copy(first->address, sizeof(first->address), address, "address");
}

static enum err read_profile(const struct options *options, struct device *device)
{
	char path[PATH_MAX];
	BUF_CLEANUP struct buf text = buf_growing(PROFILE_MAX);

	TRY(device_path(options, "device.json", path));
	if (access(path, F_OK) != 0) {
		return err_fail(ERR_NOT_FOUND,
			"no device in %s; make one with `symbolon-device init`", options->dir);
	}
	TRY(text_read_file(path, PROFILE_MAX, &text));
	enum err err = parse_profile(buf_contents(&text), device);

	return err == OK ? OK : err_fail(err, "%s: %s", path, err_detail());
}

static void pause_ms(int64_t ms)
{
	(void)nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

enum err device_open_se(struct device *device)
{
	char element[PATH_MAX], master[PATH_MAX];
	int64_t until = device->env->steady_us(device->env) + SE_WAIT_MS * 1000;
	enum err err = OK;

	TRY(device_path(device->options, "se.sealed", element));
	TRY(device_path(device->options, "se.master", master));
	do {
		err = se_soft_open(device->env, element, master, &device->se);
		if (err == ERR_WRONG_STATE) {
			pause_ms(SE_TRY_MS);
		}
	} while (err == ERR_WRONG_STATE && device->env->steady_us(device->env) < until);
	return err;
}

void device_close_se(struct device *device)
{
	se_soft_close(device->se);
	device->se = NULL;
}

/* The active realm of the list, if there is one, stands in the place of the profile's. */
static enum err take_realm(struct device *device)
{
	struct symdev_realm realm;
	enum err err = symdev_realm_active(&se_soft_ops, device->se, &realm);

	if (err == ERR_NOT_FOUND) {
		return OK;
	}
	TRY(err);
	device->has_list = true;
	device->realm = realm;
	device->client = realm.client;
	return text_copy(device->ca, sizeof(device->ca), view_text(realm.trust), "authority");
}

/* --realm: a switch, as `realm use` is one. */
static enum err use_realm(struct device *device)
{
	struct ident name;

	if (!device->options->realm) {
		return OK;
	}
	TRY(device_read_ident("--realm", IDENT_FQDN, device->options->realm, &name));
	if (!device->has_list && view_equal(ident_realm_of(&device->client), ident_view(&name))) {
		return OK;
	}
	TRY(symdev_realm_use(&se_soft_ops, device->se, &name));
	return take_realm(device);
}

enum err device_open(const struct options *options, struct device *ret)
{
	*ret = (struct device){.options = options, .env = &env_system};
	TRY(read_profile(options, ret));
	TRY(device_open_se(ret));
	TRY(take_realm(ret));
	TRY(use_realm(ret));
	return loop_new(ret->env, &ret->loop);
}

void device_close(struct device *device)
{
	device_close_se(device);
	loop_free(device->loop);
}

void device_step(void *user, const char *clause, const char *event, int64_t microseconds)
{
	bool to_node = strncmp(event, "rp_c.", 5) == 0;
	bool to_element = strcmp(event, "session.established") == 0;

	(void)user;
	log_step(event, "", clause, "device",
		to_node	     ? "authn"
		: to_element ? "element"
			     : "device",
		microseconds);
}

enum err device_find_token(struct device *device, const struct ident *application,
	struct symdev_token *ret)
{
	return symdev_token_find(&se_soft_ops, device->se, &device->client, application,
		env_wall(device->env) + EXPIRY_MARGIN_S, ret);
}

enum err device_protocol(const struct options *options, struct tls_protocol *ret, struct ua *ret_ua)
{
	char digits[UA_SIZE * 2 + 1];

	*ret = TLS_13_PSK;
	*ret_ua = UA_TLS13_PSK;
	if (!options->suite) {
		return OK;
	}
	(void)snprintf(digits, sizeof(digits), "010001%.4s", options->suite);
	if (strlen(options->suite) != 4 || ua_parse(view_text(digits), ret_ua) != OK) {
		return err_fail(ERR_CONFIG, "--suite takes four hex digits, such as ccac");
	}
	*ret = TLS_12_PSK((uint16_t)(ret_ua->bytes[3] << 8 | ret_ua->bytes[4]));
	return OK;
}

/* The old one works on when the new one cannot be had now.  req: B7.2-d */
static void renew_in_time(struct device *device, const struct ident *application, const char *rp_c,
	struct symdev_token *token, bool *ret_fresh)
{
	struct symdev_token fresh;

	if (env_wall(device->env) < symdev_token_renewal(token)) {
		return;
	}
	log_event(LOG_INFO, "token.renewal", "");
	enum err err = device_bootstrap(device,
		token->application.kind == IDENT_NONE ? NULL : application, rp_c, &fresh);

	if (err != OK) {
		log_event(LOG_WARN, "token.failed", "", LOG_DETAIL());
		return;
	}
	*token = fresh;
	*ret_fresh = true;
}

/* Another realm is a choice of the person's, never made here.  req: B7.1-h */
static enum err offer_realm(struct device *device, const struct ident *application, enum err err)
{
	struct ident names[SYMDEV_REALMS];
	size_t count = 0;
	char why[DETAIL_MAX];

	(void)snprintf(why, sizeof(why), "%s", err_detail());
	if (err != ERR_DENIED || symdev_realm_serving(&se_soft_ops, device->se, application,
					 env_wall(device->env), names, &count) != OK) {
		return err;
	}
	for (size_t i = 0; i < count; i++) {
		if (!view_equal(ident_view(&names[i]), ident_realm_of(&device->client))) {
			return err_fail(err, "%s; %s serves it: --realm %s", why, names[i].text,
				names[i].text);
		}
	}
	return err_fail(err, "%s", why);
}

enum err device_token(struct device *device, const struct ident *application, const char *rp_c,
	struct symdev_token *ret, bool *ret_fresh)
{
	int64_t since = device->env->steady_us(device->env);

	device_step(NULL, "10.5/1c", "token.looked_up", 0);
	enum err err = device_find_token(device, application, ret);

	if (err != OK && err != ERR_NOT_FOUND && err != ERR_EXPIRED) {
		return err;
	}
	*ret_fresh = err != OK;
	device_step(NULL, "10.5/1d", *ret_fresh ? "token.required" : "token.valid",
		device->env->steady_us(device->env) - since);
	if (*ret_fresh) {
		return offer_realm(device, application,
			device_bootstrap(device, application, rp_c, ret));
	}
	renew_in_time(device, application, rp_c, ret, ret_fresh);
	return OK;
}

enum err device_renew(struct device *device, const struct ident *application, const char *rp_c,
	const struct symdev_token *refused, struct symdev_token *ret)
{
	TRY(device_open_se(device));
	enum err err = device_find_token(device, application, ret);

	if (err == OK && strcmp(ret->id, refused->id) != 0) {
		return OK;
	}
	/* One of the plain form may be refused for its form: this one has what the application registered. */
	return device_bootstrap(device, application, rp_c, ret);
}
