//! One request in the many ways in which radiologists, students and lay people say it.
//!
//! A sentence is put together from named parts: a frame ("there is ..."), a noun ("opacity"), a place ("the left
//! base"), remarks that mean nothing ("AP view"). Some pairs of parts, and some remarks, are held out: training
//! sentences never have them, sentences to measure with always do ([`Wording`]).

mod body;
mod compose;
mod known;
mod lungs;
mod nonsense;
mod nothing;
mod nouns;
mod parts;
mod places;
mod spelling;
mod surround;
mod tables;
#[cfg(test)]
mod tests;
mod things;
mod typing;
mod written;

use std::fmt;

use mriseg::reading::{Findings, Request, Side};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

pub use written::written;

use parts::{Composer, LAY, PLAIN, Part, REPORT, held_out, new_to_training};
use surround::surrounded;

/// Most sentences have at most so many words, and all have at most [`MOST_WORDS`].
const COMMON_WORDS: usize = 20;
const MOST_WORDS: usize = 30;
const MOST_LETTERS: usize = 220;

/// Which of the possible sentences are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wording {
    /// Sentences to train with, in the styles of reports, of students and of lay people.
    Varied,
    /// Sentences in the same styles that cannot occur in training.
    HeldOut,
    /// Sentences of lay people that cannot occur in training.
    Lay,
}

impl Wording {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Varied, Self::HeldOut, Self::Lay];

    /// The name, as in commands and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Varied => "varied",
            Self::HeldOut => "held-out",
            Self::Lay => "lay",
        }
    }

    /// Says a request in one of many ways; equal random numbers give equal sentences.
    pub fn say(self, request: &Request, rng: &mut ChaCha8Rng) -> String {
        self.sentence(request, rng).text
    }

    fn sentence(self, request: &Request, rng: &mut ChaCha8Rng) -> Sentence {
        loop {
            let sentence = sentence(self == Self::Lay, request, rng);
            // Sentences of the data are trained with, whatever their parts.
            let fits = match self {
                Self::Varied => !held_out(&sentence.parts),
                Self::HeldOut | Self::Lay => {
                    new_to_training(&sentence.parts) && Findings::parse(&sentence.plain).is_none()
                }
            };
            if fits && sentence.is_short() && !(sentence.is_long() && rng.random_bool(0.75)) {
                return sentence;
            }
        }
    }
}

impl fmt::Display for Wording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Sentences to learn a text tokenizer from: requests of all kinds as training words them, and ordinary English words.
pub fn corpus(seed: u64, sentences: usize) -> Vec<String> {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let ordinary: Vec<&str> = tables::english::ENGLISH.split_whitespace().collect();
    (0..sentences)
        .map(|_| {
            if rng.random_bool(0.1) {
                let words: Vec<&str> = (0..rng.random_range(4..=12))
                    .map(|_| ordinary[rng.random_range(0..ordinary.len())])
                    .collect();
                return words.join(" ");
            }
            training_sentence(rng).1
        })
        .collect()
}

/// A request of any kind with a sentence that training may say it in.
pub fn training_sentence(rng: &mut ChaCha8Rng) -> (Request, String) {
    let request = any_request(rng);
    (request, Wording::Varied.say(&request, rng))
}

/// A request of any kind, half of them about zones.
fn any_request(rng: &mut ChaCha8Rng) -> Request {
    let side = Side::BOTH[rng.random_range(0..2)];
    match rng.random_range(0..10) {
        0..=4 => Request::Zones(Findings::from_bits(rng.random_range(1..64))),
        5 => Request::Side(side),
        6 => Request::Everything,
        7 => Request::Nothing,
        8 => Request::Lungs(rng.random_bool(0.6).then_some(side)),
        _ => Request::Other,
    }
}

/// A sentence with what is known of its making.
#[derive(Debug)]
struct Sentence {
    text: String,
    /// The same without typing errors and capitals.
    plain: String,
    parts: Vec<Part>,
    /// Whether it says that the other side is clear.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests look at it"))]
    names_other_side: bool,
}

impl Sentence {
    fn is_long(&self) -> bool {
        self.text.split_whitespace().count() > COMMON_WORDS
    }

    fn is_short(&self) -> bool {
        self.text.len() <= MOST_LETTERS && self.text.split_whitespace().count() <= MOST_WORDS
    }
}

/// Any sentence that says the request, held out or not.
fn sentence(lay: bool, request: &Request, rng: &mut ChaCha8Rng) -> Sentence {
    let style = match rng.random_range(0..100) {
        _ if lay => LAY,
        0..=37 => REPORT,
        38..=69 => PLAIN,
        _ => LAY,
    };
    let mut composer = Composer {
        rng,
        style,
        parts: Vec::new(),
    };
    let c = &mut composer;
    let body = match request {
        Request::Zones(findings) => compose::zones(c, findings),
        Request::Side(side) => compose::side(c, *side),
        Request::Everything => compose::everything(c),
        Request::Nothing => nothing::nothing(c),
        Request::Lungs(side) => lungs::lungs(c, *side),
        Request::Other => things::other(c),
    };
    let finding = !matches!(request, Request::Lungs(_) | Request::Other);
    let (names_other_side, verbatim) = (body.names_other_side, body.verbatim);
    let mut plain = surrounded(c, body, finding);
    let parts = composer.parts;
    if rng.random_bool(0.4) {
        plain = typing::american(&plain);
    }
    let text = if !verbatim && rng.random_bool(0.125) {
        typing::mistype(&plain, rng)
    } else {
        plain.clone()
    };
    Sentence {
        text: typing::capitals(text, rng),
        plain,
        parts,
        names_other_side,
    }
}
