# SPDX-License-Identifier: Apache-2.0
"""Two Linux VMs that live on disks of one image, with Debian's tools, and what they do there."""
import json
import re

import pytest

import rootfs
from configs import DEVICES, cells, config, linux_images, size, vm

MIB = 1 << 20
NAMES = ("alpha", "beta")
PROMPT = r"^(alpha[|] )?(alpha|beta) # "
SHELL = "the hypervisor's shell"
ADDRESS = {"alpha": "10.0.0.1", "beta": "10.0.0.2"}


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return rootfs.make(tmp_path_factory.mktemp("rootfs"))


def two(image, ports: str = "", disks: str = "") -> str:
    """A config of alpha and beta; `ports` are properties of their ports, with INDEX for 0 and 1,
    `disks` other disks."""
    devices = DEVICES.removesuffix("};") + f"""
        root {{ compatible = "bulkhead,virtio-blk"; image = <&root>;
               overlay-size = {cells(size("40M"))}; }};
        {disks}
        net0 {{ compatible = "bulkhead,virtio-net"; network = <&lan>; {ports} }};
    }};"""
    return config(
        *(vm(name, devices=devices.replace("INDEX", str(index)),
             bootargs=f"console=ttyAMA0 hostname={name} quiet root=/dev/vda")
          for index, name in enumerate(NAMES)),
        images=linux_images()
        + f'root: root {{ type = "disk"; data = /incbin/("{image}"); }};\n',
        extra="networks { lan: lan { }; };",
    )  # fmt: skip


def started(boot, text: str):
    run = boot(text)
    run.expect_each("alpha # ", "^beta[|] Enter 'help'", timeout=180)
    return run


def ask(run, name: str, command: str, timeout: float = 30) -> str:
    """What a command printed in the VM that has the keys."""
    text = run.run(command, rf"^({name}[|] )?{name} # ", timeout)
    return re.sub(r"^\w+[|] ?", "", text, flags=re.M).strip()


def bring_up(run, name: str, mtu: int = 1500) -> None:
    for module in ("failover", "net_failover", "virtio_net"):
        assert ask(run, name, f"insmod /lib/{module}.ko") == ""
    assert ask(run, name, f"ip link set eth0 mtu {mtu} up && ip addr add {ADDRESS[name]}/24 "
                          "dev eth0") == ""


# Files of a few sizes, each with its checksum in its name, in an order that nobody foresees: at
# most 64, 20 MB of them, which the disks have room for however fast they are written.
# A file has its name once its data is on the disk: ext4 allots blocks late, and one that was
# renamed before may be empty after a restart.
WRITE = """cat > /tmp/load <<'EOF'
cd $1; seed=$2; i=0
while [ $i -lt $3 ]; do
	i=$((i + 1)); seed=$(((seed * 1103515245 + 12345) % 2147483648))
	size="bs=$((seed % 60000 + 1)) count=$((seed / 60000 % 16 + 1))"
	dd if=/dev/urandom of=new $size conv=fsync 2>/dev/null || { echo full; exit 1; }
	sum=$(sha256sum < new); name=f$((seed / 7 % 64))
	rm -f $name.*; mv new $name.${sum%% *}
	[ $((seed / 11 % 3)) = 0 ] && rm -f $(ls -d f* | tail -n 1); [ $((i % 16)) = 0 ] && sync
done
EOF"""
VERIFY = """cat > /tmp/verify <<'EOF'
cd $1; all=0; bad=0
for file in f*; do
	sum=$(sha256sum < $file); all=$((all + 1))
	[ "${file#*.}" = "${sum%% *}" ] || bad=$((bad + 1))
done
echo "$all files, $bad bad"
EOF"""


def give(run, name: str, script: str) -> None:
    """A script of several lines, typed."""
    first, *lines = script.split("\n")
    run.line(first)
    for line in lines[:-1]:
        run.expect("> ")
        run.line(line)
    run.expect("> ")
    ask(run, name, lines[-1])


def check_files(run, name: str, folder: str) -> None:
    ask(run, name, "sync; echo 3 > /proc/sys/vm/drop_caches")
    found = re.search(r"(\d+) files, (\d+) bad", ask(run, name, f"sh /tmp/verify {folder}", 120))
    assert int(found[1]) > 20 and found[2] == "0", found[0]


def test_two_VMs_have_their_root_on_one_image_and_keep_what_they_write(boot, image):
    scratch = f'scratch {{ compatible = "bulkhead,virtio-blk"; ram-size = {cells(96 * MIB)}; }};'
    run = started(boot, two(image, disks=scratch))
    assert re.search("^/dev/vda on / type ext4 [(]rw", ask(run, "alpha", "mount"), re.M)
    assert "Usage: e2fsck" in ask(run, "alpha", "e2fsck")
    assert ask(run, "alpha", "/sbin/mke2fs -q -t ext4 /dev/vdb") == ""
    assert ask(run, "alpha", "mkdir /a && mount /dev/vdb /a") == ""
    # a load on the root's overlay and one on a disk in memory, each file held against its sum
    give(run, "alpha", WRITE)
    give(run, "alpha", VERIFY)
    ask(run, "alpha", "mkdir /b; sh /tmp/load /b 1 48", 120)
    ask(run, "alpha", "sh /tmp/load /a 2 150", 300)
    check_files(run, "alpha", "/b")
    check_files(run, "alpha", "/a")
    # the other VM has a root of its own of the same image
    run.to_prompt("beta")
    assert ask(run, "beta", "ls -d /b /tmp/load") .count("No such file") == 2
    assert ask(run, "beta", "echo beta > /root/own; sync") == ""
    # in the middle of writes both disks stop for good, and the next life finds them whole
    run.to_prompt("alpha")
    ask(run, "alpha", "sh /tmp/load /b 3 100000 & sh /tmp/load /a 4 100000 &", 60)
    assert ask(run, "alpha", "sleep 3; sync; echo synced > /root/own; sync") == ""
    run.focus(SHELL)
    run.run("vm restart alpha", "bulkhead> ")
    run.expect("^alpha[|] Enter 'help'", 180)
    run.to_prompt("alpha")
    assert ask(run, "alpha", "cat /root/own") == "synced"
    assert re.search("EXT4-fs [(]vda[)]: recovery complete", ask(run, "alpha", "dmesg"))
    fsck = ask(run, "alpha", "e2fsck -fp /dev/vdb; echo status $?", 60)
    assert re.search("recovering journal", fsck) and re.search("status [01]$", fsck), fsck
    assert re.search("status 0$", ask(run, "alpha", "e2fsck -fn /dev/vdb; echo status $?", 60))
    assert ask(run, "alpha", "mount /dev/vdb /a; rm -f /a/new /b/new") == ""
    give(run, "alpha", VERIFY)
    check_files(run, "alpha", "/a")
    check_files(run, "alpha", "/b")
    # who was not restarted noticed nothing
    run.to_prompt("beta")
    assert ask(run, "beta", "cat /root/own") == "beta"


def iperf(run, name: str, *words: str) -> dict:
    """What a run of iperf3 against beta's server tells, at its end."""
    command = f"iperf3 -J -c {ADDRESS['beta']} {' '.join(words)} > /tmp/told"
    assert ask(run, name, f"{command}; echo $?", 120) == "0"
    return json.loads(ask(run, name, "tr -d '\\n\\t' < /tmp/told; echo"))["end"]


def counted(run, name: str) -> dict[str, int]:
    """The switch's counters of a VM's port."""
    run.focus(SHELL)
    told = run.run("net", "bulkhead> ")
    port = re.search(rf"lan: {name} net0.*\n"
                     r" +sent (\d+) frames.*received (\d+),.*\n(  +dropped:.*)?", told)
    counters = {"sent": int(port[1]), "received": int(port[2])}
    for word, number in re.findall(r"(\w+) (\d+)", port[3] or ""):
        counters[word] = int(number)
    return counters


def received_by(run, name: str) -> tuple[int, int]:
    """Packets, as long as they came from the device, and their bytes."""
    told = ask(run, name, "cd /sys/class/net/eth0/statistics; cat rx_packets rx_bytes; cd /")
    packets, size = map(int, told.split())
    return packets, size


def test_iperf3_finds_a_network_that_loses_nothing_on_its_way(boot, image):
    run = started(boot, two(image))
    bring_up(run, "alpha")
    run.to_prompt("beta")
    bring_up(run, "beta")
    ask(run, "beta", "iperf3 -s -D")
    run.to_prompt("alpha")
    # a flow each way, and four at once: in segments that nobody cuts
    for words in ((), ("-R",), ("-P", "4")):
        before = received_by(run, "alpha")
        end = iperf(run, "alpha", "-n", "16M", *words)
        print(end["sum_sent"], end["sum_received"])
        assert end["sum_sent"]["bytes"] >= 16 * MIB, end["sum_sent"]
        if words == ("-R",):
            after = received_by(run, "alpha")
            packets, size = (now - then for now, then in zip(after, before, strict=True))
            assert size >= 16 * MIB and size / packets > 4 * 1514, (packets, size)
    # datagrams come in their order
    end = iperf(run, "alpha", "-u", "-b", "20M", "-l", "1400", "-t", "3")
    assert end["streams"][0]["udp"]["out_of_order"] == 0
    # neither sends anything while the counters of both are read
    run.focus(SHELL)
    for name in NAMES:
        run.run(f"vm pause {name}", "bulkhead> ")
    while "pausing" in (states := run.run("vm", "bulkhead> ")):
        pass
    assert len(re.findall(r"^(?:alpha|beta) +paused", states, re.M)) == 2, states
    # what the switch took from one it gave to the other, or found no buffer there, and counted it
    for sender, receiver in (NAMES, reversed(NAMES)):
        taken, given = counted(run, sender), counted(run, receiver)
        assert set(taken) <= {"sent", "received", "full", "down"}, taken
        missed = given.get("full", 0) + given.get("down", 0)
        assert taken["sent"] == given["received"] + missed, (taken, given)


def test_long_frames_pass_and_a_limit_on_a_port_holds(boot, image):
    ports = """mtu = <9000>; rate-kbps = <16000>; vlan = <7>; own-mac-only;
               local-mac-address = [02 00 00 00 0a 0INDEX];"""
    run = started(boot, two(image, ports=ports))
    bring_up(run, "alpha", 9000)
    assert ask(run, "alpha", "cat /sys/class/net/eth0/address") == "02:00:00:00:0a:00"
    run.to_prompt("beta")
    bring_up(run, "beta", 9000)
    assert ask(run, "beta", "cat /sys/class/net/eth0/mtu") == "9000"
    assert ask(run, "beta", "cat /sys/class/net/eth0/address") == "02:00:00:00:0a:01"
    ask(run, "beta", "iperf3 -s -D")
    run.to_prompt("alpha")
    # too long for a frame of 1500: it is one, or would be two
    assert "2 packets received" in ask(run, "alpha", "ping -c 2 -s 8900 10.0.0.2")
    end = iperf(run, "alpha", "-u", "-b", "100M", "-l", "8900", "-t", "4")
    rate = end["sum"]["bytes"] * 8 / end["sum"]["seconds"]
    # what the sender's queue takes at the start comes on top
    assert rate < 16.0e6 * 1.3, rate
    # and none of it was cut
    assert counted(run, "beta")["received"] < end["sum"]["packets"] + 200
    # nor does anything pass in the name of another address
    run.to_prompt("alpha")
    ask(run, "alpha", "ip link set eth0 down; ip link set eth0 address 02:00:00:00:0a:99")
    ask(run, "alpha", "ip link set eth0 up")
    assert " 0 packets received" in ask(run, "alpha", "ping -c 2 -W 1 10.0.0.2", 60)
    assert counted(run, "alpha")["source"] > 0
