//! Training of a run: from wherever it stands to the last step, evaluating and saving on the way.

use anyhow::Result;
use burn::module::Module;
use mriseg::config::ImageEncoderKind;
use mriseg::model::{ImageEncoder, Model};
use mriseg::text::TextTokenizer;
use mriseg::vq::MaskTokenizer;
use mriseg_data::Wording;
use serde_json::json;

use super::checkpoint::{self, LAST, RunProgress};
use super::metrics::MetricsLog;
use super::pretrained;
use super::state::Run;
use super::vision::vision_of;
use crate::data::{Asking, text};
use crate::eval::{Evaluator, mean_dice, oracle_dice};
use crate::fit::{LmState, LmTrainer, Progress, train_image_tokenizer, train_mask_tokenizer};
use crate::report::pictures;
use crate::system::{Display, create_folder, exit, write_atomic};

/// Dice per image of the validation cases.
struct ValidDice {
    /// In the words of the data.
    given: Option<f64>,
    /// In others, where the run rewords sentences.
    reworded: Option<f64>,
    /// For people.
    said: String,
}

impl ValidDice {
    /// What the checkpoint is chosen by.
    fn to_choose_by(&self) -> Option<f64> {
        match (self.given, self.reworded) {
            (Some(given), Some(reworded)) => Some(f64::midpoint(given, reworded)),
            (given, _) => given,
        }
    }
}

impl Run {
    /// The checkpoint of an interrupted run, or tokenizers that were just trained or taken over and a language model
    /// of random weights or those of another one.
    pub(super) fn start_or_resume(&self) -> Result<(LmState, TextTokenizer, RunProgress)> {
        let device = &self.chosen.device;
        if self.folder.checkpoint(LAST).is_dir() {
            let cases = self.train.dataset().len();
            return checkpoint::resume(&self.folder, &self.experiment, cases, device);
        }
        device.seed(self.experiment.seed);
        let config = &self.experiment.model;
        let tokenizer = self.tokenizer.clone();
        let trained = match self.emu3 {
            Some(_) => None,
            None => Some(self.tokenizers()?),
        };
        // Equal seeds begin with equal weights, whether the tokenizers were trained here or borrowed.
        device.seed(self.experiment.seed);
        let autodiff = device.clone().autodiff();
        let mut model: Model = config.init(&autodiff);
        if let (Some((mask, image)), Some(own)) = (trained, &mut model.tokenizers) {
            model.lm = model.lm.with_code_geometry(mask.patches());
            own.mask = mask.train();
            if let Some(image) = image {
                own.image = image.train();
            }
        }
        if let Some(warm) = &self.warm {
            let (lm, report) = warm.start(model.lm.valid(), &tokenizer);
            model.lm = lm.train();
            let path = warm.entry().path();
            let taken = report.taken.join(", ");
            self.session
                .display
                .line(&format!("taken over from {path}: {taken}"));
            if !report.anew.is_empty() {
                let anew = report.anew.join(", ");
                let share = self.experiment.train.start_share;
                if share > 0.0 {
                    return Err(exit::usage(format!(
                        "train.start_share = {share} would keep random weights of what is trained anew: {anew}; set it to 0, or keep the sizes of `{path}`"
                    )));
                }
                self.session.display.line(&format!("trained anew: {anew}"));
            }
        }
        self.report_oracle(&model.clone().valid())?;
        let cases = self.train.dataset().len();
        let state = LmState::new(&self.experiment, model, cases, &autodiff);
        let reached = RunProgress::default();
        checkpoint::save(&self.folder, &state, &tokenizer, reached)?;
        Ok((state, tokenizer, reached))
    }

    /// The tokenizers that belong to the model: borrowed or trained. The one of pictures may be left for the
    /// language model to train.
    fn tokenizers(&self) -> Result<(MaskTokenizer, Option<ImageEncoder>)> {
        let device = &self.chosen.device;
        let mask = match self.borrowed.mask.clone() {
            Some(mask) => mask,
            None => train_mask_tokenizer(&self.experiment, &self.train, &self.session, device)?
                .ok_or_else(|| self.interrupted())?,
        };
        let image = match self.borrowed.image.clone() {
            Some(image) => Some(image),
            None if self.experiment.model.image.encoder == ImageEncoderKind::EfficientnetLite0 => {
                let encoder = pretrained::image_encoder(&self.experiment, device)?;
                encoder.map(ImageEncoder::EfficientNet)
            }
            None if self.experiment.image_tokenizer.steps > 0 => Some(ImageEncoder::Conv(
                train_image_tokenizer(&self.experiment, &self.train, &self.session, device)?
                    .ok_or_else(|| self.interrupted())?,
            )),
            None => None,
        };
        Ok((mask, image))
    }

    /// Prints the ceiling that the mask tokenizer sets.
    fn report_oracle(&self, model: &Model) -> Result<()> {
        let limit = self.experiment.data.valid_cases;
        let dice = oracle_dice(
            vision_of(model, self.emu3.as_ref())?.as_ref(),
            &self.valid,
            limit,
            &self.experiment.model,
            &self.chosen.device,
        )?;
        if let Some(dice) = dice {
            self.session.display.line(&format!(
                "oracle Dice per image of the mask tokenizer, {limit} validation cases: {dice:.4}"
            ));
        }
        Ok(())
    }

    /// Trains the language model, evaluating and saving on the way.
    pub(super) fn train(
        &self,
        mut state: LmState,
        tokenizer: &TextTokenizer,
        mut reached: RunProgress,
    ) -> Result<()> {
        let training = &self.experiment.train;
        if reached.step >= training.steps {
            let at = self.folder.path().display();
            self.session.display.line(&format!(
                "the run `{at}` has done all its {} steps; for more, begin a new run with its weights: --from {at} --set train.steps=N",
                training.steps
            ));
        }
        let done = reached.step as u64;
        let mut log = MetricsLog::open(&self.folder, |row| {
            row.get("step")
                .and_then(|step| step.as_u64())
                .is_some_and(|step| step <= done)
        })?;
        let mut progress =
            Progress::new(&self.session, "language model", training.steps, state.step);
        let trainer = LmTrainer {
            experiment: &self.experiment,
            cache: &self.train,
            tokenizer,
            session: &self.session,
            device: &self.chosen.device,
        };
        let every = training.steps.div_ceil(training.evaluations);
        let half = training.steps.div_ceil(2);
        let cases = self.train.selection().pass_len();
        if training.hard_errors.weight > 0.0 && training.steps * training.batch < 2 * cases {
            self.session.display.line(&format!(
                "warning: {} steps of {} see each of the {cases} cases less than twice; train.hard_errors weighs a case only when it comes again",
                training.steps, training.batch
            ));
        }
        while state.step < training.steps {
            let evaluation = ((state.step / every + 1) * every).min(training.steps);
            let until = if state.step < half {
                evaluation.min(half)
            } else {
                evaluation
            };
            trainer.run(&mut state, until, &mut progress, |row| log.append(&row))?;
            reached.step = state.step;
            if state.step == half {
                write_atomic(&self.folder.halfway_memory(), state.memory.as_bytes())?;
            }
            if self.session.interrupt.requested() {
                checkpoint::save(&self.folder, &state, tokenizer, reached)?;
                return Err(self.interrupted());
            }
            if state.step < evaluation {
                continue;
            }
            let evaluator = self.evaluator(&state.average, tokenizer)?;
            let valid = self.valid_dice(&evaluator)?;
            progress.line(&format!("step {}: {}", state.step, valid.said));
            log.append(&json!({
                "step": state.step,
                "valid_dice": valid.given,
                "valid_reworded_dice": valid.reworded,
            }))?;
            let dice = valid.to_choose_by();
            self.render_samples(&evaluator, state.step)?;
            if reached
                .best_dice
                .is_none_or(|best| dice.is_some_and(|dice| dice > best))
            {
                reached.best_dice = dice.or(reached.best_dice);
                checkpoint::save_best(&self.folder, &state.average, tokenizer, reached)?;
            }
            checkpoint::save(&self.folder, &state, tokenizer, reached)?;
        }
        progress.finish();
        self.train.warn_about_soft_masks(self.session.display);
        Ok(())
    }

    /// Dice of the validation cases, decoded freely.
    fn valid_dice(&self, evaluator: &Evaluator<'_>) -> Result<ValidDice> {
        let limit = self.experiment.data.valid_cases;
        let ask = |asking| evaluator.run(&self.valid, limit, asking, Display::Silent);
        let number = |dice: Option<f64>| dice.map_or("-".to_owned(), |dice| format!("{dice:.4}"));
        let cases = ask(Asking::GIVEN)?;
        // Where none can be asked there is nothing to choose by: the last one is taken.
        let askable = cases.iter().any(|case| case.asked);
        let given = mean_dice(&cases).filter(|_| askable);
        let mut said = format!(
            "free-running Dice per image {} on {} validation cases",
            number(given),
            cases.len()
        );
        let mut reworded = None;
        if text::rewords(&self.experiment, self.train.dataset()) {
            reworded = mean_dice(&ask(Asking {
                wording: Some(Wording::Varied),
                ..Asking::GIVEN
            })?);
            said += &format!(", {} in other words", number(reworded));
        }
        Ok(ValidDice {
            given,
            reworded,
            said,
        })
    }

    fn render_samples(&self, evaluator: &Evaluator<'_>, step: usize) -> Result<()> {
        const DRAWN: usize = 6;
        let limit = self.experiment.data.valid_cases;
        let folder = self.folder.samples_of(step);
        create_folder(&folder)?;
        let strips = (0..DRAWN.min(limit).min(self.valid.dataset().len()))
            .map(|index| {
                let case = evaluator.one(&self.valid, index, limit, Asking::GIVEN)?;
                Ok(pictures::strip_of(&case))
            })
            .collect::<Result<Vec<_>>>()?;
        let sheet = pictures::sheet(&strips, 1);
        write_atomic(&folder.join("samples.png"), &pictures::png(&sheet)?)
    }
}

#[cfg(test)]
mod tests {
    use super::ValidDice;

    fn chosen_by(given: f64, reworded: Option<f64>) -> f64 {
        let valid = ValidDice {
            given: Some(given),
            reworded,
            said: String::new(),
        };
        valid.to_choose_by().unwrap()
    }

    #[test]
    fn a_checkpoint_that_knows_few_other_words_is_not_chosen() {
        assert!(chosen_by(0.87, Some(0.73)) < chosen_by(0.86, Some(0.85)));
        assert_eq!(chosen_by(0.87, None), 0.87);
    }
}
