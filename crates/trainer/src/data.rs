//! The data that a configuration or an argument names.

use anyhow::Result;
use mriseg_data::{Dataset, PhantomConfig};

use crate::cli::DataSpec;

/// Opens one split; phantoms are generated, `phantoms` pictures of them.
///
/// # Errors
/// The folder is no dataset, lacks the split, or files are missing.
pub(crate) fn open(spec: &DataSpec, split: &str, phantoms: usize) -> Result<Dataset> {
    Ok(match spec {
        DataSpec::Phantoms => Dataset::phantoms(&PhantomConfig::default(), split, phantoms),
        DataSpec::Folder(folder) => Dataset::open(folder, split)?,
    })
}
