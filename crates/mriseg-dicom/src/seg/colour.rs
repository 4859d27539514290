//! Colours of segments as CIELab of 16 bits (PS3.3, C.10.7.1.1).

/// sRGB of 8 bits to L*, a* and b*, D50 white, scaled to the range of 16 bits.
pub(super) fn cielab(rgb: [u8; 3]) -> [u16; 3] {
    /// Linear sRGB to XYZ, adapted to D50 (Bradford; ICC sRGB profile).
    const XYZ: [[f64; 3]; 3] = [
        [0.436_074_7, 0.385_064_9, 0.143_080_4],
        [0.222_504_5, 0.716_878_6, 0.060_616_9],
        [0.013_932_2, 0.097_104_5, 0.714_173_3],
    ];
    const WHITE: [f64; 3] = [0.964_22, 1.0, 0.825_21];
    let linear = rgb.map(|level| {
        let level = f64::from(level) / 255.0;
        if level <= 0.040_45 {
            level / 12.92
        } else {
            ((level + 0.055) / 1.055).powf(2.4)
        }
    });
    let mut root = [0.0; 3];
    for ((root, row), white) in root.iter_mut().zip(XYZ).zip(WHITE) {
        let ratio: f64 = row.iter().zip(linear).map(|(a, b)| a * b).sum::<f64>() / white;
        *root = if ratio > (6.0f64 / 29.0).powi(3) {
            ratio.cbrt()
        } else {
            ratio * (29.0f64 / 6.0).powi(2) / 3.0 + 4.0 / 29.0
        };
    }
    let [x, y, z] = root;
    let (lightness, a, b) = (116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z));
    let scaled = |value: f64, least: f64, range: f64| {
        ((value - least) / range * f64::from(u16::MAX)).round() as u16
    };
    [
        scaled(lightness, 0.0, 100.0),
        scaled(a, -128.0, 255.0),
        scaled(b, -128.0, 255.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_black_and_red_have_their_lab_values() {
        let lab = |rgb| {
            let [l, a, b] = cielab(rgb).map(f64::from);
            [l / 655.35, a / 257.0 - 128.0, b / 257.0 - 128.0].map(|value| value.round() as i32)
        };
        assert_eq!(lab([255, 255, 255]), [100, 0, 0]);
        assert_eq!(lab([0, 0, 0]), [0, 0, 0]);
        assert_eq!(lab([255, 0, 0]), [54, 81, 70]);
    }
}
