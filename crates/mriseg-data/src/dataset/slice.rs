//! A share of a split, for data without a part to validate on: `train[:80%]` and `train[80%:]`.

use super::Dataset;

/// A share of the pictures of a split, in their order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Slice<'a> {
    pub(super) split: &'a str,
    /// In percent.
    from: usize,
    to: usize,
}

impl<'a> Slice<'a> {
    /// `train[20%:40%]`, where the beginning or the end may be left out; `None` of anything else.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (split, range) = text.strip_suffix(']')?.split_once('[')?;
        let (from, to) = range.split_once(':')?;
        let percent = |text: &str, default: usize| match text {
            "" => Some(default),
            text => text
                .strip_suffix('%')?
                .parse()
                .ok()
                .filter(|&percent| percent <= 100),
        };
        let (from, to) = (percent(from, 0)?, percent(to, 100)?);
        (from < to).then_some(Self { split, from, to })
    }

    /// Keeps the cases of these pictures: all sentences of a picture stay together.
    pub(super) fn keep(&self, dataset: &mut Dataset) {
        let pictures = dataset
            .cases
            .iter()
            .map(|case| case.picture + 1)
            .max()
            .unwrap_or(0);
        let kept = pictures * self.from / 100..pictures * self.to / 100;
        dataset.cases.retain(|case| kept.contains(&case.picture));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_a_split_with_percentages() {
        let slice = |from, to| {
            Some(Slice {
                split: "train",
                from,
                to,
            })
        };
        assert_eq!(Slice::parse("train[:80%]"), slice(0, 80));
        assert_eq!(Slice::parse("train[80%:]"), slice(80, 100));
        assert_eq!(Slice::parse("train[20%:40%]"), slice(20, 40));
        for other in [
            "train",
            "train[:80]",
            "train[80%:20%]",
            "train[]",
            "train[:180%]",
        ] {
            assert_eq!(Slice::parse(other), None, "{other}");
        }
    }
}
