//! A hook that is a server: one POST over verified TLS.

use std::time::Duration;

use reqwest::Method;

use super::deliver::Report;
use crate::config::{Environment, Post};
use crate::core::failure::fill;
use crate::core::{Class, Fault, LinkState};
use crate::engine::post_spec;
use crate::tls::{self, Client, Request, Terms};

/// What is read of an answer, bytes; nobody looks at it.
const LARGEST_ANSWER: usize = 1024 * 1024;

pub(super) async fn post(
    server: &Post,
    environment: &Environment,
    json: Vec<u8>,
    timeout: Duration,
) -> Report {
    match ask(server, environment, json, timeout).await {
        Ok(()) => Report::Fine,
        // It was asked and may have heard it.
        Err(fault) if fault.class == Class::RequestTimeout => Report::TimedOut,
        Err(fault) => Report::Failed {
            why: words(&fault, server),
            // Who answered and refused will refuse again.
            again: fault.class.rule().loud == LinkState::Disconnected,
        },
    }
}

async fn ask(
    server: &Post,
    environment: &Environment,
    json: Vec<u8>,
    timeout: Duration,
) -> Result<(), Fault> {
    let (mut spec, pin_file) = post_spec(server, environment);
    let path = match spec.base.query() {
        Some(query) => format!("{}?{query}", spec.base.path()),
        None => spec.base.path().to_owned(),
    };
    spec.base.set_path("/");
    spec.base.set_query(None);
    if let Some(file) = &pin_file {
        let read = tls::pins_in(file);
        spec.pins = read.map_err(|why| Fault::with_detail(Class::BadPinFile, why))?;
    }
    let key = match server.key_reader(environment) {
        Some(reader) => {
            let read = reader.read().await;
            Some(read.map_err(|why| Fault::with_detail(Class::NoKey, why))?)
        }
        None => None,
    };
    let request = Request {
        method: Method::POST,
        path: &path,
        key: key.as_ref(),
        body: Some(json),
        timeout,
        limit: LARGEST_ANSWER,
        terms: Terms {
            credential: &server.credential,
            last: true,
            ..Terms::default()
        },
    };
    // One of its own each time, so that it needs no upkeep: there are few.
    Client::build(&spec)?.send(request).await?.success()?;
    Ok(())
}

/// The first sentence of what a fault means. The path of the URL may be a secret.
fn words(fault: &Fault, server: &Post) -> String {
    let words = fill(fault.class.rule().message, |key| match key {
        "url" | "name" => Some(server.origin()),
        "detail" => Some(fault.detail.clone().unwrap_or_else(|| "no details".into())),
        "served" => Some(
            fault
                .served
                .map_or_else(|| "none".into(), |it| it.to_string()),
        ),
        "path" => Some("the file in 'trust'".into()),
        "pinned" => Some("those in 'trust'".into()),
        _ => None,
    });
    words.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Platform, parse};

    #[tokio::test]
    async fn who_cannot_be_reached_is_told_again_and_the_path_is_not_said() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = taken.local_addr().expect("an address").port();
        drop(taken);
        let text = format!(
            "[[hook]]\nname = 'a'\non = ['loud']\nurl = 'https://127.0.0.1:{port}/secret?secret'\ntoken = 'secret'\n"
        );
        let (config, _) = parse(&text, Path::new("config.toml")).expect("valid");
        let server = config.hooks.first().and_then(|hook| hook.post());
        let environment = Environment::made_up(Platform::current(), Path::new("."), &[]);
        let timeout = Duration::from_secs(60);
        let told = post(
            server.expect("a server"),
            &environment,
            b"{}".to_vec(),
            timeout,
        )
        .await;
        let Report::Failed { why, again } = told else {
            panic!("{told:?}");
        };
        assert!(again && !why.contains("secret"), "{why}");
        assert!(why.contains(&format!("127.0.0.1:{port}")), "{why}");
    }

    /// Whoever was reached may have heard it; who said nothing at all in a handshake did not.
    #[tokio::test]
    async fn who_does_not_answer_in_time_is_told_again_only_if_nothing_was_said() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = silent.local_addr().expect("an address").port();
        let text =
            format!("[[hook]]\nname = 'a'\non = ['loud']\nurl = 'https://127.0.0.1:{port}/'\n");
        let (config, _) = parse(&text, Path::new("config.toml")).expect("valid");
        let server = config.hooks.first().and_then(|hook| hook.post());
        let environment = Environment::made_up(Platform::current(), Path::new("."), &[]);
        let timeout = Duration::from_millis(50);
        let told = post(server.expect("a server"), &environment, Vec::new(), timeout).await;
        assert!(
            matches!(told, Report::Failed { again: true, .. }),
            "{told:?}"
        );
    }

    #[test]
    fn who_answers_and_refuses_is_not_told_again() {
        for class in [
            Class::Unauthorized,
            Class::BadPath,
            Class::PinMismatch,
            Class::NoKey,
        ] {
            assert_ne!(class.rule().loud, LinkState::Disconnected, "{class:?}");
        }
        for class in [
            Class::Refused,
            Class::Dns,
            Class::ConnectTimeout,
            Class::ServerError,
        ] {
            assert_eq!(class.rule().loud, LinkState::Disconnected, "{class:?}");
        }
    }
}
