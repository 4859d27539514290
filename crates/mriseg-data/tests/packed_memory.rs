//! Packed data of any size: memory holds an index, and no picture. Alone in its program, since it looks at the memory of
//! all of it.

use std::fs;
use std::path::Path;
use std::time::Instant;

use mriseg::image::{GrayImage, Mask};
use mriseg_data::{Case, Dataset, PackedCase, ShardWriter};

/// Cases of a tar file.
const IN_SHARD: usize = 5000;
/// What a million cases may take, sentences of 68 letters included.
const MB_PER_MILLION: f64 = 400.0;
const SENTENCE: &str = "unilateral pulmonary infection, one infected area, lower left lung.";

/// Bytes of memory that this process has, where the system says it.
fn resident() -> Option<usize> {
    let pages = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = pages.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

/// As many cases as are asked for, in the bytes of few: further tar files are links to the first.
fn corpus(dir: &Path, cases: usize) {
    let mut writer = ShardWriter::new(dir, "train");
    let image = GrayImage::new(8, 8, (0..64).map(|i| i as f32 / 64.0).collect());
    for i in 0..IN_SHARD {
        let case = Case {
            text: SENTENCE.to_owned(),
            mask: Mask::empty(8, 8),
            ..Case::new(&format!("study-{i:08}"), image.clone())
        };
        let case = PackedCase::new(&case, i, 8, 75).unwrap();
        writer.add(&case).unwrap();
    }
    assert_eq!(writer.finish().unwrap().len(), 1);
    let first = dir.join("train-000000.tar");
    for number in 1..cases / IN_SHARD {
        let name = dir.join(format!("train-{number:06}.tar"));
        fs::hard_link(&first, &name)
            .or_else(|_| fs::copy(&first, &name).map(drop))
            .unwrap();
    }
}

#[test]
fn memory_holds_an_index_of_a_corpus_and_no_picture() {
    let wanted = std::env::var("MRISEG_TEST_CASES").ok();
    let cases = wanted.map_or(50_000, |cases| cases.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    corpus(dir.path(), cases);

    let before = resident();
    let start = Instant::now();
    let data = Dataset::open(dir.path(), "train").unwrap();
    let opening = start.elapsed();
    assert_eq!(data.len(), cases);
    let opened = resident();
    let start = Instant::now();
    let some = 5000;
    for i in 0..some {
        // In no order that a disk would like.
        let case = data.load(i * 7919 % cases).unwrap();
        assert_eq!((case.image.width(), case.text.as_str()), (8, SENTENCE));
    }
    let loading = start.elapsed();
    let (Some(before), Some(opened), Some(loaded)) = (before, opened, resident()) else {
        println!("this system does not say how much memory a process has");
        return;
    };
    let mb = |bytes: usize| bytes as f64 / 1e6;
    let index = mb(opened.saturating_sub(before)) / cases as f64 * 1e6;
    println!(
        "{cases} cases: index {index:.0} MB per million, opened in {:.1} s; {:.0} cases/s from one thread",
        opening.as_secs_f64(),
        some as f64 / loading.as_secs_f64()
    );
    assert!(index < MB_PER_MILLION, "{index}");
    assert!(mb(loaded.saturating_sub(opened)) < 8.0, "{loaded} {opened}");
}
