//! A pre-norm transformer as decoding runs it: the prefix is read once, then a few tokens a pass, with the keys and values
//! of what was read kept in a cache.
//!
//! A block is `x += attention(norm(x)) W_out`, then `x += (silu(n W_gate) * (n W_up)) W_down` with `n = norm(x)`. A pass
//! reads one token or a few, so its cost is launches and memory traffic more than arithmetic: a GPU runs a block in five
//! kernels (`gpu`), the CPU a whole pass as plain code (`cpu`). Scores have their scale in the queries.

#[cfg(feature = "cpu")]
pub(crate) mod cpu;
#[cfg(feature = "gpu")]
pub(crate) mod gpu;

use burn::tensor::activation::softmax;
use burn::tensor::{Int, Tensor};
use std::fmt::Debug;
use std::sync::Arc;

/// Weights of a transformer and sizes of its sequence.
#[derive(Debug, Clone)]
pub struct TransformerWeights {
    /// Attention heads.
    pub heads: usize,
    /// Tokens of the whole sequence, which the cache has room for.
    pub total: usize,
    /// `ε` of all norms.
    pub epsilon: f64,
    /// Whether every number of the matrices is an `f16`, as those of a bundle are.
    pub halves: bool,
    /// The blocks, in the order of the pass.
    pub blocks: Vec<BlockWeights>,
    /// `γ` of the norm after them: `[d_model]`.
    pub norm: Tensor<1>,
    /// `[codes, d_model]`
    pub unembedding: Tensor<2>,
    /// What each look-ahead head multiplies a hidden state with: `[d_model, d_model]`.
    pub look_ahead: Vec<Tensor<2>>,
    /// Cosines of the rotary positions: `[1, total, 1, head_dim / 2]`.
    pub cos: Tensor<4>,
    /// Their sines, likewise.
    pub sin: Tensor<4>,
}

/// Weights of a block.
#[derive(Debug, Clone)]
pub struct BlockWeights {
    /// `γ` of the norm before attention: `[d_model]`.
    pub attention_norm: Tensor<1>,
    /// Queries, keys and values: `[d_model, 3 * d_model]`.
    pub qkv: Tensor<2>,
    /// `[d_model, d_model]`
    pub out: Tensor<2>,
    /// `γ` of the norm before the feed-forward part: `[d_model]`.
    pub feed_forward_norm: Tensor<1>,
    /// Gates, then what they multiply: `[d_model, 2 * d_hidden]`.
    pub gate_up: Tensor<2>,
    /// `[d_hidden, d_model]`
    pub down: Tensor<2>,
}

/// What a pass predicts from each of its rows.
#[derive(Debug, Clone)]
pub struct Predicted {
    /// After the last norm: `[rows, d_model]`.
    pub hidden: Tensor<2>,
    /// Over the codes: `[rows, codes]`.
    pub logits: Tensor<2>,
}

/// What a code is picked from: the most probable one is taken.
#[derive(Debug, Clone)]
pub struct CodeDistribution<'a> {
    /// Of one row: `[1, codes]`.
    pub logits: Tensor<2>,
    /// What their softmax is mixed with.
    pub mixture: Option<Mixture<'a>>,
}

/// `kept * softmax(logits) + others[cell]`
#[derive(Debug, Clone, Copy)]
pub struct Mixture<'a> {
    /// `[1, mask, codes]`, of which all add up to `1 - kept`.
    pub others: &'a Tensor<3>,
    /// Share of what is mixed with them.
    pub kept: f32,
    /// Which cell it is.
    pub cell: usize,
}

/// Codes picked on the device, to be read back together.
#[derive(Debug, Clone)]
pub struct Picked {
    /// Code and probability of each: `[count, 2]`.
    pub pairs: Tensor<2>,
    /// Those that are picked.
    pub count: usize,
}

/// Weights made ready to decode.
pub trait DecodePass: Debug + Send + Sync {
    /// Reads the prefix of `batch` sequences, which attends to itself, into a new session.
    ///
    /// # Shapes
    /// - x: `[batch * prefix, d_model]`
    fn prefill(self: Arc<Self>, x: Tensor<2>, batch: usize) -> Box<dyn DecodeSession>;

    /// What a pass reads: rows of `table`, and what is added to them, from place `at` of every sequence on.
    ///
    /// # Shapes
    /// - table: `[codes + 1, d_model]`
    /// - ids: `[batch, new]`
    /// - places: `[batch, mask, d_model]`
    /// - output: `[batch * new, d_model]`
    fn embed(
        &self,
        table: &Tensor<2>,
        ids: Tensor<2, Int>,
        places: &Tensor<3>,
        at: usize,
    ) -> Tensor<2> {
        let ([batch, new], [_, _, d_model]) = (ids.dims(), places.dims());
        let places = places.clone().slice_dim(1, at..at + new);
        let rows = table.clone().select(0, ids.reshape([-1]));
        rows + places.reshape([batch * new, d_model])
    }

    /// Whether codes are better picked on the device, so that the next pass can read them before anything is read back.
    fn picks(&self) -> bool {
        false
    }

    /// Picks the code of one row, adds it to `picked`, and gives it as the next input: `[1, 1]`.
    fn pick(&self, distribution: CodeDistribution<'_>, picked: &mut Picked) -> Tensor<2, Int> {
        let CodeDistribution { logits, mixture } = distribution;
        let mut values = softmax(logits, 1);
        if let Some(Mixture { others, kept, cell }) = mixture {
            let of_cell = others.clone().slice_dim(1, cell..cell + 1);
            values = values.mul_scalar(kept) + of_cell.squeeze_dim(1);
        }
        let (probability, code) = values.max_dim_with_indices(1);
        let pair = Tensor::cat(vec![code.clone().float(), probability], 1);
        let row = picked.count..picked.count + 1;
        picked.count += 1;
        (picked.pairs).inplace(|pairs| pairs.slice_assign([row, 0..2], pair));
        code
    }

    /// Logits of the tokens after the one that `hidden` predicts.
    ///
    /// # Shapes
    /// - hidden: `[1, d_model]`
    /// - ahead: `[1, heads, d_model]`, what the anchors contribute to each look-ahead head
    /// - output: `[heads, codes]`
    fn draft_logits(&self, hidden: Tensor<2>, ahead: Tensor<3>) -> Tensor<2>;

    /// The most probable of them.
    ///
    /// # Shapes
    /// - output: `[1, heads]`
    fn draft(&self, hidden: Tensor<2>, ahead: Tensor<3>) -> Tensor<2, Int> {
        self.draft_logits(hidden, ahead).argmax(1).swap_dims(0, 1)
    }
}

/// Sequences being decoded, with the cache of what was read of them.
pub trait DecodeSession: Debug + Send + Sync {
    /// Tokens held.
    fn filled(&self) -> usize;

    /// Forgets all but the first `filled` tokens.
    ///
    /// # Panics
    /// So many are not held.
    fn rewind(&mut self, filled: usize);

    /// Reads the next tokens of every sequence, none of which sees those after it.
    ///
    /// # Shapes
    /// - x: `[batch * new, d_model]`
    ///
    /// # Panics
    /// The sequence would be longer than [`TransformerWeights::total`].
    fn step(&mut self, x: Tensor<2>) -> Predicted;

    /// Another session that goes on from here.
    fn branch(&self) -> Box<dyn DecodeSession>;
}

impl Clone for Box<dyn DecodeSession> {
    fn clone(&self) -> Self {
        self.branch()
    }
}

impl TransformerWeights {
    fn d_model(&self) -> usize {
        self.norm.dims()[0]
    }

    fn head_dim(&self) -> usize {
        self.d_model() / self.heads
    }
}

/// Half of the columns of a matrix, as a tensor of its own: the first (0) or the second (1).
fn half_of_columns(matrix: &Tensor<2>, half: usize) -> Tensor<2> {
    let width = matrix.dims()[1] / 2;
    let columns = matrix
        .clone()
        .slice_dim(1, half * width..(half + 1) * width);
    Tensor::zeros(columns.dims(), &columns.device()) + columns
}
