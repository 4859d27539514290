//! What every bundle has.

/// Newest bundle format that this build reads.
pub const FORMAT_VERSION: u32 = 2;
/// Name of the manifest inside a bundle.
pub const MANIFEST: &str = "manifest.json";
