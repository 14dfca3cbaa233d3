"""The network on many pictures, a few at a time."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.network import Network
from pneumo_desktop.training import judge as judging
from pneumo_desktop.training.judge import Judge

PICTURES = [chest(seed, bool(seed % 2), (136, 136)) for seed in range(5)]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Network]:
    """Every network that is opened, on a computer of two cores."""
    found: list[Network] = []

    class Counted(Network):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            found.append(self)

    monkeypatch.setattr(judging, "Network", Counted)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    return found


def test_a_judge_opens_one_network_a_thread_however_often_it_is_asked(tiny_model: Path, opened: list[Network]) -> None:
    package, others = ModelPackage.open(tiny_model), set(threading.enumerate())
    with Judge(package) as judge:
        logits = [judge.logits(PICTURES) for _ in range(4)]
        assert 1 <= len(opened) <= 2
        assert set(threading.enumerate()) > others
    assert set(threading.enumerate()) == others
    single = [judge.look(picture).logit for picture in PICTURES]
    for many in (*logits, judge.logits(PICTURES)):  # a closed one answers, too
        np.testing.assert_allclose(many, single, atol=1e-6)
    judge.close()


def test_the_threads_end_with_a_judge_that_nobody_closed(tiny_model: Path) -> None:
    others = set(threading.enumerate())
    judge = Judge(ModelPackage.open(tiny_model))
    judge.features(PICTURES)
    threads = set(threading.enumerate()) - others
    assert threads
    del judge
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
