//! Values of three channels as red, green and blue of 8 bits.

use super::layout::{Layout, Photometric};

/// Red, green and blue of every pixel; `is_rgb` where the codec has converted YCbCr already.
pub(super) fn to_rgb8(layout: &Layout, values: &[u16], is_rgb: bool) -> Vec<u8> {
    let shift = layout.bits_stored.saturating_sub(8);
    let level = |value: u16| (value >> shift).min(255) as u8;
    let luma_chroma = matches!(
        layout.photometric,
        Photometric::YbrFull | Photometric::YbrFull422
    );
    if is_rgb || !luma_chroma {
        return values.iter().copied().map(level).collect();
    }
    values
        .chunks_exact(3)
        .flat_map(|pixel| rgb([pixel[0], pixel[1], pixel[2]].map(level)))
        .collect()
}

/// YCbCr of full range to RGB (ITU-R BT.601, PS3.3 C.7.6.3.1.2).
fn rgb([luma, blue, red]: [u8; 3]) -> [u8; 3] {
    let [luma, blue, red] = [luma, blue, red].map(f32::from);
    let (blue, red) = (blue - 128.0, red - 128.0);
    [
        luma + 1.402 * red,
        luma - 0.344_136 * blue - 0.714_136 * red,
        luma + 1.772 * blue,
    ]
    .map(|value| value.round().clamp(0.0, 255.0) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ycbcr_of_the_primaries_is_their_rgb() {
        assert_eq!(rgb([128, 128, 128]), [128; 3]);
        assert_eq!(rgb([76, 85, 255]), [254, 0, 0]);
        assert_eq!(rgb([29, 255, 107]), [0, 0, 254]);
    }
}
