//! A list of cases, whatever it was read from.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use mriseg::image::{Mask, Picture};
use sha2::{Digest, Sha256};

use crate::phantom::{Drawing, Phantom, PhantomConfig, Referral, SentenceKind};
use crate::readers::lungs::LungFolder;
use crate::readers::{lvit, qata};
use crate::shards::{self, CaseParts};
use crate::{DataError, Findings, Sample, SideConvention};

/// Drawings kept because the next cases of a list ask for the same picture.
const KEPT_DRAWINGS: usize = 32;

/// The cases of one split.
#[derive(Debug)]
pub struct Dataset {
    name: String,
    split: String,
    side_convention: SideConvention,
    cases: Vec<Case>,
    source: Source,
}

#[derive(Debug)]
struct Case {
    id: String,
    text: String,
    /// Cases of one picture share this number.
    picture: usize,
    /// Which of the data sets that were joined it is of.
    part: usize,
    origin: Origin,
}

#[derive(Debug)]
enum Origin {
    Files(CaseFiles),
    Packed(CaseParts),
    Phantom(Referral),
}

#[derive(Debug)]
enum Source {
    Files,
    Phantoms {
        config: PhantomConfig,
        kept: Mutex<VecDeque<(usize, Arc<Drawing>)>>,
    },
}

/// A row of a table whose files have been found.
#[derive(Debug)]
pub(crate) struct FileCase {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) files: CaseFiles,
}

/// Where a case lies on disk.
#[derive(Debug)]
pub(crate) struct CaseFiles {
    pub(crate) image: PathBuf,
    /// `None`: nothing is marked.
    pub(crate) mask: Option<PathBuf>,
    /// Mask of the lungs, of any size.
    pub(crate) lungs: Option<PathBuf>,
}

impl Dataset {
    /// Opens a split ("train", "valid" or "test") of a folder in the QaTa layout (`captions.csv`, `<split>/img`,
    /// `<split>/mask`) or the LViT layout (`Train_Folder`, `Val_Folder`, `Test_Folder`, each with `img`, `labelcol`
    /// and a `*_text.xlsx`), or of one that [`ShardWriter`](crate::ShardWriter) wrote (`<split>-000000.tar`, …).
    /// Pictures are looked for but not read. All of these mean the viewer's left.
    ///
    /// # Errors
    /// [`DataError`] when the folder, the split, the table or any file of any row is missing; all such rows are
    /// listed. A shard that is cut off or damaged is named with the entry.
    pub fn open(dir: &Path, split: &str) -> Result<Self, DataError> {
        if !dir.is_dir() {
            return Err(DataError::NoFolder {
                path: dir.to_owned(),
            });
        }
        let cases = if dir.join(qata::TABLE).is_file() {
            cases_of_files(qata::open(dir, split)?)
        } else if lvit::is_layout(dir) {
            cases_of_files(lvit::open(dir, split)?)
        } else if shards::is_layout(dir) {
            cases_of_shards(shards::open(dir, split)?)
        } else {
            return Err(DataError::UnknownLayout {
                path: dir.to_owned(),
            });
        };
        let named = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
        Ok(Self {
            name: named
                .file_name()
                .unwrap_or(named.as_os_str())
                .to_string_lossy()
                .into_owned(),
            split: split.to_owned(),
            side_convention: SideConvention::Viewer,
            cases,
            source: Source::Files,
        })
    }

    /// Adds the lungs that a folder in the layout of COVID-QU-Ex marks: to cases of the same id, and pictures without
    /// findings as cases of their own. What [`Self::held_out_lungs`] gives stays out.
    ///
    /// # Errors
    /// The folder cannot be read, or marks the lungs of no case; or these are packed data, which hold their own.
    pub fn with_lungs(mut self, folder: &Path) -> Result<Self, DataError> {
        let lungs = LungFolder::open(folder)?;
        self.add_lungs(&lungs, folder, false)?;
        self.name = format!("{} + {}", self.name, lungs.name());
        if self.cases.iter().any(Case::has_lungs) {
            Ok(self)
        } else {
            Err(DataError::NoLungs {
                path: folder.to_owned(),
            })
        }
    }

    /// The cases of both, those of the other behind. Phantoms cannot be joined.
    ///
    /// # Panics
    /// One of them holds phantoms, or they differ in whose left they mean.
    #[must_use]
    pub fn joined(mut self, other: Self) -> Self {
        let read = |data: &Self| matches!(data.source, Source::Files);
        assert!(read(&self) && read(&other), "phantoms are drawn alone");
        assert_eq!(self.side_convention, other.side_convention);
        let after =
            |number: fn(&Case) -> usize| self.cases.iter().map(|case| number(case) + 1).max();
        let pictures = after(|case| case.picture).unwrap_or(0);
        let parts = after(|case| case.part).unwrap_or(0);
        self.name = format!("{} + {}", self.name, other.name);
        self.cases.extend(other.cases.into_iter().map(|case| Case {
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

    /// The split of packed data that holds what [`Self::held_out_lungs`] gives.
    pub const HELD_OUT_LUNGS: &str = "held-out-lungs";

    /// The part of a lung folder that training never sees the lungs of: of pictures of `split`, those in a part named
    /// `…_Val`; of pictures without findings, every fifth.
    ///
    /// # Errors
    /// As [`Self::open`] and [`Self::with_lungs`].
    pub fn held_out_lungs(dir: &Path, split: &str, folder: &Path) -> Result<Self, DataError> {
        let lungs = LungFolder::open(folder)?;
        let mut data = Self::open(dir, split)?;
        data.add_lungs(&lungs, folder, true)?;
        data.cases.retain(Case::has_lungs);
        data.name = lungs.name().to_owned();
        Self::HELD_OUT_LUNGS.clone_into(&mut data.split);
        if data.cases.is_empty() {
            return Err(DataError::NoLungs {
                path: folder.to_owned(),
            });
        }
        Ok(data)
    }

    fn add_lungs(
        &mut self,
        lungs: &LungFolder,
        folder: &Path,
        held_out: bool,
    ) -> Result<(), DataError> {
        let packed = |case: &Case| matches!(case.origin, Origin::Packed(_));
        if self.cases.iter().any(packed) {
            return Err(DataError::PackedLungs {
                path: folder.to_owned(),
            });
        }
        for case in &mut self.cases {
            if let Origin::Files(files) = &mut case.origin {
                files.lungs = lungs.of(&case.id, held_out).cloned();
            }
        }
        let pictures = self.cases.iter().map(|case| case.picture + 1);
        let numbers = pictures.max().unwrap_or(0)..;
        for (picture, (id, files)) in numbers.zip(lungs.without_findings(held_out)) {
            self.cases.push(Case {
                id: id.to_owned(),
                text: Findings::default().to_sentence(),
                picture,
                part: 0,
                origin: Origin::Files(files),
            });
        }
        Ok(())
    }

    /// Leaves out the cases whose sentence is not `fit`; gives their ids and sentences.
    pub fn leave_out(&mut self, mut fit: impl FnMut(&str) -> bool) -> Vec<(String, String)> {
        let mut left_out = Vec::new();
        self.cases.retain(|case| {
            let kept = fit(&case.text);
            if !kept {
                left_out.push((case.id.clone(), case.text.clone()));
            }
            kept
        });
        left_out
    }

    /// The splits of such a folder, in the order in which it names them.
    ///
    /// # Errors
    /// [`DataError`] when the folder or its table cannot be read.
    pub fn splits(dir: &Path) -> Result<Vec<String>, DataError> {
        // No folder and no file can have this name, so the answer is what there is instead.
        const NO_SPLIT: &str = "\0";
        match Self::open(dir, NO_SPLIT) {
            Err(DataError::UnknownSplit { mut known, .. }) => {
                known.retain(|split| !split.is_empty());
                Ok(known)
            }
            Err(other) => Err(other),
            Ok(_) => Ok(vec![NO_SPLIT.to_owned()]),
        }
    }

    /// `pictures` synthetic chests with several sentences each. Splits of different names share no picture.
    pub fn phantoms(config: &PhantomConfig, split: &str, pictures: usize) -> Self {
        let cases = (0..pictures)
            .flat_map(|picture| {
                let referrals = Phantom::generate(config, split, picture)
                    .referrals()
                    .to_vec();
                referrals
                    .into_iter()
                    .enumerate()
                    .map(move |(i, referral)| Case {
                        id: format!("{split}-{picture:05}-{i}"),
                        text: referral.findings.to_sentence(),
                        picture,
                        part: 0,
                        origin: Origin::Phantom(referral),
                    })
            })
            .collect();
        Self {
            name: "phantoms".to_owned(),
            split: split.to_owned(),
            side_convention: SideConvention::Viewer,
            cases,
            source: Source::Phantoms {
                config: config.clone(),
                kept: Mutex::default(),
            },
        }
    }

    /// The same cases read with another meaning of "left".
    pub fn with_side_convention(self, side_convention: SideConvention) -> Self {
        Self {
            side_convention,
            ..self
        }
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

    /// A number that cases of the same picture share, counted from 0 in order of appearance.
    pub fn picture(&self, i: usize) -> usize {
        self.cases[i].picture
    }

    /// Reads (or draws) a case. May be called from many threads at once.
    ///
    /// # Errors
    /// [`DataError`] naming the file when one is missing, no usable picture, or when the sizes differ.
    pub fn load(&self, i: usize) -> Result<Sample, DataError> {
        let case = &self.cases[i];
        let sample = match &case.origin {
            Origin::Files(files) => files.load(&case.id)?,
            Origin::Packed(parts) => parts.load(&case.id)?,
            Origin::Phantom(referral) => {
                let drawing = self.drawing(case.picture);
                Sample {
                    mask: drawing.mask(&referral.findings),
                    lesions: drawing.lesions.clone(),
                    lungs: Some(drawing.lungs.clone()),
                    ..Sample::new(&case.id, drawing.image.clone())
                }
            }
        };
        Ok(Sample {
            text: case.text.clone(),
            ..sample
        })
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

    /// SHA-256 (hex) over what identifies the cases: ids, sentences and sizes of their files or of their parts in
    /// shards, or the generator's config.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let mut field = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        field(self.split.as_bytes());
        if let Source::Phantoms { config, .. } = &self.source {
            field(format!("{config:?}").as_bytes());
        }
        for case in &self.cases {
            field(case.id.as_bytes());
            field(case.text.as_bytes());
            let sizes: Vec<u64> = match &case.origin {
                Origin::Files(files) => files
                    .paths()
                    .map(|file| fs::metadata(file).map_or(0, |metadata| metadata.len()))
                    .collect(),
                Origin::Packed(parts) => parts.bytes().collect(),
                Origin::Phantom(_) => continue,
            };
            for bytes in sizes {
                field(&bytes.to_le_bytes());
            }
        }
        hash.finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    fn drawing(&self, picture: usize) -> Arc<Drawing> {
        let Source::Phantoms { config, kept } = &self.source else {
            unreachable!("only phantoms are drawn");
        };
        let lock = || {
            kept.lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
        };
        if let Some((_, drawing)) = lock().iter().find(|(number, _)| *number == picture) {
            return Arc::clone(drawing);
        }
        let drawing = Arc::new(Phantom::generate(config, &self.split, picture).draw(config.size));
        let mut kept = lock();
        kept.push_front((picture, Arc::clone(&drawing)));
        kept.truncate(KEPT_DRAWINGS);
        drawing
    }
}

impl Case {
    fn has_lungs(&self) -> bool {
        match &self.origin {
            Origin::Files(files) => files.lungs.is_some(),
            Origin::Packed(parts) => parts.has_lungs(),
            Origin::Phantom(_) => true,
        }
    }
}

impl CaseFiles {
    fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        std::iter::once(&self.image)
            .chain(&self.mask)
            .chain(&self.lungs)
    }

    fn load(&self, id: &str) -> Result<Sample, DataError> {
        let part = |path: &PathBuf| -> Result<Part, DataError> { Ok((read(path)?, path.clone())) };
        Encoded {
            image: part(&self.image)?,
            mask: self.mask.as_ref().map(part).transpose()?,
            lungs: self.lungs.as_ref().map(part).transpose()?,
        }
        .decode(id)
    }
}

/// Bytes of a file, and what errors call it.
pub(crate) type Part = (Vec<u8>, PathBuf);

/// The parts of a case as files hold them.
pub(crate) struct Encoded {
    pub(crate) image: Part,
    /// `None`: nothing is marked.
    pub(crate) mask: Option<Part>,
    /// Of any size.
    pub(crate) lungs: Option<Part>,
}

impl Encoded {
    /// The case, without its sentence.
    pub(crate) fn decode(self, id: &str) -> Result<Sample, DataError> {
        let (bytes, path) = self.image;
        let image = Picture::decode(&bytes, &path.to_string_lossy())?;
        let image_size = (image.width(), image.height());
        let mut sample = Sample::new(id, image);
        if let Some((bytes, mask)) = self.mask {
            let decoded = Mask::decode(&bytes, &mask.to_string_lossy())?;
            let mask_size = (decoded.mask.width, decoded.mask.height);
            if image_size != mask_size {
                return Err(DataError::SizeMismatch {
                    image: path,
                    image_size,
                    mask,
                    mask_size,
                });
            }
            sample.mask = decoded.mask;
            sample.intermediate_pixels = decoded.intermediate_pixels;
        }
        if let Some((bytes, path)) = self.lungs {
            let lungs = Mask::decode(&bytes, &path.to_string_lossy())?.mask;
            sample.lungs = Some(lungs.resized(image_size.0, image_size.1));
        }
        Ok(sample)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    fs::read(path).map_err(|error| DataError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

fn cases_of_files(files: Vec<FileCase>) -> Vec<Case> {
    numbered(files.into_iter().map(|case| {
        let key = case.files.image.clone();
        (case.id, case.text, key, Origin::Files(case.files))
    }))
}

fn cases_of_shards(cases: Vec<shards::ShardCase>) -> Vec<Case> {
    numbered(
        cases
            .into_iter()
            .map(|case| (case.id, case.text, case.picture, Origin::Packed(case.parts))),
    )
}

/// Cases with the numbers of their pictures; equal keys are one picture.
fn numbered<K: Eq + Hash>(cases: impl Iterator<Item = (String, String, K, Origin)>) -> Vec<Case> {
    let mut numbers = HashMap::new();
    cases
        .map(|(id, text, key, origin)| {
            let next = numbers.len();
            Case {
                id,
                text,
                picture: *numbers.entry(key).or_insert(next),
                part: 0,
                origin,
            }
        })
        .collect()
}
