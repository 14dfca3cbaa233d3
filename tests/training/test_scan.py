"""The scan finds what is wrong with a folder, and only that."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pneumo_desktop.evaluation.labelled import LabelledFolder, find
from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.training.findings import Severity, sentence
from pneumo_desktop.training.fingerprint import NEAR_BITS, fingerprint, near_pairs
from pneumo_desktop.training.scan import Scan, judge, scan
from pneumo_desktop.training.shortcuts import find_shortcuts, surely_telling
from pneumo_desktop.training.traits import Traits, jpeg_quantisation, name_pattern, traits_of
from tests import making

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data are not here")


def made_up(count: int, **changes: Callable[[int], object]) -> list[Traits]:
    """Return traits that tell nothing, every second image pneumonia; ``changes`` set a field by the image's number."""
    generator = np.random.default_rng(11)
    images = []
    for number in range(count):
        image = Traits(
            name=f"{'PNEUMONIA' if number % 2 else 'NORMAL'}/scan{number}.png",
            label=number % 2,
            part=None,
            patient=f"p{number}",
            sha256=f"{number:064x}",
            format="PNG",
            bytes=int(generator.integers(20_000, 60_000)),
            width=512,
            height=512,
            coloured=False,
            jpeg_quantisation=None,
            look=generator.normal(size=7),
            print=generator.integers(0, 2**63, 4, dtype=np.uint64),
        )
        images.append(dataclasses.replace(image, **{field: change(number) for field, change in changes.items()}))
    return images


def codes(result: Scan) -> set[str]:
    return {finding.code for finding in result.findings}


def test_a_sound_set_has_no_findings() -> None:
    result = judge(made_up(240))
    assert result.findings == ()
    assert not result.blocked
    assert result.counts == {"all": (120, 120)}


@pytest.mark.parametrize(("count", "code", "blocked"), [(38, "too_few_stop", True), (60, "too_few_warn", False)])
def test_too_few_images_stop_or_warn(count: int, code: str, blocked: bool) -> None:
    result = judge(made_up(count))
    assert codes(result) == {code}
    assert result.blocked is blocked


def test_no_image_at_all_stops() -> None:
    assert codes(judge([])) == {"no_images"}
    assert judge([]).blocked


def test_an_uneven_set_warns() -> None:
    images = made_up(800)
    uneven = [image for place, image in enumerate(images) if image.label or place % 8 == 0]
    assert codes(judge(uneven)) == {"imbalance"}


def test_exact_copies_and_the_same_image_under_both_labels() -> None:
    same_class = judge(made_up(240, sha256=lambda n: "same" if n in (2, 4) else f"{n:064x}"))
    assert codes(same_class) == {"duplicates"}
    both = judge(made_up(240, sha256=lambda n: "same" if n in (2, 3) else f"{n:064x}"))
    assert codes(both) == {"duplicates", "both_labels"}
    assert both.blocked
    assert both.findings[0].severity is Severity.ERROR
    assert set(both.findings[0].names) == {"NORMAL/scan2.png", "PNEUMONIA/scan3.png"}


def test_near_copies_with_different_labels() -> None:
    print_ = np.arange(4, dtype=np.uint64)
    images = made_up(240)
    images[2] = dataclasses.replace(images[2], print=print_)
    images[3] = dataclasses.replace(images[3], print=print_ ^ np.uint64(3))
    result = judge(images)
    assert codes(result) == {"near_duplicates", "near_both_labels"}
    assert result.near == (("NORMAL/scan2.png", "PNEUMONIA/scan3.png"),)


def test_patients_and_copies_across_parts() -> None:
    def part(number: int) -> str:
        return "train" if number < 240 else "test"

    assert codes(judge(made_up(480, part=part))) == set()
    torn = judge(made_up(480, part=part, patient=lambda n: f"p{n % 470}"))
    assert codes(torn) == {"patient_in_parts"}
    assert torn.findings[0].values["count"] == 10
    assert torn.findings[0].severity is Severity.NOTE, "the program deals the parts anew"
    leaking = judge(made_up(480, part=part, sha256=lambda n: f"{n % 470:064x}"))
    assert codes(leaking) == {"duplicates", "copy_in_parts"}


def test_a_validation_part_as_small_as_kaggles_is_told_and_asks_nothing() -> None:
    result = judge(made_up(416, part=lambda n: "val" if n < 16 else "train"))
    assert codes(result) == {"part_too_small"}
    assert result.findings[0].values == {"part": "val", "normal": 8, "pneumonia": 8}
    one_class = judge(made_up(800, part=lambda n: "val" if n % 2 and n < 400 else "train"))
    assert codes(one_class) == {"part_too_small"}
    assert {finding.severity for finding in (*result.findings, *one_class.findings)} == {Severity.NOTE}


def test_unknown_patients_and_refused_images_are_said() -> None:
    result = judge(
        made_up(240, patient=lambda n: None if n < 5 else f"p{n}", refused=lambda n: "quality" if n == 9 else None)
    )
    assert codes(result) == {"no_patients", "refused"}


@pytest.mark.parametrize("labels", [(0, 1), (0,), (1,)])
def test_a_class_whose_patient_numbers_were_removed_is_told_so(labels: tuple[int, ...]) -> None:
    result = judge(made_up(240, patient=lambda n: "ANONYMOUS" if n % 2 in labels else f"p{n}"))
    (finding,) = result.findings
    assert result.blocked
    assert "bear the same patient number" in sentence(finding)


@pytest.mark.parametrize(
    ("trait", "change"),
    [
        ("format", {"format": lambda n: "JPEG" if n % 2 else "PNG"}),
        ("colour_mode", {"coloured": lambda n: bool(n % 2)}),
        ("jpeg_quality", {"jpeg_quantisation": lambda n: 330 if n % 2 else 1000}),
        ("file_bytes", {"bytes": lambda n: 60_000 + 10_000 * (n % 2) + 97 * (n % 60)}),
        (
            "shorter_side",
            dict.fromkeys(("width", "height"), lambda n: 700 + 300 * (n % 2) + n % 60),
        ),
        ("aspect", {"width": lambda n: 500 + 100 * (n % 2) + n % 60}),
        ("global_look", {"look": lambda n: np.random.default_rng(n).normal(size=7) + 2 * (n % 2)}),
    ],
)
def test_each_shortcut_is_named_with_its_number(trait: str, change: dict[str, Callable[[int], object]]) -> None:
    result = judge(made_up(240, **change))
    found = {
        finding.values["trait"]: finding.values["auc"] for finding in result.findings if finding.code == "shortcut"
    }
    assert found[trait] > 0.9
    assert not result.blocked
    assert all("AUC" in sentence(finding) for finding in result.findings)


def test_one_class_from_one_source() -> None:
    def name(number: int) -> str:
        return f"PNEUMONIA/0000{number}_001.jpg" if number % 2 else f"NORMAL/Normal-{number}.jpg"

    result = judge(made_up(240, name=name))
    assert codes(result) == {"one_class_one_source"}
    assert "normal-#.jpg" in sentence(result.findings[0])


def test_few_images_tell_nothing_about_shortcuts() -> None:
    assert find_shortcuts(made_up(30, coloured=lambda n: bool(n % 2))) == []
    assert surely_telling(0.75, 100, 100)
    assert not surely_telling(0.72, 12, 12)
    assert not surely_telling(0.69, 1000, 1000)


def test_chance_is_not_called_a_shortcut() -> None:
    for seed in range(10):
        generator = np.random.default_rng(seed)
        labels = generator.permutation(np.arange(200) % 2)
        images = made_up(200)
        images = [dataclasses.replace(image, label=int(label)) for image, label in zip(images, labels, strict=True)]
        assert find_shortcuts(images) == []


def write(path: Path, seed: int, pneumonia: bool) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(chest(seed, pneumonia, (96, 96))).save(path)
    return path


def test_a_real_folder(tmp_path: Path) -> None:
    for seed in range(4):
        write(tmp_path / "NORMAL" / f"a{seed}.png", seed, False)
        write(tmp_path / "PNEUMONIA" / f"b{seed}.png", 10 + seed, True)
    (tmp_path / "NORMAL" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(30))
    shutil.copy(tmp_path / "NORMAL" / "a0.png", tmp_path / "PNEUMONIA" / "copy.png")
    with Image.open(tmp_path / "NORMAL" / "a1.png") as image:
        image.save(tmp_path / "NORMAL" / "again.jpg", quality=60)
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    seen: list[tuple[int, int]] = []
    result = scan(find(tmp_path), refuse=lambda radiograph: None, on_progress=lambda n, of: seen.append((n, of)))
    assert seen[-1] == (11, 11)
    assert [name for name, _ in result.unreadable] == ["NORMAL/broken.png"]
    assert {"unreadable", "left_out", "duplicates", "both_labels", "too_few_stop", "near_duplicates"} <= codes(result)
    assert ("NORMAL/a1.png", "NORMAL/again.jpg") in result.near
    document = result.as_json()
    assert document["blocked"] is True
    assert document["counts"] == {"all": {"normal": 5, "pneumonia": 5}}
    stopped = scan(find(tmp_path), stopped=lambda: True)
    assert codes(stopped) == {"no_images", "left_out"}


def test_near_pairs_agree_with_a_slow_count() -> None:
    generator = np.random.default_rng(0)
    prints = [generator.integers(0, 2**63, 4, dtype=np.uint64) for _ in range(300)]
    prints[299] = prints[10] ^ np.uint64(0b111)
    slow = [
        (a, b, apart)
        for a in range(300)
        for b in range(a + 1, 300)
        if (apart := int(np.bitwise_count(prints[a] ^ prints[b]).sum())) <= 100
    ]
    assert near_pairs(prints, 100) == slow
    assert (10, 299, 12) in slow  # three bits in each of the four words
    assert near_pairs(prints[:1]) == []


def test_a_fingerprint_survives_another_size_brightness_and_encoding(tmp_path: Path) -> None:
    picture = chest(3, True, (512, 512))
    own = fingerprint(picture)

    def apart(other: np.ndarray) -> int:
        return int(np.bitwise_count(own ^ fingerprint(other)).sum())

    small = np.asarray(Image.fromarray(picture).resize((224, 224), Image.Resampling.BILINEAR))
    Image.fromarray(picture).save(tmp_path / "a.jpg", quality=50)
    with Image.open(tmp_path / "a.jpg") as image:
        encoded = np.asarray(image)
    dim = np.clip(picture * 0.8 + 20, 0, 255).astype(np.uint8)
    assert max(apart(small), apart(encoded), apart(dim)) <= NEAR_BITS
    assert apart(np.ascontiguousarray(picture[:, ::-1])) > NEAR_BITS


def test_jpeg_tables_and_name_patterns(tmp_path: Path) -> None:
    picture = Image.fromarray(chest(1, False, (64, 64)))
    sums = []
    for quality in (95, 75, 40):
        picture.save(tmp_path / "a.jpg", quality=quality)
        sums.append(jpeg_quantisation((tmp_path / "a.jpg").read_bytes()))
    assert None not in sums
    assert sums == sorted(sums)
    assert jpeg_quantisation(b"\xff\xd8\xff\xdb\x00") is None
    assert jpeg_quantisation(b"") is None
    assert name_pattern("x/Person12_virus_034.JPEG") == "person#_virus_#.jpeg"


def shortcuts_of(found: LabelledFolder) -> dict[str, float]:
    return {s.trait: s.auc for s in find_shortcuts([traits_of(image) for image in found.images])}


@needs_shared
def test_different_children_are_no_near_duplicates() -> None:
    found = find(SHARED / "kermany" / "train_original")
    assert not near_pairs([traits_of(image).print for image in found.images])


@needs_shared
def test_the_traps_of_the_originals_are_found() -> None:
    traits = shortcuts_of(find(SHARED / "kermany" / "train_original"))
    assert traits["jpeg_quality"] > 0.95
    assert traits["file_bytes"] > 0.95
    assert traits["shorter_side"] > 0.80


@needs_shared
def test_normals_picked_by_file_size_are_found() -> None:
    traits = shortcuts_of(find(SHARED / "adult_nih"))
    assert traits["file_bytes"] == pytest.approx(0.77, abs=0.02)
    assert traits["global_look"] == pytest.approx(0.82, abs=0.04)


@needs_shared
def test_one_class_from_one_source_is_found() -> None:
    pneumonia = [image for image in find(SHARED / "adult_nih").images if image.label][:150]
    normal = list(find(SHARED / "adult_rsna_normal").images[:150])
    renamed = [dataclasses.replace(image, name=f"rsna/{image.name}") for image in normal]
    result = scan(LabelledFolder(SHARED, tuple(pneumonia + renamed)))
    assert "one_class_one_source" in codes(result)


def test_a_patient_that_a_table_tells_goes_before_the_number_in_the_file(tmp_path: Path) -> None:
    for name in ("a.dcm", "b.dcm"):
        film = making.dataset(chest(1, False, (128, 128)).astype(np.uint16), PatientID="ANON")
        (tmp_path / name).write_bytes(making.written(film))
    (tmp_path / "t.csv").write_text("file,label,patient\na.dcm,normal,p1\nb.dcm,pneumonia,\n", encoding="utf-8")
    assert [traits_of(image).patient for image in find(tmp_path / "t.csv").images] == ["p1", "ANON"]
