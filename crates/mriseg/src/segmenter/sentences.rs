//! What can be said of sentences and masks without the model. Most of it is for models whose sentences are about lungs.

use std::borrow::Cow;

use super::Segmenter;
use crate::bundle::{Domain, SideConvention};
use crate::image::Mask;
use crate::reading;
use crate::sentence::{self, Check};

impl Segmenter {
    /// Compares a mask, of the whole picture, with its sentence; see [`sentence::checks`]. None where the sentences are not
    /// about lungs.
    pub fn checks(&self, text: &str, mask: &Mask) -> Vec<Check> {
        self.checks_in(text, mask, self.loaded.settings.side_convention)
    }

    /// The same of a sentence whose "left" means `words`' left.
    pub fn checks_in(&self, text: &str, mask: &Mask, words: SideConvention) -> Vec<Check> {
        if !self.is_about_lungs() {
            return Vec::new();
        }
        sentence::checks(text, mask, words)
    }

    /// The sentence that names the other side; see [`reading::other_side`]. `None` where that changes nothing, and where the
    /// sentences are not about lungs.
    pub fn other_side(&self, text: &str) -> Option<String> {
        self.is_about_lungs()
            .then(|| reading::other_side(text))
            .flatten()
    }

    /// A sentence whose "left" means `words`' left, in the words of this model; see [`reading::in_convention`]. Unchanged
    /// where the sentences are not about lungs.
    pub fn in_convention<'a>(&self, text: &'a str, words: SideConvention) -> Cow<'a, str> {
        if !self.is_about_lungs() {
            return Cow::Borrowed(text);
        }
        reading::in_convention(text, words, self.loaded.settings.side_convention)
    }

    /// Whether the model knows a word of a sentence as such; see
    /// [`TextTokenizer::knows_a_word`](crate::text::TextTokenizer::knows_a_word).
    pub fn knows_a_word(&self, text: &str) -> bool {
        self.loaded.tokenizer.knows_a_word(text)
    }

    fn is_about_lungs(&self) -> bool {
        self.loaded.settings.domain == Domain::ChestXray
    }
}
