# SPDX-License-Identifier: Apache-2.0
"""Partitions of the board's disk as disks of VMs, driven by a stock Linux."""
import hashlib
import re
import subprocess

import pytest

import machine as board
from configs import config, linux_images, raw_image, vm
from gpt import Disk, disk_args, tool
from rootfs import mke2fs
from test_disks import ask, devices, disk, e2fsck, load

DISK = 'disk = "/virtio_mmio@a000000";'


def part(name: str, *properties: str) -> str:
    return disk("data", DISK, f'partition = "{name}";', *properties)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "there").write_text("before\n", encoding="utf-8")
    return tmp_path


def with_ext4(where, disk: Disk, *names: str) -> None:
    for name in names:
        image = where / f"{name}.ext4"
        mke2fs(image, where / "tree", disk.parts[name]["size"] >> 11)
        disk.write(name, image.read_bytes())


def check_ext4(where, disk: Disk, name: str) -> None:
    """As the partition is left, on the host."""
    left = where / f"{name}.left"
    left.write_bytes(disk.read(name))
    assert e2fsck(left, "-p") in (0, 1)     # the journal was used
    assert e2fsck(left, "-n") == 0


def write_and_sum(run, name: str, mib: int) -> str:
    """A file of so many MiB on /a, flushed; its sum, read from the disk again."""
    ask(run, name, f"dd if=/dev/urandom of=/tmp/one bs=1M count={mib}", 60)
    wanted = ask(run, name, "md5sum < /tmp/one").split()[0]
    ask(run, name, "cp /tmp/one /a/one; sync; echo 3 > /proc/sys/vm/drop_caches", 120)
    assert ask(run, name, "md5sum < /a/one", 120).split()[0] == wanted
    return wanted


def test_two_VMs_have_a_partition_each_and_a_reboot_of_the_board_keeps_it(boot, folder):
    both = Disk(folder / "disk.img", before=1, alpha=24, between=1, beta=24, after=1)
    with_ext4(folder, both, "alpha", "beta")
    guard = hashlib.shake_128(b"guard").digest(1 << 20)
    for name in ("before", "between", "after"):
        both.write(name, guard)
    text = config(vm("alpha", devices=devices(part("alpha"))),
                  vm("beta", devices=devices(part(both.uuid("beta").lower(), 'serial = "b";'))))
    sums = {}
    for life in range(2):
        run = boot(text, extra=disk_args(both.path))
        run.expect(r"disk /virtio_mmio@a000000: 53 MiB in blocks of 512 bytes")
        run.expect_each("alpha # ", "^beta[|] Enter .help. for a list", timeout=120)
        for name in ("alpha", "beta"):
            if name == "beta":
                run.focus("beta")
            load(run, name)
            assert ask(run, name, "cat /sys/block/vda/size") == str(24 << 11)
            assert ask(run, name, "mkdir /a; mount -t ext4 /dev/vda /a; cat /a/there") == "before"
            if life == 0:
                sums[name] = write_and_sum(run, name, 8)
            assert ask(run, name, "md5sum < /a/one", 60).split()[0] == sums[name]
            # nothing is behind the partition's end
            ask(run, name, "dd if=/dev/zero of=/dev/vda bs=512 seek=49152 count=1; echo")
            assert "0" == ask(run, name, "dd if=/dev/vda bs=512 skip=49152 count=1 2>/dev/null"
                                         " | wc -c")
        run.close()         # the board loses its power
    for name in ("before", "between", "after"):
        assert both.read(name) == guard
    for name in ("alpha", "beta"):
        check_ext4(folder, both, name)
    tool("sfdisk", "--verify", both.path)


def test_a_VM_restarted_in_mid_write_finds_what_it_had_flushed(boot, folder):
    one = Disk(folder / "disk.img", alpha=24, beta=4)
    with_ext4(folder, one, "alpha")
    text = config(vm("alpha", devices=devices(part("alpha"))),
                  vm("beta", devices=devices(part("beta"))))
    run = boot(text, extra=disk_args(one.path))
    run.expect_each("alpha # ", "^beta[|] Enter .help. for a list", timeout=120)
    load(run, "alpha")
    ask(run, "alpha", "mkdir /a; mount -t ext4 /dev/vda /a; seq 20000 > /tmp/all")
    wanted = ask(run, "alpha", "md5sum < /tmp/all")
    run.line("i=0; while :; do i=$((i+1)); cp /tmp/all /a/f$((i % 60)); sync; echo wrote $i; done")
    run.expect("wrote 20$", 60)
    run.focus("the hypervisor's shell")
    written = int(run.expect(r"wrote (\d+)$")[1])
    run.line("vm restart alpha")
    run.expect("^bulkhead: alpha starts", 60)
    last = max(int(number) for number in re.findall(r"wrote (\d+)\n", run.text))
    assert last >= written
    run.expect("alpha[|] Enter .help. for a list", 120)
    # as the restart left it: nobody has written since
    check_ext4(folder, one, "alpha")
    run.focus("alpha")
    load(run, "alpha")
    assert ask(run, "alpha", "mkdir /a; mount -t ext4 /dev/vda /a; cat /a/there") == "before"
    sums = ask(run, "alpha", f"for i in $(seq {min(last, 59)}); do md5sum < /a/f$i; done", 60)
    whole = sum(line == wanted for line in sums.splitlines())
    assert whole >= min(last, 59) - (last >= 59)
    # and again, with reads under way that the new life must not see: its memory is its own
    run.line("while :; do cat /dev/vda > /dev/null; echo 3 > /proc/sys/vm/drop_caches; done")
    for _ in range(2):
        run.focus("the hypervisor's shell")
        run.line("vm restart alpha")
        run.expect("^bulkhead: alpha starts", 60)
        run.expect("alpha[|] Enter .help. for a list", 120)
        run.focus("alpha")
        load(run, "alpha")
        assert ask(run, "alpha", "mkdir /a; mount -t ext4 /dev/vda /a; md5sum < /a/f1") == wanted
        run.line("while :; do cat /dev/vda > /dev/null; echo 3 > /proc/sys/vm/drop_caches; done")


@pytest.mark.parametrize("machine", ["virt-gicv3", "virt-gicv2"])
def test_both_VMs_get_on_when_both_want_the_disk_all_the_time(boot, folder, machine):
    one = Disk(folder / "disk.img", alpha=16, beta=16)
    text = config(vm("alpha", devices=devices(part("alpha"))),
                  vm("beta", devices=devices(part("beta"))))
    run = boot(text, extra=disk_args(one.path), machine=machine)
    run.expect_each("alpha # ", "^beta[|] Enter .help. for a list", timeout=120)
    load(run, "alpha")
    # in a line of the terminal: the shell would cut a longer one
    ask(run, "alpha", "cd /proc/sys/vm")
    ask(run, "alpha", "while :; do cat /dev/vda > /dev/null; echo 3 > drop_caches; done &")
    run.focus("beta")
    load(run, "beta")
    wanted = hashlib.md5(one.read("beta")).hexdigest()
    for _ in range(3):
        ask(run, "beta", "echo 3 > /proc/sys/vm/drop_caches")
        assert ask(run, "beta", "md5sum < /dev/vda", 60).split()[0] == wanted
    run.focus("the hypervisor's shell")
    run.line("irq")
    run.expect(r"^board +48 +\d+  a disk$")
    run.line("audit")
    run.expect("^bulkhead: isolation audit: .* each covered by its grant")


def test_a_partition_that_is_not_there_keeps_its_VM_off_and_no_other(boot, folder):
    one = Disk(folder / "disk.img", alpha=4, beta=4)
    with one.path.open("r+b") as file:      # the primary header is lost
        file.seek(512)
        file.write(bytes(512))
    text = config(vm("alpha", devices=devices(part("alpha"))),
                  vm("beta", devices=devices(part("Beta"))),
                  vm("gamma", devices=devices(part(one.uuid("alpha")))))
    run = boot(text, extra=disk_args(one.path))
    run.expect("the disk /virtio_mmio@a000000: its primary GPT is not there")
    run.expect('VM beta is not started: the partition "Beta" of its disk data on '
               "/virtio_mmio@a000000 is not there")
    run.expect("VM gamma is not started: .* is given to another disk of a VM already")
    run.expect("alpha # ", 120)
    load(run, "alpha")
    assert ask(run, "alpha", "cat /sys/block/vda/size") == str(4 << 11)
    run.focus("the hypervisor's shell")
    run.line("vm start beta")
    run.expect("beta can't start: a partition")


def test_a_disk_of_version_1_and_one_that_is_missing_are_told(boot, folder):
    one = Disk(folder / "disk.img", alpha=4)
    text = config(vm("alpha", devices=devices(part("alpha"))), vm("beta"))
    run = boot(text, extra=disk_args(one.path, version_2=False))
    run.expect("the disk /virtio_mmio@a000000 is a virtio device of version 1 .legacy., and "
               "version 2 is needed: in QEMU add -global virtio-mmio.force-legacy=false")
    run.expect('/vms/alpha/devices/data: disk: "/virtio_mmio@a000000" can\'t be driven')
    run.expect("VM alpha is refused")
    run.expect("beta # ", 120)
    run.close()
    run = boot(text, extra=disk_args())
    run.expect("the disk /virtio_mmio@a000000 is no disk: no virtio device is there")
    run.expect("VM alpha is refused")


def test_discards_reach_the_disk_and_writes_to_what_is_read_only_do_not(boot, folder):
    one = Disk(folder / "disk.img", alpha=4, beta=4)
    one.write("alpha", b"x" * (4 << 20))
    text = config(vm("alpha", devices=devices(part("alpha"),
                                              disk("more", DISK, 'partition = "beta";',
                                                   "read-only;"))))
    run = boot(text, extra=disk_args(one.path, options=",discard=unmap"))
    run.expect("alpha # ", 120)
    load(run, "alpha")
    assert ask(run, "alpha", "cat /sys/block/vd[ab]/ro").split() == ["0", "1"]
    ask(run, "alpha", "blkdiscard -o 1048576 -l 1048576 /dev/vda")
    assert "not supported" in ask(run, "alpha", "blkdiscard /dev/vdb")
    assert "not permitted" in ask(run, "alpha", "dd if=/dev/zero of=/dev/vdb count=1")
    ask(run, "alpha", "sync")
    run.close()
    left = one.read("alpha")
    assert left[1 << 20:2 << 20] == bytes(1 << 20)
    assert left[:1 << 20] == left[2 << 20:3 << 20] == b"x" * (1 << 20)


def test_a_disk_that_does_not_answer_is_reset_and_its_VM_ends(boot, folder):
    one = Disk(folder / "disk.img", alpha=8, beta=8)
    one.write("alpha", b"x" * (8 << 20))
    text = config(vm("alpha", devices=devices(part("alpha"))),
                  vm("beta", devices=devices(part("beta"))))
    # so slow that each 64 KiB take two minutes, however late they are asked for; reads are as ever
    run = boot(text, extra=disk_args(one.path, options=",throttling.bps-write=500"))
    run.expect_each("alpha # ", "^beta[|] Enter .help. for a list", timeout=120)
    load(run, "alpha")
    run.line("dd if=/dev/zero of=/dev/vda bs=64k count=16 oflag=direct &")
    run.expect("alpha # ")
    ask(run, "alpha", "sleep 2")
    run.focus("the hypervisor's shell")
    assert run.run("vm kill alpha", "bulkhead> ").strip() == ""
    assert re.search(r"alpha +stopping", run.run("vm", "bulkhead> "))
    run.expect("the disk /virtio_mmio@a000000 has not done a request in 30 s: it is reset", 60)
    run.expect("the disk /virtio_mmio@a000000 is set up again")
    run.expect("alpha: killed by command")
    # it goes on, for a next life and for others
    run.line("vm start alpha")
    run.expect("^alpha[|] Enter .help. for a list", 120)
    for name in ("beta", "alpha"):
        run.focus(name)
        load(run, name)
        ask(run, name, "dd if=/dev/vda bs=1M skip=4 count=2 2>/dev/null | md5sum > /tmp/sum")
        wanted = hashlib.md5(one.read(name)[4 << 20:6 << 20]).hexdigest()
        assert ask(run, name, "cat /tmp/sum").split()[0] == wanted


# The disk's interrupt is what the clock's alarm drives, and the clock has one of nobody's.
CROSSED = """
/ {
	virtio_mmio@a000000 { interrupts = <0 2 4>; };
	pl031@9010000 { interrupts = <0 40 4>; };
};
"""
CLOCK = """devices {
    uart { compatible = "bulkhead,pl011"; };
    rtc { compatible = "bulkhead,passthrough"; board-node = "/pl031@9010000"; dma = "none"; };
};"""


@pytest.fixture
def crossed(tmp_path):
    """QEMU's board with a disk whose interrupt a VM can make stay high."""
    tree, source = tmp_path / "board.dtb", tmp_path / "board.dts"
    subprocess.run(
        [board.qemu_binary(), "-machine",
         f"virt,virtualization=on,gic-version=3,dumpdtb={tree}", "-cpu", "cortex-a57", "-smp", "2",
         "-m", "1024", "-nic", "none", "-nographic"],
        check=True, capture_output=True,
    )
    subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", "-o", source, tree], check=True)
    source.write_text(source.read_text() + CROSSED)
    subprocess.run(["dtc", "-q", "-o", tree, source], check=True)
    return tree


def taken(run) -> int:
    """How often the disk's interrupt was; it has no line before it was taken."""
    row = re.search(r"^board +34 +(\d+) +a disk", run.run("irq", "bulkhead> "), re.M)
    return int(row[1]) if row else 0


def test_an_interrupt_that_stays_high_stops_nobody(boot, folder, crossed):
    one = Disk(folder / "disk.img", beta=4)
    data = hashlib.shake_128(b"data").digest(4 << 20)
    one.write("beta", data)
    text = config(
        vm("stuck", kernel="stuck_image", initrd=None, memory="64M", devices=CLOCK, cpus=[0]),
        vm("beta", devices=devices(part("beta")), cpus=[1]),
        images=linux_images() + raw_image("stuck"),
    )
    run = boot(text, cpus=2, memory=1024,
               extra=["-dtb", str(crossed), *disk_args(one.path)])
    # beta's partition is found by this interrupt only: the disk's own goes nowhere
    run.expect("^beta[|] Enter .help. for a list", 120)
    run.focus("the hypervisor's shell")
    before = taken(run)
    assert before > 2
    # on the CPU that takes it a VM goes on, and the board's console does
    run.expect("^stuck[|] stuck: second", 60)
    run.expect("^stuck[|] stuck: second", 60)
    assert taken(run) > before
    run.run("vm pause stuck", "bulkhead> ")
    run.to_prompt("beta")
    load(run, "beta")
    ask(run, "beta", "md5sum < /dev/vda > /tmp/sum", 60)
    wanted = hashlib.md5(data).hexdigest()
    assert ask(run, "beta", "cat /tmp/sum").split()[0] == wanted
