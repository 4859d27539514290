//! The codes of one split in memory, and the cases of a training step made of them.

use mriseg_data::{Warp, swap_sides};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

use super::shard::Shard;

/// Codes of a picture and of the mask of its sentence, a cell each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Codes {
    pub(crate) image: Vec<u16>,
    pub(crate) mask: Vec<u16>,
}

/// Codes of the cases of a split.
#[derive(Debug)]
pub(crate) struct CodedCases {
    cells: usize,
    /// Rows of a picture or mask: as it is, and mirrored.
    variants: usize,
    images: Vec<u16>,
    masks: Vec<u16>,
    /// By number of the case; `None` where there are no codes.
    cases: Vec<Option<CodedCase>>,
    empty: Arc<[u16]>,
}

#[derive(Debug)]
struct CodedCase {
    picture: usize,
    own: Sentence,
    derived: Vec<Sentence>,
}

#[derive(Debug)]
struct Sentence {
    text: String,
    mask: usize,
}

/// A case as one training step sees it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DrawnCodes {
    pub(crate) text: String,
    pub(crate) codes: Codes,
    /// How picture and mask were moved; `None` when sentence and mask are not the case's own.
    pub(crate) warp: Option<Warp>,
}

impl CodedCases {
    /// Without codes yet.
    pub(crate) fn new(cases: usize, cells: usize, variants: usize, empty: Vec<u16>) -> Self {
        Self {
            cells,
            variants,
            images: Vec::new(),
            masks: Vec::new(),
            cases: (0..cases).map(|_| None).collect(),
            empty: empty.into(),
        }
    }

    /// Takes the codes of a shard.
    ///
    /// # Errors
    /// The shard does not belong to these cases: says why.
    pub(crate) fn add(&mut self, shard: Shard) -> Result<(), String> {
        let row = self.cells * self.variants;
        if shard.masks.len() != shard.rows.len() * row || !shard.images.len().is_multiple_of(row) {
            return Err(format!(
                "holds {} codes of pictures and {} of masks for {} sentences, {row} each",
                shard.images.len(),
                shard.masks.len(),
                shard.rows.len()
            ));
        }
        let (pictures, masks) = (self.images.len() / row, self.masks.len() / row);
        let in_shard = shard.images.len() / row;
        for (number, of) in shard.rows.into_iter().enumerate() {
            let known = self.cases.len();
            let place = self.cases.get_mut(of.case);
            let Some(place) = place.filter(|_| of.picture < in_shard) else {
                return Err(format!(
                    "names case {} of picture {}; there are {known} cases and {in_shard} pictures",
                    of.case, of.picture
                ));
            };
            let sentence = Sentence {
                text: of.text,
                mask: masks + number,
            };
            match place {
                Some(case) if of.derived => case.derived.push(sentence),
                None if !of.derived => {
                    *place = Some(CodedCase {
                        picture: pictures + of.picture,
                        own: sentence,
                        derived: Vec::new(),
                    });
                }
                _ => return Err(format!("names case {} twice, or not at all", of.case)),
            }
        }
        self.images.extend(shard.images);
        self.masks.extend(shard.masks);
        Ok(())
    }

    /// Codes of a mask without foreground.
    pub(crate) fn empty(&self) -> &[u16] {
        &self.empty
    }

    /// Codes of a case as it is; `None` where there are none.
    pub(crate) fn of(&self, case: usize) -> Option<Codes> {
        let coded = self.cases[case].as_ref()?;
        Some(self.codes(coded.picture, coded.own.mask, 0))
    }

    /// A changed training case: its own sentence or, with probability `derived`, one derived from its mask, and
    /// with probability `flip` in a mirror. `None` where there are no codes.
    pub(crate) fn draw(
        &self,
        case: usize,
        derived: f64,
        flip: f64,
        rng: &mut ChaCha8Rng,
    ) -> Option<DrawnCodes> {
        let coded = self.cases[case].as_ref()?;
        let derives = rng.random_bool(derived) && !coded.derived.is_empty();
        let sentence = if derives {
            &coded.derived[rng.random_range(0..coded.derived.len())]
        } else {
            &coded.own
        };
        let flip = rng.random_bool(flip) && self.variants > 1;
        let side = self.cells.isqrt();
        Some(DrawnCodes {
            text: if flip {
                swap_sides(&sentence.text)
            } else {
                sentence.text.clone()
            },
            codes: self.codes(coded.picture, sentence.mask, usize::from(flip)),
            warp: (!derives).then(|| Warp::mirror(side, side, flip)),
        })
    }

    fn codes(&self, picture: usize, mask: usize, variant: usize) -> Codes {
        let row = |codes: &[u16], number: usize| {
            let row = number * self.variants + variant;
            codes[row * self.cells..][..self.cells].to_vec()
        };
        Codes {
            image: row(&self.images, picture),
            mask: row(&self.masks, mask),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::shard::Row;
    use rand::SeedableRng;

    const TEXT: &str = "unilateral pulmonary infection, one infected area, upper left lung.";

    /// Two pictures of four cells: codes 0 to 3 and, mirrored, 10 to 13; the second 100 more.
    fn cases() -> CodedCases {
        let row = |case, picture, text: &str, derived| Row {
            case,
            id: format!("case-{case}"),
            text: text.to_owned(),
            picture,
            derived,
        };
        let plain = [0, 1, 2, 3, 10, 11, 12, 13];
        let mut cases = CodedCases::new(3, 4, 2, vec![7; 4]);
        let shard = |rows: Vec<Row>, more: u16| Shard {
            images: plain.map(|code| code + more).to_vec(),
            masks: (0..8 * rows.len() as u16)
                .map(|code| code + more + 20)
                .collect(),
            rows,
        };
        let first = vec![row(0, 0, TEXT, false), row(0, 0, "nothing", true)];
        cases.add(shard(first, 0)).unwrap();
        cases
            .add(shard(vec![row(1, 0, "all", false)], 100))
            .unwrap();
        cases
    }

    #[test]
    fn a_case_has_the_codes_of_its_picture_and_its_mask() {
        let cases = cases();
        let second = cases.of(1).unwrap();
        assert_eq!(second.image, [100, 101, 102, 103]);
        assert_eq!(second.mask, [120, 121, 122, 123]);
        assert_eq!(cases.of(2), None);
    }

    #[test]
    fn a_mirrored_case_has_mirrored_codes_and_sides_and_a_derived_one_no_place_in_the_memory() {
        let cases = cases();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut draw = |derived, flip| cases.draw(0, derived, flip, &mut rng).unwrap();
        let plain = draw(0.0, 0.0);
        assert_eq!((plain.text.as_str(), plain.codes.mask[0]), (TEXT, 20));
        let flipped = draw(0.0, 1.0);
        assert!(flipped.text.contains("right"), "{}", flipped.text);
        assert_eq!(flipped.codes.image, [10, 11, 12, 13]);
        assert_eq!(flipped.codes.mask, [24, 25, 26, 27]);
        assert_eq!(flipped.warp.unwrap().source_cell(0, 2), Some(1));
        let derived = draw(1.0, 0.0);
        assert_eq!((derived.text.as_str(), derived.warp), ("nothing", None));
        assert_eq!(derived.codes.mask, [28, 29, 30, 31]);
        assert_eq!(derived.codes.image, plain.codes.image);
    }

    #[test]
    fn shards_of_other_cases_are_refused() {
        let refuse = |rows: Vec<Row>, masks: usize| {
            let mut cases = CodedCases::new(1, 4, 1, vec![0; 4]);
            let shard = Shard {
                images: vec![0; 4],
                masks: vec![0; 4 * masks],
                rows,
            };
            cases.add(shard).unwrap_err()
        };
        let row = |case, derived| Row {
            case,
            id: String::new(),
            text: String::new(),
            picture: 0,
            derived,
        };
        assert!(refuse(vec![row(0, false)], 2).contains("for 1 sentences"));
        assert!(refuse(vec![row(5, false)], 1).contains("names case 5"));
        assert!(refuse(vec![row(0, true)], 1).contains("not at all"));
        assert!(refuse(vec![row(0, false), row(0, false)], 2).contains("twice"));
    }
}
