//! Pages of lists: how many items one has, and whether there are more.

use serde::Deserialize;

/// Items of a page when the caller does not say.
const DEFAULT_SIZE: i64 = 20;
/// Most items of one page: an answer that both sides hold in memory.
const MAX_SIZE: i64 = 100;

/// How many items a page has at most, 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub(crate) struct PageSize(i64);

/// A page size that no page has.
#[derive(Debug, thiserror::Error)]
#[error("must be 1 to {MAX_SIZE}")]
pub(crate) struct PageSizeError;

impl PageSize {
    /// One item more than the page has: if it is there, so is another page.
    pub(crate) const fn and_one(self) -> i64 {
        self.0.saturating_add(1)
    }

    /// Cuts the item too many off and says whether there was one.
    pub(crate) fn cut<T>(self, mut items: Vec<T>) -> (Vec<T>, bool) {
        let size = usize::try_from(self.0).unwrap_or(usize::MAX);
        let has_more = items.len() > size;
        items.truncate(size);
        (items, has_more)
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self(DEFAULT_SIZE)
    }
}

impl TryFrom<i64> for PageSize {
    type Error = PageSizeError;

    fn try_from(size: i64) -> Result<Self, PageSizeError> {
        if (1..=MAX_SIZE).contains(&size) { Ok(Self(size)) } else { Err(PageSizeError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_cut_to_its_size_and_knows_of_the_next() {
        let two = PageSize::try_from(2).expect("a page size");

        assert_eq!(two.cut(vec![1, 2, 3]), (vec![1, 2], true));
        assert_eq!(two.cut(vec![1, 2]), (vec![1, 2], false));
        assert_eq!(PageSize::default().and_one(), 21);
    }

    #[test]
    fn a_page_has_one_to_a_hundred_items() {
        for size in [i64::MIN, 0, 101, i64::MAX] {
            assert!(PageSize::try_from(size).is_err(), "{size} was taken for a page size");
        }
    }
}
