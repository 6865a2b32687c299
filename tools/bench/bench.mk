# SPDX-License-Identifier: Apache-2.0
# `make bench`: the guest, KVM's VMM, and the command that runs them. Included by the Makefile.

BENCH_O := $(BUILD)/bench/start.o $(BUILD)/bench/main.o $(BUILD)/bench/machine.o \
           $(BUILD)/guest/lib/psci.o $(BUILD)/guest/lib/smccc.o

$(BUILD)/bench/%.o: tests/bench/%.c $(BUILD)/guest-cc.flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/bench/%.o: tests/bench/%.S $(BUILD)/guest-cc.flags
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/bench/guest.elf: $(BENCH_O) tests/guest/lib/guest.ld
	$(call say,LD,$@)
	$(Q)$(LD) -static -nostdlib --build-id=none -z max-page-size=4096 \
		-T tests/guest/lib/guest.ld -o $@ $(BENCH_O)
$(BUILD)/bench/guest.bin: $(BUILD)/bench/guest.elf
	$(Q)$(OBJCOPY) -O binary $< $@

-include $(wildcard $(BUILD)/bench/*.d)
