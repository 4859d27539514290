//! Fragments of compressed pixels, put together to frames (PS3.5, A.4).

use dicom_core::value::PixelFragmentSequence;

use crate::error::Fault;

/// The encoded frames, as many as there should be.
pub(super) fn frames(
    sequence: PixelFragmentSequence<Vec<u8>>,
    count: usize,
) -> Result<Vec<Vec<u8>>, Fault> {
    let (offsets, fragments) = sequence.into_parts();
    let fragments: Vec<Vec<u8>> = fragments.into_iter().collect();
    let found = if count == 1 {
        vec![fragments.concat()]
    } else if fragments.len() == count {
        fragments
    } else if offsets.len() == count {
        by_offset(&offsets, &fragments)
    } else {
        by_start(&fragments)
    };
    if found.len() != count || found.iter().any(Vec::is_empty) {
        return Err(Fault::Damaged(format!(
            "{count} frames are announced, and {} found",
            found.iter().filter(|frame| !frame.is_empty()).count()
        )));
    }
    Ok(found)
}

/// Frames by the table of offsets, which counts each fragment's header of 8 bytes too.
fn by_offset(offsets: &[u32], fragments: &[Vec<u8>]) -> Vec<Vec<u8>> {
    const ITEM_HEADER: usize = 8;
    let mut frames = vec![Vec::new(); offsets.len()];
    let mut at = 0;
    for fragment in fragments {
        let frame = offsets.partition_point(|&offset| offset as usize <= at);
        if let Some(frame) = frames.get_mut(frame.saturating_sub(1)) {
            frame.extend_from_slice(fragment);
        }
        at += ITEM_HEADER + fragment.len();
    }
    frames
}

/// Frames by the marker that JPEG and JPEG 2000 begin with.
fn by_start(fragments: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut frames: Vec<Vec<u8>> = Vec::new();
    for fragment in fragments {
        let starts = fragment.starts_with(&[0xFF, 0xD8]) || fragment.starts_with(&[0xFF, 0x4F]);
        match frames.last_mut() {
            Some(frame) if !starts => frame.extend_from_slice(fragment),
            _ => frames.push(fragment.clone()),
        }
    }
    frames
}
