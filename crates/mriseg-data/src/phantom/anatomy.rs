//! The shape of a chest, in body coordinates: x from -1 (left edge of the picture) to 1, y from -1 (top) to 1.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::Side;

/// Everything that makes one chest differ from another.
#[derive(Debug, Clone)]
pub(super) struct Anatomy {
    /// Body coordinates from picture coordinates: rotation and scale, row by row, then the shift.
    pub(super) turn: [[f32; 2]; 2],
    pub(super) shift: [f32; 2],
    pub(super) lungs: [Lung; 2],
    pub(super) heart: Heart,
    /// Lateral edge of the body at the height of the lungs.
    pub(super) chest_width: f32,
    /// Vertical distance between ribs.
    pub(super) rib_spacing: f32,
    pub(super) rib_phase: f32,
    pub(super) rib_strength: f32,
    /// Height of the clavicles at the breastbone.
    pub(super) clavicle_y: f32,
    pub(super) clavicle_strength: f32,
    /// Brightness of aerated lung and of soft tissue.
    pub(super) lung_level: f32,
    pub(super) tissue_level: f32,
    pub(super) vessel_strength: f32,
    /// Exponent applied to the finished picture, and the strength of dark corners and grain.
    pub(super) gamma: f32,
    pub(super) vignette: f32,
    pub(super) grain: f32,
}

/// One lung, described with `x` growing away from the spine.
#[derive(Debug, Clone)]
pub(super) struct Lung {
    /// -1 on the left of the picture, 1 on the right.
    direction: f32,
    top: f32,
    bottom: f32,
    inner: f32,
    outer: f32,
    /// Height of the diaphragm's dome.
    dome: f32,
}

/// The heart's shadow, a turned ellipse.
#[derive(Debug, Clone)]
pub(super) struct Heart {
    centre: [f32; 2],
    radii: [f32; 2],
    turn: [f32; 2],
}

impl Anatomy {
    pub(super) fn random(rng: &mut ChaCha8Rng) -> Self {
        let mut draw = |low: f32, high: f32| rng.random_range(low..high);
        let angle = draw(-6.0, 6.0).to_radians();
        let (sin, cos) = angle.sin_cos();
        let scale = draw(0.92, 1.08);
        let stretch = draw(0.95, 1.05);
        let chest_width = draw(0.88, 0.96);
        let (top, bottom) = (draw(-0.84, -0.74), draw(0.58, 0.74));
        let outer = chest_width - draw(0.12, 0.17);
        let inner = draw(0.13, 0.17);
        let dome = draw(0.13, 0.22);
        let heart_side = if draw(0.0, 1.0) < 0.9 { 1.0 } else { -1.0 };
        let mut lung = |direction: f32| Lung {
            direction,
            top: top + draw(-0.02, 0.02),
            // The diaphragm stands lower on the heart's side.
            bottom: bottom + draw(-0.03, 0.03) + 0.02 * direction * heart_side,
            inner,
            outer: outer + draw(-0.02, 0.02),
            dome: dome + draw(-0.03, 0.03),
        };
        let lungs = [lung(-1.0), lung(1.0)];
        let heart_angle = draw(0.45, 0.8) * heart_side;
        let heart_size = draw(0.85, 1.15);
        Self {
            turn: [
                [cos / scale, -sin / scale],
                [sin * stretch / scale, cos * stretch / scale],
            ],
            shift: [draw(-0.06, 0.06), draw(-0.06, 0.06)],
            heart: Heart {
                centre: [draw(0.08, 0.14) * heart_side, bottom - draw(0.30, 0.36)],
                radii: [0.34 * heart_size, 0.23 * heart_size],
                turn: [heart_angle.cos(), heart_angle.sin()],
            },
            lungs,
            chest_width,
            rib_spacing: draw(0.165, 0.2),
            rib_phase: draw(0.0, 1.0),
            rib_strength: draw(0.06, 0.12),
            clavicle_y: top + draw(0.1, 0.2),
            clavicle_strength: draw(0.08, 0.15),
            lung_level: draw(0.14, 0.24),
            tissue_level: draw(0.52, 0.62),
            vessel_strength: draw(0.10, 0.22),
            gamma: draw(0.85, 1.2),
            vignette: draw(0.05, 0.25),
            grain: draw(0.015, 0.035),
        }
    }

    /// Body coordinates of a point of the picture (both from -1 to 1).
    pub(super) fn to_body(&self, u: f32, v: f32) -> [f32; 2] {
        let [[a, b], [c, d]] = self.turn;
        [a * u + b * v + self.shift[0], c * u + d * v + self.shift[1]]
    }

    pub(super) fn lung(&self, side: Side) -> &Lung {
        &self.lungs[usize::from(side == Side::Right)]
    }

    /// Half the width of the trunk at a height: neck, shoulders, chest.
    pub(super) fn trunk(&self, y: f32) -> f32 {
        let shoulder = smoothstep(-1.0, -0.62, y);
        0.26 + (self.chest_width + 0.12 - 0.26) * shoulder.sqrt() - 0.12 * smoothstep(-0.4, 0.1, y)
    }
}

impl Lung {
    /// How deep a point lies inside the lung, about in units of distance; negative outside.
    pub(super) fn depth(&self, x: f32, y: f32) -> f32 {
        let x = x * self.direction;
        let (inner, outer) = self.edges(self.height(y).clamp(0.0, 1.0));
        let middle = 0.5 * (self.inner + self.outer);
        let across = (x - middle) / (0.5 * (self.outer - self.inner));
        let diaphragm = self.bottom - self.dome * (1.0 - 1.1 * across * across);
        (x - inner)
            .min(outer - x)
            .min(y - self.top)
            .min(0.8 * (diaphragm - y))
    }

    /// Height within the lung: 0 at the apex, 1 at the base; each third is a zone.
    pub(super) fn height(&self, y: f32) -> f32 {
        (y - self.top) / (self.bottom - self.top)
    }

    /// A point of the lung from its height and how far it lies from the inner (0) to the outer edge (1).
    pub(super) fn point(&self, height: f32, across: f32) -> [f32; 2] {
        let (inner, outer) = self.edges(height);
        let x = inner + across * (outer - inner);
        [
            x * self.direction,
            self.top + height * (self.bottom - self.top),
        ]
    }

    fn edges(&self, height: f32) -> (f32, f32) {
        let apex = self.inner + 0.3 * (self.outer - self.inner);
        let quarter = |t: f32| (1.0 - (1.0 - t.min(1.0)).powi(2)).sqrt();
        let inner = apex - (apex - self.inner) * quarter(height / 0.25);
        let narrowing = 0.04 * smoothstep(0.7, 1.0, height);
        let outer = apex + (self.outer - apex) * quarter(height / 0.6) - narrowing;
        (inner, outer)
    }
}

impl Heart {
    /// 0 at the centre, 1 on the outline.
    pub(super) fn radius(&self, x: f32, y: f32) -> f32 {
        let (dx, dy) = (x - self.centre[0], y - self.centre[1]);
        let [cos, sin] = self.turn;
        let along = (cos * dx + sin * dy) / self.radii[0];
        let across = (cos * dy - sin * dx) / self.radii[1];
        (along * along + across * across).sqrt()
    }
}

pub(super) fn smoothstep(from: f32, to: f32, x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
