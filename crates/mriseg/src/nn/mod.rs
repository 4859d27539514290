//! The transformer's parts: rotary positions, attention with a cache, feed-forward block, heads that look
//! further ahead.

mod attention;
mod block;
mod look_ahead;
mod rotary;

pub use attention::{KvCache, PrefixAttention, causal_bias};
pub use block::{TransformerBlock, TransformerBlockConfig};
pub use look_ahead::LookAhead;
pub use rotary::RotaryTable;
