//! One synthetic chest with its sentences.

use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use super::anatomy::Anatomy;
use super::lesion::Lesion;
use super::render::{Rendering, render};
use crate::{Findings, Side};
use mriseg::reading::all_zones;

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
        let lesions = all_zones()
            .filter(|&(side, zone)| findings.zones(side)[zone])
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

    /// Its pixels, `size` of them across and down.
    pub fn render(&self, size: usize) -> Rendering {
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
        let mut zones: Vec<(Side, usize)> = all_zones().collect();
        zones.shuffle(rng);
        let mut findings = Findings::default();
        for &(side, zone) in &zones[..count] {
            findings.zones_mut(side)[zone] = true;
        }
        if count == 1 || findings.only_side().is_none() == both_lungs {
            return findings;
        }
    }
}

/// Sentences about a picture, at most so many: all findings, something absent, each lung, two zones, something else
/// absent; none of them twice.
fn referrals(findings: Findings, at_most: usize, rng: &mut ChaCha8Rng) -> Vec<Referral> {
    let zones = || all_zones().map(|(side, zone)| Findings::one_zone(side, zone));
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
    let mut wanted = vec![
        (SentenceKind::Full, findings),
        (SentenceKind::Absent, absent[0]),
    ];
    wanted.extend(sides.map(|side| (SentenceKind::OneSide, findings.one_side(side))));
    wanted.extend(
        present
            .iter()
            .take(2)
            .map(|&zone| (SentenceKind::OneZone, zone)),
    );
    wanted.extend(absent.get(1).map(|&zones| (SentenceKind::Absent, zones)));
    let mut chosen: Vec<Referral> = Vec::new();
    for (kind, findings) in wanted {
        let known = chosen.iter().any(|known| known.findings == findings);
        if !findings.is_empty() && !known {
            chosen.push(Referral { kind, findings });
        }
    }
    chosen.truncate(at_most.max(1));
    chosen
}
