//! Reads what TypeScript files import.

use crate::circles::Arrows;
use crate::files::files_below;
use std::fs;
use std::path::Path;

/// From each file of a folder to those that it imports or re-exports, types too.
pub(crate) fn arrows(repository: &Path, folder: &str) -> Arrows {
    let files = files_below(repository, folder, &["ts"]);
    let mut arrows = Arrows::new();
    for file in &files {
        let text = fs::read_to_string(repository.join(file)).unwrap();
        let mut rest = text.as_str();
        // `import { names } from './other.ts'`
        while let Some((before, after)) = rest.split_once(" from './") {
            let (target, after) = after.split_once('\'').unwrap();
            rest = after;
            let names = before.rsplit(['{', '\n']).next().unwrap_or_default();
            let target = Path::new(file)
                .with_file_name(target)
                .to_str()
                .unwrap()
                .to_owned();
            if files.contains(&target) {
                let names = names.trim_end_matches(['}', ' ']).trim().to_owned();
                arrows
                    .entry((file.clone(), target))
                    .or_default()
                    .insert(names);
            }
        }
    }
    arrows
}
