//! Sentences that people wrote who had not seen the generator, with what they ask for. To measure with, never to train or
//! to tune with: a sentence that moves into the generator's tables has to leave this list.

use std::sync::LazyLock;

use mriseg::reading::{Findings, Request, Side, ZONES};

/// One `request|sentence` a line.
const TEXT: &str = include_str!("written.txt");

static SENTENCES: LazyLock<Vec<(Request, &str)>> = LazyLock::new(|| {
    let lines = TEXT.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let (code, sentence) = line.split_once('|')?;
            Some((request(code)?, sentence))
        })
        .collect()
});

/// Sentences with what they ask for.
pub fn written() -> &'static [(Request, &'static str)] {
    &SENTENCES
}

/// "left upper middle, right lower" are zones, "left" is a side, "left lung" the organ.
fn request(code: &str) -> Option<Request> {
    let side = |name: &str| {
        let mut sides = Side::BOTH.into_iter();
        sides.find(|side| side.to_string() == name)
    };
    Some(match code {
        "all" => Request::Everything,
        "none" => Request::Nothing,
        "other" => Request::Other,
        "lungs" => Request::Lungs(None),
        _ => match code.split_once(' ') {
            None => Request::Side(side(code)?),
            Some((name, "lung")) => Request::Lungs(Some(side(name)?)),
            Some(_) => {
                let mut findings = Findings::default();
                for lung in code.split(", ") {
                    let (name, zones) = lung.split_once(' ')?;
                    for zone in zones.split(' ') {
                        let zone = ZONES.iter().position(|known| *known == zone)?;
                        findings.zones_mut(side(name)?)[zone] = true;
                    }
                }
                Request::Zones(findings)
            }
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_and_all_kinds_occur() {
        let lines = TEXT.lines().filter(|line| !line.starts_with('#'));
        let unread: Vec<&str> = lines
            .clone()
            .filter(|line| {
                line.split_once('|')
                    .and_then(|(code, _)| request(code))
                    .is_none()
            })
            .collect();
        assert!(unread.is_empty(), "{unread:?}");
        assert_eq!(lines.count(), written().len());
        let has =
            |wanted: fn(&Request) -> bool| written().iter().any(|(request, _)| wanted(request));
        assert!(has(|request| matches!(request, Request::Zones(_))));
        assert!(has(|request| matches!(request, Request::Side(_))));
        assert!(has(|request| matches!(request, Request::Lungs(None))));
        assert!(has(|request| matches!(request, Request::Lungs(Some(_)))));
        assert!(has(|request| *request == Request::Everything));
        assert!(has(|request| *request == Request::Nothing));
        assert!(has(|request| *request == Request::Other));
    }

    #[test]
    fn codes_are_of_zones_sides_and_organs() {
        let mut zones = Findings::one_zone(Side::Left, 0);
        zones.right[2] = true;
        assert_eq!(
            request("left upper, right lower"),
            Some(Request::Zones(zones))
        );
        assert_eq!(request("right"), Some(Request::Side(Side::Right)));
        assert_eq!(
            request("right lung"),
            Some(Request::Lungs(Some(Side::Right)))
        );
        for wrong in ["", "upper left", "left top", "both lungs", "Left"] {
            assert_eq!(request(wrong), None, "{wrong}");
        }
    }
}
