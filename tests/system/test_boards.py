# SPDX-License-Identifier: Apache-2.0
"""Boards with a GICv2, and Linux on every pair of the board's and the guest's controller."""
import re
import subprocess
import time

import pytest

import machine as board
from configs import config, linux_images, raw_image, vm
from run_case import SCALE

PAIRS = [
    pytest.param("virt-gicv2", "", "GIC-0", id="v2_on_v2"),
    pytest.param("virt-gicv3", 'gic = "v2";', "GIC-0", id="v2_on_v3"),
    pytest.param("virt-gicv3", "", "GICv3", id="v3_on_v3"),
]


def interrupts(run, line: str, prompt: str) -> list[int]:
    """What /proc/interrupts counts in the row that holds `line`, per CPU."""
    text = run.run(f"grep {line} /proc/interrupts", prompt)
    return [int(word) for word in text.split(":")[1].split() if word.isdigit()]


@pytest.mark.parametrize("machine, gic, driver", PAIRS)
def test_Linux_with_four_CPUs(boot, machine, gic, driver):
    run = boot(
        config(vm("alpha", vcpus=4, extra=gic)),
        machine=machine,
    )
    run.expect("^alpha # ", 150)
    assert "4" in run.run("nproc", "alpha # ").split()
    assert driver in run.run("grep arch_timer /proc/interrupts", "alpha # ")
    # each CPU takes its own timer and other CPUs' interrupts
    timer = interrupts(run, "arch_timer", "alpha # ")
    assert len(timer) >= 4 and all(count > 0 for count in timer[:4])
    calls = interrupts(run, "'Function call'", "alpha # ")
    assert sum(count > 0 for count in calls) >= 3


BOARDS = [
    pytest.param("raspi4b", "0xff841000", id="raspi4b"),
    pytest.param("zcu102", "0xf9010000", id="zcu102"),
]


@pytest.mark.parametrize("machine, distributor", BOARDS)
def test_a_board_with_a_GIC_400_runs_guests(boot, qemu10, tmp_path, machine, distributor):
    """Spin-table and pages of 4 KiB on the one, PSCI and windows of 64 KiB on the other."""
    tree = tmp_path / "board.dtb"
    source = board.ROOT / "tests" / "system" / f"{machine}.dts"
    subprocess.run(["dtc", "-q", "-o", tree, source], check=True)
    run = boot(
        config(
            vm("alpha", vcpus=2),
            vm("tick", kernel="tick_image", initrd=None, memory="64M"),
            images=linux_images() + raw_image("tick"),
        ),
        machine=machine,
        qemu=qemu10 if board.MACHINES[machine].qemu10 else None,
        extra=["-dtb", str(tree)],
    )
    run.expect(f"^bulkhead: GICv2 at {distributor}, .* 4 list registers")
    run.expect_each("^alpha[|] alpha # ", "^tick[|] tick 2", timeout=150)
    assert "2" in run.run("nproc", "alpha # ").split()
    timer = interrupts(run, "arch_timer", "alpha # ")
    assert len(timer) >= 2 and all(count > 0 for count in timer[:2])


# The clock is the board's own.
BOARD_RTC = """devices {
    uart { compatible = "bulkhead,pl011"; };
    rtc { compatible = "bulkhead,passthrough"; board-node = "/pl031@9010000"; dma = "none"; };
};"""


def alarms(run) -> int:
    return sum(interrupts(run, "rtc-pl031", "alpha # ")[:4])


def ring(run, *cpus: int) -> None:
    """An alarm to each of these CPUs in turn; each is one interrupt, there."""
    run.run("n=$(grep rtc-pl031 /proc/interrupts | cut -d: -f1 | tr -d ' ')", "alpha # ")
    run.run("exec 3< /dev/rtc0", "alpha # ")
    for cpu in cpus:
        before = interrupts(run, "rtc-pl031", "alpha # ")[:4]
        run.run(f"echo {cpu} > /proc/irq/$n/smp_affinity_list", "alpha # ")
        run.run("echo +2 > /sys/class/rtc/rtc0/wakealarm", "alpha # ")
        assert "8" in run.run("dd bs=8 count=1 <&3 2>&- | wc -c", "alpha # ").split()
        before[cpu] += 1
        assert interrupts(run, "rtc-pl031", "alpha # ")[:4] == before


@pytest.mark.parametrize("machine, gic, driver", PAIRS)
def test_Linux_turns_CPUs_off_and_on_moves_interrupts_and_reboots(boot, machine, gic, driver):
    run = boot(config(vm("alpha", vcpus=4, extra=gic, devices=BOARD_RTC)), machine=machine)
    run.expect("^alpha # ", 150)
    # lines that the terminal doesn't break
    run.run("c() { echo $2 > /sys/devices/system/cpu/cpu$1/online; }", "alpha # ")
    # 102 times off and on
    run.run("for i in $(seq 34); do for n in 1 2 3; do c $n 0; c $n 1; done; done", "alpha # ", 90)
    assert "4" in run.run("nproc", "alpha # ").split()
    # what is typed comes by the interrupt of the console, wherever it is taken
    run.run("n=$(grep pl011 /proc/interrupts | cut -d: -f1 | tr -d ' ')", "alpha # ")
    run.run("m() { echo $(($1 % 4)) > /proc/irq/$n/smp_affinity_list; }", "alpha # ")
    run.run("for i in $(seq 40); do m $i; echo line $i; done", "alpha # ", 60)
    for cpu in (1, 2, 3):
        run.run(f"m {cpu}", "alpha # ")
        assert f"on {cpu}" in run.run(f"echo on {cpu}", "alpha # ")
    taken = interrupts(run, "uart-pl011", "alpha # ")
    assert all(count > 0 for count in taken[:4]), taken
    ring(run, 3, 0)
    # An alarm that comes while the VM restarts is there for its next life: the board's clock is not
    # reset with it.
    run.line("echo +2 > /sys/class/rtc/rtc0/wakealarm; reboot -f")
    run.expect("^alpha # ", 150)
    assert "4" in run.run("nproc", "alpha # ").split()
    assert alarms(run) == 1
    ring(run, 2)


@pytest.mark.parametrize("machine, gic, driver", PAIRS)
def test_Linux_lives_through_storms_of_interrupts(boot, machine, gic, driver):
    run = boot(config(vm("alpha", vcpus=4, extra=gic)), machine=machine)
    run.expect("^alpha # ", 150)
    before = sum(interrupts(run, "'Function call'", "alpha # "))
    # Words go round from CPU to CPU, each hop wakes a sleeper on the next one; timers fire on all;
    # and the console takes all that it can: its line is raised and lowered for each character.
    run.run("mkdir -p /tmp; cd /tmp; mkfifo a b c d", "alpha # ")
    run.run("l='exec 3<>$0 4<>$1; while read x <&3; do echo $x >&4; done'", "alpha # ")
    run.run('p() { taskset $1 sh -c "$l" $2 $3 & }', "alpha # ")
    run.run("p 1 a b; p 2 b c; p 4 c d; p 8 d a; echo x > a; echo y > a", "alpha # ")
    run.run("t='while :; do usleep 50; done'", "alpha # ")
    run.run('for n in 1 2 4 8; do taskset $n sh -c "$t" & done', "alpha # ")
    flood = run.run("for i in $(seq 300); do echo storm $i; done", "alpha # ", 60)
    assert [f"storm {i}" for i in range(1, 301)] == re.findall(r"^storm \d+", flood, re.M)
    # The storm goes on until each kind has come often enough: how often while the flood lasts is
    # the host's to say.
    limit = time.monotonic() + 60 * SCALE
    while True:
        sent = sum(interrupts(run, "'Function call'", "alpha # ")) - before
        timer = interrupts(run, "arch_timer", "alpha # ")[:4]
        if sent > 100 and min(timer) > 100:
            break
        assert time.monotonic() < limit, (sent, timer)
    run.run("kill $(jobs -p)", "alpha # ")
    run.run("wait", "alpha # ", 60)
    assert "4" in run.run("nproc", "alpha # ").split()
