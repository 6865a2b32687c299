# SPDX-License-Identifier: Apache-2.0
"""Draws the figures as an SVG bar chart (pygal)."""
import re

import report
from runs import Run

COLOURS = ("#0b5394", "#e69138", "#cc4125", "#a61c00", "#6aa84f", "#38761d")
# Of another order of magnitude, or not comparable.
LEFT_OUT = ("reset_to_first", "boot_rest", "timer_spin", "smc_psci_version", "hvc_smccc_version",
            "isenabler_zero", "sgi_spin_round", "sgi_wfi_round")  # fmt: skip
SCALE = (10, 30, 100, 300, 1000, 3000, 10000, 30000)


def draw(done: list[Run]) -> str:
    """The SVG's text."""
    import pygal  # only this file needs it
    from pygal.style import Style

    ours = next(run.figures for run in done if run.key == "bulkhead-a57")
    table, _ = report.peers(done)
    names = [name for name in report.OPERATIONS if name not in LEFT_OUT
             and name in ours and not ours[name].missing]  # fmt: skip
    chart = pygal.Bar(
        js=[],
        logarithmic=True,
        width=1100,
        height=560,
        explicit_size=True,
        x_label_rotation=20,
        truncate_label=-1,
        range=(SCALE[0], SCALE[-1]),
        zero=SCALE[0],
        legend_at_bottom=True,
        legend_at_bottom_columns=6,
        title="Instructions an operation (logarithmic; less is better)",
        style=Style(
            colors=COLOURS,
            font_family="sans-serif",
            background="white",
            plot_background="white",
            label_font_size=11,
            legend_font_size=12,
        ),
    )
    chart.uuid = "benchmarks"  # the same figures give the same bytes
    chart.x_labels = [name.replace("_", " ") for name in names]
    chart.y_labels = list(SCALE)
    chart.add("Bulkhead", [ours[name].mean for name in names])
    for key, title in report.PEERS.items():
        if table[key]:
            figures = table[key]
            chart.add(title, [figures[n].mean if n in figures else None for n in names])
    text = chart.render().decode("utf-8")
    # Its comments hold the date.
    text = re.sub(r"<!--.*?-->", "", text, flags=re.S)
    spdx = "<!-- SPDX-License-Identifier: Apache-2.0 -->"
    return text.replace("?>", f"?>\n{spdx}", 1) + "\n"
