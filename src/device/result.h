// SPDX-License-Identifier: Apache-2.0
/* result: what the node says of a token (10.4/4a): the document of the plain form, or JSON of one for an application. */
#pragma once

#include "device/symdev.h"

/*
 * Sets of `ret` what the document tells: id and until; from JSON also format, node, realm, application, applications
 * (`asked` among them if the document has it at all), uas, degree and the subscription. Nothing of it is compared here.
 * ERR_SYNTAX names the member; ERR_RANGE, ERR_UNSUPPORTED.
 */
enum err result_from_xml(struct view document, struct symdev_token *ret);
enum err result_from_json(struct view document, const struct ident *asked, struct symdev_token *ret);
