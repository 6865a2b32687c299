# SPDX-License-Identifier: Apache-2.0
"""Boards and what goes wrong on them: nothing fails silently."""
import subprocess

import machine as board
from configs import bundle, config, linux_images, raw_image, vm

IMAGE = board.BUILD / "bulkhead.img"


def tick_config(**options) -> str:
    return config(
        vm("tick", kernel="tick_image", initrd=None, memory="64M", **options),
        images=raw_image("tick"),
    )


def test_started_at_EL1_it_says_so(boot):
    run = boot(machine="virt-el1")
    run.expect("^bulkhead: started at EL1, but a hypervisor needs EL2: ")


def test_without_a_bundle_it_says_how_to_give_one(boot):
    run = boot()
    run.expect(r"^bulkhead: Bulkhead \S+ on ")
    run.expect(r"^bulkhead: CPU 3   MPIDR 0x3: cortex-a57 r\dp\d")
    run.expect("^bulkhead: no bundle: give build/NAME.bundle as initrd")


def test_a_damaged_bundle_is_refused(boot, tmp_path):
    whole = bundle("damaged", tick_config()).read_bytes()
    damaged = tmp_path / "damaged.bundle"
    damaged.write_bytes(whole[:20000] + bytes([whole[20000] ^ 1]) + whole[20001:])
    run = boot(bundle=damaged)
    run.expect("^bulkhead: .*CRC")
    run.expect("^bulkhead: the bundle at 0x[0-9a-f]+ can't be used: no VM is started")


def test_a_VM_with_an_error_is_refused_and_the_other_boots(boot):
    run = boot(
        config(
            vm("far", kernel="tick_image", initrd=None, memory="64M", cpus=[3]),
            vm("good", kernel="tick_image", initrd=None, memory="64M", cpus=[1]),
            images=raw_image("tick"),
        ),
        cpus=2,
    )
    run.expect("^bulkhead: /vms/far: vcpu-cpus: ")
    run.expect("^bulkhead: VM far is refused")
    run.expect("^tick 1")


def test_hypervisor_and_bundle_may_be_one_file(boot):
    whole = bundle("joined", tick_config())
    joined = whole.with_suffix(".flash.img")
    subprocess.run(
        [board.ROOT / "tools/flash.py", IMAGE, whole, joined], check=True, cwd=board.ROOT
    )
    run = boot(image=joined)
    run.expect("^tick 2")


def test_other_processors_and_one_CPU_do_as_well(boot):
    for machine, cpus in (("virt-a53", 2), ("virt-n1", 2), ("virt-max", 2), ("virt-gicv3", 1)):
        run = boot(tick_config(), machine=machine, cpus=cpus)
        run.expect("^tick 2", 60)
        run.close()


def test_a_GICv2_is_named_and_not_driven(boot):
    run = boot(machine="virt-gicv2")
    run.expect("^bulkhead: CPU 3   MPIDR 0x3: cortex-a57")
    run.expect("a GICv2 is not driven yet; no VM is started")


def test_secondaries_start_by_spin_table_on_a_raspberry_pi_4(boot, qemu10, tmp_path):
    tree = tmp_path / "raspi4b.dtb"
    subprocess.run(
        ["dtc", "-q", "-o", tree, board.ROOT / "tests/system/raspi4b.dts"], check=True
    )
    run = boot(machine="raspi4b", qemu=qemu10, extra=["-dtb", str(tree)])
    run.expect("^bulkhead: Bulkhead .* on Raspberry Pi 4 Model B")
    for cpu in range(4):
        run.expect(rf"^bulkhead: CPU {cpu} +MPIDR 0x{cpu}: cortex-a72")
    run.expect("a GICv2 is not driven yet; no VM is started")


def test_QEMU_10_boots_Linux_beside_tick(boot, qemu10):
    run = boot(
        config(
            vm("alpha", vcpus=2),
            vm("tick", kernel="tick_image", initrd=None, memory="64M"),
            images=linux_images() + raw_image("tick"),
        ),
        qemu=qemu10,
    )
    run.expect_each("^alpha[|] alpha # ", "^tick[|] tick 2", timeout=150)
    assert "2" in run.run("nproc", "alpha # ").split()


def test_an_overflown_EL2_stack_is_a_panic_with_a_backtrace(boot):
    build = board.BUILD / "debug"
    subprocess.run(
        ["make", "-s", "DEBUG=1", f"BUILD={build.relative_to(board.ROOT)}", "hyp"],
        check=True, cwd=board.ROOT, capture_output=True,
    )
    for how, what in (("stack", "EL2 stack overflow"), ("abort", "data abort at EL2"),
                      ("", "asked for by the shell")):
        run = boot(tick_config(), image=build / "bulkhead.img", allow_panic=True)
        run.expect("^tick 1")
        run.focus("the hypervisor's shell")
        run.line(f"panic {how}".strip())
        run.expect(rf"^bulkhead: PANIC on CPU 0: {what}")
        run.expect("^bulkhead: CPU 0 ran tick vcpu 0, guest pc 0x")
        run.expect("^bulkhead: backtrace, newest first:")
        run.expect(r"^bulkhead:   [0-9a-f]{16} \w+\+0x[0-9a-f]+")
        run.expect("^bulkhead: CPU 1 ran no guest")
        run.expect("^bulkhead: stopped")
        run.close()
