//! Sentence against mask: whether a mask is what its sentence asks for.

mod agreement;
mod check;
mod checks;
mod level;
mod parts;
mod sides;

pub use agreement::contradiction;
pub use check::{Check, CheckKind};
pub use checks::checks;
pub use parts::parts;
pub use sides::{half, separating_column};
