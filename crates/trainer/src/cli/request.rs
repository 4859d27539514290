//! The command line: raw arguments become a validated [`Request`] once, here.

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use mriseg::decode::{DecisionRule, Pick};
use mriseg_data::{Disturbance, Wording};

/// What the user asked for.
#[derive(Debug)]
pub(crate) enum Request {
    /// Train, then evaluate and write a report.
    Train(TrainArgs),
    /// Turn the pictures and masks of an experiment into codes of Emu3's tokenizer.
    Tokenize(TokenizeArgs),
    /// Train the same experiment with and without each of the paper's strategies.
    Ablate(AblateArgs),
    /// Train the dense model that a run is measured against.
    Baseline(BaselineArgs),
    /// Measure a bundle on a dataset.
    Eval(EvalArgs),
    /// Segment one picture, or a gallery.
    Predict(PredictArgs),
    /// Turn a run's checkpoint into a bundle.
    Export(ExportArgs),
    /// Look for mistakes in a dataset.
    Check(CheckArgs),
    /// Write a dataset as a few tar files.
    Pack(PackArgs),
    /// Time the decoding of masks.
    Bench(BenchArgs),
}

impl Request {
    /// What `--threads` says.
    pub(crate) fn threads(&self) -> Option<NonZeroUsize> {
        match self {
            Self::Train(args) => args.threads,
            Self::Tokenize(args) => args.threads,
            Self::Ablate(args) => args.threads,
            Self::Baseline(args) => args.threads,
            Self::Bench(args) => args.threads,
            Self::Eval(_) | Self::Predict(_) | Self::Export(_) | Self::Check(_) | Self::Pack(_) => {
                None
            }
        }
    }
}

/// Reads the process's arguments; on `--help` or a mistake prints and exits (code 0 or 2).
pub(crate) fn parse() -> Request {
    Cli::parse().into()
}

/// The command as the user typed it, without the program's path.
pub(crate) fn command_line() -> String {
    let arguments = std::env::args().skip(1).map(|argument| {
        if argument.contains(' ') {
            format!("\"{argument}\"")
        } else {
            argument
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
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
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
}

impl From<Cli> for Request {
    fn from(cli: Cli) -> Self {
        match cli.command {
            None => Self::Train(TrainArgs::demo()),
            Some(Command::Train(args)) => Self::Train(args),
            Some(Command::Tokenize(args)) => Self::Tokenize(args),
            Some(Command::Ablate(args)) => Self::Ablate(args),
            Some(Command::Baseline(args)) => Self::Baseline(args),
            Some(Command::Eval(args)) => Self::Eval(args),
            Some(Command::Predict(args)) => Self::Predict(args),
            Some(Command::Export(args)) => Self::Export(args),
            Some(Command::Check(args)) => Self::Check(args),
            Some(Command::Pack(args)) => Self::Pack(args),
            Some(Command::Bench(args)) => Self::Bench(args),
        }
    }
}

/// Which experiment to run.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ExperimentArgs {
    /// Experiment file (TOML); keys that it leaves out keep the preset's value
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Size of the model: tiny and small for a CPU, base and large for a GPU
    #[arg(long, value_enum)]
    pub(crate) preset: Option<Preset>,
    /// Training data: a dataset folder, or the word `phantoms` for synthetic X-rays
    #[arg(long, value_name = "FOLDER|phantoms")]
    pub(crate) data: Option<DataSpec>,
    /// Change one setting, such as train.steps=4000 (may be repeated; wins over --config)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

/// Arguments of `train`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  \
                  trainer train                                        phantoms, preset tiny: the demo\n  \
                  trainer train --config configs/qata-cpu.toml --data path/to/qata-cov19 --name lungs\n  \
                  trainer train --preset small --data path/to/qata-cov19 --set train.steps=4000\n  \
                  trainer train --resume runs/lungs                    go on after Ctrl-C or a crash\n  \
                  trainer train --from www/public/bundles/cxr --data path/to/mine --name mine\n\n\
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
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
    /// Seed of every random choice; the same seed gives the same run
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Go on with an earlier run, exactly where its last checkpoint stopped
    #[arg(long, value_name = "RUN", conflicts_with_all = ["config", "preset", "data", "name", "seed", "set"])]
    pub(crate) resume: Option<PathBuf>,
    /// Start from the trained weights of a run or a bundle, with a new optimizer
    #[arg(long, value_name = "RUN|BUNDLE", conflicts_with = "resume")]
    pub(crate) from: Option<PathBuf>,
    /// With --from: learn a text tokenizer from the training sentences instead of taking the source's; words that
    /// both know keep what the source learned about them
    #[arg(long, requires = "from")]
    pub(crate) new_text: bool,
    /// CPU threads to use [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Print only errors and the result
    #[arg(long, short)]
    pub(crate) quiet: bool,
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
            device: DeviceArgs::default(),
            seed: None,
            resume: None,
            from: None,
            new_text: false,
            threads: None,
            quiet: false,
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
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
    /// CPU threads to use [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Print only errors and the result
    #[arg(long, short)]
    pub(crate) quiet: bool,
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
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
    /// CPU threads to use [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Print only errors and the result
    #[arg(long, short)]
    pub(crate) quiet: bool,
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
    pub(crate) device: DeviceArgs,
    /// CPU threads to use [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Print only errors and the table
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// Arguments of `eval`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  \
                  trainer eval --bundle www/public/bundles/phantom --data phantoms --split test\n  \
                  trainer eval --bundle runs/lungs/bundle --data path/to/qata-cov19 --text shuffled --json\n  \
                  trainer eval --bundle www/public/bundles/phantom --data phantoms --split test --wordings held-out\n  \
                  trainer eval --bundle www/public/bundles/phantom --data phantoms --split test --probe\n\n\
                  Dice per image is the mean over pictures; pooled Dice counts all pixels as one picture.\n\
                  Published numbers mix the two, so both are printed. `oracle` is the Dice of the mask\n\
                  tokenizer alone: no model can beat it.")]
pub(crate) struct EvalArgs {
    /// Folder of the model bundle (the one with manifest.json)
    #[arg(long, value_name = "DIR")]
    pub(crate) bundle: PathBuf,
    /// Data to measure on: a dataset folder, or the word `phantoms`
    #[arg(long, value_name = "FOLDER|phantoms")]
    pub(crate) data: DataSpec,
    /// Folder of Emu3's vision tokenizer, for a bundle that was trained on its codes
    #[arg(long, value_name = "DIR")]
    pub(crate) emu3: Option<PathBuf>,
    /// Which part of the data
    #[arg(long, default_value = "valid")]
    pub(crate) split: String,
    /// Sentence to give: the right one, none, another picture's, or the right one with left and right exchanged
    #[arg(long, value_enum, default_value_t = TextMode::Given)]
    pub(crate) text: TextMode,
    /// Words to say it in: those of the data; varied, as in training; or held out from training, of all kinds of people
    /// or of lay people only
    #[arg(long, value_name = "KIND", default_value = "given", value_parser = wordings())]
    pub(crate) wordings: Words,
    /// What happened to the pictures
    #[arg(long, value_name = "KIND", default_value = "plain", value_parser = disturbances())]
    pub(crate) pictures: Disturbance,
    /// Folder with masks of lungs: --probe also asks for the lungs that are held out there
    #[arg(long, value_name = "DIR", requires = "probe")]
    pub(crate) lungs: Option<PathBuf>,
    /// Also ask in many ways, and print what each part of a sentence does to the mask and whether it should:
    /// wordings, side, zone, count, noun and filler words, negation, irrelevant requests, pictures as they come
    #[arg(long)]
    pub(crate) probe: bool,
    /// Only the first N cases
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<NonZeroUsize>,
    /// Only N cases, spread evenly over the split
    #[arg(long, value_name = "N", conflicts_with = "limit")]
    pub(crate) spread: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(crate) rule: RuleArgs,
    /// Decode one case at a time in this way, as a user would, and time it; without, greedily in batches.
    /// The tokens are the same
    #[arg(long, value_enum)]
    pub(crate) decode: Option<DecodeRule>,
    /// Draw the mean to expect of N masks by chance, up to 64, in place of one mask by the bundle's rule. For models with
    /// tokenizers of their own
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..=64),
        conflicts_with_all = ["decode", "pick", "dice_threshold"]
    )]
    pub(crate) samples: Option<u16>,
    /// With --samples: below 1 the masks keep to what is probable, above 1 they vary more
    #[arg(long, value_name = "T", default_value_t = 1.0, requires = "samples", value_parser = temperature)]
    pub(crate) temperature: f32,
    /// With --samples: draw a pixel from this share of the masks on
    #[arg(long, value_name = "SHARE", default_value_t = 0.4, requires = "samples", value_parser = share)]
    pub(crate) cut: f32,
    /// Pick every token with the true ones before it, without marginals and whatever the presence head says; what the model
    /// loses by reading its own tokens is the difference to --marginal-share 0
    #[arg(long, conflicts_with_all = [
        "decode", "samples", "marginal_share", "presence_threshold", "mirror", "side_swap", "probe", "all_texts",
    ])]
    pub(crate) teacher_forced: bool,
    /// Read the mirror image as well, with the words "left" and "right" exchanged, and draw the mean of both masks. Other
    /// words for sides ("LLL") stay
    #[arg(long, conflicts_with = "probe")]
    pub(crate) mirror: bool,
    /// Also measure the dense model that `trainer baseline` trained beside this run
    #[arg(long, value_name = "RUN")]
    pub(crate) baseline: Option<PathBuf>,
    /// Also ask each picture with the same zone affected on both sides for one side, then for the other
    #[arg(long)]
    pub(crate) side_swap: bool,
    /// Also measure with every other sentence: none, another picture's, the wrong side's
    #[arg(long)]
    pub(crate) all_texts: bool,
    /// Print one JSON object on standard output, and nothing else there
    #[arg(long)]
    pub(crate) json: bool,
    /// Also write summary.json, cases.csv and index.html (with pictures) to this new folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
}

/// Arguments of `predict`, as typed.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  \
                  trainer predict --bundle DIR --image xray.png --overlay seen.png --out mask.png \\\n    --text \"unilateral pulmonary infection, one infected area, lower left lung.\"\n  \
                  trainer predict --bundle DIR --gallery www/public/gallery --json --out tokens.json\n\n\
                  The mask has the size of the picture: 255 inside, 0 outside.\n\
                  \"Left\" means what the bundle's card says.")]
pub(crate) struct PredictArgs {
    /// Folder of the model bundle (the one with manifest.json)
    #[arg(long, value_name = "DIR")]
    pub(crate) bundle: PathBuf,
    /// Folder of Emu3's vision tokenizer, for a bundle that was trained on its codes
    #[arg(long, value_name = "DIR")]
    pub(crate) emu3: Option<PathBuf>,
    /// Picture to segment: PNG, JPEG or WebP
    #[arg(
        long,
        value_name = "FILE",
        requires = "text",
        required_unless_present = "gallery"
    )]
    pub(crate) image: Option<PathBuf>,
    /// What to segment, in one sentence
    #[arg(long, requires = "image")]
    pub(crate) text: Option<String>,
    /// How many tokens a pass through the model may give; the tokens are the same
    #[arg(long, value_enum, default_value_t = DecodeRule::Speculative)]
    pub(crate) decode: DecodeRule,
    /// Also decode N masks by chance, up to 256, and say, per cell, how far they agree
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..=256),
        conflicts_with_all = ["gallery", "json"]
    )]
    pub(crate) samples: Option<u16>,
    /// With --samples: where to write the picture with the agreement drawn on it (PNG)
    #[arg(long, value_name = "FILE", requires = "samples")]
    pub(crate) agreement: Option<PathBuf>,
    /// Instead of one picture: every picture and sentence of a page gallery
    #[arg(long, value_name = "DIR", conflicts_with_all = ["image", "text", "overlay"], requires = "json")]
    pub(crate) gallery: Option<PathBuf>,
    /// Where to write the mask (PNG); with --gallery, the JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Also write the picture with the mask drawn on it (PNG)
    #[arg(long, value_name = "FILE")]
    pub(crate) overlay: Option<PathBuf>,
    /// Print tokens and probabilities as one JSON object on standard output
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
}

/// In which words `eval` asks; `None` for those of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Words(pub(crate) Option<Wording>);

impl Words {
    /// As typed.
    pub(crate) fn as_str(self) -> &'static str {
        self.0.map_or("given", Wording::as_str)
    }
}

fn wordings() -> impl TypedValueParser<Value = Words> {
    let names = Wording::ALL.map(Wording::as_str);
    PossibleValuesParser::new(std::iter::once("given").chain(names)).map(|name| {
        let mut all = Wording::ALL.into_iter();
        Words(all.find(|wording| wording.as_str() == name))
    })
}

fn disturbances() -> impl TypedValueParser<Value = Disturbance> {
    PossibleValuesParser::new(Disturbance::ALL.map(Disturbance::as_str)).map(|name| {
        let mut all = Disturbance::ALL.into_iter();
        all.find(|kind| kind.as_str() == name)
            .unwrap_or(Disturbance::Plain)
    })
}

/// What `predict` works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PredictInput {
    /// One picture and its sentence.
    One {
        /// The picture's file.
        image: PathBuf,
        /// What to segment.
        text: String,
    },
    /// All pictures and sentences of a gallery folder.
    Gallery(PathBuf),
}

impl PredictArgs {
    /// The one input that the arguments describe.
    pub(crate) fn input(&self) -> PredictInput {
        match (&self.gallery, &self.image, &self.text) {
            (Some(gallery), _, _) => PredictInput::Gallery(gallery.clone()),
            (None, Some(image), Some(text)) => PredictInput::One {
                image: image.clone(),
                text: text.clone(),
            },
            _ => unreachable!(
                "the argument rules of `predict` ask for --image and --text, or --gallery"
            ),
        }
    }
}

/// Arguments of `export`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  \
                  trainer export --run runs/demo --out www/public/bundles/phantom --name phantom\n\n\
                  The bundle is manifest.json, weight shards with their sha256, tokenizer.json and card.md.")]
pub(crate) struct ExportArgs {
    /// Folder of the run
    #[arg(long, value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// Which of the run's checkpoints
    #[arg(long, value_enum, default_value_t = Checkpoint::Best)]
    pub(crate) checkpoint: Checkpoint,
    /// Folder to create; it must not exist
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Number format of the weights: f16 halves the download, f32 is exact
    #[arg(long, value_enum, default_value_t = Precision::F16)]
    pub(crate) precision: Precision,
    /// Name shown to users [default: the name of the --out folder]
    #[arg(long)]
    pub(crate) name: Option<String>,
}

/// Arguments of `check`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  trainer check --data path/to/qata-cov19\n\n\
                  Errors (exit code 3): rows without picture, mask or sentence, files that are no pictures,\n\
                  picture and mask of different size, the same picture in two splits.\n\
                  Warnings (exit code 0): masks with more than two values, sentences that contradict\n\
                  their mask.")]
pub(crate) struct CheckArgs {
    /// Data to check: a dataset folder, or the word `phantoms`
    #[arg(long, value_name = "FOLDER|phantoms")]
    pub(crate) data: DataSpec,
    /// Print one JSON object on standard output, and nothing else there
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `pack`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  \
                  trainer pack --data path/to/qata-cov19 --out packed/qata     58 MB in three files\n  \
                  trainer pack --data path/to/mine --out packed/mine --split test --size 512 --quality 95\n  \
                  trainer train --data packed/qata\n\n\
                  A split is <split>-000000.tar, <split>-000001.tar, ... in the WebDataset convention: per case a\n\
                  picture (000123.jpg), its mask (000123.mask.png) and id and sentence (000123.json). Masks are kept\n\
                  exactly unless they are scaled. The folder appears when it is complete, and is never overwritten.")]
pub(crate) struct PackArgs {
    /// The dataset's folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: PathBuf,
    /// Folder to create; it must not exist
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Pictures are scaled down until the longer side has this many pixels
    #[arg(long, value_name = "PIXELS", default_value_t = 224, value_parser = clap::value_parser!(u16).range(8..=8192))]
    pub(crate) size: u16,
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
    /// Quality of the pictures, 1 to 100: higher is closer to the original, and larger
    #[arg(long, value_name = "N", default_value_t = 75, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) quality: u8,
    /// Print only errors and the result
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// Arguments of `bench`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  \
                  trainer bench --bundle www/public/bundles/cxr --gallery www/public/gallery\n  \
                  trainer bench --preset small --gallery www/public/gallery --set model.lm.layers=4\n  \
                  trainer bench --preset small --training --set train.batch=4\n\n\
                  Times are medians over pictures and repetitions, after one mask that is not counted. The first\n\
                  token contains reading the picture, its encoder and the prefill. --training draws phantoms, and\n\
                  three steps are not counted.")]
pub(crate) struct BenchArgs {
    /// Folder of the model bundle (the one with manifest.json)
    #[arg(long, value_name = "DIR", required_unless_present = "preset")]
    pub(crate) bundle: Option<PathBuf>,
    /// Instead of a bundle: a model of this size with random weights, as fast as a trained one that decodes a token
    /// per pass
    #[arg(long, value_enum, conflicts_with = "bundle")]
    pub(crate) preset: Option<Preset>,
    /// With --preset: change one setting, such as model.lm.layers=4 (may be repeated)
    #[arg(long = "set", value_name = "KEY=VALUE", conflicts_with = "bundle")]
    pub(crate) set: Vec<String>,
    /// Pictures and sentences: the folder of a page gallery
    #[arg(long, value_name = "DIR", required_unless_present = "training")]
    pub(crate) gallery: Option<PathBuf>,
    /// With --preset: time steps of training instead of masks
    #[arg(long, requires = "preset", conflicts_with_all = ["bundle", "gallery", "cases", "decode", "RuleArgs", "save"])]
    pub(crate) training: bool,
    /// The first N pictures of the gallery, with the first sentence of each
    #[arg(long, value_name = "N", default_value = "3")]
    pub(crate) cases: NonZeroUsize,
    /// Times that each mask is decoded, or steps that are timed
    #[arg(long, value_name = "N", default_value = "5")]
    pub(crate) repeats: NonZeroUsize,
    /// Only this way of decoding [default: both]
    #[arg(long, value_enum)]
    pub(crate) decode: Option<DecodeRule>,
    #[command(flatten)]
    pub(crate) rule: RuleArgs,
    /// Also write the bundle as it was run, and cases.json with the model's inputs and the tokens, to this new folder
    #[arg(long, value_name = "DIR")]
    pub(crate) save: Option<PathBuf>,
    /// Print one JSON object on standard output, and nothing else there
    #[arg(long)]
    pub(crate) json: bool,
    /// CPU threads to use [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
}

/// What codes are picked by, where it is not the bundle's own rule.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct RuleArgs {
    /// Pick codes by another rule than the bundle's own
    #[arg(long, value_enum)]
    pub(crate) pick: Option<PickRule>,
    /// Draw only where there is something to draw with at least this probability, instead of the bundle's own
    #[arg(long, value_name = "PROBABILITY", value_parser = probability)]
    pub(crate) presence_threshold: Option<f32>,
    /// With --pick best-dice, draw pixels from this probability on, instead of the bundle's own
    #[arg(long, value_name = "PROBABILITY", value_parser = probability)]
    pub(crate) dice_threshold: Option<f32>,
    /// Share of what each cell is given sentence and picture alone, beside what it is given the tokens before it, 0 to 1,
    /// instead of the bundle's own
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) marginal_share: Option<f32>,
}

impl RuleArgs {
    /// The bundle's rule with what was given.
    pub(crate) fn over(self, own: DecisionRule) -> DecisionRule {
        DecisionRule {
            pick: self.pick.map_or(own.pick, Pick::from),
            presence_threshold: self.presence_threshold.unwrap_or(own.presence_threshold),
            dice_threshold: self.dice_threshold.unwrap_or(own.dice_threshold),
            marginal_share: self.marginal_share.unwrap_or(own.marginal_share),
        }
    }
}

/// Where to compute.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct DeviceArgs {
    /// Where to compute; auto takes a real GPU if there is one, else the CPU
    #[arg(long, value_enum, default_value_t = DeviceChoice::Auto)]
    pub(crate) device: DeviceChoice,
    /// Accept a GPU that is simulated on the CPU (slow; for tests)
    #[arg(long)]
    pub(crate) software_adapter: bool,
}

/// Values of `--device`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum DeviceChoice {
    /// A real GPU if there is one, else the CPU
    #[default]
    Auto,
    /// The processor
    Cpu,
    /// Any GPU, through Vulkan, Metal or DirectX 12
    Gpu,
    /// An NVIDIA GPU through CUDA (needs a build with `--features cuda`)
    Cuda,
}

/// Values of `--preset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preset {
    /// 64x64 pictures, about half a million parameters: minutes on a CPU
    Tiny,
    /// About 7 million parameters: runs in a browser
    Small,
    /// About 19 million parameters: for a GPU
    Base,
    /// About 40 million parameters: for a GPU
    Large,
}

/// Values of `--text`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextMode {
    /// The picture's own sentence
    Given,
    /// No sentence
    None,
    /// The sentence of another picture
    Shuffled,
    /// The picture's own sentence with left and right exchanged
    WrongSide,
}

impl TextMode {
    /// Every mode.
    pub(crate) const ALL: [Self; 4] = [Self::Given, Self::None, Self::Shuffled, Self::WrongSide];

    /// The word used on the command line and in reports.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::None => "none",
            Self::Shuffled => "shuffled",
            Self::WrongSide => "wrong-side",
        }
    }
}

/// A number between 0 and 1, both excluded.
fn share(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("must lie between 0 and 1".to_owned()),
    }
}

fn temperature(text: &str) -> Result<f32, String> {
    let number = text.parse().ok().filter(|t| 0.0 < *t && *t <= 10.0);
    number.ok_or_else(|| "must be above 0 and at most 10".to_owned())
}

fn probability(text: &str) -> Result<f32, String> {
    let number = text.parse().ok().filter(|p| 0.0 < *p && *p < 1.0);
    number.ok_or_else(|| "must lie between 0 and 1, both excluded".to_owned())
}

/// Values of `--pick`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PickRule {
    /// The most probable code
    MostProbable,
    /// The code of least expected pixel error
    LeastError,
    /// The same, drawing sooner where the model is unsure
    BestDice,
}

impl From<PickRule> for Pick {
    fn from(rule: PickRule) -> Self {
        match rule {
            PickRule::MostProbable => Self::MostProbable,
            PickRule::LeastError => Self::LeastError,
            PickRule::BestDice => Self::BestDice,
        }
    }
}

/// Values of `--decode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DecodeRule {
    /// One token per pass through the model
    Greedy,
    /// As many tokens per pass as the look-ahead heads guess right
    Speculative,
}

impl From<DecodeRule> for mriseg::decode::Decode {
    fn from(rule: DecodeRule) -> Self {
        match rule {
            DecodeRule::Greedy => Self::Greedy,
            DecodeRule::Speculative => Self::Speculative,
        }
    }
}

/// Values of `--checkpoint`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Checkpoint {
    /// The one with the best Dice on the validation cases
    Best,
    /// The newest one
    Last,
}

/// Values of `--precision`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Precision {
    /// 16-bit numbers
    F16,
    /// 32-bit numbers
    F32,
}

/// Value of `--data`: the word `phantoms` or a folder (`./phantoms` for a folder of that name).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DataSpec {
    /// The built-in generator.
    Phantoms,
    /// A dataset on disk.
    Folder(PathBuf),
}

impl FromStr for DataSpec {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "phantoms" => Self::Phantoms,
            folder => Self::Folder(PathBuf::from(folder)),
        })
    }
}

impl std::fmt::Display for DataSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Phantoms => f.write_str("phantoms"),
            Self::Folder(path) => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn request(line: &str) -> Result<Request, clap::Error> {
        Cli::try_parse_from(std::iter::once("trainer").chain(line.split_whitespace()))
            .map(Request::from)
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
    fn set_may_be_repeated() {
        let Request::Train(args) = request("train --set a.b=1 --set c=[1]").unwrap() else {
            panic!("not a training run");
        };
        assert_eq!(args.experiment.set, ["a.b=1", "c=[1]"]);
    }

    #[test]
    fn resuming_keeps_the_settings_of_the_run() {
        assert!(request("train --resume runs/a --threads 1").is_ok());
        for other in [
            "--set train.epochs=9",
            "--preset tiny",
            "--config a.toml",
            "--name b",
            "--data phantoms",
            "--seed 2",
        ] {
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
