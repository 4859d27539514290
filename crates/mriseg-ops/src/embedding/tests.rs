use super::*;
use crate::testing::{compare, random, training_devices};

#[test]
fn rows_of_a_table_and_its_gradient_are_those_of_the_reference() {
    for device in training_devices() {
        for [rows, width, batch, tokens] in [[1, 1, 1, 1], [5, 70, 2, 9], [300, 16, 3, 100]] {
            let table = random([rows, width], &device);
            let indices = Tensor::<1, Int>::arange(0..(batch * tokens) as i64, &device)
                .mul_scalar(3)
                .remainder_scalar(rows as i64);
            let expected = table.clone().select(0, indices.clone());
            compare(
                &table,
                embed(table.clone(), indices.reshape([batch, tokens])),
                expected.reshape([batch, tokens, width]),
            );
        }
    }
}
