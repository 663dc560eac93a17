// SPDX-License-Identifier: Apache-2.0
#include "registry/notify/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SYSTEM_AUTHORITY "/etc/ssl/certs/ca-certificates.crt"

enum { SWEEP_FIRST_MS = 1000 };

static enum err set_up_webhooks(struct notify *n)
{
	const struct registry_conf *conf = n->registry->conf;
	const struct tls_files files = {
		.authority = conf->webhook_authority[0] ? conf->webhook_authority : SYSTEM_AUTHORITY,
	};

	if (conf->webhook_authority[0] || access(SYSTEM_AUTHORITY, R_OK) == 0) {
		TRY(tls_client(&files, &n->tls));
	}
	n->webhook = (struct webhook_options){
		.tls = n->tls,
		.plain = conf->webhook_plain,
		.timeout_ms = conf->notify_timeout,
		.answer_max = (size_t)conf->webhook_answer,
	};
	return networks_parse(conf->webhook_networks, &n->webhook.allowed);
}

static enum err set_up_mqtt(struct notify *n)
{
	const struct registry_conf *conf = n->registry->conf;
	char client_id[NOTIFY_PARTY];

	if (!conf->mqtt_broker[0]) {
		return OK;
	}
	if (snprintf(NULL, 0, "%s/%22s", conf->mqtt_topic, "") >= MQTT_TOPIC_MAX) {
		return err_fail(ERR_CONFIG, "mqtt.topic: too long");
	}
	(void)snprintf(client_id, sizeof(client_id), "%s", conf->node_host);
	const struct mqtt_options options = {
		.address = conf->mqtt_broker,
		.authority = conf->mqtt_authority,
		.certificate = conf->mqtt_certificate,
		.key = conf->mqtt_key,
		.username = conf->mqtt_user,
		.password_file = conf->mqtt_password,
		.client_id = client_id,
	};

	return mqtt_open(n->registry->loop, &options, &n->mqtt);
}

enum err notify_start_up(struct registry *registry)
{
	struct notify *n = calloc(1, sizeof(*n));

	if (!n) {
		return err_fail(ERR_MEMORY, "notify: out of memory");
	}
	registry->notify = n;
	n->registry = registry;
	n->queue_end = &n->queue;
	TRY(set_up_webhooks(n));
	TRY(set_up_mqtt(n));
	TRY(roster_start_up(n));
	TRY(ledger_cursor(registry->ledger, "notify", &n->cursor));
	TRY(ledger_watch(registry->ledger, enlist_wake, registry));
	for (struct subscriber *s = n->first; s; s = s->after) {
		deliver_wake(s);
	}
	timer_start(registry->loop, &n->sweep, SWEEP_FIRST_MS, rows_sweep, n);
	enlist_wake(registry);
	return OK;
}

void notify_shut_down(struct registry *registry)
{
	struct notify *n = registry->notify;

	if (!n) {
		return;
	}
	timer_stop(registry->loop, &n->sweep);
	enlist_shut_down(n);
	roster_shut_down(n);
	mqtt_close(n->mqtt);
	tls_free(n->tls);
	free(n);
	registry->notify = NULL;
}

void notify_reload(struct registry *registry, const struct registry_conf *conf)
{
	struct registry_conf *own = registry->conf;

	own->subscriptions_each = conf->subscriptions_each;
	own->notify_parallel = conf->notify_parallel;
	own->notify_backlog = conf->notify_backlog;
	own->notify_backlog_age = conf->notify_backlog_age;
	own->notify_retry = conf->notify_retry;
	own->notify_retry_max = conf->notify_retry_max;
	own->notify_give_up = conf->notify_give_up;
	own->notify_tries = conf->notify_tries;
	own->dead_letter_age = conf->dead_letter_age;
}

/* ---- figures ---- */

static uint64_t waiting(const struct notify *n)
{
	uint64_t sum = 0;

	for (const struct subscriber *s = n->first; s; s = s->after) {
		sum += (uint64_t)(s->pending > 0 ? s->pending : 0);
	}
	return sum;
}

void notify_put_metrics(const struct registry *registry, struct buf *out)
{
	const struct notify *n = registry->notify;

	if (!n) {
		return;
	}
	metrics_put_one(out, "symbolon_registry_subscriptions", METRIC_GAUGE, "Subscriptions.",
		table_count(n->by_id));
	metrics_put_one(out, "symbolon_registry_event_streams", METRIC_GAUGE,
		"Event streams that are open.", n->streams);
	metrics_put_one(out, "symbolon_registry_notifications_waiting", METRIC_GAUGE,
		"Events that a subscriber has not acknowledged.", waiting(n));
	metrics_put_one(out, "symbolon_registry_notifications_under_way", METRIC_GAUGE,
		"Deliveries under way.", n->under_way);
	metrics_put_one(out, "symbolon_registry_notifications_lag", METRIC_GAUGE,
		"Events of the log that have not been looked at for subscribers.",
		(uint64_t)(ledger_size(registry->ledger) - n->cursor));
	metrics_put_one(out, "symbolon_registry_notifications_total", METRIC_COUNTER,
		"Events that subscribers are to be told.", n->figures.enlisted);
	metrics_put_one(out, "symbolon_registry_notifications_acknowledged_total", METRIC_COUNTER,
		"Events that receivers acknowledged.", n->figures.acknowledged);
	metrics_put_one(out, "symbolon_registry_notifications_failed_total", METRIC_COUNTER,
		"Deliveries that failed.", n->figures.failed);
	metrics_put_one(out, "symbolon_registry_notifications_left_out_total", METRIC_COUNTER,
		"Events that were left out, since too many waited.", n->figures.left_out);
	metrics_put_one(out, "symbolon_registry_dead_letters_total", METRIC_COUNTER,
		"Events that were given up.", n->figures.died);
	metrics_put_one(out, "symbolon_registry_notifications_expired_total", METRIC_COUNTER,
		"Events of streams that nobody fetched in time.", n->figures.expired);
	if (n->mqtt) {
		metrics_put_one(out, "symbolon_registry_mqtt_connected", METRIC_GAUGE,
			"Whether there is a connection to the MQTT broker.",
			mqtt_is_connected(n->mqtt));
	}
}
