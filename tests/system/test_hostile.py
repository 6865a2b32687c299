# SPDX-License-Identifier: Apache-2.0
"""A guest that does all it can to its hypervisor, and its neighbour: a fraction of `make soak`.

82,000 traps in all; tests/hostile.py says what is done and what must hold.
"""
import re

import hostile
import machine as board
import pytest
from configs import config, raw_image, vm
from run_case import SCALE

SEED = 20261121
# Traps; together 82,000.
FRACTION = {
    "priority": 8000, "v2-priority": 6000, "own": 4000, "parallel-shared": 2000, "virtio": 6000,
    "network": 20000, "window": 30000, "physical": 6000,
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


def test_each_command_is_typed_beside_a_hostile_VM(boot):
    """All that `help` tells of, but those that end the board."""
    spin = vm("spin", kernel="spin_image", initrd=None, memory="64M", devices="")
    run = boot(config(spin, images=raw_image("spin")))
    run.expect("^bulkhead> ")
    typed = [words.split() for words in hostile.COMMANDS]
    typed += [words.split() for verbs in hostile.VERBS for words in verbs]
    commands = set(re.findall(r"^(\w+) ", run.run("help", "^bulkhead> "), re.M))
    assert {"vm", "log"} < commands
    assert commands - {words[0] for words in typed} == set(hostile.ENDS)
    told = run.run("help vm", "^bulkhead> ")
    verbs = re.search("VERB: (.*);", told)[1].split(", ") + re.findall(r"^vm (\w+)", told, re.M)
    assert {"kill", "affinity"} < set(verbs)
    assert set(verbs) <= {words[1] for words in typed if words[0] == "vm" and len(words) > 1}
