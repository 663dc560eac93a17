// SPDX-License-Identifier: Apache-2.0
#include "registry/owners/owners.h"

#include "store/ring.h"

#include <stdlib.h>

enum { OFFERING_ADDRESSES = 4096 };

enum err owners_start_up(struct registry *registry)
{
	const struct ring_secret references = {"owner-references", FIND_SETTING, ADD_SETTING};

	registry->owners = calloc(1, sizeof(*registry->owners));
	if (!registry->owners) {
		return err_fail(ERR_MEMORY, "owners: out of memory");
	}
	TRY(ring_open_secret(registry->store, loop_env(registry->loop), registry->ring, &references,
		&registry->owners->reference_key));
	TRY(rates_new(OFFERING_ADDRESSES, &registry->owners->offers));
	TRY(manufacturers_start_up(registry));
	TRY(import_start_up(registry));
	return application_rules_start_up(registry);
}

void owners_shut_down(struct registry *registry)
{
	struct owners *owners = registry->owners;

	if (!owners) {
		return;
	}
	application_rules_shut_down(owners);
	import_shut_down(owners);
	manufacturers_shut_down(owners);
	rates_free(owners->offers);
	secret_wipe(&owners->reference_key);
	free(owners);
	registry->owners = NULL;
}

void owners_reload(struct registry *registry, const struct registry_conf *conf)
{
	struct registry_conf *own = registry->conf;

	own->import_failures = conf->import_failures;
	own->manufacturers_preregister = conf->manufacturers_preregister;
	own->ownership_by_device = conf->ownership_by_device;
	own->ownership_verified = conf->ownership_verified;
	own->ownership_transfer = conf->ownership_transfer;
	own->ownership_offer = conf->ownership_offer;
	own->ownership_offers = conf->ownership_offers;
	own->ownership_revoked_by = conf->ownership_revoked_by;
	own->lifecycle_by_manufacturer = conf->lifecycle_by_manufacturer;
	own->lifecycle_by_agency = conf->lifecycle_by_agency;
}
