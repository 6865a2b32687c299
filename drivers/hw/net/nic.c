/* SPDX-License-Identifier: Apache-2.0 */
/* Network interfaces of the board: whose a buffer is, and when what came is looked at. */
#include "drivers/hw/net/nic.h"

#include "core/base/atomic.h"
#include "core/base/bits.h"
#include "core/base/errno.h"
#include "core/base/printk.h"

#define GONE_MAX 3 /* buffers that have gone and are looked at by who takes one */

/* It is given up: for what it does. Any CPU, no locks. */
static void give_up(struct nic *nic, const char *what)
{
	bool at_rest;

	if (atomic_exchange(&nic->broken, true)) {
		return;
	}
	at_rest = nic->ops->reset(nic);
	log_error("the NIC %s %s: %s, and nothing comes or goes by it until the board is reset",
		  nic->name, what, at_rest ? "it was reset" : "it does not come out of its reset");
}

static void break_rules(struct nic *nic)
{
	give_up(nic, "breaks the rules of its kind");
}

/* -- sending -- */

static void free_locked(struct nic *nic, uint32_t index)
{
	nic->free |= BIT(index);
	nic->free_count++;
	nic->of[index]->held--;
}

/* 0 or -EIO. */
static int look_what_has_gone_locked(struct nic *nic)
{
	uint32_t index;
	int got = 1;

	for (uint32_t i = 0; i < GONE_MAX && got == 1; i++) {
		got = nic->ops->sent(nic, &index);
		if (got == 1) {
			free_locked(nic, index);
		}
	}
	return got < 0 ? got : 0;
}

static int take_locked(struct nic *nic, struct nic_sender *sender, struct nic_buffer *buffer)
{
	uint32_t index;

	if (nic->free_count == 0 ||
	    (nic->free_count <= nic->out_count / 2 && sender->held >= nic->share)) {
		return -ENOSPC;
	}
	index = (uint32_t)__builtin_ctzll(nic->free);
	nic->free &= ~BIT(index);
	nic->free_count--;
	nic->of[index] = sender;
	sender->held++;
	*buffer = (struct nic_buffer){nic->out + index * NIC_BUFFER_SIZE + NIC_ROOM, index};
	return 0;
}

int nic_take(struct nic *nic, struct nic_sender *sender, struct nic_buffer *buffer)
{
	int err;

	if (atomic_read(&nic->broken) || !atomic_read(&nic->up)) {
		return -ENODEV;
	}
	spin_lock(&nic->lock);
	err = look_what_has_gone_locked(nic);
	err = err != 0 ? err : take_locked(nic, sender, buffer);
	spin_unlock(&nic->lock);
	if (err == -EIO) {
		break_rules(nic);
		return -ENODEV;
	}
	return err;
}

void nic_send(struct nic *nic, struct nic_buffer *buffer, uint32_t size)
{
	spin_lock(&nic->lock);
	if (atomic_read(&nic->broken)) {
		free_locked(nic, buffer->index);
	} else {
		nic->ops->send(nic, buffer->index, size);
	}
	spin_unlock(&nic->lock);
	buffer->frame = NULL;
}

void nic_put(struct nic *nic, struct nic_buffer *buffer)
{
	spin_lock(&nic->lock);
	free_locked(nic, buffer->index);
	spin_unlock(&nic->lock);
	buffer->frame = NULL;
}

/* -- receiving -- */

bool nic_next(struct nic *nic, uint8_t **frame, uint32_t *size)
{
	int got = 0;

	if (!atomic_read(&nic->broken)) {
		got = nic->ops->received(nic, &nic->taken, size);
	}
	if (got < 0) {
		break_rules(nic);
		return false;
	}
	*frame = nic->in + nic->taken * NIC_BUFFER_SIZE + NIC_ROOM;
	return got == 1;
}

void nic_done(struct nic *nic)
{
	if (!atomic_read(&nic->broken)) {
		nic->ops->give(nic, nic->taken);
	}
}

/* Patient work: as much as a step may be, and a gap after it. */
static void go_on(struct deadline *deadline)
{
	struct nic *nic = CONTAINER_OF(deadline, struct nic, later);

	if (nic->asks) {
		give_up(nic, "can't go on and asks for a reset");
	}
	if (!atomic_read(&nic->broken) && nic->ops->is_spent(nic)) {
		atomic_set(&nic->spent, nic->spent + 1);
	}
	/* one that is given up, too: what it gave before goes on its way */
	if (!nic->work(nic)) {
		if (atomic_read(&nic->broken)) {
			return; /* whatever it does: it is masked, or will be */
		}
		/* one may have come before it saw that it is to interrupt again */
		nic->ops->quiet(nic, false);
		hw_line_done(&nic->line);
		if (!nic->work(nic)) {
			return;
		}
	}
	deadline_set(deadline, deadline_now());
}

void nic_interrupt(struct nic *nic)
{
	nic->asks = !nic->ops->acknowledge(nic) || nic->asks;
	if (hw_line_taken(&nic->line)) {
		nic->ops->quiet(nic, true);
		deadline_set(&nic->later, deadline_now());
	}
}

void nic_init(struct nic *nic)
{
	spin_init(&nic->lock, RANK_HW);
	nic->free = nic->out_count == NIC_BUFFERS ? UINT64_MAX : BIT(nic->out_count) - 1;
	nic->free_count = nic->out_count;
	nic->line.busy = nic->line.masked = nic->asks = false;
	deadline_init(&nic->later, NULL, go_on);
	deadline_is_patient(&nic->later);
}
