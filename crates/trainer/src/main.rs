//! The `trainer` command: train, tokenize, ablate, evaluate, predict, export, check, pack, bench. Without arguments it is the demo.

mod atomic;
mod baseline;
mod borrowed;
mod bundle_dir;
mod checkpoint;
mod cli;
mod codes;
mod commands;
mod config;
mod config_file;
mod data;
mod device;
mod emu3_dir;
mod evaluate;
mod exit;
mod fit;
mod gallery;
mod interrupt;
mod lint;
mod memory;
mod metrics_log;
mod pictures;
mod pretrained;
mod probe;
mod progress;
mod prompt_probe;
mod question;
mod report;
mod run;
mod run_dir;
mod side_swap;
mod text;
mod threads;
mod warm_start;

use std::process::ExitCode;

use cli::Request;

fn main() -> ExitCode {
    memory::keep();
    exit::report(run(&cli::parse()))
}

fn run(request: &Request) -> anyhow::Result<()> {
    threads::start(request.threads())?;
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
    }
}
