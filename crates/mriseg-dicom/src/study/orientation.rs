//! Which side of the patient lies at which edge of the picture.

use dicom_dictionary_std::tags;

use crate::file::Attributes;

/// Letters for the edges of a picture: R(ight), L(eft), A(nterior), P(osterior), H(ead), F(oot) of the patient, or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orientation {
    /// At the viewer's left.
    pub left: String,
    /// At the viewer's right.
    pub right: String,
    /// Above.
    pub top: String,
    /// Below.
    pub bottom: String,
}

impl Orientation {
    /// From Patient Orientation (PS3.3, C.7.6.1.1.1), else from the direction cosines of Image Orientation (Patient).
    pub(super) fn read(attributes: Attributes<'_>) -> Option<Self> {
        let letters = attributes.texts(tags::PATIENT_ORIENTATION);
        if let [right, bottom] = &letters[..] {
            return Self::new(right, bottom);
        }
        let group = attributes.group(tags::PLANE_ORIENTATION_SEQUENCE);
        let cosines: [f64; 6] = group
            .numbers(tags::IMAGE_ORIENTATION_PATIENT)
            .try_into()
            .ok()?;
        let direction = |at: usize| direction([cosines[at], cosines[at + 1], cosines[at + 2]]);
        Self::new(&direction(0), &direction(3))
    }

    /// From the letters that rows and columns run towards.
    fn new(right: &str, bottom: &str) -> Option<Self> {
        Some(Self {
            left: opposite(right)?,
            right: right.to_owned(),
            top: opposite(bottom)?,
            bottom: bottom.to_owned(),
        })
    }
}

/// The other side of the patient; `None` where the letters are none.
fn opposite(letters: &str) -> Option<String> {
    let other = |letter| {
        Some(match letter {
            'R' => 'L',
            'L' => 'R',
            'A' => 'P',
            'P' => 'A',
            'H' => 'F',
            'F' => 'H',
            _ => return None,
        })
    };
    let others: Option<String> = letters.chars().map(other).collect();
    others.filter(|_| (1..=3).contains(&letters.len()))
}

/// Letters of a direction in patient coordinates (to the left, back and head), the strongest first.
fn direction(cosines: [f64; 3]) -> String {
    /// Cosine of about 75 degrees: what lies farther off is not named.
    const LEAST: f64 = 0.25;
    let letters = [['L', 'R'], ['P', 'A'], ['H', 'F']];
    let mut parts: Vec<(f64, char)> = cosines
        .iter()
        .zip(letters)
        .map(|(&cosine, [towards, away])| (cosine.abs(), if cosine > 0.0 { towards } else { away }))
        .filter(|&(strength, _)| strength >= LEAST)
        .collect();
    parts.sort_by(|a, b| b.0.total_cmp(&a.0));
    parts.into_iter().map(|(_, letter)| letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_edge_has_the_letter_opposite_to_the_other() {
        let edges = Orientation::new("L", "F").unwrap();
        assert_eq!((edges.left.as_str(), edges.top.as_str()), ("R", "H"));
        let oblique = Orientation::new("AL", "FP").unwrap();
        assert_eq!((oblique.left.as_str(), oblique.top.as_str()), ("PR", "HA"));
        assert_eq!(Orientation::new("X", "F"), None);
        assert_eq!(Orientation::new("", "F"), None);
    }

    #[test]
    fn axial_cosines_point_to_the_left_and_back() {
        assert_eq!(direction([1.0, 0.0, 0.0]), "L");
        assert_eq!(direction([0.0, 1.0, 0.0]), "P");
        assert_eq!(direction([0.0, 0.6, -0.8]), "FP");
    }
}
