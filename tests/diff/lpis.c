/* SPDX-License-Identifier: Apache-2.0 */
/* LPIs and the ITS: what is asked of them, as far as the architecture says what comes of it. */
#include "tests/diff/lpis.h"

#include "tests/guest/lib/arm64.h"
#include "tests/guest/lib/its.h"
#include "tests/guest/lib/machine.h"

#define DEVICES	    4
#define EVENTS	    4
#define SLOTS	    (DEVICES * EVENTS)
#define COLLECTIONS 4
#define MAPI_DEVICE 3 /* whose events have their LPIs' numbers */
#define MAPI_BITS   14
#define QUEUED_MAX  64

#define CMD_MAPD    0x08
#define CMD_MAPI    0x0b
#define CMD_SYNC    0x05
#define LOG_NOTHING UINT64_C(0x6e6f6e65) /* "none" */
#define LOG_STUCK   UINT64_C(0x737475636b)

struct slot {
	bool mapped;
	uint8_t alt, icid;
};

static struct {
	bool device[DEVICES];
	struct slot slot[SLOTS];
	bool collection[COLLECTIONS];
	uint8_t target[COLLECTIONS];
	bool dirty[2 * SLOTS]; /* configured, not invalidated */
	unsigned int queued, off, cpus;
} its;

static uint8_t mapi_itt[(1 << MAPI_BITS) * 16] __attribute__((aligned(256)));

/* What an operation names. */
struct what {
	unsigned int device, event, icid, other, index;
	struct slot *slot;
	uint8_t byte;
};

static unsigned int lpi_of(unsigned int index, unsigned int alt)
{
	return ITS_LPI + alt * SLOTS + index;
}

/* The EventID of a slot. */
static unsigned int event_of(unsigned int index, unsigned int alt)
{
	return index / EVENTS == MAPI_DEVICE ? lpi_of(index, alt) : index % EVENTS;
}

static void put(struct its_command command)
{
	its_put(command);
	its.queued++;
}

static void flush(void)
{
	if (!its_wait()) {
		log_word(LOG_STUCK);
	}
	its.queued = 0;
	log_word(mmio_read64(ITS_BASE + GITS_CREADR));
}

/* A command about an event, mapped or not. */
static void put_event(unsigned int index, struct its_command (*of)(unsigned int, unsigned int))
{
	put(of(index / EVENTS, event_of(index, its.slot[index].alt)));
}

static bool is_reachable(const struct slot *slot)
{
	return slot->mapped && its.collection[slot->icid];
}

static void discard(unsigned int index)
{
	put_event(index, its_discard);
	if (is_reachable(&its.slot[index])) {
		its.slot[index].mapped = false;
	}
}

static void clear_collection(unsigned int icid)
{
	for (unsigned int i = 0; i < SLOTS; i++) {
		if (is_reachable(&its.slot[i]) && its.slot[i].icid == icid) {
			put_event(i, its_clear);
		}
	}
}

static void clean(unsigned int index)
{
	if (is_reachable(&its.slot[index])) {
		its.dirty[its.slot[index].alt * SLOTS + index] = false;
	}
}

/* The ITT's entries that are in use. */
static void zero_mapi_itt(void)
{
	uint64_t typer = mmio_read64(ITS_BASE + GITS_TYPER);
	uint64_t entry = FIELD_GET(GITS_TYPER_ITT_SIZE, typer) + 1;

	for (uint64_t i = ITS_LPI * entry; i < (ITS_LPI + 2 * SLOTS) * entry; i++) {
		mapi_itt[i] = 0;
	}
}

static void map_device(unsigned int device, bool valid)
{
	for (unsigned int i = device * EVENTS; i < (device + 1) * EVENTS; i++) {
		if (its.device[device] && is_reachable(&its.slot[i])) {
			discard(i);
		}
	}
	if (valid) {
		/* the ITS still has the tables until the device is unmapped */
		flush();
	}
	if (device == MAPI_DEVICE) {
		if (valid) {
			zero_mapi_itt();
		}
		put((struct its_command){{CMD_MAPD | (uint64_t)device << 32, MAPI_BITS - 1,
					  (uint64_t)mapi_itt | (uint64_t)valid << 63, 0}});
	} else {
		put(its_mapd(device, valid));
	}
	for (unsigned int i = device * EVENTS; i < (device + 1) * EVENTS; i++) {
		its.slot[i].mapped = false;
	}
	its.device[device] = valid;
}

static void map_event(const struct what *what)
{
	if (what->slot->mapped) {
		discard(what->index);
	}
	if (what->slot->mapped) {
		log_word(LOG_NOTHING);
		return;
	}
	what->slot->alt = (uint8_t)what->other;
	what->slot->icid = (uint8_t)what->icid;
	what->slot->mapped = its.device[what->device];
	if (what->device == MAPI_DEVICE) {
		put((struct its_command){{CMD_MAPI | (uint64_t)what->device << 32,
					  event_of(what->index, what->other), what->icid, 0}});
	} else {
		put(its_mapti(what->device, what->event, lpi_of(what->index, what->other),
			      what->icid));
	}
}

static void map_collection(const struct what *what, bool valid)
{
	clear_collection(what->icid);
	put(its_mapc(what->icid, what->other, valid));
	its.collection[what->icid] = valid;
	its.target[what->icid] = (uint8_t)what->other;
}

static void move_event(const struct what *what)
{
	put(its_movi(what->device, event_of(what->index, what->slot->alt), what->icid));
	if (is_reachable(what->slot) && its.collection[what->icid]) {
		what->slot->icid = (uint8_t)what->icid;
	}
}

static void move_all(unsigned int from, unsigned int to)
{
	for (unsigned int i = 0; i < COLLECTIONS; i++) {
		if (its.collection[i] && its.target[i] == from) {
			put(its_mapc(i, to, true));
			its.target[i] = (uint8_t)to;
		}
	}
	put(its_movall(from, to));
}

static void configure(const struct what *what, bool invalidate)
{
	unsigned int dirty = what->other * SLOTS + what->index;
	bool in_use = is_reachable(what->slot) && what->slot->alt == what->other;

	if (!invalidate && in_use) {
		put_event(what->index, its_clear);
	}
	flush();
	its_configure(ITS_LPI + dirty, what->byte);
	its.dirty[dirty] = true;
	if (invalidate && in_use) {
		put_event(what->index, its_inv);
		clean(what->index);
		flush(); /* until then either configuration may count */
	}
}

static void switch_lpis(unsigned int cpu, bool on)
{
	flush();
	if (on) {
		its_lpis_on(cpu, false);
		its.off &= ~(1U << cpu);
	} else {
		its_lpis_off(cpu);
		its.off |= 1U << cpu;
	}
}

static void log_pending(unsigned int cpu)
{
	for (unsigned int i = 0; i < 2 * SLOTS; i += 8) {
		log_word(its_pending_byte(cpu, ITS_LPI + i));
	}
}

/* Not where some CPU has its LPIs off: what is pending would be in two tables. */
static void change(enum its_op op, const struct what *what)
{
	if (its.off != 0) {
		log_word(LOG_NOTHING);
		return;
	}
	switch (op) {
	case ITS_MAPD:
	case ITS_UNMAPD:
		map_device(what->device, op == ITS_MAPD);
		break;
	case ITS_MAPTI:
		map_event(what);
		break;
	case ITS_MAPC:
	case ITS_UNMAPC:
		map_collection(what, op == ITS_MAPC);
		break;
	case ITS_MOVI:
		move_event(what);
		break;
	case ITS_MOVALL:
		move_all(what->icid % its.cpus, what->other);
		break;
	case ITS_DISCARD:
		discard(what->index);
		break;
	case ITS_CLEAR:
		put_event(what->index, its_clear);
		break;
	default:
		configure(what, false);
		break;
	}
}

static void use(enum its_op op, const struct what *what)
{
	switch (op) {
	case ITS_INV:
		put_event(what->index, its_inv);
		clean(what->index);
		break;
	case ITS_INVALL:
		put(its_invall(what->icid));
		for (unsigned int i = 0; i < SLOTS; i++) {
			if (its.slot[i].icid == what->icid) {
				clean(i);
			}
		}
		break;
	case ITS_INT:
		if (its.dirty[what->slot->alt * SLOTS + what->index]) {
			log_word(LOG_NOTHING);
		} else {
			put_event(what->index, its_int);
		}
		break;
	case ITS_SYNC:
		put((struct its_command){{CMD_SYNC, 0, (uint64_t)what->other << 16, 0}});
		break;
	case ITS_CONFIG_INV:
		configure(what, true);
		break;
	case ITS_LPIS_OFF:
	case ITS_LPIS_ON:
		if ((its.off >> what->other & 1) == (op == ITS_LPIS_ON)) {
			switch_lpis(what->other, op == ITS_LPIS_ON);
		}
		break;
	case ITS_PENDING:
		if (its.off >> what->other & 1) {
			log_pending(what->other);
		}
		break;
	default:
		change(op, what);
		break;
	}
}

void lpis_do(const volatile struct op *op)
{
	struct what what = {
		.device = FIELD_GET(ITS_DEVICE, op->value) % DEVICES,
		.event = FIELD_GET(ITS_EVENT, op->value) % EVENTS,
		.icid = FIELD_GET(ITS_ICID, op->value) % COLLECTIONS,
		.other = (unsigned int)FIELD_GET(ITS_OTHER, op->value),
		.byte = (uint8_t)FIELD_GET(ITS_CONFIG_BYTE, op->value),
	};

	what.index = what.device * EVENTS + what.event;
	what.slot = &its.slot[what.index];
	use(op->where, &what);
	if ((op->value & ITS_QUEUED) == 0 || its.queued > QUEUED_MAX) {
		flush();
	}
}

void lpis_reset(unsigned int cpus, unsigned int how)
{
	its_write_halves((how & PROGRAM_HALVES) != 0);
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		its_lpis_forget(cpu);
	}
	its_setup(cpus);
	if ((how & PROGRAM_TWO_LEVELS) != 0) {
		its_restart(true);
	}
	for (unsigned int i = 0; i < SLOTS; i++) {
		its.slot[i] = (struct slot){0};
		its.dirty[i] = its.dirty[i + SLOTS] = false;
	}
	for (unsigned int i = 0; i < COLLECTIONS; i++) {
		its.device[i] = false;
		its.collection[i] = i < cpus;
		its.target[i] = (uint8_t)i;
		if (i < cpus) {
			its_do(its_invall(i));
		}
	}
	its.queued = its.off = 0;
	its.cpus = cpus;
}
