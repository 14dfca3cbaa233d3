"""The figures that runs of the bundled recipe are compared by, on the choose part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pneumo_desktop.evaluation.metrics import auc
from pneumo_desktop.training.corpus import CHOOSE, Sample
from pneumo_desktop.training.figures_of_record import against_rsna_normals
from pneumo_desktop.training.look import Picture, other_look


@dataclass(frozen=True, eq=False)
class ChoosePart:
    """Samples whose labels are worth something, and their children once more, each in the look of the other class."""

    samples: Sequence[Sample]
    disguised: Sequence[Picture]

    @classmethod
    def of(cls, corpus: Sequence[Sample], size: int) -> ChoosePart:
        """Return the choose part of ``corpus``, the looks borrowed at ``size`` pixels a side."""
        samples = [sample for sample in corpus if sample.part == CHOOSE and sample.weight > 0]
        return cls(samples, other_look([sample for sample in samples if sample.is_child], size))

    @property
    def pictures(self) -> list[Picture]:
        """Everything that a network has to look at for ``figures``."""
        return [*(sample.picture for sample in self.samples), *self.disguised]

    def figures(self, logits: npt.NDArray[np.floating]) -> dict[str, float]:
        """Return four AUCs from the logits of ``pictures``, in their order.

        Children; children in the other class's look; the NIH's pneumonia, and radiologists' opacities, against RSNA normals.
        """
        values = np.asarray(logits, np.float64)
        plain, disguised = values[: len(self.samples)], values[len(self.samples) :]
        children = [place for place, sample in enumerate(self.samples) if sample.is_child]
        labels = [self.samples[place].label for place in children]
        adults = against_rsna_normals(
            self.samples, plain, lambda samples, own: {"auc": auc([sample.label for sample in samples], own)}
        )
        return {
            "auc_children": auc(labels, plain[children]),
            "auc_children_other_look": auc(labels, disguised),
            "auc_adults": adults["pneumonia_vs_rsna_normal"]["auc"],
            "auc_opacity": adults["opacity_vs_rsna_normal"]["auc"],
        }
