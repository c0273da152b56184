//! What the model reads of the references: a list, an outline, a section, passages.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::diagnostic::near;
use crate::reference::pieces::{Piece, fold, parent, pieces, unique_titles};
use crate::reference::{How, Index, Reference, ReferenceKind, search, tokens};

/// The most bytes of a section that one answer holds.
const MAX_SECTION: usize = 16 * 1024;

/// The most headings that an outline holds.
const MAX_HEADINGS: usize = 80;

/// The most names that an answer offers.
const MAX_OFFERED: usize = 12;

impl Index {
    /// Returns what one stage sees: what is for every stage, and what is for it alone. A doc of
    /// the stage's own stands in the place of one of the same name.
    #[must_use]
    pub fn of_stage(&self, stage: &str) -> Index {
        let own = |reference: &Reference| reference.stage.as_deref() == Some(stage);
        let hidden =
            |name: &str| self.references.iter().any(|other| own(other) && other.name == name);
        let seen = self.references.iter().filter(|reference| {
            own(reference) || (reference.stage.is_none() && !hidden(&reference.name))
        });
        Index { references: seen.cloned().collect() }
    }

    /// Returns one line a reference: name, kind, tokens, what it is; for a doc, its age.
    pub fn list(&self) -> String {
        let lines = self.references.iter().map(|reference| line(reference));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Returns the files or headings of a reference, with their tokens.
    pub fn outline(&self, name: &str) -> Result<String, String> {
        let reference = self.named(name)?;
        let pieces = pieces(reference);
        let mut deepest = 6;
        while deepest > 1
            && pieces.iter().filter(|piece| piece.level <= deepest).count() > MAX_HEADINGS
        {
            deepest -= 1;
        }
        let least = pieces.iter().map(|piece| piece.level).min().unwrap_or(1);
        let mut text = line(reference);
        for piece in pieces.iter().filter(|piece| piece.level <= deepest) {
            let indent = "  ".repeat(piece.level - least);
            let _ = write!(text, "\n{indent}- {} ({})", piece.title, tokens(piece.text));
        }
        let deeper = pieces.iter().filter(|piece| piece.level > deepest).count();
        if deeper > 0 {
            let _ = write!(text, "\n[{deeper} deeper headings; `search` finds them]");
        }
        Ok(text)
    }

    /// Returns one file or heading of a reference: a file by its path or the end of it, a heading
    /// by its words. `NAME:120` goes on from line 120 of what `NAME` is.
    pub fn section(&self, name: &str, section: &str) -> Result<String, String> {
        let reference = self.named(name)?;
        let pieces = pieces(reference);
        let (piece, lines) = match find(reference, &pieces, section) {
            Ok(piece) => (piece, (1, usize::MAX)),
            Err(missing) => match with_lines(section) {
                Some((section, lines)) => (find(reference, &pieces, section)?, lines),
                None => return Err(missing),
            },
        };
        cut(piece, &unique_title(&pieces, piece), lines)
    }

    /// Returns the passages that fit words best, in all references or in one.
    pub fn search(&self, words: &str, name: Option<&str>) -> Result<String, String> {
        let one = match name {
            Some(name) => vec![Arc::clone(self.named(name)?)],
            None => Vec::new(),
        };
        let searched = if name.is_some() { &one } else { &self.references };
        if let Some(found) = search::passages(searched, words)? {
            return Ok(found);
        }
        let known = if name.is_some() { titles(&pieces(&one[0])) } else { self.names() };
        Ok(format!("no passage has any of `{words}`; there is: {known}"))
    }

    fn named(&self, name: &str) -> Result<&Arc<Reference>, String> {
        let found = self.references.iter().find(|reference| reference.name == name);
        found.ok_or_else(|| {
            if self.references.is_empty() {
                return "there are no references".to_owned();
            }
            let names = self.references.iter().map(|reference| reference.name.as_str());
            match near(name, names) {
                Some(near) => format!("there is no reference `{name}`; did you mean `{near}`?"),
                None => format!("there is no reference `{name}`; there is: {}", self.names()),
            }
        })
    }

    fn names(&self) -> String {
        let names = self.references.iter().map(|reference| reference.name.as_str());
        names.collect::<Vec<_>>().join(", ")
    }
}

fn line(reference: &Reference) -> String {
    let kind = match reference.kind {
        ReferenceKind::Doc => "doc",
        ReferenceKind::File => "file",
        ReferenceKind::Airplane => "airplane",
    };
    let mut facts = format!("{kind}, {} tokens", reference.tokens);
    if let Some(fetched) = &reference.fetched {
        let stale = if fetched.how == How::Stale { "stale: " } else { "" };
        let _ = write!(facts, ", {stale}{}", age(fetched.age));
    }
    if reference.invisible > 0 {
        let _ = write!(facts, ", {} invisible characters removed", reference.invisible);
    }
    format!("{} ({facts}): {}", reference.name, reference.about)
}

fn age(seconds: u64) -> String {
    match seconds {
        0..60 => "fresh".to_owned(),
        60..7_200 => format!("{} min old", seconds / 60),
        7_200..172_800 => format!("{} h old", seconds / 3_600),
        _ => format!("{} d old", seconds / 86_400),
    }
}

/// Takes `:12` or `:12-40` off the end, as passages show lines.
fn with_lines(section: &str) -> Option<(&str, (usize, usize))> {
    let (section, lines) = section.rsplit_once(':')?;
    let (first, last) = lines.split_once('-').unwrap_or((lines, ""));
    let first = first.trim().parse().ok()?;
    let last = if last.trim().is_empty() { usize::MAX } else { last.trim().parse().ok()? };
    Some((section, (first, last)))
}

fn find<'a, 'b>(
    reference: &Reference,
    pieces: &'b [Piece<'a>],
    asked: &str,
) -> Result<&'b Piece<'a>, String> {
    let name = &reference.name;
    let found: Vec<&Piece> = match reference.kind {
        ReferenceKind::Airplane => file(pieces, asked),
        ReferenceKind::Doc | ReferenceKind::File => heading(pieces, asked),
    };
    match &found[..] {
        [piece] => Ok(piece),
        // Two that even their parents do not tell apart stay so: the first is as good.
        [piece, ..] if asked.contains(" > ") => Ok(piece),
        [] => {
            let word = if reference.kind == ReferenceKind::Airplane { "file" } else { "heading" };
            Err(format!("`{name}` has no {word} `{asked}`; {}", offer(pieces, asked)))
        }
        several => {
            let titles = several.iter().take(MAX_OFFERED);
            let titles: Vec<String> =
                titles.map(|piece| format!("`{}`", unique_title(pieces, piece))).collect();
            Err(format!("`{name}` has several `{asked}`: {}", titles.join(", ")))
        }
    }
}

/// Finds files by their whole path, else by its end.
fn file<'a, 'b>(pieces: &'b [Piece<'a>], asked: &str) -> Vec<&'b Piece<'a>> {
    let asked = asked.trim().trim_start_matches("./").trim_matches('`');
    if let Some(piece) = pieces.iter().find(|piece| piece.title == asked) {
        return vec![piece];
    }
    let ending = format!("/{asked}");
    pieces.iter().filter(|piece| piece.title.ends_with(&ending)).collect()
}

/// Finds headings by their words, or by those of one above and its own, as in `Setup > Usage`.
fn heading<'a, 'b>(pieces: &'b [Piece<'a>], asked: &str) -> Vec<&'b Piece<'a>> {
    let same = |piece: &Piece, words: &str| fold(&piece.title) == fold(words);
    let found: Vec<&Piece> = pieces.iter().filter(|piece| same(piece, asked)).collect();
    let Some((above, own)) = asked.rsplit_once(" > ").filter(|_| found.is_empty()) else {
        return found;
    };
    let below = pieces.iter().enumerate().filter(|(index, piece)| {
        let parent = parent(pieces, *index);
        same(piece, own) && parent.is_some_and(|parent| same(parent, above))
    });
    below.map(|(_, piece)| piece).collect()
}

fn offer(pieces: &[Piece], asked: &str) -> String {
    let asked = fold(asked);
    let folded: Vec<String> = pieces.iter().map(|piece| fold(&piece.title)).collect();
    let mut likely: Vec<&Piece> = pieces
        .iter()
        .zip(&folded)
        .filter(|(_, title)| !asked.is_empty() && title.contains(&asked))
        .map(|(piece, _)| piece)
        .collect();
    if likely.is_empty()
        && let Some(near) = near(&asked, folded.iter().map(String::as_str))
    {
        likely = pieces
            .iter()
            .zip(&folded)
            .filter(|(_, title)| *title == near)
            .map(|(piece, _)| piece)
            .collect();
    }
    if likely.is_empty() {
        return format!("it has: {}", titles(pieces));
    }
    let titles = likely.iter().take(MAX_OFFERED);
    let titles: Vec<String> =
        titles.map(|piece| format!("`{}`", unique_title(pieces, piece))).collect();
    format!("did you mean {}?", titles.join(" or "))
}

fn unique_title(pieces: &[Piece], piece: &Piece) -> String {
    let found = pieces.iter().position(|other| std::ptr::eq(other, piece)).unwrap_or_default();
    unique_titles(pieces).swap_remove(found)
}

fn titles(pieces: &[Piece]) -> String {
    let titles = pieces.iter().take(MAX_OFFERED).map(|piece| piece.title.as_str());
    let mut text = titles.collect::<Vec<_>>().join(", ");
    if pieces.len() > MAX_OFFERED {
        let _ = write!(text, " and {} more; `name` alone lists them", pieces.len() - MAX_OFFERED);
    }
    text
}

/// Returns some lines of a piece, and says how to go on when that is not the rest.
fn cut(piece: &Piece, title: &str, (first, last): (usize, usize)) -> Result<String, String> {
    let lines: Vec<&str> = piece.text.trim_end().lines().collect();
    if first == 0 || first > lines.len().max(1) || last < first {
        return Err(format!("`{title}` has lines 1 to {}", lines.len()));
    }
    let mut text = String::new();
    let mut next = first;
    for line in lines.iter().take(last.min(lines.len())).skip(first - 1) {
        if !text.is_empty() && text.len() + line.len() > MAX_SECTION {
            break;
        }
        let end = (0..=line.len().min(MAX_SECTION)).rev().find(|end| line.is_char_boundary(*end));
        let end = end.unwrap_or_default();
        text.push_str(&line[..end]);
        text.push_str(if end < line.len() { "[line cut]\n" } else { "\n" });
        next += 1;
    }
    if next <= last.min(lines.len()) {
        let _ = write!(
            text,
            "[cut at {} of {} lines; go on with section `{title}:{next}`]",
            next - 1,
            lines.len()
        );
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Fetched;

    const DOC: &str = "Intro words.\n\n# Kit\n\n## Install\n\nRun `kit add`.\n\n### Usage\n\nImport it.\n\n## Configure\n\n### Usage\n\nSet `captureMode` before you capture events.\n";

    fn doc(name: &str, text: &str) -> Reference {
        Reference::new(name, "A kit", ReferenceKind::Doc, text.to_owned(), 0)
    }

    /// An index of a doc and an airplane of two files.
    fn index() -> Index {
        let mut kit = doc("kit", DOC);
        kit.fetched =
            Some(Fetched { url: "https://x".to_owned(), how: How::Stale, age: 9 * 86_400 });
        let text = "# Airplane\n\nSells bread.\n\n## `src/main.js`\n\n```js\nstart()\ncapture('order')\n```\n\n## `src/b/main.js`\n\n```js\nstop()\n```\n";
        let mut shop =
            Reference::new("shop", "A shop", ReferenceKind::Airplane, text.to_owned(), 2);
        shop.files = ["airplane.md", "src/main.js", "src/b/main.js"]
            .map(|path| (path.to_owned(), 1))
            .to_vec();
        Index { references: vec![kit.into(), shop.into()] }
    }

    #[test]
    fn the_list_has_a_line_for_each() {
        let list = index().list();
        let wanted = "kit (doc, 36 tokens, stale: 9 d old): A kit\nshop (airplane, 30 tokens, 2 invisible characters removed): A shop";
        assert_eq!(list, wanted);
    }

    #[test]
    fn an_outline_shows_what_can_be_read() {
        let outline = index().outline("kit").unwrap();
        let lines: Vec<&str> = outline.lines().skip(1).collect();
        let wanted = [
            "- beginning (4)",
            "- Kit (32)",
            "  - Install (13)",
            "    - Usage (6)",
            "  - Configure (18)",
            "    - Usage (14)",
        ];
        assert_eq!(lines, wanted);
        let outline = index().outline("shop").unwrap();
        assert!(outline.ends_with("\n- src/main.js (7)\n- src/b/main.js (2)"), "{outline}");
        let many: String =
            (0..100).map(|number| ["## H", &number.to_string(), "\n### D\n"].concat()).collect();
        let index = Index { references: vec![doc("many", &format!("# Many\n{many}")).into()] };
        let outline = index.outline("many").unwrap();
        assert!(
            outline.ends_with("- Many (325)\n[200 deeper headings; `search` finds them]"),
            "{outline}"
        );
    }

    #[test]
    fn a_section_is_found_by_its_words_or_its_parent() {
        let index = index();
        let install = "## Install\n\nRun `kit add`.\n\n### Usage\n\nImport it.\n";
        assert_eq!(index.section("kit", "INSTALL").unwrap(), install);
        assert_eq!(index.section("kit", "## install").unwrap(), install);
        assert_eq!(index.section("kit", "Install > Usage").unwrap(), "### Usage\n\nImport it.\n");
        assert_eq!(index.section("kit", "Configure > Usage:1-2").unwrap(), "### Usage\n\n");
        assert_eq!(
            index.section("kit", "usage").unwrap_err(),
            "`kit` has several `usage`: `Install > Usage`, `Configure > Usage`"
        );
        assert_eq!(
            index.section("kit", "instal").unwrap_err(),
            "`kit` has no heading `instal`; did you mean `Install`?"
        );
        assert_eq!(
            index.section("kit", "Zebra").unwrap_err(),
            "`kit` has no heading `Zebra`; it has: beginning, Kit, Install, Usage, Configure, Usage"
        );
    }

    #[test]
    fn a_file_is_found_by_its_path_or_its_end() {
        let index = index();
        assert_eq!(index.section("shop", "./src/main.js").unwrap(), "start()\ncapture('order')\n");
        assert_eq!(index.section("shop", "b/main.js").unwrap(), "stop()\n");
        let several = index.section("shop", "main.js").unwrap_err();
        assert_eq!(several, "`shop` has several `main.js`: `src/main.js`, `src/b/main.js`");
        let error = index.section("shop", "src/mian.js").unwrap_err();
        assert_eq!(error, "`shop` has no file `src/mian.js`; did you mean `src/main.js`?");
        let error = index.section("shp", "x").unwrap_err();
        assert_eq!(error, "there is no reference `shp`; did you mean `shop`?");
    }

    #[test]
    fn a_long_section_is_cut_and_says_how_to_go_on() {
        let text: String =
            (1..=5_000).map(|number| ["line ", &number.to_string(), "\n"].concat()).collect();
        let index = Index { references: vec![doc("long", &format!("# All\n{text}")).into()] };
        let first = index.section("long", "all").unwrap();
        assert!(first.len() < MAX_SECTION + 100);
        let note = first.lines().last().unwrap();
        let next = note.split("`All:").nth(1).unwrap().trim_end_matches("`]");
        assert!(
            note.ends_with(&format!("of 5001 lines; go on with section `All:{next}`]")),
            "{note}"
        );
        let second = index.section("long", &format!("all:{next}")).unwrap();
        let shown: usize = next.parse().unwrap();
        assert_eq!(second.lines().next().unwrap(), format!("line {}", shown - 1));
        assert_eq!(index.section("long", "all:3-4").unwrap(), "line 2\nline 3\n");
        let error = index.section("long", "all:6000").unwrap_err();
        assert_eq!(error, "`All` has lines 1 to 5001");
        let index = Index { references: vec![doc("wide", &"é".repeat(20_000)).into()] };
        assert!(index.section("wide", "beginning").unwrap().ends_with("é[line cut]\n"));
    }

    #[test]
    fn passages_are_ranked_and_carry_their_lines() {
        let index = index();
        let found = index.search("capture event", None).unwrap();
        let wanted = "kit: Configure > Usage:1-3\n### Usage\n\nSet `captureMode` before you capture events.\n\nshop: src/main.js:1-2\nstart()\ncapture('order')\n";
        assert_eq!(found, wanted);
        let only = index.search("capture", Some("shop")).unwrap();
        assert_eq!(only, "shop: src/main.js:1-2\nstart()\ncapture('order')\n");
        let none = index.search("zebra", None).unwrap();
        assert_eq!(none, "no passage has any of `zebra`; there is: kit, shop");
        assert!(index.search(" ", None).is_err());
        assert!(index.search("capture", Some("shp")).is_err());
    }

    #[test]
    fn an_answer_to_a_search_is_bounded() {
        let part =
            format!("## Part\n{}\n", "capture the event in a long line of words\n".repeat(40));
        let references = (0..30).map(|number| doc(&format!("d{number}"), &part.repeat(3)).into());
        let found = Index { references: references.collect() }.search("capture", None).unwrap();
        assert!(found.len() <= 4_900, "{}", found.len());
        assert_eq!(found.matches("Part:").count(), 8);
        assert!(found.ends_with("passages left out]"));
    }

    #[test]
    fn a_stage_sees_its_own_docs_in_the_place_of_others() {
        let mut own = doc("kit", "own");
        own.stage = Some("one".to_owned());
        let index = Index { references: vec![doc("kit", "all").into(), own.into()] };
        let texts = |stage: &str| -> Vec<String> {
            let index = index.of_stage(stage);
            index.references.iter().map(|reference| reference.text.clone()).collect()
        };
        assert_eq!(texts("one"), ["own"]);
        assert_eq!(texts("two"), ["all"]);
    }
}
