//! Finding the frames around a picture.

use super::window::{Edge, Line, Window};
use crate::image::GrayImage;

/// The part of a picture inside its frames.
pub(super) fn content(image: &GrayImage) -> Window {
    /// Largest distance of a frame's values from its grey, as a share of the range of the picture's greys.
    const NOISE: f32 = 0.03;
    let whole = Window::whole(image.width, image.height);
    if !whole.is_enough_of(whole) {
        return whole;
    }
    // Frames of exactly one value go first: from there on a picture is the same with and without them.
    let window = narrowed(whole, whole, |before| {
        let window = peeled(before, |line| is_constant(image, line));
        if window.is_enough_of(whole) {
            without_seams(image, before, window)
        } else {
            window
        }
    });
    narrowed(whole, window, |window| {
        let noise = NOISE * grey_range(image, window);
        peeled(window, |line| is_uniform(image, line, noise))
    })
}

/// Repeats `step` (frames lie in each other) while it changes the window and leaves enough of the whole.
fn narrowed(whole: Window, mut window: Window, step: impl Fn(Window) -> Window) -> Window {
    const STEPS: usize = 4;
    for _ in 0..STEPS {
        let next = step(window);
        if next == window || !next.is_enough_of(whole) {
            break;
        }
        window = next;
    }
    window
}

/// The window without the lines at its edges that belong to a frame. A line of one grey stays one when it gets shorter,
/// so the order of the edges does not matter.
fn peeled(mut window: Window, is_frame: impl Fn(Line) -> bool) -> Window {
    let mut unchanged = 0;
    for edge in Edge::ALL.into_iter().cycle() {
        let before = window;
        while window.area() > 0 && is_frame(window.line(edge)) {
            window = window.without(edge);
        }
        unchanged = if window == before { unchanged + 1 } else { 0 };
        if unchanged == Edge::ALL.len() {
            break;
        }
    }
    window
}

fn is_constant(image: &GrayImage, line: Line) -> bool {
    let first = line.values(image).next();
    line.values(image).all(|value| Some(value) == first)
}

/// Whether a line is of one grey, except for noise and a few pixels of something written on it.
fn is_uniform(image: &GrayImage, line: Line, noise: f32) -> bool {
    /// One pixel in so many.
    const SPECKS: usize = 50;
    let mut values: Vec<f32> = line.values(image).collect();
    let middle = values.len() / 2;
    let level = *values.select_nth_unstable_by(middle, f32::total_cmp).1;
    let far = values
        .iter()
        .filter(|&value| (value - level).abs() > noise)
        .count();
    far <= line.length / SPECKS
}

/// The window without the rest of a frame that JPEG compression left beside the content. Blocks inside the frame have
/// exactly one value and were cut off already (`before` became `window`); in the block where the frame ends, a few lines
/// of nearly its grey come before a jump.
fn without_seams(image: &GrayImage, before: Window, mut window: Window) -> Window {
    /// Lines of a block.
    const BLOCK: usize = 8;
    /// Lines of the frame differ from it by less than this part of the jump.
    const RIPPLE: f32 = 0.15;
    /// The content begins where a line differs by more than this part of the jump.
    const CONTENT: f32 = 0.5;
    /// What counts as a jump, of the range of the picture's greys.
    const JUMP: f32 = 0.1;
    let cut = |edge: &Edge| window.place(*edge) != before.place(*edge);
    let edges: Vec<Edge> = Edge::ALL.into_iter().filter(cut).collect();
    if edges
        .iter()
        .any(|&edge| !window.place(edge).is_multiple_of(BLOCK))
    {
        return window;
    }
    for edge in edges {
        if window.width.min(window.height) <= BLOCK {
            break;
        }
        let frame = window.with(edge).line(edge).values(image).next();
        let frame = frame.expect("a line of more than a block");
        let windows: Vec<Window> =
            std::iter::successors(Some(window), |window| Some(window.without(edge)))
                .take(BLOCK)
                .collect();
        let differences: Vec<f32> = windows
            .iter()
            .map(|window| {
                let line = window.line(edge);
                let sum: f32 = line.values(image).map(|value| (value - frame).abs()).sum();
                sum / line.length as f32
            })
            .collect();
        let jump = differences.iter().copied().fold(0.0, f32::max);
        let Some(first) = differences.iter().position(|&d| d > CONTENT * jump) else {
            continue;
        };
        if differences[..first].iter().all(|&d| d < RIPPLE * jump)
            && jump > JUMP * grey_range(image, window)
        {
            window = windows[first];
        }
    }
    window
}

/// Range of the grey values in the middle of a window, without the brightest and the darkest 2 %.
fn grey_range(image: &GrayImage, window: Window) -> f32 {
    /// Lines and columns that are looked at, at most.
    const SAMPLES: usize = 64;
    /// One value in so many is left out at either end.
    const EXTREMES: usize = 50;
    let middle = Window {
        x: window.x + window.width / 4,
        y: window.y + window.height / 4,
        width: window.width.div_ceil(2),
        height: window.height.div_ceil(2),
    };
    let across = middle.width.div_ceil(SAMPLES);
    let down = middle.height.div_ceil(SAMPLES);
    let mut values: Vec<f32> = middle
        .rows(image.width)
        .step_by(down)
        .flat_map(|row| image.pixels[row].iter().copied().step_by(across))
        .collect();
    let skipped = values.len() / EXTREMES;
    let last = values.len() - 1 - skipped;
    let mut nth = |index: usize| *values.select_nth_unstable_by(index, f32::total_cmp).1;
    nth(last) - nth(skipped)
}
