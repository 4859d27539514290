//! The cases of an evaluation by many processes: each writes the numbers of its share, and one makes the report of all.

use anyhow::Result;
use mriseg::decode::DecisionRule;
use mriseg_data::shards::{Settings, Share, ShareFile, ShareRecord};
use std::path::{Path, PathBuf};

use crate::eval::{CaseResult, Evaluator};
use crate::report::{Meta, cases_csv, read_cases};
use crate::system::exit::data;
use crate::system::say::say;
use crate::system::{write_atomic, write_dir_atomic};

const TABLE: &str = "cases.csv";

/// What the shares of an evaluation have in common: all that the numbers of a case depend on, and how many cases there are.
pub(super) fn settings(
    meta: &Meta,
    evaluator: &Evaluator<'_>,
    rule: DecisionRule,
    cases: usize,
) -> Settings {
    let settings = [
        ("--bundle, of SHA-256", meta.model_hash.clone()),
        ("--data", meta.data.clone()),
        ("data of fingerprint", meta.data_fingerprint.clone()),
        ("--split", meta.split.clone()),
        ("--text", meta.text_mode.clone()),
        ("--wordings", meta.wordings.clone()),
        ("--pictures", meta.pictures.clone()),
        ("--mirror", evaluator.mirrored.to_string()),
        ("decoding", format!("{:?}", evaluator.mode)),
        ("rule", format!("{rule:?}")),
        ("number of cases", cases.to_string()),
        ("seed", meta.seed.to_string()),
    ];
    settings
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}

/// Writes the numbers of a share to the new folder `out`.
///
/// # Errors
/// A file cannot be written.
pub(super) fn write(
    out: &Path,
    shard: Share,
    settings: Settings,
    cases: &[CaseResult],
) -> Result<()> {
    let table = cases_csv(cases)?;
    let record = ShareRecord {
        shard,
        settings,
        files: vec![ShareFile {
            file: TABLE.to_owned(),
            cases: cases.len(),
            bytes: table.len() as u64,
        }],
    };
    write_dir_atomic(out, |folder| {
        write_atomic(&folder.join(TABLE), &table)?;
        write_atomic(&folder.join(ShareRecord::FILE), &record.to_json())
    })?;
    say!("{}: shard {shard}, {} cases", out.display(), cases.len());
    say!("next: the same command with --merge and the folders of all shards in place of --shard");
    Ok(())
}

/// The numbers of all cases, in their order, from the folders of all shares.
///
/// # Errors
/// A folder cannot be read, a share is missing or there twice, or one was made with other settings than `ours`.
pub(super) fn merge(folders: &[PathBuf], ours: &Settings) -> Result<Vec<CaseResult>> {
    let in_data = |error: mriseg_data::DataError| data(error.to_string());
    let mut cases = Vec::new();
    for (folder, record) in ShareRecord::read_all(folders).map_err(in_data)? {
        let this = "this command";
        (record.refuse_others(&folder, ours, &this)).map_err(in_data)?;
        let path = folder.join(TABLE);
        let of_share = read_cases(&path)?;
        let expected: usize = record.files.iter().map(|file| file.cases).sum();
        if of_share.len() != expected {
            return Err(data(format!(
                "`{}`: has {} cases, and `{}` says {expected}; make this shard again",
                path.display(),
                of_share.len(),
                ShareRecord::FILE
            )));
        }
        cases.extend(of_share);
    }
    Ok(cases)
}
