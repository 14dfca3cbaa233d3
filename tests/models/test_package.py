"""A model package is untrusted: each way of being wrong is refused with its own code."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pneumo_desktop.models.card import MAX_DEPTH, BadPackageError, Calibration, Card
from pneumo_desktop.models.package import ModelPackage, ReferenceScore, read_arrays, write_package
from pneumo_desktop.reading.outcome import OperatingPoint, Outcome, Population


def a_card(model_id: str = "test-1", **changes: object) -> Card:
    values: dict[str, object] = {
        "model_id": model_id, "name": "Test", "created": "2026-11-23", "architecture": "compact", "input_size": 64,
        "preprocessing_version": 1, "parameters": 10, "calibration": Calibration(1.5, -0.25),
        "operating_points": {Population.NOT_KNOWN: OperatingPoint(0.5, 0.4, 0.6)}, "age_range": (1.0, 90.0),
    }  # fmt: skip
    values.update(changes)
    return Card(**values)  # type: ignore[arg-type]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / "good.pneumo"
    write_package(
        path, a_card(), b"network", {"a": np.arange(6, dtype=np.float16).reshape(2, 3)}, (ReferenceScore(1, True, 0.5),)
    )
    return path


def rewritten(path: Path, **parts: bytes | None) -> Path:
    """Copy the package with parts changed, and the manifest as it was unless it is among them."""
    changed = path.with_name("changed.pneumo")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            value = parts.get(name.replace(".", "_"), old.read(name))
            if value is not None:
                new.writestr(name, value)
    return changed


def rehashed(path: Path, **parts: bytes) -> Path:
    """Copy the package with parts changed and a manifest that agrees."""
    with zipfile.ZipFile(path) as old:
        whole = {name: parts.get(name.replace(".", "_"), old.read(name)) for name in old.namelist()}
    hashes = {name: hashlib.sha256(part).hexdigest() for name, part in whole.items() if name != "manifest.json"}
    return rewritten(path, **parts, manifest_json=json.dumps({"sha256": hashes}).encode())


def code_of(path: Path) -> str:
    with pytest.raises(BadPackageError) as caught:
        ModelPackage.open(path)
    return caught.value.code


def test_what_is_written_is_read(package: Path) -> None:
    opened = ModelPackage.open(package)
    assert opened.card == Card.from_json(json.loads(json.dumps(a_card().to_json())))
    assert opened.card.operating_points[Population.NOT_KNOWN].judge(0.7) is Outcome.LIKELY_PNEUMONIA
    assert opened.network_bytes == b"network"
    np.testing.assert_array_equal(opened.arrays["a"], [[0, 1, 2], [3, 4, 5]])
    assert opened.reference == (ReferenceScore(1, True, 0.5),)


def test_the_same_content_gives_the_same_bytes(package: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.pneumo"
    write_package(
        again,
        a_card(),
        b"network",
        {"a": np.arange(6, dtype=np.float16).reshape(2, 3)},
        (ReferenceScore(1, True, 0.5),),
    )
    assert ModelPackage.open(again).sha256 == ModelPackage.open(package).sha256


def test_an_altered_network_is_refused(package: Path) -> None:
    assert code_of(rewritten(package, network_tflite=b"netwerk")) == "hash"


def test_a_missing_part_is_refused(package: Path) -> None:
    assert code_of(rewritten(package, reference_json=None)) == "member"


def test_no_package_at_all(tmp_path: Path) -> None:
    noise = tmp_path / "noise.pneumo"
    noise.write_bytes(b"PK\x03\x04" + b"x" * 100)
    assert code_of(noise) == "not_a_package"
    assert code_of(tmp_path / "missing.pneumo") == "missing"


@pytest.mark.parametrize("name", ["../evil.json", "/etc/passwd", "card.json/../x"])
def test_names_with_path_parts_are_refused(package: Path, name: str) -> None:
    with zipfile.ZipFile(package, "a") as archive:
        archive.writestr(name, b"x")
    assert code_of(package) == "member"


def test_a_member_that_claims_too_much_is_refused(package: Path) -> None:
    bomb = rewritten(package, card_json=b" " * 2_000_000)
    assert code_of(bomb) == "too_large"


@pytest.mark.parametrize("references", ['[{"seed": 1e999, "pneumonia": 1, "logit": 0}]', '[{"seed": 1}]', "7", "[7]"])
def test_references_that_are_none_are_refused(package: Path, references: str) -> None:
    assert code_of(rehashed(package, reference_json=f'{{"references": {references}}}'.encode())) == "reference"


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
@pytest.mark.parametrize("is_damaged", [False, True])
def test_a_member_that_is_packed_in_another_way_is_refused(package: Path, method: int, is_damaged: bool) -> None:
    packed = package.with_name("packed.pneumo")
    with zipfile.ZipFile(package) as old, zipfile.ZipFile(packed, "w", method) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        place = new.getinfo("card.json").header_offset + 30 + len("card.json")
    if is_damaged:
        data = bytearray(packed.read_bytes())
        data[place + 12 : place + 40] = b"\xff" * 28
        packed.write_bytes(data)
    assert code_of(packed) == "not_a_package"


@pytest.mark.parametrize(("field", "value"), [(8, 1), (10, 99)], ids=["encrypted", "an unknown method"])
def test_a_member_that_nobody_here_can_unpack_is_refused(package: Path, field: int, value: int) -> None:
    data = bytearray(package.read_bytes())
    data[data.index(b"PK\x01\x02") + field] = value  # the flags, the method in the first entry of the directory
    data[data.index(b"PK\x03\x04") + field - 2] = value
    package.write_bytes(data)
    assert code_of(package) == "not_a_package"


def test_a_package_for_another_preprocessing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pneumo"
    write_package(path, a_card(preprocessing_version=2), b"n", {}, ())
    assert code_of(path) == "preprocessing"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("input_size", 100_000), ("input_size", "64"), ("model_id", ""), ("parameters", True),
        ("calibration", {"slope": 0, "intercept": 0}), ("operating_points", {"martians": {}}),
        ("operating_points", {"adults": {"low": 0.9, "threshold": 0.5, "high": 0.6}}), ("age_range", [1]), ("card_version", 0),
        ("model_id", "x" * 81), ("model_id", "a\x1b[2Jb"), ("model_id", "a\nb"), ("model_id", "$\\frac{$"),
        ("model_id", "_hidden"), ("model_id", "<b>"), ("model_id", "a\u202eb"), ("parameters", 10**400),
        ("metrics", {"auc": float("nan")}), ("data", {"a": [{"b": float("-inf")}]}), ("training", {"a": 10**400}),
        ("ages", None), ("ages", [[1, 6], [18, 86]]), ("ages", {"adults": [18]}), ("ages", {"adults": 18}),
        ("ages", {"adults": ["18", 86]}), ("ages", {"adults": [True, 86]}), ("ages", {"adults": [86, 18]}),
        ("ages", {"adults": [18, 18]}), ("ages", {"adults": [18, 1e9]}), ("ages", {"adults": [18, float("nan")]}),
        ("ages", {"children": [-1, 6]}), ("ages", {"not_known": [1, 86]}), ("ages", {"martians": [1, 6]}),
        ("ages", {"children": [1, 19], "adults": [18, 86]}), ("ages", {"children": [1, 6, 12]}),
        ("model_id", "x\ud800y"), ("name", "x\ud800y"), ("limits", ["x\ud800y"]), ("metrics", {"x\ud800y": 1}),
    ],
)  # fmt: skip
def test_a_card_is_checked_field_by_field(key: str, value: object) -> None:
    values = a_card().to_json() | {key: value}
    with pytest.raises(BadPackageError) as caught:
        Card.from_json(json.loads(json.dumps(values)))
    assert caught.value.code == "card"


def test_a_card_of_a_later_version_is_no_damaged_one() -> None:
    with pytest.raises(BadPackageError) as caught:
        Card.from_json(a_card().to_json() | {"card_version": 2, "metrics": None})
    assert caught.value.code == "preprocessing"


@pytest.mark.parametrize("logit", [float("nan"), float("inf")])
def test_a_reference_score_is_a_number(package: Path, logit: float) -> None:
    known = [{"seed": 1, "pneumonia": True, "logit": value} for value in (0.5, logit)]
    assert code_of(rehashed(package, reference_json=json.dumps({"references": known}).encode())) == "reference"


@pytest.mark.parametrize("kind", ["object", "list"])
def test_a_card_is_no_deeper_than_what_goes_through_it(kind: str) -> None:
    def nested(levels: int) -> dict[str, object]:
        inner: object = 0.5
        for _ in range(levels):
            inner = {"a": inner} if kind == "object" else [inner]
        return json.loads(json.dumps(a_card().to_json() | {"metrics": {"a": inner}}))

    Card.from_json(nested(MAX_DEPTH - 2)).to_json()
    for levels in (MAX_DEPTH - 1, 900):
        with pytest.raises(BadPackageError) as caught:
            Card.from_json(nested(levels))
        assert caught.value.code == "card"


def test_a_card_tells_the_ages_of_each_population_or_does_not() -> None:
    ages = {Population.CHILDREN: (1.0, 6.0), Population.ADULTS: (18.0, 86.0)}
    told = a_card(ages=ages).to_json()
    assert told["ages"] == {"children": [1.0, 6.0], "adults": [18.0, 86.0]}
    assert Card.from_json(json.loads(json.dumps(told))).ages == ages
    assert "ages" not in a_card().to_json()
    assert Card.from_json(json.loads(json.dumps(a_card().to_json()))).ages == {}


def npz(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return stream.getvalue()


def npy_header(descr: str, shape: str) -> bytes:
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, ("executed",))


@pytest.mark.parametrize(
    "data",
    [
        npy_header("<f4", "(1000000, 1000000)"),
        npy_header("<f4", "(2, 2)") + b"\0" * 8,
        npy_header("|O", "(1,)") + pickle.dumps(Evil()),
        npy_header("<f4", "(-1,)"),
        npy_header("<f4", "(1,)") + np.array([np.nan], "<f4").tobytes(),
        b"not an array",
    ],
    ids=["huge shape", "short data", "pickle inside", "negative side", "not finite", "noise"],
)
def test_hostile_arrays_are_refused(data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadPackageError) as caught:
        read_arrays(npz(a=data))
    assert caught.value.code == "arrays"
    assert list(tmp_path.iterdir()) == []


def test_calibration_never_overflows() -> None:
    calibration = Calibration(2.0, 1.0)
    assert calibration.score(1e9) == 1.0
    assert 0.0 <= calibration.score(-1e9) < 1e-100
    assert calibration.score(-0.5) == pytest.approx(0.5)
