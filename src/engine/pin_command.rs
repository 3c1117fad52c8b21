//! The command that prints a pin: run, and what it printed taken for a certificate.
//!
//! Invariant: whatever it does, it is bounded in time and output; what is no whole certificate is no pin.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::children::{self, Ended, Errors, Run};
use crate::config::{Environment, Program};
use crate::core::PinRead;
use crate::tls;

/// The core waits a little longer before it believes a failure without it (core/instance/failing.rs).
const LIMIT: Duration = Duration::from_secs(10);
/// Far more than a certificate has, bytes.
const LONGEST: usize = 64 * 1024;
/// What is shown of a complaint, characters.
const LONGEST_COMPLAINT: usize = 120;
/// So many run at one time.
const MOST: usize = 8;

/// Those of one engine.
#[derive(Clone, Debug)]
pub struct Commands(Arc<Semaphore>);

impl Default for Commands {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST)))
    }
}

impl Commands {
    /// Runs `program`, and reads the first certificate that it prints.
    pub async fn ask(&self, program: &Program, environment: &Environment) -> PinRead {
        let _turn = self.0.acquire().await;
        let run = Run {
            input: &[],
            limit: LIMIT,
            kept: LONGEST,
            taken: LONGEST as u64,
            errors: Errors::UntilTheEnd,
        };
        let (ended, said) = run.of(program.command(environment)).await;
        let why = match ended {
            // Whatever it printed besides, it may have been cut.
            Ended::Exited(_) if said.output.len() >= LONGEST => {
                "it printed more than any certificate has".to_owned()
            }
            Ended::Exited(status) => match children::ending(status) {
                None => return tls::parse_pin(&said.output),
                Some(why) => format!("it {why}{}", complaint(&said.errors)),
            },
            Ended::TimedOut => format!("it took longer than 10 s{}", complaint(&said.errors)),
            Ended::NotStarted(error) => children::not_started(&error),
            Ended::Lost(error) => format!("it could not be waited for: {error}"),
        };
        PinRead::Unreadable { why }
    }
}

/// The last line that it wrote, which of ssh is the one that says why.
fn complaint(errors: &[u8]) -> String {
    let text = String::from_utf8_lossy(errors);
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    let shown = last.map(|line| tls::printable(line, LONGEST_COMPLAINT));
    shown.map_or_else(String::new, |line| format!(" ({line})"))
}

#[cfg(all(test, unix))]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Platform;

    async fn ask(line: &str) -> PinRead {
        let environment = Environment::made_up(Platform::Unix, Path::new("/nowhere"), &[]);
        Commands::default()
            .ask(&Program::Shell(line.to_owned()), &environment)
            .await
    }

    #[tokio::test]
    async fn only_a_whole_certificate_of_a_command_that_did_well_is_a_pin() {
        let made = rcgen::generate_simple_self_signed(["nas".to_owned()]).expect("made");
        let pem = made.cert.pem();
        let pin = tls::pin_of(made.cert.der());
        let text = format!("printf %s '{pem}'");
        assert_eq!(ask(&text).await, PinRead::Read(pin));
        assert_eq!(
            ask(&format!("echo Welcome to nas; {text}; echo bye >&2")).await,
            PinRead::Read(pin)
        );
        for (line, expected) in [
            (format!("{text}; exit 3"), "it ended with exit code 3"),
            (
                "echo one >&2; echo 'no route\u{7}' >&2; exit 255".to_owned(),
                "it ended with exit code 255 (no route\u{fffd})",
            ),
            (
                "no-such-program-here 2>&-".to_owned(),
                "it ended with exit code 127: a program was not found",
            ),
            (
                format!("{text}; yes x | head -c 100000"),
                "it printed more than any certificate has",
            ),
        ] {
            let why = expected.to_owned();
            assert_eq!(ask(&line).await, PinRead::Unreadable { why }, "{line}");
        }
        for line in ["true", "echo garbage", &format!("printf %.200s '{pem}'")] {
            let read = ask(line).await;
            assert!(matches!(read, PinRead::Torn { .. }), "{line}: {read:?}");
        }
    }

    #[tokio::test]
    async fn who_leaves_something_behind_that_holds_its_errors_open_is_not_waited_for() {
        let read = ask("exec 3>&2; sleep 600 >/dev/null 2>&3 & echo $!").await;
        assert!(matches!(read, PinRead::Torn { .. }), "{read:?}");
    }
}
