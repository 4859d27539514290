//! Against `Emu3VQVAE` of the `transformers` package; `fixtures/make.py` made the fixtures.

use super::*;
use crate::weights::SafetensorsFile;
use burn::tensor::{Bytes, DType, TensorData};
use safetensors::tensor::{Dtype, TensorView};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;

#[derive(Deserialize)]
struct Fixture {
    config: serde_json::Value,
    /// Official name, name in `transformers`, official shape.
    tensors: Vec<(String, String, Vec<usize>)>,
    side: usize,
    codes: Vec<i64>,
    decoded: Vec<f32>,
}

const FIXTURES: [&str; 3] = [
    include_str!("../fixtures/two-levels.json"),
    include_str!("../fixtures/three-levels.json"),
    include_str!("../fixtures/channel-plan.json"),
];

/// As `make.py` has it: FNV-1a of the name, then SplitMix64.
fn uniform(name: &str, count: usize) -> Vec<f32> {
    let seed = name.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
    });
    (1..=count as u64)
        .map(|i| {
            let z = seed.wrapping_add(i.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((z ^ (z >> 31)) >> 40) as f32 / (1 << 24) as f32
        })
        .collect()
}

fn values(name: &str, shape: &[usize]) -> Vec<f32> {
    let u = uniform(name, shape.iter().product());
    if name.ends_with("running_var") {
        return u.iter().map(|u| 0.5 + u).collect();
    }
    if let [_] = shape {
        let norm = name.contains("norm") && name.ends_with(".weight");
        let middle = if norm { 1.0 } else { 0.0 };
        return u.iter().map(|u| middle + 0.2 * (u - 0.5)).collect();
    }
    let thin = ["time_", "quant_conv", "conv_out"];
    let fan_in: usize = shape[1..].iter().product();
    let reach = if name == "quantize.embedding.weight" {
        0.5
    } else if thin.iter().any(|part| name.contains(part)) {
        (27.0 / fan_in as f32).sqrt()
    } else {
        (6.0 / fan_in as f32).sqrt()
    };
    u.iter().map(|u| reach * (2.0 * u - 1.0)).collect()
}

impl Fixture {
    fn read(json: &str) -> Self {
        serde_json::from_str(json).unwrap()
    }

    fn config(&self) -> Emu3Config {
        serde_json::from_value(self.config.clone()).unwrap()
    }

    /// The weights as a file, by the official names or by those of `transformers`.
    fn file(&self, transformers: bool, dtype: DType, change: impl Fn(&mut Tensors)) -> Vec<u8> {
        let mut tensors: Tensors = self
            .tensors
            .iter()
            .map(|(official, theirs, shape)| {
                let values = values(official, shape);
                if !transformers {
                    return (official.clone(), (shape.clone(), values));
                }
                let matrix = theirs.contains("_proj.weight");
                let shape = if matrix { &shape[..2] } else { &shape[..] };
                (theirs.clone(), (shape.to_vec(), values))
            })
            .collect();
        change(&mut tensors);
        let bytes: Vec<(&String, &Vec<usize>, Bytes)> = tensors
            .iter()
            .map(|(name, (shape, values))| {
                let data = TensorData::new(values.clone(), shape.clone());
                (name, shape, data.convert_dtype(dtype).into_bytes())
            })
            .collect();
        let kind = match dtype {
            DType::F16 => Dtype::F16,
            DType::BF16 => Dtype::BF16,
            DType::I32 => Dtype::I32,
            _ => Dtype::F32,
        };
        let views = bytes.iter().map(|(name, shape, bytes)| {
            let view = TensorView::new(kind, (*shape).clone(), bytes).unwrap();
            ((*name).clone(), view)
        });
        safetensors::serialize(views, None).unwrap()
    }

    fn picture(&self) -> Tensor<4> {
        let shape = [2, 3, self.side, self.side];
        let pixels = uniform("picture", shape.iter().product());
        let pixels: Vec<f32> = pixels.iter().map(|u| 2.0 * u - 1.0).collect();
        Tensor::from_data(TensorData::new(pixels, shape), &Device::flex())
    }
}

type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

fn load(config: &Emu3Config, file: Vec<u8>) -> Result<Emu3Tokenizer, WeightsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emu3.safetensors");
    fs::write(&path, file).unwrap();
    let mut file = SafetensorsFile::open(&path)?;
    Emu3Tokenizer::load(config, &mut file, &Device::flex())
}

fn codes_of(codes: Tensor<3, Int>) -> Vec<i64> {
    codes.into_data().iter().collect()
}

#[test]
fn codes_and_pictures_are_those_of_transformers() {
    for json in FIXTURES {
        let fixture = Fixture::read(json);
        for transformers in [false, true] {
            let file = fixture.file(transformers, DType::F32, |_| {});
            let tokenizer = load(&fixture.config(), file).unwrap();
            let codes = tokenizer.encode(fixture.picture());
            assert_eq!(codes_of(codes.clone()), fixture.codes);
            let decoded = tokenizer.decode(codes);
            assert_eq!(decoded.dims(), [2, 3, fixture.side, fixture.side]);
            let decoded: Vec<f32> = decoded.into_data().try_to_vec().unwrap();
            let largest = fixture.decoded.iter().fold(0.0, |a: f32, b| a.max(b.abs()));
            let worst = decoded
                .iter()
                .zip(&fixture.decoded)
                .fold(0.0, |worst: f32, (ours, theirs)| {
                    worst.max((ours - theirs).abs())
                });
            assert!(worst < 1e-4 * largest, "{worst} of {largest}");
        }
    }
}

#[test]
fn half_precision_is_read_and_paints_nearly_the_same() {
    let fixture = Fixture::read(FIXTURES[0]);
    let codes = Tensor::<1, Int>::from_data(fixture.codes.as_slice(), &Device::flex());
    let grid = fixture.side / fixture.config().patch();
    let codes = codes.reshape([2, grid, grid]);
    for (dtype, tolerance) in [(DType::F16, 0.02), (DType::BF16, 0.15)] {
        let tokenizer = load(&fixture.config(), fixture.file(false, dtype, |_| {})).unwrap();
        let decoded: Vec<f32> = tokenizer
            .decode(codes.clone())
            .into_data()
            .try_to_vec()
            .unwrap();
        let error: f32 = decoded
            .iter()
            .zip(&fixture.decoded)
            .map(|(a, b)| (a - b).powi(2))
            .sum();
        let power: f32 = fixture.decoded.iter().map(|v| v * v).sum();
        let relative = (error / power).sqrt();
        assert!(
            relative > 0.0 && relative < tolerance,
            "{dtype:?}: {relative}"
        );
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let fixture = Fixture::read(FIXTURES[0]);
    let message = |change: &dyn Fn(&mut Tensors)| {
        load(&fixture.config(), fixture.file(false, DType::F32, change))
            .unwrap_err()
            .to_string()
    };
    let lacking = message(&|tensors| {
        tensors.remove("decoder.mid.attn_1.q.weight");
    });
    assert!(
        lacking.contains("emu3.safetensors: lacks the tensor `decoder.mid.attn_1.q.weight`"),
        "{lacking}"
    );
    let extra = message(&|tensors| {
        tensors.insert("encoder.more".to_owned(), (vec![1], vec![0.0]));
    });
    assert!(
        extra.contains("has 1 tensors") && extra.contains("encoder.more"),
        "{extra}"
    );
    let reshaped = message(&|tensors| {
        tensors.get_mut("encoder.conv_in.bias").unwrap().0 = vec![2, 16];
    });
    assert!(
        reshaped.contains("`encoder.conv_in.bias` has the shape [2, 16]")
            && reshaped.contains("[32]"),
        "{reshaped}"
    );
    let broken = message(&|tensors| {
        tensors.get_mut("encoder.conv_in.bias").unwrap().1[3] = f32::NAN;
    });
    assert!(
        broken.contains("`encoder.conv_in.bias` holds NaN at 3"),
        "{broken}"
    );
}

#[test]
fn weights_that_are_no_floating_point_numbers_are_refused() {
    let fixture = Fixture::read(FIXTURES[0]);
    let file = fixture.file(false, DType::I32, |_| {});
    let message = load(&fixture.config(), file).unwrap_err().to_string();
    assert!(
        message.contains("holds I32; floating-point numbers can be read"),
        "{message}"
    );
}

#[test]
fn a_file_that_was_cut_short_is_refused_wherever_it_was_cut() {
    let fixture = Fixture::read(FIXTURES[0]);
    let file = fixture.file(false, DType::F32, |_| {});
    for length in [0, 5, 8, 100, file.len() / 2, file.len() - 1] {
        let message = load(&fixture.config(), file[..length].to_vec())
            .unwrap_err()
            .to_string();
        assert!(message.contains("cut short"), "{length}: {message}");
    }
    let message = load(&fixture.config(), vec![0x20; 4096])
        .unwrap_err()
        .to_string();
    assert!(message.contains("no safetensors file"), "{message}");
}

/// Counts what it is asked for.
#[derive(Default)]
struct Count {
    tensors: usize,
}

impl TensorSource for Count {
    fn values(&mut self, _: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        self.tensors += 1;
        Ok(vec![0.0; shape.iter().product()])
    }
}

#[test]
fn an_eighth_of_the_official_width_asks_for_its_tensors() {
    let config = Emu3Config {
        ch: 32,
        ..Emu3Config::official()
    };
    let mut count = Count::default();
    Emu3Tokenizer::load(&config, &mut count, &Device::flex()).unwrap();
    // The checkpoint has 495; eight of them count batches.
    assert_eq!(count.tensors, 495 - 8);
}

#[test]
fn the_official_configuration_file_is_read() {
    let file = r#"{
        "attn_resolutions": [3], "ch": 256, "ch_mult": [1, 2, 2, 4], "codebook_size": 32768, "double_z": false,
        "dropout": 0.0, "embed_dim": 4, "in_channels": 3, "model_type": "Emu3VisionVQ", "num_res_blocks": 2,
        "out_channels": 3, "temporal_downsample_factor": 4, "z_channels": 4
    }"#;
    let config: Emu3Config = serde_json::from_str(file).unwrap();
    assert_eq!(config, Emu3Config::official());
    let saved = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Emu3Config>(&saved).unwrap(), config);
}

#[test]
fn impossible_sizes_are_named() {
    let with = |change: &dyn Fn(&mut Emu3Config)| {
        let mut config = Emu3Config::official();
        change(&mut config);
        config.validate().unwrap_err().to_string()
    };
    Emu3Config::official().validate().unwrap();
    assert!(with(&|config| config.ch = 100).contains("ch = 100"));
    assert!(with(&|config| config.attn_levels = vec![4]).contains("level 4"));
    assert!(with(&|config| config.temporal_downsample_factor = 2).contains("= 2"));
    assert!(with(&|config| config.codebook_size = 0).contains("codebook_size = 0"));
}
