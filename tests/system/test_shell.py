# SPDX-License-Identifier: Apache-2.0
"""The hypervisor's shell: every command, as somebody types it."""
import re
import subprocess

import pytest
from configs import config, linux_images, raw_image, vm

PROMPT = "^bulkhead> "
SHELL = "the hypervisor's shell"
COLUMNS = 80


def machine() -> str:
    """alpha with a CPU of its own, tick and tock on one that they share."""
    return config(
        vm("alpha", memory="192M", cpus=[0]),
        vm("tick", kernel="tick_image", initrd=None, memory="64M", cpus=[1]),
        vm("tock", kernel="tick_image", initrd=None, memory="64M", cpus=[1]),
        images=linux_images() + raw_image("tick"),
    )


def shell(boot, **options):
    run = boot(machine(), **options)
    # exits enough for each to be in the trace
    run.expect("^tick[|] tick 5")
    run.focus(SHELL)
    run.expect(PROMPT)
    return run


def said(run, command: str, timeout: float = 30) -> str:
    """What a command says itself: the lines of VMs and the prompt drawn again are taken out."""
    text = run.run(command, PROMPT, timeout)
    # the prompt may be back for a VM's line, and the rest of the answer follow on it
    return "\n".join(
        line for line in text.split("\n") if not re.match(r"(alpha|tick|tock|3)[|] ", line)
    )


def test_every_command_answers_at_a_glance(boot):
    run = shell(boot)
    listed = said(run, "help")
    commands = re.findall(r"^([a-z]+)(?: |$)", listed, re.M)
    assert {
        "help", "vm", "top", "stat", "regs", "console", "log", "trace", "irq", "mem", "sched",
        "audit", "report", "reboot", "poweroff",
    } <= set(commands)
    for command in commands:
        assert re.match(rf"{command}(?: .*)?\n", said(run, f"help {command}")), command
    assert "is no command" in said(run, "help nonsense")
    assert "is no command" in said(run, "nonsense")

    table = said(run, "vm")
    assert re.search(r"^alpha +\S.* +1 0 +192 +own CPU +- +0$", table, re.M)
    assert re.search(r"^tick +running +1 1 +64 +\d+\.\d\d s +\d+\.\d\d s +0$", table, re.M)
    assert re.search(r"^EL2 pages: \d+ in use, \d+ free$", table, re.M)
    assert "usage: vm " in said(run, "vm stop")
    assert "usage: vm " in said(run, "vm dance tick")
    assert 'no VM is called "nobody"' in said(run, "vm stop nobody")

    stat = said(run, "stat tick")
    assert re.search(r"^tick vcpu 0 on CPU 1: .*; ran \d", stat, re.M)
    assert re.search(r"^ +\d+ +\d+ %  device store$", stat, re.M)
    assert re.search(r"^ +\d+ +\d+ %  WFI$", stat, re.M)
    # the keys come by the console's line, to the CPU of the boot
    busy = said(run, "stat alpha")
    assert "its own: " in busy
    assert re.search(r"^ +\d+ +interrupt 33$", busy, re.M), busy
    assert "usage: stat NAME" in said(run, "stat")

    lines = said(run, "irq")
    assert re.search(r"^board +26 +[1-9]\d*  EL2's timer$", lines, re.M)
    assert re.search(r"^board +33 +[1-9]\d*  the console$", lines, re.M)
    assert re.search(r"^alpha +33 .* uart$", lines, re.M)

    memory = said(run, "mem")
    assert re.search(r"^ +40000000 [a-z.#]{64}$", memory, re.M)
    assert "# hypervisor" in memory and "a alpha  b tick  c tock" in memory
    assert re.search(r" 65536 KiB  tock +RAM at ipa 40000000$", memory, re.M)
    sizes = re.findall(r" (\d+) KiB  (alpha|tick|tock) +RAM ", memory)
    assert sum(int(size) for size, _ in sizes) == (192 + 64 + 64) * 1024

    turns = said(run, "sched")
    assert "CPU 0: alpha vcpu 0 alone" in turns and "CPU 1: 2 vCPUs" in turns
    assert re.search(r"^  (runs |ready|-    ) tock +vcpu 0 +priority 100  slice \d+ of 10000 us$",
                     turns, re.M)
    assert "CPU 2: nobody's" in turns

    run.line("audit")
    run.expect("^bulkhead: isolation audit: [0-9]+ mappings of 3 VMs, 320 MiB")

    trace = said(run, "trace tick 500")
    assert "CPU 1, the last 500 exits" in trace and "CPU 0" not in trace
    assert re.search(r"^  0000000040\w{6} device store of 4 bytes, x\d+$", trace, re.M)
    assert re.search(r"^  0000000040\w{6} WFI, syndrome ", trace, re.M)
    assert re.search(r"^  tock vcpu 0 goes on, \d+\.\d{6} s after", trace, re.M)
    many = said(run, "trace alpha 1024")
    assert "CPU 0, the last 1024 exits" in many
    assert len(re.findall(r"^  \S", many, re.M)) == 1024

    registers = said(run, "regs tick")
    assert re.search(r"^tick vcpu 0, (running|waiting): pc 0000000040\w{6} pstate \w+$",
                     registers, re.M)
    assert re.search(r"^x28 \w{16} fp \w{16} lr 0000000040\w{6}$", registers, re.M)
    assert re.search(r"vbar_el1 +0000000040\w{6}", registers)
    assert "tick has vCPUs 0 to 0" in said(run, "regs tick 1")

    for command in ("vm", "irq", "mem", "sched", "stat alpha", "trace 20", "regs alpha", "help"):
        for line in said(run, command).split("\n"):
            assert len(line) <= COLUMNS, f"{command}: {line!r}"
    run.switch()
    run.refuse("the keys now go to the hyp", 0.5)


def test_idle_time_of_a_CPU_of_its_own_is_measured_where_it_is_asked_for(boot):
    run = boot(
        config(
            vm("alpha", memory="192M", cpus=[0]),
            vm("hog", kernel="hog_image", initrd=None, memory="64M", cpus=[1]),
            vm("3", kernel="tick_image", initrd=None, memory="64M", cpus=[2]),
            images=linux_images() + raw_image("hog") + raw_image("tick"),
        ).replace("3: 3 {", "three: 3 {"),
        cpus=3,
    )
    run.expect_each("^alpha[|] alpha # ", "^3[|] tick 2$", timeout=120)
    run.focus(SHELL)
    run.expect(PROMPT)
    # a VM may be called by a number: the first that is its name is no count
    assert re.search(r"^tick 2$", said(run, "log 3 100"), re.M)
    assert len(said(run, "log 3 3").strip().split("\n")) == 3
    assert re.search(r"^CPU 2, the last 3 exits", said(run, "trace 3 3"), re.M)

    def idle(name: str) -> float | None:
        found = re.search(r"; idle (n/a|\d+\.\d %)", said(run, f"stat {name}"))
        return None if found[1] == "n/a" else float(found[1].removesuffix(" %"))

    assert idle("alpha") is None and idle("hog") is None
    assert "usage: stat NAME" in said(run, "stat alpha idle maybe")
    for name in ("alpha", "hog"):
        said(run, f"stat {name} idle on")
    said(run, "report", 60)     # some time, in which one of them has something to do
    assert idle("alpha") > 50 and idle("hog") < 10
    assert re.search(r"^ +\d+ +\d+ %  WFI$", said(run, "stat alpha"), re.M)
    for name in ("alpha", "hog"):
        said(run, f"stat {name} idle off")
    assert idle("alpha") is None and idle("hog") is None
    # together on one CPU, whom it waits for is counted
    said(run, "vm affinity alpha 0 1")
    run.focus("alpha")
    run.expect("alpha # ")
    assert "7" in run.run("echo $((3 + 4))", "alpha # ")
    run.focus(SHELL)
    run.expect(PROMPT)
    stat = said(run, "stat alpha")
    assert re.search(r"^ +\d+\.\d\d s  it waited while hog had the CPU$", stat, re.M)


@pytest.mark.parametrize("machine", ["virt-gicv3", "virt-gicv2"])
def test_the_time_of_exits_is_measured_by_cause_where_it_is_asked_for(boot, machine):
    run = shell(boot, machine=machine)
    assert "mean ns" not in said(run, "stat tick")
    assert "usage: stat NAME" in said(run, "stat tick time maybe")
    said(run, "stat alpha time on")
    said(run, "stat tick time on")
    for _ in range(3):
        run.expect(r"^tick[|] tick \d+")
    stat = said(run, "stat tick")
    rows = {
        cause: [int(n) for n in numbers]
        for *numbers, cause in re.findall(r"^ +(\d+) +(\d+) +(\d+) +(\d+) %  (.*)$", stat, re.M)
    }
    # a line has more than five characters, and each is a store
    assert rows["device store"][0] > 15 and "WFI" in rows, stat
    assert all(10 < mean <= longest for _, mean, longest, _ in rows.values()), stat
    assert 100 - len(rows) <= sum(share for *_, share in rows.values()) <= 100, stat
    assert all(len(line) <= COLUMNS for line in stat.split("\n"))
    # on a CPU of its own interrupts come while the guest runs
    assert re.search(r"^ +\d+ +\d+ +\d+ +\d+ %  interrupt$", said(run, "stat alpha"), re.M)
    # nobody asked for the neighbour's; it moves, and so does what is counted
    assert "mean ns" not in said(run, "stat tock")
    said(run, "vm affinity tick 0 2")
    run.expect(r"^tick[|] tick \d+")
    again = re.search(r"^ +(\d+) .* %  device store$", said(run, "stat tick"), re.M)
    assert int(again[1]) > rows["device store"][0]
    run.line("vm restart tick")
    run.expect("^tick[|] tick 1")
    assert "mean ns" in said(run, "stat tick")
    said(run, "stat tick time off")
    for _ in range(2):  # by the second it has seen that
        run.expect(r"^tick[|] tick \d+")
    assert "mean ns" not in said(run, "stat tick")


def test_VMs_stop_and_start_by_command(boot):
    run = shell(boot)
    run.line("vm stop tick")
    run.expect("^bulkhead: tick: stopped by command")
    assert re.search(r"^tick +stopped \(command\) ", said(run, "vm"), re.M)
    assert "tick: 0 interrupts pending or active" in said(run, "vm")
    for verb in ("stop", "kill"):
        assert "tick: nothing to be done, it is stopped (command)" in said(run, f"vm {verb} tick")
    for verb in ("pause", "resume"):
        sentence = f"tick can't be asked to {verb} while it is stopped (command)"
        assert sentence in said(run, f"vm {verb} tick")
    for verb in ("start", "resume"):
        assert "tock: nothing to be done, it is running" in said(run, f"vm {verb} tock")
    run.line("vm start tick")
    run.expect("^bulkhead: tick starts")
    run.expect("^tick[|] tick 1")
    run.line("vm restart tick")
    run.expect("^bulkhead: tick: restarted by command, starts again")
    run.expect("^tick[|] tick 1")
    assert re.search(r"^tick +running .* 1$", said(run, "vm"), re.M)
    log = said(run, "log tick 30")
    assert re.search(r"^bulkhead: stopped by command$", log, re.M)
    assert re.search(r"^bulkhead: restarted by command, starts again$", log, re.M)
    assert re.search(r"^tick \d", log, re.M)


def test_columns_hold_the_longest_name(boot):
    long = "brakecontrolleroftherearaxleno2"
    run = boot(
        config(
            vm(long, kernel="tick_image", initrd=None, memory="64M", cpus=[0]),
            vm("tock", kernel="tick_image", initrd=None, memory="64M", cpus=[0]),
            images=raw_image("tick"),
        )
    )
    run.expect("^tock[|] tick 1")
    run.focus(SHELL)
    for command, column in (("vm", "running"), ("irq", "priority"), ("sched", "vcpu")):
        text = run.run(command, PROMPT)
        rows = [row for row in text.split("\n") if re.search(rf"\b({long}|tock) .*{column}", row)]
        assert any(long in row for row in rows) and any("tock" in row for row in rows), text
        assert len({row.index(column) for row in rows}) == 1, text


def test_who_gives_a_command_other_words_is_told_how_it_is_called(boot):
    run = shell(boot)
    for words in ("irq tick", "mem foo", "sched 1", "top 5", "audit x", "report x", "net x",
                  "vsock x", "help vm vm", "stat", "stat tick idle", "stat tick idle on now",
                  "regs", "regs tick 0 0", "console", "console tick tock", "balloon tick",
                  "balloon a b c", "log tick tock", "log 5 6", "log -f tick 5 6 7 8",
                  "trace tick tock", "trace 5 6", "vm stop", "vm stop tick tock",
                  "vm priority tick", "vm affinity tick 0 1 2 3 4",
                  "reboot the board", "poweroff the board"):
        command = words.split()[0]
        assert re.search(rf"^usage: {command}[ ;].*help {command} says more$", said(run, words),
                         re.M), words
    assert "usage: vm affinity NAME VCPU CPU; help" in said(run, "vm affinity tick 0")
    assert "usage: vm priority NAME PRIORITY [VCPU]; help" in said(run, "vm priority tick")
    assert "usage: vm stop NAME; help" in said(run, "vm stop")
    assert "LINES is 1 or more; without it log shows 40, and with -f 10" in said(run, "log 0")
    assert "COUNT is 1 to 1024; without it trace shows 20" in said(run, "trace 0")
    assert "COUNT is 1 to 1024" in said(run, "trace tick 1025")
    assert "4294967296 is too large" in said(run, "trace 4294967296")
    assert "4294967297 is too large" in said(run, "log 4294967297")
    assert 'no VM is called "5x"' in said(run, "trace 5x")
    assert "the log of the boot before does not go on" in said(run, "log -f --last")
    # none of these was more than a sentence
    assert re.search(r"^tick +running .* 0$", said(run, "vm"), re.M)


def test_what_was_said_is_told_again_and_followed(boot):
    run = shell(boot)
    log = said(run, "log 100")
    assert re.search(r"^bulkhead: Bulkhead .* on linux,dummy-virt", log, re.M)
    assert re.search(r"^bulkhead: tock starts, ", log, re.M)
    assert len(said(run, "log 3").strip().split("\n")) == 3
    assert "`log-region` of the config" in said(run, "log --last")
    run.line("log -f tock")
    run.expect("^-- new lines follow")
    start = run.position
    for _ in range(3):
        run.expect("^tock[|] tick [0-9]+")
    assert "tick| " not in run.text[start : run.position], "only one VM's lines are shown"
    run.send("q")
    run.expect(PROMPT)
    run.expect("^tick[|] tick [0-9]+")
    log = said(run, "log tick 100")
    ticks = [int(n) for n in re.findall(r"^tick (\d+)", log, re.M)]
    assert ticks == list(range(1, ticks[-1] + 1)), "what was not shown is in its log"


def test_top_shows_who_has_the_CPU_until_a_key(boot):
    run = shell(boot)
    run.line("top")
    for _ in range(2):
        run.expect(r"^top: up \d+\.\d s; ")
        run.expect("^  alpha .* own CPUs: idle is n/a")
        run.expect(r"^  tick +\d+ % [#.]{40} +\d+ % stolen")
        run.expect(r"^  tock +\d+ % [#.]{40} +\d+ % stolen")
    run.send(" ")
    run.expect(PROMPT)
    run.refuse("^top: up", 1.5)
    # and when the keys go elsewhere
    run.line("top")
    run.expect(r"^top: up")
    run.switch()
    run.expect("the keys now go to alpha")
    run.refuse("^top: up", 1.5)


def test_lines_are_edited_completed_and_remembered(boot):
    run = shell(boot)
    run.send("he\t\r")
    run.expect("^help .*\n.*" + "vm .*", 10)
    run.expect(PROMPT)
    # an arrow and a letter in the middle; then the last line but one again
    run.send("hlp\x1b[D\x1b[De\r")
    run.expect("^console NAME")
    run.expect(PROMPT)
    run.send("vm st\t\t")
    run.expect("^start +stop")
    run.expect("^bulkhead> vm st")
    run.send("\x15stat ti\t\r")
    run.expect("^tick vcpu 0 on CPU 1")
    run.expect(PROMPT)
    run.send("\x1b[A\x1b[A\r")
    run.expect("^console NAME")
    run.expect(PROMPT)
    run.send("junk\x03")
    run.expect(r"junk\^C\n")
    run.expect(PROMPT)
    # what is typed while a command runs comes after it
    run.send("help\rsched\rmem\r")
    run.expect("^report ")
    run.expect("^CPU 0: alpha")
    run.expect("# hypervisor")
    # ^C ends a long answer
    run.send("trace 700\r")
    run.expect("^CPU 0, the last")
    run.send("\x03")
    run.expect(PROMPT)


def test_keys_go_where_the_shell_sends_them(boot):
    run = shell(boot)
    assert 'no VM is called "nobody"' in said(run, "console nobody")
    run.line("console alpha")
    run.expect("the keys now go to alpha ")
    run.expect("^alpha[|] alpha # ", 120)
    assert "6.1" in run.run("uname -r", "alpha # ")


def test_a_report_holds_a_tree_that_dtc_takes_back(boot, tmp_path):
    run = shell(boot)
    run.line("report")
    run.expect("^// Bulkhead .* on linux,dummy-virt")
    start = run.position
    run.expect("^// end of report\n", 60)
    text = run.text[start : run.position]
    assert "-seed =" not in text
    assert re.search("^// CPU 3   MPIDR 0x3: cortex-a57", text, re.M)
    source = "/dts-v1/;" + text.split("/dts-v1/;", 1)[1]
    again = tmp_path / "again.dtb"
    done = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", again], input=source,
                          text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    tree = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", again], text=True,
                          capture_output=True, check=True).stdout
    assert "interrupt-controller@8000000" in tree or "intc@8000000" in tree
    assert 'compatible = "linux,dummy-virt";' in tree
    assert 'stdout-path = "/pl011@9000000";' in tree
    run.expect(PROMPT)
    run.expect("^tick[|] tick")


def test_the_board_is_reset_and_powered_off(boot):
    run = shell(boot)
    run.line("reboot")
    run.expect("^bulkhead: Bulkhead .* on linux,dummy-virt")
    run.expect("^tick[|] tick 1")
    run.focus(SHELL)
    run.line("poweroff")
    run.expect_end()
