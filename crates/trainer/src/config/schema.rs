//! The whole experiment in one value: data, sizes, tokenizers, training. Presets are functions,
//! experiments are files, `--set` wins; the merged result is printed and saved before training.

use anyhow::{Context, Result};
use mriseg::config::{ImageEncoderKind, ImageTokens, MaskLmConfig, ModelConfig};
use mriseg::decode::{DecisionRule, Pick};
use mriseg_data::{AugmentConfig, RequestMix};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

use crate::config::Role;
use crate::config::file::{parse_toml, with_overrides};
use crate::config::{DataSpec, ExperimentArgs, Preset};
use crate::system::exit::usage;

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
    /// Further dataset folders to train on together with it, with splits of the same names. `train_cases` and `lungs` are
    /// about `source` alone; cases to choose by and to test on are spread over all.
    pub(crate) sources: Vec<FurtherSource>,
    /// Split to train on.
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

impl Default for EncoderSource {
    fn default() -> Self {
        Self {
            from: String::new(),
            rate: 1.0,
        }
    }
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

impl LmTraining {
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
    /// The demo: phantoms, a tiny model, minutes on two CPU cores.
    pub(crate) fn tiny() -> Self {
        Self {
            seed: 1,
            data: DataConfig {
                source: "phantoms".to_owned(),
                sources: Vec::new(),
                without_findings: 0.0,
                train_split: "train".to_owned(),
                train_cases: 0,
                valid_split: "valid".to_owned(),
                valid_cases: 192,
                test_split: "test".to_owned(),
                test_cases: 0,
                lungs: String::new(),
                requests: RequestMix {
                    warmup: 0.2,
                    ..RequestMix::default()
                },
                phantom_train: 2000,
                phantom_valid: 64,
                phantom_test: 200,
            },
            model: ModelConfig::tiny(),
            text_tokenizer: TextSource::default(),
            emu3: Emu3Source::default(),
            mask_tokenizer: TokenizerTraining {
                from: String::new(),
                steps: 500,
                batch: 32,
                learning_rate: 3e-3,
                commitment: 0.25,
            },
            image_tokenizer: TokenizerTraining {
                from: String::new(),
                steps: 0,
                batch: 32,
                learning_rate: 1e-3,
                commitment: 0.25,
            },
            image_encoder: EncoderSource::default(),
            train: LmTraining {
                steps: 3400,
                batch: 8,
                learning_rate: 2e-3,
                warmup: 0.05,
                weight_decay: 0.05,
                clip_norm: 1.0,
                average_decay: 0.995,
                start_share: 0.0,
                text_dropout: 0.05,
                token_noise: 0.3,
                misleading_context: 0.0,
                marginal_cases: 0.0,
                own_context: 0.0,
                soft_decode: 0.0,
                reading: 1.0,
                sentences: 4,
                presence: 0.5,
                pick: Pick::LeastError,
                presence_threshold: 0.5,
                dice_threshold: 0.35,
                marginal_share: 0.0,
                evaluations: 2,
                next_k: NextK {
                    weight: 0.3,
                    final_weight: 0.1,
                    decay: 0.5,
                },
                contrast: Contrast {
                    weight: 0.0,
                    temperature: 0.1,
                    tokens: 256,
                    boundary: 2.0,
                    reach: 0.125,
                },
                hard_errors: HardErrors {
                    weight: 0.0,
                    share: 0.25,
                    cap: 3.0,
                    decay: 0.9,
                    warmup: 0.15,
                },
            },
            augment: AugmentConfig::default(),
        }
    }

    fn on_folder(model: ModelConfig, epochs: usize, batch: usize) -> Self {
        const TYPICAL_CASES: usize = 5_712;
        let tiny = Self::tiny();
        Self {
            data: DataConfig {
                test_split: "valid".to_owned(),
                requests: RequestMix {
                    side: 0.25,
                    ..RequestMix::default()
                },
                ..tiny.data
            },
            model: ModelConfig {
                lm: MaskLmConfig {
                    presence: true,
                    ..model.lm
                },
                ..model
            },
            mask_tokenizer: TokenizerTraining {
                steps: 1500,
                batch: 16,
                ..tiny.mask_tokenizer
            },
            train: LmTraining {
                steps: epochs * TYPICAL_CASES / batch,
                batch,
                learning_rate: 6e-4,
                average_decay: 0.999,
                text_dropout: 0.1,
                misleading_context: 0.5,
                evaluations: 2 * epochs,
                contrast: Contrast {
                    weight: 0.1,
                    ..tiny.train.contrast
                },
                hard_errors: HardErrors {
                    weight: 0.5,
                    ..tiny.train.hard_errors
                },
                ..tiny.train
            },
            ..tiny
        }
    }

    /// The values of a preset.
    pub(crate) fn preset(preset: Preset) -> Self {
        match preset {
            Preset::Tiny => Self::tiny(),
            Preset::Small => Self::on_folder(ModelConfig::small(), 6, 16),
            Preset::Base => Self::on_folder(ModelConfig::base(), 40, 32),
            Preset::Large => Self::on_folder(ModelConfig::large(), 60, 32),
        }
    }

    /// The merged result of preset, file and arguments.
    ///
    /// # Errors
    /// The file cannot be read, or a value is unknown, mistyped or impossible.
    pub(crate) fn resolve(args: &ExperimentArgs, seed: Option<u64>) -> Result<Self> {
        Self::preset(args.preset.unwrap_or(Preset::Tiny)).changed(args, seed)
    }

    /// With what file and arguments set.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub(crate) fn changed(self, args: &ExperimentArgs, seed: Option<u64>) -> Result<Self> {
        let mut experiment = self;
        if let Some(path) = &args.config {
            let text = std::fs::read_to_string(path).map_err(|error| {
                usage(format!(
                    "cannot read the configuration `{}`: {error}",
                    path.display()
                ))
            })?;
            experiment = parse_toml(&text, &path.display().to_string(), &experiment)?;
        }
        experiment = with_overrides(&experiment, &args.set)?;
        if let Some(data) = &args.data {
            experiment.data.source = data.to_string();
        }
        if let Some(seed) = seed {
            experiment.seed = seed;
        }
        experiment.validate()?;
        Ok(experiment)
    }

    /// Reads the `config.toml` of a run.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        let mut defaults = Self::tiny();
        // Runs of before this setting predicted one token.
        defaults.model.lm.next_tokens = 1;
        // Nor did they ask more than their data.
        defaults.data.requests = RequestMix::none();
        defaults.train.reading = 0.0;
        defaults.train.sentences = 0;
        let experiment = parse_toml(&text, &path.display().to_string(), &defaults)?;
        experiment.validate()?;
        Ok(experiment)
    }

    /// The file form.
    ///
    /// # Errors
    /// Never for values that were loaded from a file.
    pub(crate) fn to_toml(&self) -> Result<String> {
        toml::to_string_pretty(self).context("writing the configuration")
    }

    /// How many of the `cases` of a split are used: the first ones.
    pub(crate) fn cases_of(&self, role: Role, cases: usize) -> usize {
        match (role, self.data.test_cases) {
            (Role::Valid, _) => self.data.valid_cases.min(cases),
            (Role::Train, _) | (Role::Test, 0) => cases,
            (Role::Test, limit) => limit.min(cases),
        }
    }

    /// Whether it is trained on codes of Emu3's tokenizer.
    pub(crate) fn on_emu3(&self) -> bool {
        self.model.lm.image_tokens == ImageTokens::MaskCodes
    }

    /// Where the data comes from.
    pub(crate) fn source(&self) -> DataSpec {
        match self.data.source.parse() {
            Ok(spec) => spec,
            Err(never) => match never {},
        }
    }

    fn validate_sources(&self) -> Result<()> {
        let sources = &self.data.sources;
        if sources.is_empty() {
            return Ok(());
        }
        if self.on_emu3() || self.source() == DataSpec::Phantoms {
            return Err(usage(
                "data.sources goes with a folder as data.source, and with tokenizers that are trained here",
            ));
        }
        let together: f64 = sources.iter().map(|source| source.share).sum();
        if sources.iter().any(|source| source.share <= 0.0) || together >= 1.0 {
            return Err(usage(format!(
                "the shares of data.sources add up to {together:.2}: each must be above 0, and together they must leave room for `{}`, below 1",
                self.data.source
            )));
        }
        Ok(())
    }

    fn validate_without_findings(&self) -> Result<()> {
        let share = self.data.without_findings;
        if share != 0.0 && (self.on_emu3() || !(0.0..1.0).contains(&share)) {
            return Err(usage(format!(
                "data.without_findings = {share}: it must be at least 0 and below 1, and goes with tokenizers that are trained here"
            )));
        }
        Ok(())
    }

    fn validate(&self) -> Result<()> {
        self.model
            .validate()
            .map_err(|error| usage(error.to_string()))?;
        let at_least_one = [
            ("train.steps", self.train.steps),
            ("train.batch", self.train.batch),
            ("train.evaluations", self.train.evaluations),
            ("mask_tokenizer.steps", self.mask_tokenizer.steps),
            ("mask_tokenizer.batch", self.mask_tokenizer.batch),
            ("image_tokenizer.batch", self.image_tokenizer.batch),
            ("data.valid_cases", self.data.valid_cases),
        ];
        for (name, value) in at_least_one {
            if value == 0 {
                return Err(usage(format!("{name} = 0: it must be at least 1")));
            }
        }
        let shares = [
            ("train.warmup", self.train.warmup),
            ("train.text_dropout", self.train.text_dropout),
            ("train.token_noise", self.train.token_noise),
            ("train.misleading_context", self.train.misleading_context),
            ("train.marginal_cases", self.train.marginal_cases),
            ("train.own_context", self.train.own_context),
            ("train.marginal_share", f64::from(self.train.marginal_share)),
            ("train.average_decay", f64::from(self.train.average_decay)),
            ("train.start_share", f64::from(self.train.start_share)),
            ("train.next_k.decay", self.train.next_k.decay),
            ("train.contrast.reach", self.train.contrast.reach),
            ("train.hard_errors.share", self.train.hard_errors.share),
            (
                "train.hard_errors.decay",
                f64::from(self.train.hard_errors.decay),
            ),
            ("train.hard_errors.warmup", self.train.hard_errors.warmup),
            ("augment.flip", f64::from(self.augment.flip)),
            ("augment.upside_down", f64::from(self.augment.upside_down)),
            ("augment.damage", f64::from(self.augment.damage)),
            ("augment.colour", f64::from(self.augment.colour)),
        ];
        let turn = self.augment.rotate_degrees;
        if !(0.0..90.0).contains(&turn) {
            return Err(usage(format!(
                "augment.rotate_degrees = {turn}: it must be at least 0 and below 90, as words for sides do not turn"
            )));
        }
        self.validate_sources()?;
        self.validate_without_findings()?;
        let mix = &self.data.requests;
        let questions = mix.questions();
        let together: f64 = questions.iter().map(|(_, share)| share).sum();
        if together > 1.0 {
            return Err(usage(format!(
                "the shares side, everything, nothing, lungs and other of data.requests add up to {together:.2}: they must leave room for what the data asks, at most 1"
            )));
        }
        let requests = [("reworded", mix.reworded), ("warmup", mix.warmup)]
            .into_iter()
            .chain(questions)
            .map(|(name, value)| (format!("data.requests.{name}"), value));
        let shares = shares.map(|(name, value)| (name.to_owned(), value));
        for (name, value) in shares.into_iter().chain(requests) {
            if !(0.0..=1.0).contains(&value) {
                return Err(usage(format!(
                    "{name} = {value}: it must lie between 0 and 1"
                )));
            }
        }
        for (name, value) in [
            ("train.learning_rate", self.train.learning_rate),
            (
                "mask_tokenizer.learning_rate",
                self.mask_tokenizer.learning_rate,
            ),
            (
                "image_tokenizer.learning_rate",
                self.image_tokenizer.learning_rate,
            ),
            ("train.clip_norm", f64::from(self.train.clip_norm)),
            (
                "train.contrast.temperature",
                self.train.contrast.temperature,
            ),
            (
                "train.contrast.boundary",
                f64::from(self.train.contrast.boundary),
            ),
            (
                "train.hard_errors.cap",
                f64::from(self.train.hard_errors.cap),
            ),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(usage(format!("{name} = {value}: it must be above 0")));
            }
        }
        for (name, value) in [
            ("train.soft_decode", f64::from(self.train.soft_decode)),
            ("train.reading", self.train.reading),
            ("train.presence", self.train.presence),
            ("image_encoder.rate", self.image_encoder.rate),
            ("train.next_k.weight", self.train.next_k.weight),
            ("train.next_k.final_weight", self.train.next_k.final_weight),
            ("train.contrast.weight", self.train.contrast.weight),
            ("train.hard_errors.weight", self.train.hard_errors.weight),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(usage(format!(
                    "{name} = {value}: a weight must not be negative"
                )));
            }
        }
        for (name, threshold) in [
            ("presence_threshold", self.train.presence_threshold),
            ("dice_threshold", self.train.dice_threshold),
        ] {
            if !(threshold > 0.0 && threshold < 1.0) {
                return Err(usage(format!(
                    "train.{name} = {threshold}: must lie between 0 and 1, both excluded"
                )));
            }
        }
        if self.model.lm.presence && self.train.presence == 0.0 {
            return Err(usage(
                "train.presence = 0 leaves the presence head untrained, and what it says would count: give it a weight, or set model.lm.presence = false".to_owned(),
            ));
        }
        let codes = self.model.lm.image_tokens == ImageTokens::Codes;
        if codes && self.image_tokenizer.steps == 0 && self.image_tokenizer.from.is_empty() {
            return Err(usage(
                "model.lm.image_tokens = \"codes\" needs a trained image tokenizer: set image_tokenizer.steps, for example 1500",
            ));
        }
        let pretrained = self.model.image.encoder == ImageEncoderKind::EfficientnetLite0;
        if !pretrained && !self.image_encoder.from.is_empty() {
            return Err(usage(
                "image_encoder.from goes with model.image.encoder = \"efficientnet_lite0\": set it, or leave image_encoder.from empty",
            ));
        }
        let trained = self.image_tokenizer.steps > 0 || !self.image_tokenizer.from.is_empty();
        if pretrained && trained {
            return Err(usage(
                "image_tokenizer.steps and image_tokenizer.from are for model.image.encoder = \"conv\": set steps = 0 and leave from empty",
            ));
        }
        if self.on_emu3() {
            self.validate_emu3()
        } else if self.emu3 == Emu3Source::default() {
            Ok(())
        } else {
            Err(usage(
                "emu3.from and emu3.codes go with model.lm.image_tokens = \"mask_codes\": set it, as configs/paper.toml does, or leave them empty",
            ))
        }
    }

    /// What Emu3's codes, made once and each dependent on those around it, rule out.
    fn validate_emu3(&self) -> Result<()> {
        let of_emu3 = "model.lm.image_tokens = \"mask_codes\"";
        for (name, value) in [
            ("emu3.from", &self.emu3.from),
            ("emu3.codes", &self.emu3.codes),
        ] {
            if value.is_empty() {
                return Err(usage(format!(
                    "{of_emu3} needs {name}: a folder, see configs/paper.toml"
                )));
            }
        }
        for (name, value) in [
            ("mask_tokenizer.from", &self.mask_tokenizer.from),
            ("image_tokenizer.from", &self.image_tokenizer.from),
        ] {
            if !value.is_empty() {
                return Err(usage(format!(
                    "{name} = `{value}`: {of_emu3} takes Emu3's tokenizer instead; leave it empty"
                )));
            }
        }
        let augment = &self.augment;
        for (name, value) in [
            ("rotate_degrees", augment.rotate_degrees),
            ("scale", augment.scale),
            ("translate", augment.translate),
            ("brightness", augment.brightness),
            ("contrast", augment.contrast),
            ("gamma", augment.gamma),
            ("noise", augment.noise),
            ("damage", augment.damage),
            ("upside_down", augment.upside_down),
        ] {
            if value != 0.0 {
                return Err(usage(format!(
                    "augment.{name} = {value}: with {of_emu3} codes are made once, so that a picture can only be mirrored (augment.flip); set it to 0"
                )));
            }
        }
        let training = &self.train;
        if training.pick != Pick::MostProbable {
            return Err(usage(format!(
                "train.pick: least_error and best_dice compare what single codes draw, which with {of_emu3} depends on those around them; set it to \"most_probable\""
            )));
        }
        for (name, value) in [
            ("train.soft_decode", f64::from(training.soft_decode)),
            ("train.contrast.reach", training.contrast.reach),
        ] {
            if value != 0.0 {
                return Err(usage(format!(
                    "{name} = {value}: it needs the mask tokenizer that is trained here; with {of_emu3} set it to 0"
                )));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_sources_need_a_folder_beside_them_and_leave_room_for_it() {
        let of = |source: &str, shares: &[f64]| {
            let mut experiment = Experiment::tiny();
            experiment.data.source = source.to_owned();
            let further = shares.iter().map(|&share| FurtherSource {
                folder: "polyp".into(),
                share,
            });
            experiment.data.sources = further.collect();
            experiment.validate().map_err(|error| error.to_string())
        };
        of("qata", &[0.3, 0.2]).unwrap();
        assert!(of("phantoms", &[0.3]).unwrap_err().contains("a folder"));
        assert!(of("qata", &[0.7, 0.4]).unwrap_err().contains("1.10"));
        assert!(of("qata", &[0.0]).unwrap_err().contains("above 0"));
    }

    #[test]
    fn the_share_of_pictures_without_findings_leaves_room_for_others() {
        let mut experiment = Experiment::tiny();
        for (share, right) in [(0.0, true), (0.4, true), (1.0, false), (-0.1, false)] {
            experiment.data.without_findings = share;
            let checked = experiment.validate().map_err(|error| error.to_string());
            assert_eq!(checked.is_ok(), right, "{share}");
            assert!(right || checked.unwrap_err().contains("data.without_findings"));
        }
    }

    #[test]
    fn every_preset_is_valid_and_survives_its_file() {
        for preset in [Preset::Tiny, Preset::Small, Preset::Base, Preset::Large] {
            let experiment = Experiment::preset(preset);
            experiment.validate().unwrap();
            let text = experiment.to_toml().unwrap();
            let back = parse_toml(&text, "config.toml", &Experiment::tiny()).unwrap();
            assert_eq!(back, experiment);
        }
    }

    #[test]
    fn shipped_configs_are_loadable() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
        let mut found = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                Experiment::load(&path).unwrap();
                found += 1;
            }
        }
        assert!(found > 0);
    }

    #[test]
    fn what_codes_of_emu3_rule_out_is_refused_by_name() {
        let mut paper = Experiment::tiny();
        paper.model.lm.image_tokens = ImageTokens::MaskCodes;
        paper.emu3 = Emu3Source {
            from: "emu3".to_owned(),
            codes: "codes".to_owned(),
        };
        paper.augment = AugmentConfig {
            flip: 0.5,
            ..AugmentConfig::none()
        };
        paper.train.pick = Pick::MostProbable;
        paper.train.contrast.reach = 0.0;
        paper.validate().unwrap();
        let refuse = |name: &str, change: fn(&mut Experiment)| {
            let mut experiment = paper.clone();
            change(&mut experiment);
            let message = experiment.validate().unwrap_err().to_string();
            assert!(message.contains(name), "{message}");
        };
        refuse("emu3.codes", |e| e.emu3.codes.clear());
        refuse("emu3.from", |e| e.emu3.from.clear());
        refuse("augment.scale = 0.1", |e| e.augment.scale = 0.1);
        refuse("augment.flip = 1.5", |e| e.augment.flip = 1.5);
        refuse("train.pick", |e| e.train.pick = Pick::LeastError);
        refuse("train.contrast.reach", |e| e.train.contrast.reach = 0.125);
        refuse("train.soft_decode", |e| e.train.soft_decode = 1.0);
        refuse("mask_tokenizer.from", |e| {
            e.mask_tokenizer.from = "runs/a".to_owned();
        });
        refuse("mask_codes", |e| {
            e.model.lm.image_tokens = ImageTokens::Features;
        });
    }

    #[test]
    fn codes_without_an_image_tokenizer_are_refused() {
        let mut experiment = Experiment::tiny();
        experiment.model.lm.image_tokens = ImageTokens::Codes;
        experiment.image_tokenizer.steps = 0;
        let message = experiment.validate().unwrap_err().to_string();
        assert!(message.contains("image_tokenizer.steps"), "{message}");
    }
}
