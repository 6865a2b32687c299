# SPDX-License-Identifier: Apache-2.0
"""vCPUs that go to other CPUs while they run, by the shell."""
import re

from configs import config, linux_images, raw_image, vm

SHELL = "bulkhead> "
MOVES = 40


def quiet(name: str, cpu: int, extra: str = "") -> str:
    """A guest that is busy, and looks whether its registers stay what they are."""
    return vm(name, kernel="hog_image", initrd=None, memory="64M", cpus=[cpu], extra=extra)


def cpus_of(run, name: str) -> str:
    """The column of `vm` behind the number of vCPUs."""
    row = re.search(rf"^{name} +running +\d+ (\S+) ", run.run("vm", SHELL), re.M)
    assert row, f"{name} is not in the table, or does not run"
    return row[1]


def test_a_CPU_takes_whom_it_has_a_place_for(boot):
    half = "vcpu-budget-us = <6000>; vcpu-period-us = <10000>;"
    third = "vcpu-budget-us = <3000>; vcpu-period-us = <10000>;"
    run = boot(
        config(
            quiet("free", 0), quiet("one", 1, half), quiet("two", 2, half), quiet("timed", 3),
            vm("twice", vcpus=2, kernel="hog_image", initrd=None, memory="64M", cpus=[3, 0],
               extra=third),
            images=raw_image("hog"),
            extra="schedule { frame { cpu = <3>; window-us = <1000 1000 1000>; "
            "window-vms = <&timed 0 &twice>; }; };",
        ),
        cpus=4,
    )
    run.expect_each(*(f"^bulkhead: {name} starts" for name in ("free", "one", "two", "timed")))
    run.focus("the hypervisor's shell")
    assert "there is no such CPU" in run.run("vm affinity free 0 9", SHELL)
    assert "free has vCPUs 0 to 0" in run.run("vm affinity free 1 1", SHELL)
    assert "has windows, and none of this VM" in run.run("vm affinity free 0 3", SHELL)
    assert "more than all of its time" in run.run("vm affinity one 0 2", SHELL)
    assert "more than its windows are" in run.run("vm affinity twice 1 3", SHELL)
    # one makes place for the other
    assert run.run("vm affinity twice 0 0", SHELL).strip() == ""
    assert run.run("vm affinity twice 1 3", SHELL).strip() == ""
    assert cpus_of(run, "twice") == "0,3"
    assert '"x" is not a number' in run.run("vm affinity free 0 x", SHELL)
    # 2^32 and a little is not a little
    assert "4294967297 is too large" in run.run("vm affinity free 0 4294967297", SHELL)
    assert "4294967296 is too large" in run.run("vm affinity free 4294967296 1", SHELL)
    assert "4294967297 is too large" in run.run("vm priority free 4294967297", SHELL)
    assert "4294967296 is too large" in run.run("regs free 4294967296", SHELL)
    assert '"abc" is not a number' in run.run("regs free abc", SHELL)
    assert "priorities are 0 to 255" in run.run("vm priority free 256", SHELL)
    assert 'no VM is called "nobody"' in run.run("vm priority nobody 1", SHELL)
    assert cpus_of(run, "one") == "1"
    # where the budget of another was, there is room as soon as that has gone
    for words in ("vm affinity two 0 0", "vm affinity one 0 2", "vm affinity free 0 1"):
        assert run.run(words, SHELL).strip() == "", words
    assert [cpus_of(run, name) for name in ("free", "one", "two")] == ["1", "2", "0"]
    run.run("vm priority two 200", SHELL)
    shown = run.run("sched", SHELL)
    assert re.search(r"CPU 1: free vcpu 0 alone", shown), shown
    assert re.search(r"two.*priority 200", shown), shown


def test_a_Linux_does_not_notice_that_its_CPUs_are_others(boot):
    run = boot(
        config(
            vm("alpha", vcpus=2, cpus=[0, 1], memory="256M"), quiet("hog", 2),
            images=linux_images() + raw_image("hog"),
        ),
        cpus=3,
    )
    run.expect("alpha # ", 120)
    run.focus("alpha")
    # Work for both: what is the same each time, and interrupts between them.
    run.line(
        "for c in 1 2; do (while :; do md5sum /bin/busybox; done | uniq >/tmp/sums$c) & done; "
        "cat /proc/uptime >/dev/null; echo begun"
    )
    run.expect(r"^(alpha\| )?begun")
    run.focus("the hypervisor's shell")
    for i in range(MOVES):
        run.run(f"vm affinity alpha {i % 2} {(i // 2 + i) % 3}", SHELL)
    run.focus("alpha")
    run.run("killall md5sum sh 2>/dev/null; sleep 1; wait", "alpha # ")
    sums = run.run("cat /tmp/sums1 /tmp/sums2 | cut -c1-32 | sort | uniq -c | wc -l", "alpha # ")
    assert re.search(r"^(alpha\| )?1$", sums, re.M), sums
    run.check_dmesg("alpha")
    assert "BUG:" not in run.run("dmesg | tail -30", "alpha # ")
