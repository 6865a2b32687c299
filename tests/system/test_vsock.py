# SPDX-License-Identifier: Apache-2.0
"""Sockets between VMs, and from a VM to the hypervisor: AF_VSOCK of a stock Linux."""
import re

from configs import DEVICES, config, linux_images, raw_image, vm

MODULES = ("virtio_mmio", "vsock", "vmw_vsock_virtio_transport_common",
           "vmw_vsock_virtio_transport")
MEGABYTES = 10
REFUSED = "error 104"     # ECONNRESET: so Linux takes a reset of a request


def with_sockets(more: str = "") -> str:
    node = f'sockets {{ compatible = "bulkhead,virtio-vsock"; {more} }};'
    return DEVICES.removesuffix("};") + node + " };"


def ask(run, name: str, command: str, timeout: float = 30) -> str:
    """What a command printed at the prompt of a VM that has the keys, less names of speakers."""
    return re.sub(r"^\w+[|] ?", "", run.run(command, f"{name} # ", timeout), flags=re.M).strip()


def load(run, name: str) -> None:
    for module in MODULES:
        assert ask(run, name, f"insmod /lib/{module}.ko") == ""


def boot_two(boot):
    """alpha, which looks after beta, is CID 3 and has the keys; beta is CID 77."""
    run = boot(config(
        vm("alpha", devices=with_sockets(), extra="manages = <&beta>;"),
        vm("beta", devices=with_sockets("guest-cid = <77>;")),
        vm("gamma", memory="128M", extra='start = "manual";'),
    ))
    run.expect_each("alpha # ", "^beta[|] Enter 'help'", timeout=120)
    load(run, "alpha")
    run.to_prompt("beta")
    load(run, "beta")
    return run


CIDS = {"alpha": 3, "beta": 77}


def in_background(run, name: str, words: str, file: str, ready: str) -> None:
    """Starts it in the VM that has the keys; goes on when it has said that it is ready."""
    ask(run, name, f"vsock {words} > {file} 2>&1 &")
    ask(run, name, f"until grep -q '{ready}' {file}; do :; done")


def stream(run, sender: str, receiver: str, megabytes: int) -> float:
    """Sends a stream; the VM `receiver` has the keys before and after. Its MB/s."""
    in_background(run, receiver, "receive 1000", "/tmp/got", "waits")
    run.to_prompt(sender)
    said = ask(run, sender, f"vsock send {CIDS[receiver]} 1000 {megabytes}", 300)
    sent = re.search(r"sent (\d+) bytes, sum ([0-9a-f]{16}), (\d+) ms", said)
    assert sent and int(sent[1]) == megabytes << 20, said
    run.to_prompt(receiver)
    assert f"received {sent[1]} bytes, sum {sent[2]}" in ask(run, receiver, "wait; cat /tmp/got")
    return (megabytes << 20) / 1000 / max(int(sent[3]), 1)


def messages(run, sender: str, receiver: str) -> None:
    """The same of messages."""
    in_background(run, receiver, "collect 1001", "/tmp/got", "waits")
    run.to_prompt(sender)
    assert ask(run, sender, f"vsock messages {CIDS[receiver]} 1001 200", 60) == "sent 200 messages"
    run.to_prompt(receiver)
    assert "collected 200 messages" in ask(run, receiver, "wait; cat /tmp/got")


def refusals(run) -> None:
    """Of a port where nobody listens, of nobody's CID, and of the hypervisor's other ports."""
    for where in ("3 99", "55 99", "2 24"):
        assert ask(run, "beta", f"vsock talk {where} < /dev/null") == f"connect: {REFUSED}"
    # beta manages nobody
    assert ask(run, "beta", "vsock talk 2 23 < /dev/null") == f"connect: {REFUSED}"


def commands(run) -> None:
    """What alpha may ask of the hypervisor, which is as much as its hypercalls allow."""
    def talk(*lines: str) -> str:
        ask(run, "alpha", "rm -f /tmp/it")
        for line in lines:
            ask(run, "alpha", f"echo {line} >> /tmp/it")
        return ask(run, "alpha", "vsock talk 2 23 < /tmp/it", 60).replace("bulkhead> ", "")

    rows = talk("vm")
    assert re.search(r"^alpha +running +1 vCPUs +256 MiB", rows), rows
    assert re.search(r"^beta +running +1 vCPUs +256 MiB", rows, re.M), rows
    assert "gamma" not in rows
    assert re.search(r"vCPU 0 on CPU 1, on, priority 100", talk("vcpu beta"))
    assert "no VM that this one looks after" in talk("vm stop gamma")
    assert "denied" in talk("vm stop alpha")
    assert "denied" in talk("log")
    assert "denied" in talk("reboot")
    assert "BusyBox v" in talk("log beta")
    assert "no VM that this one looks after has a balloon" in talk("balloon")
    assert "it has no balloon" in talk("balloon beta 100")
    # several lines, a pause that is seen and its end
    both = talk("vm pause beta", "vm", "vm resume beta", "vm")
    assert re.search(r"paus(ing|ed).*running", both, re.S), both
    assert len(talk("help").splitlines()) >= 6


def test_sockets_between_two_Linux_and_to_the_hypervisor(boot):
    run = boot_two(boot)
    for sender, receiver in (("alpha", "beta"), ("beta", "alpha")):
        print(f"{sender} to {receiver}: {stream(run, sender, receiver, MEGABYTES):.0f} MB/s")
        messages(run, sender, receiver)
        if sender == "alpha":
            refusals(run)
            run.to_prompt("alpha")
    commands(run)
    run.focus("the hypervisor's shell")
    told = run.run("vsock", "bulkhead> ")
    for name, cid in CIDS.items():
        row = re.search(rf"{name}: CID {cid}, up; sent \d+ packets, (\d+) bytes; received", told)
        assert row and int(row[1]) > MEGABYTES << 20, told
    assert "spoofed 0, deaf 0 times, untracked 0" in told
    # each way at once, and what hangs would not be over
    for name, other in (("alpha", "beta"), ("beta", "alpha")):
        run.to_prompt(name)
        in_background(run, name, "receive 1002", "/tmp/got", "waits")
    for name, other in (("alpha", "beta"), ("beta", "alpha")):
        run.to_prompt(name)
        ask(run, name, f"vsock send {CIDS[other]} 1002 {MEGABYTES} > /tmp/sent &")
    for name in ("alpha", "beta"):
        run.to_prompt(name)
        both = ask(run, name, "wait; cat /tmp/sent /tmp/got", 120)
        sums = re.findall(r"bytes, sum ([0-9a-f]{16})", both)
        assert len(sums) == 2 and sums[0] == sums[1], both


def test_a_VM_that_restarts_in_mid_stream_ends_connections_on_both_sides_of_it(boot):
    run = boot_two(boot)
    # one that sends to it, one that receives from it, one that waits: all of them alpha's
    in_background(run, "beta", "receive 1000", "/tmp/got", "waits")
    run.to_prompt("alpha")
    in_background(run, "alpha", "receive 1001", "/tmp/got", "waits")
    in_background(run, "alpha", "receive 1003", "/tmp/idle", "waits")
    ask(run, "alpha", "vsock send 77 1000 4000 > /tmp/sent &")
    run.to_prompt("beta")
    ask(run, "beta", "vsock send 3 1001 4000 &")
    ask(run, "beta", "sleep 1000 | vsock talk 3 1003 &")
    run.focus("the hypervisor's shell")
    while int(re.search(r"alpha: CID 3, up; sent \d+ packets, (\d+)",
                        run.run("vsock", "bulkhead> "))[1]) < 5_000_000:
        pass
    run.run("vm restart beta", "bulkhead> ")
    run.expect("^beta[|] Enter 'help'", 120)
    run.to_prompt("alpha")
    ask(run, "alpha", "wait", 30)
    # EPIPE to who sends, the end to who receives: so Linux takes a reset of a connection
    assert ask(run, "alpha", "cat /tmp/sent") == "send: error 32"
    got = re.search(r"received (\d+) bytes", ask(run, "alpha", "cat /tmp/got"))
    assert got and 0 < int(got[1]) < 4000 << 20
    assert "received 0 bytes" in ask(run, "alpha", "cat /tmp/idle")
    run.to_prompt("beta")
    load(run, "beta")
    stream(run, "alpha", "beta", 1)


def test_a_stranger_that_takes_no_answers_holds_up_nobody(boot):
    """It asks alpha for connections, thousands of times; alpha and beta talk as ever."""
    run = boot(config(
        vm("alpha", devices=with_sockets(), extra="manages = <&beta>;", memory="192M"),
        vm("beta", devices=with_sockets("guest-cid = <77>;"), memory="192M"),
        vm("stranger", kernel="stranger_image", initrd=None, memory="16M",
           extra='start = "manual";', devices='devices { uart { compatible = "bulkhead,pl011"; }; '
           'sockets { compatible = "bulkhead,virtio-vsock"; }; };'),
        images=linux_images() + raw_image("stranger"),
    ))
    run.expect_each("alpha # ", "^beta[|] Enter 'help'", timeout=120)
    load(run, "alpha")
    run.to_prompt("beta")
    load(run, "beta")
    # a connection from before, on which nothing is said
    ask(run, "beta", "(vsock receive 1005 > /tmp/kept 2>&1 &)")
    ask(run, "beta", "until grep -q waits /tmp/kept; do :; done")
    run.to_prompt("alpha")
    ask(run, "alpha", "(sleep 1000 | vsock talk 77 1005 &)")
    run.focus("the hypervisor's shell")
    run.run("vm start stranger", "bulkhead> ")
    run.expect("^stranger[|] stranger: asked 1000 times, and goes on", 60)
    run.to_prompt("beta")
    for sender, receiver in (("alpha", "beta"), ("beta", "alpha")):
        print(f"{sender} to {receiver}: {stream(run, sender, receiver, MEGABYTES):.0f} MB/s")
        messages(run, sender, receiver)
        run.to_prompt(sender)
    run.to_prompt("alpha")
    assert "bulkhead> " in ask(run, "alpha", "echo vm | vsock talk 2 23", 60)
    run.to_prompt("beta")
    assert ask(run, "beta", "cat /tmp/kept") == "waits at port 1005"
    run.focus("the hypervisor's shell")
    told = run.run("vsock", "bulkhead> ")
    assert int(re.search(r"stranger: CID 5, up; sent (\d+) packets", told)[1]) > 1000, told
    assert not re.search("deaf [1-9]", told), told
