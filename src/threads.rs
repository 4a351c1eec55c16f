//! Work for two threads.

use std::thread;

/// What both closures give; the second runs on a thread of its own. Its panic is ours.
pub(crate) fn both<A, B: Send>(here: impl FnOnce() -> A, there: impl FnOnce() -> B + Send) -> (A, B) {
    thread::scope(|scope| {
        let helper = scope.spawn(there);
        let here = here();
        (here, helper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// The same where that is worth a thread; one after the other where it is not.
pub(crate) fn both_if<A, B: Send>(worth: bool, here: impl FnOnce() -> A, there: impl FnOnce() -> B + Send) -> (A, B) {
    if worth {
        return both(here, there);
    }
    let here = here();
    (here, there())
}

/// What comes of each item, in their order; `there` takes the latter half on a thread of its own.
pub(crate) fn halves<T: Send, R: Send>(mut items: Vec<T>, here: impl FnMut(T) -> R, there: impl FnMut(T) -> R + Send) -> Vec<R> {
    let count = items.len();
    let latter = items.split_off(count / 2);
    let first = || {
        let mut made = Vec::with_capacity(count);
        made.extend(items.into_iter().map(here));
        made
    };
    let (mut all, rest) = both(first, || latter.into_iter().map(there).collect::<Vec<R>>());
    all.extend(rest);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_come_in_their_order() {
        for count in 0..6 {
            let expected: Vec<i32> = (0..count).map(|number| number * 10).collect();
            assert_eq!(halves((0..count).collect(), |number| number * 10, |number| number * 10), expected);
        }
    }

    #[test]
    #[should_panic(expected = "there")]
    fn a_panic_there_is_ours() {
        both(|| (), || panic!("there"));
    }
}
