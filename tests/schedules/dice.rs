//! Random choices that a number repeats.

/// A source of choices.
#[derive(Debug)]
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Self {
            state: seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1,
        };
        // The first numbers after like seeds are alike.
        for _ in 0..4 {
            dice.roll(2);
        }
        dice
    }

    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) % sides
    }

    /// True `of` times in `out_of`.
    pub(crate) fn chance(&mut self, of: u64, out_of: u64) -> bool {
        self.roll(out_of) < of
    }

    pub(crate) fn from<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.roll(choices.len() as u64) as usize].clone()
    }

    /// One to three different numbers from `min` to `max`, in order.
    pub(crate) fn few(&mut self, min: i64, max: i64) -> Vec<i64> {
        let mut few: Vec<i64> = (0..1 + self.roll(3))
            .map(|_| min + self.roll((max - min + 1) as u64) as i64)
            .filter(|number| *number != 0 || min >= 0)
            .collect();
        few.sort_unstable();
        few.dedup();
        few
    }
}
