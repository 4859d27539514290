use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::tables::{denials, fillers, frames};
use super::*;

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn all_findings() -> impl Iterator<Item = Findings> {
    (1..64u8).map(Findings::from_bits)
}

fn all_requests() -> Vec<Request> {
    let mut requests: Vec<Request> = all_findings().map(Request::Zones).collect();
    for side in Side::BOTH {
        requests.extend([Request::Side(side), Request::Lungs(Some(side))]);
    }
    requests.extend([
        Request::Everything,
        Request::Nothing,
        Request::Zones(Findings::default()),
        Request::Lungs(None),
        Request::Other,
    ]);
    requests
}

/// Small letters, no punctuation.
fn normalised(text: &str) -> String {
    words(text).join(" ")
}

fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn equal_random_numbers_give_equal_sentences() {
    for wording in Wording::ALL {
        for request in all_requests() {
            let say = || wording.say(&request, &mut rng(7));
            assert_eq!(say(), say());
        }
    }
    assert_eq!(corpus(3, 200), corpus(3, 200));
    assert_ne!(corpus(3, 200), corpus(4, 200));
}

#[test]
fn names_are_those_of_commands_and_files() {
    assert_eq!(
        Wording::ALL.map(Wording::as_str),
        ["varied", "held-out", "lay"]
    );
    assert_eq!(
        serde_json::to_string(&Wording::ALL).unwrap(),
        r#"["varied","held_out","lay"]"#
    );
}

/// Many training sentences, normalised.
static TRAINED: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let rng = &mut rng(11);
    (0..200_000)
        .map(|_| {
            let request = any_request(rng);
            normalised(&Wording::Varied.say(&request, rng))
        })
        .collect()
});

#[test]
fn more_than_half_of_many_sentences_are_different() {
    assert!(TRAINED.len() > 100_000, "{}", TRAINED.len());
}

#[test]
fn training_has_no_held_out_part_and_held_out_sentences_have_one() {
    let rng = &mut rng(12);
    for _ in 0..20_000 {
        let request = any_request(rng);
        let sentence = Wording::Varied.sentence(&request, rng);
        assert!(!held_out(&sentence.parts), "{sentence:?}");
    }
    for wording in [Wording::HeldOut, Wording::Lay] {
        for _ in 0..10_000 {
            let request = any_request(rng);
            let sentence = wording.sentence(&request, rng);
            assert!(new_to_training(&sentence.parts), "{sentence:?}");
            assert!(held_out(&sentence.parts), "{sentence:?}");
        }
    }
}

#[test]
fn held_out_wordings_never_occur_in_training() {
    let rng = &mut rng(13);
    for wording in [Wording::HeldOut, Wording::Lay] {
        for _ in 0..30_000 {
            let request = any_request(rng);
            let said = wording.say(&request, rng);
            assert!(!TRAINED.contains(&normalised(&said)), "{wording}: {said}");
        }
    }
}

/// A few are so short that everybody writes them.
#[test]
fn training_hardly_ever_says_what_strangers_wrote() {
    let said: Vec<&str> = written()
        .iter()
        .map(|(_, sentence)| *sentence)
        .filter(|sentence| TRAINED.contains(&normalised(sentence)))
        .collect();
    println!("{} of {}: {said:?}", said.len(), written().len());
    assert!(said.len() * 10 <= written().len(), "{said:?}");
}

/// Sentences could still meet if two ways of making them gave the same words, one way held out, the other not.
#[test]
fn equal_sentences_are_held_out_alike_and_ask_for_the_same() {
    let rng = &mut rng(14);
    let mut fates: HashMap<String, (bool, Request, Vec<Part>)> = HashMap::new();
    let mut wrong = Vec::new();
    for _ in 0..1_000_000 {
        let request = any_request(rng);
        let lay = rng.random_bool(0.3);
        let sentence = sentence(lay, &request, rng);
        let held = held_out(&sentence.parts);
        let key = normalised(&sentence.plain);
        let (before, asked, parts) = fates
            .entry(key)
            .or_insert_with(|| (held, request, sentence.parts.clone()));
        if *before != held || *asked != request {
            wrong.push(format!(
                "{}: {request:?} {:?} / {asked:?} {parts:?}",
                sentence.plain, sentence.parts
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(40)]
    );
}

#[test]
fn the_wrong_side_is_never_named() {
    let rng = &mut rng(15);
    for request in all_requests() {
        let side = match request {
            Request::Zones(findings) => findings.only_side(),
            Request::Side(side) => Some(side),
            Request::Lungs(side) => side,
            _ => None,
        };
        let Some(side) = side else { continue };
        let names = |side: Side| match side {
            Side::Left => "left l lt lul lll luz lmz llz",
            Side::Right => "right r rt rul rml rll ruz rmz rlz",
        };
        let names_one_of = |said: &[String], side: Side| {
            let mut names = names(side).split(' ');
            names.any(|name| said.iter().any(|word| word == name))
        };
        for wording in Wording::ALL {
            for _ in 0..300 {
                let sentence = wording.sentence(&request, rng);
                let plain = words(&sentence.plain);
                let fair = sentence.names_other_side
                    || names_one_of(&plain, side)
                        && !names_one_of(&plain, side.other())
                        && !names_one_of(&words(&sentence.text), side.other());
                assert!(fair, "{request:?}: {sentence:?}");
            }
        }
    }
}

/// Each zone of the request is named, or the whole lung is.
#[test]
fn every_zone_is_named() {
    let rng = &mut rng(16);
    for findings in all_findings() {
        for wording in Wording::ALL {
            for _ in 0..150 {
                let sentence = wording.sentence(&Request::Zones(findings), rng);
                let text = sentence.plain.to_lowercase();
                let whole = [
                    "throughout",
                    "entire",
                    "whole",
                    "all ",
                    "diffuse",
                    "everywhere",
                    "every zone",
                    // "everything but the left base"
                    "everything",
                    "anything",
                    "whatever",
                    "what is not",
                ]
                .iter()
                .any(|word| text.contains(word));
                let names: [&[&str]; 3] = [
                    &[
                        "upper", "superior", "top", "ap", "lul", "rul", "uz", "high", "up ",
                    ],
                    &["mid", "rml", "mz", "halfway"],
                    &[
                        "lower", "inferior", "bottom", "bas", "lll", "rll", "lz", "low", "down",
                    ],
                ];
                for (zone, names) in names.into_iter().enumerate() {
                    if findings.left[zone] || findings.right[zone] {
                        assert!(
                            whole || names.iter().any(|name| text.contains(name)),
                            "{findings}: {text}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn every_request_is_said_in_bounds() {
    let rng = &mut rng(17);
    let mut long = 0;
    let mut all = 0;
    for request in all_requests() {
        for wording in Wording::ALL {
            for _ in 0..200 {
                let said = wording.say(&request, rng);
                let count = said.split_whitespace().count();
                assert!((1..=MOST_WORDS).contains(&count), "{said}");
                assert!(said.len() <= MOST_LETTERS, "{said}");
                assert!(!said.contains(['{', '}', '[', ']']), "{said}");
                assert!(!said.contains("  ") && said.trim() == said, "{said:?}");
                long += usize::from(count > 20);
                all += 1;
            }
        }
    }
    assert!(long * 8 < all, "{long} of {all}");
}

/// Typing errors can only be kept from making other words when all words are known.
#[test]
fn all_words_are_known_to_the_typist() {
    let rng = &mut rng(18);
    for _ in 0..50_000 {
        let request = any_request(rng);
        if request == Request::Other {
            continue;
        }
        let plain = sentence(false, &request, rng).plain;
        for word in plain.split(|c: char| !c.is_alphabetic() && c != '\'') {
            assert!(known::is_known(&word.to_lowercase()), "{word:?} in {plain}");
        }
    }
}

#[test]
fn a_typing_error_never_makes_the_other_side() {
    let rng = &mut rng(19);
    let sides = |text: &str| {
        let count = |side: &str| words(text).iter().filter(|word| *word == side).count();
        [count("left"), count("right")]
    };
    let mut mistyped = 0;
    for _ in 0..60_000 {
        let request = any_request(rng);
        let sentence = Wording::Varied.sentence(&request, rng);
        mistyped += usize::from(sentence.plain.to_lowercase() != sentence.text.to_lowercase());
        let (meant, typed) = (sides(&sentence.plain), sides(&sentence.text));
        assert!(typed[0] <= meant[0] && typed[1] <= meant[1], "{sentence:?}");
    }
    // About one sentence in eight.
    assert!((6000..8500).contains(&mistyped), "{mistyped}");
}

/// "Findings:" before "in keeping with ..." must not be another frame, and so on: equal sentences have equal parts.
#[test]
fn no_frame_begins_or_ends_with_a_remark() {
    let open = |text: &str| normalised(&text.replace('{', " slot").replace('}', " "));
    let remarks = |lists: &[&[parts::Choice]]| -> Vec<String> {
        lists
            .iter()
            .flat_map(|list| list.iter())
            .map(|(text, _)| open(text))
            .collect()
    };
    let openings = remarks(&[&fillers::OPENINGS]);
    let headings = remarks(&[&fillers::HEADINGS]);
    let remarks_before = remarks(&[&fillers::BEFORE]);
    let within = remarks(&[&fillers::WITHIN]);
    let besides = remarks(&[&fillers::BESIDES]);
    let remarks_after = remarks(&[&fillers::AFTER]);
    let before = [&openings[..], &headings, &remarks_before].concat();
    let after = [&within[..], &besides, &remarks_after].concat();
    let frames = remarks(&[
        &frames::VERBS,
        &frames::WISHES,
        &frames::TELLING,
        &frames::WHETHER,
        &frames::PLACE_FIRST,
        &frames::PLACE_ONLY,
        &frames::ALL,
        &denials::DENIALS,
        &denials::STATING,
        &denials::SHOWING,
        &denials::CLEAR_STATEMENTS,
        &denials::CLEAR_THINGS,
        &lungs::SHAPE_FRAMES,
        &lungs::ORGAN,
    ]);
    let mut wholes = frames.clone();
    wholes.extend(before.iter().chain(&after).cloned());
    // What is left of a frame after a remark would have to be a frame itself.
    for frame in &frames {
        for remark in &before {
            let rest = frame.strip_prefix(&format!("{remark} "));
            assert!(
                !rest.is_some_and(|rest| wholes.iter().any(|w| w == rest)),
                "{remark}: {frame}"
            );
        }
        for remark in &after {
            let rest = frame.strip_suffix(&format!(" {remark}"));
            assert!(
                !rest.is_some_and(|rest| wholes.iter().any(|w| w == rest)),
                "{frame}: {remark}"
            );
        }
    }
    for (first, second, all) in [
        (&remarks_before, &openings, &before),
        (&remarks_before, &headings, &before),
        (&within, &remarks_after, &after),
        (&besides, &remarks_after, &after),
    ] {
        for first in first {
            for second in second {
                let both = format!("{first} {second}");
                assert!(!all.contains(&both), "{both}");
            }
        }
    }
}
