//! Whole numbers as text. The formatting of the standard library weighs 2 KB, which nothing else here needs.

use crate::text::latin1;

/// A number's decimal digits.
pub fn decimal(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.insert(0, b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    latin1(&digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_the_standard_library_says() {
        for number in [0, 7, 10, 404, u64::MAX] {
            assert_eq!(decimal(number), number.to_string());
        }
    }
}
