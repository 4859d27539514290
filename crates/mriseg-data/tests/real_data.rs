//! The grammar and the side convention against the real sentences and masks, where they are at hand.

use std::path::PathBuf;

use mriseg::sentence::contradiction;
use mriseg_data::{Dataset, Findings, derived_cases};

/// A split of the data, or `None` with the reason printed.
fn split(name: &str) -> Option<Dataset> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/qata-cov19");
    if !dir.is_dir() {
        println!("skipped: {} is not there", dir.display());
        return None;
    }
    Some(Dataset::open(&dir, name).unwrap())
}

#[test]
fn every_caption_is_of_the_grammar_and_round_trips() {
    for name in ["train", "valid"] {
        let Some(data) = split(name) else { return };
        for text in data.texts() {
            let findings = Findings::parse(text).unwrap_or_else(|| panic!("not read: {text}"));
            assert_eq!(findings.to_sentence(), text);
        }
    }
}

#[test]
fn side_words_agree_with_the_masks_in_98_percent() {
    let Some(mut data) = split("valid") else {
        return;
    };
    data.thin(400);
    let (mut contradictions, mut derived) = (Vec::new(), 0);
    for i in 0..data.len() {
        let case = data.load(i).unwrap();
        let findings = Findings::parse(&case.text).unwrap();
        if let Some(said) = contradiction(&findings, &case.mask, data.side_convention()) {
            contradictions.push(format!("{}: {said}", case.id));
        }
        derived += usize::from(!derived_cases(&case, data.side_convention()).is_empty());
    }
    println!(
        "{} contradictions, {derived} of {} with derived cases",
        contradictions.len(),
        data.len()
    );
    assert!(
        contradictions.len() * 50 <= data.len(),
        "{contradictions:#?}"
    );
    assert!(
        derived * 10 >= data.len() * 8,
        "only {derived} of {} give derived cases",
        data.len()
    );
}
