//! Prints sentences, each after the request that it says, to judge the wording by eye:
//! `cargo run -p mriseg-data --example wordings -- [varied|held-out|lay] [count] [zones|side|everything|nothing|lungs|other] [seed]`

use std::error::Error;

use mriseg::reading::{Findings, Request, Side};
use mriseg_data::wording::Wording;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const KINDS: [&str; 6] = ["zones", "side", "everything", "nothing", "lungs", "other"];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let name = arguments.first().map_or("varied", String::as_str);
    let wording = Wording::ALL
        .into_iter()
        .find(|wording| wording.as_str() == name)
        .ok_or("the wording is varied, held-out or lay")?;
    let count: usize = arguments.get(1).map_or(Ok(40), |text| text.parse())?;
    let kind = arguments.get(2).map(String::as_str);
    if kind.is_some_and(|kind| !KINDS.contains(&kind)) {
        return Err(format!("the kind is one of {}", KINDS.join(", ")).into());
    }
    let seed: u64 = arguments.get(3).map_or(Ok(0), |text| text.parse())?;
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..count {
        let kind = kind.unwrap_or_else(|| KINDS[rng.random_range(0..KINDS.len())]);
        let request = request(kind, rng);
        println!("{:<44} {}", shown(&request), wording.say(&request, rng));
    }
    Ok(())
}

fn request(kind: &str, rng: &mut ChaCha8Rng) -> Request {
    let side = Side::BOTH[rng.random_range(0..2)];
    match kind {
        "zones" => Request::Zones(Findings::from_bits(rng.random_range(1..64))),
        "side" => Request::Side(side),
        "everything" => Request::Everything,
        "nothing" => Request::Nothing,
        "lungs" => Request::Lungs(rng.random_bool(0.6).then_some(side)),
        _ => Request::Other,
    }
}

/// The request in few letters: "left upper+lower, right middle".
fn shown(request: &Request) -> String {
    match request {
        Request::Zones(findings) => {
            let sides: Vec<String> = Side::BOTH
                .into_iter()
                .filter(|&side| findings.has(side))
                .map(|side| {
                    let zones: Vec<&str> = mriseg::reading::ZONES
                        .into_iter()
                        .zip(findings.zones(side))
                        .filter_map(|(name, named)| named.then_some(name))
                        .collect();
                    format!("{side} {}", zones.join("+"))
                })
                .collect();
            sides.join(", ")
        }
        Request::Side(side) => format!("all {side}"),
        Request::Everything => "everything".to_owned(),
        Request::Nothing => "nothing".to_owned(),
        Request::Lungs(Some(side)) => format!("{side} lung itself"),
        Request::Lungs(None) => "lungs themselves".to_owned(),
        Request::Other => "something else".to_owned(),
    }
}
