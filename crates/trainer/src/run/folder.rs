//! The folder of one training run: its layout, created once and never overwritten.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;

use crate::system::atomic::recover_dir;
use crate::system::lock::{LOCK, is_hidden_leftover};
use crate::system::{Display, FolderLock, cannot_write, create_folder, exit, lock, write_atomic};

/// Folder of the newest checkpoint.
pub(crate) const LAST: &str = "last";
/// Folder of the checkpoint with the best free-running Dice on the validation cases: where the run rewords sentences, the
/// mean of that in the data's words and in others.
pub(crate) const BEST: &str = "best-dice";

const ENV: &str = "env.json";
const CASES: &str = "cases.csv";
const DATA: &str = "data.json";
const CHECKPOINTS: &str = "checkpoints";
const SAMPLES: &str = "samples";
const REPORT: &str = "report";
/// Written and removed to see whether files can be written; one that a process left behind is in nobody's way.
const PROBE: &str = ".writable.tmp";

/// One run's folder, `<root>/<name>`.
#[derive(Debug, Clone)]
pub(crate) struct RunDir {
    path: PathBuf,
    /// Held by whoever writes to it.
    _lock: Option<Arc<FolderLock>>,
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
        Self::prepare(path, true)
    }

    /// Creates exactly `<root>/<name>`, or takes the folder of that name where a process ended before the run began.
    ///
    /// # Errors
    /// As [`RunDir::create`], and when the run exists: the error says how to resume it or to choose another name.
    pub(crate) fn create_named(root: &Path, name: &str) -> Result<Self> {
        check_name(name)?;
        let path = root.join(name);
        let made = Self::try_create(root, &path)?;
        if made || Self::is_unbegun(&path) {
            return Self::prepare(path, made);
        }
        Err(taken(&path))
    }

    /// Refuses a name that [`RunDir::create_named`] would refuse.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn must_be_free(root: &Path, name: &str) -> Result<()> {
        check_name(name)?;
        let path = root.join(name);
        if path.symlink_metadata().is_ok() && !Self::is_unbegun(&path) {
            return Err(taken(&path));
        }
        Ok(())
    }

    /// Whether a folder is empty, or that of a run which ended before it had settings: locked once, and with nothing but
    /// what is made before them.
    fn is_unbegun(path: &Path) -> bool {
        let is_own = |name: &str| match name {
            CHECKPOINTS | SAMPLES | REPORT => is_empty_folder(&path.join(name)),
            ENV | DATA | CASES => true,
            _ => is_hidden_leftover(name),
        };
        let all_own = fs::read_dir(path).is_ok_and(|mut entries| {
            entries.all(|entry| {
                entry.is_ok_and(|entry| entry.file_name().to_str().is_some_and(is_own))
            })
        });
        all_own && (path.join(LOCK).is_file() || is_empty_folder(path))
    }

    /// Opens the folder of an earlier run to write to it, and puts right what was cut off there; says so.
    ///
    /// # Errors
    /// As [`RunDir::open`], and when another process writes to it.
    pub(crate) fn resume(path: &Path, display: Display) -> Result<Self> {
        let run = Self {
            _lock: Some(Arc::new(FolderLock::take(Self::open(path)?.path())?)),
            path: path.to_path_buf(),
        };
        lock::sweep(&run.checkpoints());
        for which in [LAST, BEST] {
            let folder = run.checkpoint(which);
            if recover_dir(&folder)? {
                display.line(&format!(
                    "an earlier process ended while it replaced `{}`: the complete checkpoint that it left is taken",
                    folder.display()
                ));
            }
        }
        Ok(run)
    }

    /// Opens the folder of an earlier run to read it.
    ///
    /// # Errors
    /// The folder does not exist or holds no `config.toml`.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let run = Self {
            path: path.to_path_buf(),
            _lock: None,
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
        self.path.join(ENV)
    }

    /// The cases that the run began with.
    pub(crate) fn cases(&self) -> PathBuf {
        self.path.join(CASES)
    }

    /// Fingerprints and findings about the data.
    pub(crate) fn data(&self) -> PathBuf {
        self.path.join(DATA)
    }

    /// One JSON object per logged step.
    pub(crate) fn metrics(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    /// Folder of all checkpoints.
    pub(crate) fn checkpoints(&self) -> PathBuf {
        self.path.join(CHECKPOINTS)
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
        self.path.join(SAMPLES)
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
        self.path.join(REPORT)
    }

    /// `false` when `path` is taken.
    fn try_create(root: &Path, path: &Path) -> Result<bool> {
        create_folder(root)?;
        match fs::create_dir(path) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(e) => Err(cannot_write(path, &e)),
        }
    }

    /// Takes the lock of a folder, which was `made` for this run or found, lays out the subfolders and proves, before any
    /// training, that files can be written. On an error nothing stays that was made here.
    fn prepare(path: PathBuf, made: bool) -> Result<Self> {
        let lock = FolderLock::take(&path).inspect_err(|_| {
            if made {
                // It is empty, or another process has begun a run in it.
                let _ = fs::remove_dir(&path);
            }
        })?;
        let run = Self {
            path,
            _lock: Some(Arc::new(lock)),
        };
        if run.config().exists() {
            return Err(exit::usage(format!(
                "the run `{}` was begun by another process; choose another --name",
                run.path.display()
            )));
        }
        let mut folders = vec![run.checkpoints(), run.samples(), run.report()];
        folders.retain(|folder| !folder.exists());
        if let Err(error) = run.lay_out(&folders) {
            // The first error is the one to report.
            if made {
                let _ = fs::remove_dir_all(&run.path);
            }
            for folder in folders {
                let _ = fs::remove_dir(folder);
            }
            return Err(error);
        }
        Ok(run)
    }

    fn lay_out(&self, folders: &[PathBuf]) -> Result<()> {
        for folder in folders {
            create_folder(folder)?;
        }
        let probe = self.path.join(PROBE);
        write_atomic(&probe, b"probe")?;
        fs::remove_file(&probe).map_err(|e| cannot_write(&probe, &e))
    }
}

fn is_empty_folder(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

fn taken(path: &Path) -> anyhow::Error {
    exit::usage(format!(
        "the run `{at}` exists and is never overwritten; continue it with --resume {at}, or choose another --name",
        at = path.display()
    ))
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
    use crate::system::atomic::faults;

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
        let run = RunDir::create_named(root.path(), "mine").unwrap();
        fs::write(run.config(), b"").unwrap();
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
        assert_eq!(names, [".lock", "checkpoints", "report", "samples"]);
    }

    #[test]
    fn a_run_that_never_began_is_taken_over_and_a_folder_of_something_else_is_not() {
        let root = tempfile::tempdir().unwrap();
        let run = RunDir::create_named(root.path(), "mine").unwrap();
        fs::write(run.data(), b"{}").unwrap();
        let said = RunDir::create_named(root.path(), "mine")
            .unwrap_err()
            .to_string();
        assert!(said.contains("in use by process"), "{said}");
        drop(run);
        let run = RunDir::create_named(root.path(), "mine").unwrap();
        fs::write(run.config(), b"").unwrap();
        drop(run);
        assert!(RunDir::create_named(root.path(), "mine").is_err());
        fs::create_dir(root.path().join("notes")).unwrap();
        fs::write(root.path().join("notes/diary.txt"), b"").unwrap();
        assert!(RunDir::create_named(root.path(), "notes").is_err());
    }

    #[test]
    fn a_folder_of_somebody_else_is_no_run_that_never_began() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join("mine").join(name);
        for (files, is_run) in [
            (&[".lock", "data.json"][..], true),
            (&["data.json"], false),
            (&[".lock", ".git/HEAD"], false),
            (&[".lock", ".env"], false),
            (&[".lock", "samples/a.png"], false),
            (&[".lock", "checkpoints/last/state.json"], false),
        ] {
            for file in files {
                fs::create_dir_all(at(file).parent().unwrap()).unwrap();
                fs::write(at(file), b"").unwrap();
            }
            let free = RunDir::must_be_free(root.path(), "mine");
            assert_eq!(free.is_ok(), is_run, "{files:?}");
            let created = RunDir::create_named(root.path(), "mine");
            assert_eq!(created.is_ok(), is_run, "{files:?}");
            drop(created);
            fs::remove_dir_all(root.path().join("mine")).unwrap();
        }
        RunDir::must_be_free(root.path(), "mine").unwrap();
        assert!(RunDir::must_be_free(root.path(), "../mine").is_err());
    }

    #[test]
    fn on_a_full_disk_a_folder_that_was_there_stays_and_one_that_was_made_goes() {
        let root = tempfile::tempdir().unwrap();
        let found = root.path().join("found");
        fs::create_dir(&found).unwrap();
        fs::write(found.join(".lock"), b"").unwrap();
        fs::write(found.join("env.json"), b"{}").unwrap();
        fs::create_dir(found.join("report")).unwrap();
        for name in ["found", "made"] {
            // The root, the lock and two folders go well.
            let create = || RunDir::create_named(root.path(), name);
            let (run, failed) = faults::after(4, io::ErrorKind::StorageFull, create);
            assert!(failed && run.unwrap_err().to_string().contains("full"));
        }
        let mut names: Vec<_> = fs::read_dir(&found)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, [".lock", "env.json", "report"]);
        assert!(!root.path().join("made").exists());
    }

    #[test]
    fn a_run_has_one_writer_and_many_readers() {
        let root = tempfile::tempdir().unwrap();
        let run = RunDir::create(root.path(), "demo").unwrap();
        fs::write(run.config(), b"").unwrap();
        let said = RunDir::resume(run.path(), Display::Silent)
            .unwrap_err()
            .to_string();
        assert!(said.contains("in use by process"), "{said}");
        RunDir::open(run.path()).unwrap();
        let path = run.path().to_owned();
        drop(run);
        RunDir::resume(&path, Display::Silent).unwrap();
    }

    #[test]
    fn a_checkpoint_that_was_left_between_two_renames_is_put_in_its_place() {
        let root = tempfile::tempdir().unwrap();
        let run = RunDir::create(root.path(), "demo").unwrap();
        fs::write(run.config(), b"").unwrap();
        let path = run.path().to_owned();
        let left = run.checkpoints().join("last.new");
        fs::create_dir(&left).unwrap();
        fs::write(run.checkpoints().join(".half.tmp"), b"").unwrap();
        drop(run);
        let run = RunDir::resume(&path, Display::Silent).unwrap();
        assert!(run.checkpoint(LAST).is_dir() && !left.exists());
        assert_eq!(fs::read_dir(run.checkpoints()).unwrap().count(), 1);
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
