//! What a model is asked about a case: the sentence, the right answer, and what happened to the picture.

use anyhow::{Context, Result};
use clap::ValueEnum;
use mriseg::reading::{Findings, Request};
use mriseg_data::{Disturbance, Wording, answer, other_side};
use rand::seq::SliceRandom;

use super::cache::{CaseCache, PreparedCase};
use super::random::rng;

/// Values of `--text`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextMode {
    /// The picture's own sentence
    Given,
    /// No sentence
    None,
    /// The sentence of another picture
    Shuffled,
    /// The picture's own sentence with left and right exchanged
    WrongSide,
}

impl TextMode {
    /// Every mode.
    pub(crate) const ALL: [Self; 4] = [Self::Given, Self::None, Self::Shuffled, Self::WrongSide];

    /// The word used on the command line and in reports.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::None => "none",
            Self::Shuffled => "shuffled",
            Self::WrongSide => "wrong-side",
        }
    }
}

/// In which words cases are asked; `None` for those of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Words(pub(crate) Option<Wording>);

impl Words {
    /// As typed.
    pub(crate) fn as_str(self) -> &'static str {
        self.0.map_or("given", Wording::as_str)
    }
}

/// How the cases of a data set are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asking {
    /// Which sentence.
    pub(crate) text: TextMode,
    /// In which words; `None` for those of the data.
    pub(crate) wording: Option<Wording>,
    /// What happened to the pictures.
    pub(crate) pictures: Disturbance,
}

/// One question to the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// Which case of the data set it is about.
    pub(crate) index: usize,
    /// The sentence.
    pub(crate) text: String,
    /// What the right answer is of; `None`: the case's own mask.
    pub(crate) request: Option<Request>,
    /// What happened to the picture.
    pub(crate) picture: Disturbance,
}

impl Asking {
    /// As the data asks.
    pub(crate) const GIVEN: Self = Self::with(TextMode::Given);

    /// With another sentence.
    pub(crate) const fn with(text: TextMode) -> Self {
        Self {
            text,
            wording: None,
            pictures: Disturbance::Plain,
        }
    }

    /// What each of the first `limit` cases is asked; `seed` shuffles sentences and chooses words.
    pub(crate) fn questions(self, cache: &CaseCache, limit: usize, seed: u64) -> Vec<Question> {
        let sentences = self.sentences(cache, limit.min(cache.dataset().len()), seed);
        let questions = sentences.into_iter().enumerate().map(|(index, text)| {
            let findings = Findings::parse(&text);
            Question {
                picture: self.pictures,
                ..match (self.wording, findings) {
                    (Some(wording), Some(findings)) => {
                        let mut rng = rng("wording", seed, index as u64);
                        Question::of(index, wording.say(&findings.into(), &mut rng))
                    }
                    _ => Question::of(index, text),
                }
            }
        });
        questions.collect()
    }

    /// The sentence that each case is given; an empty one means "no sentence".
    fn sentences(self, cache: &CaseCache, cases: usize, seed: u64) -> Vec<String> {
        let given = (0..cases).map(|i| cache.dataset().text(i).to_owned());
        match self.text {
            TextMode::Given => given.collect(),
            TextMode::None => vec![String::new(); cases],
            TextMode::Shuffled => {
                let mut shuffled: Vec<String> = given.collect();
                shuffled.shuffle(&mut rng("shuffled", seed, 0));
                shuffled
            }
            TextMode::WrongSide => given
                .map(|text| other_side(&text).unwrap_or(text))
                .collect(),
        }
    }
}

impl Question {
    /// A sentence about a case as it is; its own mask is the answer.
    pub(crate) fn of(index: usize, text: String) -> Self {
        Self {
            index,
            text,
            request: None,
            picture: Disturbance::Plain,
        }
    }

    /// The case with the sentence, the right answer and the picture of this question.
    ///
    /// # Errors
    /// It cannot be loaded, or the annotations do not say what is right.
    pub(crate) fn case(&self, cache: &CaseCache, seed: u64) -> Result<PreparedCase> {
        if self.request.is_none() && self.picture == Disturbance::Plain {
            let mut case = cache.case(self.index)?;
            case.original.text.clone_from(&self.text);
            return Ok(case);
        }
        let mut case = cache.load(self.index)?;
        if let Some(request) = &self.request {
            case.mask = answer(&case, request, cache.dataset().side_convention())
                .with_context(|| format!("{}: no answer to {request:?}", case.id))?;
        }
        let mut rng = rng(self.picture.as_str(), seed, self.index as u64);
        (case.image, case.mask) = self.picture.apply(&case.image, &case.mask, &mut rng);
        case.text.clone_from(&self.text);
        Ok(cache.prepare(case))
    }
}

#[cfg(test)]
mod tests {
    use mriseg::reading::Side;
    use mriseg_data::{Dataset, PhantomConfig};

    use super::*;

    fn cache() -> CaseCache {
        let phantoms = Dataset::phantoms(&PhantomConfig::default(), "test", 6);
        CaseCache::new(phantoms, None, 1)
    }

    #[test]
    fn other_words_ask_for_the_same_mask() {
        let cache = cache();
        let asking = Asking {
            wording: Some(Wording::HeldOut),
            ..Asking::GIVEN
        };
        let given = Asking::GIVEN.questions(&cache, usize::MAX, 1);
        let reworded = asking.questions(&cache, usize::MAX, 1);
        assert_eq!(given.len(), cache.dataset().len());
        assert_eq!(reworded, asking.questions(&cache, usize::MAX, 1));
        assert_eq!(asking.questions(&cache, 3, 1), reworded[..3]);
        for (given, reworded) in given.iter().zip(&reworded) {
            assert_ne!(given.text, reworded.text);
            let [given, reworded] = [given, reworded].map(|q| q.case(&cache, 1).unwrap());
            assert_eq!(given.original.mask, reworded.original.mask);
            assert_eq!(given.original.image, reworded.original.image);
        }
    }

    #[test]
    fn a_disturbed_picture_is_another_picture_with_its_mask_in_place() {
        let cache = cache();
        for pictures in Disturbance::ALL {
            let asking = Asking {
                pictures,
                ..Asking::GIVEN
            };
            let question = &asking.questions(&cache, 1, 1)[0];
            let case = question.case(&cache, 1).unwrap().original;
            let plain = cache.load(0).unwrap();
            assert_eq!(
                case.image == plain.image,
                pictures == Disturbance::Plain,
                "{pictures:?}"
            );
            assert_eq!(
                (case.mask.width, case.mask.height),
                (case.image.width(), case.image.height())
            );
            assert_eq!(case.text, plain.text);
        }
    }

    #[test]
    fn a_request_has_an_answer_of_its_own() {
        let cache = cache();
        let question = Question {
            request: Some(Request::Lungs(Some(Side::Left))),
            ..Question::of(0, "the left lung field".to_owned())
        };
        let case = question.case(&cache, 1).unwrap();
        assert_eq!(case.original.text, "the left lung field");
        assert!(case.original.mask.area() > cache.load(0).unwrap().mask.area());
    }

    #[test]
    fn shuffled_sentences_are_those_of_other_cases_and_wrong_sides_name_the_other() {
        let cache = cache();
        let texts = |mode| {
            let questions = Asking::with(mode).questions(&cache, usize::MAX, 1);
            questions.into_iter().map(|q| q.text).collect::<Vec<_>>()
        };
        let (given, mut shuffled) = (texts(TextMode::Given), texts(TextMode::Shuffled));
        assert_ne!(given, shuffled);
        let mut sorted = given.clone();
        sorted.sort();
        shuffled.sort();
        assert_eq!(sorted, shuffled);
        assert!(texts(TextMode::None).iter().all(String::is_empty));
        for (given, other) in given.iter().zip(texts(TextMode::WrongSide)) {
            let [given, other] = [given, &other].map(|text| Findings::parse(text).unwrap());
            assert_eq!(other, given.swapped());
        }
    }
}
