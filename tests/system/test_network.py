# SPDX-License-Identifier: Apache-2.0
"""Networks between VMs: a stock Linux on each side, with its own drivers."""
import re

from configs import DEVICES, config, vm

MODULES = ("virtio_mmio", "failover", "net_failover", "virtio_net")
MEGABYTES = 16


def with_port(name: str = "net0", network: str = "lan", more: str = "") -> str:
    port = f'{name} {{ compatible = "bulkhead,virtio-net"; network = <&{network}>; {more} }};'
    return DEVICES.removesuffix("};") + port + " };"


def networks(*names: str) -> str:
    return "networks { " + " ".join(f"{name}: {name} {{ }};" for name in names) + " };"


def shell(run, name: str, command: str, timeout: float = 30) -> str:
    """What a command of the VM that has the keys prints, less the names of speakers."""
    return re.sub(r"^[a-z]+[|] ?", "", run.run(command, f"{name} # ", timeout), flags=re.M)


def bring_up(run, name: str, address: str, mtu: int = 1500) -> None:
    for module in MODULES:
        assert shell(run, name, f"insmod /lib/{module}.ko").strip() == ""
    shell(run, name, f"ip link set eth0 mtu {mtu} up && ip addr add {address}/24 dev eth0")


def boot_two(boot, more_alpha: str = "", more_beta: str = "", mtu: int = 1500):
    """alpha is 10.0.0.1 and has the console, beta is 10.0.0.2."""
    text = config(
        vm("alpha", devices=with_port(more=more_alpha)),
        vm("beta", devices=with_port(more=more_beta)),
        extra=networks("lan"),
    )
    run = boot(text)
    run.expect_each("alpha # ", "^beta[|] Enter 'help'", timeout=120)
    bring_up(run, "alpha", "10.0.0.1", mtu)
    to(run, "beta")
    bring_up(run, "beta", "10.0.0.2", mtu)
    return run


def to(run, name: str) -> None:
    run.focus(name)
    run.line("")
    run.expect(f"{name} # ", 60)


def test_two_Linux_reach_each_other_and_data_comes_whole(boot):
    run = boot_two(boot)
    # an address of nobody's, the same at each boot
    own = shell(run, "beta", "cat /sys/class/net/eth0/address")
    assert re.search(r"\b[0-9a-f][26ae](:[0-9a-f]{2}){5}\b", own)
    assert "3 packets received" in shell(run, "beta", "ping -c 3 -i 0.2 -W 5 10.0.0.1")
    # each way: what arrives is what was sent
    for sender, receiver, address in (("alpha", "beta", "10.0.0.2"), ("beta", "alpha", "10.0.0.1")):
        to(run, receiver)
        shell(run, receiver, "nc -l -p 5000 > /tmp/got &")
        to(run, sender)
        made = f"dd if=/dev/urandom of=/tmp/sent bs=1M count={MEGABYTES} 2>/dev/null"
        shell(run, sender, made, 60)
        shell(run, sender, f"nc {address} 5000 < /tmp/sent", 120)
        sent = shell(run, sender, "sha256sum < /tmp/sent").split()[0]
        to(run, receiver)
        shell(run, receiver, "wait", 60)
        assert shell(run, receiver, "sha256sum < /tmp/got").split()[0] == sent
