//! Preset, file and arguments merged to one experiment.

use anyhow::{Context, Result};
use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use mriseg_data::RequestMix;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::data_spec::{DataSpec, stored};
use super::file::{parse_toml, with_overrides};
use super::presets::Preset;
use super::schema::Experiment;
use crate::system::usage;

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
    #[arg(long, value_name = "FOLDER|phantoms", value_parser = OsStringValueParser::new().map(DataSpec::from))]
    pub(crate) data: Option<DataSpec>,
    /// Go on without the rows of the table that lack picture, mask or sentence; they are counted
    #[arg(long)]
    pub(crate) skip_incomplete: bool,
    /// Change one setting, such as train.steps=4000 (may be repeated; wins over --config)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

impl Experiment {
    /// The merged result of preset, file and arguments.
    ///
    /// # Errors
    /// The file cannot be read, or a value is unknown, mistyped or impossible.
    pub(crate) fn resolve(args: &ExperimentArgs, seed: Option<u64>) -> Result<Self> {
        Self::preset(args.preset.unwrap_or(Preset::Tiny)).changed(args, seed)
    }

    /// With what file and arguments set.
    pub(crate) fn changed(self, args: &ExperimentArgs, seed: Option<u64>) -> Result<Self> {
        let mut experiment = self;
        if let Some(path) = &args.config {
            let text = std::fs::read_to_string(path).map_err(|error| {
                usage(format!(
                    "cannot read the configuration `{}`: {error}",
                    path.display()
                ))
            })?;
            experiment = parse_toml(&text, &path.display().to_string(), &experiment)?;
        }
        let described = experiment.data.clone();
        experiment = with_overrides(experiment, &args.set)?;
        if let Some(data) = &args.data {
            experiment.data.source = stored("--data", data)?;
        }
        // A description does not pass on to other data.
        let name = |source: &str| Path::new(source).file_name().map(OsStr::to_owned);
        if experiment.data.about == described.about
            && name(&experiment.data.source) != name(&described.source)
        {
            experiment.data.about.clear();
        }
        experiment.data.skip_incomplete |= args.skip_incomplete;
        if let Some(seed) = seed {
            experiment.seed = seed;
        }
        experiment.validate()?;
        Ok(experiment)
    }

    /// Reads the `config.toml` of a run.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        let mut defaults = Self::tiny();
        // Runs of before this setting predicted one token.
        defaults.model.lm.next_tokens = 1;
        // Nor did they ask more than their data.
        defaults.data.requests = RequestMix::none();
        defaults.train.reading = 0.0;
        defaults.train.sentences = 0;
        let experiment = parse_toml(&text, &path.display().to_string(), &defaults)?;
        experiment.validate()?;
        Ok(experiment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_valid_and_survives_its_file() {
        for preset in [Preset::Tiny, Preset::Small, Preset::Base, Preset::Large] {
            let experiment = Experiment::preset(preset);
            experiment.validate().unwrap();
            let text = experiment.to_toml().unwrap();
            let back = parse_toml(&text, "config.toml", &Experiment::tiny()).unwrap();
            assert_eq!(back, experiment);
        }
    }

    #[test]
    fn what_a_configuration_says_of_its_data_is_not_said_of_other_data() {
        let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
        let about = |data: &str, set: &[&str]| {
            let args = ExperimentArgs {
                config: Some(configs.join("qata-cpu.toml")),
                data: Some(DataSpec::from(data)),
                set: set.iter().map(|set| (*set).to_owned()).collect(),
                ..ExperimentArgs::default()
            };
            Experiment::resolve(&args, None).unwrap().data.about
        };
        assert!(about("elsewhere/qata-cov19/", &[]).contains("COVID-19"));
        assert_eq!(about("my-own-films", &[]), "");
        assert_eq!(about("phantoms", &["data.lungs="]), "");
        assert_eq!(about("my-own-films", &["data.about=Mine."]), "Mine.");
    }

    #[test]
    fn shipped_configs_are_loadable() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
        let mut found = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                Experiment::load(&path).unwrap();
                found += 1;
            }
        }
        assert!(found > 0);
    }
}
