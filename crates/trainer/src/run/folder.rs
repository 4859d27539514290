//! The folder of one training run: its layout, created once and never overwritten.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::system::{cannot_write, exit, write_atomic};

/// One run's folder, `<root>/<name>`.
#[derive(Debug, Clone)]
pub(crate) struct RunDir {
    path: PathBuf,
}

impl RunDir {
    /// Creates `<root>/<name>`, or `<name>-2`, `<name>-3`, … where the name is taken.
    ///
    /// # Errors
    /// The name is not usable as a folder name, or the folder cannot be written to.
    pub(crate) fn create(root: &Path, name: &str) -> Result<Self> {
        check_name(name)?;
        let mut path = root.join(name);
        let mut number = 1;
        while !Self::try_create(root, &path)? {
            number += 1;
            path = root.join(format!("{name}-{number}"));
        }
        Self { path }.prepare()
    }

    /// Creates exactly `<root>/<name>`.
    ///
    /// # Errors
    /// As [`RunDir::create`], and when the run exists: the error says how to resume it or to choose another name.
    pub(crate) fn create_named(root: &Path, name: &str) -> Result<Self> {
        check_name(name)?;
        let path = root.join(name);
        if !Self::try_create(root, &path)? {
            return Err(exit::usage(format!(
                "the run `{at}` exists and is never overwritten; continue it with --resume {at}, or choose another --name",
                at = path.display()
            )));
        }
        Self { path }.prepare()
    }

    /// Opens the folder of an earlier run.
    ///
    /// # Errors
    /// The folder does not exist or holds no `config.toml`.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let run = Self {
            path: path.to_path_buf(),
        };
        if !path.is_dir() {
            return Err(exit::usage(format!(
                "there is no run at `{}`; runs are folders such as runs/demo",
                path.display()
            )));
        }
        if !run.config().is_file() {
            return Err(exit::usage(format!(
                "`{}` is not a run: it holds no config.toml",
                path.display()
            )));
        }
        Ok(run)
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The run's name: the last part of its path.
    pub(crate) fn name(&self) -> String {
        self.path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    }

    /// The resolved configuration.
    pub(crate) fn config(&self) -> PathBuf {
        self.path.join("config.toml")
    }

    /// Version, device, host and command line.
    pub(crate) fn env(&self) -> PathBuf {
        self.path.join("env.json")
    }

    /// Fingerprints and findings about the data.
    pub(crate) fn data(&self) -> PathBuf {
        self.path.join("data.json")
    }

    /// One JSON object per logged step.
    pub(crate) fn metrics(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    /// Folder of all checkpoints.
    pub(crate) fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// One checkpoint's folder, such as `last` or `best-dice`.
    pub(crate) fn checkpoint(&self, which: &str) -> PathBuf {
        self.checkpoints().join(which)
    }

    /// The hard-error memory at half of the steps.
    pub(crate) fn halfway_memory(&self) -> PathBuf {
        self.checkpoints().join("halfway-hard-errors.bin")
    }

    /// Folder of all sample pictures.
    pub(crate) fn samples(&self) -> PathBuf {
        self.path.join("samples")
    }

    /// Folder of the sample pictures after a step.
    pub(crate) fn samples_of(&self, step: usize) -> PathBuf {
        self.samples().join(format!("step-{step}"))
    }

    /// Folder of the dense model that the run is measured against.
    pub(crate) fn baseline(&self) -> PathBuf {
        self.path.join("baseline")
    }

    /// Folder of the final report.
    pub(crate) fn report(&self) -> PathBuf {
        self.path.join("report")
    }

    /// `false` when `path` is taken.
    fn try_create(root: &Path, path: &Path) -> Result<bool> {
        fs::create_dir_all(root).map_err(|e| cannot_write(root, &e))?;
        match fs::create_dir(path) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(e) => Err(cannot_write(path, &e)),
        }
    }

    /// Lays out the subfolders and proves, before any training, that files can be written.
    fn prepare(self) -> Result<Self> {
        let lay_out = || -> Result<()> {
            for folder in [self.checkpoints(), self.samples(), self.report()] {
                fs::create_dir(&folder).map_err(|e| cannot_write(&folder, &e))?;
            }
            let probe = self.path.join(".writable");
            write_atomic(&probe, b"probe")?;
            fs::remove_file(&probe).map_err(|e| cannot_write(&probe, &e))
        };
        match lay_out() {
            Ok(()) => Ok(self),
            Err(error) => {
                // The first error is the one to report; this folder was made a moment ago.
                let _ = fs::remove_dir_all(&self.path);
                Err(error)
            }
        }
    }
}

fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.starts_with('.') || name.len() > 100 || !name.chars().all(plain) {
        return Err(exit::usage(format!(
            "`{name}` cannot be a run name: use 1 to 100 letters, digits, `-`, `_` or `.`, and no `.` at the start"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_name_gets_a_number_and_the_first_run_stays() {
        let root = tempfile::tempdir().unwrap();
        let first = RunDir::create(root.path(), "demo").unwrap();
        write_atomic(&first.config(), b"seed = 1").unwrap();
        assert_eq!(
            RunDir::create(root.path(), "demo").unwrap().name(),
            "demo-2"
        );
        assert_eq!(
            RunDir::create(root.path(), "demo").unwrap().name(),
            "demo-3"
        );
        assert_eq!(fs::read(first.config()).unwrap(), b"seed = 1");
    }

    #[test]
    fn an_explicit_name_that_exists_says_how_to_resume() {
        let root = tempfile::tempdir().unwrap();
        RunDir::create_named(root.path(), "mine").unwrap();
        let error = RunDir::create_named(root.path(), "mine").unwrap_err();
        assert_eq!(exit::kind_of(&error), exit::Kind::Usage);
        let text = error.to_string();
        assert!(
            text.contains("--resume") && text.contains("--name"),
            "{text}"
        );
        assert!(!root.path().join("mine-2").exists());
    }

    #[test]
    fn a_root_that_cannot_hold_a_run_fails_before_training() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("notes.txt");
        fs::write(&file, b"").unwrap();
        for bad in [file.clone(), file.join("runs")] {
            let text = RunDir::create(&bad, "demo").unwrap_err().to_string();
            assert!(
                text.contains("notes.txt") && text.contains("--out"),
                "{text}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_read_only_root_fails_before_training() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let locked = root.path().join("locked");
        fs::create_dir(&locked).unwrap();
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).unwrap();
        if fs::write(locked.join("probe"), b"").is_ok() {
            println!("skipped: this user may write to read-only folders");
            return;
        }
        let text = RunDir::create(&locked, "demo").unwrap_err().to_string();
        assert!(
            text.contains("read-only") && text.contains("locked"),
            "{text}"
        );
    }

    #[test]
    fn a_new_run_holds_its_folders_and_no_probe() {
        let root = tempfile::tempdir().unwrap();
        let run = RunDir::create(&root.path().join("deep/runs"), "demo").unwrap();
        let mut names: Vec<_> = fs::read_dir(run.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["checkpoints", "report", "samples"]);
    }

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        let root = tempfile::tempdir().unwrap();
        for bad in ["", "..", "a/b", ".hidden", "a b", &"x".repeat(101)] {
            assert!(RunDir::create(root.path(), bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn opening_says_what_is_missing() {
        let root = tempfile::tempdir().unwrap();
        let absent = RunDir::open(&root.path().join("none"))
            .unwrap_err()
            .to_string();
        assert!(absent.contains("there is no run"), "{absent}");
        let empty = RunDir::open(root.path()).unwrap_err().to_string();
        assert!(empty.contains("config.toml"), "{empty}");
    }
}
