"""Makes the "Try it" pictures: blends of several CC BY images of one class, so that none shows a patient.

``.venv/bin/python resources/make_examples.py ../shared/data/kermany/train_224 resources/examples``
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

BLENDED = 2
EXAMPLES = (("NORMAL", 100), ("NORMAL", 40), ("PNEUMONIA", 1000), ("PNEUMONIA", 2000))


def main() -> None:
    """Write one PNG for each of ``EXAMPLES``: the mean of pictures that stand apart in the list, contrast restored."""
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    for number, (name, first) in enumerate(EXAMPLES, 1):
        files = sorted((source / name).glob("*.jpeg"))
        chosen = [files[first + 211 * i] for i in range(BLENDED)]
        blend = np.mean([cv2.imread(str(path), cv2.IMREAD_GRAYSCALE).astype(np.float32) for path in chosen], axis=0)
        low, high = np.percentile(blend, (0.5, 99.5))
        picture = np.clip((blend - low) / (high - low) * 255, 0, 255).astype(np.uint8)
        picture = cv2.resize(picture, (512, 448), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(target / f"generated-example-{number}.png"), picture)


if __name__ == "__main__":
    main()
