//! Work that rayon's threads share. No thread is started here; in the browser there is one.

use std::ops::Range;

#[cfg(not(target_arch = "wasm32"))]
mod pool {
    use rayon::prelude::*;

    pub(crate) fn all() -> usize {
        rayon::current_num_threads()
    }

    pub(crate) fn awake() -> usize {
        match rayon::current_thread_index() {
            Some(_) => all().min(2),
            None => 1,
        }
    }

    pub(crate) fn both(first: impl FnOnce() + Send, second: impl FnOnce() + Send) {
        rayon::join(first, second);
    }

    pub(super) fn each_part<T: Send>(
        all: &mut [T],
        part: usize,
        run: impl Fn(usize, &mut [T]) + Sync,
    ) {
        let parts = all.par_chunks_mut(part).enumerate();
        parts.for_each(|(i, part)| run(i, part));
    }
}

#[cfg(target_arch = "wasm32")]
mod pool {
    pub(crate) fn all() -> usize {
        1
    }

    pub(crate) fn awake() -> usize {
        1
    }

    pub(crate) fn both(first: impl FnOnce(), second: impl FnOnce()) {
        first();
        second();
    }

    pub(super) fn each_part<T>(all: &mut [T], part: usize, run: impl Fn(usize, &mut [T]) + Sync) {
        let parts = all.chunks_mut(part).enumerate();
        parts.for_each(|(i, part)| run(i, part));
    }
}

/// How many threads may share work of a few microseconds: 2 on a rayon worker (the other may be awake), else 1, since
/// waking a thread costs more than the work.
pub(crate) use pool::awake;
/// Runs the second function beside the first, or after it.
pub(crate) use pool::both;

/// What `compute` makes of each number below `count`, side by side.
pub(crate) fn each<T: Clone + Default + Send>(
    count: usize,
    compute: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let mut out = vec![T::default(); count];
    pool::each_part(&mut out, 1, |i, out| out[0] = compute(i));
    out
}

/// `rows` times `width` numbers that `compute` gives for ranges of rows, all but the last of a multiple of `unit`; on
/// several threads where that is worth it. `work` is the number of products.
pub(crate) fn split_work(
    rows: usize,
    width: usize,
    unit: usize,
    work: usize,
    compute: impl Fn(Range<usize>, &mut [f32]) + Sync,
) -> Vec<f32> {
    /// Products that take longer than waking a thread, if it has not slept for long.
    const WORTH_A_THREAD: usize = 1 << 22;
    let threads = (work / WORTH_A_THREAD).clamp(1, pool::all());
    let part_rows = rows.div_ceil(threads).next_multiple_of(unit);
    split_rows(rows, width, part_rows, compute)
}

/// [`split_work`] in parts of `part_rows` rows.
pub(crate) fn split_rows<T: Clone + Default + Send>(
    rows: usize,
    width: usize,
    part_rows: usize,
    compute: impl Fn(Range<usize>, &mut [T]) + Sync,
) -> Vec<T> {
    let mut out = vec![T::default(); rows * width];
    if part_rows >= rows {
        compute(0..rows, &mut out);
    } else {
        pool::each_part(&mut out, part_rows * width, |part, out| {
            let first = part * part_rows;
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
        for part_rows in 1..9 {
            assert_eq!(split_rows(7, 2, part_rows, compute), expected);
        }
        assert_eq!(split_work(7, 2, 3, usize::MAX, compute), expected);
        assert_eq!(
            each(7, |row| row as f32),
            [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
        );
    }
}
