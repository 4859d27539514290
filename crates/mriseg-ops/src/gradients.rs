//! Operations in burn's graph of gradients. A backward pass recomputes from the inputs what it can; beside
//! them only an output is kept, where [`Differentiable::KEEPS_OUTPUT`] says so.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend};
use std::fmt::Debug;

/// An operation on `B` with `N` inputs that may be differentiated; what else it needs are its fields.
pub(crate) trait Differentiable<B: Backend, const N: usize>:
    Clone + Debug + Send + 'static
{
    /// Whether [`Saved::output`] is kept.
    const KEEPS_OUTPUT: bool = false;

    fn forward(&self, inputs: [FloatTensor<B>; N]) -> FloatTensor<B>;

    /// Gradients of the inputs, given that of the output. Those that [`Saved::needed`] denies may be `None`.
    fn backward(&self, saved: Saved<B, N>, grad: FloatTensor<B>) -> [Option<FloatTensor<B>>; N];
}

/// What a backward pass begins with.
pub(crate) struct Saved<B: Backend, const N: usize> {
    pub(crate) inputs: [FloatTensor<B>; N],
    /// `None` unless [`Differentiable::KEEPS_OUTPUT`].
    pub(crate) output: Option<FloatTensor<B>>,
    /// The inputs that are no constants.
    pub(crate) needed: [bool; N],
}

/// Runs the operation and enters it in the graph.
pub(crate) fn differentiate<B, C, O, const N: usize>(
    operation: O,
    inputs: [FloatTensor<Autodiff<B, C>>; N],
) -> FloatTensor<Autodiff<B, C>>
where
    B: Backend,
    C: CheckpointStrategy,
    O: Differentiable<B, N>,
{
    let nodes = inputs.each_ref().map(|input| input.node());
    let step = Step(operation.clone());
    match step.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(mut prepared) => {
            let kept = inputs.each_ref().map(|input| prepared.checkpoint(input));
            let output = operation.forward(inputs.map(|input| input.into_primitive()));
            let state = (kept, O::KEEPS_OUTPUT.then(|| output.clone()));
            prepared.finish(state, output)
        }
        OpsKind::UnTracked(prepared) => {
            prepared.finish(operation.forward(inputs.map(|input| input.into_primitive())))
        }
    }
}

#[derive(Debug)]
struct Step<O>(O);

impl<B: Backend, O: Differentiable<B, N>, const N: usize> Backward<B, N> for Step<O> {
    type State = ([NodeId; N], Option<FloatTensor<B>>);

    fn backward(
        self,
        ops: Ops<Self::State, N>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let (kept, output) = ops.state;
        let saved = Saved {
            inputs: kept.map(|node| checkpointer.retrieve_node_output(node)),
            output,
            needed: ops.parents.each_ref().map(Option::is_some),
        };
        let of_inputs = self.0.backward(saved, grad);
        for (node, grad) in ops.parents.into_iter().zip(of_inputs) {
            if let (Some(node), Some(grad)) = (node, grad) {
                grads.register::<B>(node.id, grad);
            }
        }
    }
}
