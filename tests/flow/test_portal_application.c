// SPDX-License-Identifier: Apache-2.0
/* Applications that an ASP registers (10.2): confirmation, catalogue, proof of control; each ASP sees its own. */
#include "test.h"

#include "portal.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define OTHER_ASP "cin:L17110MH1973PLC019786"
#define SHOP                                                                                       \
	"{\"id\":\"shop.example\",\"ua\":[\"0100000007\"],\"format\":\"y3056\","                   \
	"\"title\":\"The 100% Shop\",\"description\":\"Buys and sells\",\"published\":true,"       \
	"\"attributes\":[\"name\"],\"verification\":\"postpaid\"}"

static void start(struct portal *p, const char *more)
{
	char yaml[512];

	(void)snprintf(yaml, sizeof(yaml), "%s", more);
	portal_start(p, yaml);
	operator_provision(&p->flow);
	assert_portal(p, 201, "POST", "/v1/asps",
		"{\"id\":\"" OTHER_ASP
		"\",\"name\":\"Other\",\"elements\":[\"gw.other.example\"]}");
	portal_as(p, "gateway.app.example");
}

static int open_portal(void **state)
{
	static struct portal p;

	start(&p, "");
	*state = &p;
	return 0;
}

static int close_portal(void **state)
{
	portal_stop(*state);
	return 0;
}

/* req: B10.2 B7.7-b B7.5-c */
static void an_application_waits_for_the_operator(void **state)
{
	struct portal *p = *state;

	assert_portal(p, 201, "POST", "/v1/applications", SHOP);
	assert_answer(&p->flow, "\"asp\":\"" OPERATOR_ASP "\"");
	assert_answer(&p->flow, "\"state\":\"pending\"");
	portal_as_operator(p);
	assert_portal(p, 200, "GET", "/v1/notifications", NULL);
	assert_answer(&p->flow, "\"kind\":\"application-registered\",\"object\":\"shop.example\"");
	assert_portal(p, 409, "PUT", "/v1/grants",
		"{\"client\":\"" OPERATOR_CLIENT "\",\"application\":\"shop.example\"}");
	assert_portal(p, 200, "POST", "/v1/applications/shop.example/confirm", "{}");
	assert_answer(&p->flow, "\"state\":\"confirmed\"");
	assert_portal(p, 409, "POST", "/v1/applications/shop.example/confirm", "{}");
	assert_portal(p, 200, "PUT", "/v1/grants",
		"{\"client\":\"" OPERATOR_CLIENT "\",\"application\":\"shop.example\"}");
	portal_as(p, "gateway.app.example");
	assert_portal(p, 200, "GET", "/v1/notifications", NULL);
	assert_answer(&p->flow, "\"kind\":\"application-confirmed\",\"object\":\"shop.example\"");
}

static void a_confirmation_is_withdrawn(void **state)
{
	struct portal *p = *state;

	portal_as_operator(p);
	assert_portal(p, 200, "POST", "/v1/applications/app.example/refuse",
		"{\"reason\":\"contract ended\"}");
	assert_portal(p, 200, "GET", "/v1/grants?application=app.example", NULL);
	assert_string_equal(operator_said(&p->flow), "{\"items\":[]}\n");
	portal_as(p, "gateway.app.example");
	assert_portal(p, 200, "GET", "/v1/applications/app.example", NULL);
	assert_answer(&p->flow, "\"state\":\"refused\",\"reason\":\"contract ended\"");
}

/* To an ASP what is another's is not there. */
static void an_asp_does_not_reach_another_asps_application(void **state)
{
	struct portal *p = *state;

	assert_portal(p, 201, "POST", "/v1/applications", SHOP);
	portal_as(p, "gw.other.example");
	assert_portal(p, 200, "GET", "/v1/applications", NULL);
	assert_string_equal(operator_said(&p->flow), "{\"items\":[]}\n");
	assert_portal(p, 200, "GET", "/v1/applications?asp=" OPERATOR_ASP, NULL);
	assert_string_equal(operator_said(&p->flow), "{\"items\":[]}\n");
	assert_portal(p, 404, "GET", "/v1/applications/shop.example", NULL);
	assert_portal(p, 404, "PATCH", "/v1/applications/shop.example", "{\"title\":\"mine\"}");
	assert_portal(p, 404, "DELETE", "/v1/applications/shop.example", NULL);
	assert_portal(p, 404, "POST", "/v1/applications/shop.example/prove", "{}");
	assert_portal(p, 403, "POST", "/v1/applications/shop.example/confirm", "{}");
	assert_portal(p, 409, "POST", "/v1/applications", SHOP);
	assert_portal(p, 404, "POST", "/v1/applications",
		"{\"id\":\"x.example\",\"asp\":\"" OPERATOR_ASP "\",\"ua\":[\"0100000007\"]}");
	portal_as(p, "gateway.app.example");
	assert_portal(p, 200, "PATCH", "/v1/applications/shop.example",
		"{\"title\":\"New title\",\"published\":false}");
	assert_answer(&p->flow, "\"title\":\"New title\"");
	assert_answer(&p->flow, "\"published\":false");
	assert_portal(p, 403, "PATCH", "/v1/applications/shop.example", "{\"attributes\":[]}");
	assert_portal(p, 403, "PATCH", "/v1/applications/shop.example", "{\"identity\":true}");
	assert_portal(p, 204, "DELETE", "/v1/applications/shop.example", NULL);
}

/* req: B7.7-c B7.7-d */
static void subscribers_browse_the_catalogue(void **state)
{
	struct portal *p = *state;

	assert_portal(p, 201, "POST", "/v1/applications", SHOP);
	portal_as_operator(p);
	assert_portal(p, 200, "PUT", "/v1/subscribers/alice/account",
		"{\"password\":\"correct horse\"}");
	portal_as(p, NULL);
	portal_sign_in(p, "alice", "correct horse");
	assert_portal(p, 200, "GET", "/v1/catalogue", NULL);
	assert_string_equal(operator_said(&p->flow), "{\"items\":[]}\n");
	assert_portal(p, 404, "GET", "/v1/catalogue/shop.example", NULL);
	portal_as_operator(p);
	assert_portal(p, 200, "POST", "/v1/applications/shop.example/confirm", "{}");
	portal_as(p, NULL);
	portal_sign_in(p, "alice", "correct horse");
	assert_portal(p, 200, "GET", "/v1/catalogue", NULL);
	assert_answer(&p->flow, "{\"id\":\"shop.example\",\"asp\":\"Example "
				"Services\",\"title\":\"The 100% Shop\"");
	assert_answer(&p->flow, "\"attributes\":[\"name\"],\"verification\":\"postpaid\"");
	assert_portal(p, 200, "GET", "/v1/catalogue?q=SELLS", NULL);
	assert_answer(&p->flow, "shop.example");
	assert_portal(p, 200, "GET", "/v1/catalogue?q=100%25", NULL);
	assert_answer(&p->flow, "shop.example");
	assert_portal(p, 200, "GET", "/v1/catalogue?q=1%25S", NULL);
	assert_string_equal(operator_said(&p->flow), "{\"items\":[]}\n");
	assert_portal(p, 200, "GET", "/v1/catalogue?q=e_v", NULL);
	assert_string_equal(operator_said(&p->flow), "{\"items\":[]}\n");
	assert_portal(p, 200, "GET", "/v1/catalogue/shop.example", NULL);
	assert_portal(p, 403, "GET", "/v1/applications", NULL);
}

static void entries_that_are_wrong(void **state)
{
	static const char *const members[] = {"\"title\":1", "\"attributes\":\"name\"",
		"\"attributes\":[\"Name!\"]", "\"administrators\":[\"everybody\"]",
		"\"verification\":\"sworn\"", "\"published\":\"yes\""};
	struct portal *p = *state;

	portal_as_operator(p);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		char body[128];

		(void)snprintf(body, sizeof(body), "{%s}", members[i]);
		assert_portal(p, 400, "PATCH", "/v1/applications/app.example", body);
	}
	assert_portal(p, 200, "PATCH", "/v1/applications/app.example",
		"{\"administrators\":[\"user\",\"asp\"],\"verification\":\"prepaid\"}");
	assert_answer(&p->flow, "\"administrators\":[\"asp\",\"user\"]");
}

/* ---- proof of control ---- */

/* A web server and a name server that answer as they are told, on threads of their own. */
struct internet {
	int web, names;
	unsigned web_port, names_port;
	char content[256], record[128];
	uint8_t address[4];
	pthread_t web_thread, names_thread;
	bool asked_web;
};

static int listen_on(int type, unsigned *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, type, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	if (type == SOCK_STREAM) {
		assert_int_equal(listen(fd, 8), 0);
	}
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static void *serve_web(void *user)
{
	struct internet *net = user;
	int fd;

	while ((fd = accept(net->web, NULL, NULL)) >= 0) {
		char request[2048], answer[512];
		ssize_t n = read(fd, request, sizeof(request) - 1);

		request[n > 0 ? n : 0] = '\0';
		net->asked_web = true;
		int len = snprintf(answer, sizeof(answer),
			"HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
			strstr(request, "GET /.well-known/symbolon-challenge/") == request
				? "200 OK"
				: "404 Not Found",
			strlen(net->content), net->content);

		(void)!write(fd, answer, (size_t)len);
		(void)close(fd);
	}
	return NULL;
}

/* Answers A with the address, TXT with the record, and all else with nothing. */
static size_t answer_question(const struct internet *net, uint8_t *m, size_t n)
{
	size_t at = 12;

	while (at < n && m[at] != 0) {
		at += (size_t)m[at] + 1;
	}
	unsigned type = m[at + 2];

	at += 5;
	m[2] = 0x84;
	m[3] = 0;
	m[10] = m[11] = 0;
	size_t len = type == 1 ? 4 : type == 16 ? strlen(net->record) + 1 : 0;

	m[7] = len > 1 ? 1 : 0;
	if (m[7] == 0) {
		return at;
	}
	const uint8_t head[] = {0xc0, 12, 0, (uint8_t)type, 0, 1, 0, 0, 0, 1, 0, (uint8_t)len};

	memcpy(m + at, head, sizeof(head));
	at += sizeof(head);
	if (type == 1) {
		memcpy(m + at, net->address, 4);
	} else {
		m[at] = (uint8_t)(len - 1);
		memcpy(m + at + 1, net->record, len - 1);
	}
	return at + len;
}

static void *serve_names(void *user)
{
	struct internet *net = user;
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	uint8_t message[1024];
	ssize_t n;

	while ((n = recvfrom(net->names, message, 512, 0, (struct sockaddr *)&from, &len)) > 12) {
		size_t size = answer_question(net, message, (size_t)n);

		(void)!sendto(net->names, message, size, 0, (struct sockaddr *)&from, len);
		len = sizeof(from);
	}
	return NULL;
}

static struct internet internet;

static void open_internet(void)
{
	internet = (struct internet){.address = {127, 0, 0, 1}};
	internet.web = listen_on(SOCK_STREAM, &internet.web_port);
	internet.names = listen_on(SOCK_DGRAM, &internet.names_port);
	assert_int_equal(pthread_create(&internet.web_thread, NULL, serve_web, &internet), 0);
	assert_int_equal(pthread_create(&internet.names_thread, NULL, serve_names, &internet), 0);
}

static void close_internet(void)
{
	(void)shutdown(internet.web, SHUT_RDWR);
	(void)shutdown(internet.names, SHUT_RDWR);
	pthread_join(internet.web_thread, NULL);
	pthread_join(internet.names_thread, NULL);
	(void)close(internet.web);
	(void)close(internet.names);
}

static void start_with_proof(struct portal *p, const char *kind, const char *more)
{
	char yaml[256];

	open_internet();
	(void)snprintf(yaml, sizeof(yaml),
		"application:\n  proof: %s\n  proof_port: %u\n  resolver: 127.0.0.1:%u\n%s", kind,
		internet.web_port, internet.names_port, more);
	start(p, yaml);
}

static int open_http(void **state)
{
	static struct portal p;

	start_with_proof(&p, "http", "  proof_private: true\n");
	*state = &p;
	return 0;
}

static int open_strict(void **state)
{
	static struct portal p;

	start_with_proof(&p, "http", "  approval: automatic\n");
	*state = &p;
	return 0;
}

static int open_dns(void **state)
{
	static struct portal p;

	start_with_proof(&p, "dns", "");
	*state = &p;
	return 0;
}

static int close_proof(void **state)
{
	portal_stop(*state);
	close_internet();
	return 0;
}

static void read_content(struct portal *p, char ret[128])
{
	const char *at = strstr(operator_said(&p->flow), "\"content\":\"");

	assert_non_null(at);
	(void)snprintf(ret, 128, "%.43s", at + 11);
}

/* req: B10.2 */
static void a_file_proves_control(void **state)
{
	struct portal *p = *state;

	assert_portal(p, 201, "POST", "/v1/applications", SHOP);
	assert_answer(&p->flow, "\"state\":\"unproven\"");
	assert_answer(&p->flow, "\"challenge\":{\"type\":\"http\",\"url\":\"http://shop.example:");
	char content[128];

	read_content(p, content);
	(void)strcpy(internet.content, "something else");
	assert_portal(p, 409, "POST", "/v1/applications/shop.example/prove", "{}");
	assert_answer(&p->flow, "has something else in it");
	(void)snprintf(internet.content, sizeof(internet.content), "%s\n", content);
	assert_portal(p, 200, "POST", "/v1/applications/shop.example/prove", "{}");
	assert_answer(&p->flow, "\"state\":\"pending\"");
	assert_portal(p, 409, "POST", "/v1/applications/shop.example/prove", "{}");
	assert_answer(&p->flow, "no proof is asked for");
}

/* What leads into the operator's own network is not fetched. */
static void private_addresses_are_not_asked(void **state)
{
	struct portal *p = *state;

	assert_portal(p, 201, "POST", "/v1/applications", SHOP);
	assert_portal(p, 409, "POST", "/v1/applications/shop.example/prove", "{}");
	assert_answer(&p->flow, "an address that is not public");
	assert_portal(p, 201, "POST", "/v1/applications",
		"{\"id\":\"169.254.169.254\",\"ua\":[\"0100000007\"]}");
	assert_portal(p, 409, "POST", "/v1/applications/169.254.169.254/prove", "{}");
	assert_answer(&p->flow, "an address that is not public");
	assert_false(internet.asked_web);
}

static void a_record_proves_control(void **state)
{
	struct portal *p = *state;
	char content[128];

	assert_portal(p, 201, "POST", "/v1/applications", SHOP);
	assert_answer(&p->flow, "\"challenge\":{\"type\":\"dns\",\"name\":\"_symbolon-challenge."
				"shop.example\"");
	read_content(p, content);
	assert_portal(p, 409, "POST", "/v1/applications/shop.example/prove", "{}");
	(void)strcpy(internet.record, "v=spf1 -all");
	assert_portal(p, 409, "POST", "/v1/applications/shop.example/prove", "{}");
	assert_answer(&p->flow, "has no TXT record with it");
	(void)strcpy(internet.record, content);
	assert_portal(p, 200, "POST", "/v1/applications/shop.example/prove", "{}");
	assert_answer(&p->flow, "\"state\":\"pending\"");
	/* An identity without a host cannot be proven so: the operator looks at it. */
	assert_portal(p, 201, "POST", "/v1/applications",
		"{\"id\":\"onem2m:Nshop.company.example\",\"ua\":[\"0100000007\"]}");
	assert_answer(&p->flow, "\"state\":\"pending\"");
}

static void a_node_stops_while_it_looks(void **state)
{
	struct portal *p = *state;
	const struct http_field json = {view_text("Content-Type"), view_text("application/json")};

	assert_portal(p, 201, "POST", "/v1/applications", SHOP);
	(void)operator_begin(&p->flow, "POST", "/v1/applications/shop.example/prove", &json, 1,
		"{}");
	while (!p->flow.authz.proofs && !p->flow.done) {
		loop_turn(p->flow.loop, 1);
	}
}

#define WITH_PORTAL(name) cmocka_unit_test_setup_teardown(name, open_portal, close_portal)
#define WITH_HTTP(name)	  cmocka_unit_test_setup_teardown(name, open_http, close_proof)
#define WITH_STRICT(name) cmocka_unit_test_setup_teardown(name, open_strict, close_proof)
#define WITH_DNS(name)	  cmocka_unit_test_setup_teardown(name, open_dns, close_proof)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PORTAL(an_application_waits_for_the_operator),
		WITH_PORTAL(a_confirmation_is_withdrawn),
		WITH_PORTAL(an_asp_does_not_reach_another_asps_application),
		WITH_PORTAL(subscribers_browse_the_catalogue),
		WITH_PORTAL(entries_that_are_wrong),
		WITH_HTTP(a_file_proves_control),
		WITH_STRICT(private_addresses_are_not_asked),
		WITH_DNS(a_record_proves_control),
		WITH_HTTP(a_node_stops_while_it_looks),
	};

	return RUN_TESTS(tests);
}
