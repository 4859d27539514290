//! Files that need each other, directly or through others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// From a file to another, and the names for which it needs it.
pub(crate) type Arrows = BTreeMap<(String, String), BTreeSet<String>>;

/// Each largest set of files of which every one leads to every other.
pub(crate) fn circles(arrows: &Arrows) -> BTreeSet<BTreeSet<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> = (arrows.keys().map(|(from, _)| from))
        .map(|from| (from, reached(arrows, from)))
        .collect();
    let leads = |from: &String, to: &String| reached.get(from).is_some_and(|set| set.contains(to));
    (reached.keys().filter(|file| leads(file, file)))
        .map(|file| {
            reached[file]
                .iter()
                .filter(|other| leads(other, file))
                .map(|other| (*other).clone())
                .collect()
        })
        .collect()
}

fn reached<'a>(arrows: &'a Arrows, start: &'a String) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut left = vec![start];
    while let Some(file) = left.pop() {
        let next = arrows
            .keys()
            .filter(|(from, _)| from == file)
            .map(|(_, to)| to);
        left.extend(next.filter(|to| reached.insert(*to)));
    }
    reached
}

/// A line for each arrow within the circle.
pub(crate) fn describe(circle: &BTreeSet<String>, arrows: &Arrows) -> String {
    let mut text = String::from("import circle:\n");
    for ((from, to), names) in arrows {
        if circle.contains(from) && circle.contains(to) {
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            writeln!(text, "  {from} -> {to}: {}", names.join(", ")).unwrap();
        }
    }
    text
}
