# SPDX-License-Identifier: Apache-2.0
"""Disks of images and in memory, driven by a stock Linux."""
import base64
import gzip
import hashlib
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from configs import DEVICES, cells, config, linux_images, size, vm
from rootfs import SBIN, mke2fs
from run_case import SCALE

MODULES = ("crc16", "crc32c_generic", "mbcache", "jbd2", "ext4", "virtio_mmio", "virtio_blk")


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


@pytest.fixture
def tree(tmp_path):
    """A folder for an image's files."""
    if shutil.which("mke2fs", path=SBIN) is None:
        pytest.skip("mke2fs is missing: install e2fsprogs")
    (tmp_path / "tree").mkdir()
    return tmp_path / "tree"


@pytest.fixture
def data_image(tree, tmp_path):
    """An image with a file `data` of 4 MiB, and that file's sha256."""
    content = hashlib.shake_128(b"disk").digest(4 << 20)
    (tree / "data").write_bytes(content)
    mke2fs(tmp_path / "data.img", tree, 20)
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


@pytest.mark.parametrize("machine", ["virt-gicv3", "virt-gicv2"])
def test_two_VMs_of_one_image_see_their_own_writes(boot, data_image, machine):
    path, digest = data_image
    vms = [
        vm("alpha", devices=devices(disk("data", *over("data", "20M")))),
        vm("beta", devices=devices(disk("data", *over("data", "20M")),
                                   disk("same", "image = <&data>;", "read-only;"))),
    ]
    run = boot(config(*vms, images=images(data=path)), machine=machine)
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


def e2fsck(path: pathlib.Path, how: str) -> int:
    done = subprocess.run(["e2fsck", "-f", how, str(path)], env={**os.environ, "PATH": SBIN},
                          capture_output=True, text=True, check=False, timeout=60 * SCALE)
    print(done.stdout)
    return done.returncode


def test_a_VM_that_is_restarted_in_mid_write_finds_its_disk_whole(boot, tree, tmp_path):
    (tree / "there").write_text("before\n", encoding="utf-8")
    mke2fs(tmp_path / "data.img", tree, 16)
    one = devices(disk("data", *over("data", "16M")))
    run = boot(config(vm("alpha", devices=one), images=images(data=tmp_path / "data.img")))
    run.expect("^alpha # ", 120)
    load(run, "alpha")
    ask(run, "alpha", "mkdir /a; mount -t ext4 /dev/vda /a; seq 20000 > /tmp/all")
    wanted = ask(run, "alpha", "md5sum < /tmp/all")
    # FLUSH is honoured: what `sync` has returned from is there, whatever comes after
    run.line("i=0; while :; do i=$((i+1)); cp /tmp/all /a/f$((i % 60)); sync; echo wrote $i; done")
    run.expect("^wrote 20$", 60)
    run.focus("the hypervisor's shell")
    written = int(run.expect(r"wrote (\d+)$")[1])
    run.line("vm restart alpha")
    run.expect("^bulkhead: alpha starts", 60)
    last = max(int(number) for number in re.findall(r"wrote (\d+)\n", run.text))
    assert last >= written
    run.expect("^alpha # ", 120)
    run.switch()
    load(run, "alpha")
    # as the restart left it, on the host
    dump = ask(run, "alpha", "gzip -c /dev/vda | base64", 120)
    (tmp_path / "left.img").write_bytes(gzip.decompress(base64.b64decode(dump)))
    assert (tmp_path / "left.img").stat().st_size == 16 << 20
    assert e2fsck(tmp_path / "left.img", "-p") in (0, 1)    # the journal was used
    assert e2fsck(tmp_path / "left.img", "-n") == 0
    # and with Linux: each file is whole but for the one that was being written
    assert ask(run, "alpha", "mkdir /a; mount -t ext4 /dev/vda /a") == ""
    sums = ask(run, "alpha", f"for i in $(seq {min(last, 59)}); do md5sum < /a/f$i; done", 60)
    whole = sum(line == wanted for line in sums.splitlines())
    assert whole >= min(last, 59) - (last >= 59)
    assert ask(run, "alpha", "cat /a/there") == "before"
