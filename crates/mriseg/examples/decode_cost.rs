//! What decoding costs on this CPU: prefill, a token at the start of the mask and one at its end. Weights are random:
//! the cost does not depend on their values.
//!
//! `cargo run --example decode_cost`

use burn::tensor::{Device, Distribution, Int, Tensor};
use futures_lite::future::block_on;
use mriseg::config::ModelConfig;
use mriseg::decode::{Greedy, Pick, Picker};
use mriseg::mask_lm::CachedLm;
use std::time::Instant;

const REPEATS: usize = 7;
const EDGE: usize = 16;

fn main() {
    println!(
        "| preset | tokens | prefill ms | ms/token, first {EDGE} | ms/token, last {EDGE} | last/first |"
    );
    println!("|---|---|---|---|---|---|");
    measure("tiny", &ModelConfig::tiny());
    measure("small", &ModelConfig::small());
    let mut fine = ModelConfig::small();
    fine.image.size = 224;
    fine.mask.patch = 8;
    measure("small, finer grid", &fine);
}

fn measure(name: &str, config: &ModelConfig) {
    let device = Device::flex();
    let model = config.init(&device);
    let lm = CachedLm::new(&model.lm);
    let vision = model
        .vision()
        .expect("these sizes have tokenizers of their own");
    let picker =
        block_on(Picker::new(Pick::LeastError.into(), vision.as_ref())).expect("the CPU answers");
    let layout = config.layout();
    let (mut prefill, mut first, mut last) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..REPEATS {
        let (text, image) = inputs(config, &device);
        let start = Instant::now();
        let mut greedy = Greedy::start(&lm, picker.clone(), text, image);
        prefill.push(milliseconds(start));
        let mut tokens = Vec::new();
        loop {
            let start = Instant::now();
            let Some(decoded) = greedy.advance(&lm) else {
                break;
            };
            decoded.ids.into_data();
            tokens.push(milliseconds(start));
        }
        first.push(median(tokens[..EDGE].to_vec()));
        last.push(median(tokens[tokens.len() - EDGE..].to_vec()));
    }
    let (first, last) = (median(first), median(last));
    println!(
        "| {name} | {} | {:.1} | {first:.2} | {last:.2} | {:.2} |",
        layout.mask(),
        median(prefill),
        last / first,
    );
}

fn inputs(config: &ModelConfig, device: &Device) -> (Tensor<2, Int>, Tensor<3>) {
    let layout = config.layout();
    let image = [1, layout.image(), config.image_token_dim()];
    (
        Tensor::zeros([1, layout.text], device),
        Tensor::random(image, Distribution::Default, device),
    )
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
