"""The bundled network as it would be without evidence from its blocks: what most packages are."""

from __future__ import annotations

from dataclasses import replace

from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.training import depths
from pneumo_desktop.training.depths import terms_of
from pneumo_desktop.training.litert_file import EVIDENCE


def without_terms(package: ModelPackage) -> ModelPackage:
    """Return the package with a network that reads its map from the top alone."""
    model, graph = depths._read(package.network_bytes)
    added = {
        place for place, tensor in enumerate(graph.tensors) if bytes(tensor.name).startswith(EVIDENCE.encode())
    }  # fmt: skip
    sums = {
        int(op.outputs[0]): int(op.inputs[0])
        for op in graph.operators
        if int(op.outputs[0]) in added and int(op.inputs[0]) not in added and len(op.inputs) == 2
    }
    graph.operators = [op for op in graph.operators if int(op.outputs[0]) not in added]
    for operator in graph.operators:
        for _ in sums:  # the sum of one block is the start of the next one's
            operator.inputs = [sums.get(int(place), int(place)) for place in operator.inputs]
    network = depths._written(model)
    assert not terms_of(network)
    return replace(package, network_bytes=network)
