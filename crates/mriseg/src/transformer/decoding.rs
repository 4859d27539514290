//! The transformer made ready to decode: in kernels where the device has some that fit, else with the block of training
//! and a cache of keys and values, which is what kernels are tested against.

use super::{LookAhead, RotaryTable, TransformerBlock};
use crate::layers::rms_norm;
use burn::nn::RmsNorm;
use burn::tensor::Tensor;
use burn::tensor::activation::silu;
use mriseg_ops::attention::{attend, causal_bias, rotated_heads};
use mriseg_ops::capability::decode_pass;
use mriseg_ops::decode_pass::{DecodePass, DecodeSession, Predicted, TransformerWeights};
use mriseg_ops::layout::transposed_copy;
use std::sync::Arc;

/// What a transformer is made of.
#[derive(Debug)]
pub(crate) struct TransformerParts<'a> {
    /// The blocks, in the order of the pass.
    pub(crate) blocks: &'a [TransformerBlock],
    /// The norm after them.
    pub(crate) norm: &'a RmsNorm,
    /// `[codes, d_model]`
    pub(crate) unembedding: Tensor<2>,
    /// Heads that look further ahead than the next token.
    pub(crate) look_ahead: &'a [LookAhead],
    /// Positions of the whole sequence.
    pub(crate) rotary: RotaryTable,
    /// Attention heads.
    pub(crate) heads: usize,
    /// Tokens of the whole sequence.
    pub(crate) total: usize,
    /// Whether every number of the matrices is an `f16`.
    pub(crate) halves: bool,
}

impl TransformerParts<'_> {
    /// The fastest pass that the device has. It takes the weights as they are now.
    pub(crate) fn decode_pass(&self) -> Arc<dyn DecodePass> {
        self.kernels().unwrap_or_else(|| self.reference())
    }

    fn kernels(&self) -> Option<Arc<dyn DecodePass>> {
        decode_pass(&TransformerWeights {
            heads: self.heads,
            total: self.total,
            epsilon: self.norm.epsilon,
            halves: self.halves,
            blocks: self.blocks.iter().map(TransformerBlock::weights).collect(),
            norm: self.norm.gamma.val(),
            unembedding: self.unembedding.clone(),
            look_ahead: (self.look_ahead.iter().map(LookAhead::hidden_weight)).collect(),
            cos: self.rotary.cos(),
            sin: self.rotary.sin(),
        })
    }

    /// The pass with the block of training.
    pub(crate) fn reference(&self) -> Arc<dyn DecodePass> {
        Arc::new(ReferencePass {
            blocks: self.blocks.to_vec(),
            norm: self.norm.clone(),
            unembedding: transposed_copy(self.unembedding.clone()),
            look_ahead: (!self.look_ahead.is_empty()).then(|| {
                let weights = self.look_ahead.iter().map(LookAhead::hidden_weight);
                Tensor::cat(weights.collect(), 1)
            }),
            rotary: self.rotary.clone(),
            total: self.total,
        })
    }
}

/// The transformer with the block of training: in its kernels where device and build have them, else in tensor operations.
#[derive(Debug)]
struct ReferencePass {
    blocks: Vec<TransformerBlock>,
    norm: RmsNorm,
    /// `[d_model, codes]`
    unembedding: Tensor<2>,
    /// Of all heads that look ahead: `[d_model, heads * d_model]`.
    look_ahead: Option<Tensor<2>>,
    rotary: RotaryTable,
    total: usize,
}

/// Sequences that it decodes.
#[derive(Debug, Clone)]
struct ReferenceSession {
    pass: Arc<ReferencePass>,
    /// Of every layer, rotated keys and values: `[batch, filled, heads, head_dim]` each.
    layers: Vec<[Tensor<4>; 2]>,
    batch: usize,
    filled: usize,
}

impl DecodePass for ReferencePass {
    fn prefill(self: Arc<Self>, x: Tensor<2>, batch: usize) -> Box<dyn DecodeSession> {
        let mut session = ReferenceSession {
            layers: Vec::with_capacity(self.blocks.len()),
            pass: self,
            batch,
            filled: 0,
        };
        session.read(x, false);
        Box::new(session)
    }

    fn draft_logits(&self, hidden: Tensor<2>, ahead: Tensor<3>) -> Tensor<2> {
        let [_, heads, d_model] = ahead.dims();
        let weights = self.look_ahead.clone().expect("the model looks ahead");
        let mixed = hidden.clone().matmul(weights);
        let mixed = mixed.reshape([heads, d_model]) + ahead.reshape([heads, d_model]);
        (hidden + silu(mixed)).matmul(self.unembedding.clone())
    }
}

impl ReferenceSession {
    /// Reads tokens after those that are held; `causal`, if none sees those after it.
    fn read(&mut self, x: Tensor<2>, causal: bool) -> Tensor<3> {
        let [rows, d_model] = x.dims();
        let (batch, new, before) = (self.batch, rows / self.batch, self.filled);
        let filled = before + new;
        assert!(filled <= self.pass.total, "the cache is full");
        let rotary = self.pass.rotary.at(before..filled);
        // One token sees all that are held.
        let bias = (causal && new > 1).then(|| causal_bias(before, new, &x.device()));
        let mut layers = Vec::with_capacity(self.pass.blocks.len());
        let mut x: Tensor<3> = x.reshape([batch, new, d_model]);
        for (number, block) in self.pass.blocks.iter().enumerate() {
            x = block.forward(x, |qkv| {
                let [q, k, v] = rotated_heads(qkv, &rotary.cos(), &rotary.sin());
                let [k, v] = match self.layers.get(number) {
                    Some([keys, values]) => [(keys, k), (values, v)]
                        .map(|(old, new)| Tensor::cat(vec![old.clone(), new], 1)),
                    None => [k, v],
                };
                layers.push([k.clone(), v.clone()]);
                attend(q, k, v, bias.clone())
            });
        }
        self.layers = layers;
        self.filled = filled;
        x
    }
}

impl DecodeSession for ReferenceSession {
    fn filled(&self) -> usize {
        self.filled
    }

    fn rewind(&mut self, filled: usize) {
        assert!(filled <= self.filled, "{filled} tokens are not held");
        for held in self.layers.iter_mut().flatten() {
            *held = held.clone().slice_dim(1, 0..filled);
        }
        self.filled = filled;
    }

    fn step(&mut self, x: Tensor<2>) -> Predicted {
        let shape = x.dims();
        let x = self.read(x, true);
        let hidden: Tensor<2> = rms_norm(&self.pass.norm, x).reshape(shape);
        Predicted {
            logits: hidden.clone().matmul(self.pass.unembedding.clone()),
            hidden,
        }
    }

    fn branch(&self) -> Box<dyn DecodeSession> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Anchored, TransformerBlockConfig};
    use super::*;
    use crate::mask_lm::tests::randomize;
    use crate::testing::devices;
    use burn::module::{Module, ModuleMapper, Param};
    use burn::nn::{EmbeddingConfig, RmsNormConfig};
    use burn::tensor::activation::softmax;
    use burn::tensor::{Device, Distribution, FloatDType, Int, TensorData};
    use mriseg_ops::decode_pass::{CodeDistribution, Mixture, Picked};

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
        fn d_model(&self) -> usize {
            self.heads * self.head_dim
        }

        fn total(&self) -> usize {
            self.prefix + self.steps.iter().sum::<usize>() + 3
        }
    }

    const CASES: [Case; 7] = [
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
        Case {
            batch: 2,
            heads: 2,
            head_dim: 12,
            d_hidden: 40,
            codes: 50,
            look_ahead: 1,
            prefix: 7,
            steps: &[33, 1, 40],
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
        fn random(case: &Case, device: &Device) -> Self {
            let d_model = case.d_model();
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

    /// Hidden states, logits and drafts of every step. The last step is taken after another one was
    /// forgotten; a branch takes that other one, and both go on.
    fn outputs(passes: &Passes, pass: &Arc<dyn DecodePass>, inputs: &Inputs) -> Vec<Vec<f32>> {
        let case = passes.case;
        let mut session = pass.clone().prefill(inputs.prefix.clone(), case.batch);
        assert_eq!(session.filled(), case.prefix);
        let ahead = passes.anchored.ahead(inputs.anchors.clone());
        let mut outputs = Vec::new();
        let mut step = |x: &Tensor<2>, session: &mut dyn DecodeSession| {
            let Predicted { hidden, logits } = session.step(x.clone());
            let first = hidden.clone().slice_dim(0, 0..1);
            let ahead = ahead.clone().slice_dim(0, 2..3);
            let drafts = pass.draft_logits(first.clone(), ahead.clone());
            let tokens = pass.draft(first, ahead).swap_dims(0, 1);
            tokens
                .into_data()
                .assert_eq(&drafts.clone().argmax(1).into_data(), false);
            outputs.extend([hidden, logits, drafts].map(values));
        };
        let (last, before) = inputs.steps.split_last().unwrap();
        for x in before {
            step(x, session.as_mut());
        }
        let filled = session.filled();
        let mut branch = session.branch();
        let other = last.clone().neg();
        let one = inputs.prefix.clone().slice_dim(0, 0..case.batch);
        step(&other, session.as_mut());
        session.rewind(filled);
        step(last, session.as_mut());
        step(&other, branch.as_mut());
        // Each reads again what it wrote itself, not what the other did.
        step(&one, session.as_mut());
        step(&one, branch.as_mut());
        assert_eq!(session.filled(), branch.filled());
        outputs
    }

    /// Rounds every number to 16 bits.
    struct InHalves;

    impl ModuleMapper for InHalves {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|x| x.cast(FloatDType::F16).cast(FloatDType::F32))
        }
    }

    /// A transformer with random weights on the device's own path and with the block of training.
    struct Passes<'a> {
        case: &'a Case,
        anchored: Anchored,
        kernels: Arc<dyn DecodePass>,
        reference: Arc<dyn DecodePass>,
    }

    impl<'a> Passes<'a> {
        fn random(case: &'a Case, halves: bool, device: &Device) -> Self {
            let block = TransformerBlockConfig {
                d_model: case.d_model(),
                heads: case.heads,
                d_hidden: case.d_hidden,
            };
            let blocks: Vec<TransformerBlock> = (0..2).map(|_| block.init(device)).collect();
            let look_ahead: Vec<LookAhead> = (0..case.look_ahead)
                .map(|_| randomize(LookAhead::new(case.d_model(), device)))
                .collect();
            let unembedding = EmbeddingConfig::new(case.codes, case.d_model()).init(device);
            let mut weights = (blocks, look_ahead, unembedding);
            if halves {
                weights = weights.map(&mut InHalves);
            }
            let (blocks, look_ahead, unembedding) = weights;
            let norm = randomize(RmsNormConfig::new(case.d_model()).init(device));
            let positions: Vec<(f32, f32)> = (0..case.total())
                .map(|i| ((i / 5) as f32, (i % 5) as f32))
                .collect();
            let parts = TransformerParts {
                blocks: &blocks,
                norm: &norm,
                unembedding: unembedding.weight.val(),
                look_ahead: &look_ahead,
                rotary: RotaryTable::new(&positions, case.head_dim, device),
                heads: case.heads,
                total: case.total(),
                halves,
            };
            Self {
                case,
                anchored: Anchored::new(&look_ahead).unwrap(),
                kernels: parts.kernels().expect("the device has kernels that fit"),
                reference: parts.reference(),
            }
        }
    }

    fn compare(case: &Case, found: &[Vec<f32>], expected: &[Vec<f32>]) {
        assert_eq!(found.len(), expected.len());
        for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
            let worst = worst(found, expected);
            assert!(worst < 1e-4, "{case:?}, output {i}: off by {worst}");
        }
    }

    #[test]
    fn kernels_compute_what_the_reference_does() {
        for device in devices() {
            device.seed(3);
            for (case, halves) in CASES.iter().flat_map(|case| [(case, false), (case, true)]) {
                let inputs = Inputs::random(case, &device);
                let passes = Passes::random(case, halves, &device);
                let expected = outputs(&passes, &passes.reference, &inputs);
                let found = outputs(&passes, &passes.kernels, &inputs);
                compare(case, &found, &expected);
            }
        }
    }

    #[test]
    fn kernels_put_inputs_together_and_pick_codes_as_the_reference_does() {
        for device in devices() {
            device.seed(5);
            for case in &CASES {
                let passes = Passes::random(case, false, &device);
                let random = |shape: [usize; 3]| {
                    Tensor::<3>::random(shape, Distribution::Normal(0.0, 2.0), &device)
                };
                let table = random([1, case.codes + 1, case.d_model()]).squeeze_dim(0);
                let places = random([case.batch, 6, case.d_model()]);
                let ids = vec![[0, 1, case.codes as i32]; case.batch].concat();
                let ids = TensorData::new(ids, [case.batch, 3]);
                let ids = Tensor::<2, Int>::from_data(ids, &device);
                let logits = random([1, 1, case.codes]).squeeze_dim(0);
                let others = softmax(random([1, 6, case.codes]), 2).mul_scalar(0.7);
                let [found, expected] = [&passes.kernels, &passes.reference].map(|pass| {
                    let mut outputs = vec![values(pass.embed(&table, ids.clone(), &places, 2))];
                    let pairs = Tensor::zeros([3, 2], &device);
                    let mut picked = Picked { pairs, count: 0 };
                    for cell in [None, Some(4), Some(0)] {
                        let mixture = cell.map(|cell| Mixture {
                            others: &others,
                            kept: 0.3,
                            cell,
                        });
                        let logits = logits.clone();
                        let code = pass.pick(CodeDistribution { logits, mixture }, &mut picked);
                        outputs.push(values(code.float()));
                    }
                    outputs.push(values(picked.pairs));
                    outputs
                });
                compare(case, &found, &expected);
            }
        }
    }

    #[test]
    fn threads_that_share_a_pass_compute_the_same() {
        let device = Device::flex();
        device.seed(4);
        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let pool = pool.unwrap();
            for case in &CASES {
                let inputs = Inputs::random(case, &device);
                let passes = Passes::random(case, false, &device);
                let alone = outputs(&passes, &passes.kernels, &inputs);
                let shared = pool.install(|| outputs(&passes, &passes.kernels, &inputs));
                compare(case, &shared, &alone);
            }
        }
    }
}
