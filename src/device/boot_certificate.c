// SPDX-License-Identifier: Apache-2.0
/*
 * Clause 10.4 with public keys in place of pre-shared ones (its NOTE), as the device sees it: both ends have shown in TLS
 * that they have their keys, so there is one request and one answer, and Ks is the exporter of that connection.
 *  req: B10.4-asym
 */
#include "device/boot_inside.h"

#include "core/exporter.h"
#include "device/result.h"
#include "device/token.h"

static enum err agree(struct symdev_boot *boot);

enum err boot_certificate_begin(struct symdev_boot *boot)
{
	if (!boot_names_application(boot) || !boot->options.exported) {
		return err_fail(ERR_SYNTAX, "10.4, NOTE: with a certificate an application is "
					    "named, and TLS has an exporter");
	}
	return boot_ask(boot);
}

/* 10.4/4a */
enum err boot_certificate_on_result(struct symdev_boot *boot, const struct answer *answer)
{
	const struct symdev_options *o = &boot->options;

	TRY(result_agreed(view_of(answer->body, answer->body_len), &o->client, boot->base.rand));
	TRY(token_check_rand(o->se_ops, o->se, &o->client, boot->base.rand));
	TRY(agree(boot));
	boot_step(boot, "10.4/4a", "ks.exported");
	TRY(boot_make_token(boot, answer));
	return boot_keep_token(boot);
}

static enum err agree(struct symdev_boot *boot)
{
	const struct symdev_options *o = &boot->options;
	uint8_t room[EXPORTER_CONTEXT], ks[32];
	struct buf context = buf_fixed(room, sizeof(room));

	TRY(exporter_context(&o->client, &o->node, boot->base.rand, &context));
	TRY(o->exported(o->export_user, EXPORTER_LABEL, buf_contents(&context), ks));
	enum err err = secret_set(&boot->base.ks, ks, sizeof(ks));

	bytes_wipe(ks, sizeof(ks));
	return err;
}

/* TLS has told that it is the realm's node that refuses. */
enum err boot_certificate_on_denied(struct symdev_boot *boot, const struct answer *answer)
{
	boot->genuine = true;
	return result_refused(view_of(answer->body, answer->body_len));
}
