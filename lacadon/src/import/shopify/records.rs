//! The records of a CSV file with the lines on which they begin.
//!
//! A quotation mark that is never closed would swallow the rows behind it. Whoever finds a record broken goes on with
//! the very next line, so that one bad row costs one order.

use csv::{ByteRecord, Reader, ReaderBuilder};

/// One record.
pub(super) struct Record {
    /// The line on which it begins, counted from 1.
    pub(super) line: u64,
    pub(super) fields: ByteRecord,
    /// A field that begins with a quotation mark ends with one, and none stands alone within. The reader would make
    /// something of it all the same (`"12"00` is 1200 to it), and that would be a guess.
    pub(super) is_quoted_well: bool,
}

pub(super) struct Records<'a> {
    bytes: &'a [u8],
    /// Reads what lies behind `base`.
    reader: Reader<&'a [u8]>,
    base: usize,
    /// A place in the file and its line: from there on lines are counted.
    counted: (usize, u64),
}

impl<'a> Records<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, reader: reader_of(bytes), base: 0, counted: (0, 1) }
    }

    pub(super) fn next(&mut self) -> Option<Record> {
        let start = self.place();
        let mut fields = ByteRecord::new();
        // Bytes in memory that may have any number of fields leave nothing to fail.
        if !self.reader.read_byte_record(&mut fields).unwrap_or(false) {
            return None;
        }
        let raw = self.bytes.get(start..self.place()).unwrap_or_default();
        let blank = raw.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let line = self.line_of(start + blank);
        Some(Record { line, fields, is_quoted_well: is_quoted_well(raw) })
    }

    /// Whatever the last record seemed to hold beyond its first line is read anew.
    pub(super) fn go_on_with_the_line_after(&mut self, line: u64) {
        let (place, counted) = self.counted;
        if counted != line {
            return;
        }
        let rest = self.bytes.get(place..).unwrap_or_default();
        // Of a pair that ends a line the second stays, as a blank line that no reader makes a record of.
        let ends = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let length = rest.iter().position(ends).map_or(rest.len(), |at| at + 1);
        self.base = place + length;
        self.reader = reader_of(self.bytes.get(self.base..).unwrap_or_default());
    }

    fn place(&self) -> usize {
        let read = usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX);
        self.base.saturating_add(read)
    }

    /// Places are asked for in the order of the file.
    fn line_of(&mut self, place: usize) -> u64 {
        let (from, mut line) = self.counted;
        for at in from..place {
            let here = (self.bytes.get(at), self.bytes.get(at + 1));
            // Old files end their lines with a carriage return alone.
            let is_end = match here {
                (Some(b'\r'), next) => next != Some(&b'\n'),
                (byte, _) => byte == Some(&b'\n'),
            };
            line += u64::from(is_end);
        }
        self.counted = (place, line);
        line
    }
}

fn is_quoted_well(raw: &[u8]) -> bool {
    enum At {
        Start,
        Bare,
        Quoted,
        /// Behind a mark that ends the field or stands for itself together with the next one.
        Mark,
    }
    let mut at = At::Start;
    for byte in raw {
        at = match (at, byte) {
            (At::Start, b'"') | (At::Mark, b'"') => At::Quoted,
            (At::Quoted, b'"') => At::Mark,
            (At::Quoted, _) => At::Quoted,
            (At::Start | At::Bare | At::Mark, b',' | b'\n' | b'\r') => At::Start,
            (At::Bare, b'"') | (At::Mark, _) => return false,
            (At::Start | At::Bare, _) => At::Bare,
        };
    }
    !matches!(at, At::Quoted)
}

fn reader_of(bytes: &[u8]) -> Reader<&[u8]> {
    ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotation_marks_enclose_a_whole_field_or_come_in_pairs_within_one() {
        for good in ["a,b", "\"a\",b", "\"a,\"\"b\"\"\",", "\"\",\"\"\"\"", "\"a\nb\",c\r\n"] {
            assert!(is_quoted_well(good.as_bytes()), "{good}");
        }
        for bad in ["\"a,b", "a\",b", "\"12\"00,b", "a\"b\"", "\"a\"\",b"] {
            assert!(!is_quoted_well(bad.as_bytes()), "{bad}");
        }
    }
}
