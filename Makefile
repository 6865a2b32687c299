# SPDX-License-Identifier: Apache-2.0
# Builds the hypervisor, its configs, the guests and the host tools: `make help` lists the goals.

# --- What there is to build: append a line when you add a file -------------------------------

# EL2, C and assembly, paths from the root.
HYP_C := \
	boot/banner.c \
	boot/board.c \
	boot/bundle.c \
	boot/console.c \
	boot/devices.c \
	boot/early_map.c \
	boot/main.c \
	boot/partitions.c \
	boot/smp.c \
	boot/uplinks.c \
	core/arm64/cpu_setup.c \
	core/arm64/errata.c \
	core/arm64/features.c \
	core/arm64/idreg.c \
	core/base/arena.c \
	core/base/chacha.c \
	core/base/crc32.c \
	core/base/crc32c.c \
	core/base/diag.c \
	core/base/format.c \
	core/base/panic.c \
	core/base/percpu.c \
	core/base/printk.c \
	core/base/ranges.c \
	core/base/spinlock.c \
	core/base/string.c \
	core/base/text.c \
	core/config/binding.c \
	core/config/board_virtio.c \
	core/config/check.c \
	core/config/check_balloon.c \
	core/config/check_board.c \
	core/config/check_disk.c \
	core/config/check_doorbell.c \
	core/config/check_layout.c \
	core/config/check_life.c \
	core/config/check_passthrough.c \
	core/config/check_network.c \
	core/config/check_places.c \
	core/config/check_budgets.c \
	core/config/check_cpus.c \
	core/config/check_schedule.c \
	core/config/check_vsock.c \
	core/config/check_shared.c \
	core/config/image.c \
	core/config/override.c \
	core/config/parse.c \
	core/config/parse_network.c \
	core/config/parse_vcpus.c \
	core/config/parse_devices.c \
	core/config/parse_disk.c \
	core/config/parse_shared.c \
	core/config/parse_vm.c \
	core/config/props.c \
	core/config/suggest.c \
	core/console/keep.c \
	core/console/log.c \
	core/console/cmd_vm.c \
	core/console/cmd_report.c \
	core/console/cmd_balloon.c \
	core/console/cmd_net.c \
	core/console/cmd_stat.c \
	core/console/cmd_log.c \
	core/console/cmd_board.c \
	core/console/line.c \
	core/console/mux.c \
	core/console/mux_keys.c \
	core/console/partial.c \
	core/console/remote.c \
	core/console/shell.c \
	core/exit/aarch32.c \
	core/exit/el2_fault.c \
	core/exit/exit.c \
	core/exit/hvc.c \
	core/exit/hypercall.c \
	core/exit/hypercall_log.c \
	core/exit/hypercall_net.c \
	core/exit/hypercall_show.c \
	core/exit/hypercall_vcpu.c \
	core/exit/inject.c \
	core/exit/insn.c \
	core/exit/irq.c \
	core/exit/regs.c \
	core/exit/mmio.c \
	core/exit/mmio_map.c \
	core/exit/reclaim.c \
	core/exit/run.c \
	core/exit/set_way.c \
	core/exit/switch.c \
	core/exit/symbols.c \
	core/exit/sysreg_trap.c \
	core/exit/times.c \
	core/exit/trace.c \
	core/exit/trng.c \
	core/exit/vpsci.c \
	core/fdt/dt.c \
	core/fdt/dt_addr.c \
	core/fdt/dt_prop.c \
	core/fdt/guest_fdt.c \
	core/fdt/stack_check.c \
	core/resource/audit.c \
	core/resource/ram_plan.c \
	core/resource/registry.c \
	core/sched/policy.c \
	core/sched/sched.c \
	core/vm/build.c \
	core/vm/crash.c \
	core/vm/describe.c \
	core/vm/life.c \
	core/vm/load.c \
	core/vm/manage.c \
	core/vm/order.c \
	core/vm/passthrough.c \
	core/vm/pvtime.c \
	core/vm/random.c \
	core/vm/restart.c \
	core/vm/share.c \
	core/vm/vcpu.c \
	core/vm/vm.c \
	drivers/emul/vcontrol.c \
	drivers/emul/vdevs.c \
	drivers/emul/vdoorbell.c \
	drivers/emul/vmbigen.c \
	drivers/emul/vpl011.c \
	drivers/emul/vpl031.c \
	drivers/emul/vsp805.c \
	drivers/emul/work.c \
	drivers/virtio/balloon.c \
	drivers/virtio/blk.c \
	drivers/virtio/blk_part.c \
	drivers/virtio/blocks.c \
	drivers/virtio/console.c \
	drivers/virtio/mmio.c \
	drivers/virtio/net.c \
	drivers/virtio/net_fill.c \
	drivers/virtio/net_frame.c \
	drivers/virtio/net_left.c \
	drivers/virtio/uplink.c \
	drivers/virtio/queue.c \
	drivers/virtio/queue_packed.c \
	drivers/virtio/queue_split.c \
	drivers/virtio/rng.c \
	drivers/virtio/switch.c \
	drivers/virtio/vsock.c \
	drivers/virtio/vsock_host.c \
	drivers/virtio/vsock_lanes.c \
	drivers/virtio/vsock_links.c \
	drivers/hw/entropy.c \
	drivers/hw/blk/blk.c \
	drivers/hw/blk/gpt.c \
	drivers/hw/blk/parts.c \
	drivers/hw/blk/virtio_blk.c \
	drivers/hw/line.c \
	drivers/hw/net/nic.c \
	drivers/hw/net/virtio_net.c \
	drivers/hw/psci.c \
	drivers/hw/virtio/hwring.c \
	drivers/hw/virtio/hwvirtio.c \
	drivers/hw/uart/cadence.c \
	drivers/hw/uart/pl011.c \
	drivers/hw/uart/uart.c \
	irq/hw/gic.c \
	irq/hw/gic_v2.c \
	irq/hw/gic_v3.c \
	irq/hw/gich.c \
	irq/hw/ich.c \
	irq/hw/vif_saved.c \
	irq/vgic/bank_regs.c \
	irq/vgic/dist.c \
	irq/vgic/dist_bank.c \
	irq/vgic/gather.c \
	irq/vgic/gicv.c \
	irq/vgic/link.c \
	irq/vgic/look.c \
	irq/vgic/long.c \
	irq/vgic/lr.c \
	irq/vgic/redist.c \
	irq/vgic/reset.c \
	irq/vgic/sgi.c \
	irq/vgic/short.c \
	irq/vgic/softif.c \
	irq/vgic/spill.c \
	irq/vgic/switch.c \
	irq/vgic/v2.c \
	irq/vgic/v2m.c \
	irq/vgic/vgic.c \
	irq/vgic/vits.c \
	irq/vgic/vits_cmd.c \
	irq/vgic/vits_table.c \
	irq/vgic/vlpi.c \
	irq/vgic/vreg.c \
	mm/cache_all.c \
	mm/frames.c \
	mm/guest_access.c \
	mm/guest_walk.c \
	mm/hyp_map.c \
	mm/page_alloc.c \
	mm/pgtable.c \
	mm/stage2.c \
	mm/tlb.c \
	timer/deadline.c \
	timer/vtimer.c \
	timer/wall_clock.c \

HYP_S := \
	boot/entry.S \
	boot/header.S \
	core/arm64/crc32c.S \
	core/arm64/smccc.S \
	core/exit/vectors.S \
	core/vm/vcpu_fp.S \
	mm/cache.S \

# Host checker and bundler: these, and the pure files listed in tests/lint/pure.txt.
HOST_C := \
	tools/config/blob.c \
	tools/config/commands.c \
	tools/config/doc.c \
	tools/config/main.c \
	tools/config/prepare.c \
	tools/config/report.c \
	tools/config/unpack.c \
	tools/config/validate.c \

# Bare-metal guests: tests/guest/NAME.c -> build/guest/NAME.elf and NAME.bin
GUESTS := \
	aarch32 \
	balloon \
	balloon_race \
	balloon_rules \
	clock \
	crash \
	debug \
	doorbell \
	facts \
	garbage \
	hog \
	hostile \
	hostile_endless \
	hypercall \
	idregs \
	inventory \
	its \
	kept \
	messages \
	mmio \
	mover \
	passthrough \
	passthrough_edge \
	pl011 \
	pl031 \
	psci \
	ptimer \
	pvtime \
	reset_race \
	setway \
	shmem \
	smp \
	spin \
	spinners \
	stranger \
	stray \
	stuck \
	suspend \
	tick \
	trng \
	vgic_many \
	vgic_wide \
	vgic_ppi \
	vgic_sgi \
	vgic_spi \
	verbs \
	victim \
	virtio \
	virtio_alter \
	virtio_net \
	virtio_race \
	virtio_typed \
	vtimer \
	watchdog \
	wild \

# Host unit tests: tests/unit/test_NAME.c, linked with every pure file (ASan and UBSan) and cmocka.
UNIT := \
	aarch32 \
	base \
	blk \
	blk_part \
	board \
	bundle \
	chacha \
	config \
	deadline \
	dt \
	exit \
	format \
	frames \
	gic \
	gpt \
	hwblk \
	hwnet \
	hypercall \
	hypercall_vcpu \
	idreg \
	inject \
	insn \
	keep \
	life \
	line \
	load \
	log \
	manage \
	manage_pairs \
	mmio \
	mux \
	net \
	net_left \
	pgtable \
	place \
	ram_plan \
	random \
	registry \
	remote \
	restart \
	sched \
	sched_turns \
	share \
	shell \
	softif \
	string \
	switch \
	sysreg_trap \
	text \
	times \
	top \
	trace \
	uplink \
	v2m \
	vballoon \
	vconsole \
	vcontrol \
	vdoorbell \
	vgic \
	vgic_change \
	vgic_link \
	vgic_linked \
	vgic_lpi \
	vgic_middle \
	vgic_random \
	vgic_regs \
	vgic_short \
	vgic_spill \
	vgic_place \
	vgic_steps \
	vgic_switch \
	vgic_v2 \
	vgic_v2_random \
	vits \
	vits_cmd \
	vlpi \
	vlpi_tables \
	vmbigen \
	vpl011 \
	vpl031 \
	virtio \
	virtq \
	vpsci \
	vsock \
	vsock_host \
	vsock_lanes \
	vsp805 \
	vtimer \

# What a test links besides the pure files: modules with fakes around them. UNIT_WITH_NAME.
FAKE_CPU           := core/base/percpu.c core/base/spinlock.c tests/unit/fake_panic.c
# a board device's interrupt, and a GIC for it
LINE_C             := drivers/hw/line.c tests/unit/fake_line.c
UNIT_WITH_deadline := timer/deadline.c tests/unit/fake_sysreg.c $(FAKE_CPU)
UNIT_WITH_frames   := core/resource/audit.c mm/frames.c mm/guest_access.c mm/stage2.c tests/unit/fake_pages.c $(FAKE_CPU)
UNIT_WITH_place    := core/sched/sched.c tests/unit/fake_sysreg.c tests/unit/fake_time.c $(FAKE_CPU)
UNIT_WITH_pgtable  := mm/stage2.c tests/unit/fake_pages.c
UNIT_WITH_registry := core/resource/audit.c mm/frames.c mm/stage2.c tests/unit/fake_pages.c $(FAKE_CPU)
FAKE_VGIC          := irq/vgic/bank_regs.c irq/vgic/dist.c irq/vgic/dist_bank.c irq/vgic/gather.c \
                      irq/vgic/link.c irq/vgic/long.c irq/vgic/lr.c irq/vgic/redist.c irq/vgic/reset.c \
                      irq/vgic/sgi.c irq/vgic/short.c irq/vgic/softif.c irq/vgic/spill.c \
                      irq/vgic/switch.c irq/vgic/v2.c irq/vgic/vgic.c irq/vgic/vits.c \
                      irq/vgic/vits_cmd.c irq/vgic/vits_table.c irq/vgic/vlpi.c \
                      irq/vgic/vlpi_sound.c irq/vgic/vreg.c irq/hw/vif_saved.c \
                      tests/unit/fake_gic.c tests/unit/fake_gic_regs.c \
                      tests/unit/fake_ram.c tests/unit/fake_sysreg.c $(FAKE_CPU)
UNIT_WITH_exit     := core/exit/exit.c core/exit/mmio.c core/exit/sysreg_trap.c \
                      tests/unit/fake_exit.c tests/unit/fake_sysreg.c $(FAKE_CPU)
UNIT_WITH_gic      := irq/hw/gic.c irq/hw/gic_v2.c irq/hw/gic_v3.c irq/hw/gich.c core/base/printk.c tests/unit/fake_sysreg.c $(FAKE_CPU)
UNIT_WITH_hwblk    := core/base/printk.c drivers/hw/blk/blk.c drivers/hw/blk/parts.c drivers/hw/blk/virtio_blk.c drivers/hw/virtio/hwvirtio.c $(LINE_C) tests/unit/fake_time.c $(FAKE_CPU)
UNIT_WITH_hwnet    := core/base/printk.c drivers/hw/net/nic.c drivers/hw/net/virtio_net.c $(LINE_C) tests/unit/fake_hwvirtio.c tests/unit/fake_time.c $(FAKE_CPU)
VIRTQ_C := drivers/virtio/queue.c drivers/virtio/queue_packed.c drivers/virtio/queue_split.c
FAKE_HYPERCALL     := core/exit/hypercall.c core/exit/hypercall_log.c core/exit/hypercall_net.c core/exit/hypercall_show.c core/exit/hypercall_vcpu.c core/base/printk.c mm/guest_access.c tests/unit/fake_hypercall.c $(FAKE_CPU)
UNIT_WITH_hypercall := $(FAKE_HYPERCALL)
UNIT_WITH_hypercall_vcpu := $(FAKE_HYPERCALL)
UNIT_WITH_remote    := core/console/remote.c $(FAKE_HYPERCALL)
UNIT_WITH_idreg    := core/arm64/errata.c core/base/percpu.c core/base/printk.c
UNIT_WITH_inject   := core/exit/inject.c tests/unit/fake_sysreg.c
UNIT_WITH_life     := core/base/percpu.c core/base/printk.c core/exit/regs.c core/exit/run.c core/exit/vpsci.c drivers/emul/work.c \
                      core/vm/crash.c core/vm/life.c core/vm/manage.c core/vm/order.c core/vm/vm.c \
                      core/sched/policy.c tests/unit/fake_life.c tests/unit/fake_panic.c \
                      tests/unit/fake_sysreg.c
UNIT_WITH_load     := core/base/printk.c core/vm/load.c tests/unit/fake_ram.c $(FAKE_CPU)
UNIT_WITH_manage   := $(UNIT_WITH_life)
UNIT_WITH_manage_pairs := $(UNIT_WITH_life)
UNIT_WITH_mmio     := core/exit/mmio.c tests/unit/fake_sysreg.c
UNIT_WITH_mux      := core/base/printk.c core/console/partial.c $(FAKE_CPU)
UNIT_WITH_share    := core/vm/share.c core/base/printk.c core/fdt/guest_fdt.c core/resource/audit.c mm/frames.c mm/stage2.c tests/unit/fake_pages.c $(FAKE_CPU)
UNIT_WITH_shell    := core/base/printk.c core/console/cmd_board.c tests/unit/fake_time.c $(FAKE_CPU)
UNIT_WITH_softif    := $(FAKE_VGIC)
UNIT_WITH_switch   := drivers/virtio/switch.c
UNIT_WITH_sysreg_trap := core/exit/sysreg_trap.c tests/unit/fake_sysreg.c $(FAKE_CPU)
UNIT_WITH_times    := core/exit/times.c tests/unit/fake_sysreg.c $(FAKE_CPU)
UNIT_WITH_top       := core/console/cmd_vm.c tests/unit/fake_time.c $(FAKE_CPU)
UNIT_WITH_trace     := tests/unit/fake_sysreg.c $(FAKE_CPU)
UNIT_WITH_vtimer    := timer/deadline.c timer/vtimer.c tests/unit/fake_sysreg.c $(FAKE_CPU)
UNIT_WITH_v2m       := irq/vgic/v2m.c $(FAKE_VGIC)
UNIT_WITH_vballoon  := core/base/printk.c core/fdt/guest_fdt.c drivers/virtio/balloon.c drivers/virtio/mmio.c $(VIRTQ_C) tests/unit/fake_driver.c tests/unit/fake_ram.c tests/unit/fake_time.c $(FAKE_CPU)
UNIT_WITH_vconsole  := core/fdt/guest_fdt.c drivers/virtio/console.c drivers/virtio/mmio.c $(VIRTQ_C) tests/unit/fake_driver.c tests/unit/fake_ram.c $(FAKE_CPU)
UNIT_WITH_vcontrol  := drivers/emul/vcontrol.c $(FAKE_CPU)
UNIT_WITH_vdoorbell := drivers/emul/vdoorbell.c $(FAKE_CPU)
UNIT_WITH_vgic      := $(FAKE_VGIC)
UNIT_WITH_vgic_change := $(FAKE_VGIC)
UNIT_WITH_vgic_link   := $(FAKE_VGIC)
UNIT_WITH_vgic_linked := $(FAKE_VGIC)
UNIT_WITH_vgic_middle := $(FAKE_VGIC)
UNIT_WITH_vgic_random := $(FAKE_VGIC)
UNIT_WITH_vgic_regs   := $(FAKE_VGIC)
UNIT_WITH_vgic_short  := $(FAKE_VGIC)
UNIT_WITH_vgic_spill  := $(FAKE_VGIC)
UNIT_WITH_vgic_steps  := $(FAKE_VGIC)
UNIT_WITH_vgic_place  := $(FAKE_VGIC)
UNIT_WITH_vgic_switch := $(FAKE_VGIC)
UNIT_WITH_vgic_v2     := $(FAKE_VGIC)
UNIT_WITH_vgic_v2_random := $(FAKE_VGIC)
UNIT_WITH_vits        := $(FAKE_VGIC) tests/unit/fake_its.c
UNIT_WITH_vits_cmd    := $(FAKE_VGIC) tests/unit/fake_its.c
UNIT_WITH_vlpi        := $(FAKE_VGIC)
UNIT_WITH_vlpi_tables := $(FAKE_VGIC)
UNIT_WITH_vgic_lpi        := $(FAKE_VGIC)
UNIT_WITH_vmbigen     := drivers/emul/vmbigen.c
UNIT_WITH_vpl011      := drivers/emul/vpl011.c $(FAKE_CPU)
UNIT_WITH_vpl031      := drivers/emul/vpl031.c tests/unit/fake_time.c $(FAKE_CPU)
UNIT_WITH_virtio      := core/fdt/guest_fdt.c drivers/virtio/mmio.c $(VIRTQ_C) tests/unit/fake_driver.c tests/unit/fake_ram.c $(FAKE_CPU)
NET_C := drivers/virtio/mmio.c drivers/virtio/net.c drivers/virtio/net_fill.c drivers/virtio/net_frame.c drivers/virtio/net_left.c drivers/virtio/switch.c drivers/virtio/uplink.c drivers/hw/net/nic.c $(LINE_C) core/base/printk.c $(VIRTQ_C)
UNIT_WITH_net         := core/fdt/guest_fdt.c $(NET_C) tests/unit/fake_driver.c tests/unit/fake_ram.c tests/unit/fake_time.c $(FAKE_CPU)
UNIT_WITH_net_left    := $(UNIT_WITH_net)
UNIT_WITH_uplink      := $(UNIT_WITH_net)
VSOCK_C := drivers/virtio/mmio.c drivers/virtio/vsock.c drivers/virtio/vsock_host.c drivers/virtio/vsock_lanes.c drivers/virtio/vsock_links.c $(VIRTQ_C)
UNIT_WITH_random      := core/vm/random.c core/base/chacha.c $(FAKE_CPU)
UNIT_WITH_vsock       := core/fdt/guest_fdt.c $(VSOCK_C) tests/unit/fake_driver.c tests/unit/fake_ram.c tests/unit/fake_time.c $(FAKE_CPU)
UNIT_WITH_vsock_host  := $(UNIT_WITH_vsock)
UNIT_WITH_vsock_lanes := $(UNIT_WITH_vsock)
UNIT_WITH_blk         := core/base/printk.c core/fdt/guest_fdt.c drivers/virtio/blk.c drivers/virtio/blocks.c drivers/virtio/mmio.c $(VIRTQ_C) tests/unit/fake_driver.c tests/unit/fake_ram.c $(FAKE_CPU)
UNIT_WITH_blk_part    := core/base/printk.c core/fdt/guest_fdt.c drivers/virtio/blk_part.c drivers/virtio/mmio.c $(VIRTQ_C) tests/unit/fake_driver.c tests/unit/fake_ram.c $(FAKE_CPU)
UNIT_WITH_virtq       := $(VIRTQ_C) tests/unit/fake_driver.c tests/unit/fake_ram.c
UNIT_WITH_vpsci       := core/exit/vpsci.c $(FAKE_CPU)
UNIT_WITH_vsp805      := core/base/printk.c drivers/emul/vsp805.c tests/unit/fake_time.c $(FAKE_CPU)

# Fuzz targets: tests/fuzz/fuzz_NAME.c, linked with every pure file (libFuzzer, ASan and UBSan).
FUZZ := \
	balloon \
	blk \
	blk_part \
	board \
	bundle \
	config \
	console \
	doorbell \
	dt \
	gpt \
	hypercall \
	image \
	insn \
	net \
	nic \
	vgic \
	vgic_v2 \
	virtio \
	vits \
	vsock \

FUZZ_WITH_balloon := core/base/printk.c core/fdt/guest_fdt.c core/resource/audit.c drivers/virtio/balloon.c drivers/virtio/mmio.c mm/frames.c mm/stage2.c $(VIRTQ_C) tests/unit/fake_driver.c tests/unit/fake_ram.c $(FAKE_CPU)
FUZZ_WITH_console := core/fdt/guest_fdt.c drivers/virtio/console.c drivers/virtio/mmio.c $(VIRTQ_C) tests/unit/fake_driver.c tests/unit/fake_ram.c $(FAKE_CPU)
FUZZ_WITH_doorbell := drivers/emul/vdoorbell.c drivers/emul/vmbigen.c core/fdt/guest_fdt.c \
                      core/base/spinlock.c tests/unit/fake_panic.c
FUZZ_WITH_hypercall := $(FAKE_HYPERCALL)
FUZZ_WITH_net := core/fdt/guest_fdt.c $(NET_C) tests/unit/fake_driver.c tests/unit/fake_ram.c $(FAKE_CPU)
FUZZ_WITH_nic := $(FUZZ_WITH_net) drivers/hw/net/virtio_net.c tests/unit/fake_hwvirtio.c
FUZZ_WITH_vgic := $(FAKE_VGIC)
FUZZ_WITH_vgic_v2 := $(FAKE_VGIC)
FUZZ_WITH_blk := core/base/printk.c core/fdt/guest_fdt.c drivers/virtio/blk.c drivers/virtio/blocks.c drivers/virtio/mmio.c $(VIRTQ_C) tests/unit/fake_driver.c tests/unit/fake_ram.c $(FAKE_CPU)
FUZZ_WITH_blk_part := core/base/printk.c core/fdt/guest_fdt.c drivers/virtio/blk.c drivers/virtio/blk_part.c drivers/virtio/blocks.c drivers/virtio/mmio.c drivers/hw/blk/blk.c drivers/hw/blk/virtio_blk.c drivers/hw/virtio/hwring.c $(LINE_C) $(VIRTQ_C) tests/unit/fake_driver.c tests/unit/fake_hwvirtio.c tests/unit/fake_ram.c $(FAKE_CPU)
FUZZ_WITH_virtio := core/base/printk.c core/fdt/guest_fdt.c drivers/virtio/mmio.c drivers/virtio/rng.c $(VIRTQ_C) tests/unit/fake_driver.c tests/unit/fake_ram.c $(FAKE_CPU)
FUZZ_WITH_vsock := core/fdt/guest_fdt.c $(VSOCK_C) tests/unit/fake_driver.c tests/unit/fake_ram.c $(FAKE_CPU)
FUZZ_WITH_vits := $(FAKE_VGIC) tests/unit/fake_its.c

# Sources a list names but nobody has written yet would stop make; so no wildcards in these lists.

# --- Options ----------------------------------------------------------------------------------

DEBUG     ?= 0
LOG_LEVEL ?= 6
CONFIG    ?= demo
BUILD     := build
CACHE     := build/cache
PYTHON    ?= /usr/bin/python3
TEST_TIERS := build unit guest diff system fuzz

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
# Kept though only a pattern names them: each pattern as its rule has it, or make doesn't see that
# they are the same. (.SECONDARY would let make overlook a file that is gone.)
.PRECIOUS: $(BUILD)/%.o $(foreach part,libfdt guest guest/wide diff host unit fuzz bench,$(BUILD)/$(part)/%.o) \
	$(BUILD)/guest/%.elf $(BUILD)/guest/%.bin
MAKEFLAGS += --no-builtin-rules --no-builtin-variables --check-symlink-times

# A path may hold spaces where a person gives one; make's own functions split at them.
empty    :=
space    := $(empty) $(empty)
hidden   := |_|
hide      = $(subst $(space),$(hidden),$(1))
as_target = $(subst $(hidden),\$(space),$(1))
ifneq ($(words $(call hide,$(CURDIR))),$(words $(CURDIR)))
$(error This folder's path has a space in it, "$(CURDIR)", which make can't build in: move the \
clone to a path without one)
endif

# What a person gives, for the shell: unchanged, whatever quotes and dollars are in it.
quoted = '$(subst ','\'',$(value $(1)))'
# Make would expand these for the environment too, and `$(` in one of them would end it.
unexport KERNEL INITRD BOOTARGS DTB BOARD

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-8s%s\n' '$(1)' '$(2)')

# --- Tools ------------------------------------------------------------------------------------

ifeq ($(LLVM),1)
CC      := clang --target=aarch64-none-elf
LD      := ld.lld
AR      := llvm-ar
NM      := llvm-nm
OBJCOPY := llvm-objcopy
OBJDUMP := llvm-objdump
else
CROSS_COMPILE ?= $(if $(shell command -v aarch64-none-elf-gcc),aarch64-none-elf-,aarch64-linux-gnu-)
CC      := $(CROSS_COMPILE)gcc
LD      := $(CROSS_COMPILE)ld
AR      := $(CROSS_COMPILE)ar
NM      := $(CROSS_COMPILE)nm
OBJCOPY := $(CROSS_COMPILE)objcopy
OBJDUMP := $(CROSS_COMPILE)objdump
endif
HOSTCC  ?= gcc
FUZZCC  ?= clang
DTC     ?= dtc

# --- Flags ------------------------------------------------------------------------------------

WARN := -Wall -Wextra -Werror -Wshadow -Wundef -Wvla -Wmissing-prototypes -Wstrict-prototypes

# libfdt: the distribution's arm64 archive, or what `make fetch LIBFDT=` took; LIBFDT= names an
# archive or a source folder for this one time.
ifeq ($(strip $(LIBFDT)),)
override LIBFDT := $(firstword $(wildcard $(CACHE)/libfdt/src) $(CACHE)/libfdt/libfdt.a)
endif
ifneq ($(if $(filter fetch,$(MAKECMDGOALS)),,$(word 2,$(LIBFDT))),)
$(error LIBFDT=$(LIBFDT): make can't build with a path that has a space in it; \
make fetch LIBFDT="$(LIBFDT)" copies it to $(CACHE))
endif
ifneq ($(filter %.a,$(LIBFDT)),)
LIBFDT_A   := $(LIBFDT)
libfdt_dir := $(dir $(LIBFDT))
LIBFDT_INC := $(firstword $(patsubst %/libfdt.h,%,$(wildcard $(addsuffix /libfdt.h,\
              $(libfdt_dir) $(libfdt_dir)include $(libfdt_dir)../include))) $(libfdt_dir)include)
else
LIBFDT_A   := $(BUILD)/libfdt/libfdt.a
LIBFDT_INC := $(LIBFDT)
endif

# Compiler headers only: no C library stands behind EL2. core/fdt/libc holds the three names that
# libfdt's headers ask for. No stack protector: its guard reads sit on the exit path, and guard
# pages below every stack and -Wvla catch what it would; libfdt.a brings its own calls.
target_only = -nostdinc -isystem core/fdt/libc \
              -isystem $(shell $(CC) -print-file-name=include 2>/dev/null)
CODE   := -std=gnu11 -ffreestanding -fno-common -fno-pic -fno-pie -march=armv8-a -mcmodel=small \
          -mgeneral-regs-only -mstrict-align -mno-outline-atomics -fno-stack-protector \
          -mbranch-protection=bti \
          -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fno-strict-aliasing -O2 -g \
          -mfix-cortex-a53-835769 -ffunction-sections -fdata-sections -falign-functions=8 \
          -ffile-prefix-map=$(CURDIR)=.
TARGET := $(CODE) $(target_only)

# EL2 is compiled as a whole when it is linked: what an exit runs through is in a dozen files, and a
# tenth of its instructions would be spent on the calls between them.
CFLAGS := $(TARGET) -flto $(WARN) -DDEBUG=$(DEBUG) -DLOG_LEVEL=$(LOG_LEVEL) \
          -I. -I$(BUILD) -isystem $(LIBFDT_INC)
LINK := $(CC) $(CODE) $(if $(filter 1,$(LLVM)),-flto -fuse-ld=lld,-flto=auto) -static -nostdlib \
        -Wl,--gc-sections,--fix-cortex-a53-843419,--build-id=none,-z,max-page-size=4096 \
        -Wl,--fatal-warnings
GUEST_CFLAGS := $(TARGET) $(WARN) -I.

# On an arm64 host too nothing that belongs to EL2 is executed.
ON_HOST     := -DBULKHEAD_HOST -DLOG_LEVEL=$(LOG_LEVEL)
HOST_CFLAGS := -std=gnu11 -O2 -g $(WARN) -DDEBUG=0 -DLOG_LEVEL=6 -I. -I$(BUILD) $(ON_HOST)
SANITIZE    := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
UNIT_CFLAGS := -std=gnu11 -O1 -g $(WARN) -I. -I$(BUILD) $(ON_HOST) -DDEBUG=1 $(SANITIZE)
FUZZ_CFLAGS := -std=gnu11 -O1 -g $(WARN) -I. -I$(BUILD) $(ON_HOST) -DDEBUG=1 $(SANITIZE)

# --- Objects ----------------------------------------------------------------------------------

PURE_C := $(shell sed -e 's/\#.*//' tests/lint/pure.txt 2>/dev/null)

HYP_O   := $(patsubst %,$(BUILD)/%.o,$(basename $(HYP_S) $(HYP_C)))
GUEST_LIB_O := $(patsubst tests/%,$(BUILD)/%.o,$(basename $(wildcard tests/guest/lib/*.[cS])))
HOST_O  := $(patsubst %.c,$(BUILD)/host/%.o,$(HOST_C) $(PURE_C))
PURE_O  := $(patsubst %.c,$(BUILD)/unit/%.o,$(PURE_C))
FUZZ_O  := $(patsubst %.c,$(BUILD)/fuzz/%.o,$(PURE_C))
GUEST_BIN := $(patsubst %,$(BUILD)/guest/%.bin,$(GUESTS))
GUEST_ELF := $(patsubst %,$(BUILD)/guest/%.elf,$(GUESTS))
UNIT_WITH_O = $(patsubst %.c,$(BUILD)/unit/%.o,$(UNIT_WITH_$(1)))
UNIT_BIN := $(patsubst %,$(BUILD)/unit/test_%,$(UNIT))
FUZZ_BIN := $(patsubst %,$(BUILD)/fuzz/fuzz_%,$(FUZZ))

.PHONY: numbers all hyp host ctl guests unit fuzz bundle check run test lint soak soak-record fmt fetch clean help FORCE \
	generated pure $(addprefix test-,$(TEST_TIERS))
all: hyp host ctl
hyp: $(BUILD)/bulkhead.img
host: $(BUILD)/host/bulkhead-config
ctl: $(BUILD)/guest/bulkheadctl
guests: $(GUEST_BIN) $(GUEST_ELF)
unit: $(UNIT_BIN)
fuzz: $(FUZZ_BIN)

# A stamp holds the command that made something; what depends on it is made again when it changes.
define stamp
$(BUILD)/$(1).flags: FORCE
	@mkdir -p $$(@D)
	@printf '%s\n' '$$(subst ','\'',$(2))' | cmp -s - $$@ || \
		printf '%s\n' '$$(subst ','\'',$(2))' > $$@
endef
$(eval $(call stamp,el2,$$(CC) $$(CFLAGS) $$(OPTIMISE) $$(COLD) $$(LINK) $$(HYP_O) $$(LIBFDT_A)))
$(eval $(call stamp,guest-cc,$$(CC) $$(GUEST_CFLAGS) $$(LD) $$(GUEST_LIB_O)))
$(eval $(call stamp,host-cc,$$(HOSTCC) $$(HOST_CFLAGS) $$(HOST_O)))
$(eval $(call stamp,unit-cc,$$(HOSTCC) $$(UNIT_CFLAGS) $$(PURE_O)))
$(eval $(call stamp,fuzz-cc,$$(FUZZCC) $$(FUZZ_CFLAGS) $$(FUZZ_O)))

# --- EL2 --------------------------------------------------------------------------------------

OFFSETS := $(BUILD)/core/arm64/offsets.h
VERSION := $(BUILD)/version.h

# Structure offsets for assembly: lines `.ascii "->NAME VALUE comment"` of the compiler's output.
$(BUILD)/core/arm64/offsets.s: core/arm64/offsets.c $(BUILD)/el2.flags | $(LIBFDT_A)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -fno-lto -MMD -MP -MT $@ -MF $(@:.s=.d) -S -o $@ $<
$(OFFSETS): $(BUILD)/core/arm64/offsets.s tools/offsets.py
	$(call say,OFFSETS,$@)
	$(Q)$(PYTHON) tools/offsets.py $< $@

$(VERSION): FORCE
	@mkdir -p $(@D)
	@tools/version.sh $@

# What runs once or for people is made small, what runs on exits fast: COLD is compiled with -Os.
COLD := boot/% core/config/% core/fdt/dt core/fdt/dt_addr core/fdt/guest_fdt \
        core/fdt/stack_check core/resource/% core/console/cmd_% core/console/shell \
        core/console/line core/console/keep core/console/remote core/exit/el2_fault \
        core/exit/symbols core/vm/build core/vm/describe core/vm/load core/vm/crash core/vm/manage \
        core/vm/restart core/base/diag \
        core/base/panic core/base/ranges mm/hyp_map mm/page_alloc mm/cache_all \
        core/arm64/cpu_setup core/arm64/errata core/arm64/features core/arm64/idreg \
        core/exit/inject \
        core/exit/set_way core/exit/aarch32 core/exit/insn core/exit/mmio core/vm/life core/vm/order core/vm/vcpu \
        core/vm/vm drivers/emul/vpl031 drivers/emul/vsp805 drivers/hw/% timer/wall_clock
# clang's -O2 unrolls and inlines where it can't pay here, and its -Os is gcc's -O2 in size.
ifeq ($(LLVM),1)
OPTIMISE := -Os
endif
$(patsubst %,$(BUILD)/%.o,$(COLD)): OPTIMISE := $(if $(filter 1,$(LLVM)),-Oz,-Os)

$(BUILD)/%.o: %.c $(BUILD)/el2.flags | $(VERSION) $(LIBFDT_A)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(OPTIMISE) -MMD -MP -c -o $@ $<
$(BUILD)/%.o: %.S $(BUILD)/el2.flags $(OFFSETS) | $(VERSION)
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# Linked with an empty symbol table, then with the real one until no text symbol moves.
$(BUILD)/bulkhead.elf: $(HYP_O) linker.ld $(LIBFDT_A) $(BUILD)/el2.flags tools/link.py tools/symtab.py
	$(call say,LD,$@)
	$(Q)$(PYTHON) tools/link.py --cc '$(CC) $(TARGET)' --ld '$(LINK)' --nm '$(NM)' \
		--script linker.ld --symbols $(BUILD)/symbols.S -o $@ $(HYP_O) $(LIBFDT_A)

$(BUILD)/bulkhead.img: $(BUILD)/bulkhead.elf
	$(call say,IMAGE,$@)
	$(Q)$(OBJCOPY) -O binary $< $@

$(CACHE)/libfdt/libfdt.a:
	@$(call missing,LIBFDT)
ifneq ($(filter-out $(CACHE)/% $(BUILD)/%,$(LIBFDT_A)),)
$(LIBFDT_A):
	@echo "LIBFDT=$@: no such file; name an archive libfdt.a, or the folder of its sources." >&2
	@exit 1
endif
%/fdt.c:
	@echo "LIBFDT=$(@D): libfdt's sources are not there (no fdt.c); name the folder libfdt/ of" \
		"dtc's sources, or an archive libfdt.a." >&2; exit 1

LIBFDT_O := $(patsubst %,$(BUILD)/libfdt/%.o,\
              fdt fdt_ro fdt_wip fdt_sw fdt_rw fdt_strerror fdt_addresses)
$(BUILD)/libfdt/%.o: $(LIBFDT)/%.c $(BUILD)/el2.flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TARGET) -I. -I$(LIBFDT) -c -o $@ $<
$(BUILD)/libfdt/libfdt.a: $(LIBFDT_O)
	$(Q)rm -f $@ && $(AR) rcD $@ $^

# --- Guests -----------------------------------------------------------------------------------

$(BUILD)/guest/%.o: tests/guest/%.c $(BUILD)/guest-cc.flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/guest/%.o: tests/guest/%.S $(BUILD)/guest-cc.flags
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/guest/%.elf: $(BUILD)/guest/%.o $(GUEST_LIB_O) tests/guest/lib/guest.ld
	$(call say,LD,$@)
	$(Q)$(LD) -static -nostdlib --build-id=none -z max-page-size=4096 \
		-T tests/guest/lib/guest.ld -o $@ $< $(GUEST_LIB_O)
# One for more CPUs: with a library of its own, so that the others stay as small as they are.
WIDE_O := $(patsubst $(BUILD)/guest/%.o,$(BUILD)/guest/wide/%.o,$(GUEST_LIB_O) $(BUILD)/guest/vgic_wide.o)
WIDE_CFLAGS := $(GUEST_CFLAGS) -DMACHINE_MAX_CPUS=64
$(BUILD)/guest/wide/%.o: tests/guest/%.c $(BUILD)/guest-cc.flags
	$(call say,CC,$< for 64 CPUs)
	@mkdir -p $(@D)
	$(Q)$(CC) $(WIDE_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/guest/wide/%.o: tests/guest/%.S $(BUILD)/guest-cc.flags
	$(call say,AS,$< for 64 CPUs)
	@mkdir -p $(@D)
	$(Q)$(CC) $(WIDE_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/guest/vgic_wide.elf: $(WIDE_O) tests/guest/lib/guest.ld
	$(call say,LD,$@)
	$(Q)$(LD) -static -nostdlib --build-id=none -z max-page-size=4096 \
		-T tests/guest/lib/guest.ld -o $@ $(WIDE_O)
$(BUILD)/guest/%.bin: $(BUILD)/guest/%.elf
	$(Q)$(OBJCOPY) -O binary $< $@

# The guest of the differential tests: tests/diff/.
DIFF_O := $(patsubst %,$(BUILD)/diff/%.o,cpuif lpis main regs take)
$(BUILD)/diff/%.o: tests/diff/%.c $(BUILD)/guest-cc.flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/diff/diff.elf: $(DIFF_O) $(GUEST_LIB_O) tests/guest/lib/guest.ld
	$(call say,LD,$@)
	$(Q)$(LD) -static -nostdlib --build-id=none -z max-page-size=4096 \
		-T tests/guest/lib/guest.ld -o $@ $(DIFF_O) $(GUEST_LIB_O)
$(BUILD)/diff/diff.bin: $(BUILD)/diff/diff.elf
	$(Q)$(OBJCOPY) -O binary $< $@

# A Linux program without a library: tools/bulkheadctl.
CTL_O := $(patsubst %,$(BUILD)/ctl/%.o,core/base/format core/base/string core/base/text \
           $(addprefix tools/bulkheadctl/,ask balloon control main net say show_board show_vm start))
$(BUILD)/ctl/%.o: %.c $(BUILD)/guest-cc.flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/ctl/%.o: %.S $(BUILD)/guest-cc.flags
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/guest/bulkheadctl: $(CTL_O)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(LD) -static -nostdlib --gc-sections --build-id=none -o $@ $(CTL_O)

# Programs of the same kind that tests run in Linux guests: tests/linux/NAME.c.
LINUX := blocks memory packets vsock
LINUX_BIN := $(patsubst %,$(BUILD)/guest/%,$(LINUX))
$(LINUX_BIN): $(BUILD)/guest/%: $(BUILD)/ctl/tests/linux/%.o \
		$(patsubst %,$(BUILD)/ctl/%.o,core/base/format core/base/string tools/bulkheadctl/start)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(LD) -static -nostdlib --gc-sections --build-id=none -o $@ $^

# --- Host: checker, unit tests, fuzz targets ----------------------------------------------------

$(BUILD)/host/%.o: %.c $(BUILD)/host-cc.flags | $(VERSION)
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/host/bulkhead-config: $(HOST_O) $(BUILD)/host-cc.flags
	$(call say,HOSTLD,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -o $@ $(HOST_O) -lfdt -lz -llzma -lzstd -lnettle

$(BUILD)/unit/%.o: %.c $(BUILD)/unit-cc.flags | $(VERSION)
	$(call say,UNITCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(UNIT_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/host/libpure.a: $(PURE_O) $(BUILD)/unit-cc.flags
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcD $@ $(PURE_O)
$(foreach name,$(UNIT),$(eval $(BUILD)/unit/test_$(name): $(call UNIT_WITH_O,$(name))))
$(BUILD)/unit/test_%: $(BUILD)/unit/tests/unit/test_%.o $(BUILD)/host/libpure.a
	$(call say,UNITLD,$@)
	$(Q)$(HOSTCC) $(SANITIZE) -o $@ $(filter %.o,$^) $(BUILD)/host/libpure.a -lcmocka -lfdt -lz

# The checker under sanitizers, for tests/system/test_configs.py.
$(BUILD)/unit/bulkhead-config: $(patsubst %.c,$(BUILD)/unit/%.o,$(HOST_C)) $(BUILD)/host/libpure.a
	$(call say,UNITLD,$@)
	$(Q)$(HOSTCC) $(SANITIZE) -o $@ $^ -lfdt -lz -llzma -lzstd -lnettle

$(BUILD)/fuzz/%.o: %.c $(BUILD)/fuzz-cc.flags | $(VERSION)
	$(call say,FUZZCC,$<)
	@mkdir -p $(@D)
	$(Q)$(FUZZCC) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<
FUZZ_WITH_O = $(patsubst %.c,$(BUILD)/fuzz/%.o,$(FUZZ_WITH_$(1)))
$(foreach name,$(FUZZ),$(eval $(BUILD)/fuzz/fuzz_$(name): $(call FUZZ_WITH_O,$(name))))
$(BUILD)/fuzz/libpure.a: $(FUZZ_O) $(BUILD)/fuzz-cc.flags
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcD $@ $(FUZZ_O)
$(BUILD)/fuzz/fuzz_%: $(BUILD)/fuzz/tests/fuzz/fuzz_%.o $(BUILD)/fuzz/libpure.a
	$(call say,FUZZLD,$@)
	$(Q)$(FUZZCC) $(SANITIZE) -fsanitize=fuzzer -o $@ $(sort $(filter %.o,$^)) $(BUILD)/fuzz/libpure.a -lfdt -lz

# --- Configs: a name in vm-configs/, or the path of a .dts anywhere -----------------------------

DTS_WORD := $(call hide,$(CONFIG))
DTS_WORD := $(if $(filter %.dts,$(DTS_WORD)),$(DTS_WORD),vm-configs/$(DTS_WORD).dts)
DTS      := $(call as_target,$(DTS_WORD))
NAME     := $(subst $(hidden),-,$(basename $(notdir $(DTS_WORD))))

# The same name may come from two folders: the path is part of what the dtb is made from.
$(eval $(call stamp,$(NAME).dts,$$(DTS)))

# The images a config names (/incbin/), as make targets; those under build/ are built first.
ifneq ($(filter bundle check,$(MAKECMDGOALS))$(filter $(BUILD)/$(NAME).%,$(MAKECMDGOALS)),)
ifeq ($(wildcard $(DTS)),)
$(error $(subst \,,$(DTS)): no such config; vm-configs/ has: \
$(basename $(notdir $(wildcard vm-configs/*.dts))))
endif
-include $(BUILD)/$(NAME).dts.d
endif
$(BUILD)/$(NAME).dts.d: $(DTS) $(BUILD)/$(NAME).dts.flags tools/dtsdeps.py
	@mkdir -p $(@D)
	@$(PYTHON) tools/dtsdeps.py '$<' $(BUILD)/$(NAME).dtb $@

$(BUILD)/$(NAME).dtb: $(DTS) $(BUILD)/$(NAME).dts.flags tools/dtc.sh
	$(call say,DTC,$@)
	$(Q)PYTHON='$(PYTHON)' tools/dtc.sh $(DTC) '$<' $@
	$(Q)$(PYTHON) tools/dtsdeps.py --lines $(@:.dtb=.lines) '$<'
$(BUILD)/$(NAME).bundle: $(BUILD)/$(NAME).dtb $(BUILD)/host/bulkhead-config
	$(call say,BUNDLE,$@)
	$(Q)$(BUILD)/host/bulkhead-config bundle $< $@ --source $(CONFIG_FILE)
$(BUILD)/$(NAME).flash.img: $(BUILD)/bulkhead.img $(BUILD)/$(NAME).bundle tools/flash.py
	$(call say,FLASH,$@)
	$(Q)$(PYTHON) tools/flash.py $(BUILD)/bulkhead.img $(BUILD)/$(NAME).bundle $@

# What the sentences name: the file that the user wrote, and its lines.
CONFIG_FILE = '$(subst \,,$(DTS))' --lines $(BUILD)/$(NAME).lines
bundle: $(BUILD)/$(NAME).bundle $(BUILD)/$(NAME).flash.img
check: $(BUILD)/$(NAME).dtb $(BUILD)/host/bulkhead-config
	$(Q)$(BUILD)/host/bulkhead-config check $(BUILD)/$(NAME).dtb --source $(CONFIG_FILE) \
		$(if $(value BOARD),--board $(call quoted,BOARD))

# --- Guest images from build/cache ---------------------------------------------------------------

missing = echo "$@ is missing: run 'make fetch', or name a local file:" \
          "make fetch $(1)=file." >&2; exit 1
$(CACHE)/vmlinuz:
	@$(call missing,KERNEL)
$(CACHE)/busybox:
	@$(call missing,INITRD)

$(BUILD)/guest/Image: $(CACHE)/vmlinuz
	@mkdir -p $(@D)
	$(Q)cp $< $@
ifneq ($(wildcard $(CACHE)/initrd.cpio.gz),)
$(BUILD)/guest/initrd.cpio.gz: $(CACHE)/initrd.cpio.gz
	@mkdir -p $(@D)
	$(Q)cp $< $@
else
MODULES := $(wildcard $(CACHE)/modules/*.ko)
$(BUILD)/guest/initrd.cpio.gz: $(CACHE)/busybox $(MODULES) $(BUILD)/guest/bulkheadctl $(LINUX_BIN) tools/mkinitrd.py
	$(call say,INITRD,$@)
	@mkdir -p $(@D)
	$(Q)$(PYTHON) tools/mkinitrd.py $< $@ $(MODULES) $(BUILD)/guest/bulkheadctl $(LINUX_BIN)
endif

# --- Run ----------------------------------------------------------------------------------------

MACHINE ?= virt-gicv3
TIMEOUT ?= 120
RUN_VM   = --kernel=$(call quoted,KERNEL) --initrd=$(call quoted,INITRD) \
           --bootargs=$(call quoted,BOOTARGS) --cpus=$(call quoted,CPUS) --mem=$(call quoted,MEM)
RUN_BOARD = --machine=$(call quoted,MACHINE) --dtb=$(call quoted,DTB) \
            --timeout=$(call quoted,TIMEOUT) --nic=$(call quoted,NIC)
# The user's own kernel in one VM: its config is written first.
RUN_WORDS := $(foreach name,KERNEL INITRD BOOTARGS CPUS MEM,$(value $(name)))
RUN_DTS := $(if $(strip $(RUN_WORDS)),$(BUILD)/run.dts)
RUN_NAME = $(if $(RUN_DTS),run,$(NAME))

# Made by a second make, whose tools and downloads the set-up has brought.
run:
	$(Q)tools/setup.sh run
	$(Q)mkdir -p $(BUILD)
	$(Q)QEMU='$(QEMU)' $(PYTHON) tools/run.py $(RUN_BOARD) --check
	$(if $(RUN_DTS),$(Q)$(PYTHON) tools/run.py $(RUN_VM) --write-config $(RUN_DTS))
	$(Q)+$(MAKE) --no-print-directory hyp $(BUILD)/$(RUN_NAME).bundle \
		$(if $(RUN_DTS),CONFIG=$(RUN_DTS))
	$(Q)QEMU='$(QEMU)' exec $(PYTHON) tools/run.py $(RUN_VM) $(RUN_BOARD) \
		$(if $(filter 1,$(V)),--verbose) --bundle $(BUILD)/$(RUN_NAME).bundle

# --- The rest -----------------------------------------------------------------------------------

# Where the user names files, packages are left to the goals that need them.
fetch:
	$(if $(value KERNEL)$(value INITRD)$(LIBFDT_GIVEN),,$(Q)CACHE='$(CACHE)' tools/setup.sh fetch)
	$(Q)CACHE='$(CACHE)' KERNEL=$(call quoted,KERNEL) INITRD=$(call quoted,INITRD) \
		LIBFDT='$(LIBFDT_GIVEN)' tools/fetch.sh
LIBFDT_GIVEN = $(if $(filter command environment,$(firstword $(origin LIBFDT))),$(LIBFDT))

# Tests: tests/run_tests.py; what the set-up brings is looked for again by the make that builds.
RUN_TESTS = CI='$(CI)' $(PYTHON) tests/run_tests.py \
            $(if $(ONLY),--only '$(ONLY)') $(if $(filter 1,$(V)),--verbose)
test:
	$(Q)tools/setup.sh test
	$(Q)+$(RUN_TESTS)
$(addprefix test-,$(TEST_TIERS)): test-%:
	$(Q)tools/setup.sh test
	$(Q)+$(RUN_TESTS) $*
lint:
	$(Q)+$(RUN_TESTS) lint

# The same with long counts; what came of it goes into docs/soak.md.
soak:
	$(Q)tools/setup.sh test
	$(Q)+$(PYTHON) tests/run_soak.py $(if $(ONLY),--only '$(ONLY)') \
		$(if $(MINUTES),--minutes '$(MINUTES)') $(if $(SEED),--seed '$(SEED)')
soak-record:
	$(Q)$(PYTHON) tests/run_soak.py --record

# The README's table.
numbers:
	$(Q)tools/setup.sh test
	$(Q)+$(MAKE) --no-print-directory hyp $(BUILD)/demo.bundle CONFIG=demo
	$(Q)$(PYTHON) tools/measure.py

# Exit costs beside the peers: tools/bench/.
include tools/bench/bench.mk

# What lint asks for.
EL2_CC   = $(CC) $(CFLAGS)
GUEST_CC = $(CC) $(GUEST_CFLAGS)
HOST_CC  = $(HOSTCC) $(HOST_CFLAGS)
print-%:
	@echo '$($*)'
generated: $(VERSION) $(if $(wildcard core/arm64/offsets.c),$(OFFSETS)) | $(LIBFDT_A)
# The pure files need nothing but each other, libc, libfdt and zlib.
pure: $(BUILD)/host/pure-links
$(BUILD)/host/pure-links: $(BUILD)/host/libpure.a
	$(Q)echo 'int main(void) { return 0; }' | $(HOSTCC) $(SANITIZE) -x c -o $@ - -x none \
		-Wl,--whole-archive $< -Wl,--no-whole-archive -lfdt -lz

# All C of the tree, also what no list names yet.
C_FILES = $(shell find boot core mm irq timer drivers tests tools -name '*.[ch]' 2>/dev/null)
CLANG_FORMAT ?= $(firstword $(wildcard $(CACHE)/clang-format14/clang-format-14) clang-format-14)
fmt:
	$(Q)$(CLANG_FORMAT) -i $(C_FILES)

clean:
	$(Q)find $(BUILD) -mindepth 1 -maxdepth 1 ! -name cache -exec rm -rf {} + 2>/dev/null || true

help:
	@sed -n 's/^#H //p' Makefile

#H make                             build/bulkhead.img, the hypervisor, the host checker, and
#H                                  build/guest/bulkheadctl for Linux VMs that manage others
#H make bundle CONFIG=NAME|x.dts    build/NAME.bundle and build/NAME.flash.img
#H make check CONFIG=… [BOARD=x.dtb]  validate a config on this host
#H make run [CONFIG=NAME] [MACHINE=virt-gicv2 DTB=]  boot it in QEMU (virt-gicv3 unless named), the console here
#H make run KERNEL= [INITRD= BOOTARGS= CPUS= MEM=512M]  your own kernel in one VM
#H make fetch [KERNEL= INITRD= LIBFDT=]  fill build/cache from Debian or these files; then all works offline
#H make test                       everything, in minutes
#H make lint, make test-build, -unit, -guest, -diff, -system, -fuzz   one tier
#H make test-guest ONLY=NAME V=1   one case, with what it prints
#H make soak [ONLY=diff/v3 MINUTES= SEED=]   long counts; make soak-record puts them into docs/soak.md
#H make bench [ONLY=bulkhead,kvm]   exit costs beside KVM, Xen and Bao; OPTIONS=--help
#H make steps [ONLY=priority SEED= TRAPS=]   EL2's longest steps between two looks at interrupts
#H make throughput                    disk and network of Linux, as a share of what bare QEMU gives it
#H make numbers                    sizes and instruction counts, as in the README
#H make fmt [C_FILES="a.c b.h"]     format as .clang-format says
#H make clean                       removes all outputs, keeps build/cache
#H V=1 shows commands; LLVM=1 builds with clang and lld; DEBUG=1, LOG_LEVEL=0..7

-include $(HYP_O:.o=.d) $(GUEST_LIB_O:.o=.d) $(WIDE_O:.o=.d) $(HOST_O:.o=.d) $(PURE_O:.o=.d) $(FUZZ_O:.o=.d)
-include $(HOST_C:%.c=$(BUILD)/unit/%.d)
-include $(sort $(foreach name,$(UNIT),$(patsubst %.o,%.d,$(call UNIT_WITH_O,$(name)))))
-include $(CTL_O:.o=.d) $(patsubst %,$(BUILD)/ctl/tests/linux/%.d,$(LINUX)) $(DIFF_O:.o=.d) $(GUEST_ELF:.elf=.d) $(patsubst %,$(BUILD)/unit/tests/unit/test_%.d,$(UNIT))
-include $(sort $(foreach name,$(FUZZ),$(patsubst %.o,%.d,$(call FUZZ_WITH_O,$(name)))))
-include $(patsubst %,$(BUILD)/fuzz/tests/fuzz/fuzz_%.d,$(FUZZ)) $(BUILD)/core/arm64/offsets.d
