//! A gallery as the page has one: a folder with pictures and `gallery.json`, which lists them with sentences.

use anyhow::Result;
use serde::Deserialize;
use std::fs;
use std::path::Path;

use crate::system::exit::data;

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
    let list = folder.join("gallery.json");
    serde_json::from_slice(&read_file(&list)?)
        .map_err(|error| data(format!("`{}` is no gallery: {error}", list.display())))
}

/// Bytes of a file that the user named.
///
/// # Errors
/// It cannot be read.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| data(format!("cannot read `{}`: {error}", path.display())))
}
