"""Installing, choosing and going back; the bundled model is always there."""

from __future__ import annotations

import errno
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pneumo_desktop.models.card import BadPackageError, Calibration, Card
from pneumo_desktop.models.package import write_package
from pneumo_desktop.models.registry import Registry, UnknownModelError
from pneumo_desktop.models.worse import ReasonNeededError
from pneumo_desktop.reading.outcome import OperatingPoint, Population


def made(path: Path, model_id: str, network: bytes = b"n", **of_card: Any) -> Path:
    card = Card(
        model_id=model_id, name=model_id, created="2026-11-23", architecture="compact", input_size=64,
        preprocessing_version=1, parameters=1, calibration=Calibration(),
        operating_points={Population.NOT_KNOWN: OperatingPoint(0.5, 0.4, 0.6)}, age_range=(1.0, 90.0), **of_card,
    )  # fmt: skip
    write_package(path, card, network, {}, ())
    return path


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "data" / "models", made(tmp_path / "bundled.pneumo", "bundled"))


def test_the_bundled_model_is_active_at_first(registry: Registry) -> None:
    assert [info.model_id for info in registry.list()] == ["bundled"]
    active = registry.active()
    assert active is not None and active.bundled


def test_activate_and_roll_back(registry: Registry, tmp_path: Path) -> None:
    for name in ("one", "two"):
        registry.install(made(tmp_path / f"{name}.pneumo", name))
        assert registry.activate(name).active
    assert registry.rollback().model_id == "one"  # type: ignore[union-attr]
    assert registry.rollback().model_id == "bundled"  # type: ignore[union-attr]
    assert registry.rollback().model_id == "bundled"  # type: ignore[union-attr]


@pytest.mark.parametrize("history", [None, ["one", "pneumo-1"], ["one", "bundled"]])
def test_an_update_of_the_bundled_model_activates_no_model_that_was_left(
    registry: Registry, tmp_path: Path, history: list[str] | None
) -> None:
    registry.install(made(tmp_path / "one.pneumo", "one"))
    if history is None:
        registry.activate("one")
        registry.activate("bundled")
        updated = Registry(tmp_path / "data" / "models", made(tmp_path / "updated.pneumo", "bundled-2"))
    else:  # written before the bundled model had a mark of its own
        (tmp_path / "data" / "models" / "active.json").write_text(json.dumps({"history": history}))
        updated = registry
    active = updated.active()
    assert active is not None and active.bundled
    assert updated.rollback().model_id == "one"  # type: ignore[union-attr]
    assert updated.rollback().bundled  # type: ignore[union-attr]


def test_a_model_activated_twice_is_one_step_back(registry: Registry, tmp_path: Path) -> None:
    registry.install(made(tmp_path / "one.pneumo", "one"))
    registry.activate("one")
    registry.activate("one")
    assert registry.rollback().model_id == "bundled"  # type: ignore[union-attr]


def test_what_going_back_leads_to_is_known_before(registry: Registry, tmp_path: Path) -> None:
    for name in ("one", "two"):
        registry.install(made(tmp_path / f"{name}.pneumo", name))
    assert registry.before() is None
    for name, before in (("one", "bundled"), ("two", "one"), ("bundled", "two")):
        registry.activate(name)
        assert registry.before().model_id == before  # type: ignore[union-attr]
    while (expected := registry.before()) is not None:
        assert registry.rollback().model_id == expected.model_id  # type: ignore[union-attr]
    assert registry.active().model_id == "bundled"  # type: ignore[union-attr]


def test_an_id_is_used_once(registry: Registry, tmp_path: Path) -> None:
    first = registry.install(made(tmp_path / "a.pneumo", "one"))
    assert registry.install(made(tmp_path / "b.pneumo", "one")) == first
    with pytest.raises(BadPackageError) as caught:
        registry.install(made(tmp_path / "c.pneumo", "one", b"other"))
    assert caught.value.code == "id_taken"


def test_a_bad_package_leaves_the_registry_as_it_was(registry: Registry, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pneumo"
    bad.write_bytes(b"nothing")
    with pytest.raises(BadPackageError):
        registry.install(bad)
    assert [info.model_id for info in registry.list()] == ["bundled"]


@pytest.mark.parametrize("model_id", ["../up", "a/b", ".hidden"])
def test_an_id_is_no_path(registry: Registry, tmp_path: Path, model_id: str) -> None:
    with pytest.raises(BadPackageError):
        registry.install(made(tmp_path / "x.pneumo", model_id))


def test_remove_spares_the_bundled_and_the_active_model(registry: Registry, tmp_path: Path) -> None:
    registry.install(made(tmp_path / "one.pneumo", "one"))
    registry.activate("one")
    for model_id in ("bundled", "one"):
        with pytest.raises(PermissionError):
            registry.remove(model_id)
    registry.rollback()
    registry.remove("one")
    with pytest.raises(UnknownModelError):
        registry.get("one")


def test_export_is_a_package_again(registry: Registry, tmp_path: Path) -> None:
    target = tmp_path / "usb.pneumo"
    registry.export("bundled", target)
    other = Registry(tmp_path / "elsewhere", tmp_path / "none.pneumo")
    assert other.active() is None
    assert other.install(target).model_id == "bundled"


def test_a_damaged_package_is_passed_over_and_mended_by_a_good_copy(registry: Registry, tmp_path: Path) -> None:
    copy = made(tmp_path / "one.pneumo", "one")
    installed = registry.install(copy).path
    installed.write_bytes(installed.read_bytes()[:-30])
    assert [info.model_id for info in registry.list()] == ["bundled"]
    assert installed.is_file(), "what is damaged is not deleted"
    assert registry.install(copy).model_id == "one"


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_package_that_cannot_be_unpacked_hides_no_other(registry: Registry, tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(registry.install(made(tmp_path / "one.pneumo", "one")).path) as sound:
        parts = {name: sound.read(name) for name in sound.namelist()}
    bad = tmp_path / "data" / "models" / "a bad one.pneumo"
    with zipfile.ZipFile(bad, "w", method) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    place = 30 + len(next(iter(parts)))
    data = bytearray(bad.read_bytes())
    data[place + 12 : place + 40] = b"\xff" * 28
    bad.write_bytes(data)
    assert [info.model_id for info in registry.list()] == ["bundled", "one"]


def test_without_the_bundled_package_the_installed_ones_are_there(tmp_path: Path) -> None:
    bundled = tmp_path / "bundled.pneumo"
    bundled.write_bytes(b"damaged")
    registry = Registry(tmp_path / "models", bundled)
    registry.install(made(tmp_path / "one.pneumo", "one"))
    assert registry.activate("one").active
    assert [info.model_id for info in registry.list()] == ["one"]


def test_capitals_make_no_other_model(registry: Registry, tmp_path: Path) -> None:
    registry.install(made(tmp_path / "a.pneumo", "clinic"))
    with pytest.raises(BadPackageError) as caught:
        registry.install(made(tmp_path / "b.pneumo", "Clinic", b"other"))
    assert caught.value.code == "id_taken"


def test_an_import_takes_the_place_of_no_model_that_was_put_there_by_hand(registry: Registry, tmp_path: Path) -> None:
    by_hand = tmp_path / "data" / "models" / "Clinic.pneumo"
    by_hand.parent.mkdir(parents=True)
    made(by_hand, "by-hand")
    registry.activate("by-hand")
    installed = registry.install(made(tmp_path / "x.pneumo", "clinic"))
    assert {info.model_id for info in registry.list()} == {"bundled", "by-hand", "clinic"}
    assert registry.active().model_id == "by-hand"  # type: ignore[union-attr]
    assert registry.activate("clinic").path == installed.path
    registry.activate("bundled")
    registry.remove("clinic")
    assert by_hand.is_file()


def test_of_two_packages_with_one_id_there_is_one_model(registry: Registry, tmp_path: Path) -> None:
    installed = registry.install(made(tmp_path / "x.pneumo", "clinic"))
    for name, model_id in (("z", "clinic"), ("y", "Clinic"), ("a", "bundled")):
        made(installed.path.with_name(f"{name}.pneumo"), model_id, name.encode())
    registry.activate("clinic")
    assert [(info.model_id, info.sha256) for info in registry.list() if info.active] == [("clinic", installed.sha256)]
    assert [info.bundled for info in registry.list()] == [True, False]


def test_an_export_writes_over_no_other_file(registry: Registry, tmp_path: Path) -> None:
    downloading = tmp_path / "usb.pneumo.part"
    downloading.write_bytes(b"somebody's")
    registry.export("bundled", tmp_path / "usb.pneumo")
    assert downloading.read_bytes() == b"somebody's"


def test_going_back_passes_over_a_model_that_is_gone(registry: Registry, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        registry.install(made(tmp_path / f"{name}.pneumo", name))
        registry.activate(name)
    registry.get("three").path.unlink()
    assert registry.active().model_id == "two"  # type: ignore[union-attr]
    assert registry.rollback().model_id == "one"  # type: ignore[union-attr]


@pytest.mark.parametrize("action", ["install", "activate", "export"])
def test_a_full_disk_leaves_the_registry_as_it_was(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    registry.install(made(tmp_path / "one.pneumo", "one"))
    registry.activate("one")
    fresh = made(tmp_path / "two.pneumo", "two")
    target = tmp_path / "usb.pneumo"
    target.write_bytes(b"older")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    acts = {
        "install": lambda: registry.install(fresh),
        "activate": lambda: registry.activate("bundled"),
        "export": lambda: registry.export("one", target),
    }
    with pytest.raises(OSError, match="No space") as caught:
        acts[action]()
    models = tmp_path / "data" / "models"
    named = {"install": models / "two.pneumo", "activate": models / "active.json", "export": target}
    assert caught.value.filename == str(named[action]), "a full disk names no file of its own"
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert registry.active().model_id == "one"  # type: ignore[union-attr]


WORSE = {"comparison": {"verdict": "worse"}}


@pytest.mark.parametrize(
    "of_card",
    [
        {"metrics": WORSE},
        {"metrics": {"comparison": None}, "training": {"operating_point": {"locked_test_before": WORSE}}},
    ],
)
def test_a_model_that_its_card_calls_worse_is_used_with_a_reason_alone(
    registry: Registry, tmp_path: Path, of_card: dict[str, Any]
) -> None:
    info = registry.install(made(tmp_path / "one.pneumo", "one", **of_card))
    assert info.needs_reason
    for reason in ("", "too short", " " * 40):
        with pytest.raises(ReasonNeededError):
            registry.activate("one", reason)
    assert registry.active().bundled  # type: ignore[union-attr]
    assert registry.activate("one", "  the old films are gone ").reason == "the old films are gone"
    registry.rollback()
    assert registry.activate("one").active, "it was said once"
    registry.rollback()
    registry.remove("one")
    assert registry.install(made(tmp_path / "two.pneumo", "one", b"other", **of_card)).needs_reason


def test_going_back_leads_to_no_worse_model_that_came_under_the_id_of_one_that_was_removed(
    registry: Registry, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        registry.install(made(tmp_path / f"{name}.pneumo", name))
        registry.activate(name)
    registry.remove("one")
    registry.install(made(tmp_path / "worse.pneumo", "one", b"other", metrics=WORSE))
    assert registry.before().bundled  # type: ignore[union-attr]
    assert registry.rollback().bundled  # type: ignore[union-attr]
    registry.activate("one", "the old films are gone")
    registry.activate("two")
    assert registry.rollback().reason == "the old films are gone"  # type: ignore[union-attr]


@pytest.mark.parametrize("is_active", [False, True])
def test_a_worse_model_that_took_the_place_of_another_is_not_used(
    registry: Registry, tmp_path: Path, is_active: bool
) -> None:
    registry.install(made(tmp_path / "one.pneumo", "one"))
    registry.activate("one")
    if not is_active:
        registry.install(made(tmp_path / "two.pneumo", "two"))
        registry.activate("two")
    made(registry.get("one").path, "one", b"other", metrics=WORSE)
    if not is_active:
        registry.rollback()
    assert registry.active().bundled  # type: ignore[union-attr]
    assert registry.get("one").needs_reason


def test_what_is_removed_is_out_of_the_history(registry: Registry, tmp_path: Path) -> None:
    for name in ("one", "two"):
        registry.install(made(tmp_path / f"{name}.pneumo", name))
        registry.activate(name)
    registry.remove("one")
    registry.install(made(tmp_path / "again.pneumo", "one", b"other"))
    assert registry.before().bundled  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "of_card",
    [
        {"metrics": {"comparison": {"verdict": "no_worse"}}},
        {"metrics": {"comparison": "worse"}},
        {"metrics": WORSE, "training": {"accepted_although_worse": "said when it was made"}},
    ],
)
def test_other_models_need_no_reason(registry: Registry, tmp_path: Path, of_card: dict[str, Any]) -> None:
    registry.install(made(tmp_path / "one.pneumo", "one", **of_card))
    assert registry.activate("one").active
