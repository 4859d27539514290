//! The way out for failures that no return value can carry.
//!
//! A Rust panic inside a future and a lost GPU both leave a JavaScript promise
//! that never settles, so they are told to the page through a callback.

use std::cell::RefCell;

use js_sys::Function;
use wasm_bindgen::JsValue;

thread_local! {
    static LISTENER: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// Calls `listener(kind, message)` for every panic and device failure from now on.
///
/// `kind` is `"panic"`, `"device-lost"` or `"device-error"`.
pub(crate) fn listen(listener: Function) {
    LISTENER.with(|slot| slot.replace(Some(listener)));
    std::panic::set_hook(Box::new(|info| report("panic", &info.to_string())));
}

/// Tells the listener, or the console when there is none or when it throws.
pub(crate) fn report(kind: &str, message: &str) {
    let (kind, message) = (JsValue::from_str(kind), JsValue::from_str(message));
    // The listener is cloned out first: it may call back into the engine.
    let listener = LISTENER.with(|slot| slot.borrow().clone());
    let told = listener
        .is_some_and(|listener| listener.call2(&JsValue::UNDEFINED, &kind, &message).is_ok());
    if !told {
        web_sys::console::error_2(&kind, &message);
    }
}
