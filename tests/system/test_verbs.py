# SPDX-License-Identifier: Apache-2.0
"""Random operations on a VM by call, by the shell and by itself, all at once, on parallel CPUs."""
import random
import re

from configs import config, raw_image, vm

PROMPT = "^bulkhead> "
SHELL = "the hypervisor's shell"
END = r"^boss[|] verbs: the end: state (\d+), (\d+) faults\n"
RUNNING = 2


def command(rng: random.Random) -> str:
    verb = rng.choice(["start", "start", "resume", "resume", "stop", "restart", "pause", "kill"])
    return rng.choice([
        f"vm {verb} toy",
        f"vm {verb} toy",
        f"vm affinity toy {rng.randrange(2)} {rng.randrange(4)}",
        f"vm priority toy {rng.randrange(256)}",
        f"stat toy {rng.choice(['idle', 'time'])} {rng.choice(['on', 'off'])}",
        f"regs toy {rng.randrange(2)}",
        "stat toy",
        "vm",
        "sched",
    ])


def test_a_VM_that_is_told_many_things_at_once_can_be_started_after_that(boot):
    run = boot(
        config(
            vm("boss", kernel="verbs_image", initrd=None, memory="64M", cpus=[0],
               extra="manages = <&toy>;"),
            vm("toy", kernel="verbs_image", initrd=None, memory="64M", vcpus=2, cpus=[1, 2]),
            images=raw_image("verbs"),
        )
    )
    run.expect("^toy[|] toy: a life")
    run.focus(SHELL)
    run.expect(PROMPT)
    rng = random.Random(1)
    typed = 0
    while "verbs: " not in run.text:
        run.run(command(rng), PROMPT, 60)
        typed += 1
    calls = re.search(r"verbs: (\d+) calls, (\d+) strange, (\d+) never done", run.text)
    assert int(calls[2]) == int(calls[3]) == 0, calls[0]
    assert typed > 20, "somebody typed meanwhile"
    # the life begins that was asked for last
    run.expect("^bulkhead: toy starts, ", 60)
    run.expect_each(END, "^toy[|] toy: a life")
    found = re.search(END, run.text, re.M)
    assert (int(found[1]), int(found[2])) == (RUNNING, 0)
    assert "BUG:" not in run.text
    run.line("audit")
    run.expect("^bulkhead: isolation audit: [0-9]+ mappings of 2 VMs, 128 MiB, ")
