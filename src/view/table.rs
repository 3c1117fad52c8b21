//! Columns that line up and shrink to the width there is.

use super::style::{Line, Page, Role};

const GAP: usize = 2;

/// One column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    title: &'static str,
    /// It is cut down to this where the page is narrow; `None` is never cut.
    least: Option<usize>,
    right: bool,
}

impl Column {
    /// A column of words.
    pub(super) const fn left(title: &'static str, least: Option<usize>) -> Self {
        let right = false;
        Self {
            title,
            least,
            right,
        }
    }

    /// A column of figures.
    pub(super) const fn right(title: &'static str, least: Option<usize>) -> Self {
        let right = true;
        Self {
            title,
            least,
            right,
        }
    }
}

/// Rows under titles, each with notes of its own below it.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<Column>,
    rows: Vec<(Vec<Line>, Page)>,
}

impl Table {
    pub(super) fn new(columns: &[Column]) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// A row of as many cells as there are columns, and what is to be said below it.
    pub(super) fn row(&mut self, cells: Vec<Line>, notes: Page) {
        self.rows.push((cells, notes));
    }

    /// The page, `indent` blanks from the left. A column without any content is left out.
    pub(super) fn page(self, indent: usize, width: usize) -> Page {
        let widths = self.widths(width.saturating_sub(indent));
        let titles = self
            .columns
            .iter()
            .map(|column| Line::of(Role::Dim, column.title));
        let mut page = Page::default();
        if !self.rows.is_empty() {
            page.push(self.line(titles.collect(), &widths, indent));
        }
        for (cells, notes) in &self.rows {
            page.push(self.line(cells.clone(), &widths, indent));
            page.append(notes.clone());
        }
        page
    }

    fn line(&self, cells: Vec<Line>, widths: &[usize], indent: usize) -> Line {
        let mut line = Line::plain(&" ".repeat(indent));
        let shown = cells.into_iter().zip(&self.columns).zip(widths);
        let mut first = true;
        for ((cell, column), width) in shown.filter(|(_, width)| **width > 0) {
            if !first {
                line = line.with(Role::Plain, &" ".repeat(GAP));
            }
            first = false;
            line = line.then(cell.cut(*width).fill(*width, column.right));
        }
        line
    }

    fn widths(&self, available: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            let cells = self.rows.iter().filter_map(|(cells, _)| cells.get(index));
            let widest = cells.map(Line::width).max().unwrap_or(0);
            widths.push(if widest == 0 {
                0
            } else {
                widest.max(column.title.len())
            });
        }
        let gaps = widths
            .iter()
            .filter(|width| **width > 0)
            .count()
            .saturating_sub(1)
            * GAP;
        let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(available);
        while excess > 0 {
            let shrinkable = widths.iter_mut().zip(&self.columns);
            let shrinkable = shrinkable
                .filter(|(width, column)| column.least.is_some_and(|least| **width > least));
            match shrinkable
                .map(|(width, _)| width)
                .max_by_key(|width| **width)
            {
                Some(widest) => *widest -= 1,
                None => break,
            }
            excess -= 1;
        }
        widths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shrinks_the_widest_first_and_drops_what_is_empty() {
        let mut table = Table::new(&[
            Column::left("Name", Some(4)),
            Column::left("Empty", None),
            Column::right("Size", None),
        ]);
        for (name, size) in [("写真 of a long summer", "1 B"), ("b", "10 KiB")] {
            let cells = vec![Line::plain(name), Line::default(), Line::plain(size)];
            table.row(cells, Page::default());
        }
        insta::assert_snapshot!(table.page(1, 20), @r"
        Name           Size
        写真 of a …     1 B
        b            10 KiB
        ");
    }
}
