// SPDX-License-Identifier: Apache-2.0
#include "device-cli/device_cli.h"

#include "base/text.h"
#include "wire/key_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_FILE_MAX = 4096 };

static enum err read_key(const struct json *file, struct aka_key *ret)
{
	static const char *const known[] = {KEY_JSON_MEMBERS, "sqn", NULL};
	bool from_op = false;

	TRY(json_only(file, known));
	TRY(key_from_json(file, ret, &from_op));
	return from_op ? err_fail(ERR_SYNTAX, "op, top: stay with the operator; opc or topc is "
					      "wanted")
		       : OK;
}

/* The library's sentence, with the file that it is about. */
static enum err about_key_file(enum err err)
{
	char why[200];

	(void)snprintf(why, sizeof(why), "%s", err_detail());
	return err == OK ? OK : err_fail(err, "key file: %s", why);
}

enum err device_read_key_file(const char *path, struct aka_key *ret)
{
	BUF_CLEANUP struct buf text = buf_growing(KEY_FILE_MAX);
	JSON_CLEANUP struct json *file = NULL;

	TRY(text_read_file(strcmp(path, "-") == 0 ? "/dev/stdin" : path, KEY_FILE_MAX, &text));
	enum err err = json_parse(buf_contents(&text), KEY_FILE_MAX, &file);

	if (err == OK) {
		err = about_key_file(read_key(file, ret));
	}
	buf_wipe(&text);
	return err;
}

enum err device_absolute(const char *option, const char *path, char ret[PATH_MAX])
{
	return realpath(path, ret) ? OK : err_system("%s %s", option, path);
}

/* The certificate beside it is for the operator, who registers the device with it. */
static enum err write_certificate(const struct options *options, struct se_soft *se)
{
	BUF_CLEANUP struct buf pem = buf_growing(KEY_FILE_MAX);
	char path[PATH_MAX];

	TRY(device_make_own_key(&env_system, se));
	TRY(device_own_certificate(se, &pem));
	TRY(device_path(options, "device.pem", path));
	return text_write_file(path, buf_contents(&pem), 0600);
}

static enum err make_own_key(const struct options *options, const char *element, const char *master)
{
	struct se_soft *se = NULL;
	enum err err = se_soft_open(&env_system, element, master, &se);

	if (err == OK) {
		err = write_certificate(options, se);
	}
	se_soft_close(se);
	return err;
}

static enum err make(const struct options *given, const struct aka_key *key)
{
	char element[PATH_MAX], master[PATH_MAX], authority[PATH_MAX];
	struct options absolute = *given, *options = &absolute;

	if (options->ca) {
		TRY(device_absolute("--ca", given->ca, authority));
		options->ca = authority;
	}
	if (mkdir(options->dir, 0700) != 0 && errno != EEXIST) {
		return err_system("%s", options->dir);
	}
	TRY(device_path(options, "se.sealed", element));
	TRY(device_path(options, "se.master", master));
	TRY(device_write_profile(options));
	TRY(se_soft_create(&env_system, element, master, key));
	return options->own_key ? make_own_key(options, element, master) : OK;
}

/* Of a device with a key pair of its own and no other key, that is how it bootstraps. */
static enum err check_keys(const struct options *options)
{
	if (!options->key_file && !options->own_key) {
		return err_fail(ERR_CONFIG, "--key-file FILE, or --own-key, is missing");
	}
	if (!options->mechanism || strcmp(options->mechanism, "aka") == 0) {
		return options->mechanism && !options->key_file
			       ? err_fail(ERR_CONFIG, "--mechanism aka needs --key-file")
			       : OK;
	}
	if (strcmp(options->mechanism, "certificate") != 0) {
		return err_fail(ERR_CONFIG, "--mechanism: aka or certificate");
	}
	return options->own_key ? OK
				: err_fail(ERR_CONFIG, "--mechanism certificate needs --own-key");
}

/* A new device: who it is, and a secure element with its long-term key.  req: B7.4-a B7.4-b */
enum err command_init(const struct options *given)
{
	struct options chosen = *given, *options = &chosen;
	struct aka_key key = {.algorithm = AKA_MILENAGE};
	struct ident client, node;
	char element[PATH_MAX];

	TRY(check_keys(options));
	if (!options->mechanism) {
		options->mechanism = options->key_file ? "aka" : "certificate";
	}
	TRY(device_read_ident("--client", IDENT_CLIENT, options->client, &client));
	TRY(device_read_ident("--node", IDENT_FQDN, options->node, &node));
	if (options->address) {
		TRY(address_check(options->address));
	}
	TRY(device_path(options, "se.sealed", element));
	if (access(element, F_OK) == 0) {
		return err_fail(ERR_EXISTS, "%s is a device already; choose another --dir",
			options->dir);
	}
	enum err err = options->key_file ? device_read_key_file(options->key_file, &key) : OK;

	if (err == OK) {
		err = make(options, options->key_file ? &key : NULL);
	}
	bytes_wipe(&key, sizeof(key));
	return err;
}
