//! A list of cases, whatever it was read from.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use mriseg::image::{GrayImage, Mask};
use sha2::{Digest, Sha256};

use crate::phantom::{Drawing, Phantom, PhantomConfig, Referral, SentenceKind};
use crate::{DataError, Sample, SideConvention, lvit, qata};

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
    origin: Origin,
}

#[derive(Debug)]
enum Origin {
    Files(CaseFiles),
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
    pub(crate) mask: PathBuf,
}

impl Dataset {
    /// Opens a split ("train", "valid" or "test") of a folder in the QaTa layout (`captions.csv`, `<split>/img`,
    /// `<split>/mask`) or the LViT layout (`Train_Folder`, `Val_Folder`, `Test_Folder`, each with `img`, `labelcol`
    /// and a `*_text.xlsx`). Pictures are looked for but not read. Both sources mean the viewer's left.
    ///
    /// # Errors
    /// [`DataError`] when the folder, the split, the table or any file of any row is missing; all such rows are
    /// listed.
    pub fn open(dir: &Path, split: &str) -> Result<Self, DataError> {
        if !dir.is_dir() {
            return Err(DataError::NoFolder {
                path: dir.to_owned(),
            });
        }
        let files = if dir.join(qata::TABLE).is_file() {
            qata::open(dir, split)?
        } else if lvit::is_layout(dir) {
            lvit::open(dir, split)?
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
            cases: number_pictures(files),
            source: Source::Files,
        })
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
            Origin::Files(_) => None,
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
        let (image, mask, intermediate_pixels) = match &case.origin {
            Origin::Files(files) => files.load()?,
            Origin::Phantom(referral) => {
                let drawing = self.drawing(case.picture);
                (drawing.image.clone(), drawing.mask(&referral.findings), 0)
            }
        };
        Ok(Sample {
            id: case.id.clone(),
            text: case.text.clone(),
            image,
            mask,
            intermediate_pixels,
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

    /// SHA-256 (hex) over what identifies the cases: ids, sentences and file sizes, or the generator's config.
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
            if let Origin::Files(files) = &case.origin {
                for file in [&files.image, &files.mask] {
                    let bytes = fs::metadata(file).map_or(0, |metadata| metadata.len());
                    field(&bytes.to_le_bytes());
                }
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

impl CaseFiles {
    fn load(&self) -> Result<(GrayImage, Mask, usize), DataError> {
        let image = GrayImage::decode(&read(&self.image)?, &self.image.to_string_lossy())?;
        let decoded = Mask::decode(&read(&self.mask)?, &self.mask.to_string_lossy())?;
        let image_size = (image.width, image.height);
        let mask_size = (decoded.mask.width, decoded.mask.height);
        if image_size != mask_size {
            return Err(DataError::SizeMismatch {
                image: self.image.clone(),
                image_size,
                mask: self.mask.clone(),
                mask_size,
            });
        }
        Ok((image, decoded.mask, decoded.intermediate_pixels))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    fs::read(path).map_err(|error| DataError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

fn number_pictures(files: Vec<FileCase>) -> Vec<Case> {
    let mut numbers = std::collections::HashMap::new();
    files
        .into_iter()
        .map(|case| {
            let next = numbers.len();
            let picture = *numbers.entry(case.files.image.clone()).or_insert(next);
            Case {
                id: case.id,
                text: case.text,
                picture,
                origin: Origin::Files(case.files),
            }
        })
        .collect()
}
