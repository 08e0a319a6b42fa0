//! The secret code that redeems a voucher: 80 random bits, written so that people can read it to each other.
//!
//! 16 characters of Crockford's base32 and a check character of the same alphabet; his own check symbols (`*~$=`) mean
//! something to shells and addresses. The check is the last digit of a code over GF(32): it notices every wrong character
//! and every swap of neighbours, so that a slip of the pen never reaches the database.

use std::fmt;
use std::str::FromStr;

/// No I, L, O (too like 1 and 0) and no U.
const ALPHABET: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J',
    'K', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z',
];
/// 80 bits.
const RANDOM_BYTES: usize = 10;
/// 16 random characters and the check character.
const CHARACTERS: usize = 17;
/// Longer texts are not looked at: more than a code with a hyphen after every character.
const MAX_TEXT_LEN: usize = 2 * CHARACTERS;

/// A voucher's code. Whoever knows it and the customer may redeem it, so no log line shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct VoucherCode([u8; CHARACTERS]);

/// A text that no voucher has as its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotACode;

impl VoucherCode {
    /// A new code from the operating system's generator.
    ///
    /// # Errors
    /// When that gives no randomness.
    pub fn make() -> Result<Self, getrandom::Error> {
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random)?;
        Ok(Self::from_random(random))
    }

    fn from_random(random: [u8; RANDOM_BYTES]) -> Self {
        let mut bits = random.iter().fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
        let mut digits = [0; CHARACTERS];
        for digit in digits.iter_mut().rev().skip(1) {
            *digit = u8::try_from(bits & 31).unwrap_or(0);
            bits >>= 5;
        }
        let check = check_of(&digits);
        if let Some(last) = digits.last_mut() {
            *last = check;
        }
        Self(digits)
    }

    /// As it is stored: 17 characters.
    #[must_use]
    pub fn canonical(&self) -> String {
        self.0.iter().filter_map(|digit| ALPHABET.get(usize::from(*digit))).collect()
    }

    /// As people read it: groups of four and the check character.
    #[must_use]
    pub fn readable(&self) -> String {
        let canonical: Vec<char> = self.canonical().chars().collect();
        let groups: Vec<String> = canonical.chunks(4).map(String::from_iter).collect();
        groups.join("-")
    }
}

/// What the last digit must be: the remainder that makes the whole divisible. The given last digit is not looked at.
fn check_of(digits: &[u8; CHARACTERS]) -> u8 {
    let random = digits.iter().take(CHARACTERS - 1);
    times_two(random.fold(0, |sum, digit| times_two(sum) ^ digit))
}

/// Multiplies by the generator of GF(32), modulo x^5 + x^2 + 1.
fn times_two(digit: u8) -> u8 {
    let shifted = digit << 1;
    if shifted & 32 == 0 { shifted } else { shifted ^ 0b10_0101 }
}

impl FromStr for VoucherCode {
    type Err = NotACode;

    /// Forgives case, hyphens, blanks and what looks alike: o for 0, i and l for 1.
    fn from_str(text: &str) -> Result<Self, NotACode> {
        if text.len() > MAX_TEXT_LEN {
            return Err(NotACode);
        }
        let mut digits = [0; CHARACTERS];
        let mut written = text.chars().filter(|c| !matches!(c, '-' | ' '));
        for digit in &mut digits {
            *digit = digit_of(written.next().ok_or(NotACode)?).ok_or(NotACode)?;
        }
        let is_whole = written.next().is_none() && digits.last() == Some(&check_of(&digits));
        if is_whole { Ok(Self(digits)) } else { Err(NotACode) }
    }
}

fn digit_of(written: char) -> Option<u8> {
    let meant = match written.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let place = ALPHABET.iter().position(|letter| *letter == meant)?;
    u8::try_from(place).ok()
}

impl fmt::Debug for VoucherCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VoucherCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_code_reads_back_however_people_write_it() {
        let code =
            VoucherCode::from_random([0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf]);
        let readable = code.readable();

        assert_eq!(readable.len(), 21);
        for written in [
            readable.to_lowercase(),
            readable.replace('-', " "),
            readable.replace('-', ""),
            readable.replace('0', "o").replace('1', "l"),
            readable.replace('0', "O").replace('1', "i"),
        ] {
            assert_eq!(written.parse(), Ok(code.clone()), "{written}");
        }
    }

    #[test]
    fn a_code_is_never_printed_by_accident() {
        assert_eq!(format!("{:?}", VoucherCode::from_random([7; 10])), "VoucherCode(…)");
    }

    #[test]
    fn two_codes_are_never_alike() {
        let make = || VoucherCode::make().expect("a generator").canonical();
        let codes: std::collections::BTreeSet<_> = (0..1000).map(|_| make()).collect();

        assert_eq!(codes.len(), 1000);
    }

    proptest! {
        #[test]
        fn every_wrong_character_is_noticed(
            random in any::<[u8; 10]>(), place in 0..17_usize, wrong in 1..32_u8,
        ) {
            let mut code = VoucherCode::from_random(random);
            code.0[place] ^= wrong;

            prop_assert_eq!(code.readable().parse::<VoucherCode>(), Err(NotACode));
        }

        #[test]
        fn every_swap_of_neighbours_is_noticed(random in any::<[u8; 10]>(), place in 0..16_usize) {
            let code = VoucherCode::from_random(random);
            let mut swapped = code.clone();
            swapped.0.swap(place, place + 1);

            prop_assert_eq!(swapped.readable().parse::<VoucherCode>().is_ok(), swapped == code);
        }

        #[test]
        fn reading_a_code_never_panics(text in ".{0,60}") {
            let _ = text.parse::<VoucherCode>();
        }
    }
}
