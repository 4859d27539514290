//! Which values of a mask file are marked.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A value of a mask file, as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaskValue {
    /// A grey value or label as the file stores it; in a file with a palette, the number of the colour.
    Label(u16),
    /// Red, green and blue of 8 bits.
    Colour([u8; 3]),
}

/// Which values of mask files are marked. By default the files tell: see [`Mask::decode`](super::Mask::decode). In a
/// configuration it is a number, a text ("1", "#ff0000", "1,2") or a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "String")]
pub struct MaskRule {
    marked: Vec<MaskValue>,
}

impl MaskRule {
    /// The values that are marked; none where the files tell.
    pub fn marked(&self) -> &[MaskValue] {
        &self.marked
    }

    /// Whether the files tell what is marked.
    pub fn is_default(&self) -> bool {
        self.marked.is_empty()
    }
}

impl fmt::Display for MaskValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label(label) => write!(f, "{label}"),
            Self::Colour([red, green, blue]) => write!(f, "#{red:02x}{green:02x}{blue:02x}"),
        }
    }
}

impl fmt::Display for MaskRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values: Vec<String> = self.marked.iter().map(MaskValue::to_string).collect();
        f.write_str(&values.join(","))
    }
}

impl FromStr for MaskValue {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let colour = |digits: &str| {
            let is_colour = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
            let rgb = is_colour.then(|| u32::from_str_radix(digits, 16).ok())??;
            let [_, red, green, blue] = rgb.to_be_bytes();
            Some(Self::Colour([red, green, blue]))
        };
        let value = match text.strip_prefix('#') {
            Some(digits) => colour(digits),
            None => text.parse().ok().map(Self::Label),
        };
        value.ok_or_else(|| {
            format!("\"{text}\" is no value of a pixel: give a whole number from 0 to 65535, or a colour such as #ff0000")
        })
    }
}

impl FromStr for MaskRule {
    type Err = String;

    /// Values with commas between them, such as "1", "#ff0000" or "1,2"; nothing for the default.
    fn from_str(text: &str) -> Result<Self, String> {
        let values = text.split(',').map(str::trim);
        let marked = match text.trim() {
            "" => Vec::new(),
            _ => values.map(str::parse).collect::<Result<_, _>>()?,
        };
        Ok(Self { marked })
    }
}

/// A [`MaskRule`] in a file: a number, a text, or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(i64),
    Text(String),
    List(Vec<Written>),
}

impl Written {
    fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::List(values) => values.iter().map(Self::text).collect::<Vec<_>>().join(","),
        }
    }
}

impl TryFrom<Written> for MaskRule {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        written.text().parse()
    }
}

impl From<MaskRule> for String {
    fn from(rule: MaskRule) -> Self {
        rule.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbers_colours_or_lists_of_both() {
        let rule: MaskRule = "1, #FF8000".parse().unwrap();
        let expected = [MaskValue::Label(1), MaskValue::Colour([255, 128, 0])];
        assert_eq!(rule.marked(), expected);
        assert_eq!(rule.to_string(), "1,#ff8000");
        for (json, text) in [("2", "2"), ("\"\"", ""), ("[1, \"#ff0000\"]", "1,#ff0000")] {
            let rule: MaskRule = serde_json::from_str(json).unwrap();
            assert_eq!(
                (rule.to_string().as_str(), rule.is_default()),
                (text, text.is_empty())
            );
            let written = serde_json::to_string(&rule).unwrap();
            assert_eq!(serde_json::from_str::<MaskRule>(&written).unwrap(), rule);
        }
    }

    #[test]
    fn what_is_no_value_is_named() {
        for text in ["red", "-1", "65536", "#ff00", "1,,2", "#fffffg", "1.5"] {
            let error = text.parse::<MaskRule>().unwrap_err();
            assert!(
                error.contains("a colour such as #ff0000"),
                "{text}: {error}"
            );
        }
        let error = serde_json::from_str::<MaskRule>("-1").unwrap_err();
        assert!(error.to_string().contains("\"-1\" is no value"), "{error}");
    }
}
