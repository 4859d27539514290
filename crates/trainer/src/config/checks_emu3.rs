//! What codes of Emu3's tokenizer rule out: they are made once, and what a code draws depends on those around it.

use anyhow::Result;
use mriseg::decode::Pick;

use super::number::check;
use super::schema::Experiment;
use crate::system::usage;

const ON_EMU3: &str = "model.lm.image_tokens = \"mask_codes\"";

/// Refuses what cannot be done with such codes.
///
/// # Errors
/// The first setting that needs another tokenizer, or none that names this one.
pub(super) fn check_emu3(experiment: &Experiment) -> Result<()> {
    let (emu3, train, augment) = (&experiment.emu3, &experiment.train, &experiment.augment);
    for (name, value) in [("emu3.from", &emu3.from), ("emu3.codes", &emu3.codes)] {
        if value.is_empty() {
            return Err(usage(format!(
                "{ON_EMU3} needs {name}: a folder, see configs/paper.toml"
            )));
        }
    }
    for (name, value) in [
        ("mask_tokenizer.from", &experiment.mask_tokenizer.from),
        ("image_tokenizer.from", &experiment.image_tokenizer.from),
    ] {
        if !value.is_empty() {
            return Err(usage(format!(
                "{name} = `{value}`: {ON_EMU3} takes Emu3's tokenizer instead; leave it empty"
            )));
        }
    }
    let mirrored_only = format!(
        "with {ON_EMU3} codes are made once, so that a picture can only be mirrored (augment.flip); set it to 0"
    );
    let changes = [
        ("augment.rotate_degrees", augment.rotate_degrees),
        ("augment.scale", augment.scale),
        ("augment.translate", augment.translate),
        ("augment.brightness", augment.brightness),
        ("augment.contrast", augment.contrast),
        ("augment.gamma", augment.gamma),
        ("augment.noise", augment.noise),
        ("augment.damage", augment.damage),
        ("augment.upside_down", augment.upside_down),
    ];
    check(&changes, |change| change == 0.0, &mirrored_only)?;
    if train.pick != Pick::MostProbable {
        return Err(usage(format!(
            "train.pick: least_error and best_dice compare what single codes draw, which with {ON_EMU3} depends on those around them; set it to \"most_probable\""
        )));
    }
    let own_only =
        format!("it needs the mask tokenizer that is trained here; with {ON_EMU3} set it to 0");
    let losses = [
        ("train.soft_decode", train.soft_decode.into()),
        ("train.contrast.reach", train.contrast.reach),
    ];
    check(&losses, |weight: f64| weight == 0.0, &own_only)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Emu3Source;
    use mriseg::config::ImageTokens;
    use mriseg_data::AugmentConfig;

    #[test]
    fn what_codes_of_emu3_rule_out_is_refused_by_name() {
        let mut paper = Experiment::tiny();
        paper.model.lm.image_tokens = ImageTokens::MaskCodes;
        paper.emu3 = Emu3Source {
            from: "emu3".to_owned(),
            codes: "codes".to_owned(),
        };
        paper.augment = AugmentConfig {
            flip: 0.5,
            ..AugmentConfig::none()
        };
        paper.train.pick = Pick::MostProbable;
        paper.train.contrast.reach = 0.0;
        paper.validate().unwrap();
        let refuse = |name: &str, change: fn(&mut Experiment)| {
            let mut experiment = paper.clone();
            change(&mut experiment);
            let message = experiment.validate().unwrap_err().to_string();
            assert!(message.contains(name), "{message}");
        };
        refuse("emu3.codes", |e| e.emu3.codes.clear());
        refuse("emu3.from", |e| e.emu3.from.clear());
        refuse("augment.scale = 0.1", |e| e.augment.scale = 0.1);
        refuse("augment.flip = 1.5", |e| e.augment.flip = 1.5);
        refuse("train.pick", |e| e.train.pick = Pick::LeastError);
        refuse("train.contrast.reach", |e| e.train.contrast.reach = 0.125);
        refuse("train.soft_decode", |e| e.train.soft_decode = 1.0);
        refuse("mask_tokenizer.from", |e| {
            e.mask_tokenizer.from = "runs/a".to_owned();
        });
        refuse("mask_codes", |e| {
            e.model.lm.image_tokens = ImageTokens::Features;
        });
    }
}
