//! Where pretrained weights come from.

/// A file of weights that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct WeightsError {
    /// File name.
    pub file: String,
    /// What is wrong and what to do.
    pub reason: String,
}

/// Tensors by the names of the official checkpoint.
pub trait TensorSource {
    /// Values of a tensor, row by row.
    ///
    /// # Errors
    /// There is none of this name and shape, or it cannot be read.
    fn values(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError>;

    /// Called when the network is complete.
    ///
    /// # Errors
    /// There are tensors that it did not ask for.
    fn finish(&mut self) -> Result<(), WeightsError> {
        Ok(())
    }
}
