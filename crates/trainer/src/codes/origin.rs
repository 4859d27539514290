//! What codes are of and what made them.

use mriseg_emu3::{Emu3Config, Emu3Dir};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::config::{Experiment, SplitRole};

/// What codes are of and what made them: those of one folder have this in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Origin {
    /// Sizes of the tokenizer.
    emu3: Emu3Config,
    /// SHA-256 of its weights.
    weights_sha256: String,
    /// Side to which pictures and masks were scaled, in pixels.
    size: usize,
    /// Whether training cases are there in a mirror, too.
    mirrored: bool,
    /// Whether training cases have sentences derived from their masks, too.
    derived: bool,
    /// Fingerprint of every split, by what it is used for.
    splits: BTreeMap<SplitRole, String>,
}

impl Origin {
    /// Of the codes that `experiment` is trained on; `splits` are the fingerprints of its data.
    pub(crate) fn new(
        experiment: &Experiment,
        emu3: &Emu3Dir,
        splits: BTreeMap<SplitRole, String>,
    ) -> Self {
        Self {
            emu3: emu3.config().clone(),
            weights_sha256: emu3.entry().sha256.clone(),
            size: experiment.model.mask.size,
            mirrored: experiment.augment.flip > 0.0,
            derived: experiment.data.requests.side > 0.0,
            splits,
        }
    }

    /// Where the codes of a split are: those of equal splits are kept once.
    pub(crate) fn stored_as(&self, role: SplitRole) -> SplitRole {
        if role == SplitRole::Test
            && self.splits[&SplitRole::Test] == self.splits[&SplitRole::Valid]
        {
            SplitRole::Valid
        } else {
            role
        }
    }

    /// Pictures of a case: as it is, and mirrored.
    pub(crate) fn variants(&self, role: SplitRole) -> usize {
        if role == SplitRole::Train && self.mirrored {
            2
        } else {
            1
        }
    }

    /// Whether cases of a split have derived sentences, too.
    pub(crate) fn derives(&self, role: SplitRole) -> bool {
        role == SplitRole::Train && self.derived
    }

    /// Codes that there are.
    pub(super) fn codebook_size(&self) -> usize {
        self.emu3.codebook_size
    }

    /// The same of more: with mirrored cases and derived sentences where `other` has them, which does no harm.
    pub(super) fn with_extras_of(&self, other: &Self) -> Self {
        Self {
            mirrored: self.mirrored || other.mirrored,
            derived: self.derived || other.derived,
            ..self.clone()
        }
    }

    /// Codes of a picture or mask.
    pub(super) fn cells(&self) -> usize {
        (self.size / self.emu3.patch()).pow(2)
    }

    /// What differs between two, for people.
    pub(super) fn difference(&self, other: &Self) -> String {
        let of = |origin: &Self| {
            let split = |role| origin.splits.get(&role).map_or("none", String::as_str);
            [
                ("a tokenizer of sizes", format!("{:?}", origin.emu3)),
                (
                    "a tokenizer with weights of SHA-256",
                    origin.weights_sha256.clone(),
                ),
                ("pictures of side", origin.size.to_string()),
                ("mirrored cases:", origin.mirrored.to_string()),
                ("derived sentences:", origin.derived.to_string()),
                (
                    "training data of fingerprint",
                    split(SplitRole::Train).to_owned(),
                ),
                (
                    "validation data of fingerprint",
                    split(SplitRole::Valid).to_owned(),
                ),
                (
                    "test data of fingerprint",
                    split(SplitRole::Test).to_owned(),
                ),
            ]
        };
        let differing = of(self).into_iter().zip(of(other)).find(|(a, b)| a != b);
        differing.map_or("something else".to_owned(), |((name, a), (_, b))| {
            format!("{name} {a}, not {b}")
        })
    }
}
