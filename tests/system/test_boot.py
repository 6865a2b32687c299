# SPDX-License-Identifier: Apache-2.0
"""Boards and what goes wrong on them: nothing fails silently."""
import pathlib
import re
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


def test_QEMU_10_has_processors_without_32_bit_EL1(boot, qemu10):
    for cpu in ("neoverse-n1", "cortex-a710", "neoverse-v1"):
        run = boot(tick_config(), cpu=cpu, cpus=2, qemu=qemu10)
        run.expect("^tick 2", 60)
        run.close()


def test_a_GICv2_is_found_and_driven(boot):
    run = boot(machine="virt-gicv2")
    run.expect("^bulkhead: CPU 3   MPIDR 0x3: cortex-a57")
    run.expect("^bulkhead: GICv2 at 0x8000000, 288 interrupt lines, 4 list registers")


def test_secondaries_start_by_spin_table_on_a_raspberry_pi_4(boot, qemu10, tmp_path):
    tree = tmp_path / "raspi4b.dtb"
    subprocess.run(
        ["dtc", "-q", "-o", tree, board.ROOT / "tests/system/raspi4b.dts"], check=True
    )
    run = boot(machine="raspi4b", qemu=qemu10, extra=["-dtb", str(tree)])
    run.expect("^bulkhead: Bulkhead .* on Raspberry Pi 4 Model B")
    for cpu in range(4):
        run.expect(rf"^bulkhead: CPU {cpu} +MPIDR 0x{cpu}: cortex-a72")
    run.expect("^bulkhead: GICv2 at 0xff841000, .* 4 list registers")


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


def debug_image() -> pathlib.Path:
    """Bulkhead with the shell's means to make it fail."""
    build = board.BUILD / "debug"
    subprocess.run(
        ["make", "-s", "DEBUG=1", f"BUILD={build.relative_to(board.ROOT)}", "hyp"],
        check=True, cwd=board.ROOT, capture_output=True,
    )
    return build / "bulkhead.img"


def test_an_overflown_EL2_stack_is_a_panic_with_a_backtrace(boot):
    image = debug_image()
    for how, what in (("stack", "EL2 stack overflow"),
                      ("abort 0x7fff00000000", "data abort at EL2"),
                      ("", "asked for by the shell")):
        run = boot(tick_config(), image=image, allow_panic=True)
        run.expect("^tick 1")
        run.focus("the hypervisor's shell")
        run.line(f"panic {how}".strip())
        run.expect(rf"^bulkhead: PANIC on CPU 0: {what}")
        if how:
            run.expect("^bulkhead: esr [0-9a-f]{16} far ")
            run.expect("^bulkhead: x30 [0-9a-f]{16}")
        run.expect("^bulkhead: backtrace, newest first:")
        run.expect(r"^bulkhead:   [0-9a-f]{16} \w+\+0x[0-9a-f]+")
        run.expect("^bulkhead: CPU 0 ran tick vcpu 0, guest pc 0x")
        # a CPU that is late to answer says its line behind all others
        run.expect_each(
            "^bulkhead: CPU 1 ran no guest",
            "^bulkhead: last exits of CPU 0, newest last:"
            r"\s+bulkhead:   [0-9a-f]{16} interrupt \d+",
            "^bulkhead: stopped",
        )
        run.close()
    text = config(
        vm("tick", kernel="tick_image", initrd=None, memory="64M"),
        images=raw_image("tick"),
        hypervisor='panic = "reboot";',
    )
    run = boot(text, image=image, allow_panic=True)
    run.expect("^tick 1")
    run.focus("the hypervisor's shell")
    run.line("panic")
    run.expect("^bulkhead: the board is reset")
    run.expect("^tick 1")


def cross(tool: str) -> str:
    """The toolchain's program, as the Makefile chose it."""
    return subprocess.run(
        ["make", "-s", f"print-{tool}"], check=True, cwd=board.ROOT, capture_output=True, text=True
    ).stdout.strip()


def test_firmware_may_start_it_with_MMU_and_caches_on(boot, tmp_path):
    source, linked, flat = board.ROOT / "tests/system/mmu_on.S", tmp_path / "elf", tmp_path / "bin"
    subprocess.run(
        [*cross("CC").split(), "-nostdlib", "-static", "-Wl,-Ttext=0,--build-id=none", "-o", linked,
         source],
        check=True,
    )
    subprocess.run([cross("OBJCOPY"), "-O", "binary", linked, flat], check=True)
    run = boot(
        bundle=bundle("mmu_on", tick_config()), image=flat,
        extra=["-device", f"loader,file={IMAGE},addr=0x60000000,force-raw=on"],
    )
    run.expect("^bulkhead: image 0x60000000-")
    run.expect("^tick 2")


def test_a_CPU_that_does_not_come_up_is_told_of_and_left_alone(boot, tmp_path):
    tree = tmp_path / "three.dtb"
    subprocess.run(
        [board.qemu_binary(), "-machine",
         f"virt,virtualization=on,gic-version=3,dumpdtb={tree}", "-cpu", "cortex-a57", "-smp", "3",
         "-m", "1024", "-nic", "none", "-nographic"],
        check=True, capture_output=True,
    )
    run = boot(tick_config(cpus=[1]), cpus=2, memory=1024, extra=["-dtb", str(tree)])
    run.expect(r"^bulkhead: CPU 2 \(cpu@2\) does not come up: firmware answers -\d")
    run.expect("^bulkhead: CPU 2   MPIDR 0x2: not up")
    run.expect("^tick 1")


def test_reserved_memory_is_mapped_for_nobody(boot, tmp_path):
    tree, source = tmp_path / "board.dtb", tmp_path / "board.dts"
    subprocess.run(
        [board.qemu_binary(), "-machine",
         f"virt,virtualization=on,gic-version=3,dumpdtb={tree}", "-cpu", "cortex-a57", "-smp", "2",
         "-m", "1024", "-nic", "none", "-nographic"],
        check=True, capture_output=True,
    )
    subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", "-o", source, tree], check=True)
    source.write_text(source.read_text() + """
/ { reserved-memory {
	#address-cells = <2>;
	#size-cells = <2>;
	ranges;
	secret@50001000 { reg = <0x0 0x50001000 0x0 0x3000>; no-map; };
}; };
""")
    subprocess.run(["dtc", "-q", "-o", tree, source], check=True)
    image = debug_image()
    for address, mapped in ((0x50000ffc, True), (0x50001000, False), (0x50003ffc, False),
                            (0x50004000, True)):
        run = boot(tick_config(), cpus=2, memory=1024, image=image, allow_panic=True,
                   extra=["-dtb", str(tree)])
        run.expect("^tick 1")
        run.focus("the hypervisor's shell")
        run.line(f"panic abort {address:#x}")
        run.expect(r"^0\r?\n" if mapped else "^bulkhead: PANIC on CPU 0: data abort at EL2")
        run.close()


def symbol(name: str) -> int:
    """An address of bulkhead.elf, as distance from the image's start."""
    table = subprocess.run(
        [cross("NM"), board.BUILD / "bulkhead.elf"], check=True, capture_output=True, text=True
    ).stdout
    # the compiler may have put something behind a name that is one file's: "name.lto_priv.0"
    addresses = {
        name: int(at, 16)
        for at, name in re.findall(r"^([0-9a-f]+) [A-Za-z] (\w+)(?:[.][\w.]+)?$", table, re.M)
    }
    return addresses[name] - addresses["image_start"]


def test_with_junk_in_x0_the_sentence_is_in_the_memory_log(boot, tmp_path):
    dump = tmp_path / "log"
    run = boot(extra=["-device", f"loader,file={IMAGE},addr=0x40200000,force-raw=on,cpu-num=0"],
               image=None, no_kernel=True, cpus=1)
    run.send("\x01c")
    run.expect("QEMU .* monitor")
    for _ in range(100):
        run.line(f'pmemsave {0x40200000 + symbol("log_ring_data"):#x} 4096 "{dump}"')
        run.expect(r"\(qemu\) $")
        if dump.exists() and b"no device tree at" in dump.read_bytes():
            break
    assert b"bulkhead: no device tree at 0x" in dump.read_bytes()


def test_a_Linux_of_more_than_one_cluster_of_16_vCPUs(boot):
    run = boot(
        config(vm("alpha", vcpus=18, memory="512M"), images=linux_images()),
        cpus=18, memory=1024,
    )
    run.expect("alpha # ", timeout=180)
    assert "18" in run.run("nproc", "alpha # ").split()


def test_each_of_sixty_CPUs_comes_up(boot):
    """Their stacks and traces are more than what is free beside the image."""
    run = boot(
        config(vm("last", kernel="tick_image", initrd=None, memory="64M", cpus=[59]),
               images=raw_image("tick")),
        cpus=60, memory=1024,
    )  # fmt: skip
    run.expect("^bulkhead: CPUs 16 to 59: as those", 120)
    run.expect("^tick 2", 60)


def test_an_ELF_image_and_a_merged_guest_dtb(boot):
    images = linux_images() + (
        f'tick_image: tick-image {{ type = "elf"; '
        f'data = /incbin/("{board.BUILD}/guest/tick.elf"); }};\n'
    )
    merge = (
        'guest-dtb { model = "Said by the config"; '
        'psci { bulkhead,test = <0x11223344>; }; extra { compatible = "x,y"; }; };'
    )
    run = boot(
        config(
            vm("alpha", extra=merge),
            vm("tick", kernel="tick_image", initrd=None, memory="64M"),
            images=images,
        )
    )
    run.expect_each("^alpha[|] alpha # ", "^tick[|] tick 1", timeout=120)
    tree = "/proc/device-tree"
    assert "Said by the config" in run.run(f"cat {tree}/model; echo", "alpha # ")
    assert "11 22 33 44" in run.run(f"hexdump -C {tree}/psci/bulkhead,test", "alpha # ")
    assert "x,y" in run.run(f"cat {tree}/extra/compatible; echo", "alpha # ")
    assert "psci" in run.run(f"ls {tree}", "alpha # ")


def test_a_guest_may_bring_its_own_device_tree(boot, tmp_path):
    tree = tmp_path / "own.dtb"
    subprocess.run(["dtc", "-q", "-o", tree, board.ROOT / "tests/system/own_tree.dts"], check=True)
    image = f'tree: tree {{ type = "dtb"; data = /incbin/("{tree}"); }};\n'
    run = boot(
        config(
            vm("alpha", initrd=None, bootargs="", extra="dtb = <&tree>;"),
            images=linux_images() + image,
        ),
        allow_panic=True,
    )
    run.expect("Machine model: A tree of the user's own", 60)
    run.expect("psci: PSCIv1.1 detected in firmware")
    # It has no root file system to mount: that far it comes with what the tree says.
    run.expect("Kernel panic - not syncing: VFS", 120)
