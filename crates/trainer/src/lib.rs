//! The `trainer` command: train, tokenize, ablate, baseline, evaluate, predict, export, check, pack, bench, devices.
//! Without arguments it is the demo.
//!
//! Folders are layers; each uses only those above it.
//!
//! | folder | what it holds |
//! |---|---|
//! | `system` | device, threads, memory, files, terminal |
//! | `config` | an experiment: settings, presets, files, checks |
//! | `codes` | codes of pictures and masks, made before training |
//! | `data` | cases, and what is asked about them |
//! | `fit` | training |
//! | `eval` | how good a model is |
//! | `report` | numbers and pages for people |
//! | `cli` | arguments |
//! | `run` | one training run in its folder |
//! | `commands` | one file per subcommand |

// A closed pipe ends `println!` with a panic: `system::say`.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod cli;
mod codes;
mod commands;
mod config;
mod data;
mod eval;
mod fit;
mod report;
mod run;
mod system;
#[doc(hidden)]
pub mod untrusted;

use std::num::NonZeroUsize;
use std::process::ExitCode;

use cli::Request;
use system::{device, exit, memory, threads};

/// The program.
pub fn main() -> ExitCode {
    memory::keep();
    device::quieten_drivers();
    let (request, threads) = cli::parse();
    exit::report(run(&request, threads))
}

fn run(request: &Request, threads: Option<NonZeroUsize>) -> anyhow::Result<()> {
    threads::start(threads)?;
    match request {
        Request::Train(args) => commands::train::run(args),
        Request::Tokenize(args) => commands::tokenize::run(args),
        Request::Baseline(args) => commands::baseline::run(args),
        Request::Ablate(args) => commands::ablate::run(args),
        Request::Eval(args) => commands::eval::run(args),
        Request::Predict(args) => commands::predict::run(args),
        Request::Export(args) => commands::export::run(args),
        Request::Check(args) => commands::check::run(args),
        Request::Pack(args) => commands::pack::run(args),
        Request::Bench(args) => commands::bench::run(args),
        Request::Devices => commands::devices::run(),
    }
}
