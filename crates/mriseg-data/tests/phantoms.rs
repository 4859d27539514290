//! What the phantoms promise to the training: exact masks, sentences that decide, splits that share nothing.

use std::collections::HashSet;
use std::time::Instant;

use mriseg::sentence::contradiction;
use mriseg_data::phantom::Phantom;
use mriseg_data::{Dataset, Findings, PhantomConfig, SentenceKind, Side, SideConvention};

fn phantoms(split: &str, pictures: usize) -> Dataset {
    Dataset::phantoms(&PhantomConfig::default(), split, pictures)
}

#[test]
fn equal_seeds_give_equal_cases_and_other_seeds_others() {
    let (first, again) = (phantoms("train", 5), phantoms("train", 5));
    assert_eq!(first.fingerprint(), again.fingerprint());
    for i in 0..first.len() {
        assert_eq!(first.load(i).unwrap(), again.load(i).unwrap());
    }
    let other = Dataset::phantoms(
        &PhantomConfig {
            seed: 1,
            ..PhantomConfig::default()
        },
        "train",
        5,
    );
    assert_ne!(first.fingerprint(), other.fingerprint());
    assert_ne!(first.load(0).unwrap().image, other.load(0).unwrap().image);
}

#[test]
#[should_panic(expected = "the left of a phantom is that of the picture")]
fn phantoms_keep_their_side_convention() {
    let _ = phantoms("train", 1).with_side_convention(SideConvention::Patient);
}

#[test]
fn splits_share_no_picture() {
    let mut seen = HashSet::new();
    for split in ["train", "valid", "test"] {
        let data = phantoms(split, 40);
        let mut last = None;
        for i in 0..data.len() {
            if last.replace(data.picture(i)) != Some(data.picture(i)) {
                assert!(
                    seen.insert(data.load(i).unwrap().image.to_png()),
                    "{}",
                    data.id(i)
                );
            }
        }
    }
    assert_eq!(seen.len(), 120);
}

#[test]
fn cases_of_a_picture_share_it_and_differ_in_sentence() {
    let data = phantoms("train", 60);
    let texts: HashSet<(usize, &str)> = (0..data.len())
        .map(|i| (data.picture(i), data.text(i)))
        .collect();
    assert_eq!(texts.len(), data.len());
    assert!(data.len() >= 60 * 3, "{} cases", data.len());
    for i in 1..data.len() {
        if data.picture(i) == data.picture(i - 1) {
            assert_eq!(data.load(i).unwrap().image, data.load(i - 1).unwrap().image);
        }
    }
}

#[test]
fn the_sentence_alone_decides_the_mask() {
    let data = phantoms("valid", 150);
    let mut kinds = std::collections::HashMap::new();
    for i in 0..data.len() {
        let case = data.load(i).unwrap();
        let findings = Findings::parse(&case.text).unwrap();
        let kind = data.kind(i).unwrap();
        *kinds.entry(kind).or_insert(0) += 1;
        if kind == SentenceKind::Absent {
            assert!(case.mask.is_empty(), "{}: {}", case.id, case.text);
        } else {
            // At 64 x 64 a lesion must be worth more than half a cell of an 8 x 8 grid.
            assert!(
                case.mask.area() >= 24,
                "{}: {} pixels",
                case.id,
                case.mask.area()
            );
            assert_eq!(
                contradiction(&findings, &case.mask, SideConvention::Viewer),
                None,
                "{}",
                case.id
            );
        }
    }
    for kind in [
        SentenceKind::Full,
        SentenceKind::OneSide,
        SentenceKind::OneZone,
        SentenceKind::Absent,
    ] {
        assert!(kinds.get(&kind).is_some_and(|&n| n >= 60), "{kinds:?}");
    }
}

#[test]
fn the_masks_of_the_zones_are_disjoint_and_make_up_the_full_mask() {
    for index in 0..60 {
        let phantom = Phantom::generate(&PhantomConfig::default(), "train", index);
        let rendering = phantom.render(96);
        let full = rendering.mask(&phantom.referrals()[0].findings);
        let zones = Side::BOTH
            .map(|side| [0, 1, 2].map(|zone| rendering.mask(&Findings::one_zone(side, zone))));
        let sum: usize = zones.iter().flatten().map(|mask| mask.area()).sum();
        let shared = sum - full.area();
        assert!(
            shared * 50 <= sum,
            "picture {index}: zones share {shared} of {sum} pixels"
        );
        for i in 0..full.pixels.len() {
            let any = zones.iter().flatten().any(|mask| mask.pixels[i] == 1);
            assert_eq!(any, full.pixels[i] == 1);
        }
    }
}

#[test]
fn lesions_are_brighter_than_what_is_around_them() {
    // Judged over many pictures against the three pixels around each lesion.
    let data = phantoms("train", 60);
    let (mut inside, mut around) = ((0.0, 0), (0.0, 0));
    for i in (0..data.len()).filter(|&i| data.kind(i) == Some(SentenceKind::Full)) {
        let case = data.load(i).unwrap();
        let (mask, size) = (&case.mask, case.mask.width);
        let near = |x: usize, y: usize| {
            (y.saturating_sub(3)..=(y + 3).min(size - 1)).any(|v| {
                (x.saturating_sub(3)..=(x + 3).min(size - 1))
                    .any(|u| mask.pixels[v * size + u] == 1)
            })
        };
        for y in 0..size {
            for x in 0..size {
                let level = f64::from(case.image.grey().pixels[y * size + x]);
                if mask.pixels[y * size + x] == 1 {
                    inside = (inside.0 + level, inside.1 + 1);
                } else if near(x, y) {
                    around = (around.0 + level, around.1 + 1);
                }
            }
        }
    }
    let contrast = inside.0 / f64::from(inside.1) - around.0 / f64::from(around.1);
    assert!(contrast > 0.08, "lesions stand out by {contrast:.3}");
}

#[test]
fn a_large_rendering_shrunk_looks_like_the_small_one() {
    for index in 0..20 {
        let phantom = Phantom::generate(&PhantomConfig::default(), "gallery", index);
        let (large, small) = (phantom.render(256), phantom.render(64));
        let shrunk = large.image.resized(64, 64);
        let error: f32 = shrunk
            .pixels
            .iter()
            .zip(&small.image.pixels)
            .map(|(a, b)| (a - b).abs())
            .sum();
        assert!(
            error / 4096.0 < 0.025,
            "picture {index}: mean difference {}",
            error / 4096.0
        );
        let full = phantom.referrals()[0].findings;
        let (a, b) = (large.mask(&full).resized(64, 64), small.mask(&full));
        let both = a
            .pixels
            .iter()
            .zip(&b.pixels)
            .filter(|(a, b)| **a == 1 && **b == 1)
            .count();
        let dice = 2.0 * both as f64 / (a.area() + b.area()) as f64;
        assert!(dice > 0.95, "picture {index}: Dice {dice}");
    }
}

#[test]
fn two_hundred_pictures_are_drawn_in_seconds() {
    let config = PhantomConfig::default();
    let start = Instant::now();
    let drawn: usize = (0..200)
        .map(|i| {
            Phantom::generate(&config, "train", i)
                .render(config.size)
                .image
                .width
        })
        .sum();
    assert_eq!(drawn, 200 * 64);
    // A fifth of a second on an idle core; the limit is for machines busy with other work.
    assert!(
        start.elapsed().as_secs_f32() < 10.0,
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn most_pictures_have_lesions_in_both_lungs() {
    let data = phantoms("train", 300);
    let full: Vec<Findings> = (0..data.len())
        .filter(|&i| data.kind(i) == Some(SentenceKind::Full))
        .map(|i| Findings::parse(data.text(i)).unwrap())
        .collect();
    let bilateral = full
        .iter()
        .filter(|findings| findings.only_side().is_none())
        .count();
    assert_eq!(full.len(), 300);
    assert!(bilateral > 165, "{bilateral} of 300 are bilateral");
}

#[test]
fn thinning_keeps_so_many_cases_from_all_over_the_split() {
    let ids = |n: usize| -> Vec<String> {
        let mut data = phantoms("train", 3);
        data.thin(n);
        (0..data.len()).map(|i| data.id(i).to_owned()).collect()
    };
    let all = ids(usize::MAX);
    assert!(all.len() > 5);
    assert_eq!(ids(all.len()), all);
    let middle = all.len().div_ceil(2) - 1;
    assert_eq!(ids(2), [all[middle].clone(), all[all.len() - 1].clone()]);
    assert_eq!(ids(5).len(), 5);
    assert!(ids(0).is_empty());
}
