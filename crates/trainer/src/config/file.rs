//! Configuration files that catch typing mistakes: partial TOML over defaults, unknown keys, `--set`.
//!
//! The defaults say which keys exist and of what type they are, so a config is a struct of
//! scalars, lists and further structs.

use anyhow::Result;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::system::usage;

/// Reads `text` over `defaults`: keys that the file leaves out keep their default.
///
/// # Errors
/// Syntax errors, unknown keys (with "did you mean") and wrong types, each with `file_name` and line.
pub(crate) fn parse_toml<T>(text: &str, file_name: &str, defaults: &T) -> Result<T>
where
    T: DeserializeOwned + Serialize,
{
    let place = |offset: usize| {
        let line = 1 + text.bytes().take(offset).filter(|&b| b == b'\n').count();
        format!("{file_name}:{line}")
    };
    let table = DeTable::parse(text).map_err(|e| {
        let at = place(e.span().map_or(0, |span| span.start));
        usage(format!("{at}: {}", e.message()))
    })?;
    merge(table.get_ref(), defaults, place)
}

/// The config with `--set key=value` assignments applied; a value that is not TOML counts as text.
///
/// # Errors
/// An assignment that is none; unknown keys and wrong types as in [`parse_toml`].
pub(crate) fn with_overrides<T>(mut config: T, sets: &[String]) -> Result<T>
where
    T: DeserializeOwned + Serialize,
{
    for set in sets {
        let (key, value) = set.split_once('=').unwrap_or_default();
        let as_text = format!("{key} = {}", toml::Value::from(value.trim()));
        let one = |text| {
            let table = DeTable::parse(text).ok();
            table.filter(|table| table.get_ref().len() == 1)
        };
        let table = one(set).or_else(|| one(&as_text)).ok_or_else(|| {
            usage(format!(
                "--set takes key=value, such as --set train.epochs=3, but got `{set}`"
            ))
        })?;
        config = merge(table.get_ref(), &config, |_| "--set".to_owned())?;
    }
    Ok(config)
}

/// `table` over `defaults`; `place` says where an offset lies, for messages.
fn merge<T>(table: &DeTable<'_>, defaults: &T, place: impl Fn(usize) -> String) -> Result<T>
where
    T: DeserializeOwned + Serialize,
{
    let known = serde_json::to_value(defaults)?;
    let mut values = Vec::new();
    collect(table, "", &mut values);
    let mut merged = known.clone();
    for (path, offset, value) in values {
        let refuse = |said: String| usage(format!("{}: {said}", place(offset)));
        let pointer = format!("/{}", path.replace('.', "/"));
        let Some(default) = known.pointer(&pointer) else {
            let hint = suggestion(&path, &known);
            return Err(refuse(format!("unknown key `{path}`; {hint}")));
        };
        let value = value.map(|value| Json::deserialize(ValueDeserializer::from(value.clone())));
        let Some(given) = value.transpose()? else {
            if default.is_object() {
                continue;
            }
            return Err(refuse(format!(
                "`{path}` takes {}, not a table",
                kind(default)
            )));
        };
        let fitting = fits(&given, default);
        let shown = given.to_string();
        let mismatch = format!(
            "`{path}` takes {}, not {} {given}",
            kind(default),
            kind(&given)
        );
        if let Some(place) = merged.pointer_mut(&pointer) {
            *place = given;
        }
        // Reading after every key names the key that the type itself refuses (an unknown variant, a negative size), and
        // lets through what the type takes beside values like its default.
        T::deserialize(&merged).map_err(|error| {
            refuse(match fitting {
                true => format!("`{path}` cannot be {shown}: {error}"),
                false => mismatch,
            })
        })?;
    }
    Ok(serde_json::from_value(merged)?)
}

/// Every key with its dots, where it stands, and its value; `None` for a table, whose keys come after it.
fn collect<'a, 'i>(
    table: &'a DeTable<'i>,
    prefix: &str,
    values: &mut Vec<(String, usize, Option<&'a Spanned<DeValue<'i>>>)>,
) {
    for (key, value) in table {
        let path = format!("{prefix}{}", key.get_ref());
        let offset = key.span().start;
        match value.get_ref() {
            DeValue::Table(inner) => {
                values.push((path.clone(), offset, None));
                collect(inner, &format!("{path}."), values);
            }
            _ => values.push((path, offset, Some(value))),
        }
    }
}

fn fits(given: &Json, default: &Json) -> bool {
    match (given, default) {
        (Json::Number(given), Json::Number(default)) => default.is_f64() || !given.is_f64(),
        _ => std::mem::discriminant(given) == std::mem::discriminant(default),
    }
}

fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "nothing",
        Json::Bool(_) => "true or false",
        Json::Number(n) if n.is_f64() => "a number",
        Json::Number(_) => "a whole number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "a table",
    }
}

/// The nearest key of the same table, else the nearest one anywhere, else the keys there are.
fn suggestion(path: &str, known: &Json) -> String {
    let split = |path: &str| {
        path.rsplit_once('.')
            .map_or(0, |(table, _)| table.len() + 1)
    };
    let (table, key) = path.split_at(split(path));
    let mut paths = Vec::new();
    collect_paths(known, "", &mut paths);
    let near = paths.iter().filter_map(|path| {
        let (other, name) = path.split_at(split(path));
        let distance = strsim::damerau_levenshtein(key, name);
        let near = distance <= (key.chars().count() / 3).max(1);
        near.then_some((other != table, distance, path))
    });
    if let Some((.., path)) = near.min() {
        return format!("did you mean `{path}`?");
    }
    let keys = paths.iter().filter_map(|path| path.strip_prefix(table));
    let keys: Vec<&str> = keys.filter(|key| !key.contains('.')).collect();
    format!("the keys here are {}", keys.join(", "))
}

fn collect_paths(value: &Json, prefix: &str, paths: &mut Vec<String>) {
    for (key, inner) in value.as_object().into_iter().flatten() {
        let path = format!("{prefix}{key}");
        collect_paths(inner, &format!("{path}."), paths);
        paths.push(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Tokens {
        Codes,
        Features,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Train {
        epochs: usize,
        learning_rate: f32,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Config {
        seed: u64,
        name: String,
        tokens: Tokens,
        flips: bool,
        channels: Vec<usize>,
        train: Train,
    }

    fn defaults() -> Config {
        Config {
            seed: 1,
            name: "demo".into(),
            tokens: Tokens::Codes,
            flips: true,
            channels: vec![16, 32],
            train: Train {
                epochs: 10,
                learning_rate: 3e-4,
            },
        }
    }

    fn error_of(text: &str) -> String {
        let error = parse_toml(text, "a.toml", &defaults()).unwrap_err();
        assert_eq!(
            crate::system::exit::kind_of(&error),
            crate::system::exit::Kind::Usage
        );
        error.to_string()
    }

    #[test]
    fn keys_that_are_left_out_keep_their_default() {
        let read = parse_toml("[train]\nepochs = 3\n", "a.toml", &defaults()).unwrap();
        let mut expected = defaults();
        expected.train.epochs = 3;
        assert_eq!(read, expected);
    }

    #[test]
    fn a_config_survives_the_trip_through_toml_bit_for_bit() {
        let mut config = defaults();
        config.train.learning_rate = 0.1 + 0.2;
        config.seed = 1 << 40;
        let text = toml::to_string_pretty(&config).unwrap();
        assert_eq!(parse_toml(&text, "a.toml", &defaults()).unwrap(), config);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest_key() {
        let text = error_of("seed = 2\n\n[train]\nlearning_rat = 0.1\n");
        assert_eq!(
            text,
            "a.toml:4: unknown key `train.learning_rat`; did you mean `train.learning_rate`?"
        );
    }

    #[test]
    fn a_key_in_the_wrong_table_is_pointed_to_its_place() {
        let text = error_of("epochs = 2\n");
        assert!(text.contains("did you mean `train.epochs`?"), "{text}");
    }

    #[test]
    fn a_key_like_no_other_lists_the_keys_there_are() {
        let text = error_of("[train]\nwhatever = 2\n");
        assert!(
            text.contains("epochs") && text.contains("learning_rate"),
            "{text}"
        );
    }

    #[test]
    fn a_wrong_type_gives_the_key_the_expected_type_and_the_value() {
        assert_eq!(
            error_of("[train]\nepochs = \"many\"\n"),
            "a.toml:2: `train.epochs` takes a whole number, not a text \"many\""
        );
        assert!(error_of("[train]\nepochs = 2.5\n").contains("takes a whole number"));
        assert!(error_of("train = 3\n").contains("takes a table"));
        assert!(error_of("seed = [1]\n").contains("not a list"));
    }

    #[test]
    fn a_value_of_another_type_is_fine_where_the_key_takes_it() {
        #[derive(Debug, Serialize, Deserialize)]
        struct Masks {
            mask_value: mriseg_data::MaskRule,
        }
        let defaults = Masks {
            mask_value: Default::default(),
        };
        for (text, expected) in [("2", "2"), ("\"#ff0000\"", "#ff0000"), ("[1, 2]", "1,2")] {
            let read = parse_toml(&format!("mask_value = {text}"), "a.toml", &defaults).unwrap();
            assert_eq!(read.mask_value.to_string(), expected);
        }
        let sets = ["mask_value=2".to_owned()];
        let set = with_overrides(defaults, &sets).unwrap();
        assert_eq!(set.mask_value.to_string(), "2");
    }

    #[test]
    fn a_whole_number_is_fine_where_a_number_is_expected() {
        let read = parse_toml("[train]\nlearning_rate = 1\n", "a.toml", &defaults()).unwrap();
        assert_eq!(read.train.learning_rate, 1.0);
    }

    #[test]
    fn a_value_that_the_type_refuses_names_key_and_line() {
        let variant = error_of("seed = 1\ntokens = \"code\"\n");
        assert!(
            variant.starts_with("a.toml:2: `tokens` cannot be \"code\""),
            "{variant}"
        );
        assert!(variant.contains("codes"), "{variant}");
        let negative = error_of("[train]\nepochs = -1\n");
        assert!(
            negative.starts_with("a.toml:2: `train.epochs`"),
            "{negative}"
        );
        let list = error_of("channels = [1, \"a\"]\n");
        assert!(list.starts_with("a.toml:1: `channels`"), "{list}");
    }

    #[test]
    fn a_syntax_error_names_file_and_line() {
        let text = error_of("seed = 1\nname = \n");
        assert!(text.starts_with("a.toml:2: "), "{text}");
    }

    #[test]
    fn set_reaches_into_tables_and_reads_every_type() {
        let sets = [
            "train.epochs=3",
            "flips = false",
            "name=chest",
            "tokens=features",
            "channels=[8]",
            "train.learning_rate=1e-3",
        ];
        let read = with_overrides(defaults(), &sets.map(String::from)).unwrap();
        assert_eq!(read.train.epochs, 3);
        assert!(!read.flips);
        assert_eq!(
            (read.name.as_str(), read.tokens),
            ("chest", Tokens::Features)
        );
        assert_eq!(read.channels, [8]);
        assert_eq!(read.train.learning_rate, 1e-3);
    }

    #[test]
    fn a_bad_set_says_what_it_takes() {
        let text = |set: &str| {
            with_overrides(defaults(), &[set.to_owned()])
                .unwrap_err()
                .to_string()
        };
        assert!(text("epochs").contains("--set takes key=value"));
        assert!(text(".=1").contains("--set takes key=value"));
        assert!(text("=1").contains("--set takes key=value"));
        assert!(text("train.epoch=1").contains("did you mean `train.epochs`?"));
        assert!(text("train.epochs=soon").contains("takes a whole number"));
        assert!(text("seed.x=1").contains("`seed` takes a whole number, not a table"));
        assert!(text("seed=1\nname=\"x\"").contains("takes a whole number"));
    }
}
