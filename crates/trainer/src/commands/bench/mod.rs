//! `trainer bench`: how long masks take or, with `--training`, steps of training.

mod decoding;
mod preset;
mod training;

use anyhow::Result;

use crate::cli::BenchArgs;

pub(crate) fn run(args: &BenchArgs) -> Result<()> {
    match (&args.gallery, args.preset) {
        (Some(gallery), _) => decoding::run(args, gallery),
        (None, Some(preset)) => training::run(args, preset),
        (None, None) => unreachable!("the argument rules of `bench` ask for a preset to train"),
    }
}
