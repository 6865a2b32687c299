# SPDX-License-Identifier: Apache-2.0
"""A board under QEMU with its console on a pseudo-terminal: start, expect, send, switch, end."""
import pathlib
import re
import signal
import time

import pexpect

import machine as board
from run_case import SCALE

ESCAPE = "\x1d"  # Ctrl-], the console's switch
# Terminal questions that a shell's line editor asks, and carriage returns, are not text.
NOISE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
# A prompt, and what is typed at it, that is wiped for another's line: on the screen that line
# stands at the left. In the text it ends with GONE: it is not a line that was entered.
WIPED = re.compile(r"\r +\r")
GONE = "\x7f"
# Not `$`, which matches ahead of a last \n too: a line that is whole would be held back.
PARTIAL = re.compile(r"(\x1b(\[[0-9;?]*)?|\r *)\Z")
# What no test may cause unless it says so.
FORBIDDEN = re.compile(r"\bpanic\b|\bCHECK failed\b", re.I)
# A Linux whose CPUs or tasks did not get on, nor did its clock; `quiet` hides the last of them.
STALLED = re.compile(
    r"detected (expedited )?stalls|self-detected stall|soft lockup|blocked for more than"
    r"|clocksource.*unstable"
)
# The same, for grep over all that a kernel has said; typed, it is not what is looked for above.
STALL_WORDS = "stall|lockup|blocked for|unstable"
LAST_LINES = 15
TWICE_SECONDS = 0.4  # longer than the console waits for the escape key again


class Console:
    """Bulkhead (or anything) running in QEMU. Text is matched in the order it comes."""

    def __init__(self, argv: list[str], environment: dict[str, str], log: pathlib.Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.text = ""
        self.position = 0  # where the next expect() begins
        self._held = ""  # the beginning of an escape sequence, or of a wiped line
        self._log = log.open("w", encoding="utf-8")
        self._log.write(" ".join(argv) + "\n")
        self._child = pexpect.spawn(
            argv[0],
            argv[1:],
            env=environment,
            encoding="utf-8",
            codec_errors="replace",
            echo=False,
            dimensions=(24, 200),
        )
        self._child.delaybeforesend = None

    def _read(self, seconds: float) -> bool:
        """Takes what comes within `seconds`; False at QEMU's end."""
        try:
            data = self._child.read_nonblocking(size=65536, timeout=max(seconds, 0.01))
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        # what is whole is replaced before the end is looked at: the last \r of a wiped line may
        # be the last that has come
        data = WIPED.sub(GONE + "\n", self._held + data)
        partial = PARTIAL.search(data)
        self._held = data[partial.start() :] if partial else ""
        data = data[: partial.start()] if partial else data
        data = NOISE.sub("", data)
        self.text += data
        self._log.write(data)
        self._log.flush()
        return True

    def _tail(self) -> str:
        return "\n".join(self.text.rstrip().split("\n")[-LAST_LINES:])

    def expect(self, pattern: str, timeout: float = 30) -> re.Match:
        """Waits until `pattern` (^ and $ match at lines) follows what was matched before."""
        wanted = re.compile(pattern, re.M)
        limit = time.monotonic() + timeout * SCALE
        alive = True
        while True:
            match = wanted.search(self.text, self.position)
            if match:
                self.position = match.end()
                return match
            left = limit - time.monotonic()
            if not alive or left <= 0:
                why = f"within {timeout:.0f} s" if alive else "before QEMU ended"
                raise AssertionError(f"expected {pattern!r} {why}; last lines:\n{self._tail()}")
            alive = self._read(min(left, 1))

    def expect_each(self, *patterns: str, timeout: float = 30) -> None:
        """Waits until all patterns have come, in any order; goes on behind the last of them."""
        start = end = self.position
        limit = time.monotonic() + timeout * SCALE
        for pattern in patterns:
            self.position = start
            self.expect(pattern, max((limit - time.monotonic()) / SCALE, 0.1))
            end = max(end, self.position)
        self.position = end

    def refuse(self, pattern: str, seconds: float) -> None:
        """Fails if `pattern` comes within `seconds` of real time."""
        wanted = re.compile(pattern, re.M)
        limit = time.monotonic() + seconds
        while time.monotonic() < limit and self._read(min(limit - time.monotonic(), 1)):
            match = wanted.search(self.text, self.position)
            assert not match, f"{pattern!r} came: {match[0]!r}; last lines:\n{self._tail()}"

    def send(self, text: str) -> None:
        """Keys as typed, no newline added."""
        self._child.send(text)

    def line(self, text: str) -> None:
        """A line typed to whoever has the keys."""
        self._child.send(text + "\r")

    def switch(self) -> None:
        """Ctrl-]: the keys go to the next console."""
        self._child.send(ESCAPE)

    def focus(self, name: str) -> None:
        """Switches until the keys go to VM `name`, or to "the hypervisor's shell".

        The escape key twice at once would be typed to the guest, so the console is given the time
        it takes the second one for a switch.
        """
        for _ in range(8):
            self.switch()
            if self.expect(r"the keys now go to (.*?)  ")[1] == name:
                return
            self.refuse("the keys now go to", TWICE_SECONDS)
        raise AssertionError(f"the escape key never leads to {name}")

    def to_prompt(self, name: str) -> None:
        """The keys go to the Linux of VM `name`, whose shell waits for a command.

        Its last prompt may be drawn again with the switch. What is typed before the next one is
        there is echoed twice; the one that counts stands behind an answer.
        """
        self.focus(name)
        self.line("echo here $((40 + 2))")
        self.expect("here 42$", 60)
        self.expect(f"{name} # ", 60)

    def run(self, command: str, prompt: str, timeout: float = 30) -> str:
        """Types a shell command and returns what it printed up to the next prompt (a pattern)."""
        self.line(command)
        self.expect(re.escape(command) + rf"[^\n{GONE}]*\n", timeout)
        start = self.position
        match = self.expect(prompt, timeout)
        return self.text[start : match.start()]

    def expect_end(self, timeout: float = 30) -> None:
        """Waits until the machine has powered off (QEMU ends)."""
        limit = time.monotonic() + timeout * SCALE
        while self._read(1):
            if time.monotonic() > limit:
                raise AssertionError(
                    f"the machine was not off after {timeout:.0f} s; last lines:\n{self._tail()}"
                )

    def close(self) -> None:
        """Ends QEMU, whatever it does; the log stays."""
        # waited for, however long it takes to give gigabytes back
        if self._child.isalive():
            self._child.kill(signal.SIGKILL)
            self._child.wait()
        self._child.close()
        self._log.close()

    def check_dmesg(self, name: str) -> None:
        """The Linux of VM `name`, whose shell waits for a command, has told of no stall."""
        said = self.run(f"dmesg | grep -iE '{STALL_WORDS}'", f"{name} # ", 60)
        assert not re.search(STALL_WORDS, said, re.I), said

    def check_stalled(self) -> None:
        match = STALLED.search(self.text)
        assert not match, f"a guest stalled:\n{self.text[match.start():match.start() + 1500]}"

    def check_forbidden(self) -> None:
        match = FORBIDDEN.search(self.text)
        assert (
            not match
        ), f"forbidden text {match[0]!r}:\n{self.text[match.start():match.start() + 1500]}"


def start(name: str, machine: str = "virt-gicv3", **options) -> Console:
    """Starts QEMU machine `machine`; `options` are those of machine.qemu_command()."""
    argv = board.qemu_command(machine, **options)
    return Console(argv, board.qemu_environment(machine), board.BUILD / "log" / f"{name}.log")
