//! `broken-link`: a link that the model cannot follow.

use std::path::{Component, Path, PathBuf};

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{DocPlace, Prose};
use crate::source::Spanned;

pub(super) const RULE: Rule = Rule {
    name: "broken-link",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("broken-link"),
    diagnose: Some(diagnose),
};

/// How a link begins that shows how links are written.
const SHOWN: [&str; 4] = ["[text](", "[link](", "[link text](", "![alt text]("];

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for prose in subject.proses() {
        for link in prose.links.iter().filter(|link| is_relative(link)) {
            let text = subject.text(link.span);
            if SHOWN.iter().any(|shown| text.starts_with(shown)) || has(subject, prose, link) {
                continue;
            }
            let start = text.rfind(link.value.as_str()).unwrap_or_default();
            let place = match start {
                0 => link.span,
                start => link.span.part(start, start + link.value.len()),
            };
            let is_image = text.starts_with('!');
            let (message, help) = if is_image {
                (
                    format!("the model cannot see the image `{}`", link.value),
                    "say in words what it shows",
                )
            } else if link.value.starts_with('#') {
                (
                    format!("the model does not see the heading `{}`", link.value),
                    "a stage is told its own section, the preamble and includes: say it there",
                )
            } else {
                (
                    format!("the model cannot open `{}`", link.value),
                    "make it a doc, as in `docs: {guide: {file: guide.md}}`, or an include; \
                     a file of the project stands in backticks",
                )
            };
            report(RULE.at(place, message).help(help));
        }
    }
}

/// Whether a link leads to a place beside the file it stands in, or inside of it.
fn is_relative(link: &Spanned<String>) -> bool {
    let to = link.value.as_str();
    let scheme = to.split(['/', '?', '#', '.']).next().unwrap_or_default().contains(':');
    // A word alone, such as `URL`, shows where an address goes.
    let is_path = to.contains(['.', '/', '#']) && !to.contains(['{', '<', ' ', '$']);
    is_path && !to.starts_with('/') && !scheme
}

/// Whether the model gets what a link leads to.
fn has(subject: &Subject<'_>, prose: &Prose, link: &str) -> bool {
    let playbook = subject.playbook;
    if let Some(fragment) = link.strip_prefix('#') {
        let mut seen = std::iter::once(prose)
            .chain(std::iter::once(&playbook.preamble))
            .chain(&playbook.includes)
            .flat_map(|prose| &prose.headings);
        return seen.any(|(_, heading)| anchor(heading) == fragment.to_lowercase());
    }
    if subject.docs().any(|(_, doc)| link.split('#').next() == Some(doc.name.value.as_str())) {
        return true;
    }
    let source = |index: usize| subject.bundle.files.get(index).map(|file| Path::new(&file.name));
    let Some(from) = source(usize::from(prose.span.file.0)) else { return true };
    let folder = from.parent().unwrap_or(Path::new(""));
    let path = link.split(['#', '?']).next().unwrap_or_default();
    let wanted = plain(&folder.join(path));
    let docs = subject.docs().filter_map(|(_, doc)| match &doc.place {
        DocPlace::File(file) => subject.bundle.named.get(&file.value)?.as_ref().ok(),
        DocPlace::Url(_) => None,
    });
    let docs = docs.map(|file| usize::from(file.0));
    let proses = subject.proses().map(|prose| usize::from(prose.span.file.0));
    // A doc may stand elsewhere than the link says, as long as its path ends so.
    let asked = plain(Path::new(path));
    docs.chain(proses).filter_map(source).any(|known| {
        let known = plain(known);
        known == wanted || (!asked.starts_with("..") && known.ends_with(&asked))
    })
}

/// Resolves the points of a path.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                if !plain.pop() {
                    plain.push("..");
                }
            }
            other => plain.push(other),
        }
    }
    plain
}

/// Makes the name by which links know a heading.
fn anchor(heading: &str) -> String {
    let heading = heading.to_lowercase();
    let kept = heading.chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        letter if letter.is_alphanumeric() => Some(letter),
        _ => None,
    });
    kept.collect()
}
