//! What a check found: steps with an outcome, the evidence, and what to do.

use serde::Serialize;

use crate::core::failure::About;
use crate::core::{Class, Fault};
use crate::view::style::{Line, Page, Role, clean};

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What was looked at, such as `handshake`.
    pub name: &'static str,
    pub outcome: Outcome,
    /// The class of the failure, where an engine would meet it so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// What was seen.
    pub found: String,
    /// What it was seen by, in the order of time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
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
    /// All is well.
    pub fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Outcome::Ok, found)
    }

    /// Somebody should know of it.
    pub fn note(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Outcome::Warning, found)
    }

    /// Somebody should look at it.
    pub fn look(name: &'static str, found: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(name, Outcome::Warning, found).hint(hint)
    }

    /// It failed.
    pub fn failed(name: &'static str, found: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(name, Outcome::Failed, found).hint(hint)
    }

    /// It failed, in the words of the core's table.
    pub fn fault(name: &'static str, fault: &Fault, about: &About<'_>) -> Self {
        let (found, hint) = fault.words(about);
        Self::failed(name, found, hint).of(fault.class)
    }

    /// It was not done.
    pub fn skipped(name: &'static str) -> Self {
        let why = "not looked at, because of the step before";
        Self::new(name, Outcome::Skipped, why)
    }

    /// The same as a failure of this class.
    #[must_use]
    pub fn of(self, class: Class) -> Self {
        let class = Some(class);
        Self { class, ..self }
    }

    /// The same with what it was seen by.
    #[must_use]
    pub fn seen_by(self, evidence: Vec<String>) -> Self {
        let evidence = evidence.iter().map(|line| clean(line)).collect();
        Self { evidence, ..self }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        let hint = Some(hint.into()).filter(|hint| !hint.is_empty());
        Self { hint, ..self }
    }

    fn new(name: &'static str, outcome: Outcome, found: impl Into<String>) -> Self {
        Self {
            name,
            outcome,
            class: None,
            found: clean(&found.into()),
            evidence: Vec::new(),
            hint: None,
        }
    }

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
        for line in &self.evidence {
            page.paragraph(Role::Dim, line, INDENT, width);
        }
        if let Some(hint) = &self.hint {
            page.paragraph(Role::Plain, &format!("-> {hint}"), INDENT, width);
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

    /// One step more; tells whether it failed.
    pub fn push(&mut self, step: Step) -> bool {
        let failed = step.outcome == Outcome::Failed;
        self.steps.push(step);
        failed
    }

    /// Steps that need one that failed.
    pub fn skip(&mut self, names: &[&'static str]) {
        self.steps.extend(names.iter().copied().map(Step::skipped));
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
}
