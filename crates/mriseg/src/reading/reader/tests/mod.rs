//! Sentences and how they are read.

mod denials;
mod places;
mod requests;

use super::*;

/// "left upper middle, right lower": zones; "left": that side.
fn expected(code: &str) -> Option<Request> {
    Some(match code {
        "?" => return None,
        "all" => Request::Everything,
        "none" => Request::Nothing,
        "other" => Request::Other,
        "left" => Request::Side(Side::Left),
        "right" => Request::Side(Side::Right),
        "lungs" => Request::Lungs(None),
        "left lung" => Request::Lungs(Some(Side::Left)),
        "right lung" => Request::Lungs(Some(Side::Right)),
        zones => {
            let mut findings = Findings::default();
            for lung in zones.split(", ") {
                let (side, zones) = lung.split_once(' ').unwrap();
                let side = if side == "left" {
                    Side::Left
                } else {
                    Side::Right
                };
                for zone in zones.split(' ') {
                    let zone = super::super::ZONES
                        .iter()
                        .position(|name| *name == zone)
                        .unwrap();
                    findings.zones_mut(side)[zone] = true;
                }
            }
            Request::Zones(findings)
        }
    })
}

fn check(table: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (text, code) in table {
        let reading = Reading::of(text);
        if reading.request() != expected(code) {
            wrong.push(format!("«{text}»\n    expected {code}, read as {reading}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        table.len(),
        wrong.join("\n")
    );
}

const BOTH_LOWER: &str = "left lower, right lower";
const BOTH_UPPER: &str = "left upper, right upper";
