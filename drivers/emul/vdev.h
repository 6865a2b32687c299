/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Emulated devices: one file and one line in vdev_types[] (drivers/emul/vdevs.c) add a device.
 *
 * The type's table of properties feeds the validator and the binding document; create, reset,
 * describe and mmio make the device. Instances live as long as the VM's configuration: made once at
 * boot, reset at restart.
 */
#ifndef DRIVERS_EMUL_VDEV_H
#define DRIVERS_EMUL_VDEV_H

#include "core/config/config_types.h"
#include "drivers/emul/mmio_ops.h"

struct vm;
struct vcpu;
struct guest_fdt;
struct arena;

enum config_prop_type {
	PROP_FLAG, /* present or absent, no value          */
	PROP_U32,  /* one cell                             */
	PROP_U64,  /* two cells, always                    */
	PROP_STRING,
	PROP_STRINGS,
	PROP_U32_LIST,
	PROP_U64_LIST,
	PROP_PHANDLE, /* of the config; `values` names the kind */
	PROP_PHANDLE_LIST,
	PROP_BOARD_REF, /* a path or alias of the board's tree   */
	PROP_BYTES,
	PROP_NODE, /* a sub-node of ordinary device tree    */
};

/* The texts of the binding document are in host programs only: they take no room at EL2. */
#if __STDC_HOSTED__
#define DOC(text)	text
#define DOC_FIELD(name) const char *name
#else
#define DOC(text)                                                                                  \
	{                                                                                          \
	}
#define DOC_FIELD(name)                                                                            \
	struct {                                                                                   \
	} name
#endif

/* One property of the binding: validator and vm-configs/README.md are both made from it. */
struct config_prop {
	const char *name;
	uint8_t type; /* enum config_prop_type */
	bool required;
	bool life;	   /* a VM's life: looked at only where one of them stands */
	uint32_t min, max; /* numbers: inclusive; max 0 = type's own */
	const char *later; /* sentence fragment when refused for now: "direct mapping comes with a
			      later version" */
	const char
		*values; /* strings: the allowed ones, separated by '|'; phandles: what they name */
	DOC_FIELD(dflt); /* the default as text for the document */
	DOC_FIELD(help); /* one sentence for the document */
};

struct vdev {
	const struct vdev_type *type;
	const struct vdev_config *config;
	struct vm *vm;
	uint32_t index; /* among the VM's */
	/* Where its interrupt line leads, where core/vm/build.c has changed that: pin `config->pin`
	 * of `lines`. Any CPU; no locks above RANK_DEVICE. NULL: SPI `config->spi`. */
	void (*set_pin)(struct vdev *lines, uint32_t pin, bool level);
	struct vdev *lines;
};

struct vdev_type {
	const char *compatible;
	DOC_FIELD(help);
	uint64_t size;	    /* bytes of guest-physical space; 4 KiB multiple, but for `slots` */
	uint64_t ipa;	    /* place of the first in the virt layout; CONFIG_IPA_ANY: none */
	uint32_t spi;	    /* likewise */
	uint32_t slots;	    /* places of `size` and SPIs of their own in a row; 0: one */
	bool no_spi;	    /* it never interrupts */
	uint32_t max_count; /* per VM; 0: no limit */
	uint32_t memory;    /* what create() takes of the arena, at most, bytes; 0: 6 KiB */
	const struct config_prop
		*props; /* of its own, besides compatible, ipa, spi, status; ends with name NULL */
	/* Makes the device from `arena`; 0 or a negative errno; -ENODEV: the board has nothing to
	 * make it of, of which it has told, and the VM is without it. Boot CPU, before any guest
	 * runs. */
	int (*create)(struct vm *vm, const struct vdev_config *config, struct arena *arena,
		      struct vdev **out);
	void (*reset)(struct vdev *vdev); /* as after create(); the VM is stopped */
	/* The VM goes on after a pause: what it set for a moment may be set anew. NULL: nothing.
	 * The CPU of `vcpu`. */
	void (*resume)(struct vdev *vdev, struct vcpu *vcpu);
	int (*describe)(const struct vdev *vdev, struct guest_fdt *fdt); /* writes its guest node */
	/* A step of what it has to do, about a thousand instructions; true: there is more. On the
	 * time of a vCPU of its VM, whatever state that has; no locks. NULL: it never has. */
	bool (*work)(struct vdev *vdev);
	/* The board's devices may still write to the VM's memory for it: nothing more is begun, and
	 * its reset waits until this is false. Any CPU; no locks. NULL: they never do. */
	bool (*busy)(struct vdev *vdev);
	/* That has no end: the VM's memory is never anything else again, and it never starts again.
	 * As `busy`; where that is. */
	bool (*lost)(struct vdev *vdev);
	const struct mmio_ops *mmio;
};

/*
 * It has more to do than one step: the rest is done by vdev_work() on the time of `vcpu`, of the
 * same VM, ahead of its guest. Any CPU; no locks above RANK_DEVICE.
 */
void vdev_work_post(struct vdev *vdev, struct vcpu *vcpu);

/* A step of one device that has something to do; asks for the next by the event it came by. Owner,
 * no locks. */
void vdev_work(struct vcpu *vcpu);

/*
 * Between two steps, whether in vdev_work() or in an access: is there nothing else that this CPU
 * should look at, so that the next one may follow at once? Not for ever: others of the VM's devices
 * have work, too. Any locks; who waits for one of them is the caller's to ask.
 */
bool vdev_may_go_on(void);

/* All types, ended by NULL. */
extern const struct vdev_type *const vdev_types[];

#endif
