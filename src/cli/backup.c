// SPDX-License-Identifier: Apache-2.0
/* backup, restore, check: what a node keeps, taken from it and put back; and whether it could start. */
#include "cli/cli.h"

#include "base/text.h"
#include "cli/node_admin.h"
#include "cli/process.h"

#include <fcntl.h>
#include <libgen.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROBLEM_MAX = 64 * 1024, SHA256 = 32, DIGEST_MAX = 80 };
enum { ADMIN };	 /* options of backup */
enum { CONFIG }; /* options of restore and check */

/* What comes in, on its way into a file beside the one that is wanted. */
struct download {
	char part[PATH_MAX];
	int fd;
	EVP_MD_CTX *hash;
	char announced[DIGEST_MAX];
	unsigned status;
	struct buf problem;
	uint64_t bytes;
	enum err kept;
};

static void on_head(void *user, const struct http_head *head)
{
	struct download *d = user;
	struct view digest = http_field_of(head, "Repr-Digest");

	d->status = head->status;
	(void)snprintf(d->announced, sizeof(d->announced), "%.*s", (int)digest.len,
		digest.data ? (const char *)digest.data : "");
}

static enum err keep(struct download *d, struct view part)
{
	while (part.len > 0) {
		ssize_t n = write(d->fd, part.data, part.len);

		if (n < 0) {
			return err_system("%s", d->part);
		}
		if (EVP_DigestUpdate(d->hash, part.data, (size_t)n) != 1) {
			return err_fail(ERR_CRYPTO, "SHA-256 is not available");
		}
		d->bytes += (uint64_t)n;
		part = view_of(part.data + n, part.len - (size_t)n);
	}
	return OK;
}

static void on_body(void *user, struct view part)
{
	struct download *d = user;

	if (d->status != 200) {
		buf_view(&d->problem, part);
	} else if (d->kept == OK) {
		d->kept = keep(d, part);
	}
}

/* What came is what was sent. */
static enum err check_digest(struct download *d)
{
	uint8_t sha256[SHA256];
	BUF_CLEANUP struct buf digest = buf_growing(DIGEST_MAX);

	if (EVP_DigestFinal_ex(d->hash, sha256, NULL) != 1) {
		return err_fail(ERR_CRYPTO, "SHA-256 is not available");
	}
	buf_text(&digest, "sha-256=:");
	text_base64(&digest, VIEW(sha256));
	buf_u8(&digest, ':');
	return view_is(buf_contents(&digest), d->announced)
		       ? OK
		       : err_fail(ERR_AUTH, "what came is not what the node sent");
}

static enum err put_in_place(const struct download *d, const char *file)
{
	char folder[PATH_MAX];

	(void)snprintf(folder, sizeof(folder), "%s", file);
	if (fsync(d->fd) != 0 || rename(d->part, file) != 0) {
		return err_system("%s", file);
	}
	int fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool synced = fd >= 0 && fsync(fd) == 0;

	(void)close(fd);
	return synced ? OK : err_system("%s: sync its folder", file);
}

static enum cli_status fetch(struct download *d, const char *node, const char *socket,
	const char *file)
{
	static const struct http_call_on on = {.head = on_head, .body = on_body};

	if (node_admin_ask(node, socket, "POST", "/v1/backup", &on, d) != OK) {
		node_admin_say_unreachable("cannot get a backup");
		return CLI_UNREACHABLE;
	}
	if (d->status != 200) {
		node_admin_say_refused(d->status, buf_contents(&d->problem));
		return CLI_REFUSED;
	}
	if (d->kept != OK || check_digest(d) != OK || put_in_place(d, file) != OK) {
		cli_say("no backup: %s", err_detail());
		return CLI_REFUSED;
	}
	(void)printf("%s: %llu bytes; the master key is not in it, keep that elsewhere\n", file,
		(unsigned long long)d->bytes);
	return CLI_DONE;
}

static enum cli_status backup(struct cli *cli, const struct cli_arguments *args)
{
	const char *node = args->words[0], *file = args->words[1];
	struct download d = {.hash = EVP_MD_CTX_new(), .problem = buf_growing(PROBLEM_MAX)};
	enum cli_status status = CLI_REFUSED;

	(void)cli;
	if (!node_admin_is_node(node)) {
		EVP_MD_CTX_free(d.hash);
		return CLI_USAGE;
	}
	(void)snprintf(d.part, sizeof(d.part), "%s.XXXXXX" TEXT_PART, file);
	d.fd = mkostemps(d.part, (int)strlen(TEXT_PART), O_CLOEXEC); /* mode 0600 */
	if (d.fd < 0 || EVP_DigestInit_ex(d.hash, EVP_sha256(), NULL) != 1) {
		cli_say("%s cannot be written", d.part);
	} else {
		status = fetch(&d, node, args->values[ADMIN], file);
	}
	if (d.fd >= 0) {
		(void)close(d.fd);
		(void)unlink(d.part); /* gone already when all went well */
	}
	EVP_MD_CTX_free(d.hash);
	buf_free(&d.problem);
	return status;
}

/* The node's own program does it: it alone knows its data. */
static enum cli_status restore(struct cli *cli, const struct cli_arguments *args)
{
	const char *node = args->words[0], *file = args->words[1];
	char name[32], program[PATH_MAX], config[64];

	(void)cli;
	if (!node_admin_is_node(node)) {
		return CLI_USAGE;
	}
	(void)snprintf(name, sizeof(name), "symbolon-%s", node);
	(void)snprintf(config, sizeof(config), "/etc/symbolon/%s.yaml", node);
	process_find(name, program);
	(void)fflush(NULL);
	(void)execlp(program, name, "--config",
		args->values[CONFIG] ? args->values[CONFIG] : config, "--restore", file, NULL);
	cli_say("%s cannot be started", program);
	return CLI_REFUSED;
}

static enum cli_status check(struct cli *cli, const struct cli_arguments *args)
{
	const char *node = args->words[0];
	char name[32], program[PATH_MAX], config[64];

	(void)cli;
	if (!node_admin_is_node(node)) {
		return CLI_USAGE;
	}
	(void)snprintf(name, sizeof(name), "symbolon-%s", node);
	(void)snprintf(config, sizeof(config), "/etc/symbolon/%s.yaml", node);
	process_find(name, program);
	(void)fflush(NULL);
	(void)execlp(program, name, "--check=machine", "--config",
		args->values[CONFIG] ? args->values[CONFIG] : config, NULL);
	cli_say("%s cannot be started", program);
	return CLI_REFUSED;
}

static const struct cli_command check_commands[] = {{
	.noun = "check",
	.words = {"NODE"},
	.summary = "whether a node's configuration is right, and what it names is there",
	.options = {[CONFIG] = CLI_OPTION("config", "FILE",
			    "the node's configuration; /etc/symbolon/NODE.yaml")},
	.more = "Of this machine: files and who may read them, certificates, their names and ends, "
		"names\n"
		"that must resolve, addresses to listen at. Each line says what to do. Best before "
		"a\n"
		"start, as the user that the node runs as. Exit status 2 when there are errors.",
	.run = check,
}};
static const struct cli_command backup_commands[] = {{
	.noun = "backup",
	.words = {"NODE", "FILE"},
	.summary = "write all that a node keeps to a file, while it runs",
	.options = {[ADMIN] = CLI_OPTION("admin", "PATH",
			    "the node's admin.socket; /run/symbolon/NODE-admin.sock")},
	.more = "NODE is authz, authn or registry. The file is whole and of one moment, checked, "
		"and "
		"readable\n"
		"by who asked alone; an older one of that name is replaced. The master key, "
		"without\n"
		"which it cannot be used, is not in it. Of PostgreSQL: pg_dump or pg_basebackup.",
	.run = backup,
}};
static const struct cli_command restore_commands[] = {{
	.noun = "restore",
	.words = {"NODE", "FILE"},
	.summary = "put a backup in place of what a node that does not run keeps",
	.options = {[CONFIG] = CLI_OPTION("config", "FILE",
			    "the node's configuration; /etc/symbolon/NODE.yaml")},
	.more = "What is there is kept beside it by the name of .replaced. At its next start the "
		"node\n"
		"sees to it that no sequence number is used twice, and drops tokens that may have\n"
		"been revoked since.",
	.run = restore,
}};

const struct cli_noun cli_backup_noun = {"backup", "all that a node keeps, into a file",
	backup_commands, 1};
const struct cli_noun cli_restore_noun = {"restore", "and back", restore_commands, 1};
const struct cli_noun cli_check_noun = {"check", "whether a node's configuration fits the machine",
	check_commands, 1};
