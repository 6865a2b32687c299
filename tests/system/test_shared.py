# SPDX-License-Identifier: Apache-2.0
"""Linux on CPUs that are shared: more vCPUs than there are CPUs."""
from configs import config, linux_images, vm
from test_hypercalls import CONTROL, TICK_NS, stolen

FOUR = ("alpha", "beta", "gamma", "delta")


def test_a_Linux_of_32_vCPUs_on_2_CPUs(boot):
    run = boot(
        config(vm("alpha", vcpus=32, cpus=[0, 1] * 16, memory="768M",
                  extra="vcpu-slice-us = <1000>;"), images=linux_images()),
        cpus=2, memory=1536,
    )
    run.expect("alpha # ", timeout=300)
    assert "32" in run.run("nproc", "alpha # ").split()
    run.check_dmesg("alpha")


def test_16_vCPUs_of_four_Linux_on_2_CPUs_run_a_load(boot):
    run = boot(
        config(
            *(
                vm(name, devices=CONTROL, vcpus=4, cpus=[0, 1, 0, 1], memory="192M")
                for name in FOUR
            ),
            images=linux_images(),
        ),
        cpus=2, memory=1536,
    )  # fmt: skip
    # only the prompt of who has the keys is shown
    run.expect_each(*(rf"^{name}[|] {name}: Linux .*, 4 CPUs, " for name in FOUR), timeout=400)
    for name in FOUR:
        run.to_prompt(name)
        # one for each vCPU; the word that tells of the end is not in the line itself
        each = "dd if=/dev/zero bs=64k count=100 2>/dev/null | md5sum & "
        run.line(f"for i in 1 2 3 4; do {each}done; wait; echo {name} is th''rough")
    run.expect_each(*(rf"^{name}[|] {name} is through" for name in FOUR), timeout=300)
    for name in FOUR:
        run.to_prompt(name)
        assert "4" in run.run("nproc", f"{name} # ").split()
        run.check_dmesg(name)
        before, shown, after = stolen(run, name)
        assert shown > 10**9, "four times as much was wanted as there was"
        # a CPU that sleeps tells with its next tick what was stolen before
        assert before * 95 // 100 - 8 * TICK_NS <= shown <= after * 105 // 100 + 8 * TICK_NS
