//! One training run: what it uses, and what is asked of it.

use anyhow::Result;
use mriseg::bundle::Precision;
use mriseg::model::Model;
use mriseg::segmenter::Settings;
use mriseg::text::TextTokenizer;
use mriseg_data::Disturbance;
use mriseg_emu3::Emu3Tokenizer;
use std::path::Path;
use std::sync::Arc;

use super::borrowed::Borrowed;
use super::checkpoint::{self, BEST, RunProgress};
use super::export;
use super::folder::RunDir;
use super::vision::vision_of;
use super::warm_start::WarmStart;
use crate::cli::command_line;
use crate::config::{Experiment, SplitRole};
use crate::data::{CaseCache, TextMode, Words, text};
use crate::eval::Evaluator;
use crate::fit::Session;
use crate::report::Meta;
use crate::system::{Chosen, Kind, exit};

/// Everything that a run uses.
pub(crate) struct Run {
    pub(super) experiment: Experiment,
    pub(super) folder: RunDir,
    pub(super) chosen: Chosen,
    pub(super) session: Session,
    pub(super) borrowed: Borrowed,
    pub(super) tokenizer: TextTokenizer,
    /// Whose trained weights it begins with.
    pub(super) warm: Option<WarmStart>,
    /// Where the model has no tokenizers of its own.
    pub(super) emu3: Option<Arc<Emu3Tokenizer>>,
    pub(super) train: CaseCache,
    pub(super) valid: CaseCache,
    pub(super) test: CaseCache,
}

impl Run {
    /// The run's folder.
    pub(crate) fn folder(&self) -> &RunDir {
        &self.folder
    }

    /// Where Emu3's tokenizer lies, if the run has it.
    pub(crate) fn emu3_folder(&self) -> Option<&Path> {
        let from = &self.experiment.emu3.from;
        (!from.is_empty()).then(|| Path::new(from))
    }

    pub(super) fn best(&self) -> Result<(Model, TextTokenizer, RunProgress)> {
        let folder = self.folder.checkpoint(BEST);
        checkpoint::load_average(&folder, &self.experiment, &self.chosen.device)
    }

    pub(super) fn evaluator<'a>(
        &'a self,
        model: &'a Model,
        tokenizer: &'a TextTokenizer,
    ) -> Result<Evaluator<'a>> {
        let experiment = &self.experiment;
        let settings = Settings {
            architecture: experiment.model.clone(),
            precision: Precision::F32,
            rule: experiment.train.rule(),
            typical: export::typical(&self.folder),
            domain: text::domain(self.train.dataset()),
            example: text::example(self.train.dataset()),
            side_convention: experiment.data.side_convention,
        };
        let vision = vision_of(model, self.emu3.as_ref())?;
        let (chosen, seed) = (&self.chosen, experiment.seed);
        Evaluator::new(settings, model, vision, tokenizer, chosen, seed)
    }

    pub(super) fn test_limit(&self) -> usize {
        let cases = self.test.dataset().len();
        self.experiment.cases_of(SplitRole::Test, cases)
    }

    /// What the test split is evaluated with, plainly.
    pub(super) fn meta(&self, model_hash: String) -> Meta {
        let dataset = self.test.dataset();
        Meta {
            text_mode: TextMode::Given.as_str().to_owned(),
            wordings: Words(None).as_str().to_owned(),
            pictures: Disturbance::Plain.as_str().to_owned(),
            split: dataset.split().to_owned(),
            data: dataset.name().to_owned(),
            data_fingerprint: dataset.fingerprint(),
            model_hash,
            seed: self.experiment.seed,
            command: command_line(),
        }
    }

    pub(super) fn interrupted(&self) -> anyhow::Error {
        exit::error(
            Kind::Interrupted,
            format!(
                "saved; go on with: cargo run -p trainer -- train --resume {}",
                self.folder.path().display()
            ),
        )
    }
}
