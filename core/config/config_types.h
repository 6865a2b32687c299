/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition config after parsing: plain data, constant once config_check() has passed it.
 * Strings and images point into the bundle, which stays mapped read-only.
 */
#ifndef CORE_CONFIG_CONFIG_TYPES_H
#define CORE_CONFIG_CONFIG_TYPES_H

#include "core/base/types.h"

#define CONFIG_VM_MAX		   64
#define CONFIG_IMAGE_MAX	   64
#define CONFIG_VCPU_MAX		   64	/* per VM */
#define CONFIG_VCPU_TOTAL_MAX	   1024 /* of all VMs */
#define CONFIG_SHARING_MAX	   64	/* vCPUs of one CPU */
#define CONFIG_SCHEDULE_MAX	   32
#define CONFIG_WINDOW_MAX	   64  /* of one schedule */
#define CONFIG_WINDOW_TOTAL_MAX	   512 /* of all schedules */
#define CONFIG_RAM_MAX		   8   /* bulkhead,ram regions per VM */
#define CONFIG_DEVICE_MAX	   32  /* per VM, RAM included */
#define CONFIG_DEVICE_TOTAL_MAX	   384 /* of all VMs, without RAM */
#define CONFIG_DOORBELL_MAX	   128 /* of all VMs */
#define CONFIG_DOORBELLS_OF_PL061  4
#define CONFIG_DOORBELL_NAME_MAX   31
#define CONFIG_SMC_MAX		   16
#define CONFIG_NETWORK_MAX	   16
#define CONFIG_STORE_MAX	   64
#define CONFIG_SHARE_MAX	   128 /* of all VMs */
#define CONFIG_BOARD_DISK_MAX	   4   /* disks of the board that VMs have partitions of */
#define CONFIG_UPLINK_MAX	   4   /* NICs of the board that networks lead out by */
#define CONFIG_PARTITION_MAX	   32  /* that VMs have of one of them */
#define CONFIG_PASSTHROUGH_MAX	   64  /* of all VMs */
#define CONFIG_PASSTHROUGH_SPI_MAX 8   /* interrupts of one */

#define CONFIG_PA_ALIGN	    MIB(2)     /* of what is given a place in the board's memory */
#define CONFIG_PA_ANY	    UINT64_MAX /* the hypervisor chooses */
#define CONFIG_CPU_ANY	    UINT32_MAX /* a CPU of its own, chosen by config_check() */
#define CONFIG_IPA_ANY	    UINT64_MAX
#define CONFIG_SPI_ANY	    UINT32_MAX
#define CONFIG_MIN_SIZE_ANY UINT64_MAX
#define CONFIG_ADDR_NONE    UINT64_MAX /* load, entry, dtb-address not given */

enum image_type {
	IMAGE_LINUX,
	IMAGE_RAW,
	IMAGE_ELF,
	IMAGE_RAMDISK,
	IMAGE_DTB,
	IMAGE_DISK,
};

struct image_config {
	const char *name;
	enum image_type type;
	const uint8_t *data;
	uint64_t size;
	/* ipa or CONFIG_ADDR_NONE. raw: as configured; elf: lowest segment, entry, both physical;
	 * linux: none */
	uint64_t load, entry;
	uint64_t text_offset; /* linux: from a 2 MiB-aligned address to the first byte */
	uint64_t mem_size;    /* bytes it takes in the guest's RAM, what it clears at its start
				 included */
	int node;	      /* in the config's index */
	bool has_crc;
	uint32_t crc; /* CRC-32C of data, as the bundler wrote it */
	bool refused; /* an error stands in its node: so are the VMs that use it */
};

struct ram_config {
	const char *name;   /* of its device node; "memory-size" when from that property */
	uint64_t ipa, size; /* 2 MiB-aligned */
	uint64_t pa;	    /* CONFIG_PA_ANY: chosen at boot, may become several extents */
};

struct vdev_type; /* drivers/emul/vdev.h */
struct dt;	  /* core/fdt/dt.h */
struct store_config;
struct blk_part; /* drivers/hw/blk/parts.h */

/* A bulkhead,doorbell node. */
struct doorbell_config {
	const char *name;
	int node;			    /* in the config's index */
	int peer_node;			    /* what `peer` names, or DT_NONE */
	const struct doorbell_config *peer; /* by config_check(); NULL after an error */
};

/* What is done when a watchdog has run out. */
enum on_expiry {
	ON_EXPIRY_RESTART,
	ON_EXPIRY_STOP,
	ON_EXPIRY_LOG,
};

/* What a bulkhead,virtio-blk node's blocks are. */
enum disk_source {
	DISK_IMAGE,	/* of the bundle: read-only, or what was written is in memory */
	DISK_RAM,	/* memory, zeroes at first */
	DISK_PARTITION, /* of a disk of the board's */
};

/* What is written to a disk in memory is kept by blocks of this size. */
#define CONFIG_BLOCK_SIZE 4096

/* bulkhead,virtio-blk */
struct disk_config {
	enum disk_source source;
	const struct image_config *image;
	bool read_only;
	uint64_t size; /* bytes of memory: the disk's or, of an image, what may be written */
	const char *board_disk;	    /* DISK_PARTITION: board ref; NULL after an error */
	const char *partition;	    /* GPT name or PARTUUID */
	struct blk_part *part;	    /* the same at work; set at boot, ahead of its device */
	const char *serial;	    /* "" when absent */
	struct store_config *store; /* its memory, in struct config; NULL where `size` is 0 */
	uint64_t map_size;	    /* of `store`, ahead of its blocks (drivers/virtio/blocks.h) */
};

/* A node below /networks. */
struct network_config {
	const char *name;
	int node;
	const char *uplink; /* board ref or NULL */
	bool refused;	    /* an error stands in it: so are the VMs that are on it */
};

/* bulkhead,virtio-net */
struct port_config {
	const struct network_config *network;
	uint8_t mac[6];
	uint32_t vlan;	    /* 0: none */
	uint32_t rate_kbps; /* 0: no limit */
	uint32_t mtu;	    /* what the guest is told; 0: nothing */
	bool own_mac_only;  /* it sends in the name of `mac` alone */
};

/* Memory of the board's that is no VM's RAM: a node of /shared-memory, or what is written to a
 * disk.
 */
struct store_config {
	const char *name;
	uint32_t index; /* in struct config */
	int node;
	uint64_t size;	/* a multiple of 4 KiB, not 0 */
	uint64_t pa;	/* CONFIG_PA_ANY: chosen at boot, in one piece */
	uint64_t users; /* VMs it is for, by bit of their index */
	uint64_t at;	/* where it is, by ram_plan_place(); CONFIG_PA_ANY: none of its VMs runs */
	bool shared;	/* of /shared-memory */
	bool refused;	/* an error stands in its node there: so are the VMs that use it */
};

/* A bulkhead,shared-memory node. */
struct share_config {
	const char *name;
	const struct store_config *store;
	uint64_t ipa; /* resolved by config_check() */
	bool read_only;
};

/* One node below devices/ other than bulkhead,ram. Places are resolved (never *_ANY) after
 * config_check(). */
struct vdev_config {
	const char *name;
	const struct vdev_type *type;
	uint64_t ipa;
	uint32_t spi;		  /* INTID - 32 */
	int node;		  /* in the config's index: for properties of the type's own */
	bool input_none;	  /* bulkhead,pl011: input = "none" */
	enum on_expiry on_expiry; /* bulkhead,sp805 */
	/* bulkhead,doorbell: what its PL061 serves, this node first */
	struct doorbell_config *doorbell;
	uint32_t doorbell_count;
	bool lpi;     /* as the config says */
	uint32_t pin; /* of the VM's message generator, in place of spi; 0: none */
	/* by its type: */
	union {
		struct disk_config disk;
		struct port_config port;
		uint32_t cid;	   /* bulkhead,virtio-vsock; until config_check() 0: not given */
		uint64_t min_size; /* bulkhead,virtio-balloon; CONFIG_MIN_SIZE_ANY until
				      config_check() */
	};
};

/* A bulkhead,passthrough node. */
struct passthrough_config {
	const char *name;
	const char *board_node;			  /* board ref */
	uint64_t ipa;				  /* CONFIG_IPA_ANY: the board's address */
	uint32_t spi_count;			  /* 0: the board's numbers */
	uint32_t spi[CONFIG_PASSTHROUGH_SPI_MAX]; /* INTID - 32, one per interrupt */
	/* what the board's tree says, by config_check(); regs.size 0: not known */
	int node;
	struct prange regs;
	struct {
		uint32_t intid;
		bool edge;
	} irq[CONFIG_PASSTHROUGH_SPI_MAX]; /* [spi_count] */
};

/* Where the images go, as config_check() has found that they fit: all in guest-physical addresses.
 */
struct vm_layout {
	uint64_t kernel, kernel_size; /* lowest byte and extent in memory */
	uint64_t entry;
	uint64_t initrd; /* CONFIG_ADDR_NONE without an initrd */
	uint64_t dtb;
	uint64_t dtb_max; /* room for the tree at that place */
};

/* How a vCPU gets its CPU. */
struct vcpu_config {
	uint32_t cpu;	    /* board CPU index; resolved by config_check() */
	uint32_t priority;  /* 0 to 255, higher first */
	uint32_t budget_us; /* 0: none */
	uint32_t period_us;
};

/* A part of a CPU's cyclic schedule. */
struct window_config {
	uint32_t us;
	int32_t vm; /* index in struct config; -1: nobody's */
};

/* A node below /schedule. */
struct schedule_config {
	const char *name;
	int node;
	bool refused; /* an error stands in it: the VMs of its CPU are refused */
	uint32_t cpu;
	const struct window_config *window; /* [window_count], in struct config */
	uint32_t window_count;
};

enum vm_gic {
	VM_GIC_BOARD, /* what the board has */
	VM_GIC_V2,
	VM_GIC_V3,
};

enum vm_restart {
	VM_RESTART_NEVER,
	VM_RESTART_ON_CRASH,
	VM_RESTART_ALWAYS,
};

struct vm_config {
	const char *name;
	bool refused; /* an error stands in or below its node: not built, the others are */
	uint32_t vcpu_count;
	struct vcpu_config *vcpu; /* [vcpu_count], in struct config */
	uint32_t slice_us;
	bool background; /* its vCPUs may run beyond their budgets while nobody else wants to */
	struct ram_config ram[CONFIG_RAM_MAX];
	uint32_t ram_count;
	bool direct_map;
	bool scrub_always;
	bool balloon; /* one of its devices takes and gives RAM, by pages */
	const struct image_config *kernel, *initrd, *dtb; /* initrd, dtb: NULL when absent */
	const char *bootargs;				  /* "" when absent */
	uint64_t dtb_address;				  /* ipa or CONFIG_ADDR_NONE */
	int guest_dtb;					  /* node in the config's index, or -1 */
	enum vm_gic gic;
	uint32_t spi_count;  /* SPIs the guest's distributor offers, multiple of 32, or 988 */
	uint32_t redist_low; /* GICv3: vCPUs whose redistributors are in the first region */
	bool its, gicv2m, mbi;
	bool mbigen;	    /* a device has a pin */
	uint32_t lpi_count; /* of a VM with its; else 0 */
	bool pvtime;	    /* the place of stolen time is free; by config_check() */
	struct {
		uint32_t first, last;
	} smc_allow[CONFIG_SMC_MAX];
	uint32_t smc_allow_count;
	uint32_t index; /* in struct config */
	bool has_life;	/* its node says anything of the next ones */
	bool start_manual;
	uint64_t start_after, manages; /* VMs, by bit of their index; by config_check() */
	enum vm_restart restart;
	uint32_t restart_limit; /* per hour, 0 = no limit */
	uint32_t restart_delay_ms;
	bool time_runs;		    /* while it is paused */
	struct vdev_config *device; /* [device_count], in struct config */
	uint32_t device_count;
	struct passthrough_config *passthrough; /* [passthrough_count], in struct config */
	uint32_t passthrough_count;
	struct share_config *share; /* [share_count], in struct config */
	uint32_t share_count;
	struct vm_layout layout; /* made by config_check() */
	int node;		 /* in the config's index */
};

enum when_all_off {
	ALL_OFF_SHELL,
	ALL_OFF_POWEROFF,
	ALL_OFF_REBOOT,
};

struct config {
	const struct dt *tree; /* the config's index */
	uint32_t image_count, vm_count, passthrough_count, doorbell_count;
	uint32_t vcpu_total, device_total, schedule_count, window_total;
	uint32_t network_count, store_count, share_count;
	const char *console;	 /* board ref, "none" or NULL: stdout-path */
	const char *log_region;	 /* board ref or NULL */
	struct prange log_range; /* what config_check() found it to be; size 0: none */
	uint8_t console_escape;
	uint8_t log_level;
	enum when_all_off when_all_off;
	bool panic_reboot;
	/* last, and large: only what is counted has values */
	struct image_config image[CONFIG_IMAGE_MAX];
	struct passthrough_config passthrough[CONFIG_PASSTHROUGH_MAX];
	struct doorbell_config doorbell[CONFIG_DOORBELL_MAX];
	struct vcpu_config vcpu[CONFIG_VCPU_TOTAL_MAX];
	struct vdev_config device[CONFIG_DEVICE_TOTAL_MAX];
	struct schedule_config schedule[CONFIG_SCHEDULE_MAX];
	struct window_config window[CONFIG_WINDOW_TOTAL_MAX];
	struct network_config network[CONFIG_NETWORK_MAX];
	struct store_config store[CONFIG_STORE_MAX];
	struct share_config share[CONFIG_SHARE_MAX];
	struct vm_config vm[CONFIG_VM_MAX];
};

/* Bytes of RAM that the VM is to have. */
static inline uint64_t config_ram_size(const struct vm_config *vm)
{
	uint64_t size = 0;

	for (uint32_t i = 0; i < vm->ram_count; i++) {
		size += vm->ram[i].size;
	}
	return size;
}

#endif
