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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const LOOKS: [Look; 4] = [
        look(true, false),
        look(true, true),
        look(false, false),
        look(false, true),
    ];

    const fn look(dark_panel: bool, monochrome: bool) -> Look {
        Look {
            dark_panel,
            monochrome,
        }
    }

    fn pixels(pixmap: &Pixmap) -> &[[u8; 4]] {
        pixmap.argb.as_chunks::<4>().0
    }

    #[test]
    fn every_icon_is_there_in_every_size_and_look() {
        assert_eq!(DRAWINGS.len(), Icon::ALL.len());
        for (icon, look) in Icon::ALL
            .iter()
            .flat_map(|icon| LOOKS.map(|look| (*icon, look)))
        {
            for frame in 0..frames(icon) {
                let pixmaps = pixmaps(icon, look, frame);
                assert_eq!(
                    pixmaps.iter().map(|one| one.size).collect::<Vec<_>>(),
                    SIZES
                );
                for one in &pixmaps {
                    let all = pixels(one);
                    assert_eq!(all.len(), (one.size * one.size) as usize);
                    let covered = all.iter().filter(|[alpha, ..]| *alpha > 127).count();
                    assert!(covered * 8 > all.len(), "{icon:?} at {} is faint", one.size);
                }
            }
        }
    }

    #[test]
    fn the_states_differ_without_colours_at_the_smallest_size() {
        for look in LOOKS {
            for (number, icon) in Icon::ALL.iter().enumerate() {
                for other in &Icon::ALL[number + 1..] {
                    let (one, two) = (pixmaps(*icon, look, 0), pixmaps(*other, look, 0));
                    let pairs = pixels(&one[0]).iter().zip(pixels(&two[0]));
                    let differ = pairs
                        .filter(|(one, two)| one[0].abs_diff(two[0]) > 96)
                        .count();
                    assert!(differ >= 16, "{icon:?} and {other:?}: {differ} pixels");
                }
            }
        }
    }

    #[test]
    fn one_colour_is_one_colour_and_the_badge_has_its_own() {
        let colours = |icon, look| {
            let pixmaps = pixmaps(icon, look, 0);
            let solid = pixels(&pixmaps[5])
                .iter()
                .filter(|[alpha, ..]| *alpha == 255);
            solid.map(|[_, rgb @ ..]| *rgb).collect::<BTreeSet<_>>()
        };
        for icon in Icon::ALL {
            assert_eq!(colours(icon, look(true, true)), [ON_DARK].into());
            assert_eq!(colours(icon, look(false, true)), [ON_LIGHT].into());
            assert!(colours(icon, look(true, false)).len() > 1);
            assert!(colours(icon, look(false, false)).contains(&ON_LIGHT));
        }
    }

    #[test]
    fn straight_edges_are_sharp() {
        for one in pixmaps(Icon::Paused, look(false, false), 0) {
            // The lower half holds the two bars and nothing else.
            let size = one.size as usize;
            let below = &pixels(&one)[size * (size * 2 / 3)..];
            let blurred = below.iter().filter(|[alpha, ..]| !matches!(alpha, 0 | 255));
            assert_eq!(blurred.count(), 0, "at {size}");
        }
    }

    #[test]
    fn only_syncing_moves_and_it_goes_round() {
        let look = look(true, false);
        for icon in Icon::ALL {
            assert_eq!(frames(icon) > 1, icon == Icon::Syncing, "{icon:?}");
            assert_eq!(pixmaps(icon, look, 0), pixmaps(icon, look, frames(icon)));
        }
        let all: BTreeSet<_> = (0..frames(Icon::Syncing))
            .map(|frame| pixmaps(Icon::Syncing, look, frame)[2].argb.clone())
            .collect();
        assert_eq!(all.len(), frames(Icon::Syncing));
    }

    #[test]
    fn they_take_little_of_the_program() {
        let drawn = DRAWINGS.iter().flat_map(|(_, _, frames)| *frames);
        let drawn: usize = drawn.map(|frame| frame.len()).sum();
        let application: usize = APPLICATION.iter().map(|(_, png)| png.len()).sum();
        assert!(drawn + application < 64 << 10, "{drawn} + {application}");
    }

    /// WCAG's contrast of two colours.
    fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
        let light = |rgb: [u8; 3]| {
            let [red, green, blue] = rgb.map(|part| {
                let part = f64::from(part) / 255.0;
                if part <= 0.04045 {
                    part / 12.92
                } else {
                    ((part + 0.055) / 1.055).powf(2.4)
                }
            });
            0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05
        };
        let (one, other) = (light(one), light(other));
        one.max(other) / one.min(other)
    }

    #[test]
    fn colours_stand_out_from_the_panel() {
        let (dark, light) = ([0x2b; 3], [0xf0; 3]);
        for (name, [on_light, on_dark], _) in DRAWINGS {
            assert!(contrast(*on_light, light) >= 3.0, "{name} on light");
            assert!(contrast(*on_dark, dark) >= 4.5, "{name} on dark");
        }
        assert!(contrast(ON_LIGHT, light) >= 7.0 && contrast(ON_DARK, dark) >= 7.0);
    }
}
