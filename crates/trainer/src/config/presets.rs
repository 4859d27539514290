//! The presets.

use clap::ValueEnum;
use mriseg::bundle::SideConvention;
use mriseg::config::{MaskLmConfig, ModelConfig};
use mriseg::decode::Pick;
use mriseg_data::{AugmentConfig, MaskRule, RequestMix};
use mriseg_ops::precision::Precision;

use super::schema::{
    Contrast, DataConfig, Emu3Source, EncoderSource, Experiment, HardErrors, LmTraining, NextK,
    TextSource, TokenizerTraining,
};

/// Values of `--preset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preset {
    /// 64x64 pictures, about half a million parameters: minutes on a CPU
    Tiny,
    /// About 7 million parameters: runs in a browser
    Small,
    /// About 19 million parameters: for a GPU
    Base,
    /// About 40 million parameters: for a GPU
    Large,
}

impl DataConfig {
    /// Phantoms, which are drawn here.
    fn phantoms() -> Self {
        Self {
            source: "phantoms".to_owned(),
            about: String::new(),
            sources: Vec::new(),
            without_findings: 0.0,
            train_split: "train".to_owned(),
            train_cases: 0,
            valid_split: "valid".to_owned(),
            valid_cases: 192,
            test_split: "test".to_owned(),
            test_cases: 0,
            side_convention: SideConvention::Viewer,
            mask_value: MaskRule::default(),
            skip_incomplete: false,
            lungs: String::new(),
            requests: RequestMix {
                warmup: 0.2,
                ..RequestMix::default()
            },
            phantom_train: 2000,
            phantom_valid: 64,
            phantom_test: 200,
        }
    }
}

impl Experiment {
    /// The values of a preset.
    pub(crate) fn preset(preset: Preset) -> Self {
        match preset {
            Preset::Tiny => Self::tiny(),
            Preset::Small => Self::on_folder(ModelConfig::small(), 6, 16),
            Preset::Base => Self::on_folder(ModelConfig::base(), 40, 32),
            Preset::Large => Self::on_folder(ModelConfig::large(), 60, 32),
        }
    }

    /// The demo: phantoms, a tiny model, minutes on two CPU cores.
    pub(crate) fn tiny() -> Self {
        Self {
            seed: 1,
            data: DataConfig::phantoms(),
            model: ModelConfig::tiny(),
            text_tokenizer: TextSource::default(),
            emu3: Emu3Source::default(),
            mask_tokenizer: TokenizerTraining::of_steps(500, 3e-3),
            image_tokenizer: TokenizerTraining::of_steps(0, 1e-3),
            image_encoder: EncoderSource {
                from: String::new(),
                rate: 1.0,
            },
            train: LmTraining {
                steps: 3400,
                batch: 8,
                gradient_accumulation_steps: 1,
                precision: Precision::F32,
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
}

impl TokenizerTraining {
    fn of_steps(steps: usize, learning_rate: f64) -> Self {
        Self {
            from: String::new(),
            steps,
            batch: 32,
            learning_rate,
            commitment: 0.25,
        }
    }
}
