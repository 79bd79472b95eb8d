//! [`Queue`]: what waits for a worker, in the order it will be served. Pure.
//!
//! First what was interrupted through no fault of its own, then high priority, then normal, each in order of arrival.
//! High goes before normal strictly, unless a bound says after how many in a row the oldest normal one is let
//! through. How many may wait is not decided here: who pushes holds a place.

use std::collections::VecDeque;

/// The two lanes that work is submitted to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Priority {
    #[default]
    Normal,
    High,
}

/// Work that waits.
#[derive(Debug)]
pub(super) struct Queue<W> {
    first: VecDeque<W>,
    high: VecDeque<W>,
    normal: VecDeque<W>,
    /// How many high ones in a row may overtake a normal one.
    bound: Option<u32>,
    /// How many have.
    overtaken: u32,
}

impl<W> Queue<W> {
    pub(super) fn new(bound: Option<u32>) -> Self {
        Self {
            first: VecDeque::new(),
            high: VecDeque::new(),
            normal: VecDeque::new(),
            bound,
            overtaken: 0,
        }
    }

    pub(super) fn push(&mut self, priority: Priority, work: W) {
        match priority {
            Priority::Normal => self.normal.push_back(work),
            Priority::High => self.high.push_back(work),
        }
    }

    /// Puts work before everything else.
    pub(super) fn push_first(&mut self, work: W) {
        self.first.push_front(work);
    }

    /// The next one, and the lane in which a place is free now.
    pub(super) fn pop(&mut self) -> Option<(W, Option<Priority>)> {
        if let Some(work) = self.first.pop_front() {
            return Some((work, None));
        }
        let is_bounded = self.bound.is_some_and(|bound| self.overtaken >= bound);
        let normal_is_due = is_bounded && !self.normal.is_empty();
        if !normal_is_due && let Some(work) = self.high.pop_front() {
            self.overtaken = match self.normal.is_empty() {
                true => 0,
                false => self.overtaken.saturating_add(1),
            };
            return Some((work, Some(Priority::High)));
        }
        let work = self.normal.pop_front()?;
        self.overtaken = 0;
        Some((work, Some(Priority::Normal)))
    }

    /// Takes out the one that `is_it`; gives the lane in which a place is free now.
    pub(super) fn remove(&mut self, is_it: impl Fn(&W) -> bool) -> Option<(W, Option<Priority>)> {
        let lanes = [
            (&mut self.first, None),
            (&mut self.high, Some(Priority::High)),
            (&mut self.normal, Some(Priority::Normal)),
        ];
        for (lane, priority) in lanes {
            if let Some(at) = lane.iter().position(&is_it) {
                return lane.remove(at).map(|work| (work, priority));
            }
        }
        None
    }

    /// Takes out everything, in order.
    pub(super) fn drain(&mut self) -> Vec<(W, Option<Priority>)> {
        std::iter::from_fn(|| self.pop()).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.first.len() + self.high.len() + self.normal.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many wait in the high lane.
    pub(super) fn high(&self) -> usize {
        self.high.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(bound: Option<u32>) -> Queue<u32> {
        let mut queue = Queue::new(bound);
        for number in 0..3 {
            queue.push(Priority::Normal, number);
        }
        for number in 10..15 {
            queue.push(Priority::High, number);
        }
        queue
    }

    fn order(mut queue: Queue<u32>) -> Vec<u32> {
        std::iter::from_fn(|| queue.pop().map(|(work, _)| work)).collect()
    }

    #[test]
    fn high_goes_before_normal_strictly() {
        assert_eq!(order(filled(None)), [10, 11, 12, 13, 14, 0, 1, 2]);
    }

    #[test]
    fn the_bound_lets_a_normal_one_through() {
        assert_eq!(order(filled(Some(2))), [10, 11, 0, 12, 13, 1, 14, 2]);
        assert_eq!(order(filled(Some(0))), [0, 1, 2, 10, 11, 12, 13, 14]);
    }

    #[test]
    fn who_was_interrupted_goes_first() {
        let mut queue = filled(None);
        queue.push_first(99);
        assert_eq!(queue.pop(), Some((99, None)));
        assert_eq!(queue.pop(), Some((10, Some(Priority::High))));
    }

    #[test]
    fn one_can_be_taken_out() {
        let mut queue = filled(None);
        let removed = queue.remove(|work| *work == 1);
        assert_eq!(removed, Some((1, Some(Priority::Normal))));
        assert_eq!(queue.remove(|work| *work == 1), None);
        assert_eq!((queue.len(), queue.high()), (7, 5));
        assert_eq!(queue.drain().len(), 7);
        assert!(queue.is_empty());
    }
}
