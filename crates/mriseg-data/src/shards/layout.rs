//! Names of shards and of their entries.

/// What an entry holds, by what its name says after its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Jpg,
    Jpeg,
    Png,
    Webp,
    Mask,
    Lungs,
    Json,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Jpg,
        Self::Jpeg,
        Self::Png,
        Self::Webp,
        Self::Mask,
        Self::Lungs,
        Self::Json,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Jpg => "jpg",
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Mask => "mask.png",
            Self::Lungs => "lung.png",
            Self::Json => "json",
        }
    }

    /// In any case of letters; `None` of what is not looked at.
    pub(super) fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|kind| kind.name().eq_ignore_ascii_case(name))
    }
}

/// Tar files are made of blocks, and end with two of zeros.
pub(super) const BLOCK: u64 = 512;

/// Name of a shard.
pub(super) fn shard_name(split: &str, number: usize) -> String {
    format!("{split}-{number:06}.tar")
}

/// The split and the number that a shard's name says; `None` of other names.
pub(super) fn split_and_number(name: &str) -> Option<(&str, usize)> {
    let (split, number) = name.strip_suffix(".tar")?.rsplit_once('-')?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (digits && !split.is_empty()).then_some((split, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_known_by_its_name() {
        assert_eq!(split_and_number("train-000012.tar"), Some(("train", 12)));
        assert_eq!(split_and_number("held-out-0.tar"), Some(("held-out", 0)));
        for other in ["train.tar", "train-.tar", "-000000.tar", "train-1.tgz"] {
            assert_eq!(split_and_number(other), None, "{other}");
        }
    }
}
