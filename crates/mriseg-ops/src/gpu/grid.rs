//! Which unit of a launch does what: a cube for every row, or a unit for every number.

use super::reduce::UNITS;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

/// At least so many cubes, within what a GPU allows in a dimension.
pub(crate) fn cubes(count: usize) -> CubeCount {
    const MOST: usize = 1 << 15;
    let wide = count.min(MOST);
    CubeCount::Static(wide as u32, count.div_ceil(wide) as u32, 1)
}

/// At least so many units.
pub(crate) fn cubes_of_units(count: usize) -> CubeCount {
    cubes(count.div_ceil(UNITS))
}

/// The units of a cube.
pub(crate) fn units() -> CubeDim {
    CubeDim::new_1d(UNITS as u32)
}

/// Index of a cube.
#[cube]
pub(crate) fn cube_of_grid() -> usize {
    (CUBE_POS_Y * CUBE_COUNT_X + CUBE_POS_X) as usize
}

/// Index of a unit.
#[cube]
pub(crate) fn unit_of_grid() -> usize {
    cube_of_grid() * UNITS + UNIT_POS as usize
}
