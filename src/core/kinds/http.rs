//! What an HTTP server is asked, and what its answer must be. Holds no secret: only how one travels.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::KindSettings;
use crate::core::credential::Credential;

/// One kind of request, made again and again, and what its reply is held against.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpCheck {
    pub method: Method,
    /// Begins with `/`; with the query.
    pub path: String,
    /// Sent with a POST.
    pub body: Option<String>,
    /// From the end of one request to the next.
    pub interval: Duration,
    /// Bytes of body that are accepted.
    pub limit: usize,
    pub statuses: Vec<RangeInclusive<u16>>,
    pub expectations: Vec<Expectation>,
    pub headers: Vec<ExpectedHeader>,
    pub credential: Credential,
}

/// How it is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    #[default]
    Get,
    Head,
    Post,
}

/// What a place in a JSON body must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// As the user wrote it.
    pub text: String,
    /// RFC 6901.
    pub pointer: String,
    pub test: Test,
}

/// What is tested of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    Exists,
    Is(Literal),
    IsNot(Literal),
    Less(f64),
    AtMost(f64),
    More(f64),
    AtLeast(f64),
}

/// A value that is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
}

/// A header that the reply must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedHeader {
    pub name: String,
    /// `None`: any value will do.
    pub value: Option<String>,
}

impl KindSettings for HttpCheck {
    const LOGIN: &'static str = "login";

    fn secret(&self) -> &'static str {
        self.credential.secret()
    }

    fn names_whole_paths(&self) -> bool {
        true
    }
}

impl HttpCheck {
    /// Whether a status is one of those that are expected.
    pub fn wants(&self, status: u16) -> bool {
        self.statuses.iter().any(|range| range.contains(&status))
    }
}

impl Method {
    /// As it stands in a request and in the config.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
        }
    }
}
