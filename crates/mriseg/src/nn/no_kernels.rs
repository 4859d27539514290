//! In place of [`super::kernels`] where they are not built in.

use super::{DecodeShape, KvCache, RotaryTable};
use burn::nn::RmsNorm;
use burn::tensor::{Device, Tensor};

/// There are none.
#[derive(Debug, Clone, Copy)]
pub enum Kernels {}

impl Kernels {
    /// `None`: decoding is left to plain tensor operations.
    pub fn of(_device: &Device, _shape: DecodeShape) -> Option<Self> {
        None
    }

    pub(super) fn project_into_cache(
        self,
        _x: Tensor<2>,
        _weight: &Tensor<2>,
        _rotary: &RotaryTable,
        _cache: &mut KvCache,
        _epsilon: f64,
    ) -> Tensor<2> {
        match self {}
    }

    pub(super) fn attend(self, _q: Tensor<2>, _cache: &KvCache, _causal: bool) -> Tensor<2> {
        match self {}
    }

    pub(super) fn project_add(
        self,
        _x: Tensor<2>,
        _input: Tensor<2>,
        _weight: &Tensor<2>,
    ) -> Tensor<2> {
        match self {}
    }

    pub(super) fn project_swiglu(
        self,
        _x: Tensor<2>,
        _gate: &Tensor<2>,
        _up: &Tensor<2>,
        _epsilon: f64,
    ) -> Tensor<2> {
        match self {}
    }

    pub(super) fn normalize(self, _x: Tensor<2>, _norm: &RmsNorm) -> Tensor<2> {
        match self {}
    }

    pub(super) fn project(self, _x: Tensor<2>, _weight: &Tensor<2>) -> Tensor<2> {
        match self {}
    }

    pub(super) fn look_ahead(
        self,
        _x: Tensor<2>,
        _weight: &Tensor<2>,
        _ahead: Tensor<2>,
    ) -> Tensor<2> {
        match self {}
    }
}
