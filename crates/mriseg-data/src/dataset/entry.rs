//! One case of a list, wherever it comes from.

use std::collections::HashMap;
use std::hash::Hash;

use crate::phantom::Referral;
use crate::readers::files::{CaseFiles, FileCase};
use crate::shards::{CaseParts, ShardCase};

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

pub(super) fn cases_of_files(files: Vec<FileCase>) -> Vec<Entry> {
    let cases = files.into_iter().map(|case| {
        let key = case.files.image.clone();
        (case.id, case.text, key, Origin::Files(case.files))
    });
    numbered(cases).collect()
}

pub(super) fn cases_of_shards(shards: Vec<Vec<ShardCase>>) -> Vec<Entry> {
    let count = shards.iter().map(Vec::len).sum();
    let cases = shards.into_iter().flatten();
    let cases = cases.map(|case| (case.id, case.text, case.picture, Origin::Packed(case.parts)));
    let mut entries = Vec::with_capacity(count);
    entries.extend(numbered(cases));
    entries
}

/// Cases with the numbers of their pictures; equal keys are one picture.
fn numbered<K: Eq + Hash>(
    cases: impl Iterator<Item = (String, String, K, Origin)>,
) -> impl Iterator<Item = Entry> {
    let mut numbers = HashMap::new();
    cases.map(move |(id, text, key, origin)| {
        let next = numbers.len();
        Entry {
            id,
            text,
            picture: *numbers.entry(key).or_insert(next),
            part: 0,
            origin,
        }
    })
}
