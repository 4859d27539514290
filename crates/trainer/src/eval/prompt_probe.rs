//! What the prompt probe found.

use serde::{Deserialize, Serialize};

/// The Dice from which on a mask counts as what was asked for.
const RIGHT: f64 = 0.8;

/// The answers of a model to all probes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PromptProbe {
    /// In the order in which they are shown.
    pub(crate) rows: Vec<ProbeRow>,
}

/// One probe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProbeRow {
    /// What is changed: `wording`, `ladder`, `side`, `part`, `empty`, `lungs`, `picture` or `sentence`.
    pub(crate) group: String,
    /// How.
    pub(crate) name: String,
    /// Questions asked.
    pub(crate) cases: usize,
    /// What `value` is.
    pub(crate) measure: Measure,
    /// From 0 to 1; `None` where no case can be asked.
    pub(crate) value: Option<f64>,
    /// The same as a share of what the data's own sentences and pictures give, for Dice.
    pub(crate) relative: Option<f64>,
    /// What it should be.
    pub(crate) should: String,
}

/// What a probe measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Measure {
    /// Mean Dice per image with the right answer.
    Dice,
    /// Share of answers that are right: a Dice of at least [`RIGHT`], or empty where nothing is asked for.
    Right,
    /// Share of masks that are empty.
    Empty,
    /// Share of pairs of masks that both lie on the side that was asked for.
    Moved,
    /// Share of marked pixels on the side that was not asked for.
    WrongSide,
    /// Mean Dice with the mask of the unchanged sentence.
    Unchanged,
}

impl Measure {
    /// For people.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Dice => "Dice per image",
            Self::Right => "right masks (Dice of .8, or empty as asked)",
            Self::Empty => "empty masks",
            Self::Moved => "pairs on the side asked for",
            Self::WrongSide => "pixels on the other side",
            Self::Unchanged => "Dice with the mask of the plain sentence",
        }
    }
}

impl PromptProbe {
    /// A table in Markdown.
    pub(crate) fn table(&self) -> String {
        let mut text = String::from(
            "| probe | | cases | measure | value | of plain | should be |\n|---|---|---|---|---|---|---|\n",
        );
        for row in &self.rows {
            let number = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.3}"));
            text += &format!(
                "| {} | {} | {} | {} | {} | {} | {} |\n",
                row.group,
                row.name,
                row.cases,
                row.measure.title(),
                number(row.value),
                number(row.relative),
                row.should
            );
        }
        text
    }
}

/// Whether a mask is what was asked for: `dice` is `None` when truth and mask are both empty.
pub(super) fn is_right(dice: Option<f64>) -> bool {
    dice.is_none_or(|dice| dice >= RIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_right_from_a_dice_on_or_where_both_are_empty() {
        assert!(is_right(Some(0.8)) && is_right(None));
        // Something drawn where nothing is right has a Dice of zero.
        assert!(!is_right(Some(0.79)) && !is_right(Some(0.0)));
    }

    #[test]
    fn the_table_has_a_line_for_every_row() {
        let row = ProbeRow {
            group: "wording".into(),
            name: "held-out".into(),
            cases: 7,
            measure: Measure::Dice,
            value: Some(0.9),
            relative: None,
            should: "as plain".into(),
        };
        let probe = PromptProbe { rows: vec![row] };
        assert_eq!(
            probe.table().lines().last(),
            Some("| wording | held-out | 7 | Dice per image | 0.900 | - | as plain |")
        );
    }
}
