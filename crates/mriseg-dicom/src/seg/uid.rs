//! Unique identifiers.

use crate::error::Fault;

/// A UID of 128 random bits, as a UUID of version 4 (PS3.5, B.2).
pub(super) fn random() -> Result<String, Fault> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Fault::OutOfRange(format!("no random numbers for its UID: {error}")))?;
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    Ok(format!("2.25.{}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_differ_and_fit() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert_ne!(one, other);
        assert!(one.len() <= 64 && one.starts_with("2.25."), "{one}");
    }
}
