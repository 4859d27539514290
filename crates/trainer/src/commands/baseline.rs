//! `trainer baseline`: what a dense decoder makes of a run's encoder, data and steps.

use anyhow::Result;

use crate::cli::{BaselineArgs, TrainArgs};
use crate::config::ExperimentArgs;
use crate::report::describe;
use crate::run::Run;
use crate::system::Interrupt;
use crate::system::say::say;

pub(crate) fn run(args: &BaselineArgs) -> Result<()> {
    let of_run = TrainArgs {
        resume: Some(args.run.clone()),
        process: args.process.clone(),
        experiment: ExperimentArgs {
            data: args.data.clone(),
            ..ExperimentArgs::default()
        },
        ..TrainArgs::demo()
    };
    let run = Run::open(&of_run, Interrupt::install()?)?;
    let summary = run.baseline()?;
    say!("{}", describe(&summary));
    say!(
        "next: cargo run -p trainer -- eval --baseline {} --bundle {0}/bundle --data FOLDER",
        args.run.display()
    );
    Ok(())
}
