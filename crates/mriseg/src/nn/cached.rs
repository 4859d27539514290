//! The transformer as decoding runs it: keys and values of what has been read are kept, since the prefix never sees
//! the mask and a mask token never sees a later one.
//!
//! [`DecodePath::of`] is the one place that decides how: on the CPU as plain code over whole passes
//! ([`flex::decoder`](super::kernels::flex)), on GPUs in a few operations of our own a block
//! ([`cube`](super::kernels::cube)), elsewhere as tensor operations.

mod blocks;
#[cfg(feature = "cpu-kernels")]
mod cpu;

use super::DecodeShape;
use super::block::TransformerBlock;
use super::kernels::DecodePath;
#[cfg(feature = "cpu-kernels")]
use super::kernels::flex::decoder;
use super::look_ahead::{LookAhead, LookAheads};
use super::rotary::RotaryTable;
use blocks::Blocks;
pub(super) use blocks::LayerCache;
use burn::nn::RmsNorm;
#[cfg(feature = "cpu-kernels")]
use burn::tensor::TensorData;
use burn::tensor::{Int, Tensor};
use std::sync::Arc;

/// What a transformer is made of.
#[derive(Debug)]
pub struct TransformerParts<'a> {
    /// The blocks, in the order of the pass.
    pub blocks: &'a [TransformerBlock],
    /// The norm after them.
    pub norm: &'a RmsNorm,
    /// `[codes, d_model]`
    pub unembedding: Tensor<2>,
    /// Heads that look further ahead than the next token.
    pub look_ahead: &'a [LookAhead],
    /// Positions of the whole sequence.
    pub rotary: RotaryTable,
}

/// Blocks, unembedding and look-ahead heads made ready to decode. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct CachedTransformer {
    path: Path,
    look_ahead: Option<LookAheads>,
    shape: DecodeShape,
}

#[derive(Debug, Clone)]
enum Path {
    Blocks(Arc<Blocks>),
    #[cfg(feature = "cpu-kernels")]
    Flex(Arc<decoder::Decoder>),
}

/// Keys and values of what was read.
#[derive(Debug, Clone)]
pub struct KvCache(Held);

#[derive(Debug, Clone)]
enum Held {
    /// Of every layer.
    Blocks(Vec<LayerCache>),
    #[cfg(feature = "cpu-kernels")]
    Flex(decoder::Cache),
}

/// What a pass gives for each of its rows.
#[derive(Debug, Clone)]
pub struct Predicted {
    /// `[rows, d_model]`
    pub hidden: Tensor<2>,
    /// Logits over the codes: `[rows, codes]`.
    pub logits: Tensor<2>,
}

impl KvCache {
    /// Tokens held.
    pub fn filled(&self) -> usize {
        match &self.0 {
            Held::Blocks(layers) => layers[0].filled(),
            #[cfg(feature = "cpu-kernels")]
            Held::Flex(cache) => cache.filled(),
        }
    }

    /// Forgets all but the first `filled` tokens.
    ///
    /// # Panics
    /// So many are not held.
    pub fn rewind(&mut self, filled: usize) {
        match &mut self.0 {
            Held::Blocks(layers) => {
                for layer in layers {
                    layer.rewind(filled);
                }
            }
            #[cfg(feature = "cpu-kernels")]
            Held::Flex(cache) => cache.rewind(filled),
        }
    }
}

impl CachedTransformer {
    /// Takes the weights as they are now.
    pub fn new(parts: &TransformerParts<'_>, shape: DecodeShape) -> Self {
        let path = DecodePath::of(&parts.unembedding.device(), shape);
        Self::with_path(parts, shape, path)
    }

    pub(super) fn with_path(
        parts: &TransformerParts<'_>,
        shape: DecodeShape,
        path: DecodePath,
    ) -> Self {
        let kernels = match path {
            DecodePath::Tensors => None,
            DecodePath::Kernels(kernels) => Some(kernels),
            #[cfg(feature = "cpu-kernels")]
            DecodePath::Flex => {
                return Self {
                    path: Path::Flex(Arc::new(cpu::decoder(parts, shape))),
                    look_ahead: LookAheads::new(parts.look_ahead),
                    shape,
                };
            }
        };
        Self {
            path: Path::Blocks(Arc::new(Blocks::new(parts, shape, kernels))),
            look_ahead: LookAheads::new(parts.look_ahead),
            shape,
        }
    }

    /// Reads the prefix of some sequences, which attends to itself.
    ///
    /// # Shapes
    /// - x: `[batch * prefix, d_model]`
    pub fn prefill(&self, x: Tensor<2>, batch: usize) -> KvCache {
        KvCache(match &self.path {
            Path::Blocks(blocks) => Held::Blocks(blocks.prefill(x, batch, self.shape)),
            #[cfg(feature = "cpu-kernels")]
            Path::Flex(decoder) => Held::Flex(decoder.prefill(numbers(x), batch)),
        })
    }

    /// Tokens that a pass may read at most: twice as many as are predicted, the next and those of look-ahead heads.
    pub fn most_new(&self) -> usize {
        most_new(self.look_ahead.as_ref().map_or(0, LookAheads::len))
    }

    /// Most tokens of a sequence that [`Self::step`] reads at once where that is what counts, not how soon the first is
    /// there.
    pub const MOST_AT_ONCE: usize = 64;

    /// Reads the next tokens of every sequence, at most [`Self::MOST_AT_ONCE`], none of which sees those after it.
    ///
    /// # Shapes
    /// - x: `[batch * new, d_model]`
    ///
    /// # Panics
    /// The sequence is longer than `shape.total`, or the cache is that of another model.
    pub fn step(&self, x: Tensor<2>, cache: &mut KvCache) -> Predicted {
        match (&self.path, &mut cache.0) {
            (Path::Blocks(blocks), Held::Blocks(layers)) => blocks.step(x, layers),
            #[cfg(feature = "cpu-kernels")]
            (Path::Flex(decoder), Held::Flex(cache)) => {
                let (device, [rows, d_model]) = (x.device(), x.dims());
                let passed = decoder.step(numbers(x), cache);
                let tensor = |values: Vec<f32>, width| {
                    Tensor::from_data(TensorData::new(values, [rows, width]), &device)
                };
                let codes = passed.logits.len() / rows;
                Predicted {
                    hidden: tensor(passed.hidden, d_model),
                    logits: tensor(passed.logits, codes),
                }
            }
            #[cfg(feature = "cpu-kernels")]
            _ => panic!("the cache is that of another model"),
        }
    }

    /// What the look-ahead heads know of cells before decoding begins; `None` when there are no heads.
    ///
    /// # Shapes
    /// - anchors: `[1, mask, d_model]`
    /// - output: `[mask, heads, d_model]`
    pub fn ahead(&self, anchors: Tensor<3>) -> Option<Tensor<3>> {
        self.look_ahead.as_ref().map(|heads| heads.ahead(anchors))
    }

    /// The most probable tokens after the one that `hidden` predicts.
    ///
    /// # Shapes
    /// - hidden: `[1, d_model]`
    /// - ahead: `[1, heads, d_model]`, the row of this position of [`Self::ahead`]
    /// - output: `[1, heads]`
    ///
    /// # Panics
    /// There are no look-ahead heads.
    pub fn draft(&self, hidden: Tensor<2>, ahead: Tensor<3>) -> Tensor<2, Int> {
        match &self.path {
            Path::Blocks(blocks) => {
                let logits = blocks.draft_logits(self.look_ahead.as_ref(), hidden, ahead);
                logits.argmax(1).swap_dims(0, 1)
            }
            #[cfg(feature = "cpu-kernels")]
            Path::Flex(decoder) => {
                let device = hidden.device();
                let tokens = decoder.draft(&numbers(hidden), &numbers(ahead));
                let shape = [1, tokens.len()];
                Tensor::from_data(TensorData::new(tokens, shape), &device)
            }
        }
    }

    /// The logits of [`Self::draft`]: `[heads, codes]`.
    #[cfg(test)]
    pub(crate) fn draft_logits(&self, hidden: Tensor<2>, ahead: Tensor<3>) -> Tensor<2> {
        match &self.path {
            Path::Blocks(blocks) => blocks.draft_logits(self.look_ahead.as_ref(), hidden, ahead),
            #[cfg(feature = "cpu-kernels")]
            Path::Flex(decoder) => {
                let (device, [_, heads, _]) = (hidden.device(), ahead.dims());
                let logits = decoder.draft_logits(0..heads, &numbers(hidden), &numbers(ahead));
                let codes = logits.len() / heads;
                Tensor::from_data(TensorData::new(logits, [heads, codes]), &device)
            }
        }
    }
}

fn most_new(look_aheads: usize) -> usize {
    2 * (look_aheads + 1)
}

/// The numbers of a tensor on the CPU.
#[cfg(feature = "cpu-kernels")]
fn numbers<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    (x.into_data().try_into_vec()).expect("the CPU's tensors are of f32")
}

#[cfg(test)]
mod tests {
    use super::super::TransformerBlockConfig;
    use super::super::kernels::tests::devices;
    use super::*;
    use crate::mask_lm::tests::randomize;
    use burn::nn::RmsNormConfig;
    use burn::tensor::{Device, Distribution};

    #[derive(Debug)]
    struct Case {
        batch: usize,
        heads: usize,
        head_dim: usize,
        d_hidden: usize,
        codes: usize,
        look_ahead: usize,
        prefix: usize,
        steps: &'static [usize],
    }

    impl Case {
        fn shape(&self) -> DecodeShape {
            DecodeShape {
                d_model: self.heads * self.head_dim,
                d_hidden: self.d_hidden,
                head_dim: self.head_dim,
                total: self.prefix + self.steps.iter().sum::<usize>() + 3,
            }
        }
    }

    const CASES: [Case; 6] = [
        Case {
            batch: 1,
            heads: 2,
            head_dim: 16,
            d_hidden: 40,
            codes: 256,
            look_ahead: 3,
            prefix: 9,
            steps: &[1, 1, 2],
        },
        Case {
            batch: 2,
            heads: 3,
            head_dim: 8,
            d_hidden: 24,
            codes: 100,
            look_ahead: 3,
            prefix: 5,
            steps: &[1, 3, 4],
        },
        Case {
            batch: 1,
            heads: 2,
            head_dim: 48,
            d_hidden: 256,
            codes: 1000,
            look_ahead: 3,
            prefix: 33,
            steps: &[1, 4, 1, 3],
        },
        Case {
            batch: 3,
            heads: 1,
            head_dim: 20,
            d_hidden: 33,
            codes: 5,
            look_ahead: 1,
            prefix: 2,
            steps: &[2, 1],
        },
        Case {
            batch: 1,
            heads: 4,
            head_dim: 64,
            d_hidden: 700,
            codes: 33,
            look_ahead: 2,
            prefix: 130,
            steps: &[1, 3],
        },
        Case {
            batch: 1,
            heads: 2,
            head_dim: 4,
            d_hidden: 7,
            codes: 20,
            look_ahead: 7,
            prefix: 1,
            steps: &[5, 8, 1],
        },
    ];

    /// The largest difference, relative to `1 + |expected|`.
    fn worst(found: &[f32], expected: &[f32]) -> f32 {
        assert_eq!(found.len(), expected.len());
        (found.iter().zip(expected))
            .map(|(a, b)| (a - b).abs() / (1.0 + b.abs()))
            .fold(0.0, f32::max)
    }

    fn values<const D: usize>(x: Tensor<D>) -> Vec<f32> {
        x.into_data().iter().collect()
    }

    /// Random inputs: of the prefix, of every step, and the anchors.
    struct Inputs {
        prefix: Tensor<2>,
        steps: Vec<Tensor<2>>,
        anchors: Tensor<3>,
    }

    impl Inputs {
        fn of(case: &Case, device: &Device) -> Self {
            let d_model = case.shape().d_model;
            let random = |rows: usize| {
                Tensor::<2>::random([rows, d_model], Distribution::Normal(0.0, 2.0), device)
            };
            Self {
                prefix: random(case.batch * case.prefix),
                steps: (case.steps.iter())
                    .map(|new| random(case.batch * new))
                    .collect(),
                anchors: random(9).unsqueeze_dim(0),
            }
        }
    }

    /// Hidden states, logits and drafts of every step; the last step is forgotten and taken again.
    fn outputs(transformer: &CachedTransformer, case: &Case, inputs: &Inputs) -> Vec<Vec<f32>> {
        let mut cache = transformer.prefill(inputs.prefix.clone(), case.batch);
        assert_eq!(cache.filled(), case.prefix);
        let ahead = (transformer.ahead(inputs.anchors.clone())).expect("there are heads");
        let mut outputs = Vec::new();
        let mut step = |x: &Tensor<2>, cache: &mut KvCache| {
            let Predicted { hidden, logits } = transformer.step(x.clone(), cache);
            let first = hidden.clone().slice_dim(0, 0..1);
            let ahead = ahead.clone().slice_dim(0, 2..3);
            let drafts = transformer.draft_logits(first.clone(), ahead.clone());
            let tokens = transformer.draft(first, ahead).swap_dims(0, 1);
            tokens
                .into_data()
                .assert_eq(&drafts.clone().argmax(1).into_data(), false);
            outputs.extend([hidden, logits, drafts].map(values));
        };
        for x in &inputs.steps {
            step(x, &mut cache);
        }
        let last = case.steps[case.steps.len() - 1];
        let filled = cache.filled();
        cache.rewind(filled - last);
        step(&inputs.steps[case.steps.len() - 1], &mut cache);
        assert_eq!(cache.filled(), filled);
        outputs
    }

    /// The same transformer on the device's own path and in tensor operations.
    fn transformers(case: &Case, device: &Device) -> [CachedTransformer; 2] {
        let shape = case.shape();
        let block = TransformerBlockConfig {
            d_model: shape.d_model,
            heads: case.heads,
            d_hidden: case.d_hidden,
        };
        let blocks: Vec<TransformerBlock> = (0..2).map(|_| block.init(device)).collect();
        let look_ahead: Vec<LookAhead> = (0..case.look_ahead)
            .map(|_| randomize(LookAhead::new(shape.d_model, device)))
            .collect();
        let norm = randomize(RmsNormConfig::new(shape.d_model).init(device));
        let positions: Vec<(f32, f32)> = (0..shape.total)
            .map(|i| ((i / 5) as f32, (i % 5) as f32))
            .collect();
        let parts = TransformerParts {
            blocks: &blocks,
            norm: &norm,
            unembedding: Tensor::random(
                [case.codes, shape.d_model],
                Distribution::Normal(0.0, 1.0),
                device,
            ),
            look_ahead: &look_ahead,
            rotary: RotaryTable::new(&positions, case.head_dim, device),
        };
        let path = DecodePath::of(device, shape);
        assert!(!matches!(path, DecodePath::Tensors), "{case:?}");
        [path, DecodePath::Tensors].map(|path| CachedTransformer::with_path(&parts, shape, path))
    }

    fn compare(case: &Case, found: &[Vec<f32>], expected: &[Vec<f32>]) {
        assert_eq!(found.len(), expected.len());
        for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
            let worst = worst(found, expected);
            assert!(worst < 1e-4, "{case:?}, output {i}: off by {worst}");
        }
    }

    #[test]
    fn every_path_computes_what_tensor_operations_do() {
        for device in devices() {
            device.seed(3);
            for case in &CASES {
                let inputs = Inputs::of(case, &device);
                let [fast, plain] = transformers(case, &device);
                let expected = outputs(&plain, case, &inputs);
                compare(case, &outputs(&fast, case, &inputs), &expected);
            }
        }
    }

    #[test]
    #[cfg(feature = "cpu-kernels")]
    fn threads_that_share_a_pass_compute_the_same() {
        let device = Device::flex();
        device.seed(4);
        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let pool = pool.unwrap();
            for case in &CASES {
                let inputs = Inputs::of(case, &device);
                let [fast, _] = transformers(case, &device);
                let alone = outputs(&fast, case, &inputs);
                let together = pool.install(|| outputs(&fast, case, &inputs));
                compare(case, &together, &alone);
            }
        }
    }
}
