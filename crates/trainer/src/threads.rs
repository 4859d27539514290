//! Work side by side on threads of its own. rayon's threads are left to the products inside: a task that
//! holds one of burn's locks must not be handed another that waits for it.

/// `run` of every item, each on a thread; results in the order of the items. A single item runs here.
pub(crate) fn side_by_side<T: Send, R: Send>(
    mut items: Vec<T>,
    run: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    if items.len() == 1 {
        return items.pop().map(run).into_iter().collect();
    }
    std::thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = items
            .into_iter()
            .map(|item| scope.spawn(move || run(item)))
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
