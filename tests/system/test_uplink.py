# SPDX-License-Identifier: Apache-2.0
"""A network's way out of the board: VMs, and a machine on the other end of a NIC's cable."""
import json
import os
import re
import threading

import pytest

import machine as board
import peer
import rootfs
from configs import DEVICES, cells, config, linux_images, vm
from console import Console
from test_network import MODULES, bring_up, shell, with_port

PACKETS = 10000
RECEIVED = r"received (\d+) of (\d+), lost (\d+), late (\d+), damaged (\d+)"
LAN = f'networks {{ lan: lan {{ uplink = "{peer.NIC}"; }}; }};'


@pytest.fixture
def cable():
    made = peer.Cable()
    yield made
    made.close()


@pytest.fixture
def machine(cable, request):
    """The stock Linux on the wire, 10.0.0.3."""
    run = peer.start(cable, request.node.name.replace("_", "-"))
    bring_up(run, "peer", "10.0.0.3")
    yield run
    run.close()


def boot_two(boot, cable, more_alpha: str = "", more_beta: str = "", nic: str = ""):
    """alpha is 10.0.0.1, beta 10.0.0.2 and has the console."""
    text = config(vm("alpha", devices=with_port(more=more_alpha)),
                  vm("beta", devices=with_port(more=more_beta)), extra=LAN)
    run = boot(text, extra=cable.board(nic))
    run.expect(rf"network lan: leads out by {peer.NIC}, 52:54:00:00:00:10, packets of up to \d+")
    run.expect_each("alpha # ", "^beta[|] Enter 'help'", timeout=120)
    bring_up(run, "alpha", "10.0.0.1")
    run.to_prompt("beta")
    bring_up(run, "beta", "10.0.0.2")
    return run


def ping(run, name: str, address: str, more: str = "") -> None:
    said = shell(run, name, f"ping -c 3 -i 0.2 -W 5 {more} {address}", 60)
    assert "3 packets received" in said, said


def rows(run) -> dict[str, dict[str, int]]:
    """What `net` says of each port; the uplink without a VLAN is `uplink`."""
    run.focus("the hypervisor's shell")
    said = run.run("net", "bulkhead> ")
    found = {}
    for who, what, numbers in re.findall(
        r"^lan: (\S+) (.*)\n +(sent.*(?:\n +dropped.*)?)", said, re.M
    ):
        counts = dict(zip(("sent", "sent bytes", "received", "received bytes"),
                          map(int, re.findall(r"\d+", numbers.split("\n")[0])), strict=True))
        dropped = re.findall(r"(\w+) (\d+)", numbers.partition("dropped: ")[2])
        counts |= {name: int(value) for name, value in dropped}
        found[who if who != "uplink" or "vlan" not in what else f"uplink {what}"] = counts
    return found


def flow(sender, name: str, receiver, receiver_name: str, address: str, size: int) -> list[int]:
    """PACKETS of one flow: how many came, of how many, and how many were lost, late, damaged."""
    receiver.line("packets receive 5000")
    receiver.expect("listens$")
    shell(sender, name, f"packets send {address} 5000 {PACKETS} {size} | tee /tmp/sent", 300)
    said = receiver.expect(RECEIVED, 60)
    receiver.expect(f"{receiver_name} # ")
    return [int(number) for number in said.groups()]


def test_VMs_and_a_machine_on_the_wire_reach_each_other(boot, cable, machine):
    run = boot_two(boot, cable, nic=",host_mtu=9000")
    for name in ("beta", "alpha"):
        run.to_prompt(name)
        ping(run, name, "10.0.0.3")
        shell(run, name, "ip link set eth0 mtu 9000")
    shell(machine, "peer", "ip link set eth0 mtu 9000")
    ping(run, "alpha", "10.0.0.3", "-s 8000")
    ping(run, "alpha", "10.0.0.2", "-s 8000")
    for address in ("10.0.0.1", "10.0.0.2"):
        ping(machine, "peer", address)
        ping(machine, "peer", address, "-s 8000")
    # no flow is reordered, and nothing is lost but what is counted at who should have got it
    lost = {"uplink": 0, "alpha": 0}
    for size in (100, 1472, 8900):
        came = flow(run, "alpha", machine, "peer", "10.0.0.3", size)
        assert came[0] + came[2] == came[1] == PACKETS and came[3:] == [0, 0], came
        lost["uplink"] += came[2]
        back = flow(machine, "peer", run, "alpha", "10.0.0.1", size)
        assert back[0] + back[2] == back[1] == PACKETS and back[3:] == [0, 0], back
        lost["alpha"] += back[2]
    counted = rows(run)
    assert counted["uplink"]["received"] > 3 * PACKETS < counted["uplink"]["sent"]
    for name, count in lost.items():
        assert count <= counted[name].get("full", 0), (lost, counted)
    assert sum(lost.values()) <= PACKETS / 100, counted
    for row in counted.values():
        assert not row.keys() & {"size", "header", "source", "tag", "storm", "offload", "room"}


def test_a_VM_restarted_in_the_middle_of_a_flow_leaves_a_way_out_that_works(boot, cable, machine):
    run = boot_two(boot, cable)
    shell(machine, "peer", "truncate -s 4G /tmp/endless; httpd -h /tmp")
    shell(run, "beta", "truncate -s 4G /tmp/endless; httpd -h /tmp")
    get = "wget -q -O /dev/null http://{}/endless &"
    shell(run, "beta", get.format("10.0.0.3"))
    shell(machine, "peer", get.format("10.0.0.2"))
    shell(run, "beta", "cd /sys/class/net/eth0/statistics")
    for way in ("rx", "tx"):
        shell(run, "beta", f"until [ $(cat {way}_bytes) -gt 2000000 ]; do :; done", 120)
    for _ in range(2):
        run.focus("the hypervisor's shell")
        run.run("vm restart beta", "bulkhead> ")
        run.expect("^beta[|] Enter 'help'", 120)
        run.to_prompt("beta")
        bring_up(run, "beta", "10.0.0.2")
        ping(run, "beta", "10.0.0.3")
        shell(run, "beta", get.format("10.0.0.3"))
        shell(run, "beta", "cd /sys/class/net/eth0/statistics")
        shell(run, "beta", "until [ $(cat rx_bytes) -gt 2000000 ]; do :; done", 120)
    # and for who was there all the time; a flow that fills queues would drop some of theirs
    shell(run, "beta", "kill $!")
    run.to_prompt("alpha")
    ping(run, "alpha", "10.0.0.3")
    ping(machine, "peer", "10.0.0.1")


def test_VLANs_have_tags_on_the_wire_and_nothing_crosses(boot, cable):
    wire = peer.Wire(cable)
    run = boot_two(boot, cable, more_alpha="vlan = <5>;")
    done: list[bool] = []

    def serve() -> None:
        while not done:
            wire.listen(0.2)

    server = threading.Thread(target=serve)
    server.start()
    try:
        macs = {}
        for name in ("beta", "alpha"):
            run.to_prompt(name)
            ping(run, name, "10.0.0.9")
            mac = shell(run, name, "cat /sys/class/net/eth0/address")
            macs[name] = bytes.fromhex(mac.strip().replace(":", ""))
        assert "0 packets received" in shell(run, "alpha", "ping -c 2 -W 1 10.0.0.2", 60)
    finally:
        done.append(True)
        server.join()
    tags = {name: {peer.split(frame)[0] for frame in wire.heard if frame[6:12] == mac}
            for name, mac in macs.items()}
    assert tags == {"alpha": {peer.tag_of(5)}, "beta": {b""}}
    # who is asked for in which VLAN answers there alone
    addresses = {"alpha": bytes((10, 0, 0, 1)), "beta": bytes((10, 0, 0, 2))}
    for tag, names in ((b"", ["beta"]), (peer.tag_of(5), ["alpha"]), (peer.tag_of(6), []),
                       (peer.tag_of(0), ["beta"])):
        wire.listen(0.5)
        for address in addresses.values():
            wire.send(wire.ask_for(address, tag))
        came = wire.listen(2)
        answers = [frame for frame in came if peer.split(frame)[1][12:14] == b"\x08\x06"
                   and peer.split(frame)[1][20:22] == b"\0\2"]
        assert {frame[6:12] for frame in answers} == {macs[name] for name in names}, tag
    check_refused(run, wire, macs)
    wire.close()


def check_refused(run, wire, macs: dict[str, bytes]) -> None:
    """What must not come in from the wire is counted by its cause, and nobody hears it."""
    before = rows(run)
    beta = macs["beta"]
    for frame in (wire.ask_for(bytes((10, 0, 0, 2)), source=beta),          # in a VM's name
                  wire.ask_for(bytes((10, 0, 0, 2)), source=b"\1\0\0\0\0\0"),  # of a group
                  wire.ask_for(bytes((10, 0, 0, 2)), peer.tag_of(6)),       # a VLAN of nobody's
                  wire.ask_for(bytes((10, 0, 0, 2)), peer.tag_of(0) * 2),   # two tags
                  bytes.fromhex("0180c2000000") + wire.MAC + b"\0\x26" + bytes(46)):
        wire.send(frame)
    after = rows(run)
    changes = {name: after["uplink"].get(name, 0) - before["uplink"].get(name, 0)
               for name in ("source", "tag", "link")}
    assert changes == {"source": 2, "tag": 2, "link": 1}, after
    assert after["uplink"]["sent"] == before["uplink"]["sent"]


def test_two_networks_have_a_NIC_each(boot, cable):
    other = peer.Cable()
    wires = {"beta": peer.Wire(other), "alpha": peer.Wire(cable)}
    both = LAN.replace("}; };", '}; wan: wan { uplink = "/virtio_mmio@a000400"; }; };')
    text = config(vm("alpha", devices=with_port()), vm("beta", devices=with_port(network="wan")),
                  extra=both)
    words = other.end(0, "bus=virtio-mmio-bus.2", "other")
    run = boot(text, extra=[*cable.board(), *words])
    run.expect_each("alpha # ", "^beta[|] Enter 'help'", timeout=120)
    bring_up(run, "alpha", "10.0.0.1")
    run.to_prompt("beta")
    bring_up(run, "beta", "10.0.0.1")       # in its network nobody else has it
    for name, wire in wires.items():
        run.to_prompt(name)
        run.line("ping -c 3 -i 0.2 -W 5 10.0.0.9")
        heard = wire.listen(5)
        run.expect("3 packets received", 30)
        run.expect(f"{name} # ")
        own = bytes.fromhex(shell(run, name, "cat /sys/class/net/eth0/address")
                            .strip().replace(":", ""))
        assert {frame[6:12] for frame in heard} == {own}
        wire.close()
    run.focus("the hypervisor's shell")
    said = run.run("irq", "bulkhead> ")
    assert re.search(r"^board +49 +\d+  a NIC\n", said, re.M), said
    assert re.search(r"^board +50 +\d+  a NIC\n", said, re.M), said
    other.close()


@pytest.mark.parametrize("words, sentence", [
    ([], "is no NIC: no virtio device is there, or one of another kind"),
    (["-netdev", "hubport,id=n,hubid=0", "-device",
      "virtio-net-device,netdev=n,bus=virtio-mmio-bus.1"],
     "is a virtio device of version 1 .legacy., and version 2 is needed"),
])
def test_a_NIC_that_is_not_there_leaves_a_network_without_a_way_out(boot, words, sentence):
    text = config(vm("alpha", devices=with_port()), vm("beta", devices=with_port()), extra=LAN)
    run = boot(text, extra=words)
    run.expect(rf'the NIC {peer.NIC} {sentence}.*; the network "lan" has no way out')
    run.expect_each("alpha # ", "^beta[|] Enter 'help'", timeout=120)
    bring_up(run, "alpha", "10.0.0.1")
    run.to_prompt("beta")
    bring_up(run, "beta", "10.0.0.2")
    ping(run, "beta", "10.0.0.1")


def iperf(run, name: str, how: str) -> float:
    """Mbit a second that arrived."""
    said = shell(run, name, f"iperf3 -J -t 4 -c 10.0.0.3 {how} | tr -d '\\n\\t'; echo", 120)
    return json.loads(said[said.index("{"):])["end"]["sum_received"]["bits_per_second"] / 1e6


def test_TCP_flows_through_the_way_out(boot, cable, tmp_path):
    image = rootfs.make(tmp_path)
    root = ("-drive", f"file={image},format=raw,if=none,id=root,snapshot=on",
            "-device", "virtio-blk-device,drive=root")
    machine = peer.start(cable, "uplink-tcp", more=root, bootargs=" root=/dev/vda")
    devices = DEVICES.removesuffix("};") + f"""
        root {{ compatible = "bulkhead,virtio-blk"; image = <&root>;
               overlay-size = {cells(48 << 20)}; }};
        net0 {{ compatible = "bulkhead,virtio-net"; network = <&lan>; }}; }};"""
    images = linux_images() + f'root: root {{ type = "disk"; data = /incbin/("{image}"); }};\n'
    text = config(vm("alpha", devices=devices,
                     bootargs="console=ttyAMA0 hostname=alpha quiet root=/dev/vda"),
                  images=images, extra=LAN)
    try:
        run = boot(text, extra=cable.board())
        run.expect("alpha # ", 180)
        for who, name, address in ((run, "alpha", "10.0.0.1"), (machine, "peer", "10.0.0.3")):
            for module in MODULES[1:]:
                shell(who, name, f"insmod /lib/{module}.ko")
            shell(who, name, f"ip link set eth0 up && ip addr add {address}/24 dev eth0")
        shell(machine, "peer", "iperf3 -s -D")
        for how in ("", "-R"):
            assert iperf(run, "alpha", how) > 10
        counted = rows(run)
        assert counted["alpha"]["sent bytes"] > 5 << 20 < counted["uplink"]["sent bytes"]
        assert not counted["uplink"].keys() & {"offload", "room", "size"}, counted
    finally:
        machine.close()


def test_make_run_has_a_NIC_that_leads_out(tmp_path):
    text = config(vm("alpha", devices=with_port()), extra=LAN)
    (tmp_path / "out.dts").write_text(text, encoding="utf-8")
    run = Console(["make", "-s", "run", f"CONFIG={tmp_path / 'out.dts'}", "NIC=user"],
                  dict(os.environ), board.BUILD / "log" / "uplink-make-run.log")
    try:
        run.expect("alpha # ", 180)
        bring_up(run, "alpha", "10.0.2.15")
        ping(run, "alpha", "10.0.2.2")
    finally:
        run.close()
