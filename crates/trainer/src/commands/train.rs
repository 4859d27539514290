//! `trainer train`, and `trainer` without arguments.

use anyhow::Result;
use std::num::NonZeroUsize;
use std::time::Instant;

use super::eval::describe;
use crate::bundle_dir::EXAMPLE;
use crate::cli::TrainArgs;
use crate::emu3_dir::emu3_argument;
use crate::exit::usage;
use crate::interrupt::Interrupt;
use crate::run::Run;

pub(crate) fn run(args: &TrainArgs) -> Result<()> {
    let start = Instant::now();
    limit_threads(args.threads)?;
    let run = Run::open(args, Interrupt::install()?)?;
    let (summary, bundle) = run.complete()?;
    println!("{}", describe(&summary));
    println!(
        "trained in {:.1} minutes; everything is in {}",
        start.elapsed().as_secs_f64() / 60.0,
        run.folder().path().display()
    );
    println!(
        "report: {}",
        run.folder().report().join("index.html").display()
    );
    println!(
        "next: cargo run -p trainer -- predict --bundle {} --image FILE --text \"{EXAMPLE}\" --out mask.png{}",
        bundle.display(),
        emu3_argument(run.emu3_folder())
    );
    Ok(())
}

/// Obeys `--threads`.
pub(super) fn limit_threads(threads: Option<NonZeroUsize>) -> Result<()> {
    let Some(threads) = threads else {
        return Ok(());
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.get())
        .build_global()
        .map_err(|error| usage(format!("--threads {threads}: {error}")))
}
