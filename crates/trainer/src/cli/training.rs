//! Arguments of `train`, `baseline`, `tokenize` and `ablate`.

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use mriseg_data::shards::Share;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::config::{DataSpec, ExperimentArgs, Preset};
use crate::system::{DeviceArgs, DeviceChoice};

/// How long work runs: where, and what it prints.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ProcessArgs {
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
    /// Print only errors and the result
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// Arguments of `train`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  \
                  trainer train                                        phantoms, preset tiny: the demo\n  \
                  trainer train --config configs/qata-cpu.toml --data path/to/qata-cov19 --name lungs\n  \
                  trainer train --preset small --data path/to/qata-cov19 --set train.steps=4000\n  \
                  trainer train --resume runs/lungs                    go on after Ctrl-C or a crash\n  \
                  trainer train --from www/public/bundles/cxr --data path/to/mine --name mine\n  \
                  trainer train --devices gpu:0,gpu:1 --config configs/qata-gpu.toml --data packed/qata\n\n\
                  --from starts from the trained weights of a run (its best checkpoint) or a bundle instead of random\n\
                  ones: fine-tuning on your own data. Without --config and --preset the sizes of the model are those\n\
                  of the source too; with other sizes what fits is taken over, and what does not is trained anew.\n\n\
                  Ctrl-C once: finish the step, save, stop. Ctrl-C twice: stop at once.\n\
                  A run is never overwritten; its settings are printed and saved as config.toml before it starts.")]
pub(crate) struct TrainArgs {
    #[command(flatten)]
    pub(crate) experiment: ExperimentArgs,
    /// Name of the run; without one a free name is chosen
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Folder that holds all runs
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub(crate) out: PathBuf,
    /// Seed of every random choice; the same seed gives the same run
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Go on with an earlier run, exactly where its last checkpoint stopped; --data may say where its data lies now
    #[arg(long, value_name = "RUN", conflicts_with_all = ["config", "preset", "name", "seed", "skip_incomplete"])]
    pub(crate) resume: Option<PathBuf>,
    /// Start from the trained weights of a run or a bundle, with a new optimizer
    #[arg(long, value_name = "RUN|BUNDLE", conflicts_with = "resume")]
    pub(crate) from: Option<PathBuf>,
    /// With --from: learn a text tokenizer from the training sentences instead of taking the source's; words that
    /// both know keep what the source learned about them
    #[arg(long, requires = "from")]
    pub(crate) new_text: bool,
    /// Several devices that share the cases of every step of the language model, named as for --device, such as
    /// gpu:0,gpu:1 or 0,1: the same result as on the first alone but for rounding. The first does all the rest
    #[arg(
        long,
        value_name = "DEVICE,…",
        value_delimiter = ',',
        conflicts_with = "device"
    )]
    pub(crate) devices: Vec<DeviceChoice>,
    #[command(flatten)]
    pub(crate) process: ProcessArgs,
}

impl TrainArgs {
    /// The run of `trainer` without arguments.
    pub(crate) fn demo() -> Self {
        Self {
            experiment: ExperimentArgs {
                preset: Some(Preset::Tiny),
                data: Some(DataSpec::Phantoms),
                ..ExperimentArgs::default()
            },
            name: None,
            out: PathBuf::from("runs"),
            seed: None,
            resume: None,
            from: None,
            new_text: false,
            devices: Vec::new(),
            process: ProcessArgs::default(),
        }
    }
}

/// Arguments of `baseline`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  trainer baseline --run runs/run\n\n\
                  The dense model and its scores go to the run's folder `baseline`.")]
pub(crate) struct BaselineArgs {
    /// Folder of the run
    #[arg(long, value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// Where its data lies now, if it moved
    #[arg(long, value_name = "FOLDER", value_parser = OsStringValueParser::new().map(DataSpec::from))]
    pub(crate) data: Option<DataSpec>,
    #[command(flatten)]
    pub(crate) process: ProcessArgs,
}

/// Arguments of `tokenize`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  \
                  trainer tokenize --config configs/paper.toml --data path/to/qata-cov19\n  \
                  trainer train    --config configs/paper.toml --data path/to/qata-cov19\n\n\
                  emu3.from names the folder of Emu3's vision tokenizer, emu3.codes the one to write. After Ctrl-C or a\n\
                  crash the same command goes on where it stopped.")]
pub(crate) struct TokenizeArgs {
    #[command(flatten)]
    pub(crate) experiment: ExperimentArgs,
    /// Only share I of N, counted from 0, into a folder of its own in emu3.codes, such as shard-0-of-4: so many processes
    /// make the codes of a data set, and `train` reads those of all (docs/SCALING.md)
    #[arg(long, value_name = "I/N")]
    pub(crate) shard: Option<Share>,
    #[command(flatten)]
    pub(crate) process: ProcessArgs,
}

/// Arguments of `ablate`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  \
                  trainer ablate --config configs/ablate-phantoms.toml\n  \
                  trainer ablate --rows contrast,all --seeds 5         only these rows, and the base\n  \
                  trainer ablate --config configs/qata-cpu.toml --data path/to/qata-cov19 --set data.train_cases=500\n\n\
                  Every row is a run like those of `train`, in the --out folder. After Ctrl-C or a crash the same\n\
                  command goes on where it stopped. Tables: table.md, table.csv and index.html.")]
pub(crate) struct AblateArgs {
    #[command(flatten)]
    pub(crate) experiment: ExperimentArgs,
    /// Folder for the runs and the tables
    #[arg(long, value_name = "DIR", default_value = "runs/ablation")]
    pub(crate) out: PathBuf,
    /// Runs of every row, with seeds 1, 2, …
    #[arg(long, value_name = "N", default_value = "3")]
    pub(crate) seeds: NonZeroUsize,
    /// Only these rows, and the base: next-k-2, next-k-4, next-k-8, contrast, contrast-light, contrast-graded,
    /// hard-errors, all, all-soft-decode, all-codes [default: all of them]
    #[arg(long, value_name = "ROW,…", value_delimiter = ',')]
    pub(crate) rows: Vec<String>,
    #[command(flatten)]
    pub(crate) process: ProcessArgs,
}
