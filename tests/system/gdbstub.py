# SPDX-License-Identifier: Apache-2.0
"""QEMU's gdb stub, as far as tests need it: physical memory read and written behind all backs, and
what the board's CPUs do.

gdb's "Remote Serial Protocol", and QEMU's packets for physical addresses ("Examining physical
memory" in its manual). The machine stands still while somebody is connected.
"""
import pathlib
import socket
from dataclasses import dataclass

# Bytes of gdb's "g" packet for AArch64: behind X0 to X30 and SP, and behind that.
PC, CPSR = slice(32 * 8, 33 * 8), slice(33 * 8, 33 * 8 + 4)
INSTRUCTION_SIZE = 4
WFI = "7f2003d5"  # its bytes in memory


@dataclass(frozen=True)
class Cpu:
    """What a CPU of the board does as it is looked at."""

    level: int  # exception level
    halted: bool
    behind_wfi: bool  # which was its last instruction, if nothing jumped


def option(path: pathlib.Path) -> list[str]:
    """What QEMU's command line needs for it."""
    path.unlink(missing_ok=True)
    return ["-gdb", f"unix:{path},server=on,wait=off"]


class GdbStub:
    """A connection, to be used in a `with`; the machine goes on at its end."""

    def __init__(self, path: pathlib.Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(str(path))

    def __enter__(self) -> "GdbStub":
        assert self.ask("Qqemu.PhyMemMode:1") == "OK"
        return self

    def __exit__(self, *_) -> None:
        self.ask("D")
        self.socket.close()

    def _byte(self) -> bytes:
        byte = self.socket.recv(1)
        assert byte, "the gdb stub has gone"
        return byte

    def _packet(self) -> str:
        while self._byte() != b"$":
            pass
        data = b""
        while not data.endswith(b"#"):
            data += self._byte()
        self._byte(), self._byte()
        self.socket.sendall(b"+")
        return data[:-1].decode()

    def ask(self, command: str) -> str:
        """One packet, and its answer; what is said besides, that the machine stands, is none."""
        data = command.encode()
        self.socket.sendall(b"$%s#%02x" % (data, sum(data) & 0xFF))
        answer = self._packet()
        while answer.startswith("T"):
            answer = self._packet()
        return answer

    def read(self, address: int, length: int) -> bytes:
        return bytes.fromhex(self.ask(f"m{address:x},{length:x}"))

    def write(self, address: int, data: bytes) -> None:
        assert self.ask(f"M{address:x},{len(data):x}:{data.hex()}") == "OK"

    def cpu(self, index: int) -> Cpu:
        thread = index + 1
        assert self.ask(f"Hg{thread:x}") == "OK"
        said = bytes.fromhex(self.ask(f"qThreadExtraInfo,{thread:x}")).decode()
        assert said.startswith(f"CPU#{index} "), said
        registers = bytes.fromhex(self.ask("g"))
        level = int.from_bytes(registers[CPSR], "little") >> 2 & 3
        before = int.from_bytes(registers[PC], "little") - INSTRUCTION_SIZE
        # by the CPU's own tables
        assert self.ask("Qqemu.PhyMemMode:0") == "OK"
        instruction = self.ask(f"m{before:x},{INSTRUCTION_SIZE:x}")
        assert self.ask("Qqemu.PhyMemMode:1") == "OK"
        return Cpu(level, "halted" in said, instruction == WFI)
