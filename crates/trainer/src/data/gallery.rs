//! A gallery as the page has one: a folder with pictures and `gallery.json`, which lists them with sentences.

use anyhow::Result;
use serde::Deserialize;
use std::path::Path;

use crate::system::read_json;

/// The file that lists the pictures of a gallery.
pub(crate) const LIST: &str = "gallery.json";

/// A picture of `gallery.json`.
#[derive(Debug, Deserialize)]
pub(crate) struct Item {
    /// File in the gallery's folder.
    pub(crate) image: String,
    /// What can be asked for in it.
    pub(crate) sentences: Vec<Sentence>,
}

/// A sentence of `gallery.json`.
#[derive(Debug, Deserialize)]
pub(crate) struct Sentence {
    pub(crate) text: String,
}

/// The list of a gallery.
///
/// # Errors
/// There is none, or it is no list of pictures.
pub(crate) fn read(folder: &Path) -> Result<Vec<Item>> {
    let remedy = "a gallery is a folder with pictures and gallery.json, which lists them";
    read_json(&folder.join(LIST), remedy)
}
