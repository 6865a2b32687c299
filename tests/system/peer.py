# SPDX-License-Identifier: Apache-2.0
"""A second machine on the wire: a stock Linux under a bare QEMU, on the other end of a NIC's cable.

The cable is two sockets of the host's file system, which nobody else reaches.
"""
import pathlib
import socket
import tempfile
import time

import console
import machine as board

NIC = "/virtio_mmio@a000200"  # on bus 1 of the board


class Cable:
    """QEMU's words for its two ends, 0 and 1."""

    def __init__(self) -> None:
        # paths of sockets have 107 characters at most
        self._folder = tempfile.TemporaryDirectory(prefix="cable-")  # pylint: disable=R1732
        self.path = pathlib.Path(self._folder.name)

    def end(self, side: int, device: str, name: str = "wire") -> list[str]:
        """`device`: of the NIC, behind `virtio-net-device,netdev=...`; `name`: QEMU's for it."""
        return [
            "-global", "virtio-mmio.force-legacy=false",
            "-netdev", f"dgram,id={name},local.type=unix,local.path={self.path / str(side)},"
                       f"remote.type=unix,remote.path={self.path / str(1 - side)}",
            "-device", f"virtio-net-device,netdev={name},{device}",
        ]  # fmt: skip

    def board(self, more: str = "") -> list[str]:
        """The board's NIC, which is `NIC` in its tree."""
        return self.end(0, f"bus=virtio-mmio-bus.1,mac=52:54:00:00:00:10{more}")

    def close(self) -> None:
        self._folder.cleanup()


def start(
    cable: Cable, name: str, more: tuple[str, ...] = (), bootargs: str = ""
) -> console.Console:
    """The machine at end 1; its prompt is `peer # `."""
    run = console.start(
        f"{name}-peer", "virt-el1", kernel=board.BUILD / "guest" / "Image",
        initrd=board.BUILD / "guest" / "initrd.cpio.gz", cpus=1, memory=256, nic=True,
        extra=["-append", f"console=ttyAMA0 hostname=peer quiet{bootargs}", *more,
               *cable.end(1, "mac=52:54:00:00:00:11")],
    )  # fmt: skip
    run.expect("peer # ", 120)
    return run


class Wire:
    """The other end of a cable in the test's own hands: frames as they are on the wire.

    Answers ARP requests and pings for ADDRESS, with the tag that they came with, if any.
    """

    ADDRESS = bytes((10, 0, 0, 9))
    MAC = bytes.fromhex("525400000099")
    ALL = b"\xff" * 6

    def __init__(self, cable: Cable) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(cable.path / "1"))
        self._to = str(cable.path / "0")
        self.heard: list[bytes] = []

    def send(self, frame: bytes) -> None:
        self._socket.settimeout(10)
        self._socket.sendto(frame.ljust(60, b"\0"), self._to)

    def listen(self, seconds: float) -> list[bytes]:
        """What comes within so much time, and the answers to it; all of it is kept in `heard`."""
        limit = time.monotonic() + seconds
        came = []
        while (left := limit - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                frame = self._socket.recv(65536)
            except TimeoutError:
                break
            came.append(frame)
            if (answer := self._answer(frame)) is not None:
                self.send(answer)
        self.heard += came
        return came

    def _answer(self, frame: bytes) -> bytes | None:
        tag, body = split(frame)
        kind, packet = body[12:14], body[14:]
        if kind == b"\x08\x06" and packet[6:8] == b"\0\1" and packet[24:28] == self.ADDRESS:
            sender = packet[8:18]
            body = arp(2, self.MAC, self.ADDRESS, sender[:6], sender[6:])
            return body[:12] + tag + body[12:]
        if kind == b"\x08\0" and packet[16:20] == self.ADDRESS and packet[9] == 1:
            echo = bytearray(packet[20:])
            if echo[0] != 8:
                return None
            echo[0:4] = bytes(4)
            echo[2:4] = checksum(bytes(echo))
            ip = packet[:12] + packet[16:20] + packet[12:16]
            return body[6:12] + self.MAC + tag + kind + ip + bytes(echo)
        return None

    def ask_for(self, address: bytes, tag: bytes = b"", source: bytes = MAC) -> bytes:
        """An ARP request for who has an address."""
        body = arp(1, source, self.ADDRESS, bytes(6), address)
        return self.ALL + body[6:12] + tag + body[12:]

    def close(self) -> None:
        self._socket.close()


def split(frame: bytes) -> tuple[bytes, bytes]:
    """A frame's tag, or b"", and the frame without it."""
    if frame[12:14] == b"\x81\0":
        return frame[12:16], frame[:12] + frame[16:]
    return b"", frame


def tag_of(vlan: int) -> bytes:
    return b"\x81\0" + vlan.to_bytes(2, "big")


def arp(what: int, mac: bytes, address: bytes, to_mac: bytes, to_address: bytes) -> bytes:
    """A frame of ARP: RFC 826."""
    head = to_mac + mac + b"\x08\x06" + b"\0\1\x08\0\6\4" + what.to_bytes(2, "big")
    return head + mac + address + to_mac + to_address


def checksum(data: bytes) -> bytes:
    """RFC 1071."""
    words = sum(int.from_bytes(data[i : i + 2].ljust(2, b"\0"), "big")
                for i in range(0, len(data), 2))  # fmt: skip
    while words >> 16:
        words = (words & 0xFFFF) + (words >> 16)
    return (~words & 0xFFFF).to_bytes(2, "big")
