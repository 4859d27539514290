//! Products of rows with a matrix whose columns lie in panels: a panel is a block of columns, row by row.

use burn::tensor::Tensor;
use std::ops::Range;
use wide::f32x8;

/// Floats of a vector; in the browser, where vectors have four, it is two of them.
pub(super) const LANES: usize = 8;
/// Columns of a panel.
pub(super) const PANEL: usize = 32;
/// Vectors of a panel.
const ALL: usize = PANEL / LANES;
const HALF: usize = ALL / 2;
/// Rows for which a product is a matter of reading the matrix.
const FEW_ROWS: usize = 4;
/// Rows whose sums for half a panel fit into the registers.
pub(super) const MOST_ROWS: usize = if cfg!(target_arch = "wasm32") { 3 } else { 6 };

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
pub(super) use with_rows;

/// `[d_in, d_out]` as `[panels * d_in, PANEL]`; zeros fill the last panel.
pub(in super::super) fn in_panels(matrix: Tensor<2>) -> Tensor<2> {
    let [d_in, d_out] = matrix.dims();
    let panels = d_out.div_ceil(PANEL);
    let room = Tensor::zeros([d_in, panels * PANEL], &matrix.device());
    let filled = room.slice_assign([0..d_in, 0..d_out], matrix);
    let panels_first = filled.reshape([d_in, panels, PANEL]).swap_dims(0, 1);
    let laid_out = Tensor::zeros(panels_first.dims(), &panels_first.device()) + panels_first;
    laid_out.reshape([panels * d_in, PANEL])
}

/// Rows times a matrix.
#[derive(Debug, Clone, Copy)]
pub(super) struct Product<'a> {
    /// Row by row, each as long as the matrix has rows.
    rows: &'a [f32],
    depth: usize,
    panels: &'a [f32],
    columns: usize,
}

impl<'a> Product<'a> {
    /// # Shapes
    /// - rows: `[_, depth]`
    /// - panels: [`in_panels`] of `[depth, columns]`
    pub(super) fn new(rows: &'a [f32], depth: usize, panels: &'a [f32], columns: usize) -> Self {
        assert_eq!(panels.len(), columns.div_ceil(PANEL) * PANEL * depth);
        Self {
            rows,
            depth,
            panels,
            columns,
        }
    }
}

/// Hands the products to `take`, panel by panel: the row, the columns, and their values, of which the last panel has
/// too many.
#[inline(always)]
pub(super) fn each_panel(
    product: Product<'_>,
    mut take: impl FnMut(usize, Range<usize>, &[f32; PANEL]),
) {
    let Product {
        rows,
        depth,
        panels,
        columns,
    } = product;
    let count = rows.len() / depth;
    // A few rows go through a whole panel in pairs, so that it comes from memory in one piece.
    let most = if count <= FEW_ROWS { 2 } else { MOST_ROWS };
    for (panel, first) in panels
        .chunks_exact(depth * PANEL)
        .zip((0..columns).step_by(PANEL))
    {
        let (panel, _) = panel.as_chunks::<PANEL>();
        let columns = first..columns.min(first + PANEL);
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

/// Rows that begin `step` floats after each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines<'a> {
    pub(super) floats: &'a [f32],
    pub(super) step: usize,
}

/// Sums of products of some rows with a panel.
#[derive(Clone, Copy)]
pub(super) struct Sums<const ROWS: usize>([[f32x8; ALL]; ROWS]);

impl<const ROWS: usize> Default for Sums<ROWS> {
    #[inline(always)]
    fn default() -> Self {
        Self([[f32x8::ZERO; ALL]; ROWS])
    }
}

/// Adds the products of `lines` with a panel, as many numbers of each as the panel has rows.
#[inline(always)]
pub(super) fn add_panel<const ROWS: usize>(
    sums: Sums<ROWS>,
    lines: Lines<'_>,
    panel: &[[f32; PANEL]],
) -> Sums<ROWS> {
    add(
        sums,
        lines,
        panel.iter().map(|weights| &weights[..]),
        panel.len(),
    )
}

/// The same with the first columns of a matrix whose rows begin `step` floats after each other.
#[inline(always)]
pub(super) fn add_columns<const ROWS: usize>(
    sums: Sums<ROWS>,
    lines: Lines<'_>,
    matrix: &[f32],
    step: usize,
) -> Sums<ROWS> {
    add(
        sums,
        lines,
        matrix.chunks(step),
        matrix.len().div_ceil(step),
    )
}

#[inline(always)]
fn add<'a, const ROWS: usize>(
    Sums(mut sums): Sums<ROWS>,
    lines: Lines<'_>,
    weights: impl Iterator<Item = &'a [f32]> + Clone,
    depth: usize,
) -> Sums<ROWS> {
    let mut rows: [&[f32]; ROWS] = [&[]; ROWS];
    for (i, row) in rows.iter_mut().enumerate() {
        *row = &lines.floats[i * lines.step..][..depth];
    }
    // A row or two have sums enough to keep the processor busy only with the whole panel.
    if ROWS * ALL <= 8 {
        sums = add_vectors::<ROWS, ALL>(sums, rows, weights, 0);
    } else {
        sums = add_vectors::<ROWS, HALF>(sums, rows, weights.clone(), 0);
        sums = add_vectors::<ROWS, HALF>(sums, rows, weights, HALF);
    }
    Sums(sums)
}

/// The same for some vectors of the panel.
#[inline(always)]
fn add_vectors<'a, const ROWS: usize, const VECTORS: usize>(
    mut all: [[f32x8; ALL]; ROWS],
    rows: [&[f32]; ROWS],
    weights: impl Iterator<Item = &'a [f32]>,
    first: usize,
) -> [[f32x8; ALL]; ROWS] {
    let mut sums = [[f32x8::ZERO; VECTORS]; ROWS];
    for row in 0..ROWS {
        for i in 0..VECTORS {
            sums[row][i] = all[row][first + i];
        }
    }
    for (k, weights) in weights.enumerate() {
        let (weights, _) = weights[..PANEL].as_chunks::<LANES>();
        let mut vectors = [f32x8::ZERO; VECTORS];
        for i in 0..VECTORS {
            vectors[i] = f32x8::new(weights[first + i]);
        }
        for row in 0..ROWS {
            let factor = f32x8::splat(rows[row][k]);
            for i in 0..VECTORS {
                sums[row][i] = vectors[i].mul_add(factor, sums[row][i]);
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
pub(super) fn finish<const ROWS: usize>(Sums(sums): Sums<ROWS>) -> [[f32; PANEL]; ROWS] {
    let mut rows = [[0.0; PANEL]; ROWS];
    for row in 0..ROWS {
        let (floats, _) = rows[row].as_chunks_mut::<LANES>();
        for i in 0..ALL {
            floats[i] = sums[row][i].to_array();
        }
    }
    rows
}
