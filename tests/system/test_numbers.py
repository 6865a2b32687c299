# SPDX-License-Identifier: Apache-2.0
"""The figures of the README's table stay within their limits. QEMU counts: they repeat exactly."""
import pytest

import measure
from goals import made


@pytest.fixture(scope="module")
def figures(tmp_path_factory) -> dict[str, float]:
    """All figures, measured once; QEMU 7.2 is what they are measured on."""
    if measure.board.qemu_of_version(7) is None:
        pytest.skip("QEMU 7.2 is missing: make fetch")
    made("hyp", "build/demo.bundle", "CONFIG=demo")
    return {row[0]: row[1] for row in measure.measure(tmp_path_factory.mktemp("numbers"))}


@pytest.mark.parametrize("key", measure.LIMITS)
def test_a_figure_is_within_its_limit(figures, key):
    limit, unit = measure.LIMITS[key]
    assert figures[key] <= limit, f"{figures[key]:.4f} {unit}, the limit is {limit} {unit}"


def test_every_figure_has_a_limit(figures):
    assert set(figures) == set(measure.LIMITS)
