# SPDX-License-Identifier: Apache-2.0
"""Doorbells between stock Linux VMs, by the GPIO character device."""
import gzip
import pathlib
import re
import shutil
import stat
import subprocess
import sys

import machine as board
import pytest
from configs import config, vm

sys.path.insert(0, str(board.ROOT / "tools"))
import mkinitrd  # noqa: E402

COMPILER = "aarch64-linux-gnu-gcc"
RINGS = 1000


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> str:
    """Debian's kernel, and the guests' initramfs with tests/system/gpio.c in it."""
    if shutil.which(COMPILER) is None:
        pytest.skip(f"{COMPILER} is missing (package gcc-aarch64-linux-gnu)")
    folder: pathlib.Path = tmp_path_factory.mktemp("doorbell")
    program = folder / "gpio"
    source = board.ROOT / "tests" / "system" / "gpio.c"
    subprocess.run([COMPILER, "-O2", "-static", "-o", program, source], check=True)
    more = mkinitrd.Cpio()
    more.add("bin/gpio", stat.S_IFREG | 0o755, program.read_bytes())
    guest = board.BUILD / "guest"
    # Linux unpacks one archive after another.
    (folder / "initrd").write_bytes(
        (guest / "initrd.cpio.gz").read_bytes() + gzip.compress(more.finish(), mtime=0)
    )
    return (
        f'kernel: kernel {{ type = "linux"; data = /incbin/("{guest}/Image"); }};\n'
        f'initrd: initrd {{ type = "ramdisk"; data = /incbin/("{folder}/initrd"); }};\n'
    )


def devices(label: str, peer: str) -> str:
    return f"""devices {{
        uart {{ compatible = "bulkhead,pl011"; }};
        {label}: bell {{ compatible = "bulkhead,doorbell"; peer = <&{peer}>; }};
    }};"""


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
    table = two_that_ring(run)
    assert re.search(r"\d+ +9030000\.pl061 +0 +Edge +doorbell", table), table


def test_with_an_ITS_a_doorbell_rings_by_an_LPI(boot, images):
    run = boot(
        config(
            # Without the last word Linux waits ten seconds: docs/doorbell.md.
            vm(
                "alpha",
                devices=devices("one", "two"),
                extra="its;",
                bootargs="console=ttyAMA0 hostname=alpha quiet fw_devlink=off",
            ),
            vm("beta", devices=devices("two", "one")),
            images=images,
        ),
        cpus=2,
    )
    table = two_that_ring(run)
    assert re.search(r"\d+ +9030000\.pl061 +0 +Edge +doorbell", table), table
    # What leads to the PL061 has a chained handler, which no count shows: but this is its only way.
    chips = run.run("cat /sys/kernel/irq/*/chip_name", "alpha # ", 60)
    assert "mbigen-v2" in chips, chips
