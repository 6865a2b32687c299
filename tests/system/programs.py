# SPDX-License-Identifier: Apache-2.0
"""Programs of tests/system/*.c in the initramfs of Linux guests."""
import gzip
import pathlib
import shutil
import stat
import subprocess
import sys

import machine as board
import pytest

sys.path.insert(0, str(board.ROOT / "tools"))
import mkinitrd  # noqa: E402

COMPILER = "aarch64-linux-gnu-gcc"


def linux_images_with(program: str, folder: pathlib.Path) -> str:
    """The images of linux_images(), with PROGRAM.c as bin/PROGRAM; made in `folder`."""
    if shutil.which(COMPILER) is None:
        pytest.skip(f"{COMPILER} is missing (package gcc-aarch64-linux-gnu)")
    source = board.ROOT / "tests" / "system" / f"{program}.c"
    subprocess.run([COMPILER, "-O2", "-static", "-o", folder / program, source], check=True)
    more = mkinitrd.Cpio()
    more.add(f"bin/{program}", stat.S_IFREG | 0o755, (folder / program).read_bytes())
    guest = board.BUILD / "guest"
    # Linux unpacks one archive after another.
    (folder / "initrd").write_bytes(
        (guest / "initrd.cpio.gz").read_bytes() + gzip.compress(more.finish(), mtime=0)
    )
    return (
        f'kernel: kernel {{ type = "linux"; data = /incbin/("{guest}/Image"); }};\n'
        f'initrd: initrd {{ type = "ramdisk"; data = /incbin/("{folder}/initrd"); }};\n'
    )
