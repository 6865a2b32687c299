# SPDX-License-Identifier: Apache-2.0
# `make bench`: the guest, KVM's VMM, and the command that runs them. Included by the Makefile.

# Each guest is built twice: for GICv3, and for GICv2.
BENCH_O    := $(BUILD)/bench/start.o $(BUILD)/bench/console.o $(BUILD)/bench/disk.o $(BUILD)/bench/its.o $(BUILD)/bench/net.o $(BUILD)/bench/virtio.o $(BUILD)/bench/main.o \
              $(BUILD)/bench/machine.o $(BUILD)/guest/lib/string.o
BENCH_V2_O := $(BUILD)/bench/start.o $(BUILD)/bench/console.o $(BUILD)/bench/disk.o $(BUILD)/bench/its.o $(BUILD)/bench/net.o $(BUILD)/bench/virtio.o $(BUILD)/bench/main-v2.o \
              $(BUILD)/bench/machine-v2.o $(BUILD)/guest/lib/string.o
# Another for CPUs that are shared.
SHARING_O    := $(BUILD)/bench/start.o $(BUILD)/bench/sharing.o $(BUILD)/bench/machine.o \
                $(BUILD)/guest/lib/string.o
SHARING_V2_O := $(BUILD)/bench/start.o $(BUILD)/bench/sharing-v2.o $(BUILD)/bench/machine-v2.o \
                $(BUILD)/guest/lib/string.o
BENCH_BIN    := $(addprefix $(BUILD)/bench/,guest.bin guest-v2.bin sharing.bin sharing-v2.bin)

$(BUILD)/bench/%.o: tests/bench/%.c $(BUILD)/guest-cc.flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/bench/%-v2.o: tests/bench/%.c $(BUILD)/guest-cc.flags
	$(call say,CC,$< for GICv2)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -DBENCH_GICV2 -MMD -MP -c -o $@ $<
$(BUILD)/bench/%.o: tests/bench/%.S $(BUILD)/guest-cc.flags
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/bench/guest.elf: $(BENCH_O) tests/guest/lib/guest.ld
	$(call say,LD,$@)
	$(Q)$(LD) -static -nostdlib --build-id=none -z max-page-size=4096 \
		-T tests/guest/lib/guest.ld -o $@ $(BENCH_O)
$(BUILD)/bench/guest-v2.elf: $(BENCH_V2_O) tests/guest/lib/guest.ld
	$(call say,LD,$@)
	$(Q)$(LD) -static -nostdlib --build-id=none -z max-page-size=4096 \
		-T tests/guest/lib/guest.ld -o $@ $(BENCH_V2_O)
$(BUILD)/bench/sharing.elf: $(SHARING_O) tests/guest/lib/guest.ld
	$(call say,LD,$@)
	$(Q)$(LD) -static -nostdlib --build-id=none -z max-page-size=4096 \
		-T tests/guest/lib/guest.ld -o $@ $(SHARING_O)
$(BUILD)/bench/sharing-v2.elf: $(SHARING_V2_O) tests/guest/lib/guest.ld
	$(call say,LD,$@)
	$(Q)$(LD) -static -nostdlib --build-id=none -z max-page-size=4096 \
		-T tests/guest/lib/guest.ld -o $@ $(SHARING_V2_O)
$(BENCH_BIN): %.bin: %.elf
	$(Q)$(OBJCOPY) -O binary $< $@

# Built and tested where the other guests are.
guests: $(BENCH_BIN)

# KVM's VMM is a Linux program: built with a compiler that has a C library for arm64.
BENCH_CC ?= $(if $(filter aarch64,$(shell uname -m)),gcc,aarch64-linux-gnu-gcc)
VMM_C := tests/bench/kvm/net.c tests/bench/kvm/virtio.c tests/bench/kvm/vmm.c
$(BUILD)/bench/vmm: $(VMM_C) $(wildcard tests/bench/kvm/*.h)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(BENCH_CC) -std=gnu11 -O2 $(WARN) -I . -static -o $@ $(VMM_C) -lpthread
$(BUILD)/bench/kvm-devices.dtb: tests/bench/kvm/guest.dts
$(BUILD)/bench/kvm-%.dtb: tests/bench/kvm/%.dts
	$(call say,DTC,$<)
	@mkdir -p $(@D)
	$(Q)tools/dtc.sh $(DTC) $< $@

# ONLY= names machines, OPTIONS= goes to tools/bench/bench.py as it is (OPTIONS=--help). What KVM,
# Xen and the chart need is asked for where they are to be measured or drawn alone; without either
# the throughput of Linux follows.
comma := ,
BENCH_ONLY := $(strip $(subst $(comma), ,$(ONLY)))
bench-has = $(strip $(if $(BENCH_ONLY),$(foreach word,$(BENCH_ONLY),$(filter $(word)%,$(1))),$(1)))
KVM_VIRTIO := kvm-virtio kvm-virtio-a57 kvm-thread kvm-thread-a57
BENCH_SELF := $(filter --help --check% --profile%,$(OPTIONS))
BENCH_WANTS := $(if $(BENCH_SELF),,$(if $(call bench-has,xen xen-switch),xen) \
	$(if $(call bench-has,kvm-vhe kvm-a57 kvm-switch $(KVM_VIRTIO)),kvm) \
	$(if $(call bench-has,$(KVM_VIRTIO)),kvm-modules) \
	$(if $(filter --no-chart,$(OPTIONS)),,$(if $(call bench-has,bulkhead-a57),chart)))
.PHONY: bench bench-parts bench-kvm
bench-parts: $(BUILD)/bulkhead.img $(BUILD)/host/bulkhead-config $(BENCH_BIN)
bench-kvm: $(BUILD)/bench/vmm $(BUILD)/bench/kvm-guest.dtb $(BUILD)/bench/kvm-devices.dtb
bench:
	$(Q)tools/setup.sh bench
	$(Q)tools/bench/fetch.sh $(BENCH_WANTS)
	$(Q)+$(MAKE) --no-print-directory bench-parts
	$(if $(filter kvm,$(BENCH_WANTS)),$(Q)+$(MAKE) --no-print-directory bench-kvm \
		2>> $(BUILD)/log/bench-fetch.log || echo "bench: the VMM for KVM can't be built:" \
		"$(BUILD)/log/bench-fetch.log says why." >&2)
	$(Q)$(PYTHON) tools/bench/bench.py $(if $(ONLY),--only '$(ONLY)') $(OPTIONS)
	$(if $(ONLY)$(OPTIONS),,$(Q)+$(MAKE) --no-print-directory throughput)

# The longest steps between two looks at interrupts. ONLY=, SEED= and TRAPS= say what is run,
# OPTIONS= goes to tools/bench/steps.py as it is (OPTIONS=--help).
.PHONY: steps
steps:
	$(Q)tools/setup.sh test
	$(Q)$(PYTHON) tools/bench/steps.py $(if $(ONLY),--only '$(ONLY)') $(if $(SEED),--seed $(SEED)) \
		$(if $(TRAPS),--traps $(TRAPS)) $(OPTIONS)

# Disk and network of a stock Linux, as a share of what bare QEMU gives it: seconds of this machine.
.PHONY: throughput throughput-parts
throughput-parts: $(BUILD)/bulkhead.img $(BUILD)/host/bulkhead-config $(BUILD)/guest/Image \
                  $(BUILD)/guest/initrd.cpio.gz
throughput:
	$(Q)tools/setup.sh test
	$(Q)+$(MAKE) --no-print-directory throughput-parts
	$(Q)$(PYTHON) tools/bench/throughput.py

-include $(wildcard $(BUILD)/bench/*.d)
