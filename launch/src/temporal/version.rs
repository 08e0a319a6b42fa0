//! The versions that `temporal --version` tells.

use std::fmt;

/// Major, minor, patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

impl Version {
    /// As in 1.8.2.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }

    /// Reads the first `1.8.2` of a word; what follows it (`-rc.1`, `,`, `)`) does not count.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let mut parts = text.splitn(3, '.').map(|part| {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            part.get(..digits)?.parse().ok()
        });
        Some(Self { major: parts.next()??, minor: parts.next()??, patch: parts.next()?? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Command line and server, from `temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)`.
pub(super) fn read_both(text: &str) -> Option<(Version, Version)> {
    let word_after = |name: &str| {
        let mut words = text.split([' ', '(']).filter(|word| !word.is_empty());
        words.find(|word| word.eq_ignore_ascii_case(name))?;
        Version::read(words.next()?)
    };
    Some((word_after("version")?, word_after("server")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_read_from_what_the_program_says() {
        let said = "temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)\n";

        assert_eq!(read_both(said), Some((Version::new(1, 8, 2), Version::new(1, 31, 2))));
    }

    #[test]
    fn a_release_candidate_counts_as_its_release() {
        assert_eq!(Version::read("v1.9.0-rc.1"), Some(Version::new(1, 9, 0)));
    }

    #[test]
    fn whatever_else_a_program_says_is_no_version() {
        for said in ["", "temporal", "tctl version 1.18", "version x.y.z (Server ?)", "1..2"] {
            assert_eq!(read_both(said), None, "{said:?}");
        }
    }

    #[test]
    fn ten_is_newer_than_nine() {
        assert!(Version::new(1, 10, 0) > Version::new(1, 9, 9));
    }
}
