//! A JSON Schema of the config, for editors that know TOML (Taplo, Even Better TOML): `assets/config.schema.json`.

use serde_json::{Map, Value, json};

use super::{Key, Part, Takes, parts};
use crate::core::failure::TABLE;

/// The schema. It knows which keys there are, what they take and what they mean; what may go together only the parser knows.
pub fn schema() -> Value {
    let mut root = Map::new();
    for part in parts().iter().filter(|part| part.is_whole()) {
        let name = part.name();
        let list = part.title.starts_with("[[");
        let table = match name {
            "instance" | "hook" => {
                let others = parts().into_iter().filter(|other| other.belongs_to(name));
                let keys = others.flat_map(|other| other.keys);
                several(part, &keys.collect::<Vec<_>>())
            }
            _ => table(&part.keys, part.means),
        };
        let value = match list {
            true => json!({ "type": "array", "items": table }),
            false => table,
        };
        root.insert(name.to_owned(), value);
    }
    root.insert("patience".into(), patience());
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "The configuration of syncwatch",
        "type": "object",
        "additionalProperties": false,
        "properties": root,
    })
}

/// The keys of all kinds: where two have one of the same name, either will do.
fn several(every: &Part, others: &[Key]) -> Value {
    let mut properties = properties(&every.keys);
    for key in others {
        let own = property(key);
        match properties.get_mut(key.name) {
            None => {
                properties.insert(key.name.to_owned(), own);
            }
            Some(known) if *known != own => merge(known, own),
            Some(_) => {}
        }
    }
    json!({
        "type": "object",
        "description": every.means,
        "required": ["name"],
        "additionalProperties": false,
        "properties": properties,
    })
}

fn merge(known: &mut Value, other: Value) {
    match known.get_mut("anyOf").and_then(Value::as_array_mut) {
        Some(forms) if !forms.contains(&other) => forms.push(other),
        Some(_) => {}
        None => *known = json!({ "anyOf": [known.take(), other] }),
    }
}

fn table(keys: &[Key], means: &str) -> Value {
    json!({
        "type": "object",
        "description": means,
        "additionalProperties": false,
        "properties": properties(keys),
    })
}

fn properties(keys: &[Key]) -> Map<String, Value> {
    let entry = |key: &Key| (key.name.to_owned(), property(key));
    keys.iter().map(entry).collect()
}

fn property(key: &Key) -> Value {
    let mut property = takes(key.takes);
    if let Some(property) = property.as_object_mut() {
        property.insert("description".into(), key.means.into());
    }
    property
}

fn takes(takes: Takes) -> Value {
    let text = || json!({ "type": "string" });
    let either = |one: Value| json!({ "anyOf": [one, { "type": "array", "items": one }] });
    match takes {
        Takes::Text | Takes::Path => text(),
        Takes::Time => json!({ "type": "string", "pattern": "[a-zµ]" }),
        Takes::Word(words) => json!({ "enum": words }),
        Takes::Words(words) => either(json!({ "enum": words })),
        Takes::Boolean => json!({ "type": "boolean" }),
        Takes::Number(most) => json!({ "type": "integer", "minimum": 0, "maximum": most }),
        Takes::Texts | Takes::Command | Takes::Parts => either(text()),
        Takes::List => json!({ "type": "array", "items": { "type": "string" } }),
        Takes::Choice(words) => json!({ "type": "array", "items": { "enum": words } }),
        Takes::Statuses => either(json!({ "type": ["string", "integer"] })),
        Takes::Trust(keys) => {
            let words = json!({ "enum": ["system", "any"] });
            let mut table = table(keys, "Exactly one of these.");
            if let Some(table) = table.as_object_mut() {
                table.insert("minProperties".into(), 1.into());
                table.insert("maxProperties".into(), 1.into());
            }
            json!({ "anyOf": [words, table] })
        }
        Takes::Table(keys) => table(keys, ""),
    }
}

fn patience() -> Value {
    let entry = |name: String| (name, takes(Takes::Time));
    let classes = TABLE.iter().map(|rule| entry(rule.class.name()));
    json!({
        "type": "object",
        "description": "How long a failure stays hidden before it is shown, by its class.",
        "additionalProperties": false,
        "properties": classes.collect::<Map<_, _>>(),
    })
}
