//! Decisions made of bytes, and JSON that they vary.

use std::collections::VecDeque;

use serde_json::{Map, Number, Value};

/// Bytes that decide; nothing but zeros once they are used up.
pub struct Dice {
    bytes: VecDeque<u8>,
}

impl Dice {
    pub fn new(data: &[u8]) -> Self {
        Self {
            bytes: data.iter().copied().collect(),
        }
    }

    pub fn is_used_up(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        self.bytes.pop_front().unwrap_or_default()
    }

    /// True once in `times`, and never when all is used up.
    pub fn once_in(&mut self, times: u8) -> bool {
        !self.is_used_up() && self.byte().is_multiple_of(times)
    }

    pub fn number(&mut self) -> u64 {
        u64::from_le_bytes([(); 8].map(|()| self.byte()))
    }

    /// Some of the bytes as they are.
    pub fn raw(&mut self) -> Vec<u8> {
        let length = usize::from(self.byte());
        self.bytes.drain(..length.min(self.bytes.len())).collect()
    }

    pub fn text(&mut self) -> String {
        match self.byte() % 8 {
            0 => String::new(),
            1 => "9".repeat(400),
            2 => "\u{1b}[31m<b>&amp;\u{202e}\r\n\u{7f}".repeat(usize::from(self.byte())),
            3 => "2026-11-21T00:00:00Z".into(),
            4 => "9999-99-99T99:99:99.999999999999+99:99".into(),
            _ => String::from_utf8_lossy(&self.raw()).into_owned(),
        }
    }

    /// `value` with some of its parts replaced, left out, or there twice.
    pub fn vary(&mut self, value: &Value) -> Value {
        if self.is_used_up() {
            return value.clone();
        }
        if self.once_in(16) {
            return self.value();
        }
        match value {
            Value::Array(list) => {
                let mut varied = Vec::new();
                for part in list {
                    let times = match self.byte() % 16 {
                        0 => 0,
                        1 => 2,
                        _ => 1,
                    };
                    varied.extend((0..times).map(|_| self.vary(part)));
                }
                Value::Array(varied)
            }
            Value::Object(map) => {
                let mut varied = Map::new();
                for (key, part) in map {
                    match self.byte() % 32 {
                        0 => {}
                        1 => {
                            varied.insert(self.text(), part.clone());
                        }
                        _ => {
                            varied.insert(key.clone(), self.vary(part));
                        }
                    }
                }
                Value::Object(varied)
            }
            leaf => leaf.clone(),
        }
    }

    fn value(&mut self) -> Value {
        match self.byte() % 10 {
            0 => Value::Null,
            1 => true.into(),
            2 => self.number().into(),
            3 => self.number().cast_signed().into(),
            4 => Number::from_f64(f64::from_bits(self.number())).map_or(Value::Null, Value::Number),
            5 => Value::Array(vec![Value::Null; usize::from(self.byte())]),
            6 => Value::Object(Map::new()),
            7 => i64::MIN.into(),
            _ => self.text().into(),
        }
    }
}
