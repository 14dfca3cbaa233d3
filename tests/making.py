"""Makes image files of every kind that the program reads, from a generated picture: no patient's."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

import gdcm
import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite

from pneumo_desktop.imaging.phantom import chest

SIZE = (160, 144)


def film(bits: int = 12, size: tuple[int, int] = SIZE, seed: int = 1) -> npt.NDArray[np.uint16]:
    """Return a chest-like picture (H, W) uint16 that fills ``bits`` bits."""
    levels = chest(seed, False, size).astype(np.float64) / 255.0
    return np.round(levels * ((1 << bits) - 1)).astype(np.uint16)


def picture(form: str, mode: str = "L", size: tuple[int, int] = SIZE, **options: Any) -> bytes:
    """Return a picture file of the generated film as Pillow writes it (``form`` JPEG, PNG, TIFF, BMP, WEBP)."""
    if mode == "I;16":
        image = Image.fromarray(film(16, size))
    else:
        image = Image.fromarray(chest(1, False, size)).convert(mode)
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def dataset(pixels: npt.NDArray[Any], bits: int = 12, **elements: Any) -> FileDataset:
    """Return a DX dataset of ``pixels`` (H, W), (frames, H, W) or (H, W, 3), uncompressed; ``elements`` by keyword."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = uid.DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    made = FileDataset("", {}, b"\0" * 128, meta)
    colour = pixels.ndim == 3 and pixels.shape[-1] == 3
    made.SOPClassUID, made.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    made.Modality, made.BodyPartExamined, made.ViewPosition = "DX", "CHEST", "PA"
    made.PatientName, made.PatientID, made.PatientAge, made.StudyDate = "Test^Generated", "17", "004Y", "20260102"
    made.Rows, made.Columns = pixels.shape[:2] if pixels.ndim == 2 or colour else pixels.shape[1:]
    if pixels.ndim == 3 and not colour:
        made.NumberOfFrames = pixels.shape[0]
    made.SamplesPerPixel = 3 if colour else 1
    if colour:
        made.PlanarConfiguration = 0
    made.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    made.BitsAllocated = pixels.dtype.itemsize * 8
    made.BitsStored, made.HighBit = bits, bits - 1
    made.PixelRepresentation = int(pixels.dtype.kind == "i")
    made.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def written(made: Dataset, syntax: str = uid.ExplicitVRLittleEndian) -> bytes:
    """Return the bytes of a dataset in a transfer syntax; raises what an encoder raises."""
    stream = io.BytesIO()
    if syntax in (uid.RLELossless, uid.JPEG2000Lossless, uid.JPEG2000, uid.JPEGLSLossless, uid.JPEGLSNearLossless):
        options: dict[str, Any] = {"j2k_cr": [8]} if syntax == uid.JPEG2000 else {}
        if syntax == uid.JPEGLSNearLossless:
            options = {"jls_error": 2}
        made.compress(syntax, generate_instance_uid=False, **options)
    elif syntax in (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLossless, uid.JPEGLosslessSV1):
        return _by_gdcm(written(made), syntax)
    made.file_meta.TransferSyntaxUID = uid.UID(syntax)
    little = syntax != uid.ExplicitVRBigEndian
    if not little:
        words = np.frombuffer(made.PixelData, "<u2" if made.BitsAllocated == 16 else "u1")
        made.PixelData = words.astype(">u2").tobytes() if made.BitsAllocated == 16 else made.PixelData
        made["PixelData"].VR = "OW" if made.BitsAllocated == 16 else "OB"
    dcmwrite(
        stream, made, implicit_vr=syntax == uid.ImplicitVRLittleEndian, little_endian=little, enforce_file_format=True
    )
    return stream.getvalue()


def encapsulated(made: Dataset, stream: bytes, syntax: str) -> bytes:
    """Return a DICOM file whose only frame is the code stream given."""
    made.PixelData = encapsulate([stream])
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    made.file_meta.TransferSyntaxUID = uid.UID(syntax)
    out = io.BytesIO()
    dcmwrite(out, made, enforce_file_format=True)
    return out.getvalue()


def _by_gdcm(plain: bytes, syntax: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        before, after = str(Path(folder, "a.dcm")), str(Path(folder, "b.dcm"))
        Path(before).write_bytes(plain)
        reader = gdcm.ImageReader()
        reader.SetFileName(before)
        assert reader.Read()
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(str(syntax))))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer = gdcm.ImageWriter()
        writer.SetFileName(after)
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
        del reader, change, writer  # Windows removes no file that is open
        return Path(after).read_bytes()
