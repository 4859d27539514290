//! Arguments of `check` and `pack`.

use clap::Args;
use mriseg::bundle::SideConvention;
use mriseg_data::shards::Share;
use std::path::PathBuf;

use super::values::{self, MaskArgs};
use crate::config::DataSpec;

/// Arguments of `check`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  trainer check --data path/to/qata-cov19\n\n\
                  Errors (exit code 3): rows without picture, mask or sentence, files that are no pictures,\n\
                  picture and mask of different size, masks that do not tell what is marked, the same picture\n\
                  in two splits.\n\
                  Warnings (exit code 0): masks with more than two values, of nearly all or nearly nothing, or\n\
                  of the background; sentences that contradict themselves or their mask; rows that are there\n\
                  twice, pictures without a row, tables whose encoding was guessed.")]
pub(crate) struct CheckArgs {
    /// Data to check: a dataset folder, or the word `phantoms`
    #[arg(long, value_name = "FOLDER|phantoms", value_parser = values::data())]
    pub(crate) data: DataSpec,
    /// Rows without picture, mask or sentence are warnings, as for the commands that go on without them
    #[arg(long)]
    pub(crate) skip_incomplete: bool,
    /// Whose left is meant by "left"
    #[arg(long, default_value = "viewer", value_parser = values::sides())]
    pub(crate) sides: SideConvention,
    #[command(flatten)]
    pub(crate) masks: MaskArgs,
    /// Print one JSON object on standard output, and nothing else there
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `pack`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  \
                  trainer pack --data path/to/qata-cov19 --out packed/qata     58 MB in three files\n  \
                  trainer pack --data path/to/mine --out packed/mine --split test --size 512 --quality 95\n  \
                  trainer pack --data path/to/many --out packed/many --shard 0/4    a quarter\n  \
                  trainer train --data packed/qata\n\n\
                  A split is <split>-000000.tar, <split>-000001.tar, ... in the WebDataset convention: per case a\n\
                  picture (000123.jpg), its mask (000123.mask.png) and id and sentence (000123.json). Masks are kept\n\
                  exactly unless they are scaled. The folder appears when it is complete, and is never overwritten.")]
pub(crate) struct PackArgs {
    /// The dataset's folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: PathBuf,
    /// Go on without the rows of the table that lack picture, mask or sentence; they are counted
    #[arg(long)]
    pub(crate) skip_incomplete: bool,
    /// Folder to create; it must not exist
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Pictures are scaled down until the longer side has this many pixels
    #[arg(long, value_name = "PIXELS", default_value_t = 224, value_parser = clap::value_parser!(u16).range(8..=8192))]
    pub(crate) size: u16,
    #[command(flatten)]
    pub(crate) masks: MaskArgs,
    /// Folder with masks of lungs: they are packed with the training pictures, and what is held out of them as a
    /// split of its own
    #[arg(long, value_name = "DIR")]
    pub(crate) lungs: Option<PathBuf>,
    /// Split that the masks of lungs belong to
    #[arg(long, value_name = "SPLIT", default_value = "train")]
    pub(crate) lungs_of: String,
    /// Only these parts of the data [default: all that there are]
    #[arg(long, value_name = "SPLIT,…", value_delimiter = ',')]
    pub(crate) split: Vec<String>,
    /// Only share I of N, counted from 0, into a folder of its own in --out, such as shard-0-of-4: so many processes pack
    /// a data set, and --data takes the folder of all (docs/SCALING.md)
    #[arg(long, value_name = "I/N")]
    pub(crate) shard: Option<Share>,
    /// Quality of the pictures, 1 to 100: higher is closer to the original, and larger
    #[arg(long, value_name = "N", default_value_t = 75, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) quality: u8,
    /// Print only errors and the result
    #[arg(long, short)]
    pub(crate) quiet: bool,
}
