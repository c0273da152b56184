//! Globs of files: what one matches, and whether two can match the same file.

use std::path::Path;

use globset::GlobBuilder;

use crate::playbook::Glob;

/// The most patterns into which the braces of one glob are written out.
const MOST_PATTERNS: usize = 64;

/// What makes a pattern more than the path that it spells.
const WILD: [char; 4] = ['*', '?', '[', '{'];

/// What `*` stands for in an example; the words are those which lists of closed files open again.
const NAMES: [&str; 5] = ["x", "example", "sample", "template", "dist"];

/// Whether a glob matches the path that it spells and nothing else.
pub fn is_literal(glob: &str) -> bool {
    !glob.contains(WILD)
}

/// Whether a glob matches a path. `*` does not cross a folder.
pub fn matches(glob: &str, path: &str) -> bool {
    normal(glob) == normal(path)
        || GlobBuilder::new(normal(glob))
            .literal_separator(true)
            .build()
            .is_ok_and(|glob| glob.compile_matcher().is_match(Path::new(normal(path))))
}

/// Whether no file can match both. Unsure is no.
pub fn apart(one: &str, other: &str) -> bool {
    !Glob::new(one).overlaps(&Glob::new(other))
}

/// Returns paths that a glob matches, each kind of place and name that it allows among them as far
/// as they are simple; nothing where they cannot be made up.
pub fn examples(glob: &str) -> impl Iterator<Item = String> {
    let mut patterns = patterns(normal(glob));
    if patterns.iter().any(|pattern| pattern.contains(['[', '{', '\\'])) {
        patterns.clear();
    }
    patterns.into_iter().flat_map(|pattern| {
        let near = pattern.replace("**/", "").replace("**", "*");
        let far = pattern.replace("**/", "x/y/").replace("**", "x/*");
        let names = if is_literal(&pattern) { &NAMES[..1] } else { &NAMES[..] };
        let fill = |pattern: &str, name: &str| pattern.replace('*', name).replace('?', "x");
        let filled = names.iter().map(move |name| [fill(&near, name), fill(&far, name)]);
        filled.flatten().collect::<Vec<_>>()
    })
}

/// Writes out the braces of a glob: `*.{js,ts}` is two patterns. One with too many stays whole.
pub fn patterns(glob: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut open = vec![glob.to_owned()];
    while let Some(pattern) = open.pop() {
        if done.len() + open.len() >= MOST_PATTERNS {
            return vec![glob.to_owned()];
        }
        match braces(&pattern) {
            Some((before, choices, after)) => {
                let choices = choices.into_iter().rev();
                open.extend(choices.map(|choice| format!("{before}{choice}{after}")));
            }
            None => done.push(pattern),
        }
    }
    done
}

/// Takes the first braces of a glob apart: what stands before, the choices, what stands after.
fn braces(glob: &str) -> Option<(&str, Vec<&str>, &str)> {
    if glob.contains(['[', '\\']) {
        return None;
    }
    let open = glob.find('{')?;
    let mut depth = 0;
    let mut choices = Vec::new();
    let mut start = open + 1;
    for (at, character) in glob[open..].char_indices().map(|(at, it)| (open + at, it)) {
        match character {
            '{' => depth += 1,
            ',' if depth == 1 => {
                choices.push(&glob[start..at]);
                start = at + 1;
            }
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            choices.push(&glob[start..at]);
            return Some((&glob[..open], choices, &glob[at + 1..]));
        }
    }
    None
}

fn normal(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_are_apart_only_when_no_file_can_match_both() {
        assert!(apart("a.ts", "b.ts"));
        assert!(!apart("a.ts", "./a.ts"));
        assert!(!apart("**/*.ts", "src/a.ts"));
        assert!(apart("**/*.ts", "src/a.py"));
        assert!(apart("src/**", "lib/**"));
        assert!(!apart("src/**", "src/lib/*.ts"));
        assert!(!apart("**/*.ts", "lib/**"));
        assert!(apart("**/*.ts", "**/*.md"));
        assert!(!apart("**/*.ts", "**/*.d.ts"));
        assert!(apart("**/*.{ts,tsx}", "**/*.{md,mdx}"));
        assert!(!apart("**/*.{ts,md}", "docs/**/*.{md,txt}"));
        assert!(!apart("**/a.md", "*.md"));
        assert!(!apart("app/[id]/page.tsx", "app/[id]/page.tsx"));
        assert!(!apart("app/[id]/page.tsx", "app/i/page.tsx"));
        assert!(apart("src/a*", "src/b*"));
        assert!(apart("*.md", "docs/**") && apart("docs/*.md", "docs/*/*.md"));
        assert!(!apart("*.md", "**") && !apart("docs/*", "docs/**") && !apart("*", "**/*.md"));
    }

    #[test]
    fn braces_are_written_out_and_too_many_stay() {
        assert_eq!(patterns("a.{b,c{d,e}}"), ["a.b", "a.cd", "a.ce"]);
        assert_eq!(patterns("{a,b}/{c,d}"), ["a/c", "a/d", "b/c", "b/d"]);
        for whole in ["{a", "a}", "[{a,b}]", "{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"] {
            assert_eq!(patterns(whole), [whole]);
        }
    }

    #[test]
    fn an_example_is_matched_by_its_glob() {
        for glob in ["**", "*", "a/**/b.?s", "**/*.{ts,tsx}", ".env*", "./a/*", "a.b", "{a,b}/*"] {
            assert!(examples(glob).next().is_some(), "{glob}");
            for example in examples(glob) {
                assert!(matches(glob, &example), "{glob} {example}");
            }
        }
        assert_eq!(examples("a[bc]").next(), None);
    }
}
