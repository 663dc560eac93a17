// SPDX-License-Identifier: Apache-2.0
#include "net/mqtt.h"

#include "base/private_file.h"
#include "base/secret.h"
#include "base/table.h"
#include "base/text.h"
#include "net/address.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	KEEP_ALIVE_S = 30,
	PAUSE_MIN_MS = 500, /* between two tries to connect */
	PAUSE_MAX_MS = 5000,
	TURN_MS = 1000,
	END_S = 2,
	TROUBLE = 128,
	PASSWORD_MAX = 256,
};

struct mqtt {
	struct loop *loop;
	struct mosquitto *client;
	struct address address;
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* of what both threads look at: */
	pthread_cond_t ends;
	bool ending;
	struct pool *publications;
	struct table *by_mid; /* message id -> publication */
	bool connected, closed;
	char trouble[TROUBLE];
	atomic_uint holds; /* the owner, the thread, and notes that have not arrived: the last one frees */
};

struct publication {
	pool_ref ref;
	int mid;
	mqtt_done *done; /* NULL: forgotten */
	void *user;
};

/* What libmosquitto's thread tells the loop's. */
enum what { CONNECTED, DISCONNECTED, PUBLISHED };
struct note {
	struct mqtt *m;
	enum what what;
	int mid, code;
};

/* --- on the loop's thread --- */

static void release(struct mqtt *m)
{
	if (atomic_fetch_sub(&m->holds, 1) > 1) {
		return;
	}
	mosquitto_destroy(m->client);
	(void)pthread_mutex_destroy(&m->lock);
	(void)pthread_cond_destroy(&m->ends);
	table_free(m->by_mid);
	pool_free(m->publications);
	free(m);
}

/* MQTT 5 2.4: 0x80 and above are failures; of these, busy and quota pass. */
static enum err result_of(int code)
{
	if (code < MQTT_RC_UNSPECIFIED) {
		return OK;
	}
	return err_fail(ERR_DENIED, "MQTT 5 3.4.2.1: the broker refuses it: %s",
		mosquitto_reason_string(code));
}

static void on_published(struct mqtt *m, int mid, int code)
{
	struct publication *p = table_remove(m->by_mid, view_of(&mid, sizeof(mid)));

	if (!p) {
		return;
	}
	struct publication copy = *p;

	pool_give(m->publications, p->ref);
	if (copy.done) {
		copy.done(copy.user, result_of(code));
	}
}

static void arrive(void *user)
{
	struct note *note = user;
	struct mqtt *m = note->m;

	if (!m->closed) {
		switch (note->what) {
		case CONNECTED:
			m->connected = note->code == 0;
			(void)snprintf(m->trouble, sizeof(m->trouble), "%s",
				note->code == 0 ? "" : mosquitto_reason_string(note->code));
			break;
		case DISCONNECTED:
			m->connected = false;
			(void)snprintf(m->trouble, sizeof(m->trouble), "%s",
				mosquitto_strerror(note->code));
			break;
		case PUBLISHED:
			on_published(m, note->mid, note->code);
			break;
		}
	}
	release(m);
	free(note);
}

/* --- on the other --- */

/* Nothing is told any more once the end has begun: the loop may be gone. */
static void post(struct mqtt *m, struct note *note)
{
	(void)pthread_mutex_lock(&m->lock);
	if (m->ending) {
		free(note);
	} else {
		(void)atomic_fetch_add(&m->holds, 1);
		loop_post(m->loop, arrive, note);
	}
	(void)pthread_mutex_unlock(&m->lock);
}

static void tell(struct mqtt *m, enum what what, int mid, int code)
{
	struct note *note = malloc(sizeof(*note));

	if (!note) {
		return; /* whoever published has patience, and publishes again */
	}
	*note = (struct note){m, what, mid, code};
	post(m, note);
}

static void told_connect(struct mosquitto *client, void *user, int code, int flags,
	const mosquitto_property *properties)
{
	(void)client;
	(void)flags;
	(void)properties;
	tell(user, CONNECTED, 0, code);
}

static void told_disconnect(struct mosquitto *client, void *user, int code,
	const mosquitto_property *properties)
{
	(void)client;
	(void)properties;
	tell(user, DISCONNECTED, 0, code);
}

static void told_publish(struct mosquitto *client, void *user, int mid, int code,
	const mosquitto_property *properties)
{
	(void)client;
	(void)properties;
	tell(user, PUBLISHED, mid, code);
}

/* false: it is over. */
static bool pause_for(struct mqtt *m, int64_t ms)
{
	struct timespec until;
	int waited = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_mutex_lock(&m->lock);
	while (!m->ending && waited == 0 && ms > 0) {
		waited = pthread_cond_timedwait(&m->ends, &m->lock, &until);
	}
	bool goes_on = !m->ending;

	(void)pthread_mutex_unlock(&m->lock);
	return goes_on;
}

/* libmosquitto's own loop gives up at a failure of TLS, which a broker that is killed is as well. */
static void *run(void *user)
{
	struct mqtt *m = user;
	int64_t pause = 0;
	int code =
		mosquitto_connect(m->client, m->address.host, atoi(m->address.port), KEEP_ALIVE_S);

	while (pause_for(m, pause)) {
		if (code == MOSQ_ERR_SUCCESS) {
			code = mosquitto_loop(m->client, TURN_MS, 1);
			pause = 0;
			continue;
		}
		if (pause > 0) {
			code = mosquitto_reconnect(m->client);
		}
		if (code == MOSQ_ERR_SUCCESS) {
			pause = 0;
			continue;
		}
		tell(m, DISCONNECTED, 0, code);
		pause = pause == 0 ? PAUSE_MIN_MS : 2 * pause;
		pause = pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS;
	}
	release(m);
	return NULL;
}

static enum err begin(struct mqtt *m)
{
	(void)atomic_fetch_add(&m->holds, 1);
	m->has_thread = pthread_create(&m->thread, NULL, run, m) == 0;
	if (!m->has_thread) {
		(void)atomic_fetch_sub(&m->holds, 1);
		return err_fail(ERR_IO, "MQTT: no thread");
	}
	return OK;
}

/* One that hangs in a system call is left to itself. */
static void end(struct mqtt *m)
{
	struct timespec until;

	(void)pthread_mutex_lock(&m->lock);
	m->ending = true;
	(void)pthread_cond_signal(&m->ends);
	(void)pthread_mutex_unlock(&m->lock);
	(void)mosquitto_disconnect(m->client);
	if (!m->has_thread) {
		return;
	}
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += END_S;
	if (pthread_timedjoin_np(m->thread, NULL, &until) != 0) {
		(void)pthread_detach(m->thread);
	}
}

/* --- opened and closed --- */

static enum err check_code(int code, const char *what)
{
	switch (code) {
	case MOSQ_ERR_SUCCESS:
		return OK;
	case MOSQ_ERR_NOMEM:
		return err_fail(ERR_MEMORY, "MQTT: out of memory");
	default:
		return err_fail(ERR_CONFIG, "MQTT: %s: %s", what, mosquitto_strerror(code));
	}
}

static enum err set_password(struct mqtt *m, const struct mqtt_options *options)
{
	BUF_CLEANUP struct buf password = buf_growing(PASSWORD_MAX);
	struct stat st;

	if (!options->username[0]) {
		return OK;
	}
	if (options->password_file[0]) {
		if (stat(options->password_file, &st) != 0 ||
			!private_file_is(options->password_file, &st)) {
			return err_fail(ERR_CONFIG, "%s: not there, or not its owner's alone",
				options->password_file);
		}
		TRY(text_read_file(options->password_file, PASSWORD_MAX, &password));
		password.len = strcspn(buf_string(&password), "\r\n");
	}
	int code = mosquitto_username_pw_set(m->client, options->username,
		options->password_file[0] ? buf_string(&password) : NULL);

	buf_wipe(&password);
	return check_code(code, "user name");
}

static enum err set_tls(struct mqtt *m, const struct mqtt_options *options)
{
	const char *certificate = options->certificate[0] ? options->certificate : NULL;
	const char *key = options->key[0] ? options->key : NULL;

	if (!options->authority[0]) {
		return OK;
	}
	TRY(check_code(mosquitto_tls_set(m->client, options->authority, NULL, certificate, key,
			       NULL),
		"TLS"));
	return check_code(mosquitto_tls_opts_set(m->client, 1, NULL, NULL), "TLS");
}

static enum err set_up(struct mqtt *m, const struct mqtt_options *options)
{
	TRY(address_parse(options->address, &m->address));
	if (m->address.sa.any.sa_family == AF_UNIX) {
		return err_fail(ERR_CONFIG, "MQTT: the broker is at HOST:PORT");
	}
	TRY(check_code(mosquitto_int_option(m->client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5),
		"version"));
	(void)mosquitto_int_option(m->client, MOSQ_OPT_TCP_NODELAY, 1);
	TRY(check_code(mosquitto_threaded_set(m->client, true), "threads"));
	TRY(set_password(m, options));
	TRY(set_tls(m, options));
	mosquitto_connect_v5_callback_set(m->client, told_connect);
	mosquitto_disconnect_v5_callback_set(m->client, told_disconnect);
	mosquitto_publish_v5_callback_set(m->client, told_publish);
	return OK;
}

/* Pauses are of the clock that is not set. */
static void make_locks(struct mqtt *m)
{
	pthread_condattr_t steady;

	(void)pthread_mutex_init(&m->lock, NULL);
	(void)pthread_condattr_init(&steady);
	(void)pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&m->ends, &steady);
	(void)pthread_condattr_destroy(&steady);
}

static enum err make(struct loop *loop, const char *client_id, struct mqtt **ret)
{
	struct mqtt *m = calloc(1, sizeof(*m));

	if (!m) {
		return err_fail(ERR_MEMORY, "MQTT: out of memory");
	}
	m->loop = loop;
	m->holds = 1;
	make_locks(m);
	(void)snprintf(m->trouble, sizeof(m->trouble), "not connected yet");
	enum err err = pool_new(sizeof(struct publication), MQTT_PENDING_MAX, &m->publications);

	if (err == OK) {
		err = table_new(MQTT_PENDING_MAX, &m->by_mid);
	}
	m->client = err == OK ? mosquitto_new(client_id, true, m) : NULL;
	if (!m->client) {
		release(m);
		return err != OK ? err : err_fail(ERR_MEMORY, "MQTT: out of memory");
	}
	*ret = m;
	return OK;
}

enum err mqtt_open(struct loop *loop, const struct mqtt_options *options, struct mqtt **ret)
{
	struct mqtt *m = NULL;

	(void)mosquitto_lib_init(); /* once for the process: a second time does nothing */
	TRY(make(loop, options->client_id, &m));
	enum err err = set_up(m, options);

	err = err == OK ? begin(m) : err;
	if (err != OK) {
		mqtt_close(m);
		return err;
	}
	*ret = m;
	return OK;
}

void mqtt_close(struct mqtt *m)
{
	if (!m) {
		return;
	}
	m->closed = true;
	end(m);
	release(m);
}

bool mqtt_is_connected(const struct mqtt *m)
{
	return m->connected;
}

const char *mqtt_trouble(const struct mqtt *m)
{
	return m->trouble;
}

/* --- publications --- */

static enum err publish(struct mqtt *m, const struct mqtt_message *message, int *ret_mid)
{
	mosquitto_property *properties = NULL;
	int code = mosquitto_property_add_string(&properties, MQTT_PROP_CONTENT_TYPE,
		message->content_type);

	if (code == MOSQ_ERR_SUCCESS) {
		code = mosquitto_publish_v5(m->client, ret_mid, message->topic,
			(int)message->payload.len, message->payload.data, 1, false, properties);
	}
	mosquitto_property_free_all(&properties);
	switch (code) {
	case MOSQ_ERR_SUCCESS:
	case MOSQ_ERR_NO_CONN: /* it is kept, and sent once there is a connection */
		return OK;
	case MOSQ_ERR_OVERSIZE_PACKET:
	case MOSQ_ERR_PAYLOAD_SIZE:
		return err_fail(ERR_RANGE, "MQTT: longer than the broker takes");
	case MOSQ_ERR_NOMEM:
		return err_fail(ERR_MEMORY, "MQTT: out of memory");
	default:
		return err_fail(ERR_SYNTAX, "MQTT: publish: %s", mosquitto_strerror(code));
	}
}

enum err mqtt_publish(struct mqtt *m, const struct mqtt_message *message, mqtt_done *done,
	void *user, uint64_t *ret_publication)
{
	struct publication *p;
	pool_ref ref;

	TRY(pool_take(m->publications, &ref, (void **)&p));
	int mid = 0;
	enum err err = publish(m, message, &mid);

	if (err == OK) {
		err = table_put(m->by_mid, view_of(&mid, sizeof(mid)), p);
	}
	if (err != OK) {
		pool_give(m->publications, ref);
		return err;
	}
	*p = (struct publication){ref, mid, done, user};
	*ret_publication = ref;
	return OK;
}

void mqtt_forget(struct mqtt *m, uint64_t publication)
{
	struct publication *p = pool_at(m->publications, publication);

	if (p) {
		p->done = NULL; /* its message id is in use until the broker has acknowledged it */
	}
}
