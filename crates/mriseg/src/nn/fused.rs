//! Parts of a pass over whole sequences, each one operation with a backward pass of its own where the device has it:
//! training would otherwise read and write its largest tensors dozens of times. Elsewhere they are composed of burn's
//! tensor operations.

#[cfg(feature = "training")]
mod autodiff;
#[cfg(all(feature = "training", feature = "gpu-kernels"))]
mod cube;
#[cfg(all(feature = "training", feature = "cpu-kernels"))]
mod flex;
mod plain;

use super::RotaryTable;
#[cfg(feature = "training")]
use super::has_operations;
#[cfg(feature = "training")]
use burn::backend::tensor::{FloatTensor, IntTensor};
#[cfg(feature = "training")]
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::nn::{Embedding, GroupNorm, Linear, RmsNorm};
use burn::tensor::{Int, Tensor, assert_shape};

/// The operations; all tensors are of 32-bit floats.
#[cfg(feature = "training")]
#[backend_extension(
    Cube: cfg(feature = "gpu-kernels"),
    Flex: cfg(feature = "cpu-kernels"),
    Autodiff
)]
pub(super) trait FusedOps: Backend {
    /// See [`prefix_attention`].
    ///
    /// # Shapes
    /// - qkv: `[batch, total, 3 * heads, head_dim]`
    /// - cos, sin: `[1, total, 1, head_dim / 2]`
    /// - output: `[batch, total, heads * head_dim]`
    fn prefix_attention(
        qkv: FloatTensor<Self>,
        cos: FloatTensor<Self>,
        sin: FloatTensor<Self>,
        prefix: usize,
    ) -> FloatTensor<Self>;

    /// See [`project`].
    ///
    /// # Shapes
    /// - x: `[rows, d_in]`
    /// - weight: `[d_in, d_out]`
    /// - output: `[rows, d_out]`
    fn project(x: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`embed`].
    ///
    /// # Shapes
    /// - table: `[rows, width]`
    /// - indices: `[count]`
    /// - output: `[count, width]`
    fn embed(table: FloatTensor<Self>, indices: IntTensor<Self>) -> FloatTensor<Self>;

    /// See [`rms_norm`].
    fn rms_norm(x: FloatTensor<Self>, gain: FloatTensor<Self>, epsilon: f32) -> FloatTensor<Self>;

    /// See [`group_norm`].
    fn group_norm(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        groups: usize,
        epsilon: f32,
    ) -> FloatTensor<Self>;

    /// See [`swiglu`].
    fn swiglu(gate_up: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`cross_entropy`].
    fn cross_entropy(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> FloatTensor<Self>;
}

/// Gradients of [`FusedOps`], given that of the output.
#[cfg(feature = "training")]
pub(super) trait FusedGradients: Backend {
    /// Gradient of `qkv`.
    fn prefix_attention_backward(
        qkv: FloatTensor<Self>,
        cos: FloatTensor<Self>,
        sin: FloatTensor<Self>,
        prefix: usize,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// Gradients of `x` and `weight`.
    fn project_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 2];

    /// Gradient of a table of so many `rows`.
    fn embed_backward(
        rows: usize,
        indices: IntTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// Gradients of `x` and `gain`.
    fn rms_norm_backward(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        epsilon: f32,
        grad: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 2];

    /// Gradients of `x`, `gain` and `bias`.
    fn group_norm_backward(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        groups: usize,
        epsilon: f32,
        grad: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 3];

    /// Gradient of `gate_up`.
    fn swiglu_backward(gate_up: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Gradient of `logits`.
    fn cross_entropy_backward(
        logits: FloatTensor<Self>,
        targets: IntTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// Multi-head attention over `[prefix | mask]`, with rotary positions: tokens of the prefix see each other, one of
/// the mask sees the prefix and the mask up to itself.
///
/// # Shapes
/// - qkv: `[batch, total, 3 * heads, head_dim]`, queries, then keys, then values
/// - causal: [`causal_bias`](super::causal_bias)
/// - output: `[batch, total, heads * head_dim]`
pub(super) fn prefix_attention(
    qkv: Tensor<4>,
    rotary: &RotaryTable,
    causal: Tensor<4>,
    prefix: usize,
) -> Tensor<3> {
    #[cfg(feature = "training")]
    if has_operations(&qkv) {
        return Tensor::from_dispatch(Dispatch::prefix_attention(
            qkv.into_dispatch(),
            rotary.cos().into_dispatch(),
            rotary.sin().into_dispatch(),
            prefix,
        ));
    }
    plain::prefix_attention(qkv, rotary, causal, prefix)
}

/// `x * weight`.
///
/// # Shapes
/// - x: `[batch, tokens, d_in]`
/// - weight: `[d_in, d_out]`
/// - output: `[batch, tokens, d_out]`
pub(crate) fn project(x: Tensor<3>, weight: Tensor<2>) -> Tensor<3> {
    let [batch, tokens, d_in] = x.dims();
    let [_, d_out] = weight.dims();
    product(x.reshape([batch * tokens, d_in]), weight).reshape([batch, tokens, d_out])
}

/// The product of two matrices.
pub(crate) fn product(a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    #[cfg(feature = "training")]
    if has_operations(&a) {
        return Tensor::from_dispatch(Dispatch::project(a.into_dispatch(), b.into_dispatch()));
    }
    a.matmul(b)
}

/// Rows of a table.
///
/// # Shapes
/// - indices: `[batch, tokens]`
/// - output: `[batch, tokens, width]`
pub(crate) fn embed(table: &Embedding, indices: Tensor<2, Int>) -> Tensor<3> {
    #[cfg(feature = "training")]
    if has_operations(&table.weight.val()) {
        let [batch, tokens] = indices.dims();
        let rows = Tensor::<2>::from_dispatch(Dispatch::embed(
            table.weight.val().into_dispatch(),
            indices.reshape([batch * tokens]).into_dispatch(),
        ));
        let [_, width] = rows.dims();
        return rows.reshape([batch, tokens, width]);
    }
    table.forward(indices)
}

/// A linear layer with its bias, if it has one.
///
/// # Shapes
/// - x: `[batch, tokens, d_in]`
/// - output: `[batch, tokens, d_out]`
pub(crate) fn affine(linear: &Linear, x: Tensor<3>) -> Tensor<3> {
    let out = project(x, linear.weight.val());
    match &linear.bias {
        Some(bias) => out + bias.val().unsqueeze(),
        None => out,
    }
}

/// `norm` of `x`: `x / sqrt(mean(x^2) + epsilon) * gain` over the last dimension.
pub(crate) fn rms_norm(norm: &RmsNorm, x: Tensor<3>) -> Tensor<3> {
    #[cfg(feature = "training")]
    if has_operations(&x) {
        return Tensor::from_dispatch(Dispatch::rms_norm(
            x.into_dispatch(),
            norm.gamma.val().into_dispatch(),
            norm.epsilon as f32,
        ));
    }
    norm.forward(x)
}

/// `norm` of `x`: over the channels of a group and all pixels, mean 0 and variance 1, then a gain and a bias per
/// channel (Wu and He 2018). What is not to be differentiated is left to burn, so that the trainer reads pictures to
/// the bit as a build without `training` does.
///
/// # Shapes
/// - x, output: `[batch, channels, height, width]`
pub(crate) fn group_norm(norm: &GroupNorm, x: Tensor<4>) -> Tensor<4> {
    #[cfg(feature = "training")]
    let ours = x.device().is_autodiff() && has_operations(&x);
    #[cfg(feature = "training")]
    if let (true, Some(gain), Some(bias)) = (ours, &norm.gamma, &norm.beta) {
        return Tensor::from_dispatch(Dispatch::group_norm(
            x.into_dispatch(),
            gain.val().into_dispatch(),
            bias.val().into_dispatch(),
            norm.num_groups,
            norm.epsilon as f32,
        ));
    }
    norm.forward(x)
}

/// `silu(gate) * up` (Shazeer 2020).
///
/// # Shapes
/// - gate_up: `[batch, tokens, 2 * d_hidden]`, gates first
/// - output: `[batch, tokens, d_hidden]`
pub(super) fn swiglu(gate_up: Tensor<3>) -> Tensor<3> {
    #[cfg(feature = "training")]
    if has_operations(&gate_up) {
        return Tensor::from_dispatch(Dispatch::swiglu(gate_up.into_dispatch()));
    }
    plain::swiglu(gate_up)
}

/// `-log softmax(logits)[target]` of every position, in nats.
///
/// # Shapes
/// - logits: `[batch, positions, codes]`
/// - targets, output: `[batch, positions]`
pub(crate) fn cross_entropy(logits: Tensor<3>, targets: Tensor<2, Int>) -> Tensor<2> {
    let [batch, positions, _] = logits.dims();
    assert_shape!(targets, [batch, positions]);
    #[cfg(feature = "training")]
    if has_operations(&logits) {
        return Tensor::from_dispatch(Dispatch::cross_entropy(
            logits.into_dispatch(),
            targets.into_dispatch(),
        ));
    }
    plain::cross_entropy(logits, targets)
}

#[cfg(all(test, feature = "training"))]
mod tests {
    use super::super::causal_bias;
    use super::super::kernels::tests::devices;
    use super::*;
    use burn::nn::{EmbeddingConfig, GroupNormConfig, RmsNormConfig};
    use burn::tensor::{Device, Distribution, Tolerance};

    /// Of the processor and of a GPU, where there is one.
    fn training_devices() -> impl Iterator<Item = Device> {
        devices().into_iter().map(|device| {
            device.seed(3);
            device.autodiff()
        })
    }

    fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
        Tensor::random(shape, Distribution::Normal(0.0, 1.5), device).require_grad()
    }

    fn assert_equal<const D: usize>(a: Tensor<D>, b: Tensor<D>) {
        let tolerance = Tolerance::rel_abs(1e-4, 1e-4);
        a.into_data()
            .assert_approx_eq::<f32>(&b.into_data(), tolerance);
    }

    /// Compares outputs, and gradients of `inputs`, of a sum in which every output weighs differently.
    fn compare<const D: usize, const E: usize>(
        input: &Tensor<D>,
        fused: Tensor<E>,
        plain: Tensor<E>,
    ) {
        assert!(
            has_operations(&fused),
            "plain operations would be compared with themselves"
        );
        assert_equal(fused.clone(), plain.clone());
        let weights = fused.random_like(Distribution::Normal(0.0, 1.0)).detach();
        let gradient = |output: Tensor<E>| {
            let gradients = (output * weights.clone()).sum().backward();
            input.grad(&gradients).unwrap()
        };
        assert_equal(gradient(fused), gradient(plain));
    }

    #[test]
    fn attention_and_its_gradient_are_those_of_plain_operations() {
        for device in training_devices() {
            for (batch, text, grid, heads, head_dim) in
                [(1, 3, 2, 1, 4), (2, 32, 8, 3, 32), (3, 5, 13, 2, 12)]
            {
                compare_attention(batch, text, grid, heads, head_dim, &device);
            }
            // A prefix without a mask.
            compare_attention(2, 37, 0, 3, 32, &device);
        }
    }

    fn compare_attention(
        batch: usize,
        text: usize,
        grid: usize,
        heads: usize,
        head_dim: usize,
        device: &Device,
    ) {
        let (prefix, mask) = (text + grid * grid, grid * grid);
        let positions: Vec<(f32, f32)> = (0..prefix + mask)
            .map(|i| ((i / grid.max(1)) as f32, (i % grid.max(1)) as f32))
            .collect();
        let rotary = RotaryTable::new(&positions, head_dim, device);
        let causal = causal_bias(prefix, mask.max(1), device);
        // Not contiguous, as a view of a larger tensor.
        let wide = random([batch, prefix + mask, 3 * heads, head_dim + 4], device);
        let qkv = || wide.clone().slice_dim(3, 0..head_dim);
        compare(
            &wide,
            prefix_attention(qkv(), &rotary, causal.clone(), prefix),
            plain::prefix_attention(qkv(), &rotary, causal, prefix),
        );
    }

    #[test]
    fn products_and_their_gradients_are_those_of_plain_operations() {
        for device in training_devices() {
            for [batch, tokens, d_in, d_out] in [
                [1, 1, 1, 1],
                [2, 65, 33, 70],
                [1, 130, 16, 132],
                [3, 400, 20, 31],
                [2, 4, 96, 68],
            ] {
                let x = random([batch, tokens, d_in], &device);
                let plain = |weight: Tensor<2>| {
                    let rows = x.clone().reshape([batch * tokens, d_in]);
                    rows.matmul(weight).reshape([batch, tokens, d_out])
                };
                let weight = random([d_in, d_out], &device);
                let fused = || project(x.clone(), weight.clone());
                compare(&x, fused(), plain(weight.clone()));
                compare(&weight, fused(), plain(weight.clone()));
                // As the code embeddings are, which are read both ways.
                let turned = random([d_out, d_in], &device);
                let weight = || turned.clone().transpose();
                compare(&x, project(x.clone(), weight()), plain(weight()));
                compare(&turned, project(x.clone(), weight()), plain(weight()));
            }
        }
    }

    #[test]
    fn rows_of_a_table_and_its_gradient_are_those_of_plain_operations() {
        for device in training_devices() {
            for [rows, width, batch, tokens] in [[1, 1, 1, 1], [5, 70, 2, 9], [300, 16, 3, 100]] {
                let table = EmbeddingConfig::new(rows, width).init(&device);
                let indices = Tensor::<1, Int>::arange(0..(batch * tokens) as i64, &device)
                    .mul_scalar(3)
                    .remainder_scalar(rows as i64)
                    .reshape([batch, tokens]);
                compare(
                    &table.weight.val(),
                    embed(&table, indices.clone()),
                    table.forward(indices),
                );
            }
        }
    }

    #[test]
    fn the_norm_and_its_gradients_are_those_of_plain_operations() {
        for device in training_devices() {
            for shape in [[1, 1, 4], [2, 9, 35], [3, 100, 96]] {
                let mut norm = RmsNormConfig::new(shape[2]).init(&device);
                norm.gamma = norm.gamma.map(|_| random([shape[2]], &device));
                let x = random(shape, &device);
                let (fused, plain) = (|| rms_norm(&norm, x.clone()), || norm.forward(x.clone()));
                compare(&x, fused(), plain());
                compare(&norm.gamma.val(), fused(), plain());
            }
        }
    }

    #[test]
    fn the_norm_of_groups_and_its_gradients_are_those_of_plain_operations() {
        for device in training_devices() {
            for [batch, groups, channels, height, width] in
                [[1, 1, 2, 1, 2], [2, 3, 12, 5, 7], [3, 2, 16, 20, 9]]
            {
                let mut norm = GroupNormConfig::new(groups, channels).init(&device);
                norm.gamma = norm
                    .gamma
                    .map(|gain| gain.map(|_| random([channels], &device)));
                norm.beta = norm
                    .beta
                    .map(|bias| bias.map(|_| random([channels], &device)));
                // Not contiguous, as convolutions between permutations get it.
                let x = random([batch, channels, width, height], &device);
                let seen = || x.clone().swap_dims(2, 3).add_scalar(2.0);
                let (fused, plain) = (|| group_norm(&norm, seen()), || norm.forward(seen()));
                compare(&x, fused(), plain());
                for parameter in [&norm.gamma, &norm.beta] {
                    let parameter = parameter.as_ref().unwrap().val();
                    compare(&parameter, fused(), plain());
                }
            }
        }
    }

    #[test]
    fn swiglu_and_its_gradient_are_those_of_plain_operations() {
        for device in training_devices() {
            for shape in [[1, 1, 2], [2, 5, 38], [3, 4, 64]] {
                let x = random(shape, &device);
                compare(&x, swiglu(x.clone()), plain::swiglu(x.clone()));
            }
        }
    }

    #[test]
    fn cross_entropy_and_its_gradient_are_those_of_plain_operations() {
        for device in training_devices() {
            for [batch, positions, codes] in [[1, 1, 2], [2, 7, 29], [3, 4, 164]] {
                let logits = random([batch, positions, codes], &device);
                let targets = Tensor::<1, Int>::arange(0..(batch * positions) as i64, &device)
                    .mul_scalar(7)
                    .remainder_scalar(codes as i64)
                    .reshape([batch, positions]);
                compare(
                    &logits,
                    cross_entropy(logits.clone(), targets.clone()),
                    plain::cross_entropy(logits.clone(), targets),
                );
            }
        }
    }

    #[test]
    fn what_is_not_to_be_differentiated_is_computed_all_the_same() {
        for device in devices() {
            let x = Tensor::<3>::random([2, 3, 8], Distribution::Default, &device);
            assert_equal(swiglu(x.clone()), plain::swiglu(x.clone()));
            let constant = Tensor::from_data(x.to_data(), &device.clone().autodiff());
            assert_equal(swiglu(constant.clone()), plain::swiglu(constant));
        }
    }
}
