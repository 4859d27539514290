//! `trainer eval`: a bundle on a dataset, as one JSON object and, if wanted, a report.

use anyhow::Result;
use mriseg::bundle::sha256;
use mriseg::decode::Pick;
use mriseg::mask_lm::CachedLm;
use mriseg::vision::Vision;
use mriseg_data::Dataset;

use crate::cli::{EvalArgs, command_line};
use crate::config::DataSpec;
use crate::data;
use crate::data::Asking;
use crate::data::Samples;
use crate::data::TextMode;
use crate::emu3::{emu3_argument, emu3_of};
use crate::eval::PromptProbe;
use crate::eval::baseline::Baseline;
use crate::eval::side_swap;
use crate::eval::{Chance, Decoding, Evaluator, picker, side_by_side_of};
use crate::report::pictures;
use crate::report::{self, Meta, Summary};
use crate::run::RunDir;
use crate::run::bundle_dir;
use crate::system::device;
use crate::system::exit::usage;
use crate::system::progress::Display;

/// Pictures of the phantom splits, when nothing else is asked for.
const PHANTOMS: usize = 200;
/// Split whose pictures a folder of lungs is about.
const TRAIN_SPLIT: &str = "train";
/// Seed of shuffled sentences and bootstrap.
const SEED: u64 = 1;

pub(crate) fn run(args: &EvalArgs) -> Result<()> {
    let bundle = bundle_dir::read(&args.bundle)?;
    let chosen = device::choose(args.device)?;
    let (model, tokenizer) = bundle.unpack(&chosen.device)?;
    let display = Display::detect(args.json);
    let mut dataset = data::open(&args.data, &args.split, PHANTOMS)?;
    if let Some(cases) = args.spread {
        dataset.thin(cases.get());
    }
    let tokens = bundle.manifest.architecture.lm.text_tokens;
    let left_out = data::leave_out_long(&mut dataset, &tokenizer, tokens, display)?;
    let asking = Asking {
        text: args.text,
        wording: args.wordings.0,
        pictures: args.pictures,
    };
    display.line(&format!(
        "{} cases of {} {}, sentence {} in words {}, pictures {}, on {}",
        args.limit
            .map_or(dataset.len(), |limit| limit.get().min(dataset.len())),
        dataset.name(),
        dataset.split(),
        args.text.as_str(),
        args.wordings.as_str(),
        args.pictures.as_str(),
        chosen.name
    ));
    let meta = Meta {
        text_mode: args.text.as_str().to_owned(),
        wordings: args.wordings.as_str().to_owned(),
        pictures: args.pictures.as_str().to_owned(),
        split: args.split.clone(),
        data: dataset.name().to_owned(),
        data_fingerprint: dataset.fingerprint(),
        model_hash: sha256(&bundle.manifest_bytes()),
        seed: SEED,
        command: command_line(),
    };
    let rule = args.rule.over(bundle.manifest.rule);
    if args.samples.is_some() && rule.pick == Pick::MostProbable {
        return Err(usage(
            "--samples needs a bundle whose rule compares what codes draw (pick = least_error or best_dice)",
        ));
    }
    let emu3 = emu3_of(&bundle.manifest, args.emu3.as_deref(), &chosen.device)?;
    let vision = Vision::of(&model, emu3.as_ref())?;
    let evaluator = Evaluator {
        lm: &model.lm,
        tokenizer: &tokenizer,
        config: &bundle.manifest.architecture,
        device: &chosen.device,
        cached: CachedLm::new(&model.lm),
        picker: picker(rule, &vision)?,
        seed: SEED,
        workers: side_by_side_of(&vision, chosen.workers),
        vision,
        decoding: decoding(args),
        mirrored: args.mirror,
    };
    let channels = bundle.manifest.architecture.image.input_channels;
    let samples = match &bundle.manifest.info.emu3 {
        Some(_) => Samples::as_they_are(dataset),
        None => Samples::new(dataset, bundle.manifest.info.typical.clone(), channels),
    };
    let limit = args.limit.map_or(usize::MAX, |limit| limit.get());
    let cases = evaluator.run(&samples, limit, asking, display)?;
    let mut summary = Summary::from_cases(&cases, meta.clone());
    if let Some(run) = &args.baseline {
        let baseline = Baseline::open(&RunDir::open(run)?, &chosen.device, chosen.workers)?;
        let cases = baseline.run(&samples, limit, asking, display)?;
        summary.baseline = Some(Box::new(Summary::from_cases(&cases, meta)));
    }
    summary.left_out = left_out;
    if args.side_swap {
        summary.side_swap = Some(side_swap::measure(
            &evaluator,
            &samples,
            limit,
            args.wordings.0,
            display,
        )?);
    }
    if args.all_texts {
        summary.by_text = Some(evaluator.text_scores(&samples, limit, display)?);
    }
    if args.probe {
        let lungs = args.lungs.as_deref().map(|folder| {
            let DataSpec::Folder(data) = &args.data else {
                return Err(usage(
                    "--lungs goes with a data folder: phantoms have lungs of their own",
                ));
            };
            let mut held_out = Dataset::held_out_lungs(data, TRAIN_SPLIT, folder)?;
            held_out.thin(limit);
            let typical = bundle.manifest.info.typical.clone();
            Ok(Samples::new(held_out, typical, channels))
        });
        let lungs = lungs.transpose()?;
        summary.probe = Some(PromptProbe::measure(
            &evaluator,
            &samples,
            lungs.as_ref(),
            limit,
            display,
        )?);
    }
    if let Some(out) = &args.out {
        report::write(out, &summary, &cases, |index| {
            let case = evaluator.one(&samples, index, limit, asking)?;
            Ok(pictures::strip(
                &case.sample.image,
                &case.sample.mask,
                &case.mask,
                Some(&case.oracle),
            ))
        })?;
    }
    if args.json {
        println!("{}", serde_json::to_string(&summary)?);
        return Ok(());
    }
    println!("{}", describe(&summary));
    samples.warn_about_soft_masks(display);
    if args.text == TextMode::Given {
        let data = match &args.data {
            DataSpec::Phantoms => "phantoms".to_owned(),
            DataSpec::Folder(folder) => folder.display().to_string(),
        };
        println!(
            "next: does the sentence matter?  cargo run -p trainer -- eval --bundle {} --data {data} --split {} --text wrong-side{}",
            args.bundle.display(),
            args.split,
            emu3_argument(args.emu3.as_deref())
        );
    }
    Ok(())
}

fn decoding(args: &EvalArgs) -> Decoding {
    match (args.decode, args.samples) {
        _ if args.teacher_forced => Decoding::TeacherForced,
        (Some(decode), _) => Decoding::OneByOne(decode.into()),
        (None, Some(samples)) => Decoding::Mean(Chance {
            samples: samples.into(),
            temperature: args.temperature,
            cut: args.cut,
        }),
        (None, None) => Decoding::Together,
    }
}

/// The numbers for people.
pub(super) fn describe(summary: &Summary) -> String {
    let percent =
        |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{:.1} %", 100.0 * v));
    let dense = |of: &dyn Fn(&Summary) -> Option<f64>| match &summary.baseline {
        Some(baseline) => format!(" (dense {})", percent(of(baseline))),
        None => String::new(),
    };
    let mut text = format!(
        "{} cases ({} empty in truth and prediction)\n  Dice per image {}{}   pooled {}{}\n  IoU per image  {}   pooled {}\n  oracle Dice    {}  (the mask tokenizer alone)",
        summary.cases,
        summary.empty_cases,
        percent(summary.dice_per_image),
        dense(&|baseline| baseline.dice_per_image),
        percent(summary.dice_pooled),
        dense(&|baseline| baseline.dice_pooled),
        percent(summary.iou_per_image),
        percent(summary.iou_pooled),
        percent(summary.oracle_dice_per_image),
    );
    text += &format!(
        "\n  boundary Dice  {}{}   HD95 {} pixels\n  score nothing  {} of what is to be drawn (Dice below .02)",
        percent(summary.boundary_dice_per_image),
        dense(&|baseline| baseline.boundary_dice_per_image),
        (summary.hausdorff95_per_image).map_or("-".to_owned(), |pixels| format!("{pixels:.1}")),
        percent(summary.missed),
    );
    for (i, row) in summary.by_area.iter().enumerate() {
        text += &format!(
            "\n  area up to {:>7}: {} cases, Dice {}{}, left empty {}",
            percent(Some(row.up_to)),
            row.cases,
            percent(row.dice),
            dense(&|baseline| baseline.by_area.get(i)?.dice),
            percent(row.left_empty)
        );
    }
    if summary.empty_truth_cases > 0 {
        text += &format!(
            "\n  absent findings answered with an empty mask {}",
            percent(summary.empty_correct)
        );
    }
    if let Some(swap) = summary.side_swap {
        text += &format!(
            "\n  side word swapped: the mask moves to the other side in {} of {} pictures",
            swap.side_pairs_moved, swap.side_pairs
        );
        text += &format!(
            "; {} of what is marked lies on the other side",
            percent(swap.wrong_side_pixels)
        );
    }
    if let Some(by_text) = &summary.by_text {
        let cases = by_text.values().map(|score| score.cases).max().unwrap_or(0);
        let scores: Vec<String> = by_text
            .iter()
            .map(|(mode, score)| format!("{mode} {}", percent(score.dice_per_image)))
            .collect();
        text += &format!(
            "\n  Dice per image by sentence, {cases} cases: {}",
            scores.join(", ")
        );
    }
    if let Some(probe) = &summary.probe {
        text += &format!("\n\n{}", probe.table());
    }
    if let (Some(ms), Some(passes), Some(prefill), Some(decode)) = (
        summary.ms_per_image,
        summary.passes_per_mask,
        summary.prefill_ms_per_mask,
        summary.decode_ms_per_mask,
    ) {
        text += &format!(
            "\n  {ms:.0} ms per image; of these {prefill:.1} ms prefill and {:.1} ms for decoding in {passes:.1} passes",
            decode - prefill
        );
    }
    text
}
