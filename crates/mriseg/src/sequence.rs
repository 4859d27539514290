//! The one sequence `[text | image | mask]` and the meaning of every token id and position in it
//! (paper: "autoregressive next-token prediction over one sequence").
//!
//! Nothing outside this file knows that the begin-of-mask token is the id after the last code, in
//! which order the cells of the grid are visited, or where a token sits for the rotary positions.

use serde::{Deserialize, Serialize};

/// A cell of the mask grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Row, from the top.
    pub row: usize,
    /// Column, from the left.
    pub column: usize,
}

/// Lengths of the three parts of the sequence and the sizes of their alphabets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequenceLayout {
    /// Text tokens (shorter sentences are padded).
    pub text: usize,
    /// Side of the square grid shared by image and mask tokens, in cells.
    pub grid: usize,
    /// Mask codes.
    pub codes: usize,
}

impl SequenceLayout {
    /// Image tokens, one a cell.
    pub fn image(&self) -> usize {
        self.grid * self.grid
    }

    /// Mask tokens, one a cell.
    pub fn mask(&self) -> usize {
        self.grid * self.grid
    }

    /// Tokens of the bidirectional prefix: text and image.
    pub fn prefix(&self) -> usize {
        self.text + self.image()
    }

    /// Tokens of the whole sequence.
    pub fn total(&self) -> usize {
        self.prefix() + self.mask()
    }

    /// Rows of the mask-token embedding: the codes and the begin-of-mask token.
    pub fn mask_embeddings(&self) -> usize {
        self.codes + 1
    }

    /// Id of the token that stands before the first mask token.
    pub fn begin_of_mask(&self) -> usize {
        self.codes
    }

    /// The cell that mask token `index` describes: raster order.
    pub fn cell(&self, index: usize) -> Cell {
        Cell {
            row: index / self.grid,
            column: index % self.grid,
        }
    }

    /// Input tokens of the mask part for teacher forcing: begin-of-mask, then every target but the
    /// last. `targets` holds `batch` masks one after the other.
    pub fn teacher_forcing(&self, targets: &[i32]) -> Vec<i32> {
        let length = self.mask();
        assert_eq!(targets.len() % length, 0, "targets are not whole masks");
        let mut inputs = Vec::with_capacity(targets.len());
        for mask in targets.chunks_exact(length) {
            inputs.push(self.begin_of_mask() as i32);
            inputs.extend_from_slice(&mask[..length - 1]);
        }
        inputs
    }

    /// Rotary position `(row, column)` of every token of the sequence.
    ///
    /// Image token and mask token of one cell share their position; the position of a mask token is
    /// the cell *it is about to predict*. Text lies on a line left of the grid.
    pub fn positions(&self) -> Vec<(f32, f32)> {
        let text = (0..self.text).map(|i| (i as f32, -(1.0 + self.text as f32 - i as f32)));
        let cells = (0..self.image()).map(|i| {
            let cell = self.cell(i);
            (cell.row as f32, cell.column as f32)
        });
        text.chain(cells.clone()).chain(cells).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUT: SequenceLayout = SequenceLayout {
        text: 3,
        grid: 2,
        codes: 16,
    };

    #[test]
    fn the_parts_add_up() {
        assert_eq!(LAYOUT.prefix(), 7);
        assert_eq!(LAYOUT.total(), 11);
        assert_eq!(LAYOUT.positions().len(), 11);
    }

    #[test]
    fn teacher_forcing_shifts_each_mask_by_one() {
        let inputs = LAYOUT.teacher_forcing(&[1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(inputs, [16, 1, 2, 3, 16, 5, 6, 7]);
    }

    #[test]
    fn image_and_mask_token_of_a_cell_share_their_position() {
        let positions = LAYOUT.positions();
        assert_eq!(positions[3..7], positions[7..11]);
        assert_eq!(LAYOUT.cell(3), Cell { row: 1, column: 1 });
    }

    #[test]
    fn no_two_prefix_tokens_share_a_position() {
        let positions = &LAYOUT.positions()[..LAYOUT.prefix()];
        for (i, a) in positions.iter().enumerate() {
            assert!(positions[i + 1..].iter().all(|b| a != b));
        }
    }
}
