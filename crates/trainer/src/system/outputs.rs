//! What a command will write is looked at before it reads anything: no file that it reads is overwritten, and no work
//! ends at a place that cannot be written to.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use same_file::is_same_file;

use super::atomic::{cannot_write_with, hidden, must_be_free, parent_of};
use super::exit::usage;

/// A file that a command writes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OutputFile<'a> {
    /// The option that names it, such as `--out`.
    pub(crate) option: &'a str,
    /// Where it will lie.
    pub(crate) path: &'a Path,
    /// What it will hold, such as `the mask`.
    pub(crate) what: &'a str,
    /// End of its name, such as `png`.
    pub(crate) extension: &'a str,
}

/// Refuses files that cannot be written, or that are one of the `inputs`, whatever they are called there, or each other.
///
/// # Errors
/// Names option, file and remedy.
pub(crate) fn check_files(outputs: &[OutputFile<'_>], inputs: &[(&str, &Path)]) -> Result<()> {
    for (i, output) in outputs.iter().enumerate() {
        output.must_be_possible()?;
        let earlier = outputs[..i].iter().map(|other| (other.option, other.path));
        for (option, path) in inputs.iter().copied().chain(earlier) {
            if is_same(output.path, path) {
                return Err(usage(format!(
                    "{} `{}` is the file of {option} too, which it would overwrite; name another file",
                    output.option,
                    output.path.display()
                )));
            }
        }
    }
    Ok(())
}

/// Refuses files in one of the `folders`, which are read whole.
///
/// # Errors
/// Names both options and the remedy.
pub(crate) fn check_folders(outputs: &[OutputFile<'_>], folders: &[(&str, &Path)]) -> Result<()> {
    for output in outputs {
        for (option, folder) in folders {
            if is_same_file(parent_of(output.path), folder).unwrap_or(false) {
                return Err(usage(format!(
                    "{} `{}` lies in the folder of {option}, whose files it could overwrite; name a file in another folder",
                    output.option,
                    output.path.display()
                )));
            }
        }
    }
    Ok(())
}

impl OutputFile<'_> {
    fn must_be_possible(&self) -> Result<()> {
        let (option, path, what, extension) = (self.option, self.path, self.what, self.extension);
        let refuse = |problem: &str| {
            let example = format!("{}.{extension}", what.replace("the ", "").replace(' ', "-"));
            Err(usage(format!(
                "{option} `{}`: {problem}; {what} is written as {}, name a file such as {example}",
                path.display(),
                extension.to_uppercase()
            )))
        };
        let ends_with_separator = (path.as_os_str().as_encoded_bytes().last())
            .is_some_and(|&byte| std::path::is_separator(byte.into()));
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => return refuse("this is a folder"),
            Ok(found) if !found.is_file() => return refuse("this is no plain file"),
            _ if ends_with_separator || path.file_name().is_none() => {
                return refuse("this is no name of a file");
            }
            _ => {}
        }
        let other = path
            .extension()
            .filter(|found| !found.eq_ignore_ascii_case(extension));
        if let Some(other) = other {
            return refuse(&format!("it ends in .{}", other.to_string_lossy()));
        }
        hidden(0o666)
            .tempfile_in(parent_of(path))
            .map(drop)
            .map_err(|error| cannot_write_with(option, path, &error))
    }
}

/// Whether two paths mean one file: through another spelling or a link, also where it is still to be made.
fn is_same(a: &Path, b: &Path) -> bool {
    let place = |path: &Path| -> Option<PathBuf> {
        Some(parent_of(path).canonicalize().ok()?.join(path.file_name()?))
    };
    is_same_file(a, b).unwrap_or_else(|_| place(a).is_some_and(|a| Some(a) == place(b)))
}

/// Refuses a folder to make that is there and not empty, or cannot be made.
///
/// # Errors
/// Names option, folder and remedy.
pub(crate) fn check_new_folder(option: &str, path: &Path) -> Result<()> {
    must_be_free(option, path)?;
    check_folder(option, path)
}

/// Refuses a folder, which may be there, that cannot be written to or made.
///
/// # Errors
/// Names option, folder and remedy.
pub(crate) fn check_folder(option: &str, path: &Path) -> Result<()> {
    let there = path.ancestors().find(|folder| folder.exists());
    let there = there.unwrap_or(Path::new("."));
    let there = if there.as_os_str().is_empty() {
        Path::new(".")
    } else {
        there
    };
    hidden(0o777)
        .tempdir_in(there)
        .map(drop)
        .map_err(|error| cannot_write_with(option, path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::exit::{Kind, kind_of};

    fn check(out: &Path, input: &Path) -> Result<()> {
        let output = OutputFile {
            option: "--out",
            path: out,
            what: "the mask",
            extension: "png",
        };
        check_files(&[output], &[("--image", input)])
    }

    fn refused(out: &Path, input: &Path, said: &str) {
        let error = check(out, input).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains(said) && message.contains("--out"),
            "{message}"
        );
    }

    #[test]
    fn the_input_is_never_written_whatever_it_is_called() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let input = at("a.png");
        fs::write(&input, b"picture").unwrap();
        fs::create_dir(at("sub")).unwrap();
        fs::hard_link(&input, at("hard.png")).unwrap();
        let mut names = vec!["a.png", "./a.png", "sub/../a.png", "hard.png"];
        if cfg!(unix) {
            #[cfg(unix)]
            std::os::unix::fs::symlink(&input, at("soft.png")).unwrap();
            names.push("soft.png");
        }
        for name in names {
            refused(&at(name), &input, "is the file of --image too");
        }
        // Neither is there yet.
        refused(
            &at("sub/../new.png"),
            &at("new.png"),
            "is the file of --image too",
        );
        check(&at("b.png"), &input).unwrap();
        check(&at("B.PNG"), &input).unwrap();
        check(&at("mask"), &input).unwrap();
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            if cfg!(unix) { 4 } else { 3 }
        );
    }

    #[test]
    fn nothing_is_written_into_a_folder_that_is_read() {
        let root = tempfile::tempdir().unwrap();
        let bundle = root.path().join("bundle");
        fs::create_dir_all(bundle.join("sub")).unwrap();
        let check = |path: &str| {
            let output = OutputFile {
                option: "--out",
                path: &root.path().join(path),
                what: "the list of tokens",
                extension: "json",
            };
            check_folders(&[output], &[("--bundle", &bundle)])
        };
        for path in ["bundle/tokenizer.json", "bundle/sub/../new.json"] {
            let error = check(path).unwrap_err();
            assert_eq!(kind_of(&error), Kind::Usage);
            let said = error.to_string();
            assert!(said.contains("lies in the folder of --bundle"), "{said}");
        }
        check("tokens.json").unwrap();
        check("bundle/sub/tokens.json").unwrap();
    }

    #[test]
    fn two_outputs_in_one_file_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let output = |option| OutputFile {
            option,
            path: &path,
            what: "the mask",
            extension: "png",
        };
        let error = check_files(&[output("--out"), output("--overlay")], &[]).unwrap_err();
        assert_eq!(kind_of(&error), Kind::Usage);
        let said = error.to_string();
        assert!(
            said.starts_with("--overlay") && said.contains("--out too"),
            "{said}"
        );
    }

    #[test]
    fn what_is_no_file_to_write_is_said_with_an_example() {
        let folder = tempfile::tempdir().unwrap();
        let input = Path::new("x.png");
        let at = |name: &str| folder.path().join(name);
        refused(folder.path(), input, "this is a folder");
        refused(
            &at("mask.jpg"),
            input,
            "it ends in .jpg; the mask is written as PNG, name a file such as mask.png",
        );
        refused(&at("mask.png/"), input, "no name of a file");
        refused(&at("none/mask.png"), input, "its folder does not exist");
        fs::write(at("file"), b"").unwrap();
        refused(&at("file/mask.png"), input, "is a file, not a folder");
        if cfg!(unix) {
            refused(Path::new("/dev/null"), input, "no plain file");
        }
    }

    #[test]
    fn a_folder_to_make_is_free_and_its_place_can_be_written_to() {
        let folder = tempfile::tempdir().unwrap();
        check_new_folder("--save", &folder.path().join("deep/er")).unwrap();
        check_new_folder("--save", folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        fs::write(folder.path().join("file"), b"").unwrap();
        for (path, said) in [
            ("", "not empty"),
            ("file", "--save"),
            ("file/deeper", "--save"),
        ] {
            let error = check_new_folder("--save", &folder.path().join(path)).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
        check_folder("--out", folder.path()).unwrap();
    }
}
