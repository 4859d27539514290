//! One case of a list, wherever it comes from.

use std::collections::HashMap;
use std::hash::Hash;
use std::path::PathBuf;

use crate::phantom::Referral;
use crate::readers::files::{CaseFiles, FileCase};
use crate::shards::{CaseParts, PictureKey, ShardCase};

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) text: String,
    /// Cases of one picture share this number.
    pub(super) picture: usize,
    /// Which of the joined data sets it belongs to.
    pub(super) part: usize,
    pub(super) origin: Origin,
}

#[derive(Debug)]
pub(super) enum Origin {
    Files(CaseFiles),
    Packed(CaseParts),
    Phantom(Referral),
}

impl Entry {
    pub(super) fn has_lungs(&self) -> bool {
        match &self.origin {
            Origin::Files(files) => files.lungs.is_some(),
            Origin::Packed(parts) => parts.has_lungs(),
            Origin::Phantom(_) => true,
        }
    }
}

/// Cases that are given one after the other, with the numbers of their pictures; equal keys are one picture.
#[derive(Debug)]
pub(super) struct Numbered<K> {
    numbers: HashMap<K, usize>,
    pub(super) cases: Vec<Entry>,
}

impl<K: Eq + Hash> Numbered<K> {
    pub(super) fn new() -> Self {
        Self {
            numbers: HashMap::new(),
            cases: Vec::new(),
        }
    }

    fn push(&mut self, id: String, text: String, key: K, origin: Origin) {
        let next = self.numbers.len();
        self.cases.push(Entry {
            id,
            text,
            picture: *self.numbers.entry(key).or_insert(next),
            part: 0,
            origin,
        });
    }
}

impl Numbered<PathBuf> {
    pub(super) fn add(&mut self, case: FileCase) {
        let key = case.files.image.clone();
        self.push(case.id, case.text, key, Origin::Files(case.files));
    }
}

impl Numbered<PictureKey> {
    pub(super) fn add(&mut self, case: ShardCase) {
        let origin = Origin::Packed(case.parts);
        self.push(case.id, case.text, case.picture, origin);
    }
}
