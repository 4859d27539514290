//! The rules on small trees.

use crate::circles::{circles, describe};
use crate::lengths::{Lengths, complaints, exceptions};
use crate::rust::Package;
use crate::typescript;
use std::collections::BTreeMap;
use std::fs;

/// The circles of a tree, described.
fn found(files: &[(&str, &str)]) -> String {
    let tree = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let path = tree.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut arrows = Package::read(tree.path(), "it").arrows();
    arrows.extend(typescript::arrows(tree.path(), "it"));
    circles(&arrows)
        .iter()
        .map(|circle| describe(circle, &arrows))
        .collect()
}

/// A crate of files below `src`.
fn found_in_crate(files: &[(&str, &str)]) -> String {
    let files: Vec<_> = files
        .iter()
        .map(|(file, text)| (format!("it/src/{file}"), *text))
        .collect();
    let files: Vec<_> = files
        .iter()
        .map(|(file, text)| (file.as_str(), *text))
        .collect();
    found(&files)
}

#[test]
fn a_line_of_files_is_no_circle() {
    let lib = ("lib.rs", "mod a; mod b; pub use a::A; fn b(_: a::A) {}");
    let a = ("a.rs", "use super::b::{self, B}; pub struct A(B, b::B);");
    let b = (
        "b.rs",
        "use std::fmt::Debug; pub struct B; #[cfg(test)] mod tests { use crate::a::A; }",
    );
    assert_eq!(found_in_crate(&[lib, a, b]), "");
}

#[test]
fn a_circle_by_use() {
    let lib = ("lib.rs", "mod a; mod b;");
    let a = ("a.rs", "use crate::b::B; pub struct A(B);");
    let b = (
        "b.rs",
        "fn f() { use super::a::A as Other; }\npub struct B;",
    );
    assert_eq!(
        found_in_crate(&[lib, a, b]),
        "import circle:\n  it/src/a.rs -> it/src/b.rs: B\n  it/src/b.rs -> it/src/a.rs: A\n"
    );
}

#[test]
fn a_circle_by_inline_paths_also_in_macros() {
    let lib = ("lib.rs", "mod a; mod b;");
    let a = ("a.rs", "pub const A: u8 = crate::b::B;");
    let b = (
        "b/mod.rs",
        "use crate::a; pub const B: u8 = 1; fn f() { dbg!(x.a, &a::A + 1); }",
    );
    let circle = found_in_crate(&[lib, a, b]);
    assert!(circle.contains("a.rs -> it/src/b/mod.rs: B\n"), "{circle}");
    assert!(circle.contains("b/mod.rs -> it/src/a.rs: A\n"), "{circle}");
}

#[test]
fn a_re_export_leads_to_the_file_that_defines() {
    let lib = ("lib.rs", "mod a; mod deep; pub use deep::*;");
    let deep = ("deep/mod.rs", "mod b; pub use b::B as Renamed;");
    let a = ("a.rs", "pub struct A(crate::Renamed);");
    let b = ("deep/b.rs", "pub struct B; impl From<crate::a::A> for B {}");
    assert_eq!(
        found_in_crate(&[lib, deep, a, b]),
        "import circle:\n  it/src/a.rs -> it/src/deep/b.rs: B\n  it/src/deep/b.rs -> it/src/a.rs: A\n"
    );
}

#[test]
fn a_circle_of_parent_and_child() {
    let lib = ("lib.rs", "mod a;");
    let a = ("a.rs", "mod child; pub struct A(child::Child);");
    let uses_parent = ("a/child.rs", "use super::*; pub struct Child(Box<A>);");
    let circle = found_in_crate(&[lib, a, uses_parent]);
    assert!(
        circle.contains("a/child.rs -> it/src/a.rs: A\n"),
        "{circle}"
    );
    let stands_alone = ("a/child.rs", "pub struct Child;");
    assert_eq!(found_in_crate(&[lib, a, stands_alone]), "");
}

#[test]
fn a_circle_in_typescript() {
    let a = (
        "it/a.ts",
        "import {\n  type B,\n  c,\n} from './b.ts';\nimport { readFile } from 'node:fs';\n",
    );
    let b = ("it/b.ts", "import type { A } from './a.ts';\n");
    let circle = found(&[a, b]);
    assert!(circle.contains("it/b.ts -> it/a.ts: A\n"), "{circle}");
    assert_eq!(found(&[a, ("it/b.ts", "export type B = 1;\n")]), "");
}

#[test]
fn lines_are_counted_without_tests() {
    let text = "/// Doc.\nfn f() {\n    ()\n}\n\n#[cfg(test)]\nmod tests {\n    fn g() {}\n}\n";
    let lengths = Lengths::of(text);
    assert_eq!((lengths.lines, lengths.tests), (9, 4));
    assert_eq!(lengths.functions, [("f".to_owned(), 3)]);
}

#[test]
fn an_exception_holds_to_its_lines_and_while_it_is_needed() {
    let document = "# A\n\n## Exceptions\n\n| what | lines | why |\n|---|---|---|\n| `a.rs::f` | 90 | One formula. |\n| `b.rs` | 450 | A table. |\n\n## B\n";
    let exceptions = exceptions(document);
    let long = |lines: &[(&str, usize)]| -> BTreeMap<String, usize> {
        lines
            .iter()
            .map(|&(name, lines)| (name.to_owned(), lines))
            .collect()
    };
    let complaints = |lines: &[(&str, usize)]| complaints(&long(lines), &exceptions);
    assert!(complaints(&[("a.rs::f", 90), ("b.rs", 410)]).is_empty());
    assert_eq!(
        complaints(&[("a.rs::f", 91), ("c.rs", 401)]),
        [
            "a.rs::f: 91 lines, its exception says 90",
            "c.rs: 401 lines",
            "b.rs: needs no exception"
        ]
    );
}
