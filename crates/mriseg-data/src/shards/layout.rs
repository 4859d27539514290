//! Names of shards and of their entries.

/// What an entry's name says after its key.
pub(super) const MASK: &str = "mask.png";
pub(super) const LUNGS: &str = "lung.png";
pub(super) const JSON: &str = "json";
pub(super) const PICTURES: [&str; 4] = ["jpg", "jpeg", "png", "webp"];

/// The part of a case that an entry's name says, in any case of letters; `None` of what is not looked at.
pub(super) fn part_of(name: &str) -> Option<&'static str> {
    let parts = [MASK, LUNGS, JSON].into_iter().chain(PICTURES);
    parts
        .into_iter()
        .find(|part| part.eq_ignore_ascii_case(name))
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
