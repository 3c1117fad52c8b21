//! A question on the terminal that wants a yes.

use std::io::{self, BufRead, Write};

/// Whether the user says yes; anything else, and the end of the input, is a no.
///
/// It is asked on standard error, for the result of a command may be on its way into a file.
pub(super) async fn says_yes(question: String) -> io::Result<bool> {
    // On a thread of its own: an engine in this process goes on meanwhile.
    let answer = tokio::task::spawn_blocking(move || {
        let mut out = io::stderr();
        write!(out, "{question} [y/N] ")?;
        out.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        if !answer.ends_with('\n') {
            // Control and D: what follows begins on a line of its own.
            writeln!(out)?;
        }
        io::Result::Ok(answer)
    });
    let answer = answer.await.map_err(io::Error::other)??;
    Ok(is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        for answer in ["y\n", "Y\r\n", " yes", "YES\n"] {
            assert!(is_yes(answer), "{answer:?}");
        }
        for answer in ["", "\n", "n\n", "yy\n", "yes please\n", "ja\n", "\u{4}"] {
            assert!(!is_yes(answer), "{answer:?}");
        }
    }
}
