//! Products of rows with a matrix whose columns lie in panels: a panel is a block of columns, row by row.

use super::vector::mul_add;
use std::ops::Range;
use wide::f32x8;

/// Floats of a vector; in the browser, where vectors have four, it is two of them.
pub(crate) const LANES: usize = 8;
/// Columns of a panel.
pub(crate) const PANEL: usize = 32;
/// Vectors of a panel.
const ALL: usize = PANEL / LANES;
/// Rows for which a product is a matter of reading the matrix.
const FEW_ROWS: usize = 4;
/// Rows that are multiplied side by side.
pub(crate) const MOST_ROWS: usize = if cfg!(target_arch = "wasm32") { 4 } else { 6 };

/// Vectors of a panel at a time: a row or two have sums enough to keep the processor busy only with the whole panel, more
/// have sums for half of it in the registers. In the browser, where a vector is two and the compiler does not reorder
/// what it reads, eight sums stay in registers: with more, a product takes twice the time.
const fn vectors_at_once(rows: usize) -> usize {
    match (cfg!(target_arch = "wasm32"), rows) {
        (true, 3..) => 1,
        (true, 2) | (false, 3..) => ALL / 2,
        _ => ALL,
    }
}

/// Runs `$body` with a constant for a number of rows from 1 to [`MOST_ROWS`].
macro_rules! with_rows {
    ($rows:expr, $constant:ident => $body:expr) => {
        match $rows {
            1 => {
                const $constant: usize = 1;
                $body
            }
            2 => {
                const $constant: usize = 2;
                $body
            }
            3 => {
                const $constant: usize = 3;
                $body
            }
            4 => {
                const $constant: usize = 4;
                $body
            }
            5 => {
                const $constant: usize = 5;
                $body
            }
            _ => {
                const $constant: usize = 6;
                $body
            }
        }
    };
}
pub(crate) use with_rows;

/// A matrix in panels; zeros fill the last one.
#[derive(Debug, Clone)]
pub(crate) struct PackedMatrix {
    floats: Vec<f32>,
    depth: usize,
    columns: usize,
}

impl PackedMatrix {
    /// # Shapes
    /// - matrix: `[depth, columns]`
    pub(crate) fn new(matrix: &[f32], depth: usize, columns: usize) -> Self {
        assert_eq!(matrix.len(), depth * columns);
        let mut floats = vec![0.0; columns.div_ceil(PANEL) * PANEL * depth];
        for (panel, first) in floats
            .chunks_exact_mut(depth * PANEL)
            .zip((0..).step_by(PANEL))
        {
            let range = first..columns.min(first + PANEL);
            for (to, from) in panel
                .chunks_exact_mut(PANEL)
                .zip(matrix.chunks_exact(columns))
            {
                to[..range.len()].copy_from_slice(&from[range.clone()]);
            }
        }
        Self {
            floats,
            depth,
            columns,
        }
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Hands products of rows with the matrix to `take`, panel by panel: the row, the columns, and their values, of
    /// which the last panel has too many.
    ///
    /// # Shapes
    /// - rows: `[_, depth]`
    #[inline(always)]
    pub(crate) fn for_each_panel(
        &self,
        rows: &[f32],
        mut take: impl FnMut(usize, Range<usize>, &[f32; PANEL]),
    ) {
        let depth = self.depth;
        let count = rows.len() / depth;
        // A few rows go through a whole panel in pairs, so that it comes from memory in one piece.
        let most = if count <= FEW_ROWS { 2 } else { MOST_ROWS };
        for (panel, first) in self
            .floats
            .chunks_exact(depth * PANEL)
            .zip((0..self.columns).step_by(PANEL))
        {
            let (panel, _) = panel.as_chunks::<PANEL>();
            let columns = first..self.columns.min(first + PANEL);
            let mut row = 0;
            while row < count {
                let of_block = (count - row).min(most);
                let left = Lines {
                    floats: &rows[row * depth..],
                    step: depth,
                };
                with_rows!(of_block, ROWS => {
                    let values = finish(add_panel(Sums::<ROWS>::default(), left, panel));
                    for (i, values) in values.iter().enumerate() {
                        take(row + i, columns.clone(), values);
                    }
                });
                row += of_block;
            }
        }
    }

    /// Products of rows with the matrix, `[rows, columns]`.
    pub(crate) fn multiply(&self, rows: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; rows.len() / self.depth * self.columns];
        self.for_each_panel(rows, |row, columns, values| {
            store(values, &mut out[row * self.columns..][columns]);
        });
        out
    }
}

/// Puts the values of a panel, or the first of its last one, in their places.
#[inline(always)]
pub(crate) fn store(values: &[f32; PANEL], places: &mut [f32]) {
    match places.as_mut_array() {
        Some(all) => *all = *values,
        None => places.copy_from_slice(&values[..places.len()]),
    }
}

/// Rows that begin `step` floats after each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines<'a> {
    pub(crate) floats: &'a [f32],
    pub(crate) step: usize,
}

/// Sums of products of some rows with a panel.
#[derive(Clone, Copy)]
pub(crate) struct Sums<const ROWS: usize>([[f32x8; ALL]; ROWS]);

impl<const ROWS: usize> Default for Sums<ROWS> {
    #[inline(always)]
    fn default() -> Self {
        Self([[f32x8::ZERO; ALL]; ROWS])
    }
}

/// Adds the products of `lines` with a panel, as many numbers of each as the panel has rows.
#[inline(always)]
pub(crate) fn add_panel<const ROWS: usize>(
    Sums(mut sums): Sums<ROWS>,
    lines: Lines<'_>,
    panel: &[[f32; PANEL]],
) -> Sums<ROWS> {
    let mut rows: [&[f32]; ROWS] = [&[]; ROWS];
    for (i, row) in rows.iter_mut().enumerate() {
        *row = &lines.floats[i * lines.step..][..panel.len()];
    }
    for first in (0..ALL).step_by(vectors_at_once(ROWS)) {
        sums = match const { vectors_at_once(ROWS) } {
            1 => add_vectors::<ROWS, 1>(sums, rows, panel, first),
            2 => add_vectors::<ROWS, 2>(sums, rows, panel, first),
            _ => add_vectors::<ROWS, ALL>(sums, rows, panel, first),
        };
    }
    Sums(sums)
}

/// The same for some vectors of the panel.
#[inline(always)]
fn add_vectors<const ROWS: usize, const VECTORS: usize>(
    mut all: [[f32x8; ALL]; ROWS],
    rows: [&[f32]; ROWS],
    panel: &[[f32; PANEL]],
    first: usize,
) -> [[f32x8; ALL]; ROWS] {
    let mut sums = [[f32x8::ZERO; VECTORS]; ROWS];
    for row in 0..ROWS {
        for i in 0..VECTORS {
            sums[row][i] = all[row][first + i];
        }
    }
    for (k, weights) in panel.iter().enumerate() {
        let (weights, _) = weights.as_chunks::<LANES>();
        let mut vectors = [f32x8::ZERO; VECTORS];
        for i in 0..VECTORS {
            vectors[i] = f32x8::new(weights[first + i]);
        }
        for row in 0..ROWS {
            let factor = f32x8::splat(rows[row][k]);
            for i in 0..VECTORS {
                sums[row][i] = mul_add(vectors[i], factor, sums[row][i]);
            }
        }
    }
    for row in 0..ROWS {
        for i in 0..VECTORS {
            all[row][first + i] = sums[row][i];
        }
    }
    all
}

/// The sums as numbers.
#[inline(always)]
pub(crate) fn finish<const ROWS: usize>(Sums(sums): Sums<ROWS>) -> [[f32; PANEL]; ROWS] {
    let mut rows = [[0.0; PANEL]; ROWS];
    for row in 0..ROWS {
        let (floats, _) = rows[row].as_chunks_mut::<LANES>();
        for i in 0..ALL {
            floats[i] = sums[row][i].to_array();
        }
    }
    rows
}
