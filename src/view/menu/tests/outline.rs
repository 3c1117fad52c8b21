//! A menu as an indented text, and a walk over all of it.

use crate::view::menu::{Item, ItemKind, Menu};

/// What a user sees; submenus are opened.
pub(super) fn outline(menu: &Menu) -> String {
    let mut out = String::new();
    write(&mut out, &menu.items, 0);
    out
}

fn write(out: &mut String, items: &[Item], depth: usize) {
    for item in items.iter().filter(|item| item.visible) {
        let (mark, command) = match &item.kind {
            ItemKind::Text => (' ', String::new()),
            ItemKind::Button(command) => ('*', format!("  -> {command:?}")),
            ItemKind::Check { on: true, command } => ('x', format!("  -> {command:?}")),
            ItemKind::Check { on: false, command } => ('o', format!("  -> {command:?}")),
            ItemKind::Separator => ('-', String::new()),
            ItemKind::Submenu(_) => ('>', String::new()),
        };
        let grey = if item.enabled { "" } else { "(grey) " };
        let line = format!(
            "{}{mark} {grey}{}{command}",
            "    ".repeat(depth),
            item.label
        );
        out.push_str(line.trim_end());
        out.push('\n');
        if let ItemKind::Submenu(items) = &item.kind {
            write(out, items, depth + 1);
        }
    }
}

/// Every item with the path of places that leads to it.
pub(super) fn walk<'a>(
    items: &'a [Item],
    path: &[usize],
    each: &mut impl FnMut(&[usize], &'a Item),
) {
    for (place, item) in items.iter().enumerate() {
        let path: Vec<usize> = path.iter().copied().chain([place]).collect();
        each(&path, item);
        if let ItemKind::Submenu(items) = &item.kind {
            walk(items, &path, each);
        }
    }
}
