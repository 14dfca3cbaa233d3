"""Weights in a LiteRT file: read by the layer they belong to, and replaced in place. No TensorFlow.

The flatbuffer of a package is never executed here; offsets that lead outside it raise an error of flatbuffers or struct.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from pneumo_desktop.models.card import BadPackageError

Array = npt.NDArray[np.float32]
CONV, DEPTHWISE, DENSE = "conv", "depthwise", "dense"
EVIDENCE = "evidence_block"
"""The evidence from block 9 is a 1 x 1 convolution without bias named ``evidence_block9`` (``training.depths``)."""

_OPERATORS = {
    schema.BuiltinOperator.CONV_2D: CONV,
    schema.BuiltinOperator.DEPTHWISE_CONV_2D: DEPTHWISE,
    schema.BuiltinOperator.FULLY_CONNECTED: DENSE,
}
_COUNTER = re.compile(r"_\d+$")


@dataclass(frozen=True, eq=False)
class Weights:
    """One weighted operation: its kind, the names of layers on its kernel, kernel and bias as LiteRT stores them.

    kernel: conv (out, h, w, in), depthwise (1, h, w, channels), dense (out, in); bias: (out,) or None.
    kernel_at, bias_at: where their bytes start in the file.
    """

    kind: str
    layers: frozenset[str]
    kernel: Array
    bias: Array | None
    kernel_at: int
    bias_at: int


def layers_of(name: str) -> frozenset[str]:
    """Return the layer names on a tensor's name; the converter counts traces by a suffix that is taken off."""
    parts = {part for path in name.split(";") for part in path.split("/")}
    return frozenset(parts | {_COUNTER.sub("", part) for part in parts})


def operations(data: bytes) -> Iterator[Weights]:
    """Yield the weighted operations of the first graph, in order; raises BadPackageError(code='network')."""
    try:
        model = schema.Model.GetRootAsModel(data, 0)
        graph = model.Subgraphs(0)
        for index in range(graph.OperatorsLength()):
            operator = graph.Operators(index)
            code = model.OperatorCodes(operator.OpcodeIndex())
            kind = _OPERATORS.get(max(code.BuiltinCode(), code.DeprecatedBuiltinCode()))
            if kind is None:
                continue
            kernel = _constant(model, graph, operator.Inputs(1), data)
            if kernel is None:
                continue
            bias = None
            if operator.InputsLength() > 2 and operator.Inputs(2) >= 0:
                bias = _constant(model, graph, operator.Inputs(2), data)
            name = graph.Tensors(operator.Inputs(1)).Name().decode("utf-8", "replace")
            yield Weights(
                kind, layers_of(name), kernel[0], bias[0] if bias else None, kernel[1], bias[1] if bias else -1
            )
    except BadPackageError:
        raise
    except Exception as problem:
        raise BadPackageError("network", f"{type(problem).__name__}: {problem}") from problem


def _constant(model: schema.Model, graph: schema.SubGraph, index: int, data: bytes) -> tuple[Array, int] | None:
    """Return (values, offset of their bytes) of a constant float32 tensor, or None for any other."""
    tensor = graph.Tensors(index)
    buffer = model.Buffers(tensor.Buffer())
    if tensor.Type() != schema.TensorType.FLOAT32 or buffer is None or buffer.DataLength() == 0:
        return None
    start = buffer._tab.Vector(buffer._tab.Offset(4))
    shape = tuple(int(side) for side in tensor.ShapeAsNumpy()) if tensor.ShapeLength() else ()
    count = int(np.prod(shape, dtype=np.int64)) if shape else 1
    if count * 4 != buffer.DataLength() or start + count * 4 > len(data):
        raise BadPackageError("network", "a constant whose length is not its shape")
    return np.frombuffer(data, "<f4", count, start).reshape(shape), start


def _heads(data: bytes) -> list[Weights]:
    """Return the 1 x 1 convolutions to one map that are no evidence from below the top (``training.depths``)."""
    found = (w for w in operations(data) if w.kind == CONV and w.kernel.shape[:3] == (1, 1, 1))
    return [w for w in found if not any(name.startswith(EVIDENCE) for name in w.layers)]


def check_evidence(data: bytes) -> None:
    """Raise BadPackageError(code='evidence') for a network that can be read with but not taken further.

    It adds evidence to its map in a form that this program does not know: it was made by another version.
    """
    if len(_heads(data)) > 1:
        raise BadPackageError("evidence", "more than one head")


def head_of(data: bytes) -> Weights | None:
    """Return the 1 x 1 convolution to one map that ends the network, or None where the network has none."""
    heads = _heads(data)
    if len(heads) != 1 or heads[0].bias is None or heads[0].bias.shape != (1,):
        return None
    return heads[0]


def with_head(data: bytes, kernel: Array, bias: float) -> bytes:
    """Return the file with another head: kernel (C,) and bias. Every other byte stays, so the features do too.

    Raises ValueError when the network has no such head or the kernel is of another length.
    """
    head = head_of(data)
    if head is None or head.kernel.size != kernel.size:
        raise ValueError("the network has no head of this length")
    changed = bytearray(data)
    changed[head.kernel_at : head.kernel_at + 4 * kernel.size] = kernel.astype("<f4").tobytes()
    changed[head.bias_at : head.bias_at + 4] = np.array([bias], "<f4").tobytes()
    return bytes(changed)
