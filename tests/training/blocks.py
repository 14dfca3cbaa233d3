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
    names = [bytes(tensor.name).decode() for tensor in graph.tensors]
    of_blocks = [op for op in graph.operators if names[int(op.outputs[0])].startswith(EVIDENCE)]
    before = {int(op.outputs[0]): int(op.inputs[0]) for op in of_blocks if names[int(op.outputs[0])].endswith("/sum")}
    graph.operators = [op for op in graph.operators if op not in of_blocks]
    for operator in graph.operators:
        for _ in before:  # the sum with one block's evidence is what the next one's is added to
            operator.inputs = [before.get(int(place), int(place)) for place in operator.inputs]
    network = depths._written(model)
    assert not terms_of(network)
    return replace(package, network_bytes=network)
