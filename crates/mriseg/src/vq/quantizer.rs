//! Vector quantization: nearest codebook entry, straight-through gradient, exponential-moving-average
//! codebook with restart of dead codes (van den Oord et al. 2017, appendix A.1).

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig, Initializer};
use burn::tensor::{Device, IndexingUpdateOp, Int, Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Sizes of a [`Quantizer`].
#[derive(Debug, Clone, Copy)]
pub struct QuantizerConfig {
    /// Codebook entries.
    pub codes: usize,
    /// Width of an entry.
    pub code_dim: usize,
}

/// A codebook and the look-up in it.
#[derive(Module, Debug)]
pub struct Quantizer {
    codebook: Embedding,
}

/// Vectors after quantization.
#[derive(Debug, Clone)]
pub struct Quantized {
    /// Codebook entries with the straight-through gradient: `[batch, tokens, code_dim]`.
    pub values: Tensor<3>,
    /// Codes: `[batch, tokens]`.
    pub ids: Tensor<2, Int>,
    /// Commitment loss, mean of `(z - sg(e))^2`: `[1]`.
    pub commitment: Tensor<1>,
}

impl QuantizerConfig {
    /// A codebook drawn from the unit normal distribution.
    pub fn init(&self, device: &Device) -> Quantizer {
        Quantizer {
            codebook: EmbeddingConfig::new(self.codes, self.code_dim)
                .with_initializer(Initializer::Normal {
                    mean: 0.0,
                    std: 1.0,
                })
                .init(device),
        }
    }
}

impl Quantizer {
    /// Nearest entry of every vector.
    ///
    /// # Shapes
    /// - z: `[batch, tokens, code_dim]`
    pub fn forward(&self, z: Tensor<3>) -> Quantized {
        let ids = self.nearest(z.clone());
        let entries = self.entries(ids.clone()).detach();
        let commitment = (z.clone() - entries.clone()).square().mean();
        Quantized {
            values: straight_through(z, entries),
            ids,
            commitment,
        }
    }

    /// Codes of the nearest entries.
    ///
    /// # Shapes
    /// - z: `[batch, tokens, code_dim]`
    /// - output: `[batch, tokens]`
    pub fn nearest(&self, z: Tensor<3>) -> Tensor<2, Int> {
        let [batch, tokens, code_dim] = z.dims();
        let codebook = self.codebook.weight.val().detach();
        let z = z.detach().reshape([batch * tokens, code_dim]);
        let norms = codebook.clone().square().sum_dim(1).swap_dims(0, 1);
        let distances = norms - z.matmul(codebook.transpose()).mul_scalar(2.0);
        distances.argmin(1).reshape([batch, tokens])
    }

    /// Entries of codes.
    ///
    /// # Shapes
    /// - ids: `[batch, tokens]`
    /// - output: `[batch, tokens, code_dim]`
    pub fn entries(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        self.codebook.forward(ids)
    }

    /// Expected entries under a distribution over codes.
    ///
    /// # Shapes
    /// - probabilities: `[batch, tokens, codes]`
    /// - output: `[batch, tokens, code_dim]`
    pub fn expected_entries(&self, probabilities: Tensor<3>) -> Tensor<3> {
        let [batch, tokens, codes] = probabilities.dims();
        let codebook = self.codebook.weight.val().detach();
        let code_dim = codebook.dims()[1];
        probabilities
            .reshape([batch * tokens, codes])
            .matmul(codebook)
            .reshape([batch, tokens, code_dim])
    }

    /// Number of codes.
    pub fn codes(&self) -> usize {
        self.codebook.weight.dims()[0]
    }

    /// Replaces the codebook (`[codes, code_dim]`), keeping it out of the gradient.
    pub fn with_codebook(mut self, codebook: Tensor<2>) -> Self {
        self.codebook.weight = self.codebook.weight.map(|old| {
            let device = old.device();
            Tensor::from_data(codebook.into_data(), &device)
        });
        self
    }
}

/// `z + sg(entries - z)`: the value of `entries`, the gradient of `z`.
pub fn straight_through(z: Tensor<3>, entries: Tensor<3>) -> Tensor<3> {
    z.clone() + (entries - z).detach()
}

/// Moving averages behind a codebook: training state, not part of the model.
#[derive(Debug, Clone)]
pub struct CodebookEma {
    counts: Vec<f32>,
    sums: Vec<f32>,
    updates: u32,
}

impl CodebookEma {
    /// Largest weight of the past in the averages, reached after some hundred updates: long averages
    /// are precise, but the first codes are not worth remembering.
    const DECAY: f32 = 0.99;
    /// A code used less often than this share of its fair one is dead.
    const DEAD_SHARE: f32 = 0.02;

    /// Averages that start from nothing: the first update draws the codebook from the data.
    pub fn new(config: QuantizerConfig) -> Self {
        Self {
            counts: vec![0.0; config.codes],
            sums: vec![0.0; config.codes * config.code_dim],
            updates: 0,
        }
    }

    /// Moves the codebook towards the vectors that chose its entries and restarts dead codes at
    /// vectors of the batch, drawn in proportion to their squared distance from their entry: most
    /// cells of a mask are alike and need no second code. Returns the quantizer and the number of
    /// restarted codes.
    ///
    /// # Shapes
    /// - z: `[batch, tokens, code_dim]`
    /// - ids: `[batch, tokens]`
    pub fn update(
        &mut self,
        quantizer: Quantizer,
        z: Tensor<3>,
        ids: Tensor<2, Int>,
        rng: &mut ChaCha8Rng,
    ) -> (Quantizer, usize) {
        let [batch, tokens, code_dim] = z.dims();
        let device = z.device();
        let codes = self.counts.len();
        let vectors = batch * tokens;
        let z = z.detach().reshape([vectors, code_dim]);
        let errors = cumulative_errors(
            z.clone()
                - quantizer
                    .entries(ids.clone())
                    .detach()
                    .reshape([vectors, code_dim]),
        );
        let ids = ids.reshape([vectors]);
        let ones = Tensor::<2>::ones([vectors, 1], &device);
        let grouped = Tensor::<2>::zeros([codes, code_dim + 1], &device).select_assign(
            0,
            ids,
            Tensor::cat(vec![z.clone(), ones], 1),
            IndexingUpdateOp::Add,
        );
        let grouped = floats(grouped);
        let z = floats(z);

        let updates = self.updates as f32;
        let decay = Self::DECAY.min((1.0 + updates) / (10.0 + updates));
        self.updates += 1;
        let mut restarted = 0;
        let fair = vectors as f32 / codes as f32;
        let mut codebook = Vec::with_capacity(codes * code_dim);
        for code in 0..codes {
            let group = &grouped[code * (code_dim + 1)..(code + 1) * (code_dim + 1)];
            let sum = &mut self.sums[code * code_dim..(code + 1) * code_dim];
            let count = &mut self.counts[code];
            *count = decay * *count + (1.0 - decay) * group[code_dim];
            for (average, &batch) in sum.iter_mut().zip(group) {
                *average = decay * *average + (1.0 - decay) * batch;
            }
            if *count < Self::DEAD_SHARE * fair {
                restarted += 1;
                let at = rng.random::<f32>() * errors[vectors - 1];
                let from = errors.partition_point(|&sum| sum < at).min(vectors - 1) * code_dim;
                *count = fair;
                for (average, &value) in sum.iter_mut().zip(&z[from..from + code_dim]) {
                    *average = value * fair;
                }
            }
            codebook.extend(sum.iter().map(|value| value / *count));
        }
        let codebook = Tensor::from_data(TensorData::new(codebook, [codes, code_dim]), &device);
        (quantizer.with_codebook(codebook), restarted)
    }
}

/// Running sums of the squared length of each row.
fn cumulative_errors(difference: Tensor<2>) -> Vec<f32> {
    let mut errors = floats(difference.square().sum_dim(1));
    let mut sum = 0.0;
    for error in &mut errors {
        sum += *error;
        *error = sum;
    }
    errors
}

fn floats(tensor: Tensor<2>) -> Vec<f32> {
    tensor
        .into_data()
        .convert::<f32>()
        .try_to_vec()
        .expect("a float tensor reads as f32")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn quantizer(device: &Device) -> Quantizer {
        QuantizerConfig {
            codes: 2,
            code_dim: 2,
        }
        .init(device)
        .with_codebook(Tensor::from_floats([[0.0, 0.0], [1.0, 1.0]], device))
    }

    #[test]
    fn the_nearest_entry_is_chosen_and_its_distance_is_the_commitment() {
        let device = Device::flex();
        let z = Tensor::<3>::from_floats([[[0.2, 0.0], [0.9, 1.3]]], &device);
        let quantized = quantizer(&device).forward(z);
        let ids: Vec<i64> = quantized
            .ids
            .into_data()
            .convert::<i64>()
            .try_to_vec()
            .unwrap();
        assert_eq!(ids, [0, 1]);
        let commitment: f32 = quantized.commitment.into_scalar();
        assert!((commitment - (0.04 + 0.01 + 0.09) / 4.0).abs() < 1e-6);
    }

    #[test]
    fn the_gradient_passes_straight_through() {
        let device = Device::flex().autodiff();
        let z = Tensor::<3>::from_floats([[[0.2, 0.0]]], &device).require_grad();
        let quantized = quantizer(&device).forward(z.clone());
        let gradients = quantized.values.mul_scalar(3.0).sum().backward();
        let gradient: Vec<f32> = z
            .grad(&gradients)
            .unwrap()
            .into_data()
            .try_to_vec()
            .unwrap();
        assert_eq!(gradient, [3.0, 3.0]);
    }

    #[test]
    fn dead_codes_restart_at_vectors_of_the_batch() {
        let device = Device::flex();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let config = QuantizerConfig {
            codes: 2,
            code_dim: 2,
        };
        let far = quantizer(&device)
            .with_codebook(Tensor::from_floats([[5.0, 5.0], [-900.0, 0.0]], &device));
        let z = Tensor::<3>::from_floats([[[4.0, 4.0], [6.0, 6.0]]], &device);
        let mut ema = CodebookEma::new(config);
        let ids = far.nearest(z.clone());
        let (updated, restarted) = ema.update(far, z.clone(), ids, &mut rng);
        assert!(restarted >= 1);
        let entries: Vec<f32> = updated
            .entries(Tensor::from_ints([[1]], &device))
            .into_data()
            .try_to_vec()
            .unwrap();
        assert!(
            entries == [4.0, 4.0] || entries == [6.0, 6.0],
            "{entries:?}"
        );
    }
}
