//! Opacities: irregular soft-edged patches, each inside one zone of one lung.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::anatomy::{Anatomy, smoothstep};
use super::noise::value_noise;
use crate::{Findings, Side};

/// Outline of the heart's shadow beyond which an opacity is visible.
const HEART_EDGE: f32 = 1.0;

/// One opacity, in body coordinates.
#[derive(Debug, Clone)]
pub(super) struct Lesion {
    side: Side,
    zone: usize,
    lobes: Vec<Lobe>,
    noise_seed: u32,
    /// How much brighter than lung it is.
    strength: f32,
}

#[derive(Debug, Clone)]
struct Lobe {
    centre: [f32; 2],
    /// One over the squared radius.
    sharpness: f32,
}

impl Lesion {
    pub(super) fn random(anatomy: &Anatomy, side: Side, zone: usize, rng: &mut ChaCha8Rng) -> Self {
        let lung = anatomy.lung(side);
        let room = |[x, y]: [f32; 2]| {
            lung.depth(x, y)
                .min(0.35 * (anatomy.heart.radius(x, y) - HEART_EDGE))
        };
        let heights = [(0.16, 0.23), (0.46, 0.54), (0.78, 0.84)][zone];
        let centre = (0..12)
            .map(|_| {
                lung.point(
                    rng.random_range(heights.0..heights.1),
                    rng.random_range(0.25..0.75),
                )
            })
            .max_by(|a, b| room(*a).min(0.14).total_cmp(&room(*b).min(0.14)))
            .expect("twelve candidates");
        let radius = rng.random_range(0.16..0.23);
        let lobes = (0..rng.random_range(3..7))
            .map(|_| {
                let (sin, cos) = rng.random_range(0.0..std::f32::consts::TAU).sin_cos();
                let away = radius * rng.random_range(0.15..0.8);
                let lobe_radius: f32 = radius * rng.random_range(0.42..0.72);
                Lobe {
                    centre: [centre[0] + cos * away, centre[1] + 0.6 * sin * away],
                    sharpness: lobe_radius.powi(-2),
                }
            })
            .collect();
        Self {
            side,
            zone,
            lobes,
            noise_seed: rng.random(),
            strength: rng.random_range(0.24..0.42),
        }
    }

    pub(super) fn findings(&self) -> Findings {
        Findings::one_zone(self.side, self.zone)
    }

    /// Opacity at a point, 0 to 1; half is the outline of its mask. `depth` of each lung and the heart's radius are
    /// the caller's, who needs them as well.
    pub(super) fn opacity(
        &self,
        anatomy: &Anatomy,
        [x, y]: [f32; 2],
        depths: [f32; 2],
        heart: f32,
    ) -> f32 {
        let depth = depths[usize::from(self.side == Side::Right)];
        if depth < -0.02 {
            return 0.0;
        }
        let field: f32 = self
            .lobes
            .iter()
            .map(|lobe| {
                let (dx, dy) = (x - lobe.centre[0], y - lobe.centre[1]);
                (-(dx * dx + dy * dy) * lobe.sharpness).exp()
            })
            .sum();
        if field < 0.1 {
            return 0.0;
        }
        let ragged = field * (0.55 + 0.9 * value_noise(x * 9.0, y * 9.0, self.noise_seed));
        // Fades towards the neighbouring zones, so that an opacity belongs to one.
        let waves = 0.3 * (value_noise(x * 5.0, y * 5.0, self.noise_seed ^ 5) - 0.5);
        let height = anatomy.lung(self.side).height(y) * 3.0 - self.zone as f32 + waves;
        let floor = if self.zone == 2 {
            1.0
        } else {
            smoothstep(1.05, 0.75, height)
        };
        let zone = smoothstep(-0.05, 0.25, height) * floor;
        let lung = smoothstep(-0.02, 0.02, depth)
            * smoothstep(HEART_EDGE - 0.08, HEART_EDGE + 0.08, heart);
        smoothstep(0.3, 0.8, ragged * zone) * lung
    }

    pub(super) fn strength(&self) -> f32 {
        self.strength
    }
}
