# SPDX-License-Identifier: Apache-2.0
"""What each property of a config does, as a guest (tests/guest/facts.c) or a person sees it."""
import re

from configs import config, raw_image, vm
from test_boot import symbol

SHELL = "the hypervisor's shell"
RAM_PA = 0x60000000
MARK_PA = RAM_PA + 0x1E00000  # where facts.c looks, in a VM whose RAM is there
DIRT = 0x1122334455667788
MARK = 0x6B72616D6B72616D  # what facts.c leaves for its next life
UART = 'uart { compatible = "bulkhead,pl011"; }; '


def facts_vm(**options) -> str:
    return vm("facts", kernel="facts_image", initrd=None, **{"memory": "64M", **options})


def facts_config(**options) -> str:
    return config(facts_vm(**options), images=raw_image("facts"))


def tick_vm(name: str = "tick", **options) -> str:
    return vm(name, kernel="tick_image", initrd=None, memory="64M", **options)


def tick_config(hypervisor: str = "", **options) -> str:
    return config(tick_vm(**options), images=raw_image("tick"), hypervisor=hypervisor)


def ends_config(hypervisor: str = "") -> str:
    """A VM that is over soon."""
    ends = vm("ends", kernel="idregs_image", initrd=None, memory="64M")
    return config(ends, images=raw_image("idregs"), hypervisor=hypervisor)


def memory_of_lives(boot, scrub: str) -> list[int]:
    """What the guest finds in RAM that nobody loads: at first boot, and after a restart."""
    ram = f'ram {{ compatible = "bulkhead,ram"; size = <0 0x4000000>; pa = <0 {RAM_PA:#x}>; }}; '
    facts = facts_vm(memory=None, devices=f"devices {{ {UART} {ram} }};", extra=scrub)
    # A neighbour, so that lines are shown whole and with a name while the shell has the keys.
    run = boot(
        config(facts, tick_vm(), images=raw_image("facts") + raw_image("tick")),
        memory=1024,
        extra=["-device", f"loader,addr={MARK_PA:#x},data={DIRT:#x},data-len=8"],
    )
    line = r"facts[|] facts: memory 0x41e00000 is (0x[0-9a-f]+)\n"
    found = [int(run.expect(line)[1], 16)]
    run.expect("facts[|] facts: end")
    run.focus(SHELL)
    run.line("vm restart facts")
    found.append(int(run.expect(line)[1], 16))
    return found


def test_scrub_always_clears_at_first_boot_and_at_each_restart(boot):
    assert memory_of_lives(boot, 'scrub = "always";') == [0, 0]


def test_scrub_by_owner_leaves_a_VM_its_own_memory(boot):
    assert memory_of_lives(boot, 'scrub = "owner-change";') == [DIRT, MARK]
    assert memory_of_lives(boot, "") == [DIRT, MARK], "this is the default"


def test_dtb_address_is_where_the_tree_is(boot):
    for place in (0x40000000, 0x41C00008):
        run = boot(facts_config(extra=f"dtb-address = <0 {place:#x}>;"))
        run.expect(f"^facts: tree at {place:#x}, good")
        run.close()
    # Chosen, it is a good one somewhere in the VM's RAM.
    run = boot(facts_config())
    place = int(run.expect("^facts: tree at (0x[0-9a-f]+), good")[1], 16)
    assert 0x40000000 <= place < 0x44000000 and place % 8 == 0


def test_spi_count_is_what_the_interrupt_controller_has(boot):
    for extra, count in (("spi-count = <32>;", 32), ("", 64), ("spi-count = <960>;", 960)):
        run = boot(facts_config(extra=extra))
        run.expect(f"^facts: {count} SPIs announced, {count} usable")
        run.close()


def test_a_device_is_where_ipa_says_with_the_interrupt_that_spi_says(boot):
    rtc = 'rtc { compatible = "bulkhead,pl031"; %s };'
    run = boot(facts_config(devices=f"devices {{ {UART} {rtc % ''} }};"))
    run.expect("^facts: PL031 at 0x9010000, SPI 2$")
    run.close()
    # Beyond 64 SPIs: there are as many as the devices need.
    moved = rtc % "ipa = <0 0x0a100000>; spi = <100>;"
    run = boot(facts_config(devices=f"devices {{ {UART} {moved} }};"))
    run.expect("^facts: 128 SPIs announced, 128 usable")
    run.expect("^facts: PL031 at 0xa100000, SPI 100$")
    run.expect("^facts: [0-9]+ CPUs")
    assert "PL031 at 0x9010000" not in run.text


def test_redistributors_make_way_for_a_device(boot):
    clock = 'clock { compatible = "bulkhead,pl031"; ipa = <0 0x8100000>; }; '
    run = boot(
        config(
            vm(
                "alpha",
                vcpus=4,
                devices=f"devices {{ {UART} {clock} }};",
                bootargs="console=ttyAMA0 hostname=alpha",
            )
        ),
        cpus=4,
    )
    # Three are below it, the fourth is where the virt machine has those it has no room for.
    run.expect(r"CPU2: found redistributor 2 region 0:0x0*80e0000")
    run.expect(r"CPU3: found redistributor 3 region 1:0x0*4000000000")
    run.expect("^alpha # ", 120)
    table = run.run("cat /proc/interrupts", "^alpha # ")
    timers = re.search(r"^ *\d+: +(\d+) +(\d+) +(\d+) +(\d+) .* 27 Level", table, re.M)
    assert timers and all(int(count) > 0 for count in timers.groups()), table
    assert "8100000.pl031" in run.run("ls /sys/bus/amba/devices", "^alpha # ")


def test_what_is_disabled_is_as_if_absent(boot):
    rtc = 'rtc { compatible = "bulkhead,pl031"; status = "disabled"; };'
    run = boot(
        config(
            facts_vm(devices=f"devices {{ {UART} {rtc} }};"),
            tick_vm(extra='status = "disabled";'),
            images=raw_image("facts") + raw_image("tick"),
        )
    )
    run.expect("^facts: end")
    assert "facts: PL031" not in run.text
    assert "VM tick" not in run.text


def test_vcpus_is_a_count(boot):
    run = boot(facts_config(vcpus=3))
    run.expect("^facts: 3 CPUs")


def el1_cpus(run) -> set[int]:
    """The board's CPUs that are at EL1, by QEMU's monitor, as soon as one is: a guest that has just
    printed may be in the middle of an exit."""
    run.send("\x01c")
    run.expect(r"QEMU .* monitor(.|\n)*\(qemu\) ")
    found: set[int] = set()
    while not found:
        run.line("info registers -a")
        start = run.position
        run.expect(r"CPU#3(.|\n)*PSTATE=(.|\n)*\(qemu\) ")
        shown = re.findall(
            r"CPU#(\d)(?:.|\n)*?PSTATE=\S+ \S+ (?:NS )?(EL\w+)", run.text[start : run.position]
        )
        found = {int(cpu) for cpu, level in shown if level.startswith("EL1")}
    return found


def test_vcpu_cpus_says_where_a_vCPU_runs(boot):
    for cpu in (0, 3):
        run = boot(tick_config(cpus=[cpu]))
        run.expect("^tick 1")
        assert el1_cpus(run) == {cpu}
        run.close()


def test_input_none_never_gets_the_keys(boot):
    deaf = 'devices { uart { compatible = "bulkhead,pl011"; input = "none"; }; };'
    run = boot(
        config(
            tick_vm("deaf", devices=deaf), tick_vm("one"), tick_vm("two"), images=raw_image("tick")
        )
    )
    run.expect_each("^deaf[|] tick 1", "^one[|] tick 1", "^two[|] tick 1")
    names = []
    for _ in range(6):
        run.switch()
        names.append(run.expect(r"the keys now go to (.*?)  ")[1])
        run.refuse("the keys now go to", 0.4)
    assert names == ["two", SHELL, "one", "two", SHELL, "one"]


def test_console_escape_is_the_key_that_switches(boot):
    run = boot(tick_config(hypervisor="console-escape = <0x02>;"))
    run.expect("^tick 1")
    run.send("\x1d")
    run.refuse("the keys now go to", 1)
    run.send("\x02")
    run.expect(f"the keys now go to {SHELL}")


def test_log_level_says_what_reaches_the_console(boot):
    run = boot(tick_config())
    run.expect("^bulkhead: tick starts")
    run.expect("^tick 1")
    run.close()
    run = boot(tick_config(hypervisor="log-level = <3>;"))
    run.expect("^tick 1")
    assert "tick starts" not in run.text and "VM tick" not in run.text


def test_a_word_in_the_bootargs_overrides_the_config(boot):
    text = tick_config(hypervisor="log-level = <3>;")
    run = boot(text, extra=["-append", "quiet bulkhead.log-level=6 root=/dev/x"])
    run.expect("^bulkhead: tick starts")
    run.close()
    run = boot(ends_config(), extra=["-append", "bulkhead.when-all-off=poweroff"])
    run.expect("all VMs are off: the board is powered off")
    run.expect_end()
    run = boot(tick_config(), extra=["-append", "bulkhead.log-levle=6"])
    run.expect("^bulkhead: .*did you mean bulkhead.log-level[?]")


def test_when_all_off_may_reset_the_board(boot):
    run = boot(ends_config('when-all-off = "reboot";'))
    for _ in range(2):
        run.expect("^bulkhead: Bulkhead ")
        run.expect("^1[.][.][0-9]+$")


def test_board_compatible_names_the_boards_that_may_run_it(boot):
    boards = 'board-compatible = "xlnx,zynqmp", "linux,dummy-virt";'
    run = boot(facts_config().replace("hypervisor {", f"{boards} hypervisor {{", 1))
    run.expect("^facts: end")
    run.close()
    boards = 'board-compatible = "xlnx,zynqmp";'
    run = boot(facts_config().replace("hypervisor {", f"{boards} hypervisor {{", 1))
    run.expect("^bulkhead: .*board-compatible: ")
    run.expect("no VM is started")
    assert "facts:" not in run.text


def test_console_names_the_UART(boot):
    run = boot(tick_config('console = "/pl011@9000000";'))
    run.expect("^tick 1")
    run.close()
    run = boot(tick_config('console = "/pl011@9000001";'))
    run.expect("^bulkhead: .*console: ")


def test_console_none_leaves_the_memory_log(boot, tmp_path):
    dump = tmp_path / "log"
    run = boot(tick_config('console = "none";'))
    image = int(run.expect("^bulkhead: image (0x[0-9a-f]+)-")[1], 16)
    run.send("\x01c")
    run.expect("QEMU .* monitor")
    # The log is kept in memory; each look at it is an event of the monitor's.
    for _ in range(200):
        run.line(f'pmemsave {image + symbol("log_ring_data"):#x} 16384 "{dump}"')
        run.expect(r"\(qemu\) $")
        if dump.exists() and b"tick starts" in dump.read_bytes():
            break
    assert b"tick starts" in dump.read_bytes()
    assert "tick starts" not in run.text and "tick 1" not in run.text


def test_gic_v3_is_what_the_board_has(boot):
    run = boot(facts_config(extra='gic = "v3";'))
    run.expect("^facts: 64 SPIs announced, 64 usable")


# A device of each kind, and how many places in the memory map it has.
KINDS = {
    "clock": ('compatible = "bulkhead,pl031";', 1),
    "dog": ('compatible = "bulkhead,sp805";', 1),
    "console": ('compatible = "bulkhead,virtio-console";', 1),
    "disk": ('compatible = "bulkhead,virtio-blk"; ram-size = <0 0x100000>;', 1),
    "port": ('compatible = "bulkhead,virtio-net"; network = <&lan>;', 1),
    "random": ('compatible = "bulkhead,virtio-rng";', 1),
    "sockets": ('compatible = "bulkhead,virtio-vsock";', 1),
    "balloon": ('compatible = "bulkhead,virtio-balloon";', 1),
    "shared": ('compatible = "bulkhead,shared-memory"; memory-region = <&both>;', 0),
}


def inventory(boot, *kinds: str) -> tuple[set[str], set[int]]:
    """The nodes in the tree of a VM with these devices, and where devices answer."""
    devices = " ".join(f"{kind} {{ {KINDS[kind][0]} }};" for kind in kinds)
    alone = vm("alone", kernel="inventory_image", initrd=None, memory="64M",
               devices=f"devices {{ {UART} {devices} }};")  # fmt: skip
    more = (
        "networks { lan: lan { }; };\nshared-memory { both: both { size = <0 0x200000>; }; };\n"
    )
    run = boot(config(alone, images=raw_image("inventory"), extra=more))
    run.expect(r"^(?:alone[|] )?inventory: end", 60)
    nodes = re.findall(r"^(?:alone[|] )?inventory: node /(.*)$", run.text, re.M)
    places = re.findall(r"^(?:alone[|] )?inventory: something at (0x\w+)$", run.text, re.M)
    return set(nodes), {int(place, 16) for place in places}


def test_a_device_that_is_not_configured_is_neither_in_the_tree_nor_in_the_memory_map(boot):
    bare_nodes, bare_places = inventory(boot)
    assert "pl011@9000000" in bare_nodes, bare_nodes
    # beside the UART what was stolen is told, which every VM may ask for (DEN 0057)
    assert bare_places == {0x9000000, 0x90A0000}, bare_places
    alien = "virtio|pl031|watchdog|reserved|pmem"
    assert not [node for node in bare_nodes if re.search(alien, node)], bare_nodes
    for kinds in (["disk"], ["clock"], ["shared"], list(KINDS)):
        nodes, places = inventory(boot, *kinds)
        assert bare_nodes < nodes and bare_places <= places, (kinds, nodes, places)
        added = {int(node.partition("@")[2] or "0", 16) for node in nodes - bare_nodes}
        assert {at for at in added if 0x9000000 <= at < 0xB000000} == places - bare_places, kinds
        assert len(places - bare_places) == sum(KINDS[kind][1] for kind in kinds), (kinds, places)
    assert [node for node in nodes if "pmem" in node], nodes
