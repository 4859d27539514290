//! What is asked for, in which words.

use super::*;

#[test]
fn findings_are_asked_for_in_many_words() {
    check(&[
        ("white blob at the top right", "right upper"),
        ("cannot exclude pneumonia", "all"),
        (
            "pneumonia cannot be excluded at the right base",
            "right lower",
        ),
        ("left pneumothorax, right base pneumonia", "right lower"),
        ("consolidation next to the heart on the right", "right"),
        ("everything that does not belong there", "all"),
        ("is it pneumonia or not?", "all"),
        ("whatever you find", "all"),
        ("infection", "all"),
        ("segment the infection", "all"),
        ("Please segment the pneumonia in this chest x-ray.", "all"),
        ("pneumonia in the left lung", "left"),
        (
            "Patchy airspace opacities are seen in the right lower lobe.",
            "right lower",
        ),
        ("ground-glass opacity in left upper zone", "left upper"),
        (
            "Ill-defined consolidation, right mid and lower zones.",
            "right middle lower",
        ),
        ("show me the white stuff on the left", "left"),
        ("where is the lung sick?", "all"),
        ("what is wrong with the right lung", "right"),
        ("everything", "all"),
        ("segment everything", "all"),
        ("all", "all"),
        ("anything abnormal", "all"),
        ("everything on the left", "left"),
        ("check the lungs", "all"),
        (
            "is there a problem in the lower part of the left lung?",
            "left lower",
        ),
        ("in the lungs", "all"),
        ("mark the area in the left lung", "left"),
        ("opacity in the left hemithorax", "left"),
        ("outline the infection in the left lung", "left"),
        ("the covid patches please", "all"),
        ("COVID-19 pneumonia, LLL", "left lower"),
        (
            "Findings consistent with bilateral COVID-19 pneumonia",
            "all",
        ),
        ("is the left lung infected?", "left"),
        ("Are the lungs clear?", "all"),
        (
            "haziness at the right base, likely infective",
            "right lower",
        ),
        ("rule out pneumonia", "all"),
        ("cloudy spot at the bottom of the right lung", "right lower"),
        ("dense retrocardiac opacity", "left lower"),
        ("opacity behind the heart", "all"),
        ("pneumonia and pleural effusion on the right", "right"),
        ("consolidation in the left lung, outline it", "left"),
        ("Airspace disease R>L", "all"),
        ("unilateral infection", "all"),
        ("a clear consolidation in the left lung", "left"),
    ]);
}

#[test]
fn the_lungs_themselves_can_be_asked_for() {
    check(&[
        ("segment the healthy lung", "lungs"),
        ("the pulmonary parenchyma", "lungs"),
        (
            "in this image, cut out the lung on the left side",
            "left lung",
        ),
        ("which part of the picture is the right lung?", "right lung"),
        ("complete lungs", "lungs"),
        ("segment the lungs", "lungs"),
        ("segment the left lung", "left lung"),
        ("delineate both lungs", "lungs"),
        ("lung fields", "lungs"),
        ("left lung field", "left lung"),
        ("outline of the right lung", "right lung"),
        ("contour of the lungs", "lungs"),
        ("the border of the left lung", "left lung"),
        ("lung mask", "lungs"),
        ("lung segmentation", "lungs"),
        ("segment the left and right lungs", "lungs"),
        ("draw the outline of the right lung", "right lung"),
        ("lung parenchyma", "lungs"),
        ("the lungs themselves", "lungs"),
        ("show me the right lung please", "right lung"),
        ("lungs", "lungs"),
        ("heart and lungs", "lungs"),
        ("highlight the L lung", "left lung"),
        ("where is the left lung?", "left lung"),
        ("not the heart but the lungs", "lungs"),
        ("draw a line around the left lung", "left lung"),
    ]);
}

#[test]
fn something_else_is_not_looked_for_in_the_lungs() {
    check(&[
        ("skin lesion", "other"),
        ("lesion in the liver", "other"),
        ("free air under the diaphragm", "other"),
        ("a zorb in the lower area of the right lung", "?"),
        ("left hand", "other"),
        ("heart", "other"),
        ("segment the heart", "other"),
        ("the liver", "other"),
        ("left rib", "other"),
        ("left lower rib fracture", "other"),
        ("pleural effusion on the left", "other"),
        ("pneumothorax", "other"),
        ("no pleural effusion", "other"),
        ("car", "other"),
        ("draw a cat on the left", "other"),
        ("left heart border", "other"),
        ("lung nodule", "other"),
        ("central line", "other"),
        ("outline of the heart", "other"),
        ("left kidney and spleen", "other"),
        ("segment the zebra", "?"),
        ("zebra on the left", "?"),
    ]);
    let reading = Reading::of("segment the heart and the liver");
    assert_eq!(reading.other, ["heart", "liver"]);
    assert_eq!(reading.target, None);
    let hint = reading.hint().unwrap();
    assert!(hint.contains("«heart», «liver» are nothing"), "{hint}");
    assert_eq!(
        Reading::of("heart").hint().as_deref(),
        Some(
            "«heart» is nothing this reader knows to be in the lungs; the mask is expected to be empty"
        )
    );
}

#[test]
fn without_a_known_word_nothing_is_understood() {
    for text in [
        "",
        " ",
        "🫁",
        "...",
        "?!",
        "the of and",
        "please show the image",
        "xkcd",
        "42",
        "hello 👋",
        "no",
        "左肺",
    ] {
        let reading = Reading::of(text);
        assert_eq!((reading.request(), reading.target), (None, None), "{text}");
        assert_eq!(reading.describe(), "not understood", "{text}");
        assert!(reading.hint().is_some(), "{text}");
    }
    assert!(
        Reading::of("please, the film of this patient")
            .unread
            .is_empty()
    );
}

#[test]
fn typing_errors_are_read() {
    check(&[
        ("infecton in the lfet lung", "left"),
        ("letf lung", "left"),
        ("lft lugn lower zone", "left lower"),
        ("rigth uper zone opactiy", "right upper"),
        ("consolidaton rght base", "right lower"),
        ("bilaterl pnuemonia", "all"),
        ("segmnet the left lung", "left lung"),
        ("midle zone of the right lung", "right middle"),
        ("no infecton", "none"),
        ("unremarkble", "none"),
    ]);
}

#[test]
fn words_of_other_languages_are_pointed_out() {
    for (text, word) in [
        ("Infektion links", "links"),
        ("opacity rechts", "rechts"),
        ("infection gauche", "gauche"),
        ("infection à droite", "droite"),
        ("opacity izquierda", "izquierda"),
        ("opacity derecha", "derecha"),
        ("opacity sinistra", "sinistra"),
        ("opacity destra", "destra"),
        ("opacity esquerda", "esquerda"),
        ("opacity direita", "direita"),
        ("opacity левое", "левое"),
        ("opacity 左", "左"),
        ("opacity keft", "keft"),
    ] {
        let reading = Reading::of(text);
        assert!(reading.unread.iter().any(|unread| unread == word), "{text}");
        let hint = format!("«{word}» was not read: write left or right in English");
        assert_eq!(reading.hint(), Some(hint), "{text}");
    }
    for text in [
        "Lunge",
        "poumon",
        "pulmón",
        "les poumons",
        "linke Lunge",
        "pulmão direito",
    ] {
        let reading = Reading::of(text);
        assert_eq!(reading.request(), None, "{text}");
        assert!(reading.hint().unwrap().contains("in English"), "{text}");
    }
    assert_eq!(
        Reading::of("opacity pulmón").hint().unwrap(),
        "«pulmón» was not read: write it in English"
    );
}

#[test]
fn words_that_are_not_read_are_listed_once_in_order() {
    let reading = Reading::of("zorb the infection in the flurg zorb of the left lung");
    assert_eq!(reading.unread, ["zorb", "flurg"]);
    assert_eq!(reading.hint().unwrap(), "«zorb», «flurg» were not read");
    assert_eq!(reading.request(), Some(Request::Side(Side::Left)));
}

#[test]
fn a_reading_is_told_in_one_line() {
    for (text, told) in [
        (
            "left lower zone infection",
            "findings: left lung, lower zone",
        ),
        (
            "left upper and lower, right middle",
            "findings: left lung, upper and lower zones; right lung, middle zone",
        ),
        (
            "left base and right lung",
            "findings: left lung, lower zone; right lung, all zones",
        ),
        ("left lung", "findings: left lung"),
        ("infection", "findings everywhere"),
        ("segment the left lung", "the left lung itself"),
        ("segment the lungs", "both lungs themselves"),
        ("clear", "no findings: an empty mask"),
        (
            "no infection in the left lung",
            "no findings in the left lung: an empty mask",
        ),
        ("heart", "something else (heart): an empty mask"),
        ("hello", "not understood"),
    ] {
        assert_eq!(Reading::of(text).to_string(), told, "{text}");
    }
}

#[test]
fn any_text_is_read_quickly() {
    let started = std::time::Instant::now();
    for text in [
        "x".repeat(10_000),
        "left ".repeat(2_000),
        "no left, and ".repeat(1_000),
        "abcdefgh ".repeat(1_200),
        ", ".repeat(5_000),
        "🫁".repeat(10_000),
        "l. r/ 'b/l' b/ -".repeat(700),
        "İßŒ’s ’ ' é\u{301}".repeat(800),
        "upper both except not ".repeat(500),
        "\u{0}\u{200b}\u{202e}left\u{feff}".repeat(500),
    ] {
        let reading = Reading::of(&text);
        let _ = (reading.describe(), reading.hint(), reading.request());
    }
    assert!(
        started.elapsed().as_millis() < 2_000,
        "{:?}",
        started.elapsed()
    );
}

/// Written by somebody who had not seen the reader.
#[test]
fn sentences_of_a_stranger_are_read() {
    check(&[
        ("outline the lungs, not the lesions", "lungs"),
        (
            "Ignore the infections, just give me the lung outline",
            "lungs",
        ),
        ("segment the left lung, without the pneumonia", "left lung"),
        ("gunk low in the left lung", "left lower"),
        ("I want to see illness up in the left lung", "left upper"),
        (
            "what's that cloudy patch down in the right lung?",
            "right lower",
        ),
        ("the spot halfway up the right lung", "right middle"),
        ("infection in the lungs, worse on the left", "all"),
        ("Abnormalities in lungs, the right side is worse.", "all"),
        ("everything pathological but the left lung", "right"),
        (
            "all of it but the lower part of the right lung",
            "left upper middle lower, right upper middle",
        ),
        ("complete resolution of the infection", "none"),
        ("the lungs are perfectly fine", "none"),
        ("the left lung, ignore the right", "left"),
        ("LRTI in the right base", "right lower"),
        ("right-sided haemothorax", "other"),
    ]);
}
