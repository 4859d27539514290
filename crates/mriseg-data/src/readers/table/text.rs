//! Tables as text: in which encoding, separated by what.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use csv::{ReaderBuilder, StringRecord};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::columns::{Columns, HEADER_WITHIN};
use super::record::Record;

const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];
/// A line of its own at the end of every text: where it is not found, a quotation mark is open.
const END: &str = "\u{1}";

/// The text of a file, and its encoding where that was guessed.
pub(super) fn decode(bytes: &[u8]) -> (String, Option<&'static str>) {
    let (encoding, guessed) = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => (encoding, false),
        None if std::str::from_utf8(bytes).is_ok() && !bytes.contains(&0) => (UTF_8, false),
        None => (guess(bytes), true),
    };
    let (text, ..) = encoding.decode(bytes);
    (text.into_owned(), guessed.then(|| encoding.name()))
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    // ASCII in UTF-16 has a zero in every other byte.
    let zeros = |odd: usize| {
        bytes
            .iter()
            .skip(odd)
            .step_by(2)
            .filter(|&&byte| byte == 0)
            .count()
    };
    let (even, odd) = (zeros(0), zeros(1));
    if 4 * even.max(odd) > bytes.len() {
        return if odd > even { UTF_16LE } else { UTF_16BE };
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Deny)
}

/// The records of a text, separated by what gives the columns that are needed, and that separator.
///
/// # Errors
/// A quotation mark is never closed.
pub(super) fn records(text: &str) -> Result<(Vec<Record>, char), String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    // Excel's way to say it.
    let said = text
        .strip_prefix("sep=")
        .and_then(|rest| rest.chars().next());
    let has_header = |separator: &char| {
        let mut lines = text.lines().take(HEADER_WITHIN);
        lines.any(|line| {
            let cells = read(*separator, line)
                .ok()
                .and_then(|records| records.into_iter().next());
            cells.is_some_and(|cells| Columns::of(&to_strings(&cells)).is_some())
        })
    };
    let separator = said
        .into_iter()
        .chain(SEPARATORS)
        .find(has_header)
        .unwrap_or(',');
    let text = without_spaces_before_quotes(&text, separator);
    Ok((separated_by(separator, &text)?, separator))
}

/// `a, "b, c"` as `a,"b, c"`: a quotation mark counts where it begins a cell.
fn without_spaces_before_quotes(text: &str, separator: char) -> String {
    let mut tight = String::with_capacity(text.len());
    let (mut begins, mut quoted, mut spaces) = (true, false, 0);
    for letter in text.chars() {
        if begins && letter == ' ' {
            spaces += 1;
            continue;
        }
        quoted = match letter {
            '"' if begins => {
                spaces = 0;
                true
            }
            // Two of them within a cell are closed and opened again.
            '"' => !quoted && tight.ends_with('"'),
            _ => quoted,
        };
        tight.extend(std::iter::repeat_n(' ', std::mem::take(&mut spaces)));
        tight.push(letter);
        begins = !quoted && (letter == separator || letter == '\n');
    }
    tight
}

fn read(separator: char, text: &str) -> Result<Vec<StringRecord>, String> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(
            u8::try_from(separator).map_err(|_| format!("{separator:?} cannot separate cells"))?,
        )
        .from_reader(text.as_bytes())
        .records()
        .collect::<Result<_, _>>()
        .map_err(|error| format!("cannot be read ({error}); mend that line"))
}

fn to_strings(record: &StringRecord) -> Vec<String> {
    record.iter().map(str::to_owned).collect()
}

fn separated_by(separator: char, text: &str) -> Result<Vec<Record>, String> {
    let text = format!("{text}\n{END}\n");
    let read = read(separator, &text)?;
    let position = |record: &StringRecord| {
        record
            .position()
            .map_or((0, 0), |at| (at.byte() as usize, at.line() as usize))
    };
    let mut records = Vec::new();
    for (i, record) in read.iter().enumerate() {
        let (begin, line) = position(record);
        let end = read.get(i + 1).map_or(text.len(), |next| position(next).0);
        let raw = text[begin..end].trim_start_matches('\n');
        // The position is that of empty lines before the record, if there are any.
        let number = line + (end - begin - raw.len());
        let raw = raw.trim_end_matches('\n');
        if record.iter().any(|cell| cell.contains(END)) {
            if raw == END {
                break;
            }
            return Err(format!(
                "line {number} opens a quotation mark that no line closes; close it"
            ));
        }
        let lines = raw.lines().count();
        let fault = (lines > 1 && !is_quoted_well(raw, separator)).then(|| {
            let last = number + lines - 1;
            format!("it opens a quotation mark that is closed in line {last}; close it where the sentence ends")
        });
        records.push(Record {
            number,
            cells: to_strings(record),
            quoted: raw.contains('"'),
            fault,
        });
    }
    Ok(records)
}

/// Whether every quotation mark that closes a cell is followed by a separator, or by the end.
fn is_quoted_well(record: &str, separator: char) -> bool {
    let mut rest = record;
    loop {
        if let Some(mut cell) = rest.strip_prefix('"') {
            // Two of them are one within the cell.
            while let Some(twice) = cell.find('"').filter(|&at| cell[at + 1..].starts_with('"')) {
                cell = &cell[twice + 2..];
            }
            let Some(close) = cell.find('"') else {
                return false;
            };
            rest = &cell[close + 1..];
            if !rest.is_empty() && !rest.starts_with([separator, '\n']) {
                return false;
            }
        }
        match rest.find(separator) {
            Some(next) => rest = &rest[next + separator.len_utf8()..],
            None => return true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Vec<Vec<String>> {
        records(text)
            .unwrap()
            .0
            .into_iter()
            .map(|record| record.cells)
            .collect()
    }

    #[test]
    fn every_encoding_gives_the_same_text() {
        let text = "id,caption\na,\"lésion – café près du cœur\"\n";
        let (bytes, ..) = encoding_rs::WINDOWS_1252.encode(text);
        assert_eq!(decode(&bytes), (text.to_owned(), Some("windows-1252")));
        assert_eq!(decode(text.as_bytes()), (text.to_owned(), None));
        assert_eq!(decode(format!("\u{feff}{text}").as_bytes()).0, text);
        let wide =
            |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        for (bom, bytes) in [
            ([0xff, 0xfe], wide(u16::to_le_bytes)),
            ([0xfe, 0xff], wide(u16::to_be_bytes)),
        ] {
            assert_eq!(decode(&bytes).0, text);
            assert_eq!(
                decode(&[&bom[..], &bytes].concat()),
                (text.to_owned(), None)
            );
        }
        let chinese = "id,caption\na,双肺感染,左上肺和右下肺共四处病灶\n";
        let (bytes, ..) = encoding_rs::GBK.encode(chinese);
        assert_eq!(decode(&bytes).0, chinese);
    }

    #[test]
    fn separators_and_ends_of_lines_are_found_out() {
        let expected = cells("id,caption\na,\"one, two\"\nb,three\n");
        for text in [
            "id;caption\na;one, two\nb;three\n",
            "id\tcaption\r\na\tone, two\r\nb\tthree\r\n",
            "id|caption\ra|one, two\rb|three",
            "sep=;\nid;caption\na;one, two\nb;three\n",
        ] {
            let found = cells(text);
            assert_eq!(found[found.len() - 3..], expected, "{text:?}");
        }
        let lines = records("id;caption\r\ra;b\r").unwrap().0;
        assert_eq!(
            lines.iter().map(|record| record.number).collect::<Vec<_>>(),
            [1, 3]
        );
    }

    #[test]
    fn spaces_before_a_quotation_mark_are_no_part_of_a_cell() {
        let expected = cells("id,caption\na,\"left, \"\"upper\"\", \"\nb,\"x\"\n");
        let found = cells("id, caption\na, \"left, \"\"upper\"\", \"\nb,   \"x\"\n");
        assert_eq!(found[1..], expected[1..]);
        assert_eq!(cells("id,caption\na, 5\" of it\n")[1][1], " 5\" of it");
    }

    #[test]
    fn an_open_quotation_mark_hides_no_rows() {
        let said = records("id,caption\na,\"left\nb,right\nc,both\n").unwrap_err();
        assert!(said.contains("line 2 opens a quotation mark"), "{said}");
        let (records, _) =
            records("id,caption\na,\"left\nb,\"right\nc,both\nd,\"two\nlines, \"\"x\"\"\"\n")
                .unwrap();
        let faults: Vec<bool> = records
            .iter()
            .map(|record| record.fault.is_some())
            .collect();
        assert_eq!(faults, [false, true, false, false]);
        assert_eq!(records[3].cells[1], "two\nlines, \"x\"");
    }
}
