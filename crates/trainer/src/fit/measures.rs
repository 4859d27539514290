//! The losses of a pass, added up, and read back once a step.

use burn::tensor::{Device, Tensor, Transaction};
use std::collections::BTreeMap;

/// Mean of every loss that is on, by name.
pub(crate) type Terms = BTreeMap<&'static str, f64>;

/// Name of the base objective.
pub(crate) const NEXT_TOKEN: &str = "loss";

/// What a pass gives beside its gradient, on the device: reading it back there and then would make a GPU wait.
pub(crate) struct Measured {
    /// Losses, times the pass's share of the batch, each `[1]`.
    terms: BTreeMap<&'static str, Tensor<1>>,
    /// `-log p(target)` of every token: `[cases, mask]`.
    losses: Tensor<2>,
}

impl Measured {
    /// The same on another device.
    pub(super) fn moved_to(self, device: &Device) -> Self {
        let terms = self.terms.into_iter();
        Self {
            terms: terms
                .map(|(name, value)| (name, value.to_device(device)))
                .collect(),
            losses: self.losses.to_device(device),
        }
    }
}

/// What the passes of a step gave together.
pub(crate) struct StepMeasures {
    pub(crate) terms: Terms,
    /// `1 - p(target)` of every token, case after case.
    pub(crate) errors: Vec<f32>,
    /// Norm of the gradient before clipping; zero where there is none.
    pub(crate) norm: f64,
}

impl StepMeasures {
    /// Reads everything back in one go.
    ///
    /// # Shapes
    /// - norm: `[1]`
    pub(crate) fn read(parts: Vec<Measured>, norm: Option<Tensor<1>>) -> Self {
        let (mut names, mut values, mut losses) = (Vec::new(), Vec::new(), Vec::new());
        for part in parts {
            losses.push(part.losses);
            for (name, value) in part.terms {
                names.push(name);
                values.push(value);
            }
        }
        values.extend(norm);
        let read = Transaction::default()
            .register(Tensor::cat(losses, 0))
            .register(Tensor::cat(values, 0))
            .execute();
        let [losses, values] = read.as_slice() else {
            unreachable!("a transaction gives what was registered with it");
        };
        let mut values = values.iter::<f32>().map(f64::from);
        let mut terms = Terms::new();
        for (name, value) in names.into_iter().zip(values.by_ref()) {
            *terms.entry(name).or_default() += value;
        }
        Self {
            terms,
            errors: losses
                .iter::<f32>()
                .map(|loss| 1.0 - (-loss).exp())
                .collect(),
            norm: values.next().unwrap_or_default(),
        }
    }
}

/// Losses being added up.
pub(super) struct Sum {
    loss: Tensor<1>,
    terms: BTreeMap<&'static str, Tensor<1>>,
    share: f64,
}

impl Sum {
    pub(super) fn new(next_token: Tensor<1>, share: f64) -> Self {
        let mut sum = Self {
            loss: next_token.clone(),
            terms: BTreeMap::new(),
            share,
        };
        sum.note(NEXT_TOKEN, next_token);
        sum
    }

    /// Does not compute a loss that has no weight.
    pub(super) fn add(
        &mut self,
        name: &'static str,
        weight: f64,
        loss: impl FnOnce() -> Tensor<1>,
    ) {
        if weight > 0.0 {
            let loss = loss();
            self.note(name, loss.clone());
            self.loss = self.loss.clone() + loss.mul_scalar(weight);
        }
    }

    /// The sum, and what was added.
    ///
    /// # Shapes
    /// - losses: `[cases, mask]`
    pub(super) fn finish(self, losses: Tensor<2>) -> (Tensor<1>, Measured) {
        let measured = Measured {
            terms: self.terms,
            losses: losses.without_autodiff(),
        };
        (self.loss, measured)
    }

    fn note(&mut self, name: &'static str, loss: Tensor<1>) {
        let value = loss.without_autodiff().mul_scalar(self.share);
        self.terms.insert(name, value);
    }
}
