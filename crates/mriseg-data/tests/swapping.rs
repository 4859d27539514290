//! Exchanging the sides of a sentence, by how the sentence is read before and after.

use mriseg::reading::{Findings, Reading, Request, Side, swap_sides};
use mriseg_data::Wording;
use mriseg_data::wording::written;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The sentences whose reading is not swapped by swapping their sides.
fn misread<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    texts
        .into_iter()
        .filter_map(|text| {
            let swapped = swap_sides(text);
            let wanted = Reading::of(text).request().map(|request| request.swapped());
            let read = Reading::of(&swapped).request();
            (read != wanted).then(|| format!("{text}\n    {swapped}\n    {read:?}, not {wanted:?}"))
        })
        .collect()
}

#[test]
fn composed_sentences_are_read_as_the_swapped_request() {
    const EACH: usize = 1000;
    let mut rng = ChaCha8Rng::seed_from_u64(29);
    for wording in Wording::ALL {
        for kind in 0..6 {
            let texts: Vec<String> = (0..EACH)
                .map(|_| {
                    let side = Side::BOTH[rng.random_range(0..2)];
                    let request = match kind {
                        0 => Request::Zones(Findings::from_bits(rng.random_range(1..64))),
                        1 => Request::Side(side),
                        2 => Request::Everything,
                        3 => Request::Nothing,
                        4 => Request::Lungs(rng.random_bool(0.6).then_some(side)),
                        _ => Request::Other,
                    };
                    wording.say(&request, &mut rng)
                })
                .collect();
            let failed = misread(texts.iter().map(String::as_str));
            println!("{wording} {kind}: {} of {EACH} differ", failed.len());
            assert!(failed.len() * 200 <= EACH, "{failed:#?}");
        }
    }
}

#[test]
fn sentences_of_strangers_are_read_as_the_swapped_request() {
    let texts = written().iter().map(|(_, text)| *text);
    let failed = misread(texts);
    println!("{} of {} differ", failed.len(), written().len());
    assert!(failed.is_empty(), "{failed:#?}");
}
