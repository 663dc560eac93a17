// SPDX-License-Identifier: Apache-2.0
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { INPUT = 16384, REQUEST = 4096, EVENTS = 256 };

struct client {
	size_t index;
	int fd; /* -1: none */
	SSL *ssl;
	bool shaken; /* connected, and the handshake is done */
	struct buf out;
	size_t sent, in_len;
	double since;
	char in[INPUT];
};

struct run {
	const struct load *load;
	struct measure *measure;
	struct sockaddr_in to;
	int epoll;
	struct client *clients;
	size_t busy;
	bool ending;
};

static void fail(const struct client *c, const char *what)
{
	(void)fprintf(stderr, "%s: client %zu: %s; errno %d; had %zu bytes: %.*s\n",
		program_invocation_short_name, c->index, what, errno, c->in_len,
		(int)(c->in_len > 400 ? 400 : c->in_len), c->in);
	exit(1);
}

/* A non-blocking socket under way to the server; edge-triggered, so that epoll is told once. */
static void open_connection(struct run *r, struct client *c)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
	int yes = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) != 0 ||
		(connect(c->fd, (struct sockaddr *)&r->to, sizeof(r->to)) != 0 &&
			errno != EINPROGRESS) ||
		epoll_ctl(r->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0) {
		fail(c, "connect");
	}
	c->shaken = false;
}

static void close_connection(struct client *c)
{
	if (c->ssl) {
		(void)SSL_shutdown(c->ssl);
		SSL_free(c->ssl);
		c->ssl = NULL;
		ERR_clear_error();
	}
	if (c->fd >= 0) {
		close(c->fd);
		c->fd = -1;
	}
}

static bool begin_piece(struct run *r, struct client *c)
{
	const struct load *load = r->load;
	bool opens = c->fd < 0;

	if (opens && load->tls) {
		c->ssl = SSL_new(load->tls);
		if (!c->ssl || (load->server_name &&
				       SSL_set_tlsext_host_name(c->ssl, load->server_name) != 1)) {
			fail(c, "SSL_new");
		}
	}
	buf_clear(&c->out);
	c->sent = c->in_len = 0;
	c->since = now();
	if (r->ending || !load->begin(load->user, c->index, opens ? c->ssl : NULL, &c->out)) {
		close_connection(c);
		r->busy--;
		return false;
	}
	if (opens) {
		open_connection(r, c);
		if (c->ssl && SSL_set_fd(c->ssl, c->fd) != 1) {
			fail(c, "SSL_set_fd");
		}
	}
	return true;
}

static bool would_block(const struct client *c, ssize_t result)
{
	if (!c->ssl) {
		return errno == EAGAIN;
	}
	int error = SSL_get_error(c->ssl, (int)result);

	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static bool shake_hands(struct client *c)
{
	if (!c->ssl || c->shaken) {
		return true;
	}
	int result = SSL_connect(c->ssl);

	if (result != 1 && !would_block(c, result)) {
		ERR_print_errors_fp(stderr);
		fail(c, "handshake");
	}
	c->shaken = result == 1;
	return c->shaken;
}

static void write_out(struct client *c)
{
	while (c->sent < c->out.len) {
		const uint8_t *from = c->out.data + c->sent;
		size_t len = c->out.len - c->sent;
		ssize_t n = c->ssl ? SSL_write(c->ssl, from, (int)len)
				   : send(c->fd, from, len, MSG_NOSIGNAL);

		if (n <= 0) {
			if (!would_block(c, n) && errno != ENOTCONN) {
				fail(c, "send");
			}
			return;
		}
		c->sent += (size_t)n;
	}
}

/* Whether bytes came. */
static bool read_in(struct client *c)
{
	size_t room = sizeof(c->in) - c->in_len;
	ssize_t n = c->ssl ? SSL_read(c->ssl, c->in + c->in_len, (int)room)
			   : recv(c->fd, c->in + c->in_len, room, 0);

	if (n <= 0) {
		if (n == 0 || room == 0 || !would_block(c, n)) {
			fail(c, "closed, or longer than expected");
		}
		return false;
	}
	c->in_len += (size_t)n;
	return true;
}

void load_expect(const struct load_answer *answer, unsigned status)
{
	if (answer->status != status) {
		(void)err_fail(ERR_SYNTAX, "%u %.*s", answer->status, (int)answer->body.len,
			(const char *)answer->body.data);
		must(false, "answer");
	}
}

struct view load_field(struct view head, const char *name)
{
	size_t name_len = strlen(name);
	const char *at = (const char *)head.data, *end = at + head.len;

	while ((at = memmem(at, (size_t)(end - at), "\r\n", 2)) != NULL) {
		at += 2;
		if ((size_t)(end - at) > name_len && at[name_len] == ':' &&
			strncasecmp(at, name, name_len) == 0) {
			const char *value = at + name_len + 1;
			const char *line_end = memmem(value, (size_t)(end - value), "\r\n", 2);

			while (*value == ' ') {
				value++;
			}
			return view_of(value, (size_t)(line_end - value));
		}
	}
	return (struct view){0};
}

/* Whether a whole answer is there. */
static bool parse(const struct client *c, struct load_answer *ret)
{
	const char *end = memmem(c->in, c->in_len, "\r\n\r\n", 4);

	if (!end || strncmp(c->in, "HTTP/1.1 ", 9) != 0) {
		return false;
	}
	ret->status = (unsigned)strtoul(c->in + 9, NULL, 10);
	ret->head = view_of(c->in, (size_t)(end - c->in) + 2);
	struct view length = load_field(ret->head, "Content-Length");
	size_t body = length.data ? strtoul((const char *)length.data, NULL, 10) : 0;

	if (!length.data) {
		fail(c, "no Content-Length");
	}
	ret->body = view_of(end + 4, body);
	return c->in_len >= ret->head.len + 2 + body;
}

/* One answer taken; whether another piece has begun on the same connection. */
static bool take_answer(struct run *r, struct client *c, const struct load_answer *answer)
{
	buf_clear(&c->out);
	if (r->load->answered(r->load->user, c->index, answer, &c->out)) {
		c->sent = c->in_len = 0;
		return true;
	}
	measure_add(r->measure, c->since);
	if (r->load->fresh) {
		close_connection(c);
		(void)begin_piece(r, c);
		return false;
	}
	return begin_piece(r, c);
}

static void drive(struct run *r, struct client *c, uint32_t events)
{
	struct load_answer answer;

	if (events & EPOLLERR) {
		fail(c, "connection");
	}
	if (!shake_hands(c)) {
		return;
	}
	do {
		write_out(c);
		while (read_in(c)) {
			if (parse(c, &answer)) {
				break;
			}
		}
	} while (c->in_len > 0 && parse(c, &answer) && take_answer(r, c, &answer));
}

static void turn(struct run *r)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(r->epoll, events, EVENTS, 1000);

	for (int i = 0; i < n; i++) {
		struct client *c = events[i].data.ptr;

		if (c->fd >= 0) {
			drive(r, c, events[i].events);
		}
	}
}

static void start(struct run *r)
{
	const char *colon = strrchr(r->load->address, ':');
	char host[64];

	must(colon != NULL, "--address HOST:PORT");
	(void)snprintf(host, sizeof(host), "%.*s", (int)(colon - r->load->address),
		r->load->address);
	r->to.sin_family = AF_INET;
	r->to.sin_port = htons((uint16_t)atoi(colon + 1));
	must(inet_pton(AF_INET, host, &r->to.sin_addr) == 1, "--address HOST:PORT");
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	r->clients = calloc(r->load->clients, sizeof(*r->clients));
	must(r->epoll >= 0 && r->clients, "clients");
	for (size_t i = 0; i < r->load->clients; i++) {
		r->clients[i].index = i;
		r->clients[i].fd = -1;
		r->clients[i].out = buf_growing(REQUEST);
		r->busy++;
		(void)begin_piece(r, &r->clients[i]);
	}
}

void load_run(const struct load *load, struct measure *m)
{
	struct run r = {.load = load, .measure = m};

	start(&r);
	for (double until = now() + load->warm_up; r.busy > 0 && now() < until;) {
		turn(&r);
	}
	measure_begin(m);
	while (r.busy > 0 && (load->seconds <= 0 || now() < m->began + load->seconds ||
				     m->count == 0)) { /* on a busy machine: something to tell */
		turn(&r);
	}
	measure_end(m);
	r.ending = true;
	while (r.busy > 0) {
		turn(&r);
	}
	for (size_t i = 0; i < load->clients; i++) {
		buf_free(&r.clients[i].out);
	}
	free(r.clients);
	close(r.epoll);
}

SSL_CTX *load_tls(const char *authority)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	must(ctx && SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
			(!authority || SSL_CTX_load_verify_file(ctx, authority) == 1),
		"TLS");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return ctx;
}

void load_arguments(int argc, char **argv, struct load_arguments *ret, struct measure *m)
{
	const struct {
		const char *name;
		const char **text;
		size_t *number;
		double *seconds;
	} known[] = {
		{"--work", &m->work, NULL, NULL},
		{"--who", &m->who, NULL, NULL},
		{"--address", &ret->address, NULL, NULL},
		{"--name", &ret->name, NULL, NULL},
		{"--authority", &ret->authority, NULL, NULL},
		{"--tokens", &ret->tokens, NULL, NULL},
		{"--tls", &ret->tls, NULL, NULL},
		{"--clients", NULL, &ret->clients, NULL},
		{"--first", NULL, &ret->first, NULL},
		{"--devices", NULL, &ret->devices, NULL},
		{"--warm-up", NULL, NULL, &ret->warm_up},
		{"--seconds", NULL, NULL, &ret->seconds},
	};

	for (int i = 1; i < argc; i += 2) {
		bool found = strcmp(argv[i], "--watch") == 0 && i + 1 < argc;

		if (found) {
			measure_watch(m, argv[i + 1]);
		}
		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]) && i + 1 < argc; k++) {
			if (strcmp(argv[i], known[k].name) != 0) {
				continue;
			}
			found = true;
			if (known[k].text) {
				*known[k].text = argv[i + 1];
			} else if (known[k].number) {
				*known[k].number = strtoul(argv[i + 1], NULL, 10);
			} else {
				*known[k].seconds = strtod(argv[i + 1], NULL);
			}
		}
		must(found, argv[i]);
	}
	must(m->work && m->who && ret->address, "--work, --who and --address are needed");
}
