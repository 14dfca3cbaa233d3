"""One forward pass through LiteRT: logit, evidence map and gate features together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pneumo_desktop.models.card import BadPackageError
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.standard_error import silenced


@dataclass(frozen=True, eq=False)
class NetworkOutput:
    """logit: the mean of ``map``; map: (h, w) float32 evidence; features: (F,) float32 for the gate."""

    logit: float
    map: npt.NDArray[np.float32]
    features: npt.NDArray[np.float32]


class Network:
    """A LiteRT interpreter on one thread; belongs to one thread of the program at a time.

    Raises BadPackageError(code='network') when the network does not open or is not what the card says.
    """

    def __init__(self, package: ModelPackage) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._size = package.card.input_size
        try:
            with silenced():  # LiteRT greets past Python, and the level of its log cannot be set from here
                interpreter = Interpreter(model_content=package.network_bytes, num_threads=1)
                interpreter.allocate_tensors()
            inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
        except (ValueError, RuntimeError) as problem:
            raise BadPackageError("network", str(problem)) from problem
        if len(inputs) != 1 or tuple(inputs[0]["shape"]) != (1, self._size, self._size, 1):
            raise BadPackageError("network", "the network's input is not what the card says")
        by_rank = {len(detail["shape"]): detail for detail in outputs}
        pairs = [detail for detail in outputs if len(detail["shape"]) == 2]
        if len(outputs) != 3 or 3 not in by_rank or len(pairs) != 2:
            raise BadPackageError("network", "the network does not give logit, map and features")
        logit, features = sorted(pairs, key=lambda detail: int(detail["shape"][1]))
        if int(logit["shape"][1]) != 1 or any(detail["dtype"] != np.float32 for detail in (*inputs, *outputs)):
            raise BadPackageError("network", "the network's outputs are of another kind")
        self._interpreter = interpreter
        self._input = inputs[0]["index"]
        self._logit, self._map, self._features = logit["index"], by_rank[3]["index"], features["index"]

    @property
    def size(self) -> int:
        """Side of the square input in pixels."""
        return self._size

    def run(self, prepared: npt.NDArray[np.float32]) -> NetworkOutput:
        """Judge one prepared picture, (S, S) float32 in 0..1.

        Raises BadPackageError(code='network'), also where an answer is not finite: LiteRT tells of no overflow, and every
        comparison with a NaN would call the film normal.
        """
        self._interpreter.set_tensor(self._input, prepared[None, :, :, None])
        try:
            self._interpreter.invoke()
        except (ValueError, RuntimeError) as problem:  # some faults of a network show only here
            raise BadPackageError("network", str(problem)) from problem
        output = NetworkOutput(
            logit=float(self._interpreter.get_tensor(self._logit)[0, 0]),
            map=self._interpreter.get_tensor(self._map)[0],
            features=self._interpreter.get_tensor(self._features)[0],
        )
        if not all(np.isfinite(part).all() for part in (output.logit, output.map, output.features)):
            raise BadPackageError("network", "the network's answer is no number")
        return output
