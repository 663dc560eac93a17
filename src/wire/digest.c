// SPDX-License-Identifier: Apache-2.0
#include "wire/digest.h"

const char *digest_algorithm_name(enum digest_algorithm algorithm)
{
	return algorithm == DIGEST_AKAV1_MD5 ? "AKAv1-MD5" : "AKAv2-SHA-256";
}
