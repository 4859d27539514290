//! What a trained run is measured by, and what it leaves: report and bundle.

use anyhow::Result;
use image::RgbImage;
use mriseg::bundle::{Domain, Precision};
use mriseg::loss::HardErrorMemory;
use mriseg_data::{Dataset, IncompleteRows};
use std::path::{Path, PathBuf};

use super::bundle_dir;
use super::checkpoint::{self, BEST};
use super::export;
use super::folder::RunDir;
use super::state::Run;
use crate::config::DataSpec;
use crate::data::text::{self, Vocabulary};
use crate::data::{Asking, CaseCache};
use crate::eval::{Evaluator, PromptProbe, StrategyScores, side_swap};
use crate::report::{self, Summary, pictures};

/// Test cases that are also given another sentence, or none.
const TEXT_CASES: usize = 400;

/// Test cases that the prompt probe asks.
const PROBE_CASES: usize = 200;

impl Run {
    /// Trains from wherever the run stands, evaluates, and writes report and bundle.
    ///
    /// # Errors
    /// A case cannot be loaded, a file cannot be written, or the user asked to stop.
    pub(crate) fn complete(&self) -> Result<(Summary, PathBuf)> {
        let (state, tokenizer, reached) = self.start_or_resume()?;
        self.train(state, &tokenizer, reached)?;
        self.finish()
    }

    /// Evaluates the best checkpoint on the test split; writes report and bundle.
    pub(super) fn finish(&self) -> Result<(Summary, PathBuf)> {
        let (model, tokenizer, reached) = self.best()?;
        let evaluator = self.evaluator(&model, &tokenizer)?;
        let limit = self.test_limit();
        let cases = evaluator.run(&self.test, limit, Asking::GIVEN, self.session.display)?;
        let model_hash = format!("{} step {}", self.folder.name(), reached.step);
        let mut summary = Summary::from_cases(&cases, self.meta(model_hash));
        let vocabulary = Vocabulary::new(tokenizer.clone(), Some(self.train.dataset()));
        let tokens = self.experiment.model.lm.text_tokens;
        summary.unknown_words = vocabulary.unknown(self.test.dataset(), limit, tokens);
        let display = self.session.display;
        summary.side_swap = Some(side_swap::measure(
            &evaluator, &self.test, limit, None, display,
        )?);
        let limit_of_texts = limit.min(TEXT_CASES);
        summary.by_text = Some(evaluator.text_scores(&self.test, limit_of_texts, display)?);
        summary.probe = self.prompt_probe(&evaluator)?;
        report::write(&self.folder.report(), &summary, &cases, |index| {
            let case = evaluator.one(&self.test, index, limit, Asking::GIVEN)?;
            Ok(pictures::strip_of(&case))
        })?;
        let bundle = export::pack(&self.folder, BEST, Precision::F16, &self.folder.name())?;
        let path = self.folder.path().join("bundle");
        if !path.exists() {
            bundle_dir::write(&bundle, &path)?;
        }
        Ok((summary, path))
    }

    /// What each part of a sentence does, where sentences are about lungs.
    fn prompt_probe(&self, evaluator: &Evaluator<'_>) -> Result<Option<PromptProbe>> {
        if self.emu3.is_some() || text::domain(self.train.dataset()) == Domain::Other {
            return Ok(None);
        }
        let data = &self.experiment.data;
        let held_out = match (self.experiment.source(), data.lungs.as_str()) {
            (DataSpec::Phantoms, _) => None,
            // Packed data may hold them.
            (DataSpec::Folder(folder), "") => Dataset::open(&folder, Dataset::HELD_OUT_LUNGS).ok(),
            (DataSpec::Folder(folder), lungs) => {
                let lungs = Path::new(lungs);
                let rows = IncompleteRows::left_out_if(data.skip_incomplete);
                Some(Dataset::held_out_lungs(
                    &folder,
                    &data.train_split,
                    lungs,
                    rows,
                )?)
            }
        };
        let lungs = held_out.map(|mut lungs| {
            lungs = lungs
                .with_side_convention(data.side_convention)
                .with_mask_rule(&data.mask_value);
            lungs.thin(PROBE_CASES);
            let channels = self.experiment.model.image.input_channels;
            CaseCache::new(lungs, export::typical(&self.folder), channels)
        });
        let limit = self.test_limit().min(PROBE_CASES);
        let display = self.session.display;
        PromptProbe::measure(evaluator, &self.test, lungs.as_ref(), limit, display).map(Some)
    }

    /// Measures what each of the paper's strategies is meant to move. `halfway` is the hard-error memory of a
    /// run at half of its steps, the same for all runs that are compared.
    ///
    /// # Errors
    /// There is no checkpoint, or a case cannot be loaded.
    pub(crate) fn strategy_scores(&self, halfway: &HardErrorMemory) -> Result<StrategyScores> {
        let (model, tokenizer, _) = self.best()?;
        let evaluator = self.evaluator(&model, &tokenizer)?;
        let limit = self.test_limit();
        let display = self.session.display;
        StrategyScores::measure(
            &evaluator,
            [&self.test, &self.train],
            halfway,
            limit,
            display,
        )
    }

    /// The hard-error memory at half of the steps of a run on the same cases, such as this one.
    ///
    /// # Errors
    /// That run has not come so far, or the file is damaged.
    pub(crate) fn halfway_memory_of(&self, run: &RunDir) -> Result<HardErrorMemory> {
        let positions = self.experiment.model.layout().mask();
        checkpoint::read_memory(&run.halfway_memory(), self.train.dataset().len(), positions)
    }

    /// Some test cases as the best checkpoint segments them: image, truth, prediction, oracle.
    pub(crate) fn test_strips(&self, indices: &[usize]) -> Result<Vec<RgbImage>> {
        let (model, tokenizer, _) = self.best()?;
        let evaluator = self.evaluator(&model, &tokenizer)?;
        indices
            .iter()
            .filter(|&&index| index < self.test.dataset().len())
            .map(|&index| {
                let case = evaluator.one(&self.test, index, usize::MAX, Asking::GIVEN)?;
                Ok(pictures::strip_of(&case))
            })
            .collect()
    }
}
