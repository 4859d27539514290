//! A list of cases, whatever it was read from.

mod entry;
mod lungs;
mod open;
mod renderings;
mod slice;

use sha2::{Digest, Sha256};

use crate::phantom::SentenceKind;
use crate::{Case, DataError, MaskRule, Remarks, SideConvention};
use entry::{Entry, Origin};
use mriseg::image::DecodedMask;
use renderings::Renderings;

/// The cases of one split.
#[derive(Debug)]
pub struct Dataset {
    name: String,
    split: String,
    side_convention: SideConvention,
    /// What is marked in the masks of each of the data sets that were joined.
    mask_rules: Vec<MaskRule>,
    cases: Vec<Entry>,
    remarks: Remarks,
    /// Of phantoms, their pictures.
    renderings: Option<Renderings>,
}

impl Dataset {
    /// The cases of both, those of `other` last.
    ///
    /// # Panics
    /// One of them holds phantoms, or their side conventions differ.
    #[must_use]
    pub fn joined(mut self, other: Self) -> Self {
        let read = self.renderings.is_none() && other.renderings.is_none();
        assert!(read, "phantoms cannot be joined");
        assert_eq!(self.side_convention, other.side_convention);
        let pictures = self.cases.iter().map(|case| case.picture + 1).max();
        let pictures = pictures.unwrap_or(0);
        let parts = self.mask_rules.len();
        self.mask_rules.extend(other.mask_rules);
        self.name = format!("{} + {}", self.name, other.name);
        self.remarks.extend(other.remarks);
        self.cases.extend(other.cases.into_iter().map(|case| Entry {
            picture: case.picture + pictures,
            part: case.part + parts,
            ..case
        }));
        self
    }

    /// The cases of each of the data sets that were joined, by number.
    pub fn parts(&self) -> Vec<Vec<usize>> {
        let mut parts: Vec<Vec<usize>> = Vec::new();
        for (number, case) in self.cases.iter().enumerate() {
            let count = parts.len().max(case.part + 1);
            parts.resize_with(count, Vec::new);
            parts[case.part].push(number);
        }
        parts
    }

    /// Leaves out the cases whose id and sentence are not `fit`; gives them.
    pub fn leave_out(&mut self, mut fit: impl FnMut(&str, &str) -> bool) -> Vec<(String, String)> {
        let mut left_out = Vec::new();
        self.cases.retain(|case| {
            let kept = fit(&case.id, &case.text);
            if !kept {
                left_out.push((case.id.clone(), case.text.clone()));
            }
            kept
        });
        left_out
    }

    /// The same cases, whose sentences name sides by this convention. Folders and shards do not say which they follow.
    ///
    /// # Panics
    /// The cases are phantoms, whose left is that of the picture, and the convention is the patient's.
    #[must_use]
    pub fn with_side_convention(self, side_convention: SideConvention) -> Self {
        assert!(
            self.renderings.is_none() || side_convention == SideConvention::Viewer,
            "the left of a phantom is that of the picture"
        );
        Self {
            side_convention,
            ..self
        }
    }

    /// The same cases, in whose mask files `rule` says what is marked. Packed masks and phantoms are marked already.
    #[must_use]
    pub fn with_mask_rule(mut self, rule: &MaskRule) -> Self {
        self.mask_rules.fill(rule.clone());
        self
    }

    /// How many cases there are.
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Whether there is no case.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// Whose left "left" is.
    pub fn side_convention(&self) -> SideConvention {
        self.side_convention
    }

    /// Name of the folder, or "phantoms".
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The split as it was asked for.
    pub fn split(&self) -> &str {
        &self.split
    }

    /// Name of a case.
    ///
    /// # Panics
    /// When there is no case `i`; so do the other methods that take a case's number.
    pub fn id(&self, i: usize) -> &str {
        &self.cases[i].id
    }

    /// Sentence of a case.
    pub fn text(&self, i: usize) -> &str {
        &self.cases[i].text
    }

    /// All sentences, in the order of the cases.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.cases.iter().map(|case| case.text.as_str())
    }

    /// What a phantom's sentence asks for; `None` for cases read from files.
    pub fn kind(&self, i: usize) -> Option<SentenceKind> {
        match &self.cases[i].origin {
            Origin::Phantom(referral) => Some(referral.kind),
            Origin::Files(_) | Origin::Packed(_) => None,
        }
    }

    /// What is worth knowing about its table; nothing of phantoms and packed data.
    pub fn remarks(&self) -> &Remarks {
        &self.remarks
    }

    /// A number that cases of the same picture share, counted from 0 in order of appearance.
    pub fn picture(&self, i: usize) -> usize {
        self.cases[i].picture
    }

    /// Reads (or renders) a case. May be called from many threads at once.
    ///
    /// # Errors
    /// [`DataError`] with the file that is missing or no usable picture, or when picture and mask differ in size.
    pub fn load(&self, i: usize) -> Result<Case, DataError> {
        let entry = &self.cases[i];
        let case = match &entry.origin {
            Origin::Files(files) => files.load(&entry.id, &self.mask_rules[entry.part])?,
            Origin::Packed(parts) => parts.load(&entry.id)?,
            Origin::Phantom(referral) => {
                let renderings = self
                    .renderings
                    .as_ref()
                    .expect("the renderings of phantoms");
                let rendering = renderings.get(&self.split, entry.picture);
                Case {
                    mask: rendering.mask(&referral.findings),
                    lesions: rendering.lesions.clone(),
                    lungs: Some(rendering.lungs.clone()),
                    ..Case::new(&entry.id, rendering.image.clone())
                }
            }
        };
        Ok(Case {
            text: entry.text.clone(),
            ..case
        })
    }

    /// Reads the mask of a case without its picture; `None` of packed data and phantoms, whose masks are as they should be,
    /// and where nothing is marked without a file.
    ///
    /// # Errors
    /// [`DataError`] with the file that is missing or no usable mask.
    pub fn load_mask(&self, i: usize) -> Result<Option<DecodedMask>, DataError> {
        let entry = &self.cases[i];
        match &entry.origin {
            Origin::Files(files) => files.load_mask(&self.mask_rules[entry.part]),
            Origin::Packed(_) | Origin::Phantom(_) => Ok(None),
        }
    }

    /// Keeps `n` cases, spread evenly over the split, or all when there are no more.
    pub fn thin(&mut self, n: usize) {
        let total = self.cases.len();
        if n >= total {
            return;
        }
        let mut number = 0;
        self.cases.retain(|_| {
            let kept = number * n / total < (number + 1) * n / total;
            number += 1;
            kept
        });
    }

    /// Length in bytes of the files of a case, or of its parts in a shard; none of a phantom.
    pub fn sizes(&self, i: usize) -> Vec<u64> {
        match &self.cases[i].origin {
            Origin::Files(files) => files.bytes().collect(),
            Origin::Packed(parts) => parts.bytes().collect(),
            Origin::Phantom(_) => Vec::new(),
        }
    }

    /// SHA-256 (hex) over what identifies the cases: ids, sentences and sizes of their files or of their parts in
    /// shards, or the generator's config; over the side convention where it is the patient's, and over what is marked in
    /// masks where they do not tell that themselves.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let mut field = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        field(self.split.as_bytes());
        if let Some(renderings) = &self.renderings {
            field(format!("{:?}", renderings.config).as_bytes());
        }
        if self.side_convention == SideConvention::Patient {
            field(b"the patient's left");
        }
        for (part, rule) in self.mask_rules.iter().enumerate() {
            if !rule.is_default() {
                field(format!("marked in {part}: {rule}").as_bytes());
            }
        }
        for (i, case) in self.cases.iter().enumerate() {
            field(case.id.as_bytes());
            field(case.text.as_bytes());
            for bytes in self.sizes(i) {
                field(&bytes.to_le_bytes());
            }
        }
        format!("{:x}", hash.finalize())
    }
}
