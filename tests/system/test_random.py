# SPDX-License-Identifier: Apache-2.0
"""Random numbers: each VM and each life its own, and a stock Linux that uses them."""
import re

from configs import config, raw_image, vm

SHELL = "the hypervisor's shell"


def trng(name: str) -> str:
    return vm(name, kernel="trng_image", initrd=None, memory="64M")


def check_tap(text: str) -> None:
    """A guest's tests: all of its plan, and none of them failed."""
    count = int(re.search(r"^1[.][.](\d+)\n", text, re.M)[1])
    assert len(re.findall(r"^ok \d+ ", text, re.M)) == count
    assert "\nnot ok" not in text


def test_no_two_VMs_and_no_two_lives_see_the_same_numbers(boot):
    run = boot(config(trng("one"), trng("two"), images=raw_image("trng")))
    run.expect("^bulkhead: random numbers: a generator keyed by the board's tree")
    run.expect("^bulkhead: all VMs are off")
    run.expect("^bulkhead> ")
    for name in ("one", "two", "one"):
        run.line(f"vm start {name}")
        run.expect("^bulkhead: all VMs are off")
        run.expect("^bulkhead> ")
    seeds = re.findall("trng: seed ([0-9a-f]{64})\n", run.text)
    words = " ".join(re.findall("trng: drew (.*)\n", run.text)).split()
    assert len(seeds) == len(set(seeds)) == 5
    assert len(words) == len(set(words)) == 15
    assert "not ok" not in run.text


def test_a_board_without_any_says_so_and_guests_are_told(boot):
    run = boot(
        config(trng("one"), images=raw_image("trng")), extra=["-machine", "dtb-randomness=off"]
    )
    run.expect("^bulkhead: random numbers: none: ")
    run.expect("^bulkhead: all VMs are off")
    assert "trng: seed" not in run.text
    check_tap(run.text)


def test_the_CPUs_own_are_taken_where_they_have_any(boot):
    two = config(trng("one"), trng("two"), images=raw_image("trng"))
    run = boot(two, cpu="max,pauth-impdef=on")
    run.expect("^bulkhead: random numbers: the CPUs' own")
    run.expect("^bulkhead: all VMs are off")
    words = " ".join(re.findall("trng: drew (.*)\n", run.text)).split()
    assert len(words) == len(set(words)) == 6
    assert "not ok" not in run.text


def test_stock_Linux_has_them_as_its_hardware_generator(boot):
    run = boot(config(vm("alpha")))
    run.expect("^alpha # ", 120)
    run.run("insmod /lib/arm_smccc_trng.ko", "alpha # ")
    assert "smccc_trng" in run.run("cat /sys/class/misc/hw_random/rng_current", "alpha # ")
    dump = "dd if=/dev/hwrng bs=32 count=1 2>/dev/null | md5sum"
    assert run.run(dump, "alpha # ") != run.run(dump, "alpha # ")
