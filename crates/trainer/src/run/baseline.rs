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
use crate::system::atomic::complete_dir;
use crate::system::{Chosen, Kind, exit, replace_dir, usage, write_atomic};

/// The one that `trainer baseline` trained beside a run.
///
/// # Errors
/// There is none, or it cannot be read.
pub(crate) fn open(run: &RunDir, device: &Device, workers: usize) -> Result<Baseline> {
    let experiment = Experiment::load(&run.config())?;
    let weights = complete_dir(&run.baseline()).join(AVERAGE);
    if !weights.is_file() {
        return Err(usage(format!(
            "the run `{at}` has no dense baseline: train it with `trainer baseline --run {at}`",
            at = run.path().display()
        )));
    }
    let fresh = experiment.model.init_dense(device);
    Ok(Baseline {
        model: checkpoint::load(&weights, fresh)?,
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
