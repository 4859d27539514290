//! The codes of a few pictures and of the masks of their sentences, as one safetensors file.

use anyhow::{Context, Result};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

const IMAGES: &str = "images";
const MASKS: &str = "masks";
const ROWS: &str = "rows";

/// A sentence about a picture. Its mask has the number of this row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Number of the case in its split.
    pub(crate) case: usize,
    /// Name of the case.
    pub(crate) id: String,
    /// What the mask shows.
    pub(crate) text: String,
    /// Number of the picture in the shard.
    pub(crate) picture: usize,
    /// Whether sentence and mask are derived from those of the case.
    pub(crate) derived: bool,
}

/// Codes, all variants of a picture or mask one after the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shard {
    /// `[pictures * variants, cells]`
    pub(crate) images: Vec<u16>,
    /// `[rows * variants, cells]`
    pub(crate) masks: Vec<u16>,
    pub(crate) rows: Vec<Row>,
}

impl Shard {
    /// The file.
    ///
    /// # Errors
    /// Never for codes of `cells` a picture or mask.
    pub(crate) fn to_bytes(&self, cells: usize) -> Result<Vec<u8>> {
        let [images, masks] = [&self.images, &self.masks]
            .map(|codes| -> Vec<u8> { codes.iter().flat_map(|code| code.to_le_bytes()).collect() });
        let view = |bytes| {
            let shape = vec![size_of_val::<[u8]>(bytes) / 2 / cells, cells];
            TensorView::new(Dtype::U16, shape, bytes)
        };
        let tensors = [(IMAGES, view(&images)?), (MASKS, view(&masks)?)];
        let rows = HashMap::from([(ROWS.to_owned(), serde_json::to_string(&self.rows)?)]);
        safetensors::serialize(tensors, Some(rows)).context("writing codes")
    }

    /// What [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// It is something else: says what.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let broken = |error: &dyn std::fmt::Display| format!("not a file of codes ({error})");
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| broken(&error))?;
        let rows = metadata
            .metadata()
            .as_ref()
            .and_then(|metadata| metadata.get(ROWS))
            .ok_or_else(|| broken(&"it names no cases"))?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| broken(&error))?;
        let codes = |name: &str| -> Result<Vec<u16>, String> {
            let tensor = tensors.tensor(name).map_err(|error| broken(&error))?;
            if tensor.dtype() != Dtype::U16 {
                return Err(broken(&format!("`{name}` holds {:?}", tensor.dtype())));
            }
            let (pairs, _) = tensor.data().as_chunks();
            Ok(pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect())
        };
        Ok(Self {
            images: codes(IMAGES)?,
            masks: codes(MASKS)?,
            rows: serde_json::from_str(rows).map_err(|error| broken(&error))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard() -> Shard {
        let row = |case, derived| Row {
            case,
            id: format!("case-{case}"),
            text: "left lung, \u{e9}".to_owned(),
            picture: 0,
            derived,
        };
        Shard {
            images: (0..8).collect(),
            masks: (0..16).map(|code| 32_767 - code).collect(),
            rows: vec![row(3, false), row(3, true)],
        }
    }

    #[test]
    fn a_shard_survives_its_file() {
        let bytes = shard().to_bytes(4).unwrap();
        assert_eq!(Shard::from_bytes(&bytes).unwrap(), shard());
    }

    #[test]
    fn other_files_are_refused() {
        let bytes = shard().to_bytes(4).unwrap();
        let plain = safetensors::serialize(
            [(IMAGES, TensorView::new(Dtype::U8, vec![1], &[0]).unwrap())],
            None,
        )
        .unwrap();
        for other in [&bytes[..bytes.len() - 1], &plain, b"x"] {
            let message = Shard::from_bytes(other).unwrap_err();
            assert!(message.contains("not a file of codes"), "{message}");
        }
    }
}
