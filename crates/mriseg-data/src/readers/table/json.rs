//! Tables as JSON: a list of records, such a list for each split, or a record in each line.

use std::collections::BTreeSet;

use serde_json::{Deserializer, Map, Value};

use super::record::{Record, Sheet};

type Fields = Map<String, Value>;

/// Whether a text is meant as JSON.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// The lists of a text as sheets, each under the keys of its records; one without a name where there is only one.
///
/// # Errors
/// The text is no JSON, or holds no records.
pub(super) fn sheets(text: &str) -> Result<Vec<Sheet>, String> {
    let values: Result<Vec<Value>, _> = Deserializer::from_str(text).into_iter().collect();
    let values = values.map_err(|error| format!("is no JSON ({error})"))?;
    match <[Value; 1]>::try_from(values) {
        Ok([Value::Array(list)]) => Ok(vec![sheet(String::new(), list)?]),
        Ok([Value::Object(lists)]) if lists.values().all(Value::is_array) => lists
            .into_iter()
            .filter_map(|(name, list)| match list {
                Value::Array(list) => Some(sheet(name, list)),
                _ => None,
            })
            .collect(),
        Ok([value]) => Ok(vec![sheet(String::new(), vec![value])?]),
        Err(lines) => Ok(vec![sheet(String::new(), lines)?]),
    }
}

fn sheet(name: String, list: Vec<Value>) -> Result<Sheet, String> {
    let fields = |(i, value)| match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(format!(
            "its entry {} is no record such as {{\"image\": \"a.png\", \"caption\": \"left lung\"}}",
            i + 1
        )),
    };
    let list: Vec<Fields> = (list.into_iter().enumerate().map(fields)).collect::<Result<_, _>>()?;
    let titles: BTreeSet<&str> = (list.iter().flat_map(Fields::keys).map(String::as_str)).collect();
    let header = titles.iter().map(|title| (*title).to_owned()).collect();
    let cells = |fields: &Fields| (titles.iter().map(|title| cell(fields.get(*title)))).collect();
    let rows = list.iter().map(cells);
    let records = std::iter::once(header).chain(rows).enumerate();
    let record = |(number, cells)| Record {
        number,
        cells,
        quoted: true,
        fault: None,
    };
    Ok(Sheet {
        name,
        records: records.map(record).collect(),
    })
}

/// Text and numbers; anything else is no name and no sentence.
fn cell(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}
