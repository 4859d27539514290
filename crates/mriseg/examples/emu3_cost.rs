//! What Emu3's vision tokenizer costs on the CPU: memory while loading, seconds to encode and decode a picture.
//!
//! ```sh
//! cargo run --example emu3_cost -- emu3.safetensors 256   # file, side of the picture
//! cargo run --example emu3_cost -- random 256             # no file: random weights
//! ```
//!
//! `scripts/peers/emu3.py` makes a file with random weights of the official size and times PyTorch.

use burn::tensor::{Device, Tensor, TensorData};
use mriseg::vq::emu3::{Emu3Config, RandomTensors, SafetensorsFile, TensorSource};
use std::error::Error;
use std::fs::File;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "random".to_owned());
    let side: usize = arguments.next().map_or(Ok(256), |side| side.parse())?;
    let device = Device::flex();
    let config = Emu3Config::official();

    let start = Instant::now();
    let mut source: Box<dyn TensorSource> = if path == "random" {
        Box::new(RandomTensors::new(1))
    } else {
        let file = File::open(&path)?;
        println!("file: {:.0} MB", file.metadata()?.len() as f64 / 1e6);
        Box::new(SafetensorsFile::open(file, &path)?)
    };
    let tokenizer = config.load(source.as_mut(), &device)?;
    println!(
        "load: {:.1} s, at most {} of memory",
        start.elapsed().as_secs_f64(),
        peak()
    );

    let grey: Vec<f32> = (0..side * side)
        .map(|i| ((i % side * 7 + i / side * 13) % 256) as f32 / 255.0)
        .collect();
    let grey = Tensor::from_data(TensorData::new(grey, [1, 1, side, side]), &device);
    let picture = tokenizer.read(grey);
    let start = Instant::now();
    let codes = tokenizer.encode(picture);
    let ids: Vec<i64> = codes.clone().into_data().iter().collect();
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "encode: {seconds:.1} s, {} codes, at most {}",
        ids.len(),
        peak()
    );
    let start = Instant::now();
    let sum: f32 = tokenizer.decode(codes).abs().mean().into_scalar();
    let seconds = start.elapsed().as_secs_f64();
    println!("decode: {seconds:.1} s, at most {} (mean {sum:.3})", peak());
    Ok(())
}

/// Largest memory of this process so far, where the system tells.
fn peak() -> String {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
            let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
            Some(format!("{:.0} MB", kilobytes * 1024.0 / 1e6))
        })
        .unwrap_or_else(|| "an unknown amount".to_owned())
}
