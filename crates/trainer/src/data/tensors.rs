//! Cases to tensors.

use burn::tensor::{Device, Int, Tensor, TensorData};
use mriseg::config::ModelConfig;
use mriseg::image::Mask;
use mriseg::model::normalized_pixels;
use mriseg::text::TextTokenizer;
use mriseg_data::Case;
use rayon::prelude::*;
use std::borrow::Borrow;

use super::cache::PreparedCase;

/// Pictures as our encoder reads them: `[batch, channels, size, size]`.
pub(crate) fn pictures<S: Borrow<Case> + Sync>(
    cases: &[S],
    config: &ModelConfig,
    device: &Device,
) -> Tensor<4> {
    let (size, channels) = (config.image.size, config.image.input_channels);
    let pixels: Vec<f32> = cases
        .par_iter()
        .flat_map_iter(|case| normalized_pixels(&case.borrow().image, size, channels))
        .collect();
    Tensor::from_data(
        TensorData::new(pixels, [cases.len(), channels, size, size]),
        device,
    )
}

/// Masks at the tokenizer's size: `[batch, 1, size, size]`.
pub(crate) fn masks<S: Borrow<Case> + Sync>(
    cases: &[S],
    config: &ModelConfig,
    device: &Device,
) -> Tensor<4> {
    let size = config.mask.size;
    let pixels: Vec<f32> = cases
        .par_iter()
        .flat_map_iter(|case| {
            let mask = true_mask(case.borrow(), size);
            mask.pixels.into_iter().map(f32::from)
        })
        .collect();
    Tensor::from_data(
        TensorData::new(pixels, [cases.len(), 1, size, size]),
        device,
    )
}

/// The mask of a case, `size` by `size` pixels.
pub(crate) fn true_mask(case: &Case, size: usize) -> Mask {
    if (case.mask.width, case.mask.height) == (size, size) {
        case.mask.clone()
    } else {
        case.mask.resized(size, size)
    }
}

/// Sentences as token ids, one after the other, each `text` long; one that is empty or does not fit the model is "no
/// sentence".
pub(crate) fn tokenize<'a>(
    sentences: impl Iterator<Item = &'a str>,
    tokenizer: &TextTokenizer,
    config: &ModelConfig,
) -> Vec<i32> {
    let length = config.lm.text_tokens;
    let mut ids = Vec::new();
    for text in sentences {
        let prompt = tokenizer.encode(text, length, "");
        let prompt = prompt.unwrap_or_else(|_| tokenizer.none(length));
        ids.extend(prompt.ids.iter().map(|&id| id as i32));
    }
    ids
}

/// The same as a tensor: `[batch, text]`.
pub(crate) fn texts(
    cases: &[PreparedCase],
    tokenizer: &TextTokenizer,
    config: &ModelConfig,
    device: &Device,
) -> Tensor<2, Int> {
    let sentences = cases.iter().map(|case| case.original.text.as_str());
    let ids = tokenize(sentences, tokenizer, config);
    let shape = [cases.len(), config.lm.text_tokens];
    Tensor::from_data(TensorData::new(ids, shape), device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::CaseCache;
    use mriseg::image::{GrayImage, Picture};
    use mriseg_data::Dataset;

    #[test]
    fn colours_are_read_where_the_model_takes_them() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("colour");
        for part in ["img", "mask"] {
            std::fs::create_dir_all(folder.join("train").join(part)).unwrap();
        }
        std::fs::write(
            folder.join("captions.csv"),
            "split,id,caption\ntrain,0,a disc\n",
        )
        .unwrap();
        std::fs::write(folder.join("train/mask/0.png"), Mask::empty(2, 2).to_png()).unwrap();
        let plane = |value| GrayImage::new(2, 2, vec![value; 4]);
        let red = Picture::from_channels([plane(0.9), plane(0.1), plane(0.1)]);
        std::fs::write(folder.join("train/img/0.png"), red.to_png()).unwrap();
        let opened = || Dataset::open(&folder, "train").unwrap();
        let channels = |channels: usize| {
            let mut config = ModelConfig::tiny();
            config.image.input_channels = channels;
            config.image.size = 2;
            let cache = CaseCache::new(opened(), None, channels);
            let case = cache.case(0).unwrap();
            let read = pictures(&[&case], &config, &Device::flex());
            assert_eq!(read.dims(), [1, channels, 2, 2]);
            read.into_data().iter::<f32>().collect::<Vec<_>>()
        };
        assert!(channels(1).iter().all(|&value| value == 0.0));
        let [red, green] = [0, 4].map(|first| channels(3)[first]);
        assert!(red > 1.0 && green < -0.5, "{red} {green}");
    }
}
