//! The allocator keeps the memory of large tensors: given back to the system, it would be handed out again page by
//! page, cleared.

use std::ffi::c_int;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Milliseconds after which unused memory is given back; below zero, never. `mi_option_purge_delay` of `mimalloc.h`,
/// which the bindings do not name.
const PURGE_DELAY: c_int = 15;

/// Has the allocator keep what it has, unless `MIMALLOC_PURGE_DELAY` is set.
#[allow(unsafe_code)]
pub(crate) fn keep() {
    // SAFETY: setting an option may happen at any time, on any thread; a number that is no option is ignored.
    unsafe { libmimalloc_sys::mi_option_set_default(PURGE_DELAY, -1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(unsafe_code)]
    fn memory_is_kept() {
        // SAFETY: reads a number.
        let delay = || unsafe { libmimalloc_sys::mi_option_get(PURGE_DELAY) };
        // The documented default of this version: another option would have another.
        assert_eq!(delay(), 1000);
        keep();
        assert_eq!(delay(), -1);
    }
}
