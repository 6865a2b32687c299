# SPDX-License-Identifier: Apache-2.0
"""Operations on a VM at random, by three parties at once: a fraction of `make soak`.

tests/verbs.py says what is done and what must hold.
"""
import pytest
import verbs
from run_case import SCALE

SEED = 20261121
CALLS = 3000


@pytest.mark.parametrize("key", verbs.VARIANTS)
def test_a_VM_that_is_told_many_things_at_once_can_be_started_after_that(key):
    name = f"test_verbs-{key}"
    outcome = verbs.play(name, key, SEED, CALLS, seconds=120 * SCALE)
    assert not outcome.failures, "\n".join([*outcome.failures, f"log: build/log/{name}.log"])
    assert outcome.typed > 20, "somebody typed meanwhile"
    print(outcome.said())
