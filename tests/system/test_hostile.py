# SPDX-License-Identifier: Apache-2.0
"""A guest that does all it can to its hypervisor, and its neighbour: a fraction of `make soak`.

76,000 traps in all; tests/hostile.py says what is done and what must hold.
"""
import hostile
import machine as board
import pytest
from run_case import SCALE

SEED = 20261121
# Traps; together 76,000.
FRACTION = {
    "priority": 8000, "v2-priority": 6000, "own": 4000, "parallel-shared": 2000, "virtio": 6000,
    "network": 20000, "window": 30000,
}  # fmt: skip


@pytest.mark.parametrize("key", FRACTION)
def test_a_hostile_VM_is_not_felt(key):
    variant = hostile.VARIANTS[key]
    if variant.qemu and board.qemu_of_version(variant.qemu) is None:
        pytest.skip(f"QEMU {variant.qemu} is missing: make fetch")
    name = f"test_hostile-{key}"
    outcome = hostile.play(name, variant, SEED, FRACTION[key], seconds=120 * SCALE)
    assert not outcome.failures, "\n".join([*outcome.failures, f"log: build/log/{name}.log"])
    assert outcome.traps >= FRACTION[key]
    assert outcome.commands > 0
    print(outcome.said(variant.bound))
