# SPDX-License-Identifier: Apache-2.0
"""Puts the figures of all runs side by side: tables, JSON, the section of docs/benchmarks.md."""
import json
import pathlib
from collections.abc import Callable

import runs
from runs import Figure, Run, board

ELSEWHERE = board.ROOT / "tests" / "bench" / "elsewhere.txt"
DOCUMENT = board.ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- made by make bench: begin -->", "<!-- made by make bench: end -->"

# In the order of the tables.
OPERATIONS = {
    "hvc_psci_version": "HVC PSCI_VERSION",
    "hvc_smccc_version": "HVC SMCCC_VERSION",
    "smc_psci_version": "SMC PSCI_VERSION",
    "id_register": "read of a trapped ID register",
    "id_register_x20": "the same, into x20",
    "gicd_typer": "read of GICD_TYPER",
    "gicd_typer_x20": "the same, into x20",
    "isenabler_zero": "write of GICD_ISENABLER, nothing",
    "isenabler_same": "write of GICD_ISENABLER, one SPI, enabled already",
    "isenabler_one": "GICD_ISENABLER and ICENABLER in turn, one SPI",
    "ispendr_one": "GICD_ISPENDR and ICPENDR in turn, one SPI",
    "sgi_self": "SGI to self: sent, taken, EOI",
    "sgi_self_rotating": "SGI to self, 8 in turn",
    "sgi_and_timer": "SGI to self, then virtual timer",
    "virtual_timer": "virtual timer: armed, taken, EOI",
    "physical_timer": "physical timer: armed, taken, EOI",
    "message_spi": "message to an SPI: sent, taken, EOI",
    "lpi_int": "LPI by the ITS command INT: sent, taken, EOI",
    "both_timers": "physical, then virtual timer",
    "timer_spin": "timer late, spinning, ns",
    "timer_wfi": "timer late, from WFI, ns",
    "sgi_spin_oneway": "SGI to a spinning vCPU, until seen",
    "sgi_spin_round": "the same, there and back",
    "sgi_wfi_oneway": "SGI to a vCPU in WFI, until seen",
    "sgi_wfi_round": "the same, there and back",
    "cpu_on": "CPU_ON until the vCPU runs C",
    "pl011_char": "character to the PL011",
    "reset_to_first": "reset to the guest's first instruction",
}
PEERS = {
    "bao": "Bao †",
    "xen422": "Xen 4.22 null †",
    "xen": "Xen 4.17",
    "kvm-vhe": "KVM VHE",
    "kvm-a57": "KVM a57",
}

Table = dict[str, dict[str, Figure]]


def elsewhere() -> Table:
    """tests/bench/elsewhere.txt: who -> operation -> figure."""
    table: Table = {}
    for line in ELSEWHERE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            who, operation, number = (word.strip() for word in line.split("|"))
            table.setdefault(who, {})[operation] = Figure(mean=float(number))
    return table


def peers(done: list[Run]) -> tuple[Table, set[tuple[str, str]]]:
    """Figures of each peer, and which of them come from elsewhere."""
    known = elsewhere()
    marked = set()
    table: Table = {}
    for key in PEERS:
        table[key] = {
            name: figure
            for run in done
            if run.key == key
            for name, figure in run.figures.items()
            if not figure.missing
        }
        for name, figure in known.get(key, {}).items():
            if name not in table[key]:
                table[key][name] = figure
                marked.add((key, name))
    return table, marked


def number(value: float) -> str:
    if value >= 1e5:
        return f"{value / 1e6:.2f} M"
    return f"{value:.0f}"


def best_peer(table: Table, name: str) -> tuple[str, float] | None:
    found = [(figures[name].mean, key) for key, figures in table.items() if name in figures]
    return (min(found)[1], min(found)[0]) if found else None


def rows(done: list[Run]) -> list[list[str]]:
    """The large table: header, then a row for each operation."""
    by_key = {run.key: run for run in done}
    table, marked = peers(done)
    # A column without a figure is left out.
    columns = [key for key in PEERS if table[key]]
    names = [PEERS[key] for key in columns]
    out = [["operation", "bare", "Bulkhead", "max", *names, "best / Bulkhead"]]
    for name, title in OPERATIONS.items():
        ours = by_key["bulkhead-a57"].figures.get(name) if "bulkhead-a57" in by_key else None
        bare = by_key["bare"].figures.get(name) if "bare" in by_key else None
        cells = ["–" if figure is None or figure.missing else number(figure.mean)
                 for figure in (bare, ours)]  # fmt: skip
        cells.append("–" if ours is None or ours.missing else number(ours.max))
        for key in columns:
            figure = table[key].get(name)
            mark = " †" if (key, name) in marked and key in by_key else ""
            cells.append("–" if figure is None else number(figure.mean) + mark)
        best = best_peer(table, name)
        if best and ours and not ours.missing and ours.mean:
            cells.append(f"{best[1] / ours.mean:.1f}×")
        else:
            cells.append("–")
        out.append([title, *cells])
    return out


def cpu_rows(done: list[Run]) -> list[list[str]]:
    """Bulkhead on each processor."""
    return own_rows([run for run in done if own(run) and not run.vm], lambda run: run.cpu)


def gic_rows(done: list[Run]) -> list[list[str]]:
    """Bulkhead's interrupt controllers."""
    return own_rows(
        [run for run in done if own(run) and run.cpu == "cortex-a57"],
        lambda run: run.title if run.vm else "GICv3, 64 SPIs",
    )


def own(run: Run) -> bool:
    return run.key.startswith("bulkhead") and bool(run.figures)


def own_rows(ours: list[Run], title_of: Callable[[Run], str]) -> list[list[str]]:
    out = [["operation", *(title_of(run) for run in ours)]]
    for name, title in OPERATIONS.items():
        figures = [run.figures.get(name) for run in ours]
        cells = ["–" if f is None or f.missing else number(f.mean) for f in figures]
        out.append([title, *cells])
    return out


def aligned(table: list[list[str]]) -> str:
    """For a terminal."""
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    lines = []
    for row in table:
        first, *rest = (cell.ljust(w) if i == 0 else cell.rjust(w)
                        for i, (cell, w) in enumerate(zip(row, widths)))  # fmt: skip
        lines.append("  ".join([first, *rest]).rstrip())
    return "\n".join(lines)


def markdown(table: list[list[str]]) -> str:
    head, *body = ("| " + " | ".join(row) + " |" for row in table)
    rule = "|---|" + "---:|" * (len(table[0]) - 1)
    return "\n".join([head, rule, *body])


def write_json(path: pathlib.Path, done: list[Run], version: str) -> None:
    """All figures, with those from elsewhere named as such."""
    data = {
        "qemu": version,
        "unit": "instructions (nanoseconds under -icount shift=0), the guest's own included",
        "runs": {
            run.key: {
                "title": run.title,
                "cpu": run.cpu,
                "physical_cpus": run.cpus,
                "failure": run.failure or None,
                "figures": {
                    name: {"missing": f.missing}
                    if f.missing
                    else {"mean": f.mean, "max": f.max, "count": f.count}
                    for name, f in run.figures.items()
                },
            }
            for run in done
        },
        "elsewhere": {
            who: {name: f.mean for name, f in figures.items()}
            for who, figures in elsewhere().items()
        },
    }
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def write_document(done: list[Run], version: str) -> None:
    """Replaces the generated section of docs/benchmarks.md."""
    text = DOCUMENT.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    made = (
        f"\n\nInstructions an operation, by {version}. KVM VHE on neoverse-n1, all others on "
        "cortex-a57.\n`max` is Bulkhead's, to the counter's 16 ns. † measured elsewhere.\n\n"
        f"{markdown(rows(done))}\n\n![The same as a chart](benchmarks.svg)\n\n"
        f"Bulkhead on other processors:\n\n{markdown(cpu_rows(done))}\n\n"
        f"Bulkhead's interrupt controllers, on cortex-a57:\n\n{markdown(gic_rows(done))}\n\n"
    )
    DOCUMENT.write_text(head + BEGIN + made + END + tail, encoding="utf-8")
