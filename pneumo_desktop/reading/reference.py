"""Does a package give the scores that it promises?"""

from __future__ import annotations

import numpy as np

from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.imaging.prepare import squash
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.network import Network

TOLERANCE = 1e-4


def largest_difference(package: ModelPackage) -> float:
    """Return the largest difference of a reference score (0..1) from its known value; inf without references.

    Raises BadPackageError where the network does not run or does not fit the card.
    """
    network = Network(package)
    score = package.card.calibration.score
    differences = []
    for known in package.reference:
        picture = squash(chest(known.seed, known.pneumonia), network.size).astype(np.float32) / np.float32(255)
        differences.append(abs(score(network.run(picture).logit) - score(known.logit)))
    return max(differences, default=float("inf"))
