//! Pictures and masks: bytes in, values out, and back to PNG.
//!
//! Everything that reads a file (the trainer) or a dropped file (the page) comes through here, so both see the same
//! pixels.

mod gray;
mod levels;
mod mask;
mod picture;
mod png;
mod prepare;

pub use gray::GrayImage;
pub use levels::{ImageError, Keep, Levels, MAX_PIXELS};
pub use mask::{DecodedMask, Mask, MaskRule, MaskValue};
pub use picture::Picture;
pub use png::{grey16_png, rgb8_png};
pub use prepare::{Preparation, Typical, Window};
