"""The weights of two points of one run, mixed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pneumo_desktop.training.fit import AVERAGE, EARLIER, FitSettings, mixed_weights


def test_a_share_of_the_earlier_weights_is_mixed_in(tmp_path: Path) -> None:
    last = [np.full((2, 3), 4.0, np.float32), np.array([8.0], np.float32)]
    earlier = [np.zeros((2, 3), np.float32), np.array([4.0], np.float32)]
    for name, weights in ((AVERAGE, last), (EARLIER, earlier)):
        np.savez(tmp_path / name, **{f"arr_{place}": weight for place, weight in enumerate(weights)})
    mixed = mixed_weights(tmp_path, FitSettings(mixed_epoch=4, mixed_share=0.25))
    np.testing.assert_allclose(mixed[0], 3.0)
    np.testing.assert_allclose(mixed[1], 7.0)
    np.testing.assert_array_equal(mixed_weights(tmp_path, FitSettings())[0], last[0])
