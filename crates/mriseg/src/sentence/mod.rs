//! Sentence against mask: whether a mask is what its sentence asks for.

mod agreement;
mod checks;
mod level;
mod parts;
mod sides;

pub use agreement::contradiction;
pub use checks::{Check, CheckKind, checks};
pub use parts::parts;
pub use sides::{half, separating_column};
