//! `trainer train`, and `trainer` without arguments.

use anyhow::Result;
use std::time::Instant;

use crate::cli::TrainArgs;
use crate::report::describe;
use crate::run::{Run, bundle_dir, emu3_argument};
use crate::system::Interrupt;
use crate::system::say::say;

pub(crate) fn run(args: &TrainArgs) -> Result<()> {
    let start = Instant::now();
    let run = Run::open(args, Interrupt::install()?)?;
    let (summary, bundle) = run.complete()?;
    say!("{}", describe(&summary));
    say!(
        "trained in {:.1} minutes; everything is in {}",
        start.elapsed().as_secs_f64() / 60.0,
        run.folder().path().display()
    );
    say!(
        "report: {}",
        run.folder().report().join("index.html").display()
    );
    say!(
        "next: cargo run -p trainer -- predict --bundle {} --image FILE --text \"{}\" --out mask.png{}",
        bundle.display(),
        bundle_dir::manifest(&bundle)?.info.example,
        emu3_argument(run.emu3_folder())
    );
    Ok(())
}
