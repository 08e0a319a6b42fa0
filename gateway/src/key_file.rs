//! A key in its file: 64 hexadecimal digits on one line, readable by its owner alone.

use anyhow::{Context, bail};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// How long every key is, bytes.
pub(crate) const KEY_LENGTH: usize = 32;

/// Reads a key, and refuses a file that others may read.
pub(crate) fn read(path: &Path) -> anyhow::Result<[u8; KEY_LENGTH]> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("the key file {} cannot be read", path.display()))?;
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        bail!("others may read the key file {} (mode {mode:o}): `chmod 600` it", path.display());
    }
    parse(text.trim()).with_context(|| {
        format!("the key file {} does not hold 64 hexadecimal digits", path.display())
    })
}

fn parse(digits: &str) -> Option<[u8; KEY_LENGTH]> {
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if digits.len() != 2 * KEY_LENGTH || !is_hex {
        return None;
    }
    let mut key = [0; KEY_LENGTH];
    for (byte, pair) in key.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(key)
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_of(text: &str, mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), text).expect("written");
        fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).expect("changed");
        file
    }

    #[test]
    fn a_key_is_64_digits_that_only_its_owner_may_read() {
        let digits = "07".repeat(KEY_LENGTH);

        assert_eq!(read(file_of(&format!("{digits}\n"), 0o600).path()).ok(), Some([7; KEY_LENGTH]));
        assert_eq!(hex(&[7; KEY_LENGTH]), digits);
    }

    #[test]
    fn a_file_that_others_may_read_or_that_holds_something_else_is_refused_without_showing_it() {
        let digits = "07".repeat(KEY_LENGTH);
        let shared = read(file_of(&digits, 0o644).path()).expect_err("others may read it");

        assert!(shared.to_string().contains("chmod 600"), "{shared}");
        for bad in ["", "hunter2", &digits[1..], &"+1".repeat(KEY_LENGTH)] {
            let refused = format!("{:#}", read(file_of(bad, 0o600).path()).expect_err("no key"));
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }
}
