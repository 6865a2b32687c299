# SPDX-License-Identifier: Apache-2.0
"""Messages as interrupts, to a stock Linux."""
import re

from configs import config, vm

LOUD = "console=ttyAMA0 hostname=alpha"  # the kernel tells what it finds
CONSOLE_BY_LPI = 'devices { uart { compatible = "bulkhead,pl011"; lpi; }; };'


def typed(run) -> list[int]:
    """Interrupts of the console, which is an LPI, on each CPU."""
    table = run.run("grep pl011 /proc/interrupts", "alpha # ")
    assert re.search(r"mbigen-v2 +64 +Level +uart-pl011", table), table
    return [int(word) for word in table.split(":")[1].split()[:4]]


def test_a_Linux_brings_its_ITS_up(boot):
    run = boot(
        config(
            vm(
                "alpha",
                vcpus=4,
                memory="512M",
                extra="its; lpi-count = <16384>;",
                devices=CONSOLE_BY_LPI,
                bootargs=LOUD,
            )
        )
    )
    run.expect(r"ITS \[mem 0x08080000-0x0809ffff\]")
    run.expect(r"ITS@0x0*8080000: allocated \d+ Devices")
    run.expect("GICv3: using LPI property table")
    run.expect("CPU3: using allocated LPI pending table")
    run.expect("^alpha # ", 120)
    # What is typed comes by an LPI, wherever that is sent.
    run.run("n=$(grep pl011 /proc/interrupts | cut -d: -f1 | tr -d ' ')", "alpha # ")
    for cpu in (1, 2, 3):
        run.run(f"echo {cpu} > /proc/irq/$n/smp_affinity_list", "alpha # ")
    assert all(count > 0 for count in typed(run))
    # The next life finds an ITS as after a reset.
    run.line("reboot -f")
    run.expect("^bulkhead: alpha: reset by itself, starts again", 60)
    run.expect(r"ITS@0x0*8080000: allocated \d+ Devices", 60)
    run.expect("CPU3: using allocated LPI pending table")
    run.expect("^alpha # ", 120)
    assert "4" in run.run("nproc", "alpha # ").split()
    assert sum(typed(run)) > 0


def test_a_Linux_finds_its_GICv2m(boot):
    run = boot(config(vm("alpha", vcpus=2, extra='gic = "v2"; gicv2m;', bootargs=LOUD)))
    run.expect(r"GICv2m: range\[mem 0x08020000-0x08020fff\], SPI\[80:143\]")
    run.expect("^alpha # ", 120)


def test_a_Linux_finds_messages_to_its_distributor(boot):
    run = boot(config(vm("alpha", vcpus=2, extra="mbi; spi-count = <988>;", bootargs=LOUD)))
    run.expect(r"GICv3: MBI range \[956:1019\]")
    run.expect("GICv3: Using MBI frame 0x0*8000000")
    run.expect("^alpha # ", 120)
