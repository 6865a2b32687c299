# SPDX-License-Identifier: Apache-2.0
"""A VM that is paused: its time, its interrupts, what can be seen of it and done with it."""
import re

import pytest

from configs import config, raw_image, vm

SHELL = "the hypervisor's shell"
PAUSE = 4  # seconds at least, by the other VM's ticks
# Board, and what the paused VM's interrupt controller is.
GICS = {"gicv3": ("virt-gicv3", ""), "gicv2": ("virt-gicv2", ""), "v2on3": ("virt-gicv3", "v2")}


def boot_clock(boot, gic: str, time: str, cpus: list[int]):
    machine, wanted = GICS[gic]
    run = boot(
        config(
            vm("held", kernel="clock_image", initrd=None, memory="64M", vcpus=2, cpus=cpus,
               extra=f'time-when-paused = "{time}";' + (f'gic = "{wanted}";' if wanted else "")),
            vm("good", kernel="tick_image", initrd=None, memory="64M", cpus=[2]),
            images=raw_image("clock") + raw_image("tick"),
        ),
        machine=machine,
        cpus=3,
    )  # fmt: skip
    run.expect_each(r"^held[|] clock 2\b", r"^good[|] tick 1\b")
    run.focus(SHELL)
    return run


def pause(run) -> int:
    """Pauses the VM for a while, not in the middle of a line; the last second that it told of."""
    run.expect(r"^held[|] clock \d+: .*\n", 20)
    run.run("vm pause held", "bulkhead> ")
    while not re.search(r"^held +paused", run.run("vm", "bulkhead> "), re.M):
        pass  # each CPU takes a moment
    before = len(run.text)
    for _ in range(PAUSE + 1):
        run.expect(r"^good[|] tick \d+\b", 20)
    assert "held| clock" not in run.text[before:], "it does nothing meanwhile"
    return int(re.findall(r"^held[|] clock (\d+)", run.text, re.M)[-1])


def goes_on(run, last: int) -> None:
    """It counts on, and both timers tick."""
    # the pause may have come when it had just told and before it counted from 0 again: the second
    # after that is over when it goes on, and no tick may be in it
    run.expect(rf"^held[|] clock {last + 1}:", 20)
    for n in range(last + 2, last + 5):
        told = run.expect(rf"^held[|] clock {n}: (\d+) and (\d+) ticks", 20)
        assert int(told[1]) > 0 and int(told[2]) > 0
    assert "BUG" not in run.text


@pytest.mark.parametrize("cpus", [[0, 1], [0, 0]], ids=["own", "shared"])
@pytest.mark.parametrize("gic", GICS)
def test_time_stops_in_a_pause(boot, gic, cpus):
    run = boot_clock(boot, gic, "stops", cpus)
    last = pause(run)
    run.run("vm resume held", "bulkhead> ")
    goes_on(run, last)
    # a busy host may make it miss a moment, but not so long a one
    gaps = [int(ms) for ms in re.findall(r"^held[|] clock: (\d+) ms passed", run.text, re.M)]
    assert max(gaps, default=0) < 1000 * PAUSE


@pytest.mark.parametrize("gic", ["gicv3", "gicv2"])
def test_time_goes_on_in_a_pause_if_the_config_says_so(boot, gic):
    run = boot_clock(boot, gic, "runs", [0, 1])
    last = pause(run)
    run.run("vm resume held", "bulkhead> ")
    passed = int(run.expect(r"^held[|] clock: (\d+) ms passed without it", 20)[1])
    assert passed >= 1000 * PAUSE
    goes_on(run, last)


def test_a_paused_VM_can_be_looked_at_and_restarted(boot):
    run = boot_clock(boot, "gicv3", "stops", [0, 1])
    pause(run)
    said = run.run("regs held 1", "bulkhead> ")
    assert re.search(r"\bpc +[0-9a-f]{16}", said), said
    assert re.search(r"\bpaused\b", said), said
    assert re.search(r"^held +paused", run.run("vm", "bulkhead> "), re.M)
    run.run("vm restart held", "bulkhead> ")
    goes_on(run, 0)
