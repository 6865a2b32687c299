# SPDX-License-Identifier: Apache-2.0
"""Disks of the board with a GPT, made by sfdisk as any user, and QEMU's words for them."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from rootfs import SBIN
from run_case import SCALE

# virtio-mmio of version 2; QEMU's own default is 1
VERSION_2 = ("-global", "virtio-mmio.force-legacy=false")


def need(program: str, package: str) -> None:
    if shutil.which(program, path=SBIN) is None:
        pytest.skip(f"{program} is missing: install {package}")


def tool(*words, text: str | None = None) -> str:
    done = subprocess.run([str(word) for word in words], env={**os.environ, "PATH": SBIN},
                          input=text, capture_output=True, text=True, check=True,
                          timeout=60 * SCALE)
    return done.stdout


class Disk:
    """A file with a partition for each keyword: name=MiB."""

    def __init__(self, path: pathlib.Path, **sizes: int) -> None:
        need("sfdisk", "fdisk")
        self.path = path
        with path.open("wb") as file:
            file.truncate((sum(sizes.values()) + 2) << 20)
        lines = "".join(f"size={mib}MiB, name={name}\n" for name, mib in sizes.items())
        tool("sfdisk", "-q", path, text=f"label: gpt\n{lines}")
        table = json.loads(tool("sfdisk", "-J", path))["partitiontable"]
        self.parts = {part["name"]: part for part in table["partitions"]}

    def write(self, name: str, data: bytes, at: int = 0) -> None:
        with self.path.open("r+b") as file:
            file.seek(self.parts[name]["start"] * 512 + at)
            file.write(data)

    def read(self, name: str) -> bytes:
        part = self.parts[name]
        with self.path.open("rb") as file:
            file.seek(part["start"] * 512)
            return file.read(part["size"] * 512)

    def uuid(self, name: str) -> str:
        return self.parts[name]["uuid"]


def disk_args(*paths: pathlib.Path, options: str = "", version_2: bool = True) -> list[str]:
    """QEMU's words for disks at /virtio_mmio@a000000, @a000200, ..."""
    words = [*VERSION_2] if version_2 else []
    for i, path in enumerate(paths):
        words += ["-drive", f"file={path},format=raw,if=none,id=disk{i}{options}",
                  "-device", f"virtio-blk-device,drive=disk{i},bus=virtio-mmio-bus.{i}"]
    return words
