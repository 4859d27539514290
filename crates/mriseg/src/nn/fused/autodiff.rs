//! The operations in burn's graph of gradients. Every backward pass computes anew what it can from the inputs, so
//! that nothing else is kept.

use super::{FusedGradients, FusedOps};
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, Backend, TensorMetadata};

impl<B: FusedOps + FusedGradients, C: CheckpointStrategy> FusedOps for Autodiff<B, C> {
    fn prefix_attention(
        qkv: FloatTensor<Self>,
        cos: FloatTensor<Self>,
        sin: FloatTensor<Self>,
        prefix: usize,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct PrefixAttention;

        impl<B: FusedGradients> Backward<B, 1> for PrefixAttention {
            type State = (NodeId, FloatTensor<B>, FloatTensor<B>, usize);

            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let [Some(node)] = ops.parents else { return };
                let (qkv, cos, sin, prefix) = ops.state;
                let qkv = checkpointer.retrieve_node_output(qkv);
                let grad = B::prefix_attention_backward(qkv, cos, sin, prefix, grad);
                grads.register::<B>(node.id, grad);
            }
        }

        let (cos, sin) = (cos.into_primitive(), sin.into_primitive());
        let prepared = PrefixAttention.prepare::<C>([qkv.node()]).compute_bound();
        match prepared.stateful() {
            OpsKind::Tracked(mut prepared) => {
                let state = (prepared.checkpoint(&qkv), cos.clone(), sin.clone(), prefix);
                let output = B::prefix_attention(qkv.into_primitive(), cos, sin, prefix);
                prepared.finish(state, output)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(B::prefix_attention(qkv.into_primitive(), cos, sin, prefix))
            }
        }
    }

    fn project(x: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Project;

        impl<B: FusedGradients> Backward<B, 2> for Project {
            type State = (NodeId, NodeId);

            fn backward(
                self,
                ops: Ops<Self::State, 2>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let (x, weight) = ops.state;
                let x = checkpointer.retrieve_node_output(x);
                let weight = checkpointer.retrieve_node_output(weight);
                let of_inputs = B::project_backward(x, weight, grad);
                let nodes = ops.parents.map(|node| node.map(|node| node.id));
                register::<B, _>(nodes, of_inputs, grads);
            }
        }

        let prepared = Project
            .prepare::<C>([x.node(), weight.node()])
            .compute_bound();
        match prepared.stateful() {
            OpsKind::Tracked(mut prepared) => {
                let state = (prepared.checkpoint(&x), prepared.checkpoint(&weight));
                let output = B::project(x.into_primitive(), weight.into_primitive());
                prepared.finish(state, output)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(B::project(x.into_primitive(), weight.into_primitive()))
            }
        }
    }

    fn embed(table: FloatTensor<Self>, indices: IntTensor<Self>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Embed;

        impl<B: FusedGradients> Backward<B, 1> for Embed {
            type State = (usize, IntTensor<B>);

            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let [Some(node)] = ops.parents else { return };
                let (rows, indices) = ops.state;
                grads.register::<B>(node.id, B::embed_backward(rows, indices, grad));
            }
        }

        let prepared = Embed.prepare::<C>([table.node()]).compute_bound();
        match prepared.stateful() {
            OpsKind::Tracked(prepared) => {
                let rows = table.shape()[0];
                let output = B::embed(table.into_primitive(), indices.clone());
                prepared.finish((rows, indices), output)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(B::embed(table.into_primitive(), indices))
            }
        }
    }

    fn rms_norm(x: FloatTensor<Self>, gain: FloatTensor<Self>, epsilon: f32) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct RmsNorm;

        impl<B: FusedGradients> Backward<B, 2> for RmsNorm {
            type State = (NodeId, NodeId, f32);

            fn backward(
                self,
                ops: Ops<Self::State, 2>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let (x, gain, epsilon) = ops.state;
                let x = checkpointer.retrieve_node_output(x);
                let gain = checkpointer.retrieve_node_output(gain);
                let of_inputs = B::rms_norm_backward(x, gain, epsilon, grad);
                let nodes = ops.parents.map(|node| node.map(|node| node.id));
                register::<B, _>(nodes, of_inputs, grads);
            }
        }

        let prepared = RmsNorm
            .prepare::<C>([x.node(), gain.node()])
            .compute_bound();
        match prepared.stateful() {
            OpsKind::Tracked(mut prepared) => {
                let state = (prepared.checkpoint(&x), prepared.checkpoint(&gain), epsilon);
                let output = B::rms_norm(x.into_primitive(), gain.into_primitive(), epsilon);
                prepared.finish(state, output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::rms_norm(
                x.into_primitive(),
                gain.into_primitive(),
                epsilon,
            )),
        }
    }

    fn group_norm(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        groups: usize,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct GroupNorm;

        impl<B: FusedGradients> Backward<B, 3> for GroupNorm {
            type State = (NodeId, NodeId, usize, f32);

            fn backward(
                self,
                ops: Ops<Self::State, 3>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let (x, gain, groups, epsilon) = ops.state;
                let x = checkpointer.retrieve_node_output(x);
                let gain = checkpointer.retrieve_node_output(gain);
                let of_inputs = B::group_norm_backward(x, gain, groups, epsilon, grad);
                let nodes = ops.parents.map(|node| node.map(|node| node.id));
                register::<B, _>(nodes, of_inputs, grads);
            }
        }

        let prepared = GroupNorm
            .prepare::<C>([x.node(), gain.node(), bias.node()])
            .compute_bound();
        match prepared.stateful() {
            OpsKind::Tracked(mut prepared) => {
                let nodes = (prepared.checkpoint(&x), prepared.checkpoint(&gain));
                let state = (nodes.0, nodes.1, groups, epsilon);
                let output = B::group_norm(
                    x.into_primitive(),
                    gain.into_primitive(),
                    bias.into_primitive(),
                    groups,
                    epsilon,
                );
                prepared.finish(state, output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::group_norm(
                x.into_primitive(),
                gain.into_primitive(),
                bias.into_primitive(),
                groups,
                epsilon,
            )),
        }
    }

    fn swiglu(gate_up: FloatTensor<Self>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Swiglu;

        impl<B: FusedGradients> Backward<B, 1> for Swiglu {
            type State = NodeId;

            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let [Some(node)] = ops.parents else { return };
                let gate_up = checkpointer.retrieve_node_output(ops.state);
                grads.register::<B>(node.id, B::swiglu_backward(gate_up, grad));
            }
        }

        match Swiglu
            .prepare::<C>([gate_up.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prepared) => {
                let state = prepared.checkpoint(&gate_up);
                prepared.finish(state, B::swiglu(gate_up.into_primitive()))
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::swiglu(gate_up.into_primitive())),
        }
    }

    fn cross_entropy(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct CrossEntropy;

        impl<B: FusedGradients> Backward<B, 1> for CrossEntropy {
            type State = (NodeId, IntTensor<B>);

            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let [Some(node)] = ops.parents else { return };
                let (logits, targets) = ops.state;
                let logits = checkpointer.retrieve_node_output(logits);
                grads.register::<B>(node.id, B::cross_entropy_backward(logits, targets, grad));
            }
        }

        let prepared = CrossEntropy.prepare::<C>([logits.node()]).compute_bound();
        match prepared.stateful() {
            OpsKind::Tracked(mut prepared) => {
                let state = (prepared.checkpoint(&logits), targets.clone());
                prepared.finish(state, B::cross_entropy(logits.into_primitive(), targets))
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(B::cross_entropy(logits.into_primitive(), targets))
            }
        }
    }
}

/// Gradients of several inputs, of which some may be constants.
fn register<B: Backend, const N: usize>(
    nodes: [Option<NodeId>; N],
    of_inputs: [FloatTensor<B>; N],
    grads: &mut Gradients,
) {
    for (node, grad) in nodes.into_iter().zip(of_inputs) {
        if let Some(node) = node {
            grads.register::<B>(node, grad);
        }
    }
}
