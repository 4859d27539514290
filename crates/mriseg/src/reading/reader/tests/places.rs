//! Where something is.

use super::*;

#[test]
fn every_sentence_of_the_data_is_read_exactly() {
    for bits in 0..64u8 {
        let zone = |i: u8| bits >> i & 1 == 1;
        let findings = Findings {
            left: [zone(0), zone(1), zone(2)],
            right: [zone(3), zone(4), zone(5)],
        };
        let reading = Reading::of(&findings.to_sentence());
        let request = if findings.is_empty() {
            Request::Nothing
        } else {
            Request::Zones(findings)
        };
        assert_eq!(reading.request(), Some(request), "{findings}");
        assert_eq!(
            (&reading.contradiction, reading.hint()),
            (&None, None),
            "{findings}"
        );
    }
}

#[test]
fn a_bare_place_asks_for_findings() {
    check(&[
        ("left lung", "left"),
        ("Right lung.", "right"),
        ("left", "left"),
        ("R", "right"),
        ("Lt side", "left"),
        ("on the right", "right"),
        ("left-sided", "left"),
        ("LLL", "left lower"),
        ("left base", "left lower"),
        ("both lungs", "all"),
        ("bilateral", "all"),
        ("each lung", "all"),
        ("left hemithorax", "left"),
        ("the entire left lung", "left"),
        ("whole right lung", "right"),
        ("right upper", "right upper"),
        ("the top", BOTH_UPPER),
        ("retrocardiac", "left lower"),
        ("lingula", "left middle"),
        ("left lower lung field", "left lower"),
        ("mid-zone", "left middle, right middle"),
        ("segment the left lower lobe", "left lower"),
        ("outline of the left base", "left lower"),
        ("segment the left", "left"),
        ("mark both sides", "all"),
        ("apical segment of the right upper lobe", "right upper"),
    ]);
}

#[test]
fn zones_go_with_the_side_that_is_meant() {
    check(&[
        (
            "left lower zone, left upper zone, and right middle zone",
            "left upper lower, right middle",
        ),
        (
            "right lung upper and left lung lower",
            "left lower, right upper",
        ),
        (
            "all of the right lung and the top of the left",
            "left upper, right upper middle lower",
        ),
        (
            "in the left mid lung, the upper and mid parts of the right lung",
            "left middle, right upper middle",
        ),
        (
            "left lung middle third, and top and bottom of the right lung",
            "left middle, right upper lower",
        ),
        (
            "left apex, left lower zone as well as upper and middle thirds of right lung",
            "left upper lower, right upper middle",
        ),
        (
            "disease in the lower right lobe and everywhere in the left lung",
            "left upper middle lower, right lower",
        ),
        (
            "bilateral shadows in the upper and mid parts of the left lung and the mid part of the right lung",
            "left upper middle, right middle",
        ),
        (
            "white fog in the left lung, upper and mid parts; the right lung upper part",
            "left upper middle, right upper",
        ),
        ("left greater than right basal opacity", BOTH_LOWER),
        (
            "in both lungs, upper and lower zones",
            "left upper lower, right upper lower",
        ),
        ("left upper and middle zones", "left upper middle"),
        (
            "upper middle left lung and lower right lung",
            "left upper middle, right lower",
        ),
        ("left lung, lower zone", "left lower"),
        (
            "two-sided lung infection, three zones, mid and lower zones on left side; top third of right lung",
            "left middle lower, right upper",
        ),
        (
            "left: upper, middle; right: lower",
            "left upper middle, right lower",
        ),
        ("bilateral lower zones", BOTH_LOWER),
        ("both bases", BOTH_LOWER),
        ("lower zones", BOTH_LOWER),
        ("upper zone of the left lung", "left upper"),
        ("LUL and RLL", "left upper, right lower"),
        (
            "left lower lobe and right",
            "left lower, right upper middle lower",
        ),
        ("infection in the left and right lower zones", BOTH_LOWER),
        (
            "left lung and right lower zone infection",
            "left upper middle lower, right lower",
        ),
        ("lower zones of left and right lungs", BOTH_LOWER),
        ("left upper and lower right", "left upper, right lower"),
        ("upper left and lower right", "left upper, right lower"),
        (
            "left lower and upper right consolidation",
            "left lower, right upper",
        ),
        (
            "left upper, middle and lower right",
            "left upper middle, right lower",
        ),
        (
            "upper left, middle and lower right",
            "left upper, right middle lower",
        ),
        ("upper, middle and lower left", "left upper middle lower"),
        (
            "upper and middle zones of the left lung",
            "left upper middle",
        ),
        (
            "both upper and lower zones of the left lung",
            "left upper lower",
        ),
        ("both the left and the right base", BOTH_LOWER),
        ("both lobes of the left lung", "left"),
        (
            "upper and lower zones bilaterally",
            "left upper lower, right upper lower",
        ),
        ("lower zone, left", "left lower"),
        ("Infection in the lower zone. Left side.", "left lower"),
        ("Left lung. Lower zone.", "left lower"),
        ("the lower zone on the right and the left base", BOTH_LOWER),
        (
            "the upper and lower lobes on the left and the middle lobe on the right",
            "left upper lower, right middle",
        ),
        (
            "left lung: upper zone, lower zone. right lung: middle",
            "left upper lower, right middle",
        ),
        ("left upper right lower", "left upper, right lower"),
        (
            "opacity left upper lobe right lower lobe",
            "left upper, right lower",
        ),
        ("left and right lungs, lower zones", BOTH_LOWER),
        (
            "pneumonia of the left lung, in the left lower zone",
            "left lower",
        ),
        (
            "bilateral infiltrates, upper left and lower right",
            "left upper, right lower",
        ),
        ("bilateral infection, lower zones", BOTH_LOWER),
        (
            "bilateral lower zones and the left upper zone",
            "left upper lower, right lower",
        ),
        (
            "lower zones and left upper zone",
            "left upper lower, right lower",
        ),
        ("L. lower lobe and R. upper lobe", "left lower, right upper"),
        ("L lower / R upper", "left lower, right upper"),
        ("RUL, RML & LLL opacities", "right upper middle, left lower"),
        ("LUL+RLL consolidation", "left upper, right lower"),
        ("b/l lower lobe GGO", BOTH_LOWER),
        ("bibasal consolidation", BOTH_LOWER),
        ("perihilar haze", "left middle, right middle"),
        ("middle lobe consolidation", "right middle"),
        ("lower third of the right lung", "right lower"),
        ("lower two thirds of the left lung", "left middle lower"),
        ("all zones of the left lung are infected", "left"),
        ("infection throughout the right lung", "right"),
        ("all three zones of the left lung", "left"),
        ("upper zone on the left and on the right", BOTH_UPPER),
        ("apices of both lungs", BOTH_UPPER),
        ("opacity in the left lung at its base", "left lower"),
        (
            "left lung in its upper and its middle part",
            "left upper middle",
        ),
        (
            "top of the left and bottom of the right",
            "left upper, right lower",
        ),
        (
            "left base and right mid zone shadowing",
            "left lower, right middle",
        ),
        ("leftlung lowerzone", "left lower"),
        ("LEFT LOWER ZONE!!!", "left lower"),
        ("infection left-upper", "left upper"),
    ]);
}

#[test]
fn contradictions_are_put_into_words() {
    for (text, contradiction) in [
        (
            "two infected areas, upper middle lower left lung",
            "\"two\" areas, but three zones are named",
        ),
        (
            "three areas: left base and right base",
            "\"three\" areas, but two zones are named",
        ),
        (
            "one infected area in the left upper and lower zones",
            "\"one\" area, but two zones are named",
        ),
        (
            "unilateral infection of the left and right lungs",
            "\"unilateral\", but both lungs are named",
        ),
        (
            "unilateral infection, left lung and right lung",
            "\"unilateral\", but both lungs are named",
        ),
        (
            "left bilateral infection",
            "\"bilateral\", but only the left lung is named",
        ),
        (
            "bilateral infection, left lower zone",
            "\"bilateral\", but only the left lung is named",
        ),
        (
            "unilateral bilateral pneumonia",
            "\"unilateral\" and \"bilateral\"",
        ),
    ] {
        let reading = Reading::of(text);
        assert_eq!(
            reading.contradiction.as_deref(),
            Some(contradiction),
            "{text}"
        );
        assert!(reading.hint().unwrap().contains(contradiction), "{text}");
    }
    for text in [
        "two infected areas, left lower zone and right lower zone",
        "two opacities in the left lower zone",
        "two areas on the left, lower and middle, one area in the right base",
        "unilateral infection, left lower zone",
        "bilateral opacities, worse in the left base",
        "bilateral infection",
        "three zones of the left lung",
        "unilateral infection in the lower zone",
        "bilateral lower zones",
        "one lung is infected",
    ] {
        assert_eq!(Reading::of(text).contradiction, None, "{text}");
    }
}
