//! From a chest to pixels. Widths and noise are in body units, so the picture looks the same at every size.

use mriseg::image::{GrayImage, Mask};

use super::anatomy::{Anatomy, smoothstep};
use super::lesion::Lesion;
use super::noise::value_noise;
use crate::Findings;
use crate::case::mark;

/// Cells of the film's grain across the picture.
const GRAIN_CELLS: f32 = 72.0;

/// A phantom's pixels; picture and masks are of one size.
#[derive(Debug, Clone)]
pub struct Rendering {
    /// The X-ray.
    pub image: GrayImage,
    /// The zone of each lesion with its own mask.
    pub lesions: Vec<(Findings, Mask)>,
    /// The lungs, as far as the heart does not hide them.
    pub lungs: Mask,
}

impl Rendering {
    /// The mask of what a sentence names: the union of the lesions in its zones.
    pub fn mask(&self, findings: &Findings) -> Mask {
        let empty = Mask::empty(self.image.width, self.image.height);
        mark(empty, &self.lesions, findings)
    }
}

pub(super) fn render(
    anatomy: &Anatomy,
    lesions: &[Lesion],
    noise_seed: u32,
    size: usize,
) -> Rendering {
    let mut image = GrayImage::new(size, size, vec![0.0; size * size]);
    let mut masks: Vec<Mask> = lesions.iter().map(|_| Mask::empty(size, size)).collect();
    let mut lungs = Mask::empty(size, size);
    for row in 0..size {
        for column in 0..size {
            let at = row * size + column;
            let [u, v] = [column, row].map(|i| (2 * i + 1) as f32 / size as f32 - 1.0);
            let point @ [x, y] = anatomy.to_body(u, v);
            let depths = [0, 1].map(|i: usize| anatomy.lungs[i].depth(x, y));
            let heart = anatomy.heart.radius(x, y);
            lungs.pixels[at] = u8::from(depths[0].max(depths[1]) > 0.0 && heart > 1.0);
            let mut level = chest(anatomy, point, depths, heart, noise_seed);
            for (lesion, mask) in lesions.iter().zip(&mut masks) {
                let opacity = lesion.opacity(anatomy, point, depths, heart);
                if opacity > 0.0 {
                    let mottled = 0.8 + 0.4 * value_noise(x * 14.0, y * 14.0, noise_seed ^ 7);
                    level += opacity * lesion.strength() * mottled * (1.0 - level).max(0.0) * 1.3;
                    mask.pixels[at] = u8::from(opacity > 0.5);
                }
            }
            image.pixels[at] = film(anatomy, level, u, v, noise_seed);
        }
    }
    let zones = lesions.iter().map(|lesion| lesion.findings());
    Rendering {
        image,
        lesions: zones.zip(masks).collect(),
        lungs,
    }
}

/// Brightness of the body without opacities.
fn chest(anatomy: &Anatomy, [x, y]: [f32; 2], depths: [f32; 2], heart: f32, seed: u32) -> f32 {
    let side = x.abs();
    let body = smoothstep(0.03, -0.03, side - anatomy.trunk(y));
    let depth = depths[0].max(depths[1]);
    let lung = smoothstep(-0.025, 0.035, depth);
    let cloud = value_noise(x * 3.0, y * 3.0, seed) - 0.5;

    // Soft tissue, denser below the diaphragm.
    let abdomen = smoothstep(0.35, 0.7, y);
    let mut level = anatomy.tissue_level + 0.12 * abdomen + 0.12 * cloud;
    // Lungs, a little brighter towards their edges where the chest wall is seen along its length.
    let air = anatomy.lung_level + 0.10 * (-depth.max(0.0) * 9.0).exp() + 0.06 * cloud;
    level += (air - level) * lung;

    // Vessels spread from the roots of the lungs.
    let root = [side - 0.2, y + 0.02];
    let distance = (root[0] * root[0] + root[1] * root[1]).sqrt();
    let angle = root[1].atan2(root[0]);
    let streaks = value_noise(
        angle * 5.0 + 40.0 * f32::from(x > 0.0),
        distance * 4.0,
        seed ^ 3,
    );
    let vessels = smoothstep(0.35, 0.85, streaks)
        * smoothstep(0.02, 0.12, distance)
        * (-distance * 3.2).exp();
    level += anatomy.vessel_strength * (vessels + 0.7 * (-distance * distance * 60.0).exp()) * lung;

    level += ribs(anatomy, side, y)
        * smoothstep(0.05, -0.02, side - anatomy.chest_width + 0.06)
        * (1.0 - 0.8 * abdomen);
    level += clavicles(anatomy, side, y);

    // Breastbone, spine and great vessels, with the windpipe in front of them.
    let spine_width = 0.1 + 0.05 * smoothstep(-0.5, 0.3, y);
    let spine = (-(side / spine_width).powi(4)).exp();
    let discs = 0.5 + 0.5 * (y * 38.0).cos();
    level += spine * (0.1 + 0.035 * discs) * smoothstep(-0.05, 0.2, level);
    let windpipe = (-(side / 0.05).powi(2)).exp() * smoothstep(-0.1, -0.3, y);
    level -= 0.14 * windpipe;
    let shadow = smoothstep(1.1, 0.9, heart);
    level += (anatomy.tissue_level + 0.1 + 0.05 * cloud - level).max(0.0) * shadow * 0.9;

    level * body + 0.02
}

/// Two families of bands over each lung: the ribs' backs, falling outwards, and their fainter fronts, falling inwards.
fn ribs(anatomy: &Anatomy, side: f32, y: f32) -> f32 {
    let band = |position: f32| {
        let wave = 0.5
            + 0.5
                * (std::f32::consts::TAU * (position / anatomy.rib_spacing + anatomy.rib_phase))
                    .cos();
        smoothstep(0.35, 0.8, wave)
    };
    let back = band(y + 0.16 * (side - 0.25).max(0.0) - 0.62 * (side - 0.32) * (side - 0.32));
    let front = band(y + 0.5 * anatomy.rib_spacing - 0.34 * (0.8 - side) + 0.05);
    let away_from_spine = smoothstep(0.06, 0.14, side);
    anatomy.rib_strength * away_from_spine * (back + 0.4 * front * smoothstep(0.25, 0.45, side))
}

fn clavicles(anatomy: &Anatomy, side: f32, y: f32) -> f32 {
    let height = anatomy.clavicle_y - 0.22 * (side - 0.05) + 0.12 * (side * 6.0).sin() * 0.25;
    let thickness = 0.035 + 0.02 * (side - 0.4).abs();
    let bone = smoothstep(thickness, 0.4 * thickness, (y - height).abs());
    anatomy.clavicle_strength * bone * smoothstep(0.06, 0.12, side) * smoothstep(0.95, 0.8, side)
}

/// What the film makes of a brightness: dark corners, contrast and grain.
fn film(anatomy: &Anatomy, level: f32, u: f32, v: f32, seed: u32) -> f32 {
    let corners = 1.0 - anatomy.vignette * smoothstep(0.5, 2.0, u * u + v * v);
    let grain = value_noise(
        (u + 1.0) * 0.5 * GRAIN_CELLS,
        (v + 1.0) * 0.5 * GRAIN_CELLS,
        seed ^ 11,
    ) - 0.5;
    let level = (level * corners).clamp(0.0, 1.0).powf(anatomy.gamma);
    (level + anatomy.grain * 2.0 * grain).clamp(0.0, 1.0)
}
