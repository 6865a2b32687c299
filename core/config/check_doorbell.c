/* SPDX-License-Identifier: Apache-2.0 */
/* Doorbells: each two belong together. */
#include "core/config/checker.h"

/* The doorbell of a node; NULL: it is none, or not enabled. */
static struct doorbell_config *find(struct config *config, int node)
{
	for (uint32_t i = 0; i < config->doorbell_count; i++) {
		if (config->doorbell[i].node == node) {
			return &config->doorbell[i];
		}
	}
	return NULL;
}

static bool is_of(const struct vm_config *vm, const struct doorbell_config *doorbell)
{
	for (uint32_t i = 0; i < vm->device_count; i++) {
		const struct vdev_config *device = &vm->device[i];

		if (device->doorbell_count != 0 && doorbell >= device->doorbell &&
		    doorbell < device->doorbell + device->doorbell_count) {
			return true;
		}
	}
	return false;
}

static void check_one(struct checker *c, struct doorbell_config *doorbell)
{
	struct doorbell_config *peer = find(c->config, doorbell->peer_node);
	char path[CHECKER_PATH_MAX], other[CHECKER_PATH_MAX], third[CHECKER_PATH_MAX];

	if (doorbell->peer_node == DT_NONE) {
		return; /* told of */
	}
	checker_device_path(c, doorbell->name, path, sizeof(path));
	dt_path(c->config->tree, doorbell->peer_node, other, sizeof(other));
	if (peer == NULL) {
		diag_error(c->diag, path, "peer", "%s is no enabled doorbell of another VM", other);
	} else if (is_of(c->vm, peer)) {
		diag_error(c->diag, path, "peer",
			   "%s belongs to the same VM: a doorbell leads to another one", other);
	} else if (peer->peer_node != doorbell->node) {
		diag_error(c->diag, path, "peer",
			   "%s does not point back: its peer is %s, where this one should stand",
			   other, dt_path(c->config->tree, peer->peer_node, third, sizeof(third)));
	} else {
		doorbell->peer = peer;
	}
}

void checker_doorbells(struct checker *c)
{
	for (uint32_t i = 0; i < c->vm->device_count; i++) {
		const struct vdev_config *device = &c->vm->device[i];

		for (uint32_t k = 0; k < device->doorbell_count; k++) {
			check_one(c, &device->doorbell[k]);
		}
	}
}
