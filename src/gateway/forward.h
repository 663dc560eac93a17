// SPDX-License-Identifier: Apache-2.0
/* forward: requests of devices to an application's HTTP backend, and its answers back. */
#pragma once

#include "gateway/gateway.h"

enum err forward_open_pool(struct gateway *gateway);
enum err forward_open(struct application *application);
void forward_close(struct application *application);
