// SPDX-License-Identifier: Apache-2.0
/*
 * forward: a local address that is an application. Each connection to it becomes one over RP_D (9.5, 10.5), many at the
 * same time; tokens are got by themselves, one for all.
 */
#include "device-cli/device_cli.h"

#include "base/log.h"
#include "base/table.h"
#include "base/text.h"
#include "net/address.h"
#include "wire/json.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum {
	CONNECTIONS = 256, /* unless set */
	CONNECTIONS_MAX = 10000,
	HIGH = 256 * 1024, /* unsent bytes on one side: the other is not read until they are gone */
	QUIET_MS = 60 * 1000, /* one side has ended, and the other says nothing */
	READY_MAX = 2048,
};

struct forward {
	struct device *device;
	const struct options *options;
	struct ident application;
	char host[IDENT_MAX + 1], address[ADDRESS_MAX];
	struct tls_protocol protocol;
	struct ua ua;
	struct listener *listener;
	struct pool *pipes;
	struct tls *tls; /* with the key of the token in use */
	struct symdev_renewal renewal;
	struct timer planned; /* the next renewal */
	unsigned generation;  /* of the token */
	struct bootstrap *bootstrap;
};

/* One local connection, and its way to the application. */
struct pipe {
	struct forward *forward;
	pool_ref ref;
	struct stream *local, *remote; /* NULL: ended; or not begun */
	unsigned generation;	       /* of the token that it was tried with */
	bool waits;		       /* for a token */
	bool retried, ready;
	struct timer quiet; /* once one side sends no more */
};

static enum err dial(struct pipe *p);
static void admit(struct pipe *p);
static void refused(struct pipe *p);
static void on_planned(void *user);

/* --- the token --- */

static void drop_token(struct forward *f)
{
	tls_free(f->tls);
	f->tls = NULL;
}

/* 10.5/2a, 2b: the key of this application under this protocol. The secure element is open. */
static enum err set_token(struct forward *f, const struct symdev_token *token)
{
	char identity[SYMDEV_PSK_IDENTITY];
	SECRET(key);
	struct tls *tls;

	TRY(symdev_token_key(&se_soft_ops, f->device->se, token, &f->application, f->ua, &key));
	TRY(symdev_psk_identity(token, identity));
	TRY(tls_psk_client(view_text(identity), &key, f->protocol, &tls));
	drop_token(f);
	f->tls = tls;
	f->generation++;
	symdev_renewal_token(&f->renewal, token);
	return OK;
}

/* While a token can be used, the next one is got in time; without one, when somebody wants in.  req: B7.2-d */
static void plan(struct forward *f)
{
	int64_t wait_ms = symdev_renewal_wait_ms(&f->renewal);

	if (wait_ms >= 0 && symdev_renewal_usable(&f->renewal)) {
		timer_start(f->device->loop, &f->planned, wait_ms, on_planned, f);
	} else {
		timer_stop(f->device->loop, &f->planned);
	}
}

static void failed(struct forward *f, enum err why, int64_t retry_after)
{
	symdev_renewal_failed(&f->renewal, why, retry_after);
	log_event(LOG_WARN, "token.failed", "",
		LOG_INT("again_ms", symdev_renewal_wait_ms(&f->renewal)), LOG_DETAIL());
}

static enum err check_back_off(const struct forward *f)
{
	int64_t left = symdev_renewal_wait_ms(&f->renewal);

	return left <= 0 ? OK
			 : err_fail(ERR_UNAVAILABLE, "%s: no token; tried again in %lld ms",
				   f->host, (long long)left);
}

static void serve_waiting(void *user, pool_ref ref, void *slot)
{
	struct pipe *p = slot;

	(void)user;
	(void)ref;
	if (p->waits) {
		p->waits = false;
		admit(p);
	}
}

static void on_token(void *user, enum err result, const struct symdev_token *token,
	int64_t retry_after)
{
	struct forward *f = user;

	f->bootstrap = NULL;
	if (result == OK) {
		result = set_token(f, token);
	}
	device_close_se(f->device);
	if (result != OK) {
		failed(f, result, retry_after);
	}
	plan(f);
	pool_each(f->pipes, serve_waiting, NULL);
}

/* One that another process has got meanwhile, or that was kept before: but not the one that was refused. */
static enum err take_kept_token(struct forward *f)
{
	struct symdev_token token;

	TRY(device_find_token(f->device, &f->application, &token));
	return strcmp(token.id, f->renewal.id) != 0
		       ? set_token(f, &token)
		       : err_fail(ERR_NOT_FOUND, "this token is in use, or was refused");
}

/* Clause 10.4, with the secure element open. */
static enum err begin_bootstrap(struct forward *f)
{
	symdev_renewal_started(&f->renewal);
	return device_bootstrap_begin(f->device, &f->application, f->options->rp_c, on_token, f,
		&f->bootstrap);
}

/* ERR_AGAIN: a bootstrap is under way. */
static enum err get_token(struct forward *f)
{
	TRY(device_open_se(f->device));
	enum err err = take_kept_token(f);

	if (err == ERR_NOT_FOUND || err == ERR_EXPIRED) {
		err = check_back_off(f);
		if (err == OK) {
			err = begin_bootstrap(f);
			if (err != OK) {
				failed(f, err, 0);
			}
			err = err == OK ? ERR_AGAIN : err;
		}
	}
	if (err != ERR_AGAIN) {
		device_close_se(f->device);
		plan(f);
	}
	return err;
}

/* 10.5/1c, 1d. */
static enum err have_token(struct forward *f)
{
	if (symdev_renewal_usable(&f->renewal)) {
		return OK;
	}
	return f->bootstrap ? ERR_AGAIN : get_token(f);
}

static void on_planned(void *user)
{
	struct forward *f = user;

	if (!f->bootstrap) {
		log_event(LOG_INFO, "token.renewal", "");
		(void)!get_token(f);
	}
}

/* --- a connection --- */

static void end(struct pipe *p)
{
	timer_stop(p->forward->device->loop, &p->quiet);
	if (p->local) {
		stream_close(p->local);
	}
	if (p->remote) {
		stream_close(p->remote);
	}
	pool_give(p->forward->pipes, p->ref);
}

static void fail(struct pipe *p)
{
	log_event(LOG_WARN, "session.failed", "",
		LOG_TEXT("application", p->forward->application.text), LOG_DETAIL());
	end(p);
}

static void on_ready(void *user, struct stream *s)
{
	struct pipe *p = user;

	(void)s;
	p->ready = true;
	if (p->generation == p->forward->generation) {
		symdev_renewal_works(&p->forward->renewal);
	}
	device_step(NULL, "10.5/2c", "session.established", 0);
	stream_resume(p->local);
}

static struct stream *other_of(const struct pipe *p, const struct stream *s)
{
	return s == p->local ? p->remote : p->local;
}

static void has_been_quiet(void *user)
{
	end(user);
}

static void watch_quiet(struct pipe *p)
{
	timer_start(p->forward->device->loop, &p->quiet, QUIET_MS, has_been_quiet, p);
}

static size_t on_input(void *user, struct stream *s, struct view bytes)
{
	struct pipe *p = user;
	struct stream *other = other_of(p, s);

	if (stream_send(other, bytes) != OK) {
		end(p);
		return 0;
	}
	if (stream_pending(other) > HIGH) {
		stream_pause(s);
	}
	if (timer_is_running(&p->quiet)) {
		watch_quiet(p);
	}
	return bytes.len;
}

static void on_drained(void *user, struct stream *s)
{
	struct pipe *p = user;
	struct stream *other = other_of(p, s);

	if (other && p->ready) {
		stream_resume(other);
	}
}

/* The other end is told, and may go on for a while: a question may be answered after its end. */
static void on_ended(void *user, struct stream *s)
{
	struct pipe *p = user;

	stream_finish(other_of(p, s));
	watch_quiet(p);
}

static void on_local_closed(void *user, struct stream *s, enum err why)
{
	struct pipe *p = user;

	(void)s;
	(void)why;
	p->local = NULL;
	end(p);
}

static void on_remote_closed(void *user, struct stream *s, enum err why)
{
	struct pipe *p = user;

	(void)s;
	p->remote = NULL;
	if (p->ready) {
		end(p);
	} else if (why == ERR_AUTH) {
		refused(p);
	} else {
		fail(p);
	}
}

static enum err dial(struct pipe *p)
{
	static const struct stream_on on = {.ready = on_ready,
		.input = on_input,
		.drained = on_drained,
		.ended = on_ended,
		.closed = on_remote_closed};
	struct forward *f = p->forward;

	p->generation = f->generation;
	return stream_connect(f->device->loop, f->address, f->tls, f->host, NULL, &on, p,
		&p->remote);
}

static void admit(struct pipe *p)
{
	enum err err = have_token(p->forward);

	p->waits = err == ERR_AGAIN;
	if (err == OK) {
		err = dial(p);
	}
	if (err != OK && err != ERR_AGAIN) {
		fail(p);
	}
}

/*
 * A refused handshake may mean that a token is required: nothing says so that could not be forged. So there is one fresh
 * bootstrap, whoever else is refused with the same token waits for it, and when its token is refused too it is left at
 * that for a while.  req: B9.5-b
 */
static void refused(struct pipe *p)
{
	struct forward *f = p->forward;
	bool was_usable = symdev_renewal_usable(&f->renewal);

	if (p->generation == f->generation &&
		symdev_renewal_signal(&f->renewal, SYMDEV_TOKEN_REQUIRED, f->renewal.id) &&
		was_usable) {
		log_event(LOG_INFO, "session.token_required", "", LOG_DETAIL());
	}
	if (p->retried) {
		fail(p);
		return;
	}
	p->retried = true;
	admit(p);
}

static void on_accept(void *user, struct stream *s)
{
	static const struct stream_on on = {.input = on_input,
		.drained = on_drained,
		.ended = on_ended,
		.closed = on_local_closed};
	struct forward *f = user;
	struct pipe *p;
	pool_ref ref;

	if (pool_take(f->pipes, &ref, (void **)&p) != OK) {
		stream_close(s);
		return;
	}
	*p = (struct pipe){.forward = f, .ref = ref, .local = s};
	stream_set(s, &on, p);
	stream_pause(s); /* until there is somebody to listen */
	admit(p);
}

/* --- the command --- */

/* Whoever reaches the address is the device toward the application: nobody of another machine may. */
static enum err check_local(const char *text)
{
	struct address address;

	if (address_parse(text, &address) != OK) {
		return err_fail(ERR_CONFIG, "--listen: %s", err_detail());
	}
	const struct in6_addr *ip6 = &address.sa.in6.sin6_addr;
	bool local =
		address.len > 0 &&
		(address.sa.any.sa_family == AF_UNIX ||
			(address.sa.any.sa_family == AF_INET &&
				ntohl(address.sa.in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET) ||
			(address.sa.any.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(ip6)));

	return local ? OK
		     : err_fail(ERR_CONFIG,
			       "--listen %s: others could use the device's tokens; take 127.0.0.1, "
			       "[::1] or unix:",
			       text);
}

static enum err say_ready(const struct forward *f)
{
	BUF_CLEANUP struct buf text = buf_growing(READY_MAX);
	struct json_writer w = json_to(&text);
	const char *address = listener_address(f->listener);

	if (!f->options->json) {
		(void)printf("%s is at %s\n", f->application.text, address);
		return fflush(stdout) == 0 ? OK : err_system("standard output");
	}
	json_open(&w, NULL);
	json_put_string(&w, "application", f->application.text);
	json_put_string(&w, "listening", address);
	json_close(&w);
	TRY(buf_end(&text, "answer"));
	(void)printf("%s\n", buf_string(&text));
	return fflush(stdout) == 0 ? OK : err_system("standard output");
}

static void on_signal(void *user, int number)
{
	(void)number;
	loop_stop(user);
}

static enum err run(struct forward *f, size_t connections)
{
	struct loop *loop = f->device->loop;
	const struct listener_options options = {.address = f->options->listen,
		.connections = connections};

	TRY(loop_on_signal(loop, SIGINT, on_signal, loop));
	TRY(loop_on_signal(loop, SIGTERM, on_signal, loop));
	TRY(pool_new(sizeof(struct pipe), connections, &f->pipes));
	TRY(listener_open(loop, &options, on_accept, f, &f->listener));
	device_close_se(f->device); /* open while a token is taken out, or got, alone */
	TRY(say_ready(f));
	loop_run(loop);
	return OK;
}

static void end_one(void *user, pool_ref ref, void *slot)
{
	(void)user;
	(void)ref;
	end(slot);
}

static void stop(struct forward *f)
{
	listener_close(f->listener);
	device_bootstrap_cancel(f->bootstrap);
	if (f->pipes) {
		pool_each(f->pipes, end_one, NULL);
	}
	pool_free(f->pipes);
	timer_stop(f->device->loop, &f->planned);
	drop_token(f);
}

static enum err read_options(const struct options *options, struct forward *f,
	uint64_t *ret_connections)
{
	TRY(device_read_ident("APPLICATION", IDENT_APPLICATION, options->word, &f->application));
	TRY(device_protocol(options, &f->protocol, &f->ua));
	TRY(check_local(options->listen));
	if (options->connections && (text_from_u64(view_text(options->connections), CONNECTIONS_MAX,
					     ret_connections, "--connections") != OK ||
					    *ret_connections == 0)) {
		return err_fail(ERR_CONFIG, "--connections: 1 to %d", CONNECTIONS_MAX);
	}
	struct view host = ident_host_of(&f->application);

	if (host.len == 0) {
		return err_fail(ERR_UNSUPPORTED, "%s names no host to connect to",
			f->application.text);
	}
	TRY(text_copy(f->host, sizeof(f->host), host, "host"));
	return options->address ? text_copy(f->address, sizeof(f->address),
					  view_text(options->address), "--address")
				: device_default_address(host, f->address);
}

enum err command_forward(const struct options *options)
{
	struct device device = {.options = options};
	struct forward forward = {.device = &device, .options = options};
	uint64_t connections = CONNECTIONS;
	enum err err = read_options(options, &forward, &connections);

	if (err == OK) {
		err = device_open(options, &device);
	}
	if (err == OK) {
		symdev_renewal_begin(&forward.renewal, device.env);
		err = run(&forward, (size_t)connections);
		stop(&forward);
	}
	device_close(&device);
	return err;
}
