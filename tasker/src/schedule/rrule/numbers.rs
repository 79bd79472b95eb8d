//! Numbers counted from the start or from the end: 1, 2, … and -1, -2, …, as bit sets.

use crate::schedule::days::set_bits;

/// A set of numbers up to `64 * WORDS` and of their negatives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schedule) struct Numbers<const WORDS: usize> {
    /// Bit 0 is 1.
    from_start: [u64; WORDS],
    /// Bit 0 is -1.
    from_end: [u64; WORDS],
}

impl<const WORDS: usize> Numbers<WORDS> {
    pub(in crate::schedule) const NONE: Self = Self {
        from_start: [0; WORDS],
        from_end: [0; WORDS],
    };

    /// Adds a number that is not 0.
    pub(super) const fn insert(&mut self, number: i32) {
        let place = number.unsigned_abs() as usize - 1;
        let bit = 1 << (place % 64);
        if number > 0 {
            self.from_start[place / 64] |= bit;
        } else {
            self.from_end[place / 64] |= bit;
        }
    }

    /// Whether either is in the set: the number from the start, or the one from the end, which is given without sign.
    pub(super) const fn contains(&self, from_start: u32, from_end: u32) -> bool {
        has(&self.from_start, from_start) || has(&self.from_end, from_end)
    }

    pub(in crate::schedule) const fn is_empty(&self) -> bool {
        self.largest() == 0
    }

    /// The largest number without regard to its sign; 0 where there is none.
    pub(super) const fn largest(&self) -> u32 {
        let mut word = WORDS;
        while word > 0 {
            word -= 1;
            let both = self.from_start[word] | self.from_end[word];
            if both != 0 {
                return word as u32 * 64 + 64 - both.leading_zeros();
            }
        }
        0
    }

    /// The numbers: 1, 2, …, then -1, -2, …
    pub(in crate::schedule) fn iter(&self) -> impl Iterator<Item = i32> {
        let list = |words: [u64; WORDS], sign: i32| {
            (words.into_iter().enumerate()).flat_map(move |(word, bits)| {
                set_bits(bits).map(move |bit| sign * (word as i32 * 64 + bit as i32 + 1))
            })
        };
        list(self.from_start, 1).chain(list(self.from_end, -1))
    }
}

const fn has(words: &[u64], number: u32) -> bool {
    let place = number as usize;
    place >= 1
        && place <= words.len() * 64
        && words[(place - 1) / 64] & 1 << ((place - 1) % 64) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        let mut numbers = Numbers::<6>::NONE;
        assert!(numbers.is_empty());
        for number in [366, 1, -1, 64, 65, -366, 300] {
            numbers.insert(number);
        }
        assert_eq!(
            numbers.iter().collect::<Vec<_>>(),
            [1, 64, 65, 300, 366, -1, -366]
        );
        assert!(numbers.contains(65, 2) && numbers.contains(2, 366) && !numbers.contains(2, 2));
        assert!(!numbers.contains(0, 0) && !numbers.contains(385, 1000));
        assert_eq!(numbers.largest(), 366);
    }
}
