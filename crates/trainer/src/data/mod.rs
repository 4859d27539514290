//! Cases: splits, those in memory, tensors, and what a model is asked about a case.

mod cache;
mod captions;
#[cfg(test)]
pub(crate) mod fixtures;
pub(crate) mod gallery;
mod mask_survey;
mod question;
mod random;
mod selection;
mod splits;
mod tensors;
pub(crate) mod text;
mod training;

pub(crate) use cache::{CaseCache, PreparedCase, warn_about_soft_masks};
pub(crate) use captions::{BeganWithout, Captioned, changed_pictures, warn_about_questions};
pub(crate) use mask_survey::{MaskLook, MaskSurvey, survey_masks};
pub(crate) use question::{Asking, Question, TextMode, Words};
pub(crate) use random::rng;
pub(crate) use splits::{Splits, open, say_what_is_left_out};
pub(crate) use tensors::{masks, pictures, texts, tokenize, true_mask};
pub(crate) use training::{Changes, TrainingCase};
