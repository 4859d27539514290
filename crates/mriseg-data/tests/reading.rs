//! The reader of sentences against the generator of wordings: written apart, they must mean the same.

use mriseg::reading::{Findings, Reading, Request, Side};
use mriseg_data::Wording;
use mriseg_data::answer::zones_of;
use mriseg_data::wording::written;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Whether a reading amounts to a request: all zones of a side are that side, all zones are everywhere, and what is
/// not understood may be anything else.
fn means(read: Option<Request>, said: &Request) -> bool {
    match (read, said) {
        (None | Some(Request::Other), Request::Other) => true,
        (Some(Request::Nothing), Request::Nothing) => true,
        (Some(Request::Lungs(a)), Request::Lungs(b)) => a == *b,
        (Some(Request::Nothing | Request::Lungs(_) | Request::Other) | None, _) => false,
        (_, Request::Nothing | Request::Lungs(_) | Request::Other) => false,
        (Some(read), said) => zones_of(&read) == zones_of(said),
    }
}

#[test]
fn the_reader_reads_what_the_generator_says() {
    const EACH: usize = 400;
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    for wording in Wording::ALL {
        for kind in 0..6 {
            let mut misread = Vec::new();
            for _ in 0..EACH {
                let side = Side::BOTH[rng.random_range(0..2)];
                let request = match kind {
                    0 => Request::Zones(Findings::from_bits(rng.random_range(1..64))),
                    1 => Request::Side(side),
                    2 => Request::Everything,
                    3 => Request::Nothing,
                    4 => Request::Lungs(rng.random_bool(0.6).then_some(side)),
                    _ => Request::Other,
                };
                let text = wording.say(&request, &mut rng);
                if !means(Reading::of(&text).request(), &request) {
                    misread.push(format!("{request:?}: {text} [{}]", Reading::of(&text)));
                }
            }
            println!("{wording} {kind}: {} of {EACH} misread", misread.len());
            assert!(misread.len() * 25 <= EACH, "{misread:#?}");
        }
    }
}

#[test]
fn the_reader_reads_what_strangers_wrote() {
    let misread: Vec<String> = written()
        .iter()
        .filter(|(request, text)| !means(Reading::of(text).request(), request))
        .map(|(request, text)| format!("{request:?}: {text} [{}]", Reading::of(text)))
        .collect();
    println!("{} of {} misread", misread.len(), written().len());
    assert!(misread.len() * 8 <= written().len(), "{misread:#?}");
}
