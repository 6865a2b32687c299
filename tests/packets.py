# SPDX-License-Identifier: Apache-2.0
"""A million packets between two Linux VMs and a third one on the wire, for `make soak`.

Six flows at once, one each way between any two of them, of small, usual and jumbo packets: none is
reordered, twice there or damaged, and none is lost but where the queue of who should get it was
full in that round and says so.
"""
import re
import sys
import time

from run_case import BUILD, ROOT, Result
from run_host import build
from soak import Part, Record, Run

sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "system")]
import configs  # noqa: E402
import console  # noqa: E402
import peer  # noqa: E402
import test_uplink  # noqa: E402
from test_network import bring_up, shell  # noqa: E402

GOALS = ["all", "build/guest/Image", "build/guest/initrd.cpio.gz"]
NAME = "soak-network-packets"
PACKETS = 1_000_000
ROUND = 10_000  # of each flow
SIZES = (64, 1472, 8900)
PORTS = {"alpha": "alpha", "beta": "beta", "peer": "uplink"}  # by which each gets its packets
ADDRESS = {"alpha": "10.0.0.1", "beta": "10.0.0.2", "peer": "10.0.0.3"}
FLOWS = [(a, b) for a in ADDRESS for b in ADDRESS if a != b]
PORT = 5000


class Board:
    """Bulkhead with alpha and beta, and the machine on the wire."""

    def __init__(self) -> None:
        self.cable = peer.Cable()
        self.started: list[console.Console] = []
        self.machine = peer.start(self.cable, NAME)
        bring_up(self.machine, "peer", ADDRESS["peer"], 9000)
        self.run = test_uplink.boot_two(self._boot, self.cable)
        for name in ("alpha", "beta"):
            self.ask(name, "ip link set eth0 mtu 9000")

    def _boot(self, text: str, extra: list[str]) -> console.Console:
        run = console.start(NAME, kernel=BUILD / "bulkhead.img", extra=extra,
                            initrd=configs.bundle(NAME, text))  # fmt: skip
        self.started.append(run)
        return run

    def ask(self, name: str, command: str, timeout: float = 60) -> str:
        if name == "peer":
            return shell(self.machine, name, command, timeout)
        if not self.run.text.rstrip(" ").endswith(f"{name} #"):
            self.run.to_prompt(name)
        return shell(self.run, name, command, timeout)

    def round(self, size: int) -> tuple[int, int, int]:
        """How many packets came, how many were lost, and how many found a queue full; of each flow
        ROUND were sent."""
        before = self.full()
        came, lost = self._flows(size)
        full = {name: count - before[name] for name, count in self.full().items()}
        for name, count in lost.items():
            assert count <= full[name], (
                f"{count} packets of {size} to {name} were lost, and its queue was full for "
                f"{full[name]}"
            )
        return came, sum(lost.values()), sum(full.values())

    def _flows(self, size: int) -> tuple[int, dict[str, int]]:
        """How many packets came, and how many to whom were lost."""
        for i, (_, receiver) in enumerate(FLOWS):
            file = f"/tmp/r{i}"
            self.ask(receiver, f"packets receive {PORT + i} > {file} &")
            self.ask(receiver, f"until grep -q listens {file}; do :; done")
        for i, (sender, receiver) in enumerate(FLOWS):
            words = f"{ADDRESS[receiver]} {PORT + i} {ROUND} {size}"
            self.ask(sender, f"packets send {words} > /tmp/s{i} &")
        came, lost = 0, dict.fromkeys(ADDRESS, 0)
        for i, (sender, receiver) in enumerate(FLOWS):
            wait = "while ! grep -q ' ' {}; do sleep 1; done; cat {}"
            said = self.ask(sender, wait.format(f"/tmp/s{i}", f"/tmp/s{i}"), 600)
            assert f"sent {ROUND} packets" in said, f"{sender} to {receiver}: {said}"
            said = self.ask(receiver, wait.format(f"/tmp/r{i}", f"/tmp/r{i}"), 60)
            found = re.search(test_uplink.RECEIVED, said)
            assert found, f"{receiver} from {sender}: {said}"
            got = [int(number) for number in found.groups()]
            assert got[0] + got[2] == got[1] == ROUND and got[3:] == [0, 0], (
                f"{receiver} from {sender}, packets of {size}: {found[0]}"
            )
            came += got[0]
            lost[receiver] += got[2]
        return came, lost

    def full(self) -> dict[str, int]:
        """Frames for each that found a queue full."""
        rows = test_uplink.rows(self.run)
        return {name: rows[port].get("full", 0) for name, port in PORTS.items()}

    def close(self) -> None:
        for run in (*self.started, self.machine):
            run.close()
        self.cable.close()


def _soak(how: Run, board: Board) -> tuple[int, int, int]:
    """Packets that came and that were lost, and frames that found a queue full."""
    limit = time.monotonic() + 60 * (how.minutes or 0)
    came = lost = full = count = 0
    while time.monotonic() < limit or (how.minutes is None and came + lost < PACKETS):
        start = time.monotonic()
        got = board.round(SIZES[count % len(SIZES)])
        rate = sum(got[:2]) / (time.monotonic() - start)
        count += 1
        came, lost, full = came + got[0], lost + got[1], full + got[2]
        how.tell(f"{came} packets, {lost} lost; the last round, of {SIZES[(count - 1) % 3]} bytes, "
                 f"{rate:.0f}/s")
    board.run.check_forbidden()
    return came, lost, full


def _packets(how: Run) -> Record:
    built = Result("soak", NAME)
    if not build(GOALS, built):
        return Record("", [built.failures[0].sentence, *built.failures[0].details])
    failures: list[str] = []
    start, numbers = time.monotonic(), (0, 0, 0)
    board = Board()
    try:
        numbers = _soak(how, board)
    except AssertionError as error:
        failures.append(str(error))
    finally:
        board.close()
    rate = sum(numbers[:2]) / (time.monotonic() - start)
    return Record(f"{numbers[0]} packets in 6 flows, {rate:.0f}/s; {numbers[1]} lost where a queue "
                  f"was full, which was counted {numbers[2]} times", failures)


def soak_parts() -> list[Part]:
    return [Part("network/packets", f"{PACKETS} between two VMs and by the uplink", _packets)]
