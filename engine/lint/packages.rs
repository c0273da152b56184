//! Packages and their versions, as playbooks and the manifests of airplanes write them.

use crate::lint::{Airplane, Subject};
use crate::source::Span;

/// A package that a command adds, as its word says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted<'a> {
    /// Its name in its registry.
    pub(super) name: &'a str,
    /// The range of versions, if the word has one.
    pub(super) range: Option<&'a str>,
}

/// A package that the manifest of an airplane declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared<'a> {
    /// The airplane.
    pub(super) airplane: &'a str,
    /// The range of versions as written.
    pub(super) range: &'a str,
    /// Where the range stands.
    pub(super) span: Span,
    /// A bare version means every later one that is compatible.
    pub(super) open: bool,
}

/// Operators with which a range begins; the longer ones come first.
const OPERATORS: [&str; 10] = ["===", "==", ">=", "<=", "~=", "!=", "~>", ">", "<", "^"];

/// Reads `name@^1.2`, `name>=1.2`, `vendor/name:^1.2`, `name[extra]==1.2`, or a bare name.
pub(super) fn wanted(word: &str) -> Option<Wanted<'_>> {
    let word = word.trim();
    if word.is_empty() || word.starts_with(['-', '.', '/']) || word.contains("://") {
        return None;
    }
    // The name of a scope begins with `@`.
    let skipped = usize::from(word.starts_with('@'));
    let end = word[skipped..].find(['@', '=', '<', '>', '~', '!', '^', '[', ' ']);
    let end = end.map_or(word.len(), |end| end + skipped);
    let (mut name, mut rest) = word.split_at(end);
    if let Some((vendor, range)) = word.split_once(':').filter(|(name, _)| name.contains('/')) {
        (name, rest) = (vendor, range);
    } else if rest.starts_with('[') {
        rest = rest.find(']').map_or("", |end| &rest[end + 1..]);
    }
    let rest = rest.strip_prefix('@').unwrap_or(rest).trim();
    let letter = |letter: char| letter.is_ascii_alphanumeric() || "@/._-:".contains(letter);
    let is_name = name.chars().all(letter) && name.contains(|it: char| it.is_ascii_alphabetic());
    is_name.then_some(Wanted { name, range: (!rest.is_empty()).then_some(rest) })
}

/// Makes one spelling of a name, byte for byte: registries differ in what they hold for the same.
pub(super) fn folded(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

/// Returns where the manifests of airplanes declare a package.
pub(super) fn in_airplanes<'a>(subject: &'a Subject<'_>, name: &str) -> Vec<Declared<'a>> {
    subject.airplanes().iter().flat_map(|airplane| declared(airplane, name)).collect()
}

fn declared<'a>(airplane: &'a Airplane<'_>, name: &str) -> Vec<Declared<'a>> {
    let name = folded(name);
    let manifests = airplane.shown().filter_map(|file| {
        let end = file.path.rsplit('/').next()?.to_ascii_lowercase();
        crate::lint::family::is_manifest(file.path).then_some((file, end))
    });
    let found = manifests.flat_map(|(file, end)| {
        let text = folded(file.text);
        let places: Vec<usize> = text.match_indices(&name).map(|(at, _)| at).collect();
        let open = matches!(end.as_str(), "cargo.toml" | "go.mod");
        let length = name.len();
        places.into_iter().filter_map(move |at| {
            let (start, range) = range_after(file.text, at, length)?;
            let span = file.span(start, start + range.len());
            Some(Declared { airplane: &airplane.name.value, range, span, open })
        })
    });
    found.collect()
}

/// Returns the range that stands behind a name in a manifest, and where.
fn range_after(text: &str, at: usize, length: usize) -> Option<(usize, &str)> {
    let of_name = |letter: char| letter.is_ascii_alphanumeric() || "@/._-".contains(letter);
    if text[..at].chars().next_back().is_some_and(of_name) {
        return None;
    }
    let after = at + length;
    let line = text[after..].find('\n').map_or(text.len(), |end| after + end);
    let mut rest = text.get(after..line)?;
    if rest.chars().next().is_some_and(|letter| of_name(letter) && letter != '@') {
        return None;
    }
    let mut separated = false;
    loop {
        let trimmed = rest.trim_start_matches([' ', '\t', '"', '\'', '(', '{']);
        let operator = OPERATORS.iter().find(|operator| trimmed.starts_with(**operator));
        let digit =
            trimmed.trim_start_matches(['v', '~', '=']).starts_with(|it: char| it.is_ascii_digit());
        if operator.is_some_and(|operator| digit_after(trimmed, operator))
            || (digit && !trimmed.starts_with('='))
        {
            rest = trimmed;
            break;
        }
        let next = ["=>", "=", ":", ",", "["].iter().find_map(|mark| trimmed.strip_prefix(mark));
        let next = match next {
            Some(after) if trimmed.starts_with('[') => after.split_once(']')?.1,
            Some(after) => after,
            None => trimmed.strip_prefix("version")?,
        };
        // A second pair of a map is another package's.
        if separated && trimmed.starts_with(',') {
            return None;
        }
        separated |= trimmed.starts_with(',');
        rest = next;
    }
    let of_range =
        |letter: char| letter.is_ascii_alphanumeric() || " .*+!<>=~^|,-".contains(letter);
    let end = rest.find(|letter: char| !of_range(letter)).unwrap_or(rest.len());
    let range = rest[..end].trim_end_matches([' ', ',']);
    // What is left of the line is its end.
    (!range.is_empty()).then_some((line - rest.len(), range))
}

fn digit_after(text: &str, operator: &str) -> bool {
    text[operator.len()..]
        .trim_start()
        .trim_start_matches('v')
        .starts_with(|it: char| it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_names_a_package_and_its_range() {
        let rows = [
            ("shop-kit", "shop-kit", None),
            ("shop-kit@^1.2", "shop-kit", Some("^1.2")),
            ("@shop/kit", "@shop/kit", None),
            ("@shop/kit@1", "@shop/kit", Some("1")),
            ("shop>=7.79", "shop", Some(">=7.79")),
            ("shop[web]==1.2", "shop", Some("==1.2")),
            ("shop/kit:^3.0", "shop/kit", Some("^3.0")),
            ("example.com/shop@v1.2.3", "example.com/shop", Some("v1.2.3")),
            ("shop@latest", "shop", Some("latest")),
        ];
        for (word, name, range) in rows {
            assert_eq!(wanted(word), Some(Wanted { name, range }), "{word}");
        }
        for word in ["-D", "./local", "https://example.com/a.tgz", "", "1.2", "a b"] {
            assert!(wanted(word).is_none_or(|it| it.name == "a"), "{word}");
        }
    }

    #[test]
    fn a_manifest_says_the_range_behind_the_name() {
        let rows = [
            ("  \"shop\": \"^1.449.2\",\n", Some("^1.449.2")),
            ("shop==7.91.1\n", Some("==7.91.1")),
            ("shop[web] >= 1.2, < 2 ; python_version > '3'\n", Some(">= 1.2, < 2")),
            ("gem \"shop\", \"~> 7.1\", \">= 7.1.2\"\n", Some("~> 7.1")),
            ("shop = \"1.2\"\n", Some("1.2")),
            ("shop = { version = \"1.2\", features = [] }\n", Some("1.2")),
            ("require shop v1.2.3 // indirect\n", Some("v1.2.3")),
            ("  shop: ^4.0.1\n", Some("^4.0.1")),
            ("implementation(\"com.example:shop:3.1.0\")\n", Some("3.1.0")),
            ("{:shop, \"~> 1.1\"},\n", Some("~> 1.1")),
            ("\"shop>=2\",\n", Some(">=2")),
            ("  \"name\": \"shop\",\n  \"version\": \"1.0.0\"\n", None),
            ("\"shop-js\": \"1\"\n", None),
            ("\"x-shop\": \"1\"\n", None),
            ("shop @ git+https://example.com/shop\n", None),
            ("shop\n1.2\n", None),
        ];
        for (text, wanted) in rows {
            let at = text.find("shop").unwrap();
            let found = range_after(text, at, "shop".len());
            assert_eq!(found.map(|(_, range)| range), wanted, "{text}");
            if let Some((start, range)) = found {
                assert!(text[start..].starts_with(range));
            }
        }
    }
}
