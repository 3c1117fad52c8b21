//! Device IDs in Syncthing's written form (lib/protocol/deviceid.go, luhn.go).

use ring::digest;

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const GROUP: usize = 13;
const CHUNK: usize = 7;

/// The device ID that belongs to the SHA-256 of `seed`: eight groups of seven characters, check characters included.
pub fn device_id(seed: &str) -> String {
    let hash = digest::digest(&digest::SHA256, seed.as_bytes());
    let values = base32(hash.as_ref());
    let with_checks: Vec<u8> = values
        .chunks(GROUP)
        .flat_map(|group| {
            group
                .iter()
                .copied()
                .chain(std::iter::once(check_value(group)))
        })
        .collect();
    with_checks
        .chunks(CHUNK)
        .map(|chunk| chunk.iter().map(|&value| letter(value)).collect::<String>())
        .collect::<Vec<_>>()
        .join("-")
}

/// Whether `text` has the shape of a device ID.
pub(super) fn plausible(text: &str) -> bool {
    text.split('-').count() == 8
        && text
            .split('-')
            .all(|chunk| chunk.len() == CHUNK && chunk.bytes().all(|byte| ALPHABET.contains(&byte)))
}

fn base32(bytes: &[u8]) -> Vec<u8> {
    let mut values = Vec::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut buffer, mut bits) = (0_u32, 0_u32);
    for &byte in bytes {
        buffer = (buffer << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            values.push(((buffer >> bits) & 31) as u8);
        }
        buffer &= (1 << bits) - 1;
    }
    if bits > 0 {
        values.push(((buffer << (5 - bits)) & 31) as u8);
    }
    values
}

/// Syncthing's variant of the Luhn mod 32 check: it runs from the left.
fn check_value(group: &[u8]) -> u8 {
    let sum: u32 = group
        .iter()
        .zip([1, 2].into_iter().cycle())
        .map(|(&value, factor)| u32::from(value) * factor)
        .map(|addend| addend / 32 + addend % 32)
        .sum();
    ((32 - sum % 32) % 32) as u8
}

fn letter(value: u8) -> char {
    ALPHABET
        .get(usize::from(value))
        .map_or('A', |&byte| char::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<u8> {
        text.bytes()
            .map(|byte| ALPHABET.iter().position(|&each| each == byte).unwrap() as u8)
            .collect()
    }

    #[test]
    fn the_check_characters_are_those_of_a_real_device_id() {
        let real = "XUJX2RRO4OA4VYWQDMJ54IT3IVC7HUAJS2YL662J7DHQQKMDGBZ3UHQY";
        for group in real.as_bytes().chunks(14) {
            let text = std::str::from_utf8(group).unwrap();
            assert_eq!(
                letter(check_value(&values(&text[..13]))),
                text.chars().last().unwrap()
            );
        }
    }

    #[test]
    fn an_id_has_eight_groups_and_depends_on_its_seed() {
        assert!(plausible(&device_id("laptop")));
        assert_ne!(device_id("laptop"), device_id("phone"));
        assert_eq!(device_id("laptop"), device_id("laptop"));
        assert!(!plausible("xx"));
    }
}
