//! The words and frames that sentences are made of.

pub(crate) mod clear;
pub(crate) mod denials;
pub(crate) mod english;
pub(crate) mod fillers;
pub(crate) mod forms;
pub(crate) mod frames;
pub(crate) mod lexicon;
pub(crate) mod off_topic;
