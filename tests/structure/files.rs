//! The files of the source tree.

use std::fs;
use std::path::Path;

/// Folders of builds and packages.
const BUILT: [&str; 6] = [
    "node_modules",
    "target",
    "dist",
    "engine-cpu",
    "engine-cpu-relaxed",
    "engine-webgpu",
];

/// Files below `repository/folder` with one of the extensions, sorted; `""` for none. Builds and packages are left out.
pub(crate) fn files_below(repository: &Path, folder: &str, extensions: &[&str]) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(repository.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{folder}/{name}");
        if entry.file_type().unwrap().is_dir() {
            if !name.starts_with('.') && !BUILT.contains(&name.as_str()) {
                files.extend(files_below(repository, &path, extensions));
            }
        } else {
            let extension = Path::new(&name)
                .extension()
                .and_then(|extension| extension.to_str());
            if extensions.contains(&extension.unwrap_or_default()) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
