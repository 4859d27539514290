//! Distributions along a mask that is given: of every token, given those before it.

use super::{Picker, Prefill, code_tensor};
use crate::mask_lm::CachedLm;
use burn::tensor::{ExecutionError, Tensor, Transaction};

/// Probabilities of the codes of every cell that `tokens` fill, given the tokens before it, and of the cell after them if
/// one is left, as the picker's rule picks by them: `rows * codes` numbers, row by row.
///
/// # Errors
/// The device fails.
///
/// # Panics
/// There are more tokens than cells.
pub async fn force_tokens(
    lm: &CachedLm,
    picker: &Picker,
    prefill: Prefill,
    tokens: &[u32],
) -> Result<Vec<f32>, ExecutionError> {
    let layout = lm.layout();
    let cells = layout.mask();
    assert!(tokens.len() <= cells, "a token a cell at most");
    let Prefill {
        mut state,
        marginals,
    } = prefill;
    let read = &tokens[..tokens.len().min(cells - 1)];
    let mut inputs = lm.begin();
    if !read.is_empty() {
        let ids = code_tensor(read, read.len(), &inputs.device());
        inputs = Tensor::cat(vec![inputs, ids], 1);
    }
    let logits = lm.read(inputs, &mut state).into_iter();
    let logits = Tensor::cat(logits.map(|predicted| predicted.logits).collect(), 0);
    let mut reading = Transaction::default().register(logits);
    if let Some(marginals) = marginals {
        reading = reading.register(marginals);
    }
    let mut all = (reading.execute_async().await?.into_iter())
        .map(|data| data.iter::<f32>().collect::<Vec<f32>>());
    let mut rows = all
        .next()
        .expect("a transaction returns what was registered");
    let marginals = all.next();
    for (index, row) in rows.chunks_exact_mut(layout.codes).enumerate() {
        let of_cell =
            (marginals.as_deref()).map(|all| &all[index * layout.codes..][..layout.codes]);
        picker.probabilities(row, of_cell);
    }
    Ok(rows)
}
