//! A package as a person names it: `web`, `meter>=2.3` or `@scope/name@1.2`.

use std::str::FromStr;

/// A package and the versions that are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name in its registry.
    pub name: String,
    /// The range of its versions, if one is given; a version alone means that one or later.
    pub range: Option<String>,
}

/// Why a text names no package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no package; write a name, and a range behind it if it matters: `NAME>=1.2`")]
pub struct NoPackage(String);

impl FromStr for Package {
    type Err = NoPackage;

    fn from_str(text: &str) -> Result<Self, NoPackage> {
        let written = text.trim();
        // The first letter may be the `@` of a scope.
        let end = written.char_indices().skip(1).find(|(_, letter)| "@:<>=~^".contains(*letter));
        let (name, range) = written.split_at(end.map_or(written.len(), |(end, _)| end));
        let (name, range) = (name.trim(), range.trim_start_matches(['@', ':']).trim());
        let of_name = |letter: char| letter.is_ascii_alphanumeric() || "@/._-".contains(letter);
        let of_range =
            |letter: char| letter.is_ascii_alphanumeric() || "<>=~^.,*+- ".contains(letter);
        let begins =
            name.starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '@');
        if !begins || !name.chars().all(of_name) || !range.chars().all(of_range) {
            return Err(NoPackage(text.to_owned()));
        }
        let range = match range.chars().next() {
            None => None,
            Some('v') if range[1..].starts_with(|letter: char| letter.is_ascii_digit()) => {
                Some(format!(">={}", &range[1..]))
            }
            Some(first) if first.is_ascii_digit() => Some(format!(">={range}")),
            Some(_) => Some(range.to_owned()),
        };
        Ok(Package { name: name.to_owned(), range })
    }
}

impl Package {
    /// Returns the first version that its range names, in three numbers.
    pub(super) fn least(&self) -> String {
        let range = self.range.as_deref().unwrap_or_default();
        let version = range.trim_start_matches(|letter: char| !letter.is_ascii_digit());
        let end = version.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
        let numbers = version[..end.unwrap_or(version.len())].split('.');
        let mut numbers: Vec<&str> = numbers.filter(|number| !number.is_empty()).collect();
        numbers.resize(3, "0");
        numbers.join(".")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_a_name_and_perhaps_a_range() {
        for (text, name, range, least) in [
            ("web", "web", None, "0.0.0"),
            ("meter>=2.3", "meter", Some(">=2.3"), "2.3.0"),
            ("@scope/name@1.2.3", "@scope/name", Some(">=1.2.3"), "1.2.3"),
            ("@scope/name", "@scope/name", None, "0.0.0"),
            ("vendor/name:^2", "vendor/name", Some("^2"), "2.0.0"),
            ("example.org/a@v1.4", "example.org/a", Some(">=1.4"), "1.4.0"),
            ("example.org/a/b@^1", "example.org/a/b", Some("^1"), "1.0.0"),
            (" gem ~> 7.1 ", "gem", Some("~> 7.1"), "7.1.0"),
        ] {
            let package: Package = text.parse().unwrap();
            let found = (package.name.as_str(), package.range.as_deref(), package.least());
            assert_eq!(found, (name, range, least.to_owned()), "{text}");
        }
        for text in ["", " ", ">=1", "a b", "a\"b", "a'", "-x", "a>=1\"", "a\n- b"] {
            assert!(text.parse::<Package>().is_err(), "{text:?}");
        }
    }
}
