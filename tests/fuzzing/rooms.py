"""What the fuzzer does to each room: sound files to begin with, and a call that may end in the room's own error only."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydicom import uid
from pydicom.encaps import get_frame

from pneumo_desktop import places
from pneumo_desktop.imaging.dicom import read
from pneumo_desktop.imaging.load import decode
from pneumo_desktop.imaging.prepare import prepare
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, UnreadableImageError
from pneumo_desktop.imaging.sources import LeftOut, find, read_bytes
from pneumo_desktop.models.card import BadPackageError
from pneumo_desktop.models.package import ModelPackage, write_package
from pneumo_desktop.reading.network import Network
from pneumo_desktop.reading.outcome import Judgement, OperatingPoint, Outcome, Population
from pneumo_desktop.reading.trial import try_package
from pneumo_desktop.records.opening import NewerDatabaseError, RecordsError
from pneumo_desktop.records.rows import Decision, NewResult
from pneumo_desktop.records.store import Store
from tests import making

Attack = Callable[[bytes], str]
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def _decode(data: bytes) -> str:
    try:
        radiograph = decode(Entry(Path("x")), data, "", all_tags=True)
    except UnreadableImageError as problem:
        return "crashed" if "ended with" in problem.detail else problem.code
    assert isinstance(radiograph, Radiograph)
    assert radiograph.pixels.ndim == 2
    assert int(radiograph.pixels.max()) < 1 << radiograph.bits_stored
    assert float(prepare(radiograph, 32).min()) >= 0.0
    return "read"


def raster(_folder: Path) -> tuple[list[bytes], Attack]:
    """Picture files of every kind."""
    seeds = [
        making.picture("JPEG", quality=85), making.picture("JPEG", "RGB", progressive=True), making.picture("JPEG", "CMYK"),
        making.picture("PNG"), making.picture("PNG", "P"), making.picture("PNG", "RGBA"), making.picture("PNG", "I;16"),
        making.picture("PNG", "1"), making.picture("BMP", "RGB"), making.picture("BMP", "P"),
        making.picture("WEBP", "RGB"), making.picture("WEBP", "RGBA", lossless=True),
        *(making.picture("TIFF", "RGB", compression=way)
          for way in ("raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits")),
        making.picture("TIFF", "1", compression="group4"), making.picture("TIFF", "I;16"),
    ]  # fmt: skip
    return seeds, _decode


def dicom(_folder: Path) -> tuple[list[bytes], Attack]:
    """DICOM in every transfer syntax, and the shared files where they are."""
    film = making.film().clip(0, 4000)
    seeds = [
        making.written(making.dataset(film), syntax)
        for syntax in (
            uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian,
            uid.DeflatedExplicitVRLittleEndian, uid.RLELossless, uid.JPEGExtended12Bit, uid.JPEGLossless,
            uid.JPEGLosslessSV1, uid.JPEGLSLossless, uid.JPEGLSNearLossless, uid.JPEG2000Lossless, uid.JPEG2000,
        )
    ]  # fmt: skip
    small = sorted(path for path in (DATA / "dicom").rglob("*") if path.is_file() and path.stat().st_size < 400_000)
    return seeds + [path.read_bytes() for path in small], _decode


def codestreams(_folder: Path) -> tuple[list[bytes], Attack]:
    """The code streams of compressed DICOM alone, damaged, in a header that is sound: straight at the decoders."""
    film, seeds = making.film().clip(0, 4000), []
    for place, syntax in enumerate(_COMPRESSED):
        sound = read(making.written(making.dataset(film), syntax))
        seeds.append(bytes([place]) + get_frame(sound.PixelData, 0, number_of_frames=1))
    for path in sorted((DATA / "dicom").glob("ts_htj2k*.dcm")):
        seeds.append(bytes([len(_COMPRESSED)]) + get_frame(read(path.read_bytes()).PixelData, 0, number_of_frames=1))

    def attack(data: bytes) -> str:
        place = data[0] if data else 0
        made = making.dataset(film)
        if place >= len(_COMPRESSED):
            syntax = uid.HTJ2K
            made = making.dataset(making.film(12, (370, 512)))
        else:
            syntax = _COMPRESSED[place]
        return _decode(making.encapsulated(made, data[1:], syntax))

    return seeds, attack


_COMPRESSED = (
    uid.RLELossless, uid.JPEGExtended12Bit, uid.JPEGLossless, uid.JPEGLosslessSV1, uid.JPEGLSLossless,
    uid.JPEGLSNearLossless, uid.JPEG2000Lossless, uid.JPEG2000,
)  # fmt: skip


def sources(folder: Path) -> tuple[list[bytes], Attack]:
    """ZIP archives, and an index of a medium with its files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/film.png", making.picture("PNG"))
        archive.writestr("b/scan.dcm", making.written(making.dataset(making.film())))
        archive.writestr("readme.txt", "no image")
    seeds = [stream.getvalue()]
    index = DATA / "dicom" / "dicomdir_tree" / "DICOMDIR"
    if index.is_file():
        seeds.append(index.read_bytes())

    def attack(data: bytes) -> str:
        path = folder / "dropped"
        path.write_bytes(data)
        found = 0
        for item in find([path]):
            if isinstance(item, LeftOut):
                continue
            found += 1
            try:
                read_bytes(item)
            except UnreadableImageError:
                found += 0
        return "something" if found else "nothing"

    return seeds, attack


def models(folder: Path) -> tuple[list[bytes], Attack]:
    """Model packages: damaged as a whole, inside with hashes that agree, and where they are packed."""
    seeds = [places.bundled_model().read_bytes()]

    def attack(data: bytes) -> str:
        path = folder / "model.pneumo"
        for package in (data, _packed_and_damaged(seeds[0], data), _rehashed(seeds[0], data)):
            path.write_bytes(package)
            try:
                ModelPackage.open(path)
            except BadPackageError as problem:
                told = problem.code
            else:
                told = "opened"
        return told

    return seeds, attack


_NUMBERS = (b"1e999", b"-1e999", b"1" + b"0" * 400, b"-1", b"NaN", b"null", b"true", b"[]", b'"7"')


def _packed_and_damaged(sound: bytes, noise: bytes) -> bytes:
    """Return the sound package, packed by one of the methods of a ZIP, with one packed part damaged by ``noise``."""
    digest = hashlib.sha256(noise).digest()
    stream = io.BytesIO()
    method = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)[digest[0] % 4]
    with zipfile.ZipFile(io.BytesIO(sound)) as archive, zipfile.ZipFile(stream, "w", method) as packed:
        for name in archive.namelist():
            large = name in ("network.tflite", "features.npz")  # they take seconds, and are unpacked like the others
            packed.writestr(name, b"large" if large else archive.read(name))
        infos = packed.infolist()
    info, data = infos[digest[1] % len(infos)], bytearray(stream.getvalue())
    start = info.header_offset + 30 + len(info.filename)
    for place in range(2, 3 + digest[2] % 6):
        data[start + int.from_bytes(digest[2 * place : 2 * place + 2], "big") % info.compress_size] = digest[place]
    return bytes(data)


def _rehashed(sound: bytes, noise: bytes) -> bytes:
    """Return the sound package with one part damaged by ``noise`` and a manifest that says it is right."""
    with zipfile.ZipFile(io.BytesIO(sound)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"}
    digest = hashlib.sha256(noise).digest()
    name = sorted(set(parts) - {"network.tflite"})[digest[0] % 3]
    part = bytearray(parts[name])
    for place in range(1, 1 + digest[1] % 6):
        part[int.from_bytes(digest[2 * place : 2 * place + 2], "big") % len(part)] = digest[place]
    if name.endswith(".json") and digest[20] % 2:  # a number that is one to JSON alone, where one stands
        numbers = list(re.finditer(rb"-?[0-9.]+(?:e-?[0-9]+)?(?=[,\]}\s])", parts[name]))
        start, end = numbers[int.from_bytes(digest[21:23], "big") % len(numbers)].span()
        part = bytearray(parts[name][:start] + _NUMBERS[digest[23] % len(_NUMBERS)] + parts[name][end:])
    parts[name] = bytes(part)
    parts["manifest.json"] = json.dumps(
        {"sha256": {key: hashlib.sha256(value).hexdigest() for key, value in parts.items()}}
    ).encode()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for key, value in parts.items():
            archive.writestr(key, value)
    return stream.getvalue()


HEAD_BYTES, TAIL_BYTES = 4_000, 20_000
"""Where a network's flatbuffer holds its tables; the weights lie between and may be anything."""


def networks(folder: Path) -> tuple[list[bytes], Attack]:
    """The network in a model package, damaged where its tables are.

    A case runs in a fork, because LiteRT may end its process. A network that does, and one in fifty of the others, then
    goes the program's own way in, in a package whose hashes agree: it must be told in words.
    """
    sound = ModelPackage.open(Path(__file__).resolve().parents[1] / "fixtures" / "tiny.pneumo")
    network = sound.network_bytes
    seeds = [network[:HEAD_BYTES] + network[-TAIL_BYTES:]]
    blank = np.zeros((sound.card.input_size, sound.card.input_size), np.float32)
    path = folder / "model.pneumo"
    count = itertools.count()

    def on_its_way_in(damaged: bytes) -> str:
        write_package(path, sound.card, damaged, sound.arrays, sound.reference)
        try:
            try_package(path)
        except BadPackageError as problem:
            return problem.code
        return "opened"

    def attack(data: bytes) -> str:
        damaged = data[:HEAD_BYTES] + network[HEAD_BYTES:-TAIL_BYTES] + data[HEAD_BYTES:]
        child = os.fork()
        if child == 0:
            code = 2  # an error that is none of the room's
            try:
                Network(replace(sound, network_bytes=damaged)).run(blank)
                code = 0
            except (BadPackageError, MemoryError):
                code = 1
            finally:
                os._exit(code)
        status = os.waitpid(child, 0)[1]
        assert status != 2 << 8, "an unexpected error"
        dead = os.WIFSIGNALED(status)
        told = on_its_way_in(damaged) if dead or next(count) % 50 == 0 else ""
        assert not dead or told == "network"
        return f"ended by signal {os.WTERMSIG(status)}" if dead else ("opened", "network")[status >> 8]

    return seeds, attack


def records(folder: Path) -> tuple[list[bytes], Attack]:
    """A database of records."""
    sound = folder / "sound.sqlite"
    store = Store(sound)
    queue = store.new_queue("folder", Population.NOT_KNOWN)
    store.add_entries(queue, [Entry(Path(f"/x/{number}.png")) for number in range(40)])
    store.set_setting("language", "es")
    ids = [entry_id for entry_id, _entry in store.waiting(queue)]
    point = OperatingPoint(0.5, 0.4, 0.6)
    judged = Judgement(
        Outcome.UNCERTAIN, None, 0.5, point, Population.CHILDREN, "m", 1, "0.1", notes=("exif_orientation",)
    )
    heat_map = np.zeros((6, 6), np.float32)
    store.save_results(
        [
            NewResult(entry_id, 0, f"{entry_id}", judged, Population.NOT_KNOWN, heat_map=heat_map)
            for entry_id in ids[:20]
        ]
    )
    for entry_id in ids[:5]:
        store.set_decision(entry_id, Decision.NORMAL, "seen", "AB")
    store.close()
    seeds = [sound.read_bytes()]

    def attack(data: bytes) -> str:
        for old in folder.glob("records*"):
            old.unlink()
        path = folder / "records.sqlite"
        path.write_bytes(data)
        try:
            opened = Store(path)
        except NewerDatabaseError:
            assert path.read_bytes() == data
            return "newer"
        except RecordsError:
            return "refused"
        try:
            for row in opened.rows():
                opened.heat_map(row.entry_id)
            opened.setting("language")
            opened.unfinished()
            kept = opened.set_aside
        finally:
            opened.close()
        if kept is not None:
            assert kept.read_bytes() == data
        return "set aside" if kept else "opened"

    return seeds, attack


ROOMS: dict[str, Callable[[Path], tuple[list[bytes], Attack]]] = {
    "raster": raster, "dicom": dicom, "codestreams": codestreams, "sources": sources, "models": models,
    "networks": networks, "records": records,
}  # fmt: skip
