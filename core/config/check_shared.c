/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that VMs share: where the config says that it is, nothing else may be. */
#include "core/base/bits.h"
#include "core/base/format.h"
#include "core/config/checker.h"

#define VM_WORDS_MAX 64

static const char *path_of(const struct store_config *store, char *buf, size_t size)
{
	format(buf, size, "/shared-memory/%s", store->name);
	return buf;
}

/* The board has to have whole blocks for it. */
static struct prange place_of(const struct store_config *store)
{
	return (struct prange){store->pa, align_up(store->size, CONFIG_PA_ALIGN)};
}

/* None of its VMs can do without. */
static void refuse(struct checker *c, struct store_config *store)
{
	store->refused = true;
	for (uint32_t i = 0; i < c->config->vm_count; i++) {
		struct vm_config *vm = &c->config->vm[i];

		for (uint32_t k = 0; k < vm->share_count; k++) {
			char path[CHECKER_PATH_MAX];

			if (vm->share[k].store != store) {
				continue;
			}
			checker_look_at(c, vm);
			diag_error(c->diag,
				   checker_device_path(c, vm->share[k].name, path, sizeof(path)),
				   "memory-region",
				   "the shared memory \"%s\" has errors of its own", store->name);
			vm->refused = true;
		}
	}
}

static void refuse_over(struct checker *c, struct store_config *store, const char *what,
			struct prange taken)
{
	char path[CHECKER_PATH_MAX];

	diag_error(c->diag, path_of(store, path, sizeof(path)), "pa",
		   "0x%lx to 0x%lx lies over %s (0x%lx to 0x%lx)", store->pa,
		   store->pa + place_of(store).size - 1, what, taken.base,
		   taken.base + taken.size - 1);
	refuse(c, store);
}

/* A region of RAM with a fixed place that lies there; NULL: none. */
static const struct ram_config *ram_there(struct config *config, struct prange wanted,
					  const struct vm_config **owner)
{
	for (uint32_t i = 0; i < config->vm_count; i++) {
		for (uint32_t k = 0; k < config->vm[i].ram_count; k++) {
			const struct ram_config *ram = &config->vm[i].ram[k];

			if (ram->pa != CONFIG_PA_ANY &&
			    ranges_overlap(ram->pa, ram->size, wanted.base, wanted.size)) {
				*owner = &config->vm[i];
				return ram;
			}
		}
	}
	return NULL;
}

/* One before it in the config that lies there; NULL: none. */
static const struct store_config *earlier_there(const struct config *config,
						const struct store_config *store)
{
	struct prange wanted = place_of(store);

	for (const struct store_config *other = config->store; other != store; other++) {
		struct prange there = place_of(other);

		if (other->pa != CONFIG_PA_ANY && !other->refused &&
		    ranges_overlap(there.base, there.size, wanted.base, wanted.size)) {
			return other;
		}
	}
	return NULL;
}

static void check_place(struct checker *c, struct store_config *store)
{
	struct prange wanted = place_of(store), taken = {0};
	const char *what = checker_find_taken(c, wanted, &taken);
	const struct vm_config *owner = NULL;
	const struct ram_config *ram = ram_there(c->config, wanted, &owner);
	const struct store_config *other = earlier_there(c->config, store);
	char words[VM_WORDS_MAX], path[CHECKER_PATH_MAX];

	if (what != NULL) {
		refuse_over(c, store, what, taken);
	} else if (!checker_is_memory(c, wanted)) {
		diag_error(c->diag, path_of(store, path, sizeof(path)), "pa",
			   "0x%lx to 0x%lx is not all memory of the board: its banks are in the "
			   "banner, and in the memory nodes of its device tree",
			   wanted.base, wanted.base + wanted.size - 1);
		refuse(c, store);
	} else if (ram != NULL) {
		format(words, sizeof(words), "RAM of VM \"%s\"", owner->name);
		refuse_over(c, store, words, (struct prange){ram->pa, ram->size});
	} else if (other != NULL) {
		format(words, sizeof(words), "the shared memory \"%s\"", other->name);
		refuse_over(c, store, words, place_of(other));
	}
}

void checker_shared(struct checker *c)
{
	for (uint32_t i = 0; i < c->config->store_count; i++) {
		struct store_config *store = &c->config->store[i];
		char path[CHECKER_PATH_MAX];

		if (!store->shared || store->refused) {
			continue;
		}
		if (store->users == 0) {
			diag_note(c->diag, path_of(store, path, sizeof(path)), NULL,
				  "no VM has it, so it takes no memory: a device "
				  "\"bulkhead,shared-memory\" with this `memory-region` gives it "
				  "to a VM");
		}
		if (store->pa != CONFIG_PA_ANY) {
			check_place(c, store);
		}
	}
}
