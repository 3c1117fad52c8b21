//! A real EasyTier: a tunnel with listeners for websockets, with TLS and without.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::proxy::skipped;

pub struct EasyTier {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    pub ws: SocketAddr,
    pub wss: SocketAddr,
}

impl EasyTier {
    /// `None` where it was not set up, which is said loudly, and is a failure in CI.
    pub fn start() -> Option<Self> {
        // Cargo's own target/tmp, wherever the target directory is.
        let python =
            Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("easytier/venv/bin/python");
        if !python.exists() {
            skipped("no EasyTier to test with");
            return None;
        }
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/support/easytier.py");
        let mut child = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("EasyTier");
        let input = child.stdin.take().expect("its input");
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let listeners = paragraph(&mut output);
        let address = |scheme: &str| {
            let found = listeners.iter().find_map(|line| line.strip_prefix(scheme));
            let found = found.expect(scheme).trim_end_matches('/');
            found.parse().expect("an address")
        };
        Some(Self {
            ws: address("ws://"),
            wss: address("wss://"),
            child,
            input,
            output,
        })
    }

    /// How many events of its log have this name.
    pub fn events(&mut self, name: &str) -> usize {
        writeln!(self.input).expect("asked");
        let events = paragraph(&mut self.output);
        events.iter().filter(|event| event.contains(name)).count()
    }
}

impl Drop for EasyTier {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines up to an empty one.
fn paragraph(output: &mut BufReader<ChildStdout>) -> Vec<String> {
    let lines = std::io::Read::by_ref(output)
        .lines()
        .map(|line| line.expect("a line"));
    lines.take_while(|line| !line.is_empty()).collect()
}
