# SPDX-License-Identifier: Apache-2.0
"""The demo: what `make run` boots, used as a person would."""
import re
import subprocess

import machine as board
from configs import config, linux_images, raw_image, vm

BUNDLE = board.BUILD / "demo.bundle"


def make_demo() -> None:
    """As `make run` does."""
    subprocess.run(["make", "-s", "build/demo.bundle", "CONFIG=demo"], check=True, cwd=board.ROOT)


SHELLS = ("^alpha[|] alpha # ", "^beta[|] beta: Linux", "^tick[|] tick 2")


def test_three_VMs_come_up_and_live_their_own_lives(boot):
    make_demo()
    run = boot(bundle=BUNDLE)
    run.expect(r"^bulkhead: Bulkhead \S+ on ")
    run.expect("^bulkhead: isolation audit: .* each covered by its grant")
    run.expect_each(*SHELLS, timeout=120)
    assert "2" in run.run("nproc", "alpha # ").split()
    run.focus("beta")
    assert "beta" in run.run("uname -n", "beta # ", 60)
    run.line("reboot")
    run.expect("^bulkhead: beta: reset by itself, starts again")
    run.expect(r"^beta[|] \[ +0\.0.* Booting Linux")
    run.expect("^tick[|] tick")
    run.expect("^beta[|] beta # ", 120)
    run.line("poweroff")
    run.expect("^bulkhead: beta: powered off by itself", 60)
    run.expect(r"^tick[|] tick \d+\n(.*\n)*tick[|] tick")
    run.focus("the hypervisor's shell")
    table = run.run("vm", "bulkhead> ")
    assert re.search(r"^alpha +running ", table, re.M), table
    assert re.search(r"^beta +stopped \(poweroff\) ", table, re.M), table
    run.focus("alpha")
    assert "alpha" in run.run("uname -n", "alpha # ")


def test_a_VM_of_four_vCPUs_uses_them_all(boot):
    run = boot(config(vm("alpha", vcpus=4, memory="512M")))
    run.expect("^alpha # ", 120)
    assert "4" in run.run("nproc", "^alpha # ").split()
    online = run.run("cat /sys/devices/system/cpu/online", "^alpha # ")
    assert "0-3" in online
    # Offline and online again by PSCI, as a user would.
    run.run("echo 0 > /sys/devices/system/cpu/cpu3/online", "^alpha # ")
    assert "0-2" in run.run("cat /sys/devices/system/cpu/online", "^alpha # ")
    run.run("echo 1 > /sys/devices/system/cpu/cpu3/online", "^alpha # ")
    assert "0-3" in run.run("cat /sys/devices/system/cpu/online", "^alpha # ")
    # What is pasted at once arrives whole, and Ctrl-C is the guest's.
    run.line("echo " + "0123456789" * 60 + " | wc -c")
    run.expect("^601$")
    # not before there is a program: the shell takes Ctrl-C for its own
    run.line("sh -c 'echo begun; exec sleep 1000'")
    run.expect("^begun$")
    run.send("\x03")
    run.expect("alpha # ")


def test_memory_may_come_in_two_pieces_of_what_is_free(boot):
    # 1 GiB of board; a VM of fixed place in the middle leaves no hole of 600 MiB.
    middle = (
        'uart { compatible = "bulkhead,pl011"; }; '
        'ram { compatible = "bulkhead,ram"; size = <0x0 0x4000000>; pa = <0x0 0x60000000>; };'
    )
    text = config(
        vm("alpha", memory="600M"),
        vm(
            "beta",
            memory=None,
            kernel="tick_image",
            initrd=None,
            devices=f"devices {{ {middle} }};",
        ),
        images=linux_images() + raw_image("tick"),
    )
    run = boot(text, memory=1024)
    run.expect("^bulkhead: VM alpha: 1 vCPU, 600 MiB in [23] pieces")
    run.expect_each("^alpha[|] alpha # ", "^beta[|] tick 1", timeout=120)
    # All of it is there: Linux fills a file system in memory with most of it and reads it back.
    run.run("mount -t tmpfs -o size=450m none /tmp", "alpha # ")
    run.run("dd if=/dev/urandom of=/tmp/a bs=1M count=8; md5sum < /tmp/a", "alpha # ", 60)
    run.run("for i in $(seq 50); do cat /tmp/a; done > /tmp/b", "alpha # ", 120)
    run.run("dd if=/tmp/b of=/tmp/c bs=8M skip=49", "alpha # ", 60)
    assert "same" in run.run("cmp /tmp/a /tmp/c && echo sa''me", "alpha # ", 60)
