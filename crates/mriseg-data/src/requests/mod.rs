//! Which request a training case makes ([`ask()`]), and what a picture's annotations answer to it ([`answer()`]).

pub mod answer;
mod ask;

pub use answer::{answer, derived_cases};
pub use ask::{Asked, RequestMix, ask};
