# SPDX-License-Identifier: Apache-2.0
"""Reads TAP, as guests and cmocka print it, into a result."""
import re

from run_case import Failure, Result

PLAN = re.compile(r"^1\.\.(\d+)\s*(?:# SKIP (.*))?$")
# The sentence may hold a `#`; a directive is one of three words behind one.
TEST = re.compile(
    r"^(not )?ok (\d+)(?:\s+-\s*|\s+)?(.*?)(?:\s+#\s*(SKIP|TODO|XFAIL)\b:?\s*(.*))?$", re.I
)
PLACE = re.compile(r"^#?\s*([\w./-]+\.[chS]:\d+)[: ]*(.*)$")
# Lines of a test's explanation after which its details are cut.
DETAILS_MAX = 12


def _record(result: Result, test: re.Match, details: list[str]) -> None:
    failed, sentence = test[1] is not None, test[3].strip()
    directive, reason = (test[4] or "").upper(), (test[5] or "").strip()
    if directive == "SKIP":
        result.skips.append(f"{sentence}: {reason}")
    elif directive and failed:
        result.known.append(f"{sentence}: {reason}")
    elif directive:
        result.failures.append(
            Failure(
                sentence,
                details=[f"passes now although marked as a known gap ({reason}): remove the mark"],
            )
        )
    elif not failed:
        result.passed += 1
    else:
        place = next((match for match in map(PLACE.match, details) if match), None)
        rest = [line.lstrip("# ") for line in details if place is None or line != place.string]
        if place is not None and place[2]:
            rest.insert(0, place[2])
        result.failures.append(Failure(sentence, place[1] if place else "", rest[:DETAILS_MAX]))


def read_tap(text: str, result: Result) -> None:
    """Adds what `text` tells to `result`; a missing plan and missing tests are failures too."""
    planned: int | None = None
    seen, expected = 0, 1
    current: tuple[re.Match, list[str]] | None = None
    for line in (raw.rstrip("\r") for raw in text.split("\n")):
        plan, test = PLAN.match(line), TEST.match(line)
        if plan and planned is None:
            planned = int(plan[1])
            if plan[2]:
                result.skips.append(plan[2])
        elif test:
            if current:
                _record(result, *current)
            current = (test, [])
            if int(test[2]) != expected:
                result.failures.append(
                    Failure(f"test {test[2]} came where number {expected} was due")
                )
            seen, expected = seen + 1, int(test[2]) + 1
        elif current and line.startswith("#"):
            current[1].append(line)
    if current:
        _record(result, *current)
    if planned is None:
        result.failures.append(Failure("no plan (1..N) was printed"))
    elif planned != seen:
        result.failures.append(Failure(f"{seen} of {planned} planned tests were reported"))
