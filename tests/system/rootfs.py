# SPDX-License-Identifier: Apache-2.0
"""A root file system for guests: Debian's programs of build/cache/rootfs, and busybox."""
import os
import pathlib
import shutil
import subprocess

import pytest

import machine as board
import mkinitrd
from run_case import SCALE

SBIN = os.environ["PATH"] + ":/usr/sbin:/sbin"
CACHE = board.BUILD / "cache"
MODULES = CACHE / "modules"


def mke2fs(path: pathlib.Path, folder: pathlib.Path, mib: int) -> None:
    """An ext4 file system of a folder's files, all root's, made as any user."""
    with path.open("wb") as file:
        file.truncate(mib << 20)
    subprocess.run(
        ["mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-E", "root_owner=0:0", "-d",
         str(folder), str(path)],
        env={**os.environ, "PATH": SBIN}, check=True, timeout=60 * SCALE,
    )


def write(path: pathlib.Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def make(work: pathlib.Path, mib: int = 48, programs: tuple[str, ...] = ()) -> pathlib.Path:
    """The image of one, in folder `work`; `programs` are those of tests/linux it has in /bin."""
    if shutil.which("mke2fs", path=SBIN) is None:
        pytest.skip("mke2fs is missing: install e2fsprogs")
    if not (CACHE / "rootfs" / "usr" / "bin" / "iperf3").exists():
        pytest.skip(f"{CACHE}/rootfs is missing: run 'make fetch'")
    root = work / "rootfs"
    shutil.copytree(CACHE / "rootfs", root, symlinks=True)
    for name in ("dev", "proc", "sys", "tmp", "root"):
        (root / name).mkdir()
    (root / "lib" / "modules").mkdir()
    for module in MODULES.glob("*.ko"):
        shutil.copy(module, root / "lib")
    shutil.copy(CACHE / "busybox", root / "bin")
    (root / "bin" / "busybox").chmod(0o755)
    for program in programs:
        shutil.copy(board.BUILD / "guest" / program, root / "bin")
    for link in ("sbin/init", "bin/sh"):
        (root / link).symlink_to("/bin/busybox")
    # what busybox has, but for what is there already
    write(root / "etc" / "rc", mkinitrd.RC.replace("\n", "\n/bin/busybox --install -s\n", 1))
    write(root / "etc" / "inittab", mkinitrd.INITTAB)
    write(root / "etc" / "profile", mkinitrd.PROFILE)
    mke2fs(work / "rootfs.img", root, mib)
    return work / "rootfs.img"
