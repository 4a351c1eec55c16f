//! Ctrl-C while something is written that must be there as a whole or not at all: what is half there is taken away first.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag, low_level,
};

/// Signals by which somebody ends the process.
const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

/// Holds back the end of the process until what is written is whole, or gone.
pub(super) struct Held {
    asked: Arc<AtomicUsize>,
    idle: Arc<AtomicBool>,
}

impl Held {
    /// From now on signals are remembered instead of obeyed. Where that cannot be had they are obeyed as ever.
    pub(super) fn new() -> Self {
        let held = Self { asked: Arc::default(), idle: Arc::new(AtomicBool::new(false)) };
        for signal in SIGNALS {
            let number = usize::try_from(signal).unwrap_or_default();
            // The first takes effect again once nothing is written; the second remembers.
            let _ = flag::register_conditional_default(signal, Arc::clone(&held.idle));
            let _ = flag::register_usize(signal, Arc::clone(&held.asked), number);
        }
        held
    }

    /// Somebody wants the process to end.
    pub(super) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed) != 0
    }
}

impl Drop for Held {
    /// Obeys what was asked for meanwhile.
    fn drop(&mut self) {
        self.idle.store(true, Ordering::Relaxed);
        let asked = self.asked.load(Ordering::Relaxed);
        if let Some(signal) = i32::try_from(asked).ok().filter(|signal| SIGNALS.contains(signal)) {
            let _ = low_level::emulate_default_handler(signal);
        }
    }
}
