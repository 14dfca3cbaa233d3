"""A package from elsewhere: whatever its network does, the program goes on and has a sentence."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pneumo_desktop import places
from pneumo_desktop.app import NoModelError, Services
from pneumo_desktop.cli import main
from pneumo_desktop.models.card import BadPackageError
from pneumo_desktop.models.package import ModelPackage, write_package
from pneumo_desktop.reading import trial
from pneumo_desktop.reading.reference import TOLERANCE

TINY = Path(__file__).parents[1] / "fixtures" / "tiny.pneumo"


def package_with(path: Path, network: bytes) -> Path:
    sound = ModelPackage.open(TINY)
    card = replace(sound.card, model_id="hostile", name="Hostile")
    write_package(path, card, network, sound.arrays, sound.reference)
    return path


def test_a_sound_package_gives_its_reference_scores_in_the_trial() -> None:
    tried = trial.try_package(TINY)
    assert tried.difference <= TOLERANCE
    assert tried.sha256 == hashlib.sha256(TINY.read_bytes()).hexdigest()


def test_a_network_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadPackageError) as caught:
        trial.try_package(package_with(tmp_path / "x.pneumo", b"no flatbuffer at all"))
    assert caught.value.code == "network"


@pytest.mark.parametrize(("place", "how"), [(16, "the trial ended with"), (168, "lacks data")])
def test_networks_that_end_litert_or_fail_at_the_first_picture(place: int, how: str, tmp_path: Path) -> None:
    """Four bytes set to zero: at 16 LiteRT dies of a bad address, at 168 it opens and has no weights to read with."""
    network = bytearray(ModelPackage.open(TINY).network_bytes)
    network[place : place + 4] = bytes(4)
    with pytest.raises(BadPackageError) as caught:
        trial.try_package(package_with(tmp_path / "x.pneumo", bytes(network)))
    assert caught.value.code == "network"
    assert how in caught.value.detail


@pytest.mark.parametrize(
    "program",
    [
        "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
        "import os; os._exit(139)",
        "print('no JSON')",
        "print('[1, 2]')",
        "import time; time.sleep(60)",
    ],
)
def test_a_trial_that_dies_hangs_or_talks_nonsense(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "own_command", lambda *_: [sys.executable, "-c", program])
    monkeypatch.setattr(trial, "MAX_SECONDS", -7 if "sleep" in program else 60)  # of ten more
    with pytest.raises(BadPackageError) as caught:
        trial.try_package(TINY)
    assert caught.value.code == "network"


def test_a_program_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "own_command", lambda *_: ["/nowhere/at-all"])
    with pytest.raises(BadPackageError):
        trial.try_package(TINY)


def test_a_hostile_network_is_neither_installed_nor_read_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A network that ends the process: the ways in try it apart, and change nothing."""
    hostile = package_with(tmp_path / "hostile.pneumo", ModelPackage.open(TINY).network_bytes)
    monkeypatch.setattr(places, "own_command", lambda *_: [sys.executable, "-c", "import os; os.abort()"])
    services = Services.create(tmp_path / "data")
    before = services.registry.list()
    for way in (services.install_model, services.open_model):
        with pytest.raises(BadPackageError):
            way(hostile)
    assert services.registry.list() == before
    services.close()
    folder = str(Path(__file__).parents[1] / "fixtures")
    data = ["--data-dir", str(tmp_path / "data")]
    assert main(["predict", folder, "--model", str(hostile), *data]) == 2
    assert main(["models", "import", str(hostile), *data]) == 2
    told = capsys.readouterr()
    assert told.err.count("The network in the model package does not open, or is not what its card says.") == 2


def test_a_file_that_is_swapped_after_its_trial_is_neither_installed_nor_read_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered, other = tmp_path / "offered.pneumo", package_with(tmp_path / "other.pneumo", b"never tried")
    try_package = trial.try_package

    def then_swapped(path: Path) -> trial.Tried:
        tried = try_package(path)
        shutil.copyfile(other, path)
        return tried

    def swapped_back(path: Path) -> trial.Tried:
        shutil.copyfile(TINY, path)
        return try_package(path)

    services = Services.create(tmp_path / "data")
    before = services.registry.list()
    for way, swapped, first in (
        (services.install_model, then_swapped, TINY),  # a sound file is tried, another one lies there after it
        (services.open_model, swapped_back, other),  # another one was opened, a sound file is tried
    ):
        shutil.copyfile(first, offered)
        monkeypatch.setattr(trial, "try_package", swapped)
        with pytest.raises(BadPackageError) as caught:
            way(offered)
        assert caught.value.code == "hash"
    assert services.registry.list() == before
    services.close()


def test_the_bundled_model_is_not_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services.create(tmp_path / "data")
    monkeypatch.setattr(places, "own_command", lambda *_: ["/nowhere/at-all"])
    assert services.open_model(places.bundled_model()).card == services.package().card
    services.close()


def put_by_hand(folder: Path, package: Path) -> Path:
    """Put a package into a data folder's models without importing it, as the active one."""
    models = folder / "models"
    models.mkdir(parents=True)
    model_id = ModelPackage.open(package).card.model_id
    (models / "active.json").write_text(json.dumps({"history": [model_id]}))
    return Path(shutil.copyfile(package, models / f"{model_id}.pneumo"))


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the packages that are tried from now on."""
    tried, try_package = [], trial.try_package

    def counting(path: Path) -> trial.Tried:
        tried.append(path)
        return try_package(path)

    monkeypatch.setattr(trial, "try_package", counting)
    return tried


def test_a_package_put_into_the_folder_by_hand_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, tried = put_by_hand(tmp_path / "data", TINY), counted(monkeypatch)
    for _start in range(2):
        services = Services.create(tmp_path / "data")
        assert services.package().path == path
        services.close()
    assert tried == [path]


def test_an_imported_package_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = counted(monkeypatch)
    services = Services.create(tmp_path / "data")
    model_id = services.install_model(TINY).model_id
    services.activate_model(model_id)
    assert services.package().card.model_id == model_id
    services.roll_back_model()
    services.close()
    assert tried == [TINY]


def test_a_hostile_package_put_into_the_folder_by_hand_is_not_read_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = bytearray(ModelPackage.open(TINY).network_bytes)
    network[16:20] = bytes(4)  # LiteRT dies of it
    put_by_hand(tmp_path / "data", package_with(tmp_path / "x.pneumo", bytes(network)))
    tried = counted(monkeypatch)
    services = Services.create(tmp_path / "data")
    for _time in range(2):
        with pytest.raises(NoModelError):
            services.package()
    assert len(tried) == 1  # until the next start
    bundled = next(info.model_id for info in services.registry.list() if info.bundled)
    services.activate_model(bundled)
    with pytest.raises(BadPackageError):
        services.activate_model("hostile")
    assert services.package().card.model_id == bundled
    services.close()
