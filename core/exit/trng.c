/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers for guests. DEN 0098. */
#include "core/exit/trng.h"

#include "core/arm64/smccc.h"
#include "core/vm/random.h"
#include "core/vm/vm.h"
#include "drivers/hw/entropy.h"

#define WORDS 3 /* of a result */

/* Bits of one call: DEN 0098 2.4 */
#define RND32_MAX 96
#define RND64_MAX 192

/* Of this implementation: 68f802a4-0232-4291-9900-a324741f0a6d, as RFC 4122 bytes in words. */
static const uint32_t uuid[4] = {0xa402f868, 0x91423202, 0x24a30099, 0x6d0a1f74};

bool trng_owns(uint32_t id)
{
	return (id >= TRNG_VERSION && id <= TRNG_RND32) || id == TRNG_RND64;
}

/* `bits` of words, the lowest first; what is above them is 0. */
static int64_t fill(struct vm *vm, uint64_t words[WORDS], uint64_t bits)
{
	uint32_t count = (uint32_t)((bits + 63) / 64);

	if (vm_random(vm, words, count * sizeof(*words)) != 0) {
		return TRNG_NO_ENTROPY;
	}
	for (uint32_t i = 0; i < WORDS; i++) {
		uint64_t left = bits > 64 * i ? bits - 64 * i : 0;

		words[i] &= left >= 64 ? UINT64_MAX : BIT(left) - 1;
	}
	return SMCCC_SUCCESS;
}

static int64_t random(struct vcpu *vcpu, bool wide)
{
	uint64_t bits = wide ? vcpu->regs.x[1] : (uint32_t)vcpu->regs.x[1];
	uint64_t words[WORDS] = {0};
	int64_t ret = TRNG_INVALID_PARAMETERS;

	if (bits != 0 && bits <= (wide ? RND64_MAX : RND32_MAX)) {
		ret = fill(vcpu->vm, words, bits);
	}
	/* nothing but bits that were asked for: DEN 0098 2.4 */
	if (wide) {
		vcpu->regs.x[3] = words[0];
		vcpu->regs.x[2] = words[1];
		vcpu->regs.x[1] = words[2];
	} else {
		vcpu->regs.x[3] = (uint32_t)words[0];
		vcpu->regs.x[2] = words[0] >> 32;
		vcpu->regs.x[1] = (uint32_t)words[1];
	}
	return ret;
}

void trng_call(struct vcpu *vcpu, uint32_t id)
{
	int64_t ret = SMCCC_NOT_SUPPORTED;

	if (entropy_source() == ENTROPY_NONE) {
		vcpu->regs.x[0] = (uint64_t)ret;
		return;
	}
	switch (id) {
	case TRNG_VERSION:
		ret = TRNG_VERSION_1_0;
		break;
	case TRNG_FEATURES:
		ret = trng_owns((uint32_t)vcpu->regs.x[1]) ? SMCCC_SUCCESS : SMCCC_NOT_SUPPORTED;
		break;
	case TRNG_GET_UUID:
		ret = uuid[0];
		for (uint32_t i = 1; i < ARRAY_COUNT(uuid); i++) {
			vcpu->regs.x[i] = uuid[i];
		}
		break;
	case TRNG_RND32:
	case TRNG_RND64:
		ret = random(vcpu, id == TRNG_RND64);
		break;
	default:
		break;
	}
	vcpu->regs.x[0] = (uint64_t)ret;
}
