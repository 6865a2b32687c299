/* SPDX-License-Identifier: Apache-2.0 */
/* The ITS's commands. IHI 0069H 5.3. */
#include "core/base/errno.h"
#include "irq/vgic/vits_state.h"
#include "irq/vgic/vlpi.h"
#include "mm/cache.h"

/* A command: four words. Fields that several have are in the same place. */
struct command {
	uint64_t word[4];
};

enum opcode {
	CMD_MOVI = 0x01,
	CMD_INT = 0x03,
	CMD_CLEAR = 0x04,
	CMD_SYNC = 0x05,
	CMD_MAPD = 0x08,
	CMD_MAPC = 0x09,
	CMD_MAPTI = 0x0a,
	CMD_MAPI = 0x0b,
	CMD_INV = 0x0c,
	CMD_INVALL = 0x0d,
	CMD_MOVALL = 0x0e,
	CMD_DISCARD = 0x0f,
};

#define CMD_OPCODE    BITS(7, 0)   /* word 0 */
#define CMD_DEVICE    BITS(63, 32) /* word 0 */
#define CMD_EVENT     BITS(31, 0)  /* word 1 */
#define CMD_PINTID    BITS(63, 32) /* word 1 */
#define CMD_MAPD_SIZE BITS(4, 0)   /* word 1 */
#define CMD_ICID      BITS(15, 0)  /* word 2 */
#define CMD_RDBASE    BITS(50, 16) /* words 2 and 3; GITS_TYPER.PTA = 0: a vCPU's number */
#define CMD_VALID     BIT(63)	   /* word 2 */
#define CMD_ITT	      BITS(51, 8)  /* word 2 */

/* What one step may do: a plain command is 1. Between two steps interrupts are taken, and others of
 * this CPU may go first. In parts of about a hundred instructions. */
#define STEP_COST 8
#define SYNC_COST 1
#define MAP_COST  4

static uint32_t device_of(const struct command *cmd)
{
	return (uint32_t)FIELD_GET(CMD_DEVICE, cmd->word[0]);
}

static uint32_t event_of(const struct command *cmd)
{
	return (uint32_t)FIELD_GET(CMD_EVENT, cmd->word[1]);
}

static uint32_t icid_of(const struct command *cmd)
{
	return (uint32_t)FIELD_GET(CMD_ICID, cmd->word[2]);
}

static uint32_t intid_of(const struct vits_event *event)
{
	return (uint32_t)FIELD_GET(ENTRY_INTID, event->entry);
}

/* NULL: no vCPU has that number */
static struct vcpu *vcpu_of(const struct vits *its, uint64_t word)
{
	uint64_t index = FIELD_GET(CMD_RDBASE, word);

	return index < its->vm->vcpu_count ? its->vm->vcpu[index] : NULL;
}

/* MAPD */
static int map_device(struct vits *its, const struct command *cmd)
{
	uint64_t bits = FIELD_GET(CMD_MAPD_SIZE, cmd->word[1]), entry = 0;

	if ((cmd->word[2] & CMD_VALID) != 0) {
		entry = ENTRY_VALID | (cmd->word[2] & CMD_ITT) | bits;
	}
	if (bits >= VITS_ID_BITS) {
		return -ERANGE;
	}
	return vits_map_device_locked(its, device_of(cmd), entry);
}

/* MAPC */
static int map_collection(struct vits *its, const struct command *cmd)
{
	const struct vcpu *target = vcpu_of(its, cmd->word[2]);

	if ((cmd->word[2] & CMD_VALID) == 0) {
		return vits_map_collection_locked(its, icid_of(cmd), 0);
	}
	if (target == NULL) {
		return -ERANGE;
	}
	return vits_map_collection_locked(its, icid_of(cmd), ENTRY_VALID | target->index);
}

/* MAPTI, MAPI */
static int map_event(struct vits *its, const struct command *cmd, uint64_t intid)
{
	uint64_t at;
	int err;

	if (icid_of(cmd) >= its->table[BASER_COLLECTIONS].entries ||
	    !vlpi_exists(its->vm, (uint32_t)intid)) {
		return -ERANGE;
	}
	err = vits_find_place_locked(its, device_of(cmd), event_of(cmd), &at);
	if (err != 0) {
		return err;
	}
	return vits_map_event_locked(its, at,
				     ENTRY_VALID | FIELD_PREP(ENTRY_ICID, icid_of(cmd)) | intid);
}

/* INT, CLEAR, DISCARD, INV: of a mapped event */
static int with_event(struct vits *its, const struct command *cmd, enum opcode opcode)
{
	struct spinlock *lock = &its->vm->vgic.lock;
	struct vits_event event;
	int err = vits_find_event_locked(its, device_of(cmd), event_of(cmd), &event);

	if (err != 0) {
		return err;
	}
	spin_lock(lock);
	if (opcode == CMD_INT) {
		vlpi_pend_locked(event.target, intid_of(&event));
	} else if (opcode == CMD_INV) {
		vlpi_inv_locked(its->vm, intid_of(&event));
	} else {
		vlpi_clear_locked(event.target, intid_of(&event));
	}
	spin_unlock(lock);
	return opcode == CMD_DISCARD ? vits_map_event_locked(its, event.at, 0) : 0;
}

/* MOVI */
static int move_event(struct vits *its, const struct command *cmd)
{
	struct vits_event event;
	struct vcpu *to;
	int err = vits_find_event_locked(its, device_of(cmd), event_of(cmd), &event);

	if (err == 0) {
		err = vits_find_collection_locked(its, icid_of(cmd), &to);
	}
	if (err != 0) {
		return err;
	}
	err = vits_map_event_locked(its, event.at,
				    (event.entry & ~ENTRY_ICID) |
					    FIELD_PREP(ENTRY_ICID, icid_of(cmd)));
	if (err == 0) {
		spin_lock(&its->vm->vgic.lock);
		vlpi_move_locked(event.target, to, intid_of(&event));
		spin_unlock(&its->vm->vgic.lock);
	}
	return err;
}

/* INVALL */
static int invalidate_all(struct vits *its, const struct command *cmd)
{
	struct vcpu *target;
	int err = vits_find_collection_locked(its, icid_of(cmd), &target);

	if (err == 0) {
		spin_lock(&its->vm->vgic.lock);
		vlpi_invall_locked(target);
		spin_unlock(&its->vm->vgic.lock);
	}
	return err;
}

/* MOVALL. -EAGAIN: not all so far */
static int move_all(struct vits *its, const struct command *cmd)
{
	struct vcpu *from = vcpu_of(its, cmd->word[2]), *to = vcpu_of(its, cmd->word[3]);
	bool done;

	if (from == NULL || to == NULL) {
		return -ERANGE;
	}
	spin_lock(&its->vm->vgic.lock);
	done = vlpi_move_all_locked(from, to);
	spin_unlock(&its->vm->vgic.lock);
	return done ? 0 : -EAGAIN;
}

static int execute(struct vits *its, const struct command *cmd)
{
	enum opcode opcode = (enum opcode)FIELD_GET(CMD_OPCODE, cmd->word[0]);

	switch (opcode) {
	case CMD_INT:
	case CMD_CLEAR:
	case CMD_DISCARD:
	case CMD_INV:
		return with_event(its, cmd, opcode);
	case CMD_MAPTI:
		return map_event(its, cmd, FIELD_GET(CMD_PINTID, cmd->word[1]));
	case CMD_MAPI:
		return map_event(its, cmd, event_of(cmd));
	case CMD_MAPD:
		return map_device(its, cmd);
	case CMD_MAPC:
		return map_collection(its, cmd);
	case CMD_MOVI:
		return move_event(its, cmd);
	case CMD_INVALL:
		return invalidate_all(its, cmd);
	case CMD_MOVALL:
		return move_all(its, cmd);
	case CMD_SYNC:
		return 0; /* each command is complete before the next */
	}
	/* those of GICv4 too: GITS_TYPER.Virtual = 0 */
	return -ENOSYS;
}

bool vits_is_due_locked(const struct vits *its)
{
	/* a place outside the queue: nothing is executed */
	return its->enabled && !its->stalled && its->write < its->queue_size &&
	       its->read < its->queue_size && its->read != its->write;
}

static uint32_t cost_of(const struct command *cmd)
{
	switch ((enum opcode)FIELD_GET(CMD_OPCODE, cmd->word[0])) {
	case CMD_SYNC:
		return SYNC_COST;
	case CMD_MAPD:
	case CMD_MAPC:
	case CMD_MAPTI:
	case CMD_MAPI:
		return MAP_COST;
	default:
		return STEP_COST;
	}
}

/* The next command; -EAGAIN: it is the next one again. */
static int run_one(struct vits *its, uint32_t *cost)
{
	const uint64_t *place;
	struct command cmd;
	int err;

	place = vits_reach(its, (its->cbaser & GITS_CBASER_ADDRESS) + its->read, sizeof(cmd));
	if (place == NULL) {
		return -EFAULT;
	}
	if (unlikely(its->queue_uncached)) {
		cache_clean_invalidate(place, sizeof(cmd));
	}
	/* once, and only the copy is used */
	for (uint32_t i = 0; i < ARRAY_COUNT(cmd.word); i++) {
		cmd.word[i] = atomic_read(&place[i]);
	}
	err = execute(its, &cmd);
	*cost += cost_of(&cmd);
	return err;
}

void vits_run_locked(struct vits *its, struct vcpu *by)
{
	uint32_t cost = 0;
	bool due = vits_is_due_locked(its);

	SPIN_ASSERT_HELD(&its->lock);
	while (due && cost < STEP_COST) {
		int err = run_one(its, &cost);

		if (unlikely(err == -EAGAIN)) {
			break;
		}
		if (unlikely(err == -EFAULT)) {
			its->stalled = true;
			due = false;
			break;
		}
		its->read += VITS_COMMAND_SIZE;
		if (its->read == its->queue_size) {
			its->read = 0;
		}
		due = its->read != its->write;
	}
	atomic_set(&its->runner, due ? by : NULL);
	if (unlikely(due)) {
		vgic_post(by, VGIC_LOOK_LPIS);
	}
}
