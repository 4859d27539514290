//! Arguments of `eval` and `bench`.

use clap::Args;
use mriseg::decode::{DecisionRule, DecodeStrategy, Pick};
use mriseg_data::Disturbance;
use mriseg_data::shards::Share;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::values::{self, MaskArgs, probability, share, temperature};
use crate::config::{DataSpec, Preset};
use crate::data::{TextMode, Words};
use crate::system::DeviceArgs;

/// Arguments of `eval`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  \
                  trainer eval --bundle www/public/bundles/phantom --data phantoms --split test\n  \
                  trainer eval --bundle runs/lungs/bundle --data path/to/qata-cov19 --text shuffled --json\n  \
                  trainer eval --bundle www/public/bundles/phantom --data phantoms --split test --wordings held-out\n  \
                  trainer eval --bundle www/public/bundles/phantom --data phantoms --split test --probe\n\n\
                  Dice per image is the mean over pictures; pooled Dice counts all pixels as one picture.\n\
                  Published numbers mix the two, so both are printed. `oracle` is the Dice of the mask\n\
                  tokenizer alone: no model can beat it.")]
pub(crate) struct EvalArgs {
    /// Folder of the model bundle (the one with manifest.json)
    #[arg(long, value_name = "DIR")]
    pub(crate) bundle: PathBuf,
    /// Data to measure on: a dataset folder, or the word `phantoms`
    #[arg(long, value_name = "FOLDER|phantoms", value_parser = values::data())]
    pub(crate) data: DataSpec,
    /// Go on without the rows of the table that lack picture, mask or sentence; they are counted
    #[arg(long)]
    pub(crate) skip_incomplete: bool,
    /// Folder of Emu3's vision tokenizer, for a bundle that was trained on its codes
    #[arg(long, value_name = "DIR")]
    pub(crate) emu3: Option<PathBuf>,
    /// Which part of the data, or a share of its pictures, such as train[80%:]
    #[arg(long, default_value = "valid")]
    pub(crate) split: String,
    #[command(flatten)]
    pub(crate) masks: MaskArgs,
    /// Sentence to give: the right one, none, another picture's, or the right one with left and right exchanged
    #[arg(long, value_enum, default_value_t = TextMode::Given)]
    pub(crate) text: TextMode,
    /// Words to say it in: those of the data; varied, as in training; or held out from training, of all kinds of people
    /// or of lay people only
    #[arg(long, value_name = "KIND", default_value = "given", value_parser = values::wordings())]
    pub(crate) wordings: Words,
    /// What happened to the pictures
    #[arg(long, value_name = "KIND", default_value = "plain", value_parser = values::disturbances())]
    pub(crate) pictures: Disturbance,
    /// Folder with masks of lungs: --probe also asks for the lungs that are held out there
    #[arg(long, value_name = "DIR", requires = "probe")]
    pub(crate) lungs: Option<PathBuf>,
    /// Also ask in many ways, and print what each part of a sentence does to the mask and whether it should:
    /// wordings, side, zone, count, noun and filler words, negation, irrelevant requests, pictures as they come
    #[arg(long)]
    pub(crate) probe: bool,
    /// Only the first N cases
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<NonZeroUsize>,
    /// Only N cases, spread evenly over the split
    #[arg(long, value_name = "N", conflicts_with = "limit")]
    pub(crate) spread: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(crate) rule: RuleArgs,
    /// Decode one case at a time in this way, as a user would, and time it; without, greedily in batches.
    /// The tokens are the same
    #[arg(long, value_parser = values::decode())]
    pub(crate) decode: Option<DecodeStrategy>,
    /// Draw the mean to expect of N sampled masks, up to 64, in place of one mask by the bundle's rule. For models with
    /// tokenizers of their own
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..=64),
        conflicts_with_all = ["decode", "pick", "dice_threshold"]
    )]
    pub(crate) samples: Option<u16>,
    /// With --samples: below 1 the masks keep to what is probable, above 1 they vary more
    #[arg(long, value_name = "T", default_value_t = 1.0, requires = "samples", value_parser = temperature)]
    pub(crate) temperature: f32,
    /// With --samples: draw a pixel from this share of the masks on
    #[arg(long, value_name = "SHARE", default_value_t = 0.4, requires = "samples", value_parser = share)]
    pub(crate) cut: f32,
    /// Pick every token with the true ones before it, without marginals and whatever the presence head says; what the model
    /// loses by reading its own tokens is the difference to --marginal-share 0
    #[arg(long, conflicts_with_all = [
        "decode", "samples", "marginal_share", "presence_threshold", "mirror", "side_swap", "probe", "all_texts",
    ])]
    pub(crate) teacher_forced: bool,
    /// Read the mirror image as well, with the words "left" and "right" exchanged, and draw the mean of both masks. Other
    /// words for sides ("LLL") stay
    #[arg(long, conflicts_with = "probe")]
    pub(crate) mirror: bool,
    /// Also measure the dense model that `trainer baseline` trained beside this run
    #[arg(long, value_name = "RUN")]
    pub(crate) baseline: Option<PathBuf>,
    /// Also ask each picture with the same zone affected on both sides for one side, then for the other
    #[arg(long)]
    pub(crate) side_swap: bool,
    /// Also measure with every other sentence: none, another picture's, the wrong side's
    #[arg(long)]
    pub(crate) all_texts: bool,
    /// Only share I of N of the cases, counted from 0: their numbers go to the folder --out, for --merge (docs/SCALING.md)
    #[arg(
        long,
        value_name = "I/N",
        requires = "out",
        conflicts_with_all = ["side_swap", "all_texts", "probe", "baseline", "json"]
    )]
    pub(crate) shard: Option<Share>,
    /// Take the numbers of the cases from the folders that --shard wrote, all of them, with the same options: the report is
    /// that of one run
    #[arg(long, value_name = "DIR", num_args = 1.., conflicts_with = "shard")]
    pub(crate) merge: Vec<PathBuf>,
    /// Print one JSON object on standard output, and nothing else there
    #[arg(long)]
    pub(crate) json: bool,
    /// Also write summary.json, cases.csv and index.html (with pictures) to this new folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
}

/// Arguments of `bench`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  \
                  trainer bench --bundle www/public/bundles/cxr --gallery www/public/gallery\n  \
                  trainer bench --preset small --gallery www/public/gallery --set model.lm.layers=4\n  \
                  trainer bench --preset small --training --set train.batch=4\n\n\
                  Times are medians over pictures and repetitions, after one mask that is not counted. The first\n\
                  token contains reading the picture, its encoder and the prefill. --training draws phantoms, and\n\
                  three steps are not counted.")]
pub(crate) struct BenchArgs {
    /// Folder of the model bundle (the one with manifest.json)
    #[arg(long, value_name = "DIR", required_unless_present = "preset")]
    pub(crate) bundle: Option<PathBuf>,
    /// Instead of a bundle: a model of this size with random weights, as fast as a trained one that decodes a token
    /// per pass
    #[arg(long, value_enum, conflicts_with = "bundle")]
    pub(crate) preset: Option<Preset>,
    /// With --preset: change one setting, such as model.lm.layers=4 (may be repeated)
    #[arg(long = "set", value_name = "KEY=VALUE", conflicts_with = "bundle")]
    pub(crate) set: Vec<String>,
    /// Pictures and sentences: the folder of a page gallery
    #[arg(long, value_name = "DIR", required_unless_present = "training")]
    pub(crate) gallery: Option<PathBuf>,
    /// With --preset: time steps of training instead of masks
    #[arg(long, requires = "preset", conflicts_with_all = ["bundle", "gallery", "cases", "decode", "RuleArgs", "save"])]
    pub(crate) training: bool,
    /// The first N pictures of the gallery, with the first sentence of each
    #[arg(long, value_name = "N", default_value = "3")]
    pub(crate) cases: NonZeroUsize,
    /// Times that each mask is decoded, or steps that are timed
    #[arg(long, value_name = "N", default_value = "5")]
    pub(crate) repeats: NonZeroUsize,
    /// Only this way of decoding [default: both]
    #[arg(long, value_parser = values::decode())]
    pub(crate) decode: Option<DecodeStrategy>,
    #[command(flatten)]
    pub(crate) rule: RuleArgs,
    /// Also write the bundle as it was run, and cases.json with the model's inputs and the tokens, to this new folder
    #[arg(long, value_name = "DIR")]
    pub(crate) save: Option<PathBuf>,
    /// Print one JSON object on standard output, and nothing else there
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
}

/// What codes are picked by, where it is not the bundle's own rule.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct RuleArgs {
    /// Pick codes by another rule than the bundle's own
    #[arg(long, value_parser = values::pick())]
    pub(crate) pick: Option<Pick>,
    /// Draw only where there is something to draw with at least this probability, instead of the bundle's own
    #[arg(long, value_name = "PROBABILITY", value_parser = probability)]
    pub(crate) presence_threshold: Option<f32>,
    /// With --pick best-dice, draw pixels from this probability on, instead of the bundle's own
    #[arg(long, value_name = "PROBABILITY", value_parser = probability)]
    pub(crate) dice_threshold: Option<f32>,
    /// Share of what each cell is given sentence and picture alone, beside what it is given the tokens before it, 0 to 1,
    /// instead of the bundle's own
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) marginal_share: Option<f32>,
}

impl RuleArgs {
    /// The bundle's rule with what was given.
    pub(crate) fn over(self, own: DecisionRule) -> DecisionRule {
        DecisionRule {
            pick: self.pick.unwrap_or(own.pick),
            presence_threshold: self.presence_threshold.unwrap_or(own.presence_threshold),
            dice_threshold: self.dice_threshold.unwrap_or(own.dice_threshold),
            marginal_share: self.marginal_share.unwrap_or(own.marginal_share),
        }
    }
}
