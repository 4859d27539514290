//! How long files and functions are, and which may be longer than the rest.
//!
//! Lines are counted in the text: `syn` tells positions only with a feature of `proc-macro2` (`span-locations`) for which
//! `cargo test` would build burn a second time.

use crate::files::files_below;
use crate::rust::Package;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const MOST_FILE_LINES: usize = 400;
const MOST_FUNCTION_LINES: usize = 80;

/// Lines of a file.
#[derive(Default)]
pub(crate) struct Lengths {
    /// All of them.
    pub(crate) lines: usize,
    /// Those under `#[cfg(test)]`.
    pub(crate) tests: usize,
    /// Name and lines of each function, from its signature to its last brace.
    pub(crate) functions: Vec<(String, usize)>,
}

impl Lengths {
    /// Of a text as rustfmt lays it out; of other languages only [`Self::lines`] is meant.
    pub(crate) fn of(text: &str) -> Self {
        let lines: Vec<&str> = text.lines().collect();
        let mut lengths = Self {
            lines: lines.len(),
            ..Self::default()
        };
        let mut rest = lines.as_slice();
        while let Some((line, after)) = rest.split_first() {
            let line = line.trim_start();
            if line == "#[cfg(test)]" || line.starts_with("#[cfg(all(test,") {
                let test = lines_of_item(rest);
                lengths.tests += test;
                rest = &rest[test..];
                continue;
            }
            if let Some(name) = function(line) {
                lengths
                    .functions
                    .push((name.to_owned(), lines_of_item(rest)));
            }
            rest = after;
        }
        lengths
    }
}

/// Lines to the `}` or `;` that closes the item on the first line: it stands as far to the right.
fn lines_of_item(lines: &[&str]) -> usize {
    let margin = |line: &str| line.len() - line.trim_start().len();
    let first = margin(lines[0]);
    let closes = |line: &&str| margin(line) == first && line.ends_with(['}', ';']);
    lines
        .iter()
        .position(closes)
        .map_or(lines.len(), |last| last + 1)
}

/// The name in `pub(crate) const fn name(`.
fn function(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let qualifies = |word: &str| {
        matches!(word, "const" | "async" | "unsafe")
            || word.starts_with("pub")
            || word.ends_with(')')
    };
    before
        .split_whitespace()
        .all(qualifies)
        .then(|| after.split(['(', '<']).next())?
}

/// Lines of every source file; of functions in Rust only.
pub(crate) fn lengths(repository: &Path, packages: &[Package]) -> BTreeMap<String, Lengths> {
    let mut all = BTreeMap::new();
    for (folder, extensions) in [
        ("crates", &["rs"][..]),
        ("web", &["rs", "ts"]),
        ("tests", &["rs", "mjs"]),
        ("www", &["ts"]),
        ("scripts", &["", "py", "js", "mjs"]),
        (".ci", &[""]),
    ] {
        for file in files_below(repository, folder, extensions) {
            let text = fs::read_to_string(repository.join(&file)).unwrap();
            let mut lengths = Lengths::of(&text);
            // A Rust file that no package reaches without its tests belongs to them.
            let is_test = file.split('/').any(|part| matches!(part, "tests" | "test"))
                || file.ends_with(".rs")
                    && !packages.iter().any(|package| package.files.contains(&file));
            if is_test {
                lengths.tests = lengths.lines;
                lengths.functions.clear();
            }
            all.insert(file, lengths);
        }
    }
    all
}

/// Files (`path`) and functions (`path::name`) over the limits, without their tests.
pub(crate) fn too_long(all: &BTreeMap<String, Lengths>) -> BTreeMap<String, usize> {
    let mut long = BTreeMap::new();
    for (file, lengths) in all {
        let lines = lengths.lines - lengths.tests;
        if lines > MOST_FILE_LINES {
            long.insert(file.clone(), lines);
        }
        for (name, lines) in &lengths.functions {
            if *lines > MOST_FUNCTION_LINES {
                let longest = long.entry(format!("{file}::{name}")).or_default();
                *longest = lines.max(longest).to_owned();
            }
        }
    }
    long
}

/// The rows `` | `path` or `path::name` | lines | reason | `` below the heading "Exceptions".
pub(crate) fn exceptions(document: &str) -> BTreeMap<String, usize> {
    let (_, section) = document
        .split_once("\n## Exceptions\n")
        .expect("a heading Exceptions");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let columns: Vec<&str> = row.split('|').map(str::trim).collect();
        let [name, lines, reason, ..] = columns[..] else {
            panic!("too few columns: {row}")
        };
        assert!(!reason.is_empty(), "no reason: {row}");
        (
            name.trim_end_matches('`').to_owned(),
            lines
                .parse()
                .unwrap_or_else(|_| panic!("no number of lines: {row}")),
        )
    })
    .collect()
}

/// What is wrong, a line each: too long without an exception, longer than its exception, an exception that nothing needs.
pub(crate) fn complaints(
    long: &BTreeMap<String, usize>,
    exceptions: &BTreeMap<String, usize>,
) -> Vec<String> {
    let over =
        long.iter()
            .filter_map(|(name, lines)| match exceptions.get(name) {
                None => Some(format!("{name}: {lines} lines")),
                Some(most) => (lines > most)
                    .then(|| format!("{name}: {lines} lines, its exception says {most}")),
            });
    let unused = exceptions.keys().filter(|name| !long.contains_key(*name));
    over.chain(unused.map(|name| format!("{name}: needs no exception")))
        .collect()
}

/// Lines with and without tests, a row for each crate or folder.
pub(crate) fn table(all: &BTreeMap<String, Lengths>) -> String {
    let mut sums: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (file, lengths) in all {
        let depth = if file.starts_with("crates/") { 2 } else { 1 };
        let folder: Vec<&str> = file.split('/').take(depth).collect();
        for folder in [folder.join("/"), "together".to_owned()] {
            let sum = sums.entry(folder).or_default();
            sum.0 += lengths.lines;
            sum.1 += lengths.lines - lengths.tests;
        }
    }
    let row = |(folder, (lines, code)): (&String, &(usize, usize))| {
        format!("{folder:<24}{lines:>8}{code:>16}\n")
    };
    format!("{:<24}{:>8}{:>16}\n", "", "lines", "without tests")
        + &sums.iter().map(row).collect::<String>()
}
