// SPDX-License-Identifier: Apache-2.0
/*
 * check: whether a configuration that is right in itself fits the machine: files are there and private, certificates
 * are of the right name and in date, names resolve, addresses can be listened at and not twice. It goes by what options
 * are called: "*.certificate", "*.key", "*.authority", "*.master_key", "*.listen", "*.socket", "address", "backend",
 * "store.url". Nothing is changed.
 */
#pragma once

#include "base/conf.h"

struct check_report {
	FILE *to;
	unsigned faults, warnings;
};

/* A line for each thing that is not as it must be, with what to do. */
void check_machine(const struct conf_option *rows, const void *conf, struct check_report *report);
