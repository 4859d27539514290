//! The transformer's parts: rotary positions, attention with a cache, feed-forward block.

mod attention;
mod block;
mod rotary;

pub use attention::{KvCache, PrefixAttention, causal_bias};
pub use block::{TransformerBlock, TransformerBlockConfig};
pub use rotary::RotaryTable;
