//! One synthetic chest with its sentences.

use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use super::anatomy::Anatomy;
use super::lesion::Lesion;
use super::render::{Drawing, render};
use crate::sentence::{Findings, Side};

/// What to generate.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PhantomConfig {
    /// Width and height of the pictures in pixels.
    pub size: usize,
    /// Another seed gives other chests.
    pub seed: u64,
    /// Sentences per picture at most; pictures with a single lesion have fewer different ones.
    pub sentences_per_picture: usize,
}

impl Default for PhantomConfig {
    fn default() -> Self {
        Self {
            size: 64,
            seed: 0,
            sentences_per_picture: 5,
        }
    }
}

/// What a phantom's sentence asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SentenceKind {
    /// Everything there is.
    Full,
    /// All of one lung, of a chest with opacities in both.
    OneSide,
    /// One zone, of a chest with opacities in several.
    OneZone,
    /// Zones without any opacity; the mask is empty.
    Absent,
}

/// A sentence about a phantom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Referral {
    /// What the sentence asks for.
    pub kind: SentenceKind,
    /// The zones it names.
    pub findings: Findings,
}

/// One synthetic chest, ready to be drawn at any size.
#[derive(Debug, Clone)]
pub struct Phantom {
    anatomy: Anatomy,
    lesions: Vec<Lesion>,
    noise_seed: u32,
    referrals: Vec<Referral>,
}

impl Phantom {
    /// Picture number `index` of a split. Splits of different names share no picture.
    pub fn generate(config: &PhantomConfig, split: &str, index: usize) -> Self {
        let mut rng = picture_rng(config.seed, split, index);
        let anatomy = Anatomy::random(&mut rng);
        let findings = random_findings(&mut rng);
        let lesions = Side::BOTH
            .into_iter()
            .flat_map(|side| {
                (0..3)
                    .filter(move |&zone| findings.zones(side)[zone])
                    .map(move |zone| (side, zone))
            })
            .map(|(side, zone)| Lesion::random(&anatomy, side, zone, &mut rng))
            .collect();
        let noise_seed = rng.random();
        let referrals = referrals(findings, config.sentences_per_picture, &mut rng);
        Self {
            anatomy,
            lesions,
            noise_seed,
            referrals,
        }
    }

    /// Its sentences, the full finding first.
    pub fn referrals(&self) -> &[Referral] {
        &self.referrals
    }

    /// Draws it `size` pixels wide and high.
    pub fn draw(&self, size: usize) -> Drawing {
        render(&self.anatomy, &self.lesions, self.noise_seed, size)
    }
}

fn picture_rng(seed: u64, split: &str, index: usize) -> ChaCha8Rng {
    let key = format!("mriseg phantom {seed} {split} {index}");
    ChaCha8Rng::from_seed(Sha256::digest(key).into())
}

/// One to four zones, in both lungs more often than chance would have it, so that the side word matters.
fn random_findings(rng: &mut ChaCha8Rng) -> Findings {
    let count = [1, 2, 2, 3, 3, 4][rng.random_range(0..6)];
    let both_lungs = count == 4 || rng.random_bool(0.8);
    loop {
        let mut zones: Vec<(Side, usize)> = Side::BOTH
            .into_iter()
            .flat_map(|side| (0..3).map(move |zone| (side, zone)))
            .collect();
        zones.shuffle(rng);
        let mut findings = Findings::default();
        for &(side, zone) in &zones[..count] {
            match side {
                Side::Left => findings.left[zone] = true,
                Side::Right => findings.right[zone] = true,
            }
        }
        if count == 1 || findings.only_side().is_none() == both_lungs {
            return findings;
        }
    }
}

fn referrals(findings: Findings, at_most: usize, rng: &mut ChaCha8Rng) -> Vec<Referral> {
    let zones = || {
        Side::BOTH
            .into_iter()
            .flat_map(|side| (0..3).map(move |zone| Findings::one_zone(side, zone)))
    };
    let mut present: Vec<Findings> = zones()
        .filter(|zone| !zone.is_disjoint(&findings))
        .collect();
    // What is absent is often what the other lung has: then the side word alone makes the difference.
    let mut mirrored: Vec<Findings> = present.iter().map(Findings::swapped).collect();
    mirrored.push(findings.swapped());
    mirrored.retain(|named| named.is_disjoint(&findings));
    let mut elsewhere: Vec<Findings> = zones().filter(|zone| zone.is_disjoint(&findings)).collect();
    present.shuffle(rng);
    mirrored.shuffle(rng);
    elsewhere.shuffle(rng);
    let (first, second) = if rng.random_bool(0.6) {
        (mirrored, elsewhere)
    } else {
        (elsewhere, mirrored)
    };
    let absent: Vec<Findings> = first.into_iter().chain(second).collect();

    let mut sides = Side::BOTH;
    sides.shuffle(rng);
    let of_kind = |kind| move |findings| Referral { kind, findings };
    let wanted = [
        of_kind(SentenceKind::Full)(findings),
        of_kind(SentenceKind::Absent)(absent[0]),
    ]
    .into_iter()
    .chain(sides.map(|side| of_kind(SentenceKind::OneSide)(findings.one_side(side))))
    .chain(
        present
            .iter()
            .copied()
            .take(2)
            .map(of_kind(SentenceKind::OneZone)),
    )
    .chain(
        absent
            .iter()
            .copied()
            .skip(1)
            .take(1)
            .map(of_kind(SentenceKind::Absent)),
    );
    let mut chosen: Vec<Referral> = Vec::new();
    for referral in wanted {
        if !referral.findings.is_empty()
            && chosen
                .iter()
                .all(|known| known.findings != referral.findings)
        {
            chosen.push(referral);
        }
    }
    chosen.truncate(at_most.max(1));
    chosen
}
