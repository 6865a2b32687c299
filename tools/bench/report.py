# SPDX-License-Identifier: Apache-2.0
"""Puts the figures of all runs side by side: tables, JSON, the section of docs/benchmarks.md."""
import json
import pathlib
import re
import subprocess
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
    "lpi_device": "a device's line to an LPI: raised, taken, EOI",
    "disk_notify": "notification of a disk's queue, nothing new",
    "disk_read_none": "read of no sectors from a disk in memory: sent, taken, EOI",
    "disk_read_4k": "the same of 4 KiB, copied",
    "disk_read_4k_rest": "of a read of 4 KiB what EL2 executes besides the copy",
    "disk_notify_packed": "notification of a disk's packed queue, nothing new",
    "disk_read_none_packed": "read of no sectors by a packed queue: sent, taken, EOI",
    "disk_read_4k_packed": "the same of 4 KiB, copied",
    "disk_read_4k_packed_rest": "of 4 KiB by a packed queue what EL2 executes besides the copy",
    "console_char": "character to the virtio console: sent, taken, EOI",
    "console_char_packed": "character by a packed queue: sent, taken, EOI",
    "net_64": "frame of 64 bytes from port to port: sent, both interrupts taken, EOI",
    "net_1514": "the same of 1,514 bytes",
    "net_64k": "the same of a TCP segment of 64 KiB, in one piece",
    "net_64k_rest": "of such a segment what EL2 executes besides the copy",
    "net_64k_merged": "TCP segment of 64 KiB into 17 buffers of 4 KiB (MRG_RXBUF): sent, both"
    " interrupts taken, EOI",
    "net_64k_merged_rest": "of that what EL2 executes besides the copy",
    "net_64_packed": "frame of 64 bytes by packed queues: sent, both interrupts taken, EOI",
    "net_1514_packed": "the same of 1,514 bytes",
    "net_64k_packed": "the same of a TCP segment of 64 KiB, in one piece",
    "net_64k_packed_rest": "of a segment by packed queues what EL2 executes besides the copy",
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
    "boot_rest": "of these neither libfdt nor log",
}
# Of a CPU that two VMs share: a table of their own.
SHARED = {
    "vm_switch": "switch to another VM, by yielding",
    "wake_late": "timer late from WFI, another VM running, ns",
    "budget_error": "CPU time off its budget, millionths",
    "window_late": "start of a window late, ns",
}
PEERS = {
    "bao": "Bao †",
    "xen422": "Xen 4.22 null †",
    "xen": "Xen 4.17",
    "kvm-vhe": "KVM VHE",
    "kvm-a57": "KVM a57",
}

# Columns of Bulkhead on cortex-a57, the machine that is cheap to measure again.
OURS = {"Bulkhead", "max", "cortex-a57", "GICv3, 64 SPIs", "mean"}
# What a figure may be off by before a table is stale: a mean, a maximum (the counter's ticks), the
# boot (in which lengths of paths and versions show, and which is told by the ten thousand).
FEW, TICKS_FEW, MANY_FEW = 4, 32, 15000

# In the column of ratios.
SHORT = {
    "bao": "Bao",
    "xen422": "Xen 4.22",
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
    for key, title in PEERS.items():
        table[key] = {
            name: figure
            for run in done
            if run.key == key
            for name, figure in run.figures.items()
            if not figure.missing
        }
        if not table[key] and "†" not in title:
            continue  # not measured here: no column with the rest alone
        for name, figure in known.get(key, {}).items():
            if name not in table[key]:
                table[key][name] = figure
                marked.add((key, name))
    return table, marked


def number(value: float) -> str:
    if value >= 1e5:
        return f"{value / 1e6:.2f} M"
    return f"{value:.0f}"


def most(figure: Figure) -> str:
    """Its maximum, where it has one."""
    return "–" if figure.missing or not figure.max else number(figure.max)


def ratio(table: Table, name: str, ours: Figure | None) -> str:
    """How much more the best peer that was measured takes, and which one it is."""
    found = [(figures[name].mean, key) for key, figures in table.items() if name in figures]
    if not found or ours is None or ours.missing or not ours.mean:
        return "–"
    return f"{min(found)[0] / ours.mean:.1f}× {SHORT[min(found)[1]]}"


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
        cells.append(ratio(table, name, ours))
        if set(cells) != {"–"}:
            out.append([title, *cells])
    return out


def cpu_rows(done: list[Run]) -> list[list[str]]:
    """Bulkhead on each processor."""
    return own_rows(
        [run for run in done if own(run) and not run.vm and not run.devices], lambda run: run.cpu
    )


def gic_rows(done: list[Run]) -> list[list[str]]:
    """Bulkhead's interrupt controllers."""
    return own_rows(
        [run for run in done if own(run) and run.cpu == "cortex-a57" and not run.devices],
        lambda run: run.title if run.vm else "GICv3, 64 SPIs",
    )


# KVM's runs with virtio devices: a figure is the least of theirs.
KVM_VIRTIO = {
    "kvm-vhe": ("kvm-virtio", "kvm-thread"),
    "kvm-a57": ("kvm-virtio-a57", "kvm-thread-a57"),
}


def virtio_peers(done: list[Run]) -> Table:
    """What KVM's virtio devices take."""
    table: Table = {}
    for key, keys in KVM_VIRTIO.items():
        for run in done:
            for name, figure in run.figures.items() if run.key in keys else ():
                least = table.setdefault(key, {}).get(name)
                if not figure.missing and (least is None or figure.mean < least.mean):
                    table[key][name] = figure
    return table


def device_rows(done: list[Run]) -> list[list[str]]:
    """Virtio devices."""
    table = virtio_peers(done)
    ours = {name: run.figures[name] for run in done for name in OPERATIONS
            if run.devices and name.startswith(run.devices) and name in run.figures}  # fmt: skip
    out = [["operation", "mean", "max", *(PEERS[key] for key in table), "best / Bulkhead"]]
    for name, title in OPERATIONS.items():
        figure = ours.get(name, Figure(missing="not measured"))
        peers_of = [figures.get(name) for figures in table.values()]
        cells = ["–" if figure.missing else number(figure.mean), most(figure)]
        cells += ["–" if peer is None else number(peer.mean) for peer in peers_of]
        if set(cells) != {"–"}:
            out.append([title, *cells, ratio(table, name, figure)])
    return out


def shared_rows(done: list[Run]) -> list[list[str]]:
    """Two VMs on one CPU."""
    out = [["operation", "shared", "mean", "max"]]
    for run in done:
        for name, figure in run.figures.items() if run.roles else ():
            out.append([SHARED[name], run.title, number(figure.mean), most(figure)])
    return out


# What their histograms show.
HISTOGRAMS = {"bulkhead-wake", "bulkhead-wake-calls"}


def histograms(done: list[Run]) -> list[tuple[str, list[str]]]:
    """Of wake-ups, how many were how late: a title, and its lines."""
    found = []
    for run in done:
        lines = [line.removeprefix("# ").rstrip() for line in runs.histogram(run.text)]
        figure = run.figures.get("wake_late")
        if run.key in HISTOGRAMS and lines and figure is not None:
            title = f"How late wake-ups are, {run.title}, {figure.count} times"
            found.append((title, lines))
    return found


def own(run: Run) -> bool:
    return run.key.startswith("bulkhead") and bool(run.figures) and not run.roles


def own_rows(ours: list[Run], title_of: Callable[[Run], str]) -> list[list[str]]:
    out = [["operation", *(title_of(run) for run in ours)]]
    for name, title in OPERATIONS.items():
        figures = [run.figures.get(name) for run in ours]
        cells = ["–" if f is None or f.missing else number(f.mean) for f in figures]
        if set(cells) != {"–"}:
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


def compiler() -> str:
    """What made the image: its figures are that compiler's too."""
    some = board.BUILD / "core" / "exit" / "exit.o"
    done = subprocess.run(["readelf", "-p", ".comment", str(some)], capture_output=True, text=True,
                          check=False)  # fmt: skip
    found = re.findall(r"\] +(.*\S)", done.stdout)
    return found[0].removeprefix("GCC: ") if found else "an unknown compiler"


def write_document(done: list[Run], version: str) -> None:
    """Replaces the generated section of docs/benchmarks.md."""
    text = DOCUMENT.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    made = (
        f"\n\nInstructions an operation, by {version}, of what {compiler()} made. KVM VHE on\n"
        "neoverse-n1, all others on cortex-a57. `max` is Bulkhead's, to the counter's 16 ns.\n"
        "† measured elsewhere. The ratio is to the best peer of those with a figure, which it\n"
        "names: where Bao has none, it is Xen or KVM.\n\n"
        f"{markdown(rows(done))}\n\n![The same as a chart](benchmarks.svg)\n\n"
        f"Bulkhead on other processors:\n\n{markdown(cpu_rows(done))}\n\n"
        f"Bulkhead's interrupt controllers, on cortex-a57:\n\n{markdown(gic_rows(done))}\n\n"
        "Virtio devices; the guest's driver is in these figures, and so are its exits. KVM's are\n"
        "the least that it takes (below); Xen has no virtio without a Linux in another domain:\n\n"
        f"{markdown(device_rows(done))}\n\n"
        "A CPU that two VMs share. Xen's yield by SCHEDOP_yield, without its rate limit; KVM's by\n"
        "a store that its VMM answers with `sched_yield()`, as threads of one real-time priority,\n"
        "for KVM has no call by which a guest gives way to another VM:\n\n"
        f"{markdown(shared_rows(done))}\n\n"
        + "".join(
            f"{title}:\n\n" + "".join(f"    {line}\n" for line in lines) + "\n"
            for title, lines in histograms(done)
        )
    )
    DOCUMENT.write_text(head + BEGIN + made + END + tail, encoding="utf-8")


def value_of(cell: str) -> float | None:
    """The number in a cell; None: it has none."""
    word = cell.split(" ")[0]
    if not re.fullmatch(r"\d+(\.\d+)?", word):
        return None
    return float(word) * (1e6 if cell.endswith(" M") else 1)


def close(old: str, new: str, title: str) -> bool:
    """Is what the page says what was measured, but for a few instructions?"""
    a, b = value_of(old), value_of(new)
    if a is None or b is None:
        return old == new
    few = MANY_FEW if b >= 1e5 else TICKS_FEW if title == "max" else FEW
    return abs(a - b) <= few


def columns_of(table: list[list[str]]) -> dict[str, list[tuple[str, str]]]:
    """A table's columns: title -> (operation, cell). Of CPUs that are shared, how, is part of the
    operation."""
    head, *body = table
    names = [", ".join(row[:2]) if head[1] == "shared" else row[0] for row in body]
    return {
        title: [(name, row[i]) for name, row in zip(names, body)]
        for i, title in enumerate(head) if i
    }


def named(column: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Its cells by operation; "the same, ..." is of the one above."""
    above = ""
    cells = {}
    for name, cell in column:
        above = above if name.startswith("the same") else name
        cells[above, name] = cell
    return cells


def stale(done: list[Run], path: pathlib.Path) -> list[str]:
    """What the page says of Bulkhead on cortex-a57 that this run does not, as sentences. Raises
    Unfit where that can't be told: another compiler, or no tables."""
    text = path.read_text(encoding="utf-8")
    made = text.partition(BEGIN)[2].partition(END)[0]
    by = re.search(r"of what (.*) made\.", made)
    if by is None:
        raise runs.Unfit(f"{path}: no tables between `{BEGIN}` and `{END}`")
    if by[1] != compiler():
        raise runs.Unfit(f"{path} has figures of {by[1]}, this image is made by {compiler()}")
    tables = [
        [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()
         if line.startswith("| ")]
        for block in made.split("\n\n") if block.startswith("| ")
    ]  # fmt: skip
    said = []
    for table, fresh in zip(
        tables,
        (rows(done), cpu_rows(done), gic_rows(done), device_rows(done), shared_rows(done)),
    ):
        if len(fresh) == 1:
            continue  # nothing of it was measured
        old, new = columns_of(table), columns_of(fresh)
        for title in OURS & old.keys() & new.keys():
            page, measured = named(old[title]), named(new[title])
            # The page has those of other machines besides.
            if not measured.keys() <= page.keys():
                return ["its operations are others than those that are measured"]
            said += [
                f"{name} ({title}): it says {page[above, name]}, measured is {now}"
                for (above, name), now in measured.items()
                if not close(page[above, name], now, title)
            ]
    return sorted(set(said))
