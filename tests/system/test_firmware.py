# SPDX-License-Identifier: Apache-2.0
"""Calls that reach the board's firmware, and those that don't: with firmware of our own at EL3."""
import re
import subprocess

import machine as board
from configs import bundle, config, raw_image, vm
from test_boot import cross

# QEMU leaves PSCI out of the tree of a board with EL3, where it is the firmware's.
TREE = "virt,virtualization=on,gic-version=3"
DENIED = "0xffffffffffffffff"


def assemble(tmp_path) -> str:
    linked, flat = tmp_path / "firmware.elf", tmp_path / "firmware.bin"
    subprocess.run(
        [*cross("CC").split(), "-nostdlib", "-static", "-Wl,-Ttext=0,--build-id=none", "-o", linked,
         board.ROOT / "tests/system/firmware.S"],
        check=True,
    )
    subprocess.run([cross("OBJCOPY"), "-O", "binary", linked, flat], check=True)
    return str(flat)


def start(boot, tmp_path, name: str, extra: str = "", *, guest: str = "facts", **options):
    """Our firmware, Bulkhead with its bundle behind it, and the board's tree, on one CPU."""
    tree = tmp_path / "board.dtb"
    subprocess.run(
        [board.qemu_binary(), "-machine", f"{TREE},dumpdtb={tree}", "-cpu", "cortex-a57", "-smp",
         "1", "-m", "1024", "-nic", "none", "-nographic"],
        check=True, capture_output=True,
    )
    text = config(
        vm("guest", kernel=f"{guest}_image", initrd=None, memory="64M", extra=extra),
        images=raw_image(guest),
    )
    whole = bundle(name, text)
    joined = whole.with_suffix(".flash.img")
    subprocess.run(
        [board.ROOT / "tools/flash.py", board.BUILD / "bulkhead.img", whole, joined],
        check=True, cwd=board.ROOT,
    )
    loads = ((joined, 0x60000000), (tree, 0x4A000000))
    words = [f"loader,file={file},addr={address:#x},force-raw=on" for file, address in loads]
    return boot(
        no_kernel=True, machine="virt-secure", cpus=1, memory=1024,
        extra=["-bios", assemble(tmp_path), "-device", words[0], "-device", words[1]], **options,
    )


def test_smc_allow_passes_on_what_it_names_and_nothing_else(boot, tmp_path):
    run = start(boot, tmp_path, "smc_some", "smc-allow = <0x82000010 0x82000011>;")
    run.expect("^bulkhead: firmware: PSCI 1.1 by smc")
    run.expect("^facts: end")
    # Arguments and results come through whole; by HVC nothing is passed on.
    assert "facts: smc 0x82000010 gives 0x33 0x44 0x55 0x66" in run.text
    assert "facts: smc 0x82000011 gives 0x0 0x0 " in run.text
    for denied in ("smc 0x8200000f", "smc 0x82000012", "smc 0xc2000011", "hvc 0x82000010",
                   "hvc 0x82000011"):
        assert f"facts: {denied} gives {DENIED} 0x11 0x22 0x33" in run.text
    assert "facts: after all smc 0x82000011 gives 0x0 " in run.text, "a denied call got through"


def test_without_smc_allow_nothing_is_passed_on(boot, tmp_path):
    run = start(boot, tmp_path, "smc_none", "")
    run.expect("^facts: end")
    for call in ("0x8200000f", "0x82000010", "0x82000011", "0x82000012", "0xc2000011"):
        for how in ("smc", "hvc"):
            assert f"facts: {how} {call} gives {DENIED} 0x11 0x22 0x33" in run.text


def test_workarounds_that_firmware_offers_are_forwarded(boot, tmp_path):
    run = start(boot, tmp_path, "smc_count", "smc-allow = <0x82000011 0x82000011>;")
    run.expect("^facts: end")
    assert "facts: smc 0x82000010 gives " + DENIED in run.text
    offers = [f"facts: workaround {n} is {offer}\n" for n, offer in ((1, 0), (2, -1), (3, 1))]
    assert all(offer in run.text for offer in offers)
    for how in ("smc", "hvc"):
        assert f"facts: {how} 0x80007fff gives {DENIED} " in run.text
        assert f"facts: {how} 0x80008000 gives 0x0 " in run.text
    # One by HVC and one by SMC, of those that are offered.
    assert "facts: after all smc 0x82000011 gives 0x0 0x4 " in run.text


def test_random_numbers_of_firmware_reach_guests_in_their_order(boot, tmp_path):
    run = start(boot, tmp_path, "smc_random", guest="trng")
    run.expect("^bulkhead: random numbers: firmware's")
    drew = [int(word, 16) for word in run.expect("^trng: drew (.*)\n")[1].split()]
    words = [0]
    for _ in range(6):
        words.append((words[-1] * 6364136223846793005 + 1442695040888963407) % 2**64)
    # the hypervisor drew three for itself; of the guest's the first is in x3
    assert drew == [words[6], words[5], words[4]]
    check_tap(run)


def check_tap(run) -> None:
    """A guest's tests: all of its plan, and none of them failed."""
    count = int(run.expect(r"^1[.][.](\d+)\n", 60)[1])
    assert len(re.findall(r"^ok \d+ ", run.text, re.M)) == count
    assert "\nnot ok" not in run.text


def test_what_firmware_leaves_in_EL2_registers_does_not_reach_guests(boot, tmp_path, qemu7, qemu10):
    """Every trap is on, timers are due, offsets and identities are junk: guests' tests pass."""
    start(boot, tmp_path, "junk_facts").expect("^facts: the counters agree")
    for guest in ("idregs", "mmio", "vgic_ppi"):
        check_tap(start(boot, tmp_path, f"junk_{guest}", guest=guest))
        for name, qemu in (("7", qemu7), ("10", qemu10)):
            run = start(boot, tmp_path, f"junk_{guest}_{name}", guest=guest, cpu="max", qemu=qemu)
            check_tap(run)
