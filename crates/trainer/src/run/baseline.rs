//! The dense model beside a run.

use anyhow::Result;
use burn::tensor::Device;
use mriseg::config::ImageEncoderKind;

use super::checkpoint::{self, AVERAGE, LAST};
use super::folder::RunDir;
use super::pretrained;
use super::state::Run;
use crate::config::Experiment;
use crate::data::Asking;
use crate::eval::Baseline;
use crate::fit::DenseTrainer;
use crate::report::Summary;
use crate::system::{Chosen, Kind, exit, replace_dir, usage, write_atomic};

/// The one that `trainer baseline` trained beside a run.
///
/// # Errors
/// There is none, or it cannot be read.
pub(crate) fn open(run: &RunDir, device: &Device, workers: usize) -> Result<Baseline> {
    let experiment = Experiment::load(&run.config())?;
    let model = checkpoint::read_complete(&run.baseline(), |folder| {
        let weights = folder.join(AVERAGE);
        if !weights.is_file() {
            return Err(usage(format!(
                "the run `{at}` has no dense baseline: train it with `trainer baseline --run {at}`",
                at = run.path().display()
            )));
        }
        checkpoint::load(&weights, experiment.model.init_dense(device))
    })?;
    Ok(Baseline {
        model,
        tokenizer: checkpoint::tokenizer(&run.checkpoint(LAST))?,
        config: experiment.model,
        device: device.clone(),
        seed: experiment.seed,
        workers,
    })
}

/// Refuses an experiment that has no pretrained kind of encoder to share.
fn must_be_possible(experiment: &Experiment) -> Result<()> {
    if experiment.model.image.encoder == ImageEncoderKind::EfficientnetLite0 {
        return Ok(());
    }
    Err(usage(
        "the dense baseline shares its encoder with the run, which must have model.image.encoder = \"efficientnet_lite0\"",
    ))
}

impl Run {
    /// Trains the dense model that the run is measured against, on the same cases in as many steps, and measures it on
    /// the test split.
    ///
    /// # Errors
    /// The run has another encoder, a case cannot be loaded, a file cannot be written, or the user asked to stop.
    pub(crate) fn baseline(&self) -> Result<Summary> {
        let experiment = &self.experiment;
        must_be_possible(experiment)?;
        let Chosen {
            device, workers, ..
        } = &self.chosen;
        device.seed(experiment.seed);
        let mut start = experiment.model.init_dense(device);
        if let Some(encoder) = pretrained::image_encoder(experiment, device)? {
            start.net = encoder.net;
        }
        let trainer = DenseTrainer {
            experiment,
            cache: &self.train,
            tokenizer: &self.tokenizer,
            session: &self.session,
            device,
        };
        let model = trainer.train(start)?.ok_or_else(|| {
            exit::error(
                Kind::Interrupted,
                "stopped; the dense baseline is trained in one go".to_owned(),
            )
        })?;
        let baseline = Baseline {
            model,
            tokenizer: self.tokenizer.clone(),
            config: experiment.model.clone(),
            device: device.clone(),
            seed: experiment.seed,
            workers: *workers,
        };
        let display = self.session.display;
        let cases = baseline.run(&self.test, self.test_limit(), Asking::GIVEN, display)?;
        let summary = Summary::from_cases(&cases, self.meta("dense baseline".to_owned()));
        replace_dir(&self.folder.baseline(), |folder| {
            checkpoint::store(&baseline.model, &folder.join(AVERAGE))?;
            let bytes = serde_json::to_vec_pretty(&summary)?;
            write_atomic(&folder.join("summary.json"), &bytes)
        })?;
        Ok(summary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::checkpoint::RunProgress;
    use mriseg::text::TextTokenizer;
    use std::fs;

    #[test]
    fn a_baseline_is_read_though_its_run_was_killed_between_the_two_renames_of_a_checkpoint() {
        let root = tempfile::tempdir().unwrap();
        let run = RunDir::create_named(root.path(), "run").unwrap();
        let mut experiment = Experiment::tiny();
        experiment.model.lm.layers = 1;
        write_atomic(&run.config(), experiment.to_toml().unwrap().as_bytes()).unwrap();
        let device = Device::flex();
        let none = open(&run, &device, 1).map(drop).unwrap_err().to_string();
        assert!(none.contains("trainer baseline --run"), "{none}");

        let dense = experiment.model.init_dense(&device);
        replace_dir(&run.baseline(), |folder| {
            checkpoint::store(&dense, &folder.join(AVERAGE))
        })
        .unwrap();
        let tokenizer = TextTokenizer::learn(["left lung"].into_iter(), 300).unwrap();
        let model = experiment.model.init(&device);
        checkpoint::save_best(&run, &model, &tokenizer, RunProgress::default()).unwrap();
        let left = run.checkpoints().join("last.new");
        fs::rename(run.checkpoint(checkpoint::BEST), left).unwrap();
        open(&run, &device, 1).unwrap();
    }
}
