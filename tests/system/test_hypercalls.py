# SPDX-License-Identifier: Apache-2.0
"""A Linux VM that looks after others, by bulkheadctl; and stolen time that adds up."""
import hashlib
import json
import re

import peer
import test_network
import test_vsock
from configs import DEVICES, config, linux_images, raw_image, vm

CONTROL = DEVICES.replace("devices {", 'devices { control { compatible = "bulkhead,control"; };')
PROMPT = "boss # "


def boss(*names: str, **options) -> str:
    """A Linux VM that manages those VMs."""
    managed = f"manages = <{' '.join('&' + name for name in names)}>;" if names else ""
    return vm("boss", devices=CONTROL, extra=managed, memory="192M", **options)


def bare(name: str, image: str = "tick", **options) -> str:
    return vm(name, kernel=f"{image}_image", initrd=None, memory="64M", **options)


def ctl(run, words: str) -> str:
    """What the tool says; other VMs' lines may stand between its own."""
    said = run.run(f"bulkheadctl {words}", PROMPT).split("\n")
    return "\n".join(line.removeprefix("boss| ") for line in said if line.startswith("boss| "))


def do(run, words: str, *events: str) -> None:
    """Runs the tool, and waits for what comes of it."""
    run.line(f"bulkheadctl {words}")
    run.expect(f"bulkheadctl {words}.*\n")
    run.expect_each(PROMPT, *events)


def told(run, words: str):
    """Its answer. Folded, for the console gives others a word in a line of more than 512 bytes."""
    return json.loads(ctl(run, f"--json {words} | fold -w 100").replace("\n", ""))


def worker(run) -> dict:
    return next(one for one in told(run, "vm") if one["name"] == "worker")


def test_a_Linux_VM_restarts_a_bare_metal_one_and_reads_its_state(boot):
    run = boot(
        config(
            boss("worker"), bare("worker"), bare("other"),
            images=linux_images() + raw_image("tick"),
        )
    )
    run.expect(f"^boss[|] {PROMPT}", 120)
    run.focus("boss")
    # it sees itself and whom it manages, nobody else
    assert [one["name"] for one in told(run, "vm")] == ["boss", "worker"]
    before = worker(run)
    assert (before["state"], before["reason"], before["memory"]) == (
        "running", "never started", 64 << 20,
    )
    do(run, "vm restart worker", "^bulkhead: worker: .*starts again", "^worker[|] tick 1\n")
    after = worker(run)
    assert (after["state"], after["reason"], after["restarts"]) == (
        "running", "restarted", before["restarts"] + 1,
    )
    do(run, "vm stop worker", "^bulkhead: worker: stopped by command")
    assert (worker(run)["state"], worker(run)["reason"]) == ("off", "stopped")
    assert "nothing to be done, it is off" in ctl(run, "vm stop worker")
    do(run, "vm start worker", "^worker[|] tick 1\n")
    ctl(run, "vm pause worker")
    assert worker(run)["state"] in ("pausing", "paused")
    do(run, "vm resume worker", r"^worker[|] tick \d+\n")
    ctl(run, "vm affinity worker 0 0")
    ctl(run, "vm priority worker 7")
    placed = told(run, "stat worker")
    assert '"cpu": 0' in json.dumps(placed) and '"priority": 7' in json.dumps(placed), placed
    assert "the board has none such" in ctl(run, "vm affinity worker 0 99")
    assert "the board has none such" in ctl(run, "vm affinity worker 1 0")
    assert "0 to 255" in ctl(run, "vm priority worker 256")
    assert "usage" in ctl(run, "--help") and "--help says more" in ctl(run, "vm affinity worker")
    do(run, "vm kill worker", "^bulkhead: worker: .*command")
    assert (worker(run)["state"], worker(run)["reason"]) == ("off", "killed")


def log_of(run, words: str) -> list[dict]:
    return told(run, f"log {words}")


def test_a_VM_that_manages_all_others_is_shown_what_the_shell_shows(boot):
    run = boot(
        config(
            boss("tick", "tock", cpus=[0]), bare("tick", cpus=[1]), bare("tock", cpus=[1]),
            images=linux_images() + raw_image("tick"),
        )
    )
    run.expect(f"^boss[|] {PROMPT}", 120)
    run.focus("boss")
    run.expect(r"^tock[|] tick \d+\n")

    # each byte of a log once, nothing lost, also when asked for later
    first = log_of(run, "tick")
    run.expect(r"^tick[|] tick \d+\n")
    second = log_of(run, f"--from {first[-1]['next']} tick")
    pieces = first + second
    assert [one["lost"] for one in pieces] == [0] * len(pieces)
    assert [one["begin"] for one in pieces[1:]] == [one["next"] for one in pieces[:-1]]
    text = "".join(one["text"] for one in pieces)
    ticks = [int(n) for n in re.findall(r"^tick (\d+)\r?\n", text, re.M)]
    assert ticks == list(range(1, ticks[-1] + 1)) and second
    assert "tick 1\n" in ctl(run, "log tick")
    assert "tock starts" in "".join(one["text"] for one in log_of(run, ""))

    stat = told(run, "stat tick")[0]
    assert stat["shares"] and stat["cpu"] == 1 and stat["ran_ns"] > 0
    assert stat["exits"] == sum(stat["causes"].values()) > 0
    assert "device store" in stat["causes"] and "WFI" in stat["causes"]
    assert stat["exits"] > 60
    assert sum(stat["interrupts"].values()) == stat["causes"].get("interrupt", 0)
    assert re.search(r"^ +WFI: \d+$", ctl(run, "stat tick"), re.M)
    own = told(run, "stat boss")[0]
    assert not own["shares"] and not stat["background"]
    # whom it waited for adds up to what was stolen, between one time and the next; both sleep
    # most of the time and need not have met
    again = told(run, "stat tick")[0]
    assert {one["vm"] for one in stat["waited"]} <= {"tock"}
    assert stat["stolen_ns"] <= sum(one["ns"] for one in stat["waited"]) <= again["stolen_ns"]
    # what the shell's `stat` turns on
    assert stat["times"] == {} and own["measured_ns"] == 0
    ctl(run, "stat tick time on")
    run.expect(r"^tick[|] tick \d+\n")
    stores = told(run, "stat tick")[0]["times"]["device store"]
    assert stores["count"] > 0 and 0 < stores["max_ns"] <= stores["total_ns"]
    ctl(run, "stat tick time off")
    assert "`manages` of this VM does not name boss" in ctl(run, "stat boss idle on")
    assert "stat NAME [idle|time on|off]" in ctl(run, "stat tick time maybe")
    assert "tick " in ctl(run, "top & sleep 2; kill $!; wait")

    registers = told(run, "regs tick")
    assert registers["power"] == "on" and 0x40000000 <= int(registers["pc"], 16) < 0x44000000
    assert "there is no such CPU" in ctl(run, "regs tick 1")
    trace = told(run, "trace tick 0 200")
    assert len(trace) == 200 and any("loaded_at" in one for one in trace)
    assert any(0x40000000 <= int(one.get("pc", "0"), 16) < 0x44000000 for one in trace)

    lines = told(run, "irq boss")
    assert [one["enabled"] for one in lines if one["device"] == "uart"] == [True]
    taken = {one["intid"]: one["device"] for one in told(run, "irq") if one["taken"] > 0}
    assert taken[33] == "the console" and taken[26] == "EL2's timer"

    memory = told(run, "mem")
    ram = {
        name: sum(one["size"] for one in memory if one["owner"] == name and one["kind"] == "RAM")
        for name in ("boss", "tick", "tock")
    }
    assert ram == {"boss": 192 << 20, "tick": 64 << 20, "tock": 64 << 20}
    assert any(one["owner"] == "hypervisor" for one in memory)
    assert {one["owner"] for one in told(run, "mem tick")} <= {"tick", "each VM"}

    audits = told(run, "audit")
    assert [one["name"] for one in audits] == ["boss", "tick", "tock"]
    assert all(one["faults"] == 0 for one in audits)
    assert sum(one["bytes"] for one in audits) >= 320 << 20

    cpus = told(run, "sched")
    assert [one["shared"] for one in cpus if one["up"]][:2] == [False, True]
    assert cpus[0]["vm"] == "boss" and cpus[1]["vm"] in ("tick", "tock", None)
    assert cpus[1]["vcpus"] == 2
    assert cpus[0]["turns"] == [] and all(
        (one["vcpu"], one["priority"], one["budget_ns"]) == (0, 100, 0) and one["slice_ns"] > 0
        for one in cpus[1]["turns"]
    )
    assert [one["vm"] for one in cpus[1]["turns"]] == ["tick", "tock"]
    turns = r"^  (?:runs |ready|-    ) {} +vcpu 0  priority 100  slice \d+ of \d+ us$"
    rows = ctl(run, "sched")
    assert all(re.search(turns.format(name), rows, re.M) for name in ("tick", "tock"))
    assert "boss " not in rows.split("CPU 1:")[1]

    assert "no such log was kept" in ctl(run, "log --last")
    assert re.search("^Bulkhead .* on linux,dummy-virt", ctl(run, "report"), re.M)
    assert any("cortex-a57" in one for one in told(run, "report"))
    magic = hashlib.md5(b"\xd0\x0d\xfe\xed").hexdigest()
    assert magic in ctl(run, "tree | dd bs=4 count=1 2>/dev/null | md5sum")

    # no bytes for a terminal to act on, and commands that people read
    for words in ("vm", "irq", "irq tick", "mem", "sched", "audit", "regs tick", "trace tick"):
        assert ctl(run, words).strip(), words


def test_tables_have_room_for_the_longest_name_and_tell_times(boot):
    long = "brakecontrolleroftherearaxleno2"
    run = boot(
        config(
            boss(long, "tock", cpus=[0]), bare(long, cpus=[1]), bare("tock", cpus=[1]),
            images=linux_images() + raw_image("tick"),
        )
    )
    run.expect(f"^boss[|] {PROMPT}", 120)
    run.focus("boss")
    run.expect(r"^tock[|] tick \d+\n")

    rows = ctl(run, "vm").split("\n")
    head = next(row for row in rows if row.startswith("VM "))
    assert head.split()[-4:] == ["restarts", "CPU", "time", "steal"]
    state = head.index("state")
    vms = {row.split()[0]: row for row in rows if " running " in row}
    assert vms.keys() == {"boss", long, "tock"}
    assert all(row[state - 1 :].startswith(" running ") for row in vms.values())
    times = re.search(r" 0 +(\d+\.\d\d) s +(\d+\.\d\d) s$", vms[long])
    assert times and float(times[1]) > 0
    # nobody counts where nobody else may have the CPU
    assert re.search(r" 0 +own CPU +-$", vms["boss"])

    for words, column in (("sched", r"vcpu 0"), ("mem", r"RAM at ipa")):
        rows = [row for row in ctl(run, words).split("\n")
                if re.search(rf"\b({long}|tock) .*{column}", row)]  # fmt: skip
        assert any(long in row for row in rows) and any("tock" in row for row in rows), words
        assert len({row.index(column) for row in rows}) == 1, words


# the board's NIC, with nobody at the other end of its cable
NIC = [
    "-global", "virtio-mmio.force-legacy=false", "-netdev", "hubport,id=wire,hubid=0",
    "-device", "virtio-net-device,netdev=wire,bus=virtio-mmio-bus.1",
]  # fmt: skip


def with_network(devices: str, cid: int) -> str:
    """Those devices, and a port and sockets."""
    port = 'net0 { compatible = "bulkhead,virtio-net"; network = <&lan>; rate-kbps = <9000>; };'
    sockets = f'sockets {{ compatible = "bulkhead,virtio-vsock"; guest-cid = <{cid}>; }};'
    return devices.removesuffix("};") + port + sockets + " };"


def use_network(run) -> None:
    """The boss loads its drivers and sends: frames to nobody, a packet to a CID of nobody's."""
    for module in dict.fromkeys(test_network.MODULES + test_vsock.MODULES):
        run.run(f"insmod /lib/{module}.ko", PROMPT)
    run.run("ip link set eth0 up && ip addr add 10.0.0.1/24 dev eth0", PROMPT)
    run.run("arping -c 3 -w 5 -I eth0 10.0.0.9", PROMPT, 60)
    run.run("vsock talk 77 99 < /dev/null", PROMPT)


def test_ports_of_networks_and_sockets_are_told(boot):
    lan = f'networks {{ lan: lan {{ uplink = "{peer.NIC}"; }}; }};'
    run = boot(
        config(
            vm("boss", devices=with_network(CONTROL, 55), extra="manages = <&tick>;",
               memory="192M"),
            bare("tick", devices=with_network(DEVICES, 56)),
            images=linux_images() + raw_image("tick"), extra=lan,
        ),
        extra=NIC,
    )
    run.expect(f"^boss[|] {PROMPT}", 120)
    run.focus("boss")
    use_network(run)

    ports = told(run, "net")
    assert [(one["vm"], one["uplink"], one["state"]) for one in ports] == [
        (None, True, "up"), ("boss", False, "up"), ("tick", False, "down"),
    ]
    uplink, own, other = ports
    assert own["sent_frames"] >= 3 and own["sent_bytes"] >= 3 * 42
    assert (own["device"], own["rate_kbps"], own["network"]) == ("net0", 9000, "lan")
    assert own["mac"] in run.run("cat /sys/class/net/eth0/address", PROMPT)
    assert other["dropped"]["down"] >= 3 and other["sent_frames"] == 0
    assert uplink["nic"] == peer.NIC and uplink["received_frames"] >= 3
    # of one alone, and neither of the others nor of the uplink
    assert [one["vm"] for one in told(run, "net tick")] == ["tick"]

    sockets = told(run, "vsock")
    assert [(one["name"], one["cid"], one["driver"]) for one in sockets] == [
        ("boss", 55, True), ("tick", 56, False),
    ]
    assert sockets[0]["refused"] >= 1 and sockets[0]["received_packets"] >= 1

    # what people read is what the shell says of both, as long as nobody sends
    run.run("ip link set eth0 down", PROMPT)
    for command in ("net", "vsock"):
        said = ctl(run, command)
        run.focus("the hypervisor's shell")
        shown = [line for line in run.run(command, "bulkhead> ").split("\n") if line.strip()]
        for line in shown:
            if line.startswith("tick| "):
                continue  # which goes on meanwhile
            assert line.strip() in said, f"{line}\nis not in\n{said}"
        run.focus("boss")


def test_what_a_VM_may_not_do_it_is_told_in_a_sentence(boot):
    run = boot(
        config(boss(), bare("worker"), images=linux_images() + raw_image("tick"))
    )
    run.expect(f"^boss[|] {PROMPT}", 120)
    run.focus("boss")
    assert [one["name"] for one in told(run, "vm")] == ["boss"]
    assert 'no VM that this one may look at is called "worker"' in ctl(run, "vm stop worker")
    assert "`manages` of this VM does not name boss" in ctl(run, "vm stop boss")
    assert "is no command" in ctl(run, "nonsense")
    for words in ("log", "irq", "mem", "net", "sched", "report", "tree", "reboot", "poweroff"):
        assert "only a VM whose `manages` names all others may ask" in ctl(run, words), words
    assert [one["owner"] for one in told(run, "mem boss") if one["owner"] != "each VM"]
    assert told(run, "net boss") == told(run, "vsock") == []
    assert "usage: bulkheadctl" in ctl(run, "--help")
    assert "vm [list], vm start|stop|" in ctl(run, "vm stop")
    assert "Bulkhead " in ctl(run, "info")
    assert told(run, "info")["vms"] == 2
    assert [one["power"] for one in told(run, "stat boss")] == ["on"]
    # a list that is refused as a whole has no beginning either
    for words in ("log", "irq", "mem", "net", "sched", "report", "audit worker"):
        said = ctl(run, f"--json {words} 2> /dev/null; echo status $?")
        assert said.strip() == "status 1", (words, said)
    # what can't be written is told, and ends what would go on for ever
    for words in ("vm", "log boss", "log -f boss", "--json stat boss", "--help"):
        said = ctl(run, f"{words} > /dev/full; echo status $?").strip()
        assert "standard output can't be written: no space is left" in said, (words, said)
        assert said.endswith("status 2"), (words, said)


def test_a_log_has_no_control_characters_of_any_kind(boot):
    run = boot(config(boss(), bare("worker"), images=linux_images() + raw_image("tick")))
    run.expect(f"^boss[|] {PROMPT}", 120)
    run.focus("boss")
    # 7 and 8 bits, and UTF-8; letters of that, and of another code
    run.run(r"c='\033[31m\177\007\23332m\302\23333m'", PROMPT)
    run.run(r"t='gr\303\274\303\237e \342\202\254 \351t\351\n'", PROMPT)
    run.run('printf "mark$c $t"', PROMPT)
    wanted = {
        "bulkheadctl": "mark[31m32m33m gr\u00fc\u00dfe \u20ac ".encode() + b"\xe9t\xe9\n",
        "the shell": "mark32m33m gr\u00fc\u00dfe \u20ac ",
    }
    digest = hashlib.md5(wanted["bulkheadctl"]).hexdigest()
    assert digest in ctl(run, "log boss | grep -a '^mark' | md5sum")
    run.focus("the hypervisor's shell")
    said = run.run("log boss", "bulkhead> ")
    assert re.search(rf"^{wanted['the shell']}\S*t", said, re.M), said


def test_no_CPU_of_a_stranger_is_taken(boot):
    run = boot(
        config(
            boss("worker", cpus=[0]), bare("worker", "hog", cpus=[1]), bare("critical", cpus=[2]),
            bare("later", cpus=[3], extra='start = "manual";'),
            images=linux_images() + raw_image("hog") + raw_image("tick"),
        ),
        cpus=4,
    )
    denied = "does not name worker, or not all whose CPU that is"
    run.expect(f"^boss[|] {PROMPT}", 120)
    run.focus("boss")
    assert ctl(run, "vm priority worker 255") == ""
    # also where the stranger has not started yet
    assert denied in ctl(run, "vm affinity worker 0 2")
    assert denied in ctl(run, "vm affinity worker 0 3")
    assert '"cpu": 1' in json.dumps(told(run, "stat worker"))
    # a restart changes nothing of it
    do(run, "vm restart worker", "^bulkhead: worker: .*starts again")
    assert denied in ctl(run, "vm affinity worker 0 2")
    run.expect(r"^critical[|] tick \d+\n")
    # to the shell it is allowed, which changes nothing of the boss's rights
    run.focus("the hypervisor's shell")
    run.run("vm affinity worker 0 2", "bulkhead> ")
    run.focus("boss")
    assert ctl(run, "vm priority worker 200") == ""
    assert denied in ctl(run, "vm priority worker 201")
    assert ctl(run, "vm priority worker 100") == ""
    assert ctl(run, "vm affinity worker 0 1") == ""
    run.expect(r"^critical[|] tick \d+\n")
    # nor does that one lose its CPU while it is away
    run.focus("the hypervisor's shell")
    run.run("vm affinity critical 0 1", "bulkhead> ")
    run.focus("boss")
    assert denied in ctl(run, "vm affinity worker 0 2")
    assert denied in ctl(run, "vm priority worker 101")
    run.expect(r"^critical[|] tick \d+\n")


def test_who_manages_all_others_resets_the_board_and_powers_it_off(boot):
    run = boot(
        config(
            boss("worker"), bare("worker", extra="manages = <&boss>;"),
            images=linux_images() + raw_image("tick"),
        )
    )
    run.expect(f"^boss[|] {PROMPT}", 120)
    run.focus("boss")
    # what has other words is no such command
    for words in ("reboot now", "poweroff worker"):
        assert "takes other words" in ctl(run, words), words
    run.line("bulkheadctl reboot")
    run.expect("^bulkhead: boss resets the board")
    run.expect("^bulkhead: Bulkhead .* on linux,dummy-virt")
    run.expect_each(f"^boss[|] {PROMPT}", "^worker[|] tick 1\n", timeout=120)
    run.focus("boss")
    assert worker(run)["reason"] == "never started"
    run.line("bulkheadctl poweroff")
    run.expect("^bulkhead: boss powers off the board")
    run.expect_end()


def test_the_tool_takes_numbers_and_as_many_words_as_it_knows(boot):
    run = boot(
        config(boss("worker"), bare("worker"), images=linux_images() + raw_image("tick"))
    )
    run.expect(f"^boss[|] {PROMPT}", 120)
    run.focus("boss")
    for wrong in ("0x", "7up", "4294967296", "18446744073709551615", "18446744073709551616"):
        for words in ("vm affinity worker {} 0", "vm affinity worker 0 {}", "vm priority worker {}",
                      "vm priority worker 7 {}", "regs worker {}", "trace worker {}",
                      "trace worker 0 {}"):
            said = ctl(run, f"{words.format(wrong)}; echo status $?")
            assert f'"{wrong}" is no number from 0 to 4294967295\nstatus 2' in said, (words, said)
    assert "COUNT is 1 or more" in ctl(run, "trace worker 0 0")
    assert "there is no such CPU" in ctl(run, "trace worker 4294967295")
    assert "vm priority NAME PRIORITY [VCPU]" in ctl(run, "vm affinity worker 0 0 0")
    assert "regs NAME [VCPU]" in ctl(run, "regs worker 0 0")
    assert "trace NAME [VCPU [COUNT]]" in ctl(run, "trace worker 0 1 1")
    for wrong in ("1k", "18446744073709551616"):
        assert "log [-f]" in ctl(run, f"log --from {wrong} worker")
    # from beyond the end: all there is
    assert "tick 1\n" in ctl(run, "log --from 18446744073709551615 worker")
    assert "log [-f]" in ctl(run, "log worker worker")
    assert "the log of the boot before does not go on" in ctl(run, "log -f --last worker")
    # six words of which the last is the name, and a seventh
    assert "no such log was kept" in ctl(run, "log --last --from 0 worker")
    assert ctl(run, "log -f -f --from 0 nobody").startswith("bulkheadctl: no VM")
    assert "does not take so many words" in ctl(run, "log -f --last --from 0 worker worker")
    for words in ("info x", "top 5", "sched 1", "irq worker worker", "audit a b", "report x"):
        assert "takes other words" in ctl(run, words), words
    # none of these did anything
    placed = json.dumps(told(run, "stat worker"))
    assert '"cpu": 1' in placed and '"priority": 100' in placed, placed


def test_without_a_control_device_the_tool_says_what_to_do(boot):
    run = boot(config(vm("boss", memory="192M")))
    run.expect(f"^{PROMPT}", 120)
    said = run.run("bulkheadctl vm", PROMPT)
    assert "this VM has no control device: give it one in its config" in said


TICK_NS = 10**7  # /proc/stat counts hundredths of a second


STEAL = 8  # the field of /proc/stat


def stolen(run, name: str) -> tuple[int, int, int]:
    """Nanoseconds stolen from all CPUs: as the hypervisor has it, as this Linux does, and as the
    hypervisor has it after that."""
    run.run("count() { bulkheadctl --json stat $(hostname); }", f"{name} # ")
    said = run.run("count; head -n 1 /proc/stat; count", f"{name} # ").replace(f"{name}| ", "")
    before, rest = said.split("cpu ", 1)
    fields, after = rest.split("\n", 1)
    counted = [sum(one["stolen_alive_ns"] for one in json.loads(text)) for text in (before, after)]
    return counted[0], int(fields.split()[STEAL - 1]) * TICK_NS, counted[1]


def test_the_steal_of_a_Linux_on_a_shared_CPU_is_what_the_hypervisor_counted(boot):
    run = boot(
        config(
            vm("alpha", devices=CONTROL, vcpus=2, cpus=[0, 1], memory="192M",
               extra="manages = <&rival>;"),
            bare("rival", "hog", cpus=[0]), bare("other", "hog", cpus=[1]),
            images=linux_images() + raw_image("hog"),
        )
    )
    run.expect("^alpha[|] alpha # ", 200)
    run.focus("alpha")
    shown_first = stolen(run, "alpha")[1]
    run.run("timeout 5 yes > /dev/null & timeout 5 yes > /dev/null; wait", "alpha # ", 60)
    before, shown, after = stolen(run, "alpha")
    # two programs for five seconds, half of which others had
    assert shown - shown_first > 3 * 10**9
    assert before * 98 // 100 - 2 * TICK_NS <= shown <= after * 102 // 100 + 2 * TICK_NS
    # whose name it is not to know has none
    vcpus = json.loads(run.run("bulkheadctl --json stat alpha", "alpha # ").replace("alpha| ", ""))
    assert [[one["vm"] for one in vcpu["waited"]] for vcpu in vcpus] == [["rival"], [""]]


def test_from_a_Linux_with_CPUs_of_its_own_nothing_is_stolen(boot):
    run = boot(config(vm("alpha", devices=CONTROL, vcpus=2, memory="192M")))
    run.expect("^alpha # ", 120)
    assert stolen(run, "alpha") == (0, 0, 0)
    vcpus = json.loads(run.run("bulkheadctl --json stat alpha", "alpha # "))
    assert [one["shares"] for one in vcpus] == [False, False]


def test_a_Linux_whose_CPU_becomes_shared_later_is_told_what_is_stolen(boot):
    run = boot(
        config(
            vm("alpha", devices=CONTROL, vcpus=1, cpus=[0], memory="192M",
               extra="manages = <&rival>;"),
            bare("rival", "hog", cpus=[1]),
            images=linux_images() + raw_image("hog"),
        ),
        cpus=2,
    )
    run.expect("^alpha[|] alpha # ", 200)
    run.focus("alpha")
    assert stolen(run, "alpha") == (0, 0, 0)
    run.focus("the hypervisor's shell")
    run.run("vm affinity rival 0 0", "bulkhead> ")
    # in the life that it was moved in, and in the next one
    for again in (True, False):
        run.focus("alpha")
        run.run("timeout 5 yes > /dev/null", "alpha # ", 60)
        before, shown, after = stolen(run, "alpha")
        # a program for five seconds, half of which the rival had
        assert shown > 10**9
        assert before * 98 // 100 - 2 * TICK_NS <= shown <= after * 102 // 100 + 2 * TICK_NS
        if again:
            run.line("reboot")
            run.expect("^bulkhead: alpha: reset by itself, starts again", 120)
            run.expect("^alpha[|] alpha # ", 200)
