//! A profile as a picture: boxes as wide as the time they took, callers above what they call.

use super::text::share;
use super::tree::{Entry, Kind, Tree};
use std::fmt::{self, Write};

const WIDTH: f64 = 1200.0;
const MARGIN: f64 = 10.0;
const ROW: f64 = 17.0;
/// Where the boxes begin, below title and legend.
const TOP: f64 = 56.0;
/// How wide letters are.
const LETTER: f64 = 6.7;
/// Narrower boxes are left out.
const NARROW: f64 = 0.1;

/// A place of the tree in the picture.
struct Box {
    /// The place; none for the box around all.
    node: Option<u32>,
    depth: usize,
    /// Ticks to the left of it.
    start: u64,
    ticks: u64,
}

/// The picture as a page for browsers.
pub fn html(tree: &Tree, title: &str) -> String {
    let picture = svg(tree, title);
    let title = Escaped(title);
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\n\
         <body style=\"margin: 0\">\n{picture}</body></html>\n"
    )
}

/// The picture.
pub fn svg(tree: &Tree, title: &str) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = draw(&mut out, tree, title);
    out
}

fn draw(out: &mut String, tree: &Tree, title: &str) -> fmt::Result {
    let boxes = boxes(tree);
    let rows = boxes.iter().map(|b| b.depth + 1).max().unwrap_or(1);
    let height = TOP + rows as f64 * ROW + MARGIN;
    let inner = WIDTH - 2.0 * MARGIN;
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" data-left=\"{MARGIN}\" data-width=\"{inner}\" \
         data-letter=\"{LETTER}\">\n<style>{}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text class=\"title\" x=\"{MARGIN}\" y=\"19\">{}</text>",
        include_str!("flame.css"),
        Escaped(title)
    )?;
    legend(out, tree)?;
    for b in &boxes {
        draw_box(out, tree, b)?;
    }
    writeln!(
        out,
        "<script><![CDATA[\n{}]]></script>\n</svg>",
        include_str!("flame.js")
    )
}

/// Which colour is which tier, with its share; and the buttons.
fn legend(out: &mut String, tree: &Tree) -> fmt::Result {
    let mut x = MARGIN;
    for (kind, name) in Kind::ALL {
        let nodes = tree.nodes().iter();
        let own = nodes.filter(|node| tree.entries()[node.entry as usize].kind == kind);
        let ticks = own.map(|node| node.own).sum();
        if ticks == 0 {
            continue;
        }
        let label = format!("{name} {:.1} %", share(ticks, tree.samples()));
        let (hue, saturation) = colour(kind);
        writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"31\" width=\"11\" height=\"11\" \
             fill=\"hsl({hue},{saturation}%,68%)\"/><text x=\"{:.1}\" y=\"41\">{label}</text>",
            x + 16.0
        )?;
        x += 16.0 + (label.len() + 3) as f64 * LETTER;
    }
    let right = WIDTH - MARGIN;
    writeln!(
        out,
        "<text id=\"found\" x=\"{:.1}\" y=\"41\" text-anchor=\"end\"></text>\n\
         <text id=\"reset\" class=\"button\" x=\"{:.1}\" y=\"41\" text-anchor=\"end\">show all</text>\n\
         <text id=\"search\" class=\"button\" x=\"{right}\" y=\"41\" text-anchor=\"end\">search</text>",
        right - 140.0,
        right - 60.0
    )
}

fn draw_box(out: &mut String, tree: &Tree, b: &Box) -> fmt::Result {
    let all = Entry {
        name: String::from("all"),
        kind: Kind::Unknown,
        function: u32::MAX,
    };
    let (entry, own) = match b.node {
        Some(node) => (tree.entry(node), tree.nodes()[node as usize].own),
        None => (&all, 0),
    };
    let samples = tree.samples();
    let scale = (WIDTH - 2.0 * MARGIN) / samples.max(1) as f64;
    let (x, width) = (MARGIN + b.start as f64 * scale, b.ticks as f64 * scale);
    let y = TOP + b.depth as f64 * ROW;
    let name = Escaped(&entry.name);
    let who = match entry.kind {
        Kind::Unknown => String::new(),
        kind => format!(" ({})", kind.name()),
    };
    write!(
        out,
        "<g class=\"box\" data-start=\"{}\" data-ticks=\"{}\" data-name=\"{name}\">\
         <title>{name}{who}\n{} samples, {:.2} %",
        b.start,
        b.ticks,
        b.ticks,
        share(b.ticks, samples)
    )?;
    if b.node.is_some() {
        write!(out, "; itself {own}, {:.2} %", share(own, samples))?;
    }
    let (hue, saturation) = colour(entry.kind);
    writeln!(
        out,
        "</title><rect x=\"{x:.2}\" y=\"{y}\" width=\"{:.2}\" height=\"{}\" rx=\"1\" \
         fill=\"hsl({hue},{saturation}%,{}%)\"/><text x=\"{:.2}\" y=\"{}\">{}</text></g>",
        (width - 0.5).max(0.1),
        ROW - 1.0,
        lightness(&entry.name),
        x + 3.0,
        y + 12.0,
        Escaped(&label(&entry.name, width))
    )
}

/// All places that can be seen.
fn boxes(tree: &Tree) -> Vec<Box> {
    let totals = tree.totals();
    let samples = tree.samples();
    let narrow = samples as f64 * NARROW / (WIDTH - 2.0 * MARGIN);
    let mut boxes = vec![Box {
        node: None,
        depth: 0,
        start: 0,
        ticks: samples,
    }];
    // By depth: where the next box begins.
    let mut next = vec![0; 2];
    tree.walk(|node, depth| {
        let (start, ticks) = (next[depth], totals[node as usize]);
        next[depth] = start + ticks;
        next.truncate(depth + 1);
        // What a function calls begins where it does.
        next.push(start);
        if ticks as f64 >= narrow {
            boxes.push(Box {
                node: Some(node),
                depth: depth + 1,
                start,
                ticks,
            });
        }
    });
    boxes
}

/// As much of a name as fits.
fn label(name: &str, width: f64) -> String {
    let room = ((width - 6.0) / LETTER).max(0.0) as usize;
    if room < 3 {
        return String::new();
    }
    if name.chars().count() <= room {
        return name.into();
    }
    name.chars().take(room - 1).chain(['…']).collect()
}

/// A hue for each tier, and how strong it is.
fn colour(kind: Kind) -> (u32, u32) {
    match kind {
        Kind::Interp => (28, 90),
        Kind::Baseline => (205, 80),
        Kind::Optimizing => (120, 50),
        Kind::Host => (270, 30),
        Kind::Unknown => (0, 0),
    }
}

/// Neighbours differ a little.
fn lightness(name: &str) -> u32 {
    let hash = name
        .bytes()
        .fold(17u32, |hash, byte| hash.wrapping_mul(31) ^ u32::from(byte));
    62 + hash % 15
}

/// Text within XML and HTML, attributes included.
struct Escaped<'t>(&'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '&' => f.write_str("&amp;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            // XML has no way to write them.
            '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}'),
            c if c.is_control() => f.write_char('\u{fffd}'),
            c => f.write_char(c),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::tests::tree;
    use super::*;

    const LINES: &str = "
        main interp 10
        main interp > b baseline 20
        main interp > b baseline > c optimizing 40
        main interp > a optimizing 30";

    #[test]
    fn callees_are_within_their_callers() {
        let tree = tree(LINES);
        let mut said = String::new();
        for b in boxes(&tree) {
            let name = b.node.map_or("all", |node| &tree.entry(node).name);
            let (from, to) = (b.start, b.start + b.ticks);
            let _ = writeln!(said, "{}: {name} {from}..{to}", b.depth);
        }
        let expected = "\
0: all 0..100
1: main 0..100
2: a 0..30
2: b 30..90
3: c 30..70
";
        assert_eq!(said, expected);
    }

    #[test]
    fn what_is_too_narrow_is_left_out() {
        let tree = tree("main interp 1000000\nmain interp > a interp 10");
        assert_eq!(boxes(&tree).len(), 2);
    }

    #[test]
    fn pictures_say_it_all() {
        let picture = svg(&tree(LINES), "app.wasm: 100 samples");
        for words in [
            ">app.wasm: 100 samples<",
            ">interp 10.0 %<",
            ">baseline 20.0 %<",
            ">optimizing 70.0 %<",
            "<title>b (baseline)\n60 samples, 60.00 %; itself 20, 20.00 %</title>",
            "<title>all\n100 samples, 100.00 %</title>",
        ] {
            assert!(picture.contains(words), "{words} is not in:\n{picture}");
        }
        assert!(!picture.contains(">host"));
        let page = html(&tree(LINES), "a<b");
        assert!(page.starts_with("<!doctype html>") && page.contains("<title>a&lt;b</title>"));
    }

    #[test]
    fn names_stay_text() {
        let name = "</title><script>alert('&\"')</script>]]>\u{1}";
        let picture = svg(&tree(&format!("{name} interp 1")), name);
        assert_eq!(picture.matches("<script").count(), 1);
        assert_eq!(picture.matches("]]>").count(), 1);
        assert!(!picture.contains('\u{1}'));
    }

    #[test]
    fn nothing_is_a_picture_too() {
        let picture = svg(&Tree::default(), "nothing");
        assert!(
            picture.contains("<title>all\n0 samples, 0.00 %"),
            "{picture}"
        );
    }

    #[test]
    fn labels_fit() {
        assert_eq!(label("function", 100.0), "function");
        assert_eq!(label("function", 47.0), "funct…");
        assert_eq!(label("function", 20.0), "");
    }
}
