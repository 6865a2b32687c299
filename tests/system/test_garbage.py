# SPDX-License-Identifier: Apache-2.0
"""A guest that leaves garbage behind and ends, 20 times: a fraction of `make soak`.

tests/garbage.py says what is done and what must hold.
"""
import garbage
import pytest
from run_case import SCALE

SEED = 20261121
LIVES = 20


@pytest.mark.parametrize("key", garbage.VARIANTS)
def test_nothing_is_left_of_a_life_full_of_garbage(key):
    name = f"test_garbage-{key}"
    outcome = garbage.play(name, garbage.VARIANTS[key], SEED, LIVES, seconds=120 * SCALE)
    assert not outcome.failures, "\n".join([*outcome.failures, f"log: build/log/{name}.log"])
    assert outcome.lives >= LIVES
    assert outcome.ticks > 0
    print(outcome.said(not garbage.VARIANTS[key].parallel))
