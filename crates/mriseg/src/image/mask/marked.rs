//! Which pixels of a mask file are marked.

use std::collections::BTreeMap;

use super::rule::{MaskRule, MaskValue};
use super::values::{Kind, Values};
use crate::image::levels::ImageError;

/// Compression moves a value by at most this part of the range, away from edges.
const NOISE: u32 = 8;

/// Which pixels of a file are marked.
pub(super) struct Marked {
    /// Row by row, 0 or 1.
    pub(super) pixels: Vec<u8>,
    /// Those that were cut at half.
    pub(super) intermediate_pixels: usize,
    /// What the file holds and how it was read, where that needs to be said.
    pub(super) reading: Option<String>,
}

impl Marked {
    /// What `rule` says of a file, or else the file itself.
    ///
    /// # Errors
    /// [`ImageError::UnclearMask`], where neither tells.
    pub(super) fn of(values: Values, name: &str, rule: &MaskRule) -> Result<Self, ImageError> {
        if rule.is_default() {
            by_itself(values, name)
        } else {
            Ok(by_rule(&values.with_greys(), rule.marked()))
        }
    }
}

/// What has one of the values; in a file of lossy compression, what is nearer to one of them than to the background.
fn by_rule(values: &Values, marked: &[MaskValue]) -> Marked {
    const SHOWN: usize = 4;
    let counts = values.counts();
    let is_marked: BTreeMap<u32, bool> = counts
        .into_keys()
        .map(|code| {
            let is_marked = if values.lossy {
                is_nearest(values, code, marked)
            } else {
                marked.iter().any(|&value| values.matches(code, value))
            };
            (code, is_marked)
        })
        .collect();
    let nothing = is_marked.len() > 1 && !is_marked.values().any(|&is_marked| is_marked);
    let reading = nothing.then(|| {
        let named: Vec<String> = (is_marked.keys().take(SHOWN))
            .map(|&code| values.named(code))
            .collect();
        let more = if is_marked.len() > SHOWN {
            " and others"
        } else {
            ""
        };
        format!(
            "{}{more}: none of these is said to be marked",
            named.join(", ")
        )
    });
    Marked {
        pixels: marks(values, |code| is_marked[&code]),
        intermediate_pixels: 0,
        reading,
    }
}

fn is_nearest(values: &Values, code: u32, marked: &[MaskValue]) -> bool {
    let own = values.colour(code);
    let colour = |value: &MaskValue| match *value {
        MaskValue::Colour(colour) => colour,
        MaskValue::Label(label) => [u8::try_from(label).unwrap_or(u8::MAX); 3],
    };
    let nearest = (marked.iter().map(colour))
        .map(|colour| distance(own, colour))
        .min();
    let black_is_marked = marked.iter().any(|value| colour(value) == [0; 3]);
    let background = [if black_is_marked { u8::MAX } else { 0 }; 3];
    nearest.is_some_and(|nearest| nearest < distance(own, background))
}

fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    let squares = a
        .iter()
        .zip(&b)
        .map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2));
    squares.sum()
}

/// What the values themselves tell.
fn by_itself(values: Values, name: &str) -> Result<Marked, ImageError> {
    let values = values.with_greys();
    let counts = values.counts();
    let codes: Vec<u32> = counts.keys().copied().collect();
    let marked = if values.lossy || (codes.len() > 2 && !is_label_map(&values, &counts)) {
        in_between(&values, &counts)
    } else {
        match codes[..] {
            [one] => (values.meaning(one)).map(|marked| Marked::plain(&values, |_| marked)),
            [low, high] => two_values(&values, low, high).or_else(|| {
                let near = values.are_nearly_black_and_white(low, high);
                near.then(|| in_between(&values, &counts))?
            }),
            _ => None,
        }
    };
    marked.ok_or_else(|| unclear(&values, &counts, name))
}

fn two_values(values: &Values, low: u32, high: u32) -> Option<Marked> {
    let background = values.background(low, high)?;
    let marked = if background == low { high } else { low };
    let reading = (values.meaning(marked) != Some(true)).then(|| {
        let [background, marked] = [background, marked].map(|code| values.named(code));
        format!("{background} and {marked}: {marked} is read as marked")
    });
    Some(Marked {
        reading,
        ..Marked::plain(values, |code| code == marked)
    })
}

impl Marked {
    fn plain(values: &Values, is_marked: impl Fn(u32) -> bool) -> Self {
        Self {
            pixels: marks(values, is_marked),
            intermediate_pixels: 0,
            reading: None,
        }
    }
}

fn marks(values: &Values, is_marked: impl Fn(u32) -> bool) -> Vec<u8> {
    values
        .codes
        .iter()
        .map(|&code| u8::from(is_marked(code)))
        .collect()
}

impl Values {
    /// Of a value that always means the same, whether it is marked: white and label 1 are, black is not.
    fn meaning(&self, code: u32) -> Option<bool> {
        match (self.colour(code), &self.kind) {
            _ if code == 0 => Some(false),
            ([0, 0, 0], Kind::Colour | Kind::Palette(_)) => Some(false),
            ([255, 255, 255], _) => Some(true),
            (_, Kind::Grey(_)) if code == 1 => Some(true),
            _ => None,
        }
    }

    /// Which of two values is the background: black, or else the first of a palette.
    fn background(&self, low: u32, high: u32) -> Option<u32> {
        let is_black = |code: &u32| self.colour(*code) == [0; 3] && !self.is_label(*code);
        let black = [low, high].into_iter().find(is_black);
        black.or_else(|| (low == 0 && !matches!(self.kind, Kind::Colour)).then_some(low))
    }

    /// Whether it is a grey value above 0, however dark it looks.
    fn is_label(&self, code: u32) -> bool {
        code > 0 && matches!(self.kind, Kind::Grey(_))
    }

    fn are_nearly_black_and_white(&self, low: u32, high: u32) -> bool {
        match self.kind {
            Kind::Grey(white) => low * NOISE <= white && (white - high) * NOISE <= white,
            Kind::Colour | Kind::Palette(_) => false,
        }
    }
}

/// Whether values stand for classes: those that lie between others fill areas, while blurred edges and compression make
/// lines and specks of them.
fn is_label_map(values: &Values, counts: &BTreeMap<u32, usize>) -> bool {
    /// More values are those of a compressed or resized mask, or of a great many classes.
    const FEW: usize = 24;
    /// Low labels beside white are objects with a ring around them, unless the ring is so many times as large.
    const RING: usize = 4;
    let (few, Some((&top, _))) = (counts.len() <= FEW, counts.last_key_value()) else {
        return false;
    };
    if values.lossy || counts.len() < 3 {
        return false;
    }
    let most = counts
        .iter()
        .filter(|(code, _)| **code != 0)
        .max_by_key(|(_, count)| **count);
    let most = most.map_or(top, |(&code, _)| code);
    let is_between = |code: u32| match values.kind {
        Kind::Grey(white) if few => code != 0 && code != white.min(top),
        Kind::Grey(white) => code * 2 * NOISE > white && (white - code) * 2 * NOISE > white,
        Kind::Colour | Kind::Palette(_) => code != 0 && code != most,
    };
    if let (Kind::Grey(white), true) = (&values.kind, few) {
        // So dark is no edge of a mask that is white.
        if top * NOISE <= *white {
            return true;
        }
        let between: Vec<u32> = counts
            .keys()
            .copied()
            .filter(|&code| is_between(code))
            .collect();
        let is_low = |code: &&u32| **code * 2 * NOISE <= *white;
        let is_high = |code: &&u32| (white - **code) * 2 * NOISE <= *white;
        let (low, high) = (
            between.iter().filter(is_low).count(),
            between.iter().filter(is_high).count(),
        );
        let all_near = low + high == between.len();
        if low > 0 && high > 0 && all_near {
            return false;
        }
        let pixels: usize = between.iter().map(|code| counts[code]).sum();
        if all_near && high == 0 && pixels * RING > counts[&top] {
            return true;
        }
    }
    let (mut between, mut flat) = (0, 0);
    for (at, &code) in values
        .codes
        .iter()
        .enumerate()
        .filter(|(_, code)| is_between(**code))
    {
        let (x, y) = (at % values.width, at / values.width);
        let equals = |inside: bool, at: usize| !inside || values.codes[at] == code;
        let is_flat = equals(x > 0, at.wrapping_sub(1))
            && equals(x + 1 < values.width, at + 1)
            && equals(y > 0, at.wrapping_sub(values.width))
            && equals(y + 1 < values.height, at + values.width);
        between += 1;
        flat += usize::from(is_flat);
    }
    flat * if few { 4 } else { 2 } > between
}

/// A mask with blurred edges or of lossy compression, cut at half; `None` where nothing would be marked.
fn in_between(values: &Values, counts: &BTreeMap<u32, usize>) -> Option<Marked> {
    let brightness = |code: u32| u32::from(*values.colour(code).iter().max().unwrap_or(&0));
    if let Kind::Grey(white) = values.kind {
        let intermediate = counts
            .iter()
            .filter(|(code, _)| **code != 0 && **code != white);
        let half = |pixels| Marked {
            pixels,
            intermediate_pixels: intermediate.map(|(_, count)| count).sum(),
            reading: None,
        };
        let noise_only = values.lossy && counts.keys().all(|&code| code * NOISE <= white);
        if noise_only || counts.keys().any(|&code| code > white / 2) {
            return Some(half(marks(values, |code| code > white / 2)));
        }
    }
    // Darker than half, or in colours: black, one value, and what lies between the two.
    let is_noise = |code: &u32| brightness(*code) * NOISE <= 255;
    let (&top, _) =
        (counts.iter().filter(|(code, _)| !is_noise(code))).max_by_key(|(_, count)| **count)?;
    let tolerance: u32 = if values.lossy { 64 } else { 24 };
    let full = values.colour(top).map(u32::from);
    let length: u32 = full.iter().map(|channel| channel * channel).sum();
    // The share of the way from black to the value.
    let share = |code: u32| {
        let own = values.colour(code);
        let product: u32 = own.iter().zip(full).map(|(&a, b)| u32::from(a) * b).sum();
        (product as f32 / length as f32).clamp(0.0, 1.0)
    };
    let lies_between = |code: &u32| {
        let nearest = full.map(|channel| (share(*code) * channel as f32).round() as u8);
        distance(values.colour(*code), nearest) <= tolerance.pow(2)
    };
    let has_black = counts.keys().any(is_noise);
    if !has_black || !counts.keys().all(lies_between) {
        return None;
    }
    let is_white = full.iter().all(|&channel| (255 - channel) * NOISE <= 255);
    let own = counts
        .iter()
        .filter(|(code, _)| **code != top && brightness(**code) > 0);
    Some(Marked {
        pixels: marks(values, |code| share(code) > 0.5),
        intermediate_pixels: own.map(|(_, count)| count).sum(),
        reading: (!is_white).then(|| {
            let top = values.named(top);
            format!(
                "black, {top} and what lies between: from half of {top} on it is read as marked"
            )
        }),
    })
}

/// The error that names the values and what to say.
fn unclear(values: &Values, counts: &BTreeMap<u32, usize>, name: &str) -> ImageError {
    const NAMED: usize = 8;
    /// What Pascal VOC draws around objects; labels beside it are low.
    const IGNORE: u32 = 255;
    const LOW: u32 = 64;
    let mut common: Vec<(u32, usize)> =
        counts.iter().map(|(&code, &count)| (code, count)).collect();
    common.sort_by_key(|&(code, count)| (std::cmp::Reverse(count), code));
    let rest = common.len().saturating_sub(NAMED);
    common.truncate(NAMED);
    let example = common
        .iter()
        .find(|(code, _)| values.meaning(*code) != Some(false));
    let example = values.value(example.or(common.first()).map_or(0, |&(code, _)| code));
    common.sort_unstable();
    let mut named: Vec<String> = common
        .iter()
        .map(|&(code, count)| format!("{} ({count} pixels)", values.named(code)))
        .collect();
    if rest > 0 {
        named.push(format!("{rest} more values"));
    }
    let mut remedy = format!(
        "say it with data.mask_value = \"{example}\" in the configuration, or --mask-value \"{example}\""
    );
    let labels = counts.keys().filter(|&&code| code != IGNORE);
    let has_ring = counts.contains_key(&IGNORE)
        && counts.len() > 2
        && !matches!(values.kind, Kind::Colour)
        && labels.clone().all(|&code| code < LOW);
    if has_ring {
        remedy += "; 255 is the \"ignore\" ring that Pascal VOC draws around objects, and is not marked then";
    }
    ImageError::UnclearMask {
        name: name.to_owned(),
        values: named.join(", "),
        problem: match counts.len() {
            1 => "and nothing says whether that is marked",
            _ => "and nothing says which of them are marked",
        },
        remedy,
    }
}
