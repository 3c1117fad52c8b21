//! Text as editors save it: UTF-8, or UTF-16 as Windows' own programs and `>` of its PowerShell write it.

/// Bytes as text, without the mark that some editors put before it.
///
/// # Errors
/// The number of the first line, from 1, that is no text.
pub(super) fn decode(bytes: &[u8]) -> Result<String, usize> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => match std::str::from_utf8(rest) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(line_after(
                rest.get(..error.valid_up_to()).unwrap_or_default(),
            )),
        },
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, usize> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::new();
    for found in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        text.push(found.map_err(|_| line_after(text.as_bytes()))?);
    }
    match rest {
        [] => Ok(text),
        _ => Err(line_after(text.as_bytes())),
    }
}

fn line_after(good: &[u8]) -> usize {
    good.iter().filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, mark: &[u8], bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let units = text.encode_utf16().flat_map(bytes);
        mark.iter().copied().chain(units).collect()
    }

    #[test]
    fn what_windows_programs_save_is_read() {
        let text = "home = 'C:\\Users\\Zoë'\r\n# 🔑\r\n";
        let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        for bytes in [
            text.as_bytes().to_vec(),
            marked,
            utf16(text, &[0xff, 0xfe], u16::to_le_bytes),
            utf16(text, &[0xfe, 0xff], u16::to_be_bytes),
        ] {
            assert_eq!(decode(&bytes).as_deref(), Ok(text));
        }
        assert_eq!(decode(b"").as_deref(), Ok(""));
    }

    #[test]
    fn what_is_no_text_is_told_with_its_line() {
        assert_eq!(decode(b"a\nb\n\xff"), Err(3));
        assert_eq!(decode(b"\xff\xfea\0\n\0\x00\xd8"), Err(2));
        assert_eq!(decode(b"\xff\xfea\0\n"), Err(1));
    }
}
