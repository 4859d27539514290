//! What decoding costs on this CPU: prefill, a token at the start of the mask and one at its end, and a
//! training step, with random weights (the cost does not depend on their values).
//!
//! `cargo run --example decode_cost`

use burn::tensor::{Device, Distribution, Int, Tensor};
use mriseg::config::ModelConfig;
use mriseg::decode::{Greedy, Pick, Picker};
use mriseg::loss::next_token_loss;
use std::time::Instant;

const REPEATS: usize = 7;
const EDGE: usize = 16;

fn main() {
    println!(
        "| preset | tokens | prefill ms | ms/token, first {EDGE} | ms/token, last {EDGE} | last/first | training step, ms per case |"
    );
    println!("|---|---|---|---|---|---|---|");
    measure("tiny", &ModelConfig::tiny());
    measure("small", &ModelConfig::small());
}

fn measure(name: &str, config: &ModelConfig) {
    let device = Device::flex();
    let lm = config.init_mask_lm(&device);
    let picker = Picker::new(Pick::LeastError, &config.mask.init(&device));
    let layout = config.layout();
    let (mut prefill, mut first, mut last) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..REPEATS {
        let (text, image) = inputs(config, 1, &device);
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
        "| {name} | {} | {:.1} | {first:.2} | {last:.2} | {:.2} | {:.0} |",
        layout.mask(),
        median(prefill),
        last / first,
        training_step(config),
    );
}

fn training_step(config: &ModelConfig) -> f64 {
    const BATCH: usize = 8;
    let device = Device::flex().autodiff();
    let model = config.init(&device);
    let tables = model.lm.tables(&device);
    let layout = config.layout();
    let size = config.image.size;
    let picture = Tensor::random([BATCH, 1, size, size], Distribution::Default, &device);
    let (text, _) = inputs(config, BATCH, &device);
    let tokens = Tensor::<2, Int>::zeros([BATCH, layout.mask()], &device);
    let times = (0..3).map(|_| {
        let start = Instant::now();
        let image = model.image_tokens(picture.clone());
        let hidden = model
            .lm
            .forward(text.clone(), image, tokens.clone(), &tables);
        next_token_loss(model.lm.logits(hidden.states), tokens.clone()).backward();
        milliseconds(start) / BATCH as f64
    });
    median(times.collect())
}

fn inputs(config: &ModelConfig, batch: usize, device: &Device) -> (Tensor<2, Int>, Tensor<3>) {
    let layout = config.layout();
    let image = [batch, layout.image(), config.image_token_dim()];
    (
        Tensor::zeros([batch, layout.text], device),
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
