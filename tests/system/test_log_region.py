# SPDX-License-Identifier: Apache-2.0
"""Logs over a warm reset: `log-region`."""
import re
import subprocess

import machine as board
import pytest
from configs import config, linux_images, raw_image, vm
from test_boot import debug_image
from test_hypercalls import CONTROL, ctl

PROMPT = "^bulkhead> "
SHELL = "the hypervisor's shell"
PLACE = 0x50000000
REGION = f"""
/ {{ reserved-memory {{
	#address-cells = <2>;
	#size-cells = <2>;
	ranges;
	log@{PLACE:x} {{ reg = <0x0 {PLACE:#x} 0x0 0x20000>; no-map; }};
}}; }};
"""


@pytest.fixture
def tree(tmp_path):
    """QEMU's board with 128 KiB reserved for logs."""
    dtb, source = tmp_path / "board.dtb", tmp_path / "board.dts"
    subprocess.run(
        [board.qemu_binary(), "-machine",
         f"virt,virtualization=on,gic-version=3,dumpdtb={dtb}", "-cpu", "cortex-a57", "-smp", "2",
         "-m", "1024", "-nic", "none", "-nographic"],
        check=True, capture_output=True,
    )
    subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", "-o", source, dtb], check=True)
    source.write_text(source.read_text() + REGION)
    subprocess.run(["dtc", "-q", "-o", dtb, source], check=True)
    return dtb


def keeping(boot, tree, **options):
    """A board with two VMs, whose logs are kept."""
    text = config(
        vm("tick", kernel="tick_image", initrd=None, memory="64M", cpus=[0]),
        vm("tock", kernel="tick_image", initrd=None, memory="64M", cpus=[1]),
        images=raw_image("tick"),
        hypervisor=f'log-region = "/reserved-memory/log@{PLACE:x}";',
    )
    return boot(text, cpus=2, memory=1024, extra=["-dtb", str(tree)], **options)


def shell(run) -> None:
    run.expect("^tock[|] tick 3")
    run.focus(SHELL)
    run.expect(PROMPT)


def said(run, command: str) -> str:
    text = run.run(command, PROMPT, 30)
    return "\n".join(line for line in text.split("\n") if not re.match(r"(tick|tock)[|] ", line))


def test_what_was_said_before_a_reset_is_told_after_it(boot, tree):
    run = keeping(boot, tree)
    run.expect("^bulkhead: logs are kept at 0x50000000 .*: those of the boot before are not there")
    shell(run)
    assert "no log of an earlier boot is there" in said(run, "log --last")
    run.line("vm stop tick")
    run.expect("^bulkhead: tick: stopped by command")
    run.line("reboot")
    run.expect("^bulkhead: logs are kept at 0x50000000 .*: those of the boot before are there")
    shell(run)
    last = said(run, "log --last 200")
    assert re.search(r"^bulkhead: Bulkhead ", last, re.M), "it has the first line"
    assert re.search(r"^bulkhead: tick: stopped by command$", last, re.M)
    assert "stopped by command" not in said(run, "log 200")
    kept = said(run, "log --last tick 200")
    assert re.search(r"^tick 1$", kept, re.M)
    assert re.search(r"^bulkhead: stopped by command$", kept, re.M)
    # the boot after that has this one's, in which nobody was stopped
    run.line("reboot")
    run.expect("those of the boot before are there")
    shell(run)
    assert "stopped by command" not in said(run, "log --last 200")
    assert re.search(r"^tick 3$", said(run, "log --last tock 200"), re.M)


def test_a_panic_is_told_after_the_reset(boot, tree):
    run = keeping(boot, tree, image=debug_image(), allow_panic=True)
    shell(run)
    run.line("panic")
    run.expect("PANIC on CPU 0: asked for by the shell")
    run.send("\x01c")
    run.expect("QEMU .* monitor")
    run.line("system_reset")
    run.send("\x01c")
    run.expect("those of the boot before are there")
    shell(run)
    assert re.search(r"PANIC on CPU 0: asked for by the shell", said(run, "log --last 200"))


def test_a_VM_that_resets_the_board_reads_what_was_said_before(boot, tree):
    text = config(
        vm("boss", devices=CONTROL, extra="manages = <&tick>;", memory="192M", cpus=[0]),
        vm("tick", kernel="tick_image", initrd=None, memory="64M", cpus=[1]),
        images=linux_images() + raw_image("tick"),
        hypervisor=f'log-region = "/reserved-memory/log@{PLACE:x}";',
    )
    run = boot(text, cpus=2, memory=1024, extra=["-dtb", str(tree)])
    run.expect("^boss[|] boss # ", 120)
    run.focus("boss")
    assert "no such log was kept" in ctl(run, "log --last")
    run.line("bulkheadctl reboot")
    run.expect("^bulkhead: boss resets the board")
    run.expect("those of the boot before are there")
    run.expect("^boss[|] boss # ", 120)
    run.focus("boss")
    assert re.search("^bulkhead: boss resets the board$", ctl(run, "log --last"), re.M)
    assert re.search("^tick 1$", ctl(run, "log --last tick"), re.M)
    assert "resets the board" not in ctl(run, "log")


def test_without_a_region_logs_end_with_a_reset(boot):
    run = boot(config(vm("tick", kernel="tick_image", initrd=None, memory="64M"),
                      images=raw_image("tick")))
    run.expect("^tick 3")
    run.focus(SHELL)
    run.expect(PROMPT)
    assert "logs end with a reset: `log-region` of the config" in said(run, "log --last")
