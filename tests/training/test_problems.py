"""What can go wrong with a clinic's training ends in a sentence, leaves what was there, and can be gone on from."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pneumo_desktop import places
from pneumo_desktop.evaluation.compare import Verdict
from pneumo_desktop.file_lock import lock
from pneumo_desktop.models.package import ModelPackage, write_package
from pneumo_desktop.reading.reference import TOLERANCE, largest_difference
from pneumo_desktop.training import __main__ as program
from pneumo_desktop.training import adapt, cache, computer, finish, local
from pneumo_desktop.training.control import Control
from pneumo_desktop.training.depths import BLOCKS, with_terms
from pneumo_desktop.training.events import Events
from pneumo_desktop.training.job import load
from pneumo_desktop.training.judge import Judge, unwritten
from pneumo_desktop.training.run_job import sole

from .conftest import Ended, job_at, make_clinic

Here = Callable[..., Ended]
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def job(clinic: Path, tiny_model: Path, tmp_path: Path) -> Path:
    """A job that adapts the tiny model."""
    return job_at(tmp_path / "job", folder=clinic, csv=clinic / "labels.csv", base=tiny_model)


def told(ended: Ended) -> tuple[int, str]:
    """Return exit code and error code; the sentence must be one."""
    assert ended.last["event"] == "error", ended.last
    sentence = ended.last["sentence"]
    assert sentence.strip().endswith((".", ")."))
    assert "{" not in sentence
    assert "Traceback" not in sentence
    return ended.code, ended.last["code"]


def full(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_adapting_makes_a_model_and_tells_the_comparison(here: Here, job: Path, tiny_model: Path) -> None:
    ended = here("train", job)
    assert (ended.code, ended.last["event"]) == (0, "done")
    assert [e["stage"] for e in ended.of("stage")] == [
        "preparing", "features", "fitting", "calibrating", "testing", "writing",
    ]  # fmt: skip
    package, base = ModelPackage.open(job / "new.pneumo"), ModelPackage.open(tiny_model)
    assert package.card.parent == base.card.model_id
    assert package.network_bytes[:1000] == base.network_bytes[:1000]
    assert len(package.network_bytes) == len(base.network_bytes)
    learnt = package.card.data["counts"]["train"]
    remembered = package.card.training["rehearsal_images"] + learnt["normal"] + learnt["pneumonia"]
    assert len(package.arrays["rehearsal_labels"]) == remembered
    assert ended.last["figures"]["verdict"] in set(Verdict)
    evaluation = json.loads((job / "evaluation.json").read_text("utf-8"))
    assert evaluation["old"]["model_id"] == base.card.model_id


def test_a_corrupt_image_is_left_out_and_named(here: Here, tiny_model: Path, tmp_path: Path) -> None:
    clinic = make_clinic(tmp_path / "clinic", 22)
    (clinic / "NORMAL" / "broken.png").write_bytes((clinic / "NORMAL" / "000.png").read_bytes()[:2000])
    ended = here("train", job_at(tmp_path / "job", folder=clinic, base=tiny_model))
    assert ended.last["event"] == "done"
    scanned = json.loads((tmp_path / "job" / "scan.json").read_text("utf-8"))
    assert [one["file"] for one in scanned["unreadable"]] == ["NORMAL/broken.png"]
    assert "NORMAL/broken.png" not in scanned["parts"]
    assert scanned["split"]["train"]["normal"] > 0


@pytest.mark.parametrize("phase", ["images", "test"])
def test_a_stick_that_is_taken_out_is_told_and_the_training_goes_on_when_it_is_back(
    here: Here, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    clinic, away = make_clinic(tmp_path / "clinic", 24), tmp_path / "in a pocket"
    job = job_at(tmp_path / "job", folder=clinic, csv=clinic / "labels.csv", base=tiny_model)
    progress = Events.progress

    def taken_out(events: Events, own: str, done: int, of: int) -> None:
        progress(events, own, done, of)
        if own == phase and done == of - 2 and clinic.exists():
            clinic.rename(away)

    with monkeypatch.context() as patched:
        patched.setattr(Events, "progress", taken_out)
        ended = here("train", job)
    assert told(ended) == (2, "not_found")
    assert str(clinic) in ended.last["sentence"]
    assert not (job / "new.pneumo").exists()
    away.rename(clinic)
    assert here("train", job).last["event"] == "done"
    evaluation = json.loads((job / "evaluation.json").read_text("utf-8"))
    assert evaluation["new"]["not_analysed"].get("unreadable", 0) == 0
    assert json.loads((job / "scan.json").read_text("utf-8"))["images"] == 48


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep no such name")
def test_a_name_that_is_no_unicode_is_learnt_from_like_any_other(here: Here, tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cl\udcednica"
    make_clinic(folder, 22)
    odd = "NORMAL/M\udcfcller\n3.png"
    (folder / "NORMAL" / "000.png").rename(folder / odd)
    (folder / "labels.csv").unlink()
    ended = here("scan", folder, "--out", folder / "scan.json")
    assert (ended.code, ended.last["event"]) == (0, "scanned")
    assert ended.last["out"] == str(folder / "scan.json")
    assert odd in json.loads((folder / "scan.json").read_text("utf-8"))["parts"]
    job = job_at(folder / "job", folder=folder, base=tiny_model)
    ended = here("train", job)
    assert (ended.code, ended.last["event"]) == (0, "done"), ended.last
    assert odd in json.loads((job / "scan.json").read_text("utf-8"))["parts"]
    assert ModelPackage.open(Path(ended.last["package"])).card.data["counts"]


@pytest.mark.parametrize("place", ["images", "features", "package"])
def test_a_full_disk_is_a_sentence_and_the_training_goes_on_after(
    here: Here, job: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    out = job / "new.pneumo"
    out.write_bytes(b"an older model")
    with monkeypatch.context() as patched:
        if place == "images":
            patched.setattr(os, "posix_fallocate", full)
        elif place == "features":
            patched.setattr(adapt, "write_json", full)
        else:
            patched.setattr(finish, "write_package", full)
        assert told(here("train", job)) == (2, "disk_full")
    assert out.read_bytes() == b"an older model"
    assert here("train", job).last["event"] == "done"
    assert ModelPackage.open(out).card.architecture == "compact"


def test_a_disk_that_is_really_full(job: Path) -> None:
    """The program as a child that may write no file larger than 64 kB."""
    resource = pytest.importorskip("resource", reason="Windows has no limit on the size of a file")
    program = [sys.executable, "-m", "pneumo_desktop.training", "train", str(job)]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536)),
    ) as child:  # fmt: skip
        assert child.stdout is not None
        events = [json.loads(line) for line in child.stdout]
    assert told(Ended(child.wait(), events)) == (2, "disk_full")
    assert not (job / "new.pneumo").exists()


def test_a_folder_that_cannot_be_written_to_is_told_before_anything_is_read(
    here: Here, job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(computer.tempfile, "TemporaryFile", read_only)
    ended = here("train", job)
    assert told(ended) == (2, "read_only")
    assert str(job) in ended.last["sentence"]
    assert not ended.of("stage")


@pytest.mark.parametrize("way", ["adapt", "compact"])
def test_too_little_memory_is_told_with_its_numbers(
    here: Here, job: Path, clinic: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(computer, "free_memory_mb", lambda: 123)
    ended = here("train", job_at(job, folder=clinic, architecture=way))
    assert told(ended) == (2, "memory")
    assert "123" in ended.last["sentence"]


def _too_many_numbers(*_: Any) -> None:
    np.zeros((2**28, 2**28))


def _too_large_a_picture(*_: Any) -> None:
    cv2.copyMakeBorder(np.zeros((2, 2), np.uint8), 0, 2**30, 0, 2**30, cv2.BORDER_CONSTANT)


@pytest.mark.parametrize("out", [_too_many_numbers, _too_large_a_picture])
def test_memory_that_runs_out_is_a_sentence_and_the_training_goes_on_after(
    here: Here, job: Path, monkeypatch: pytest.MonkeyPatch, out: Callable[..., None]
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(adapt, "HeadFit", out)
        assert told(here("train", job)) == (2, "out_of_memory")
    assert here("train", job).last["event"] == "done"


def test_without_avx_only_adapting_is_possible(
    here: Here, job: Path, clinic: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(computer, "has_avx", lambda: False)
    check = here("check", "--images", 100, "--folder", job, "--model", tiny_model).last
    assert [way for way, possible in check["possible"].items() if possible] == ["adapt"]
    assert told(here("train", job_at(job, folder=clinic, architecture="classic"))) == (2, "no_avx")


def test_the_promised_time_and_memory_follow_the_settings(
    here: Here, job: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(computer, "pass_seconds", lambda package: 0.01)

    def told_of(*settings: object) -> tuple[dict[str, float], dict[str, int]]:
        check = here("check", "--images", 1000, "--folder", job, "--model", tiny_model, *settings).last
        return check["estimated_seconds"], check["needed_memory_mb"]

    (usual, memory), (doubled, _) = told_of(), told_of("--epochs", 30)
    passes = {"fine-tune": 5, "transfer": 6, "compact": 15, "classic": 15}
    without = 0.02 * 1000 + 45
    for way, epochs in passes.items():
        assert doubled[way] - without == pytest.approx((usual[way] - without) * 30 / epochs)
    assert doubled["adapt"] == usual["adapt"]
    larger, more = told_of("--size", 320)
    assert larger["compact"] - without == pytest.approx((usual["compact"] - without) * 4)
    assert more["compact"] > memory["compact"]
    for way in ("adapt", "fine-tune"):  # they keep the size of the model
        assert (larger[way], more[way]) == (usual[way], memory[way])
    assert told_of("--batch", 64)[1]["compact"] > memory["compact"]


def test_a_small_disk_and_a_small_bound_are_told_before_anything_is_written(
    here: Here, job: Path, clinic: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(computer, "free_disk_mb", lambda folder: 7)
        assert told(here("train", job)) == (2, "disk")
    many = job_at(job, folder=clinic, base=tiny_model, cache_mb=1)
    monkeypatch.setattr(local, "labelled", lambda *_: _with_images(clinic, 5000))
    assert told(here("train", many)) == (2, "cache_bound")
    assert not (job / "cache").exists()


def _with_images(clinic: Path, count: int) -> Any:
    from pneumo_desktop.evaluation.labelled import LabelledFolder, find

    found = find(clinic)
    return LabelledFolder(clinic, tuple(found.images[place % len(found.images)] for place in range(count)))


def test_images_that_cannot_be_trained_from_are_blocked_with_reasons(
    here: Here, tiny_model: Path, tmp_path: Path
) -> None:
    clinic = make_clinic(tmp_path / "clinic", 5)
    ended = here("train", job_at(tmp_path / "job", folder=clinic, base=tiny_model))
    assert told(ended) == (2, "blocked")
    assert [finding["code"] for finding in ended.last["findings"]] == ["too_few_stop"]
    assert "20" in ended.last["findings"][0]["sentence"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"size": 100}, "job"), ({"epochs": 0}, "job"), ({"architecture": "resnet"}, "job"), ({"nonsense": 1}, "job"),
        ({"goal": {"kind": "luck", "share": 0.1}}, "job"), ({"augmentation": {"flip": -1}}, "job"),
        ({"epochs": 10**400}, "job"), ({"learning_rate": -(10**400)}, "job"),
        ({"goal": {"kind": "miss_at_most", "share": 10**400}}, "job"), ({"augmentation": {"flip": 10**400}}, "job"),
        ({"folder": "/not/there"}, "labels"), ({"folder": "x" * 300}, "labels"), ({"csv": "x" * 300}, "labels"),
        ({"base": "/not/there.pneumo"}, "base_model"), ({"base": "x" * 300}, "base_model"),
    ],
)  # fmt: skip
def test_settings_that_are_not_valid_are_sentences(
    here: Here, job: Path, clinic: Path, values: dict[str, Any], code: str
) -> None:
    ended = here("train", job_at(job, **{"folder": clinic, **values}))
    assert told(ended) == (2, code)


def test_a_job_that_is_no_json_or_is_gone(here: Here, job: Path, tmp_path: Path) -> None:
    for content in (b"{", b'{"folder": "\xfc"}', b"[" * 200_000):
        (job / "job.json").write_bytes(content)
        assert told(here("train", job)) == (2, "job")
    assert told(here("train", tmp_path / "nothing")) == (2, "not_found")


def test_one_training_at_a_time_in_a_folder(here: Here, job: Path) -> None:
    with sole(job):
        assert told(here("train", job)) == (2, "busy")
    assert here("train", job).last["event"] == "done"


def test_a_damaged_locked_part_is_never_taken_for_an_empty_one(here: Here, job: Path, clinic: Path) -> None:
    locked = job / "locked.json"
    locked.write_text("{", "utf-8")
    ended = here("train", job_at(job, folder=clinic, locked_test=locked))
    assert told(ended) == (2, "locked_part")
    assert locked.read_text("utf-8") == "{"


def test_an_unreadable_locked_part_is_told_apart_from_a_damaged_one(
    here: Here, job: Path, clinic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = job / "locked.json"
    locked.mkdir()
    ended = here("train", job_at(job, folder=clinic, locked_test=locked))
    assert told(ended) == (2, "locked_unreadable")
    assert str(locked) in ended.last["sentence"]
    assert "damaged" not in ended.last["sentence"]
    locked.rmdir()
    with locked.with_name("locked.json.lock").open("a+b") as stream:  # another training is at it
        lock(stream)
        monkeypatch.setattr(local, "_PATIENCE_SECONDS", 0.0)
        assert told(here("train", job)) == (2, "locked_unreadable")
        assert not locked.exists()
        monkeypatch.setattr(local, "lock", _no_locks)  # a disk that knows none is no reason not to train
        assert here("train", job).last["event"] == "done"
    assert locked.exists()


def _no_locks(*_: object) -> None:
    raise OSError(errno.ENOLCK, "No locks available")


@pytest.mark.parametrize("same", [False, True])
def test_two_trainings_at_once_keep_what_both_locked_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, same: bool
) -> None:
    """One looks at its images while another one begins and ends: on its own images, and on the very same."""
    locked = tmp_path / "locked.json"
    folders = {"one": tmp_path / "clinic", "other": tmp_path / "clinic" if same else tmp_path / "clinic 2"}
    for first, folder in enumerate(dict.fromkeys(folders.values())):
        make_clinic(folder, 24, first=100 * first)
    monkeypatch.setattr(local, "missing", lambda *_: ())
    looked, made = local.scan, {}

    def prepared(name: str, seed: int) -> local.LocalImages:
        folder = job_at(tmp_path / name, folder=folders[name], locked_test=locked, seed=seed, architecture="compact")
        return local.prepare_images(load(folder).with_defaults(None), 64, Events(io.StringIO()), Control(print))

    def look(*arguments: Any) -> Any:
        result = looked(*arguments)
        if not made:
            made["other"] = {}
            made["other"] = {image.sha256: image.part for image in prepared("other", 2).images}
        return result

    monkeypatch.setattr(local, "scan", look)
    made["one"] = {image.sha256: image.part for image in prepared("one", 1).images}
    tested = {name: {digest for digest, part in parts.items() if part == "test"} for name, parts in made.items()}
    assert tested["one"]
    assert tested["one"] | tested["other"] == local.locked_part(locked).images
    assert (tested["one"] == tested["other"]) is same
    assert json.loads((tmp_path / "one" / "scan.json").read_text("utf-8"))["locked"]["kept"] is same


def test_the_locked_test_part_is_kept_when_the_clinic_trains_again(
    here: Here, tiny_model: Path, tmp_path: Path
) -> None:
    clinic, locked = make_clinic(tmp_path / "clinic", 24), tmp_path / "locked.json"
    tested = []
    for number, seed in enumerate((1, 2)):
        ended = here(
            "train",
            job_at(
                tmp_path / f"job{number}", folder=clinic, csv=clinic / "labels.csv", base=tiny_model, locked_test=locked,
                seed=seed,
            ),
        )  # fmt: skip
        assert ended.last["event"] == "done"
        scanned = json.loads((tmp_path / f"job{number}" / "scan.json").read_text("utf-8"))
        assert scanned["locked"] == {"images": 8, "kept": number == 1}
        tested.append({name for name, part in scanned["parts"].items() if part == "test"})
        make_clinic(clinic, 8, first=100 * (number + 1))
        lines = (clinic / "labels.csv").read_text("utf-8")
        first = "".join(f"NORMAL/{n:03d}.png,normal,N{n}\nPNEUMONIA/{n:03d}.png,pneumonia,P{n}\n" for n in range(24))
        (clinic / "labels.csv").write_text(lines + first, "utf-8")
    assert tested[0] == tested[1]


def test_what_was_adapted_before_a_crash_is_not_done_again(
    here: Here, job: Path, clinic: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = here("train", job_at(tmp_path / "whole", folder=clinic, csv=clinic / "labels.csv", base=tiny_model))
    written = cache.write_json

    def crash_at_epoch_3(path: Path, values: Any) -> None:
        written(path, values)
        if path.name == "head.json" and values["state"]["epoch"] == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(adapt, "write_json", crash_at_epoch_3)
        with pytest.raises(KeyboardInterrupt):
            here("train", job)
    resumed = here("train", job)
    assert resumed.of("resumed")[0]["step"] == 3
    assert resumed.of("epoch")[0]["epoch"] == 4
    networks = {ModelPackage.open(folder / "new.pneumo").network_bytes for folder in (job, tmp_path / "whole")}
    assert len(networks) == 1
    assert whole.of("epoch")[3:] != []


def test_finish_needs_an_epoch_and_makes_the_best_so_far(here: Here, job: Path) -> None:
    assert told(here("train", job, "--finish")) == (2, "nothing_to_finish")
    assert here("train", job).last["event"] == "done"
    (job / "new.pneumo").unlink()
    finished = here("train", job, "--finish")
    assert finished.last["event"] == "done"
    assert not finished.of("epoch")


def _hostile(source: Path, target: Path, how: str) -> Path:
    """Write the package with one thing wrong; its manifest agrees with it, except for ``altered``."""
    import hashlib

    with zipfile.ZipFile(source) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    if how == "altered hash":
        parts["network.tflite"] = parts["network.tflite"][:-1] + b"?"
    elif how == "pickle inside":
        stream = io.BytesIO()
        np.savez(stream, gate_mean=np.array([print], dtype=object))
        parts["features.npz"] = stream.getvalue()
    elif how == "huge claimed arrays":
        stream, header = io.BytesIO(), b"{'descr': '<f4', 'fortran_order': False, 'shape': (99999, 99999), }"
        with zipfile.ZipFile(stream, "w") as inner:
            inner.writestr("gate_mean.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
        parts["features.npz"] = stream.getvalue()
    elif how == "wrong shapes":
        card = json.loads(parts["card.json"])
        parts["card.json"] = json.dumps({**card, "input_size": 128}).encode()
    elif how == "no network":
        parts["network.tflite"] = b"TFL3" * 1000
    if how != "altered hash":
        hashes = {name: hashlib.sha256(part).hexdigest() for name, part in parts.items() if name != "manifest.json"}
        parts["manifest.json"] = json.dumps({"sha256": hashes}).encode()
    if how == "path traversal":
        parts["../../evil.json"] = b"{}"
    with zipfile.ZipFile(target, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return target


HOSTILE = ["altered hash", "pickle inside", "path traversal", "wrong shapes", "huge claimed arrays", "no network"]


@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_base_model_is_a_sentence(
    here: Here, job: Path, clinic: Path, tiny_model: Path, tmp_path: Path, how: str
) -> None:
    hostile = _hostile(tiny_model, tmp_path / "hostile.pneumo", how)
    ended = here("train", job_at(job, folder=clinic, base=hostile))
    assert told(ended) == (2, "base_model")
    assert not (job / "new.pneumo").exists()
    assert not list(tmp_path.rglob("evil.json"))


@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_package_is_not_installed(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    from pneumo_desktop.cli import main

    data = ["--data-dir", str(tmp_path / "data"), "--language", "en"]
    assert main(["models", "import", str(tiny_model), *data]) == 0
    assert main(["models", "list", *data]) == 0
    before = capsys.readouterr().out.splitlines()[-2:]
    hostile = _hostile(tiny_model, tmp_path / "hostile.pneumo", how)
    assert main(["models", "import", str(hostile), *data]) == 2
    assert capsys.readouterr().err.strip().endswith(".")
    assert main(["models", "list", *data]) == 0
    assert capsys.readouterr().out.splitlines() == before
    installed = (tmp_path / "data" / "models").iterdir()
    assert [path.name for path in installed] == [f"{ModelPackage.open(tiny_model).card.model_id}.pneumo"]
    assert not list(tmp_path.rglob("evil.json"))


def test_onnx_needs_a_converter_and_says_so(
    here: Here, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    ended = here("export", tiny_model, tmp_path / "net.onnx")
    assert told(ended) == (2, "no_converter")
    assert ".onnx" in ended.last["sentence"]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["net.tflite", "net.keras"])
def test_an_export_that_a_full_disk_cuts_off_leaves_what_was_there(
    here: Here, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    target = tmp_path / name
    its_own = target.with_suffix(f".part{target.suffix}")
    for path in (target, its_own):
        path.write_bytes(b"of before")

    def full(self: Path, _data: bytes) -> int:
        with self.open("wb") as stream:
            stream.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    monkeypatch.setattr("keras.Model.save", lambda _model, path: full(path, b""))
    ended = here("export", tiny_model, target)
    assert told(ended) == (2, "disk_full")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, its_own.name])
    assert target.read_bytes() == its_own.read_bytes() == b"of before"


def test_a_network_without_the_usual_head_cannot_be_adapted(
    here: Here, job: Path, clinic: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapt, "head_of", lambda data: None)
    assert told(here("train", job)) == (2, "not_adaptable")


def test_a_base_whose_evidence_has_an_unknown_form_reads_but_is_not_taken_further(
    here: Here, job: Path, clinic: Path, tmp_path: Path
) -> None:
    bundled = ModelPackage.open(places.bundled_model())
    terms = {block: np.full(672, 1e-4, np.float32) for block in BLOCKS}
    network = with_terms(bundled.network_bytes, terms).replace(b"evidence_block", b"depth_block_of")
    other = tmp_path / "other.pneumo"
    write_package(other, bundled.card, network, bundled.arrays, Judge(unwritten(bundled.card, network)).references())
    package = ModelPackage.open(other)
    assert largest_difference(package) < TOLERANCE, "it reads"
    said = "The model to start from cannot be used: The model was made by another version of this program"
    for way in ("adapt", "fine-tune"):
        ended = here("train", job_at(job, folder=clinic, base=other, architecture=way))
        assert told(ended) == (2, "base_model")
        assert ended.last["sentence"].startswith(said)
        assert not ended.of("progress"), "it is said before the images are prepared"
    assert told(here("export", other, tmp_path / "net.keras"))[0] == 2
    assert not (tmp_path / "net.keras").exists()


def test_a_base_without_rehearsal_warns(here: Here, job: Path, clinic: Path, tiny_model: Path, tmp_path: Path) -> None:
    base = ModelPackage.open(tiny_model)
    bare = tmp_path / "bare.pneumo"
    gate = {name: values for name, values in base.arrays.items() if name.startswith("gate_")}
    write_package(bare, base.card, base.network_bytes, gate, base.reference)
    ended = here("train", job_at(job, folder=clinic, base=bare))
    assert [warning["code"] for warning in ended.of("warning")] == ["no_rehearsal"]
    assert ended.last["event"] == "done"


def test_an_unforeseen_error_is_logged_without_the_name_of_a_file(
    here: Here, job: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("/clinic/MUNOZ, ANA.dcm")

    monkeypatch.setitem(program._COMMANDS, "train", fail)
    assert told(here("train", job)) == (1, "internal")
    assert "test_problems.py" in caplog.text
    assert "RuntimeError" in caplog.text
    assert "ANA" not in caplog.text
