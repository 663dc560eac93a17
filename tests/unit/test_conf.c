// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "base/conf.h"
#include "base/text.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A program's options, as each of our programs declares its own: rows that all nodes share, then
 * its own, then a list whose items have rows too. The lists would stand in the program's header.
 */
#define NODE_OPTIONS(ROW, S)                                                                        \
	ROW(S, TEXT, node, "node", NULL, START, CONF_IS("a host name", NULL), "Name of this node.") \
	ROW(S, CHOICE, log_level, "log.level", "info", RELOAD,                                      \
		CONF_WORDS("error|warn|info|debug"), "What is logged, and what is more urgent.")

#define PEER_OPTIONS(ROW, S)                                                                       \
	ROW(S, TEXT, host, "host", NULL, START, CONF_IS("a host name", NULL), "The peer.")         \
	ROW(S, NUMBER, port, "port", "3868", START, CONF_RANGE(1, 65535), "Its port.")             \
	ROW(S, BOOL, tls, "tls.on", "true", START, CONF_PLAIN, "Whether TLS protects it.")

#define SAMPLE_OPTIONS(ROW, S)                                                                     \
	NODE_OPTIONS(ROW, S)                                                                       \
	ROW(S, TEXT, rp_c_listen, "rp_c.listen", "127.0.0.1:0", START,                             \
		CONF_IS("an address and port like 127.0.0.1:8080", check_address),                 \
		"Where devices bootstrap.")                                                        \
	ROW(S, NUMBER, rp_c_open, "rp_c.open", "10000", RELOAD, CONF_RANGE(1, 1000000),            \
		"Bootstraps under way at the same time.")                                          \
	ROW(S, TIME, rp_c_patience, "rp_c.patience", "30s", RELOAD, CONF_RANGE(250, 3600000),      \
		"How long a device may take to answer.")                                           \
	ROW(S, SIZE, store_cache, "store.cache", "16MiB", START, CONF_RANGE(65536, 1LL << 40),     \
		"Memory for pages of the database.")                                               \
	ROW(S, BOOL, store_sync, "store.sync", "true", START, CONF_PLAIN,                          \
		"Whether each commit waits for the disk.")                                         \
	ROW(S, TEXT, motd, "motd", "", RELOAD, CONF_PLAIN, "Shown to people.")                     \
	ROW(S, LIST, peers, "diameter.peers", "", START,                                           \
		CONF_ITEMS(0, 4, struct peer_conf, peer_options), "Who is connected to.")          \
	ROW(S, TEXTS, realms, "diameter.realms", "", START,                                        \
		CONF_MANY(0, 3, "a realm in lower case", check_realm), "Who is served.")

CONF_STRUCT(peer_conf, PEER_OPTIONS);
CONF_STRUCT(sample_conf, SAMPLE_OPTIONS);

static enum err check_address(const char *text)
{
	return strchr(text, ':') ? OK : err_fail(ERR_SYNTAX, "no port");
}

static enum err check_realm(const char *text)
{
	return text[strcspn(text, "ABCXYZ")] == 0 ? OK : err_fail(ERR_SYNTAX, "upper case");
}

static const struct conf_option peer_options[] = CONF_TABLE(peer_conf, PEER_OPTIONS);
static const struct conf_option sample_options[] = CONF_TABLE(sample_conf, SAMPLE_OPTIONS);

#define SAMPLE(name) struct sample_conf name __attribute__((cleanup(free_sample))) = {0}

static void free_sample(struct sample_conf *conf)
{
	conf_free(sample_options, conf);
}

static enum err parse(const char *yaml, struct sample_conf *ret)
{
	return conf_parse(sample_options, "s.yaml", view_text(yaml), ret);
}

static void what_is_not_given_has_its_default(void **state)
{
	SAMPLE(conf);

	(void)state;
	assert_ok(parse("node: n1", &conf));
	assert_string_equal(conf.node, "n1");
	assert_int_equal(conf.log_level, 2);
	assert_string_equal(conf.rp_c_listen, "127.0.0.1:0");
	assert_int_equal(conf.rp_c_open, 10000);
	assert_int_equal(conf.rp_c_patience, 30000);
	assert_int_equal(conf.store_cache, 16 << 20);
	assert_true(conf.store_sync);
	assert_string_equal(conf.motd, "");
	assert_int_equal(conf.peers.count, 0);
	assert_int_equal(conf.realms.count, 0);
}

static const char full[] = "# a comment\n"
			   "node: \"n1\"\n"
			   "log: {level: debug}\n"
			   "rp_c:\n"
			   "  listen: '[::1]:80'\n"
			   "  open: 7\n"
			   "  patience: 250ms\n"
			   "store:\n"
			   "  cache: 2GiB\n"
			   "  sync: false\n"
			   "motd: |\n"
			   "  two\n"
			   "  \"lines\": \u00e9\n"
			   "diameter:\n"
			   "  peers:\n"
			   "    - host: a.example\n"
			   "    - host: b.example\n"
			   "      port: 5868\n"
			   "      tls:\n"
			   "        on: false\n"
			   "  realms: [one.example, two.example]\n";

static void check_full(const struct sample_conf *conf)
{
	const struct peer_conf *peers = conf->peers.items;

	assert_int_equal(conf->log_level, 3);
	assert_string_equal(conf->rp_c_listen, "[::1]:80");
	assert_int_equal(conf->rp_c_open, 7);
	assert_int_equal(conf->rp_c_patience, 250);
	assert_int_equal(conf->store_cache, 2LL << 30);
	assert_false(conf->store_sync);
	assert_string_equal(conf->motd, "two\n\"lines\": \u00e9\n");
	assert_int_equal(conf->peers.count, 2);
	assert_string_equal(peers[0].host, "a.example");
	assert_int_equal(peers[0].port, 3868);
	assert_true(peers[0].tls);
	assert_string_equal(peers[1].host, "b.example");
	assert_int_equal(peers[1].port, 5868);
	assert_false(peers[1].tls);
	assert_int_equal(conf->realms.count, 2);
	assert_string_equal(conf->realms.items[1], "two.example");
}

static void every_type_is_read(void **state)
{
	SAMPLE(conf);

	(void)state;
	assert_ok(parse(full, &conf));
	check_full(&conf);
}

static void a_group_without_values_is_no_fault(void **state)
{
	SAMPLE(conf);

	(void)state;
	assert_ok(parse("---\nnode: n\nrp_c:\n  # open: 5\nlog: {}\n", &conf));
	assert_int_equal(conf.rp_c_open, 10000);
}

struct fault {
	const char *yaml, *said;
};

static void refuse_all(const struct fault *faults, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		SAMPLE(conf);

		assert_err(ERR_CONFIG, parse(faults[i].yaml, &conf));
		assert_said(faults[i].said);
		assert_null(conf.node);
		assert_null(conf.peers.items);
	}
}

#define REFUSE_ALL(faults) refuse_all((faults), sizeof(faults) / sizeof((faults)[0]))

static void a_wrong_value_is_named_with_what_is_allowed(void **state)
{
	static const struct fault faults[] = {
		{"node: n\nrp_c:\n  open: 0",
			"s.yaml:3: rp_c.open: 0 is not a whole number from 1 to 1000000"},
		{"node: n\nrp_c: {open: 1000001}", "s.yaml:2: rp_c.open: 1000001 is not"},
		{"node: n\nrp_c: {open: 12z}", "rp_c.open: 12z is not a whole number"},
		{"node: n\nrp_c: {open: 0x50}", "rp_c.open: 0x50 is not"},
		{"node: n\nrp_c: {open: 010}", "rp_c.open: 010 is not"},
		{"node: n\nrp_c: {open: -1}", "rp_c.open: -1 is not"},
		{"node: n\nrp_c: {open: --1}", "rp_c.open: --1 is not"},
		{"node: n\nrp_c: {open: '-'}", "rp_c.open: - is not"},
		{"node: n\nrp_c: {open: ''}", "rp_c.open:  is not"},
		{"node: n\nrp_c: {open: 99999999999999999999}", "is not a whole number"},
		{"node: n\nrp_c: {open: \"\\e[31m1\"}", "rp_c.open: ?[31m1 is not"},
		{"node: n\nrp_c: {patience: 30}", "30 is not a time from 250ms to 1h"},
		{"node: n\nrp_c: {patience: 249ms}", "249ms is not a time from 250ms to 1h"},
		{"node: n\nrp_c: {patience: 61m}", "61m is not a time"},
		{"node: n\nrp_c: {patience: 30 s}", "30 s is not a time"},
		{"node: n\nrp_c: {patience: 9223372036854775807d}", "is not a time"},
		{"node: n\nstore: {cache: 1KB}", "1KB is not a size from 64KiB to 1024GiB"},
		{"node: n\nstore: {sync: yes}", "yes is not true or false"},
		{"node: n\nlog: {level: loud}",
			"s.yaml:2: log.level: loud is not one of error, warn, info, debug"},
		{"node: n\nrp_c: {listen: nowhere}",
			"rp_c.listen: must be an address and port like 127.0.0.1:8080: no port"},
		{"node: ''", "s.yaml:1: node: is empty; it must be a host name"},
		{"node:\n", "s.yaml:1: node: has no value; it must be a host name"},
		{"node: ~\n", "node: has no value"},
		{"node: [n]\n", "node: must be a host name"},
		{"node: {n: 1}\n", "node: must be a host name"},
		{"node: \"a\\0b\"\n", "s.yaml:1: node: holds a zero byte"},
		{"node: n\ndiameter: {realms: [a, B]}",
			"diameter.realms[1]: must be a realm in lower case: upper case"},
		{"node: n\ndiameter: {realms: ['']}", "diameter.realms[0]: is empty"},
		{"node: n\ndiameter: {realms: [[a]]}", "diameter.realms[0]: must be a text"},
		{"node: n\ndiameter: {realms: a}",
			"diameter.realms: must be a list of 0 to 3 texts, each a realm"},
		{"node: n\ndiameter: {realms: [a, b, c, d]}", "a list of 0 to 3 texts"},
		{"node: n\ndiameter:\n  peers:\n    - host: a\n    - host: b\n      port: 70000",
			"s.yaml:6: diameter.peers[1].port: 70000 is not a whole number from 1 to "
			"65535"},
		{"node: n\ndiameter: {peers: [a]}", "diameter.peers[0]: must be a mapping"},
		{"node: n\ndiameter: {peers: {host: a}}", "must be a list of 0 to 4 mappings"},
	};

	(void)state;
	REFUSE_ALL(faults);
}

static void missing_unknown_and_repeated_keys_are_refused(void **state)
{
	static const struct fault faults[] = {
		{"", "s.yaml:1: node: is missing; it must be a host name"},
		{"log: {level: info}", "s.yaml:1: node: is missing"},
		{"node: n\ndiameter:\n  peers:\n    - port: 1\n",
			"s.yaml:4: diameter.peers[0].host: is missing"},
		{"node: n\nrp_c: {opne: 1}", "s.yaml:2: rp_c.opne: unknown; did you mean open?"},
		{"node: n\nrpc: {open: 1}", "s.yaml:2: rpc: unknown; did you mean rp_c?"},
		{"node: n\nrp_c: {Open: 1}", "did you mean open?"},
		{"node: n\nrp_c: {zzz: 1}",
			"rp_c.zzz: unknown; known here: listen, open, patience"},
		{"node: n\nzzzzzzzzz: 1",
			"zzzzzzzzz: unknown; known here: node, log, rp_c, store, motd, diameter"},
		{"node: n\nrp_c.open: 1", "rp_c.open: unknown"},
		{"node: n\n'': 1", "unknown"},
		{"node: n\n<<: {log: {level: info}}", "<<: unknown"},
		{"node: n\nrp_c: 7", "s.yaml:2: rp_c: must be a mapping of options"},
		{"node: n\nrp_c: [open]", "rp_c: must be a mapping of options"},
		{"node: n\nlog: {}\nnode: m", "s.yaml:3: node: stands in line 1 already"},
		{"node: n\nrp_c:\n  open: 1\n  open: 1", "s.yaml:4: rp_c.open: stands in line 3"},
		{"node: n\ndiameter: {peers: [{host: a, prot: 1}]}",
			"diameter.peers[0].prot: unknown; did you mean port?"},
	};

	(void)state;
	REFUSE_ALL(faults);
}

static void yaml_that_hides_things_is_refused(void **state)
{
	static const struct fault faults[] = {
		{"node: &a n\n", "s.yaml:1: node: anchors and aliases are not allowed"},
		{"node: *a\n", "node: anchors and aliases are not allowed"},
		{"&a node: n\n", "anchors and aliases"},
		{"*a : n\n", "anchors and aliases"},
		{"node: n\nrp_c: &a {open: 1}\n", "rp_c: anchors and aliases"},
		{"node: n\ndiameter: {realms: &a [x]}\n", "diameter.realms: anchors"},
		{"node: !!str n\n", "node: tags are not allowed"},
		{"node: n\nrp_c: !x {open: 1}\n", "rp_c: tags are not allowed"},
		{"node: n\n? [a]\n: 1\n", "s.yaml:2: a key must be a word"},
		{"node: n\n---\nnode: m\n", "a second document begins"},
		{"- node\n", "s.yaml:1: must be a mapping"},
		{"node\n", "s.yaml:1: must be a mapping"},
		{"node: [n\n", "s.yaml:2: "},
		{"node: 'n\n", "s.yaml:2: "},
		{"node: n\n\tlog: 1\n", "s.yaml:2: "},
		{"node: n\nmotd: \xff\n", "s.yaml:2: not UTF-8 text"},
		{"node: n\nmotd: \x01\n", "s.yaml:2: not UTF-8 text: control characters"},
		{"node: n\nrp_c: [[[[[[[[[[1]]]]]]]]]]\n", "nested deeper than 8"},
		{"node: n\nrp_c: {a: {a: {a: {a: {a: {a: {a: {a: {a: 1}}}}}}}}}\n",
			"nested deeper"},
	};

	(void)state;
	REFUSE_ALL(faults);
}

static void large_files_are_refused(void **state)
{
	BUF_CLEANUP struct buf many = buf_growing(4 << 20);
	SAMPLE(conf);

	(void)state;
	buf_text(&many, "node: n\ndiameter: {realms: [");
	for (int i = 0; i < 5000; i++) {
		buf_text(&many, "a,");
	}
	buf_text(&many, "]}\n");
	assert_err(ERR_CONFIG, parse(buf_string(&many), &conf));
	assert_said("more than 4096 values");

	buf_clear(&many);
	buf_text(&many, "motd: ");
	for (int i = 0; i < 1100; i++) {
		buf_u8(&many, 'x');
	}
	assert_err(ERR_CONFIG, parse(buf_string(&many), &conf));

	buf_text(&many, "\nnode: n\n");
	assert_err(ERR_CONFIG, parse(buf_string(&many), &conf));
	assert_said("motd: longer than 1024 bytes");

	buf_clear(&many);
	buf_text(&many, "node: n\n#");
	while (many.len <= 1 << 20) {
		buf_text(&many, "xxxxxxxxxxxxxxxx");
	}
	assert_err(ERR_CONFIG, parse(buf_string(&many), &conf));
	assert_said("s.yaml: longer than 1 MiB");
}

static void files_are_loaded(void **state)
{
	char path[] = "/tmp/test_conf.XXXXXX";
	int fd = mkstemp(path);
	SAMPLE(conf);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, full, strlen(full)), (ssize_t)strlen(full));
	assert_ok(conf_load(sample_options, path, &conf));
	check_full(&conf);
	conf_free(sample_options, &conf);

	assert_int_equal(ftruncate(fd, (1 << 20) + 1), 0);
	assert_int_equal(close(fd), 0);
	assert_err(ERR_CONFIG, conf_load(sample_options, path, &conf));
	assert_said("longer than 1 MiB");
	assert_int_equal(unlink(path), 0);
	assert_err(ERR_CONFIG, conf_load(sample_options, path, &conf));
	assert_said(path);
	assert_said("No such file");
	assert_err(ERR_CONFIG, conf_load(sample_options, "/", &conf));
	assert_err(ERR_CONFIG, conf_load(sample_options, NULL, &conf));
	assert_said("no configuration file: node: is missing");
}

static void without_a_file_there_are_the_defaults(void **state)
{
	static const struct conf_option rows[] = {
		{.path = "a.b", .type = CONF_NUMBER, .initial = "5", .min = 1, .max = 9}, {0}};
	int64_t number = 0;

	(void)state;
	assert_ok(conf_load(rows, NULL, &number));
	assert_int_equal(number, 5);
}

static void a_default_that_breaks_its_own_rule_is_found(void **state)
{
	static const struct conf_option rows[] = {
		{.path = "a", .type = CONF_NUMBER, .initial = "50", .min = 1, .max = 9}, {0}};
	int64_t number = 0;

	(void)state;
	assert_err(ERR_CONFIG, conf_load(rows, NULL, &number));
	assert_said("a: default: 50 is not a whole number from 1 to 9");
}

/* What a printer writes, as text to be freed. */
static char *printed(void (*print)(const struct sample_conf *, FILE *), const struct sample_conf *c)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	print(c, to);
	assert_int_equal(fclose(to), 0);
	return text;
}

static void dump(const struct sample_conf *conf, FILE *to)
{
	conf_dump(sample_options, conf, to);
}

static void manual(const struct sample_conf *conf, FILE *to)
{
	(void)conf;
	conf_manual(sample_options, to);
}

static void a_dump_gives_the_same_again(void **state)
{
	SAMPLE(conf);
	SAMPLE(again);

	(void)state;
	assert_ok(parse(full, &conf));
	AUTOFREE char *text = printed(dump, &conf);

	assert_non_null(
		strstr(text, "rp_c:\n  # Where devices bootstrap. Allowed: an address and"));
	assert_non_null(strstr(text, "  patience: 250ms\n"));
	assert_non_null(strstr(text, "; taken over on reload.\n"));
	assert_ok(parse(text, &again));
	check_full(&again);
	AUTOFREE char *second = printed(dump, &again);

	assert_string_equal(text, second);
}

static void a_dump_of_defaults_can_be_read(void **state)
{
	SAMPLE(conf);
	SAMPLE(again);

	(void)state;
	assert_ok(parse("node: \"a\\\"b\\\\c\\n\\x7f\"", &conf));
	AUTOFREE char *text = printed(dump, &conf);

	assert_non_null(strstr(text, "  peers: []\n"));
	assert_ok(parse(text, &again));
	assert_string_equal(again.node, "a\"b\\c\n\x7f");
}

static void the_manual_has_every_row(void **state)
{
	(void)state;
	AUTOFREE char *text = printed(manual, NULL);

	assert_non_null(strstr(text, "| `node` | a host name | must be given | start |"));
	assert_non_null(
		strstr(text, "| `log.level` | one of error, warn, info, debug | `info` | reload"));
	assert_non_null(
		strstr(text, "| `diameter.peers[].port` | a whole number from 1 to 65535 |"));
	assert_non_null(strstr(text, "| `motd` | a text | none | reload | Shown to people. |\n"));
}

static void only_reloadable_options_may_change(void **state)
{
	static const struct fault changes[] = {
		{"node: n\nlog: {level: debug}\nmotd: x", NULL},
		{"node: m", "node: changes only when the program starts anew"},
		{"node: n\ndiameter: {realms: [a]}", "diameter.realms: changes only"},
		{"node: n\ndiameter: {peers: [{host: a}]}", "diameter.peers: changes only"},
		{"node: n\nstore: {cache: 16385KiB}", "store.cache: changes only"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		SAMPLE(now);
		SAMPLE(next);

		assert_ok(parse("node: n", &now));
		assert_ok(parse(changes[i].yaml, &next));
		if (!changes[i].said) {
			assert_ok(conf_check_reload(sample_options, &now, &next));
			continue;
		}
		assert_err(ERR_CONFIG, conf_check_reload(sample_options, &now, &next));
		assert_said(changes[i].said);
	}
}

/* No crash, no leak, whatever is cut off or changed. */
static void damaged_files_do_no_harm(void **state)
{
	char copy[sizeof(full)];

	(void)state;
	for (size_t len = 0; len < sizeof(full); len++) {
		SAMPLE(conf);

		if (conf_parse(sample_options, "s", view_of(full, len), &conf) != OK) {
			assert_null(conf.node);
		}
	}
	for (size_t at = 0; at < sizeof(full) - 1; at++) {
		for (const char *c = "{}[]&*!|>'\"%@`:-?#,\n\t\\~\x80 "; *c; c++) {
			SAMPLE(conf);

			memcpy(copy, full, sizeof(full));
			copy[at] = *c;
			if (parse(copy, &conf) != OK) {
				assert_null(conf.node);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_not_given_has_its_default),
		TEST(every_type_is_read),
		TEST(a_group_without_values_is_no_fault),
		TEST(a_wrong_value_is_named_with_what_is_allowed),
		TEST(missing_unknown_and_repeated_keys_are_refused),
		TEST(yaml_that_hides_things_is_refused),
		TEST(large_files_are_refused),
		TEST(files_are_loaded),
		TEST(without_a_file_there_are_the_defaults),
		TEST(a_default_that_breaks_its_own_rule_is_found),
		TEST(a_dump_gives_the_same_again),
		TEST(a_dump_of_defaults_can_be_read),
		TEST(the_manual_has_every_row),
		TEST(only_reloadable_options_may_change),
		TEST(damaged_files_do_no_harm),
	};
	return RUN_TESTS(tests);
}
