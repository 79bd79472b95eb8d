//! "Did you mean": the nearest of a list of words, in `const fn`.
//!
//! The distance counts insertions, deletions, replacements and swaps of neighbours, ignoring ASCII case, and is
//! given up as soon as it exceeds the bound: the compiler limits how long a constant may take, and a zone name
//! is compared with some six hundred.

/// Words longer than this are not compared.
const LONGEST: usize = 48;

/// The word of `words` nearest to `word`, if it is near enough to be meant; the first of equals.
pub(crate) const fn closest<'a>(word: &str, words: &[&'a str]) -> Option<&'a str> {
    let mut nearest = None;
    let mut bound = match word.len() {
        0..=2 => return None,
        3..=5 => 2,
        _ => 3,
    };
    let mut at = 0;
    while at < words.len() {
        if let Some(distance) = distance(word.as_bytes(), words[at].as_bytes(), bound)
            // A word of which half is different was not meant.
            && distance * 2 <= words[at].len()
        {
            nearest = Some(words[at]);
            if distance <= 1 {
                return nearest;
            }
            bound = distance - 1;
        }
        at += 1;
    }
    nearest
}

/// How far `a` is from `b`, unless that is more than `bound`.
const fn distance(a: &[u8], b: &[u8], bound: usize) -> Option<usize> {
    if a.len() > LONGEST || b.len() > LONGEST || a.len().abs_diff(b.len()) > bound {
        return None;
    }
    let far = bound + 1;
    // Three rows of the usual table: before the last, the last, this one. Only the band within `bound` of the
    // diagonal can hold distances worth keeping.
    let mut older = [far; LONGEST + 1];
    let mut last = [far; LONGEST + 1];
    let mut column = 0;
    while column <= b.len() && column <= bound {
        last[column] = column;
        column += 1;
    }
    let mut row = 1;
    while row <= a.len() {
        let mut this = [far; LONGEST + 1];
        if row <= bound {
            this[0] = row;
        }
        let mut least = this[0];
        let mut column = if row > bound { row - bound } else { 1 };
        while column <= b.len() && column <= row + bound {
            let same = a[row - 1].eq_ignore_ascii_case(&b[column - 1]);
            let mut cell = last[column - 1] + !same as usize;
            cell = min(cell, last[column] + 1);
            cell = min(cell, this[column - 1] + 1);
            let swapped = row > 1
                && column > 1
                && a[row - 1].eq_ignore_ascii_case(&b[column - 2])
                && a[row - 2].eq_ignore_ascii_case(&b[column - 1]);
            if swapped {
                cell = min(cell, older[column - 2] + 1);
            }
            this[column] = min(cell, far);
            least = min(least, this[column]);
            column += 1;
        }
        if least > bound {
            return None;
        }
        older = last;
        last = this;
        row += 1;
    }
    if last[b.len()] <= bound {
        Some(last[b.len()])
    } else {
        None
    }
}

const fn min(a: usize, b: usize) -> usize {
    if a < b { a } else { b }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn near_words_are_found() {
        let words = ["every", "hourly", "daily", "weekly", "monthly"];
        assert_eq!(closest("dayly", &words), Some("daily"));
        assert_eq!(closest("MONTLY", &words), Some("monthly"));
        assert_eq!(closest("evrey", &words), Some("every"));
        assert_eq!(closest("mondya", &["monday", "sunday"]), Some("monday"));
    }

    #[test]
    fn far_words_are_not() {
        assert_eq!(closest("purge", &["daily", "hourly"]), None);
        assert_eq!(closest("a", &["an"]), None);
        assert_eq!(closest("fre", &["sun"]), None);
        assert_eq!(closest(&"x".repeat(500), &["x"]), None);
    }

    /// The same distance by the definition, without band or bound.
    fn plain(a: &[u8], b: &[u8]) -> usize {
        let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
        for i in 0..=a.len() {
            for j in 0..=b.len() {
                table[i][j] = if i == 0 || j == 0 {
                    i + j
                } else {
                    let same = usize::from(a[i - 1] != b[j - 1]);
                    let mut cell = (table[i - 1][j - 1] + same)
                        .min(table[i - 1][j] + 1)
                        .min(table[i][j - 1] + 1);
                    if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                        cell = cell.min(table[i - 2][j - 2] + 1);
                    }
                    cell
                };
            }
        }
        table[a.len()][b.len()]
    }

    proptest! {
        #[test]
        fn the_bounded_distance_is_the_plain_one(a in "[abc]{0,8}", b in "[abc]{0,8}", bound in 1usize..4) {
            let plain = plain(a.as_bytes(), b.as_bytes());
            let expected = (plain <= bound).then_some(plain);
            prop_assert_eq!(distance(a.as_bytes(), b.as_bytes(), bound), expected);
        }
    }
}
