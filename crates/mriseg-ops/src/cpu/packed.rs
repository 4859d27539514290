//! Products of rows with a matrix whose columns lie in panels: a panel is a block of columns, row by row. Weights that
//! are numbers of 16 bits, as those of a bundle are, stay such where the processor turns them into 32 as it reads them:
//! products of few rows take as long as reading the matrix.

use super::vector::{Element, LANES, in_half_the_bits, mul_add};
use half::f16;
use std::ops::Range;
use wide::f32x8;

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
    panels: Panels,
    depth: usize,
    columns: usize,
}

/// Of `depth` rows each.
#[derive(Debug, Clone)]
enum Panels {
    Single(Vec<[f32; PANEL]>),
    /// Without loss.
    Half(Vec<[f16; PANEL]>),
}

impl PackedMatrix {
    /// # Shapes
    /// - matrix: `[depth, columns]`
    pub(crate) fn new(matrix: &[f32], depth: usize, columns: usize) -> Self {
        assert_eq!(matrix.len(), depth * columns);
        let panels = match in_half_the_bits(matrix) {
            Some(halves) => Panels::Half(in_panels(&halves, columns)),
            None => Panels::Single(in_panels(matrix, columns)),
        };
        Self {
            panels,
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
        take: impl FnMut(usize, Range<usize>, &[f32; PANEL]),
    ) {
        match &self.panels {
            Panels::Half(panels) if rows.len() == self.depth => self.of_row(panels, rows, take),
            Panels::Half(panels) => self.of_rows(panels, rows, take),
            Panels::Single(panels) => self.of_rows(panels, rows, take),
        }
    }

    /// Two panels at a time: the sums of one would wait for each other.
    #[inline(always)]
    fn of_row<E: Element>(
        &self,
        panels: &[[E; PANEL]],
        row: &[f32],
        mut take: impl FnMut(usize, Range<usize>, &[f32; PANEL]),
    ) {
        for (panels, first) in panels
            .chunks(2 * self.depth)
            .zip((0..self.columns).step_by(2 * PANEL))
        {
            let (one, other) = panels.split_at(self.depth);
            let mut sums = [[f32x8::ZERO; ALL]; 2];
            if other.is_empty() {
                for (factor, line) in row.iter().zip(one) {
                    add_line(&mut sums[0], *factor, line);
                }
            } else {
                for ((factor, one), other) in row.iter().zip(one).zip(other) {
                    add_line(&mut sums[0], *factor, one);
                    add_line(&mut sums[1], *factor, other);
                }
            }
            let ends = [first, first + PANEL, first + 2 * PANEL].map(|end| end.min(self.columns));
            for (i, values) in finish(Sums(sums)).iter().enumerate() {
                if ends[i] < ends[i + 1] {
                    take(0, ends[i]..ends[i + 1], values);
                }
            }
        }
    }

    #[inline(always)]
    fn of_rows<E: Element>(
        &self,
        panels: &[[E; PANEL]],
        rows: &[f32],
        mut take: impl FnMut(usize, Range<usize>, &[f32; PANEL]),
    ) {
        let depth = self.depth;
        let count = rows.len() / depth;
        // A few rows go through a whole panel in pairs, so that it comes from memory in one piece.
        let most = if count <= FEW_ROWS { 2 } else { MOST_ROWS };
        for (panel, first) in panels
            .chunks_exact(depth)
            .zip((0..self.columns).step_by(PANEL))
        {
            let columns = first..self.columns.min(first + PANEL);
            let mut row = 0;
            while row < count {
                let of_block = (count - row).min(most);
                let left = Lines {
                    floats: &rows[row * depth..],
                    step: depth,
                };
                with_rows!(of_block, ROWS => {
                    let sums = Sums::<ROWS>::default();
                    // Two calls of `finish`: with one, the sums would leave the registers.
                    let values = if columns.len() <= PANEL / 2 {
                        finish(add_columns::<ROWS, { ALL / 2 }, E>(sums, left, panel))
                    } else {
                        finish(add_panel(sums, left, panel))
                    };
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

/// Columns of a matrix in panels; zeros fill the last one.
fn in_panels<E: Element>(matrix: &[E], columns: usize) -> Vec<[E; PANEL]> {
    let mut panels = Vec::with_capacity(matrix.len().div_ceil(PANEL));
    for first in (0..columns).step_by(PANEL) {
        let range = first..columns.min(first + PANEL);
        panels.extend(matrix.chunks_exact(columns).map(|row| {
            let mut line = [E::default(); PANEL];
            line[..range.len()].copy_from_slice(&row[range.clone()]);
            line
        }));
    }
    panels
}

/// Puts the values of a panel, or the first of its last one, in their places.
#[inline(always)]
pub(crate) fn store(values: &[f32; PANEL], places: &mut [f32]) {
    match places.as_mut_array() {
        Some(all) => *all = *values,
        // A call to copy a few numbers would take longer than the copy.
        None => {
            let ((values, last), (places, rest)) = (
                values[..places.len()].as_chunks::<LANES>(),
                places.as_chunks_mut::<LANES>(),
            );
            for (place, value) in places.iter_mut().zip(values) {
                *place = *value;
            }
            for (place, value) in rest.iter_mut().zip(last) {
                *place = *value;
            }
        }
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
pub(crate) fn add_panel<const ROWS: usize, E: Element>(
    sums: Sums<ROWS>,
    lines: Lines<'_>,
    panel: &[[E; PANEL]],
) -> Sums<ROWS> {
    add_columns::<ROWS, ALL, E>(sums, lines, panel)
}

/// The same for the first vectors of the panel, as many or more.
#[inline(always)]
fn add_columns<const ROWS: usize, const VECTORS: usize, E: Element>(
    Sums(mut sums): Sums<ROWS>,
    lines: Lines<'_>,
    panel: &[[E; PANEL]],
) -> Sums<ROWS> {
    let mut rows: [&[f32]; ROWS] = [&[]; ROWS];
    for (i, row) in rows.iter_mut().enumerate() {
        *row = &lines.floats[i * lines.step..][..panel.len()];
    }
    // No loop: where the compiler leaves it one, the sums lie in memory.
    match const { vectors_at_once(ROWS) } {
        1 => {
            sums = add_vectors::<ROWS, 1, E>(sums, rows, panel, 0);
            sums = add_vectors::<ROWS, 1, E>(sums, rows, panel, 1);
            if VECTORS > 2 {
                sums = add_vectors::<ROWS, 1, E>(sums, rows, panel, 2);
                sums = add_vectors::<ROWS, 1, E>(sums, rows, panel, 3);
            }
        }
        2 => {
            sums = add_vectors::<ROWS, 2, E>(sums, rows, panel, 0);
            if VECTORS > 2 {
                sums = add_vectors::<ROWS, 2, E>(sums, rows, panel, 2);
            }
        }
        _ => sums = add_vectors::<ROWS, ALL, E>(sums, rows, panel, 0),
    }
    Sums(sums)
}

/// Adds a row of a panel times a factor.
#[inline(always)]
fn add_line<E: Element>(sums: &mut [f32x8; ALL], factor: f32, line: &[E; PANEL]) {
    let (weights, _) = line.as_chunks::<LANES>();
    for i in 0..ALL {
        sums[i] = mul_add(E::vector(&weights[i]), f32x8::splat(factor), sums[i]);
    }
}

/// The same for some vectors of the panel.
#[inline(always)]
fn add_vectors<const ROWS: usize, const VECTORS: usize, E: Element>(
    mut all: [[f32x8; ALL]; ROWS],
    rows: [&[f32]; ROWS],
    panel: &[[E; PANEL]],
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
            vectors[i] = E::vector(&weights[first + i]);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that fit into 16 bits, or do not.
    fn matrix(depth: usize, columns: usize, step: f32) -> Vec<f32> {
        let numbers = 0..depth * columns;
        numbers
            .map(|i| ((i * 29 % 83) as f32 - 40.0) * step)
            .collect()
    }

    const EXACT: f32 = 1.0 / 64.0;
    const INEXACT: f32 = 0.017;

    #[test]
    fn products_are_those_of_the_matrix() {
        for (step, halves) in [(EXACT, cfg!(target_feature = "f16c")), (INEXACT, false)] {
            for (depth, columns) in [
                (1, 1),
                (5, 8),
                (7, 16),
                (16, 31),
                (40, 33),
                (9, 64),
                (3, 150),
            ] {
                let matrix = matrix(depth, columns, step);
                let packed = PackedMatrix::new(&matrix, depth, columns);
                assert_eq!(matches!(packed.panels, Panels::Half(_)), halves);
                let count = 9;
                let rows: Vec<f32> = (0..count * depth).map(|i| (i as f32).sin()).collect();
                let products = packed.multiply(&rows);
                for (row, products) in rows.chunks_exact(depth).zip(products.chunks_exact(columns))
                {
                    for (column, &found) in products.iter().enumerate() {
                        let numbers = matrix[column..].iter().step_by(columns);
                        let terms = row.iter().zip(numbers);
                        let expected: f64 = terms.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
                        assert!((f64::from(found) - expected).abs() < 1e-5 * depth as f64);
                    }
                }
            }
        }
    }

    #[test]
    fn a_row_has_the_same_products_alone_and_among_others() {
        for step in [EXACT, INEXACT] {
            let (depth, columns) = (37, 100);
            let packed = PackedMatrix::new(&matrix(depth, columns, step), depth, columns);
            let rows: Vec<f32> = (0..13 * depth).map(|i| (i as f32).cos()).collect();
            for count in 1..=13 {
                let rows = &rows[..count * depth];
                let alone = rows
                    .chunks_exact(depth)
                    .flat_map(|row| packed.multiply(row));
                assert_eq!(packed.multiply(rows), alone.collect::<Vec<_>>());
            }
        }
    }
}
