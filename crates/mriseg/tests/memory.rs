//! How much memory a picture takes while it is read, and that it is given back.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use mriseg::image::{GrayImage, Keep, Levels, Picture, grey16_png, rgb8_png};

/// The system's allocator, which counts.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(now, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `read` takes at most, and what is left of it once its result is dropped, in bytes.
fn measured<T>(read: impl FnOnce() -> T) -> (usize, usize) {
    let before = NOW.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    drop(read());
    (
        PEAK.load(Ordering::Relaxed) - before,
        NOW.load(Ordering::Relaxed).saturating_sub(before),
    )
}

// One test: others at the same time would be counted too.
#[test]
fn reading_a_picture_takes_a_bounded_number_of_bytes_a_pixel_and_gives_them_back() {
    /// What decoders need whatever the size, in bytes.
    const FIXED: usize = 2 << 20;
    let within = |what: &str, pixels: usize, bytes: usize, (peak, left): (usize, usize)| {
        println!("{what}: {:.2} bytes a pixel", peak as f64 / pixels as f64);
        assert!(peak <= bytes * pixels + FIXED, "{what}: {peak} bytes");
        assert!(left < 4096, "{what}: {left} bytes left");
    };
    // As large as pictures may be.
    let (width, height) = (8000, 8000);
    let file = GrayImage::new(width, height, vec![0.3; width * height]).to_png();
    let levels = || Levels::decode(&file, "x-ray.png", Keep::Greys).unwrap();
    within("grey levels of 8 bits", width * height, 3, measured(levels));
    let grey = || GrayImage::decode(&file, "x-ray.png").unwrap();
    within("grey picture of 8 bits", width * height, 6, measured(grey));

    let (width, height) = (2000, 1500);
    let varied: Vec<u16> = (0..width * height).map(|i| (i * 37) as u16).collect();
    let file = grey16_png(&varied, width, height);
    let grey = || GrayImage::decode(&file, "x-ray.png").unwrap();
    within("grey picture of 16 bits", width * height, 6, measured(grey));
    let colours: Vec<u8> = (0..3 * width * height).map(|i| (i * 7) as u8).collect();
    let file = rgb8_png(&colours, width, height);
    let levels = || Levels::decode(&file, "slide.png", Keep::Colours).unwrap();
    within("levels of colours", width * height, 16, measured(levels));
    let picture = || Picture::decode(&file, "slide.png").unwrap();
    within("colour picture", width * height, 18, measured(picture));
}
