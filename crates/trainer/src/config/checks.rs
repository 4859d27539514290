//! What an experiment must not be.

use anyhow::Result;
use mriseg::bundle::SideConvention;
use mriseg::config::{ImageEncoderKind, ImageTokens};

use super::checks_emu3::check_emu3;
use super::data_spec::DataSpec;
use super::number::check;
use super::schema::{Emu3Source, Experiment};
use crate::system::usage;

impl Experiment {
    /// Refuses values that cannot be meant.
    ///
    /// # Errors
    /// The first such value, with what it must be.
    pub(crate) fn validate(&self) -> Result<()> {
        self.model
            .validate()
            .map_err(|error| usage(error.to_string()))?;
        self.check_numbers()?;
        let rounds = self.train.gradient_accumulation_steps;
        if rounds > self.train.groups() {
            return Err(usage(format!(
                "train.gradient_accumulation_steps = {rounds}: a part needs a case at least, {}; set it to {} or less, or train.batch higher",
                self.train.parts_of_a_batch(),
                self.train.groups()
            )));
        }
        self.check_weights()?;
        self.check_requests()?;
        self.check_sources()?;
        self.check_sides()?;
        self.check_encoders()?;
        if self.on_stored_codes() {
            check_emu3(self)
        } else if self.emu3 == Emu3Source::default() {
            Ok(())
        } else {
            Err(usage(
                "emu3.from and emu3.codes go with model.lm.image_tokens = \"mask_codes\": set it, as configs/paper.toml does, or leave them empty",
            ))
        }
    }

    fn check_sides(&self) -> Result<()> {
        let patient = self.data.side_convention == SideConvention::Patient;
        if patient && self.source() == DataSpec::Phantoms {
            return Err(usage(
                "data.side_convention = \"patient\" goes with a folder of X-rays: the left of a phantom is that of the picture",
            ));
        }
        Ok(())
    }

    fn check_numbers(&self) -> Result<()> {
        let (train, augment) = (&self.train, &self.augment);
        let counts = [
            ("train.steps", train.steps),
            ("train.batch", train.batch),
            (
                "train.gradient_accumulation_steps",
                train.gradient_accumulation_steps,
            ),
            ("train.evaluations", train.evaluations),
            ("mask_tokenizer.steps", self.mask_tokenizer.steps),
            ("mask_tokenizer.batch", self.mask_tokenizer.batch),
            ("image_tokenizer.batch", self.image_tokenizer.batch),
            ("data.valid_cases", self.data.valid_cases),
        ];
        check(&counts, |count| count > 0, "it must be at least 1")?;
        let turn = [("augment.rotate_degrees", augment.rotate_degrees)];
        let sides = "it must be at least 0 and below 90, as words for sides do not turn";
        check(&turn, |degrees| (0.0..90.0).contains(&degrees), sides)?;
        let shares = [
            ("train.warmup", train.warmup),
            ("train.text_dropout", train.text_dropout),
            ("train.token_noise", train.token_noise),
            ("train.misleading_context", train.misleading_context),
            ("train.marginal_cases", train.marginal_cases),
            ("train.own_context", train.own_context),
            ("train.marginal_share", train.marginal_share.into()),
            ("train.average_decay", train.average_decay.into()),
            ("train.start_share", train.start_share.into()),
            ("train.next_k.decay", train.next_k.decay),
            ("train.contrast.reach", train.contrast.reach),
            ("train.hard_errors.share", train.hard_errors.share),
            ("train.hard_errors.decay", train.hard_errors.decay.into()),
            ("train.hard_errors.warmup", train.hard_errors.warmup),
            ("augment.flip", augment.flip.into()),
            ("augment.upside_down", augment.upside_down.into()),
            ("augment.damage", augment.damage.into()),
            ("augment.colour", augment.colour.into()),
        ];
        check_shares(&shares)?;
        let thresholds = [
            ("train.presence_threshold", train.presence_threshold),
            ("train.dice_threshold", train.dice_threshold),
        ];
        let inside = |threshold: f32| threshold > 0.0 && threshold < 1.0;
        check(
            &thresholds,
            inside,
            "must lie between 0 and 1, both excluded",
        )
    }

    fn check_weights(&self) -> Result<()> {
        let train = &self.train;
        let positive = [
            ("train.learning_rate", train.learning_rate),
            (
                "mask_tokenizer.learning_rate",
                self.mask_tokenizer.learning_rate,
            ),
            (
                "image_tokenizer.learning_rate",
                self.image_tokenizer.learning_rate,
            ),
            ("train.clip_norm", train.clip_norm.into()),
            ("train.contrast.temperature", train.contrast.temperature),
            ("train.contrast.boundary", train.contrast.boundary.into()),
            ("train.hard_errors.cap", train.hard_errors.cap.into()),
        ];
        check(
            &positive,
            |v| v > 0.0 && v.is_finite(),
            "it must be above 0",
        )?;
        let weights = [
            ("train.soft_decode", train.soft_decode.into()),
            ("train.reading", train.reading),
            ("train.presence", train.presence),
            ("image_encoder.rate", self.image_encoder.rate),
            ("train.next_k.weight", train.next_k.weight),
            ("train.next_k.final_weight", train.next_k.final_weight),
            ("train.contrast.weight", train.contrast.weight),
            ("train.hard_errors.weight", train.hard_errors.weight),
        ];
        check(
            &weights,
            |v| v >= 0.0 && v.is_finite(),
            "a weight must not be negative",
        )?;
        if self.model.lm.presence && train.presence == 0.0 {
            return Err(usage(
                "train.presence = 0 leaves the presence head untrained, and what it says would count: give it a weight, or set model.lm.presence = false",
            ));
        }
        Ok(())
    }

    fn check_requests(&self) -> Result<()> {
        let mix = &self.data.requests;
        let questions = mix.questions();
        let together: f64 = questions.iter().map(|(_, share)| share).sum();
        if together > 1.0 {
            return Err(usage(format!(
                "the shares side, everything, nothing, lungs and other of data.requests add up to {together:.2}: they must leave room for what the data asks, at most 1"
            )));
        }
        let others = [("reworded", mix.reworded), ("warmup", mix.warmup)];
        for (name, share) in others.into_iter().chain(questions) {
            check_shares(&[(&format!("data.requests.{name}"), share)])?;
        }
        Ok(())
    }

    fn check_sources(&self) -> Result<()> {
        let share = self.data.without_findings;
        if share != 0.0 && (self.on_stored_codes() || !(0.0..1.0).contains(&share)) {
            return Err(usage(format!(
                "data.without_findings = {share}: it must be at least 0 and below 1, and goes with tokenizers that are trained here"
            )));
        }
        let sources = &self.data.sources;
        if sources.is_empty() {
            return Ok(());
        }
        if self.on_stored_codes() || self.source() == DataSpec::Phantoms {
            return Err(usage(
                "data.sources goes with a folder as data.source, and with tokenizers that are trained here",
            ));
        }
        let together: f64 = sources.iter().map(|source| source.share).sum();
        if sources.iter().any(|source| source.share <= 0.0) || together >= 1.0 {
            return Err(usage(format!(
                "the shares of data.sources add up to {together:.2}: each must be above 0, and together they must leave room for `{}`, below 1",
                self.data.source
            )));
        }
        Ok(())
    }

    fn check_encoders(&self) -> Result<()> {
        let trained = self.image_tokenizer.steps > 0 || !self.image_tokenizer.from.is_empty();
        if self.model.lm.image_tokens == ImageTokens::Codes && !trained {
            return Err(usage(
                "model.lm.image_tokens = \"codes\" needs a trained image tokenizer: set image_tokenizer.steps, for example 1500",
            ));
        }
        let pretrained = self.model.image.encoder == ImageEncoderKind::EfficientnetLite0;
        if !pretrained && !self.image_encoder.from.is_empty() {
            return Err(usage(
                "image_encoder.from goes with model.image.encoder = \"efficientnet_lite0\": set it, or leave image_encoder.from empty",
            ));
        }
        if pretrained && trained {
            return Err(usage(
                "image_tokenizer.steps and image_tokenizer.from are for model.image.encoder = \"conv\": set steps = 0 and leave from empty",
            ));
        }
        Ok(())
    }
}

fn check_shares(shares: &[(&str, f64)]) -> Result<()> {
    check(
        shares,
        |share| (0.0..=1.0).contains(&share),
        "it must lie between 0 and 1",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::FurtherSource;

    #[test]
    fn further_sources_need_a_folder_beside_them_and_leave_room_for_it() {
        let of = |source: &str, shares: &[f64]| {
            let mut experiment = Experiment::tiny();
            experiment.data.source = source.to_owned();
            let further = shares.iter().map(|&share| FurtherSource {
                folder: "polyp".into(),
                share,
                mask_value: Default::default(),
            });
            experiment.data.sources = further.collect();
            experiment.validate().map_err(|error| error.to_string())
        };
        of("qata", &[0.3, 0.2]).unwrap();
        assert!(of("phantoms", &[0.3]).unwrap_err().contains("a folder"));
        assert!(of("qata", &[0.7, 0.4]).unwrap_err().contains("1.10"));
        assert!(of("qata", &[0.0]).unwrap_err().contains("above 0"));
    }

    #[test]
    fn the_share_of_pictures_without_findings_leaves_room_for_others() {
        let mut experiment = Experiment::tiny();
        for (share, right) in [(0.0, true), (0.4, true), (1.0, false), (-0.1, false)] {
            experiment.data.without_findings = share;
            let checked = experiment.validate().map_err(|error| error.to_string());
            assert_eq!(checked.is_ok(), right, "{share}");
            assert!(right || checked.unwrap_err().contains("data.without_findings"));
        }
    }

    #[test]
    fn a_batch_is_accumulated_in_parts_that_have_cases() {
        let mut experiment = Experiment::tiny();
        experiment.train.batch = 8;
        for (weight, steps, right) in [
            (0.0, 0, false),
            (0.0, 8, true),
            (0.0, 9, false),
            (0.1, 2, true),
            (0.1, 3, false),
        ] {
            experiment.train.contrast.weight = weight;
            experiment.train.gradient_accumulation_steps = steps;
            let checked = experiment.validate().map_err(|error| error.to_string());
            assert_eq!(checked.is_ok(), right, "{steps} {checked:?}");
            let named = "train.gradient_accumulation_steps";
            assert!(right || checked.unwrap_err().contains(named));
        }
    }

    #[test]
    fn the_patients_side_goes_with_a_folder() {
        let mut experiment = Experiment::tiny();
        experiment.data.side_convention = SideConvention::Patient;
        let message = experiment.validate().unwrap_err().to_string();
        assert!(message.contains("data.side_convention"), "{message}");
        experiment.data.source = "qata".to_owned();
        experiment.validate().unwrap();
    }

    #[test]
    fn codes_without_an_image_tokenizer_are_refused() {
        let mut experiment = Experiment::tiny();
        experiment.model.lm.image_tokens = ImageTokens::Codes;
        experiment.image_tokenizer.steps = 0;
        let message = experiment.validate().unwrap_err().to_string();
        assert!(message.contains("image_tokenizer.steps"), "{message}");
    }
}
