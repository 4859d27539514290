use super::*;
use crate::testing::{compare, random, training_devices};
use burn::nn::GroupNormConfig;

#[test]
fn the_norm_of_groups_and_its_gradients_are_those_of_the_reference() {
    for device in training_devices() {
        for [batch, groups, channels, height, width] in
            [[1, 1, 2, 1, 2], [2, 3, 12, 5, 7], [3, 2, 16, 20, 9]]
        {
            let mut norm = GroupNormConfig::new(groups, channels).init(&device);
            for parameter in [&mut norm.gamma, &mut norm.beta] {
                *parameter =
                    (parameter.take()).map(|values| values.map(|_| random([channels], &device)));
            }
            // Not contiguous, as convolutions between permutations get it.
            let x = random([batch, channels, width, height], &device);
            let seen = || x.clone().swap_dims(2, 3).add_scalar(2.0);
            let (found, expected) = (|| group_norm(&norm, seen()), || norm.forward(seen()));
            compare(&x, found(), expected());
            for parameter in [&norm.gamma, &norm.beta] {
                compare(&parameter.as_ref().unwrap().val(), found(), expected());
            }
        }
    }
}
