//! Bundles as folders: read, written, and made of a run's checkpoint.

use anyhow::Result;
use mriseg::bundle::{
    Bundle, BundleInfo, Domain, FileEntry, MANIFEST, Manifest, Precision, sha256,
};
use mriseg::image::Typical;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::checkpoint::{self, LAST};
use super::folder::RunDir;
use super::pretrained;
use crate::config::DataSpec;
use crate::config::Experiment;
use crate::eval::{Measure, PromptProbe};
use crate::system::atomic::{write_atomic, write_dir_atomic};
use crate::system::device;
use crate::system::exit::data;

/// A sentence that every model trained here knows.
pub(crate) const EXAMPLE: &str =
    "unilateral pulmonary infection, one infected area, lower left lung.";

/// Reads a bundle folder; digests are checked when it is unpacked.
pub(crate) fn read(folder: &Path) -> Result<Bundle> {
    let manifest = manifest(folder)?;
    let mut files = BTreeMap::new();
    for entry in manifest.files() {
        files.insert(entry.file.clone(), bytes_of(folder, &entry.file)?);
    }
    Ok(Bundle { manifest, files })
}

/// Reads what a bundle says about itself.
pub(crate) fn manifest(folder: &Path) -> Result<Manifest> {
    Ok(Manifest::parse(&bytes_of(folder, MANIFEST)?)?)
}

fn bytes_of(folder: &Path, file: &str) -> Result<Vec<u8>> {
    let path = folder.join(file);
    fs::read(&path).map_err(|error| {
        data(format!(
            "cannot read `{}`: {error}; a bundle is a folder with {MANIFEST}, made by `trainer export`",
            path.display()
        ))
    })
}

/// Writes a bundle to a folder that does not exist yet.
pub(crate) fn write(bundle: &Bundle, folder: &Path) -> Result<()> {
    write_dir_atomic(folder, |folder| {
        for (file, bytes) in &bundle.files {
            write_atomic(&folder.join(file), bytes)?;
        }
        write_atomic(&folder.join(MANIFEST), &bundle.manifest_bytes())
    })
}

/// The bundle of a checkpoint; scores come from the run's report where there is one.
pub(crate) fn pack(run: &RunDir, which: &str, precision: Precision, name: &str) -> Result<Bundle> {
    let experiment = Experiment::load(&run.config())?;
    let device = device::cpu().device;
    let (model, tokenizer, marks) =
        checkpoint::load_average(&run.checkpoint(which), &experiment, &device)?;
    let metrics = fs::read(run.report().join("summary.json"))
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Map<String, Value>>(&bytes).ok())
        .unwrap_or_default();
    let provenance = provenance(run);
    let environment: Map<String, Value> = fs::read(run.env())
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    let text = |map: &Map<String, Value>, key: &str| {
        map.get(key)
            .and_then(Value::as_str)
            .unwrap_or("unknown")
            .to_owned()
    };
    let phantoms = experiment.source() == DataSpec::Phantoms;
    let emu3 = provenance.get("emu3").cloned().unwrap_or_default();
    let emu3: Option<FileEntry> = serde_json::from_value(emu3).unwrap_or_default();
    if experiment.on_emu3() && emu3.is_none() {
        return Err(data(format!(
            "`{}` does not say which tokenizer made the codes (`emu3`): start the run again",
            run.data().display()
        )));
    }
    let data = format!(
        "{} {} ({} cases, fingerprint {})",
        text(&provenance, "name"),
        experiment.data.train_split,
        provenance.get("train_cases").unwrap_or(&Value::Null),
        text(&provenance, "train_fingerprint"),
    );
    let info = BundleInfo {
        name: name.to_owned(),
        side_convention: field(&provenance, "side_convention"),
        domain: field(&provenance, "domain"),
        typical: field(&provenance, "typical"),
        example: provenance
            .get("example")
            .and_then(Value::as_str)
            .unwrap_or(EXAMPLE)
            .to_owned(),
        data,
        command: text(&environment, "command"),
        config_sha256: sha256(experiment.to_toml()?.as_bytes()),
        metrics,
        licence: if phantoms {
            "MIT OR Apache-2.0".to_owned()
        } else {
            "Weights for research use. The redistribution terms of the training data are its own: check them before other uses.".to_owned()
        },
        intended_use: "Research and teaching demo. Not a medical device; not for diagnosis."
            .to_owned(),
        pretrained_encoder: field(&provenance, "pretrained_encoder"),
        emu3,
    };
    let card = card(&info, &experiment, which, marks.step, phantoms);
    Ok(Bundle::pack(
        &model,
        &experiment.model,
        &tokenizer,
        experiment.train.rule(),
        precision,
        info,
        &card,
    )?)
}

/// What a run's training pictures typically look like.
pub(crate) fn typical(run: &RunDir) -> Option<Typical> {
    field(&provenance(run), "typical")
}

/// Contents of a run's `data.json`; nothing where there is none.
fn provenance(run: &RunDir) -> Map<String, Value> {
    fs::read(run.data())
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

/// Rows of the card about what was probed.
fn probed(metrics: &Map<String, Value>) -> String {
    let probe: Option<PromptProbe> = field(metrics, "probe");
    let Some(probe) = probe else {
        return String::new();
    };
    let mut rows = String::new();
    let mut group = |title: &str, group: &str, measure: Measure| {
        let of_group = probe
            .rows
            .iter()
            .filter(|row| row.group == group && row.measure == measure);
        let values: Vec<String> = of_group
            .filter_map(|row| Some(format!("{} {:.3}", row.name, row.value?)))
            .collect();
        if !values.is_empty() {
            rows += &format!("| {title} | {} |\n", values.join(", "));
        }
    };
    group("Dice per image by wording", "wording", Measure::Dice);
    group("Right masks by wording", "wording", Measure::Right);
    group(
        "Dice per image from the bare finding to the full sentence",
        "ladder",
        Measure::Dice,
    );
    group(
        "Pairs of masks on the side asked for",
        "side",
        Measure::Moved,
    );
    group("Pixels on the other side", "side", Measure::WrongSide);
    group(
        "Empty masks where nothing is asked for",
        "empty",
        Measure::Empty,
    );
    group("Dice per image of lungs", "lungs", Measure::Dice);
    group("Dice per image by picture", "picture", Measure::Dice);
    rows
}

/// A field of a JSON object; its default where it is missing.
fn field<T: Default + DeserializeOwned>(map: &Map<String, Value>, key: &str) -> T {
    let value = map.get(key).cloned().unwrap_or_default();
    serde_json::from_value(value).unwrap_or_default()
}

/// The model card, Markdown.
fn card(
    info: &BundleInfo,
    experiment: &Experiment,
    which: &str,
    step: usize,
    phantoms: bool,
) -> String {
    let number = |key: &str| {
        info.metrics
            .get(key)
            .and_then(Value::as_f64)
            .map_or("not measured".to_owned(), |value| format!("{value:.3}"))
    };
    let count = |key: &str| {
        info.metrics
            .get(key)
            .and_then(Value::as_u64)
            .map_or("not measured".to_owned(), |value| value.to_string())
    };
    let (picture, limits) = if info.domain == Domain::Other {
        (
            "picture",
            "Trained on one data set: pictures and findings of other kinds are unknown to it, and words that its sentences do not hold mean nothing to it. It draws what the sentence names even where a specialist would see nothing.",
        )
    } else if phantoms {
        (
            "chest X-ray",
            "Trained on drawings of chest X-rays, not on chest X-rays: it shows how the method works and knows nothing about real patients.",
        )
    } else {
        (
            "chest X-ray",
            "Trained on one data set of chest X-rays of adults with COVID-19 pneumonia. Other findings, devices, views and body parts are unknown to it. The data's zone words (upper, middle, lower) are noisy, side words are reliable. It finds what the sentence names even where a radiologist would not.",
        )
    };
    let layout = experiment.model.layout();
    format!(
        "# {name}\n\n\
         Referring segmentation by next-token prediction (after NTP-MRISeg, arXiv 2511.05044): a sentence and a {picture} in, {tokens} mask tokens out.\n\n\
         **{use_}**\n\n\
         | | |\n|---|---|\n\
         | Training data | {data} |\n\
         | Command | `{command}` |\n\
         | Configuration, SHA-256 | `{config}` |\n\
         | Checkpoint | moving average of the weights after step {step} of {steps}, {chosen} |\n\
         | Evaluated on | {cases} cases of `{test_split}` ({empty} empty in truth and prediction, left out of the means) |\n\
         | Dice per image / pooled | {dice} / {pooled} |\n\
         | IoU per image / pooled | {iou} / {iou_pooled} |\n\
         | Oracle Dice per image (mask tokenizer alone) | {oracle} |\n\
         {probed}\
         | \"left\" means | {side} |\n\
         | Pictures and masks are read by | {tokenizer} |\n\
         {encoder}\
         | Text | {words_known}, at most {text} tokens (about {words} ordinary words), for example \"{example}\" |\n\
         | Pictures | of any shape; uniform frames are cut off{inverted} |\n\
         | Licence | {licence} |\n\n\
         ## Limits\n\n{limits}\n",
        name = info.name,
        tokens = layout.mask(),
        use_ = info.intended_use,
        data = info.data,
        command = info.command,
        config = info.config_sha256,
        steps = experiment.train.steps,
        chosen = if which == LAST {
            "the last".to_owned()
        } else {
            format!(
                "chosen by free-running Dice on {} cases of `{}`",
                experiment.data.valid_cases, experiment.data.valid_split
            )
        },
        cases = count("cases"),
        test_split = experiment.data.test_split,
        empty = count("empty_cases"),
        dice = number("dice_per_image"),
        pooled = number("dice_pooled"),
        iou = number("iou_per_image"),
        iou_pooled = number("iou_pooled"),
        oracle = number("oracle_dice_per_image"),
        probed = probed(&info.metrics),
        side = match info.side_convention {
            mriseg::bundle::SideConvention::Viewer => "the left side of the picture",
            mriseg::bundle::SideConvention::Patient => "the patient's left",
        },
        tokenizer = match &info.emu3 {
            None => "tokenizers in this bundle".to_owned(),
            Some(emu3) => format!(
                "Emu3's vision tokenizer, which is not in this bundle: `{}`, SHA-256 `{}`",
                emu3.file, emu3.sha256
            ),
        },
        encoder = info
            .pretrained_encoder
            .as_ref()
            .map_or(String::new(), |sha256| {
                format!(
                    "| Image encoder | {}, SHA-256 `{sha256}` |\n",
                    pretrained::ORIGIN
                )
            }),
        words_known = match info.domain {
            Domain::ChestXray => "English in any words",
            Domain::Other => "English as the training data writes it",
        },
        text = layout.text,
        words = layout.text / 2,
        inverted = match &info.typical {
            Some(_) => ", inverted grey values are turned back",
            None => "",
        },
        example = info.example,
        licence = info.licence,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use mriseg::bundle::SideConvention;

    #[test]
    fn the_card_speaks_of_chest_x_rays_only_where_the_sentences_do() {
        let of = |domain| {
            let info = BundleInfo {
                name: "test".to_owned(),
                side_convention: SideConvention::Viewer,
                domain,
                typical: None,
                example: "one small polyp".to_owned(),
                data: "folder".to_owned(),
                command: "train".to_owned(),
                config_sha256: String::new(),
                metrics: Map::new(),
                licence: String::new(),
                intended_use: String::new(),
                pretrained_encoder: None,
                emu3: None,
            };
            let card = card(&info, &Experiment::tiny(), LAST, 1, false);
            assert!(card.contains("the last") && !card.contains("chosen by"));
            card
        };
        let chest = of(Domain::ChestXray);
        assert!(chest.contains("a chest X-ray in") && chest.contains("in any words"));
        let other = of(Domain::Other);
        assert!(other.contains("a picture in") && other.contains("one small polyp"));
        assert!(
            !other.contains("X-ray") && !other.contains("any words"),
            "{other}"
        );
    }
}
