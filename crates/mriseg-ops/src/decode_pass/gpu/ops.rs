//! The kernels as operations of burn's dispatch.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, backend_extension};

/// The kernels as tensor operations; all is contiguous, matrices of weights are `[d_in, d_out]` and may have 16 bits.
#[backend_extension(Cube)]
pub(super) trait DecodeOps: Backend {
    /// Rows of `table`, and what is added to them.
    ///
    /// # Shapes
    /// - table: `[codes + 1, d_model]`
    /// - ids: `[batch, new]`
    /// - places: `[batch, mask, d_model]`, from `at` on
    /// - output: `[batch * new, d_model]`
    fn embed(
        table: FloatTensor<Self>,
        ids: IntTensor<Self>,
        places: FloatTensor<Self>,
        at: usize,
    ) -> FloatTensor<Self>;

    /// The most probable code of `kept * softmax(logits) + others[cell]`, or of the logits alone where all of them are
    /// kept. It and its probability go to a row of `pairs`. Gives the code and the pairs.
    ///
    /// # Shapes
    /// - logits: `[1, codes]`
    /// - others: `[1, mask, codes]`; anything where it is not read
    /// - pairs: `[count, 2]`
    /// - output: `[1, 1]`
    fn pick(
        logits: FloatTensor<Self>,
        others: FloatTensor<Self>,
        pairs: FloatTensor<Self>,
        kept: f32,
        cell: usize,
        row: usize,
    ) -> (IntTensor<Self>, FloatTensor<Self>);

    /// Normalises rows, projects them to queries, keys and values and rotates them; keys and values go to their
    /// place in the cache. Gives the queries and the cache.
    ///
    /// # Shapes
    /// - x: `[batch * new, d_model]`
    /// - gamma: `[d_model]`
    /// - weight: `[d_model, 3 * d_model]`
    /// - rotary: `[2, total, 3 * heads, head_dim / 2]`, cosines and sines
    /// - cache: `[batch, 2 * heads, head_dim, room]`, of which `filled` tokens are held
    /// - output: `[batch * new, d_model]` and the cache
    fn project_into_cache(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        rotary: FloatTensor<Self>,
        cache: FloatTensor<Self>,
        filled: usize,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// What queries of the last `new` of `filled` tokens read in the cache; `causal` if none of them may see
    /// those after it.
    ///
    /// # Shapes
    /// - q, output: `[batch * new, heads * head_dim]`
    /// - cache: `[batch, 2 * heads, head_dim, room]`
    fn attend(
        q: FloatTensor<Self>,
        cache: FloatTensor<Self>,
        filled: usize,
        causal: bool,
    ) -> FloatTensor<Self>;

    /// `x + input * weight`.
    ///
    /// # Shapes
    /// - x, output: `[rows, d_out]`
    /// - input: `[rows, d_in]`
    fn project_add(
        x: FloatTensor<Self>,
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// `silu(normalized(x) * gate) * (normalized(x) * up)`.
    ///
    /// # Shapes
    /// - x: `[rows, d_model]`
    /// - gamma: `[d_model]`
    /// - gate, up: `[d_model, d_hidden]`
    /// - output: `[rows, d_hidden]`
    fn project_swiglu(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        gate: FloatTensor<Self>,
        up: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;

    /// RMS norm with a gamma.
    ///
    /// # Shapes
    /// - x, output: `[rows, d_model]`
    /// - gamma: `[d_model]`
    fn normalize(x: FloatTensor<Self>, gamma: FloatTensor<Self>, epsilon: f32)
    -> FloatTensor<Self>;

    /// `x * weight`.
    ///
    /// # Shapes
    /// - x: `[rows, d_in]`
    /// - output: `[rows, d_out]`
    fn project(x: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self>;

    /// `x + silu(x * weight + ahead)` for every head.
    ///
    /// # Shapes
    /// - x: `[1, d_model]`
    /// - weight: `[d_model, heads * d_model]`
    /// - ahead, output: `[heads, d_model]`
    fn look_ahead(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        ahead: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}
