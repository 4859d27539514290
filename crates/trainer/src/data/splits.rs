//! The data that a configuration or an argument names.

use anyhow::Result;
use mriseg::bundle::SideConvention;
use mriseg::image::Typical;
use mriseg_data::{Dataset, IncompleteRows, MaskRule, PhantomConfig};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

use super::cache::CaseCache;
use super::mask_survey::survey_masks;
use crate::codes::CodedCases;
use crate::config::{DataSpec, Experiment, SplitRole};
use crate::system::Display;
use crate::system::say::note;

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
        let masks = &config.mask_value;
        let rows = IncompleteRows::left_out_if(config.skip_incomplete);
        let own = |split: &str, phantoms| open(&source, split, phantoms, sides, masks, rows);
        let mut train = own(&config.train_split, config.phantom_train)?;
        if config.train_cases > 0 {
            train.thin(config.train_cases);
        }
        if !config.lungs.is_empty() {
            train = train.with_lungs(Path::new(&config.lungs))?;
        }
        let mut valid = own(&config.valid_split, config.phantom_valid)?;
        let mut test = own(&config.test_split, config.phantom_test)?;
        for further in &config.sources {
            let folder = DataSpec::Folder(further.folder.clone());
            let split = |name: &str| open(&folder, name, 0, sides, &further.mask_value, rows);
            train = train.joined(split(&config.train_split)?);
            valid = valid.joined(split(&config.valid_split)?);
            test = test.joined(split(&config.test_split)?);
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

    /// See [`survey_masks`].
    pub(crate) fn survey_masks(&self, rule: &MaskRule, display: Display) -> Result<()> {
        survey_masks(&[&self.train, &self.valid, &self.test], rule, display)
    }

    /// What training pictures of `data.source` typically look like, from some of them; `None` when they are too different.
    /// Says so where they have colours that a model of so many `channels` does not read.
    ///
    /// # Errors
    /// A picture cannot be loaded.
    pub(crate) fn typical(&self, channels: usize, display: Display) -> Result<Option<Typical>> {
        const PICTURES: usize = 400;
        let parts = self.train.parts();
        let cases = parts.first().map_or(&[][..], Vec::as_slice);
        let some = cases.len().min(PICTURES);
        let chosen = (0..some).map(|i| cases[i * cases.len() / some]);
        let pictures = chosen
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|case| {
                let image = self.train.load(case)?.image;
                Ok((image.grey().clone(), image.colours().is_some()))
            })
            .collect::<Result<Vec<_>>>()?;
        let coloured = pictures.iter().filter(|(_, coloured)| *coloured).count();
        if channels == 1 && coloured * 2 > some {
            display.line(&format!(
                "note: {coloured} of {some} pictures are in colour, of which the model reads the brightness alone; for colours set both model.image.encoder = \"efficientnet_lite0\" and model.image.input_channels = 3, as configs/polyp-cpu.toml does"
            ));
        }
        Ok(Typical::learn(pictures.into_iter().map(|(grey, _)| grey)))
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

/// Opens one split, in whose mask files `masks` says what is marked; phantoms are generated, `phantoms` pictures of them,
/// and their left is that of the picture. Says how many rows are left out.
///
/// # Errors
/// The folder is no dataset, lacks the split, or files are missing and their rows are not left out.
pub(crate) fn open(
    spec: &DataSpec,
    split: &str,
    phantoms: usize,
    sides: SideConvention,
    masks: &MaskRule,
    rows: IncompleteRows,
) -> Result<Dataset> {
    let dataset = match spec {
        DataSpec::Phantoms => Dataset::phantoms(&PhantomConfig::default(), split, phantoms),
        DataSpec::Folder(folder) => Dataset::open_with(folder, split, rows)?
            .with_side_convention(sides)
            .with_mask_rule(masks),
    };
    say_what_is_left_out(&dataset);
    Ok(dataset)
}

/// Counts the rows that a table has and the cases do not, also where little is to be printed: numbers hold for the rest.
pub(crate) fn say_what_is_left_out(dataset: &Dataset) {
    let rows = &dataset.remarks().incomplete;
    if let Some(first) = rows.first() {
        note!(
            "warning: {} of the {} rows of {} are incomplete and left out (--skip-incomplete); the first is {first}",
            rows.len(),
            rows.len() + dataset.len(),
            dataset.split(),
        );
    }
}
