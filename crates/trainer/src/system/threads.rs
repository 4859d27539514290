//! Work side by side, each item on threads of its own: a task that holds one of burn's locks must not be handed
//! another that waits for it, and products that share threads wait for each other.

use anyhow::Result;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::system::exit::usage;

/// Starts rayon's threads, of which this becomes one: all, or as many as `--threads` says.
///
/// # Errors
/// So many cannot be started.
pub(crate) fn start(threads: Option<NonZeroUsize>) -> Result<()> {
    let all = ThreadPoolBuilder::new().use_current_thread();
    let started = match threads {
        Some(threads) => all.num_threads(threads.get()).build_global(),
        // Without, rayon starts what it can when it is asked to.
        None => all.build_global().or(Ok(())),
    };
    started.map_err(|error| usage(format!("--threads: {error}")))
}

/// `run` of every item at once, with an even share of rayon's threads for the products inside; results in the order
/// of the items. A single item runs here.
pub(crate) fn side_by_side<T: Send, R: Send>(
    mut items: Vec<T>,
    run: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    if items.len() == 1 {
        return items.pop().map(run).into_iter().collect();
    }
    let share = (rayon::current_num_threads() / items.len().max(1)).max(1);
    std::thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = items
            .into_iter()
            .map(|item| scope.spawn(move || on_threads(share, || run(item))))
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    })
}

/// `run`, which reads a picture and decodes its mask, while another of rayon's threads stays awake for it: the two share
/// each layer of the picture and each pass of several tokens, in less time than it takes to wake a thread. Without the
/// other where there is one worker, as where a GPU computes, or one core, which the two would take from each other. Where
/// other programs want the cores, it lets them: one that has used up its time with waiting would not get more when it has
/// work.
pub(crate) fn with_a_partner<R: Send>(workers: usize, run: impl FnOnce() -> R + Send) -> R {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    if workers.min(cores) == 1 {
        return run();
    }
    let done = AtomicBool::new(false);
    let (result, ()) = rayon::join(
        || {
            let _end = OnDrop(|| done.store(true, Ordering::Release));
            run()
        },
        || {
            while !done.load(Ordering::Acquire) {
                if rayon::yield_now() != Some(rayon::Yield::Executed) {
                    std::thread::yield_now();
                }
            }
        },
    );
    result
}

/// `main` here and `other` meanwhile on a thread of its own, with those of rayon's threads that `busy` others leave it; one
/// after the other where they leave none, as where the CPU computes: it would take turns with them and gain nothing.
pub(crate) fn beside<A: Send, B>(
    busy: usize,
    other: impl FnOnce() -> A + Send,
    main: impl FnOnce() -> B,
) -> (A, B) {
    let free = rayon::current_num_threads().saturating_sub(busy);
    if free == 0 {
        let done = main();
        return (other(), done);
    }
    std::thread::scope(|scope| {
        let other = scope.spawn(move || on_threads(free, other));
        let done = main();
        let other = other.join();
        (
            other.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            done,
        )
    })
}

/// Runs its function when it goes, also in a panic.
struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// `run` with so many threads of rayon to itself, or with the common ones where no more can be started.
fn on_threads<R: Send>(threads: usize, run: impl FnOnce() -> R + Send) -> R {
    match ThreadPoolBuilder::new().num_threads(threads).build() {
        Ok(pool) => ThreadPool::install(&pool, run),
        Err(_) => run(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn results_keep_the_order_of_the_items() {
        assert_eq!(side_by_side(vec![3, 1, 2], |x| x * x), [9, 1, 4]);
        assert_eq!(side_by_side(vec![5], |x| x + 1), [6]);
        assert!(side_by_side(Vec::<i32>::new(), |x| x).is_empty());
    }

    #[test]
    fn what_runs_beside_runs_at_the_same_time_where_a_thread_is_free() {
        let run = |threads| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build();
            let (sender, receiver) = std::sync::mpsc::channel();
            let other = move || sender.send(rayon::current_num_threads());
            let wait = Duration::from_secs(if threads == 1 { 0 } else { 20 });
            let main = move || receiver.recv_timeout(wait);
            pool.unwrap().install(|| beside(1, other, main).1)
        };
        assert_eq!(run(3), Ok(2));
        assert!(run(1).is_err());
    }

    #[test]
    fn a_partner_takes_work_while_this_thread_is_busy() {
        let taken = AtomicBool::new(false);
        let is_taken = || {
            let begin = Instant::now();
            while !taken.load(Ordering::Acquire) && begin.elapsed() < Duration::from_secs(20) {
                std::hint::spin_loop();
            }
            taken.load(Ordering::Acquire)
        };
        let meet = || rayon::join(is_taken, || taken.store(true, Ordering::Release)).0;
        let pool = ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        assert!(pool.install(|| with_a_partner(2, meet)));
        assert_eq!(with_a_partner(1, || 1), 1);
    }

    #[test]
    #[should_panic(expected = "two")]
    fn a_panic_is_passed_on() {
        side_by_side(vec![1, 2], |x| assert_ne!(x, 2, "two"));
    }
}
