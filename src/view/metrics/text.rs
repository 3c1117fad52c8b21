//! Writes samples: names, labels, escaped values, numbers.

use std::fmt::Write as _;

use super::scene::Scene;
use super::{Kind, Metric};
use crate::core::Timestamp;
use crate::view::style::clean;

/// Characters of a label's value.
const LONGEST: usize = 200;

/// The samples of one metric, as they are written.
pub(super) struct Samples<'p> {
    page: &'p mut String,
    metric: &'static Metric,
    /// Whether the head of the metric is written; one without samples has none.
    begun: bool,
}

/// A label's value, ready to be written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Label(String);

impl Label {
    /// Cleaned of what a terminal or a page would act upon, cut, and escaped.
    pub(super) fn new(value: &str) -> Self {
        let cut: String = clean(value).chars().take(LONGEST).collect();
        Self::exact(&cut)
    }

    /// As it is, escaped: for the names of instances, which the config keeps apart.
    pub(super) fn exact(value: &str) -> Self {
        let mut escaped = String::with_capacity(value.len());
        for char in value.chars() {
            match char {
                '\\' => escaped.push_str("\\\\"),
                '"' => escaped.push_str("\\\""),
                '\n' => escaped.push_str("\\n"),
                char => escaped.push(char),
            }
        }
        Self(escaped)
    }
}

impl<'p> Samples<'p> {
    /// Writes the whole metric.
    pub(super) fn write(page: &'p mut String, metric: &'static Metric, scene: &Scene<'_>) {
        let mut samples = Self {
            page,
            metric,
            begun: false,
        };
        (metric.samples)(scene, &mut samples);
    }

    pub(super) fn whole(&mut self, labels: &[&Label], number: u64) {
        self.begin("", labels, None);
        let _ = writeln!(self.page, " {number}");
    }

    pub(super) fn flag(&mut self, labels: &[&Label], is: bool) {
        self.whole(labels, u64::from(is));
    }

    pub(super) fn number(&mut self, labels: &[&Label], number: f64) {
        self.begin("", labels, None);
        self.value(number);
    }

    /// Seconds since the Unix epoch.
    pub(super) fn time(&mut self, labels: &[&Label], time: Timestamp) {
        self.number(labels, time.as_millis() as f64 / 1000.0);
    }

    /// The metric's own labels, then the step's upper bound.
    pub(super) fn step(&mut self, labels: &[&Label], bound: &str, number: u64) {
        self.begin("_bucket", labels, Some(bound));
        let _ = writeln!(self.page, " {number}");
    }

    /// What closes a histogram.
    pub(super) fn total(&mut self, labels: &[&Label], sum: f64, number: u64) {
        self.step(labels, "+Inf", number);
        self.begin("_sum", labels, None);
        self.value(sum);
        self.begin("_count", labels, None);
        let _ = writeln!(self.page, " {number}");
    }

    fn value(&mut self, number: f64) {
        let _ = match number {
            number if number.is_nan() => writeln!(self.page, " NaN"),
            f64::INFINITY => writeln!(self.page, " +Inf"),
            f64::NEG_INFINITY => writeln!(self.page, " -Inf"),
            number => writeln!(self.page, " {number}"),
        };
    }

    fn begin(&mut self, suffix: &str, labels: &[&Label], bound: Option<&str>) {
        let Metric {
            name, kind, help, ..
        } = self.metric;
        if !std::mem::replace(&mut self.begun, true) {
            let kind = kind.name();
            let _ = write!(self.page, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        }
        debug_assert_eq!(labels.len(), self.metric.labels.len(), "{name}");
        debug_assert!(bound.is_some() || suffix != "_bucket", "{name}");
        debug_assert!(suffix.is_empty() || self.metric.kind == Kind::Histogram);
        self.page.push_str(name);
        self.page.push_str(suffix);
        let names = self.metric.labels.iter().copied();
        let values = labels.iter().map(|label| label.0.as_str());
        let mut between = '{';
        for (name, value) in names.zip(values).chain(bound.map(|bound| ("le", bound))) {
            let _ = write!(self.page, "{between}{name}=\"{value}\"");
            between = ',';
        }
        if between == ',' {
            self.page.push('}');
        }
    }
}
