//! The data that a configuration or an argument names.

use anyhow::Result;
use mriseg_data::{Dataset, PhantomConfig};
use serde::{Deserialize, Serialize};

use crate::cli::DataSpec;
use crate::codes::CodedCases;
use crate::config::Experiment;
use crate::fit::Samples;

/// What the cases of a split are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// To train on.
    Train,
    /// To choose the best checkpoint by.
    Valid,
    /// For the final evaluation.
    Test,
}

/// The cases of an experiment.
#[derive(Debug)]
pub(crate) struct Splits {
    pub(crate) train: Dataset,
    pub(crate) valid: Dataset,
    pub(crate) test: Dataset,
}

impl Role {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Train, Self::Valid, Self::Test];

    /// As files and messages have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
        }
    }
}

impl Splits {
    /// Opens the three splits.
    ///
    /// # Errors
    /// As [`open`].
    pub(crate) fn open(experiment: &Experiment) -> Result<Self> {
        let (source, config) = (experiment.source(), &experiment.data);
        let mut train = open(&source, &config.train_split, config.phantom_train)?;
        if config.train_cases > 0 {
            train.thin(config.train_cases);
        }
        Ok(Self {
            train,
            valid: open(&source, &config.valid_split, config.phantom_valid)?,
            test: open(&source, &config.test_split, config.phantom_test)?,
        })
    }

    /// With the codes that `codes` gives: training, validation and test cases.
    ///
    /// # Errors
    /// As `codes`.
    pub(crate) fn with_codes(
        self,
        codes: impl Fn(Role, &Dataset) -> Result<Option<CodedCases>>,
    ) -> Result<[Samples; 3]> {
        let with = |role, dataset: Dataset| -> Result<Samples> {
            let codes = codes(role, &dataset)?;
            Ok(Samples::with_codes(dataset, codes))
        };
        Ok([
            with(Role::Train, self.train)?,
            with(Role::Valid, self.valid)?,
            with(Role::Test, self.test)?,
        ])
    }

    /// The cases of one.
    pub(crate) fn of(&self, role: Role) -> &Dataset {
        match role {
            Role::Train => &self.train,
            Role::Valid => &self.valid,
            Role::Test => &self.test,
        }
    }
}

/// Opens one split; phantoms are generated, `phantoms` pictures of them.
///
/// # Errors
/// The folder is no dataset, lacks the split, or files are missing.
pub(crate) fn open(spec: &DataSpec, split: &str, phantoms: usize) -> Result<Dataset> {
    Ok(match spec {
        DataSpec::Phantoms => Dataset::phantoms(&PhantomConfig::default(), split, phantoms),
        DataSpec::Folder(folder) => Dataset::open(folder, split)?,
    })
}
