//! What a run leaves, and what it is told.

use std::cell::Cell;
use trainer::untrusted;

use crate::folder::Folder;

const FILES: [&str; 6] = [
    "model.bpk",
    "average.bpk",
    "optimizer.bpk",
    "tokenizer.json",
    "hard-errors.bin",
    "state.json",
];

/// A run whose checkpoint is whole but for one file.
struct Damaged {
    folder: Folder,
    whole: [Vec<u8>; FILES.len()],
    last: Cell<usize>,
}

thread_local! {
    static RUN: Damaged = run();
    static OTHER: Folder = Folder::new();
}

fn place(file: &str) -> String {
    format!("run/checkpoints/last/{file}")
}

fn run() -> Damaged {
    let folder = Folder::new();
    untrusted::write_checkpoint(folder.path()).expect("a checkpoint");
    folder.write("run/config.toml", b"");
    let whole = FILES.map(|file| {
        let path = folder.path().join(place(file));
        std::fs::read(path).expect("a file of the checkpoint")
    });
    Damaged {
        folder,
        whole,
        last: Cell::new(0),
    }
}

/// A file of a checkpoint: the first byte says which, the second what is done. An even one: the bytes behind are the
/// file. An odd one: they are its changes, a place (three bytes) and a value each.
pub fn checkpoints(bytes: &[u8]) {
    let [which, how, rest @ ..] = bytes else {
        return;
    };
    RUN.with(|run| {
        let which = usize::from(*which) % (FILES.len() + 2);
        if which >= FILES.len() {
            if which == FILES.len() {
                let _ = untrusted::codes(rest);
            } else {
                OTHER.with(|folder| {
                    folder.write("gallery.json", rest);
                    let _ = untrusted::gallery_list(folder.path());
                });
            }
            return;
        }
        let last = run.last.replace(which);
        run.folder.write(&place(FILES[last]), &run.whole[last]);
        let file = if how % 2 == 0 {
            rest.to_vec()
        } else {
            changed(&run.whole[which], rest)
        };
        run.folder.write(&place(FILES[which]), &file);
        let _ = untrusted::resume(run.folder.path());
    });
}

/// The bytes with others in some places.
pub(crate) fn changed(whole: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for change in changes.chunks_exact(4) {
        let place = u32::from_le_bytes([change[0], change[1], change[2], 0]) as usize;
        if let Some(byte) = bytes.get_mut(place) {
            *byte = change[3];
        }
    }
    bytes
}

/// A configuration file; its lines that begin with `#set ` are what `--set` says.
pub fn configs(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let sets = text.lines().filter_map(|line| line.strip_prefix("#set "));
    let sets = sets.map(str::to_owned).collect();
    OTHER.with(|folder| {
        let path = folder.write("config.toml", bytes);
        let _ = untrusted::config(&path, sets);
    });
}
