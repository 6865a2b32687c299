# SPDX-License-Identifier: Apache-2.0
"""Hundreds of megabytes copied from disk to disk by a stock Linux, for `make soak`.

Its root file system is an image with an overlay. Files of random bytes are copied between a disk in
memory and a partition of the board's disk, each held against its sha256 as read back from the disk,
while a random load that knows its blocks' contents (tests/linux/blocks.c) works on two more. At the
end e2fsck finds the three file systems clean, in the guest and, the partition's, on the host too.
"""
import pathlib
import re
import sys
import tempfile
import time

import pytest

from run_case import BUILD, ROOT, Result
from run_host import build
from soak import Part, Record, Run

sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "system")]
import configs  # noqa: E402
import console  # noqa: E402
import gpt  # noqa: E402
import rootfs  # noqa: E402
from test_disks import devices, disk, e2fsck, images, over  # noqa: E402
from test_rootfs import VERIFY, WRITE, ask, check_files, give  # noqa: E402

GOALS = ["all", "build/guest/Image", "build/guest/initrd.cpio.gz", "build/guest/blocks"]
NAME = "soak-disk-copies"
FILES, FILE_MIB = 8, 48  # copied in a round: 384 MiB
DISK_MIB = 448
LOAD_MIB, LOAD_COUNT = 24, 3000
ROOT_FILES = 60
# Devices of the guest, in the order of the config.
ROOT_DISK, MEMORY, PART, LOADS = "/dev/vda", "/dev/vdb", "/dev/vdc", ("/dev/vdd", "/dev/vde")


class Board:
    """Bulkhead with one Linux of five disks."""

    def __init__(self, work: pathlib.Path) -> None:
        self.work = work
        self.disk = gpt.Disk(work / "disk.img", copies=DISK_MIB, load=LOAD_MIB)
        image = rootfs.make(work, programs=("blocks",))
        nodes = devices(
            disk("root", *over("root", "40M")),
            disk("memory", f"ram-size = {configs.cells(DISK_MIB << 20)};"),
            disk("part", 'disk = "/virtio_mmio@a000000";', 'partition = "copies";'),
            disk("load0", f"ram-size = {configs.cells(LOAD_MIB << 20)};"),
            disk("load1", 'disk = "/virtio_mmio@a000000";', 'partition = "load";'),
        )
        bootargs = "console=ttyAMA0 hostname=alpha quiet root=/dev/vda"
        text = configs.config(
            configs.vm("alpha", devices=nodes, bootargs=bootargs), images=images(root=image)
        )
        self.run = console.start(
            NAME, kernel=BUILD / "bulkhead.img", initrd=configs.bundle(NAME, text),
            memory=1536, extra=gpt.disk_args(self.disk.path),
        )  # fmt: skip

    def ask(self, command: str, timeout: float = 600) -> str:
        return ask(self.run, "alpha", command, timeout)

    def begin(self) -> None:
        self.run.expect("alpha # ", 180)
        for device, folder in ((MEMORY, "/a"), (PART, "/b")):
            assert self.ask(f"/sbin/mke2fs -q -t ext4 {device}") == ""
            assert self.ask(f"mkdir {folder} && mount {device} {folder}") == ""
        give(self.run, "alpha", WRITE)
        give(self.run, "alpha", VERIFY)

    def fresh(self) -> None:
        """What is read from here on comes from the disks."""
        self.ask("sync; echo 3 > /proc/sys/vm/drop_caches")

    def sums(self, folder: str) -> list[str]:
        self.fresh()
        return [
            self.ask(f"sha256sum < {folder}/f{i}").split()[0] for i in range(FILES)
        ]

    def round(self, seed: int) -> tuple[int, int]:
        """MiB that were copied, and blocks' accesses; one way and back."""
        for i, device in enumerate(LOADS):
            words = f"{device} {LOAD_MIB} {LOAD_COUNT} {seed * 2 + i}"
            self.ask(f"blocks {words} > /tmp/blocks{i} 2>&1 &")
        self.ask(f"rm -rf /load; mkdir /load; sh /tmp/load /load {seed} {ROOT_FILES} 2>/dev/null")
        check_files(self.run, "alpha", "/load")
        for i in range(FILES):
            self.ask(f"dd if=/dev/urandom of=/a/f{i} bs=1M count={FILE_MIB} 2>/dev/null")
        wanted = self.sums("/a")
        assert len(set(wanted)) == FILES
        copied = 0
        for source, target in (("/a", "/b"), ("/b", "/a")):
            self.ask(f"rm -f {target}/*; cp {source}/f* {target}/")
            assert self.sums(target) == wanted, f"copies of {source} in {target} differ"
            copied += FILES * FILE_MIB
        return copied, self.accesses()

    def accesses(self) -> int:
        """What the random loads say at their end."""
        done = 0
        for i in range(len(LOADS)):
            said = self.ask(f"while [ ! -s /tmp/blocks{i} ]; do sleep 1; done; cat /tmp/blocks{i}")
            found = re.search(r"(\d+) writes, (\d+) reads, \d+ MiB: 0 blocks wrong", said)
            assert found, f"the load on {LOADS[i]}: {said}"
            done += int(found[1]) + int(found[2])
        return done

    def check(self) -> None:
        """e2fsck of the three."""
        self.ask("rm -rf /load; sync")
        assert self.ask("umount /a && umount /b && mount -o remount,ro /") == ""
        self.fresh()
        for device in (ROOT_DISK, MEMORY, PART):
            said = self.ask(f"e2fsck -fn {device}; echo status $?")
            assert re.search("status 0$", said), f"{device}: {said}"
        self.run.check_forbidden()
        self.run.close()
        left = self.work / "left"
        left.write_bytes(self.disk.read("copies"))
        assert e2fsck(left, "-n") == 0, "the partition, on the host"


def _play(how: Run, board: Board) -> tuple[int, int]:
    """MiB that were copied, and accesses of the random load."""
    limit = time.monotonic() + 60 * (how.minutes or 0)
    copied = accesses = rounds = 0
    board.begin()
    while rounds == 0 or time.monotonic() < limit:
        rounds += 1
        more = board.round(how.seed % 100000 + rounds)
        copied, accesses = copied + more[0], accesses + more[1]
        how.tell(f"{copied} MiB copied, {accesses} random accesses")
    board.check()
    return copied, accesses


def _copies(how: Run) -> Record:
    built = Result("soak", NAME)
    if not build(GOALS, built):
        return Record("", [built.failures[0].sentence, *built.failures[0].details])
    failures: list[str] = []
    done = (0, 0)
    with tempfile.TemporaryDirectory(dir=BUILD) as work:
        board = None
        try:
            board = Board(pathlib.Path(work))
            done = _play(how, board)
        except (AssertionError, pytest.skip.Exception) as error:
            failures.append(str(error))
        finally:
            if board is not None:
                board.run.close()
    return Record(
        f"{done[0]} MiB copied in files of {FILE_MIB} MiB, {done[1]} random accesses beside them; "
        + ("sha256 and blocks right, e2fsck clean" if not failures else "not to the end"),
        failures,
    )


def soak_parts() -> list[Part]:
    says = f"{2 * FILES * FILE_MIB} MiB from disk to disk with sums, by Linux"
    return [Part("disk/copies", says, _copies)]
