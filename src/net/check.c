// SPDX-License-Identifier: Apache-2.0
#include "net/check.h"

#include "base/seal.h"
#include "net/address.h"
#include "net/check_tls.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LISTENERS_MAX = 1100, PATH_LEN = 160 };

struct check {
	const struct conf_option *rows;
	const void *conf;
	struct check_report *report;
	const char *node; /* node.host, or NULL */
	struct {
		char path[PATH_LEN];
		const char *address, *list; /* the list that it stands in, or NULL */
	} listeners[LISTENERS_MAX];
	size_t count;
};

void check_say(struct check_report *r, bool fault, const char *path, const char *format, ...)
{
	va_list args;

	*(fault ? &r->faults : &r->warnings) += 1;
	(void)fprintf(r->to, "%s: %s: ", fault ? "error" : "warning", path);
	va_start(args, format);
	(void)vfprintf(r->to, format, args);
	va_end(args);
	(void)fputc('\n', r->to);
}

static bool ends_in(const char *path, const char *ending)
{
	size_t len = strlen(path), tail = strlen(ending);

	return len >= tail && strcmp(path + len - tail, ending) == 0;
}

static const char *text_at(const struct conf_option *row, const void *conf)
{
	char *const *text = (char *const *)((const char *)conf + row->offset);

	return *text ? *text : "";
}

/* The text of the option beside this one: "diameter.key" for "diameter.certificate". "" when there is none. */
static const char *beside(const struct check *c, const char *path, const char *last)
{
	char name[PATH_LEN];
	const char *dot = strrchr(path, '.');

	(void)snprintf(name, sizeof(name), "%.*s.%s", dot ? (int)(dot - path) : 0, path, last);
	for (const struct conf_option *row = c->rows; row->path; row++) {
		if (row->type == CONF_TEXT && strcmp(row->path, name) == 0) {
			return text_at(row, c->conf);
		}
	}
	return "";
}

/* ---- files ---- */

static void look_at_master(struct check *c, const char *path, const char *file)
{
	SECRET(master);

	if (seal_master_from_file(file, &master) != OK) {
		check_say(c->report, true, path, "%s", err_detail());
	}
}

static void look_at_certificate(struct check *c, const char *path, const char *file)
{
	const struct check_certificate certificate = {
		.file = file,
		.key = beside(c, path, "key"),
		.authority = strncmp(path, "diameter.", 9) == 0 ? beside(c, path, "authority") : "",
		.name = c->node,
	};

	check_tls(c->report, path, &certificate);
}

/* Its folder, where a file is to be made. */
static void look_at_folder(struct check *c, const char *path, const char *file)
{
	char folder[4096];
	const char *slash = strrchr(file, '/');
	int len = slash ? (int)(slash - file) : 0;

	(void)snprintf(folder, sizeof(folder), "%.*s%s", len, file, slash && !len ? "/" : "");
	if (access(folder[0] ? folder : ".", W_OK | X_OK) != 0) {
		check_say(c->report, true, path,
			"%s: %s: make that folder, and let the node's user write there",
			folder[0] ? folder : ".", strerror(errno));
	}
}

/* ---- addresses ---- */

static bool is_any(const struct address *a)
{
	static const struct in6_addr any6 = IN6ADDR_ANY_INIT;

	return a->sa.any.sa_family == AF_INET ? a->sa.in.sin_addr.s_addr == htonl(INADDR_ANY)
					      : memcmp(&a->sa.in6.sin6_addr, &any6, 16) == 0;
}

static bool overlap(const char *one, const char *other)
{
	struct address a = {.len = 0}, b = {.len = 0};

	if (strcmp(one, other) == 0) {
		return !ends_in(one, ":0");
	}
	if (address_parse(one, &a) != OK || address_parse(other, &b) != OK || !a.len || !b.len ||
		a.sa.any.sa_family != b.sa.any.sa_family || a.sa.any.sa_family == AF_UNIX ||
		a.sa.in.sin_port != b.sa.in.sin_port || a.sa.in.sin_port == 0) {
		return false;
	}
	return is_any(&a) || is_any(&b);
}

static void try_to_bind(struct check *c, const char *path, const char *text)
{
	struct address at = {.len = 0};
	const int on = 1;

	if (address_parse(text, &at) != OK || at.len == 0) {
		check_say(c->report, true, path, "%s: give a number, not a name", text);
		return;
	}
	if (at.sa.any.sa_family == AF_UNIX) {
		look_at_folder(c, path, at.sa.un.sun_path);
		return;
	}
	int fd = socket(at.sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, &at.sa.any, at.len) != 0) {
		bool used = errno == EADDRINUSE;

		check_say(c->report, !used, path, "%s: %s%s", text, strerror(errno),
			used			 ? ": by the node itself, if it runs"
			: errno == EACCES	 ? ": a port below 1024 needs CAP_NET_BIND_SERVICE"
			: errno == EADDRNOTAVAIL ? ": no interface of this machine has it"
						 : "");
	}
	if (fd >= 0) {
		(void)close(fd);
	}
}

static void look_at_listener(struct check *c, const char *path, const char *text, const char *list)
{
	for (size_t i = 0; i < c->count; i++) {
		bool shared = list && c->listeners[i].list &&
			      strcmp(list, c->listeners[i].list) == 0 &&
			      strcmp(c->listeners[i].address, text) == 0;

		if (shared) {
			return; /* applications may share an address */
		}
		if (overlap(c->listeners[i].address, text)) {
			check_say(c->report, true, path, "%s is taken already by %s: choose another",
				text, c->listeners[i].path);
			return;
		}
	}
	if (c->count < LISTENERS_MAX) {
		(void)snprintf(c->listeners[c->count].path, PATH_LEN, "%s", path);
		c->listeners[c->count].address = text;
		c->listeners[c->count++].list = list;
	}
	try_to_bind(c, path, text);
}

static void look_at_remote(struct check *c, const char *path, const char *text)
{
	struct address to = {.len = 0};
	struct addrinfo *found = NULL;

	if (address_parse(text, &to) != OK || to.len > 0) {
		return; /* a number, or a Unix socket */
	}
	int failed = getaddrinfo(to.host, to.port, NULL, &found);

	if (failed) {
		check_say(c->report, true, path,
			"%s: %s: write it into DNS or /etc/hosts, or give a number", to.host,
			gai_strerror(failed));
		return;
	}
	freeaddrinfo(found);
}

/* ---- options ---- */

static void look_at_text(struct check *c, const char *path, const char *text, const char *list)
{
	if (!text[0]) {
		return;
	}
	if (ends_in(path, "master_key")) {
		look_at_master(c, path, text);
	} else if (ends_in(path, ".certificate")) {
		look_at_certificate(c, path, text);
	} else if (ends_in(path, ".key") || ends_in(path, "password_file")) {
		check_private(c->report, path, text);
	} else if (ends_in(path, ".authority")) {
		check_authority(c->report, path, text);
	} else if (ends_in(path, "listen") || ends_in(path, "listen_plain")) {
		look_at_listener(c, path, text, list);
	} else if (ends_in(path, ".socket")) {
		look_at_folder(c, path, text);
	} else if (ends_in(path, ".address") || ends_in(path, ".backend")) {
		look_at_remote(c, path, text);
	} else if (strcmp(path, "store.url") == 0 && strncmp(text, "sqlite:", 7) == 0) {
		look_at_folder(c, path, text + 7);
	}
}

static void look_at_list(struct check *c, const struct conf_option *list,
	const struct conf_list *items)
{
	char path[PATH_LEN];

	for (size_t i = 0; i < items->count; i++) {
		const char *item = (const char *)items->items + i * list->item_size;

		for (const struct conf_option *row = list->rows; row->path; row++) {
			if (row->type == CONF_TEXT) {
				(void)snprintf(path, sizeof(path), "%s[%zu].%s", list->path, i,
					row->path);
				look_at_text(c, path, text_at(row, item), list->path);
			}
		}
	}
}

void check_machine(const struct conf_option *rows, const void *conf, struct check_report *report)
{
	struct check *c = calloc(1, sizeof(*c));

	if (!c) {
		check_say(report, true, "check", "out of memory");
		return;
	}
	c->rows = rows;
	c->conf = conf;
	c->report = report;
	for (const struct conf_option *row = rows; row->path; row++) {
		if (strcmp(row->path, "node.host") == 0) {
			c->node = text_at(row, conf);
		}
	}
	for (const struct conf_option *row = rows; row->path; row++) {
		if (row->type == CONF_TEXT) {
			look_at_text(c, row->path, text_at(row, conf), NULL);
		} else if (row->type == CONF_LIST) {
			look_at_list(c, row,
				(const struct conf_list *)(const void *)((const char *)conf +
									 row->offset));
		}
	}
	free(c);
}
