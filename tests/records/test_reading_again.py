"""What is read again: nothing that is known of an image goes before there is something new."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.records.rows import NOT_READ_AGAIN, Decision, NewResult, PatientFields
from pneumo_desktop.records.store import Store

from .conftest import TOLD, filled, judged


def test_what_was_never_read_as_of_a_population_wants_reading(path: Path) -> None:
    store, queue, ids = filled(path)
    assert store.wants_reading(queue, TOLD)
    store.save_results([NewResult(entry_id, 0, f"s{entry_id}", judged(), TOLD) for entry_id in ids])
    assert not store.wants_reading(queue, TOLD)
    store.read_again(queue, Population.CHILDREN)
    store.finish_queue(queue)  # given up: the queue is said to hold children, its results are of before
    assert store.queue_population(queue) is Population.CHILDREN
    assert store.wants_reading(queue, Population.CHILDREN)
    begun = store.new_queue("films", TOLD, paths=[Path("/x")])
    assert store.wants_reading(begun, TOLD)
    store.close()


def test_what_could_not_be_read_is_tried_again(path: Path) -> None:
    store, _queue, ids = filled(path)
    store.save_results([NewResult(ids[0], 0, "aa", judged(None), TOLD)])
    assert store.result_for("aa", 0, "m1 v1", TOLD, 1) is None
    later = store.add_entries(store.new_queue("again", TOLD), [Entry(Path("/x/one.png"))])
    (row,) = store.save_results([NewResult(later[0], 0, "aa", judged(0.9), TOLD)])
    assert row.judgement == judged(0.9)
    old = store.row(ids[0])
    assert old is not None
    assert old.judgement == judged(None)
    store.close()


def read_before(path: Path) -> tuple[Store, int, list[int]]:
    """Return a queue of two images of one patient, each with a result; the first has a heat map and a decision."""
    store, queue, ids = filled(path)
    patient = PatientFields("Test^Generated", "17", "20260102")
    heat_map = np.ones((6, 6), np.float32)
    store.save_results(
        [
            NewResult(ids[0], 0, "aa", judged(0.9), TOLD, False, heat_map, patient),
            NewResult(ids[1], 1, "bb", judged(0.1), TOLD, False, None, patient),
        ]
    )
    store.finish_queue(queue)
    store.set_decision(ids[0], Decision.PNEUMONIA, "seen", "AB")
    return store, queue, ids


def test_what_is_to_be_read_again_keeps_its_result_until_there_is_another(path: Path) -> None:
    store, queue, ids = read_before(path)
    before = store.rows(queue)
    store.read_again(queue, Population.ADULTS)
    store.close()  # as good as a kill
    store = Store(path)
    assert store.rows(queue) == before
    assert store.heat_map(ids[0]) is not None
    assert store.told_population(ids[0]) is TOLD
    assert store.unfinished() == [(queue, "folder", Population.ADULTS, 2, 2, 0)]
    (row,) = store.save_results([NewResult(ids[1], 1, "bb", judged(0.2, "m2"), Population.ADULTS)])
    assert row.judgement == judged(0.2, "m2")
    assert [entry_id for entry_id, _entry in store.waiting(queue)] == [ids[0]]
    assert store.unfinished() == [(queue, "folder", Population.ADULTS, 1, 1, 0)]
    store.finish_queue(queue)  # not to be gone on with
    assert store.unfinished() == store.waiting(queue) == []
    assert store.rows(queue) == [before[0], row]
    store.close()


def test_a_file_that_cannot_be_read_again_loses_nothing(path: Path) -> None:
    store, queue, ids = read_before(path)
    before = store.rows(queue)
    store.read_again(queue, Population.ADULTS)
    gone = [NewResult(ids[0], 0, None, judged(None, "m2"), Population.ADULTS),
            NewResult(ids[1], 1, "cut off", judged(None, "m2"), Population.ADULTS)]  # fmt: skip
    rows = store.save_results(gone)
    for row, known in zip(rows, before, strict=True):
        assert row.judgement is not None and known.judgement is not None
        assert row.judgement.notes == (*known.judgement.notes, NOT_READ_AGAIN)
        assert replace(row, judgement=known.judgement) == known
    assert rows[0].decision is Decision.PNEUMONIA
    assert store.heat_map(ids[0]) is not None
    assert store.waiting(queue) == []
    store.read_again(queue, TOLD)  # the drive is there again
    (row,) = store.save_results([NewResult(ids[0], 0, "aa", judged(0.9), TOLD)])
    assert row == before[0]
    store.close()


def test_a_file_that_could_never_be_read_keeps_what_is_known_of_it(path: Path) -> None:
    store, queue, ids = filled(path)
    store.save_results([NewResult(ids[0], 0, "aa", judged(None), TOLD)])
    store.set_decision(ids[0], Decision.CANNOT_TELL)
    store.read_again(queue, TOLD)
    (row,) = store.save_results([NewResult(ids[0], 0, None, judged(None, "m2"), TOLD)])
    assert (row.sha256, row.decision, row.judgement) == ("aa", Decision.CANNOT_TELL, judged(None, "m2"))
    store.close()


def test_the_patient_of_an_image_is_not_forgotten(path: Path) -> None:
    store, queue, ids = read_before(path)
    patient = PatientFields("Test^Generated", "17", "20260102")
    store.read_again(queue, Population.ADULTS)
    assert store.patient_of("aa") == patient
    (row,) = store.save_results([NewResult(ids[0], 0, "aa", judged(0.9), Population.ADULTS)])
    assert PatientFields(row.patient_name, row.patient_id, row.study_date) == patient
    (row,) = store.save_results([NewResult(ids[0], 0, "another image", judged(0.9), Population.ADULTS)])
    assert PatientFields(row.patient_name, row.patient_id, row.study_date) == PatientFields()
    assert store.patient_of("another image") == PatientFields()
    store.close()
