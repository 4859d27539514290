//! `trainer export`: a run's checkpoint as a bundle.

use anyhow::Result;

use crate::cli::{Checkpoint, ExportArgs};
use crate::run::{RunDir, bundle_dir, checkpoint, export};
use crate::system::outputs::check_new_folder;
use crate::system::say::say;
use crate::system::usage;

pub(crate) fn run(args: &ExportArgs) -> Result<()> {
    check_new_folder("--out", &args.out)?;
    let run = RunDir::open(&args.run)?;
    let name = match &args.name {
        Some(name) => name.clone(),
        None => args
            .out
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .ok_or_else(|| usage("--out names no folder; give one, such as runs/demo/bundle"))?,
    };
    let which = match args.checkpoint {
        Checkpoint::Best => checkpoint::BEST,
        Checkpoint::Last => checkpoint::LAST,
    };
    let bundle = export::pack(&run, which, args.precision, &name)?;
    bundle_dir::write(&bundle, &args.out)?;
    say!(
        "wrote {} ({:.1} MB)",
        args.out.display(),
        bundle.manifest.bytes() as f64 / 1e6
    );
    say!(
        "next: cargo run -p trainer -- predict --bundle {} --image FILE --text \"{}\" --out mask.png{}",
        args.out.display(),
        bundle.manifest.info.example,
        if bundle.manifest.info.emu3.is_some() {
            " --emu3 FOLDER"
        } else {
            ""
        }
    );
    Ok(())
}
