//! The page that the matrix writes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use syncwatch::core::{Class, InstanceStatus, Kind, LinkState, Patience};

use super::faults::Fault;
use super::{Met, NAME, name};

const HEAD: &str = "\
# What each failure looks like

Every kind of server against every fault, each a real listener. This page is written by the test that tries them
(`UPDATE_PAGES=1 cargo test --test services matrix`) and held equal by it, so that it says what is so.

*Kept quiet* is for how long the last known state stays on display, where nothing else is configured under `[patience]`; the JSON, the
journal and the log tell it at once. A server that proves to be somebody else gets no request in any of these rows, at no time.

## What the views say

| the server | kinds | class | state | kept quiet | what is said, and what to do |
|---|---|---|---|---|---|
";

const CHECK: &str = "
## What `syncwatch check` adds

For the kind `http`; what is seen on the way is the same for all. `N` stands for a number.

| the server | step | what was found | what was seen | what to do |
|---|---|---|---|---|
";

pub fn met(instance: &InstanceStatus) -> Met {
    let plain = |text: &str| {
        let text = match instance.url.is_empty() {
            true => text.to_owned(),
            false => text.replace(&instance.url, "URL"),
        };
        without_fingerprints(&text.replace(&instance.name, "NAME"))
    };
    let failure = instance.link.failure.as_ref();
    let looked_at = || {
        let facts = instance.service.iter().flat_map(|service| &service.facts);
        let wrong = facts.filter(|fact| fact.attention);
        let words: Vec<String> = wrong
            .map(|fact| format!("{}: {}", fact.name, fact.value))
            .collect();
        match words.is_empty() {
            true => "Nothing is said, for nothing else is expected of it.".to_owned(),
            false => format!("Needs a look: {}.", words.join("; ")),
        }
    };
    Met {
        class: failure.map(|failure| failure.class),
        state: instance.link.state,
        message: failure.map_or_else(looked_at, |failure| plain(&failure.message)),
        hint: failure.map_or_else(String::new, |failure| plain(&failure.hint)),
    }
}

pub fn page(faults: &[Fault], met: &BTreeMap<String, Met>, checked: &[Value]) -> String {
    let mut page = HEAD.to_owned();
    for (row, fault) in faults.iter().enumerate() {
        // Kinds that take it alike are told together.
        let mut alike: Vec<(String, Vec<&str>)> = Vec::new();
        for kind in Kind::ALL {
            let told = cells(&met[&name(row, kind)]);
            match alike.iter_mut().find(|(cells, _)| *cells == told) {
                Some((_, kinds)) => kinds.push(kind.name()),
                None => alike.push((told, vec![kind.name()])),
            }
        }
        for (cells, kinds) in alike {
            let kinds = match kinds.len() {
                5 => "all".to_owned(),
                _ => kinds.join(", "),
            };
            writeln!(page, "| {} | {kinds} | {cells} |", fault.what).unwrap();
        }
    }
    page.push_str(CHECK);
    for (fault, report) in faults.iter().zip(checked) {
        let steps = report["steps"].as_array().unwrap();
        let Some(step) = steps.iter().find(|step| step["outcome"] == "failed") else {
            continue;
        };
        let text = |value: &Value| clean(value.as_str().unwrap_or_default());
        let seen = step["evidence"].as_array().cloned().unwrap_or_default();
        let seen: Vec<String> = seen.iter().map(text).collect();
        writeln!(
            page,
            "| {} | {} | {} | {} | {} |",
            fault.what,
            text(&step["name"]),
            text(&step["found"]),
            seen.join(" "),
            text(&step["hint"])
        )
        .unwrap();
    }
    page
}

fn cells(met: &Met) -> String {
    let class = met.class.map_or_else(|| "-".to_owned(), Class::name);
    let words = format!("{} **{}**", met.message, met.hint).replace('|', "\\|");
    let words = words.replace(" ****", "");
    format!(
        "{class} | {} | {} | {words}",
        met.state.name(),
        quiet(met.class, met.state)
    )
}

fn quiet(class: Option<Class>, state: LinkState) -> String {
    let Some(class) = class.filter(|_| state.is_loud()) else {
        return "-".to_owned();
    };
    let patience = Patience::default();
    let of = |rotating| patience.of(class, rotating).as_secs();
    let silent = class.rule().silent_retries > 0;
    match (of(false), of(true)) {
        (0, 0) if silent => "one more try".to_owned(),
        (0, 0) => "no".to_owned(),
        (usual, rotating) if usual == rotating => format!("{usual} s"),
        (0, rotating) => format!("one more try; {rotating} s in a rotation"),
        (usual, rotating) => format!("{usual} s; {rotating} s in a rotation"),
    }
}

fn is_number(text: &str) -> bool {
    text.parse::<u32>().is_ok()
}

/// Without what differs from run to run.
fn clean(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let unit = |word: &str| {
        ["byte", "ms", "s"].iter().any(|unit| {
            let word = word.trim_end_matches([',', '.', ')', ';']);
            word == *unit || word == "bytes"
        })
    };
    let mut out = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let measured = words.get(index + 1).is_some_and(|next| unit(next));
        let number = word.trim_start_matches('(');
        if measured && number != "0" && number.parse::<f64>().is_ok() {
            out.push(word.replace(number, "N"));
        } else if word.contains("127.0.0.1:") {
            out.push("ADDRESS".to_owned() + if word.ends_with(';') { ";" } else { "" });
        } else if word.strip_prefix("http-").is_some_and(is_number) {
            out.push("NAME".to_owned());
        } else if word.contains("ca.pem") {
            let end = if word.ends_with(':') { ":" } else { "" };
            out.push(format!("ca.pem{end}"));
        } else {
            out.push((*word).to_owned());
        }
    }
    let text = without_fingerprints(&out.join(" ")).replace("N s", "N ms");
    let url = format!("https://{NAME}");
    let text = text
        .replace(&url, "URL")
        .replace("https://nowhere.invalid", "URL");
    let mut text = text.replace('|', "\\|");
    // The clock of this computer.
    if let Some((before, _)) = text.clone().split_once("this computer says ") {
        text = format!("{before}this computer says NOW.");
    }
    if let Some(at) = text.find("--instance ") {
        text = format!("{}--instance NAME'.", &text[..at]);
    }
    text
}

/// Nor what this computer's resolver says.
fn without_fingerprints(text: &str) -> String {
    const NO_NAME: &str = "has no address: ";
    if let Some((before, _)) = text.split_once(NO_NAME) {
        return format!("{before}{NO_NAME}….");
    }
    let mut parts = text.split("sha256:");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|letter: char| letter.is_ascii_hexdigit());
        out.push_str("sha256:…");
        out.push_str(rest);
    }
    let words = out.split(' ').map(|word| match word.matches(':').count() {
        31 => format!(
            "AB:CD:…{}",
            word.trim_start_matches(|letter: char| letter == ':' || letter.is_ascii_hexdigit())
        ),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}
