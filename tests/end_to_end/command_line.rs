//! What the command line refuses before anything is read, and what it takes though it is unusual.

use crate::paper::data;
use crate::program::{SENTENCE, SHORT, fail, picture, run, succeed, train, trainer};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// `predict` of a picture in a folder, with other arguments.
fn predict(bundle: &Path, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = trainer();
    command.args(["predict", "--device", "cpu", "--text", SENTENCE, "--bundle"]);
    command.arg(bundle).args(["--image", "xray.png"]);
    command.args(arguments).current_dir(folder);
    command
}

/// A folder with a picture, and the bytes of it.
fn with_picture() -> (tempfile::TempDir, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let bytes = picture().to_png();
    fs::write(folder.path().join("xray.png"), &bytes).unwrap();
    (folder, bytes)
}

#[test]
fn outputs_that_would_overwrite_an_input_or_cannot_be_are_refused_before_the_bundle_is_read() {
    let (folder, bytes) = with_picture();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("sub")).unwrap();
    fs::create_dir(at("model")).unwrap();
    fs::hard_link(at("xray.png"), at("same.png")).unwrap();
    let outs = [
        (&["--out", "xray.png"][..], 2, "--image too"),
        (&["--out", "./sub/../xray.png"], 2, "--image too"),
        (&["--out", "same.png"], 2, "--image too"),
        (
            &["--out", "a.png", "--overlay", "xray.png"],
            2,
            "--image too",
        ),
        (&["--out", "a.png", "--overlay", "./a.png"], 2, "--out too"),
        (
            &["--out", "a.png", "--samples", "2", "--agreement", "a.png"],
            2,
            "--out too",
        ),
        (
            &["--out", "a.png", "--overlay", "model/a.png"],
            2,
            "--overlay `model/a.png` lies in the folder of --bundle",
        ),
        (
            &["--emu3", "sub", "--out", "sub/a.png"],
            2,
            "--out `sub/a.png` lies in the folder of --emu3",
        ),
        (&["--out", "sub"], 2, "this is a folder"),
        (&["--out", "mask.jpg"], 2, "name a file such as mask.png"),
        (&["--out", "none/mask.png"], 1, "its folder does not exist"),
    ];
    for (arguments, code, said) in outs {
        let message = fail(
            &mut predict(Path::new("model"), folder.path(), arguments),
            code,
        );
        assert!(message.contains(said), "{arguments:?}: {message}");
        assert_eq!(message.trim().lines().count(), 1, "{message}");
    }
    assert_eq!(fs::read(at("xray.png")).unwrap(), bytes);

    let mut gallery = trainer();
    gallery.args([
        "predict",
        "--bundle",
        "nowhere",
        "--json",
        "--gallery",
        ".",
        "--out",
    ]);
    let message = fail(gallery.arg("gallery.json").current_dir(folder.path()), 2);
    assert!(message.contains("--gallery too"), "{message}");

    for arguments in [
        &["export", "--run", "nowhere", "--out", "."][..],
        &["pack", "--data", "nowhere", "--out", "."],
        &[
            "eval", "--bundle", "nowhere", "--data", "phantoms", "--out", ".",
        ],
        &[
            "bench",
            "--bundle",
            "nowhere",
            "--gallery",
            "nowhere",
            "--save",
            ".",
        ],
    ] {
        let message = fail(trainer().args(arguments).current_dir(folder.path()), 2);
        assert!(message.contains("exists and is not empty"), "{message}");
    }
    let message = fail(
        trainer()
            .args(["train", "--out", "xray.png"])
            .current_dir(folder.path()),
        1,
    );
    assert!(message.contains("`xray.png`"), "{message}");
    fs::create_dir_all(at("sub/notes/.git")).unwrap();
    for (name, said) in [
        ("notes", "never overwritten"),
        ("a b", "cannot be a run name"),
    ] {
        let mut command = train(&at("sub"), name, &[]);
        let message = fail(command.args(["--data", "nowhere"]), 2);
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn a_sentence_begins_with_a_dash() {
    let (folder, _) = with_picture();
    let mut command = trainer();
    command.args([
        "predict", "--device", "cpu", "--image", "xray.png", "--out", "a.png", "--text",
    ]);
    command.arg(format!("- {SENTENCE}")).arg("--bundle");
    succeed(command.arg(run().join("bundle")).current_dir(folder.path()));
}

#[cfg(target_os = "linux")]
#[test]
fn names_need_not_be_utf_8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let root = tempfile::tempdir().unwrap();
    let odd = root.path().join(OsStr::from_bytes(b"caf\xe9"));
    data(&odd);
    succeed(trainer().args(["check", "--data"]).arg(&odd));
    let packed = odd.join("packed");
    succeed(
        trainer()
            .args(["pack", "--data"])
            .arg(&odd)
            .arg("--out")
            .arg(&packed),
    );
    let bundle = odd.join("bundle");
    succeed(
        trainer()
            .args(["export", "--run"])
            .arg(run())
            .arg("--out")
            .arg(&bundle),
    );
    let image = odd.join("xray.png");
    fs::write(&image, picture().to_png()).unwrap();
    let mut command = predict(&bundle, &odd, &["--out"]);
    succeed(command.arg(odd.join("mask.png")));
    let mut eval = trainer();
    eval.args(["eval", "--device", "cpu", "--limit", "2", "--bundle"]);
    succeed(eval.arg(&bundle).arg("--data").arg(&packed));

    // Settings are text: what they cannot hold is refused, and the run itself may lie anywhere.
    for option in ["--data", "--from"] {
        let mut command = train(&odd, "run", &[]);
        let message = fail(command.arg(option).arg(&odd), 2);
        assert!(message.contains("not UTF-8"), "{message}");
    }
    succeed(&mut train(&odd, "run", &["train.steps=2"]));
    let mut resume = trainer();
    resume.args(["train", "--device", "cpu", "--resume"]);
    succeed(resume.arg(odd.join("run")));
}

/// Goes on with a run, from another folder.
fn resume(run: &Path, from: &Path, more: &[&str]) -> Command {
    let mut command = trainer();
    command.args(["train", "--device", "cpu", "--resume"]);
    command.arg(run).args(more).current_dir(from);
    command
}

#[test]
fn a_run_goes_on_from_any_folder_and_on_data_that_moved_but_not_on_other_data() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    data(&at("data"));
    fs::create_dir(at("elsewhere")).unwrap();
    let sets = ["data.test_split=valid", "train.steps=2"];
    let mut command = train(Path::new("runs"), "run", &sets);
    succeed(command.args(["--data", "data"]).current_dir(root.path()));
    let run = at("runs/run");
    let again = |more: &[&str]| resume(&run, &at("elsewhere"), more);
    let said = succeed(&mut again(&[])).stderr;
    let said = String::from_utf8_lossy(&said);
    assert!(
        said.contains("has done all its 2 steps") && said.contains("--from"),
        "{said}"
    );
    let message = fail(&mut again(&["--set", "train.steps=4"]), 2);
    assert!(message.contains("--from"), "{message}");

    fs::rename(at("data"), at("moved")).unwrap();
    let message = fail(&mut again(&[]), 3);
    assert!(
        message.contains("say with --data where it lies now"),
        "{message}"
    );
    let baseline = |more: &[&str], code| {
        let mut command = trainer();
        command.args(["baseline", "--device", "cpu", "--run"]);
        let command = command.arg(&run).args(more);
        fail(command.current_dir(at("elsewhere")), code)
    };
    let message = baseline(&[], 3);
    assert!(
        message.contains("say with --data where it lies now"),
        "{message}"
    );
    let message = baseline(&["--data", "../moved"], 2);
    assert!(message.contains("efficientnet_lite0"), "{message}");
    succeed(&mut again(&["--data", "../moved"]));
    succeed(&mut again(&[]));
    data(&at("other"));
    let table = fs::read_to_string(at("other/captions.csv")).unwrap();
    fs::write(at("other/captions.csv"), table.replacen("left", "right", 1)).unwrap();
    let message = fail(&mut again(&["--data", "../other"]), 2);
    assert!(
        message.contains("began with other cases of train")
            && message.contains("a sentence was changed"),
        "{message}"
    );
}

/// Masks of lungs for some pictures of `data`, one of them held out.
fn lungs(data: &Path, folder: &Path) {
    let masks = fs::read_dir(data.join("train/mask")).unwrap();
    let mut masks: Vec<_> = masks.map(|mask| mask.unwrap().path()).collect();
    masks.sort();
    for (part, masks) in [("Train", &masks[..3]), ("Val", &masks[3..4])] {
        let part = folder.join(format!("COVID-19_{part}/lung"));
        fs::create_dir_all(&part).unwrap();
        for mask in masks {
            fs::copy(mask, part.join(mask.file_name().unwrap())).unwrap();
        }
    }
}

#[test]
fn a_run_goes_on_where_its_settings_say_to_which_place_further_data_moved() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    data(&at("data"));
    data(&at("further"));
    lungs(&at("data"), &at("thorax"));
    let sets = [
        "data.test_split=valid",
        "train.steps=2",
        "data.lungs=thorax",
        "data.sources=[{folder=\"further\", share=0.4}]",
    ];
    let mut command = train(Path::new("."), "run", &sets);
    succeed(command.args(["--data", "data"]).current_dir(root.path()));
    let config = at("run/config.toml");
    for (folder, key) in [("thorax", "data.lungs"), ("further", "data.sources")] {
        let moved = at(&format!("moved-{folder}"));
        fs::rename(at(folder), &moved).unwrap();
        let message = fail(&mut resume(&at("run"), root.path(), &[]), 3);
        assert!(
            message.contains(key) && message.contains("config.toml"),
            "{message}"
        );
        let settings = fs::read_to_string(&config).unwrap();
        let [was, is] = [Path::new(folder), &moved].map(|path| format!("{path:?}"));
        assert_eq!(settings.matches(&was).count(), 1, "{settings}");
        fs::write(&config, settings.replace(&was, &is)).unwrap();
        succeed(&mut resume(&at("run"), root.path(), &[]));
    }
    let table = at("moved-further/captions.csv");
    let captions = fs::read_to_string(&table).unwrap();
    fs::write(&table, captions.replacen("left", "right", 1)).unwrap();
    let message = fail(&mut resume(&at("run"), root.path(), &[]), 2);
    assert!(message.contains("began with other cases"), "{message}");
}

#[cfg(unix)]
#[test]
fn a_run_has_one_writer_who_is_named_and_forgotten_when_it_dies() {
    let root = tempfile::tempdir().unwrap();
    let mut first = train(root.path(), "run", &["train.steps=4000"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(first.stderr.take().unwrap()).lines();
    lines
        .find(|line| line.as_ref().unwrap().contains("oracle Dice"))
        .expect("the run begins")
        .unwrap();
    let run: PathBuf = root.path().join("run");
    let message = fail(&mut resume(&run, root.path(), &[]), 2);
    let owner = format!("in use by process {} on ", first.id());
    assert!(message.contains(&owner), "{message}");
    first.kill().unwrap();
    first.wait().unwrap();
    // Fewer steps, so that it ends.
    let config = fs::read_to_string(run.join("config.toml")).unwrap();
    fs::write(
        run.join("config.toml"),
        config.replace("steps = 4000", "steps = 2"),
    )
    .unwrap();
    succeed(&mut resume(&run, root.path(), &[]));
}

#[test]
fn drivers_print_nothing_and_devices_are_listed_and_chosen() {
    let output = succeed(trainer().arg("devices").env_remove("XDG_RUNTIME_DIR"));
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let listed = String::from_utf8(output.stdout).unwrap();
    assert!(listed.starts_with("cpu "), "{listed}");
    let (folder, _) = with_picture();
    for device in ["gpu:99", "gpu:no such name"] {
        let mut command = trainer();
        command.args([
            "predict", "--device", device, "--text", SENTENCE, "--image", "xray.png",
        ]);
        command
            .args(["--out", "a.png", "--bundle"])
            .arg(run().join("bundle"));
        let message = fail(command.current_dir(folder.path()), 2);
        assert_eq!(message.trim().lines().count(), 1, "{message}");
        assert!(message.contains("GPU"), "{message}");
    }
    let message = fail(trainer().args(["train", "--device", "tpu"]), 2);
    assert!(message.contains("trainer devices"), "{message}");
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_seen_enough_ends_no_run_and_a_full_disk_is_told() {
    let root = tempfile::tempdir().unwrap();
    let mut unread = train(root.path(), "run", &[])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Both pipes are closed before the first line.
    drop((unread.stdout.take(), unread.stderr.take()));
    assert!(unread.wait().unwrap().success());
    assert!(root.path().join("run/bundle/manifest.json").exists());
    let Ok(full) = fs::File::options().write(true).open("/dev/full") else {
        println!("skipped: this system has no /dev/full");
        return;
    };
    let output = trainer().arg("devices").stdout(full).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(
        message.starts_with("error: cannot write all of this to standard output: "),
        "{message}"
    );
}

#[test]
fn equal_seeds_give_equal_weights_to_the_bit() {
    let root = tempfile::tempdir().unwrap();
    let weights = |name: &str, threads: &str| {
        let sets = ["train.contrast.weight=0.1", "train.hard_errors.weight=0.5"];
        let mut command = train(root.path(), name, &sets);
        succeed(command.args(["--threads", threads]));
        let exact = root.path().join(format!("{name}-exact"));
        let mut export = trainer();
        export.args([
            "export",
            "--checkpoint",
            "last",
            "--precision",
            "f32",
            "--run",
        ]);
        succeed(export.arg(root.path().join(name)).arg("--out").arg(&exact));
        let shards = (0..3).map(|i| exact.join(format!("weights-0{i}.safetensors")));
        let shards: Vec<_> = shards.map(|shard| fs::read(shard).unwrap()).collect();
        (
            shards,
            fs::read(root.path().join(name).join("metrics.jsonl")).unwrap(),
        )
    };
    // Another number of threads adds up in another order.
    for threads in ["1", "2"] {
        let first = weights(&format!("{threads}-threads"), threads);
        let again = weights(&format!("{threads}-threads-again"), threads);
        assert!(first == again, "{threads} threads");
    }
    assert!(SHORT.contains(&"train.steps=12"));
}
