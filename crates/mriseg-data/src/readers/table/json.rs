//! Tables as JSON: a list of records, such a list for each split, or a record in each line.

use std::collections::BTreeSet;

use serde_json::{Deserializer, Map, Value};

use super::columns::Columns;
use super::record::{Record, Sheet};
use crate::readers::names::standard_split;

type Fields = Map<String, Value>;

const EXAMPLE: &str = r#"{"image": "a.png", "caption": "left lung"}"#;

/// Whether a text is meant as JSON.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// The lists of a text as sheets; one without a name where there is only one.
///
/// # Errors
/// The text is no JSON, or holds no records.
pub(super) fn sheets(text: &str) -> Result<Vec<Sheet>, String> {
    let values: Result<Vec<Value>, _> = Deserializer::from_str(text).into_iter().collect();
    let values = values.map_err(|error| format!("is no JSON ({error})"))?;
    match <[Value; 1]>::try_from(values) {
        Ok([Value::Array(list)]) => Ok(vec![sheet("", list)?]),
        Ok([Value::Object(lists)]) if holds_lists(&lists) => of_splits(lists),
        Ok([value]) => Ok(vec![sheet("", vec![value])?]),
        Err(lines) => Ok(vec![sheet("", lines)?]),
    }
}

/// Whether an object is no record of its own.
fn holds_lists(object: &Fields) -> bool {
    let keys: Vec<String> = object.keys().cloned().collect();
    object.values().any(Value::is_array) && Columns::of(&keys).is_none()
}

/// The lists of an object that are not empty: those called like splits, if there are any.
fn of_splits(lists: Fields) -> Result<Vec<Sheet>, String> {
    let is_split = |name: &str| standard_split(name).is_some();
    let any = lists.keys().any(|name| is_split(name));
    let lists = lists.into_iter().filter_map(|(name, list)| match list {
        Value::Array(list) if !list.is_empty() && (is_split(&name) || !any) => Some((name, list)),
        _ => None,
    });
    lists.map(|(name, list)| sheet(&name, list)).collect()
}

/// The records of a list, under the keys that tables need.
fn sheet(name: &str, list: Vec<Value>) -> Result<Sheet, String> {
    let fields = |(i, value)| match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(format!(
            "its entry {} is no record such as {EXAMPLE}",
            i + 1
        )),
    };
    let list: Result<Vec<Fields>, _> = list.into_iter().enumerate().map(fields).collect();
    let list = list?;
    let keys: BTreeSet<&str> = list
        .iter()
        .flat_map(Fields::keys)
        .map(String::as_str)
        .collect();
    let keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
    let Some(columns) = Columns::of(&keys) else {
        return Err(format!(
            "has no records that name image and caption, such as {EXAMPLE}"
        ));
    };
    let titles: Vec<String> = columns.used().map(|column| keys[column].clone()).collect();
    let mut records = vec![Record {
        cells: titles.clone(),
        ..Record::default()
    }];
    for (i, fields) in list.iter().enumerate() {
        records.extend(
            rows(fields, &titles)
                .into_iter()
                .map(|cells| record(i + 1, cells, &titles)),
        );
    }
    Ok(Sheet {
        name: name.to_owned(),
        records,
    })
}

/// The values of a record, once for each of several sentences.
fn rows<'a>(fields: &'a Fields, titles: &[String]) -> Vec<Vec<&'a Value>> {
    let of = |title: &String| fields.get(title).unwrap_or(&Value::Null);
    let values: Vec<&Value> = titles.iter().map(of).collect();
    let lists = values.iter().filter_map(|value| value.as_array());
    let longest = lists.map(Vec::len).max().unwrap_or(1);
    let at = |i: usize| {
        let value = |value: &&'a Value| match value {
            // A list of one is that for all.
            Value::Array(list) if list.len() == 1 => &list[0],
            Value::Array(list) => list.get(i).unwrap_or(&Value::Null),
            value => value,
        };
        values.iter().map(value).collect()
    };
    (0..longest.max(1)).map(at).collect()
}

fn record(number: usize, values: Vec<&Value>, titles: &[String]) -> Record {
    let mut fault = None;
    let mut cell = |(value, title): (&Value, &String)| match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null => String::new(),
        other => {
            fault = Some(format!("its {title} is neither text nor a number"));
            other.to_string()
        }
    };
    Record {
        number,
        cells: values.into_iter().zip(titles).map(&mut cell).collect(),
        quoted: true,
        fault,
    }
}
