//! Phantoms as a dataset folder (the layout of QaTa-COV19: `captions.csv`, `<split>/img`, `<split>/mask`), for
//! programs that read files.
//!
//! ```sh
//! cargo run --example phantom_folder -- phantoms 300 60   # folder, training and validation pictures
//! ```

use mriseg_data::{Dataset, PhantomConfig};
use std::error::Error;
use std::fs;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| "phantoms".to_owned()));
    let mut pictures = |otherwise| {
        arguments
            .next()
            .map_or(Ok(otherwise), |count| count.parse())
    };
    let splits = [("train", pictures(300)?), ("valid", pictures(60)?)];
    let mut table = "split,id,caption\n".to_owned();
    for (split, pictures) in splits {
        let phantoms = Dataset::phantoms(&PhantomConfig::default(), split, pictures);
        let [images, masks] = ["img", "mask"].map(|kind| folder.join(split).join(kind));
        fs::create_dir_all(&images)?;
        fs::create_dir_all(&masks)?;
        for i in 0..phantoms.len() {
            let case = phantoms.load(i)?;
            let name = format!("{}.png", case.id);
            fs::write(images.join(&name), case.image.to_png())?;
            fs::write(masks.join(&name), case.mask.to_png())?;
            table += &format!("{split},{},\"{}\"\n", case.id, case.text);
        }
        println!("{split}: {pictures} pictures, {} sentences", phantoms.len());
    }
    fs::write(folder.join("captions.csv"), table)?;
    Ok(())
}
