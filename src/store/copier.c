// SPDX-License-Identifier: Apache-2.0
#include "store/copier.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NODE_MAX = 256, SHA256 = 32, CHUNK = 1 << 20 };

struct copier {
	struct loop *loop;
	const struct engine *engine;
	char *rest;
	atomic_bool stop;
	bool busy;   /* from copier_run() to told(), on the loop's thread */
	bool orphan; /* it is freed when told() comes */
	pthread_t thread;

	char node[NODE_MAX];
	file_copied *done;
	void *user;

	/* What came of it: the thread's until it ends. */
	enum err err;
	char detail[256], path[ENGINE_PATH];
	uint8_t sha256[SHA256];
};

enum err copier_new(struct loop *loop, const struct engine *engine, const char *rest,
	struct copier **ret)
{
	struct copier *c = calloc(1, sizeof(*c));
	char *copy = strdup(rest);

	if (!c || !copy) {
		free(c);
		free(copy);
		return err_fail(ERR_MEMORY, "store: no memory");
	}
	c->loop = loop;
	c->engine = engine;
	c->rest = copy;
	*ret = c;
	return OK;
}

static void discard(struct copier *c)
{
	free(c->rest);
	free(c);
}

static bool add_file(const struct copier *c, FILE *file, EVP_MD_CTX *hash)
{
	uint8_t *chunk = malloc(CHUNK);
	size_t n = 0;
	bool good = chunk != NULL;

	while (good && !atomic_load(&c->stop) && (n = fread(chunk, 1, CHUNK, file)) > 0) {
		good = EVP_DigestUpdate(hash, chunk, n) == 1;
	}
	free(chunk);
	return good && !ferror(file) && feof(file);
}

static enum err hash_file(struct copier *c)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	FILE *file = fopen(c->path, "re");
	bool good = hash && file && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1 &&
		    add_file(c, file, hash) && EVP_DigestFinal_ex(hash, c->sha256, NULL) == 1;

	if (file) {
		(void)fclose(file);
	}
	EVP_MD_CTX_free(hash);
	return good ? OK : err_fail(ERR_UNAVAILABLE, "store: %s cannot be read", c->path);
}

/* On the loop's thread, in any case at last. */
static void told(void *user)
{
	struct copier *c = user;

	if (c->orphan) {
		discard(c);
		return;
	}
	(void)pthread_join(c->thread, NULL);
	const struct file_copy copy = {.err = c->err,
		.detail = c->detail,
		.path = c->path,
		.sha256 = c->sha256};

	c->busy = false; /* another may be asked for at once */
	c->done(c->user, &copy);
}

static void *work(void *user)
{
	struct copier *c = user;

	c->err = c->engine->copy(c->rest, c->node, &c->stop, c->path);
	if (c->err == OK) {
		c->err = hash_file(c);
		if (c->err != OK) {
			(void)unlink(c->path);
		}
	}
	(void)snprintf(c->detail, sizeof(c->detail), "%s", err_detail());
	loop_post(c->loop, told, c);
	return NULL;
}

enum err copier_run(struct copier *c, const char *node, file_copied *done, void *user)
{
	sigset_t all, before;

	if (!c->engine->copy) {
		return err_fail(ERR_UNSUPPORTED, "store: this database is backed up with its own "
						 "tools, as pg_dump or pg_basebackup");
	}
	if (c->busy) {
		return err_fail(ERR_OVERLOAD, "store: a copy is being made already");
	}
	(void)snprintf(c->node, sizeof(c->node), "%s", node);
	c->done = done;
	c->user = user;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loop's */
	c->busy = pthread_create(&c->thread, NULL, work, c) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return c->busy ? OK : err_fail(ERR_UNAVAILABLE, "store: no thread for a copy");
}

void copier_free(struct copier *c)
{
	if (!c) {
		return;
	}
	if (!c->busy) {
		discard(c);
		return;
	}
	atomic_store(&c->stop, true);
	(void)pthread_join(c->thread, NULL);
	if (c->err == OK) {
		(void)unlink(c->path);
	}
	c->orphan = true; /* told() is on its way */
}
