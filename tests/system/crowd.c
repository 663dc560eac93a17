// SPDX-License-Identifier: Apache-2.0
/*
 * crowd: many devices at once on RP_C, each bootstrapping again and again with libsymbolon-device, through
 * whatever happens to the nodes, until SIGTERM or until all have done their rounds.
 *
 *	crowd --address HOST:PORT --node AUTHN --devices N [--first I] [--rounds R] [--vectors FILE] [--tokens FILE]
 *
 * With several pairs of --address and --node, in turn, a device that fails goes on at the next node. FILEs get
 * "DEVICE SQN RAND AUTN" for every vector that a device saw, before anything else is done with it, and
 * "B-TID KEY" for every token that was acknowledged with 200 and a right rspauth; KEY is that of
 * app.example for TLS 1.3. Exit status 1 when a device met what no failure explains: a vector that is
 * not fresh or not the realm's, 403, 500.
 */
#include "core/milenage.h"
#include "device/symdev.h"
#include "net/stream.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AGAIN_MS = 20, KEY_SIZE = 16, SQN_SIZE = 6, VALUES = 4, VALUE_MAX = 1024, NODES = 4 };

struct device {
	struct crowd *crowd;
	size_t number, rounds, at; /* a node */
	struct ident client;
	struct aka_key key;
	struct sqn_window window;
	struct value {
		char label[64]; /* "": free */
		uint8_t bytes[VALUE_MAX];
		size_t len;
	} values[VALUES];
	struct symdev_boot boot;
	bool busy;
	struct stream *stream; /* NULL: none */
	struct timer again;
};

struct crowd {
	struct loop *loop;
	struct aka *aka;
	struct milenage *milenage;
	struct ident nodes[NODES], realm, application;
	const char *addresses[NODES];
	size_t node_count, address_count, first, devices, rounds, left;
	FILE *vectors, *tokens;
	size_t vector_count, token_count, failures[ERR_COUNT];
	bool odd, stopping;
};

static void begin(struct device *device);

static void must(enum err err, const char *what)
{
	if (err != OK) {
		(void)fprintf(stderr, "crowd: %s: %s\n", what, err_detail());
		exit(2);
	}
}

/* --- a secure element in memory --- */

/* AK uncovers SQN in AUTN: f5 does not depend on SQN. */
static uint64_t sqn_of(struct device *device, const uint8_t *rand, const uint8_t *autn)
{
	static const uint8_t zero[SQN_SIZE];
	const struct aka_key *key = &device->key;
	struct milenage_out out;
	uint64_t sqn = 0;

	must(milenage_run(device->crowd->milenage, key->k.bytes, key->opc.bytes, rand, zero,
		     key->amf, &out),
		"milenage");
	for (size_t i = 0; i < SQN_SIZE; i++) {
		sqn = sqn << 8 | (autn[i] ^ out.ak[i]);
	}
	return sqn;
}

static void print_hex(FILE *to, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		(void)fprintf(to, "%02x", bytes[i]);
	}
}

static enum err se_aka(void *se, const struct ident *client, const uint8_t rand[RAND_SIZE],
	const uint8_t autn[AUTN_SIZE], struct aka_result *ret)
{
	struct device *device = se;
	(void)client;
	struct crowd *crowd = device->crowd;

	if (crowd->vectors) {
		(void)fprintf(crowd->vectors, "%zu %llu ", device->number,
			(unsigned long long)sqn_of(device, rand, autn));
		print_hex(crowd->vectors, rand, RAND_SIZE);
		(void)fputc(' ', crowd->vectors);
		print_hex(crowd->vectors, autn, AUTN_SIZE);
		(void)fputc('\n', crowd->vectors);
	}
	crowd->vector_count++;
	enum err err = aka_answer(crowd->aka, &device->key, rand, autn, &device->window, ret);

	if (err == ERR_SYNC) {
		return err_fail(ERR_REPLAY, "a vector that is not fresh");
	}
	return err;
}

static struct value *find_value(struct device *device, const char *label)
{
	for (size_t i = 0; i < VALUES; i++) {
		if (strcmp(device->values[i].label, label) == 0) {
			return &device->values[i];
		}
	}
	return NULL;
}

static enum err se_derive(void *se, const char *label, enum token_format format,
	const struct token_base *base, const struct ident *application, struct ua ua,
	struct view binding, struct secret *ret)
{
	const struct value *ks = find_value(se, label);
	struct token_base with_ks = *base;

	TRY(ks ? secret_set(&with_ks.ks, ks->bytes, ks->len) : err_fail(ERR_NOT_FOUND, "no Ks"));
	return token_derive(format, &with_ks, application, ua, binding, ret);
}

static enum err se_store(void *se, const char *label, struct view value)
{
	struct value *place = find_value(se, label);

	if (!place && value.len > 0) {
		place = find_value(se, "");
	}
	if (!place && value.len == 0) {
		return OK;
	}
	if (!place || value.len > VALUE_MAX) {
		return err_fail(ERR_RANGE, "no room for %s", label);
	}
	(void)snprintf(place->label, sizeof(place->label), "%s", value.len > 0 ? label : "");
	memcpy(place->bytes, value.data ? value.data : (const uint8_t *)"", value.len);
	place->len = value.len;
	return OK;
}

static enum err se_load(void *se, const char *label, struct buf *ret)
{
	const struct value *value = find_value(se, label);

	if (!value) {
		return err_fail(ERR_NOT_FOUND, "%s: nothing is kept", label);
	}
	buf_bytes(ret, value->bytes, value->len);
	return OK;
}

static const struct symdev_se memory_se = {
	.name = "memory",
	.aka = se_aka,
	.derive = se_derive,
	.store = se_store,
	.load = se_load,
};

/* --- one bootstrap after the other --- */

static void note_token(struct device *device)
{
	struct crowd *crowd = device->crowd;
	struct symdev_token token;
	SECRET(key);

	must(symdev_boot_token(&device->boot, &token), "token");
	must(symdev_token_key(&memory_se, device, &token, &crowd->application, UA_TLS13_PSK, &key),
		"key");
	crowd->token_count++;
	if (!crowd->tokens) {
		return;
	}
	(void)fprintf(crowd->tokens, "%s ", token.id);
	print_hex(crowd->tokens, key.bytes, key.len);
	(void)fprintf(crowd->tokens, "\n");
}

static void on_again(void *user)
{
	begin(user);
}

/* A node that is away, or new and without our challenge (400), is what failures explain. */
static bool is_odd(enum err err)
{
	if (err == ERR_UNAVAILABLE) {
		return strstr(err_detail(), "(500)");
	}
	return err != ERR_CLOSED && err != ERR_IO && err != ERR_TIMEOUT && err != ERR_CONFLICT;
}

static void go_to_next_node(struct device *device)
{
	device->at = (device->at + 1) % device->crowd->node_count;
	if (device->stream && device->crowd->node_count > 1) {
		stream_abort(device->stream);
		device->stream = NULL;
	}
}

static void end(struct device *device, enum err result)
{
	struct crowd *crowd = device->crowd;

	if (result == OK) {
		note_token(device);
		device->rounds++;
	} else {
		crowd->failures[result]++;
		if (is_odd(result)) {
			crowd->odd = true;
			(void)fprintf(stderr, "crowd: device %zu: %s: %s\n", device->number,
				err_name(result), err_detail());
		}
	}
	symdev_boot_end(&device->boot);
	device->busy = false;
	if (result != OK) {
		go_to_next_node(device);
	}
	if (crowd->rounds > 0 && device->rounds == crowd->rounds) {
		if (--crowd->left == 0) {
			loop_stop(crowd->loop);
		}
		return;
	}
	timer_start(crowd->loop, &device->again, result == OK ? 0 : AGAIN_MS, on_again, device);
}

static void drop(struct device *device, enum err why)
{
	if (device->stream) {
		stream_abort(device->stream);
		device->stream = NULL;
	}
	end(device, why);
}

static void send_output(struct device *device)
{
	struct view output = symdev_boot_output(&device->boot);

	if (output.len == 0) {
		return;
	}
	enum err err = stream_send(device->stream, output);

	if (err != OK) {
		drop(device, err);
		return;
	}
	symdev_boot_sent(&device->boot, output.len);
}

static void on_ready(void *user, struct stream *stream)
{
	(void)stream;
	send_output(user);
}

static size_t on_input(void *user, struct stream *stream, struct view bytes)
{
	struct device *device = user;

	(void)stream;
	if (!device->busy) {
		return bytes.len;
	}
	enum err err = symdev_boot_input(&device->boot, bytes);

	if (err != OK) {
		drop(device, err);
	} else if (symdev_boot_done(&device->boot)) {
		end(device, OK);
	} else {
		send_output(device);
	}
	return bytes.len;
}

static void on_closed(void *user, struct stream *stream, enum err why)
{
	struct device *device = user;

	(void)stream;
	device->stream = NULL;
	if (device->busy) {
		end(device, why == OK ? ERR_CLOSED : why);
	}
}

static void begin(struct device *device)
{
	static const struct stream_on on = {on_ready, on_input, NULL, on_closed};
	struct crowd *crowd = device->crowd;
	const struct symdev_options options = {
		.se_ops = &memory_se,
		.se = device,
		.env = loop_env(crowd->loop),
		.client = device->client,
		.node = crowd->nodes[device->at],
	};

	if (crowd->stopping) {
		return;
	}
	must(symdev_boot_begin(&device->boot, &options), "begin");
	device->busy = true;
	if (device->stream) {
		send_output(device);
		return;
	}
	must(stream_connect(crowd->loop, crowd->addresses[device->at], NULL, NULL, NULL, &on,
		     device, &device->stream),
		"connect");
}

/* --- all of them --- */

static void set_key(char letter, size_t number, struct secret *ret)
{
	char text[KEY_SIZE + 1];

	(void)snprintf(text, sizeof(text), "%c of dev %07u", letter, (unsigned)number % 10000000);
	must(secret_set(ret, text, KEY_SIZE), "key");
}

/* As realm.sh and operator.py register them. */
static void prepare(struct device *device, struct crowd *crowd, size_t number)
{
	char client[64 + IDENT_MAX];

	device->crowd = crowd;
	device->number = number;
	device->at = number % crowd->node_count;
	device->key = (struct aka_key){.algorithm = AKA_MILENAGE, .amf = {0x80, 0x00}};
	(void)snprintf(client, sizeof(client), "00101%010zu@%s", number, crowd->realm.text);
	must(ident_parse(IDENT_CLIENT, view_text(client), &device->client), client);
	set_key('K', number, &device->key.k);
	set_key('O', number, &device->key.opc);
}

static void on_signal(void *user, int number)
{
	struct crowd *crowd = user;

	(void)number;
	crowd->stopping = true;
	loop_stop(crowd->loop);
}

static FILE *open_file(const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file) {
		must(err_system("%s", path), "open");
	}
	return file;
}

static void parse(int argc, char **argv, struct crowd *crowd)
{
	static const struct option options[] = {{"address", required_argument, NULL, 'a'},
		{"node", required_argument, NULL, 'n'}, {"devices", required_argument, NULL, 'd'},
		{"first", required_argument, NULL, 'f'}, {"rounds", required_argument, NULL, 'r'},
		{"vectors", required_argument, NULL, 'v'}, {"tokens", required_argument, NULL, 't'},
		{0}};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		size_t number = optarg ? strtoul(optarg, NULL, 10) : 0;

		switch (option) {
		case 'a':
			must(crowd->address_count < NODES ? OK : ERR_RANGE, "--address");
			crowd->addresses[crowd->address_count++] = optarg;
			break;
		case 'n':
			must(crowd->node_count < NODES ? OK : ERR_RANGE, "--node");
			must(ident_parse(IDENT_FQDN, view_text(optarg),
				     &crowd->nodes[crowd->node_count++]),
				"--node");
			break;
		case 'd':
			crowd->devices = number;
			break;
		case 'f':
			crowd->first = number;
			break;
		case 'r':
			crowd->rounds = number;
			break;
		case 'v':
			crowd->vectors = open_file(optarg);
			break;
		case 't':
			crowd->tokens = open_file(optarg);
			break;
		default:
			exit(2);
		}
	}
	must(crowd->address_count > 0 && crowd->address_count == crowd->node_count
			? OK
			: err_fail(ERR_CONFIG, "one for each node"),
		"--address");
}

static void print_summary(const struct crowd *crowd)
{
	(void)printf("tokens %zu vectors %zu", crowd->token_count, crowd->vector_count);
	for (size_t i = 0; i < ERR_COUNT; i++) {
		if (crowd->failures[i] > 0) {
			(void)printf(" %s %zu", err_name((enum err)i), crowd->failures[i]);
		}
	}
	(void)printf("\n");
}

static void close_file(FILE *file)
{
	if (file && fclose(file) != 0) {
		must(err_system("a file was not written"), "close");
	}
}

static void open_all(struct crowd *crowd)
{
	const char *dot = strchr(crowd->nodes[0].text, '.');

	must(ident_parse(IDENT_FQDN, view_text(dot ? dot + 1 : ""), &crowd->realm), "realm");
	must(ident_parse(IDENT_APPLICATION, view_text("app.example"), &crowd->application), "app");
	must(loop_new(&env_system, &crowd->loop), "loop");
	must(aka_new(&crowd->aka), "aka");
	must(milenage_new(&crowd->milenage), "milenage");
	must(loop_on_signal(crowd->loop, SIGTERM, on_signal, crowd), "signal");
	(void)signal(SIGPIPE, SIG_IGN);
}

static void close_all(struct crowd *crowd)
{
	close_file(crowd->vectors);
	close_file(crowd->tokens);
	loop_free(crowd->loop);
	milenage_free(crowd->milenage);
	aka_free(crowd->aka);
}

static void leave(struct device *device)
{
	timer_stop(device->crowd->loop, &device->again);
	if (device->busy) {
		symdev_boot_end(&device->boot);
	}
	if (device->stream) {
		stream_abort(device->stream);
	}
}

int main(int argc, char **argv)
{
	struct crowd crowd = {.devices = 1};

	parse(argc, argv, &crowd);
	open_all(&crowd);
	struct device *devices = calloc(crowd.devices, sizeof(*devices));

	must(devices ? OK : err_fail(ERR_MEMORY, "devices"), "devices");
	crowd.left = crowd.devices;
	for (size_t i = 0; i < crowd.devices; i++) {
		prepare(&devices[i], &crowd, crowd.first + i);
		begin(&devices[i]);
	}
	loop_run(crowd.loop);
	for (size_t i = 0; i < crowd.devices; i++) {
		leave(&devices[i]);
	}
	print_summary(&crowd);
	close_all(&crowd);
	free(devices);
	return crowd.odd ? 1 : 0;
}
