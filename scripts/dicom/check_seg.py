#!/usr/bin/env python3
"""Compares DICOM SEG files with the masks and images they were made of, as pydicom and highdicom read them.

    check_seg.py FOLDER

FOLDER holds for each NAME: NAME.dcm the image, NAME.seg.dcm the segmentation, NAME.masks its masks, a byte per pixel.
"""

import sys
from pathlib import Path

import highdicom
import numpy as np
import pydicom

# Attributes of type 1 of the modules of PS3.3 A.51 that a reader may miss without a word.
REQUIRED = [
    "Manufacturer",
    "ManufacturerModelName",
    "DeviceSerialNumber",
    "SoftwareVersions",
    "InstanceNumber",
    "ContentDate",
    "ContentTime",
    "ContentLabel",
    "ImageType",
    "LossyImageCompression",
    "SegmentationType",
    "SegmentSequence",
    "DimensionOrganizationSequence",
    "DimensionIndexSequence",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "ReferencedSeriesSequence",
    "SeriesNumber",
]
# Type 2: there, but possibly empty.
PRESENT = ["PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime"]
PRESENT += ["ReferringPhysicianName", "StudyID", "AccessionNumber"]


def check(folder, name):
    image = pydicom.dcmread(folder / f"{name}.dcm")
    path = folder / f"{name}.seg.dcm"
    plain = pydicom.dcmread(path)
    masks = np.frombuffer((folder / f"{name}.masks").read_bytes(), dtype=np.uint8)
    masks = masks.reshape(-1, image.Rows, image.Columns)
    for keyword in REQUIRED:
        assert plain.get(keyword) not in (None, ""), f"{keyword} is missing"
    for keyword in PRESENT:
        assert keyword in plain, f"{keyword} is missing"
    assert np.array_equal(plain.pixel_array, masks), "pydicom reads other masks"
    assert plain.PatientName == image.PatientName, plain.PatientName
    assert plain.StudyInstanceUID == image.StudyInstanceUID

    seg = highdicom.seg.segread(path)
    assert seg.number_of_segments == len(masks)
    sources = seg.get_source_image_uids()
    assert sources == [(image.StudyInstanceUID, image.SeriesInstanceUID, image.SOPInstanceUID)], sources
    numbers = list(range(1, len(masks) + 1))
    derivation = seg.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0].SourceImageSequence[0]
    if "NumberOfFrames" in image:
        read = seg.get_pixels_by_source_frame(
            image.SOPInstanceUID,
            [derivation.ReferencedFrameNumber],
            segment_numbers=numbers,
            assert_missing_frames_are_empty=True,
            ignore_spatial_locations=True,
        )
    else:
        read = seg.get_pixels_by_source_instance(
            [image.SOPInstanceUID], segment_numbers=numbers, ignore_spatial_locations=True
        )
    assert np.array_equal(np.moveaxis(read[0], -1, 0), masks), "highdicom reads other masks"
    described = [seg.get_segment_description(number) for number in numbers]
    return ", ".join(f"{d.segment_label} ({d.algorithm_type.value})" for d in described)


def main():
    folder = Path(sys.argv[1])
    names = sorted(path.name.removesuffix(".seg.dcm") for path in folder.glob("*.seg.dcm"))
    for name in names:
        print(f"{name}: {check(folder, name)}")
    print(f"{len(names)} segmentations agree")


main()
