//! The `trainer` command.

mod atomic;
mod cli;
mod config_file;
mod exit;
mod interrupt;
mod lint;
mod metrics_log;
mod pictures;
mod progress;
mod report;
mod run_dir;

use std::process::ExitCode;

fn main() -> ExitCode {
    exit::report(run(cli::parse()))
}

fn run(request: cli::Request) -> anyhow::Result<()> {
    anyhow::bail!("{request:?}")
}
