//! What a tokenizer of pictures and masks costs on the CPU: weights, memory while loading, time to encode and decode.
//!
//! ```sh
//! cargo run --example tokenizer_cost -- www/public/bundles/cxr        # a bundle's own tokenizers
//! cargo run --example tokenizer_cost -- models/emu3-small 64          # a folder of Emu3's, side of the picture
//! cargo run --example tokenizer_cost -- emu3.safetensors 256          # weights of the official size
//! cargo run --example tokenizer_cost -- random 256                    # random ones
//! ```
//!
//! `scripts/peers/emu3.py` makes a file with random weights of the official size and times PyTorch.

use burn::tensor::{Device, Tensor, TensorData};
use mriseg::bundle::{Bundle, Manifest};
use mriseg::tensor_source::TensorSource;
use mriseg_emu3::{Emu3Config, Emu3Tokenizer, RandomTensors, SafetensorsFile};
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "random".to_owned());
    let side: usize = arguments.next().map_or(Ok(256), |side| side.parse())?;
    if Path::new(&path).join("manifest.json").is_file() {
        own(Path::new(&path))
    } else {
        emu3(Path::new(&path), side)
    }
}

/// Repeats what is short.
fn milliseconds(mut run: impl FnMut()) -> f64 {
    const LONG: f64 = 1.0;
    const MOST: usize = 50;
    let start = Instant::now();
    let mut times = Vec::new();
    while times.is_empty() || (times.len() < MOST && start.elapsed().as_secs_f64() < LONG) {
        let start = Instant::now();
        run();
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn own(folder: &Path) -> Result<(), Box<dyn Error>> {
    let device = Device::flex();
    let manifest = Manifest::parse(&fs::read(folder.join("manifest.json"))?)?;
    let files = manifest
        .files()
        .map(|entry| Ok((entry.file.clone(), fs::read(folder.join(&entry.file))?)))
        .collect::<Result<_, std::io::Error>>()?;
    let config = manifest.architecture.clone();
    let [image, mask, _] = manifest.shards.as_slice() else {
        return Err("this bundle's tokenizer is Emu3's: name its folder".into());
    };
    let (image, mask) = (image.bytes, mask.bytes);
    let (model, _) = Bundle { manifest, files }.unpack(&device)?;
    let vision = model.vision()?;
    println!(
        "{} tokens; weights: pictures {:.2} MB, masks {:.2} MB",
        config.layout().mask(),
        image as f64 / 1e6,
        mask as f64 / 1e6
    );
    let picture = grey(config.picture_size(), &device);
    let drawn = grey(config.mask.size, &device).greater_elem(0.5).float();
    let codes = vision.mask_codes(drawn.clone());
    println!(
        "encode a picture {:.1} ms, a mask {:.1} ms; decode a mask {:.1} ms",
        milliseconds(|| drop(vision.image_tokens(picture.clone()).into_data())),
        milliseconds(|| drop(vision.mask_codes(drawn.clone()).into_data())),
        milliseconds(|| drop(vision.foreground(codes.clone()).into_data())),
    );
    Ok(())
}

fn emu3(path: &Path, side: usize) -> Result<(), Box<dyn Error>> {
    let device = Device::flex();
    let (config, weights) = if path.is_dir() {
        let config = fs::read(path.join("config.json"))?;
        (
            serde_json::from_slice(&config)?,
            path.join("model.safetensors"),
        )
    } else {
        (Emu3Config::official(), path.to_owned())
    };
    let start = Instant::now();
    let mut source: Box<dyn TensorSource> = if path == Path::new("random") {
        Box::new(RandomTensors::new(1))
    } else {
        println!("file: {:.2} MB", fs::metadata(&weights)?.len() as f64 / 1e6);
        Box::new(SafetensorsFile::open(&weights)?)
    };
    config.validate()?;
    let tokenizer = Emu3Tokenizer::load(&config, source.as_mut(), &device)?;
    println!(
        "load: {:.1} s, at most {} of memory",
        start.elapsed().as_secs_f64(),
        peak()
    );
    let picture = tokenizer.read(grey(side, &device));
    let codes = tokenizer.encode(picture.clone());
    println!("{} tokens", codes.dims().iter().product::<usize>());
    let encode = milliseconds(|| drop(tokenizer.encode(picture.clone()).into_data()));
    println!("encode: {encode:.1} ms, at most {}", peak());
    let decode = milliseconds(|| drop(tokenizer.decode(codes.clone()).into_data()));
    println!("decode: {decode:.1} ms, at most {}", peak());
    Ok(())
}

/// A picture with something in it: `[1, 1, side, side]`, 0 to 1.
fn grey(side: usize, device: &Device) -> Tensor<4> {
    let pixels: Vec<f32> = (0..side * side)
        .map(|i| ((i % side * 7 + i / side * 13) % 256) as f32 / 255.0)
        .collect();
    Tensor::from_data(TensorData::new(pixels, [1, 1, side, side]), device)
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
