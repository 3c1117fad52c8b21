//! The icons as pixels, in the colours of the panel. Drawn by `build.rs` from `assets/icons`.

use crate::view::icon::Icon;

/// Pixels a side of what [`pixmaps`] gives, as `SIZES` in `build.rs`.
pub const SIZES: [u32; 6] = [16, 22, 24, 32, 48, 64];

/// The foreground on a dark and on a light panel.
const ON_DARK: [u8; 3] = [0xf4, 0xf5, 0xf6];
const ON_LIGHT: [u8; 3] = [0x2b, 0x2f, 0x33];

/// Name, colours of the badge on light and dark panels, and the deflated masks of each frame: for every size and pixel how much the foreground
/// and how much the badge covers.
type Drawing = (&'static str, [[u8; 3]; 2], &'static [&'static [u8]]);

const DRAWINGS: &[Drawing] = include!(concat!(env!("OUT_DIR"), "/icons.rs"));

/// The application's own icon as SVG.
pub const APPLICATION_SVG: &str = include_str!("../../assets/icons/syncwatch.svg");

/// The application's own icon: pixels a side, and a PNG file.
pub const APPLICATION: &[(u32, &[u8])] = include!(concat!(env!("OUT_DIR"), "/application.rs"));

/// What the icon is seen on, and how the user wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Look {
    pub dark_panel: bool,
    /// Everything in the colour of the foreground.
    pub monochrome: bool,
}

/// One size of an icon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixmap {
    /// Pixels a side.
    pub size: u32,
    /// Alpha, red, green, blue of each pixel, not premultiplied: ARGB32 in network byte order.
    pub argb: Vec<u8>,
}

/// The icon in every size, smallest first. Frames go round: after the last comes the first.
pub fn pixmaps(icon: Icon, look: Look, frame: usize) -> Vec<Pixmap> {
    let Some((_, badge, frames)) = drawing(icon) else {
        return Vec::new();
    };
    let Some(packed) = frames.get(frame % frames.len().max(1)) else {
        return Vec::new();
    };
    // What `build.rs` packed can be unpacked.
    let masks = miniz_oxide::inflate::decompress_to_vec(packed).unwrap_or_default();
    let mut rest = masks.as_slice();
    let mut pixmaps = Vec::with_capacity(SIZES.len());
    for size in SIZES {
        let bytes = usize::try_from(size * size * 2).unwrap_or(usize::MAX);
        let Some((mask, after)) = rest.split_at_checked(bytes) else {
            break;
        };
        rest = after;
        pixmaps.push(Pixmap {
            size,
            argb: paint(mask, look, *badge),
        });
    }
    pixmaps
}

/// How many pictures make up its movement; 1 when it does not move.
pub fn frames(icon: Icon) -> usize {
    drawing(icon).map_or(1, |(_, _, frames)| frames.len())
}

fn drawing(icon: Icon) -> Option<&'static Drawing> {
    DRAWINGS.iter().find(|(name, _, _)| *name == icon.name())
}

fn paint(mask: &[u8], look: Look, [on_light, on_dark]: [[u8; 3]; 2]) -> Vec<u8> {
    let (foreground, badge) = match look.dark_panel {
        true => (ON_DARK, on_dark),
        false => (ON_LIGHT, on_light),
    };
    let badge = if look.monochrome { foreground } else { badge };
    let (pixels, _) = mask.as_chunks::<2>();
    pixels
        .iter()
        .flat_map(|[front, over]| mix(foreground, *front, badge, *over))
        .collect()
}

/// Two colours that cover a pixel in part, side by side.
fn mix(one: [u8; 3], of_one: u8, other: [u8; 3], of_other: u8) -> [u8; 4] {
    let alpha = of_one.saturating_add(of_other);
    let whole = (u32::from(of_one) + u32::from(of_other)).max(1);
    let part = |one: u8, other: u8| {
        let sum = u32::from(one) * u32::from(of_one) + u32::from(other) * u32::from(of_other);
        u8::try_from((sum + whole / 2) / whole).unwrap_or(u8::MAX)
    };
    let ([red, green, blue], [other_red, other_green, other_blue]) = (one, other);
    [
        alpha,
        part(red, other_red),
        part(green, other_green),
        part(blue, other_blue),
    ]
}
