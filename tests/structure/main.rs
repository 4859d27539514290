//! Rules that the source tree keeps; they need no build of the programs.
//!
//! `cargo test -p structure` checks them; with `-- --nocapture lines_of_code` it counts lines.

mod checks;
mod circles;
mod files;
mod lengths;
mod rust;
mod typescript;

use circles::Arrows;
use rust::Package;
use std::fs;
use std::path::Path;

/// No file of a crate, or of the page, needs another that needs it.
///
/// A Rust file needs the file that defines what it names: by `use`, by a path in the code, or through a re-export. It
/// does not need a file by declaring or re-exporting it, nor for the methods that it calls. A TypeScript file needs what
/// it imports, types too.
#[test]
fn no_import_circle() {
    let mut arrows: Arrows = packages().iter().flat_map(Package::arrows).collect();
    arrows.extend(typescript::arrows(repository(), "www/src"));
    let circles = circles::circles(&arrows);
    let described = circles.iter();
    let described: String = described
        .map(|circle| circles::describe(circle, &arrows))
        .collect();
    assert!(circles.is_empty(), "{described}");
}

/// A file of the trainer needs files of its own folder, and of folders that stand above it in ARCHITECTURE.md.
#[test]
fn folders_of_the_trainer_are_layers() {
    let document = fs::read_to_string(repository().join("ARCHITECTURE.md")).unwrap();
    let rows = document
        .lines()
        .skip_while(|line| !line.starts_with("| folder |"));
    let layers: Vec<&str> = (rows.skip(2))
        .map_while(|row| Some(row.strip_prefix("| `")?.split_once("/` |")?.0))
        .collect();
    let layer = |file: &str| {
        let folder = file.strip_prefix("crates/trainer/src/")?.split_once('/')?.0;
        let layer = layers.iter().position(|&layer| layer == folder);
        Some(layer.unwrap_or_else(|| panic!("ARCHITECTURE.md has no row for `{folder}/`")))
    };
    let trainer = Package::read(repository(), "crates/trainer");
    for ((from, to), names) in &trainer.arrows() {
        if let (Some(user), Some(used)) = (layer(from), layer(to)) {
            assert!(
                used <= user,
                "{from} uses {names:?} of {to}, a layer below it"
            );
        }
    }
    assert!(trainer.files.iter().filter_map(|file| layer(file)).count() > 50);
}

/// Without tests, a file has at most 400 lines and a function 80, or stands with its reason in ARCHITECTURE.md.
#[test]
fn files_and_functions_are_short() {
    let document = fs::read_to_string(repository().join("ARCHITECTURE.md")).unwrap();
    let exceptions = lengths::exceptions(&document);
    let long = lengths::too_long(&lengths::lengths(repository(), &packages()));
    let complaints = lengths::complaints(&long, &exceptions);
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// Prints them for each crate.
#[test]
fn lines_of_code() {
    println!(
        "{}",
        lengths::table(&lengths::lengths(repository(), &packages()))
    );
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn packages() -> Vec<Package<'static>> {
    let crates = fs::read_dir(repository().join("crates")).unwrap();
    let folders =
        crates.map(|entry| format!("crates/{}", entry.unwrap().file_name().to_str().unwrap()));
    (folders.chain(["web", "web/imaging", "tests"].map(str::to_owned)))
        .map(|folder| Package::read(repository(), &folder))
        .collect()
}
