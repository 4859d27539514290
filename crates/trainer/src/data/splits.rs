//! The data that a configuration or an argument names.

use anyhow::Result;
use mriseg::bundle::SideConvention;
use mriseg::image::Typical;
use mriseg::text::TextTokenizer;
use mriseg_data::{Dataset, IncompleteRows, PhantomConfig};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

use super::cache::CaseCache;
use crate::codes::CodedCases;
use crate::config::{DataSpec, Experiment, SplitRole};
use crate::system::Display;
use crate::system::exit::data;

/// The cases of an experiment.
#[derive(Debug)]
pub(crate) struct Splits {
    pub(crate) train: Dataset,
    pub(crate) valid: Dataset,
    pub(crate) test: Dataset,
}

impl Splits {
    /// Opens the three splits; says which rows are left out.
    pub(crate) fn open(experiment: &Experiment) -> Result<Self> {
        let (source, config) = (experiment.source(), &experiment.data);
        let sides = config.side_convention;
        let rows = IncompleteRows::left_out_if(config.skip_incomplete);
        let open = |source: &DataSpec, split: &str, phantoms: usize| {
            open(source, split, phantoms, sides, rows)
        };
        let further_split =
            |folder: &Path, split: &str| open(&DataSpec::Folder(folder.into()), split, 0);
        let mut train = open(&source, &config.train_split, config.phantom_train)?;
        if config.train_cases > 0 {
            train.thin(config.train_cases);
        }
        if !config.lungs.is_empty() {
            train = train.with_lungs(Path::new(&config.lungs))?;
        }
        let mut valid = open(&source, &config.valid_split, config.phantom_valid)?;
        let mut test = open(&source, &config.test_split, config.phantom_test)?;
        for further in &config.sources {
            let folder = &further.folder;
            train = train.joined(further_split(folder, &config.train_split)?);
            valid = valid.joined(further_split(folder, &config.valid_split)?);
            test = test.joined(further_split(folder, &config.test_split)?);
        }
        // The first cases would be of the first data set alone.
        if !config.sources.is_empty() && config.test_cases > 0 {
            test.thin(config.test_cases);
        }
        // Codes are made before of the first cases.
        if !experiment.on_stored_codes() {
            valid.thin(config.valid_cases);
        }
        Ok(Self { train, valid, test })
    }

    /// Leaves out the cases whose sentence does not fit, in every split.
    pub(crate) fn leave_out_long(
        &mut self,
        tokenizer: &TextTokenizer,
        tokens: usize,
        display: Display,
    ) -> Result<()> {
        for dataset in [&mut self.train, &mut self.valid, &mut self.test] {
            leave_out_long(dataset, tokenizer, tokens, display)?;
        }
        Ok(())
    }

    /// What training pictures of `data.source` typically look like, from some of them; `None` when they are too different.
    ///
    /// # Errors
    /// A picture cannot be loaded.
    pub(crate) fn typical(&self) -> Result<Option<Typical>> {
        const PICTURES: usize = 400;
        let parts = self.train.parts();
        let cases = parts.first().map_or(&[][..], Vec::as_slice);
        let some = cases.len().min(PICTURES);
        let chosen = (0..some).map(|i| cases[i * cases.len() / some]);
        let pictures = chosen
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|case| Ok(self.train.load(case)?.image.grey().clone()))
            .collect::<Result<Vec<_>>>()?;
        Ok(Typical::learn(pictures.into_iter()))
    }

    /// Training, validation and test cases as pictures of 1 or 3 channels.
    pub(crate) fn into_pictures(
        self,
        typical: Option<&Typical>,
        channels: usize,
    ) -> [CaseCache; 3] {
        [self.train, self.valid, self.test]
            .map(|dataset| CaseCache::new(dataset, typical.cloned(), channels))
    }

    /// The same with codes that were made before.
    pub(crate) fn with_codes(
        self,
        codes: impl Fn(SplitRole, &Dataset) -> Result<CodedCases>,
    ) -> Result<[CaseCache; 3]> {
        let with = |role, dataset| {
            let codes = codes(role, &dataset)?;
            anyhow::Ok(CaseCache::with_codes(dataset, codes))
        };
        Ok([
            with(SplitRole::Train, self.train)?,
            with(SplitRole::Valid, self.valid)?,
            with(SplitRole::Test, self.test)?,
        ])
    }

    /// Fingerprint of every split.
    pub(crate) fn fingerprints(&self) -> BTreeMap<SplitRole, String> {
        let of = |role| (role, self.of(role).fingerprint());
        SplitRole::ALL.map(of).into()
    }

    /// The cases of one.
    pub(crate) fn of(&self, role: SplitRole) -> &Dataset {
        match role {
            SplitRole::Train => &self.train,
            SplitRole::Valid => &self.valid,
            SplitRole::Test => &self.test,
        }
    }
}

/// Leaves out the cases whose sentence does not fit a model that reads `tokens` tokens; says so. Gives their number.
///
/// # Errors
/// No case is left.
pub(crate) fn leave_out_long(
    dataset: &mut Dataset,
    tokenizer: &TextTokenizer,
    tokens: usize,
    display: Display,
) -> Result<usize> {
    let left_out = dataset.leave_out(|text| tokenizer.fits(text, tokens));
    if let Some((id, text)) = left_out.first() {
        let said = format!(
            "{} of the {} sentences of {} are longer than the {tokens} tokens (about {} ordinary words) that the model reads, or empty",
            left_out.len(),
            dataset.len() + left_out.len(),
            dataset.split(),
            tokens / 2,
        );
        let first = format!(
            "the first is that of `{id}`, {} words: shorten them, or raise model.lm.text_tokens",
            text.split_whitespace().count()
        );
        if dataset.is_empty() {
            return Err(data(format!("{said}; {first}")));
        }
        display.line(&format!("warning: {said}, and are left out; {first}"));
    }
    Ok(left_out.len())
}

/// Opens one split; phantoms are generated, `phantoms` pictures of them, and their left is that of the picture. Says
/// how many rows are left out.
///
/// # Errors
/// The folder is no dataset, lacks the split, or files are missing and their rows are not left out.
pub(crate) fn open(
    spec: &DataSpec,
    split: &str,
    phantoms: usize,
    sides: SideConvention,
    rows: IncompleteRows,
) -> Result<Dataset> {
    let dataset = match spec {
        DataSpec::Phantoms => Dataset::phantoms(&PhantomConfig::default(), split, phantoms),
        DataSpec::Folder(folder) => {
            Dataset::open_with(folder, split, rows)?.with_side_convention(sides)
        }
    };
    say_what_is_left_out(&dataset);
    Ok(dataset)
}

/// Counts the rows that a table has and the cases do not, also where little is to be printed: numbers hold for the rest.
pub(crate) fn say_what_is_left_out(dataset: &Dataset) {
    let rows = &dataset.remarks().incomplete;
    if let Some(first) = rows.first() {
        eprintln!(
            "warning: {} of the {} rows of {} are incomplete and left out (--skip-incomplete); the first is {first}",
            rows.len(),
            rows.len() + dataset.len(),
            dataset.split(),
        );
    }
}
