//! The whole experiment in one value: data, sizes, tokenizers, training. It is printed and saved before training.

use anyhow::{Context, Result};
use mriseg::bundle::SideConvention;
use mriseg::config::{ImageTokens, ModelConfig};
use mriseg::decode::{DecisionRule, Pick};
use mriseg_data::{AugmentConfig, MaskRule, RequestMix};
use mriseg_ops::precision::Precision;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

use super::data_spec::DataSpec;

/// A training run, complete.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Experiment {
    /// Seed of every random choice.
    pub(crate) seed: u64,
    /// What to train and evaluate on.
    pub(crate) data: DataConfig,
    /// Sizes of the model.
    pub(crate) model: ModelConfig,
    /// The text tokenizer.
    pub(crate) text_tokenizer: TextSource,
    /// Emu3's vision tokenizer instead of those that are trained here.
    pub(crate) emu3: Emu3Source,
    /// Training of the mask tokenizer.
    pub(crate) mask_tokenizer: TokenizerTraining,
    /// Training of the image tokenizer; with `model.lm.image_tokens = "features"` it may be 0 steps,
    /// since the encoder is then trained with the language model.
    pub(crate) image_tokenizer: TokenizerTraining,
    /// The pretrained image encoder, with `model.image.encoder = "efficientnet_lite0"`.
    pub(crate) image_encoder: EncoderSource,
    /// Training of the language model.
    pub(crate) train: LmTraining,
    /// Random changes of training pictures.
    pub(crate) augment: AugmentConfig,
}

/// Where the cases come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataConfig {
    /// A dataset folder, or `phantoms`.
    pub(crate) source: String,
    /// What that data is, in sentences for the model card; empty: the card says what was measured. It is left out where
    /// another folder than that of the configuration is trained on.
    #[serde(default)]
    pub(crate) about: String,
    /// Further dataset folders to train on together with it, with splits of the same names. `train_cases` and `lungs` are
    /// about `source` alone; cases to choose by and to test on are spread over all.
    pub(crate) sources: Vec<FurtherSource>,
    /// Split to train on, or a share of the pictures of one, such as `train[:80%]`; so are the other two.
    pub(crate) train_split: String,
    /// Cases of it at most, spread evenly over the split; 0 means all.
    pub(crate) train_cases: usize,
    /// Split to choose the best checkpoint on.
    pub(crate) valid_split: String,
    /// Cases of it that are used for that, spread evenly over the split.
    pub(crate) valid_cases: usize,
    /// Split of the final evaluation.
    pub(crate) test_split: String,
    /// Cases of it at most; 0 means all.
    pub(crate) test_cases: usize,
    /// Whose left is meant by "left": `viewer`, the left side of the picture, or `patient`.
    #[serde(default)]
    pub(crate) side_convention: SideConvention,
    /// Which values of mask files are marked: a number (a label, or that of a palette's colour), a colour such as "#ff0000",
    /// or several ("1,2"). Empty: the files tell, see `Mask::decode`.
    #[serde(default)]
    pub(crate) mask_value: MaskRule,
    /// Go on without the rows of a table that lack picture, mask or sentence; without it they are an error.
    #[serde(default)]
    pub(crate) skip_incomplete: bool,
    /// Folder with masks of lungs, in the layout of COVID-QU-Ex; empty for none.
    pub(crate) lungs: String,
    /// Share of the training cases whose picture shows no findings, by their sentence; 0: as many as there are.
    pub(crate) without_findings: f64,
    /// How often training asks for what.
    pub(crate) requests: RequestMix,
    /// Phantoms: pictures of the training split.
    pub(crate) phantom_train: usize,
    /// Phantoms: pictures of the validation split.
    pub(crate) phantom_valid: usize,
    /// Phantoms: pictures of the test split.
    pub(crate) phantom_test: usize,
}

/// A data set beside `data.source`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FurtherSource {
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// Share of the training cases that come from it, whatever its size.
    pub(crate) share: f64,
    /// As `data.mask_value`, which is about `data.source`.
    #[serde(default)]
    pub(crate) mask_value: MaskRule,
}

/// Where the text tokenizer comes from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TextSource {
    /// A pretrained byte-level BPE `tokenizer.json`, such as Qwen's (`./scripts/qwen` fetches it), which is cut
    /// down to what the training sentences need; empty to learn one from them.
    pub(crate) from: String,
}

/// Emu3's vision tokenizer for pictures and masks (paper: the pretrained multimodal tokenizer). Its codes are made
/// once, by `trainer tokenize`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Emu3Source {
    /// Its folder, with config.json and weights (safetensors); empty for tokenizers that are trained here. It goes
    /// with `model.lm.image_tokens = "mask_codes"`.
    pub(crate) from: String,
    /// Folder of the codes.
    pub(crate) codes: String,
}

/// Where the weights of a pretrained image encoder come from, and how fast they learn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EncoderSource {
    /// The weights that `./scripts/efficientnet` fetches; empty for random ones.
    pub(crate) from: String,
    /// Learning rate of the pretrained network, as a share of `train.learning_rate`; 0 freezes it.
    pub(crate) rate: f64,
}

/// Training of a vector-quantized tokenizer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenizerTraining {
    /// Folder of a run whose tokenizer is taken as it is; empty to train one.
    pub(crate) from: String,
    /// Optimizer steps.
    pub(crate) steps: usize,
    /// Pictures or masks per step.
    pub(crate) batch: usize,
    /// Highest learning rate.
    pub(crate) learning_rate: f64,
    /// Weight of the commitment loss.
    pub(crate) commitment: f32,
}

/// Training of the language model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LmTraining {
    /// Optimizer steps.
    pub(crate) steps: usize,
    /// Cases per step.
    pub(crate) batch: usize,
    /// Parts of a batch whose gradients are computed one after the other and added up, where a device has no room for all at
    /// once. A step has the cases of `batch` whatever this is, and the result is the same but for rounding.
    pub(crate) gradient_accumulation_steps: usize,
    /// What the factors of the model's matrix products are rounded to: `f32` (not at all), `bf16` or `f16`. Weights, sums,
    /// losses and all that is saved have 32 bits whatever this is. On GPUs with matrix units for it training is faster
    /// (docs/TRAINING.md); elsewhere it is not.
    pub(crate) precision: Precision,
    /// Highest learning rate, reached after the warm-up.
    pub(crate) learning_rate: f64,
    /// Share of the steps over which the learning rate grows.
    pub(crate) warmup: f64,
    /// Decoupled weight decay.
    pub(crate) weight_decay: f32,
    /// Largest norm of the whole gradient.
    pub(crate) clip_norm: f32,
    /// Decay of the moving average of the weights, which is what is evaluated and shipped.
    pub(crate) average_decay: f32,
    /// Share of the weights that training began with in what is evaluated and shipped; the average has the rest. With
    /// `--from`, less of the old is unlearned (WiSE-FT: Wortsman et al. 2022, arXiv 2109.01903, equation 1).
    pub(crate) start_share: f32,
    /// Share of sentences that are dropped, so that "no sentence" is known to the model.
    pub(crate) text_dropout: f64,
    /// Input mask tokens are replaced by random codes with a probability drawn from 0 to this, against
    /// exposure bias.
    pub(crate) token_noise: f64,
    /// Share of masks whose beginning, as the model is shown it, is empty or that of another mask: while
    /// decoding, the model's own beginning can be wrong too.
    pub(crate) misleading_context: f64,
    /// Share of cases whose mask tokens are all hidden, begin-of-mask in the place of each: what the model then predicts
    /// of a cell are its marginals, given sentence and picture alone.
    pub(crate) marginal_cases: f64,
    /// Share of the other cases that are shown tokens drawn from these marginals, in a share of the cells that is drawn
    /// from 0 to 1: while decoding, the model sees its own tokens, not true ones.
    pub(crate) own_context: f64,
    /// Weight of the soft-decode loss: Dice and cross-entropy of the mask that the frozen mask decoder
    /// draws from the expected codes. It tells the model how far a wrong code is from the right one.
    pub(crate) soft_decode: f32,
    /// Weight of the reading loss: the sentence's tokens are to tell what it asks for. Ours, not the paper's: it teaches
    /// wordings. 0 switches it off; it has no effect where sentences are not of the grammar.
    pub(crate) reading: f64,
    /// Sentences that are read without a picture, for the same loss, beside each case; none where sentences of the data
    /// are not reworded (`data.requests.reworded`).
    pub(crate) sentences: usize,
    /// Weight of the presence loss, where the model has a presence head (`model.lm.presence`): before the first token it
    /// is to tell whether there is anything to draw.
    pub(crate) presence: f64,
    /// Which code a cell takes while decoding: `least_error`, `best_dice` or `most_probable`.
    pub(crate) pick: Pick,
    /// Probability of there being something to draw from which on something is drawn, where the model has a presence head.
    pub(crate) presence_threshold: f32,
    /// Probability from which on a pixel is worth drawing, with `pick = "best_dice"`.
    pub(crate) dice_threshold: f32,
    /// Share of a cell's marginal probabilities in those that its code is picked by; with `marginal_cases`.
    pub(crate) marginal_share: f32,
    /// Evaluate, and save a checkpoint, this many times.
    pub(crate) evaluations: usize,
    /// Next-k token prediction (paper: NkTP); k is `model.lm.next_tokens`.
    pub(crate) next_k: NextK,
    /// Token-level contrastive learning (paper: TCL).
    pub(crate) contrast: Contrast,
    /// Memory-based hard error tokens (paper: HET).
    pub(crate) hard_errors: HardErrors,
}

/// Next-k token prediction: every mask position also predicts the tokens after the next one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NextK {
    /// Weight of the loss at the first step.
    pub(crate) weight: f64,
    /// Weight at the last step; it changes evenly in between.
    pub(crate) final_weight: f64,
    /// A token one place further ahead weighs this much of the one before it.
    pub(crate) decay: f64,
}

/// Token-level contrastive learning: hidden states of equal codes are drawn together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contrast {
    /// Weight of the loss; 0 switches it off, .1 is usual.
    pub(crate) weight: f64,
    /// Cosines are divided by this.
    pub(crate) temperature: f64,
    /// Tokens of a group of four cases that are contrasted with each other, at most.
    pub(crate) tokens: usize,
    /// Weight of a pair of neighbouring cells with different codes; all others weigh 1.
    pub(crate) boundary: f32,
    /// Codes are partners in part when they draw nearly the same: the fewer pixels differ the more, up to this
    /// share of a patch. 0: equal codes only, which pushes rare codes away from their like (LOG.md).
    pub(crate) reach: f64,
}

/// Memory-based hard error tokens: what the model keeps getting wrong weighs more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HardErrors {
    /// Weight of the loss; 0 switches it off (the memory is kept all the same), .5 is usual. It needs several
    /// passes over the data: what is remembered of a case counts when the case comes again.
    pub(crate) weight: f64,
    /// Share of a batch's tokens that the loss is about.
    pub(crate) share: f64,
    /// Largest weight of a token before scaling.
    pub(crate) cap: f32,
    /// Weight of the past in the averaged errors.
    pub(crate) decay: f32,
    /// Share of the steps before the loss begins.
    pub(crate) warmup: f64,
}

impl Contrast {
    /// Consecutive cases whose tokens are contrasted with each other.
    pub(crate) const CASES: usize = 4;
}

impl LmTraining {
    /// Parts that a batch can be computed in.
    pub(crate) fn groups(&self) -> usize {
        self.batch.div_ceil(self.together())
    }

    /// The same for people.
    pub(crate) fn parts_of_a_batch(&self) -> String {
        let of = match self.together() {
            1 => String::new(),
            cases => format!(", of which train.contrast keeps {cases} together"),
        };
        format!("and train.batch = {}{of}", self.batch)
    }

    /// Consecutive cases that a step must not tear apart.
    pub(crate) fn together(&self) -> usize {
        if self.contrast.weight > 0.0 {
            Contrast::CASES
        } else {
            1
        }
    }

    /// What is drawn, given what the model predicts.
    pub(crate) fn rule(&self) -> DecisionRule {
        DecisionRule {
            pick: self.pick,
            presence_threshold: self.presence_threshold,
            dice_threshold: self.dice_threshold,
            marginal_share: self.marginal_share,
        }
    }
}

impl Experiment {
    /// The file form.
    ///
    /// # Errors
    /// Never for values that were loaded from a file.
    pub(crate) fn to_toml(&self) -> Result<String> {
        toml::to_string_pretty(self).context("writing the configuration")
    }

    /// How many of the `cases` of a split are used: the first ones.
    pub(crate) fn cases_of(&self, role: SplitRole, cases: usize) -> usize {
        match (role, self.data.test_cases) {
            (SplitRole::Valid, _) => self.data.valid_cases.min(cases),
            (SplitRole::Train, _) | (SplitRole::Test, 0) => cases,
            (SplitRole::Test, limit) => limit.min(cases),
        }
    }

    /// Whether it is trained on codes that `tokenize` made before.
    pub(crate) fn on_stored_codes(&self) -> bool {
        self.model.lm.image_tokens == ImageTokens::MaskCodes
    }

    /// Where the data comes from.
    pub(crate) fn source(&self) -> DataSpec {
        DataSpec::from(self.data.source.as_str())
    }
}

/// What the cases of a split are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SplitRole {
    /// To train on.
    Train,
    /// To choose the best checkpoint by.
    Valid,
    /// For the final evaluation.
    Test,
}

impl SplitRole {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Train, Self::Valid, Self::Test];

    /// As files and messages have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
        }
    }
}
