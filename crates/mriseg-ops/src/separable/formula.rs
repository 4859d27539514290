//! What all devices compute.

/// The highest value that ReLU6 gives.
pub(crate) const CEILING: f32 = 6.0;

/// `min(max(x, 0), 6)`
#[cfg(feature = "cpu")]
#[inline(always)]
pub(crate) fn relu6(x: f32) -> f32 {
    let x = if x > 0.0 { x } else { 0.0 };
    if x < CEILING { x } else { CEILING }
}

/// Zeros before a row of pixels, such that stride 2 begins as TensorFlow's SAME has it for even sides.
pub(crate) fn padding(kernel: usize, stride: usize) -> usize {
    (kernel - stride) / 2
}
