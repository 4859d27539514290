//! The command line: arguments become one validated [`Request`].

mod datasets;
mod measuring;
mod request;
mod training;
mod using;
mod values;

pub(crate) use datasets::{CheckArgs, PackArgs};
pub(crate) use measuring::{BenchArgs, EvalArgs};
pub(crate) use request::{Request, command_line, parse};
pub(crate) use training::{AblateArgs, BaselineArgs, ProcessArgs, TokenizeArgs, TrainArgs};
pub(crate) use using::{Checkpoint, ExportArgs, PredictArgs, PredictInput};
#[cfg(test)]
pub(crate) use values::MaskArgs;
