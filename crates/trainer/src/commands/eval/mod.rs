//! `trainer eval`: a bundle on a dataset, as one JSON object and, if wanted, a report.

mod shares;

use anyhow::Result;
use mriseg::bundle::{Bundle, Domain, SideConvention, sha256};
use mriseg::decode::Pick;
use mriseg::reading::{other_side, unswapped_sides};
use mriseg::segmenter::Settings;
use mriseg_data::{Dataset, IncompleteRows};

use crate::cli::{EvalArgs, command_line};
use crate::config::DataSpec;
use crate::data::text::{self, Vocabulary};
use crate::data::{self, Asking, CaseCache, TextMode};
use crate::eval::{DecodeMode, Evaluator, PromptProbe, SampleMean, side_swap};
use crate::report::{self, Meta, Summary, describe, pictures};
use crate::run::{RunDir, baseline, bundle_dir, emu3_argument, vision_of_bundle};
use crate::system::outputs::check_new_folder;
use crate::system::say::say;
use crate::system::{Chosen, Display, device, usage};

/// Pictures of the phantom splits, when nothing else is asked for.
const PHANTOMS: usize = 200;
/// Split whose pictures a folder of lungs is about.
const TRAIN_SPLIT: &str = "train";
/// Seed of shuffled sentences and bootstrap.
const SEED: u64 = 1;

pub(crate) fn run(args: &EvalArgs) -> Result<()> {
    if let Some(out) = &args.out {
        check_new_folder("--out", out)?;
    }
    let bundle = bundle_dir::read(&args.bundle)?;
    let chosen = device::choose(&args.device)?;
    let (model, tokenizer) = bundle.unpack(&chosen.device)?;
    let display = Display::detect(args.json);
    let sides = bundle.manifest.info.side_convention;
    refuse_lungs(args, &bundle)?;
    let dataset = cases_of(args, sides, display)?;
    let config = &bundle.manifest.architecture;
    let tokens = config.lm.text_tokens;
    let limit = args.limit.map_or(usize::MAX, |limit| limit.get());
    let vocabulary = Vocabulary::new(tokenizer.clone(), None);
    let unknown_words = vocabulary.unknown(&dataset, limit, tokens);
    data::warn_about_questions(&dataset, &tokenizer, tokens, &vocabulary, display);
    warn_about_sides(args, &dataset, display);
    announce(args, &dataset, &chosen, display);
    let meta = meta(args, &bundle, &dataset);
    let rule = args.rule.over(bundle.manifest.rule);
    if args.samples.is_some() && rule.pick == Pick::MostProbable {
        return Err(usage(
            "--samples needs a bundle whose rule compares what codes draw (pick = least_error or best_dice)",
        ));
    }
    let manifest = &bundle.manifest;
    let vision = vision_of_bundle(manifest, &model, args.emu3.as_deref(), &chosen.device)?;
    let settings = Settings {
        rule,
        ..Settings::from(manifest)
    };
    let evaluator = Evaluator {
        mode: decode_mode(args),
        mirrored: args.mirror,
        ..Evaluator::new(settings, &model, vision, &tokenizer, &chosen, SEED)?
    };
    let cache = match &bundle.manifest.info.emu3 {
        Some(_) => CaseCache::as_they_are(dataset),
        None => as_read_by(&bundle, dataset),
    };
    let asking = Asking {
        text: args.text,
        wording: args.wordings.0,
        pictures: args.pictures,
    };
    let questions = asking.questions(&cache, limit, SEED);
    let settings = shares::settings(&meta, &evaluator, rule, questions.len());
    let cases = match (args.shard, args.merge.as_slice(), &args.out) {
        (Some(share), _, Some(out)) => {
            let ours = &questions[share.range(questions.len())];
            let cases = evaluator.answers(&cache, ours, display)?;
            return shares::write(out, share, settings, &cases);
        }
        (_, [], _) => evaluator.answers(&cache, &questions, display)?,
        (_, folders, _) => shares::merge(folders, &settings)?,
    };
    let mut summary = Summary::from_cases(&cases, meta.clone());
    summary.unknown_words = unknown_words;
    if let Some(run) = &args.baseline {
        let baseline = baseline::open(&RunDir::open(run)?, &chosen.device, chosen.workers)?;
        let cases = baseline.run(&cache, limit, asking, display)?;
        summary.baseline = Some(Box::new(Summary::from_cases(&cases, meta)));
    }
    ask_more(args, &bundle, &evaluator, &cache, &mut summary, display)?;
    if let Some(out) = &args.out {
        report::write(out, &summary, &cases, |index| {
            let case = evaluator.one(&cache, index, limit, asking)?;
            Ok(pictures::strip_of(&case))
        })?;
    }
    tell(args, &summary, &cache, display)
}

fn announce(args: &EvalArgs, dataset: &Dataset, chosen: &Chosen, display: Display) {
    let limit = args.limit.map_or(usize::MAX, |limit| limit.get());
    display.line(&format!(
        "{} cases of {} {}, sentence {} in words {}, pictures {}, on {}",
        limit.min(dataset.len()),
        dataset.name(),
        dataset.split(),
        args.text.as_str(),
        args.wordings.as_str(),
        args.pictures.as_str(),
        chosen.name
    ));
}

fn tell(args: &EvalArgs, summary: &Summary, cache: &CaseCache, display: Display) -> Result<()> {
    if args.json {
        say!("{}", serde_json::to_string(summary)?);
        return Ok(());
    }
    say!("{}", describe(summary));
    cache.warn_about_soft_masks(display);
    if args.text == TextMode::Given {
        say_next(args, text::names_sides(cache.dataset()));
    }
    Ok(())
}

/// Says where sentences have no other side, or none that is known.
fn warn_about_sides(args: &EvalArgs, dataset: &Dataset, display: Display) {
    let of_all = |count: usize| format!("warning: {count} of the {} sentences", dataset.len());
    let count = |is: &dyn Fn(&str) -> bool| dataset.texts().filter(|text| is(text)).count();
    let same = count(&|text| other_side(text).is_none());
    if args.text == TextMode::WrongSide && same > 0 {
        display.line(&format!(
            "{} name no side, or both: they are asked as they are",
            of_all(same)
        ));
    }
    let unswapped = count(&|text| !unswapped_sides(text).is_empty());
    if args.mirror && unswapped > 0 {
        display.line(&format!(
            "{} name, or may name, a side in words that are not exchanged for the mirror image: leave --mirror out",
            of_all(unswapped)
        ));
    }
}

/// Refuses what is asked of lungs alone.
fn refuse_lungs(args: &EvalArgs, bundle: &Bundle) -> Result<()> {
    if bundle.manifest.info.domain == Domain::ChestXray {
        return Ok(());
    }
    let given = [
        ("--probe", args.probe),
        ("--lungs", args.lungs.is_some()),
        ("--wordings", args.wordings.0.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((option, _)) => Err(usage(format!(
            "{option} is about findings in lungs, and the sentences of this bundle are about something else, such as \"{}\": leave it out",
            bundle.manifest.info.example
        ))),
    }
}

fn cases_of(args: &EvalArgs, sides: SideConvention, display: Display) -> Result<Dataset> {
    let rows = IncompleteRows::left_out_if(args.skip_incomplete);
    let masks = &args.masks.mask_value;
    let mut dataset = data::open(&args.data, &args.split, PHANTOMS, sides, masks, rows)?;
    if let Some(cases) = args.spread {
        dataset.thin(cases.get());
    }
    data::survey_masks(&[&dataset], masks, display)?;
    Ok(dataset)
}

fn say_next(args: &EvalArgs, sided: bool) {
    say!(
        "next: does the sentence matter?  cargo run -p trainer -- eval --bundle {} --data {} --split {} --text {}{}",
        args.bundle.display(),
        args.data,
        args.split,
        match sided {
            true => TextMode::WrongSide,
            false => TextMode::Shuffled,
        }
        .as_str(),
        emu3_argument(args.emu3.as_deref())
    );
}

fn meta(args: &EvalArgs, bundle: &Bundle, dataset: &Dataset) -> Meta {
    Meta {
        text_mode: args.text.as_str().to_owned(),
        wordings: args.wordings.as_str().to_owned(),
        pictures: args.pictures.as_str().to_owned(),
        split: args.split.clone(),
        data: dataset.name().to_owned(),
        data_fingerprint: dataset.fingerprint(),
        model_hash: sha256(&bundle.manifest_bytes()),
        seed: SEED,
        command: command_line(),
    }
}

/// Cases as the encoder of a bundle reads them.
fn as_read_by(bundle: &Bundle, dataset: Dataset) -> CaseCache {
    let manifest = &bundle.manifest;
    let channels = manifest.architecture.image.input_channels;
    CaseCache::new(dataset, manifest.info.typical.clone(), channels)
}

/// What `--side-swap`, `--all-texts` and `--probe` ask for.
fn ask_more(
    args: &EvalArgs,
    bundle: &Bundle,
    evaluator: &Evaluator<'_>,
    cache: &CaseCache,
    summary: &mut Summary,
    display: Display,
) -> Result<()> {
    let limit = args.limit.map_or(usize::MAX, |limit| limit.get());
    if args.side_swap {
        let words = args.wordings.0;
        let swap = side_swap::measure(evaluator, cache, limit, words, display)?;
        summary.side_swap = Some(swap);
    }
    if args.all_texts {
        summary.by_text = Some(evaluator.text_scores(cache, limit, display)?);
    }
    if args.probe {
        let lungs = match (&args.lungs, &args.data) {
            (None, _) => None,
            (Some(_), DataSpec::Phantoms) => {
                return Err(usage(
                    "--lungs goes with a data folder: phantoms have lungs of their own",
                ));
            }
            (Some(lungs), DataSpec::Folder(data)) => {
                let rows = IncompleteRows::left_out_if(args.skip_incomplete);
                let mut held_out = Dataset::held_out_lungs(data, TRAIN_SPLIT, lungs, rows)?
                    .with_side_convention(bundle.manifest.info.side_convention)
                    .with_mask_rule(&args.masks.mask_value);
                held_out.thin(limit);
                Some(as_read_by(bundle, held_out))
            }
        };
        let probe = PromptProbe::measure(evaluator, cache, lungs.as_ref(), limit, display)?;
        summary.probe = Some(probe);
    }
    Ok(())
}

fn decode_mode(args: &EvalArgs) -> DecodeMode {
    match (args.decode, args.samples) {
        _ if args.teacher_forced => DecodeMode::TeacherForced,
        (Some(decode), _) => DecodeMode::Single(decode),
        (None, Some(samples)) => DecodeMode::SampleMean(SampleMean {
            samples: samples.into(),
            temperature: args.temperature,
            cut: args.cut,
        }),
        (None, None) => DecodeMode::Batched,
    }
}
