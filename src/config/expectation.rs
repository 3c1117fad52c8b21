//! What a reply must be, as users write it: `/status == "ok"`, `200-299`, `Content-Type: application/json`.

use std::ops::RangeInclusive;

use serde_json::Value;

use crate::core::kinds::http::{Expectation, ExpectedHeader, Literal, Test};

const FORM: &str = r#"must be such as '/status == "ok"' or '/jobs exists'"#;

/// A JSON pointer, a comparison and a value.
///
/// # Errors
/// What is wrong, as the end of a sentence.
pub(super) fn expectation(text: &str) -> Result<Expectation, String> {
    let text = text.trim();
    let (pointer, test) = match operator(text) {
        Some((pointer, operator, value)) => (pointer, test(operator, value)?),
        None => match text.strip_suffix("exists") {
            Some(pointer) if pointer.ends_with(char::is_whitespace) => (pointer, Test::Exists),
            _ => return Err(FORM.to_owned()),
        },
    };
    let pointer = pointer.trim();
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return Err(format!(
            "must begin with a JSON pointer, such as '/{}'",
            pointer.replace('.', "/").escape_debug()
        ));
    }
    Ok(Expectation {
        text: text.to_owned(),
        pointer: pointer.to_owned(),
        test,
    })
}

/// A status such as `204`, a range such as `200-299`, or a class such as `2xx`.
///
/// # Errors
/// What is wrong, as the end of a sentence.
pub(super) fn statuses(text: &str) -> Result<RangeInclusive<u16>, String> {
    let wrong = || "must be a status such as 204, \"2xx\" or \"200-299\"".to_owned();
    let number = |text: &str| match text.trim().parse() {
        // 101 is what a websocket is opened with.
        Ok(status @ (101 | 200..=599)) => Ok(status),
        _ => Err(wrong()),
    };
    if let Some(class) = text.trim().strip_suffix("xx") {
        let first = number(&format!("{class}00"))?;
        return Ok(first..=first + 99);
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let range = number(first)?..=number(last)?;
    match range.is_empty() {
        true => Err(wrong()),
        false => Ok(range),
    }
}

/// `Name: value`, or only `Name`.
///
/// # Errors
/// What is wrong, as the end of a sentence.
pub(super) fn header(text: &str) -> Result<ExpectedHeader, String> {
    let (name, value) = match text.split_once(':') {
        Some((name, value)) => (name.trim(), Some(value.trim().to_owned())),
        None => (text.trim(), None),
    };
    match is_header_name(name) {
        true => Ok(ExpectedHeader {
            name: name.to_owned(),
            value: value.filter(|value| !value.is_empty()),
        }),
        false => Err("must be such as \"Content-Type: application/json\"".to_owned()),
    }
}

/// RFC 9110, 5.6.2.
pub(super) fn is_header_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(fits)
}

/// The parts around the first operator. A pointer that holds one itself cannot be written.
fn operator(text: &str) -> Option<(&str, &str, &str)> {
    let at = text.find(['=', '!', '<', '>'])?;
    let (pointer, rest) = text.split_at_checked(at)?;
    let known = ["==", "!=", "<=", ">=", "<", ">", "=", "!"];
    let operator = known.into_iter().find(|known| rest.starts_with(known))?;
    let value = rest.strip_prefix(operator)?;
    Some((pointer, operator, value.trim()))
}

fn test(operator: &str, value: &str) -> Result<Test, String> {
    let value = literal(value)?;
    let order = |test: fn(f64) -> Test| match &value {
        Literal::Number(number) => Ok(test(*number)),
        _ => Err(format!("can use '{operator}' for numbers only")),
    };
    match operator {
        "==" => Ok(Test::Is(value)),
        "!=" => Ok(Test::IsNot(value)),
        "<" => order(Test::Less),
        "<=" => order(Test::AtMost),
        ">" => order(Test::More),
        ">=" => order(Test::AtLeast),
        other => Err(format!(
            "knows ==, !=, <, <=, >, >= and exists, not '{other}'"
        )),
    }
}

fn literal(text: &str) -> Result<Literal, String> {
    match serde_json::from_str(text) {
        Ok(Value::Null) => Ok(Literal::Null),
        Ok(Value::Bool(value)) => Ok(Literal::Bool(value)),
        Ok(Value::String(value)) => Ok(Literal::Text(value)),
        Ok(Value::Number(value)) => Ok(Literal::Number(value.as_f64().unwrap_or(f64::NAN))),
        Ok(Value::Array(_) | Value::Object(_)) => Err(
            "compares texts, numbers, true, false and null, neither lists nor objects".to_owned(),
        ),
        Err(_) if text.is_empty() => Err(FORM.to_owned()),
        Err(_) => Err(format!(
            "must have a text in double quotes: \"{}\"",
            text.trim_matches(['\'', '"']).escape_debug()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons() {
        let text = |text: &str| Literal::Text(text.into());
        for (written, pointer, test) in [
            (r#"/status == "ok""#, "/status", Test::Is(text("ok"))),
            (r#" /a/0/b=="x y" "#, "/a/0/b", Test::Is(text("x y"))),
            (r#"/a != "a == b""#, "/a", Test::IsNot(text("a == b"))),
            ("/up == true", "/up", Test::Is(Literal::Bool(true))),
            ("/error == null", "/error", Test::Is(Literal::Null)),
            ("/load < 2.5", "/load", Test::Less(2.5)),
            ("/load <= 2", "/load", Test::AtMost(2.0)),
            ("/free > -1", "/free", Test::More(-1.0)),
            ("/free>=1e9", "/free", Test::AtLeast(1e9)),
            ("/a~1b exists", "/a~1b", Test::Exists),
            ("== 1", "", Test::Is(Literal::Number(1.0))),
        ] {
            let found = expectation(written).expect(written);
            assert_eq!((found.pointer.as_str(), found.test), (pointer, test));
            assert_eq!(found.text, written.trim());
        }
        for (written, wrong) in [
            ("/status", FORM),
            ("", FORM),
            ("/a ==", FORM),
            ("/a = 1", "knows ==, !=, <, <=, >, >= and exists, not '='"),
            ("/a == ok", "must have a text in double quotes: \"ok\""),
            ("/a == 'ok'", "must have a text in double quotes: \"ok\""),
            (
                "status.text == 1",
                "must begin with a JSON pointer, such as '/status/text'",
            ),
            ("/a < \"b\"", "can use '<' for numbers only"),
            (
                "/a == [1]",
                "compares texts, numbers, true, false and null, neither lists nor objects",
            ),
        ] {
            assert_eq!(expectation(written), Err(wrong.to_owned()), "{written}");
        }
    }

    #[test]
    fn expected_statuses() {
        assert_eq!(statuses("204"), Ok(204..=204));
        assert_eq!(statuses("2xx"), Ok(200..=299));
        assert_eq!(statuses("200-204"), Ok(200..=204));
        for wrong in ["", "20", "600", "6xx", "xx", "204-200", "a", "1xx", "65xx"] {
            assert!(statuses(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn expected_headers() {
        let value = |text: &str| header(text).map(|found| (found.name, found.value));
        assert_eq!(value("X-A: b: c "), Ok(("X-A".into(), Some("b: c".into()))));
        assert_eq!(value("X-A"), Ok(("X-A".into(), None)));
        assert!(value("").is_err() && value("a b: c").is_err());
    }
}
