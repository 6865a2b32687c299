# SPDX-License-Identifier: Apache-2.0
"""Doorbells between stock Linux VMs, by the GPIO character device."""
import re

import pytest
from configs import config, vm
from programs import linux_images_with

RINGS = 1000
RTC_BY_LPI = 'rtc { compatible = "bulkhead,pl031"; lpi; };'
RTC_LINE = r"mbigen-v2 +\d+ +Level +rtc-pl031"


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> str:
    """Debian's kernel, and the guests' initramfs with tests/system/gpio.c in it."""
    return linux_images_with("gpio", tmp_path_factory.mktemp("doorbell"))


def devices(label: str, peer: str, more: str = "") -> str:
    return f"""devices {{
        uart {{ compatible = "bulkhead,pl011"; }};
        {more}
        {label}: bell {{ compatible = "bulkhead,doorbell"; peer = <&{peer}>; }};
    }};"""


def counted(table: str, line: str) -> int:
    """How often the interrupt came whose line in /proc/interrupts (one CPU) ends so."""
    found = re.search(r"\d+: +(\d+) +" + line, table)
    assert found, table
    return int(found[1])


def two_that_ring(run) -> str:
    """alpha rings, beta answers; /proc/interrupts of alpha while the line is requested."""
    run.expect_each("^alpha[|] alpha: Linux", "^beta[|] beta: Linux", timeout=150)
    run.focus("beta")
    run.line(f"gpio answer bell {RINGS} &")
    run.expect("beta[|].*bell listens", 60)
    run.focus("alpha")
    run.line(f"gpio ring bell {RINGS}; echo over")
    all_seen = f".*bell: {RINGS} rings of {RINGS}$"
    run.expect_each("alpha[|]" + all_seen, "beta[|]" + all_seen, timeout=120)
    # What counts interrupts shows lines that are requested: this one waits for a ring in vain.
    run.line("gpio answer bell 1 &")
    run.expect("alpha[|].*bell listens", 60)
    return run.run("cat /proc/interrupts", "alpha # ", 60)


def test_two_Linux_VMs_ring_each_other(boot, images):
    run = boot(
        config(
            vm("alpha", devices=devices("one", "two")),
            vm("beta", devices=devices("two", "one")),
            images=images,
        ),
        cpus=2,
    )
    assert counted(two_that_ring(run), r"9030000\.pl061 +0 +Edge +doorbell") >= RINGS


def test_with_an_ITS_a_doorbell_rings_by_an_LPI(boot, images):
    run = boot(
        config(
            vm("alpha", devices=devices("one", "two", RTC_BY_LPI), extra="its;"),
            vm("beta", devices=devices("two", "one")),
            images=images,
        ),
        cpus=2,
    )
    table = two_that_ring(run)
    # What leads to the PL061 has a chained handler, which is not listed: its lines are.
    assert counted(table, r"9030000\.pl061 +0 +Edge +doorbell") >= RINGS
    chips = run.run("cat /sys/kernel/irq/*/chip_name", "alpha # ", 60)
    assert chips.count("mbigen-v2") == 2, chips
    # Nobody waited for a driver of the generator's inner node: docs/doorbell.md.
    log = run.run("dmesg | grep -e 'GPIO chip' -e 'Run /init'", "alpha # ")
    assert re.search(r"PL061 GPIO chip(.*\n)+.*Run /init", log), log
    # The clock's alarm is an LPI that Linux requests by itself.
    assert counted(table, RTC_LINE) == 0
    run.run("exec 3< /dev/rtc0", "alpha # ")
    for alarms in 1, 2:
        run.run("echo +2 > /sys/class/rtc/rtc0/wakealarm", "alpha # ")
        assert "8" in run.run("dd bs=8 count=1 <&3 2>&- | wc -c", "alpha # ", 30).split()
        assert counted(run.run("cat /proc/interrupts", "alpha # "), RTC_LINE) == alarms
