# SPDX-License-Identifier: Apache-2.0
"""What the lint scripts share: the files of the tree, and how a finding is printed."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
EL2_FOLDERS = ("boot", "core", "mm", "irq", "timer", "drivers")
CODE_FOLDERS = EL2_FOLDERS + ("tests", "tools")

# Comments, strings and character constants; the strings' quotes stay to keep the code readable.
NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def files(folders: tuple[str, ...], suffixes: tuple[str, ...]) -> list[str]:
    """Paths from the root, sorted, of all files with one of the suffixes."""
    found = []
    for folder in folders:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in suffixes and path.is_file():
                found.append(str(path.relative_to(ROOT)))
    return sorted(found)


def tracked() -> list[str]:
    """Every file that belongs to the tree: git's list, or what lies there without git."""
    done = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return sorted(
            name for name in set(done.stdout.split("\n")) if name and (ROOT / name).is_file()
        )
    return sorted(
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*")
        if path.is_file() and path.relative_to(ROOT).parts[0] not in ("build", ".git")
    )


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def code_only(text: str) -> str:
    """The text with comments and string contents blanked; line numbers stay right."""

    def blank(match: re.Match) -> str:
        keep = match[0][0] in "\"'"
        inner = re.sub(r"[^\n]", " ", match[0])
        return match[0][0] + inner[1:-1] + match[0][-1] if keep else inner

    return NOISE.sub(blank, text)


class Findings:
    """Collects `file:line: sentence`; the script's exit status is whether there were any."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, path: str, line: int, sentence: str) -> None:
        self.count += 1
        print(f"{path}:{line}: {sentence}")

    def status(self) -> int:
        return 1 if self.count else 0
