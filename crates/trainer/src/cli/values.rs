//! Values of options that are not numbers, files or enums of this crate.

use clap::Args;
use clap::builder::{OsStringValueParser, PossibleValue, PossibleValuesParser, TypedValueParser};
use mriseg::bundle::{Precision, SideConvention};
use mriseg::decode::{DecodeStrategy, Pick};
use mriseg_data::{Disturbance, MaskRule, Wording};
use serde::de::DeserializeOwned;

use crate::config::DataSpec;
use crate::data::Words;

/// What is marked in mask files.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct MaskArgs {
    /// Which values of the mask files are marked, where the files do not tell: a number, a colour such as "#ff0000", or several
    /// with commas
    #[arg(
        long,
        value_name = "VALUE,…",
        default_value_t,
        hide_default_value = true
    )]
    pub(crate) mask_value: MaskRule,
}

/// One of these names, each with its help, as serde reads them with `_` for `-`.
fn named<T>(names: &[(&'static str, &'static str)]) -> impl TypedValueParser<Value = T> + use<T>
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    let values = names
        .iter()
        .map(|(name, help)| PossibleValue::new(*name).help(*help));
    PossibleValuesParser::new(values)
        .try_map(|name| serde_json::from_value::<T>(name.replace('-', "_").into()))
}

/// `--data`.
pub(super) fn data() -> impl TypedValueParser<Value = DataSpec> {
    OsStringValueParser::new().map(DataSpec::from)
}

/// `--pick`.
pub(super) fn pick() -> impl TypedValueParser<Value = Pick> {
    named(&[
        ("most-probable", "The most probable code"),
        ("least-error", "The code of least expected pixel error"),
        (
            "best-dice",
            "The same, drawing sooner where the model is unsure",
        ),
    ])
}

/// `--decode`.
pub(super) fn decode() -> impl TypedValueParser<Value = DecodeStrategy> {
    named(&[
        ("greedy", "One token per pass through the model"),
        (
            "speculative",
            "As many tokens per pass as the look-ahead heads guess right",
        ),
    ])
}

/// `--precision`.
pub(super) fn precision() -> impl TypedValueParser<Value = Precision> {
    named(&[("f16", "16-bit numbers"), ("f32", "32-bit numbers")])
}

/// `--sides`.
pub(super) fn sides() -> impl TypedValueParser<Value = SideConvention> {
    named(&[
        ("viewer", "The left side of the picture"),
        (
            "patient",
            "The patient's left, the right side of the picture",
        ),
    ])
}

/// `--wordings`.
pub(super) fn wordings() -> impl TypedValueParser<Value = Words> {
    let names = Wording::ALL.map(Wording::as_str);
    PossibleValuesParser::new(std::iter::once("given").chain(names)).map(|name| {
        let mut all = Wording::ALL.into_iter();
        Words(all.find(|wording| wording.as_str() == name))
    })
}

/// `--pictures`.
pub(super) fn disturbances() -> impl TypedValueParser<Value = Disturbance> {
    PossibleValuesParser::new(Disturbance::ALL.map(Disturbance::as_str)).map(|name| {
        let mut all = Disturbance::ALL.into_iter();
        all.find(|kind| kind.as_str() == name)
            .unwrap_or(Disturbance::Plain)
    })
}

/// From 0 to 1.
pub(super) fn share(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("must lie between 0 and 1".to_owned()),
    }
}

/// Above 0, at most 10.
pub(super) fn temperature(text: &str) -> Result<f32, String> {
    let number = text.parse().ok().filter(|t| 0.0 < *t && *t <= 10.0);
    number.ok_or_else(|| "must be above 0 and at most 10".to_owned())
}

/// Between 0 and 1, both excluded.
pub(super) fn probability(text: &str) -> Result<f32, String> {
    let number = text.parse().ok().filter(|p| 0.0 < *p && *p < 1.0);
    number.ok_or_else(|| "must lie between 0 and 1, both excluded".to_owned())
}
