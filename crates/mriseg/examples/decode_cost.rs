//! What decoding costs on this CPU: prefill, a token at the start of the mask and one at its end; and what a
//! training step costs, with the next-token loss alone and with the paper's three strategies. Weights are
//! random: the cost does not depend on their values.
//!
//! `cargo run --example decode_cost`

use burn::nn::LinearConfig;
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use futures_lite::future::block_on;
use mriseg::config::ModelConfig;
use mriseg::decode::{Greedy, Pick, Picker};
use mriseg::loss::{
    ContrastTokens, code_likeness, hard_token_loss, next_k_token_loss, token_contrastive_loss,
    token_losses,
};
use mriseg::mask_lm::CachedLm;
use mriseg::vision::Vision;
use std::time::Instant;

const REPEATS: usize = 7;
const EDGE: usize = 16;

fn main() {
    println!(
        "| preset | tokens | prefill ms | ms/token, first {EDGE} | ms/token, last {EDGE} | last/first | training step, ms per case: next token | all three strategies | overhead |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    measure("tiny", &ModelConfig::tiny(), true);
    measure("small", &ModelConfig::small(), true);
    let mut fine = ModelConfig::small();
    fine.image.size = 224;
    fine.mask.patch = 8;
    measure("small, finer grid", &fine, false);
}

fn measure(name: &str, config: &ModelConfig, training: bool) {
    let device = Device::flex();
    let model = config.init(&device);
    let lm = CachedLm::new(&model.lm);
    let vision = Vision::of(&model, None).expect("these sizes have tokenizers of their own");
    let picker = block_on(Picker::new(Pick::LeastError, &vision)).expect("the CPU answers");
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
    let decoding = format!(
        "| {name} | {} | {:.1} | {first:.2} | {last:.2} | {:.2} |",
        layout.mask(),
        median(prefill),
        last / first,
    );
    if !training {
        println!("{decoding} | | |");
        return;
    }
    let base = training_step(config, false);
    let strategies = training_step(config, true);
    println!(
        "{decoding} {base:.1} | {strategies:.1} | {:.0} % |",
        100.0 * (strategies / base - 1.0),
    );
}

fn training_step(config: &ModelConfig, strategies: bool) -> f64 {
    const BATCH: usize = 4;
    const CONTRASTED: usize = 256;
    const DIM: usize = 128;
    let device = Device::flex().autodiff();
    let model = config.init(&device);
    let tables = model.lm.tables(&device);
    let tokenizers = model.tokenizers.as_ref().expect("these sizes have some");
    let layout = config.layout();
    let size = config.image.size;
    let picture = Tensor::random([BATCH, 1, size, size], Distribution::Default, &device);
    let (text, _) = inputs(config, BATCH, &device);
    let ids: Vec<i32> = (0..BATCH * layout.mask())
        .map(|i| (i % layout.codes) as i32)
        .collect();
    let shape = [BATCH, layout.mask()];
    let tokens = Tensor::<2, Int>::from_data(TensorData::new(ids.clone(), shape), &device);
    let projection = LinearConfig::new(config.lm.d_model, DIM).init(&device);
    let chosen = ContrastTokens::choose(&ids, 0, layout.grid, CONTRASTED, |below| below / 2);
    let indices: Vec<i32> = chosen.tokens.iter().map(|&i| i as i32).collect();
    let codes: Vec<i32> = chosen.tokens.iter().map(|&i| ids[i]).collect();
    let times = (0..REPEATS).map(|_| {
        let start = Instant::now();
        let image = tokenizers.image_tokens(picture.clone());
        let hidden = model
            .lm
            .forward(text.clone(), image, tokens.clone(), &tables);
        let losses = token_losses(model.lm.logits(hidden.states.clone()), tokens.clone());
        let mut loss = losses.clone().mean();
        if strategies {
            let [batch, positions, d_model] = hidden.states.dims();
            let states = hidden.states.clone().reshape([batch * positions, d_model]);
            let contrasted = states.select(0, Tensor::from_data(indices.as_slice(), &device));
            let contrast = token_contrastive_loss(
                projection.forward(contrasted),
                code_likeness(&codes, &device),
                chosen.pair_weights(2.0, &device),
                0.1,
            );
            let hard = hard_token_loss(losses, Tensor::ones(shape, &device));
            let next_k = next_k_token_loss(model.lm.logits_ahead(&hidden), tokens.clone(), 0.5);
            loss = loss + next_k + contrast + hard;
        }
        loss.backward();
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
