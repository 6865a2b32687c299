# SPDX-License-Identifier: Apache-2.0
"""What a tier gives to `make soak`: parts, each a test with a long count."""
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Run:
    """How a part is to be run."""

    seed: int
    minutes: float | None  # None: the part's own count
    tell: Callable[[str], None]  # progress, as often as you like


@dataclass
class Record:
    """What came of a part. The first two are the part's to say; no failures: it passed."""

    done: str  # with figures: "200000 operations in 1433 sequences"
    failures: list[str] = field(default_factory=list)
    part: str = ""
    seed: int = 0
    seconds: float = 0.0
    version: str = ""
    date: str = ""


@dataclass(frozen=True)
class Part:
    """A part's name (TIER/NAME), what it does, and how."""

    name: str
    says: str
    run: Callable[[Run], Record]
