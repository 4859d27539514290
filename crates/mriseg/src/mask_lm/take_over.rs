//! Starting from the weights of another language model instead of random ones: what fits is taken over part by part.

use super::MaskLm;
use burn::tensor::{Tensor, TensorData};

/// What two models mean alike beyond the sizes of their language models.
#[derive(Debug, Clone, Copy)]
pub struct InCommon<'a> {
    /// Whether mask codes are those of the same tokenizer.
    pub codes: bool,
    /// Whether image tokens are those of the same encoder.
    pub image_tokens: bool,
    /// Text tokens that both have: the id here and the id in the other model.
    pub text: &'a [(u32, u32)],
}

/// What was taken over, and what keeps its random weights and why; each in a few words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TakenOver {
    /// Parts that are the other model's now.
    pub taken: Vec<String>,
    /// Parts that are not.
    pub anew: Vec<String>,
}

impl TakenOver {
    /// Notes a part, with the reason if it was not taken.
    pub fn note(&mut self, fits: bool, what: &str, otherwise: &str) {
        if fits {
            self.taken.push(what.to_owned());
        } else {
            self.anew.push(format!("{what} ({otherwise})"));
        }
    }
}

impl MaskLm {
    /// Takes over the weights of `other`, which must be on the same device, wherever sizes and meanings agree.
    pub fn take_over(&mut self, other: &Self, common: InCommon<'_>) -> TakenOver {
        let mut report = TakenOver::default();
        let (ours, theirs) = (self.shape, other.shape);
        if ours.d_model != theirs.d_model {
            let why = format!("d_model {} instead of {}", ours.d_model, theirs.d_model);
            report.note(false, "language model", &why);
            return report;
        }
        self.part_embedding = other.part_embedding.clone();
        self.take_blocks(other, &mut report);

        let heads = self.look_ahead.len();
        for (head, taken) in self.look_ahead.iter_mut().zip(&other.look_ahead) {
            *head = taken.clone();
        }
        report_counts(
            &mut report,
            "look-ahead heads",
            heads,
            other.look_ahead.len(),
        );

        if self.presence.is_some() {
            if other.presence.is_some() {
                self.presence = other.presence.clone();
            }
            let why = "the source has none";
            report.note(other.presence.is_some(), "presence head", why);
        }

        let (grid, other_grid) = (ours.layout.grid, theirs.layout.grid);
        let fits = grid == other_grid;
        if fits {
            self.cell_embedding = other.cell_embedding.clone();
        }
        let why = format!("{grid} cells a side instead of {other_grid}");
        report.note(fits, "cell embeddings", &why);

        let fits = common.codes && ours.layout.codes == theirs.layout.codes;
        if fits {
            self.mask_embedding = other.mask_embedding.clone();
        }
        report.note(fits, "mask code embeddings", "other codes");

        let width = |lm: &Self| lm.image_projection.weight.dims();
        let fits = common.image_tokens && width(self) == width(other);
        if fits {
            self.image_norm = other.image_norm.clone();
            self.image_projection = other.image_projection.clone();
            self.anchor_projection = other.anchor_projection.clone();
        }
        report.note(fits, "image projections", "other image tokens");

        let taken = self.take_text(other, common.text);
        let what = match taken {
            0 => "text embedding".to_owned(),
            tokens => format!("embedding of {tokens} text tokens"),
        };
        report.note(taken > 0, &what, "no token in common");
        report
    }

    /// As many blocks as both have, from the first on, and the norm behind them.
    fn take_blocks(&mut self, other: &Self, report: &mut TakenOver) {
        let (ours, theirs) = (self.shape, other.shape);
        if (ours.heads, ours.d_hidden) != (theirs.heads, theirs.d_hidden) {
            let why = format!(
                "heads {} instead of {}, d_hidden {} instead of {}",
                ours.heads, theirs.heads, ours.d_hidden, theirs.d_hidden
            );
            report.note(false, "transformer blocks", &why);
            return;
        }
        for (block, taken) in self.blocks.iter_mut().zip(&other.blocks) {
            *block = taken.clone();
        }
        self.norm = other.norm.clone();
        let there = other.blocks.len();
        report_counts(report, "transformer blocks", self.blocks.len(), there);
    }

    /// Rows of the text embedding; gives how many.
    fn take_text(&mut self, other: &Self, tokens: &[(u32, u32)]) -> usize {
        let theirs = other.text_embedding.weight.val();
        let [our_rows, d_model] = self.text_embedding.weight.dims();
        let [their_rows, _] = theirs.dims();
        let rows: Vec<(usize, usize)> = tokens
            .iter()
            .map(|&(here, there)| (here as usize, there as usize))
            .filter(|&(here, there)| here < our_rows && there < their_rows)
            .collect();
        let theirs = values(theirs);
        self.text_embedding.weight = self.text_embedding.weight.clone().map(|table| {
            let device = table.device();
            let mut ours = values(table);
            let row = |i: usize| i * d_model..(i + 1) * d_model;
            for &(here, there) in &rows {
                ours[row(here)].copy_from_slice(&theirs[row(there)]);
            }
            Tensor::from_data(TensorData::new(ours, [our_rows, d_model]), &device)
        });
        rows.len()
    }
}

/// Notes that the first ones of a list were taken.
fn report_counts(report: &mut TakenOver, what: &str, ours: usize, theirs: usize) {
    let taken = ours.min(theirs);
    if taken > 0 {
        report.taken.push(format!("{taken} {what}"));
    }
    if ours > taken {
        report
            .anew
            .push(format!("{} {what} (the source has {theirs})", ours - taken));
    }
}

fn values(table: Tensor<2>) -> Vec<f32> {
    table
        .into_data()
        .try_to_vec()
        .expect("weights are 32-bit numbers")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ModelConfig;
    use crate::mask_lm::tests::{inputs, mask_inputs, randomize, tiny};
    use burn::tensor::Device;

    fn everything(config: &ModelConfig) -> Vec<(u32, u32)> {
        (0..config.lm.text_vocab as u32)
            .map(|id| (id, id))
            .collect()
    }

    #[test]
    fn a_model_of_equal_sizes_becomes_the_other_one() {
        let device = Device::flex();
        let config = tiny();
        let other = randomize(config.init_mask_lm(&device));
        let mut lm = config.init_mask_lm(&device);
        let (text, image, targets) = inputs(&config, &device);
        let states = |lm: &MaskLm| -> Vec<Vec<f32>> {
            let inputs = mask_inputs(&targets, lm, &device);
            let tables = lm.tables(&device);
            let hidden = lm.forward(text.clone(), image.clone(), inputs, &tables);
            let all = [vec![hidden.states.clone()], lm.logits_ahead(&hidden)].concat();
            let values = all.into_iter().map(|part| part.into_data().try_to_vec());
            values.map(|values| values.unwrap()).collect()
        };
        let (before, wanted) = (states(&lm), states(&other));
        assert_ne!(before, wanted);
        let tokens = everything(&config);
        let common = InCommon {
            codes: true,
            image_tokens: true,
            text: &tokens,
        };
        let report = lm.take_over(&other, common);
        assert_eq!(report.anew, [""; 0]);
        assert_eq!(states(&lm), wanted);
    }

    #[test]
    fn what_does_not_fit_stays_and_is_said_with_its_sizes() {
        let device = Device::flex();
        let theirs = tiny();
        let other = randomize(theirs.init_mask_lm(&device));
        let mut ours = tiny();
        ours.lm.layers += 1;
        ours.lm.next_tokens = 2;
        ours.mask.patch /= 2;
        let mut lm = ours.init_mask_lm(&device);
        let before = lm.clone();
        let common = InCommon {
            codes: false,
            image_tokens: false,
            text: &[(3, 5)],
        };
        let report = lm.take_over(&other, common);
        assert_eq!(
            report.taken,
            [
                "3 transformer blocks",
                "1 look-ahead heads",
                "presence head",
                "embedding of 1 text tokens"
            ]
        );
        assert_eq!(
            report.anew,
            [
                "1 transformer blocks (the source has 3)",
                "cell embeddings (16 cells a side instead of 8)",
                "mask code embeddings (other codes)",
                "image projections (other image tokens)"
            ]
        );
        let row = |lm: &MaskLm, i: usize| {
            let table = lm.text_embedding.weight.val();
            values(table.slice_dim(0, i..i + 1))
        };
        assert_eq!(row(&lm, 3), row(&other, 5));
        assert_eq!(row(&lm, 5), row(&before, 5));
        let mask = |lm: &MaskLm| values(lm.mask_embedding.weight.val());
        assert_eq!(mask(&lm), mask(&before));

        ours.lm.d_model *= 2;
        ours.lm.heads *= 2;
        let report = ours.init_mask_lm(&device).take_over(&other, common);
        assert_eq!(report.anew, ["language model (d_model 192 instead of 96)"]);
    }
}
