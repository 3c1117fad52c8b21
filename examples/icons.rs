//! Contact sheets of the icons, to be looked at after every change of a source: every icon and frame in every size, as
//! it is and four times enlarged, on dark, light and grey.
//!
//! `cargo run --example icons` writes `target/icons/*.ppm`; `mogrify -format png target/icons/*.ppm` makes them PNG.

use std::fs;
use std::io;
use std::path::Path;

use syncwatch::tray::icons::{Look, Pixmap, SIZES, frames, pixmaps};
use syncwatch::view::icon::Icon;

/// Name, colour, and whether icons for a dark panel are put on it.
const PANELS: [(&str, [u8; 3], bool); 4] = [
    ("dark", [0x2b; 3], true),
    ("light", [0xf0; 3], false),
    ("grey-dark", [0x80; 3], true),
    ("grey-light", [0x80; 3], false),
];
const MARGIN: usize = 4;
const ENLARGED: usize = 4;

fn main() -> io::Result<()> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/icons");
    fs::create_dir_all(&target)?;
    for (name, background, dark_panel) in PANELS {
        for monochrome in [false, true] {
            let look = Look {
                dark_panel,
                monochrome,
            };
            let kind = if monochrome { "mono" } else { "colour" };
            for (times, suffix) in [(1, ""), (ENLARGED, "-enlarged")] {
                let file = target.join(format!("{name}-{kind}{suffix}.ppm"));
                fs::write(file, sheet(background, look, times))?;
            }
        }
    }
    Ok(())
}

/// A PPM file with a row for each size.
fn sheet(background: [u8; 3], look: Look, times: usize) -> Vec<u8> {
    let drawn: Vec<Vec<Pixmap>> = Icon::ALL
        .into_iter()
        .flat_map(|icon| (0..frames(icon)).map(move |frame| pixmaps(icon, look, frame)))
        .collect();
    let largest = SIZES.into_iter().max().map_or(0, side);
    let (mut lines, mut height) = (Vec::new(), 0);
    for row in 0..SIZES.len() {
        let icons: Vec<&Pixmap> = drawn.iter().filter_map(|sizes| sizes.get(row)).collect();
        let size = icons.first().map_or(0, |icon| side(icon.size));
        for y in 0..size + MARGIN {
            let line: Vec<[u8; 3]> = icons
                .iter()
                .flat_map(|icon| (0..largest + MARGIN).map(|x| seen(icon, x, y, background)))
                .flat_map(|pixel| std::iter::repeat_n(pixel, times))
                .collect();
            lines.extend(line.concat().repeat(times));
            height += times;
        }
    }
    let width = drawn.len() * (largest + MARGIN) * times;
    let mut file = format!("P6\n{width} {height}\n255\n").into_bytes();
    file.extend(lines);
    file
}

/// The colour of a place when the icon lies on the background.
fn seen(icon: &Pixmap, x: usize, y: usize, background: [u8; 3]) -> [u8; 3] {
    let (pixels, _) = icon.argb.as_chunks::<4>();
    let size = side(icon.size);
    let inside = x < size && y < size;
    let pixel = inside.then(|| pixels.get(y * size + x)).flatten();
    let Some([alpha, red, green, blue]) = pixel else {
        return background;
    };
    let [under_red, under_green, under_blue] = background;
    let over = |colour: u8, under: u8| {
        let sum = u32::from(colour) * u32::from(*alpha) + u32::from(under) * u32::from(255 - alpha);
        u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX)
    };
    [
        over(*red, under_red),
        over(*green, under_green),
        over(*blue, under_blue),
    ]
}

fn side(size: u32) -> usize {
    usize::try_from(size).unwrap_or(0)
}
