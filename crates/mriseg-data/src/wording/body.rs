//! A sentence without the remarks around it, and the frames of what is asked for or told.

use super::nouns::{Phrase, Use};
use super::parts::{ANY, Choice, Composer, PLAIN, REPORT, SlotRole};
use super::tables::frames::{TELLING, VERBS, WHETHER, WISHES};

/// What kind of sentence it is, which decides what can stand around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Begins with a verb.
    Verb,
    Wish,
    Told,
    Bare,
    /// Nothing fits around it.
    Alone,
}

/// A sentence without what stands around it.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) text: String,
    pub(super) kind: Kind,
    pub(super) question: bool,
    /// A clause that follows, of another place that is clear.
    pub(super) tail: String,
    /// The same before the sentence.
    pub(super) head: String,
    /// Whether the other side is named too.
    pub(super) names_other_side: bool,
    /// Whether no letter may be mistyped.
    pub(super) verbatim: bool,
}

impl Body {
    pub(super) fn new(text: String, kind: Kind) -> Self {
        let question = text.ends_with('?');
        Self {
            text: text.trim_end_matches('?').to_owned(),
            kind,
            question,
            tail: String::new(),
            head: String::new(),
            names_other_side: false,
            verbatim: false,
        }
    }
}

/// The frame of the bare finding or thing.
pub(super) const BARE: &str = "{a}";

/// Draws a frame for something that can be asked for or told.
pub(super) fn frame(c: &mut Composer<'_>, fits: impl Fn(&str) -> bool) -> (&'static str, Kind) {
    let shares = match c.style {
        REPORT => [0.42, 0.35, 0.09, 0.12],
        PLAIN => [0.2, 0.2, 0.35, 0.2],
        _ => [0.22, 0.2, 0.3, 0.23],
    };
    loop {
        let mut left = f64::from(u16::try_from(c.below(1000)).unwrap_or(0)) / 1000.0;
        let kinds: [(&[Choice], Kind); 4] = [
            (&[(BARE, ANY)], Kind::Bare),
            (&TELLING, Kind::Told),
            (&VERBS, Kind::Verb),
            (&WISHES, Kind::Wish),
        ];
        let mut chosen: (&[Choice], Kind) = (&WHETHER, Kind::Wish);
        for (kind, share) in kinds.into_iter().zip(shares) {
            if left < share {
                chosen = kind;
                break;
            }
            left -= share;
        }
        let mut frame = c.styled(chosen.0);
        if chosen.1 == Kind::Verb && c.chance(0.25) {
            frame = VERBS[0].0;
        }
        if fits(frame) {
            c.note(SlotRole::Frame, frame);
            return (frame, chosen.1);
        }
    }
}

/// How a frame uses what is put into it.
pub(super) fn usage(frame: &str) -> Use {
    if frame == BARE {
        Use::Headline
    } else if frame.contains("{the}") {
        Use::Asked
    } else {
        Use::Told
    }
}

/// Puts a phrase into a frame.
pub(super) fn filled(frame: &str, phrase: &Phrase) -> String {
    frame
        .replace("{a}", &phrase.text)
        .replace("{the}", &phrase.text)
        .replace("{is}", if phrase.plural { "are" } else { "is" })
}
