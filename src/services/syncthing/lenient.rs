//! Reading JSON of a server that may be older, newer, broken or hostile.
//!
//! Invariant: a value of an unexpected type becomes the default and never an error; texts, lists
//! and maps are bounded. Only text that is no JSON is refused.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::core::Timestamp;

/// The longest name, label or message that is kept, characters.
pub const MAX_TEXT: usize = 200;
/// The longest message of the server that is kept, characters: 2.x writes the cause last, 1.x first.
pub const MAX_MESSAGE: usize = 600;
/// The longest path that is kept, characters.
pub const MAX_PATH: usize = 1024;
/// The longest ID, bytes. A longer one is dropped, not cut: a cut ID would name something else.
pub const MAX_ID: usize = 256;

/// A count or a size: integers, floats and digits in a text; negative is 0.
pub fn number<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    any::<Number, _>(from).map(|number| number.0)
}

/// A flag; anything but `true` is `false`.
pub fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    any::<Flag, _>(from).map(|flag| flag.0)
}

/// A short text for people, cut and cleaned.
pub fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    any::<Text<MAX_TEXT>, _>(from).map(|text| text.0)
}

/// A message for people, cleaned; a long one is cut in its middle.
pub fn message<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    any::<Message, _>(from).map(|message| message.0)
}

/// A path for people, cut and cleaned.
pub fn path<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    any::<Text<MAX_PATH>, _>(from).map(|text| text.0)
}

/// An ID, exactly as it is; empty when it cannot be one.
pub fn id<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    any::<Id, _>(from).map(|id| id.0)
}

/// A time; `None` for 1970 or earlier, which Syncthing sends for "never".
pub fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    any::<Time, _>(from).map(|time| time.0)
}

/// An object; anything else is the default.
pub fn object<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    any::<Object<T>, _>(from).map(|object| object.0)
}

/// An object that may be missing.
pub fn maybe<'de, D, T>(from: D) -> Result<Option<Box<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    any::<Maybe<T>, _>(from).map(|maybe| maybe.0)
}

/// A list of objects, the first `MAX` of them; `null` and anything else is empty.
pub fn list<'de, D, T, const MAX: usize>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    any::<List<T, MAX>, _>(from).map(|list| list.0)
}

/// A map from IDs to objects, the first `MAX` of them; `null` and anything else is empty.
pub fn map<'de, D, T, const MAX: usize>(from: D) -> Result<BTreeMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    any::<Map<T, MAX>, _>(from).map(|map| map.0)
}

/// What a type makes of each kind of JSON value; the default unless it says otherwise.
trait Shape<'de>: Default {
    fn number(_: f64) -> Self {
        Self::default()
    }
    fn integer(value: u64) -> Self {
        // Counters stay far below 2^53.
        Self::number(value as f64)
    }
    fn flag(_: bool) -> Self {
        Self::default()
    }
    fn text(_: &str) -> Self {
        Self::default()
    }
    fn list<A: SeqAccess<'de>>(mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
    fn map<A: MapAccess<'de>>(mut entries: A) -> Result<Self, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

fn any<'de, S: Shape<'de>, D: Deserializer<'de>>(from: D) -> Result<S, D::Error> {
    from.deserialize_any(AnyValue(PhantomData))
}

struct AnyValue<S>(PhantomData<S>);

impl<'de, S: Shape<'de>> Visitor<'de> for AnyValue<S> {
    type Value = S;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }
    fn visit_unit<E>(self) -> Result<S, E> {
        Ok(S::default())
    }
    fn visit_bool<E>(self, value: bool) -> Result<S, E> {
        Ok(S::flag(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<S, E> {
        Ok(S::integer(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<S, E> {
        Ok(S::integer(u64::try_from(value).unwrap_or(0)))
    }
    fn visit_f64<E>(self, value: f64) -> Result<S, E> {
        Ok(S::number(value))
    }
    fn visit_str<E>(self, value: &str) -> Result<S, E> {
        Ok(S::text(value))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<S, A::Error> {
        S::list(items)
    }
    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<S, A::Error> {
        S::map(entries)
    }
}

#[derive(Default)]
struct Number(u64);

impl Shape<'_> for Number {
    fn number(value: f64) -> Self {
        // A float cast saturates, and NaN becomes 0.
        Self(value as u64)
    }
    fn integer(value: u64) -> Self {
        Self(value)
    }
    fn text(value: &str) -> Self {
        value.parse().map_or_else(
            |_| Self::number(value.parse().unwrap_or_default()),
            Self::integer,
        )
    }
}

#[derive(Default)]
struct Flag(bool);

impl Shape<'_> for Flag {
    fn flag(value: bool) -> Self {
        Self(value)
    }
}

#[derive(Default)]
struct Text<const MAX: usize>(String);

impl<const MAX: usize> Shape<'_> for Text<MAX> {
    fn text(value: &str) -> Self {
        let clean = |char: char| if is_unfit(char) { ' ' } else { char };
        Self(value.chars().take(MAX).map(clean).collect())
    }
}

#[derive(Default)]
struct Message(String);

impl Shape<'_> for Message {
    fn text(value: &str) -> Self {
        let half = MAX_MESSAGE / 2;
        // Far longer than anything that is kept, it is not even counted.
        let end = value.char_indices().rev().nth(half - 1);
        let begin = value.char_indices().nth(half);
        let ends = begin.zip(end).filter(|((begin, _), (end, _))| begin < end);
        let text = match ends.and_then(|((begin, _), (end, _))| {
            Some(format!("{} … {}", value.get(..begin)?, value.get(end..)?))
        }) {
            Some(cut) => cut,
            None => value.to_owned(),
        };
        let clean = |char: char| if is_unfit(char) { ' ' } else { char };
        Self(text.chars().map(clean).collect())
    }
}

#[derive(Default)]
struct Id(String);

impl Shape<'_> for Id {
    fn text(value: &str) -> Self {
        if value.len() > MAX_ID || value.chars().any(is_unfit) {
            return Self::default();
        }
        Self(value.to_owned())
    }
}

#[derive(Default)]
struct Time(Option<Timestamp>);

impl Shape<'_> for Time {
    fn text(value: &str) -> Self {
        let time = value.parse().ok();
        Self(time.filter(|time: &Timestamp| time.as_millis() > 0))
    }
}

#[derive(Default)]
struct Object<T>(T);

impl<'de, T: Deserialize<'de> + Default> Shape<'de> for Object<T> {
    fn map<A: MapAccess<'de>>(entries: A) -> Result<Self, A::Error> {
        T::deserialize(MapAccessDeserializer::new(entries)).map(Self)
    }
}

struct Maybe<T>(Option<Box<T>>);

impl<T> Default for Maybe<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de> + Default> Shape<'de> for Maybe<T> {
    fn map<A: MapAccess<'de>>(entries: A) -> Result<Self, A::Error> {
        Object::map(entries).map(|object| Self(Some(Box::new(object.0))))
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        any(from)
    }
}

struct List<T, const MAX: usize>(Vec<T>);

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de> + Default, const MAX: usize> Shape<'de> for List<T, MAX> {
    fn list<A: SeqAccess<'de>>(mut items: A) -> Result<Self, A::Error> {
        let mut list = Vec::new();
        while list.len() < MAX {
            match items.next_element::<Object<T>>()? {
                Some(item) => list.push(item.0),
                None => return Ok(Self(list)),
            }
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self(list))
    }
}

struct Map<T, const MAX: usize>(BTreeMap<String, T>);

impl<T, const MAX: usize> Default for Map<T, MAX> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, T: Deserialize<'de> + Default, const MAX: usize> Shape<'de> for Map<T, MAX> {
    fn map<A: MapAccess<'de>>(mut entries: A) -> Result<Self, A::Error> {
        let mut map = BTreeMap::new();
        while map.len() < MAX {
            match entries.next_entry::<String, Object<T>>()? {
                Some((id, value)) => {
                    let id = Id::text(&id).0;
                    if !id.is_empty() {
                        map.insert(id, value.0);
                    }
                }
                None => return Ok(Self(map)),
            }
        }
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self(map))
    }
}

/// Control characters, and those that turn the direction of the text around them.
fn is_unfit(char: char) -> bool {
    char.is_control() || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_come_in_many_forms() {
        for (value, expected) in [
            (json!(7), 7),
            (json!(-7), 0),
            (json!(1.79522689363296e+15), 1_795_226_893_632_960),
            (json!("12"), 12),
            (json!("1.5e3"), 1500),
            (json!("many"), 0),
            (json!(u64::MAX), u64::MAX),
            (json!(1e300), u64::MAX),
            (json!(null), 0),
            (json!([1]), 0),
            (json!({"a": 1}), 0),
            (json!(true), 0),
        ] {
            assert_eq!(number(value.clone()).unwrap(), expected, "{value}");
        }
    }

    #[test]
    fn texts_are_cut_and_cleaned_but_ids_are_whole_or_nothing() {
        let long = "ä".repeat(5000);
        assert_eq!(text(json!(long)).unwrap().chars().count(), MAX_TEXT);
        assert_eq!(path(json!(long)).unwrap().chars().count(), MAX_PATH);
        assert_eq!(
            text(json!("a\u{1b}[31m\nb\u{202e}c")).unwrap(),
            "a [31m b c"
        );
        assert_eq!(id(json!(long)).unwrap(), "");
        assert_eq!(id(json!("a\nb")).unwrap(), "");
        assert_eq!(id(json!("abc d")).unwrap(), "abc d");
    }

    #[test]
    fn never_is_no_time() {
        for never in ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "", "soon"] {
            assert_eq!(time(json!(never)).unwrap(), None, "{never}");
        }
        assert!(
            time(json!("2026-11-21T05:49:57.1+01:00"))
                .unwrap()
                .is_some()
        );
    }

    #[test]
    fn a_long_message_keeps_both_ends() {
        let short = "é".repeat(MAX_MESSAGE);
        assert_eq!(message(json!(short)).unwrap(), short);
        let long = format!("begin{}\u{202e}end", "é".repeat(MAX_MESSAGE));
        let kept = message(json!(long)).unwrap();
        assert!(
            kept.starts_with("begin") && kept.ends_with(" end"),
            "{kept}"
        );
        assert!(kept.contains(" … ") && kept.chars().count() == MAX_MESSAGE + 3);
        assert_eq!(message(json!(7)).unwrap(), "");
    }

    #[test]
    fn lists_and_maps_are_bounded() {
        let many: Vec<_> = (0..50).map(|_| json!({})).collect();
        let kept = list::<_, BTreeMap<String, u8>, 10>(json!(many)).unwrap();
        assert_eq!(kept.len(), 10);
        let many: BTreeMap<_, _> = (0..50).map(|i| (i.to_string(), json!(null))).collect();
        let kept = map::<_, BTreeMap<String, u8>, 10>(json!(many)).unwrap();
        assert_eq!(kept.len(), 10);
    }
}
