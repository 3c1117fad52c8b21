//! What a check found: steps with an outcome, the evidence, and what to do.

use serde::Serialize;

use crate::core::Fault;
use crate::core::failure::fill;
use crate::view::style::{Line, Page, Role};

/// Where the text of a step begins: a fingerprint then fits unbroken into 80 columns, to be copied.
const INDENT: usize = 9;

/// Everything that was looked at for one instance, in order.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub instance: String,
    /// Every place where Syncthing's own config was looked for.
    pub tried: Vec<String>,
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// What was looked at, such as `handshake`.
    pub name: &'static str,
    pub outcome: Outcome,
    /// What was seen.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Ok,
    Warning,
    Failed,
    /// Not done, because an earlier one failed.
    Skipped,
}

impl Step {
    fn draw(&self, page: &mut Page, width: usize) {
        let (role, word) = match self.outcome {
            Outcome::Ok => (Role::Ok, "ok"),
            Outcome::Warning => (Role::Warn, "look"),
            Outcome::Failed => (Role::Bad, "failed"),
            Outcome::Skipped => (Role::Dim, "-"),
        };
        let mut text = Page::default();
        let found = format!("{}: {}", self.name, self.found);
        text.paragraph(Role::Plain, &found, 0, width.saturating_sub(INDENT));
        let mut lines = text.into_lines();
        let head = Line::of(role, &format!("  {word:<7}"));
        page.push(head.then(lines.next().unwrap_or_default()));
        lines.for_each(|line| page.push(Line::plain(&" ".repeat(INDENT)).then(line)));
        if let Some(hint) = &self.hint {
            page.paragraph(Role::Dim, &format!("-> {hint}"), INDENT, width);
        }
    }
}

impl Report {
    /// An empty report.
    pub fn new(instance: &str) -> Self {
        Self {
            instance: instance.to_owned(),
            tried: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// The report as text: a line for each step, what to do below it.
    pub fn page(&self, width: usize) -> Page {
        let mut page = Page::default();
        page.push(Line::of(Role::Strong, &self.instance));
        for tried in &self.tried {
            page.paragraph(Role::Dim, tried, 2, width);
        }
        for step in &self.steps {
            step.draw(&mut page, width);
        }
        page
    }

    pub(super) fn ok(&mut self, name: &'static str, found: impl Into<String>) {
        self.push(name, Outcome::Ok, found, None);
    }

    pub(super) fn note(&mut self, name: &'static str, found: impl Into<String>) {
        self.push(name, Outcome::Warning, found, None);
    }

    pub(super) fn warn(&mut self, name: &'static str, found: impl Into<String>, hint: &str) {
        self.push(name, Outcome::Warning, found, Some(hint.to_owned()));
    }

    pub(super) fn fail(&mut self, name: &'static str, found: impl Into<String>, hint: &str) {
        self.push(name, Outcome::Failed, found, Some(hint.to_owned()));
    }

    /// A failure in the words of the core's table.
    pub(super) fn fault(
        &mut self,
        name: &'static str,
        fault: &Fault,
        url: &str,
        path: Option<&str>,
    ) {
        let rule = fault.class.rule();
        let value = |key: &str| match key {
            "url" => Some(url.to_owned()),
            "path" => Some(path.unwrap_or("the configured place").to_owned()),
            "name" => Some(self.instance.clone()),
            "served" => Some(
                fault
                    .served
                    .map_or("unknown".into(), |served| served.to_string()),
            ),
            "pinned" => Some("see the step 'pin'".into()),
            "detail" => Some(fault.detail.clone().unwrap_or_else(|| "no details".into())),
            _ => None,
        };
        let (found, hint) = (fill(rule.message, value), fill(rule.hint, value));
        self.push(name, Outcome::Failed, found, Some(hint));
    }

    pub(super) fn skip(&mut self, names: &[&'static str]) {
        for name in names {
            self.push(
                name,
                Outcome::Skipped,
                "not looked at, because of the step before",
                None,
            );
        }
    }

    fn push(
        &mut self,
        name: &'static str,
        outcome: Outcome,
        found: impl Into<String>,
        hint: Option<String>,
    ) {
        let found = found.into();
        self.steps.push(Step {
            name,
            outcome,
            found,
            hint,
        });
    }
}
