"""The small parts that a clinic's training stands on: the head, the network file, the cache, the job, and who may stop it."""

from __future__ import annotations

import errno
import json
import threading
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumo_desktop.models.card import BadPackageError
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.recipe import PLACE_KEYS, RECIPE_KEYS
from pneumo_desktop.training.cache import Rows, write_json
from pneumo_desktop.training.computer import needed_memory_mb
from pneumo_desktop.training.control import ASKED, Control, Stopped
from pneumo_desktop.training.events import Events
from pneumo_desktop.training.head import Head, HeadFit, balanced_weights, log_loss
from pneumo_desktop.training.job import Job, mapping_of, parse
from pneumo_desktop.training.judge import Judge
from pneumo_desktop.training.litert_file import head_of, operations, with_head
from pneumo_desktop.training.problems import Problem, sentence


def told_apart(count: int = 80, width: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Return features whose first number tells the label, mostly."""
    rng = np.random.default_rng(3)
    labels = np.arange(count) % 2
    features = rng.normal(size=(count, width)).astype(np.float32)
    features[:, 0] += 1.5 * labels
    return features, labels.astype(np.int64)


@pytest.mark.parametrize("pull", [3.0, 0.1, 1e-3])
def test_the_head_is_the_minimum_of_what_it_says(pull: float) -> None:
    features, labels = told_apart()
    weights = balanced_weights(labels, 1.0)
    start = Head(np.zeros(12), 0.0)
    head = HeadFit(features, labels, weights, start).fit(pull)
    spread = features.astype(np.float64).std(axis=0)

    def cost(one: Head) -> float:
        scaled = one.kernel * spread
        return log_loss(one.logits(features), labels, weights) + 0.5 * pull * float(scaled @ scaled)

    rng = np.random.default_rng(0)
    for _ in range(40):
        other = Head(head.kernel + rng.normal(size=12) * 0.02, head.bias + float(rng.normal()) * 0.02)
        assert cost(head) <= cost(other)


def test_an_endless_pull_keeps_the_old_head() -> None:
    features, labels = told_apart()
    old = Head(np.linspace(-1, 1, 12), 0.3)
    head = HeadFit(features, labels, balanced_weights(labels, 1.0), old).fit(1e9)
    np.testing.assert_allclose(head.kernel, old.kernel, atol=1e-6)


@given(st.lists(st.integers(0, 1), min_size=1, max_size=60), st.floats(0.1, 5.0))
def test_balanced_weights_add_up_and_halve_the_classes(labels: list[int], total: float) -> None:
    truth = np.array(labels, np.int64)
    weights = balanced_weights(truth, total)
    assert weights.sum() == pytest.approx(total)
    if 0 < truth.sum() < len(truth):
        assert weights[truth == 1].sum() == pytest.approx(total / 2)


def test_another_head_changes_the_logit_and_nothing_else(tiny_model: Path) -> None:
    package = ModelPackage.open(tiny_model)
    data = package.network_bytes
    head = head_of(data)
    assert head is not None
    kernel = np.linspace(-1, 1, head.kernel.size).astype(np.float32)
    changed = with_head(data, kernel, 0.25)
    differing = [place for place in range(len(data)) if data[place] != changed[place]]
    inside = {*range(head.kernel_at, head.kernel_at + 4 * kernel.size), *range(head.bias_at, head.bias_at + 4)}
    assert differing
    assert set(differing) <= inside
    from dataclasses import replace

    picture = np.full((160, 160), 90, np.uint8)
    before, after = Judge(package).look(picture), Judge(replace(package, network_bytes=changed)).look(picture)
    np.testing.assert_array_equal(before.features, after.features)
    top = after.features[-kernel.size :].astype(np.float64)
    assert after.logit == pytest.approx(float(top @ kernel) + 0.25, abs=1e-3)
    with pytest.raises(ValueError, match="length"):
        with_head(data, kernel[:-1], 0.0)


def test_a_full_disk_leaves_the_settings_as_they_were_and_nothing_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "prepared.json"
    write_json(path, {"name": "ni\udcf1o.png"})

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pneumo_desktop.whole_file.os.fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        write_json(path, {"name": "other"})
    assert caught.value.filename == str(path)
    assert json.loads(path.read_text("ascii")) == {"name": "ni\udcf1o.png"}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("data", [b"", b"TFL3" * 20, bytes(4096)])
def test_a_file_that_is_no_network_is_a_problem_of_the_package(data: bytes) -> None:
    with pytest.raises(BadPackageError):
        list(operations(data))


def test_a_network_file_cut_anywhere_never_reads_outside(tiny_model: Path) -> None:
    data = ModelPackage.open(tiny_model).network_bytes
    for length in range(8, len(data), len(data) // 25):
        try:
            assert all(weights.kernel.size for weights in operations(data[:length]))
        except BadPackageError:
            continue


def test_rows_are_there_again_and_only_for_the_same_key(tmp_path: Path) -> None:
    rows = Rows(tmp_path, "rows", "key", 10, (3,), np.float32)
    for number in range(4):
        rows.append(np.full(3, number, np.float32))
    rows.flush()
    rows.append(np.full(3, 99, np.float32))  # not flushed: a crash comes before
    again = Rows(tmp_path, "rows", "key", 10, (3,), np.float32)
    assert again.done == 4
    np.testing.assert_array_equal(again.rows[:, 0], [0, 1, 2, 3])
    assert Rows(tmp_path, "rows", "other", 10, (3,), np.float32).done == 0


@pytest.mark.parametrize("damage", [b"", b"{", b'{"key": 1}'])
def test_a_damaged_state_of_rows_is_no_state(tmp_path: Path, damage: bytes) -> None:
    rows = Rows(tmp_path, "rows", "key", 10, (3,), np.float32)
    rows.append(np.zeros(3, np.float32))
    rows.flush()
    (tmp_path / "rows.json").write_bytes(damage)
    assert Rows(tmp_path, "rows", "key", 10, (3,), np.float32).done == 0


def test_a_recipe_makes_the_same_job_again(tmp_path: Path) -> None:
    given = {
        "folder": "f", "out": "o.pneumo", "architecture": "classic", "epochs": 3, "size": 96, "mapping": {"sanos": "normal"},
        "augmentation": {"flip": 0.0}, "goal": {"kind": "false_alarms_at_most", "share": 0.1}, "population": "adults",
    }  # fmt: skip
    job = parse(given, tmp_path)
    recipe = json.loads(json.dumps(job.recipe()))
    assert set(recipe) == set(RECIPE_KEYS)
    assert parse({"folder": "f", "out": "o.pneumo", **recipe}, tmp_path) == job


@pytest.mark.parametrize("word", [[], {}, None, True, "nothing"])
def test_a_folder_is_mapped_to_a_class_and_to_nothing_else(word: object) -> None:
    with pytest.raises(Problem) as caught:
        mapping_of({"sanos": "normal", "otros": word})
    assert caught.value.code == "job"
    assert sentence(caught.value).startswith("The settings of the training are not valid: mapping")


@pytest.mark.parametrize("key", sorted(set(PLACE_KEYS) - {"name", "model_id"}))
@pytest.mark.parametrize("value", ["a\0b", "", 7])
def test_what_can_be_no_path_is_named_by_its_key(tmp_path: Path, key: str, value: object) -> None:
    with pytest.raises(Problem) as caught:
        parse({"folder": "f", "out": "o.pneumo", key: value}, tmp_path)
    assert sentence(caught.value) == f"The settings of the training are not valid: {key}."


@pytest.mark.parametrize("model_id", ["../up", "a b", ".hidden", "a\n"])
def test_an_id_that_no_package_may_have_is_refused_before_the_training(tmp_path: Path, model_id: str) -> None:
    with pytest.raises(Problem) as caught:
        parse({"folder": "f", "out": "o.pneumo", "model_id": model_id}, tmp_path)
    assert sentence(caught.value) == "The settings of the training are not valid: model_id."


def test_every_key_of_a_job_belongs_to_the_recipe_or_to_a_place() -> None:
    assert sorted((*RECIPE_KEYS, *PLACE_KEYS)) == sorted({field.name for field in fields(Job)} - {"folder_of_job"})


def test_the_first_wish_to_stop_counts_and_is_raised_where_the_work_looks() -> None:
    control = Control(lambda why: None, grace=3600.0)
    control.check()
    control.stop(ASKED)
    control.stop("parent_gone")
    with pytest.raises(Stopped) as caught:
        control.check()
    assert caught.value.why == ASKED
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()


def test_events_are_strict_json_and_none_comes_after_the_last(capsys: pytest.CaptureFixture[str]) -> None:
    events = Events()
    events.tell("step", loss=float("nan"), values=[float("inf"), 1.5], name="ñ \udcfc")
    events.progress("images", 1, 5)
    events.progress("images", 2, 5)
    events.progress("images", 5, 5)
    events.end("done")
    events.tell("step", loss=1.0)
    events.end("error")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == {"event": "step", "loss": None, "values": [None, 1.5], "name": "ñ \udcfc"}
    assert [(line["event"], line.get("done")) for line in lines[1:]] == [
        ("progress", 1),
        ("progress", 5),
        ("done", None),
    ]


def test_memory_grows_with_the_work() -> None:
    assert needed_memory_mb("fine-tune", 224, 16) > needed_memory_mb("fine-tune", 160, 8)
    assert needed_memory_mb("adapt", 192, 32, 5000) > needed_memory_mb("adapt", 192, 32, 50)
