//! Draws every icon in every size and look onto one sheet: `cargo run --example icons >sheet.ppm`.

use std::io::Write;

use syncwatch::tray::icons::{Look, Pixmap, frames, pixmaps};
use syncwatch::view::icon::Icon;

const BACKGROUNDS: [([u8; 3], bool); 4] = [
    ([0x2b, 0x2b, 0x2b], true),
    ([0xf0, 0xf0, 0xf0], false),
    ([0x80, 0x80, 0x80], true),
    ([0x80, 0x80, 0x80], false),
];
const CELL: usize = 72;

fn main() -> std::io::Result<()> {
    let rows: Vec<Row> = BACKGROUNDS
        .into_iter()
        .flat_map(|(background, dark_panel)| {
            [false, true].map(|monochrome| {
                (
                    background,
                    Look {
                        dark_panel,
                        monochrome,
                    },
                )
            })
        })
        .flat_map(|(background, look)| {
            (0..6).map(move |size| Row {
                background,
                look,
                size,
            })
        })
        .collect();
    let columns: Vec<(Icon, usize)> = Icon::ALL
        .into_iter()
        .flat_map(|icon| (0..frames(icon)).map(move |frame| (icon, frame)))
        .collect();
    let width = columns.len() * CELL;
    let mut out = std::io::stdout().lock();
    let heights: Vec<usize> = rows.iter().map(|row| SIZES[row.size] + 8).collect();
    write!(out, "P6\n{width} {}\n255\n", heights.iter().sum::<usize>())?;
    for row in &rows {
        let icons: Vec<Pixmap> = columns
            .iter()
            .filter_map(|(icon, frame)| pixmaps(*icon, row.look, *frame).into_iter().nth(row.size))
            .collect();
        out.write_all(&row.draw(&icons))?;
    }
    Ok(())
}

const SIZES: [usize; 6] = [16, 22, 24, 32, 48, 64];

struct Row {
    background: [u8; 3],
    look: Look,
    size: usize,
}

impl Row {
    fn draw(&self, icons: &[Pixmap]) -> Vec<u8> {
        let size = SIZES[self.size];
        let mut pixels = self.background.repeat(icons.len() * CELL * (size + 8));
        for (column, icon) in icons.iter().enumerate() {
            let (argb, _) = icon.argb.as_chunks::<4>();
            for (index, [alpha, rgb @ ..]) in argb.iter().enumerate() {
                let (x, y) = (column * CELL + 4 + index % size, 4 + index / size);
                let at = (y * icons.len() * CELL + x) * 3;
                for (part, colour) in pixels[at..at + 3].iter_mut().zip(rgb) {
                    let over = u32::from(*colour) * u32::from(*alpha);
                    let under = u32::from(*part) * u32::from(255 - alpha);
                    *part = u8::try_from((over + under + 127) / 255).unwrap_or(255);
                }
            }
        }
        pixels
    }
}
