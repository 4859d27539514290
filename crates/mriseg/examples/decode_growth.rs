//! How the cost of decoding grows on this CPU: with the tokens of a mask, layers, tokens per pass and masks at once,
//! beside what reading the weights and the cache must take at the memory bandwidth that is measured first. Weights
//! are random: the cost does not depend on their values. Prints Markdown; draws the cost of every token.
//!
//! ```sh
//! cargo run --example decode_growth -- decode-growth.svg
//! ```

use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};
use futures_lite::future::block_on;
use mriseg::config::ModelConfig;
use mriseg::decode::{DecodeStrategy, Greedy, MaskDecoder, Picker};
use mriseg::mask_lm::CachedLm;
use plotters::prelude::*;
use std::error::Error;
use std::time::Instant;

/// Tokens at the beginning and at the end that are looked at.
const EDGE: usize = 16;
/// Masks that every number is the median of.
const REPEATS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1);
    let bandwidth = bandwidth();
    println!("memory is read at {:.1} GB/s\n", bandwidth / 1e9);
    println!(
        "| what | tokens | layers | k | masks | weights, MB | cache at the end, MB | MB read by the first / last pass | ms a pass, first {EDGE} / last {EDGE} | last / first | least possible | of it |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    let small = ModelConfig::small();
    let mut curves = Vec::new();
    for (name, grid) in [("tokens", 14), ("", 28), ("", 42)] {
        let config = of_grid(&small, grid);
        let passes = measure(name, &config, 1, 1, bandwidth);
        curves.push((config, passes));
    }
    for (name, layers) in [("layers", 4), ("", 16)] {
        let mut config = small.clone();
        config.lm.layers = layers;
        measure(name, &config, 1, 1, bandwidth);
    }
    for (name, k) in [("tokens a pass", 2), ("", 4), ("", 8)] {
        measure(name, &small, k, 1, bandwidth);
    }
    for (name, batch) in [("masks at once", 4), ("", 16)] {
        measure(name, &small, 1, batch, bandwidth);
    }
    if let Some(path) = path {
        draw(&path, &curves, bandwidth)?;
        println!("\nwrote {path}");
    }
    Ok(())
}

/// The same model on a grid of `grid` by `grid` cells of 8 by 8 pixels of the picture.
fn of_grid(config: &ModelConfig, grid: usize) -> ModelConfig {
    let mut config = config.clone();
    config.image.size = grid << config.image.channels.len();
    config.mask.patch = 8;
    config.mask.size = grid * config.mask.patch;
    config
}

/// Bytes a second of two threads or as many as there are, at best.
fn bandwidth() -> f64 {
    const BYTES: usize = 1 << 29;
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let memory = vec![1u64; BYTES / size_of::<u64>()];
    let part = memory.len().div_ceil(threads);
    let read = || {
        let start = Instant::now();
        let sum: u64 = std::thread::scope(|scope| {
            let parts: Vec<_> = memory
                .chunks(part)
                .map(|part| scope.spawn(|| part.iter().fold(0, |sum: u64, x| sum.wrapping_add(*x))))
                .collect();
            parts.into_iter().filter_map(|part| part.join().ok()).sum()
        });
        assert_eq!(sum, memory.len() as u64);
        BYTES as f64 / start.elapsed().as_secs_f64()
    };
    (0..7).map(|_| read()).fold(0.0, f64::max)
}

/// Bytes that a pass reads: the weights of blocks and unembedding, and the keys and values of `filled` tokens.
struct Reads {
    weights: f64,
    token: f64,
}

impl Reads {
    fn of(config: &ModelConfig, parameters: usize) -> Self {
        let (layout, lm) = (config.layout(), &config.lm);
        // Of the other tables a pass reads one row.
        let tables = lm.text_vocab + layout.image();
        let weights = parameters - tables * lm.d_model;
        Self {
            weights: (weights * size_of::<f32>()) as f64,
            token: (2 * lm.layers * lm.d_model * size_of::<f32>()) as f64,
        }
    }

    fn bytes(&self, filled: usize, batch: usize) -> f64 {
        self.weights + self.token * (filled * batch) as f64
    }
}

/// Prints a row; gives milliseconds of every pass.
fn measure(name: &str, config: &ModelConfig, k: usize, batch: usize, bandwidth: f64) -> Vec<f64> {
    let device = Device::flex();
    let mut config = config.clone();
    config.lm.next_tokens = k;
    let model = config.init_mask_lm(&device);
    let reads = Reads::of(&config, model.num_params());
    let lm = CachedLm::new(&model);
    let layout = config.layout();
    let runs: Vec<Vec<f64>> = (0..REPEATS)
        .map(|_| {
            let text = Tensor::zeros([batch, layout.text], &device);
            let image = [batch, layout.image(), config.image_token_dim()];
            let image = Tensor::random(image, Distribution::Default, &device);
            let picker = Picker::most_probable_code();
            let mut passes = Vec::new();
            if k == 1 {
                let mut greedy = Greedy::start(&lm, picker, text, image);
                loop {
                    let start = Instant::now();
                    let Some(decoded) = greedy.advance(&lm) else {
                        break;
                    };
                    drop(decoded.ids.into_data());
                    passes.push(start.elapsed().as_secs_f64() * 1e3);
                }
            } else {
                let mut decoder =
                    MaskDecoder::start(&lm, picker, DecodeStrategy::Speculative, text, image);
                loop {
                    let start = Instant::now();
                    let run = block_on(decoder.next(&lm)).expect("the CPU answers");
                    if run.is_empty() {
                        break;
                    }
                    passes.push(start.elapsed().as_secs_f64() * 1e3);
                }
            }
            passes
        })
        .collect();
    let shortest = runs.iter().map(Vec::len).min().unwrap_or(0);
    let passes: Vec<f64> = (0..shortest)
        .map(|pass| median(runs.iter().map(|run| run[pass]).collect()))
        .collect();
    let edge = EDGE.min(passes.len());
    let (first, last) = (
        median(passes[..edge].to_vec()),
        median(passes[passes.len() - edge..].to_vec()),
    );
    let filled = [layout.prefix(), layout.total()];
    let bytes = filled.map(|filled| reads.bytes(filled, batch));
    let least = bytes.map(|bytes| bytes / bandwidth * 1e3);
    println!(
        "| {name} | {} | {} | {k} | {batch} | {:.1} | {:.1} | {:.1} / {:.1} | {first:.2} / {last:.2} | {:.2} | {:.2} / {:.2} ms | {:.0} / {:.0} % |",
        layout.mask(),
        config.lm.layers,
        reads.weights / 1e6,
        reads.token * (layout.total() * batch) as f64 / 1e6,
        bytes[0] / 1e6,
        bytes[1] / 1e6,
        last / first,
        least[0],
        least[1],
        100.0 * least[0] / first,
        100.0 * least[1] / last,
    );
    passes
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Milliseconds of every token, and the least possible.
fn draw(
    path: &str,
    curves: &[(ModelConfig, Vec<f64>)],
    bandwidth: f64,
) -> Result<(), Box<dyn Error>> {
    const WINDOW: usize = 15;
    const TITLE: &str =
        "small (7 M), native CPU: every token; dashed: reading its weights and cache, at best";
    const COLOURS: [RGBColor; 3] = [BLUE, RED, BLACK];
    let smooth = |passes: &[f64]| -> Vec<(f64, f64)> {
        passes
            .windows(WINDOW)
            .enumerate()
            .map(|(i, window)| ((i + WINDOW / 2) as f64, median(window.to_vec())))
            .collect()
    };
    let lines: Vec<_> = curves.iter().map(|(_, passes)| smooth(passes)).collect();
    let most = |of: fn(&(f64, f64)) -> f64| lines.iter().flatten().map(of).fold(0.0, f64::max);
    let (right, top) = (most(|point| point.0), 1.1 * most(|point| point.1));
    let area = SVGBackend::new(path, (760, 420)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(TITLE, ("sans-serif", 15))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(50)
        .build_cartesian_2d(0.0..right, 0.0..top)?;
    chart
        .configure_mesh()
        .x_desc("token")
        .y_desc("ms")
        .x_label_formatter(&|token| format!("{token:.0}"))
        .y_label_formatter(&|ms| format!("{ms:.0}"))
        .light_line_style(WHITE)
        .draw()?;
    for (((config, _), line), colour) in curves.iter().zip(&lines).zip(COLOURS) {
        let layout = config.layout();
        chart
            .draw_series(LineSeries::new(
                line.iter().copied(),
                colour.stroke_width(2),
            ))?
            .label(format!("{} tokens", layout.mask()))
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 20, y)], colour));
        let parameters = config.init_mask_lm(&Device::flex()).num_params();
        let reads = Reads::of(config, parameters);
        let least = |token: usize| reads.bytes(layout.prefix() + token, 1) / bandwidth * 1e3;
        let ends = [0, layout.mask()].map(|token| (token as f64, least(token)));
        chart.draw_series(DashedLineSeries::new(ends, 5, 5, colour.stroke_width(1)))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .label_font(("sans-serif", 13))
        .border_style(BLACK.mix(0.2))
        .background_style(WHITE)
        .draw()?;
    area.present()?;
    Ok(())
}
