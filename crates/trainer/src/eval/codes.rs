//! Codes of true masks, and what codes draw.

use anyhow::{Context, Result};
use burn::tensor::{Device, Int, Tensor};
use mriseg::config::ModelConfig;
use mriseg::decode::code_tensor;
use mriseg::image::{GrayImage, Mask};
use mriseg::metrics::Overlap;
use mriseg::vision::VisionTokenizer;
use rayon::prelude::*;

use super::score::mean;
use crate::data::{CaseCache, PreparedCase, masks};

/// Masks that are drawn together.
const BATCH: usize = 16;

/// The true masks of some cases after a round trip through the mask tokenizer.
pub(super) fn oracles(
    vision: &dyn VisionTokenizer,
    cases: &[PreparedCase],
    config: &ModelConfig,
    device: &Device,
) -> Result<Vec<Mask>> {
    let painted = |case: &PreparedCase| Some(case.precomputed.as_ref()?.oracle.get()?.clone());
    let known: Vec<Option<Mask>> = cases.iter().map(painted).collect();
    let others: Vec<&PreparedCase> = cases
        .iter()
        .zip(&known)
        .filter(|(_, known)| known.is_none())
        .map(|(case, _)| case)
        .collect();
    let mut new = Vec::new();
    if !others.is_empty() {
        let codes = mask_codes(vision, &others, config, device);
        let soft = soft_masks(vision, codes, config.mask.size)?;
        for (soft, case) in soft.iter().zip(&others) {
            let mask = case.restore(soft);
            if let Some(precomputed) = &case.precomputed {
                precomputed.oracle.get_or_init(|| mask.clone());
            }
            new.push(mask);
        }
    }
    let mut new = new.into_iter();
    Ok(known
        .into_iter()
        .filter_map(|known| known.or_else(|| new.next()))
        .collect())
}

/// Codes of the true masks of some cases: `[batch, mask]`.
pub(super) fn mask_codes(
    vision: &dyn VisionTokenizer,
    cases: &[&PreparedCase],
    config: &ModelConfig,
    device: &Device,
) -> Tensor<2, Int> {
    stored_codes(cases, device).unwrap_or_else(|| {
        let codes = masks(cases, config, device)
            .split(vision.batch(cases.len()), 0)
            .into_iter()
            .map(|masks| vision.mask_codes(masks));
        Tensor::cat(codes.collect(), 0)
    })
}

/// Codes that were made before; `None` when some were not.
fn stored_codes(cases: &[&PreparedCase], device: &Device) -> Option<Tensor<2, Int>> {
    let mut codes = Vec::new();
    for case in cases {
        let of_case = &case.precomputed.as_ref()?.codes.mask;
        codes.extend(of_case.iter().map(|&code| u32::from(code)));
    }
    let length = codes.len() / cases.len().max(1);
    Some(code_tensor(&codes, length, device))
}

/// Mean Dice per image of masks after a round trip through the mask tokenizer.
///
/// # Errors
/// A case cannot be loaded.
pub(crate) fn oracle_dice(
    vision: &dyn VisionTokenizer,
    cache: &CaseCache,
    limit: usize,
    config: &ModelConfig,
    device: &Device,
) -> Result<Option<f64>> {
    let cases = limit.min(cache.dataset().len());
    let mut dice = Vec::new();
    for first in (0..cases).step_by(BATCH) {
        let loaded = (first..cases.min(first + BATCH))
            .into_par_iter()
            .map(|index| cache.case(index))
            .collect::<Result<Vec<_>>>()?;
        let oracles = oracles(vision, &loaded, config, device)?;
        for (mask, PreparedCase { original, .. }) in oracles.iter().zip(&loaded) {
            dice.extend(Overlap::of(&mask.pixels, &original.mask.pixels).dice());
        }
    }
    Ok(mean(dice.into_iter()))
}

/// How surely each pixel is foreground at the model's size, of codes `[batch, mask]`.
///
/// # Errors
/// The device stopped answering.
fn soft_masks(
    vision: &dyn VisionTokenizer,
    codes: Tensor<2, Int>,
    size: usize,
) -> Result<Vec<GrayImage>> {
    let [masks, _] = codes.dims();
    let mut soft = Vec::with_capacity(masks);
    for codes in codes.split(vision.batch(masks), 0) {
        let pixels = vision.foreground(codes).try_into_data();
        let pixels = pixels.context("the device stopped answering")?;
        let pixels: Vec<f32> = pixels.iter::<f32>().collect();
        let masks = pixels.chunks_exact(size * size);
        soft.extend(masks.map(|pixels| GrayImage::new(size, size, pixels.to_vec())));
    }
    Ok(soft)
}
