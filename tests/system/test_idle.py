# SPDX-License-Identifier: Apache-2.0
"""The CPU of a VM that is stopped or paused: it sleeps, or the others on it have it."""
import re
import time

import gdbstub
import hostile
import machine as board
import pytest
from configs import config, raw_image, vm
from run_case import SCALE

PROMPT = "bulkhead> "
SECONDS = 30
# What takes a VM out of its CPU, what `vm` says of it then, and what brings it back.
AWAY = {"pause": ("paused", "resume"), "stop": ("stopped", "start"), "kill": ("stopped", "start")}
SHARE = r"spin: (\d+) of 1000"  # what tests/guest/spin.c says
NEARLY_ALL = 980
GUEST = gdbstub.Cpu(level=1, halted=False, behind_wfi=False)
ASLEEP = gdbstub.Cpu(level=2, halted=True, behind_wfi=True)


def spinner(name: str, cpu: int, extra: str = "vcpu-slice-us = <1000>;") -> str:
    """Without input: the shell has the keys."""
    deaf = 'devices { uart { compatible = "bulkhead,pl011"; input = "none"; }; };'
    return vm(
        name, kernel="spin_image", initrd=None, memory="64M", cpus=[cpu], devices=deaf, extra=extra
    )


def await_state(run, name: str, state: str) -> None:
    """A verb does not wait for its effect: the table tells."""
    limit = time.monotonic() + SECONDS * SCALE
    while not re.search(rf"^{name} +{state}\b", table := run.run("vm", PROMPT), re.M):
        assert time.monotonic() < limit, table


def await_cpu(run, path, wanted: gdbstub.Cpu) -> None:
    """Until CPU 1 does that; the shell's answer comes between two looks."""
    limit = time.monotonic() + SECONDS * SCALE
    while True:
        with gdbstub.GdbStub(path) as stub:
            seen = stub.cpu(1)
        if seen == wanted:
            return
        assert time.monotonic() < limit, seen
        run.run("vm", PROMPT)


def test_the_CPU_of_a_VM_that_is_stopped_or_paused_sleeps(boot):
    path = board.BUILD / "test" / "test_idle.gdb"
    run = boot(
        config(spinner("spin", 1), images=raw_image("spin")),
        cpus=2,
        extra=gdbstub.option(path),
    )
    run.expect(SHARE)
    for verb, (state, back) in AWAY.items():
        await_state(run, "spin", "running")
        await_cpu(run, path, GUEST)
        run.run(f"vm {verb} spin", PROMPT)
        await_state(run, "spin", state)
        await_cpu(run, path, ASLEEP)
        run.run(f"vm {back} spin", PROMPT)


def share(run) -> int:
    """Thousandths that the second VM has of its CPU, in a time that begins from now on."""
    run.position = len(run.text)
    run.expect(f"^second[|] {SHARE}")
    return int(run.expect(f"^second[|] {SHARE}")[1])


@pytest.mark.parametrize(
    "extra, least, most",
    [
        ("vcpu-slice-us = <1000>;", 450, 550),
        ("vcpu-budget-us = <8000>; vcpu-period-us = <10000>;", 150, 250),
    ],
    ids=["equal", "budget"],
)
def test_what_a_VM_leaves_of_a_CPU_the_other_has(boot, extra, least, most):
    run = boot(
        config(spinner("first", 0, extra), spinner("second", 0), images=raw_image("spin")),
        cpus=1,
        extra=hostile.ICOUNT,
    )
    run.expect_each(f"^first[|] {SHARE}", f"^second[|] {SHARE}")
    for verb, (state, back) in AWAY.items():
        await_state(run, "first", "running")
        assert least < share(run) < most
        run.run(f"vm {verb} first", PROMPT)
        await_state(run, "first", state)
        assert share(run) > NEARLY_ALL
        run.run(f"vm {back} first", PROMPT)
