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
/// The application's own icon: kept as SVG, not drawn here.
const APPLICATION: &str = "syncwatch";
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
    let mut table = String::from("&[\n");
    for source in sources()? {
        let name = source
            .file_stem()
            .and_then(|name| name.to_str())
            .ok_or("an icon's name is not UTF-8")?;
        if name != APPLICATION {
            let row = draw(&source, name, &target)
                .map_err(|error| format!("{}: {error}", source.display()))?;
            table.push_str(&row);
        }
    }
    table.push_str("]\n");
    fs::write(target.join("icons.rs"), table)?;
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
fn draw(source: &Path, name: &str, target: &Path) -> Result<String, Box<dyn Error>> {
    let svg = fs::read_to_string(source)?;
    let badge = badge_colours(&svg)?;
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
        let mut pixels = Pixmap::new(size, size).ok_or("no such size")?;
        #[allow(clippy::cast_precision_loss, reason = "sizes are small")]
        let scale = size as f32 / UNITS;
        let tree = Tree::from_str(&snap(svg, scale)?, &options)?;
        resvg::render(
            &tree,
            Transform::from_scale(scale, scale),
            &mut pixels.as_mut(),
        );
        let covered = pixels.pixels().iter();
        masks.extend(covered.flat_map(|pixel| [pixel.red(), pixel.green()]));
    }
    Ok(masks)
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
