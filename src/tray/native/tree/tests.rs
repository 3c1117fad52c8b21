//! Against a menu that writes down what is done to it.

use std::cell::RefCell;
use std::rc::Rc;

use super::*;

type Log = Rc<RefCell<Vec<String>>>;

struct Paper {
    name: String,
    log: Log,
    lines: RefCell<Vec<String>>,
}

struct Line {
    id: String,
    log: Log,
    below: Option<Paper>,
}

impl Paper {
    fn new(name: &str, log: &Log) -> Self {
        Self {
            name: name.to_owned(),
            log: Rc::clone(log),
            lines: RefCell::default(),
        }
    }
}

impl Place for Paper {
    type Entry = Line;

    fn insert(&self, position: usize, item: &Item) -> Option<Line> {
        if item.label == "refused" {
            return None;
        }
        let said = format!("{} +{position} {}", self.name, item.id);
        self.log.borrow_mut().push(said);
        self.lines.borrow_mut().insert(position, item.id.clone());
        let below = matches!(item.kind, ItemKind::Submenu(_));
        Some(Line {
            id: item.id.clone(),
            log: Rc::clone(&self.log),
            below: below.then(|| Paper::new(&item.id, &self.log)),
        })
    }

    fn remove(&self, position: usize) {
        let id = self.lines.borrow_mut().remove(position);
        self.log
            .borrow_mut()
            .push(format!("{} -{position} {id}", self.name));
    }
}

impl Line {
    fn note(&self, what: String) {
        self.log.borrow_mut().push(format!("{} {what}", self.id));
    }
}

impl Entry for Line {
    type Place = Paper;

    fn set_label(&self, label: &str) {
        self.note(format!("is '{label}'"));
    }

    fn set_enabled(&self, enabled: bool) {
        self.note(format!("enabled {enabled}"));
    }

    fn set_on(&self, on: bool) {
        self.note(format!("on {on}"));
    }

    fn below(&self) -> Option<&Paper> {
        self.below.as_ref()
    }
}

fn item(id: &str, kind: ItemKind) -> Item {
    Item {
        id: id.to_owned(),
        label: id.to_owned(),
        enabled: true,
        visible: true,
        kind,
    }
}

fn button(id: &str) -> Item {
    item(id, ItemKind::Button(Command::OpenJournal))
}

fn check(id: &str, on: bool) -> Item {
    let command = Command::Autostart { on: !on };
    item(id, ItemKind::Check { on, command })
}

/// What is done to go from each menu to the next.
fn done(menus: &[Vec<Item>]) -> Vec<Vec<String>> {
    let log = Log::default();
    let paper = Paper::new("root", &log);
    let mut tree = Tree::new();
    let show = |items: &Vec<Item>| {
        tree.show(&paper, items);
        let shown: Vec<&str> = tree.nodes.iter().map(|node| node.id.as_str()).collect();
        assert_eq!(shown, *paper.lines.borrow());
        std::mem::take(&mut *log.borrow_mut())
    };
    menus.iter().map(show).collect()
}

#[test]
fn the_same_menu_is_left_alone() {
    let menu = vec![
        button("a"),
        item("s", ItemKind::Submenu(vec![check("b", true)])),
    ];
    let done = done(&[menu.clone(), menu]);
    assert_eq!(done[0], ["root +0 a", "root +1 s", "s +0 b"]);
    assert!(done[1].is_empty(), "{done:?}");
}

#[test]
fn what_stays_is_changed_in_place() {
    let before = vec![button("a"), check("c", false), button("z")];
    let mut after = before.clone();
    after[0].label = "A".into();
    after[1] = check("c", true);
    after[2].enabled = false;
    let done = done(&[before, after]);
    assert_eq!(done[1], ["a is 'A'", "c on true", "z enabled false"]);
}

#[test]
fn what_comes_and_goes_moves_nothing_else() {
    let all = vec![button("a"), button("b"), button("c")];
    let mut fewer = all.clone();
    fewer[1].visible = false;
    let done = done(&[all.clone(), fewer, all]);
    assert_eq!(done[1], ["root -1 b"]);
    assert_eq!(done[2], ["root +1 b"]);
}

#[test]
fn another_kind_is_another_entry() {
    let texts = [vec![item("a", ItemKind::Text)], vec![button("a")]];
    assert_eq!(done(&texts)[1], ["a enabled true"]);
    let kinds = [vec![button("a")], vec![check("a", false)]];
    assert_eq!(done(&kinds)[1], ["root +0 a", "root -1 a"]);
}

#[test]
fn any_menu_becomes_any_other() {
    let menu = |ids: &str| -> Vec<Item> { ids.chars().map(|id| button(&id.to_string())).collect() };
    let ids = ["", "abcd", "dcba", "xa", "abcdx", "x", ""];
    done(&ids.map(menu));
}

#[test]
fn an_entry_that_the_system_refuses_is_left_out() {
    let mut refused = button("b");
    refused.label = "refused".into();
    let done = done(&[vec![button("a"), refused, button("c")]]);
    assert_eq!(done[0], ["root +0 a", "root +1 c"]);
}

#[test]
fn a_check_shows_what_is_and_not_that_it_was_clicked() {
    let log = Log::default();
    let paper = Paper::new("root", &log);
    let mut tree = Tree::new();
    let items = [item("s", ItemKind::Submenu(vec![check("c", true)]))];
    tree.show(&paper, &items);
    log.borrow_mut().clear();
    tree.restore("c");
    assert_eq!(*log.borrow(), ["c on true"]);
}

#[test]
fn only_what_can_be_clicked_does_something() {
    let mut off = button("off");
    off.enabled = false;
    let below = vec![button("b"), check("c", true)];
    let items = vec![off, item("s", ItemKind::Submenu(below))];
    assert_eq!(command(&items, "b"), Some(&Command::OpenJournal));
    assert_eq!(
        command(&items, "c"),
        Some(&Command::Autostart { on: false })
    );
    for id in ["off", "s", "nothing"] {
        assert_eq!(command(&items, id), None, "{id}");
    }
}
