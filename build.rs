//! Draws the icons: their SVG sources in `assets/icons` become coverage masks, which `src/tray/icons.rs` colours.
//!
//! A pixel of a mask is two bytes: how much of it the foreground covers and how much the badge covers. So one drawing
//! serves dark and light panels, in colours and without.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, roxmltree};

const SOURCES: &str = "assets/icons";
/// The application's own icon, which becomes PNG files for icon themes.
const APPLICATION: &str = "syncwatch";
const APPLICATION_SIZES: [u32; 7] = [16, 22, 24, 32, 48, 64, 128];
/// Pixels a side, as `SIZES` in `src/tray/icons.rs`.
const SIZES: [u32; 6] = [16, 22, 24, 32, 48, 64];
/// The sources' units a side.
const UNITS: f32 = 16.0;
/// Frames of a source with an element `turn`. It looks the same after half a turn, so that the last frame leads to the first.
const FRAMES: u16 = 8;
const TURNING: &str = r#"id="turn""#;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={SOURCES}");
    let target = PathBuf::from(env::var("OUT_DIR")?);
    let (mut table, mut application) = (String::from("&[\n"), String::from("&[]"));
    for source in sources()? {
        let name = source
            .file_stem()
            .and_then(|name| name.to_str())
            .ok_or("an icon's name is not UTF-8")?;
        let svg = fs::read_to_string(&source)?;
        if name == APPLICATION {
            application = draw_application(&svg, &target)?;
        } else {
            let row = draw(&svg, name, &target)
                .map_err(|error| format!("{}: {error}", source.display()))?;
            table.push_str(&row);
        }
    }
    table.push_str("]\n");
    fs::write(target.join("icons.rs"), table)?;
    fs::write(target.join("application.rs"), application)?;
    Ok(())
}

fn sources() -> std::io::Result<Vec<PathBuf>> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(SOURCES)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "svg") {
            sources.push(path);
        }
    }
    sources.sort();
    Ok(sources)
}

/// Writes the frames of one icon and gives its row of the table.
fn draw(svg: &str, name: &str, target: &Path) -> Result<String, Box<dyn Error>> {
    let badge = badge_colours(svg)?;
    let frames = if svg.contains(TURNING) { FRAMES } else { 1 };
    let mut row = format!("(\"{name}\", {badge:?}, &[");
    for frame in 0..frames {
        let angle = f32::from(frame) * 180.0 / f32::from(frames);
        let turned = svg.replace(
            TURNING,
            &format!(r#"{TURNING} transform="rotate({angle})""#),
        );
        let packed = miniz_oxide::deflate::compress_to_vec(&masks(&turned)?, 10);
        let file = target.join(format!("{name}-{frame}"));
        fs::write(&file, packed)?;
        write!(row, "include_bytes!({file:?}),")?;
    }
    row.push_str("]),\n");
    Ok(row)
}

/// The masks of all sizes, one after the other.
fn masks(svg: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let options = Options {
        style_sheet: Some("svg { color: #f00 } #badge { color: #0f0 }".to_owned()),
        ..Options::default()
    };
    let mut masks = Vec::new();
    for size in SIZES {
        let pixels = render(&snap(svg, scale(size, UNITS))?, size, &options)?;
        let covered = pixels.pixels().iter();
        masks.extend(covered.flat_map(|pixel| [pixel.red(), pixel.green()]));
    }
    Ok(masks)
}

fn render(svg: &str, size: u32, options: &Options) -> Result<Pixmap, Box<dyn Error>> {
    let tree = Tree::from_str(svg, options)?;
    let scale = scale(size, tree.size().width());
    let mut pixels = Pixmap::new(size, size).ok_or("no such size")?;
    let transform = Transform::from_scale(scale, scale);
    resvg::render(&tree, transform, &mut pixels.as_mut());
    Ok(pixels)
}

#[allow(clippy::cast_precision_loss, reason = "sizes are small")]
fn scale(size: u32, units: f32) -> f32 {
    size as f32 / units
}

/// Writes the application's icon in every size and gives the table of them.
fn draw_application(svg: &str, target: &Path) -> Result<String, Box<dyn Error>> {
    let mut table = String::from("&[\n");
    for size in APPLICATION_SIZES {
        let pixels = render(svg, size, &Options::default())?;
        let file = target.join(format!("{APPLICATION}-{size}.png"));
        fs::write(&file, png(&pixels)?)?;
        writeln!(table, "({size}, include_bytes!({file:?})),")?;
    }
    table.push_str("]\n");
    Ok(table)
}

/// A PNG file: <https://www.w3.org/TR/png-3/>. Eight bits each of red, green, blue and alpha, no filters.
fn png(pixels: &Pixmap) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut header = Vec::new();
    header.extend(pixels.width().to_be_bytes());
    header.extend(pixels.height().to_be_bytes());
    header.extend([8, 6, 0, 0, 0]);
    let mut lines = Vec::new();
    let width = usize::try_from(pixels.width())?;
    for line in pixels.pixels().chunks(width) {
        lines.push(0);
        let colours = line.iter().map(|pixel| pixel.demultiply());
        lines.extend(
            colours
                .flat_map(|colour| [colour.red(), colour.green(), colour.blue(), colour.alpha()]),
        );
    }
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(&lines, 10);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", header), (b"IDAT", packed), (b"IEND", Vec::new())] {
        file.extend(u32::try_from(data.len())?.to_be_bytes());
        let start = file.len();
        file.extend(kind);
        file.extend(data);
        let checked = file.get(start..).unwrap_or_default();
        let sum = crc32(checked);
        file.extend(sum.to_be_bytes());
    }
    Ok(file)
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 * (sum & 1))
        })
    })
}

/// Every `rect` on whole pixels: its straight edges would be blurred otherwise. It stands in the coordinates of the
/// whole icon.
fn snap(svg: &str, scale: f32) -> Result<String, Box<dyn Error>> {
    let document = roxmltree::Document::parse(svg)?;
    let mut edits = Vec::new();
    for rect in document
        .descendants()
        .filter(|node| node.has_tag_name("rect"))
    {
        for (place, extent) in [("x", "width"), ("y", "height")] {
            let find = |name| {
                let attribute = rect.attribute_node(name).ok_or("a `rect` lacks an edge")?;
                let value: f32 = attribute.value().parse()?;
                Ok::<_, Box<dyn Error>>((attribute.range_value(), value))
            };
            let ((start_at, start), (length_at, length)) = (find(place)?, find(extent)?);
            let pixels = (length * scale).round().max(1.0);
            let first = ((start + length / 2.0) * scale - pixels / 2.0).round();
            edits.push((start_at, first / scale));
            edits.push((length_at, pixels / scale));
        }
    }
    edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    let mut snapped = svg.to_owned();
    for (range, value) in edits {
        snapped.replace_range(range, &value.to_string());
    }
    Ok(snapped)
}

/// Red, green and blue of the element `badge` on light and on dark panels.
fn badge_colours(svg: &str) -> Result<[[u8; 3]; 2], Box<dyn Error>> {
    let document = roxmltree::Document::parse(svg)?;
    let badge = document
        .descendants()
        .find(|node| node.attribute("id") == Some("badge"))
        .ok_or("no element `badge`")?;
    let colour = |name: &str| {
        let text = badge.attribute(name).unwrap_or_default();
        rgb(text).ok_or_else(|| format!("`badge` has no {name}=\"#rrggbb\""))
    };
    Ok([colour("color")?, colour("data-on-dark")?])
}

fn rgb(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let [_, rgb @ ..] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
    Some(rgb)
}
