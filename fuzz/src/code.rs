//! Voucher codes: whatever somebody types is the one code that it was meant to be, or none.

use voucher_api::code::VoucherCode;

const LETTERS: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

pub(crate) fn holds(bytes: &[u8]) {
    let Ok(typed) = std::str::from_utf8(bytes) else { return };
    let Ok(code) = typed.parse::<VoucherCode>() else { return };
    let canonical = code.canonical();

    assert_eq!(canonical.len(), 17, "{typed:?}");
    assert!(canonical.chars().all(|letter| LETTERS.contains(letter)), "{canonical}");
    for written in [canonical.clone(), code.readable(), canonical.to_lowercase()] {
        assert!(written.parse() == Ok(code.clone()), "{written} is another code than {typed:?}");
    }
    assert!(!format!("{code:?}").contains(&canonical), "a code shows itself");
    every_slip_of_the_pen_is_noticed(&canonical);
}

fn every_slip_of_the_pen_is_noticed(canonical: &str) {
    let letters: Vec<char> = canonical.chars().collect();
    for place in 0..letters.len() {
        for wrong in LETTERS.chars() {
            let mut slipped = letters.clone();
            if let Some(letter) = slipped.get_mut(place) {
                *letter = wrong;
            }
            let is_a_code = String::from_iter(&slipped).parse::<VoucherCode>().is_ok();
            assert_eq!(is_a_code, slipped == letters, "{wrong} at {place} of {canonical}");
        }
    }
    for place in 1..letters.len() {
        let mut swapped = letters.clone();
        swapped.swap(place - 1, place);
        let is_a_code = String::from_iter(&swapped).parse::<VoucherCode>().is_ok();
        assert_eq!(is_a_code, swapped == letters, "neighbours at {place} of {canonical}");
    }
}
