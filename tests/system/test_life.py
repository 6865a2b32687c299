# SPDX-License-Identifier: Apache-2.0
"""Restarts and crashes: what happens to one VM, and what doesn't to the others."""
import pathlib
import re
import struct

import gdbstub
import machine as board
from configs import DEVICES, bundle, config, linux_images, raw_image, vm

REBOOTS = 20


def pages(table: str) -> str:
    return re.search(r"EL2 pages: (\d+) in use", table)[1]


SHELL = "the hypervisor's shell"


def test_a_Linux_that_panics_is_reset_while_the_other_goes_on(boot):
    run = boot(
        config(
            vm("alpha", bootargs="console=ttyAMA0 hostname=alpha quiet panic=1"),
            vm("beta", bootargs="console=ttyAMA0 hostname=beta quiet"),
        ),
        allow_panic=True,
    )
    run.expect_each("^alpha[|] alpha # ", "^beta[|] beta: Linux", timeout=120)
    run.focus("beta")
    run.run("touch /tmp/here", "beta # ", 60)
    run.focus("alpha")
    run.line("echo c > /proc/sysrq-trigger")
    run.expect("^alpha[|].*Kernel panic - not syncing: sysrq triggered crash")
    run.expect("^bulkhead: alpha: reset by itself, starts again", 60)
    run.expect("^alpha[|] alpha # ", 120)
    run.focus("beta")
    assert "/tmp/here" in run.run("ls /tmp/here", "beta # ")


def test_twenty_reboots_leave_nothing_behind(boot):
    run = boot(config(vm("alpha", memory="192M"), vm("beta", memory="192M")))
    run.expect_each("^alpha[|] alpha # ", "^beta[|] beta: Linux", timeout=120)
    run.focus(SHELL)
    before = pages(run.run("vm", "bulkhead> "))
    run.focus("alpha")
    for _ in range(REBOOTS):
        run.line("reboot")
        run.expect("^bulkhead: alpha: reset by itself, starts again", 60)
        run.expect("^alpha[|] alpha # ", 120)
    run.line("poweroff")
    run.expect("^bulkhead: alpha: powered off by itself", 60)
    run.focus(SHELL)
    after = run.run("vm", "bulkhead> ")
    assert pages(after) == before
    assert re.search(rf"^alpha +stopped \(poweroff\) +1 .* {REBOOTS}$", after, re.M)
    assert "alpha: 0 interrupts pending or active" in after
    assert "FAILED" not in run.run("audit", "bulkhead> ")


def test_a_guest_that_cannot_go_on_is_stopped_with_its_registers(boot):
    run = boot(
        config(
            vm("bad", kernel="crash_image", initrd=None, memory="64M"),
            vm("good", kernel="tick_image", initrd=None, memory="64M"),
            images=raw_image("crash") + raw_image("tick"),
        )
    )
    # a VM's lines and the log's are of two rings: a busy UART may get either first
    run.expect_each(
        "^bad[|] crash: this guest has no vectors",
        "^bulkhead: bad vcpu 0 can't go on: ",
        r"^bulkhead:   x0  [0-9a-f]{16} ",
        r"^bulkhead:   pc  [0-9a-f]{16} pstate ",
        r"^bulkhead:   backtrace: [0-9a-f]{16}",
        "^bulkhead: bad: crashed",
    )
    run.expect("^good[|] tick 3")


def test_a_neighbour_gone_mad_is_not_felt(boot):
    run = boot(
        config(
            vm("mad", kernel="hostile_endless_image", initrd=None, memory="64M", vcpus=2),
            vm("good", kernel="tick_image", initrd=None, memory="64M"),
            images=raw_image("hostile_endless") + raw_image("tick"),
        )
    )
    for n in range(1, 7):
        run.expect(rf"^good[|] tick {n}\b", 20)
    mad = [line for line in run.text.split("\n") if line.startswith("bulkhead: mad vcpu")]
    assert 0 < len(mad) <= 10 * 10, "complaints about a guest are told, at most ten a second"
    run.focus(SHELL)
    run.run("vm stop mad", "bulkhead> ")
    run.expect("^bulkhead: mad: stopped by command")
    run.run("vm start mad", "bulkhead> ")
    run.expect("^good[|] tick")
    assert "FAILED" not in run.run("audit", "bulkhead> ")


def test_a_VM_that_resets_itself_without_end_is_not_felt(boot, tmp_path):
    # movz w0, #0x8400, lsl #16; movk w0, #9: PSCI SYSTEM_RESET; hvc #0
    storm = struct.pack("<4I", 0x52B08000, 0x72800120, 0xD4000002, 0x14000000)
    (tmp_path / "storm.bin").write_bytes(storm)
    image = (
        'storm_image: storm { type = "raw"; load = <0 0x40080000>; entry = <0 0x40080000>; '
        f'data = /incbin/("{tmp_path}/storm.bin"); }};\n'
    )
    run = boot(
        config(
            vm("storm", kernel="storm_image", initrd=None, memory="64M"),
            vm("good", kernel="tick_image", initrd=None, memory="64M"),
            images=image + raw_image("tick"),
        )
    )
    for n in range(1, 6):
        run.expect(rf"^good[|] tick {n}\b", 20)
    told = [line for line in run.text.split("\n") if line.startswith("bulkhead: storm")]
    assert 0 < len(told) <= 12 * 8, "lives are told of, at most ten lines a second"
    assert any(re.search(r" \(\d+ more like it were held back\)$", line) for line in told)


def off_image(folder) -> str:
    """One that powers its VM off at once."""
    # b . at its first byte; behind it PSCI SYSTEM_OFF
    code = struct.pack("<5I", 0x14000000, 0x52B08000, 0x72800100, 0xD4000002, 0x14000000)
    (folder / "off.bin").write_bytes(code)
    return (
        'off_image: off { type = "raw"; load = <0 0x41234000>; entry = <0 0x41234004>; '
        f'data = /incbin/("{folder}/off.bin"); }};\n'
    )


def test_a_raw_image_is_entered_where_its_config_says(boot, tmp_path):
    off = vm("off", kernel="off_image", initrd=None, memory="64M")
    run = boot(config(off, images=off_image(tmp_path)))
    run.expect("^bulkhead: off: powered off by itself")


def test_a_VM_starts_after_one_that_is_off_again_at_once(boot, tmp_path):
    run = boot(
        config(
            vm("first", kernel="off_image", initrd=None, memory="64M", cpus=[0]),
            # it looks at what has become of the first when that is gone
            vm("second", kernel="tick_image", initrd=None, memory="64M", cpus=[0],
               extra="start-after = <&first>; vcpu-priority = <50>;"),
            images=off_image(tmp_path) + raw_image("tick"),
            hypervisor='when-all-off = "poweroff";',
        )
    )
    run.expect("^bulkhead: first: powered off by itself")
    run.expect(r"^second[|] tick 1\b")
    run.focus(SHELL)
    run.line("vm stop second")
    run.expect("^bulkhead: all VMs are off: the board is powered off", 30)
    run.expect_end()


def test_a_paused_VM_stands_still_and_goes_on(boot):
    run = boot(
        config(
            vm("held", kernel="tick_image", initrd=None, memory="64M"),
            vm("good", kernel="tick_image", initrd=None, memory="64M"),
            images=raw_image("tick"),
        )
    )
    run.expect_each(r"^held[|] tick 2\b", r"^good[|] tick 2\b")
    run.focus(SHELL)
    run.run("vm pause held", "bulkhead> ")
    # a verb does not wait for its effect: the table tells
    while not re.search(r"^held +paused", table := run.run("vm", "bulkhead> "), re.M):
        assert re.search(r"^held +pausing", table, re.M), table
    before = len(run.text)
    run.expect(r"^good[|] tick \d+\b")
    for _ in range(3):
        run.expect(r"^good[|] tick \d+\b", 20)
    assert "held| tick" not in run.text[before:]
    last = int(re.findall(r"^held[|] tick (\d+)", run.text, re.M)[-1])
    run.run("vm resume held", "bulkhead> ")
    run.expect(rf"^held[|] tick {last + 1}\b", 20)
    run.run("vm kill held", "bulkhead> ")
    run.expect("^bulkhead: held: killed by command")


def test_a_VM_that_crashes_is_restarted_up_to_its_limit(boot):
    run = boot(
        config(
            vm("bad", kernel="crash_image", initrd=None, memory="64M",
               extra='restart = "on-crash"; restart-limit = <2>; restart-delay-ms = <10>;'),
            vm("good", kernel="tick_image", initrd=None, memory="64M"),
            images=raw_image("crash") + raw_image("tick"),
        )
    )
    for _ in range(2):
        run.expect("^bulkhead: bad: crashed, starts again in 10 ms", 20)
    run.expect("^bulkhead: bad: crashed, and is not started again: 2 times within an hour", 20)
    run.expect(r"^good[|] tick")


def test_with_all_VMs_off_the_shell_has_the_console(boot):
    run = boot(
        config(vm("tick", kernel="tick_image", initrd=None, memory="64M"), images=raw_image("tick"))
    )
    run.expect("^tick 1")
    run.focus(SHELL)
    assert "for a VM: vm restart tick" in run.run("reboot tick", "bulkhead> ")
    assert "for a VM: vm stop tick" in run.run("poweroff tick", "bulkhead> ")
    run.line("vm stop tick")
    run.expect("^bulkhead: all VMs are off: the keys go to the hypervisor's shell.*\n")
    run.expect("^bulkhead> ")
    listed = run.run("help", "bulkhead> ")
    for command in ("help", "vm", "audit", "reboot", "poweroff"):
        assert re.search(rf"^{command} ", listed, re.M)
    assert "is no command" in run.run("nonsense", "bulkhead> ")
    run.line("poweroff")
    run.expect_end()


def test_when_all_off_may_power_the_board_off(boot):
    run = boot(
        config(vm("alpha", memory="192M"), images=linux_images(),
               hypervisor='when-all-off = "poweroff";')
    )
    run.expect("^alpha # ", 120)
    run.line("poweroff")
    run.expect("all VMs are off: the board is powered off", 60)
    run.expect_end()


def test_a_VM_whose_image_has_changed_in_memory_is_not_started(boot, tmp_path: pathlib.Path):
    name = "test_life-changed"
    blocks = tmp_path / "blocks"
    blocks.write_bytes(bytes(range(256)) * 64)
    disk = ('disk { compatible = "bulkhead,virtio-blk"; image = <&blocks>;'
            " overlay-size = <0x0 0x2000>; };")  # fmt: skip
    made = bundle(
        name,
        config(
            vm("first", kernel="tick_image", initrd=None, memory="64M"),
            vm("second", kernel="facts_image", initrd=None, memory="64M"),
            vm("third", kernel="facts_image", initrd=None, memory="64M",
               devices=DEVICES.removesuffix("};") + disk + " };"),
            vm("late", kernel="tick_image", initrd=None, memory="64M", extra='start = "manual";'),
            images=raw_image("tick") + raw_image("facts")
            + f'blocks: blocks {{ type = "disk"; data = /incbin/("{blocks}"); }};\n',
        ),
    )
    image = (board.BUILD / "guest" / "tick.bin").read_bytes()
    at = made.read_bytes().index(image) + len(image) // 2
    block_at = made.read_bytes().index(blocks.read_bytes())
    path = board.BUILD / "test" / f"{name}.gdb"
    run = boot(bundle=made, extra=gdbstub.option(path))
    run.expect(r"^first[|] tick 1\b")
    run.focus(SHELL)
    run.line("vm restart first")
    run.expect(r"^first[|] tick 1\b")
    owned = re.findall("^ *([0-9a-f]+)-[0-9a-f]+ .*hypervisor", run.run("mem", "bulkhead> "), re.M)
    with gdbstub.GdbStub(path) as memory:
        places = [int(place, 16) for place in owned]
        start = next(place for place in places if memory.read(place, 8) == b"BULKHEAD")
        kept = memory.read(start + at, 1)
        assert kept == image[len(image) // 2 :][:1]
        memory.write(start + at, bytes([kept[0] ^ 4]))
        memory.write(start + block_at, b"x")
    run.line("vm restart first")
    run.expect(
        '^bulkhead: first is not started: its image "tick-image" in the bundle has changed', 20
    )
    assert re.search(r"^first +stopped \(image\)", run.run("vm", "bulkhead> "), re.M)
    # nor for the first time, so long after the bundle was checked
    run.line("vm start late")
    run.expect(
        '^bulkhead: late is not started: its image "tick-image" in the bundle has changed', 20
    )
    # nor is one whose disk lies over such an image
    run.line("vm restart third")
    run.expect('^bulkhead: third is not started: its image "blocks" in the bundle has changed', 20)
    # what has another image can be restarted
    run.line("vm restart second")
    run.expect("^bulkhead: second starts", 20)
    with gdbstub.GdbStub(path) as memory:
        memory.write(start + at, kept)
    run.line("vm start first")
    run.expect(r"^first[|] tick 1\b", 20)


def test_a_VM_that_starts_after_one_that_is_refused_says_so(boot):
    tick = {"kernel": "tick_image", "initrd": None, "memory": "64M"}
    run = boot(
        config(
            vm("absent", kernel="tick_image", initrd=None, memory="8G"),
            vm("next", extra="start-after = <&absent>;", **tick),
            vm("last", extra="start-after = <&next>;", **tick),
            vm("other", **tick),
            images=raw_image("tick"),
        ),
        cpus=4,
    )
    run.expect("^bulkhead: VM absent is refused")
    run.expect_each(
        '^bulkhead: next stays off: it starts after "absent", which is refused; `vm start next`',
        '^bulkhead: last waits until "next" is started by command',
        r"^other[|] tick 1\b",
    )
    run.focus(SHELL)
    told = run.run("vm", "bulkhead> ")
    assert re.search("^next +off +1", told, re.M)
    assert re.search("^last +off [(]waits[)]", told, re.M)
    run.line("vm start next")
    run.expect_each(r"^next[|] tick 1\b", r"^last[|] tick 1\b")
