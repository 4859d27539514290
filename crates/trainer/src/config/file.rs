//! Configuration files that catch typing mistakes: partial TOML over defaults, unknown keys, `--set`.
//!
//! The defaults say which keys exist and of what type they are, so a config is a struct of
//! scalars, lists and further structs. An `Option` that is `None` by default takes any value its
//! type can read, and an empty map takes any key.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use toml::de::{DeTable, DeValue};

use crate::system::exit::usage;

/// Reads `text` over `defaults`: keys that the file leaves out keep their default.
///
/// # Errors
/// Syntax errors, unknown keys (with "did you mean") and wrong types, each with `file_name` and line.
pub(crate) fn parse_toml<T>(text: &str, file_name: &str, defaults: &T) -> Result<T>
where
    T: DeserializeOwned + Serialize,
{
    let spanned = DeTable::parse(text).map_err(|e| {
        let line = e.span().map_or(1, |span| line_of(text, span.start));
        usage(format!("{file_name}:{line}: {}", e.message()))
    })?;
    let table: toml::Table =
        toml::from_str(text).map_err(|e| usage(format!("{file_name}: {}", e.message())))?;
    let mut lines = BTreeMap::new();
    collect_lines(spanned.get_ref(), "", text, &mut lines);
    merge(&table, defaults, |key| match lines.get(key) {
        Some(line) => format!("{file_name}:{line}"),
        None => file_name.to_owned(),
    })
}

/// The config with `--set key=value` assignments applied.
///
/// # Errors
/// As [`apply_overrides`], and unknown keys and wrong types as in [`parse_toml`].
pub(crate) fn with_overrides<T>(config: &T, sets: &[String]) -> Result<T>
where
    T: DeserializeOwned + Serialize,
{
    let mut table = toml::Table::new();
    apply_overrides(&mut table, sets)?;
    merge(&table, config, |_| "--set".to_owned())
}

/// Enters assignments such as `train.epochs=3` into a table; a value that is not TOML counts as text.
///
/// # Errors
/// An assignment without `=`, with an empty key, or one that makes a table of a value.
pub(crate) fn apply_overrides(table: &mut toml::Table, sets: &[String]) -> Result<()> {
    for set in sets {
        let malformed = || {
            usage(format!(
                "--set takes key=value, such as --set train.epochs=3, but got `{set}`"
            ))
        };
        let (path, raw) = set.split_once('=').ok_or_else(malformed)?;
        let mut keys: Vec<&str> = path.split('.').map(str::trim).collect();
        if keys.iter().any(|key| key.is_empty()) {
            return Err(malformed());
        }
        let last = keys.pop().ok_or_else(malformed)?;
        let mut at = &mut *table;
        for key in keys {
            at = at
                .entry(key)
                .or_insert_with(|| toml::Value::Table(toml::Table::new()))
                .as_table_mut()
                .ok_or_else(|| usage(format!("--set {set}: `{key}` is a value, not a table")))?;
        }
        at.insert(last.to_owned(), value_of(raw.trim()));
    }
    Ok(())
}

fn value_of(raw: &str) -> toml::Value {
    match toml::from_str::<toml::Table>(&format!("v = {raw}")) {
        Ok(mut table) if table.len() == 1 => table
            .remove("v")
            .unwrap_or_else(|| toml::Value::String(raw.to_owned())),
        _ => toml::Value::String(raw.to_owned()),
    }
}

/// `table` over `defaults`; `place` says where a dotted key was written, for messages.
fn merge<T>(table: &toml::Table, defaults: &T, place: impl Fn(&str) -> String) -> Result<T>
where
    T: DeserializeOwned + Serialize,
{
    let known = serde_json::to_value(defaults)?;
    let mut leaves = Vec::new();
    check_table(table, &known, &known, "", &place, &mut leaves)?;
    let mut merged = known;
    for (key, value) in leaves {
        let shown = value.to_string();
        insert(&mut merged, &key, value);
        // Reading after every key names the key that the type itself refuses (an unknown variant, a negative size).
        if let Err(e) = serde_json::from_value::<T>(merged.clone()) {
            return Err(usage(format!(
                "{}: `{key}` cannot be {shown}: {e}",
                place(&key)
            )));
        }
    }
    Ok(serde_json::from_value(merged)?)
}

fn check_table(
    table: &toml::Table,
    known: &Json,
    root: &Json,
    prefix: &str,
    place: &impl Fn(&str) -> String,
    leaves: &mut Vec<(String, Json)>,
) -> Result<()> {
    for (key, value) in table {
        let path = join(prefix, key);
        let free_map = known.as_object().is_some_and(serde_json::Map::is_empty);
        let Some(default) = known.get(key).or(free_map.then_some(&Json::Null)) else {
            return Err(usage(format!(
                "{}: unknown key `{path}`; {}",
                place(&path),
                suggestion(key, prefix, known, root)
            )));
        };
        if let (toml::Value::Table(inner), Json::Object(_)) = (value, default) {
            check_table(inner, default, root, &path, place, leaves)?;
            continue;
        }
        let given = serde_json::to_value(value)?;
        if !fits(&given, default) {
            return Err(usage(format!(
                "{}: `{path}` takes {}, not {} {given}",
                place(&path),
                kind(default),
                kind(&given)
            )));
        }
        leaves.push((path, given));
    }
    Ok(())
}

fn fits(given: &Json, default: &Json) -> bool {
    match (given, default) {
        (_, Json::Null) => true,
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

fn insert(target: &mut Json, path: &str, value: Json) {
    match path.split_once('.') {
        None => target[path] = value,
        Some((first, rest)) => insert(&mut target[first], rest, value),
    }
}

/// The nearest key of the same table, else the nearest one anywhere, else the keys there are.
fn suggestion(key: &str, prefix: &str, known: &Json, root: &Json) -> String {
    let siblings: Vec<String> = known
        .as_object()
        .map(|table| table.keys().cloned().collect())
        .unwrap_or_default();
    let near = |name: &str| {
        let distance = strsim::damerau_levenshtein(key, name);
        (distance <= (key.chars().count() / 3).max(1)).then_some(distance)
    };
    let nearest = |names: &[String]| {
        names
            .iter()
            .filter_map(|name| {
                let last = name.rsplit('.').next().unwrap_or(name);
                near(last).map(|distance| (distance, name.clone()))
            })
            .min()
            .map(|(_, name)| name)
    };
    if let Some(name) = nearest(&siblings) {
        return format!("did you mean `{}`?", join(prefix, &name));
    }
    let mut everywhere = Vec::new();
    collect_paths(root, "", &mut everywhere);
    if let Some(path) = nearest(&everywhere) {
        return format!("did you mean `{path}`?");
    }
    format!("the keys here are {}", siblings.join(", "))
}

fn collect_paths(value: &Json, prefix: &str, paths: &mut Vec<String>) {
    for (key, inner) in value.as_object().into_iter().flatten() {
        let path = join(prefix, key);
        collect_paths(inner, &path, paths);
        paths.push(path);
    }
}

fn collect_lines(
    table: &DeTable<'_>,
    prefix: &str,
    text: &str,
    lines: &mut BTreeMap<String, usize>,
) {
    for (key, value) in table {
        let path = join(prefix, key.get_ref());
        lines.insert(path.clone(), line_of(text, key.span().start));
        if let DeValue::Table(inner) = value.get_ref() {
            collect_lines(inner, &path, text, lines);
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|&b| b == b'\n').count()
}

fn join(prefix: &str, key: &str) -> String {
    if prefix.is_empty() {
        key.to_owned()
    } else {
        format!("{prefix}.{key}")
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
        limit: Option<usize>,
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
                limit: None,
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
        let read = parse_toml("[train]\nepochs = 3\nlimit = 8\n", "a.toml", &defaults()).unwrap();
        let mut expected = defaults();
        expected.train.epochs = 3;
        expected.train.limit = Some(8);
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
        let read = with_overrides(&defaults(), &sets.map(String::from)).unwrap();
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
            with_overrides(&defaults(), &[set.to_owned()])
                .unwrap_err()
                .to_string()
        };
        assert!(text("epochs").contains("--set takes key=value"));
        assert!(text(".=1").contains("--set takes key=value"));
        assert!(text("=1").contains("--set takes key=value"));
        assert!(text("train.epoch=1").contains("did you mean `train.epochs`?"));
        assert!(text("train.epochs=soon").contains("takes a whole number"));
        assert!(text("seed=1\nname=\"x\"").contains("takes a whole number"));
    }

    #[test]
    fn a_set_through_a_value_is_refused() {
        let mut table: toml::Table = toml::from_str("seed = 1").unwrap();
        let error = apply_overrides(&mut table, &["seed.x=1".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("not a table"), "{error}");
    }
}
