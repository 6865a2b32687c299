# SPDX-License-Identifier: Apache-2.0
"""Messages as interrupts, to a stock Linux."""
from configs import config, vm


def test_a_Linux_brings_its_ITS_up(boot):
    run = boot(
        config(
            vm(
                "alpha",
                vcpus=4,
                memory="512M",
                extra="its; lpi-count = <16384>;",
                bootargs="console=ttyAMA0 hostname=alpha",
            )
        )
    )
    run.expect(r"ITS \[mem 0x08080000-0x0809ffff\]")
    run.expect(r"ITS@0x0*8080000: allocated \d+ Devices")
    run.expect("GICv3: using LPI property table")
    run.expect("CPU3: using allocated LPI pending table")
    run.expect("^alpha # ", 120)
    # The next life finds an ITS as after a reset.
    run.line("reboot -f")
    run.expect("^bulkhead: alpha: reset by itself, starts again", 60)
    run.expect(r"ITS@0x0*8080000: allocated \d+ Devices", 60)
    run.expect("CPU3: using allocated LPI pending table")
    run.expect("^alpha # ", 120)
    assert "4" in run.run("nproc", "alpha # ").split()
