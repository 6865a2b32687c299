# SPDX-License-Identifier: Apache-2.0
"""Sockets between VMs, and from a VM to the hypervisor: AF_VSOCK of a stock Linux."""
import re

from configs import DEVICES, config, vm

MODULES = ("virtio_mmio", "vsock", "vmw_vsock_virtio_transport_common",
           "vmw_vsock_virtio_transport")
MEGABYTES = 10
CONNECTION_RESET = "error 104"


def with_sockets(more: str = "") -> str:
    node = f'sockets {{ compatible = "bulkhead,virtio-vsock"; {more} }};'
    return DEVICES.removesuffix("};") + node + " };"


def ask(run, name: str, command: str, timeout: float = 30) -> str:
    """What a command printed at the prompt of a VM that has the keys, less names of speakers."""
    return re.sub(r"^\w+[|] ?", "", run.run(command, f"{name} # ", timeout), flags=re.M).strip()


def to(run, name: str) -> None:
    run.focus(name)
    run.line("")
    run.expect(f"{name} # ", 60)


def load(run, name: str) -> None:
    for module in MODULES:
        assert ask(run, name, f"insmod /lib/{module}.ko") == ""


def boot_two(boot):
    """alpha, which looks after beta, is CID 3 and has the keys; beta is CID 77."""
    run = boot(config(
        vm("alpha", devices=with_sockets(), extra="manages = <&beta>;"),
        vm("beta", devices=with_sockets("guest-cid = <77>;")),
    ))
    run.expect_each("alpha # ", "^beta[|] Enter 'help'", timeout=120)
    load(run, "alpha")
    to(run, "beta")
    load(run, "beta")
    return run


CIDS = {"alpha": 3, "beta": 77}


def stream(run, sender: str, receiver: str, megabytes: int, port: int) -> float:
    """Sends a stream; the VM `receiver` has the keys before, `sender` after. Its MB/s."""
    run.line(f"vsock receive {port} > /tmp/received &")
    run.expect(f"{receiver} # ", 30)
    ask(run, receiver, f"until grep -q waits /tmp/received; do :; done")
    to(run, sender)
    said = ask(run, sender, f"vsock send {CIDS[receiver]} {port} {megabytes}", 300)
    sent = re.search(r"sent (\d+) bytes, sum ([0-9a-f]{16}), (\d+) ms", said)
    assert sent and int(sent[1]) == megabytes << 20, said
    to(run, receiver)
    got = ask(run, receiver, "cat /tmp/received")
    assert f"received {sent[1]} bytes, sum {sent[2]}" in got
    return (megabytes << 20) / 1000 / max(int(sent[3]), 1)


def test_streams_and_messages_between_two_Linux_come_whole(boot):
    run = boot_two(boot)
    for number, (sender, receiver) in enumerate((("alpha", "beta"), ("beta", "alpha"))):
        speed = stream(run, sender, receiver, MEGABYTES, 1000 + number)
        print(f"{sender} to {receiver}: {speed:.0f} MB/s")
        if sender == "alpha":
            to(run, "alpha")
