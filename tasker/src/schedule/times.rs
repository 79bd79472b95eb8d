//! Times of day as three sets: the seconds of the day whose hour, minute and second are each in theirs.

/// Sets of hours, minutes and seconds, each a bit per value. None of them is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) hours: u32,
    pub(super) minutes: u64,
    pub(super) seconds: u64,
}

impl Times {
    pub(super) const ALL_HOURS: u32 = (1 << 24) - 1;
    pub(super) const ALL_SIXTY: u64 = (1 << 60) - 1;

    /// That second of the day alone.
    pub(super) const fn at(second: u32) -> Self {
        Self {
            hours: 1 << (second / 3600),
            minutes: 1 << (second / 60 % 60),
            seconds: 1 << (second % 60),
        }
    }

    /// Whether it is among them.
    pub(super) const fn contains(self, second: u32) -> bool {
        self.hours & 1 << (second / 3600) != 0
            && self.minutes & 1 << (second / 60 % 60) != 0
            && self.seconds & 1 << (second % 60) != 0
    }

    /// The first of them at or after that second of the day.
    pub(super) const fn at_or_after(self, second: u32) -> Option<u32> {
        if second >= 86_400 {
            return None;
        }
        let (hour, minute) = (second / 3600, second / 60 % 60);
        if self.hours & 1 << hour != 0 {
            if self.minutes & 1 << minute != 0
                && let Some(found) = from(self.seconds, second % 60)
            {
                return Some(hour * 3600 + minute * 60 + found);
            }
            if let Some(minute) = from(self.minutes, minute + 1) {
                return Some(hour * 3600 + minute * 60 + self.seconds.trailing_zeros());
            }
        }
        match from(self.hours as u64, hour + 1) {
            Some(hour) => Some(hour * 3600 + self.first_in_hour()),
            None => None,
        }
    }

    /// The earliest of them.
    pub(super) const fn first(self) -> u32 {
        self.hours.trailing_zeros() * 3600 + self.first_in_hour()
    }

    /// How many they are.
    pub(super) const fn count(self) -> u32 {
        self.hours.count_ones() * self.minutes.count_ones() * self.seconds.count_ones()
    }

    /// The one at that place, the earliest being at 0; there must be that many.
    pub(super) fn nth(self, place: u32) -> u32 {
        let (seconds, minutes) = (self.seconds.count_ones(), self.minutes.count_ones());
        nth_bit(u64::from(self.hours), place / seconds / minutes) * 3600
            + nth_bit(self.minutes, place / seconds % minutes) * 60
            + nth_bit(self.seconds, place % seconds)
    }

    const fn first_in_hour(self) -> u32 {
        self.minutes.trailing_zeros() * 60 + self.seconds.trailing_zeros()
    }
}

/// The lowest bit of the set at or above that one.
const fn from(set: u64, bit: u32) -> Option<u32> {
    if bit > 63 || set >> bit == 0 {
        return None;
    }
    Some(bit + (set >> bit).trailing_zeros())
}

fn nth_bit(mut set: u64, place: u32) -> u32 {
    for _ in 0..place {
        set &= set - 1;
    }
    set.trailing_zeros()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_sets_are_searched_as_a_list_would_be(
            hours in 1u32..1 << 24, minutes in 1u64..1 << 60, seconds in 1u64..1 << 60, second in 0u32..86_400,
        ) {
            let times = Times { hours, minutes, seconds };
            let list: Vec<u32> = (0..86_400).filter(|&second| times.contains(second)).collect();
            prop_assert_eq!(times.count() as usize, list.len());
            prop_assert_eq!(times.first(), list[0]);
            prop_assert_eq!(times.at_or_after(second), list.iter().copied().find(|&found| found >= second));
            let place = second as usize % list.len();
            prop_assert_eq!(times.nth(place as u32), list[place]);
            prop_assert_eq!(times.at_or_after(86_400), None);
        }
    }
}
