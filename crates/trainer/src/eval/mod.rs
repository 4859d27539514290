//! How good a model is: masks decoded and compared, and probes of what it has learned.

mod answers;
mod baseline;
mod codes;
mod decode;
mod evaluator;
#[cfg(test)]
pub(crate) mod fixtures;
mod prober;
mod prompt_probe;
mod score;
pub(crate) mod side_swap;
mod strategy_probe;

pub(crate) use answers::Prediction;
pub(crate) use baseline::Baseline;
pub(crate) use codes::oracle_dice;
pub(crate) use evaluator::{DecodeMode, Evaluator, SampleMean};
pub(crate) use prompt_probe::{Measure, ProbeRow, PromptProbe};
pub(crate) use score::{CaseResult, TextScore, mean, mean_dice, pooled};
pub(crate) use strategy_probe::StrategyScores;
#[cfg(test)]
pub(crate) use strategy_probe::TokenScores;
