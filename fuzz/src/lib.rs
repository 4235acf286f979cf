//! What the targets share. The bodies stand beside what they try, in the modules `fuzz` of the crates;
//! `docs/fuzzing.md` says how to run and to add one.

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A target: `target!(body, seeds, per_byte)`. In the body, no more than `per_byte` bytes of memory may be in use for
/// each byte of the input, beyond [`SLACK`].
#[macro_export]
macro_rules! target {
    ($body:path, $seeds:path, $per_byte:expr) => {
        libfuzzer_sys::fuzz_target!(
            init: $crate::begin($body, &$seeds()),
            |bytes: &[u8]| $crate::bounded($body, bytes, $per_byte)
        );
    };
}

/// Memory that any input may take.
pub const SLACK: usize = 2 << 20;

/// Runs the body on each seed, so that what is made once is there, and writes the seeds to the directory that
/// `FUZZ_SEEDS` names.
pub fn begin(body: fn(&[u8]), seeds: &[Vec<u8>]) {
    seeds.iter().for_each(|seed| body(seed));
    let Some(directory) = std::env::var_os("FUZZ_SEEDS") else { return };
    for (number, seed) in seeds.iter().enumerate() {
        let path = Path::new(&directory).join(format!("seed-{number}"));
        std::fs::write(&path, seed).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

/// Runs the body, and holds it to its bound.
pub fn bounded(body: fn(&[u8]), bytes: &[u8], per_byte: usize) {
    let before = IN_USE.load(Relaxed);
    MOST.store(before, Relaxed);
    body(bytes);
    let took = MOST.load(Relaxed).saturating_sub(before);
    let bound = SLACK + per_byte * bytes.len();
    assert!(took <= bound, "{took} bytes of memory for {} of input, more than {bound}", bytes.len());
}

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, counted.
struct Counted;

#[global_allocator]
static ALLOCATOR: Counted = Counted;

// SAFETY: each call is passed on to the system's allocator as it came, and so is its answer; counting allocates nothing
// and does not unwind.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let in_use = IN_USE.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST.fetch_max(in_use, Relaxed);
        // SAFETY: the caller's promise for this call is the one that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above; the pointer came from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let in_use = IN_USE.fetch_add(size, Relaxed) + size;
        MOST.fetch_max(in_use - layout.size(), Relaxed);
        IN_USE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
