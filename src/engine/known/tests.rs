//! Whose it is: stories, and random changes of the config over servers that do not care.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::core::{Fingerprint, Kind, Part};

/// Servers by letter. Each can be asked at two addresses.
fn address(server: char, spelling: bool) -> Address {
    Address {
        kind: Kind::Syncthing,
        at: format!("https://{server}{}", if spelling { ".lan" } else { "" }),
        path: String::new(),
    }
}

/// Who stands there.
fn server_at(address: &Address) -> String {
    address
        .at
        .chars()
        .nth("https://".len())
        .into_iter()
        .collect()
}

/// A hold with this number; its one part says of which server it is.
fn hold(number: u64, server: &str) -> Held {
    let held = json!({
        "cause": "user",
        "since": "2026-11-21T02:00:00Z",
        "parts": [{"device": format!("{server}{number}")}],
        "chosen": true,
    });
    serde_json::from_value(held).expect("a hold")
}

fn server_of(held: &Held) -> String {
    match &held.hold.parts[..] {
        [Part::Device(name)] => name[..1].to_owned(),
        other => panic!("{other:?}"),
    }
}

fn pin(byte: u8) -> Pin {
    Pin {
        fingerprint: Fingerprint::from_digest([byte; 32]),
        not_after: None,
    }
}

fn config(entries: &[(&str, Address)]) -> BTreeMap<String, Address> {
    let entries = entries.iter();
    entries
        .map(|(name, address)| ((*name).to_owned(), address.clone()))
        .collect()
}

#[test]
fn another_name_for_the_same_server_takes_everything_over() {
    let mut known = Known::default();
    known.configure(&config(&[("syncthing", address('a', false))]));
    known.change("syncthing", |kept| {
        kept.holds = vec![hold(1, "a")];
        kept.accepted = Some(pin(1));
        kept.paused = true;
    });
    let before = known.get("syncthing");
    let renamed = known.configure(&config(&[("laptop", address('a', false))]));
    assert_eq!(known.get("laptop"), before);
    assert_eq!(known.get("syncthing"), Kept::default());
    let (from, to) = ("syncthing".into(), "laptop".into());
    assert_eq!(renamed, [Renamed { from, to }]);
    assert_eq!(known.left(), []);
}

#[test]
fn a_name_that_moves_to_another_server_takes_nothing_with_it() {
    let mut known = Known::default();
    known.configure(&config(&[("nas", address('a', false))]));
    known.change("nas", |kept| {
        kept.accepted = Some(pin(1));
        kept.paused = true;
        kept.holds = vec![hold(1, "a")];
    });
    assert_eq!(
        known.configure(&config(&[("nas", address('b', false))])),
        []
    );
    let (accepted, paused) = (None, false);
    let nas = known.get("nas");
    assert_eq!((nas.accepted, nas.paused), (accepted, paused));
    assert_eq!(nas.holds, []);
    // Its server is back, under another spelling: what is paused and what was said of it, but no pin.
    known.configure(&config(&[("box", address('a', true))]));
    assert_eq!(known.recall("box"), Recalled::default(), "nobody knows yet");
    known.configure(&config(&[("nas", address('a', false))]));
    assert_eq!(known.get("nas").accepted, Some(pin(1)));
}

#[test]
fn a_file_of_before_knows_names_only() {
    let old = json!({"instances": {
        "syncthing": {"accepted": pin(1), "holds": [hold(1, "a")]},
        "gone": {"accepted": pin(2), "holds": [hold(2, "b")]},
    }});
    let mut known: Known = serde_json::from_value(old).expect("read");
    known.configure(&config(&[("syncthing", address('a', false))]));
    assert_eq!(known.get("syncthing").accepted, Some(pin(1)));
    assert_eq!(known.get("syncthing").holds.len(), 1);
    // A name that was not there at once is no ground for a pin.
    known.configure(&config(&[("gone", address('c', false))]));
    let gone = known.get("gone");
    assert_eq!((gone.accepted, gone.holds.len()), (None, 1));
}

#[test]
fn what_is_remembered_is_bounded_and_holds_go_last() {
    let mut known = Known::default();
    for number in 0..2 * MOST_LEFT {
        let name = format!("instance {number}");
        let at = Address {
            at: name.clone(),
            ..Address::default()
        };
        known.configure(&config(&[(&name, at)]));
        known.change(&name, |kept| match number {
            0 => kept.holds = vec![hold(0, "a")],
            _ => kept.accepted = Some(pin(1)),
        });
    }
    known.configure(&BTreeMap::new());
    assert_eq!(known.left().len(), MOST_LEFT);
    assert!(known.left().iter().any(|left| !left.kept.holds.is_empty()));
}

#[derive(Clone, Debug)]
enum Step {
    Configure(BTreeMap<String, Address>),
    /// An instance connects.
    Connect(usize),
    /// Something is paused by way of an instance.
    Pause(usize),
    Accept(usize),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let server = prop::sample::select(vec!['a', 'b', 'c']);
    let place = (server, any::<bool>()).prop_map(|(server, spelling)| address(server, spelling));
    let name = prop::sample::select(vec!["one", "two", "three", "four"]).prop_map(str::to_owned);
    prop_oneof![
        3 => prop::collection::btree_map(name, place, 0..4).prop_map(Step::Configure),
        4 => (0..4_usize).prop_map(Step::Connect),
        2 => (0..4_usize).prop_map(Step::Pause),
        1 => (0..4_usize).prop_map(Step::Accept),
        1 => Just(Step::Restart),
    ]
}

/// Everything that is paused, by where it is remembered: `None` for what waits.
fn everything(known: &Known) -> Vec<(Option<String>, Held)> {
    let own = known.instances.iter().flat_map(|(name, kept)| {
        let held = |held: &Held| (Some(name.clone()), held.clone());
        kept.holds.iter().map(held).collect::<Vec<_>>()
    });
    let left = known.left().iter().flat_map(|left| left.kept.holds.iter());
    own.chain(left.map(|held| (None, held.clone()))).collect()
}

/// As the engine does when a server says who it is.
fn connect(known: &mut Known, name: &str, address: &Address) {
    let (kept, id) = (known.get(name), server_at(address));
    if kept.id.as_ref() != Some(&id) {
        let aside = match kept.id {
            Some(_) => kept.holds,
            None => Vec::new(),
        };
        known.identify(name, id, aside);
        take(known, name);
    }
}

fn take(known: &mut Known, name: &str) {
    let recalled = known.recall(name);
    known.change(name, |kept| kept.holds.extend(recalled.holds));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the config says, in whatever order: nothing that is paused is forgotten or given to another server, and
    /// a pin stays with its address.
    #[test]
    fn it_is_whose_it_was(steps in prop::collection::vec(step(), 1..60)) {
        let mut known = Known::default();
        let mut now: BTreeMap<String, Address> = BTreeMap::new();
        let (mut paused, mut accepted) = (Vec::new(), Vec::<(Pin, Address)>::new());
        for step in steps {
            let nth = |n: usize| now.iter().nth(n).map(|(name, at)| (name.clone(), at.clone()));
            match step {
                Step::Configure(wanted) => {
                    known.configure(&wanted);
                    wanted.keys().for_each(|name| take(&mut known, name));
                    now = wanted;
                }
                Step::Connect(n) => {
                    if let Some((name, at)) = nth(n) {
                        connect(&mut known, &name, &at);
                    }
                }
                Step::Pause(n) => {
                    if let Some((name, at)) = nth(n) {
                        // Only who is connected is paused.
                        connect(&mut known, &name, &at);
                        let held = hold(paused.len() as u64, &server_at(&at));
                        paused.push(held.clone());
                        known.change(&name, |kept| kept.holds.push(held));
                    }
                }
                Step::Accept(n) => {
                    if let Some((name, at)) = nth(n) {
                        let byte = u8::try_from(accepted.len()).expect("few");
                        known.change(&name, |kept| kept.accepted = Some(pin(byte)));
                        accepted.push((pin(byte), at));
                    }
                }
                Step::Restart => {
                    let json = serde_json::to_string(&known).expect("written");
                    known = serde_json::from_str(&json).expect("read");
                    known.configure(&now);
                    now.keys().for_each(|name| take(&mut known, name));
                }
            }
            let remembered = everything(&known);
            prop_assert_eq!(remembered.len(), paused.len(), "nothing is lost or doubled");
            for (name, held) in remembered {
                prop_assert!(paused.contains(&held));
                let who = name.and_then(|name| known.get(&name).id);
                prop_assert!(who.is_none_or(|who| who == server_of(&held)), "given away: {held:?}");
            }
            for (name, at) in &now {
                if let Some(pin) = known.get(name).accepted {
                    let entry = (pin, at.clone());
                    prop_assert!(accepted.contains(&entry), "a pin of another address");
                }
            }
        }
        // In the end all servers are there, each connects, and each has what is its own.
        let all = [("x", 'a'), ("y", 'b'), ("z", 'c')];
        let all = all.map(|(name, server)| (name, address(server, true)));
        known.configure(&config(&all));
        for (name, at) in &all {
            take(&mut known, name);
            connect(&mut known, name, at);
        }
        for (name, held) in everything(&known) {
            let who = name.and_then(|name| known.get(&name).id);
            prop_assert_eq!(who, Some(server_of(&held)));
        }
    }
}
