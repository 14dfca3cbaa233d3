"""What a network sees below its top, and evidence from there: read from the LiteRT file and written into it. No TensorFlow.

The top of a network that has seen one population keeps only what told that one apart; the blocks below still hold what
another population needs, most of all in their widened channels, before these are projected to a few (docs/decisions.md).
A package stays readable by every version: the file only gets further operations.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from pneumo_desktop.models.card import BadPackageError
from pneumo_desktop.training.litert_file import CONV, EVIDENCE, Array, Weights, layers_of, operations

BLOCKS = (9, 11)
"""The blocks whose widened channels' means are added to the features, 672 each in EfficientNet-Lite0."""

_OPERATOR = schema.BuiltinOperator


@dataclass(frozen=True)
class DepthNetwork:
    """A network whose features go on with the means of ``BLOCKS``; ``widths``: block -> how many numbers."""

    network: bytes
    widths: Mapping[int, int]


def with_depth_features(data: bytes) -> DepthNetwork | None:
    """Return the file with the means of ``BLOCKS`` behind its features, or None where it has no such blocks."""
    model, graph = _read(data)
    places = {block: _widened(graph, block) for block in BLOCKS}
    joined = [op for op in graph.operators if _kind(model, op) == _OPERATOR.CONCATENATION]
    if None in places.values() or len(joined) != 1:
        return None
    join = joined[0]
    means = [op for op in graph.operators if _kind(model, op) == _OPERATOR.MEAN and op.outputs[0] in join.inputs]
    if not means:
        return None
    added, widths = [], {}
    for block, tensor in places.items():
        width = int(graph.tensors[tensor].shape[-1])
        mean = copy.copy(means[0])
        out = _tensor(model, graph, f"mean_block{block}", (1, width))
        mean.inputs, mean.outputs = [tensor, means[0].inputs[1]], [out]
        graph.operators.insert(graph.operators.index(join), mean)
        added.append(out)
        widths[block] = width
    features = graph.tensors[join.outputs[0]]
    features.shape = [1, int(features.shape[1]) + sum(widths.values())]
    features.shapeSignature = None
    join.inputs = [*map(int, join.inputs), *added]
    return DepthNetwork(_written(model), widths)


def _terms(data: bytes) -> dict[int, Weights]:
    found = {}
    for weights in operations(data):
        for name in weights.layers:
            if weights.kind == CONV and name.startswith(EVIDENCE) and name[len(EVIDENCE) :].isdigit():
                found[int(name[len(EVIDENCE) :])] = weights
    return found


def terms_of(data: bytes) -> dict[int, Array]:
    """Return block -> kernel (C,) of the evidence from below the top; empty for a network without any."""
    return {block: weights.kernel.ravel() for block, weights in _terms(data).items()}


def with_terms(data: bytes, terms: Mapping[int, Array]) -> bytes:
    """Return the file with evidence from these blocks added to its map, and so to its logit, which is the map's mean.

    What was there from the same block is replaced. Raises BadPackageError(code='network') for another kind of network.
    """
    changed, known = bytearray(data), _terms(data)
    for block, weights in known.items():
        if block in terms:
            if terms[block].size != weights.kernel.size:
                raise BadPackageError("network", f"the evidence of block {block} does not fit")
            values = terms[block].astype("<f4").tobytes()
            changed[weights.kernel_at : weights.kernel_at + len(values)] = values
    if set(terms) <= set(known):
        return bytes(changed)
    model, graph = _read(bytes(changed))
    for block in sorted(set(terms) - set(known)):
        _add_term(model, graph, block, terms[block])
    return _written(model)


def _add_term(model: Any, graph: Any, block: int, kernel: Array) -> None:
    """Add the mean-preserving evidence of one block to the tensor that the map and the logit are made of."""
    tensor = _widened(graph, block)
    logits = [
        op for op in graph.operators if _kind(model, op) == _OPERATOR.MEAN and _shape(graph, op.outputs[0]) == (1, 1)
    ]
    if tensor is None or len(logits) != 1:
        raise BadPackageError("network", f"no block {block}, or no logit that is the mean of a map")
    old = int(logits[0].inputs[0])
    _, height, width, channels = _shape(graph, tensor)
    _, rows, columns, _ = _shape(graph, old)
    if channels != kernel.size or height % rows or width % columns:
        raise BadPackageError("network", f"the evidence of block {block} does not fit")
    values = _tensor(model, graph, f"{EVIDENCE}{block}/kernel", (1, 1, 1, channels), kernel)
    bias = _tensor(model, graph, f"{EVIDENCE}{block}/bias", (1,), np.zeros(1, np.float32))
    last = _tensor(model, graph, f"{EVIDENCE}{block}/convolution", (1, height, width, 1))
    evidence = next(op for op in graph.operators if old in op.outputs)
    operators = [_operator(model, _OPERATOR.CONV_2D, _conv_options(), "Conv2DOptions", [tensor, values, bias], [last])]
    if height > rows:
        pooled = _tensor(model, graph, f"{EVIDENCE}{block}/mean", (1, rows, columns, 1))
        options = schema.Pool2DOptionsT()
        options.padding = schema.Padding.VALID
        options.strideH = options.filterHeight = height // rows
        options.strideW = options.filterWidth = width // columns
        operators.append(_operator(model, _OPERATOR.AVERAGE_POOL_2D, options, "Pool2DOptions", [last], [pooled]))
        last = pooled
    total = _tensor(model, graph, f"{EVIDENCE}{block}/sum", (1, rows, columns, 1))
    operators.append(_operator(model, _OPERATOR.ADD, schema.AddOptionsT(), "AddOptions", [old, last], [total]))
    for operator in graph.operators:
        operator.inputs = [total if int(place) == old else int(place) for place in operator.inputs]
    place = graph.operators.index(evidence) + 1
    graph.operators[place:place] = operators
    operators[-1].inputs = [old, last]


def _conv_options() -> Any:
    options = schema.Conv2DOptionsT()
    options.padding = schema.Padding.VALID
    options.strideH = options.strideW = options.dilationHFactor = options.dilationWFactor = 1
    return options


def _read(data: bytes) -> tuple[Any, Any]:
    try:
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))
        return model, model.subgraphs[0]
    except Exception as problem:
        raise BadPackageError("network", f"{type(problem).__name__}: {problem}") from problem


def _written(model: Any) -> bytes:
    builder = flatbuffers.Builder(16 * 2**20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _shape(graph: Any, tensor: int) -> tuple[int, ...]:
    return tuple(int(side) for side in graph.tensors[tensor].shape)


def _kind(model: Any, operator: Any) -> int:
    code = model.operatorCodes[operator.opcodeIndex]
    return max(int(code.builtinCode), int(code.deprecatedBuiltinCode))


def _widened(graph: Any, block: int) -> int | None:
    """Return the tensor of a block's widened channels: what its projection reads."""
    for operator in graph.operators:
        if len(operator.inputs) > 1:
            name = bytes(graph.tensors[int(operator.inputs[1])].name).decode("utf-8", "replace")
            if f"block{block}_project" in layers_of(name):
                return int(operator.inputs[0])
    return None


def _tensor(model: Any, graph: Any, name: str, shape: tuple[int, ...], values: Array | None = None) -> int:
    """Add a float32 tensor, a constant where there are ``values``; return its number."""
    buffer = schema.BufferT()
    if values is not None:
        buffer.data = np.frombuffer(values.astype("<f4").tobytes(), np.uint8)
    model.buffers.append(buffer)
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type = name.encode(), list(shape), schema.TensorType.FLOAT32
    tensor.buffer = len(model.buffers) - 1
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def _operator(model: Any, kind: int, options: Any, name: str, inputs: list[int], outputs: list[int]) -> Any:
    codes = [
        place
        for place, code in enumerate(model.operatorCodes)
        if max(code.builtinCode, code.deprecatedBuiltinCode) == kind
    ]
    if not codes:
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = kind
        code.version = 1
        model.operatorCodes.append(code)
        codes = [len(model.operatorCodes) - 1]
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = codes[0], inputs, outputs
    operator.builtinOptionsType, operator.builtinOptions = getattr(schema.BuiltinOptions, name), options
    return operator
