//! Where pretrained weights come from.

use crate::error::Error;

/// Tensors by the names of the official checkpoint.
pub trait TensorSource {
    /// Values of a tensor, row by row.
    ///
    /// # Errors
    /// There is none of this name and shape, or it cannot be read.
    fn values(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Error>;

    /// Called when the network is complete.
    ///
    /// # Errors
    /// There are tensors that it did not ask for.
    fn finish(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
