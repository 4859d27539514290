//! Reads the Rust files of a package: whose names each uses.

use crate::circles::Arrows;
use crate::files::files_below;
use proc_macro2::{TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};
use syn::{Attribute, Ident, Item, UseTree, Visibility};

/// `["crate", "nn", "Block"]`.
type Names = Vec<String>;

/// A package without its tests: what is under `#[cfg(test)]` is not read.
pub(crate) struct Package<'a> {
    repository: &'a Path,
    modules: Vec<Module>,
    /// The files that the package's targets reach, by path in the repository.
    pub(crate) files: BTreeSet<String>,
}

struct Module {
    file: String,
    /// The module of the target's root file.
    root: usize,
    parent: Option<usize>,
    /// What a name stands for; a module and a function may share one.
    names: BTreeMap<String, Vec<Meaning>>,
    /// `a::b` of each `use a::b::*`.
    globs: Vec<Names>,
    /// Every path in its code, and what it imports for itself.
    mentioned: BTreeSet<Names>,
}

enum Meaning {
    /// Defined here.
    Item,
    Module(usize),
    /// Imported from that path.
    Import(Names),
}

/// What a path leads to.
enum Found {
    /// The item of this name that this module defines.
    Item(usize, String),
    Module(usize),
}

impl<'a> Package<'a> {
    /// Reads every target below `repository/folder`.
    pub(crate) fn read(repository: &'a Path, folder: &str) -> Self {
        let mut package = Self {
            repository,
            modules: Vec::new(),
            files: BTreeSet::new(),
        };
        for file in files_below(repository, folder, &["rs"]) {
            let inside = Path::new(&file).strip_prefix(folder).unwrap();
            let parent = inside.parent().and_then(Path::to_str).unwrap_or_default();
            let named = inside.ends_with("lib.rs") || inside.ends_with("main.rs");
            if named || ["tests", "examples", "benches", "src/bin"].contains(&parent) {
                let directory = Path::new(&file).parent().unwrap().to_owned();
                package.read_file(&file, None, directory);
            }
        }
        package
    }

    fn read_file(&mut self, file: &str, parent: Option<usize>, directory: PathBuf) -> usize {
        let path = self.repository.join(file);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        self.files.insert(file.to_owned());
        let module = self.add_module(file, parent);
        let mut reader = Reader {
            package: self,
            module,
            directory,
        };
        parsed.items.iter().for_each(|item| reader.visit_item(item));
        module
    }

    fn add_module(&mut self, file: &str, parent: Option<usize>) -> usize {
        let module = self.modules.len();
        self.modules.push(Module {
            file: file.to_owned(),
            root: parent.map_or(module, |parent| self.modules[parent].root),
            parent,
            names: BTreeMap::new(),
            globs: Vec::new(),
            mentioned: BTreeSet::new(),
        });
        module
    }

    /// From each file to the files that define what it names.
    pub(crate) fn arrows(&self) -> Arrows {
        let mut arrows = Arrows::new();
        for (index, module) in self.modules.iter().enumerate() {
            for path in &module.mentioned {
                for found in self.resolve(index, path, &mut BTreeSet::new()) {
                    let Found::Item(owner, name) = found else {
                        continue;
                    };
                    let owner = &self.modules[owner].file;
                    if *owner != module.file {
                        let arrow = (module.file.clone(), owner.clone());
                        arrows.entry(arrow).or_default().insert(name);
                    }
                }
            }
        }
        arrows
    }

    /// Everything that `path` can lead to from `module`; nothing for what another crate defines.
    fn resolve(
        &self,
        module: usize,
        path: &[String],
        seen: &mut BTreeSet<(usize, Names)>,
    ) -> Vec<Found> {
        let Some((first, rest)) = path.split_first() else {
            return vec![Found::Module(module)];
        };
        if !seen.insert((module, path.to_vec())) {
            return Vec::new();
        }
        let here = &self.modules[module];
        match first.as_str() {
            "crate" => return self.resolve(here.root, rest, seen),
            "self" => return self.resolve(module, rest, seen),
            "super" => {
                return here
                    .parent
                    .map_or_else(Vec::new, |parent| self.resolve(parent, rest, seen));
            }
            _ => {}
        }
        let (mut found, mut within) = (Vec::new(), Vec::new());
        for meaning in here.names.get(first).into_iter().flatten() {
            let targets = match meaning {
                Meaning::Item => vec![Found::Item(module, first.clone())],
                Meaning::Module(child) => vec![Found::Module(*child)],
                Meaning::Import(from) => self.resolve(module, from, seen),
            };
            for target in targets {
                match target {
                    Found::Item(..) => found.push(target),
                    Found::Module(next) => within.extend(self.resolve(next, rest, seen)),
                }
            }
        }
        // In `run::Run`, `run` is the module of this name and not the function.
        if rest.is_empty() || within.is_empty() {
            within.extend(found);
        }
        let mut found = within;
        if found.is_empty() {
            for glob in &here.globs {
                for target in self.resolve(module, glob, seen) {
                    if let Found::Module(next) = target {
                        found.extend(self.resolve(next, path, seen));
                    }
                }
            }
        }
        found
    }
}

/// Fills one module of a package.
struct Reader<'p, 'a> {
    package: &'p mut Package<'a>,
    module: usize,
    /// Where the files of its child modules are.
    directory: PathBuf,
}

impl Reader<'_, '_> {
    fn here(&mut self) -> &mut Module {
        &mut self.package.modules[self.module]
    }

    fn mean(&mut self, name: &Ident, meaning: Meaning) {
        self.here()
            .names
            .entry(name.to_string())
            .or_default()
            .push(meaning);
    }

    fn read_module(&mut self, item: &syn::ItemMod) {
        let name = item.ident.to_string();
        let directory = self.directory.join(&name);
        let parent = self.module;
        let child = if let Some((_, items)) = &item.content {
            let file = self.here().file.clone();
            let module = self.package.add_module(&file, Some(parent));
            let mut reader = Reader {
                package: self.package,
                module,
                directory,
            };
            items.iter().for_each(|item| reader.visit_item(item));
            module
        } else {
            let beside = self.directory.join(format!("{name}.rs"));
            let inside = directory.join("mod.rs");
            let is_beside = self.package.repository.join(&beside).exists();
            let file = if is_beside { beside } else { inside };
            self.package
                .read_file(file.to_str().unwrap(), Some(parent), directory)
        };
        self.mean(&item.ident, Meaning::Module(child));
    }

    fn import(&mut self, tree: &UseTree, mut path: Names, reexported: bool) {
        let (last, name) = match tree {
            UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                return self.import(&tree.tree, path, reexported);
            }
            UseTree::Group(group) => {
                return (group.items.iter())
                    .for_each(|tree| self.import(tree, path.clone(), reexported));
            }
            UseTree::Glob(_) => {
                self.here().mentioned.insert(path.clone());
                return self.here().globs.push(path);
            }
            UseTree::Name(tree) => (&tree.ident, None),
            UseTree::Rename(tree) => (&tree.ident, Some(&tree.rename)),
        };
        if last != "self" {
            path.push(last.to_string());
            if !reexported {
                self.here().mentioned.insert(path.clone());
            }
        }
        let name = name.map_or_else(|| path.last().cloned(), |name| Some(name.to_string()));
        let names = &mut self.here().names;
        names
            .entry(name.unwrap_or_default())
            .or_default()
            .push(Meaning::Import(path));
    }
}

impl<'ast> Visit<'ast> for Reader<'_, '_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, name) = attributes_and_name(item);
        if is_test(attributes) {
            return;
        }
        if let Some(name) = name {
            self.mean(name, Meaning::Item);
        }
        match item {
            Item::Mod(item) => self.read_module(item),
            Item::Use(item) if item.leading_colon.is_some() => {}
            Item::Use(item) => {
                let reexported = !matches!(item.vis, Visibility::Inherited);
                self.import(&item.tree, Vec::new(), reexported);
            }
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let names = path
                .segments
                .iter()
                .map(|segment| segment.ident.to_string());
            self.here().mentioned.insert(names.collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.here()
            .mentioned
            .extend(paths_of_tokens(mac.tokens.clone()));
        visit::visit_macro(self, mac);
    }
}

fn attributes_and_name(item: &Item) -> (&[Attribute], Option<&Ident>) {
    match item {
        Item::Const(item) => (&item.attrs, Some(&item.ident)),
        Item::Enum(item) => (&item.attrs, Some(&item.ident)),
        Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
        Item::Impl(item) => (&item.attrs, None),
        Item::Macro(item) => (&item.attrs, item.ident.as_ref()),
        Item::Mod(item) => (&item.attrs, None),
        Item::Static(item) => (&item.attrs, Some(&item.ident)),
        Item::Struct(item) => (&item.attrs, Some(&item.ident)),
        Item::Trait(item) => (&item.attrs, Some(&item.ident)),
        Item::Type(item) => (&item.attrs, Some(&item.ident)),
        Item::Use(item) => (&item.attrs, None),
        _ => (&[], None),
    }
}

/// `#[cfg(test)]`, or `#[cfg(all(test, ...))]`.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Ok(list) = attribute.meta.require_list() else {
            return false;
        };
        let words = list.tokens.to_string().replace(' ', "");
        list.path.is_ident("cfg") && (words == "test" || words.starts_with("all(test,"))
    })
}

/// The paths among the arguments of a macro, which are not parsed.
fn paths_of_tokens(tokens: TokenStream) -> Vec<Names> {
    let mut paths = vec![Names::new()];
    let mut marks = String::new();
    for token in tokens {
        match token {
            TokenTree::Punct(mark) => {
                marks.push(mark.as_char());
                continue;
            }
            TokenTree::Ident(name) => match (marks.as_str(), paths.last_mut()) {
                (".", _) => {}
                ("::", Some(path)) => path.push(name.to_string()),
                _ => paths.push(vec![name.to_string()]),
            },
            TokenTree::Group(group) => {
                paths.extend(paths_of_tokens(group.stream()));
                paths.push(Names::new());
            }
            TokenTree::Literal(_) => paths.push(Names::new()),
        }
        marks.clear();
    }
    paths
}
