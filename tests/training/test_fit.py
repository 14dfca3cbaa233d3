"""A fit that is stopped or fails: what it goes on from, and what it says."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pneumo_desktop.training import fit as fitting
from pneumo_desktop.training.corpus import FIT, Sample
from pneumo_desktop.training.fit import BalancedBatches, FitSettings, fit
from pneumo_desktop.training.networks import build

STEPS = 3
SETTINGS = FitSettings(
    architecture="compact", size=32, epochs=2, steps_per_epoch=STEPS, batch=4, dropout=0.0, frozen_blocks=0,
    mixed_epoch=1, quotas={"local:0": 1.0, "local:1": 1.0},
)  # fmt: skip


def samples() -> list[Sample]:
    rng = np.random.default_rng(1)
    return [
        Sample(rng.integers(0, 128 * (1 + n % 2), (40, 40), np.uint8), n % 2, "local", str(n), FIT, 1.0, Path())
        for n in range(8)
    ]


class Run:
    """One fit in pieces: it is stopped once where ``stop_at`` steps were told, and notes what is validated and told."""

    def __init__(self, folder: Path, stop_at: int = 0) -> None:
        self.folder, self.stop_at, self.step = folder, stop_at, 0
        self.validated: list[list[np.ndarray]] = []
        self.epochs: list[dict[str, Any]] = []

    def _tell(self, event: dict[str, Any]) -> None:
        self.step = event.get("step", self.step)
        if event["event"] == "epoch":
            self.epochs.append(event)

    def _validate(self, model: keras.Model) -> dict[str, float]:
        self.validated.append([np.array(weight) for weight in model.get_weights()])
        return {"val_loss": 1.0 / len(self.validated)}

    def _stopped(self) -> bool:
        if self.step != self.stop_at:
            return False
        self.stop_at = 0
        return True

    def go_on(self) -> tuple[bool, keras.Model]:
        """Fit from the checkpoint; return whether it came to its end, and the network."""
        keras.utils.set_random_seed(5)
        model = build("compact", 32, 0.0)
        return fit(model, samples(), SETTINGS, self.folder, self._tell, self._validate, self._stopped), model


@pytest.mark.parametrize("saved", [False, True], ids=["stopped", "saved and killed"])
def test_an_epoch_that_is_left_at_its_last_step_is_validated_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saved: bool
) -> None:
    monkeypatch.setattr(fitting, "TELL_EVERY", 0.0)
    whole, pieces = Run(tmp_path / "whole"), Run(tmp_path / "pieces", 0 if saved else STEPS)
    done, model = whole.go_on()
    assert done
    if saved:
        _kill_in_the_validation(pieces, monkeypatch)
    else:
        assert not pieces.go_on()[0]
    done, resumed = pieces.go_on()
    assert done
    assert [event["epoch"] for event in pieces.epochs] == [1, 2]
    assert len(pieces.validated) == 2
    for name in ("loss", "accuracy"):
        assert [e[name] for e in pieces.epochs] == pytest.approx([e[name] for e in whole.epochs], abs=1e-4)
    mine_of_all = (*pieces.validated, resumed.get_weights())
    for mine, theirs in zip(mine_of_all, (*whole.validated, model.get_weights()), strict=True):
        for one, other in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-4)
    assert (tmp_path / "pieces" / fitting.EARLIER).is_file()


def _kill_in_the_validation(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every step be saved, and end the run while its first epoch is validated."""

    def kill(_model: keras.Model) -> dict[str, float]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(fitting, "SAVE_EVERY", 0.0)
        patched.setattr(run, "_validate", kill)
        with pytest.raises(KeyboardInterrupt):
            run.go_on()


def test_what_goes_wrong_while_films_are_changed_ends_the_training_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise MemoryError("no room for a film")

    monkeypatch.setattr(fitting, "augment", fail)
    with BalancedBatches(samples(), SETTINGS, 0, STEPS) as batches, pytest.raises(MemoryError, match="no room"):
        batches.get()
    with pytest.raises(MemoryError, match="no room"):
        Run(tmp_path).go_on()


def test_a_full_disk_leaves_the_weights_as_they_were_and_nothing_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, model = tmp_path / "best.npz", build("compact", 32, 0.0)
    fitting.save_weights(path, model)
    before = path.read_bytes()

    def full(stream: Any, **_arrays: Any) -> None:
        stream.write(b"the first megabyte")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left") as caught:
        fitting.save_weights(path, model)
    assert caught.value.filename == str(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
