//! Work side by side, each item on threads of its own: a task that holds one of burn's locks must not be handed
//! another that waits for it, and products that share threads wait for each other.

use rayon::{ThreadPool, ThreadPoolBuilder};

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

    #[test]
    fn results_keep_the_order_of_the_items() {
        assert_eq!(side_by_side(vec![3, 1, 2], |x| x * x), [9, 1, 4]);
        assert_eq!(side_by_side(vec![5], |x| x + 1), [6]);
        assert!(side_by_side(Vec::<i32>::new(), |x| x).is_empty());
    }

    #[test]
    #[should_panic(expected = "two")]
    fn a_panic_is_passed_on() {
        side_by_side(vec![1, 2], |x| assert_ne!(x, 2, "two"));
    }
}
