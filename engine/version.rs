//! Versions, and ranges of them, as package managers write both.

use std::cmp::Ordering;
use std::fmt;

/// A version of a package: `15.3.0`, `2.0rc1`, `v1.2.3-beta.4`, `1!2.0.post1`.
#[derive(Debug, Clone)]
pub struct Version {
    text: String,
    epoch: u64,
    release: Vec<u64>,
    rest: Vec<Part>,
}

/// What follows the numbers of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Development,
    Number(u64),
    Text(String),
    Post,
}

/// Versions that are good: alternatives, in each of which every comparator has to hold.
///
/// It reads what npm, pip, Bundler, Composer and Cargo write. A version with fewer than three
/// numbers and no operator is a prefix: `15.3` is every 15.3. Pre-releases are compared by their
/// order, with one exception that pip makes too: `<16` does not let 16.0.0-beta in.
#[derive(Debug, Clone)]
pub struct Range(Vec<Vec<Comparator>>);

#[derive(Debug, Clone)]
enum Comparator {
    Any,
    AtLeast(Version),
    Above(Version),
    Below(Version),
    AtMost(Version),
    Same(Version),
    Other(Version),
    Within(Version),
    Without(Version),
}

impl Version {
    /// Reads a version, or nothing where the text is none, such as `latest` or `dev-main`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let plain = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let plain = plain.split('+').next().unwrap_or_default();
        let (epoch, plain) = match plain.split_once('!') {
            Some((epoch, rest)) => (epoch.parse().ok()?, rest),
            None => (0, plain),
        };
        let numbers = plain.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
        let (numbers, rest) = plain.split_at(numbers.unwrap_or(plain.len()));
        let release = numbers.strip_suffix('.').unwrap_or(numbers).split('.');
        let release = release.map(|number| number.parse().ok()).collect::<Option<Vec<u64>>>()?;
        let known = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        let rest = rest.chars().all(known).then(|| parts(rest))?;
        let wild = rest.iter().any(|part| *part == Part::Text("x".to_owned()));
        (!wild).then(|| Version { text: text.to_owned(), epoch, release, rest })
    }

    fn of(epoch: u64, release: Vec<u64>) -> Self {
        let text = release.iter().map(u64::to_string).collect::<Vec<_>>().join(".");
        Version { text, epoch, release, rest: Vec::new() }
    }

    fn is_before_release(&self) -> bool {
        matches!(self.rest.first(), Some(Part::Development | Part::Number(_) | Part::Text(_)))
    }

    fn begins_with(&self, prefix: &Version) -> bool {
        let number = |index: usize| self.release.get(index).copied().unwrap_or(0);
        let numbers = prefix.release.iter().enumerate();
        self.epoch == prefix.epoch && numbers.into_iter().all(|(at, wanted)| number(at) == *wanted)
    }

    /// Returns the first version after all that begin with the first `count` numbers.
    fn after(&self, count: usize) -> Version {
        let mut release = self.release.clone();
        release.truncate(count.max(1));
        if let Some(last) = release.last_mut() {
            *last = last.saturating_add(1);
        }
        Version::of(self.epoch, release)
    }

    /// Returns a version that is greater, with hardly any between them.
    fn next(&self) -> Version {
        let mut release = self.release.clone();
        release.resize(release.len().max(3), 0);
        release.push(1);
        Version::of(self.epoch, release)
    }

    /// Whether it comes after another.
    pub fn is_newer_than(&self, other: &Version) -> bool {
        self.order(other).is_gt()
    }

    fn order(&self, other: &Version) -> Ordering {
        let length = self.release.len().max(other.release.len());
        let padded = |version: &Version| -> Vec<u64> {
            (0..length).map(|at| version.release.get(at).copied().unwrap_or(0)).collect()
        };
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| padded(self).cmp(&padded(other)))
            .then_with(|| rest_order(&self.rest, &other.rest))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// Splits what follows the numbers, and gives each way to write a thing the same name.
fn parts(rest: &str) -> Vec<Part> {
    let mut words: Vec<String> = Vec::new();
    let mut digits = None;
    for letter in rest.chars() {
        if !letter.is_ascii_alphanumeric() {
            digits = None;
            continue;
        }
        let is_digit = letter.is_ascii_digit();
        match words.last_mut() {
            Some(word) if digits == Some(is_digit) => word.push(letter.to_ascii_lowercase()),
            _ => words.push(letter.to_ascii_lowercase().to_string()),
        }
        digits = Some(is_digit);
    }
    let part = |word: String| match word.as_str() {
        "dev" => Part::Development,
        "post" | "rev" | "r" | "patch" | "pl" => Part::Post,
        "a" => Part::Text("alpha".to_owned()),
        "b" => Part::Text("beta".to_owned()),
        "c" | "pre" | "preview" => Part::Text("rc".to_owned()),
        number if number.parse::<u64>().is_ok() => Part::Number(number.parse().unwrap_or(0)),
        _ => Part::Text(word),
    };
    words.into_iter().map(part).collect()
}

/// Compares what follows the numbers. Where one has ended at once it is the release, which comes
/// after its pre-releases; where one has ended later it is the shorter pre-release, which comes
/// first.
fn rest_order(one: &[Part], other: &[Part]) -> Ordering {
    let rank = |part: Option<&Part>, first: bool| match part {
        Some(Part::Development) => 0,
        None if !first => 1,
        Some(Part::Number(_)) => 2,
        Some(Part::Text(_)) => 3,
        None => 4,
        Some(Part::Post) => 5,
    };
    for at in 0..one.len().max(other.len()) {
        let (left, right) = (one.get(at), other.get(at));
        let order = match (left, right) {
            (Some(Part::Number(left)), Some(Part::Number(right))) => left.cmp(right),
            (Some(Part::Text(left)), Some(Part::Text(right))) => left.cmp(right),
            _ => rank(left, at == 0).cmp(&rank(right, at == 0)),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

impl Range {
    /// Reads a range, or nothing where the text is none, such as `latest` or a URL.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.replace("||", "|");
        text.split('|').map(alternative).collect::<Option<Vec<_>>>().map(Range)
    }

    /// Whether a version is in the range.
    pub fn holds(&self, version: &Version) -> bool {
        self.0.iter().any(|set| set.iter().all(|comparator| comparator.holds(version)))
    }

    /// Whether some version is in both ranges.
    pub fn meets(&self, other: &Range) -> bool {
        let pairs = self.0.iter().flat_map(|one| other.0.iter().map(move |two| (one, two)));
        pairs.into_iter().any(|(one, two)| {
            let both = || one.iter().chain(two);
            // What two ranges share begins at an end of one of them, or just above it.
            let ends = both().filter_map(Comparator::end).flat_map(|end| [end.clone(), end.next()]);
            let mut tried = std::iter::once(Version::of(0, vec![0])).chain(ends);
            tried.any(|version| both().all(|comparator| comparator.holds(&version)))
        })
    }

    /// Returns the lowest version of the range, if it has a lower end.
    pub fn minimum(&self) -> Option<Version> {
        let lowest = |set: &Vec<Comparator>| {
            let ends = set.iter().filter_map(Comparator::lower_end);
            ends.max_by(|one, other| one.order(other)).cloned()
        };
        let ends = self.0.iter().map(lowest).collect::<Option<Vec<_>>>()?;
        ends.into_iter().min_by(Version::order)
    }

    /// Returns the version of a range that is one exact version, such as `==3.0.3`.
    pub fn exact(&self) -> Option<&Version> {
        match self.0.as_slice() {
            [set] => match set.as_slice() {
                [Comparator::Same(version)] => Some(version),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Comparator {
    fn holds(&self, version: &Version) -> bool {
        match self {
            Comparator::Any => true,
            Comparator::AtLeast(end) => version.order(end).is_ge(),
            Comparator::Above(end) => version.order(end).is_gt(),
            Comparator::AtMost(end) => version.order(end).is_le(),
            Comparator::Below(end) => {
                let of_the_end = version.is_before_release()
                    && !end.is_before_release()
                    && Version::of(version.epoch, version.release.clone()).order(end).is_eq();
                version.order(end).is_lt() && !of_the_end
            }
            Comparator::Same(same) => version.order(same).is_eq(),
            Comparator::Other(other) => version.order(other).is_ne(),
            Comparator::Within(prefix) => version.begins_with(prefix),
            Comparator::Without(prefix) => !version.begins_with(prefix),
        }
    }

    fn end(&self) -> Option<&Version> {
        match self {
            Comparator::Any => None,
            Comparator::AtLeast(end)
            | Comparator::Above(end)
            | Comparator::Below(end)
            | Comparator::AtMost(end)
            | Comparator::Same(end)
            | Comparator::Other(end)
            | Comparator::Within(end)
            | Comparator::Without(end) => Some(end),
        }
    }

    fn lower_end(&self) -> Option<&Version> {
        match self {
            Comparator::AtLeast(end)
            | Comparator::Above(end)
            | Comparator::Same(end)
            | Comparator::Within(end) => Some(end),
            _ => None,
        }
    }
}

fn alternative(text: &str) -> Option<Vec<Comparator>> {
    if let Some((low, high)) = text.split_once(" - ") {
        let (low, _) = operand(low.trim())?;
        let (high, _) = operand(high.trim())?;
        let high = match high.release.len() {
            0 => Comparator::Any,
            1 | 2 => Comparator::Below(high.after(high.release.len())),
            _ => Comparator::AtMost(high),
        };
        return Some(vec![Comparator::AtLeast(low), high]);
    }
    let mut set = Vec::new();
    let mut left = text.trim_matches([' ', ',', '(', ')']);
    if left.is_empty() {
        return Some(vec![Comparator::Any]);
    }
    while !left.is_empty() {
        let end = left.find(|letter| !"<>=!~^".contains(letter)).unwrap_or(left.len());
        let (operator, rest) = left.split_at(end);
        let rest = rest.trim_start();
        let end = rest.char_indices().find(|(at, letter)| {
            letter.is_whitespace() || "<>=~^,".contains(*letter) || rest[*at..].starts_with("!=")
        });
        let (version, rest) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
        compare(operator, version, &mut set)?;
        left = rest.trim_start_matches(|letter: char| letter.is_whitespace() || letter == ',');
    }
    Some(set)
}

/// Reads a version in which the last numbers may be left open: `15.x`, `2.*`, `*`.
fn operand(text: &str) -> Option<(Version, bool)> {
    // Composer writes a stability behind a version: `^1.0@beta`.
    let text = text.split('@').next().unwrap_or_default();
    let plain = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let parts: Vec<&str> = plain.split('.').collect();
    match parts.iter().position(|part| matches!(*part, "x" | "X" | "*")) {
        Some(0) => Some((Version::of(0, Vec::new()), true)),
        Some(at) => Some((Version::parse(&parts[..at].join("."))?, true)),
        None => Some((Version::parse(text)?, false)),
    }
}

fn compare(operator: &str, text: &str, set: &mut Vec<Comparator>) -> Option<()> {
    let (version, open) = operand(text)?;
    let given = version.release.len();
    if given == 0 {
        set.push(Comparator::Any);
        return Some(());
    }
    let part = open || (given < 3 && version.rest.is_empty());
    match operator {
        "" | "=" if part => set.push(Comparator::Within(version)),
        "==" | "===" if open => set.push(Comparator::Within(version)),
        "" | "=" | "==" | "===" => set.push(Comparator::Same(version)),
        "!=" if open => set.push(Comparator::Without(version)),
        "!=" => set.push(Comparator::Other(version)),
        ">=" | "=>" => set.push(Comparator::AtLeast(version)),
        ">" if open => set.push(Comparator::AtLeast(version.after(given))),
        ">" => set.push(Comparator::Above(version)),
        "<" => set.push(Comparator::Below(version)),
        "<=" | "=<" if open => set.push(Comparator::Below(version.after(given))),
        "<=" | "=<" => set.push(Comparator::AtMost(version)),
        "^" => {
            let first = version.release.iter().position(|number| *number != 0);
            let count = first.map_or(given, |at| at + 1);
            set.extend([Comparator::Below(version.after(count)), Comparator::AtLeast(version)]);
        }
        "~" => {
            let count = given.min(2);
            set.extend([Comparator::Below(version.after(count)), Comparator::AtLeast(version)]);
        }
        "~>" | "~=" => {
            let count = given.saturating_sub(1);
            set.extend([Comparator::Below(version.after(count)), Comparator::AtLeast(version)]);
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn versions_stand_in_the_order_their_managers_give_them() {
        let ordered = [
            "0.9",
            "1.0.dev3",
            "1.0a1.dev1",
            "1.0a1",
            "1.0b2",
            "1.0rc1",
            "1.0",
            "1.0.post1",
            "1.0.1-0",
            "1.0.1-alpha",
            "1.0.1-alpha.1",
            "1.0.1-alpha.beta",
            "1.0.1-beta.2",
            "1.0.1-beta.11",
            "v1.0.1",
            "1.2",
            "1.10.0",
            "1!0.1",
        ];
        for pair in ordered.windows(2) {
            let order = version(pair[0]).order(&version(pair[1]));
            assert_eq!(order, Ordering::Less, "{} before {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn different_spellings_are_the_same_version() {
        let pairs = [
            ("1.0", "1.0.0"),
            ("v1.2.3", "1.2.3"),
            ("1.0.0+build5", "1.0"),
            ("2.0.0+incompatible", "2"),
            ("1.0-beta1", "1.0b1"),
            ("1.0RC1", "1.0.c1"),
        ];
        for (one, other) in pairs {
            assert!(version(one).order(&version(other)).is_eq(), "{one} {other}");
        }
    }

    #[test]
    fn what_is_no_version_is_none() {
        for text in ["", "latest", "dev-main", "1.0.x-dev", "1..2", "workspace:*", "1.2 3", "v"] {
            assert!(Version::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn ranges_hold_what_their_managers_mean() {
        let rows: [(&str, &[&str], &[&str]); 25] = [
            (">=15.3", &["15.3", "15.3.0", "15.10.1", "16.0.0-beta.1"], &["15.2.9", "14"]),
            (">=2.2,<4", &["2.2.5", "3.9"], &["2.1", "4.0", "4.0rc1"]),
            (">= 2.2 < 4", &["2.2.5"], &["4.0.0"]),
            (">=1.0, !=1.5, <2", &["1.4", "1.5.1"], &["1.5", "1.5.0"]),
            ("15.3", &["15.3.0", "15.3.9"], &["15.30.0", "15.4"]),
            ("15", &["15.9.9"], &["16.0"]),
            ("1.2.3", &["1.2.3"], &["1.2.4"]),
            ("=1.2", &["1.2.7"], &["1.3"]),
            ("==1.2", &["1.2", "1.2.0"], &["1.2.7"]),
            ("==1.2.*", &["1.2", "1.2.7"], &["1.3"]),
            ("!=1.2.*", &["1.3"], &["1.2.7"]),
            ("1.x || 3.*", &["1.9", "3.0.1"], &["2.0"]),
            ("^1.0|^2.0", &["1.9", "2.5"], &["3.0"]),
            ("^1.2.3", &["1.2.3", "1.9"], &["1.2.2", "2.0.0", "2.0.0-rc.1"]),
            ("^0.2.3", &["0.2.9"], &["0.3.0"]),
            ("^0.0.3", &["0.0.3"], &["0.0.4"]),
            ("^0", &["0.9"], &["1.0"]),
            ("~1.2.3", &["1.2.9"], &["1.3"]),
            ("~1", &["1.9"], &["2.0"]),
            ("~> 1.2", &["1.9"], &["2.0", "1.1"]),
            ("~=2.2.1", &["2.2.9"], &["2.3", "2.2.0"]),
            ("1.2 - 2.3", &["1.2.0", "2.3.9"], &["2.4.0"]),
            ("*", &["0.0.1"], &[]),
            ("", &["9"], &[]),
            (">1.x", &["2.0"], &["1.9"]),
        ];
        for (range, good, bad) in rows {
            let parsed = Range::parse(range).unwrap();
            for text in good {
                assert!(parsed.holds(&version(text)), "{range} holds {text}");
            }
            for text in bad {
                assert!(!parsed.holds(&version(text)), "{range} does not hold {text}");
            }
        }
    }

    #[test]
    fn a_range_knows_its_minimum() {
        let rows = [
            ("^15.3.0", Some("15.3.0")),
            ("~=2.2", Some("2.2")),
            (">=2.0,<3", Some("2.0")),
            ("^2.0 || ^1.4", Some("1.4")),
            ("1.2.x", Some("1.2")),
            ("1.2 - 2", Some("1.2")),
            ("^1.0@dev", Some("1.0")),
            ("<3", None),
            ("*", None),
            ("^1.0 || <0.5", None),
        ];
        for (range, minimum) in rows {
            let found = Range::parse(range).unwrap().minimum();
            assert_eq!(found.map(|version| version.to_string()).as_deref(), minimum, "{range}");
        }
    }

    #[test]
    fn ranges_meet_where_a_version_is_in_both() {
        let rows = [
            ("^1.449.2", "^1.449.2", true),
            ("^1.2", "^1.9", true),
            ("^1.2", "^2.0", false),
            (">=7.79", "==7.91.1", true),
            (">=7.79", "==7.12", false),
            (">=15.3", "^16.4.6", true),
            (">=15.3", "<15.3", false),
            (">=15.3", "<=15.3", true),
            (">1.5", "<2", true),
            (">1.5", "<=1.5", false),
            ("!=1.5", ">=1.5", true),
            ("!=1.5", "==1.5", false),
            ("15", "15.3.1", true),
            ("15.x", "~> 16.0", false),
            ("^1 || ^3", "2.x || 3.4", true),
            ("^1 || ^3", "2.x", false),
            ("<2", "<1", true),
            ("*", "0.0.1-beta", true),
            ("==1.2.*", "!=1.2.*", false),
        ];
        for (one, other, meet) in rows {
            let (left, right) = (Range::parse(one).unwrap(), Range::parse(other).unwrap());
            assert_eq!(left.meets(&right), meet, "{one} and {other}");
            assert_eq!(right.meets(&left), meet, "{other} and {one}");
        }
    }

    #[test]
    fn what_is_no_range_is_none() {
        for text in ["latest", "workspace:*", "file:../x", "git+ssh://a/b", ">=", "abc", "<>1"] {
            assert!(Range::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn one_exact_version_is_told_from_a_range() {
        let exact = |text: &str| Range::parse(text).unwrap().exact().map(Version::to_string);
        assert_eq!(exact("==3.0.3").as_deref(), Some("3.0.3"));
        assert_eq!(exact(">=3.0.3"), None);
        assert_eq!(exact("==3.*"), None);
    }
}
