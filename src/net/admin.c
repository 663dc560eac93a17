// SPDX-License-Identifier: Apache-2.0
#include "net/admin.h"

#include "base/log.h"
#include "base/text.h"
#include "net/http_server.h"
#include "net/metrics.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONNECTIONS = 16, BODY_MAX = 4096, PART = 256 * 1024, OUTPUT = 4 * PART };

struct admin {
	struct loop *loop;
	struct admin_on on;
	void *user;
	struct http_server *server;
	struct backup *making; /* there is one at a time */
	uint64_t backups, failed;
	int64_t last; /* when one went well, seconds since 1970 */
};

/* A backup on its way to who asked for it: first it is made, then sent. */
struct backup {
	struct admin *admin;
	struct http_request *request; /* NULL: who asked has left */
	int fd;			      /* -1 while it is made */
};

/* ---- sending ---- */

static void end(struct backup *b)
{
	if (b->fd >= 0) {
		(void)close(b->fd);
	}
	free(b);
}

static void on_gone(struct http_request *request)
{
	struct backup *b = request->user;
	bool made = b->fd >= 0;

	http_answer_abort(request);
	b->request = NULL;
	if (made) {
		end(b);
	} /* else on_copied() does it */
}

static void send_on(struct http_request *request)
{
	struct backup *b = request->user;
	uint8_t part[PART];
	enum err err = OK;

	while (err == OK) {
		ssize_t n = read(b->fd, part, sizeof(part));

		if (n <= 0) {
			if (n == 0) {
				http_answer_end(request);
			} else {
				http_answer_abort(request);
			}
			end(b);
			return;
		}
		err = http_answer_part(request, view_of(part, (size_t)n));
	}
	if (err != ERR_AGAIN) {
		http_answer_abort(request);
		end(b);
	}
}

static enum err begin(struct backup *b, const struct file_copy *copy)
{
	char length[24];
	struct stat st;
	BUF_CLEANUP struct buf digest = buf_growing(128);

	b->fd = open(copy->path, O_RDONLY | O_CLOEXEC);
	(void)unlink(copy->path); /* it is gone when it is closed */
	if (b->fd < 0 || fstat(b->fd, &st) != 0) {
		return err_system("backup: open the copy");
	}
	(void)snprintf(length, sizeof(length), "%lld", (long long)st.st_size);
	buf_text(&digest, "sha-256=:"); /* RFC 9530 */
	text_base64(&digest, view_of(copy->sha256, FILE_COPY_SHA256));
	buf_u8(&digest, ':');
	const struct http_field fields[] = {
		{view_text("Content-Type"), view_text("application/octet-stream")},
		{view_text("Content-Length"), view_text(length)},
		{view_text("Repr-Digest"), buf_contents(&digest)},
		{view_text("Cache-Control"), view_text("no-store")},
	};

	return http_answer_begin(b->request, 200, fields, sizeof(fields) / sizeof(fields[0]),
		send_on);
}

static unsigned status_of(enum err err)
{
	switch (err) {
	case ERR_OVERLOAD:
		return 409;
	case ERR_UNSUPPORTED:
		return 501;
	default:
		return 503;
	}
}

static void refuse(struct backup *b, enum err err, const char *why)
{
	struct http_request *request = b->request;

	b->admin->failed++;
	log_event(LOG_ERROR, "node.backup_failed", "", LOG_TEXT("detail", why));
	if (request) {
		request->on_gone = NULL;
		http_answer_problem(request, status_of(err), why);
	}
	end(b);
}

static void on_copied(void *user, const struct file_copy *copy)
{
	struct backup *b = user;

	b->admin->making = NULL;
	if (copy->err != OK) {
		refuse(b, copy->err, copy->detail);
		return;
	}
	if (!b->request) {
		(void)unlink(copy->path);
		end(b);
		return;
	}
	enum err err = begin(b, copy);

	if (err != OK) {
		refuse(b, err, err_detail());
		return;
	}
	b->admin->backups++;
	b->admin->last = env_wall(loop_env(b->admin->loop));
	log_event(LOG_INFO, "node.backed_up", "");
	send_on(b->request);
}

static void on_backup(void *user, struct http_request *request, const struct view *segments)
{
	struct admin *a = user;
	struct backup *b = calloc(1, sizeof(*b));

	(void)segments;
	if (!b || !a->on.copy) {
		free(b);
		http_answer_problem(request, b ? 501 : 503,
			"this node keeps nothing that needs a backup");
		return;
	}
	*b = (struct backup){.admin = a, .request = request, .fd = -1};
	request->user = b;
	request->on_gone = on_gone;
	enum err err = a->on.copy(a->user, on_copied, b);

	if (err != OK) {
		refuse(b, err, err_detail());
		return;
	}
	a->making = b;
}

/* ---- keys ---- */

static void answer_keys(struct admin *a, struct http_request *request, unsigned status)
{
	const struct http_field type = {view_text("Content-Type"), view_text("application/json")};
	BUF_CLEANUP struct buf json = buf_growing(BODY_MAX);
	struct json_writer w = json_to(&json);

	json_open(&w, NULL);
	a->on.keys(a->user, &w);
	json_close(&w);
	buf_u8(&json, '\n');
	http_answer(request, status, &type, 1, buf_contents(&json));
}

static void on_keys(void *user, struct http_request *request, const struct view *segments)
{
	struct admin *a = user;

	(void)segments;
	if (a->on.keys) {
		answer_keys(a, request, 200);
	} else {
		http_answer_problem(request, 501,
			"this node's data keys are not replaced: "
			"remove its database while it is stopped");
	}
}

/* Who waits for a key to be made. */
struct rotation {
	struct admin *admin;
	struct http_request *request; /* NULL: has left */
};

static void on_rotate_gone(struct http_request *request)
{
	struct rotation *r = request->user;

	r->request = NULL;
	http_answer_abort(request);
}

static void on_begun(void *user, enum err err, const char *detail)
{
	struct rotation *r = user;

	if (r->request) {
		r->request->on_gone = NULL;
		if (err == OK) {
			answer_keys(r->admin, r->request, 202);
		} else {
			http_answer_problem(r->request, status_of(err), detail);
		}
	}
	free(r);
}

static void on_rotate(void *user, struct http_request *request, const struct view *segments)
{
	struct admin *a = user;
	struct rotation *r = calloc(1, sizeof(*r));

	if (!r || !a->on.rotate) {
		free(r);
		on_keys(user, request, segments);
		return;
	}
	*r = (struct rotation){a, request};
	request->user = r;
	request->on_gone = on_rotate_gone;
	log_event(LOG_INFO, "admin.rotate", "");
	enum err err = a->on.rotate(a->user, on_begun, r);

	if (err != OK) {
		on_begun(r, err, err_detail());
	}
}

/* ---- who may, and what ---- */

static const struct http_route routes[] = {
	{"POST", "/v1/backup", NULL, on_backup},
	{"POST", "/v1/keys", NULL, on_rotate},
	{"GET", "/v1/keys", NULL, on_keys},
};

static bool is_allowed(const struct http_request *request)
{
	int64_t uid = request->stream ? stream_peer_uid(request->stream) : -1;

	return uid == 0 || (uid > 0 && uid == (int64_t)geteuid());
}

static void on_request(void *user, struct http_request *request)
{
	if (!is_allowed(request)) {
		log_event(LOG_WARN, "admin.denied", "",
			LOG_INT("uid", request->stream ? stream_peer_uid(request->stream) : -1));
		http_answer_problem(request, 403, "only root and the user that runs this node may");
		return;
	}
	http_route(routes, sizeof(routes) / sizeof(routes[0]), user, request);
}

enum err admin_open(struct loop *loop, const char *socket, const struct admin_on *on, void *user,
	struct admin **ret)
{
	char address[ADDRESS_MAX];
	const struct http_server_options options = {
		.listen = {.address = address,
			.connections = CONNECTIONS,
			.limits = {.output = OUTPUT}},
		.limits = {.head = 8 * 1024, .body = BODY_MAX},
	};
	int len = snprintf(address, sizeof(address), "unix:%s", socket);
	struct admin *a = calloc(1, sizeof(*a));

	if (!a) {
		return err_fail(ERR_MEMORY, "admin.socket: out of memory");
	}
	if (len >= (int)sizeof(address)) {
		free(a);
		return err_fail(ERR_CONFIG, "admin.socket: longer than a socket's name may be");
	}
	*a = (struct admin){.loop = loop, .on = *on, .user = user};
	enum err err = http_server_open(loop, &options, on_request, a, &a->server);

	if (err != OK) {
		free(a);
		return err;
	}
	*ret = a;
	return OK;
}

void admin_close(struct admin *a)
{
	if (a) {
		http_server_close(a->server); /* ends what is being sent */
		free(a->making);	      /* nobody will be told of it */
		free(a);
	}
}

void admin_collect(const struct admin *a, struct buf *out)
{
	if (!a) {
		return;
	}
	metrics_put_one(out, "symbolon_backups_total", METRIC_COUNTER, "Backups that were made.",
		a->backups);
	metrics_put_one(out, "symbolon_backups_failed_total", METRIC_COUNTER,
		"Backups that could not be made.", a->failed);
	metrics_put_one(out, "symbolon_backup_timestamp_seconds", METRIC_GAUGE,
		"When the last one was made, in seconds since 1970; 0: none since the start.",
		(uint64_t)a->last);
}
