# SPDX-License-Identifier: Apache-2.0
"""Memory that stock Linux VMs share, as /dev/pmem0 of each."""
import hashlib
import re

from configs import DEVICES, cells, config, size, vm
from programs import linux_images_with

MODULES = ("libnvdimm", "of_pmem", "dax", "nd_btt", "nd_pmem")
MEMORY = f"shared-memory {{ ring: ring {{ size = {cells(size('2M'))}; }}; }};"
PMEM = "/dev/pmem0"
HALF = 1 << 20
READ_ONLY = "/sys/bus/nd/devices/region0/read_only"
SUM = r"\b([0-9a-f]{64}) +-"
SHELL = "the hypervisor's shell"


def share(*properties: str, more: str = "") -> str:
    """A VM's devices with its share of the memory."""
    node = 'ring {{ compatible = "bulkhead,shared-memory"; memory-region = <&ring>; {} }};'
    return DEVICES.removesuffix("};") + node.format(" ".join(properties)) + more + " };"


def bell(label: str, peer: str) -> str:
    return f'{label}: bell {{ compatible = "bulkhead,doorbell"; peer = <&{peer}>; }};'


def ask(run, name: str, command: str, timeout: float = 120) -> str:
    """What a command printed at the prompt of a VM that has the keys."""
    return re.sub(r"^\w+[|] ", "", run.run(command, f"{name} # ", timeout), flags=re.M).strip()


def load(run, name: str) -> None:
    run.focus(name)
    for module in MODULES:
        assert ask(run, name, f"insmod /lib/{module}.ko") == ""
    assert ask(run, name, "cat /sys/block/pmem0/size") == str(2 * HALF // 512)


def numbers(seed: int) -> str:
    """The sum of what write_half() writes."""
    lines = (f"{number}\n" for number in range(seed, seed + HALF // 8))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def write_half(run, name: str, half: int, seed: int) -> str:
    """Fills half of it with numbers of seven digits; their sum."""
    run.focus(name)
    ask(run, name, f"seq {seed} {seed + HALF // 8 - 1} > /tmp/it")
    copy = f"dd if=/tmp/it of={PMEM} bs=1M seek={half} conv=fsync"
    assert "1+0 records out" in ask(run, name, copy)
    return re.search(SUM, ask(run, name, "sha256sum < /tmp/it"))[1]


def sums(run, name: str) -> list[str]:
    """Of both halves, as they are in the memory and not in a cache of Linux'."""
    run.focus(name)
    ask(run, name, "echo 3 > /proc/sys/vm/drop_caches")
    read = f"dd if={PMEM} bs=1M count=1 skip={{}} 2>/dev/null | sha256sum"
    return [re.search(SUM, ask(run, name, read.format(half)))[1] for half in (0, 1)]


def read_when_rung(run, wanted: str) -> None:
    """beta waits for a ring of alpha's and reads what is there then."""
    run.focus("beta")
    ask(run, "beta", "echo 3 > /proc/sys/vm/drop_caches")
    run.line(f"gpio answer bell 1; dd if={PMEM} bs=1M count=1 2>&- | sha256sum")
    run.expect("beta[|].*bell listens", 60)
    assert write_half(run, "alpha", 0, 1000000) == wanted
    run.line("gpio ring bell 1")
    run.expect_each("^alpha[|] bell: 1 rings of 1$", f"^beta[|] {wanted} ", timeout=60)


def test_Linux_VMs_share_memory_and_one_of_them_only_reads(boot, tmp_path):
    run = boot(
        config(
            vm("alpha", devices=share(more=bell("one", "two")), memory="192M"),
            # elsewhere, so that no address is the same by chance
            vm("beta", devices=share("ipa = <0x0 0xd0000000>;", more=bell("two", "one")),
               memory="192M"),
            vm("gamma", devices=share("read-only;"), memory="192M"),
            images=linux_images_with("gpio", tmp_path),
            extra=MEMORY,
        ),
        cpus=3,
        memory=1024,
    )
    run.expect_each(*(f"^{name}[|] Enter .help. for a list" for name in ("alpha", "beta", "gamma")),
                    timeout=150)
    for name in ("alpha", "beta", "gamma"):
        load(run, name)
    wanted = [numbers(1000000), numbers(5000000)]
    assert write_half(run, "beta", 1, 5000000) == wanted[1]
    read_when_rung(run, wanted[0])
    for name in ("alpha", "beta", "gamma"):
        assert sums(run, name) == wanted, name
    # who may only read tells Linux so, which then does not try
    ask(run, "gamma", f"echo 1 > {READ_ONLY}")
    refused = ask(run, "gamma", f"dd if=/dev/zero of={PMEM} bs=1M count=1")
    assert "Operation not permitted" in refused, refused
    # what is there outlives a restart
    run.focus(SHELL)
    run.line("vm restart alpha")
    run.expect("^alpha[|] Enter .help. for a list", 150)
    load(run, "alpha")
    assert sums(run, "alpha") == wanted
    # and if Linux tries, the hypervisor refuses
    run.focus("gamma")
    ask(run, "gamma", f"echo 0 > {READ_ONLY}")
    run.line(f"dd if=/dev/zero of={PMEM} bs=4096 count=1 conv=fsync")
    run.expect_each(
        "gamma vcpu 0 pc .*: store at ipa 0xc0000000 .*: it may only be read there; external abort",
        "gamma[|] .*Internal error: synchronous external abort",
        # its last line, so that what it tells does not come between others' answers
        "gamma[|] .*---. end trace",
        timeout=60,
    )
    for name in ("alpha", "beta"):
        assert sums(run, name) == wanted, name
    run.focus(SHELL)
    memory = run.run("mem", "^bulkhead> ")
    assert re.search(r" 2048 KiB  shared memory +ring\n", memory), memory
    for name, how, ipa in (("alpha", "shared", "c"), ("beta", "shared", "d"),
                           ("gamma", "shared, read-only", "c")):
        assert re.search(rf" 2048 KiB  {name} +{how} at ipa {ipa}0000000$", memory, re.M), memory
    run.line("audit")
    run.expect("isolation audit: .* each covered by its grant, .* shared$")
