//! The code of least expected error, of many cells on the device.

use super::host::{HostPatches, NEGLIGIBLE, TIE_PIXELS};
use burn::tensor::{ExecutionError, Int, Tensor};
use mriseg_ops::layout::transposed_copy;
use std::sync::Arc;

/// What every code draws, each pixel foreground (1) or not (0).
#[derive(Debug, Clone)]
pub(super) struct Patches {
    /// `[codes, pixels]`
    pixels: Tensor<2>,
    /// The same, `[pixels, codes]`.
    pixels_of: Tensor<2>,
    /// Foreground pixels: `[1, codes]`.
    areas: Tensor<2>,
    threshold: f32,
    host: Arc<HostPatches>,
}

impl Patches {
    pub(super) async fn new(
        probabilities: Tensor<2>,
        threshold: f32,
    ) -> Result<Self, ExecutionError> {
        let pixels = probabilities.greater_elem(0.5).float();
        let pixels_of = transposed_copy(pixels.clone());
        let areas = pixels.clone().sum_dim(1).swap_dims(0, 1);
        let [codes, _] = pixels.dims();
        let read = pixels.clone().into_data_async().await?;
        Ok(Self {
            host: Arc::new(HostPatches::new(
                &read.iter().collect::<Vec<f32>>(),
                codes,
                threshold,
            )),
            pixels,
            pixels_of,
            areas,
            threshold,
        })
    }

    /// The error to expect is `2 t |p| - 2 p E[x]` and what is the same for every code.
    pub(super) fn least_error(&self, probabilities: Tensor<2>) -> Tensor<2, Int> {
        let negligible = probabilities.clone().lower_elem(NEGLIGIBLE);
        let counting = probabilities.mask_fill(negligible, 0.0);
        let mass = counting.clone().sum_dim(1);
        let expected = counting.clone().matmul(self.pixels.clone());
        let products = expected.matmul(self.pixels_of.clone());
        let areas = self.areas.clone().mul_scalar(2.0 * self.threshold);
        let wrong = mass * areas - products.mul_scalar(2.0);
        (wrong - counting.mul_scalar(TIE_PIXELS)).argmin(1)
    }

    /// Whether a cell whose most probable code has this probability takes that code, whatever the rest of the
    /// distribution. Of another code, the expected error is larger by `p d(other, it) - (1 - p) d(it, other)` at least
    /// (triangle inequality), where `d` costs `2 t` a pixel in vain and `2 (1 - t)` a missed one.
    pub(super) fn settles(&self, probability: f32) -> bool {
        const ROUNDING: f32 = 0.01;
        probability > self.threshold.max(1.0 - self.threshold) + ROUNDING
    }

    /// The same patches off the device.
    pub(super) fn host(&self) -> &HostPatches {
        &self.host
    }

    /// `[codes, pixels]`
    pub(super) fn pixels(&self) -> Tensor<2> {
        self.pixels.clone()
    }
}
