/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that VMs share: the nodes below /shared-memory, and the devices that name them. */
#include "core/base/bits.h"
#include "core/config/guest_map_types.h"
#include "core/config/parser.h"

#define SIZE_MAX_OF GIB(1024)

/* A number whose form the table has passed. */
static bool is_given(const struct parser *p, int node, const char *name)
{
	struct dt_prop prop;

	return dt_prop(p->dt, node, name, &prop) && prop.len == 8;
}

static void check_size(struct parser *p, const struct store_config *store)
{
	if (!is_given(p, store->node, "size")) {
		return; /* reported by the table */
	}
	if (store->size == 0 || store->size % PAGE_SIZE != 0) {
		diag_error(p->diag, p->path, "size",
			   "is 0x%lx bytes: it must be a multiple of 4 KiB (0x1000), and not 0",
			   store->size);
	} else if (store->size > SIZE_MAX_OF) {
		diag_error(p->diag, p->path, "size", "is 0x%lx bytes: at most 1 TiB is possible",
			   store->size);
	} else if (store->pa != CONFIG_PA_ANY &&
		   store->pa > UINT64_MAX - align_up(store->size, CONFIG_PA_ALIGN)) {
		diag_error(p->diag, p->path, "size",
			   "is 0x%lx bytes: address and size together exceed 64 bits", store->size);
	}
}

static void parse_memory(struct parser *p, int node, struct store_config *store)
{
	unsigned int errors = p->diag->error_count;

	*store = (struct store_config){
		.name = dt_name(p->dt, node),
		.index = p->config->store_count++,
		.node = node,
		.size = parser_u64(p, node, "size", 0),
		.pa = parser_u64(p, node, "pa", CONFIG_PA_ANY),
		.at = CONFIG_PA_ANY,
		.shared = true,
	};
	parser_check_name(p, node);
	parser_check_node(p, node, BINDING_SHARED_MEMORY, NULL);
	check_size(p, store);
	if (is_given(p, node, "pa") && !is_aligned(store->pa, CONFIG_PA_ALIGN)) {
		diag_error(p->diag, p->path, "pa",
			   "is 0x%lx: it must be a multiple of 2 MiB (0x200000)", store->pa);
	}
	store->refused = p->diag->error_count != errors;
	p->inside += p->diag->error_count - errors;
}

void parser_shared_memories(struct parser *p, int node)
{
	struct config *config = p->config;

	if (node == DT_NONE) {
		return;
	}
	parser_check_node(p, node, BINDING_SHARED_MEMORIES, NULL);
	for (int child = dt_first_child(p->dt, node); child != DT_NONE;
	     child = dt_next_sibling(p->dt, child)) {
		if (!parser_enabled(p, child)) {
			continue;
		}
		if (config->store_count == CONFIG_STORE_MAX) {
			parser_at(p, node);
			diag_error(p->diag, p->path, NULL, "has more than %u shared memories",
				   CONFIG_STORE_MAX);
			return;
		}
		parse_memory(p, child, &config->store[config->store_count]);
	}
}

/* What the device names; NULL: absent, or told of. */
static struct store_config *memory_of(struct parser *p, int node)
{
	int target = dt_by_phandle(p->dt, parser_u32(p, node, "memory-region", 0));
	char path[CONFIG_PATH_MAX];

	if (target == DT_NONE) {
		return NULL;
	}
	for (uint32_t i = 0; i < p->config->store_count; i++) {
		struct store_config *store = &p->config->store[i];

		if (!store->shared || store->node != target) {
			continue;
		}
		if (store->refused) {
			diag_error(p->diag, p->path, "memory-region",
				   "the shared memory \"%s\" has errors of its own", store->name);
			return NULL;
		}
		return store;
	}
	diag_error(p->diag, p->path, "memory-region",
		   "%s is not an enabled shared memory: these stand below /shared-memory",
		   dt_path(p->dt, target, path, sizeof(path)));
	return NULL;
}

/* The VM's other share of the same memory, or NULL. */
static const struct share_config *other_share(const struct vm_config *vm,
					      const struct store_config *store)
{
	for (uint32_t i = 0; i < vm->share_count; i++) {
		if (vm->share[i].store == store) {
			return &vm->share[i];
		}
	}
	return NULL;
}

static bool check_ipa(struct parser *p, const struct share_config *share)
{
	if (share->ipa == CONFIG_IPA_ANY) {
		return true;
	}
	if (!is_aligned(share->ipa, PAGE_SIZE)) {
		diag_error(p->diag, p->path, "ipa",
			   "is 0x%lx: it must be a multiple of 4 KiB (0x1000)", share->ipa);
		return false;
	}
	if (share->ipa + share->store->size < share->ipa) {
		diag_error(p->diag, p->path, "ipa", "is 0x%lx: the memory would reach past 64 bits",
			   share->ipa);
		return false;
	}
	return true;
}

void parser_share(struct parser *p, int node, struct vm_config *vm)
{
	struct config *config = p->config;
	struct share_config *share = &config->share[config->share_count];
	const struct share_config *other;
	struct store_config *store = memory_of(p, node);

	if (store == NULL) {
		return;
	}
	if (config->share_count == CONFIG_SHARE_MAX) {
		diag_error(p->diag, p->path, NULL,
			   "is one share too many: all VMs together have at most %u",
			   CONFIG_SHARE_MAX);
		return;
	}
	other = other_share(vm, store);
	if (other != NULL) {
		diag_error(p->diag, p->path, "memory-region",
			   "\"%s\" is what \"%s\" of this VM names: a VM has a shared memory once",
			   store->name, other->name);
		return;
	}
	*share = (struct share_config){
		.name = dt_name(p->dt, node),
		.store = store,
		.ipa = parser_u64(p, node, "ipa", CONFIG_IPA_ANY),
		.read_only = dt_prop(p->dt, node, "read-only", NULL),
	};
	if (check_ipa(p, share)) {
		store->users |= BIT(vm->index);
		config->share_count++;
		vm->share_count++;
	}
}
