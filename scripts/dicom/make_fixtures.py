#!/usr/bin/env python3
"""Writes crates/mriseg-dicom/fixtures: a small DICOM file of each kind, and what pydicom reads of it (expected.json).

    python3 -m venv venv
    venv/bin/pip install numpy pillow pydicom pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg pylibjpeg-rle python-gdcm
    venv/bin/python scripts/dicom/make_fixtures.py

All are made of the phantom www/public/gallery/p0.png, at 96 x 80 pixels. Names, dates and identifiers are made up.
"""

import json
import struct
import zlib
from pathlib import Path

import gdcm
import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    MPEG4HP41,
    RLELossless,
    SecondaryCaptureImageStorage,
)

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "crates/mriseg-dicom/fixtures"
WIDTH, HEIGHT = 96, 80
ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
BASIC_TEXT_SR = "1.2.840.10008.5.1.4.1.1.88.11"
DICOMDIR = "1.2.840.10008.1.3.10"

expected = {}


def phantom(maximum):
    """The phantom at 96 x 80, from 0 to `maximum`, with a finer structure below 8 bits."""
    picture = Image.open(ROOT / "www/public/gallery/p0.png").convert("F").resize((WIDTH, HEIGHT), Image.BOX)
    grey = np.asarray(picture, dtype=np.float64)
    grey = (grey - grey.min()) / (grey.max() - grey.min())
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    fine = ((rows * 7 + columns * 13) % 17) / 17 / 256
    return np.round((grey * (1 - 1 / 256) + fine) * maximum)


def uid(name):
    """A UID that stays the same from run to run."""
    return f"2.25.{int.from_bytes(zlib.crc32(name.encode()).to_bytes(4, 'big'), 'big') + 10**20}"


def dataset(name, sop_class=DigitalXRayImageStorageForPresentation, modality="DX"):
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.SOPClassUID = sop_class
    ds.SOPInstanceUID = uid(name)
    ds.StudyInstanceUID = uid("study")
    ds.SeriesInstanceUID = uid("series")
    ds.PatientName = "Muster^Jürgen"
    ds.PatientID = "FIXTURE-1"
    ds.PatientBirthDate = "19500101"
    ds.PatientSex = "O"
    ds.StudyDate = "20200102"
    ds.StudyTime = "030405"
    ds.ReferringPhysicianName = ""
    ds.StudyID = "1"
    ds.AccessionNumber = ""
    ds.Modality = modality
    ds.SeriesNumber = 1
    ds.InstanceNumber = 1
    return ds


def with_pixels(ds, pixels, bits, signed=False, photometric="MONOCHROME2"):
    """Adds pixels: `[rows, columns]`, or `[rows, columns, 3]`, or frames of them where NumberOfFrames is set."""
    colour = photometric not in ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
    ds.SamplesPerPixel = 3 if colour else 1
    ds.PhotometricInterpretation = photometric
    if colour:
        ds.PlanarConfiguration = 0
    shape = pixels.shape[:-1] if colour else pixels.shape
    ds.Rows, ds.Columns = shape[-2:]
    ds.BitsAllocated = 8 if bits <= 8 else 16
    ds.BitsStored = bits
    ds.HighBit = bits - 1
    ds.PixelRepresentation = int(signed)
    kind = ("<i" if signed else "<u") + ("1" if bits <= 8 else "2")
    ds.PixelData = pixels.astype(kind).tobytes()
    ds["PixelData"].VR = "OB" if bits <= 8 else "OW"
    return ds


def save(name, ds, syntax=ExplicitVRLittleEndian):
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    path = OUT / f"{name}.dcm"
    implicit, little = syntax.is_implicit_VR, syntax.is_little_endian
    pydicom.dcmwrite(path, ds, implicit_vr=implicit, little_endian=little, enforce_file_format=True)
    return path


def record(name, path=None, **more):
    """What pydicom reads: stored values, rescaled values, and the file's own VOI."""
    ds = pydicom.dcmread(path or OUT / f"{name}.dcm", force=True)
    pixels = ds.pixel_array
    entry = {"rows": int(ds.Rows), "columns": int(ds.Columns), **more}
    if ds.SamplesPerPixel == 3:
        entry["sum"] = int(pixels.astype(np.int64).sum())
        entry["pixels"] = [[x, y, *map(float, pixels[y, x])] for x, y in POINTS]
    elif ds.PhotometricInterpretation != "PALETTE COLOR":
        first = pixels[0] if pixels.ndim == 3 else pixels
        values = apply_modality_lut(first, ds).astype(np.float64)
        entry["sum"] = float(values.sum())
        entry["minimum"], entry["maximum"] = float(values.min()), float(values.max())
        entry["pixels"] = [[x, y, float(values[y, x])] for x, y in POINTS]
        if "WindowCenter" in ds or "VOILUTSequence" in ds:
            seen = apply_voi_lut(apply_modality_lut(first, ds), ds).astype(np.float64)
            low, high = voi_range(ds, first)
            level = (seen - low) / (high - low)
            if ds.PhotometricInterpretation == "MONOCHROME1":
                level = 1 - level
            entry["levels"] = [[x, y, float(level[y, x])] for x, y in POINTS]
            entry["level_sum"] = float(level.sum())
    expected[name] = entry


def voi_range(ds, stored):
    """The output range of pydicom's apply_voi_lut."""
    if "VOILUTSequence" in ds:
        return 0, 2 ** ds.VOILUTSequence[0].LUTDescriptor[2] - 1
    if ds.PixelRepresentation == 0:
        low, high = 0, 2**ds.BitsStored - 1
    else:
        low, high = -(2 ** (ds.BitsStored - 1)), 2 ** (ds.BitsStored - 1) - 1
    slope, intercept = float(ds.get("RescaleSlope", 1)), float(ds.get("RescaleIntercept", 0))
    return low * slope + intercept, high * slope + intercept


POINTS = [(0, 0), (95, 0), (0, 79), (95, 79), (48, 40), (20, 30), (70, 33), (48, 75)]


def gdcm_transcode(source, target, syntax):
    reader = gdcm.ImageReader()
    reader.SetFileName(str(source))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(target))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()


def greys():
    ds = with_pixels(dataset("mono1"), phantom(65535), 16, photometric="MONOCHROME1")
    ds.WindowCenter, ds.WindowWidth = 30000, 40000
    ds.ImagerPixelSpacing = [0.2, 0.15]
    ds.EstimatedRadiographicMagnificationFactor = 1.25
    ds.PatientOrientation = ["L", "F"]
    save("mono1_16bit_window", ds)
    record("mono1_16bit_window")

    ds = with_pixels(dataset("mono2"), phantom(4095), 12)
    ds.WindowCenter, ds.WindowWidth = [2048, 1000], [4096, 600]
    ds.WindowCenterWidthExplanation = ["NORMAL", "HARDER"]
    ds.PixelSpacing = [0.4, 0.4]
    ds.ImagerPixelSpacing = [0.5, 0.5]
    plain = save("mono2_12bit", ds)
    record("mono2_12bit")
    ds.SOPInstanceUID = uid("sigmoid")
    ds.VOILUTFunction = "SIGMOID"
    ds.WindowCenter, ds.WindowWidth = 2000, 1500
    del ds.WindowCenterWidthExplanation
    save("voi_sigmoid", ds)
    record("voi_sigmoid")
    ds.SOPInstanceUID = uid("exact")
    ds.VOILUTFunction = "LINEAR_EXACT"
    save("voi_linear_exact", ds)
    record("voi_linear_exact")

    ds = with_pixels(dataset("signed", CTImageStorage, "CT"), phantom(3000) - 1000, 16, signed=True)
    ds.RescaleSlope, ds.RescaleIntercept = "0.5", "-24"
    ds.WindowCenter, ds.WindowWidth = 40, 400
    ds.PixelSpacing = [0.7, 0.7]
    ds.FrameOfReferenceUID = uid("frame of reference")
    ds.PositionReferenceIndicator = ""
    ds.ImagePositionPatient = [-10, -20, 30]
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.SliceThickness = "5"
    save("signed_rescale_ct", ds)
    record("signed_rescale_ct")

    ds = with_pixels(dataset("lut"), phantom(1023), 10)
    table = np.round(65535 * (np.linspace(0, 1, 900) ** 0.5)).astype("<u2")
    item = Dataset()
    item.LUTDescriptor = [len(table), 60, 16]
    item.LUTExplanation = "Square root"
    item.LUTData = table.tobytes()
    item["LUTDescriptor"].VR = "US"
    item["LUTData"].VR = "OW"
    ds.VOILUTSequence = Sequence([item])
    save("voi_lut", ds)
    record("voi_lut")

    ds = with_pixels(dataset("padding"), phantom(4095), 12)
    pixels = phantom(4000) + 10
    pixels[:, :5] = 4095
    ds = with_pixels(dataset("padding"), pixels, 12)
    ds.PixelPaddingValue = 4095
    ds["PixelPaddingValue"].VR = "US"
    save("padding", ds)
    record("padding")
    return plain


def encodings(plain):
    """The picture of mono2_12bit in each encoding."""
    same = {"same_as": "mono2_12bit"}
    for name, syntax in [
        ("implicit_little", ImplicitVRLittleEndian),
        ("deflated", DeflatedExplicitVRLittleEndian),
    ]:
        ds = pydicom.dcmread(plain)
        save(name, ds, syntax)
        record(name, **same)
    gdcm_transcode(plain, OUT / "big_endian.dcm", gdcm.TransferSyntax.ExplicitVRBigEndian)
    record("big_endian", **same)
    gdcm_transcode(plain, OUT / "jpeg_lossless.dcm", gdcm.TransferSyntax.JPEGLosslessProcess14_1)
    record("jpeg_lossless", **same)
    for name, syntax in [("jpeg2000_lossless", JPEG2000Lossless), ("rle", RLELossless)]:
        ds = pydicom.dcmread(plain)
        ds.compress(syntax, generate_instance_uid=False)
        ds.save_as(OUT / f"{name}.dcm")
        record(name, **same)
    ds = pydicom.dcmread(plain)
    gdcm_transcode(plain, OUT / "jpeg_ls.dcm", gdcm.TransferSyntax.JPEGLSLossless)
    assert pydicom.dcmread(OUT / "jpeg_ls.dcm").file_meta.TransferSyntaxUID == JPEGLSLossless

    whole = plain.read_bytes()
    (OUT / "no_preamble.dcm").write_bytes(whole[132:])
    record("no_preamble", **same)
    length = struct.unpack("<I", whole[140:144])[0]
    (OUT / "no_meta.dcm").write_bytes(whole[144 + length :])
    # pydicom takes a file without meta information for implicit little endian.
    expected["no_meta"] = dict(expected["mono2_12bit"], **same)

    ds = with_pixels(dataset("signed j2k", CTImageStorage, "CT"), phantom(3000) - 1000, 16, signed=True)
    save("signed_plain", ds)
    record("signed_plain")
    ds.compress(JPEG2000Lossless, generate_instance_uid=False)
    ds.save_as(OUT / "signed_jpeg2000.dcm")
    record("signed_jpeg2000", same_as="signed_plain")
    ds = with_pixels(dataset("16 bit j2k"), phantom(65535), 16)
    save("jpeg2000_16bit", ds)
    ds.compress(JPEG2000Lossless, generate_instance_uid=False)
    ds.save_as(OUT / "jpeg2000_16bit.dcm")
    record("jpeg2000_16bit")

    ds = with_pixels(dataset("jpeg", ComputedRadiographyImageStorage, "CR"), phantom(255), 8)
    raw = save("mono2_8bit", ds)
    record("mono2_8bit")
    gdcm_transcode(raw, OUT / "jpeg_baseline.dcm", gdcm.TransferSyntax.JPEGBaselineProcess1)
    assert pydicom.dcmread(OUT / "jpeg_baseline.dcm").file_meta.TransferSyntaxUID == JPEGBaseline8Bit
    record("jpeg_baseline", tolerance=2)


def frames():
    grey = phantom(4095)[::2, ::2]
    stack = np.stack([grey, np.flipud(grey), 4095 - grey])
    ds = dataset("multi", "1.2.840.10008.5.1.4.1.1.7.3", "OT")
    ds.NumberOfFrames = 3
    with_pixels(ds, stack, 12)
    ds.NominalScannedPixelSpacing = [0.3, 0.3]
    plain = save("multi_frame", ds)
    sums = [float(frame.sum()) for frame in pydicom.dcmread(plain).pixel_array]
    expected["multi_frame"] = {"rows": 40, "columns": 48, "frame_sums": sums}
    for name, syntax in [("multi_frame_rle", RLELossless), ("multi_frame_jpeg2000", JPEG2000Lossless)]:
        ds = pydicom.dcmread(plain)
        ds.compress(syntax, generate_instance_uid=False)
        ds.save_as(OUT / f"{name}.dcm")
        expected[name] = dict(expected["multi_frame"])
    gdcm_transcode(plain, OUT / "multi_frame_jpeg_lossless.dcm", gdcm.TransferSyntax.JPEGLosslessProcess14_1)
    expected["multi_frame_jpeg_lossless"] = dict(expected["multi_frame"])


def colours():
    grey = phantom(255).astype(np.uint8)
    rgb = np.stack([grey, 255 - grey, np.roll(grey, 9, axis=1)], axis=-1)
    ds = with_pixels(dataset("rgb", SecondaryCaptureImageStorage, "OT"), rgb, 8, photometric="RGB")
    plain = save("rgb", ds)
    record("rgb")
    ds.PlanarConfiguration = 1
    ds.PixelData = np.moveaxis(rgb, -1, 0).tobytes()
    save("rgb_planar", ds)
    record("rgb_planar", same_as="rgb")
    ds = pydicom.dcmread(plain)
    ds.compress(RLELossless, generate_instance_uid=False)
    ds.save_as(OUT / "rgb_rle.dcm")
    record("rgb_rle", same_as="rgb")
    ds = pydicom.dcmread(plain)
    ds.compress(JPEG2000Lossless, generate_instance_uid=False)
    ds.save_as(OUT / "rgb_jpeg2000.dcm")
    record("rgb_jpeg2000", same_as="rgb")

    index = (phantom(255) // 4).astype(np.uint8)
    ds = with_pixels(dataset("palette", SecondaryCaptureImageStorage, "OT"), index, 8, photometric="PALETTE COLOR")
    steps = np.linspace(0, 65535, 64)
    for colour, table in [("Red", steps), ("Green", steps[::-1]), ("Blue", np.abs(steps - 32768))]:
        setattr(ds, f"{colour}PaletteColorLookupTableDescriptor", [64, 0, 16])
        ds[f"{colour}PaletteColorLookupTableDescriptor"].VR = "US"
        setattr(ds, f"{colour}PaletteColorLookupTableData", np.round(table).astype("<u2").tobytes())
    save("palette", ds)
    seen = pydicom.pixels.apply_color_lut(pydicom.dcmread(OUT / "palette.dcm").pixel_array, ds) >> 8
    expected["palette"] = {
        "rows": HEIGHT,
        "columns": WIDTH,
        "sum": int(seen.astype(np.int64).sum()),
        "pixels": [[x, y, *map(float, seen[y, x])] for x, y in POINTS],
    }


def without_pixels():
    save("report", dataset("report", BASIC_TEXT_SR, "SR"))
    ds = dataset("pdf", ENCAPSULATED_PDF, "DOC")
    ds.EncapsulatedDocument = b"%PDF-1.4 no document\n"
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    save("pdf", ds)
    save("no_pixels", dataset("no pixels"))
    save("dicomdir", dataset("dicomdir", DICOMDIR, "OT"))
    ds = with_pixels(dataset("video", "1.2.840.10008.5.1.4.1.1.77.1.1.1", "ES"), phantom(255), 8)
    ds.PixelData = encapsulate([b"\0\0\0\1 no video\0"])
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    save("video", ds, MPEG4HP41)


OUT.mkdir(parents=True, exist_ok=True)
for old in OUT.glob("*.dcm"):
    old.unlink()
encodings(greys())
frames()
colours()
without_pixels()
(OUT / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")
for path in sorted(OUT.glob("*.dcm")):
    print(f"{path.stat().st_size:7} {path.name}")
    assert path.stat().st_size <= 64 * 1024
