//! The command line: raw arguments become a validated [`Request`] once, here.

use clap::{Parser, Subcommand};
use std::num::NonZeroUsize;

use super::datasets::{CheckArgs, PackArgs};
use super::measuring::{BenchArgs, EvalArgs};
use super::training::{AblateArgs, BaselineArgs, TokenizeArgs, TrainArgs};
use super::using::{ExportArgs, PredictArgs};

/// What the user asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum Request {
    /// Train the tokenizers and the model, then evaluate and write pictures, report and bundle
    Train(TrainArgs),
    /// Turn pictures and masks into codes of Emu3's vision tokenizer, once, for training on them
    Tokenize(TokenizeArgs),
    /// Train with and without each of the paper's strategies, several seeds each, and write one table
    Ablate(AblateArgs),
    /// Train a dense decoder on a run's encoder, data and steps: what its mask tokens are measured against
    Baseline(BaselineArgs),
    /// Measure a bundle: Dice and IoU, per image and pooled, with four ways to treat the sentence
    Eval(EvalArgs),
    /// Segment one picture; prints the mask tokens as they come
    Predict(PredictArgs),
    /// Turn a run's checkpoint into a bundle that the browser page and `predict` can load
    Export(ExportArgs),
    /// Look for mistakes in a dataset before training on it
    Check(CheckArgs),
    /// Write a dataset as a few compact tar files, which every --data takes too
    Pack(PackArgs),
    /// Time how masks are decoded, one token per pass and several
    Bench(BenchArgs),
    /// List what --device can name: the CPU and the GPUs of this machine, with their drivers
    Devices,
}

/// Reads the process's arguments: what to do, and on how many threads; on `--help` or a mistake prints and exits (code 0
/// or 2).
pub(crate) fn parse() -> (Request, Option<NonZeroUsize>) {
    let cli = Cli::parse();
    let threads = cli.threads;
    (cli.request(), threads)
}

/// The command as the user typed it, without the program's path.
pub(crate) fn command_line() -> String {
    let arguments = std::env::args_os().skip(1).map(|argument| {
        let argument = argument.to_string_lossy();
        if argument.contains(' ') {
            format!("\"{argument}\"")
        } else {
            argument.into_owned()
        }
    });
    std::iter::once("cargo run -p trainer --".to_owned())
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

#[derive(Debug, Parser)]
#[command(
    name = "trainer",
    version,
    about = "Say what to segment in a medical image, and get the mask: train, evaluate and use the model.",
    after_help = "Without a command it runs the demo: it trains the `tiny` model on phantoms (synthetic chest X-rays \
                  drawn by this program, no download), measures it, and writes everything to runs/.\n\n\
                  Examples (from the project's folder, `trainer` is `cargo run -p trainer --`):\n  \
                  trainer                                              the demo, a few minutes on a CPU\n  \
                  trainer check --data path/to/qata-cov19              is my data in order?\n  \
                  trainer train --config configs/qata-cpu.toml --data path/to/qata-cov19\n  \
                  trainer eval --bundle www/public/bundles/phantom --data phantoms --split test\n  \
                  trainer predict --bundle DIR --image xray.png --out mask.png \\\n    --text \"unilateral pulmonary infection, one infected area, lower left lung.\"\n\n\
                  Exit codes: 0 fine, 1 failure, 2 wrong usage, 3 a problem in the data, 130 stopped by Ctrl-C."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Request>,
    /// CPU threads to use [default: all]
    #[arg(long, value_name = "N", global = true)]
    threads: Option<NonZeroUsize>,
}

impl Cli {
    fn request(self) -> Request {
        self.command
            .unwrap_or_else(|| Request::Train(TrainArgs::demo()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::PredictInput;
    use crate::config::{DataSpec, Preset};
    use clap::CommandFactory;

    fn request(line: &str) -> Result<Request, clap::Error> {
        Cli::try_parse_from(std::iter::once("trainer").chain(line.split_whitespace()))
            .map(Cli::request)
    }

    #[test]
    fn the_argument_rules_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_arguments_is_the_demo_on_phantoms() {
        let Request::Train(args) = request("").unwrap() else {
            panic!("not a training run");
        };
        assert_eq!(args.experiment.data, Some(DataSpec::Phantoms));
        assert_eq!(args.experiment.preset, Some(Preset::Tiny));
        assert!(args.resume.is_none() && args.experiment.set.is_empty());
    }

    #[test]
    fn data_is_phantoms_or_a_folder() {
        let data = |line: &str| match request(line).unwrap() {
            Request::Check(args) => args.data,
            other => panic!("{other:?}"),
        };
        assert_eq!(data("check --data phantoms"), DataSpec::Phantoms);
        assert_eq!(
            data("check --data ./phantoms"),
            DataSpec::Folder("./phantoms".into())
        );
    }

    #[test]
    fn every_command_takes_a_number_of_threads() {
        for line in [
            "",
            "train",
            "tokenize",
            "ablate",
            "baseline --run r",
            "eval --bundle b --data phantoms",
            "predict --bundle b --image a.png --text left --out o",
            "export --run r --out o",
            "check --data phantoms",
            "pack --data a --out b",
            "bench --bundle b --gallery g",
            "devices",
        ] {
            let line = format!("trainer {line} --threads 3");
            let cli = Cli::try_parse_from(line.split_whitespace()).expect(&line);
            assert_eq!(cli.threads, NonZeroUsize::new(3), "{line}");
        }
    }

    #[test]
    fn a_sentence_may_begin_with_a_dash() {
        let line = [
            "trainer", "predict", "--bundle", "b", "--image", "i", "--out", "o", "--text",
        ];
        let cli = Cli::try_parse_from(line.into_iter().chain(["- bullet"])).unwrap();
        let Request::Predict(args) = cli.request() else {
            panic!("not a prediction");
        };
        assert_eq!(args.text.as_deref(), Some("- bullet"));
    }

    #[cfg(unix)]
    #[test]
    fn paths_need_not_be_utf_8() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let odd = OsStr::from_bytes(b"caf\xe9");
        for line in [
            "check --data",
            "pack --out o --data",
            "eval --bundle b --data",
            "train --data",
            "train --out",
            "train --resume",
            "train --config",
            "predict --bundle b --text left --out o --image",
            "export --run r --out",
        ] {
            let line = std::iter::once("trainer").chain(line.split_whitespace());
            let line = line.map(OsStr::new).chain([odd]);
            Cli::try_parse_from(line).unwrap();
        }
    }

    #[test]
    fn set_may_be_repeated() {
        let Request::Train(args) = request("train --set a.b=1 --set c=[1]").unwrap() else {
            panic!("not a training run");
        };
        assert_eq!(args.experiment.set, ["a.b=1", "c=[1]"]);
    }

    #[test]
    fn resuming_keeps_the_settings_of_the_run() {
        assert!(request("train --resume runs/a --data elsewhere").is_ok());
        for other in ["--preset tiny", "--config a.toml", "--name b", "--seed 2"] {
            assert!(
                request(&format!("train --resume runs/a {other}")).is_err(),
                "{other}"
            );
        }
    }

    #[test]
    fn trained_weights_are_for_a_new_run_and_a_new_vocabulary_is_for_trained_weights() {
        for (line, fine) in [
            ("--from runs/a --data b --preset tiny", true),
            ("--from runs/a --new-text", true),
            ("--from runs/a --resume runs/b", false),
            ("--new-text", false),
        ] {
            let line = format!("train {line}");
            assert_eq!(request(&line).is_ok(), fine, "{line}");
        }
    }

    #[test]
    fn packing_takes_all_splits_or_some() {
        let splits = |line: &str| match request(line).unwrap() {
            Request::Pack(args) => args.split,
            other => panic!("{other:?}"),
        };
        assert!(splits("pack --data a --out b").is_empty());
        assert_eq!(
            splits("pack --data a --out b --split train,test"),
            ["train", "test"]
        );
    }

    #[test]
    fn predict_takes_a_picture_with_a_sentence_or_a_gallery() {
        let input = |line: &str| match request(&format!("predict --bundle b --out o {line}")) {
            Ok(Request::Predict(args)) => Some(args.input()),
            Ok(other) => panic!("{other:?}"),
            Err(_) => None,
        };
        assert_eq!(
            input("--image a.png --text left"),
            Some(PredictInput::One {
                image: "a.png".into(),
                text: "left".into()
            })
        );
        assert_eq!(
            input("--gallery g --json"),
            Some(PredictInput::Gallery("g".into()))
        );
        assert_eq!(input(""), None);
        assert_eq!(input("--image a.png"), None);
        assert_eq!(input("--gallery g --json --image a.png --text left"), None);
    }

    #[test]
    fn bench_takes_a_bundle_or_a_preset_with_settings() {
        for (line, fine) in [
            ("--bundle b", true),
            ("--preset small --set model.lm.layers=2", true),
            ("--preset small --training", false),
            ("", false),
            ("--bundle b --preset small", false),
            ("--bundle b --set model.lm.layers=2", false),
            ("--bundle b --repeats 0", false),
        ] {
            let line = format!("bench --gallery g {line}");
            assert_eq!(request(&line).is_ok(), fine, "{line}");
        }
        assert!(request("bench --preset small --training --set train.batch=4").is_ok());
        assert!(request("bench --bundle b --training").is_err());
        assert!(request("bench --preset small").is_err());
    }

    #[test]
    fn eval_modes_are_spelled_as_in_reports() {
        for mode in ["given", "none", "shuffled", "wrong-side"] {
            let line = format!("eval --bundle b --data phantoms --text {mode}");
            let Request::Eval(args) = request(&line).unwrap() else {
                panic!("not an evaluation");
            };
            assert_eq!(args.text.as_str(), mode);
        }
    }

    #[test]
    fn nonsense_numbers_are_usage_errors() {
        for line in [
            "eval --bundle b --data phantoms --limit 0",
            "train --threads 0",
            "predict --bundle b --image a.png --text left --out o --samples 0",
            "predict --bundle b --image a.png --text left --out o --samples 257",
            "train --seed -1",
            "train --preset huge",
            "pack --data a --out b --quality 0",
            "pack --data a --out b --size 4",
        ] {
            assert_eq!(request(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
