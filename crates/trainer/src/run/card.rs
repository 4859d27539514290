//! The model card of a bundle, Markdown.

use mriseg::bundle::{BundleInfo, Domain, SideConvention};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::checkpoint::LAST;
use super::pretrained;
use crate::config::{DataSpec, Experiment};
use crate::eval::{Measure, ProbeRow, PromptProbe};

/// The model card, Markdown.
///
/// `data` is what the run's `data.json` says.
pub(super) fn card(
    info: &BundleInfo,
    experiment: &Experiment,
    data: &Map<String, Value>,
    which: &str,
    step: usize,
) -> String {
    let layout = experiment.model.layout();
    let picture = match info.domain {
        Domain::ChestXray => "chest X-ray",
        Domain::Other => "picture",
    };
    let mut table = String::new();
    let mut rows = origin(info, experiment, data, [which, &step.to_string()]);
    rows.extend(scores(&info.metrics, experiment));
    rows.extend(use_of(info, experiment, data));
    for (name, value) in rows {
        table += &format!("| {name} | {value} |\n");
    }
    format!(
        "# {}\n\n\
         Referring segmentation by next-token prediction (after NTP-MRISeg, arXiv 2511.05044): a sentence and a {picture} in, {} mask tokens out.\n\n\
         **{}**\n\n\
         | | |\n|---|---|\n{table}\n\
         ## Limits\n\n{}\n",
        info.name,
        layout.mask(),
        info.intended_use,
        limits(info.domain, experiment)
    )
}

fn limits(domain: Domain, experiment: &Experiment) -> String {
    let known = if experiment.source() == DataSpec::Phantoms {
        return "Trained on drawings of chest X-rays, not on chest X-rays: it shows how the method works and knows nothing about real patients.".to_owned();
    } else if domain == Domain::ChestXray {
        "Trained on one data set, whose sentences name findings in lungs: pictures, views and findings of other kinds are unknown to it. It finds what the sentence names even where a radiologist would not."
    } else {
        "Trained on one data set: pictures and findings of other kinds are unknown to it, and words that its sentences do not hold mean nothing to it. It draws what the sentence names even where a specialist would see nothing."
    };
    match experiment.data.about.trim() {
        "" => known.to_owned(),
        about => format!("{about}\n\n{known}"),
    }
}

/// Names and values of the table.
type Rows = Vec<(&'static str, String)>;

/// Where the weights come from.
fn origin(
    info: &BundleInfo,
    experiment: &Experiment,
    data: &Map<String, Value>,
    [which, step]: [&str; 2],
) -> Rows {
    let config = &experiment.data;
    let count = |key: &str| data.get(key).and_then(Value::as_u64);
    let cases =
        |key: &str| count(key).map_or_else(|| "an unknown number".to_owned(), |n| n.to_string());
    let valid = cases("valid_cases");
    let mut splits = format!(
        "{} of `{}` to learn from, {valid} of `{}` to choose by, {} of `{}` to test on",
        cases("train_cases"),
        config.train_split,
        config.valid_split,
        cases("test_cases"),
        config.test_split,
    );
    if let Some(left_out @ 1..) = count("left_out") {
        splits += &format!(
            "; {left_out} more were left out of training, since their sentence is too long"
        );
    }
    let kind = match (experiment.source(), info.domain) {
        (DataSpec::Phantoms, _) => {
            "phantoms: drawings of chest X-rays, with sentences about findings in lungs"
        }
        (_, Domain::ChestXray) => {
            "chest X-rays, by their sentences: most are about findings in lungs, as those of QaTa-COV19"
        }
        (_, Domain::Other) => "pictures with sentences of their own, read as they are",
    };
    let chosen = match which {
        LAST => "the last".to_owned(),
        _ => format!(
            "chosen by free-running Dice on {valid} cases of `{}`",
            config.valid_split
        ),
    };
    let checkpoint = format!(
        "moving average of the weights after step {step} of {}, {chosen}",
        experiment.train.steps
    );
    vec![
        ("Training data", info.data.clone()),
        ("Kind of data", kind.to_owned()),
        ("Cases", splits),
        ("Command", format!("`{}`", info.command)),
        (
            "Configuration, SHA-256",
            format!("`{}`", info.config_sha256),
        ),
        ("Checkpoint", checkpoint),
    ]
}

/// How good they are.
fn scores(metrics: &Map<String, Value>, experiment: &Experiment) -> Rows {
    let measured = |key: &str| match metrics.get(key) {
        Some(Value::Number(number)) if number.is_u64() => number.to_string(),
        Some(Value::Number(number)) => format!("{:.3}", number.as_f64().unwrap_or(f64::NAN)),
        _ => "not measured".to_owned(),
    };
    let both = |a: &str, b: &str| format!("{} / {}", measured(a), measured(b));
    let cases = format!(
        "{} cases of `{}` ({} empty in truth and prediction, left out of the means{})",
        measured("cases"),
        experiment.data.test_split,
        measured("empty_cases"),
        hindered(metrics),
    );
    let ceiling = measured("oracle_dice_per_image");
    let mut rows = vec![
        ("Evaluated on", cases),
        (
            "Dice per image / pooled",
            both("dice_per_image", "dice_pooled"),
        ),
        (
            "IoU per image / pooled",
            both("iou_per_image", "iou_pooled"),
        ),
        ("Oracle Dice per image (mask tokenizer alone)", ceiling),
    ];
    rows.extend(probed(metrics));
    rows
}

/// How many cases could not be asked, or in no known word.
fn hindered(metrics: &Map<String, Value>) -> String {
    let count = |key: &str| metrics.get(key).and_then(Value::as_u64).unwrap_or(0);
    let mut said = String::new();
    if count("unasked") > 0 {
        said += &format!(
            "; {} could not be asked, since their sentence is too long, and count as failed",
            count("unasked")
        );
    }
    if count("unknown_words") > 0 {
        said += &format!("; of {} sentences it knows no word", count("unknown_words"));
    }
    said
}

/// What the model reads, and on which terms.
fn use_of(info: &BundleInfo, experiment: &Experiment, data: &Map<String, Value>) -> Rows {
    let left = match info.side_convention {
        SideConvention::Viewer => "the left side of the picture",
        SideConvention::Patient => "the patient's left",
    };
    let tokenizer = match &info.emu3 {
        None => "tokenizers in this bundle".to_owned(),
        Some(emu3) => format!(
            "Emu3's vision tokenizer, which is not in this bundle: `{}`, SHA-256 `{}`",
            emu3.file, emu3.sha256
        ),
    };
    let mut rows = vec![("Pictures and masks are read by", tokenizer)];
    if data.get("sided").and_then(Value::as_bool).unwrap_or(true) {
        rows.push(("\"left\" means", left.to_owned()));
    }
    if let Some(sha256) = &info.pretrained_encoder {
        let encoder = format!("{}, SHA-256 `{sha256}`", pretrained::ORIGIN);
        rows.push(("Image encoder", encoder));
    }
    let words = match info.domain {
        Domain::ChestXray => "English in any words",
        Domain::Other => "words as the training sentences write them",
    };
    let tokens = experiment.model.layout().text;
    let text = format!(
        "{words}, at most {tokens} tokens (about {} ordinary words), for example \"{}\"",
        tokens / 2,
        info.example
    );
    let inverted = match &info.typical {
        Some(_) => ", inverted grey values are turned back",
        None => "",
    };
    rows.extend([
        ("Text", text),
        (
            "Pictures",
            format!("of any shape; uniform frames are cut off{inverted}"),
        ),
        ("Licence", info.licence.clone()),
    ]);
    rows
}

/// What was probed.
fn probed(metrics: &Map<String, Value>) -> Rows {
    let probe: PromptProbe = field(metrics, "probe");
    [
        ("Dice per image by wording", "wording", Measure::Dice),
        ("Right masks by wording", "wording", Measure::Right),
        (
            "Dice per image from the bare finding to the full sentence",
            "ladder",
            Measure::Dice,
        ),
        (
            "Pairs of masks on the side asked for",
            "side",
            Measure::Moved,
        ),
        ("Pixels on the other side", "side", Measure::WrongSide),
        (
            "Empty masks where nothing is asked for",
            "empty",
            Measure::Empty,
        ),
        ("Dice per image of lungs", "lungs", Measure::Dice),
        ("Dice per image by picture", "picture", Measure::Dice),
    ]
    .into_iter()
    .map(|(title, group, measure)| {
        let of_group = |row: &&ProbeRow| row.group == group && row.measure == measure;
        let values = (probe.rows.iter().filter(of_group))
            .filter_map(|row| Some(format!("{} {:.3}", row.name, row.value?)));
        (title, values.collect::<Vec<_>>().join(", "))
    })
    .filter(|(_, values)| !values.is_empty())
    .collect()
}

/// A field of a JSON object; its default where it is missing.
pub(super) fn field<T: Default + DeserializeOwned>(map: &Map<String, Value>, key: &str) -> T {
    let value = map.get(key).cloned().unwrap_or_default();
    serde_json::from_value(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card_of(domain: Domain, experiment: &Experiment, data: Value) -> String {
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
        let data: Map<String, Value> = serde_json::from_value(data).unwrap();
        let card = card(&info, experiment, &data, LAST, 1);
        assert!(card.contains("the last") && !card.contains("chosen by"));
        card
    }

    fn on_a_folder() -> Experiment {
        let mut experiment = Experiment::tiny();
        experiment.data.source = "folder".to_owned();
        experiment
    }

    #[test]
    fn the_card_speaks_of_chest_x_rays_only_where_the_sentences_do() {
        let chest = card_of(Domain::ChestXray, &on_a_folder(), Value::Object(Map::new()));
        assert!(chest.contains("a chest X-ray in") && chest.contains("in any words"));
        assert!(!chest.contains("COVID-19 pneumonia"), "{chest}");
        let unsided = serde_json::json!({
            "sided": false, "train_cases": 4, "valid_cases": 1, "test_cases": 2, "left_out": 3
        });
        let other = card_of(Domain::Other, &on_a_folder(), unsided);
        assert!(other.contains("a picture in") && other.contains("one small polyp"));
        assert!(
            other.contains("4 of `train` to learn from, 1 of `valid` to choose by, 2 of `test` to test on; 3 more were left out"),
            "{other}"
        );
        for word in ["X-ray", "any words", "lung", "COVID", "left", "English"] {
            let other = other.replace("left out", "");
            assert!(!other.contains(word), "{word}: {other}");
        }
    }

    #[test]
    fn the_card_says_what_the_configuration_says_of_the_data() {
        let mut experiment = on_a_folder();
        experiment.data.about = "Chest X-rays of adults.".to_owned();
        let card = card_of(Domain::ChestXray, &experiment, Value::Object(Map::new()));
        assert!(
            card.contains("## Limits\n\nChest X-rays of adults.\n\nTrained on one"),
            "{card}"
        );
        let phantoms = card_of(
            Domain::ChestXray,
            &Experiment::tiny(),
            Value::Object(Map::new()),
        );
        assert!(phantoms.contains("not on chest X-rays"));
    }
}
