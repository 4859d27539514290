use super::*;
use crate::bundle::{BundleInfo, Precision};
use crate::config::ModelConfig;
use crate::image::GrayImage;
use burn::tensor::{Tensor, TensorData};
use futures_lite::future::block_on;

fn segmenter() -> Segmenter {
    let device = Device::flex();
    let config = ModelConfig::tiny();
    let tokenizer = TextTokenizer::learn(["left lung"; 3].into_iter(), 300).unwrap();
    let info = BundleInfo {
        name: "test".to_owned(),
        example: "left lung".to_owned(),
        ..Default::default()
    };
    device.seed(1);
    let mut model = config.init(&device);
    model.lm = crate::mask_lm::tests::randomize(model.lm);
    let bundle = Bundle::pack(
        &model,
        &config,
        &tokenizer,
        Default::default(),
        Precision::F16,
        info,
        "",
    )
    .unwrap();
    let manifest = bundle.manifest_bytes();
    block_on(Segmenter::load(&manifest, bundle.files, &device)).unwrap()
}

fn image() -> Picture {
    let pixels = (0..4000).map(|i| (i % 100) as f32 / 100.0);
    GrayImage::new(100, 40, pixels.collect()).into()
}

/// What is scored is what the page draws.
#[test]
fn many_masks_together_are_those_of_one_by_one() {
    let segmenter = segmenter();
    let pictures = [
        image(),
        image().flipped_horizontally(),
        image().resized(31, 60),
    ];
    let prompts = ["left lung", "right", "lung"].map(|text| segmenter.prompt(text).unwrap());
    let queries: Vec<Query<'_>> = (pictures.iter().zip(&prompts))
        .map(|(picture, prompt)| Query::new(picture, prompt))
        .collect();
    let input = segmenter.read(&queries);
    let together = block_on(segmenter.decode_many(segmenter.start_many(&input))).unwrap();
    assert_eq!(together.len(), 3);
    for two in together.windows(2) {
        assert_ne!(two[0].tokens, two[1].tokens);
    }
    let tokens: Vec<&[u32]> = together.iter().map(|mask| mask.tokens.as_slice()).collect();
    let soft = block_on(segmenter.soft_masks(&tokens)).unwrap();
    let drawn = input.frames.iter().zip(&soft);
    for ((query, found), (frame, soft)) in queries.iter().zip(&together).zip(drawn) {
        for strategy in [DecodeStrategy::Greedy, DecodeStrategy::Speculative] {
            let go_on = |_: &TokenEvent| ControlFlow::Continue(());
            let alone = block_on(segmenter.segment(*query, strategy, go_on)).unwrap();
            assert_eq!(found.tokens, alone.tokens);
            assert_eq!(frame.draw(soft), alone.mask);
            assert_eq!((alone.pending, frame.notes()), (0, alone.notes));
            assert_eq!(found.probabilities.len(), alone.probabilities.len());
            for (a, b) in found.probabilities.iter().zip(&alone.probabilities) {
                assert!((a - b).abs() < 1e-4, "{a} {b}");
            }
        }
    }
}

#[test]
fn a_mask_arrives_token_by_token_at_the_images_own_size() {
    let segmenter = segmenter();
    let prompt = segmenter.prompt("left lung").unwrap();
    let mut events = Vec::new();
    let keep = |event: &TokenEvent| {
        events.push(*event);
        ControlFlow::Continue(())
    };
    let image = image();
    let result = segmenter.segment(
        Query::new(&image, &prompt),
        DecodeStrategy::Speculative,
        keep,
    );
    let result = block_on(result).unwrap();
    assert_eq!((result.mask.width, result.mask.height), (100, 40));
    assert_eq!(result.mask.pixels.len(), 4000);
    assert_eq!(result.pending, 0);
    let tokens: Vec<u32> = events.iter().map(|event| event.token).collect();
    assert_eq!(tokens, result.tokens);
    assert!(events.iter().enumerate().all(|(i, event)| event.index == i));
}

#[test]
fn stopping_keeps_what_was_decoded_and_leaves_the_rest_pending() {
    let segmenter = segmenter();
    let prompt = segmenter.prompt("left lung").unwrap();
    let mut decoding = segmenter.stream(Query::new(&image(), &prompt), DecodeStrategy::Greedy);
    for _ in 0..12 {
        block_on(decoding.next()).unwrap();
    }
    let partial = block_on(decoding.partial_mask()).unwrap();
    assert_eq!(partial.pending.iter().filter(|&&p| p).count(), 52);
    assert!(!partial.pending[11] && partial.pending[12]);
    let below = &partial.probability[16 * 64..];
    assert!(below.iter().all(|&p| p == 0), "pending cells are not drawn");
    let result = block_on(decoding.finish()).unwrap();
    assert_eq!((result.tokens.len(), result.pending), (12, 52));
}

#[test]
fn sampled_masks_say_how_sure_each_cell_is() {
    let segmenter = segmenter();
    let prompt = segmenter.prompt("left lung").unwrap();
    let at = |seed| {
        let options = SamplingOptions {
            samples: 3,
            temperature: 1.0,
            seed,
        };
        let mut sampling = segmenter.sample(Query::new(&image(), &prompt), options);
        while block_on(sampling.next()).unwrap() {}
        assert_eq!(sampling.sampled(), sampling.total());
        block_on(sampling.agreement()).unwrap()
    };
    let agreement = at(1);
    assert_eq!(agreement.mean.len(), 64 * 64);
    assert_eq!(agreement.cells.len(), 64);
    assert!(agreement.cells.iter().all(|&c| (0.5..=1.001).contains(&c)));
    assert_eq!(agreement, at(1));
    assert_ne!(agreement, at(2));
}

#[test]
fn a_sentence_that_cannot_be_read_is_an_error_not_a_panic() {
    let segmenter = segmenter();
    let refuse = |text: &str| segmenter.prompt(text).unwrap_err().to_string();
    assert!(refuse("").contains("empty"));
    assert!(refuse(&"left ".repeat(2000)).contains("too long: 2000 words"));
}

/// The tokens of a whole mask.
fn decoded(segmenter: &Segmenter, picture: &Picture, text: &str) -> Vec<u32> {
    let prompt = segmenter.prompt(text).unwrap();
    let go_on = |_: &TokenEvent| ControlFlow::Continue(());
    let query = Query::new(picture, &prompt);
    let result = segmenter.segment(query, DecodeStrategy::Greedy, go_on);
    block_on(result).unwrap().tokens
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_decoding_goes_on_behind_tokens_of_a_prompt_that_was_read_once() {
    let segmenter = segmenter();
    let picture = image();
    let tokens = decoded(&segmenter, &picture, "left lung");
    let prompt = segmenter.prompt("left lung").unwrap();
    let prompted = segmenter.prompted(Query::new(&picture, &prompt));
    for count in [0, 20, 64] {
        let given = &tokens[..count];
        let mut stream = segmenter
            .resume(prompted.clone(), DecodeStrategy::Speculative, given)
            .unwrap();
        let first = block_on(stream.next()).unwrap();
        assert!(count == 0 || first.tokens.len() == count);
        assert!(first.tokens.iter().all(|event| event.given == (count > 0)));
        while !block_on(stream.next()).unwrap().is_empty() {}
        assert_eq!(stream.tokens(), tokens);
        assert_eq!(block_on(stream.finish()).unwrap().pending, 0);
    }
    let refuse = |given: &[u32]| {
        let stream = segmenter.resume(prompted.clone(), DecodeStrategy::Greedy, given);
        refusal(stream)
    };
    assert!(refuse(&[3, 256]).contains("token 1 is 256"));
    assert!(refuse(&[0; 65]).contains("65 tokens are given and this model's masks have 64"));
}

#[test]
fn frames_are_the_masks_that_decoding_draws_on_its_way() {
    let segmenter = segmenter();
    let picture = image();
    let prompt = segmenter.prompt("left lung").unwrap();
    let mut stream = segmenter.stream(Query::new(&picture, &prompt), DecodeStrategy::Greedy);
    let mut drawn = vec![block_on(stream.partial_mask()).unwrap()];
    while !block_on(stream.next()).unwrap().is_empty() {
        drawn.push(block_on(stream.partial_mask()).unwrap());
    }
    let frames = block_on(segmenter.frames(stream.tokens())).unwrap();
    assert_eq!((frames.side, frames.count), (64, 65));
    let each = frames.pixels.chunks_exact(64 * 64);
    assert_eq!(each.len(), drawn.len());
    for (frame, mask) in each.zip(&drawn) {
        // Rounding of equal numbers that were computed in other batches.
        let close = |(a, b): (&u8, &u8)| a.abs_diff(*b) <= 1;
        assert!(frame.iter().zip(&mask.probability).all(close));
    }
    assert!(frames.pixels[..64 * 64].iter().all(|&p| p == 0));
    assert!(refusal(block_on(segmenter.frames(&[300]))).contains("token 0 is 300"));
}

#[test]
fn the_dice_curve_ends_at_the_dice_of_the_mask() {
    let segmenter = segmenter();
    // Noise, which has no frame that would be cut off.
    let pixels = (0..64 * 64).map(|i| (i * 7919 % 101) as f32 / 100.0);
    let picture = Picture::from(GrayImage::new(64, 64, pixels.collect()));
    let tokens = decoded(&segmenter, &picture, "left lung");
    let frames = block_on(segmenter.frames(&tokens)).unwrap();
    let last = &frames.pixels[64 * 64 * 64..];
    let whole: Vec<u8> = last.iter().map(|&p| u8::from(p > 127)).collect();
    assert!(whole.contains(&1) && whole.contains(&0));
    let curve = |truth: Vec<u8>| {
        let truth = Mask::new(64, 64, truth);
        block_on(segmenter.dice_curve(&picture, &tokens, &truth)).unwrap()
    };
    let of_itself = curve(whole.clone());
    assert_eq!(of_itself.len(), 65);
    assert_eq!(of_itself[0], 0.0);
    // A random model draws much near one half, where rounding to 8 bits decides otherwise.
    assert!(of_itself[64] > 0.9, "{}", of_itself[64]);
    assert!(of_itself[32] < of_itself[64]);
    let opposite = curve(whole.iter().map(|pixel| 1 - pixel).collect());
    assert!(opposite[64] < 0.1);
    assert_eq!(curve(vec![0; 64 * 64])[0], 1.0, "two empty masks agree");
    let small = Mask::empty(3, 4);
    let refused = refusal(block_on(segmenter.dice_curve(&picture, &tokens, &small)));
    assert!(
        refused.contains("3 x 4 pixels and the picture 64 x 64"),
        "{refused}"
    );
}

#[test]
fn the_codebook_is_what_masks_of_one_code_are_made_of() {
    let segmenter = segmenter();
    let codebook = block_on(segmenter.codebook()).unwrap();
    assert_eq!((codebook.codes, codebook.patch), (256, 8));
    let patches: Vec<&[u8]> = codebook.pixels.chunks_exact(64).collect();
    assert_eq!(patches.len(), 256);
    assert!(patches.windows(2).any(|two| two[0] != two[1]));
}

#[test]
fn a_picture_is_seen_prepared_and_at_the_models_size() {
    let segmenter = segmenter();
    let seen = segmenter.see(&image());
    assert_eq!((seen.picture.width(), seen.picture.height()), (64, 64));
    assert!(seen.frame.notes()[0].contains("padded"));
    // 100 x 40 pixels: padded above and below with their mean.
    let rows = seen.picture.grey().pixels.chunks_exact(64);
    let flat: Vec<bool> = rows
        .map(|row| row.iter().all(|p| (p - row[0]).abs() < 1e-3))
        .collect();
    assert!(flat[..18].iter().all(|&flat| flat) && flat[46..].iter().all(|&flat| flat));
    assert!(flat[22..42].iter().all(|&flat| !flat));
}

#[test]
fn agreement_is_told_on_the_way() {
    let segmenter = segmenter();
    let prompt = segmenter.prompt("left lung").unwrap();
    let options = SamplingOptions {
        samples: 3,
        temperature: 0.7,
        seed: 1,
    };
    options.check().unwrap();
    let picture = image();
    let mut sampling = segmenter.sample(Query::new(&picture, &prompt), options);
    for sampled in 0..=5 {
        let agreement = block_on(sampling.agreement()).unwrap();
        let (known, unknown) = agreement.cells.split_at(sampled);
        assert!(known.iter().all(|&c| (0.5..=1.001).contains(&c)));
        assert!(unknown.iter().all(|&c| c == 0.0));
        assert!(agreement.mean[8 * 64..].iter().all(|&p| p == 0.0));
        assert!(sampling.masks().iter().all(|mask| mask.len() == sampled));
        assert!(block_on(sampling.next()).unwrap());
    }
    for samples in [0, 65] {
        let refused = SamplingOptions { samples, ..options }.check();
        assert!(
            refused
                .unwrap_err()
                .to_string()
                .contains(&format!("{samples} masks"))
        );
    }
    for temperature in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let options = SamplingOptions {
            temperature,
            ..options
        };
        assert!(options.check().is_err(), "{temperature}");
    }
}

#[test]
fn an_inspection_tells_what_decoding_saw_token_by_token() {
    let segmenter = segmenter();
    let picture = image();
    let tokens = decoded(&segmenter, &picture, "left lung");
    let prompt = segmenter.prompt("left lung").unwrap();
    let prompted = segmenter.prompted(Query::new(&picture, &prompt));
    let inspect = |tokens: &[u32]| {
        block_on(segmenter.inspect(prompted.clone(), "left lung", tokens)).unwrap()
    };
    let whole = inspect(&tokens);
    assert_eq!(
        (whole.rows(), whole.words()),
        (64, &["left", "lung"].map(String::from)[..])
    );
    let mut stream = segmenter.stream(Query::new(&picture, &prompt), DecodeStrategy::Greedy);
    for (index, row) in whole.probabilities().chunks_exact(256).enumerate() {
        let pass = block_on(stream.next()).unwrap();
        let event = pass.tokens[0];
        assert!(
            (row[event.token as usize] - event.probability).abs() < 1e-3,
            "token {index}"
        );
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-3);
    }
    // Half a mask: the same, and the next token's.
    let mut half = inspect(&tokens[..32]);
    assert_eq!(half.rows(), 33);
    for (a, b) in half.probabilities().iter().zip(whole.probabilities()) {
        assert!((a - b).abs() < 1e-3);
    }
    let layers = segmenter.config().lm.layers;
    for index in [0, 7, 32] {
        let found = block_on(half.attention(index)).unwrap();
        assert_eq!((found.words, found.cells, found.mask), (2, 64, index + 1));
        let row = found.words + found.cells + found.mask;
        assert_eq!(found.weights.len(), layers * found.heads * row);
        for weights in found.weights.chunks_exact(row) {
            let sum: f32 = weights.iter().sum();
            assert!(sum > 0.0 && sum < 1.001, "padding has its part: {sum}");
        }
        let code = *found.lens_codes.last().unwrap() as usize;
        let decoded = &half.probabilities()[index * 256..][..256];
        let most = decoded.iter().copied().fold(0.0, f32::max);
        assert!(
            (decoded[code] - most).abs() < 1e-3,
            "the last layer's code is decoding's"
        );
        assert!((found.lens_probabilities[layers - 1] - most).abs() < 1e-3);
    }
    assert!(refusal(block_on(half.attention(33))).contains("from 0 to 32"));
}

#[test]
fn the_true_mask_is_read_as_codes_and_predicted_one_by_one() {
    let segmenter = segmenter();
    // Noise, which has no frame that would be cut off.
    let pixels = (0..64 * 64).map(|i| (i * 7919 % 101) as f32 / 100.0);
    let picture = Picture::from(GrayImage::new(64, 64, pixels.collect()));
    let prompt = segmenter.prompt("left lung").unwrap();
    let query = Query::new(&picture, &prompt);
    let pixels = (0..64 * 64).map(|i| u8::from(i % 64 < 20 && i / 64 > 30));
    let truth = Mask::new(64, 64, pixels.collect());
    let forced = block_on(segmenter.teacher_force(query, &truth)).unwrap();
    assert_eq!((forced.truth.len(), forced.predicted.len()), (64, 64));
    let marked: Vec<f32> = truth.pixels.iter().map(|&pixel| f32::from(pixel)).collect();
    let marked = Tensor::from_data(TensorData::new(marked, [1, 1, 64, 64]), segmenter.device());
    let codes = segmenter.vision().mask_codes(marked).into_data();
    assert_eq!(forced.truth, codes.iter::<u32>().collect::<Vec<_>>());
    let prompted = segmenter.prompted(query);
    for index in [0, 1, 40, 63] {
        let before = &forced.truth[..index];
        let mut stream = segmenter
            .resume(prompted.clone(), DecodeStrategy::Greedy, before)
            .unwrap();
        let next = loop {
            let pass = block_on(stream.next()).unwrap();
            if let Some(next) = pass.tokens.iter().find(|event| event.index == index) {
                break *next;
            }
        };
        assert_eq!(next.token, forced.predicted[index]);
        let right = next.token == forced.truth[index];
        assert!(!right || (next.probability - forced.probabilities[index]).abs() < 1e-3);
        assert!((0.0..=1.0).contains(&forced.probabilities[index]));
    }
}
