//! What is not there.

use super::*;

#[test]
fn nothing_is_found_where_all_is_denied() {
    check(&[
        ("inflammation or infection not seen", "none"),
        ("infection is not seen in the left lung", "none"),
        ("everything looks fine", "none"),
        ("there is nothing wrong with the lungs", "none"),
        ("neither left nor right lung affected", "none"),
        ("we see clear lung fields", "none"),
        ("I can't see anything wrong", "none"),
        ("no infection", "none"),
        ("No pulmonary infection.", "none"),
        ("no evidence of pneumonia", "none"),
        ("without opacity", "none"),
        ("negative for infection", "none"),
        ("lungs are free of infection", "none"),
        ("absence of consolidation", "none"),
        ("infection is not seen", "none"),
        ("The lungs are clear.", "none"),
        ("clear lungs", "none"),
        ("clear left and right lungs", "none"),
        ("left and right lungs are clear", "none"),
        ("normal", "none"),
        ("Normal chest x-ray", "none"),
        ("unremarkable", "none"),
        ("nothing", "none"),
        ("healthy", "none"),
        ("healthy patient", "none"),
        ("no infection in the left lung", "none"),
        ("no infection, left or right", "none"),
        (
            "No focal consolidation, pleural effusion or pneumothorax.",
            "none",
        ),
        (
            "no consolidation, infiltrate, or opacity in the left lung",
            "none",
        ),
        ("the lungs are not infected", "none"),
        ("the left lung is not infected", "none"),
        ("no infection in either lung", "none"),
        ("neither lung shows infection", "none"),
        ("the lungs show no infection", "none"),
        ("pneumonia has resolved", "none"),
        ("infection-free lungs", "none"),
        ("upper, middle and lower zones are clear", "none"),
        ("heart and lungs are normal", "none"),
        ("Heart size normal. Lungs clear. No effusion.", "none"),
        ("there isn't any pneumonia", "none"),
        ("I don't see any infection", "none"),
        ("nothing abnormal", "none"),
        ("infection: none", "none"),
        ("left lung: clear", "none"),
        ("unaffected lungs", "none"),
        ("COVID negative", "none"),
        ("w/o consolidation", "none"),
        ("pneumonia ruled out", "none"),
    ]);
    let reading = Reading::of("no infection in the left lung");
    assert_eq!(reading.places.only_side(), Some(Side::Left));
    assert!(reading.placed && reading.negated);
}

#[test]
fn only_what_is_asserted_counts() {
    check(&[
        (
            "infection resolved on the left, persists on the right",
            "right",
        ),
        ("left lung, and the other lung is fine", "left"),
        ("right haemithorax, and left side clear", "right"),
        ("left upper zone; the rest is clear", "left upper"),
        ("exclude the left lung", "right"),
        ("all but the left lung", "right"),
        (
            "bilateral opacities, sparing the right upper zone",
            "left upper middle lower, right middle lower",
        ),
        (
            "there is infection in the right base, the left lung is ok",
            "right lower",
        ),
        (
            "left lower zone consolidation, right lung clear",
            "left lower",
        ),
        ("opacity on the left; the other side is clear", "left"),
        (
            "no infection on the right, pneumonia in the left base",
            "left lower",
        ),
        (
            "no infection on the right and pneumonia in the left base",
            "left lower",
        ),
        (
            "the right lung is normal but there is infection on the left",
            "left",
        ),
        (
            "the right lung is clear and there is infection on the left",
            "left",
        ),
        ("left lower zone, right lung clear", "left lower"),
        ("right: normal, left: basal opacity", "left lower"),
        ("left lung, no infection; right lung, pneumonia", "right"),
        (
            "the left lung is not infected but the right lung is",
            "right",
        ),
        ("Left base opacity with no effusion", "left lower"),
        ("left base opacity, no effusion", "left lower"),
        (
            "opacity in the left lower lobe, otherwise clear lungs",
            "left lower",
        ),
        ("left base opacity with otherwise clear lungs", "left lower"),
        ("opacity on the left right lung clear", "left"),
        (
            "left lower lobe consolidation and clear right lung",
            "left lower",
        ),
        ("the left is clear, the other side has opacity", "right"),
        ("infection on the left, not on the right", "left"),
        ("not on the left but on the right", "right"),
        ("not the left lung, the right lung", "right"),
        ("not only on the left but also on the right", "all"),
        ("no doubt pneumonia in the right base", "right lower"),
        ("no change in the left infiltrate", "left"),
        (
            "no significant interval change in right lower lobe opacity",
            "right lower",
        ),
        ("the lungs are not clear", "all"),
        ("left lung is not entirely clear", "left"),
        ("nothing but a left basal opacity", "left lower"),
        ("clear except for the left base", "left lower"),
        ("no infection except in the right upper zone", "right upper"),
        ("everything except the left lung", "right"),
        (
            "infection everywhere except the left upper zone",
            "left middle lower, right upper middle lower",
        ),
        (
            "No effusion or pneumothorax. Right upper lobe pneumonia.",
            "right upper",
        ),
        ("left lower lobe opacity. No other findings.", "left lower"),
        ("Heart normal. Consolidation in the RLL.", "right lower"),
        (
            "sparing of the left apex, right base consolidation",
            "right lower",
        ),
        ("bilateral opacities, worse on the left", "all"),
        (
            "bilateral lower zone opacities, worse on the left",
            BOTH_LOWER,
        ),
        ("bilateral opacities, left more than right", "all"),
        ("bilateral infection, mainly in the lower zones", BOTH_LOWER),
        ("mainly left lower zone", "left lower"),
    ]);
}
