"""From runs to a package: on a small corpus of generated chests in the layout of the real one, with a network that has hardly learnt."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pneumo_desktop.models.card import Card
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.training import points_of_record
from pneumo_desktop.training.augment import Augmentation
from pneumo_desktop.training.corpus import ADULT_NORMALS, CHOOSE, FIT, REPORT, load_corpus
from pneumo_desktop.training.learnt_from import LearntFrom
from pneumo_desktop.training.perturb import CHANGES
from pneumo_desktop.training.publish import LIMITS, Source, figures_without_rsna_normals, main, publish

from .small_corpus import small_corpus


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def short_run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that has learnt for some steps; what comes out of an untrained one is the same for every film."""
    from pneumo_desktop.training.fit import FINAL, FitSettings, fit, save_weights
    from pneumo_desktop.training.networks import build

    folder = tmp_path_factory.mktemp("run")
    settings = FitSettings(
        architecture="compact",
        size=64,
        epochs=1,
        steps_per_epoch=60,
        batch=16,
        averaging=0.5,
        learning_rate=3e-3,
        augmentation=Augmentation().calmed().calmed(),
    )
    model = build(settings.architecture, settings.size, settings.dropout)
    fit(model, [s for s in load_corpus(data) if s.part == FIT], settings, folder, lambda event: None)
    save_weights(folder / FINAL, model)
    return folder


def run_of(
    folder: Path, short: Path, data: Path, seed: int, left_out: tuple[str, ...] = (), as_mined: bool = False
) -> Path:
    """Write what a run that has learnt from these images would leave behind, with the weights of the short one."""
    from pneumo_desktop.training.fit import FINAL, SETTINGS

    folder.mkdir()
    shutil.copy(short / FINAL, folder)
    settings = json.loads((short / SETTINGS).read_text())
    (folder / SETTINGS).write_text(json.dumps({**settings, "seed": seed}))
    fitting = [s for s in load_corpus(data) if s.part == FIT and s.source not in left_out]
    LearntFrom.of(fitting, left_out, as_mined).write(folder)
    return folder


@pytest.fixture(scope="module")
def published(data: Path, short_run: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Card, Path]:
    folder = tmp_path_factory.mktemp("runs")
    runs = [run_of(folder / name, short_run, data, seed) for seed, name in enumerate("ab")]
    compared = run_of(folder / "c", short_run, data, 0, (ADULT_NORMALS,))
    out = folder / "made.pneumo"
    return publish(Source.runs(runs), load_corpus(data), data, out, "pneumo-test", compared), out


def numbers(values: Any) -> list[float]:
    """Return every number in nested values."""
    if isinstance(values, dict):
        return [number for value in values.values() for number in numbers(value)]
    return [float(values)] if isinstance(values, int | float) else []


def test_the_package_opens_and_says_what_it_was_made_of(published: tuple[Card, Path], data: Path) -> None:
    card, out = published
    package = ModelPackage.open(out)
    assert package.card == card
    assert set(card.operating_points) == set(Population)
    corpus = load_corpus(data)
    learnt = [s for s in corpus if s.part == FIT and s.weight > 0]
    assert sum(card.data["counts"][FIT].values()) == len(learnt) < sum(s.part == FIT for s in corpus)
    assert sum(card.data["counts"][REPORT].values()) == sum(s.part == REPORT for s in corpus)
    assert card.training["mean_of"] == {"1": {"seed": 0}, "2": {"seed": 1}}
    assert any("RSNA" in licence for licence in card.licences)


def test_every_figure_has_an_interval_round_it(published: tuple[Card, Path]) -> None:
    card, _ = published
    assert set(card.metrics["children"]["perturbed"]) == set(CHANGES)
    blocks = [
        card.metrics["children"], card.metrics["children"]["other_look"], card.metrics["adults"]["opacity_vs_rsna_normal"],
        card.metrics["everyone"], card.metrics["everyone"]["agreed"], card.metrics["adults"]["perturbed"]["jpeg"],
    ]  # fmt: skip
    for block in blocks:
        for name, figure in block.items():
            if isinstance(figure, dict) and "value" in figure:
                assert figure["low"] <= figure["value"] <= figure["high"], name
    assert all(math.isfinite(number) for number in numbers(card.metrics["children"]))
    same = card.metrics["same_verdict_original_and_copy"]
    assert same["images"] == 4
    assert same["low"] <= same["share"] <= same["high"]
    assert card.metrics["without_rsna_normals"]["training"]["seed"] == 0


def test_a_source_that_was_left_out_is_nowhere_in_the_package(data: Path, short_run: Path, tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", short_run, data, 1, (ADULT_NORMALS,))
    card = publish(Source.runs([run]), load_corpus(data), data, tmp_path / "made.pneumo", "pneumo-test")
    assert not any("RSNA" in licence for licence in card.licences)
    for part in (FIT, CHOOSE):
        assert not any(key.startswith(ADULT_NORMALS) for key in card.data["counts"][part])
    assert card.metrics["adults"]["pneumonia_vs_rsna_normal"]["normal"] > 0
    usable = [s for s in load_corpus(data) if s.part == FIT and s.weight > 0 and s.source != ADULT_NORMALS]
    assert len(ModelPackage.open(tmp_path / "made.pneumo").arrays["rehearsal_labels"]) == len(usable)


def test_runs_of_different_images_or_labels_are_no_mean(data: Path, short_run: Path, tmp_path: Path) -> None:
    runs = [run_of(tmp_path / "a", short_run, data, 1), run_of(tmp_path / "b", short_run, data, 2, as_mined=True)]
    with pytest.raises(SystemExit, match="learnt from different"):
        Source.runs(runs)
    learnt = LearntFrom.read(runs[0])
    replace(learnt, pretraining={"seed": 1}).write(runs[1])
    with pytest.raises(SystemExit, match="began with different weights"):
        Source.runs(runs)


def test_the_card_tells_of_the_pretraining(data: Path, short_run: Path, tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", short_run, data, 1)
    assert "pretraining" not in Source.runs([run]).training
    replace(LearntFrom.read(run), pretraining={"steps": 400}).write(run)
    assert Source.runs([run]).training["pretraining"] == {"steps": 400}


def test_the_figures_without_the_rsna_normals_are_of_a_run_without_them(
    published: tuple[Card, Path], data: Path, short_run: Path, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit, match="has learnt from the RSNA normals"):
        figures_without_rsna_normals(published[0], run_of(tmp_path / "a", short_run, data, 1), [])


def test_the_network_of_a_package_stays_as_it_is(
    published: tuple[Card, Path], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card, earlier = published
    out = tmp_path / "made.pneumo"
    arguments = [
        "--network-of",
        str(earlier),
        "--data",
        str(data),
        "--out",
        str(out),
        "--figures-without-rsna",
        str(earlier),
    ]
    assert main([*arguments, "--model-id", "pneumo-again"]) == 0
    again, before = ModelPackage.open(out), ModelPackage.open(earlier)
    assert again.network_bytes == before.network_bytes
    metrics = dict(card.metrics)
    metrics["without_rsna_normals"] = {
        **metrics["without_rsna_normals"],
        "training": {**metrics["without_rsna_normals"]["training"], "of_package": card.model_id},
    }
    assert again.card == replace(card, model_id="pneumo-again", name="Pneumo again", metrics=metrics)
    assert json.loads(capsys.readouterr().out)["metrics"] == metrics


def test_the_limits_name_the_points_of_record() -> None:
    (text,) = (limit for limit in LIMITS if limit.startswith("Points"))
    assert f"sensitivity of {points_of_record.CHILDREN_SENSITIVITY}," in text
    assert f"specificity of {points_of_record.ADULT_SPECIFICITY}," in text
