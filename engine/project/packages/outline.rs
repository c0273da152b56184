//! Indented lines of keys and values, as lock files in a simple YAML have them.

/// A key with a value, and the keys it stands below.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// The keys from the outermost to its own.
    pub(super) path: Vec<&'a str>,
    /// What stands behind the key; empty where more lines follow below it.
    pub(super) value: &'a str,
}

/// Reads lines of `key: value`, and of `key "value"` as yarn 1 writes them. Items of lists and
/// comments are passed over.
pub(super) fn read(text: &str) -> Vec<Line<'_>> {
    let mut above: Vec<(usize, &str)> = Vec::new();
    let mut lines = Vec::new();
    for line in text.lines() {
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', '-']) {
            continue;
        }
        let Some((key, value)) = key(content) else { continue };
        let indent = line.len() - line.trim_start().len();
        above.retain(|(other, _)| *other < indent);
        above.push((indent, key));
        let path = above.iter().map(|(_, key)| *key).collect();
        lines.push(Line { path, value: unquoted(value) });
    }
    lines
}

/// Splits a line into its key and its value. A key may be quoted, and may hold colons where no
/// space follows them; several keys of one value, as in yarn 1, are one key.
fn key(content: &str) -> Option<(&str, &str)> {
    if let Some(key) = content.strip_suffix(':') {
        return Some((unquoted(key), ""));
    }
    if let Some(quote @ ('"' | '\'')) = content.chars().next() {
        let (key, rest) = content[1..].split_once(quote)?;
        return Some((key, rest.trim_start_matches(':').trim()));
    }
    let (key, value) = content.split_once(": ").or_else(|| content.split_once(' '))?;
    Some((key, value.trim()))
}

/// Takes one pair of quotes from a text that they enclose whole.
pub(super) fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let inner = ['"', '\''].iter().find_map(|quote| {
        let inner = text.strip_prefix(*quote)?.strip_suffix(*quote)?;
        (!inner.contains(*quote)).then_some(inner)
    });
    inner.unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_know_what_they_stand_below() {
        let text = "a:\n\n  '@b/c@1.0.0':\n    version: 1.0.0\n    list:\n      - x\n  d: {}\n# no\n\"e@^1, e@^2\":\n  version \"2.0\"\n";
        let lines = read(text);
        let shown: Vec<String> =
            lines.iter().map(|line| format!("{}={}", line.path.join("/"), line.value)).collect();
        assert_eq!(
            shown,
            [
                "a=",
                "a/@b/c@1.0.0=",
                "a/@b/c@1.0.0/version=1.0.0",
                "a/@b/c@1.0.0/list=",
                "a/d={}",
                "e@^1, e@^2=",
                "e@^1, e@^2/version=2.0",
            ]
        );
    }
}
