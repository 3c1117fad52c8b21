//! Asks at its interval, and at once when there are new pins to prove or somebody asks.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use secrecy::SecretString;
use tokio::time::{Instant, sleep};

use super::evaluate::evaluate;
use crate::core::Fault;
use crate::core::credential::Credential;
use crate::core::kinds::http::{HttpCheck, Method};
use crate::services::link::{Ask, Link};
use crate::tls::{Request, Terms};

/// For one request, from connecting to the end of the body.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Follows a server until something fails.
pub async fn follow<A: Ask>(link: &Link<A>, check: &HttpCheck) -> Fault {
    loop {
        let asked = link.asked();
        let begun = Instant::now();
        let request = request(check, link.key());
        let answer = link
            .exchange(&request, |reply| evaluate(check, &reply, link.key()))
            .await;
        match answer {
            Ok(answer) => link.publish(answer.after(begun.elapsed())),
            Err(fault) => return fault,
        }
        link.answers(asked);
        tokio::select! {
            () = sleep(spread(check.interval)) => {}
            () = link.renewed() => {}
            _ = link.wanted(asked) => {}
        }
    }
}

/// The one request of a check, with its secret.
pub fn request<'a>(check: &'a HttpCheck, key: &'a SecretString) -> Request<'a> {
    Request {
        method: match check.method {
            Method::Get => reqwest::Method::GET,
            Method::Head => reqwest::Method::HEAD,
            Method::Post => reqwest::Method::POST,
        },
        path: &check.path,
        key: (check.credential != Credential::Nothing).then_some(key),
        body: check.body.clone().map(String::into_bytes),
        timeout: TIMEOUT,
        limit: check.limit,
        terms: Terms {
            credential: &check.credential,
            statuses: &check.statuses,
            // It is made again and again anyway.
            repeatable: true,
            ..Terms::default()
        },
    }
}

/// A twentieth more or less, so that many instances do not ask in step.
pub fn spread(interval: Duration) -> Duration {
    let chance = RandomState::new().hash_one(0_u8) % 101;
    let percent = 95.0 + chance as f64 / 10.0;
    interval.mul_f64(percent / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_need_ask_in_step() {
        let interval = Duration::from_secs(60);
        for _ in 0..100 {
            let spread = spread(interval);
            assert!((57..=63).contains(&spread.as_secs()), "{spread:?}");
        }
    }
}
