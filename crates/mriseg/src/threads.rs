//! Work that rayon's threads share; in the browser there is one thread.

use std::ops::Range;

#[cfg(not(target_arch = "wasm32"))]
mod pool {
    use rayon::prelude::*;

    pub(crate) fn all() -> usize {
        rayon::current_num_threads()
    }

    pub(crate) fn at_hand() -> usize {
        match rayon::current_thread_index() {
            Some(_) => all().min(2),
            None => 1,
        }
    }

    pub(crate) fn both(first: impl FnOnce() + Send, second: impl FnOnce() + Send) {
        rayon::join(first, second);
    }

    pub(super) fn each_part<T: Send>(
        of_all: &mut [T],
        of_part: usize,
        run: impl Fn(usize, &mut [T]) + Sync,
    ) {
        let parts = of_all.par_chunks_mut(of_part).enumerate();
        parts.for_each(|(i, part)| run(i, part));
    }
}

#[cfg(target_arch = "wasm32")]
mod pool {
    pub(crate) fn all() -> usize {
        1
    }

    pub(crate) fn at_hand() -> usize {
        1
    }

    pub(crate) fn both(first: impl FnOnce(), second: impl FnOnce()) {
        first();
        second();
    }

    pub(super) fn each_part<T>(
        of_all: &mut [T],
        of_part: usize,
        run: impl Fn(usize, &mut [T]) + Sync,
    ) {
        let parts = of_all.chunks_mut(of_part).enumerate();
        parts.for_each(|(i, part)| run(i, part));
    }
}

/// Threads that share what is done in microseconds: where one of rayon's runs it, this and one that may be awake; another
/// would wait for them longer than that takes.
pub(crate) use pool::at_hand;
/// Runs the second function beside the first, or after it.
pub(crate) use pool::both;

/// `rows` times `width` numbers that `compute` gives for ranges of rows, all but the last of a multiple of `unit`; on
/// several threads where that is worth it. `work` is the number of products.
pub(crate) fn side_by_side(
    rows: usize,
    width: usize,
    unit: usize,
    work: usize,
    compute: impl Fn(Range<usize>, &mut [f32]) + Sync,
) -> Vec<f32> {
    /// Products that take much longer than waking a thread.
    const WORTH_A_THREAD: usize = 1 << 24;
    let threads = (work / WORTH_A_THREAD).clamp(1, pool::all());
    let of_part = rows.div_ceil(threads).next_multiple_of(unit);
    in_parts(rows, width, of_part, compute)
}

/// The same in parts of so many rows.
pub(crate) fn in_parts<T: Clone + Default + Send>(
    rows: usize,
    width: usize,
    of_part: usize,
    compute: impl Fn(Range<usize>, &mut [T]) + Sync,
) -> Vec<T> {
    let mut out = vec![T::default(); rows * width];
    if of_part >= rows {
        compute(0..rows, &mut out);
    } else {
        pool::each_part(&mut out, of_part * width, |part, out| {
            let first = part * of_part;
            compute(first..first + out.len() / width, out);
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_computed_once_each_and_keep_their_order() {
        let compute = |rows: Range<usize>, out: &mut [f32]| {
            for (row, out) in rows.zip(out.chunks_exact_mut(2)) {
                out.copy_from_slice(&[row as f32, 2.0 * row as f32]);
            }
        };
        let expected: Vec<f32> = (0..7)
            .flat_map(|row| [row as f32, 2.0 * row as f32])
            .collect();
        for of_part in 1..9 {
            assert_eq!(in_parts(7, 2, of_part, compute), expected);
        }
        assert_eq!(side_by_side(7, 2, 3, usize::MAX, compute), expected);
    }
}
