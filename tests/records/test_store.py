"""Promises of the records: committed is on disk, decisions outlive predictions, nothing is overwritten."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.records.rows import Decision, NewResult, Opinion, PatientFields, Saved
from pneumo_desktop.records.store import Store

from .conftest import TOLD, filled, judged


def test_an_agreement_stays_with_the_verdict_that_it_was_with(path: Path) -> None:
    """The list is read again by a model that says otherwise; a note written after that changes nothing of it."""
    store, _queue, ids = filled(path)
    store.save_results([NewResult(ids[0], 0, "aa", judged(0.1), TOLD)])
    before = judged(0.1).outcome
    assert store.set_decision(ids[0], Decision.AGREE, agreed_with=before).row.agreed_with is before
    (row,) = store.save_results([NewResult(ids[0], 0, "aa", replace(judged(0.9), model_sha256="another"), TOLD)])
    assert row.judgement is not None
    assert row.judgement.outcome is not before
    assert (row.decision, row.agreed_with) == (Decision.AGREE, before)
    noted = store.set_note(ids[0], "seen")
    assert noted is not None
    assert noted.row.opinion[:3] == (Decision.AGREE, before, "seen")
    assert store.set_decision(ids[0], Decision.NORMAL).row.agreed_with is None
    store.close()


def test_a_result_is_read_back_as_it_was_written(path: Path) -> None:
    store, queue, ids = filled(path)
    heat = np.linspace(-3, 3, 36, dtype=np.float32).reshape(6, 6)
    patient = PatientFields("Müller^Ж", "17", "20260102")
    (row,) = store.save_results([NewResult(ids[1], 1, "ab" * 32, judged(), TOLD, False, heat, patient)])
    store.close()
    again = Store(path)
    assert again.row(ids[1]) == row
    assert row.judgement == judged()
    assert row.entry == Entry(Path("/x/cd.zip"), "dir/two.dcm", 1)
    assert (row.patient_name, row.patient_id, row.study_date) == ("Müller^Ж", "17", "20260102")
    kept = again.heat_map(ids[1])
    assert kept is not None
    np.testing.assert_allclose(kept, heat, atol=2e-3)
    assert again.waiting(queue) == [(ids[0], Entry(Path("/x/one.png")))]
    again.close()


def test_what_was_decided_while_an_image_waited_stays_with_it(path: Path) -> None:
    store, _queue, ids = filled(path)
    store.set_decision(ids[1], Decision.PNEUMONIA, "seen on the old screen", "AB")
    (row,) = store.save_results([NewResult(ids[1], 1, "cd" * 32, judged(0.2), TOLD)])
    assert (row.decision, row.note, row.initials) == (Decision.PNEUMONIA, "seen on the old screen", "AB")
    store.close()


def test_a_new_model_never_rewrites_an_old_result(path: Path) -> None:
    store, _queue, ids = filled(path)
    store.save_results([NewResult(ids[0], 0, "aa", judged(0.9, "m1"), TOLD)])
    later = store.add_entries(store.new_queue("again", TOLD), [Entry(Path("/x/one.png"))])
    store.save_results([NewResult(later[0], 0, "aa", judged(0.1, "m2"), TOLD)])
    old, new = store.row(ids[0]), store.row(later[0])
    assert old is not None
    assert new is not None
    assert (old.judgement, new.judgement) == (judged(0.9, "m1"), judged(0.1, "m2"))
    store.close()


def test_another_package_with_the_same_id_neither_rewrites_nor_stands_for_a_result(path: Path) -> None:
    store, _queue, ids = filled(path)
    store.save_results([NewResult(ids[0], 0, "aa", judged(0.9, "m1", "one"), TOLD)])
    assert store.result_for("aa", 0, "two", TOLD, 1) is None
    later = store.add_entries(store.new_queue("again", TOLD), [Entry(Path("/x/one.png"))])
    store.save_results([NewResult(later[0], 0, "aa", judged(0.1, "m1", "two"), TOLD)])
    for package, score, entry_id in (("one", 0.9, ids[0]), ("two", 0.1, later[0])):
        found, row = store.result_for("aa", 0, package, TOLD, 1), store.row(entry_id)
        assert found is not None
        assert row is not None
        assert found[0] == row.judgement == judged(score, "m1", package)
    store.close()


def test_the_same_reading_twice_keeps_the_first(path: Path) -> None:
    store, _queue, ids = filled(path)
    store.save_results([NewResult(ids[0], 0, "aa", judged(0.9), TOLD)])
    store.save_results([NewResult(ids[0], 0, "aa", judged(0.2), TOLD)])
    found = store.result_for("aa", 0, "m1 v1", TOLD, 1)
    assert found is not None
    assert found[0].score == 0.9
    store.close()


def test_decisions_outlive_predictions_and_can_be_undone(path: Path) -> None:
    store, _queue, ids = filled(path)
    store.save_results([NewResult(ids[0], 0, "aa", judged(0.9), TOLD)])
    store.set_decision(ids[0], Decision.NORMAL, "clear", "AB")
    store.set_decision(ids[0], Decision.PNEUMONIA, "no, look again", "AB")
    later = store.add_entries(store.new_queue("again", TOLD), [Entry(Path("/y/copy.png"))])
    (row,) = store.save_results([NewResult(later[0], 0, "aa", judged(0.1, "m2"), TOLD)])
    assert (row.decision, row.note, row.initials) == (Decision.PNEUMONIA, "no, look again", "AB")
    undone = store.undo_decision()
    assert undone is not None
    assert (undone.decision, undone.note) == (Decision.PNEUMONIA, "no, look again")
    assert (undone.row.decision, undone.row.note) == (Decision.NORMAL, "clear")
    store.undo_decision()
    assert store.undo_decision() is None
    first = store.row(ids[0])
    assert first is not None
    assert first.decision is None
    store.close()


def test_an_undoing_takes_back_only_what_this_sitting_decided(path: Path) -> None:
    store, _queue, (first, second) = filled(path)
    other = Store(path)  # another window
    store.set_decision(first, Decision.NORMAL)
    other.set_decision(second, Decision.PNEUMONIA)
    undone = store.undo_decision()
    assert undone is not None and (undone.row.entry_id, undone.row.decision, undone.covered) == (first, None, False)
    assert not store.can_undo() and store.undo_decision() is None
    assert [row.decision for row in store.rows()] == [None, Decision.PNEUMONIA]

    other.set_decision(first, Decision.NORMAL)
    store.set_decision(first, Decision.PNEUMONIA, "mine")
    other.set_note(first, "theirs", "CD")
    undone = store.undo_decision()
    assert undone is not None and (undone.decision, undone.note, undone.covered) == (Decision.PNEUMONIA, "mine", True)
    assert (undone.row.decision, undone.row.note) == (Decision.PNEUMONIA, "theirs"), "saved by the other window"
    assert [other.undo_decision() is not None for _number in range(4)] == [True, True, True, False]
    other.close()
    store.set_decision(first, Decision.NORMAL)
    store.close()
    later = Store(path)  # the next sitting
    assert not later.can_undo() and later.undo_decision() is None
    assert later.rows()[0].decision is Decision.NORMAL
    later.close()


def test_a_decision_is_of_the_image_that_was_seen(path: Path) -> None:
    """Another window has read the file anew meanwhile, and it holds another film."""
    store, _queue, (entry_id, _) = filled(path)
    (seen,) = store.save_results([NewResult(entry_id, 0, "aa", judged(0.9), TOLD)])
    (now,) = store.save_results([NewResult(entry_id, 0, "bb", judged(0.1), TOLD)])
    assert store.set_decision(entry_id, Decision.AGREE, "", "AB", judged(0.9).outcome, seen) == Saved(now)
    agreed = Opinion(Decision.AGREE, judged(0.9).outcome, "", "AB")
    assert store.set_note(entry_id, "left base", "AB", seen=seen) == Saved(now, agreed)
    (copy,) = store.add_entries(store.new_queue("copies", TOLD), [Entry(Path("/x/copy.png"))])
    (row,) = store.save_results([NewResult(copy, 0, "aa", judged(0.9), TOLD)])
    told = (row.decision, row.agreed_with, row.note, row.initials)
    assert told == (Decision.AGREE, judged(0.9).outcome, "left base", "AB")
    undone = store.undo_decision()
    assert undone is not None and (undone.row.entry_id, undone.row.note) == (copy, "")
    store.close()


def test_a_note_bears_the_initials_of_who_wrote_it(path: Path) -> None:
    store, _queue, (entry_id, _) = filled(path)
    store.set_decision(entry_id, Decision.NORMAL, "clear", "AB")

    def told() -> tuple[str, str, str]:
        (row, _other) = store.rows()
        return (row.initials, row.note, row.note_initials)

    assert told() == ("AB", "clear", "AB")
    store.set_note(entry_id, "I see an opacity", "AB", "CD")
    assert told() == ("AB", "I see an opacity", "CD")
    store.set_note(entry_id, "I see an opacity", "EF", "EF")  # the decision is signed anew, the note is not
    assert told() == ("EF", "I see an opacity", "CD")
    store.set_decision(entry_id, Decision.PNEUMONIA, "I see an opacity", "AB")
    assert told() == ("AB", "I see an opacity", "CD")
    store.set_note(entry_id, "", "AB", "AB")
    assert told() == ("AB", "", "")
    store.close()


def test_a_note_without_initials_takes_those_of_whoever_signs_it_first_in_the_sitting_that_wrote_it(path: Path) -> None:
    store, _queue, (first, second) = filled(path)
    store.set_note(first, "rotated")
    signed = store.set_decision(first, Decision.NORMAL, "rotated", "CD")
    assert signed.row.opinion == Opinion(Decision.NORMAL, None, "rotated", "CD", "CD")
    assert store.set_decision(first, Decision.NORMAL, "rotated", "EF").row.note_initials == "CD"

    other = Store(path)
    other.set_note(second, "clear")
    store.set_decision(second, Decision.NORMAL, "clear")
    assert store.set_decision(second, Decision.NORMAL, "clear", "CD").row.opinion == Opinion(
        Decision.NORMAL, None, "clear", "CD", ""
    ), "nobody knows who wrote that one"
    store.set_note(second, "not so clear", "CD", "")
    noted = store.set_note(second, "not so clear", "EF", "EF")
    assert noted is not None and noted.row.opinion[2:] == ("not so clear", "EF", "EF")
    other.close()
    store.close()


def test_what_another_window_wrote_since_is_told_and_its_note_is_kept(path: Path) -> None:
    store, _queue, (entry_id, _) = filled(path)
    other = Store(path)
    (seen,) = store.save_results([NewResult(entry_id, 0, "aa", judged(0.9), TOLD)])
    other.set_decision(entry_id, Decision.PNEUMONIA, "right base", "AB")
    theirs = other.rows()[0].opinion
    saved = store.set_decision(entry_id, Decision.NORMAL, "", "CD", None, seen)
    assert saved.unseen == theirs == store.opinion(seen)._replace(decision=Decision.PNEUMONIA, initials="AB")
    assert saved.row.opinion == Opinion(Decision.NORMAL, None, "right base", "CD", "AB")
    undone = store.undo_decision()
    assert undone is not None and undone.row.opinion == theirs

    saved_note = store.set_note(entry_id, "rotated", "CD", seen=seen)
    assert saved_note is not None and saved_note.unseen == theirs
    assert saved_note.row.opinion == theirs._replace(note="right base / rotated", note_initials="AB / CD"), (
        "the decision is still AB's"
    )
    again = store.set_decision(entry_id, Decision.NORMAL, "rotated twice", "CD", None, seen)
    assert again.unseen is None and again.row.note == "rotated twice", (
        "one's own, on its way to the list, is no other's"
    )
    other.close()
    store.close()


@pytest.mark.parametrize(
    ("seen_note", "unseen_note", "told", "kept", "note_kept"),
    [
        ("X", "X", "", "", False),  # the reader deletes what he saw
        ("X", "X", "Y", "Y", False),
        ("X", "Y", "", "Y", True),
        ("X", "Y", "X", "Y", True),
        ("X", "", "X and more", "X and more", False),
        ("", "opacity", "no opacity", "opacity / no opacity", True),  # a part of a word or a sentence is no note
        ("", "rotated", "right base / rotated", "right base / rotated", True),
        ("", "right base / rotated", "rotated", "right base / rotated", True),
    ],
)
def test_of_two_notes_none_is_lost_that_the_reader_has_not_seen(
    seen_note: str, unseen_note: str, told: str, kept: str, note_kept: bool, path: Path
) -> None:
    store, _queue, (entry_id, _) = filled(path)
    other = Store(path)
    store.save_results([NewResult(entry_id, 0, "aa", judged(0.9), TOLD)])
    other.set_note(entry_id, seen_note, "AB")
    seen = store.row(entry_id)
    other.set_decision(entry_id, Decision.PNEUMONIA, unseen_note, "AB")
    saved = store.set_note(entry_id, told, "CD", seen=seen)
    assert saved is not None
    assert (saved.row.note, saved.note_kept) == (kept, note_kept)
    assert saved.written == store.can_undo() == (kept != unseen_note), "what stands is not written again"
    other.close()
    store.close()


def test_an_undoing_is_told_although_no_file_has_the_image_any_more(path: Path) -> None:
    store, _queue, (entry_id, _) = filled(path)
    (seen,) = store.save_results([NewResult(entry_id, 0, "aa", judged(0.9), TOLD)])
    store.save_results([NewResult(entry_id, 0, "bb", judged(0.1), TOLD)])
    store.set_decision(entry_id, Decision.NORMAL, seen=seen)
    undone = store.undo_decision()
    assert undone is not None and (undone.row.entry_id, undone.decision) == (entry_id, Decision.NORMAL)
    store.close()


def test_unfinished_queues_are_known_until_they_are_finished(path: Path) -> None:
    store, queue, ids = filled(path)
    store.save_results([NewResult(ids[0], 0, None, judged(None), TOLD)])
    assert store.unfinished() == [(queue, "folder", TOLD, 1, 0, 0)]
    store.finish_queue(queue)
    assert store.unfinished() == []
    store.close()


def test_threads_may_write_at_once(path: Path) -> None:
    store, queue, ids = filled(path)
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(20):
                store.set_decision(ids[number % 2], Decision.NORMAL, f"{number}-{step}")
                store.set_setting(f"key{number}", step)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [store.setting(f"key{number}") for number in range(4)] == [19] * 4
    assert len(store.rows(queue)) == 2
    store.close()


_CHILD = """
import sys
from pathlib import Path
from tests.records.conftest import judged, TOLD
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.records.rows import NewResult
from pneumo_desktop.records.store import Store
store = Store(Path(sys.argv[1]))
queue = store.new_queue("q", TOLD)
ids = store.add_entries(queue, [Entry(Path(f"/x/{n}.png")) for n in range(100000)])
for number, entry_id in enumerate(ids):
    store.save_results([NewResult(entry_id, 0, f"sha{number}", judged(), TOLD)])
    print(entry_id, flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_a_killed_program_loses_nothing_it_told(path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert child.stdout is not None
    told = [int(child.stdout.readline()) for _ in range(25)]
    child.send_signal(signal.SIGKILL)
    told += [int(line) for line in child.stdout.read().split()]
    child.wait()
    child.stdout.close()
    store = Store(path)
    done = {row.entry_id for row in store.rows() if row.status == "done"}
    assert set(told) <= done
    assert store.unfinished()[0][3] == 100000 - len(done)
    store.close()


def test_a_list_of_which_everything_was_left_out_is_an_earlier_list(path: Path) -> None:
    store, queue, _ids = filled(path)
    left = store.new_queue("texts", TOLD)
    store.add_left_out(left, [(Path("/x/notes.txt"), None, "not_an_image")])
    store.new_queue("nothing at all", TOLD)
    assert [(number, count) for number, _label, _time, count in store.queues()] == [(left, 0), (queue, 2)]
    store.close()


def test_a_walk_that_did_not_end_is_known(path: Path) -> None:
    store = Store(path)
    queue = store.new_queue("films", TOLD, paths=[Path("/x"), Path("/y")])
    assert store.unwalked(queue) == [Path("/x"), Path("/y")]
    assert [number for number, *_ in store.unfinished()] == [queue]
    store.add_entries(queue, [Entry(Path("/x/1.png"))])
    store.add_left_out(queue, [(Path("/x/notes.txt"), None, "not_an_image")])
    assert store.begin_walk_again(queue) == {Entry(Path("/x/1.png"))}
    assert store.left_out(queue) == []
    store.walked(queue)
    assert store.unwalked(queue) == []
    store.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only there a name may be no text")
def test_names_that_are_no_text_come_back_as_they_were(path: Path) -> None:
    store = Store(path)
    odd = Path(os.fsdecode(b"/x/caf\xe9/\xff.png"))
    queue = store.new_queue(odd.name, TOLD, paths=[odd])
    store.add_entries(queue, [Entry(odd, odd.name)])
    store.add_left_out(queue, [(odd, odd.name, "not_an_image")])
    store.set_folder_population(odd, Population.ADULTS)
    assert store.rows(queue)[0].entry == Entry(odd, odd.name)
    assert store.left_out(queue) == [(odd, odd.name, "not_an_image")]
    assert store.unwalked(queue) == [odd]
    assert store.folder_population(odd) is Population.ADULTS
    assert store.unfinished()[0][1] == odd.name
    store.close()


def test_the_later_file_of_the_same_content_is_the_duplicate_in_whatever_order_they_come(path: Path) -> None:
    store = Store(path)
    queue = store.new_queue("twins", TOLD)
    ids = store.add_entries(queue, [Entry(Path(f"/x/{number}.png")) for number in range(4)])

    def save(number: int, sha256: str = "aa") -> dict[int, bool]:
        told = store.save_results([NewResult(ids[number], 0, sha256, judged(), TOLD)])
        assert told[0].entry_id == ids[number]
        return {ids.index(row.entry_id): row.duplicate for row in told}

    assert save(2) == {2: False}
    assert save(3) == {3: True}
    store.close()
    store = Store(path)
    assert save(1) == {1: False, 2: True}
    assert save(0, "bb") == {0: False}
    assert [row.duplicate for row in store.rows(queue)] == [False, False, True, True]
    assert save(1, "bb") == {1: True, 2: False}  # the file was written over meanwhile
    other = store.add_entries(store.new_queue("another list", TOLD), [Entry(Path("/x/3.png"), frame=0)])
    (row,) = store.save_results([NewResult(other[0], 0, "aa", judged(), TOLD)])
    assert not row.duplicate
    frame = store.add_entries(queue, [Entry(Path("/x/3.png"), frame=1)])
    (row,) = store.save_results([NewResult(frame[0], 1, "aa", judged(), TOLD)])
    assert not row.duplicate
    store.close()
