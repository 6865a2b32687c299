# SPDX-License-Identifier: Apache-2.0
"""The emulated SP805 under stock Linux' driver: fed, starved, paused, and what on-expiry says."""
import re

import pytest

from configs import config, linux_images, raw_image, vm

SHELL = "the hypervisor's shell"
TIMEOUT = 4  # seconds, of Linux' driver


def devices(on_expiry: str) -> str:
    return (
        'devices { uart { compatible = "bulkhead,pl011"; }; '
        f'dog {{ compatible = "bulkhead,sp805"; on-expiry = "{on_expiry}"; }}; }};'
    )


def boot_watched(boot, on_expiry: str, extra: str = ""):
    """A Linux whose watchdog is fed by a daemon, and a bare-metal VM beside it."""
    run = boot(
        config(
            vm("alpha", devices=devices(on_expiry), extra=extra),
            vm("beta", kernel="tick_image", initrd=None, memory="64M"),
            images=linux_images() + raw_image("tick"),
        )
    )
    run.expect("^alpha[|] alpha # ", 120)
    start_feeding(run)
    return run


def start_feeding(run) -> None:
    """Loads the driver, and has busybox' daemon feed it each second."""
    run.focus("alpha")
    run.run("insmod /lib/sp805_wdt.ko", "alpha # ")
    found = run.run("ls /dev/watchdog /sys/bus/amba/drivers/sp805-wdt", "alpha # ")
    assert "/dev/watchdog" in found
    assert "90d0000.watchdog" in found, "the driver has bound to the device"
    run.run(f"watchdog -T {TIMEOUT} -t 1 /dev/watchdog", "alpha # ")


def ticks(run) -> list[int]:
    """What the other VM has told, from its log: on the screen a line may be broken by another's."""
    run.focus(SHELL)
    log = run.run("log beta 200", "bulkhead> ")
    return [int(n) for n in re.findall(r"^tick (\d+)$", log, re.M)]


def let_pass(run, seconds: int) -> None:
    """So many seconds of the other VM, which ticks once in each."""
    for _ in range(seconds + 1):
        run.expect(r"^beta[|] tick \d+\b", 20)


def starve(run) -> None:
    run.run("killall -9 watchdog", "alpha # ")


def test_a_Linux_that_feeds_it_lives_and_one_that_stops_is_restarted(boot):
    run = boot_watched(boot, "restart", "restart-limit = <1>; restart-delay-ms = <50>;")
    let_pass(run, 2 * TIMEOUT)
    assert "its watchdog" not in run.text
    run.run("touch /tmp/here", "alpha # ")
    starve(run)
    run.expect("^bulkhead: alpha: its watchdog ran out, starts again in 50 ms", 3 * TIMEOUT)
    run.expect("^alpha[|] alpha # ", 120)
    run.focus("alpha")
    assert "No such file" in run.run("ls /tmp/here", "alpha # ")
    # and by the driver of the new life, which the limit makes the last
    start_feeding(run)
    starve(run)
    run.expect(
        "^bulkhead: alpha: its watchdog ran out, and is not started again: 1 times", 3 * TIMEOUT
    )
    let_pass(run, 1)
    told = ticks(run)
    assert told == list(range(1, len(told) + 1)), "the VM beside it has missed no tick"


@pytest.mark.parametrize("on_expiry", ["stop", "log"])
def test_it_may_stop_a_VM_or_only_tell_of_it(boot, on_expiry):
    run = boot_watched(boot, on_expiry)
    starve(run)
    if on_expiry == "stop":
        run.expect("^bulkhead: alpha: its watchdog ran out$", 3 * TIMEOUT)
        run.focus(SHELL)
        assert re.search(r"^alpha +stopped \(watchdog\)", run.run("vm", "bulkhead> "), re.M)
    else:
        run.expect(
            "^bulkhead: alpha: its watchdog ran out; it goes on, as on-expiry says", 3 * TIMEOUT
        )
        assert "alpha" in run.run("hostname", "alpha # ")
    let_pass(run, 1)


def test_it_stands_still_while_its_VM_is_paused(boot):
    run = boot_watched(boot, "restart")
    run.focus(SHELL)
    run.run("vm pause alpha", "bulkhead> ")
    let_pass(run, 2 * TIMEOUT)
    run.run("vm resume alpha", "bulkhead> ")
    let_pass(run, 2 * TIMEOUT)
    assert re.search(r"^alpha +running", run.run("vm", "bulkhead> "), re.M)
    assert "its watchdog" not in run.text
