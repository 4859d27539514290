//! Every input of the corpus, and every one that was a finding once, is read or refused, and soon.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(2);

#[test]
fn no_input_of_the_corpus_is_the_end() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, target) in mriseg_fuzz::TARGETS {
        let mut inputs = 0;
        for kind in ["corpus", "findings"] {
            let folder = root.join(kind).join(name);
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                let bytes = fs::read(&path).unwrap();
                let start = Instant::now();
                target(&bytes);
                let took = start.elapsed();
                assert!(took < SOON, "{}: took {took:?}", path.display());
                inputs += 1;
            }
        }
        assert!(inputs > 0, "no corpus of {name}");
    }
}
