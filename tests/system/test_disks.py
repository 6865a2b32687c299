# SPDX-License-Identifier: Apache-2.0
"""Disks of images and in memory, driven by a stock Linux."""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import machine as board
from configs import DEVICES, cells, config, linux_images, size, vm
from run_case import SCALE

MODULES = ("crc16", "crc32c_generic", "mbcache", "jbd2", "ext4", "virtio_mmio", "virtio_blk")
SBIN = os.environ["PATH"] + ":/usr/sbin:/sbin"


def disk(name: str, *properties: str) -> str:
    return f'{name} {{ compatible = "bulkhead,virtio-blk"; {" ".join(properties)} }};'


def devices(*nodes: str) -> str:
    return DEVICES.removesuffix("};") + " ".join(nodes) + " };"


def over(image: str, room: str) -> list[str]:
    return [f"image = <&{image}>;", f"overlay-size = {cells(size(room))};"]


def images(**files: pathlib.Path) -> str:
    return linux_images() + "".join(
        f'{name}: {name} {{ type = "disk"; data = /incbin/("{path}"); }};\n'
        for name, path in files.items()
    )


def mke2fs(path: pathlib.Path, folder: pathlib.Path, mib: int) -> None:
    """An ext4 file system of a folder's files, all root's, made as any user."""
    with path.open("wb") as file:
        file.truncate(mib << 20)
    subprocess.run(
        ["mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-E", "root_owner=0:0", "-d",
         str(folder), str(path)],
        env={**os.environ, "PATH": SBIN}, check=True, timeout=60 * SCALE,
    )


@pytest.fixture
def data_image(tmp_path):
    """An image with a file `data` of 4 MiB, and that file's sha256."""
    if shutil.which("mke2fs", path=SBIN) is None:
        pytest.skip("mke2fs is missing: install e2fsprogs")
    folder = tmp_path / "tree"
    folder.mkdir()
    content = hashlib.shake_128(b"disk").digest(4 << 20)
    (folder / "data").write_bytes(content)
    mke2fs(tmp_path / "data.img", folder, 20)
    return tmp_path / "data.img", hashlib.sha256(content).hexdigest()


def ask(run, name: str, command: str, timeout: float = 30) -> str:
    """What a command printed at the prompt of a VM that has the keys."""
    return re.sub(r"^\w+[|] ", "", run.run(command, f"{name} # ", timeout), flags=re.M).strip()


def load(run, name: str) -> None:
    for module in MODULES:
        assert ask(run, name, f"insmod /lib/{module}.ko") == ""


def test_Linux_keeps_files_on_an_overlay_and_in_memory(boot, data_image):
    path, digest = data_image
    both = devices(
        disk("data", *over("data", "20M"), 'serial = "disk-of-alpha";'),
        disk("scratch", f"ram-size = {cells(48 << 20)};"),
    )
    run = boot(config(vm("alpha", devices=both), images=images(data=path)))
    run.expect("^alpha # ", 120)
    load(run, "alpha")
    assert ask(run, "alpha", "cat /sys/block/vda/serial") == "disk-of-alpha"
    assert ask(run, "alpha", "cat /sys/block/vd[ab]/size").split() == ["40960", "98304"]
    assert ask(run, "alpha", "cat /sys/block/vda/queue/physical_block_size") == "4096"
    assert ask(run, "alpha", "mkdir /a; mount -t ext4 /dev/vda /a; sha256sum < /a/data"
                   ).startswith(digest)
    # a disk of 48 MiB, all of it written and read
    ask(run, "alpha", "for i in 1 2 3 4; do cat /a/data; done > /tmp/16; sync")
    wanted = ask(run, "alpha", "sha256sum < /tmp/16").split()[0]
    copy = "dd if=/tmp/16 of=/dev/vdb bs=1M conv=fsync seek"
    for seek in (0, 16, 32):
        assert "16+0 records out" in ask(run, "alpha", f"{copy}={seek}", 60)
    ask(run, "alpha", "echo 3 > /proc/sys/vm/drop_caches")
    for skip in (0, 16, 32):
        read = f"dd if=/dev/vdb bs=1M skip={skip} count=16 2>/dev/null | sha256sum"
        assert ask(run, "alpha", read, 60).split()[0] == wanted
    # given back, it reads as zeroes
    assert ask(run, "alpha", "blkdiscard /dev/vdb") == ""
    ask(run, "alpha", "echo 3 > /proc/sys/vm/drop_caches")
    assert ask(run, "alpha", "tr -d '\\0' < /dev/vdb | wc -c", 60) == "0"


def test_two_VMs_of_one_image_see_their_own_writes(boot, data_image):
    path, digest = data_image
    vms = [
        vm("alpha", devices=devices(disk("data", *over("data", "20M")))),
        vm("beta", devices=devices(disk("data", *over("data", "20M")),
                                   disk("same", "image = <&data>;", "read-only;"))),
    ]
    run = boot(config(*vms, images=images(data=path)))
    run.expect_each("alpha # ", "^beta[|] Enter .help. for a list", timeout=120)
    for name in ("alpha", "beta"):
        if name == "beta":
            run.focus("beta")
        load(run, name)
        ask(run, name, "mkdir /a /b; mount -t ext4 /dev/vda /a")
        assert ask(run, name, f"echo {name} > /a/name; cp /a/data /a/copy; umount /a") == ""
    for name in ("beta", "alpha"):
        if name == "alpha":
            run.focus("alpha")
        ask(run, name, "mount -t ext4 /dev/vda /a")
        assert ask(run, name, "cat /a/name") == name
        assert ask(run, name, "sha256sum < /a/copy").startswith(digest)
    # and the image is as it was
    run.focus("beta")
    assert ask(run, "beta", "cat /sys/block/vdb/ro") == "1"
    ask(run, "beta", "mount -t ext4 -o ro /dev/vdb /b")
    assert ask(run, "beta", "ls /b").split() == ["data", "lost+found"]
    assert ask(run, "beta", "sha256sum < /b/data").startswith(digest)
