//! Globs, held against each other: whether some path can match both.

/// The most ways in which the braces of one glob are written out.
const MOST_WAYS: usize = 256;

/// A glob, taken apart.
#[derive(Debug, Clone)]
pub struct Glob {
    /// Its braces written out, each as the parts between its slashes; absent where there are too
    /// many of them.
    ways: Option<Vec<Vec<Part>>>,
}

/// What stands between two slashes.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    /// `**`: any folders, or none.
    Folders,
    /// A name.
    Name(Vec<Letter>),
}

/// What one letter of a name may be.
#[derive(Debug, Clone, PartialEq)]
enum Letter {
    /// `*`: any letters, or none.
    Any,
    /// `?`.
    One,
    /// This letter.
    Is(char),
    /// `[a-z]` or `[!a-z]`: one in these ranges, or in none of them.
    Among(Vec<(char, char)>, bool),
}

impl Glob {
    /// Takes a glob apart. What is no glob may match anything.
    pub fn new(glob: &str) -> Glob {
        let mut ways = Vec::new();
        let whole = write_out(String::new(), glob, &mut ways).is_some();
        let ways = whole.then(|| ways.iter().map(|way| parts(way)).collect::<Option<_>>());
        Glob { ways: ways.flatten() }
    }

    /// Takes a path for what it is, whatever marks it has.
    pub fn literal(path: &str) -> Glob {
        let names = path.strip_prefix("./").unwrap_or(path).split('/');
        let names = names.map(|name| Part::Name(name.chars().map(Letter::Is).collect()));
        Glob { ways: Some(vec![names.collect()]) }
    }

    /// Whether some path matches both. Unsure is yes.
    pub fn overlaps(&self, other: &Glob) -> bool {
        let (Some(some), Some(others)) = (&self.ways, &other.ways) else { return true };
        some.iter().any(|one| others.iter().any(|other| meet(one, other, Part::meets)))
    }
}

/// Writes out the braces of `rest`, each way behind `before`. None where there are too many, or
/// where one is never closed.
fn write_out(before: String, rest: &str, ways: &mut Vec<String>) -> Option<()> {
    let Some(open) = find(rest, 0, |mark| mark == '{') else {
        ways.push(before + rest);
        return (ways.len() <= MOST_WAYS).then_some(());
    };
    let mut depth = 0_u32;
    let mut commas = vec![open];
    let mut at = open + 1;
    let close = loop {
        let next = find(rest, at, |mark| matches!(mark, '{' | '}' | ','))?;
        match &rest[next..=next] {
            "{" => depth += 1,
            "}" if depth == 0 => break next,
            "}" => depth -= 1,
            _ if depth == 0 => commas.push(next),
            _ => {}
        }
        at = next + 1;
    };
    commas.push(close);
    for pair in commas.windows(2) {
        let choice = &rest[pair[0] + 1..pair[1]];
        let whole = format!("{choice}{}", &rest[close + 1..]);
        write_out(format!("{before}{}", &rest[..open]), &whole, ways)?;
    }
    Some(())
}

/// Finds a mark that is not behind a `\` and not in `[ ]`.
fn find(text: &str, from: usize, wanted: impl Fn(char) -> bool) -> Option<usize> {
    let mut letters = text.char_indices().skip_while(|(index, _)| *index < from);
    while let Some((index, letter)) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            '[' if text[index..].contains(']') => {
                letters.by_ref().skip(1).find(|(_, letter)| *letter == ']');
            }
            _ if wanted(letter) => return Some(index),
            _ => {}
        }
    }
    None
}

fn parts(way: &str) -> Option<Vec<Part>> {
    let way = way.strip_prefix("./").unwrap_or(way);
    way.split('/')
        .map(|part| if part == "**" { Some(Part::Folders) } else { name(part).map(Part::Name) })
        .collect()
}

fn name(part: &str) -> Option<Vec<Letter>> {
    let mut letters = Vec::new();
    let mut rest = part.chars();
    while let Some(letter) = rest.next() {
        letters.push(match letter {
            '*' => Letter::Any,
            '?' => Letter::One,
            '\\' => Letter::Is(rest.next()?),
            '[' => among(&mut rest)?,
            other => Letter::Is(other),
        });
    }
    Some(letters)
}

/// Reads what stands in `[ ]`, the first of them being read already.
fn among(rest: &mut std::str::Chars<'_>) -> Option<Letter> {
    let mut letters = Vec::new();
    loop {
        match rest.next()? {
            ']' if !letters.is_empty() && letters != ['!'] && letters != ['^'] => break,
            letter => letters.push(letter),
        }
    }
    let not = matches!(letters[0], '!' | '^');
    let letters = &letters[usize::from(not)..];
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let end = if letters.get(at + 1) == Some(&'-') { letters.get(at + 2) } else { None };
        ranges.push((letters[at], *end.unwrap_or(&letters[at])));
        at += if end.is_some() { 3 } else { 1 };
    }
    Some(Letter::Among(ranges, not))
}

/// What may stand for a run of things, or for one.
trait Wild {
    /// Whether it stands for any number of things.
    fn is_any(&self) -> bool;
}

impl Wild for Part {
    fn is_any(&self) -> bool {
        *self == Part::Folders
    }
}

impl Wild for Letter {
    fn is_any(&self) -> bool {
        *self == Letter::Any
    }
}

/// Whether two rows with wild things in them can stand for the same row.
fn meet<T: Wild>(one: &[T], other: &[T], meets: fn(&T, &T) -> bool) -> bool {
    // `open[j]`: what is left of `one` and what is left of `other` from `j` on can meet.
    let mut open = vec![false; other.len() + 1];
    for i in (0..=one.len()).rev() {
        let below = std::mem::replace(&mut open, vec![false; other.len() + 1]);
        for j in (0..=other.len()).rev() {
            let (first, second) = (one.get(i), other.get(j));
            open[j] = match (first, second) {
                (None, None) => true,
                (Some(first), _) if first.is_any() => below[j] || (second.is_some() && open[j + 1]),
                (_, Some(second)) if second.is_any() => {
                    open[j + 1] || (first.is_some() && below[j])
                }
                (Some(first), Some(second)) => below[j + 1] && meets(first, second),
                _ => false,
            };
        }
    }
    open[0]
}

impl Part {
    fn meets(&self, other: &Part) -> bool {
        match (self, other) {
            (Part::Name(one), Part::Name(other)) => meet(one, other, Letter::meets),
            _ => true,
        }
    }
}

impl Letter {
    fn meets(&self, other: &Letter) -> bool {
        let within = |letter: char, ranges: &[(char, char)], not: bool| {
            ranges.iter().any(|(first, last)| (*first..=*last).contains(&letter)) != not
        };
        match (self, other) {
            (Letter::Is(one), Letter::Is(other)) => one == other,
            (Letter::Is(letter), Letter::Among(ranges, not))
            | (Letter::Among(ranges, not), Letter::Is(letter)) => within(*letter, ranges, *not),
            (Letter::Among(some, false), Letter::Among(others, false)) => some
                .iter()
                .any(|one| others.iter().any(|other| one.0 <= other.1 && other.0 <= one.1)),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use globset::GlobBuilder;

    use super::*;

    #[test]
    fn globs_overlap_when_a_path_can_match_both() {
        for (one, other, expected) in [
            ("a.ts", "a.ts", true),
            ("a.ts", "./a.ts", true),
            ("a.ts", "b.ts", false),
            ("**/*.ts", "src/a.ts", true),
            ("**/*.ts", "a.ts", true),
            ("**/*.ts", "src/a.py", false),
            ("**/*.ts", "**/*.py", false),
            ("**/*.{ts,tsx}", "**/*.{tsx,jsx}", true),
            ("**/*.{ts,tsx}", "**/*.{js,jsx}", false),
            ("src/**", "lib/**", false),
            ("src/**", "src/lib/*.ts", true),
            ("**/*.ts", "lib/**", true),
            ("*.ts", "lib/*.ts", false),
            ("a*c", "ab*", true),
            ("a*c", "b*", false),
            ("*a", "b*", true),
            ("?", "ab", false),
            ("[a-c].ts", "b.ts", true),
            ("[!a-c].ts", "b.ts", false),
            ("[a-c].ts", "[d-f].ts", false),
            ("{src,lib}/**/*.ts", "lib/a/b/c.ts", true),
            ("{a,b{c,d}}.x", "bd.x", true),
            ("{a,b{c,d}}.x", "be.x", false),
            ("**/test/**", "src/**/b.ts", true),
            (".env*", ".env.example", true),
            ("docs/*.md", "docs/**/api/*.md", false),
            ("docs/**/*.md", "docs/api/*.md", true),
            ("a/{b,c}/d", "a/**", true),
            ("\\[id\\].ts", "[[]id[]].ts", true),
        ] {
            let (left, right) = (Glob::new(one), Glob::new(other));
            assert_eq!(left.overlaps(&right), expected, "{one} {other}");
            assert_eq!(right.overlaps(&left), expected, "{other} {one}");
        }
    }

    #[test]
    fn a_path_with_marks_in_it_is_a_path_all_the_same() {
        let page = Glob::literal("app/[id]/page.ts");
        assert!(page.overlaps(&Glob::new("app/**")));
        assert!(page.overlaps(&Glob::literal("./app/[id]/page.ts")));
        assert!(!page.overlaps(&Glob::new("app/[id]/page.ts")));
    }

    #[test]
    fn what_is_no_glob_and_what_is_too_much_overlaps_with_everything() {
        let much = "{a,b,c,d}".repeat(8);
        for glob in ["{a", "[a", much.as_str()] {
            assert!(Glob::new(glob).overlaps(&Glob::new("z")), "{glob}");
        }
    }

    #[test]
    fn globs_that_match_one_path_overlap() {
        let names = ["a", "b", "ab", "a.ts", "b.py", "[a]"];
        let mut paths: Vec<String> = names.map(str::to_owned).into();
        for folder in ["a", "b", "a/b"] {
            paths.extend(names.iter().map(|name| format!("{folder}/{name}")));
        }
        let pieces =
            ["a", "b", "*", "**", "?", "{a,b}", "[ab]", "[!a]", "*.ts", "{*.ts,a/*}", "a*"];
        let mut globs: Vec<String> = pieces.map(str::to_owned).into();
        for piece in pieces {
            globs.extend(pieces.iter().map(|other| format!("{piece}/{other}")));
        }
        let matches = |glob: &str| -> Vec<bool> {
            let built = GlobBuilder::new(glob).literal_separator(true).build();
            let matcher = built.unwrap().compile_matcher();
            paths.iter().map(|path| matcher.is_match(path)).collect()
        };
        let matched: Vec<Vec<bool>> = globs.iter().map(|glob| matches(glob)).collect();
        let taken: Vec<Glob> = globs.iter().map(|glob| Glob::new(glob)).collect();
        let mut both = 0;
        for (one, glob) in taken.iter().enumerate() {
            for (other, with) in taken.iter().enumerate() {
                let shared = matched[one].iter().zip(&matched[other]).any(|(a, b)| *a && *b);
                both += usize::from(shared);
                assert!(!shared || glob.overlaps(with), "{} {}", globs[one], globs[other]);
            }
        }
        assert!(both > 1_000, "{both} pairs");
    }
}
