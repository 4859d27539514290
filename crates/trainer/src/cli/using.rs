//! Arguments of `predict` and `export`.

use clap::{Args, ValueEnum};
use mriseg::bundle::Precision;
use mriseg::decode::DecodeStrategy;
use std::path::PathBuf;

use super::values;
use crate::system::DeviceArgs;

/// Arguments of `predict`, as typed.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  \
                  trainer predict --bundle DIR --image xray.png --overlay seen.png --out mask.png \\\n    --text \"unilateral pulmonary infection, one infected area, lower left lung.\"\n  \
                  trainer predict --bundle DIR --gallery www/public/gallery --json --out tokens.json\n\n\
                  The mask has the size of the picture: 255 inside, 0 outside.\n\
                  \"Left\" means what the bundle's card says.")]
pub(crate) struct PredictArgs {
    /// Folder of the model bundle (the one with manifest.json)
    #[arg(long, value_name = "DIR")]
    pub(crate) bundle: PathBuf,
    /// Folder of Emu3's vision tokenizer, for a bundle that was trained on its codes
    #[arg(long, value_name = "DIR")]
    pub(crate) emu3: Option<PathBuf>,
    /// Picture to segment: PNG, JPEG, WebP, TIFF, BMP, GIF, or DICOM through its own window
    #[arg(
        long,
        value_name = "FILE",
        requires = "text",
        required_unless_present = "gallery"
    )]
    pub(crate) image: Option<PathBuf>,
    /// What to segment, in one sentence
    #[arg(long, requires = "image", allow_hyphen_values = true)]
    pub(crate) text: Option<String>,
    /// How many tokens a pass through the model may give; the tokens are the same
    #[arg(long, default_value = "speculative", value_parser = values::decode())]
    pub(crate) decode: DecodeStrategy,
    /// Also sample N masks, up to 256, and say, per cell, how far they agree
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..=256),
        conflicts_with_all = ["gallery", "json"]
    )]
    pub(crate) samples: Option<u16>,
    /// With --samples: where to write the picture with the agreement drawn on it (PNG)
    #[arg(long, value_name = "FILE", requires = "samples")]
    pub(crate) agreement: Option<PathBuf>,
    /// Instead of one picture: every picture and sentence of a page gallery
    #[arg(long, value_name = "DIR", conflicts_with_all = ["image", "text", "overlay"], requires = "json")]
    pub(crate) gallery: Option<PathBuf>,
    /// Where to write the mask (PNG); with --gallery, the JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Also write the picture with the mask drawn on it (PNG)
    #[arg(long, value_name = "FILE")]
    pub(crate) overlay: Option<PathBuf>,
    /// Print tokens and probabilities as one JSON object on standard output
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
}

/// What `predict` works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PredictInput {
    /// One picture and its sentence.
    One {
        /// The picture's file.
        image: PathBuf,
        /// What to segment.
        text: String,
    },
    /// All pictures and sentences of a gallery folder.
    Gallery(PathBuf),
}

impl PredictArgs {
    /// The one input that the arguments describe.
    pub(crate) fn input(&self) -> PredictInput {
        match (&self.gallery, &self.image, &self.text) {
            (Some(gallery), _, _) => PredictInput::Gallery(gallery.clone()),
            (None, Some(image), Some(text)) => PredictInput::One {
                image: image.clone(),
                text: text.clone(),
            },
            _ => unreachable!(
                "the argument rules of `predict` ask for --image and --text, or --gallery"
            ),
        }
    }
}

/// Arguments of `export`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  \
                  trainer export --run runs/demo --out www/public/bundles/phantom --name phantom\n\n\
                  The bundle is manifest.json, weight shards with their sha256, tokenizer.json and card.md.")]
pub(crate) struct ExportArgs {
    /// Folder of the run
    #[arg(long, value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// Which of the run's checkpoints
    #[arg(long, value_enum, default_value_t = Checkpoint::Best)]
    pub(crate) checkpoint: Checkpoint,
    /// Folder to create; it must not exist
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Number format of the weights: f16 halves the download, f32 is exact
    #[arg(long, default_value = "f16", value_parser = values::precision())]
    pub(crate) precision: Precision,
    /// Name shown to users [default: the name of the --out folder]
    #[arg(long)]
    pub(crate) name: Option<String>,
}

/// Values of `--checkpoint`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Checkpoint {
    /// The one with the best Dice on the validation cases
    Best,
    /// The newest one
    Last,
}
