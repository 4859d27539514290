//! How often the checks of a mask against its sentence fail, on masks that are right and on masks of another sentence.
//! `cargo test -p mriseg-data --test checks -- --nocapture` prints the rates.

use std::path::PathBuf;

use mriseg::bundle::SideConvention;
use mriseg::image::Mask;
use mriseg::reading::{Findings, swap_heights, swap_sides};
use mriseg::sentence::{CheckKind, checks};
use mriseg_data::phantom::Phantom;
use mriseg_data::{Dataset, PhantomConfig, SentenceKind};

const VIEWER: SideConvention = SideConvention::Viewer;
const KINDS: [CheckKind; 4] = [
    CheckKind::Presence,
    CheckKind::Count,
    CheckKind::Side,
    CheckKind::Level,
];

/// Sentences by kind of check: how many were checked, and how many failed.
#[derive(Debug, Default)]
struct Rates {
    sentences: usize,
    /// Sentences with any failed check.
    any: usize,
    kinds: [[usize; 2]; 4],
}

impl Rates {
    fn add(&mut self, text: &str, mask: &Mask) {
        let checks = checks(text, mask, VIEWER);
        self.sentences += 1;
        self.any += usize::from(checks.iter().any(|check| !check.agrees));
        for (rate, kind) in self.kinds.iter_mut().zip(KINDS) {
            let mut own = checks.iter().filter(|check| check.kind == kind).peekable();
            rate[0] += usize::from(own.peek().is_some());
            rate[1] += usize::from(own.any(|check| !check.agrees));
        }
    }

    fn failed(&self, kind: CheckKind) -> f64 {
        let [checked, failed] = self.kinds[KINDS.iter().position(|own| *own == kind).unwrap()];
        failed as f64 / checked.max(1) as f64
    }

    fn print(&self, name: &str) {
        let all = 100.0 * self.any as f64 / self.sentences.max(1) as f64;
        print!("{name}: {} sentences, {all:.1}% fail", self.sentences);
        for (kind, [checked, failed]) in KINDS.into_iter().zip(self.kinds) {
            print!(
                "; {kind:?} {failed} of {checked} ({:.1}%)",
                100.0 * self.failed(kind)
            );
        }
        println!();
    }
}

#[test]
fn right_sentences_pass_and_wrong_ones_fail_on_phantoms() {
    let config = PhantomConfig {
        size: 224,
        ..PhantomConfig::default()
    };
    let [
        mut right,
        mut absent,
        mut sides,
        mut heights,
        mut counts,
        mut cleared,
    ] = [(); 6].map(|()| Rates::default());
    for picture in 0..400 {
        let phantom = Phantom::generate(&config, "checks", picture);
        let drawn = phantom.render(config.size);
        for referral in phantom.referrals() {
            let text = referral.findings.to_sentence();
            let mask = drawn.mask(&referral.findings);
            if referral.kind == SentenceKind::Absent {
                absent.add(&text, &mask);
                continue;
            }
            right.add(&text, &mask);
            cleared.add("the lungs are clear", &mask);
            if referral.findings.swapped() != referral.findings {
                sides.add(&swap_sides(&text), &mask);
            }
            let higher = swap_heights(&text);
            if Findings::parse(&higher).is_some_and(|other| other != referral.findings) {
                heights.add(&higher, &mask);
            }
            if referral.kind != SentenceKind::Full {
                let full = phantom.referrals()[0].findings;
                counts.add(&text, &drawn.mask(&full));
            }
        }
    }
    right.print("right sentences");
    absent.print("zones without findings, empty masks");
    cleared.print("\"the lungs are clear\"");
    sides.print("sides exchanged");
    heights.print("upper and lower exchanged");
    counts.print("masks of everything, sentences about a part");
    assert!(right.any * 100 <= right.sentences, "{right:?}");
    assert_eq!(absent.any, absent.sentences);
    assert_eq!(cleared.any, cleared.sentences);
    assert!(sides.any * 10 >= sides.sentences * 9, "{sides:?}");
    assert!(heights.failed(CheckKind::Level) >= 0.85, "{heights:?}");
    assert!(counts.failed(CheckKind::Count) >= 0.95, "{counts:?}");
}

#[test]
fn real_masks_mostly_pass_with_their_own_sentences() {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/qata-cov19");
    if !dir.is_dir() {
        println!("skipped: {} is not there", dir.display());
        return;
    }
    let mut data = Dataset::open(&dir, "valid").unwrap();
    data.thin(600);
    let [mut right, mut sides, mut heights] = [(); 3].map(|()| Rates::default());
    for i in 0..data.len() {
        let case = data.load(i).unwrap();
        let findings = Findings::parse(&case.text).unwrap();
        right.add(&case.text, &case.mask);
        if findings.swapped() != findings {
            sides.add(&swap_sides(&case.text), &case.mask);
        }
        let higher = swap_heights(&case.text);
        if Findings::parse(&higher).is_some_and(|other| other != findings) {
            heights.add(&higher, &case.mask);
        }
    }
    right.print("right sentences");
    sides.print("sides exchanged");
    heights.print("upper and lower exchanged");
    assert!(right.any * 100 <= right.sentences * 12, "{right:?}");
    assert!(right.failed(CheckKind::Side) <= 0.03, "{right:?}");
    assert!(sides.any * 2 >= sides.sentences, "{sides:?}");
}
