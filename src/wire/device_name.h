// SPDX-License-Identifier: Apache-2.0
/* device_name: which device a certificate of IEEE 802.1AR names: device_certificate.h says by what.  req: R9.2-i-b */
#pragma once

#include "core/device_facts.h"
#include "core/ident.h"

#include <openssl/x509.h>

/* The subject's serialNumber; "": none that fits. */
void device_serial_of(X509 *certificate, char ret[FACT_SIZE]);
/* `serial`: as above. ERR_NOT_FOUND: it names no device. */
enum err device_name_of(X509 *certificate, const char *serial, struct ident *ret);
