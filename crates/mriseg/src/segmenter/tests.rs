use super::*;
use crate::bundle::{BundleInfo, Precision};
use crate::config::ModelConfig;
use crate::image::GrayImage;
use futures_lite::future::block_on;

fn segmenter() -> Segmenter {
    let device = Device::flex();
    let config = ModelConfig::tiny();
    let tokenizer = TextTokenizer::learn(["left lung"; 3].into_iter(), 300).unwrap();
    let info = BundleInfo {
        name: "test".to_owned(),
        side_convention: Default::default(),
        domain: Default::default(),
        typical: None,
        example: "left lung".to_owned(),
        data: String::new(),
        command: String::new(),
        config_sha256: String::new(),
        metrics: Default::default(),
        licence: String::new(),
        intended_use: String::new(),
        pretrained_encoder: None,
        emu3: None,
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
