//! The bundle of a run's checkpoint.

use anyhow::Result;
use mriseg::bundle::{Bundle, BundleInfo, FileEntry, Precision, sha256};
use mriseg::image::Typical;
use serde_json::{Map, Value};

use super::card::{card, field};
use super::checkpoint;
use super::folder::RunDir;
use crate::config::{DataSpec, Experiment};
use crate::system::exit::data;
use crate::system::{device, json_if_there};

/// A sentence about phantoms; of the runs that are older than the key `example` of `data.json`, all of them about lungs, too.
pub(crate) const EXAMPLE: &str =
    "unilateral pulmonary infection, one infected area, lower left lung.";

/// The bundle of a checkpoint; scores come from the run's report where there is one.
pub(crate) fn pack(run: &RunDir, which: &str, precision: Precision, name: &str) -> Result<Bundle> {
    let experiment = Experiment::load(&run.config())?;
    let device = device::cpu().device;
    let (model, tokenizer, reached) =
        checkpoint::load_average(&run.checkpoint(which), &experiment, &device)?;
    let provenance: Map<String, Value> = json_if_there(&run.data()).unwrap_or_default();
    let environment: Map<String, Value> = json_if_there(&run.env()).unwrap_or_default();
    let text = |map: &Map<String, Value>, key: &str| {
        map.get(key)
            .and_then(Value::as_str)
            .unwrap_or("unknown")
            .to_owned()
    };
    let phantoms = experiment.source() == DataSpec::Phantoms;
    let emu3 = provenance.get("emu3").cloned().unwrap_or_default();
    let emu3: Option<FileEntry> = serde_json::from_value(emu3).unwrap_or_default();
    if experiment.on_stored_codes() && emu3.is_none() {
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
        metrics: json_if_there(&run.report().join("summary.json")).unwrap_or_default(),
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
    let card = card(&info, &experiment, &provenance, which, reached.step);
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
    field(&json_if_there(&run.data()).unwrap_or_default(), "typical")
}
