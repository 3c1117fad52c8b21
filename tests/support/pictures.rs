//! Screenshots: taken, kept, and compared.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A rectangle of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Area {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

/// Pictures that are being taken.
#[derive(Debug)]
pub struct Film {
    ended: std::sync::mpsc::Sender<()>,
    camera: std::thread::JoinHandle<(usize, Vec<Vec<u8>>)>,
}

impl Film {
    /// `command` prints a picture.
    pub(super) fn start(mut command: Command) -> Self {
        let (ended, end) = std::sync::mpsc::channel::<()>();
        let camera = std::thread::spawn(move || {
            let mut pictures: Vec<Vec<u8>> = Vec::new();
            let mut taken = 0;
            while end.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                let picture = command.output().expect("import").stdout;
                taken += 1;
                if !pictures.contains(&picture) {
                    pictures.push(picture);
                }
            }
            (taken, pictures)
        });
        Self { ended, camera }
    }

    /// How many were taken, and each that is unlike all before it.
    pub fn take_out(self) -> (usize, Vec<Vec<u8>>) {
        drop(self.ended);
        self.camera.join().expect("a camera")
    }
}

/// The arguments with which `import` prints red, green and blue of every pixel.
pub(super) fn picture_of(area: Area) -> Vec<String> {
    let area = geometry(area);
    let words = [
        "-window", "root", "-crop", &area, "+repage", "-depth", "8", "rgb:-",
    ];
    words.map(str::to_owned).to_vec()
}

/// One picture of several screenshots side by side, so many times as large.
pub fn strip(name: &str, parts: &[String], scale: u32) {
    let directory = screenshots();
    let mut command = Command::new("convert");
    for part in parts {
        command.arg(directory.join(format!("{part}.png")));
    }
    let status = command
        .args(["+append", "-scale", &format!("{}%", scale * 100)])
        .arg(directory.join(format!("{name}.png")))
        .status()
        .expect("convert");
    assert!(status.success(), "convert {name}: {status}");
}

/// `target/screenshots`, wherever the target directory is.
pub fn screenshots() -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots");
    fs::create_dir_all(&path).expect("a directory");
    path
}

/// How many different colours there are.
pub fn colours(pixels: &[u8]) -> usize {
    let pixels = pixels.chunks_exact(3);
    pixels.collect::<std::collections::BTreeSet<_>>().len()
}

/// How many pixels differ clearly.
pub fn difference(one: &[u8], other: &[u8]) -> usize {
    let pairs = one.chunks_exact(3).zip(other.chunks_exact(3));
    pairs
        .filter(|(one, other)| one.iter().zip(*other).any(|(a, b)| a.abs_diff(*b) > 24))
        .count()
}

/// As X11 writes it.
pub(super) fn geometry(area: Area) -> String {
    format!("{}x{}+{}+{}", area.width, area.height, area.x, area.y)
}
