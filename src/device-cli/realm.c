// SPDX-License-Identifier: Apache-2.0
/* realm: the realms of a device. Until one is added there is the profile's alone, and no list. */
#include "device-cli/device_cli.h"

#include "base/text.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ANSWER_MAX = 16 * 1024, ANCHOR_MAX = 16 * 1024 };

typedef enum err action_fn(const struct options *options, struct device *device);

/* --- list --- */

static void print_realm(const struct symdev_realm *realm, bool active)
{
	(void)printf("%s %s\n    client  %s\n", active ? "*" : " ",
		(const char *)ident_realm_of(&realm->client).data, realm->client.text);
	for (size_t i = 0; i < realm->node_count; i++) {
		(void)printf("    node    %s %s\n", realm->nodes[i].host.text,
			realm->nodes[i].address);
	}
	for (size_t i = 0; i < realm->served_count; i++) {
		(void)printf("    serves  %s\n", realm->served[i].text);
	}
}

static void write_realm(struct json_writer *w, const struct symdev_realm *realm, bool active)
{
	char expires[TEXT_TIME];

	json_open(w, NULL);
	json_put_text(w, "realm", ident_realm_of(&realm->client));
	json_put_bool(w, "active", active);
	json_put_string(w, "client", realm->client.text);
	json_put_string(w, "authority", realm->trust);
	json_open_array(w, "nodes");
	for (size_t i = 0; i < realm->node_count; i++) {
		json_open(w, NULL);
		json_put_string(w, "host", realm->nodes[i].host.text);
		json_put_string(w, "address", realm->nodes[i].address);
		json_close(w);
	}
	json_close_array(w);
	json_open_array(w, "serves");
	for (size_t i = 0; i < realm->served_count; i++) {
		json_put_string(w, NULL, realm->served[i].text);
	}
	json_close_array(w);
	if (realm->serial > 0) {
		text_time(realm->expires, expires);
		json_put_int(w, "serial", (int64_t)realm->serial);
		json_put_string(w, "expires", expires);
	}
	json_close(w);
}

static enum err show_one(struct json_writer *w, const struct options *options,
	const struct symdev_realm *realm, bool active)
{
	if (options->json) {
		write_realm(w, realm, active);
	} else {
		print_realm(realm, active);
	}
	return OK;
}

static enum err show_all(struct json_writer *w, const struct options *options, struct device *device)
{
	struct ident clients[SYMDEV_REALMS], name;
	size_t count = 0, active = 0;
	struct symdev_realm realm;

	if (!device->has_list) {
		return show_one(w, options, &device->realm, true);
	}
	TRY(symdev_realm_list(&se_soft_ops, device->se, clients, &count, &active));
	for (size_t i = 0; i < count; i++) {
		TRY(ident_parse(IDENT_FQDN, ident_realm_of(&clients[i]), &name));
		TRY(symdev_realm_load(&se_soft_ops, device->se, &name, &realm));
		TRY(show_one(w, options, &realm, i == active));
	}
	return OK;
}

static enum err list(const struct options *options, struct device *device)
{
	BUF_CLEANUP struct buf text = buf_growing(ANSWER_MAX);
	struct json_writer w = json_to(&text);

	json_open_array(&w, NULL);
	TRY(show_all(&w, options, device));
	json_close_array(&w);
	if (!options->json) {
		return OK;
	}
	TRY(buf_end(&text, "answer"));
	return printf("%s\n", buf_string(&text)) > 0 ? OK : err_system("standard output");
}

/* --- add --- */

static enum err read_served(const char *text, struct symdev_realm *ret)
{
	while (*text) {
		size_t len = strcspn(text, ",");

		if (ret->served_count == SYMDEV_SERVED) {
			return err_fail(ERR_CONFIG, "--serves: more than %d applications",
				SYMDEV_SERVED);
		}
		if (ident_parse(IDENT_APPLICATION, view_of(text, len),
			    &ret->served[ret->served_count]) != OK) {
			return err_fail(ERR_CONFIG, "--serves: %s", err_detail());
		}
		ret->served_count++;
		text += len + (text[len] == ',');
	}
	return OK;
}

enum err device_read_anchor(const char *path, struct symdev_realm *ret)
{
	BUF_CLEANUP struct buf pem = buf_growing(0);
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	struct symdev_anchor *anchor = &ret->anchors[0];
	struct buf out = buf_fixed(anchor->bytes, sizeof(anchor->bytes));

	TRY(text_read_file(path, ANCHOR_MAX, &pem));
	if (jose_key_from_pem(buf_contents(&pem), &key) != OK) {
		return err_fail(ERR_CONFIG, "--anchor %s: %s", path, err_detail());
	}
	TRY(jose_key_public(key, &out));
	anchor->len = (uint8_t)out.len;
	ret->anchor_count = 1;
	return OK;
}

static bool is_url(const char *text)
{
	return text && strstr(text, "://");
}

/* What its owner says of it, without a document. */
static enum err read_node(const struct options *o, struct symdev_realm *ret)
{
	if (!o->node) {
		return err_fail(ERR_CONFIG, "--node is wanted, or the URL of the realm's document");
	}
	ret->node_count = 1;
	TRY(device_read_ident("--node", IDENT_FQDN, o->node, &ret->nodes[0].host));
	if (o->address) {
		TRY(address_check(o->address));
		TRY(text_copy(ret->nodes[0].address, SYMDEV_ADDRESS, view_text(o->address),
			"--address"));
	}
	return OK;
}

static enum err read_realm(const struct options *o, struct loop *loop, struct symdev_realm *ret)
{
	char authority[PATH_MAX];

	bool certificate = o->mechanism && strcmp(o->mechanism, "certificate") == 0;

	if (!o->client || !o->key_file == !certificate) {
		return err_fail(ERR_CONFIG,
			"--client, --key-file or --mechanism certificate, and --node, or a URL, "
			"are wanted");
	}
	if (is_url(o->second) && !o->anchor) {
		return err_fail(ERR_CONFIG,
			"--anchor FILE is wanted: the key that signs the realm's "
			"document, as you have it from the operator");
	}
	*ret = (struct symdev_realm){.certificate = certificate};
	TRY(device_read_ident("--client", IDENT_CLIENT, o->client, &ret->client));
	if (o->ca) {
		TRY(device_absolute("--ca", o->ca, authority));
		TRY(text_copy(ret->trust, sizeof(ret->trust), view_text(authority), "--ca"));
	}
	TRY(o->serves ? read_served(o->serves, ret) : OK);
	TRY(o->anchor ? device_read_anchor(o->anchor, ret) : OK);
	return is_url(o->second) ? device_learn_realm(o, loop, o->second, ret, NULL)
				 : read_node(o, ret);
}

/* What the profile says becomes the first of the list. */
enum err device_begin_list(struct device *device)
{
	struct symdev_realm first = device->realm;

	if (device->has_list) {
		return OK;
	}
	TRY(text_copy(first.trust, sizeof(first.trust), view_text(device->ca), "authority"));
	return symdev_realm_add(&se_soft_ops, device->se, &first);
}

static enum err add_with_key(struct device *device, const struct symdev_realm *realm,
	const struct aka_key *key)
{
	struct symdev_realm there;
	struct ident name;

	TRY(ident_parse(IDENT_FQDN, ident_realm_of(&realm->client), &name));
	TRY(device_begin_list(device));
	if (symdev_realm_load(&se_soft_ops, device->se, &name, &there) == OK) {
		return err_fail(ERR_EXISTS, "the device is of the realm %s already", name.text);
	}
	TRY(realm->certificate ? device_make_own_key(device->env, device->se)
			       : se_soft_set_key(device->se, &realm->client, key));
	return symdev_realm_add(&se_soft_ops, device->se, realm);
}

/* req: B7.4-a B7.4-b */
static enum err add(const struct options *options, struct device *device)
{
	struct symdev_realm realm;
	struct aka_key key = {.algorithm = AKA_MILENAGE};

	TRY(read_realm(options, device->loop, &realm));
	enum err err = realm.certificate ? OK : device_read_key_file(options->key_file, &key);

	if (err == OK) {
		err = add_with_key(device, &realm, &key);
	}
	aka_key_wipe(&key);
	return err;
}

/* Where there is no device yet, a document makes one: all but client and key stands in it. */
static enum err make_device(const struct options *given, struct loop *loop)
{
	struct options options = *given;
	struct device device = {.options = &options};
	struct symdev_realm realm;

	if (mkdir(given->dir, 0700) != 0 && errno != EEXIST) {
		return err_system("%s", given->dir);
	}
	TRY(read_realm(given, loop, &realm));
	options.node = realm.nodes[0].host.text;
	options.address = realm.nodes[0].address[0] ? realm.nodes[0].address : NULL;
	options.ca = realm.trust;
	TRY(command_init(&options));
	enum err err = device_open(&options, &device);

	if (err == OK) {
		err = symdev_realm_add(&se_soft_ops, device.se, &realm);
	}
	device_close(&device);
	return err;
}

static bool is_first_realm(const struct options *options)
{
	char profile[PATH_MAX];

	return strcmp(options->word, "add") == 0 && is_url(options->second) &&
	       device_path(options, "device.json", profile) == OK && access(profile, F_OK) != 0;
}

static enum err add_first(const struct options *options)
{
	struct loop *loop;

	TRY(loop_new(&env_system, &loop));
	enum err err = make_device(options, loop);

	loop_free(loop);
	return err;
}

/* --- use, drop, update --- */

static enum err name_of(const struct options *options, struct ident *ret)
{
	return options->second ? device_read_ident("NAME", IDENT_FQDN, options->second, ret)
			       : err_fail(ERR_CONFIG, "which realm? its name is missing");
}

static enum err use(const struct options *options, struct device *device)
{
	struct ident name;

	TRY(name_of(options, &name));
	if (!device->has_list && view_equal(ident_realm_of(&device->client), ident_view(&name))) {
		return OK;
	}
	return symdev_realm_use(&se_soft_ops, device->se, &name);
}

/* Tokens first, the key last: what a power cut leaves is dropped by asking again. */
static enum err drop(const struct options *options, struct device *device)
{
	struct symdev_realm realm;
	struct ident name;

	TRY(name_of(options, &name));
	if (!device->has_list) {
		return err_fail(ERR_WRONG_STATE,
			"the device has no other realm; remove its folder instead");
	}
	TRY(symdev_realm_load(&se_soft_ops, device->se, &name, &realm));
	TRY(symdev_realm_drop(&se_soft_ops, device->se, &name));
	enum err err = se_soft_drop_key(device->se, &realm.client);

	return err == ERR_WRONG_STATE ? OK : err;
}

/* A further key: the one before is trusted until it is a pin behind, so that the realm can change it. */
static enum err pin(const struct options *options, struct device *device)
{
	struct symdev_realm with = {.node_count = 0};

	if (!options->anchor || options->second) {
		return err_fail(ERR_CONFIG, "--anchor FILE is wanted: the active realm's key");
	}
	TRY(device_read_anchor(options->anchor, &with));
	TRY(device_begin_list(device));
	TRY(symdev_realm_active(&se_soft_ops, device->se, &device->realm));
	memmove(&device->realm.anchors[1], &device->realm.anchors[0],
		(SYMDEV_ANCHORS - 1) * sizeof(device->realm.anchors[0]));
	device->realm.anchors[0] = with.anchors[0];
	device->realm.anchor_count += device->realm.anchor_count < SYMDEV_ANCHORS;
	return symdev_realm_update(&se_soft_ops, device->se, &device->realm);
}

static enum err update(const struct options *options, struct device *device)
{
	if (options->second) {
		return err_fail(ERR_CONFIG, "the active realm is updated; use another one first");
	}
	TRY(device_update_realm(device));
	return list(options, device);
}

static const struct {
	const char *name;
	action_fn *act;
} actions[] = {
	{"list", list},
	{"add", add},
	{"use", use},
	{"drop", drop},
	{"pin", pin},
	{"update", update},
};

static action_fn *find_action(const char *name)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(actions[i].name, name) == 0) {
			return actions[i].act;
		}
	}
	return NULL;
}

enum err command_realm(const struct options *options)
{
	action_fn *act = find_action(options->word);
	struct device device = {.options = options};

	if (!act) {
		return err_fail(ERR_CONFIG, "realm %s: none of list, add, use, drop, pin, update",
			options->word);
	}
	if (is_first_realm(options)) {
		return add_first(options);
	}
	enum err err = device_open(options, &device);

	if (err == OK) {
		err = act(options, &device);
	}
	device_close(&device);
	return err;
}
