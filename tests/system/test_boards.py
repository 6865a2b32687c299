# SPDX-License-Identifier: Apache-2.0
"""Interrupt controllers: Linux on every pair of the board's and the guest's."""
import pytest

from configs import config, vm

PAIRS = [
    pytest.param("virt-gicv2", "", "GIC-0", id="v2_on_v2"),
    pytest.param("virt-gicv3", 'gic = "v2";', "GIC-0", id="v2_on_v3"),
    pytest.param("virt-gicv3", "", "GICv3", id="v3_on_v3"),
]


def interrupts(run, line: str, prompt: str) -> list[int]:
    """What /proc/interrupts counts in the row that holds `line`, per CPU."""
    text = run.run(f"grep {line} /proc/interrupts", prompt)
    return [int(word) for word in text.split(":")[1].split() if word.isdigit()]


@pytest.mark.parametrize("machine, gic, driver", PAIRS)
def test_Linux_with_four_CPUs(boot, machine, gic, driver):
    run = boot(
        config(vm("alpha", vcpus=4, extra=gic)),
        machine=machine,
    )
    run.expect("^alpha # ", 150)
    assert "4" in run.run("nproc", "alpha # ").split()
    assert driver in run.run("grep arch_timer /proc/interrupts", "alpha # ")
    # each CPU takes its own timer and other CPUs' interrupts
    timer = interrupts(run, "arch_timer", "alpha # ")
    assert len(timer) >= 4 and all(count > 0 for count in timer[:4])
    calls = interrupts(run, "'Function call'", "alpha # ")
    assert sum(count > 0 for count in calls) >= 3
