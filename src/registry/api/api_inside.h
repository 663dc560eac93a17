// SPDX-License-Identifier: Apache-2.0
/* api_inside: what the files of the doors know of each other. */
#pragma once

#include "registry/api/api.h"

struct api {
	struct tls *tls;
	struct http_server *https, *socket;
	struct conf_texts administrators, auditors; /* copies: the options are reloadable */
};
