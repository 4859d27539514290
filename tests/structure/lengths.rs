//! How long files and functions are, and which may be longer than the rest.

use crate::files::files_below;
use crate::rust::{Lengths, Package};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const MOST_FILE_LINES: usize = 400;
const MOST_FUNCTION_LINES: usize = 80;

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
            let lines = text.lines().count();
            let read = packages.iter().find_map(|package| package.files.get(&file));
            // A Rust file that no package reaches without its tests belongs to them.
            let is_test = file.split('/').any(|part| matches!(part, "tests" | "test"))
                || file.ends_with(".rs") && read.is_none();
            let (tests, functions) = match read {
                _ if is_test => (lines, Vec::new()),
                Some(read) => (read.tests, read.functions.clone()),
                None => (0, Vec::new()),
            };
            let lengths = Lengths {
                lines,
                tests,
                functions,
            };
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
