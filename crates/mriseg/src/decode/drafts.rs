//! Drafts: what is guessed to follow a token, for the next pass to read with it.

use super::{DraftedBy, code_tensor};
use crate::mask_lm::{CachedLm, Drafting};
use burn::tensor::{Int, Tensor};

/// Most drafts of marginal probabilities that a pass reads.
const MOST_DRAFTED: usize = 31;

/// Where drafts come from.
#[derive(Debug, Clone)]
pub(super) enum DraftSource {
    /// There are none.
    Nowhere,
    /// Look-ahead heads.
    Heads(Box<Drafting>),
    /// What every cell's marginal probabilities pick; empty before they are read.
    Marginals(Vec<Draft>),
}

/// A code that a cell may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draft {
    pub(super) code: u32,
    /// The marginal one.
    pub(super) probability: f32,
}

impl DraftSource {
    pub(super) fn name(&self) -> Option<DraftedBy> {
        match self {
            Self::Nowhere => None,
            Self::Heads(_) => Some(DraftedBy::Heads),
            Self::Marginals(_) => Some(DraftedBy::Marginals),
        }
    }

    /// So many drafts of a pass behind the `decoded` cells, where they are known off the device.
    pub(super) fn known(&self, decoded: usize, count: usize) -> Option<Vec<u32>> {
        match self {
            _ if count == 0 => Some(Vec::new()),
            Self::Marginals(drafts) => {
                let drafts = &drafts[decoded..][..count];
                Some(drafts.iter().map(|draft| draft.code).collect())
            }
            _ => None,
        }
    }

    /// The next inputs: `last`, which `hidden` predicted, and what is drafted to follow where so many cells
    /// are `decoded`; `in_run`, that the last guess of look-ahead heads goes on.
    ///
    /// # Shapes
    /// - hidden: `[1, d_model]`
    pub(super) fn inputs(
        &self,
        last: u32,
        hidden: Tensor<2>,
        decoded: usize,
        in_run: bool,
        lm: &CachedLm,
    ) -> Tensor<2, Int> {
        // The last token of a mask is read by no position.
        let room = lm.layout().mask() - decoded - 1;
        // Before anything is drafted: an upload submits whatever waits.
        let upload = |codes: &[u32]| code_tensor(codes, codes.len(), &hidden.device());
        match self {
            Self::Marginals(drafts) => {
                let drafts = likely(&drafts[decoded..][..room]);
                upload(&std::iter::once(last).chain(drafts).collect::<Vec<_>>())
            }
            Self::Heads(drafting) if room > 0 => {
                let last = upload(&[last]);
                let mut drafts = lm.draft(hidden, decoded - 1, drafting);
                let [_, heads] = drafts.dims();
                if in_run {
                    let end = drafts.clone().slice_dim(1, heads - 1..heads);
                    let more = lm.most_inputs() - 1 - heads;
                    drafts = Tensor::cat(vec![drafts, end.repeat_dim(1, more)], 1);
                }
                let [_, count] = drafts.dims();
                Tensor::cat(vec![last, drafts.slice_dim(1, 0..count.min(room))], 1)
            }
            _ => upload(&[last]),
        }
    }
}

/// Those of `drafts` that are worth a row of the next pass: the first, and those after it as long as all of them together
/// are not too improbable.
fn likely(drafts: &[Draft]) -> impl Iterator<Item = u32> {
    /// Measured on `cxr`: with less, rows are read in vain, with more, passes are.
    const WORTH: f32 = 0.01;
    let mut all = 1.0;
    let worth = move |draft: &(usize, &Draft)| {
        all *= draft.1.probability;
        draft.0 == 0 || all >= WORTH
    };
    let some = drafts.iter().take(MOST_DRAFTED).enumerate();
    some.take_while(worth).map(|(_, draft)| draft.code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_reads_as_many_drafts_as_are_likely_to_be_right() {
        let draft = |probability| Draft {
            code: 7,
            probability,
        };
        for (probability, count) in [(1.0, MOST_DRAFTED), (0.5, 6), (0.1, 2), (0.001, 1)] {
            assert_eq!(likely(&[draft(probability); 40]).count(), count);
        }
        assert_eq!(likely(&[]).count(), 0);
    }
}
