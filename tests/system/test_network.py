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
    run.to_prompt("beta")
    bring_up(run, "beta", "10.0.0.2", mtu)
    return run


def test_two_Linux_reach_each_other_and_data_comes_whole(boot):
    run = boot_two(boot)
    # an address of nobody's, the same at each boot
    own = shell(run, "beta", "cat /sys/class/net/eth0/address")
    assert re.search(r"\b[0-9a-f][26ae](:[0-9a-f]{2}){5}\b", own)
    assert "3 packets received" in shell(run, "beta", "ping -c 3 -i 0.2 -W 5 10.0.0.1")
    # each way: what arrives is what was sent
    make = f"dd if=/dev/urandom of=/tmp/it bs=1M count={MEGABYTES} 2>/dev/null"
    for sender, receiver, address in (("beta", "alpha", "10.0.0.2"), ("alpha", "beta", "10.0.0.1")):
        run.to_prompt(sender)
        shell(run, sender, make, 60)
        shell(run, sender, "httpd -h /tmp")
        sent = shell(run, sender, "sha256sum < /tmp/it", 60).split()[0]
        run.to_prompt(receiver)
        shell(run, receiver, f"wget -q -O /tmp/got http://{address}/it", 120)
        assert shell(run, receiver, "sha256sum < /tmp/got", 60).split()[0] == sent
    check_counters(run)


def check_counters(run) -> None:
    """`net` tells of both ports, and that nothing was wrong with what they sent."""
    run.focus("the hypervisor's shell")
    told = run.run("net", "bulkhead> ")
    for name in ("alpha", "beta"):
        port = re.search(rf"lan: {name} net0 [0-9a-f:]{{17}}, up\n.*"
                         r"sent (\d+) frames, (\d+) bytes; received (\d+), (\d+)", told)
        assert port, told
        assert int(port[2]) > MEGABYTES << 20 and int(port[4]) > MEGABYTES << 20
    # who comes up first may have said something before there was anybody to hear it: "down"
    assert not re.search("size|header|source|tag|storm|offload", told), told


def test_a_VM_that_restarts_in_the_middle_of_both_flows_leaves_a_network_that_works(boot):
    run = boot_two(boot)
    get = "wget -q -O /dev/null http://{}/{}"
    for name in ("beta", "alpha"):
        run.to_prompt(name)
        shell(run, name, "truncate -s 4G /tmp/endless; httpd -h /tmp")
    shell(run, "alpha", get.format("10.0.0.2", "endless") + " &")
    run.to_prompt("beta")
    shell(run, "beta", get.format("10.0.0.1", "endless") + " &")
    shell(run, "beta", "cd /sys/class/net/eth0/statistics")
    for way in ("rx", "tx"):
        shell(run, "beta", f"until [ $(cat {way}_bytes) -gt 4000000 ]; do :; done", 60)
    run.focus("the hypervisor's shell")
    run.run("vm restart beta", "bulkhead> ")
    run.expect("^beta[|] Enter 'help'", 120)
    run.to_prompt("beta")
    bring_up(run, "beta", "10.0.0.2")
    assert "3 packets received" in shell(run, "beta", "ping -c 3 -i 0.2 -W 5 10.0.0.1")
    # and for who was there all the time
    shell(run, "beta", "truncate -s 4M /tmp/it; httpd -h /tmp")
    run.to_prompt("alpha")
    count = shell(run, "alpha", "wget -q -O - http://10.0.0.2/it | wc -c", 60)
    assert count.split()[0] == str(4 << 20)
